"""Changes: what differs between two versions, row by row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import one_chunk
from graph.keys import KeySet, fingerprints, numbered
from graph.model import BOOL, MONEY, TABLES, Column, Table

Rows = npt.NDArray[np.integer]

SCHEMA: Final = pa.schema([(name, pa.string()) for name in ("table", "kind", "subject", "before", "after")])
"""``kind`` is added, removed or changed; ``subject`` the key, as a JSON list where it has several columns;
``before`` and ``after`` JSON objects of the cells that differ, all but true and false as text."""
ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"

_ORDER: Final = [(name, "ascending") for name in ("subject", "kind", "before", "after")]


def changes(before: Mapping[str, pa.Table], after: Mapping[str, pa.Table]) -> pa.Table:
    """Rows that only one side has, paired by key, validity and source; by table and subject.

    >>> old = {"umbrellas": pa.table({"umbrella_id": ["U"], "limit": [100], "currency": ["EUR"]})}
    >>> new = {"umbrellas": pa.table({"umbrella_id": ["U"], "limit": [250], "currency": ["EUR"]})}
    >>> [list(row.values()) for row in changes(old, new).to_pylist()]
    [['umbrellas', 'changed', 'U', '{"limit":"1.00"}', '{"limit":"2.50"}']]
    """
    found = [SCHEMA.empty_table()]
    for name, shape in TABLES.items():
        if name in before or name in after:
            found.append(_of_table(before.get(name, shape.empty()), after.get(name, shape.empty()), shape))
    return pa.concat_tables(found)


def _of_table(old: pa.Table, new: pa.Table, shape: Table) -> pa.Table:
    """The changes of one table, in their order."""
    gone, come = _apart(old, new, shape)
    identity = (*shape.key, "valid_from", "source")
    left, right = (numbered(fingerprints(t, identity)) for t in (gone, come))
    pair = KeySet(left).rows(right)
    both = np.flatnonzero(pair >= 0)
    alone = np.setdiff1d(np.arange(gone.num_rows), pair)
    parts = [
        _told(shape, REMOVED, _taken(gone, alone), None),
        _told(shape, ADDED, None, _taken(come, np.flatnonzero(pair < 0))),
        _told(shape, CHANGED, _taken(gone, pair[both]), _taken(come, both)),
    ]
    return pa.concat_tables(parts).sort_by(_ORDER)


def _apart(old: pa.Table, new: pa.Table, shape: Table) -> tuple[pa.Table, pa.Table]:
    """Rows of each side that the other has not, equal rows counted one by one."""
    left, right = (numbered(fingerprints(t, shape.names)) for t in (old, new))
    gone = np.flatnonzero(KeySet(right).rows(left) < 0)
    come = np.flatnonzero(KeySet(left).rows(right) < 0)
    return _taken(old, gone), _taken(new, come)


def _taken(table: pa.Table, rows: Rows) -> pa.Table:
    """Some rows of a table."""
    return table.take(pa.array(rows, pa.int64()))


def _told(shape: Table, kind: str, old: pa.Table | None, new: pa.Table | None) -> pa.Table:
    """Rows of one kind as changes; with both sides only the cells that differ."""
    known = new if new is not None else old
    if known is None or not known.num_rows:
        return SCHEMA.empty_table()
    n = known.num_rows
    cells = [{c.name: _cells(t, c) for c in shape.columns if t is not None} for t in (old, new)]
    if old is not None and new is not None:
        same = {c.name: _equal(cells[0][c.name], cells[1][c.name]) for c in shape.columns}
        cells = [{name: _shown(a, same[name]) for name, a in side.items()} for side in cells]
    before, after = (_object(side, n) for side in cells)
    key = [_cells(known, shape.column(name)) for name in shape.key]
    subject = _list(key) if len(key) > 1 else _plain(known, shape.column(shape.key[0]))
    return pa.table([pa.array([shape.name] * n), pa.array([kind] * n), subject, before, after], schema=SCHEMA)


def _cells(table: pa.Table, column: Column) -> pa.Array:
    """A column as JSON values, null where it is empty."""
    text = _plain(table, column)
    return text if column.kind is BOOL else _quoted(text)


def _plain(table: pa.Table, column: Column) -> pa.Array:
    """A column as text, decimals and dates as a file would have them; nulls stay null."""
    if column.name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    held = table.column(column.name)
    if column.kind.scale:
        return _decimal(one_chunk(held, pa.int64()), column.kind.places, trim=column.kind.scale > MONEY.scale)
    return one_chunk(held.cast(pa.string()), pa.string())


def _decimal(units: pa.Array, places: int, *, trim: bool) -> pa.Array:
    """Whole units as decimal text with all places, or without the zeros at its end."""
    size = pc.abs(units)
    whole = pc.divide(size, 10**places)
    rest = pc.subtract(size, pc.multiply(whole, 10**places)).cast(pa.string())
    sign = pc.if_else(pc.less(units, 0), "-", "")
    text = pc.binary_join_element_wise(
        pc.binary_join_element_wise(sign, whole.cast(pa.string()), ""),
        pc.utf8_lpad(rest, width=places, padding="0"),
        ".",
    )
    return pc.replace_substring_regex(text, r"\.?0+$", "") if trim else text


def _quoted(text: pa.Array) -> pa.Array:
    """Texts as JSON strings."""
    if pc.any(pc.match_substring_regex(text, r"[\x00-\x1f]")).as_py():
        return pa.array(
            [None if t is None else json.dumps(t, ensure_ascii=False) for t in text.to_pylist()], pa.string()
        )
    inner = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise('"', inner, '"', "")


def _equal(old: pa.Array, new: pa.Array) -> pa.Array:
    """Whether two cells are the same, two empty ones too."""
    both = pc.and_(pc.is_null(old), pc.is_null(new))
    return pc.or_(both, pc.fill_null(pc.equal(old, new), False))  # noqa: FBT003 - Arrow's own signature


def _shown(cells: pa.Array, same: pa.Array) -> pa.Array:
    """The cells that differ, an empty one as the word null; null for the others."""
    return pc.if_else(same, pa.scalar(None, pa.string()), pc.fill_null(cells, "null"))


def _object(cells: Mapping[str, pa.Array], n: int) -> pa.Array:
    """One JSON object a row of the cells that are not null; null without any columns."""
    if not cells:
        return pa.nulls(n, pa.string())
    named = [pc.binary_join_element_wise(f'"{name}":', a, "") for name, a in cells.items()]
    inner = pc.binary_join_element_wise(*named, ",", null_handling="skip")
    return pc.binary_join_element_wise("{", inner, "}", "")


def _list(cells: Sequence[pa.Array]) -> pa.Array:
    """One JSON list a row."""
    inner = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="null")
    return pc.binary_join_element_wise("[", inner, "]", "")
