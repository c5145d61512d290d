"""Quarantine: rows with a problem set aside, and those that refer to them, until what is left holds together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.book import Book, Origin
from ingest.checks import dangling_reference
from ingest.keys import equal_rows
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
    rows = np.union1d(problems.concerned(name), problems.repeats.get(name, np.zeros(0, np.int64)))
    if name not in problems.earlier:
        return rows
    late, early = problems.earlier[name]
    return np.union1d(rows, early[~equal_rows(book.table(name), late, early)])


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
