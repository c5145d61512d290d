"""Reservations: headroom that is held for a stated time, as records of the journal.

A reservation is what somebody was told fits: a proposed change and until when it is held. It counts like credit
that has been granted, until its time is over, it is released, or the facilities and guarantees that it was the first
to name are granted in the book; one that stands there as proposed is not. Whoever reserves decides on a state of the
journal and appends only if no record came after it; else the decision is made again. So two who ask at once cannot
both take what is there for one.

``booked`` below tells of some ids those that are facilities and guarantees of the book, and whether each is granted:
only ids that a reservation names are asked for, however large the book.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from graph.errors import KonzernError, OptionError
from graph.journal import Journal, JournalMovedError, Record
from graph.model import DATE
from graph.proposal import PROPOSALS, Proposal

KIND: Final = "reservation"
_Answer = TypeVar("_Answer")
Booked = Callable[[Collection[str]], Mapping[str, bool]]
"""Of these ids those in the book, and whether each is granted."""


def no_book(_: Collection[str]) -> dict[str, bool]:
    """Of a store without a book: none of them."""
    return {}


class NoHeadroomError(KonzernError):
    """What was asked for does not fit, with what others hold already."""

    exit_code = 1
    said = "no_headroom", {}


@dataclass(frozen=True)
class Reservation:
    """One reservation: the number of its record, who holds what, and until when; ids that are ``new`` to the book."""

    number: int
    author: str
    subject: str
    until: dt.datetime
    changes: tuple[Proposal, ...]
    new: frozenset[str] = frozenset()


def active(records: Sequence[Record], now: dt.datetime, booked: Booked = no_book) -> list[Reservation]:
    """Reservations that hold at a time: not over, not released, what they were the first to name not yet granted."""
    released = {int(r.body["releases"]) for r in records if "releases" in r.body}
    kept = [
        (record, until)
        for record in records
        if record.kind == KIND and "changes" in record.body and record.number not in released
        if (until := dt.datetime.fromisoformat(record.body["until"])) > now
    ]
    if not kept:
        return []
    known, found = booked({name for record, _ in kept for name in record.body["new"]}), []
    for record, until in kept:
        changes = tuple(_read(change) for change in record.body["changes"])
        new = frozenset(record.body["new"])
        granted = {name for name in new if known.get(name)}
        open_ = tuple(c for c in changes if _named(c) not in granted)
        if open_:
            found.append(
                Reservation(record.number, record.author, record.subject, until, open_, new - known.keys())
            )
    return found


def held(reservations: Sequence[Reservation]) -> list[Proposal]:
    """All changes that reservations hold, in their order; new ids are marked, so that no other proposal meets them.

    Each says which reservation it comes from, so that one that the book has no place for any more can be released.
    """
    found = []
    for r in reservations:
        mark = {name: f"(reserved {r.number}) {name}" for name in r.new}
        where = f"reservation {r.number} (--release {r.number} gives it back)"
        for row, change in enumerate(r.changes, 1):
            values = {
                k: mark.get(v, v) if k in ("facility_id", "guarantee_id") and isinstance(v, str) else v
                for k, v in change.values.items()
            }
            if change.covers:
                values["covers"] = tuple(mark.get(name, name) for name in change.covers)
            found.append(Proposal(change.kind, values, where, row))
    return found


def reserve(
    journal: Journal,
    changes: Sequence[Proposal],
    decide: Callable[[list[Proposal]], _Answer | None],
    *,
    author: str,
    now: dt.datetime,
    until: dt.datetime,
    booked: Booked = no_book,
) -> tuple[Record, _Answer]:
    """Hold the changes until a time, if ``decide`` says that they fit beside what is held already.

    ``decide`` is given what others hold and answers None where the changes do not fit; it is asked again
    whenever another record came first. Raises ``NoHeadroomError`` where they do not fit.
    """
    if until <= now:
        raise OptionError(f"a reservation until {until.isoformat()} is over already: choose a longer time")
    while True:
        records = journal.records()
        last = records[-1].number if records else 0
        answer = decide(held(active(records, now, booked)))
        if answer is None:
            raise NoHeadroomError(
                "it does not fit: a limit would be broken, with what is reserved already; ask for less or wait"
            )
        named = {_named(c) for c in changes} - {""}
        named -= {name for name, granted in booked(named).items() if granted}
        body = {
            "until": until.isoformat(),
            "changes": [_written(change) for change in changes],
            "new": sorted(named),
        }
        try:
            return journal.append(KIND, _subject(changes), body, author=author, expected=last), answer
        except JournalMovedError:
            continue


def release(journal: Journal, number: int, *, author: str, now: dt.datetime) -> Record:
    """Give back what a reservation holds; ``OptionError`` where none of that number does."""
    while True:
        records = journal.records()
        known = {r.number: r for r in active(records, now)}
        if number not in known:
            raise OptionError(f"no reservation {number} holds anything: see konzern reservations")
        last = records[-1].number
        try:
            return journal.append(
                KIND, known[number].subject, {"releases": number}, author=author, expected=last
            )
        except JournalMovedError:
            continue


def _named(change: Proposal) -> str:
    """The facility or guarantee that a change names, empty for other changes."""
    return change.text("facility_id") or change.text("guarantee_id")


def _subject(changes: Sequence[Proposal]) -> str:
    """Whom a reservation is about: the obligor, guarantor or owner of its last change."""
    last = changes[-1]
    names = (last.text(n) for n in ("obligor_id", "guarantor_id", "owner_id", "party_id"))
    return next((name for name in names if name), "")


def _written(change: Proposal) -> dict[str, Any]:
    """A change as JSON holds it."""
    values = {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in change.values.items()}
    return {"kind": change.kind, "values": values}


def _read(change: Mapping[str, Any]) -> Proposal:
    """A change from JSON."""
    dates = {c.name for c in PROPOSALS[change["kind"]] if c.kind is DATE}
    values = {
        k: dt.date.fromisoformat(v) if k in dates and v is not None else v
        for k, v in change["values"].items()
    }
    return Proposal(change["kind"], values)
