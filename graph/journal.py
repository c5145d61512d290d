"""Journal: reservations, decisions, judgements and states, as records that are only ever appended.

Whoever appends says which record was the last one that they saw; if another came after it, the append is
refused, so that no decision rests on a state that has moved. Each record holds the hash of the one before it:
a changed or missing line breaks the chain. The journal is in every dump and is not part of the book version.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from graph.disk import Disk, as_store_error
from graph.errors import OptionError, StoreError

RECORD_KINDS: Final = ("reservation", "decision", "judgement", "state")
Clock = Callable[[], dt.datetime]


class JournalMovedError(StoreError):
    """Another record was appended since the caller looked."""

    def __init__(self, expected: int, last: int) -> None:
        self.expected = expected
        self.last = last
        super().__init__(
            f"the journal is at record {last}, not {expected}: read what is new, decide again, repeat"
        )


@dataclass(frozen=True)
class Record:
    """One record: its number, what it is and about whom, who wrote it when, and what it says.

    ``number`` orders records; ``at`` is the time of day for people and orders nothing.
    """

    number: int
    kind: str
    subject: str
    author: str
    at: str
    body: Mapping[str, Any] = field(default_factory=dict)
    previous: str = ""
    hash: str = ""

    def sealed(self) -> Record:
        """The record with the hash of everything in it."""
        values = asdict(replace(self, hash=""))
        text = json.dumps(values, ensure_ascii=False, sort_keys=True)
        return replace(self, hash=hashlib.sha256(text.encode()).hexdigest())

    def line(self) -> bytes:
        """The record as its line in the file."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode() + b"\n"


class Journal(Protocol):
    """The journal of a store."""

    def last(self) -> int:
        """Number of the latest record, 0 if there is none."""

    def records(self, after: int = 0, *, kind: str = "", subject: str = "") -> list[Record]:
        """Records with a number above ``after``, of one kind or about one subject if so asked."""

    def append(
        self, kind: str, subject: str, body: Mapping[str, Any], *, author: str, expected: int
    ) -> Record:
        """Append a record if ``expected`` is the latest one; ``JournalMovedError`` if it is not."""

    def restore(self, records: Sequence[Record]) -> None:
        """Append the records of another store as they are, after those that this one has in common with it."""


def follows(record: Record, before: Record | None) -> bool:
    """Whether a record is the one after another, unchanged since it was written."""
    number, previous = (before.number, before.hash) if before else (0, "")
    return (record.number, record.previous, record.hash) == (number + 1, previous, record.sealed().hash)


def now() -> dt.datetime:
    """The time of day that a record shows."""
    return dt.datetime.now(dt.UTC)


def changed(number: int) -> StoreError:
    """The error for a record that is not what was written."""
    return StoreError(f"record {number} of the journal was changed or lost: restore it from a dump")


def _of_line(line: bytes) -> Record:
    """The record of a line of the file."""
    return Record(**json.loads(line))


class Appended(ABC):
    """What every journal does alike: records read as they come, and appended only behind the latest one.

    A kind of store tells how to read what is new, how to write the next record, and who may append meanwhile.
    """

    _precision: ClassVar[str] = "seconds"
    """How finely records tell the time of day."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: list[Record] = []

    @abstractmethod
    def _read(self) -> list[Record]:
        """All records, those that were added since read first."""

    @abstractmethod
    def _write(self, record: Record) -> None:
        """Write the next record."""

    @abstractmethod
    def _alone(self) -> AbstractContextManager[None]:
        """While it lasts, records are appended here as far as this can be seen to."""

    def last(self) -> int:
        """Number of the latest record, 0 if there is none."""
        return len(self._read())

    def records(self, after: int = 0, *, kind: str = "", subject: str = "") -> list[Record]:
        """Records with a number above ``after``, of one kind or about one subject if so asked."""
        return [
            r
            for r in self._read()[after:]
            if (not kind or r.kind == kind) and (not subject or r.subject == subject)
        ]

    def append(
        self, kind: str, subject: str, body: Mapping[str, Any], *, author: str, expected: int
    ) -> Record:
        """Append a record if ``expected`` is the latest one; ``JournalMovedError`` if it is not."""
        if kind not in RECORD_KINDS:
            raise OptionError(f"no journal record {kind!r}: one of {', '.join(RECORD_KINDS)}")
        with self._alone():
            held = self._read()
            if expected != len(held):
                raise JournalMovedError(expected, len(held))
            at = self._clock().isoformat(timespec=self._precision)
            before = held[-1].hash if held else ""
            record = Record(expected + 1, kind, subject, author, at, dict(body), before).sealed()
            self._write(record)
        return record

    def restore(self, records: Sequence[Record]) -> None:
        """Append the records of another store as they are, after those that this one has in common with it."""
        with self._alone():
            for record in records[len(self._read()) :]:
                if not follows(record, self._held[-1] if self._held else None):
                    raise changed(record.number)
                self._write(record)

    def _take(self, make: Callable[[], Record]) -> None:
        """Add a record that was read; ``StoreError`` if it is none, or not the next one."""
        number = len(self._held) + 1
        try:
            record = make()
        except (ValueError, TypeError, KeyError):
            raise changed(number) from None
        if not follows(record, self._held[-1] if self._held else None):
            raise changed(number)
        self._held.append(record)


class FileJournal(Appended):
    """The journal as lines of JSON in one file.

    A line that a crash cut off was never acknowledged; the next one takes its place.
    """

    def __init__(
        self, path: Path, disk: Disk, lock: Callable[[], AbstractContextManager[None]], clock: Clock = now
    ) -> None:
        super().__init__(clock)
        self._path = path
        self._disk = disk
        self._lock = lock
        self._size = 0
        self._reading = threading.RLock()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the store's lock, this process's threads apart too."""
        with self._reading, self._lock():
            yield

    def _write(self, record: Record) -> None:
        """Append a record; the caller holds the lock."""
        if self._path.exists():
            self._disk.append(self._path, record.line(), self._size)
        else:
            self._disk.create_bytes(self._path, record.line())
        self._held.append(record)
        self._size += len(record.line())

    def _read(self) -> list[Record]:
        """All records, whole lines that were added since read first."""
        with self._reading:
            if self._path.exists():
                with as_store_error(f"read {self._path.name}"), self._path.open("rb") as file:
                    file.seek(self._size)
                    data = file.read()
                for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
                    self._take(partial(_of_line, line))
                    self._size += len(line)
            return self._held
