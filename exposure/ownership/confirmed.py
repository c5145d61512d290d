"""What to confirm first (先核实): the facts that would narrow the interval of a share most, were they known.

A fact is a band, or the open rest of a register. With each at its one end and at its other end the interval is
computed again, by the same engine on what stands above the company; the fact counts with what the interval is narrower
on average. A rest belongs to the owner in question at its one end, and to nobody of the book at its other. Where that
would take too long, facts count to first order: with their width times what the company in question is passed on, a
band also times what the owner has of the holder, all at the upper ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.lookthrough import UNKNOWN_ID
from exposure.ownership.bands import Bands, banded, bands
from exposure.ownership.integrated import Ownership, ownership
from exposure.ownership.registers import rest
from exposure.ownership.walks import Walks
from exposure.whatif.ties import Ties, closure
from graph.excerpt import excerpt, proposed, replaced
from graph.model import SHARE
from graph.money import NULL
from graph.proposal import Proposal
from graph.snapshot import Snapshot

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

TRIALS: Final = 600
"""Intervals that are computed again in one book: a second or so."""
TRIED: Final = 12
"""Facts that are tried for one share: those of the most effect at the upper ends of all others."""
_LEAST: Final = 1e-9
"""An interval of shares that is narrower is rounding."""
_ENDS: Final = ("share", "share_min", "share_max")


@dataclass(frozen=True)
class Fact:
    """One open fact: the row of a band with its holder, or a register (-1 both); least and most, parts per 10^9.

    ``passed`` is the width times what the company in question is passed on of the one that it is about.
    """

    name: str
    row: int
    holder: int
    company: int
    low: int
    high: int
    passed: float


class Facts:
    """The facts above one company that may leave shares in it open."""

    def __init__(self, held: Ownership, ties: Ties, company: int) -> None:
        """Cut out what stands above the company, and somebody else to hold what is left of registers."""
        above = closure(np.array([company], np.int64), (("ownership", "owned_id", "owner_id"),), ties)
        chosen = {name: ties.structure(above)[name] for name in ("parties", "ownership")}
        self._place = {int(party): place for place, party in enumerate(chosen["parties"].tolist())}
        other = Proposal("party", {"party_id": UNKNOWN_ID, "name": UNKNOWN_ID, "kind": "company"})
        self._cut = proposed(excerpt(held.snapshot, chosen), [other])
        self._company = self._place[company]
        ends = bands(self._cut)
        self._walks = Walks.of(self._cut.stakes if ends is None else ends.most)
        unit = self._unit(self._company)
        self._facts = _named(self._cut, ends, self._walks.upward(unit, 1.0)[self._walks.place, 0])[:TRIED]

    def _unit(self, party: int) -> Float64:
        """1 for a party, 0 for the others: float64 (n, 1), by place."""
        unit = np.zeros((self._walks.n, 1))
        unit[self._walks.place[party]] = 1.0
        return unit

    @property
    def trials(self) -> int:
        """Intervals that have to be computed again for one share."""
        return 2 * len(self._facts) if len(self._facts) > 1 else 0

    def of(self, owner: int, most: int, *, exact: bool) -> tuple[str, ...]:
        """The facts that narrow the share of an owner most, the most effective first."""
        if len(self._facts) == 1:
            return (self._facts[0].name,)
        x = self._place[owner]
        found = self._tried(x) if exact else self._first_order(x)
        return tuple(name for by, name in sorted(found) if by < -_LEAST)[:most]

    def _first_order(self, x: int) -> list[tuple[float, str]]:
        """The effect of each fact on a share to first order, as a negative number, and its name."""
        own = np.nan_to_num(self._walks.downward(self._unit(x))[self._walks.place, 0], posinf=1.0)
        return [(-f.passed * (1.0 if f.row < 0 else float(own[f.holder])), f.name) for f in self._facts]

    def _tried(self, x: int) -> list[tuple[float, str]]:
        """By how much each fact narrows a share, as a negative number, and its name."""
        cut, whole = self._cut, _width(self._cut, x, self._company)
        found = []
        for fact in self._facts:
            ends = (
                [_held(cut, fact.row, end) for end in (fact.low, fact.high)]
                if fact.row >= 0
                else [_given(cut, party, fact.company, fact.high) for party in (cut.n - 1, x)]
            )
            narrower = whole - sum(_width(end, x, self._company) for end in ends) / 2
            found.append((-round(narrower, 12), fact.name))
        return found


def _named(snapshot: Snapshot, held: Bands | None, passed: Float64) -> list[Fact]:
    """The open facts of a book, by effect; ``passed`` float64 (n,) is what each company passes on."""
    names, rows = snapshot.party_ids, snapshot.tables["ownership"]
    left = np.rint(rest(snapshot) * SHARE.scale).astype(np.int64) if held is None else held.rest
    facts = [
        Fact(f"register {names[z].as_py()}", -1, -1, z, 0, int(left[z]), left[z] / SHARE.scale * passed[z])
        for z in np.flatnonzero(left).tolist()
    ]
    for i in np.flatnonzero(banded(snapshot)).tolist():
        h, z = int(rows["owner_id"][i]), int(rows["owned_id"][i])
        low = max(int(rows["share_min"][i]), 0)
        room = SHARE.scale - (int(snapshot.stakes.total_share[z]) - low)
        high = SHARE.scale if rows["share_max"][i] == NULL else int(rows["share_max"][i])
        high = max(low, min(high, room))
        name = f"ownership {names[h].as_py()} {names[z].as_py()}"
        facts.append(Fact(name, i, h, z, low, high, (high - low) / SHARE.scale * passed[z]))
    return sorted(facts, key=lambda fact: (-fact.passed, fact.name))


def _width(snapshot: Snapshot, owner: int, company: int) -> float:
    """How far the ends of a share are apart, within the whole; all of it where the share has no number.

    A share that a closed set leaves without a number is listed only where it is a stake too.
    """
    held = ownership(snapshot, min_share=0)
    at = np.flatnonzero((held.owner == owner) & (held.owned == company))
    if not len(at) or np.isnan(held.lower[at[0]]):
        return 1.0
    low, high = float(held.lower[at[0]]), float(held.upper[at[0]])
    return max(min(1.0 if np.isnan(high) else high, 1.0) - min(low, 1.0), 0.0)


def _held(snapshot: Snapshot, row: int, share: int) -> Snapshot:
    """The snapshot with one holding of a known size."""
    rows = snapshot.tables["ownership"]
    numbers = {name: rows[name].copy() for name in _ENDS}
    for name, value in zip(_ENDS, (share, NULL, NULL), strict=True):
        numbers[name][row] = value
    return replaced(snapshot, "ownership", numbers)


def _given(snapshot: Snapshot, owner: int, company: int, share: int) -> Snapshot:
    """The snapshot with so much more of a company in one hand."""
    rows = snapshot.tables["ownership"]
    own = np.flatnonzero((rows["owner_id"] == owner) & (rows["owned_id"] == company))
    if not len(own):
        owner_id, owned_id = (snapshot.party_ids[party].as_py() for party in (owner, company))
        stake = {"owner_id": owner_id, "owned_id": owned_id, "share": share}
        return proposed(snapshot, [Proposal("stake", stake)])
    numbers, row = {name: rows[name].copy() for name in _ENDS}, own[0]
    told, low, high = (int(numbers[name][row]) for name in _ENDS)
    if told == NULL and not low == high == NULL:
        numbers["share_min"][row] = max(low, 0) + share
        numbers["share_max"][row] = SHARE.scale if high == NULL else min(high + share, SHARE.scale)
    else:
        numbers["share"][row] = max(told, 0) + share
    return replaced(snapshot, "ownership", numbers)
