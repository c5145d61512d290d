"""Standing: which facts of a version are in force in the graph, and which are only known.

In force is what counts on the book's day and whose ends are there: then a plain ``MATCH`` sees the book as the
engine does. Parties and lenders that others name stand there even where no row of theirs is in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.files.pieces import Piece, rows_of
from graph.files.reader import FileReader, with_source
from graph.files.segments import Segments
from graph.ids import IdIndex
from graph.keys import KeySet, fingerprints
from graph.model import TABLES, Table
from graph.neo4j.segments import Int64, Named, less, numbers
from graph.neo4j.shape import EDGES, NODES, Tie, end, id_column
from graph.resolve import live_on, losers
from graph.rows import apart, below

Mask = npt.NDArray[np.bool_]
Ids = Callable[[str], IdIndex | None]

_STAY: Final = ("parties", "lenders")


class Standing:
    """How a table stands: its live rows, the fact of each (int64), and whether it is in force (bool).

    Everything is worked out when it is first asked for; ``ids`` finds the ids in force of the nodes of a label.
    """

    def __init__(
        self, table: Table, pieces: Sequence[Piece], segments: Segments, day: dt.date, ids: Ids
    ) -> None:
        self.table = table
        self.day = day
        self.pieces = tuple(pieces)
        self._segments = segments
        self._ids = ids

    @cached_property
    def rows(self) -> pa.Table:
        """The live rows with their sources."""
        tables = [apart(with_source(rows_of(self._segments, p), p.by))[0] for p in self.pieces]
        held = below(tables)
        return self.table.empty() if held is None else held

    @cached_property
    def fact(self) -> Int64:
        """The fact of each live row."""
        facts = [np.zeros(0, np.int64)]
        for piece in self.pieces:
            named = Named.of(piece.part.file)
            if named is None:
                raise AssertionError(piece.part.file)
            every = np.arange(piece.part.rows, dtype=np.int64)
            facts.append(numbers(named, np.delete(every, piece.drop)))
        return np.concatenate(facts)

    @cached_property
    def shown(self) -> Mask:
        """Whether each live row is in force in the graph."""
        return _shown(self.rows, self.table, self.day, self._ids)

    @cached_property
    def ids(self) -> IdIndex:
        """Ids of the nodes in force, of a table that others refer to, in the order of the rows."""
        named = self.rows.column(id_column(self.table)).filter(pa.array(self.shown))
        return IdIndex(named.cast(pa.string()))

    @cached_property
    def in_force(self) -> Int64:
        """Facts in force, sorted."""
        return np.sort(self.fact[self.shown], kind="stable")

    @cached_property
    def dormant(self) -> Int64:
        """Facts that are only known, sorted."""
        return np.sort(self.fact[~self.shown], kind="stable")

    @cached_property
    def _order(self) -> Int64:
        """Rows in the order of their facts, which mostly is theirs already."""
        return np.argsort(self.fact, kind="stable")

    @cached_property
    def dated(self) -> bool:
        """Whether some row says from when or until when it holds."""
        columns = ("valid_from", "valid_to")
        parts = (self._segments.read(p.part, columns) for p in self.pieces)
        return any(part.column(c).null_count < len(part) for part in parts for c in part.column_names)

    def take(self, facts: Int64) -> pa.Table:
        """The rows of some facts, in their order."""
        return self.rows.take(pa.array(self._order[np.searchsorted(self.fact, facts, sorter=self._order)]))

    def has_rows_of(self, other: Standing) -> bool:
        """Whether both have the same live rows, and the same ones count."""
        if len(self.pieces) != len(other.pieces) or (self.day != other.day and self.dated):
            return False
        pairs = zip(self.pieces, other.pieces, strict=True)
        return all(
            (a.by, a.part.file) == (b.by, b.part.file) and np.array_equal(a.drop, b.drop) for a, b in pairs
        )


def standings(reader: FileReader, day: dt.date | None) -> dict[str, Standing]:
    """Every table that has live rows, by name, as they stand on the day (None = the book's own)."""
    if not reader.version:
        return {}
    on = day or reader.day()
    made: dict[str, Standing] = {}

    def ids(label: str) -> IdIndex | None:
        return ids_in_force(made, label)

    for name in reader.names():
        made[name] = Standing(TABLES[name], reader.pieces_delivered(name), reader.segments, on, ids)
    return made


def unchanged(before: Mapping[str, Standing], after: Mapping[str, Standing]) -> set[str]:
    """Tables whose facts stand in one version as in the other."""
    same: set[str] = set()
    for table in (*NODES, *EDGES):
        one, other = before.get(table.name), after.get(table.name)
        if one is None and other is None:
            same.add(table.name)
        elif one is not None and other is not None and other.has_rows_of(one):
            ends = [end(table, side)[1] for side in (0, 1)] if table.relationship else []
            if all(same_ids(before, after, label, same) for label in ends):
                same.add(table.name)
    return same


def same_ids(
    before: Mapping[str, Standing], after: Mapping[str, Standing], label: str, same: Collection[str]
) -> bool:
    """Whether the nodes of a label have the same ids in both versions."""
    (name,) = (t.name for t in NODES if t.label == label)
    if name in same:
        return True
    one, other = before.get(name), after.get(name)
    if one is None or other is None:
        return not any(len(side.in_force) for side in (one, other) if side is not None)
    gone, come = less(one.in_force, other.in_force), less(other.in_force, one.in_force)
    if len(gone) != len(come):
        return False
    column = id_column(one.table)
    left, right = one.take(gone).column(column), other.take(come).column(column)
    return bool((IdIndex(left.cast(pa.string())).rows(right.cast(pa.string())) >= 0).all())


def _shown(rows: pa.Table, table: Table, day: dt.date, ids: Ids) -> Mask:
    """Whether each live row is in force in the graph."""
    counts = live_on(rows, day)
    counts[losers(rows, table.name, day)] = False
    if table.name in _STAY:
        first = KeySet(fingerprints(rows, table.key)).first
        lacking = np.bincount(first[counts], minlength=len(first)) == 0
        counts |= lacking & (first == np.arange(len(first)))
    if table.relationship:
        for side in (0, 1):
            column, label, _ = end(table, side)
            counts &= _among(rows, column, ids(label))
    return counts


def _among(rows: pa.Table, column: str, ids: IdIndex | None) -> Mask:
    """Whether the column of each row names one of the ids."""
    if ids is None or column not in rows.column_names:
        return np.zeros(rows.num_rows, bool)
    named: Mask = ids.rows(rows.column(column)) >= 0
    return named


def tied(rows: pa.Table, tie: Tie, held: Mapping[str, Standing]) -> Mask:
    """Whether the node of each row, all of them in force, is tied to the one that a column names."""
    return _among(rows, tie.column, ids_in_force(held, tie.label))


def ids_in_force(held: Mapping[str, Standing], label: str) -> IdIndex | None:
    """Ids of the nodes of a label."""
    for table in NODES:
        if table.label == label and table.name in held:
            return held[table.name].ids
    return None
