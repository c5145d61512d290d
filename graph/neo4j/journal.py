"""Journal in Neo4j: records as nodes, appended under the lock of the gate."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import neo4j

from graph.errors import OptionError
from graph.journal import RECORD_KINDS, JournalMovedError, Record, changed, follows, now
from graph.neo4j.gate import Gate, settled

Clock = Callable[[], dt.datetime]

_READ: Final = "MATCH (r:Record) WHERE r.number > $after RETURN properties(r) AS held ORDER BY r.number"
_WRITE: Final = "CREATE (r:Record) SET r = $record"


class GraphJournal:
    """The journal of a store in Neo4j; see ``graph.journal.Journal``."""

    def __init__(self, gate: Gate, ready: Callable[[], None], clock: Clock = now) -> None:
        self._gate = gate
        self._ready = ready
        self._clock = clock
        self._held: list[Record] = []

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
        self._ready()
        held = self._read()
        if expected != len(held):
            raise JournalMovedError(expected, len(held))
        at = self._clock().isoformat(timespec="microseconds")
        record = Record(
            expected + 1, kind, subject, author, at, dict(body), held[-1].hash if held else ""
        ).sealed()
        self._write(record)
        return record

    def restore(self, records: Sequence[Record]) -> None:
        """Append the records of another store as they are, after those that this one has in common with it."""
        self._ready()
        for record in records[len(self._read()) :]:
            if not follows(record, self._held[-1] if self._held else None):
                raise changed(record.number)
            self._write(record)

    def _write(self, record: Record) -> None:
        """Write the next record, unless another came first."""

        def act(work: neo4j.Transaction) -> bool:
            last = self._gate.lock(work)["journal"]
            if last != record.number - 1:
                raise JournalMovedError(record.number - 1, last)
            values = {**asdict(record), "body": json.dumps(dict(record.body), ensure_ascii=False)}
            work.run(_WRITE, record=values).consume()
            settled(work, {"journal": record.number})
            return True

        def done() -> bool | None:
            found = self._gate.server.read(
                "MATCH (r:Record {number: $n}) RETURN r.hash AS hash", n=record.number
            )
            return True if found and found[0]["hash"] == record.hash else None

        self._gate.server.transact(act, done)
        self._held.append(record)

    def _read(self) -> list[Record]:
        """All records, those that were added since read first."""
        for row in self._gate.server.read(_READ, after=len(self._held)):
            number = len(self._held) + 1
            try:
                record = Record(**{**row["held"], "body": json.loads(row["held"]["body"])})
            except (ValueError, TypeError, KeyError):
                raise changed(number) from None
            if not follows(record, self._held[-1] if self._held else None):
                raise changed(number)
            self._held.append(record)
        return self._held
