"""Audit: who asked what, as lines of JSON in one file in which each line holds the hash of the one before.

No event, no answer: whoever answers first writes. A changed or missing line breaks the chain; a cut at the end shows
against a head that an auditor noted elsewhere (``head``).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from graph.errors import StoreError

_TAIL: Final = 65_536
"""Bytes from the end of the file in which its last line lies."""


@dataclass(frozen=True)
class Event:
    """One answer or refusal: who in which role asked what of which book version, and how many rows it gave.

    ``asked`` is a hash of the parameters, so that the file itself holds no names or amounts; ``reason`` is what
    someone wrote down for an act that needs one.
    """

    seq: int
    at: str
    principal: str
    role: str
    action: str
    question: str
    asked: str
    version: int
    rows: int
    outcome: str
    reason: str = ""
    previous: str = ""
    hash: str = ""

    def sealed(self) -> Event:
        """The event with the hash of everything in it."""
        text = json.dumps(asdict(replace(self, hash="")), ensure_ascii=False, sort_keys=True)
        return replace(self, hash=hashlib.sha256(text.encode()).hexdigest())


def hashed(parameters: dict[str, Any]) -> str:
    """Hash of the parameters of a question."""
    text = json.dumps(parameters, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Audit:
    """The audit file; several processes may write to it."""

    def __init__(
        self, path: Path, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self.path = path
        self._clock = clock
        self._writing = threading.Lock()

    def write(self, **told: Any) -> Event:
        """Append an event and have it on disk; ``StoreError`` where that fails, and then there is no answer."""
        try:
            with self._writing, self._locked() as file:
                last = self._last(file)
                seq, previous = (last.seq + 1, last.hash) if last else (1, "")
                at = self._clock().isoformat(timespec="milliseconds")
                event = Event(seq=seq, at=at, previous=previous, **told).sealed()
                os.write(file, json.dumps(asdict(event), ensure_ascii=False).encode() + b"\n")
                os.fdatasync(file)
        except OSError as error:
            raise StoreError(
                f"the audit file cannot be written ({error.strerror}): no answer is given"
            ) from error
        return event

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The open file, ours alone until it is closed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _last(self, file: int) -> Event | None:
        """The last event of the file; ``StoreError`` where its last line is none."""
        size = os.fstat(file).st_size
        if not size:
            return None
        start = max(size - _TAIL, 0)
        lines = os.pread(file, size - start, start).splitlines()
        return _event(lines[-1], 0)

    def events(self) -> list[Event]:
        """Every event, in order."""
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().splitlines()
        return [_event(line, i + 1) for i, line in enumerate(lines)]

    def head(self) -> str:
        """Number and hash of the last event, to be noted where this machine cannot reach."""
        events = self.events()
        return f"{events[-1].seq} {events[-1].hash}" if events else "0"

    def broken(self, head: str = "0") -> int | None:
        """Number of the first line that is not what was written, or that a noted head misses; None if all is well."""
        previous, seq = "", 0
        events = self.events()
        for seq, event in enumerate(events, 1):
            if (event.seq, event.previous, event.hash) != (seq, previous, event.sealed().hash):
                return seq
            previous = event.hash
        number, _, noted = head.partition(" ")
        if int(number) > seq or (noted and events[int(number) - 1].hash != noted):
            return min(int(number), seq + 1)
        return None


def _event(line: bytes, number: int) -> Event:
    """The event of a line; ``StoreError`` for anything else."""
    try:
        return Event(**json.loads(line))
    except (ValueError, TypeError):
        where = f"line {number}" if number else "the last line"
        raise StoreError(
            f"{where} of the audit file is not an event: keep the file, and start a new one"
        ) from None
