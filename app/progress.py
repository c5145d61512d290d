"""Progress on stderr for whatever takes over a second, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


def steps(names: Iterable[str]) -> Iterator[str]:
    """Go through named steps, showing a bar that counts them when stderr is a terminal.

    >>> list(steps(["control", "groups"]))
    ['control', 'groups']
    """
    listed = list(names)
    if not sys.stderr.isatty():
        yield from listed
        return
    with following() as step:
        for i, name in enumerate(listed):
            step(name, i, len(listed))
            yield name


@contextmanager
def following() -> Iterator[Callable[[str, int, int], None]]:
    """What a job tells its steps to (name, how many are done, of how many): a bar when stderr is a terminal.

    >>> with following() as step:
    ...     step("parties.csv", 0, 3)
    """
    if not sys.stderr.isatty():
        yield lambda _name, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)
