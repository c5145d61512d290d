"""Progress for whatever takes over a second: on stderr of a terminal, or told to whoever listens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Step = Callable[[str, int, int], None]
"""Is told a name, how many are done, and of how many."""
_LISTENER: Final[ContextVar[Step | None]] = ContextVar("listener", default=None)


def steps(names: Iterable[str]) -> Iterator[str]:
    """Go through named steps, showing a bar that counts them when stderr is a terminal.

    >>> list(steps(["control", "groups"]))
    ['control', 'groups']
    """
    listed = list(names)
    with following() as step:
        for i, name in enumerate(listed):
            step(name, i, len(listed))
            yield name


@contextmanager
def listening(step: Step) -> Iterator[None]:
    """Have what jobs tell their steps told to ``step`` in this block; what it raises ends the job.

    >>> told = []
    >>> with listening(lambda *said: told.append(said)), following() as step:
    ...     step("parties.csv", 0, 3)
    >>> told
    [('parties.csv', 0, 3)]
    """
    token = _LISTENER.set(step)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextmanager
def following() -> Iterator[Step]:
    """What a job tells its steps to: whoever listens, else a bar when stderr is a terminal.

    >>> with following() as step:
    ...     step("parties.csv", 0, 3)
    """
    listener = _LISTENER.get()
    if listener is not None:
        yield listener
        return
    if not sys.stderr.isatty():
        yield lambda _name, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)
