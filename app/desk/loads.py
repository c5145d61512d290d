"""Loads: what was delivered, reconciled or not, set aside or stale; identities that reviewers judged."""

from __future__ import annotations

from typing import Any, Final

from app.desk.opened import Desk, Row
from app.desk.overview import freshness
from graph.errors import OptionError

SHOWN: Final = 200
JUDGEMENTS: Final = ("same", "different", "unsure")


def loads(desk: Desk) -> Row:
    """Deliveries with their receipts, the freshness of each subsidiary, and judgements of identity."""
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
    return {"deliveries": rows[:SHOWN], "fresh": freshness(desk)}


def identities(desk: Desk) -> list[Row]:
    """Judgements of identity in the book, with the latest word of the journal on each pair."""
    rows = desk.snapshot.tables["same_as"]
    said = {r.subject: r for r in desk.store.journal.records(kind="judgement")}
    book = desk.snapshot.book
    made = []
    for row in range(min(len(rows), SHOWN)):
        if book is None:
            break
        at = int(rows.row[row])
        a, b = (book.table("same_as").column(c)[at].as_py() for c in ("party_id", "other_id"))
        record = said.get(pair(a, b))
        made.append(
            {
                "pair": pair(a, b), "party_id": a, "other_id": b, "names": desk.names(a), "other": desk.names(b),
                "judgement": JUDGEMENTS[rows["judgement"][row]], "place": desk.place("same_as", row),
                "author": desk.text("same_as", "author")[row].as_py(),
                "later": None if record is None else {**record.body, "author": record.author, "at": record.at},
            }
        )  # fmt: skip
    return made


def pair(a: str, b: str) -> str:
    """Name of a pair of ids in the journal.

    >>> pair("B", "A")
    'A = B'
    """
    return " = ".join(sorted((a, b)))


def judge(
    desk: Desk, subject: str, judgement: str, *, principal: Any, reason: str, expected: int, **_: Any
) -> str:
    """Record a judgement about a pair of ids; it takes effect in the book with the next load that carries it."""
    if judgement not in JUDGEMENTS:
        raise OptionError(f"no judgement {judgement!r}: choose from {', '.join(JUDGEMENTS)}")
    if not reason.strip():
        raise OptionError("a judgement needs its reason")
    body = {"judgement": judgement, "reason": reason.strip()}
    desk.store.journal.append("judgement", subject, body, author=principal.name, expected=expected)
    return judgement
