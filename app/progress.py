"""Progress on stderr for whatever takes over a second, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator


def steps(names: Iterable[str]) -> Iterator[str]:
    """Go through named steps, showing a bar that counts them when stderr is a terminal.

    >>> list(steps(["control", "groups"]))
    ['control', 'groups']
    """
    listed = list(names)
    if not sys.stderr.isatty():
        yield from listed
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(listed))
        for name in listed:
            bar.update(task, description=name)
            yield name
            bar.advance(task)
