"""Quarantine: rows with a problem set aside, and those that refer to them, until what is left holds together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.book import Book
from ingest.checks import dangling_reference
from ingest.keys import equal_rows
from ingest.problems import Problems

Rows = npt.NDArray[np.int64]


def set_aside(book: Book, problems: Problems, *, delta: bool = False) -> Book:
    """The book without the rows with a problem; rows that then refer to nothing follow, each with its own problem.

    Of rows that are equal in all columns the first stays; of two that share a key and differ both go. What a
    ``delta`` refers to may have been delivered before: whether it dangles is for those to say who have both.
    """
    kept = {name: _others(book, name, _concerned(book, name, problems)) for name in book.tables}
    while True:
        held = book.only(kept)
        if delta:
            return held
        found = Problems(headers=problems.headers, shifts=problems.shifts)
        dangling_reference(held, found)
        if not found.total:
            return held
        for name, rows in found.aside.items():
            kept[name] = np.delete(kept[name], np.concatenate(rows))
        problems.take_over(found)


def _concerned(book: Book, name: str, problems: Problems) -> Rows:
    """Rows of a table that a problem concerns, earlier rows of a shared key included where they differ."""
    rows: Rows = np.union1d(problems.concerned(name), problems.repeats.get(name, np.zeros(0, np.int64)))
    if name not in problems.earlier:
        return rows
    late, early = problems.earlier[name]
    return np.union1d(rows, early[~equal_rows(book.table(name), late, early)])


def _others(book: Book, name: str, rows: Rows) -> Rows:
    """The rows of a table that are not among these: int64, sorted."""
    left = np.ones(book.table(name).num_rows, bool)
    left[rows] = False
    return np.flatnonzero(left)
