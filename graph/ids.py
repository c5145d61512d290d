"""IdIndex: from the text ids of a table to their rows and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.kernels import ids as _kernels

Int32 = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

NULL_ID = -1
UNKNOWN_ID = -2
_NO_BYTES: Bytes = np.zeros(0, np.uint8)


def one_chunk(column: pa.ChunkedArray | pa.Array, kind: pa.DataType) -> pa.Array:
    """The column as one Arrow array of that type."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # an empty or over-long column stays chunked
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array if array.type == kind else array.cast(kind)


def text_buffers(array: pa.Array) -> tuple[Bytes, Int32, Bytes]:
    """Bytes, offsets and validity (empty = all valid) of a string array, without copying the text."""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    body = np.frombuffer(data, np.uint8) if data is not None and data.size else _NO_BYTES
    if not array.null_count:
        return body, ends, _NO_BYTES
    return body, ends, np.asarray(pc.is_valid(array)).astype(np.uint8)


def text_rank(texts: pa.ChunkedArray | pa.Array) -> Int32:
    """Place of each text among the different ones in the order of code points, -1 for null: int32 by row.

    >>> text_rank(pa.array(["b", None, "a", "b"])).tolist()
    [1, -1, 0, 1]
    """
    array = one_chunk(texts, pa.string())
    if not array.null_count:
        return np.asarray(_kernels.ranks(*text_buffers(array)[:2]), np.int32)
    rank = np.full(len(array), NULL_ID, np.int32)
    rank[np.asarray(pc.is_valid(array))] = text_rank(array.drop_null())
    return rank


class IdIndex:
    """Looks ids up in one table's key column.

    ``first[i]`` is the first row that has the id of row i, so that an id which stands twice (over two
    validity periods, say) has one number.

    >>> index = IdIndex(pa.array(["a", "b", "a"]))
    >>> index.rows(pa.array(["b", None, "x"])).tolist()
    [1, -1, -2]
    >>> index.first.tolist()
    [0, 1, 0]
    """

    def __init__(self, ids: pa.ChunkedArray | pa.Array) -> None:
        self.ids = one_chunk(ids, pa.string())
        if self.ids.null_count:
            self.ids = pc.fill_null(self.ids, "")
        self._data, self._offsets, _ = text_buffers(self.ids)
        self.first: Int32 = np.empty(len(self.ids), np.int32)
        size = 16
        while size < 2 * len(self.ids):
            size *= 2
        self._table = np.zeros(2 * size, np.uint64)  # by numpy, which asks for huge pages
        _kernels.build(self._data, self._offsets, self.first, self._table)

    def rows(self, ids: pa.ChunkedArray | pa.Array) -> Int32:
        """First row of each id: int32 (n,), -1 for a null and -2 for an id that is not in the table."""
        if isinstance(ids, pa.ChunkedArray):
            parts = [self.rows(chunk) for chunk in ids.chunks]
            return np.concatenate(parts) if parts else np.zeros(0, np.int32)
        if pa.types.is_dictionary(ids.type):
            words = self.rows(ids.dictionary)
            codes = np.asarray(pc.fill_null(ids.indices, len(words)))
            found: Int32 = np.append(words, np.int32(NULL_ID))[codes]
            return found
        array = one_chunk(ids, pa.string())
        data, offsets, valid = text_buffers(array)
        out = np.empty(len(array), np.int32)
        _kernels.look_up(self._table, self._data, self._offsets, data, offsets, valid, out)
        return out
