"""Totals: exact control sums of what was read, by table, column and currency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.ids import one_chunk
from graph.model import BALANCE, MONEY, TABLES
from ingest.kernels import sums as _kernels


@dataclass(frozen=True)
class ControlSum:
    """Exact sum of a money column, in minor units of one currency ("" = the rows that name none)."""

    table: str
    column: str
    currency: str
    amount: int


def control_sums(book: Book) -> Iterator[ControlSum]:
    """The sum of every money column by currency, in the order of the model, currencies sorted."""
    for name, table in TABLES.items():
        money = [
            c.name
            for c in table.columns
            if c.kind in (MONEY, BALANCE) and book.column(name, c.name) is not None
        ]
        if not money or not book.table(name).num_rows:
            continue
        codes, words = _currencies(book, name)
        for column in money:
            values = one_chunk(book.table(name).column(column), pa.int64())
            filled = np.asarray(pc.fill_null(values, 0) if values.null_count else values)
            high, low = _kernels.by_code(filled, codes, len(words))
            known = codes[np.asarray(pc.is_valid(values))] if values.null_count else codes
            given = np.flatnonzero(np.bincount(known + 1, minlength=len(words) + 1)) - 1
            found = [(words[c] if c >= 0 else "", (int(high[c]) << 32) + int(low[c])) for c in given.tolist()]
            yield from (ControlSum(name, column, currency, amount) for currency, amount in sorted(found))


def _currencies(book: Book, name: str) -> tuple[np.ndarray, list[str]]:
    """Currency of each row as int32 code, -1 where none is given, and the words."""
    values = book.column(name, "currency")
    if values is None:
        return np.full(book.table(name).num_rows, -1, np.int32), []
    coded = one_chunk(values, values.type)
    coded = coded if pa.types.is_dictionary(coded.type) else coded.dictionary_encode()
    return np.asarray(pc.fill_null(coded.indices.cast(pa.int32()), -1)), coded.dictionary.to_pylist()
