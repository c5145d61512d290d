"""Loads: what was delivered, reconciled or not, set aside or stale; identities that reviewers judged."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

import pyarrow as pa

from app.desk.opened import Desk, Row
from app.desk.overview import freshness
from app.refusals import refusal
from graph.errors import OptionError
from graph.judgements import JUDGEMENTS, SIGN, latest, pair
from graph.judgements import judge as judged

SHOWN: Final = 200
_TABLE: Final = pa.schema(
    [("version", pa.int64()), ("by", pa.string()), ("kind", pa.string()), ("day", pa.date32()), ("rows", pa.int64()),
     ("aside", pa.int64()), ("problems", pa.int64()), ("reconciled", pa.bool_())]
)  # fmt: skip


def loads(desk: Desk) -> Row:
    """Deliveries with their receipts, the freshness of each subsidiary, and the ``table`` of all to download."""
    held = desk.store.reader(desk.version).deliveries()
    rows = []
    for delivery in reversed(held):
        receipt = delivery.receipt
        tables = receipt.get("tables", [])
        rows.append(
            {
                "version": delivery.version, "by": delivery.by, "kind": delivery.kind, "day": delivery.day,
                "rows": sum(delivery.rows.values()), "restates": delivery.restates,
                "reconciled": receipt.get("reconciled"), "aside": sum(t.get("aside", 0) for t in tables),
                "problems": receipt.get("problem_total", 0), "receipt": receipt,
            }
        )  # fmt: skip
    table = pa.Table.from_pylist([{name: row[name] for name in _TABLE.names} for row in rows], _TABLE)
    return {"deliveries": rows[:SHOWN], "fresh": freshness(desk), "table": table}


def identities(desk: Desk) -> list[Row]:
    """Judgements of identity as they count, each with what the journal says of it."""
    rows = desk.snapshot.tables["same_as"]
    said = {j.ids: j for j in latest(desk.store.journal.records())}
    book = desk.snapshot.book
    made = []
    for row in range(min(len(rows), SHOWN)):
        if book is None:
            break
        at = int(rows.row[row])
        a, b = (book.table("same_as").column(c)[at].as_py() for c in ("party_id", "other_id"))
        later = said.get((min(a, b), max(a, b)))
        made.append(
            {
                "pair": pair(a, b), "party_id": a, "other_id": b, "names": desk.names(a), "other": desk.names(b),
                "judgement": JUDGEMENTS[rows["judgement"][row]], "place": desk.place("same_as", row),
                "author": desk.text("same_as", "author")[row].as_py(),
                "later": None if later is None else {"judgement": later.judgement, "reason": later.reason, "author": later.author},
            }
        )  # fmt: skip
    return made


def judge(
    desk: Desk, subject: str, judgement: str, *, principal: Any, reason: str, expected: int, **_: Any
) -> str:
    """Record a judgement about a pair of ids; every report that is opened from now on rests on it."""
    judged(
        desk.store.journal,
        _ids(desk, subject),
        judgement,
        author=principal.name,
        reason=reason,
        expected=expected,
    )
    return judgement


def _ids(desk: Desk, subject: str) -> tuple[str, str]:
    """The ids that the name of a pair joins; ``OptionError`` where these are not two parties of the book."""
    words = subject.split(SIGN)
    heads = list(accumulate(words, lambda a, b: a + SIGN + b))[:-1]
    for a in heads:
        b = subject.removeprefix(a + SIGN)
        if desk.number(a) is not None and desk.number(b) is not None:
            return a, b
    raise refusal(OptionError, "no_pair", pair=subject, sign=SIGN)
