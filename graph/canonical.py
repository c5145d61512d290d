"""Facts as canonical text, and the graph hash: one value for one set of facts, in whatever store and order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import one_chunk
from graph.model import TABLES, Table

_BETWEEN: Final = "\x1f"
_ESCAPES: Final = (("\\", "\\\\"), (_BETWEEN, "\\u"), ("\n", "\\n"))


def canonical_rows(table: pa.Table, name: str) -> pa.Array:
    r"""Each row as one line of text, unsorted: ``column=value`` for every cell that holds something.

    Cells stand in the order of the model, decimals in whole units, dates as YYYY-MM-DD.

    >>> canonical_rows(pa.table({"name": ["B"], "party_id": ["p1"], "pd": [None]}), "parties").to_pylist()
    ['party_id=p1\x1fname=B\x1f\n']
    """
    return pc.binary_join_element_wise(*_cells(table, TABLES[name]), _large("\n"), _large(""))


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _cells(table: pa.Table, shape: Table) -> list[pa.Array]:
    """The columns that hold something, as text with their names."""
    made = []
    for name in shape.names:
        if name not in table.column_names or table.column(name).null_count == table.num_rows:
            continue
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = pc.cast(column, pa.string())
        text = one_chunk(column, column.type).cast(pa.large_string())
        if pa.types.is_string(column.type):
            for raw, shown in _ESCAPES:
                if pc.any(pc.match_substring(text, raw)).as_py():
                    text = pc.replace_substring(text, raw, shown)
        named = pc.binary_join_element_wise(_large(name + "="), text, _large(_BETWEEN), _large(""))
        made.append(pc.fill_null(named, _large("")))
    return made or [pa.array([""] * table.num_rows, pa.large_string())]


def table_hash(table: pa.Table, name: str) -> str:
    """sha256 of a table's sorted canonical rows."""
    rows = canonical_rows(table, name)
    ordered = rows.take(pc.sort_indices(rows)) if len(rows) else rows
    digest = hashlib.sha256()
    if len(ordered):
        ordered = one_chunk(ordered, pa.large_string())
        _, _, data = ordered.buffers()
        digest.update(memoryview(data) if data is not None else b"")
    return digest.hexdigest()


def graph_hash(facts: Mapping[str, pa.Table]) -> str:
    """sha256 over the tables that have rows, each by its name and the hash of its sorted canonical rows."""
    digest = hashlib.sha256()
    for name in TABLES:
        if name in facts and facts[name].num_rows:
            digest.update(f"{name} {facts[name].num_rows} {table_hash(facts[name], name)}\n".encode())
    return digest.hexdigest()
