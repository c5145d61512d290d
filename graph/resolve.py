"""Which of several rows of one key counts: one row of a key is in force on a day.

Subsidiaries may disagree on a shared party, and a later delta may restate a fact from a new day on. All rows
are kept; of those of one key that are in force on the day the one counts whose validity began last, then the
one with most cells filled, then the first source by name. The choice depends on the rows alone, not on the
order in which they came.
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

from graph.ids import one_chunk
from graph.keys import KeySet, fingerprints
from graph.model import TABLES, Table

Int32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_ALWAYS: Final = -(2**31)
_NEVER: Final = 2**31 - 1
_ABOUT_ROWS: Final = ("valid_from", "valid_to", "source", "source_row", "extra")


@dataclass(frozen=True)
class Conflict:
    """One key on which sources disagree: the table, its key, who says what, and whose word counts."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    sources: tuple[str, ...]
    chosen: str


def days(table: pa.Table, column: str, empty: int) -> Int32:
    """A date column as days since 1970, int32 (n,); ``empty`` for nulls or an absent column."""
    if column not in table.column_names:
        return np.full(table.num_rows, empty, np.int32)
    return np.asarray(pc.fill_null(one_chunk(table.column(column), pa.date32()).cast(pa.int32()), empty))


def live_on(table: pa.Table, day: dt.date) -> Mask:
    """Whether each row is in force on the day: bool (n,)."""
    at = (day - dt.date(1970, 1, 1)).days
    return (days(table, "valid_from", _ALWAYS) <= at) & (days(table, "valid_to", _NEVER) > at)


def contested(table: pa.Table, name: str, day: dt.date) -> tuple[Int32, Int32]:
    """Rows in force whose key others in force have too, best first within a key: rows and first rows of keys.

    Both int32 (m,); rows of one key stand together.
    """
    none = np.zeros(0, np.int32)
    rows = np.flatnonzero(live_on(table, day)).astype(np.int32)
    first = KeySet(fingerprints(table, TABLES[name].key)[rows]).first
    held = np.bincount(first, minlength=len(first))
    if not len(held) or held.max() <= 1:
        return none, none
    several = np.flatnonzero(held[first] > 1)
    rows, first = rows[several], first[several]
    part = table.take(pa.array(rows))
    order = _best_first(part, TABLES[name], first)
    return rows[order], first[order]


def _best_first(rows: pa.Table, table: Table, group: Int32) -> npt.NDArray[np.int64]:
    """Order of the rows by group, and within a group by who counts first."""
    filled = np.zeros(rows.num_rows, np.int64)
    for name in _content(rows, table):
        filled += np.asarray(pc.is_valid(rows.column(name))).astype(np.int64)
    source = rows.column("source") if "source" in rows.column_names else pa.nulls(rows.num_rows, pa.string())
    columns = {
        "group": pa.array(group),
        "begun": pa.array(days(rows, "valid_from", _ALWAYS)),
        "filled": pa.array(filled),
        "source": pc.fill_null(one_chunk(source, pa.string()), ""),
        "text": _texts(rows, table),
    }
    keys = [(name, "descending" if name in {"begun", "filled"} else "ascending") for name in columns]
    return np.asarray(pc.sort_indices(pa.table(columns), sort_keys=keys)).astype(np.int64)


def _texts(rows: pa.Table, table: Table) -> pa.Array:
    """Rows as text: the last tie-break, between rows of one source."""
    parts = [
        pc.fill_null(one_chunk(rows.column(n), rows.schema.field(n).type).cast(pa.string()), "")
        for n in table.names
        if n in rows.column_names
    ]
    return pc.binary_join_element_wise(*parts, "\x1f")


def losers(table: pa.Table, name: str, day: dt.date) -> Int32:
    """Rows in force that do not count, since a better row of their key does: int32, ascending."""
    rows, first = contested(table, name, day)
    if not len(rows):
        return rows
    return np.sort(rows[np.concatenate([[False], first[1:] == first[:-1]])])


def conflicts(facts: Mapping[str, pa.Table], day: dt.date) -> list[Conflict]:
    """Every key on which rows in force say different things, by table and key.

    Two unknowns, or an unknown and a figure, are no disagreement.
    """
    found = []
    for name, table in facts.items():
        rows, first = contested(table, name, day)
        if not len(rows):
            continue
        rows, first = _differing(table, TABLES[name], rows, first)
        if not len(rows):
            continue
        cells = table.take(pa.array(rows)).to_pylist()
        starts = np.flatnonzero(np.concatenate([[True], first[1:] != first[:-1]])).tolist()
        for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
            made = _conflict(TABLES[name], cells[start:end])
            if made:
                found.append(made)
    return sorted(found, key=lambda c: (c.table, c.key))


def _differing(table: pa.Table, shape: Table, rows: Int32, first: Int32) -> tuple[Int32, Int32]:
    """Of contested rows those of keys whose rows are not all equal."""
    prints = fingerprints(table.take(pa.array(rows)), _content(table, shape))
    heads = np.flatnonzero(np.concatenate([[True], first[1:] != first[:-1]]))
    group = np.cumsum(np.concatenate([[False], first[1:] != first[:-1]]))
    unequal = (prints != prints[heads[group]]).any(axis=1)
    some = np.bincount(group, unequal, len(heads)) > 0
    return rows[some[group]], first[some[group]]


def _content(rows: pa.Table, shape: Table) -> list[str]:
    """Columns that say something of the fact itself."""
    return [n for n in shape.names if n in rows.column_names and n not in _ABOUT_ROWS]


def _conflict(table: Table, rows: list[dict[str, object]]) -> Conflict | None:
    """The disagreement among the rows of one key, the row that counts first; None if there is none."""
    different = [
        name
        for name in table.names
        if name not in _ABOUT_ROWS and len({r[name] for r in rows if r.get(name) is not None}) > 1
    ]
    if not different:
        return None
    key = tuple("" if rows[0].get(name) is None else str(rows[0][name]) for name in table.key)
    sources = tuple(sorted({str(r.get("source") or "") for r in rows}))
    return Conflict(table.name, key, tuple(different), sources, str(rows[0].get("source") or ""))
