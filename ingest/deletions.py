"""Deletions: rows of a delta that say ``deleted``, apart from those that it brings.

A column ``deleted`` (true or false) in any file of a delta marks rows that no longer exist. Of such a row the key
counts and, where it is filled in, ``valid_from``: without it every row of the key is deleted. A file in which every
row is marked needs only the columns of the key; in any other a row is as the file's table requires.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.errors import Problem
from graph.ids import one_chunk
from graph.model import TABLES
from graph.rows import deleted_keys, keeping
from ingest.extra import COLUMN as EXTRA
from ingest.problems import Problems

MARK: Final = "deleted"
_YES: Final = frozenset({"true", "1", "yes", "y"})
_NO: Final = frozenset({"false", "0", "no", "n"})


@dataclass(frozen=True)
class Split:
    """A book without the rows that it deletes, their keys by table, and where each stood by table and id."""

    book: Book
    deleted: Mapping[str, pa.Table]
    places: Mapping[tuple[str, str], tuple[str, int]]


def split(book: Book, problems: Problems) -> Split:
    """Take the deleted rows out of a book; a mark that is neither true nor false is a problem."""
    deleted: dict[str, pa.Table] = {}
    where: dict[tuple[str, str], tuple[str, int]] = {}
    left: dict[str, npt.NDArray[np.bool_]] = {}
    tables = dict(book.tables)
    for name, table in book.tables.items():
        marks = _marks(book, name, problems)
        if marks is None:
            continue
        rows = np.flatnonzero(marks)
        deleted[name] = deleted_keys(table.take(pa.array(rows)), name)
        ids = deleted[name].column(TABLES[name].key[0]).to_pylist()
        where |= {(name, str(i)): book.place(name, row) for i, row in zip(ids, rows.tolist(), strict=True)}
        tables[name], left[name] = _unmarked(table), ~marks
    return Split(keeping(replace(book, tables=tables), left), deleted, where)


def deletes_only(marks: pa.ChunkedArray) -> bool:
    """Whether every row of a file is marked as deleted; then its key is all that it need have.

    >>> deletes_only(pa.chunked_array([["true", "YES"]])), deletes_only(pa.chunked_array([["true", None]]))
    (True, False)
    """
    return len(marks) > 0 and all(str(m).strip().lower() in _YES for m in pc.unique(marks).to_pylist())


def _marks(book: Book, name: str, problems: Problems) -> npt.NDArray[np.bool_] | None:
    """Whether each row is marked as deleted; None if the table has no such column."""
    extra = book.column(name, EXTRA)
    if extra is None or not pc.any(pc.match_substring(extra, f'"{MARK}":')).as_py():
        return None
    marks = np.zeros(len(extra), bool)
    wrong = []
    texts = extra.to_pylist()
    for row, text in enumerate(texts):
        mark = str(json.loads(text).get(MARK, "false") if text else "false").strip().lower()
        marks[row] = mark in _YES
        if mark not in _YES | _NO:
            wrong.append(row)

    def tell(i: int) -> tuple[str, str, str, str, str]:
        value = str(json.loads(texts[wrong[i]])[MARK])
        return MARK, value, "unreadable_value", "neither true nor false", "write true or false"

    problems.of_rows(name, np.array(wrong, np.int64), lambda row: book.place(name, row), tell)
    return marks


def _unmarked(table: pa.Table) -> pa.Table:
    """The table without the mark among its other columns."""
    cells = [json.loads(t) if t else {} for t in one_chunk(table.column(EXTRA), pa.string()).to_pylist()]
    texts = [_as_text({name: value for name, value in held.items() if name != MARK}) for held in cells]
    if not any(texts):
        return table.drop_columns([EXTRA])
    return table.set_column(table.column_names.index(EXTRA), EXTRA, pa.array(texts, pa.string()))


def _as_text(cells: Mapping[str, object]) -> str | None:
    """Other columns of a row as one JSON text; None for none."""
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":")) if cells else None


def in_full(parts: Split) -> list[Problem]:
    """A full delivery says what there is; it marks nothing as deleted."""
    message, remedy = (
        "a full delivery marks rows as deleted",
        'leave them out, or say kind = "delta" in book.toml',
    )
    return [
        Problem(*parts.places[name, str(key)], MARK, "true", "deleted_in_full", message, remedy)
        for name, keys in parts.deleted.items()
        for key in keys.column(TABLES[name].key[0]).to_pylist()
    ]
