"""Cases: findings that people work on, with what the journal says of each: state, owner, due date, history.

A decision is a record in the journal of the store. Taking a risk signal away (a dismissal) needs a second person:
it is proposed by one and approved by another, and stays open until then.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from app.codes import DUPLICATES
from app.desk import credit
from app.desk.opened import SHOWN, Desk, Names, Row, first
from app.refusals import refusal
from exposure.groups import GROUP
from graph.errors import KonzernError, OptionError
from graph.journal import Record

DECISION: Final = "decision"
STEPS: Final = ("confirm", "dismiss", "assign", "close", "reopen", "approve", "reject")
"""What can be decided of a case."""
NEED_REASON: Final = ("dismiss", "reject", "close", "reopen")
FOUR_EYES: Final = ("dismiss",)
"""Decisions that count only when a second person has approved them."""
_GRAVEST: Final = pa.array(["breach", "warning", "info"])
STATES: Final = ("open", "assigned", "confirmed", "waiting", "dismissed", "closed")


class DecisionError(KonzernError):
    """A decision that the state of a case or the rule of four eyes does not allow; nothing was recorded."""

    exit_code = 2


@dataclass(frozen=True)
class State:
    """Where a case stands: ``proposed`` and ``by`` while it waits for a second person, and every step so far."""

    state: str = "open"
    owner: str = ""
    due: str = ""
    proposed: str = ""
    by: str = ""
    history: tuple[Row, ...] = field(default=())


_AFTER: Final = {"confirm": "confirmed", "close": "closed", "reopen": "open", "dismiss": "dismissed"}


def folded(records: Iterable[Record]) -> State:
    """The state of one case after its records, in order.

    >>> folded([]).state
    'open'
    """
    state, before = State(), "open"
    for record in records:
        step = str(record.body["step"])
        line = {"at": record.at, "author": record.author, **record.body}
        history = (*state.history, line)
        owner, due = state.owner, state.due
        if step in FOUR_EYES:
            before = state.state
            state = State("waiting", owner, due, step, record.author, history)
        elif step == "approve":
            state = State(_AFTER[state.proposed], owner, due, history=history)
        elif step == "reject":
            state = State(before, owner, due, history=history)
        elif step == "assign":
            held = "assigned" if state.state == "open" else state.state
            state = State(held, str(record.body.get("owner", "")), str(record.body.get("due", "")),
                          state.proposed, state.by, history)  # fmt: skip
        else:
            state = State(_AFTER[step], owner, due, history=history)
    return state


def states(desk: Desk) -> dict[str, State]:
    """State of every case that the journal knows, by finding id."""
    found: dict[str, list[Record]] = {}
    for record in desk.store.journal.records(kind=DECISION):
        found.setdefault(record.subject, []).append(record)
    return {subject: folded(records) for subject, records in found.items()}


def cases(desk: Desk, codes: Iterable[str] = (), severity: str = "", state: str = "", code: str = "") -> Row:
    """Cases of some codes (all but duplicates if none are named), gravest and largest first, with their state.

    Gives ``rows`` (the first of them), ``count`` of all, ``amount`` of the ``weighty`` ones (warnings and breaches),
    and ``by_code`` counts to choose from.
    """
    table, known = desk.tables["findings"], states(desk)
    mask = pc.is_in(table["code"], pa.array(sorted(codes or DUPLICATES)))
    mask = mask if codes else pc.invert(mask)
    by_code = {r["values"]: r["counts"] for r in pc.value_counts(table["code"].filter(mask)).to_pylist()}
    for column, wanted in (("severity", severity), ("code", code)):
        mask = pc.and_(mask, pc.equal(table[column], wanted)) if wanted else mask
    if state:
        touched = [
            i for i, s in known.items() if (s.state != "open" if state == "open" else s.state == state)
        ]
        hit = pc.is_in(table["finding_id"], pa.array(touched, pa.string()))
        mask = pc.and_(mask, pc.invert(hit) if state == "open" else hit)
    ranked = table.append_column("order", pc.index_in(table["severity"], _GRAVEST))
    rows = first(ranked, SHOWN, mask, order="ascending", amount="descending")
    for row in rows:
        row["state"] = _shown(desk, known.get(row["finding_id"], State()))
        row["about"] = _about(desk, row)
    weighty = table["amount"].filter(pc.and_(mask, pc.not_equal(table["severity"], "info")))
    return {
        "rows": rows, "count": pc.sum(mask).as_py() or 0, "amount": pc.sum(weighty).as_py(), "by_code": by_code,
        "weighty": len(weighty),
    }  # fmt: skip


def _about(desk: Desk, row: Row) -> list[Names]:
    """The parties that a finding names, as they are shown."""
    if row["subject_kind"] == "group":
        return [desk.group_names(s) for s in row["subjects"]]
    return [desk.names(s) for s in row["subjects"] if row["subject_kind"] in ("party", "pair", "ring")]


def _shown(desk: Desk, state: State) -> State:
    """A state as a scope may see it: what others wrote about a case may speak of credit that it does not know."""
    return state if not desk.scope.lender else State(state.state)


def case(desk: Desk, finding_id: str) -> Row | None:
    """One case with its facilities, figures, source rows and state; None if this desk has no such finding."""
    held = desk.rows("findings", finding_id=finding_id).to_pylist()
    if not held:
        return None
    row: Row = held[0]
    told = json.loads(row["evidence"])
    records = desk.store.journal.records(kind=DECISION, subject=finding_id)
    named = row["subjects"] if row["subject_kind"] == "facility" else told["figures"].get("facilities", [])
    facilities = credit.named(desk, named)
    row |= {
        "figures": told["figures"], "places": told["rows"], "state": _shown(desk, folded(records)),
        "facilities": facilities,
        "parties": _parties(desk, row) or list(dict.fromkeys(r["obligor"].id for r in facilities if r["obligor"])), "last": desk.store.journal.last(),
    }  # fmt: skip
    return row


def _parties(desk: Desk, row: Row) -> list[str]:
    """The parties that a finding is about, or that its facilities are owed by, or that its path names."""
    if row["subject_kind"] in ("party", "pair", "ring"):
        return [s for s in row["subjects"] if desk.number(s) is not None]
    if row["subject_kind"] == "group":
        return [s.removeprefix(GROUP) for s in row["subjects"]]
    path = json.loads(row["evidence"])["figures"].get("path", [])
    words = path if isinstance(path, list) else str(path).replace(",", " ").split()
    return [w for w in dict.fromkeys(map(str, words)) if desk.number(w) is not None]


def decide(
    desk: Desk, finding_id: str, step: str, *, principal: Any, reason: str = "", expected: int, **told: Any
) -> State:
    """Record a step of a case and give the state that follows.

    ``told`` names the ``owner`` and ``due`` date of an assignment. Raises ``DecisionError`` for a step that the state or the rule of four eyes does not allow, and
    ``JournalMovedError`` where another record came since the page was read.
    """
    if step not in STEPS:
        raise refusal(OptionError, "no_step", step=step, steps=", ".join(STEPS))
    records = desk.store.journal.records(kind=DECISION, subject=finding_id)
    state = folded(records)
    if step in NEED_REASON and not reason.strip():
        raise refusal(DecisionError, "no_reason")
    if step in ("approve", "reject") and state.state != "waiting":
        raise refusal(DecisionError, "nothing_waits")
    if step == "approve" and principal.name == state.by:
        raise refusal(DecisionError, "second_person")
    if step not in ("approve", "reject", "assign") and state.state == "waiting":
        raise refusal(DecisionError, "waits")
    owner, due = str(told.get("owner", "")), str(told.get("due", ""))
    if due:
        dt.date.fromisoformat(due)
    body = {"step": step, "reason": reason.strip(), "owner": owner, "due": due}
    body = {k: v for k, v in body.items() if v}
    record = desk.store.journal.append(DECISION, finding_id, body, author=principal.name, expected=expected)
    return folded([*records, record])
