"""Texts: columns of text as they were written, empty ones unknown, every byte UTF-8."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import text_buffers
from ingest.kernels import cells as _kernels

_ASCII_END = 128


class WrongTypeError(Exception):
    """A column whose Arrow type cannot hold what the model says; the text names what would do."""


def text(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.DictionaryArray:
    """A column of text: strings in their chunks, dictionaries of strings as one array, empty text as null.

    Whole numbers and dates become text. Raises ``WrongTypeError`` for any other type and ``ArrowInvalid`` for
    text that is not UTF-8 (pyarrow reads Parquet text without looking at its bytes).

    >>> text(pa.chunked_array([["00123", "", None]])).to_pylist()
    ['00123', None, None]
    """
    held = column.type
    words = held.value_type if pa.types.is_dictionary(held) else held
    if pa.types.is_large_string(words) or pa.types.is_string_view(words):
        column = column.cast(pa.string() if words is held else pa.dictionary(pa.int32(), pa.string()))
    elif pa.types.is_integer(words) or pa.types.is_date(words):
        column = column.cast(words).cast(pa.string())
    elif not pa.types.is_string(words):
        raise WrongTypeError(
            "text; a float has lost the text of an id" if pa.types.is_floating(words) else "text"
        )
    if pa.types.is_dictionary(column.type):
        return _coded(column)
    return pa.chunked_array([_checked(chunk) for chunk in column.chunks], pa.string())


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Chunks with dictionaries of their own as one array."""
    if not column.num_chunks:
        return pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))
    array = column.unify_dictionaries().combine_chunks()
    if _checked(array.dictionary) is array.dictionary:
        return array
    return _checked(array.dictionary_decode()).dictionary_encode()


def _checked(array: pa.Array) -> pa.Array:
    """The same array, or one with nulls for its empty texts."""
    body, offsets, valid = text_buffers(array)
    used = body[offsets[0] : offsets[-1]]
    if len(used) and used.max() >= _ASCII_END:
        array.validate(full=True)
    if not _kernels.has_blank(offsets, valid):
        return array
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)
