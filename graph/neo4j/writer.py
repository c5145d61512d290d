"""Writer of a store in Neo4j: holds the lease, brings a version into the graph batch by batch, publishes it last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final, Self

import neo4j
import numpy as np

from graph.deliveries import Contents, Delivery
from graph.disk import Disk
from graph.errors import StoreError
from graph.files.pieces import chains
from graph.files.reader import FileReader
from graph.files.runs import Runs
from graph.files.segments import Part
from graph.files.snapshots import Snapshots
from graph.files.versions import Version
from graph.files.writer import FileWriter
from graph.model import TABLES
from graph.neo4j import placed as places
from graph.neo4j import schema, shape
from graph.neo4j import segments as graph_segments
from graph.neo4j.bulk import Bulk
from graph.neo4j.gate import Gate, Lease, settled
from graph.neo4j.mirror import Mirror
from graph.neo4j.placed import Placed, since
from graph.neo4j.plan import AT_ONCE, Batch, Move, Plan, as_rows, tie_batches
from graph.neo4j.segments import Int64, Named, less, numbers
from graph.neo4j.session import Statement, counted
from graph.neo4j.shape import DELETED, FACT, PAST, PER_VERSION, SINCE, UNTIL
from graph.neo4j.standing import Standing, standings, unchanged
from graph.neo4j.versions import GraphVersions
from graph.store import Published, Step

_SEGMENT: Final = "UNWIND $rows AS row MERGE (s:Segment {file: row.file}) SET s += row RETURN count(s)"
_DROP: Final = "UNWIND $rows AS row MERGE (d:Drop {file: row.file}) SET d += row RETURN count(d)"
_LEFT: Final = (
    f"MATCH (n:{PAST}) WHERE n.{UNTIL} = $version OR n.{FACT} >= $low",
    f"MATCH (n:{DELETED}) WHERE n.{FACT} >= $low",
    "MATCH (n:Segment|Drop) WHERE n.delivery >= $version",
    "MATCH (n:Batch) WHERE n.version >= $version",
)


@dataclass(frozen=True)
class Work:
    """Where a store's parts are: its server and gate, and the copies on this machine."""

    url: str
    gate: Gate
    versions: GraphVersions
    mirror: Mirror
    runs: Runs
    disk: Disk
    bulk: Bulk | None = None

    def reader(self, versions: list[Version]) -> FileReader:
        """A reader of versions, the last of which may not be published yet."""
        return FileReader(
            self.url, versions, self.mirror, self.runs, Snapshots(self.mirror.folder.parent, self.disk)
        )


