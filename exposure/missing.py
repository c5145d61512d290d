"""Missing data (数据缺失): between which figures an answer lies while facts are unknown, and what to confirm first.

An exposure with unknown amounts lies between what is known, with each unknown amount at its least, and the same with
each at its most: an unknown drawn amount lies between nothing and the limit, an unknown limit is at least what is
drawn and at most anything, as is an amount without a rate; the headroom of an umbrella is what these make of it. A
share lies where ``exposure.ownership`` says. With each interval go the ``SHOWN`` facts whose confirmation narrows it
most: amounts that leave it open first, then the widest.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.aggregate import ALL, GroupTotals, PartyTotals
from exposure.facilities import Facilities
from exposure.groups import Groups
from exposure.lines import Lines, facilities_of
from exposure.ownership.confirmed import TRIALS, Facts
from exposure.ownership.integrated import LINES, Ownership
from exposure.results import ID, IDS, MODEL, MONEY, constant, decimals, result
from exposure.valuation import matured
from exposure.whatif.ties import Ties
from graph.model import SHARE
from graph.money import NULL, portion

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

_EPOCH: Final = dt.date(1970, 1, 1)
SHOWN: Final = 3
"""Facts that are named with an interval."""
MOST: Final = 2_000
"""Subjects with unknown amounts that are told, those with the largest known exposure."""
_LEAST: Final = 1e-9
"""An interval of shares that is narrower is rounding."""


@dataclass(frozen=True)
class Unknown:
    """One unknown fact: where it stands, and between which amounts what hangs on it lies (None = open)."""

    fact: str
    low: int
    high: int | None


@dataclass(frozen=True)
class Interval:
    """What is known of one figure: from ``low`` to ``high`` (None = open), and the facts to confirm first.

    Amounts in base minor units, or shares where ``owned`` is named.
    """

    kind: str
    subject: str
    owned: str | None
    low: float
    high: float | None
    facts: tuple[str, ...]


def of_exposure(kind: str, subject: str, known: int, unknown: Sequence[Unknown]) -> Interval:
    """The interval of an exposure of which an amount is known and the rest lies between bounds."""
    together: dict[str, list[Unknown]] = {}
    for one in unknown:
        together.setdefault(one.fact, []).append(one)
    low = known + sum(u.low for u in unknown)
    open_ = any(u.high is None for u in unknown)
    high = None if open_ else known + sum(u.high or 0 for u in unknown)

    def weight(fact: str) -> tuple[int, int, str]:
        rows = together[fact]
        widths = [u.high - u.low for u in rows if u.high is not None]
        return -(len(rows) - len(widths)), -sum(widths), fact

    return Interval(kind, subject, None, low, high, tuple(sorted(together, key=weight)[:SHOWN]))


def unknowns(held: Facilities, facilities: Iterable[int]) -> list[Unknown]:
    """What is unknown of facilities without a gross, and between which amounts each lies."""
    found = []
    rows, day = held.snapshot.tables["facilities"], _day(held)
    over, future = matured(rows, day), rows["start_date"] > day
    for f in facilities:
        limit, drawn = int(held.limit[f]), int(held.drawn[f])
        if drawn != NULL:
            low, high = _converted(held, drawn, f) if future[f] else drawn, None
        elif limit == NULL:
            low, high = 0, None
        else:
            shared = held.umbrellas.line_of[f] >= 0
            low, high = 0 if shared or over[f] else _converted(held, limit, f), limit
        found.append(Unknown(_fact(held, f), low, high))
    return found


def _converted(held: Facilities, amount: int, f: int) -> int:
    """An amount of a facility at its conversion factor."""
    return int(portion(np.array([amount], np.int64), held.ccf[f : f + 1])[0])


def _day(held: Facilities) -> int:
    """The as-of date as days since 1970."""
    return (held.snapshot.as_of - _EPOCH).days


def headrooms(held: Facilities, lines: Lines) -> Iterator[Unknown]:
    """What is unknown of the headroom of umbrellas whose line is among these, and between which amounts it lies.

    A group owes the more the more its members have drawn and may draw, and the less others have drawn under the same
    umbrella. So the least is where every unknown amount is at the end that makes it least. From there one fact after
    the other, in the order of their names, is put at its other end; each has what it adds to the headroom or takes.
    """
    inside = set(lines.facility.tolist())
    over = matured(held.snapshot.tables["facilities"], _day(held)) & (held.drawn == NULL)
    for number in lines.umbrella[(lines.umbrella >= 0) & (lines.gross == NULL)].tolist():
        line = int(np.searchsorted(held.umbrellas.number, number))
        ends: dict[str, list[tuple[int, Room]]] = {}
        room: dict[int, Room] = {}
        members = np.flatnonzero(held.umbrellas.line_of == line).tolist()
        for f in members:
            room[f], most = _rooms(int(held.limit[f]), int(held.drawn[f]), inside=f in inside)
            if over[f] and f in inside:
                room[f] = 0, 0  # undrawn it would not count
            if held.gross[f] == NULL or room[f] != most:
                ends.setdefault(_fact(held, f), []).append((f, most))
        own = int(held.umbrellas.limit[line])
        room[-1] = 0, own if own != NULL else 0
        if own == NULL:
            name = held.snapshot.tables["umbrellas"].text("umbrella_id")[number].as_py()
            told = _rateless(held, "umbrellas", number, name) or f"umbrellas {name} limit"
            ends.setdefault(told, []).append((-1, (0, math.inf)))
        before, least = _headroom(room, int(held.umbrellas.ccf[line])), True
        gone = all(over[f] for f in members if f in inside)  # then nobody of the group may be under it
        for fact in sorted(ends):
            room |= dict(ends[fact])
            after = _headroom(room, int(held.umbrellas.ccf[line]))
            low = before if least else 0
            high = None if math.isinf(after) else int(low + after - before)
            yield Unknown(fact, 0 if gone else int(low), high)
            before, least = after, False
            if math.isinf(after):
                break


Room = tuple[float, float]
"""What is drawn of a facility and what is not, minor units (inf = open); of the umbrella itself 0 and its limit."""


def _rooms(limit: int, drawn: int, *, inside: bool) -> tuple[Room, Room]:
    """What is drawn and undrawn of a facility where its group owes least, and where it owes most."""
    if drawn != NULL:
        return (drawn, 0 if limit == NULL else max(limit - drawn, 0)), (
            drawn, math.inf if limit == NULL else max(limit - drawn, 0),
        )  # fmt: skip
    most = math.inf if limit == NULL else limit
    empty, full = (0, most), (most, 0)
    if inside:
        return ((0, 0), empty) if limit == NULL else (empty, full)
    return full, empty


def _headroom(room: Mapping[int, Room], ccf: int) -> float:
    """The line of an umbrella: max(0, min(limit - drawn, undrawn)) x CCF, minor units, inf where nothing bounds it."""
    members = [r for f, r in room.items() if f >= 0]
    used, free, limit = sum(d for d, _ in members), sum(u for _, u in members), room[-1][1]
    left = 0.0 if math.isinf(used) else max(min(limit - used, free), 0)
    if math.isinf(left):
        return left if ccf else 0.0
    return int(portion(np.array([left], np.int64), np.array([ccf], np.int64))[0])


def _fact(held: Facilities, f: int) -> str:
    """What is not known of a facility without a limit or a drawn amount."""
    name = held.snapshot.tables["facilities"].text("facility_id")[f].as_py()
    blank = [
        column for column, amount in (("limit", held.limit[f]), ("drawn", held.drawn[f])) if amount == NULL
    ]
    return _rateless(held, "facilities", f, name) or f"facilities {name} {', '.join(blank)}"


def _rateless(held: Facilities, table: str, row: int, name: str) -> str | None:
    """The rate or currency that an amount of a row needs and the book does not have; None where it has both."""
    fx, code = held.snapshot.fx, int(held.snapshot.tables[table]["currency"][row])
    if code >= 0 and fx.numerator[code]:
        return None
    return f"fx {fx.currencies[code]}" if code >= 0 else f"{table} {name} currency"


def exposures(parties: PartyTotals, groups: Groups, totals: GroupTotals) -> list[Interval]:
    """Intervals of what parties and groups owe all lenders, where an amount is unknown."""
    held, snapshot = parties.held, parties.held.snapshot
    made: list[Interval] = []
    own = np.flatnonzero((parties.lender == ALL) & (parties.party >= 0) & (parties.unknown > 0))
    for row in own[np.argsort(-parties.gross[own], kind="stable")].tolist():
        if len(made) == MOST:
            break
        lines = facilities_of(held, parties.party[row : row + 1], umbrellas=False)
        blank = lines.facility[(lines.gross == NULL) & (lines.facility >= 0)].tolist()
        if blank:
            name = snapshot.party_ids[int(parties.party[row])].as_py()
            made.append(of_exposure("party", name, int(parties.gross[row]), unknowns(held, blank)))
    whole = np.flatnonzero(totals.lender == ALL)
    wanted = np.flatnonzero(totals.unknown[whole] > 0)
    for g in wanted[np.argsort(-totals.gross[whole][wanted], kind="stable")][:MOST].tolist():
        lines = facilities_of(held, groups.members[groups.ptr[g] : groups.ptr[g + 1]])
        blank = lines.facility[(lines.gross == NULL) & (lines.facility >= 0)].tolist()
        unknown = [*unknowns(held, blank), *headrooms(held, lines)]
        made.append(of_exposure("group", groups.names[g], int(totals.gross[whole[g]]), unknown))
    return made


def shares(ownership: Ownership) -> list[Interval]:
    """Intervals of the listed shares that may or may not reach a line of the law, with the facts behind them."""
    snapshot = ownership.snapshot
    low, high = ownership.lower, np.nan_to_num(ownership.upper, nan=np.inf)
    lines = [line / SHARE.scale for line in LINES]
    open_ = np.any([(low < line) & (high >= line) for line in lines], axis=0) & (high - low > _LEAST)
    places = np.flatnonzero(open_ & (ownership.owner != ownership.owned))
    names, ties, trials = snapshot.party_ids, Ties(snapshot), TRIALS
    made = []
    for company in np.unique(ownership.owned[places]).tolist():
        facts = Facts(ownership, ties, company)
        for row in places[ownership.owned[places] == company].tolist():
            owner = int(ownership.owner[row])
            pair = names[owner].as_py(), names[company].as_py()
            top = None if np.isinf(high[row]) else float(high[row])
            exact = facts.trials <= trials
            trials -= facts.trials if exact else 0
            first = facts.of(owner, SHOWN, exact=exact)
            made.append(Interval("share", *pair, float(low[row]), top, first))
    rank = snapshot.party_rank
    number = snapshot.number_of
    return sorted(made, key=lambda i: (rank[number[i.subject]], rank[number[i.owned or ""]]))


def table(found: Sequence[Interval], base: str) -> pa.Table:
    """The ``missing`` result: exposures by kind and id, then shares by owner and company."""
    amount = [i.owned is None for i in found]

    def money(values: Sequence[float | None]) -> pa.Array:
        units = [NULL if v is None or not a else int(v) for v, a in zip(values, amount, strict=True)]
        return decimals(np.array(units, np.int64), MONEY)

    def share(values: Sequence[float | None]) -> pa.Array:
        return pa.array([None if a else v for v, a in zip(values, amount, strict=True)], MODEL)

    low, high = [i.low for i in found], [i.high for i in found]
    made = result(
        "missing",
        kind=pa.array([i.kind for i in found], ID),
        subject_id=pa.array([i.subject for i in found], ID),
        owned_id=pa.array([i.owned for i in found], ID),
        lower=money(low),
        upper=money(high),
        lower_share=share(low),
        upper_share=share(high),
        facts=pa.array([list(i.facts) for i in found], IDS),
        currency=constant(base, len(found)),
    )
    return made.sort_by([("kind", "ascending"), ("subject_id", "ascending"), ("owned_id", "ascending")])
