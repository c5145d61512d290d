"""Changes: what differs between two versions, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa

from graph.keys import KeySet, fingerprints, numbered
from graph.model import TABLES, Table

SCHEMA: Final = pa.schema([(name, pa.string()) for name in ("table", "kind", "subject", "before", "after")])
"""``kind`` is added, removed or changed; ``subject`` the key, as a JSON list where it has several columns;
``before`` and ``after`` JSON objects of the cells that differ, decimals as text."""
ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"


def changes(before: Mapping[str, pa.Table], after: Mapping[str, pa.Table]) -> pa.Table:
    """Rows that only one side has, paired by key, validity and source; by table and subject.

    >>> old = {"umbrellas": pa.table({"umbrella_id": ["U"], "limit": [100], "currency": ["EUR"]})}
    >>> new = {"umbrellas": pa.table({"umbrella_id": ["U"], "limit": [250], "currency": ["EUR"]})}
    >>> [list(row.values()) for row in changes(old, new).to_pylist()]
    [['umbrellas', 'changed', 'U', '{"limit": "1.00"}', '{"limit": "2.50"}']]
    """
    found: list[dict[str, str]] = []
    for name, shape in TABLES.items():
        old = before.get(name, shape.empty())
        new = after.get(name, shape.empty())
        gone, come = _apart(old, new, shape)
        found += sorted(
            _paired(gone, come, shape), key=lambda c: (c["subject"], c["kind"], c["before"], c["after"])
        )
    return pa.Table.from_pylist(found, schema=SCHEMA)


def _apart(old: pa.Table, new: pa.Table, shape: Table) -> tuple[pa.Table, pa.Table]:
    """Rows of each side that the other has not, equal rows counted one by one."""
    if not old.num_rows or not new.num_rows:
        return old, new
    left, right = (numbered(fingerprints(t, shape.names)) for t in (old, new))
    gone = np.flatnonzero(KeySet(right).rows(left) < 0)
    come = np.flatnonzero(KeySet(left).rows(right) < 0)
    return old.take(pa.array(gone)), new.take(pa.array(come))


def _paired(gone: pa.Table, come: pa.Table, shape: Table) -> Iterator[dict[str, str]]:
    """The rows as changes; of those with one key the ones that stand first in each side belong together."""
    identity = (*shape.key, "valid_from", "source")
    left, right = (numbered(fingerprints(t, identity)) for t in (gone, come))
    pair = KeySet(left).rows(right) if gone.num_rows else np.full(come.num_rows, -1)
    old, new = gone.to_pylist(), come.to_pylist()
    for row, i in zip(new, pair.tolist(), strict=True):
        if i < 0:
            yield _change(shape, ADDED, row, {}, row)
        else:
            names = [n for n in shape.names if old[i].get(n) != row.get(n)]
            yield _change(
                shape, CHANGED, row, {n: old[i].get(n) for n in names}, {n: row.get(n) for n in names}
            )
    for i in sorted(set(range(len(old))) - set(pair.tolist())):
        yield _change(shape, REMOVED, old[i], old[i], {})


def _change(
    shape: Table, kind: str, row: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, str]:
    key = [_shown(shape, name, row.get(name)) for name in shape.key]
    return {
        "table": shape.name,
        "kind": kind,
        "subject": str(key[0]) if len(key) == 1 else json.dumps(key, ensure_ascii=False),
        "before": _json(shape, before, whole=kind != CHANGED),
        "after": _json(shape, after, whole=kind != CHANGED),
    }


def _json(shape: Table, cells: Mapping[str, Any], *, whole: bool) -> str:
    """Cells as a JSON object in the order of the model; of a whole row without its empty cells."""
    shown = {
        n: _shown(shape, n, cells[n]) for n in shape.names if n in cells and not (whole and cells[n] is None)
    }
    return json.dumps(shown, ensure_ascii=False) if cells else ""


def _shown(shape: Table, name: str, value: object) -> object:
    """A cell as a file would have it: decimals and dates as text."""
    kind = shape.column(name).kind
    if value is None or isinstance(value, bool):
        return value
    if kind.scale and isinstance(value, int):
        return str(Decimal(value) / kind.scale) if kind.places > 2 else f"{Decimal(value) / kind.scale:.2f}"  # noqa: PLR2004
    return str(value)
