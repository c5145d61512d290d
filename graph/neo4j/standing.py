"""Standing: which facts of a version are in force in the graph, and which are only known.

In force is what counts on the book's day and whose ends are there: then a plain ``MATCH`` sees the book as the
engine does. Parties and lenders that others name stand there even where no row of theirs is in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.files.pieces import rows_of
from graph.files.reader import FileReader, with_source
from graph.ids import one_chunk
from graph.keys import KeySet, fingerprints
from graph.model import TABLES, Table
from graph.neo4j.segments import Int64, Named, numbers
from graph.neo4j.shape import EDGES, NODES, end, id_column
from graph.resolve import live_on, losers
from graph.rows import apart, below

Mask = npt.NDArray[np.bool_]

_STAY: Final = ("parties", "lenders")


@dataclass(frozen=True)
class Standing:
    """The live rows of a table, the fact of each (int64), and whether it is in force (bool)."""

    table: Table
    rows: pa.Table
    fact: Int64
    shown: Mask

    def take(self, facts: Int64) -> pa.Table:
        """The rows of some facts, in their order."""
        order = np.argsort(self.fact)
        return self.rows.take(pa.array(order[np.searchsorted(self.fact, facts, sorter=order)]))


def standings(reader: FileReader, day: dt.date | None) -> dict[str, Standing]:
    """Every table that has live rows, by name, as they stand on the day (None = the book's own)."""
    if not reader.version:
        return {}
    on = day or reader.day()
    held = {name: _live(reader, name) for name in reader.names()}
    made: dict[str, Standing] = {}
    ids: dict[str, pa.Array] = {}
    for table in (*NODES, *EDGES):
        if table.name in held:
            rows, fact = held[table.name]
            shown = _shown(rows, table, on, ids)
            made[table.name] = Standing(table, rows, fact, shown)
            key = id_column(table)
            if key:
                ids[table.label] = rows.column(key).filter(pa.array(shown))
    return made


def _live(reader: FileReader, name: str) -> tuple[pa.Table, Int64]:
    """The live rows of a table with their sources, and their facts."""
    tables, facts = [], []
    for piece in reader.pieces_delivered(name):
        named = Named.of(piece.part.file)
        if named is None:
            raise AssertionError(piece.part.file)
        rows = np.setdiff1d(np.arange(piece.part.rows, dtype=np.int64), piece.drop, assume_unique=True)
        tables.append(apart(with_source(rows_of(reader.segments, piece), piece.by))[0])
        facts.append(numbers(named, rows))
    table = below(tables)
    return (TABLES[name].empty(), np.zeros(0, np.int64)) if table is None else (table, np.concatenate(facts))


def _shown(rows: pa.Table, table: Table, day: dt.date, ids: Mapping[str, pa.Array]) -> Mask:
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
            counts &= _among(rows, column, ids.get(label))
    return counts


def _among(rows: pa.Table, column: str, ids: pa.Array | None) -> Mask:
    """Whether the column of each row names one of the ids."""
    if ids is None or column not in rows.column_names:
        return np.zeros(rows.num_rows, bool)
    values = one_chunk(rows.column(column).cast(pa.string()), pa.string())
    found = pc.is_in(values, value_set=one_chunk(ids, pa.string()))
    return np.asarray(pc.and_(found, pc.is_valid(values)))


def tied(standing: Standing, column: str, ids: pa.Array | None) -> Mask:
    """Whether the node of each row is tied to the node that a column names: both are in force."""
    return standing.shown & _among(standing.rows, column, ids)


def ids_in_force(held: Mapping[str, Standing], label: str) -> pa.Array | None:
    """Ids of the nodes of a label."""
    for table in NODES:
        if table.label == label and table.name in held:
            one = held[table.name]
            return one.rows.column(table.key[0]).filter(pa.array(one.shown))
    return None
