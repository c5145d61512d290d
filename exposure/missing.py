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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.aggregate import ALL, GroupTotals, PartyTotals
from exposure.facilities import Facilities
from exposure.groups import Groups
from exposure.lines import Lines, facilities_of
from exposure.lookthrough import UNKNOWN_ID
from exposure.ownership.confirmed import TRIALS, Facts
from exposure.ownership.integrated import LINES, Ownership
from exposure.results import ID, IDS, MODEL, MONEY, constant, decimals, result
from exposure.valuation import matured
from exposure.whatif.ties import Ties
from graph.csr import Csr
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


class Gaps:
    """What is unknown of facilities, and between which amounts it lies."""

    def __init__(self, held: Facilities) -> None:
        """Take the facilities; what tells about all of them is worked out once."""
        rows, day = held.snapshot.tables["facilities"], _day(held)
        self._held = held
        self._matured, self._future = matured(rows, day), rows["start_date"] > day
        self._parts = held.snapshot.tables["underlyings"]
        self._amount = held.snapshot.in_base("underlyings", "amount")
        self._by = Csr.of(self._parts["facility_id"], len(held))

    def of(self, lines: Lines, parties: Int32) -> list[Unknown]:
        """What is unknown of the lines of these parties that have no gross."""
        found: list[Unknown] = []
        for f in lines.facility[(lines.gross == NULL) & (lines.facility >= 0)].tolist():
            open_ = self._held.gross[f] == NULL
            low, high = self._gross(f) if open_ else (int(self._held.gross[f]),) * 2
            facts = [_fact(self._held, f)] if open_ else []
            if len(self._by[f]):
                known = sum(lines.gross[(lines.facility == f) & (lines.gross != NULL)].tolist())
                least, most = self._part(f, (low, high), set(parties.tolist()))
                low, high = least - known, None if most is None else most - known
                facts += self._lacking(f)
            if (low, high) != (0, 0):
                found += [Unknown(facts[0], low, high), *(Unknown(fact, 0, 0) for fact in facts[1:])]
        return found

    def _gross(self, f: int) -> tuple[int, int | None]:
        """Between which amounts the gross of a facility lies that is not known (None = open)."""
        held = self._held
        limit, drawn = int(held.limit[f]), int(held.drawn[f])
        if drawn != NULL:
            return _converted(held, drawn, f) if self._future[f] else drawn, None
        if limit == NULL:
            return 0, None
        spared = held.umbrellas.line_of[f] >= 0 or self._matured[f]
        return 0 if spared else _converted(held, limit, f), limit

    def _lacking(self, f: int) -> list[str]:
        """The unknown amounts of what a facility holds."""
        held, found = self._held, set()
        facility = held.snapshot.tables["facilities"].text("facility_id")[f].as_py()
        for row in self._by[f].tolist():
            if self._amount[row] == NULL:
                party = int(self._parts["party_id"][row])
                name = f"{facility} {UNKNOWN_ID if party < 0 else held.snapshot.party_ids[party].as_py()}"
                found.add(_rateless(held, "underlyings", row, name) or f"underlyings {name} amount")
        return sorted(found)

    def _part(self, f: int, gross: tuple[int, int | None], inside: set[int]) -> tuple[int, int | None]:
        """Between which amounts the part of a facility lies that parties owe, given where its gross lies.

        What is looked through is at most what the vehicle holds of a party, and less where that is scaled down to
        the gross; the obligor owes the rest.
        """
        low, high = gross
        claims, rows = self._held.claims, self._by[f]
        main = int(np.searchsorted(claims.facility[: claims.main], f))
        first, last = claims.main + np.searchsorted(claims.facility[claims.main :], [f, f + 1])
        through = set(claims.party[first:last].tolist())
        party, amount = self._parts["party_id"][rows], self._amount[rows]
        blank = amount == NULL
        owing = {int(claims.party[main]), *claims.co_party[claims.co_claim == main].tolist()}
        obliged = bool(inside & owing)
        counted = np.isin(party, list(through - inside if obliged else through & inside))
        known = None if (counted & blank).any() else int(amount[counted].sum())
        if obliged:
            return 0 if known is None else max(low - known, 0), high
        sure = known is not None and not blank.any() and low >= int(amount.sum())
        most = min((m for m in (known, high) if m is not None), default=None)
        return known if known is not None and sure else 0, most


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
    own = np.flatnonzero((parties.lender == ALL) & (parties.unknown > 0))
    whole = np.flatnonzero(totals.lender == ALL)
    wanted = np.flatnonzero(totals.unknown[whole] > 0)
    if not len(own) + len(wanted):
        return []
    gaps, made = Gaps(held), list[Interval]()
    for row in own[np.argsort(-parties.gross[own], kind="stable")].tolist():
        if len(made) == MOST:
            break
        party = parties.party[row : row + 1]
        unknown = gaps.of(facilities_of(held, party, umbrellas=False), party)
        if unknown:
            name = UNKNOWN_ID if party[0] < 0 else snapshot.party_ids[int(party[0])].as_py()
            made.append(of_exposure("party", name, int(parties.gross[row]), unknown))
    for g in wanted[np.argsort(-totals.gross[whole][wanted], kind="stable")][:MOST].tolist():
        members = groups.members[groups.ptr[g] : groups.ptr[g + 1]]
        lines = facilities_of(held, members)
        unknown = [*gaps.of(lines, members), *headrooms(held, lines)]
        if unknown:
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
