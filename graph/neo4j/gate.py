"""Gate: the one node that says which version is published, who may write, and what is being loaded.

Whoever changes anything locks it first, in the same transaction; so a writer whose right was taken over is refused
at its next batch, and the published version moves last.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Final

import neo4j

from graph.errors import StoreError
from graph.files import lease
from graph.files.lease import SECONDS, Clock, Holder, machine, started
from graph.model import FORMAT
from graph.neo4j.session import Server, Statement
from graph.store import BusyError, Job, Results, StaleLeaseError

_MATCH: Final = "MATCH (b:Book {name: 'book'})"
_LOCK: Final = f"{_MATCH} SET b.locked = true RETURN properties(b) AS held"
_LEDGER: Final = "MATCH (b:Batch {version: $n}) RETURN b.id AS id, b.table AS name, b.rows AS rows"
_READ: Final = f"OPTIONAL {_MATCH} RETURN properties(b) AS held, EXISTS {{ MATCH (:Version) }} AS versions"
OPEN: Final = (
    "MERGE (b:Book {name: 'book'}) "
    "ON CREATE SET b.store = $store, b.format = $format, b.version = 0, b.token = 0, b.held = false, b.journal = 0"
)
_KINDS: Final[Mapping[str, type]] = {
    "store": str,
    "format": int,
    "version": int,
    "token": int,
    "journal": int,
    "held": bool,
}
_REMEDY: Final = "restore a dump, or load into an empty database"


class Gate:
    """The node ``(:Book)`` of a store."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def make(self) -> None:
        """Make the node, if there is none yet."""
        made = {"store": secrets.token_hex(16), "format": FORMAT}
        self.server.write([Statement(OPEN, made)], lambda: bool(self.server.read(f"{_MATCH} RETURN b.store")))

    def read(self) -> Mapping[str, Any]:
        """What the node says; {} where there is none. ``StoreError`` where it is not what Konzern wrote."""
        for _ in range(2):  # a first version may come while one looks
            (row,) = self.server.read(_READ)
            held = row["held"] and _sound(row["held"])
            if not row["versions"] or (held and held["version"]):
                return held or {}
        raise _lost()

    def lock(self, work: neo4j.Transaction) -> Mapping[str, Any]:
        """Lock the node until the transaction ends, and say what it holds."""
        record = work.run(_LOCK).single()
        if record is None:
            raise _lost()
        return _sound(record["held"])


def _lost() -> StoreError:
    """The error for versions that nothing names."""
    return StoreError(f"the graph has lost its (:Book) node, or the version that it names: {_REMEDY}")


