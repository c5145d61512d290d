"""The embedded store: a folder opened by its URL."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final

from graph.disk import Disk
from graph.errors import StoreError
from graph.files.lease import Clock, Holder, Lease, going_on, job, latest, locked
from graph.files.reader import FileReader
from graph.files.runs import Runs, all_parts
from graph.files.segments import Segments
from graph.files.snapshots import Snapshots
from graph.files.versioned import Versioned
from graph.files.versions import MARK, Versions, check_format, mark_format
from graph.files.writer import FileWriter
from graph.journal import FileJournal
from graph.kept import KeptReports, ReportKey
from graph.store import Job

SCHEME: Final = "book:"


def open_url(url: str) -> FileStore:
    """The store of a URL ``book:PATH``."""
    return FileStore(Path(url.removeprefix(SCHEME)))


class FileStore(Versioned):
    """Versions of a book in one folder; see ``graph.store.Store``.

    ``disk`` and ``clock`` are there for tests: the first is told each step, the second says when a lease ends.
    """

    def __init__(self, root: Path, disk: Disk | None = None, clock: Clock = time.time) -> None:
        self.root = root.absolute()
        self.url = f"{SCHEME}{root}"
        self._disk = disk or Disk()
        self._clock = clock
        check_format(self.root)
        self._versions = Versions(self.root)
        self._segments = Segments(self.root / "data", self._disk)
        self._runs = Runs(self.root, self._segments, self._disk)
        self._snapshots = Snapshots(self.root, self._disk)
        self._reports = KeptReports(self.root / "reports", self._disk)
        self.journal = FileJournal(self.root / "journal.jsonl", self._disk, self._locked)

    def latest(self) -> int:
        """Number of the latest version, 0 if there is none."""
        return self._versions.latest()

    def _pinned(self, number: int) -> FileReader:
        """A reader of a version that is there, or of none (0)."""
        versions = self._versions.upto(number)
        return FileReader(self.url, versions, self._segments, self._runs, self._snapshots)

    def writer(self, by: str = "") -> FileWriter:
        """Take the right to publish; ``BusyError`` while another has it."""
        self._make()
        return FileWriter(
            self.root, self._versions, self._disk, Lease(self.root, self._disk, by, self._clock)
        )

    def kept_report(self, key: ReportKey) -> Path | None:
        """The folder of a finished report; None if none is kept."""
        return self._reports.find(key)

    def keep_report(self, key: ReportKey, folder: Path) -> Path:
        """Keep a copy of a finished report's folder, whole or not at all."""
        self._make()
        return self._reports.keep(key, folder)

    def job(self) -> Job | None:
        """Who writes now, or was cut off and left parts that no version refers to."""
        while True:
            last = latest(self.root)
            found = self._job(last)
            if latest(self.root) == last:  # else another job began or ended while one looked
                return found

    def _job(self, last: Holder | None) -> Job | None:
        """The job of the latest holder of the lease, and what it stored."""
        goes_on = last is not None and going_on(self.root, last, self._clock)
        number = self.latest()
        needed = {part.file for part in all_parts(self._versions.upto(number), self._runs)}
        loose = self._segments.others(needed)
        if not loose and not (last is not None and last.held):
            return None
        waits = goes_on or bool(loose)
        return replace(
            job(last, goes_on=goes_on),
            version=number + 1 if waits else 0,
            batches=len(loose),
            rows=sum(p.rows for p in loose),
            table=loose[-1].file.rpartition("-")[0].removesuffix("-deleted") if loose else "",
        )

    def check(self) -> list[str]:
        """What is damaged, as sentences; empty if nothing is."""
        found = []
        try:
            versions = self._versions.upto(self.latest())
            wrong = self._segments.wrong(all_parts(versions, self._runs))
            found += [f"{name} is missing or not what was written" for name in sorted(set(wrong))]
        except StoreError as error:
            found.append(str(error))
        found += [f"the saved snapshot {n} is damaged: remove it" for n in self._snapshots.damaged()]
        found += [f"the kept report {n} is damaged: remove it" for n in self._reports.damaged()]
        try:
            self.journal.last()
        except StoreError as error:
            found.append(str(error))
        return found

    def _make(self) -> None:
        """Make the folder a store, if it is none yet."""
        self._disk.folder(self.root)
        if not (self.root / MARK).exists():
            with locked(self.root):
                if not check_format(self.root):
                    mark_format(self.root, self._disk)
            for name in ("data", "versions"):
                self._disk.folder(self.root / name)

    def _locked(self) -> AbstractContextManager[None]:
        """The lock under which the journal is appended to; its folder is there."""
        self._make()
        return locked(self.root)
