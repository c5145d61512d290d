"""Watcher: a shell that ends a process when the one that started it is gone, by whatever death."""

from __future__ import annotations

import subprocess
from typing import Final

_SCRIPT: Final = """\
read _
kill -TERM "$1" 2>/dev/null
n=0
while kill -0 "$1" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
kill -KILL "$1" 2>/dev/null
"""


class Watcher:
    """Ends the process of a number when this one is gone; ``leave`` lets it alone."""

    def __init__(self, pid: int) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - our own script
            ["/bin/sh", "-c", _SCRIPT, "konzern-watcher", str(pid)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def leave(self) -> None:
        """Watch no longer: the process has ended, and its number may be another's soon."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin:
            self._shell.stdin.close()
