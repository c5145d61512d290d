"""What a store holds, by the words of docs/store.md: deliveries as lists of rows, one after the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graph.model import TABLES

Row = Mapping[str, object]
Key = tuple[object, ...]
Held = dict[str, dict[Key, Row]]


@dataclass(frozen=True)
class Sent:
    """One delivery with its rows and the keys (with or without ``valid_from``) that it deletes."""

    by: str
    kind: str
    day: dt.date | None
    rows: Mapping[str, Sequence[Row]]
    deleted: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    restates: bool = False


def key(table: str, row: Row) -> Key:
    """Key columns and valid_from of a row."""
    return tuple(row.get(name) for name in (*TABLES[table].key, "valid_from"))


def facts(log: Sequence[Sent], as_of: dt.date | None = None) -> dict[str, list[Row]]:
    """Every row that holds as of a day, with its source."""
    found: dict[str, list[Row]] = {}
    for by in sorted({s.by for s in log}):
        for table, rows in _of_one([s for s in log if s.by == by], as_of).items():
            found.setdefault(table, []).extend({**r, "source": r.get("source") or by or None} for r in rows)
    return found


def _of_one(log: Sequence[Sent], as_of: dt.date | None) -> dict[str, list[Row]]:
    ordered = [s for _, s in sorted(enumerate(log), key=lambda p: (p[1].day or dt.date.min, p[0]))]
    first = ordered[0].day or dt.date.min
    kept: list[Sent] = []
    for sent in ordered:
        if as_of and (sent.day or dt.date.min) > max(as_of, first):
            continue
        if sent.restates and sent.kind == "delta":
            kept = [s for s in kept if not (s.kind == "delta" and s.day == sent.day)]
        kept.append(sent)
    held: Held = {}
    for sent in kept:
        if sent.kind == "full":
            held = {}
        _apply(held, sent)
    return {table: list(rows.values()) for table, rows in held.items()}


def _apply(held: Held, sent: Sent) -> None:
    for table, keys in sent.deleted.items():
        for gone in keys:
            named = key(table, gone)
            rows = held.get(table, {})
            for at in [at for at in rows if at == named or (named[-1] is None and at[:-1] == named[:-1])]:
                del rows[at]
    for table, brought in sent.rows.items():
        held.setdefault(table, {}).update({key(table, r): r for r in brought})
