"""Quarantine: rows with a problem set aside, and those that refer to them, until what is left holds together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book, Origin
from ingest.checks import dangling_reference
from ingest.problems import Problems

Rows = npt.NDArray[np.integer]


def set_aside(book: Book, problems: Problems) -> Book:
    """The book without the rows with a problem; rows that then refer to nothing follow, each with its own problem.

    Of rows that are equal in all columns the first stays; of two that share a key and differ both go.
    """
    kept = {name: _others(book, name, _concerned(book, name, problems)) for name in book.tables}
    while True:
        held = _of(book, kept)
        found = Problems(headers=problems.headers)
        dangling_reference(held, found)
        if not found.total:
            return held
        for name, rows in found.aside.items():
            kept[name] = np.delete(kept[name], np.concatenate(rows))
        problems.take_over(found)


def _concerned(book: Book, name: str, problems: Problems) -> Rows:
    """Rows of a table that a problem concerns, earlier rows of a shared key included where they differ."""
    rows = problems.concerned(name)
    if name not in problems.earlier:
        return rows
    late, early = problems.earlier[name]
    return np.union1d(rows, early[~_equal(book.table(name), late, early)])


def _equal(table: pa.Table, left: Rows, right: Rows) -> npt.NDArray[np.bool_]:
    """Whether two rows of a table are equal in all columns, pair by pair: bool (pairs,)."""
    same = np.ones(len(left), bool)
    for column in table.columns:
        plain = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        a, b = plain.take(pa.array(left)), plain.take(pa.array(right))
        equal = pc.fill_null(pc.equal(a, b), False)  # noqa: FBT003 - Arrow's own signature
        same &= np.asarray(pc.or_(equal, pc.and_(pc.is_null(a), pc.is_null(b))))
    return same


def _others(book: Book, name: str, rows: Rows) -> Rows:
    """The rows of a table that are not among these: int64, sorted."""
    left = np.ones(book.table(name).num_rows, bool)
    left[rows] = False
    return np.flatnonzero(left)


def _of(book: Book, kept: dict[str, Rows]) -> Book:
    """A book of some rows only; each still knows its line."""
    tables = {
        name: table if len(kept[name]) == table.num_rows else table.take(pa.array(kept[name]))
        for name, table in book.tables.items()
    }
    origins = {name: tuple(_runs(book.origins.get(name, ()), kept[name])) for name in tables}
    return replace(book, tables=tables, origins=origins, _cache={})


def _runs(origins: tuple[Origin, ...], kept: Rows) -> list[Origin]:
    """The runs of rows that are left of a table's files."""
    runs = []
    before = 0
    for origin in origins:
        own = kept[(kept >= before) & (kept < before + origin.rows)] - before
        lines = own + origin.first_line if origin.lines is None else origin.lines[own]
        whole = len(own) == origin.rows
        runs.append(
            origin if whole else Origin(origin.file, origin.first_line, len(own), lines.astype(np.int64))
        )
        before += origin.rows
    return runs
