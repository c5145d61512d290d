"""Extra: columns that the model does not know, kept as one JSON text a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import one_chunk

COLUMN: Final = "extra"


def as_json(columns: Mapping[str, pa.ChunkedArray]) -> pa.Array:
    """One JSON object of texts a row, empty cells left out; null where all are empty.

    A delivered ``extra`` column that stands alone and holds such objects is passed on as it is.

    >>> as_json({"a": pa.chunked_array([["x", None]]), "b": pa.chunked_array([[1, None]])}).to_pylist()
    ['{"a":"x","b":"1"}', None]
    """
    if set(columns) == {COLUMN} and _objects(columns[COLUMN]):
        return one_chunk(columns[COLUMN], pa.string())
    members = [
        pc.fill_null(
            _join(pa.scalar(f',{json.dumps(name, ensure_ascii=False)}:"'), _escaped(column), pa.scalar('"')),
            "",
        )
        for name, column in columns.items()
    ]
    joined = _join(*members)
    whole = _join(pa.scalar("{"), pc.utf8_slice_codeunits(joined, 1), pa.scalar("}"))
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), whole)


def _objects(column: pa.ChunkedArray) -> bool:
    """Whether every cell that holds something is a JSON object."""
    if not pa.types.is_string(column.type):
        return False
    try:
        return all(isinstance(json.loads(t), dict) for t in pc.unique(column.drop_null()).to_pylist())
    except (ValueError, RecursionError):
        return False


def _join(*pieces: pa.Array | pa.StringScalar) -> pa.Array:
    """Texts one behind the other; null where one is."""
    return pc.binary_join_element_wise(*pieces, pa.scalar(""))


def _escaped(column: pa.ChunkedArray) -> pa.Array:
    """The cells as text inside a JSON string; an empty cell is null."""
    held = column.type
    if pa.types.is_nested(held) or pa.types.is_binary(held):
        texts = [
            None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()
        ]
        array = pa.array(texts, pa.string())
    else:
        array = one_chunk(column.cast(pa.string()), pa.string())
    if pc.any(pc.match_substring_regex(array, r"[\x00-\x1f]")).as_py():
        written = [None if v is None else json.dumps(v, ensure_ascii=False)[1:-1] for v in array.to_pylist()]
        array = pa.array(written, pa.string())
    else:
        array = pc.replace_substring(pc.replace_substring(array, "\\", "\\\\"), '"', '\\"')
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)