class GraphWriter(FileWriter):
    """The lease on a store in Neo4j; what to store and what is new it decides as the embedded store does."""

    def __init__(self, work: Work, lease: Lease) -> None:
        self._work = work
        self._versions = work.versions
        self._disk = work.disk.of(lease.token)
        self._segments = work.mirror
        self._runs = work.runs
        self._graph_lease = lease
        self._lease = lease  # type: ignore[assignment] # asked for the same things
        self.token = lease.token
        self._batches = 0

    def __enter__(self) -> Self:
        """Nothing to sweep: what a dead writer left in the graph is dealt with by the next load."""
        return self

    def publish(self, delivery: Delivery, contents: Contents, step: Step | None = None) -> Published:
        """Publish a delivery as the next version; see ``graph.store.Writer``."""
        self._segments = self._work.mirror.of_delivery(self._versions.latest() + 1)
        return super().publish(delivery, contents, step)

    def _commit(self, version: Version, step: Step) -> None:
        """Bring a version into the graph, and move the pointer to it."""
        number = version.delivery.version
        gate = self._work.gate.read()
        hashed = _plan_hash(version)
        cut_off = gate.get("loading") == number
        if cut_off and gate.get("plan") != hashed:
            self._undo(number, gate)
            cut_off = False
        self._settle({"loading": number, "plan": hashed})
        before = self._before(number, gate)
        reader = self._work.reader([*self._versions.upto(number - 1), version])
        after = standings(reader, None)
        if self._in_bulk(version, after, step):
            self._keep_segments(number, version, list(_brought(version)))
            self._publish_pointer(version, reader)
            return
        same = set() if cut_off else unchanged(before, after)
        found = (
            places.as_found(self._work.gate.server)
            if cut_off
            else places.published({n: one for n, one in before.items() if n not in same})
        )
        new = list(_brought(version))
        total = sum(p.rows for _, p in new) or 1
        done = 0
        self._keep_segments(number, version, new)
        for batch in self._loose(number, new, after, again=cut_off):
            self._run(number, batch)
        wanted = {n: one for n, one in after.items() if n not in same}
        plan = Plan(self._moves(number, found, wanted), after, undo=False)
        ties = tie_batches(before, after, plan.entered, None if cut_off else same)
        for batch in _ahead(chain(plan.batches(), ties)):
            step(batch.table, min(done, total), total)
            self._run(number, batch)
            done += batch.rows
        self._publish_pointer(version, reader)

    def _in_bulk(self, version: Version, after: Mapping[str, Standing], step: Step) -> bool:
        """Whether the facts of a first version were brought in by Neo4j's importer, which takes large ones only."""
        number, bulk, server = version.delivery.version, self._work.bulk, self._work.gate.server
        rows = sum(len(one.fact) for one in after.values())
        if number > 1 or version.deleted or bulk is None or not bulk.takes(server, rows):
            return False
        bulk.load(server, after, f"{number}-{self.token}", self._graph_lease.fence, step)
        schema.make(self._work.gate)
        return True

    def _before(self, number: int, gate: Mapping[str, Any]) -> dict[str, Standing]:
        """How facts stand as published."""
        versions = self._versions.upto(number - 1)
        if not versions:
            return {}
        return standings(self._work.reader(versions), gate.get("day") and gate["day"].to_native())

    def _moves(
        self, number: int, found: Mapping[str, Placed], after: Mapping[str, Standing]
    ) -> dict[str, Move]:
        """The moves of every table that has facts before or after."""
        made = {}
        for name, table in TABLES.items():
            if name in found or name in after:
                move = Move(table, found.get(name) or Placed.empty(table), after.get(name), number)
                old = move.earlier()
                known = since(self._work.gate.server, table, old, number) if len(old) else {}
                made[name] = replace(move, since=known)
        return made

    def _keep_segments(self, number: int, version: Version, new: Iterable[tuple[Named, Part]]) -> None:
        """Nodes of what the version brings, and of the rows that it drops from earlier ones."""
        rows = [graph_segments.described(p.file, p.sha256, self._segments.read(p)) for _, p in new]
        for row in rows:
            self._run(number, Batch("", 0, (Statement(_SEGMENT, {"rows": [row]}, 1),)))
        drops = {p.drop for parts in version.rows.values() for p in parts if p.drop}
        held = [
            {"file": d, "delivery": number, "data": (self._segments.folder / d).read_bytes()}
            for d in sorted(drops)
        ]
        for row in held:
            self._run(number, Batch("", 0, (Statement(_DROP, {"rows": [row]}, 1),)))

    def _loose(
        self, number: int, new: Iterable[tuple[Named, Part]], after: Mapping[str, Standing], *, again: bool
    ) -> Iterable[Batch]:
        """Deleted keys, and rows that are past from the start: a late delivery's."""
        for named, part in new:
            every = numbers(named, np.arange(part.rows))
            target = DELETED if named.deleted else PAST
            one = after.get(named.table.name)
            facts = every if named.deleted or one is None else less(every, np.sort(one.fact, kind="stable"))
            if again and len(facts):
                facts = less(facts, np.sort(self._there(named, target)))
            if not len(facts):
                continue
            data = self._segments.read(part).select(
                [c for c in self._segments.read(part).column_names if not c.startswith("$")]
            )
            for start in range(0, len(facts), AT_ONCE):
                some = facts[start : start + AT_ONCE]
                rows, _ = as_rows(data.take(some - named.low), named.table, some.tolist(), {}, number)
                for row in rows:
                    row["table"] = named.table.name
                    row.pop("kind_label", None)
                    row.update({} if named.deleted else {UNTIL: number})
                yield Batch(
                    named.table.name,
                    len(rows),
                    (Statement(shape.create_loose(target), {"rows": rows}, len(rows)),),
                )

    def _there(self, named: Named, target: str) -> Int64:
        """Loose facts of a segment that are in the graph already."""
        text = (
            f"MATCH (p:{target}) WHERE p.table = $table AND p.{FACT} >= $low AND p.{FACT} < $high "
            f"AND (p.{UNTIL} IS NULL OR p.{UNTIL} = p.{SINCE}) RETURN collect(p.{FACT}) AS facts"
        )
        low, high = named.low, named.low + PER_VERSION
        rows = self._work.gate.server.read(text, table=named.table.name, low=low, high=high)
        return np.asarray(rows[0]["facts"], np.int64)

    def _undo(self, number: int, gate: Mapping[str, Any]) -> None:
        """Take back what a job that was cut off brought of another delivery."""
        server = self._work.gate.server
        wanted = self._before(number, gate)
        plan = Plan(self._moves(number, places.as_found(server), wanted), wanted, undo=True)
        for batch in plan.batches():
            self._run(number, batch)
        for batch in tie_batches({}, wanted, plan.entered, None):
            self._run(number, batch)
        for text in _LEFT:
            asked = {"version": number, "low": number * PER_VERSION}
            while server.read(f"{text} RETURN n LIMIT 1", **asked):
                gone = Statement(f"{text} WITH n LIMIT {AT_ONCE} DETACH DELETE n", asked)
                self._graph_lease.change(lambda work, gone=gone: counted(work, gone), lambda: True)  # type: ignore[misc]
        self._settle({"loading": None, "plan": None})

    def change(self, act: Callable[[neo4j.Transaction], None], done: Callable[[], bool]) -> None:
        """Do something in one transaction, exactly once, while the lease holds."""
        self._graph_lease.change(act, done)

    def batch(self, number: int, statements: tuple[Statement, ...], rows: int) -> None:
        """Run statements of something else than a delivery (results) as one batch, exactly once."""
        self._run(number, Batch("", rows, statements))

    def _run(self, number: int, batch: Batch) -> None:
        """Run a batch exactly once, with its node in the ledger."""
        self._batches += 1
        named = f"{number}-{self.token}-{self._batches}"
        ledger = {"id": named, "version": number, "table": batch.table, "rows": batch.rows}

        def act(work: neo4j.Transaction) -> None:
            for statement in batch.statements:
                counted(work, statement)
            work.run("CREATE (b:Batch) SET b = $ledger", ledger=ledger).consume()

        def done() -> bool:
            return bool(self._work.gate.server.read("MATCH (b:Batch {id: $id}) RETURN b.id", id=named))

        self._graph_lease.change(act, done)

    def _settle(self, values: Mapping[str, Any]) -> None:
        """Set properties of the gate."""
        gate = self._work.gate
        self._graph_lease.change(
            lambda work: settled(work, values),
            lambda: all(gate.read().get(k) == v for k, v in values.items()),
        )

    def _publish_pointer(self, version: Version, reader: FileReader) -> None:
        """Keep the version's own node and move the pointer, in one transaction."""
        number = version.delivery.version
        text = version.to_bytes().decode()
        gate = self._work.gate

        def act(work: neo4j.Transaction) -> None:
            if gate.lock(work)["version"] != number - 1:
                raise StoreError(f"version {number} is published already: run the job again")
            work.run("CREATE (v:Version {number: $n, text: $text})", n=number, text=text).consume()
            settled(work, {"version": number, "loading": None, "plan": None, "day": reader.day()})

        def done() -> bool:
            found = gate.server.read("MATCH (v:Version {number: $n}) RETURN v.text AS text", n=number)
            return bool(found) and found[0]["text"] == text

        self._graph_lease.change(act, done)

    def _tidy(self, by: str) -> None:
        """Merge deltas in the mirror."""
        versions = self._versions.upto(self._versions.latest())
        self._runs.merge(chains(versions, None)[by])


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, each made while the server works on the one before."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def _brought(version: Version) -> Iterable[tuple[Named, Part]]:
    """What the version itself brought, of all that it consists of."""
    for parts in (*version.rows.values(), *version.deleted.values()):
        for part in parts:
            named = Named.of(part.file)
            if named is not None and named.delivery == version.delivery.version:
                yield named, part


def _plan_hash(version: Version) -> str:
    """Hash of all that a version brings: the same job again goes on where it stopped."""
    files = sorted(
        f"{p.file} {p.drop}"
        for held in (version.rows, version.deleted)
        for parts in held.values()
        for p in parts
    )
    told = f"{version.delivery.by} {version.delivery.kind} {version.delivery.day} {files}"
    return hashlib.sha256(told.encode()).hexdigest()
