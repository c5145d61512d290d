"""Bulk: the first load of a large book, as files for Neo4j's own importer while the local server is down.

The database that comes of it holds what the batches of a load would have written, and is not published: the load
goes on with it as with what a cut-off job left. Until it is whole the empty store stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import neo4j
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from neo4j.exceptions import DriverError, Neo4jError

from graph.disk import as_store_error
from graph.errors import StoreError
from graph.ids import one_chunk
from graph.model import BOOL, COUNT, DATE, TEXT
from graph.neo4j import shape
from graph.neo4j.segments import Int64
from graph.neo4j.session import Server
from graph.neo4j.shape import DORMANT, EDGES, FACT, NODES, SINCE
from graph.neo4j.standing import Mask, Standing
from graph.server.process import Server as LocalServer
from graph.server.staging import Staging
from graph.store import Step

_TYPES: Final = {TEXT.arrow: "string", BOOL.arrow: "boolean", COUNT.arrow: "long", DATE.arrow: "date"}
_CARRIED: Final = "MATCH (n:Book|Record|Batch) RETURN labels(n)[0] AS label, properties(n) AS held"
_FACTS: Final = (
    "MATCH (n) WHERE NOT n:Book AND NOT n:Record AND NOT n:Batch AND NOT n:Segment RETURN 1 LIMIT 1"
)
_ENDS: Final = ("START_ID", "END_ID")
Fence = Callable[[neo4j.Transaction], object]
Columns = dict[str, "pa.Array | pa.ChunkedArray"]


@dataclass(frozen=True)
class Bulk:
    """The local server that may be stopped for a load, and from how many rows on that is worth it."""

    server: LocalServer
    least: int = 200_000

    def takes(self, server: Server, rows: int) -> bool:
        """Whether a first load of so many rows goes this way: nothing is in the graph, and the server is ours."""
        return rows >= self.least and self.server.is_ours and not server.read(_FACTS)

    def load(
        self, server: Server, held: Mapping[str, Standing], ledger: str, fence: Fence, step: Step
    ) -> None:
        """Make the database of the facts of version 1, with what the store holds besides facts, and serve it.

        ``ledger`` begins the names of its nodes in the ledger. ``fence`` locks the gate of the store in a
        transaction until the server has stopped: what others append meanwhile is refused, never lost. Raises
        ``StoreError`` where the importer fails or the graph does not hold what it was given.
        """
        staging = Staging(self.server.home)
        staging.begin()
        files = _Files(staging.files)
        with as_store_error(f"write the files of an import into {staging.files}"):
            files.facts(held, step)
            files.carried("Batch", [_batch(ledger, one) for one in held.values()])
        session = server.session(writes=True)
        try:
            work = session.begin_transaction()
            fence(work)
            others = [record.data() for record in work.run(_CARRIED)]
            with self.server.stopped():
                for label in sorted({r["label"] for r in others}):
                    files.carried(label, [r["held"] for r in others if r["label"] == label])
                staging.build(files.arguments())
        finally:
            _drop(session)
            server.close()
        files.compare(server)


def _batch(ledger: str, one: Standing) -> dict[str, Any]:
    """The node in the ledger of what was brought to one table."""
    return {"id": f"{ledger}-{one.table.name}", "version": 1, "table": one.table.name, "rows": len(one.fact)}


def _drop(session: neo4j.Session) -> None:
    """Close a session whose server is gone."""
    try:
        session.close()
    except (DriverError, Neo4jError, OSError):
        return


@dataclass
class _Files:
    """Files of nodes and relationships in a folder, and how many of each label and type they hold."""

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    _given: list[str] = field(default_factory=list)
    _multiline: bool = False

    def arguments(self) -> list[str]:
        """What the importer is told."""
        return [*self._given, f"--multiline-fields={str(self._multiline).lower()}"]

    def facts(self, held: Mapping[str, Standing], step: Step) -> None:
        """Every fact as it stands: in force as nodes, relationships and ties, else dormant."""
        total = sum(len(one.fact) for one in held.values())
        done = 0
        for table in (*NODES, *EDGES):
            one = held.get(table.name)
            if one is None:
                continue
            step(table.name, done, total)
            done += len(one.fact)
            shown = _columns(one, one.shown)
            if shape.is_node(table):
                self._facts_of_nodes(one, shown)
                for tie in shape.ties(table):
                    self._ties(one, tie, held)
            else:
                ends = dict(_end(one, side, held) for side in (0, 1))
                own = {n: c for n, c in shown.items() if n not in table.ends}
                self.relationships(table.relationship, pa.table({**ends, **own}))
            told = pa.array([table.name] * int((~one.shown).sum()), pa.string())
            self.nodes(DORMANT, pa.table({"table": told, **_columns(one, ~one.shown)}))

    def _facts_of_nodes(self, one: Standing, shown: Columns) -> None:
        """Nodes of facts in force, which relationships find by table and number."""
        kind = (
            {":LABEL": _kind_labels(shown["kind"])} if one.table.name == "parties" and "kind" in shown else {}
        )
        self.nodes(one.table.label, pa.table({f":ID({one.table.name})": shown[FACT], **kind, **shown}))

    def _ties(self, one: Standing, tie: shape.Tie, held: Mapping[str, Standing]) -> None:
        """The relationships that a column of nodes stands for."""
        other = _of_label(held, tie.label)
        if other is None or tie.column not in one.rows.column_names:
            return
        there = other.ids.rows(one.rows.column(tie.column))
        tied = one.shown & (there >= 0)
        mine, theirs = one.fact[tied], other.fact[other.shown][there[tied]]
        side, far = ("END", "START") if tie.inward else ("START", "END")
        ends = {f":{side}_ID({one.table.name})": mine, f":{far}_ID({other.table.name})": theirs}
        self.relationships(tie.kind, pa.table(ends))

    def carried(self, label: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Nodes of the store that are no facts, as they are."""
        names = sorted({name for row in rows for name in row})
        self.nodes(label, pa.table({name: [row.get(name) for row in rows] for name in names}))

    def nodes(self, label: str, rows: pa.Table) -> None:
        """Nodes of a label."""
        self.counts[f"(n:{label})"] += rows.num_rows
        self._write(f"--nodes={label}", rows)

    def relationships(self, kind: str, rows: pa.Table) -> None:
        """Relationships of a type."""
        self.counts[f"()-[n:{kind}]->()"] += rows.num_rows
        self._write(f"--relationships={kind}", rows)

    def _write(self, argument: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        path = self.folder / f"{len(self._given)}.csv"
        self._given.append(f"{argument}={path}")
        self._multiline |= any(_has_lines(c) for c in rows.columns if pa.types.is_string(c.type))
        named = [n if ":" in n else f"{n}:{_TYPES[rows.schema.field(n).type]}" for n in rows.column_names]
        pyarrow.csv.write_csv(rows.rename_columns(named), path)

    def compare(self, server: Server) -> None:
        """``StoreError`` unless the graph holds as much of each label and type as was written."""
        for pattern, wanted in self.counts.items():
            (row,) = server.read(f"MATCH {pattern} RETURN count(n) AS n")
            if row["n"] != wanted:
                raise StoreError(f"the importer made {row['n']} of {wanted} {pattern}: run the job again")


def _columns(one: Standing, which: Mask) -> Columns:
    """Some facts of a table: their numbers, and the columns that hold something, dictionaries decoded."""
    rows = one.rows.filter(pa.array(which))
    facts = one.fact[which]
    made = {FACT: pa.array(facts), SINCE: pa.array(np.ones(len(facts), np.int64))}
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if column.null_count < rows.num_rows:
            made[name] = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    return made


def _end(one: Standing, side: int, held: Mapping[str, Standing]) -> tuple[str, Int64]:
    """Header and nodes of an end of the relationships in force."""
    column, label, _ = shape.end(one.table, side)
    other = _of_label(held, label)
    if other is None:
        return f":{_ENDS[side]}({one.table.column(column).ref})", np.zeros(0, np.int64)
    there = other.ids.rows(one.rows.column(column).filter(pa.array(one.shown)))
    return f":{_ENDS[side]}({other.table.name})", other.fact[other.shown][there]


def _of_label(held: Mapping[str, Standing], label: str) -> Standing | None:
    """The table whose rows are the nodes of a label."""
    return next((held[t.name] for t in NODES if t.label == label and t.name in held), None)


def _kind_labels(kinds: pa.ChunkedArray) -> pa.Array:
    """The label of each party's kind."""
    coded = one_chunk(kinds, pa.string()).dictionary_encode()
    labels = pa.array([shape.kind_label(k) for k in coded.dictionary.to_pylist()], pa.string())
    return labels.take(coded.indices)


def _has_lines(texts: pa.ChunkedArray) -> bool:
    """Whether some text goes over several lines."""
    return bool(pc.any(pc.match_substring_regex(texts, r"[\r\n]")).as_py())
