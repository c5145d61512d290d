"""Keys: which rows of two tables are the same, by some columns or by all of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import one_chunk, text_buffers
from graph.kernels import keys as _kernels

Int32 = npt.NDArray[np.int32]
Prints = npt.NDArray[np.uint64]

_SECRET: Final = np.array([secrets.randbits(64) for _ in range(4)], np.uint64) | np.array(
    [1, 1, 0, 0], np.uint64
)


def _values(column: pa.ChunkedArray | pa.Array) -> Prints:
    """Fingerprint of each cell: uint64 (n, 2), zeros for a null."""
    if isinstance(column, pa.ChunkedArray):
        parts = [_values(chunk) for chunk in column.chunks]
        return np.concatenate(parts) if parts else np.zeros((0, 2), np.uint64)
    if pa.types.is_dictionary(column.type):
        words: Prints = np.concatenate([_values(column.dictionary), np.zeros((1, 2), np.uint64)])
        codes = np.asarray(pc.fill_null(column.indices.cast(pa.int32()), len(words) - 1))
        return np.take(words, codes, axis=0)
    out = np.empty((len(column), 2), np.uint64)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        _kernels.texts(*text_buffers(one_chunk(column, pa.string())), _SECRET, out)
        return out
    valid = np.asarray(pc.is_valid(column)).astype(np.uint8) if column.null_count else np.zeros(0, np.uint8)
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    whole = pc.fill_null(column.cast(pa.int64()), 0) if column.null_count else column.cast(pa.int64())
    _kernels.numbers(np.asarray(whole), valid, _SECRET, out)
    return out


def fingerprints(table: pa.Table, columns: Sequence[str]) -> Prints:
    """Fingerprint of each row over the columns: uint64 (n, 2), equal only for equal rows.

    An absent column is one of nulls, and two nulls are equal. Fingerprints hold within one process.

    >>> a = pa.table({"x": ["p", "q"], "n": [1, None]})
    >>> b = pa.table({"x": ["q", "p"]})
    >>> (fingerprints(a, ["x", "n"])[1] == fingerprints(b, ["x", "n"])[0]).all()
    np.True_
    """
    state = np.zeros((table.num_rows, 2), np.uint64)
    for place, name in enumerate(columns):
        if name in table.column_names:
            _kernels.combine(state, _values(table.column(name)), place, _SECRET)
    return state


class KeySet:
    """Finds rows by fingerprint.

    ``first[i]`` is the first row that equals row i: int32 (n,).

    >>> held = KeySet(fingerprints(pa.table({"x": ["a", "b", "a"]}), ["x"]))
    >>> held.first.tolist(), held.rows(fingerprints(pa.table({"x": ["b", "c"]}), ["x"])).tolist()
    ([0, 1, 0], [1, -1])
    """

    def __init__(self, prints: Prints) -> None:
        self._prints = prints
        self.first: Int32 = np.empty(len(prints), np.int32)
        size = 16
        while size < 2 * len(prints):
            size *= 2
        self._slots = _kernels.build(prints, size - 1, self.first)

    def rows(self, prints: Prints) -> Int32:
        """First row that has each fingerprint: int32 (n,), -1 where there is none."""
        out = np.empty(len(prints), np.int32)
        _kernels.look_up(self._slots, self._prints, prints, out)
        return out


def numbered(prints: Prints) -> Prints:
    """The same fingerprints, but those of equal rows told apart by how many stand before each."""
    earlier = np.empty(len(prints), np.int32)
    if not _kernels.occurrences(KeySet(prints).first, earlier):
        return prints
    state = prints.copy()
    counts = np.empty((len(prints), 2), np.uint64)
    _kernels.numbers(earlier.astype(np.int64), np.zeros(0, np.uint8), _SECRET, counts)
    _kernels.combine(state, counts, -1, _SECRET)
    return state
