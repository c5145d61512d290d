"""Keys: which rows of a table have the same key, and which of those hold at the same time."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.ids import UNKNOWN_ID, one_chunk
from graph.model import DATE, TABLES, Column
from ingest.kernels import keys as _kernels

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_ALWAYS: Final = 2**40
"""Days beyond every date: an empty valid_from or valid_to."""


def first_rows(book: Book, name: str) -> tuple[Int32, int]:
    """First row of each row's key, int32 (rows,), and how many rows are not the first of their key."""
    columns = [TABLES[name].column(c) for c in TABLES[name].key]
    if len(columns) == 1 and not columns[0].ref:
        first = book.index(name).first
        return first, int(np.count_nonzero(first != np.arange(len(first), dtype=np.int32)))
    held = [_codes(book, name, c) for c in columns if book.column(name, c.name) is not None]
    if not held:
        rows = np.arange(book.table(name).num_rows, dtype=np.int32)
        return rows, 0
    first, later = held[0], len(held[0])
    for codes in held[1:] if len(held) > 1 else [np.zeros_like(held[0])]:
        first, later = _kernels.first_of_pairs(first, codes)
    return first, int(later)


def _codes(book: Book, name: str, column: Column) -> Int32:
    """One key column as whole numbers, equal where the cells are: int32 (rows,)."""
    if column.ref:
        codes = book.codes(name, column.name)
        if not len(codes) or codes.min() > UNKNOWN_ID:
            return codes  # ids that are nowhere would all be -2, hence equal
    values = book.table(name).column(column.name)
    if column.kind is DATE:
        return np.asarray(pc.fill_null(one_chunk(values, pa.date32()).cast(pa.int32()), -(2**31)))
    coded = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = one_chunk(coded, coded.type)
    coded = coded if pa.types.is_dictionary(coded.type) else coded.dictionary_encode()
    return np.asarray(pc.fill_null(coded.indices.cast(pa.int32()), -1))


def clashes(book: Book, name: str, first: Int32) -> tuple[Int64, Int64]:
    """Rows that hold at the same time as another row of their key: the later row of each clash, and the earlier.

    Two int64 arrays of equal length, sorted; rows with an empty key column that must be filled are left out.
    """
    shared = np.zeros(len(first), bool)
    shared[first[first != np.arange(len(first))]] = True
    candidates = np.flatnonzero(shared[first])
    for column in TABLES[name].columns:
        if column.key and column.required:
            filled = np.asarray(pc.is_valid(book.table(name).column(column.name)))
            candidates = candidates[filled[candidates]]
    start, end = (
        _bound(book, name, c, len(first), empty)
        for c, empty in (("valid_from", -_ALWAYS), ("valid_to", _ALWAYS))
    )
    order = candidates[np.lexsort((candidates, start[candidates], first[candidates]))]
    other = _kernels.overlaps(first, start, end, order)
    late, early = np.maximum(order, other)[other >= 0], np.minimum(order, other)[other >= 0]
    by_row = np.lexsort((early, late))
    return late[by_row].astype(np.int64), early[by_row].astype(np.int64)


def equal_rows(table: pa.Table, left: npt.ArrayLike, right: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether two rows of a table are equal in all columns, pair by pair: bool (pairs,)."""
    same = np.ones(np.shape(left), bool)
    for column in table.columns:
        plain = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        a, b = plain.take(pa.array(left)), plain.take(pa.array(right))
        equal = pc.fill_null(pc.equal(a, b), False)  # noqa: FBT003 - Arrow's own signature
        same &= np.asarray(pc.or_(equal, pc.and_(pc.is_null(a), pc.is_null(b))))
    return same


def _bound(book: Book, name: str, column: str, n: int, empty: int) -> Int64:
    """One end of the validity of each row in days, int64 (n,)."""
    values = book.column(name, column)
    if values is None:
        return np.full(n, empty, np.int64)
    return np.asarray(pc.fill_null(one_chunk(values, pa.date32()).cast(pa.int32()).cast(pa.int64()), empty))
