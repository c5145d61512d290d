"""A writer as a process of its own: publishes deltas and says so, or kills itself before a step.

Usage: python -m tests.faults.loader ROOT BY COUNT [KILL_AT]
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from pathlib import Path

from graph.files.store import FileStore
from graph.store import BusyError
from tests.faults.disk import CountingDisk
from tests.graph.sent import JAN, delta, publish, umbrella
from tests.oracle.store import Sent


class SuicidalDisk(CountingDisk):
    """Ends the process for good before step ``at``."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def _told(self, step: str) -> None:
        super()._told(step)
        if len(self.steps) > self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def sent(by: str, number: int) -> Sent:
    """The delta of that number: two limits that add up to a thousand, whatever is read."""
    rows = [umbrella(f"{by}1", number), umbrella(f"{by}2", 1_000 - number)]
    return delta(by, JAN + dt.timedelta(number), umbrellas=rows)


def main(root: str, by: str, count: str, kill_at: str = "-1") -> None:
    """Publish the deltas one by one; wait for one's turn by asking again."""
    store = FileStore(Path(root), SuicidalDisk(int(kill_at)) if int(kill_at) >= 0 else None)
    for number in range(1, int(count) + 1):
        while True:
            try:
                made = publish(store, sent(by, number))
            except BusyError:
                continue
            break
        print(made.version, flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
