"""Journal in Neo4j: records as nodes, appended under the lock of the gate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any, Final

import neo4j

from graph.journal import Appended, Clock, JournalMovedError, Record, now
from graph.neo4j.gate import Gate, settled

_READ: Final = "MATCH (r:Record) WHERE r.number > $after RETURN properties(r) AS held ORDER BY r.number"
_WRITE: Final = "CREATE (r:Record) SET r = $record"


class GraphJournal(Appended):
    """The journal of a store in Neo4j; see ``graph.journal.Journal``."""

    _precision = "microseconds"  # two jobs at once tell their records apart by the hash, and that by the time

    def __init__(self, gate: Gate, ready: Callable[[], None], clock: Clock = now) -> None:
        super().__init__(clock)
        self._gate = gate
        self._ready = ready

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """See that the store is there; the gate decides in ``_write`` who comes first."""
        self._ready()
        yield

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
            self._take(partial(_of_node, row["held"]))
        return self._held


def _of_node(held: Mapping[str, Any]) -> Record:
    """The record of a node."""
    return Record(**{**held, "body": json.loads(held["body"])})
