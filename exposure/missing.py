"""Missing data (数据缺失): between which figures an answer lies while facts are unknown, and what to confirm first.

An exposure with unknown amounts lies between what is known, with each unknown amount at its least, and the same with
each at its most: an unknown drawn amount lies between nothing and the limit, an unknown limit is at least what is
drawn and at most anything, as is an amount without a rate. A share lies where ``exposure.ownership`` says. With each
interval go the ``SHOWN`` facts whose confirmation narrows it most: amounts that leave it open first, then the widest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.aggregate import ALL, GroupTotals, PartyTotals
from exposure.facilities import Facilities
from exposure.groups import Groups
from exposure.lines import facilities_of
from exposure.ownership.bands import banded, bands
from exposure.ownership.integrated import LINES, Ownership
from exposure.ownership.registers import rest
from exposure.results import ID, IDS, MODEL, MONEY, constant, decimals, result
from graph.model import SHARE
from graph.money import NULL, portion

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

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
    snapshot = held.snapshot
    rows = snapshot.tables["facilities"]
    names, currencies = rows.text("facility_id"), snapshot.fx.currencies
    found = []
    for f in facilities:
        name = names[f].as_py()
        code = int(rows["currency"][f])
        if code < 0 or not snapshot.fx.numerator[code]:
            told = f"fx {currencies[code]}" if code >= 0 else f"facilities {name} currency"
            found.append(Unknown(told, 0, None))
            continue
        limit, drawn = int(held.limit[f]), int(held.drawn[f])
        shared = held.umbrellas.line_of[f] >= 0
        if drawn == NULL and limit != NULL:
            least = 0 if shared else int(portion(held.limit[f : f + 1], held.ccf[f : f + 1])[0])
            found.append(Unknown(f"facilities {name} drawn", least, limit))
        elif drawn == NULL:
            found.append(Unknown(f"facilities {name} limit, drawn", 0, None))
        else:
            found.append(Unknown(f"facilities {name} limit", drawn, None))
    return found


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
        made.append(of_exposure("group", groups.names[g], int(totals.gross[whole[g]]), unknowns(held, blank)))
    return made


def shares(ownership: Ownership) -> list[Interval]:
    """Intervals of the listed shares that may or may not reach a line of the law, with the facts behind them."""
    snapshot, walks = ownership.snapshot, ownership.walks
    low, high = ownership.lower, ownership.upper
    lines = [line / SHARE.scale for line in LINES]
    open_ = np.any([(low < line) & (high >= line) for line in lines], axis=0) & (high - low > _LEAST)
    places = np.flatnonzero(open_ & (ownership.owner != ownership.owned))
    names = snapshot.party_ids
    made = []
    for company in np.unique(ownership.owned[places]).tolist():
        unit = np.zeros((walks.n, 1))
        unit[walks.place[company]] = 1.0
        below = walks.upward(unit)[walks.place, 0]
        for row in places[ownership.owned[places] == company].tolist():
            owner = int(ownership.owner[row])
            pair = names[owner].as_py(), names[company].as_py()
            facts = _behind(ownership, owner, np.nan_to_num(below))
            made.append(Interval("share", *pair, float(low[row]), float(high[row]), facts))
    rank = snapshot.party_rank
    number = snapshot.number_of
    return sorted(made, key=lambda i: (rank[number[i.subject]], rank[number[i.owned or ""]]))


def _behind(ownership: Ownership, owner: int, below: Float64) -> tuple[str, ...]:
    """Facts that leave a share open: ``below`` float64 (n,) is what each company passes on to the one in question.

    A band is as wide as it is, times what the owner has of the holder; an open register all that may be the owner's.
    """
    snapshot, walks = ownership.snapshot, ownership.walks
    names = snapshot.party_ids
    held = bands(snapshot)
    left = rest(snapshot) if held is None else held.rest / SHARE.scale
    found = [
        (float(left[z] * below[z]), f"register {names[z].as_py()}")
        for z in np.flatnonzero(left * below).tolist()
    ]
    if held is not None:
        unit = np.zeros((walks.n, 1))
        unit[walks.place[owner]] = 1.0
        of_owner = np.nan_to_num(walks.downward(unit)[walks.place, 0], posinf=0.0)
        rows = snapshot.tables["ownership"]
        for i in np.flatnonzero(banded(snapshot)).tolist():
            h, z = int(rows["owner_id"][i]), int(rows["owned_id"][i])
            low = 0 if rows["share_min"][i] == NULL else int(rows["share_min"][i])
            high = SHARE.scale if rows["share_max"][i] == NULL else int(rows["share_max"][i])
            width = (high - low) / SHARE.scale * float(of_owner[h] * below[z])
            if width > 0:
                found.append((width, f"ownership {names[h].as_py()} {names[z].as_py()}"))
    return tuple(fact for _, fact in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:SHOWN])


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