def _sound(held: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the node holds, each value of the kind that Konzern wrote."""
    for name, kind in _KINDS.items():
        value = held.get(name)
        if type(value) is not kind or (isinstance(value, int) and value < 0):
            raise StoreError(
                f"the (:Book) node of the graph says {name} = {value!r}: something else has changed it; {_REMEDY}"
            )
    return held


class Lease:
    """The right to write, held by this process until ``release``; raises ``BusyError`` where another holds it."""

    def __init__(self, gate: Gate, by: str, clock: Clock = time.time) -> None:
        self._gate = gate
        self._clock = clock
        pid = os.getpid()
        nonce, now = secrets.token_hex(8), clock()
        wish = Holder(
            0, by, now + SECONDS, held=True, machine=machine(), pid=pid, started=started(pid), since=now
        )

        def take(work: neo4j.Transaction) -> Holder:
            held = gate.lock(work)
            self._refuse(held)
            mine = replace(wish, token=held["token"] + 1)
            work.run(
                f"{_MATCH} SET b.token = $token, b.held = true, b.holder = $holder, b.nonce = $nonce",
                token=mine.token, holder=json.dumps(asdict(mine)), nonce=nonce,
            ).consume()  # fmt: skip
            return mine

        def taken() -> Holder | None:
            held = gate.read()
            return _holder(held) if held.get("nonce") == nonce else None

        self._refuse(gate.read())  # a job that was paused in the midst of a batch keeps the lock
        self.held = gate.server.transact(take, taken)

    def _refuse(self, held: Mapping[str, Any]) -> None:
        """``BusyError`` where another has the lease."""
        other = writing(held, self._clock)
        if other is not None:
            raise BusyError(
                f"{other.by or 'another job'} (process {other.pid}) is writing to {self._gate.server.access.url}: "
                "wait until it is done, or end it; a dead one is not waited for"
            )

    @property
    def token(self) -> int:
        """The fencing token."""
        return self.held.token

    def fence(self, work: neo4j.Transaction) -> Mapping[str, Any]:
        """Lock the gate and make sure that the right is still here; also holds it for another while."""
        held = self._gate.lock(work)
        if held["token"] != self.token or not held["held"]:
            raise StaleLeaseError(
                f"the lease of this job (token {self.token}) was taken over while it was paused: nothing was "
                "published, run it again"
            )
        if self._clock() > self.held.until - SECONDS / 2:
            self.held = replace(self.held, until=self._clock() + SECONDS)
            work.run(f"{_MATCH} SET b.holder = $holder", holder=json.dumps(asdict(self.held))).consume()
        return held

    def change(self, act: Callable[[neo4j.Transaction], None], done: Callable[[], bool]) -> None:
        """Do something in one transaction, exactly once, while nobody can take the lease over."""

        def fenced(work: neo4j.Transaction) -> bool:
            self.fence(work)
            act(work)
            return True

        self._gate.server.transact(fenced, lambda: True if done() else None)

    def check(self) -> None:
        """``StaleLeaseError`` if somebody has taken the lease over."""
        self.change(lambda _work: None, lambda: True)

    def renew(self) -> None:
        """Hold the lease for another while, once half of it has gone by."""
        if self._clock() > self.held.until - SECONDS / 2:
            self.check()

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Make sure that the right is still here, then go on; each batch makes sure again."""
        self.check()
        yield

    def release(self) -> None:
        """Give the lease back; nothing happens if it was taken over."""
        text = f"{_MATCH} WHERE b.token = $token SET b.held = false"
        self._gate.server.write([Statement(text, {"token": self.token})], lambda: False)


def writing(held: Mapping[str, Any], clock: Clock = time.time) -> Holder | None:
    """Who may write, by what the gate holds: None where nobody does, or its job is dead or past its time."""
    last = _holder(held) if held.get("held") else None
    return last if last is not None and last.alive is not False and clock() < last.until else None


def job(gate: Gate, clock: Clock = time.time) -> Job | None:
    """Who writes to the graph, or was cut off; by the ledger how far it is."""
    held = gate.read()
    number = held.get("loading")
    if number is None and not held.get("held"):
        return None
    found = lease.job(_holder(held), goes_on=writing(held, clock) is not None)
    if number is None:
        return found
    batches = sorted((_order(r["id"]), r["name"], r["rows"]) for r in gate.server.read(_LEDGER, n=number))
    tables = [name for _, name, _ in batches if name]
    rows = sum(rows for _, _, rows in batches)
    return replace(found, version=number, batches=len(batches), rows=rows, table=tables[-1] if tables else "")


def shown_day(held: Mapping[str, Any]) -> dt.date | None:
    """The day on which the facts count that a plain MATCH sees; None before the first version."""
    day = held.get("day")
    return day.to_native() if day is not None else None


def results(held: Mapping[str, Any]) -> Results | None:
    """What the gate says of the results that hold; None where there are none."""
    if not held.get("run"):
        return None
    as_of = held.get("run_as_of")
    return Results(
        version=held["run_version"],
        as_of=as_of.to_native() if as_of is not None else None,
        base=held.get("run_base", ""),
        packs=tuple(held.get("run_packs", ())),
        options=json.loads(held.get("run_options", "{}")),
        run=held["run"],
    )


def _order(batch: str) -> tuple[int, ...]:
    """By which batches are in the order in which they were written: token of the writer, and number."""
    return tuple(int(part) for part in batch.split("-")[1:] if part.isdecimal())


def _holder(held: Mapping[str, Any]) -> Holder | None:
    """The latest holder of the lease."""
    try:
        return Holder(**json.loads(held["holder"])) if held.get("holder") else None
    except (ValueError, TypeError) as error:
        raise StoreError(
            "the lease in the graph cannot be read, something else has changed the (:Book) node: where no job runs, "
            "MATCH (b:Book) REMOVE b.holder"
        ) from error


def settled(work: neo4j.Transaction, values: Mapping[str, Any]) -> None:
    """Set properties of the gate."""
    work.run(f"{_MATCH} SET b += $values", values=dict(values)).consume()
