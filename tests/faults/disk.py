"""Disks that fail at a chosen step: the process is killed, the power goes, or the disk is full."""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path
from typing import BinaryIO

from graph.disk import Disk


class KilledError(BaseException):
    """The process is gone: nothing may catch this, and no clean-up reaches the disk any more."""


class CountingDisk(Disk):
    """Counts the steps."""

    def __init__(self) -> None:
        super().__init__(self._told)
        self.steps: list[str] = []

    def _told(self, step: str) -> None:
        self.steps.append(step)


class KilledDisk(CountingDisk):
    """The process is killed before step ``at``; whatever it tries afterwards is not done either."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def _told(self, step: str) -> None:
        super()._told(step)
        if len(self.steps) > self.at:
            raise KilledError(step)


class FullDisk(CountingDisk):
    """Step ``at`` and the ``more`` after it fail for want of space; then there is room again."""

    def __init__(self, at: int, more: int = 0) -> None:
        super().__init__()
        self.at = at
        self.more = more

    def _told(self, step: str) -> None:
        super()._told(step)
        if self.at < len(self.steps) <= self.at + 1 + self.more:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class PowerlessDisk(KilledDisk):
    """The power goes before step ``at``: of what was not brought to the disk, a part chosen by ``seed`` is lost.

    A name in a folder that was not synced may be there or not, and so may bytes of a file that was not synced.
    """

    def __init__(self, at: int, seed: int) -> None:
        super().__init__(at)
        self._random = random.Random(seed)  # noqa: S311 - a test repeats it
        self._names: list[tuple[Path, bytes | None]] = []
        self._synced: set[Path] = set()
        self._loose: dict[Path, int] = {}

    def append(self, path: Path, data: bytes, at: int) -> None:
        self._loose[path] = at
        super().append(path, data, at)

    def sync_file(self, file: BinaryIO, path: Path) -> None:
        super().sync_file(file, path)
        self._synced.add(path)
        self._loose.pop(path, None)

    def rename(self, source: Path, target: Path) -> None:
        self._names.append((target, target.read_bytes() if target.is_file() else None))
        super().rename(source, target)
        if target.is_file() and source not in self._synced:
            self._loose[target] = 0

    def sync_folder(self, path: Path) -> None:
        super().sync_folder(path)
        self._names[:] = [(target, before) for target, before in self._names if target.parent != path]

    def lose(self) -> None:
        """What the power failure leaves; called once the writer is gone."""
        for path, safe in self._loose.items():
            if path.is_file():
                os.truncate(path, self._random.randint(min(safe, path.stat().st_size), path.stat().st_size))
        for target, before in reversed(self._names):
            if self._random.random() < 0.5:
                continue
            if before is not None:
                target.write_bytes(before)
            elif target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
