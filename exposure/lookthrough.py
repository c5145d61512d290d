"""Look-through (穿透): the part of a claim on a vehicle that is in truth a claim on what the vehicle holds.

Underlyings from the pack's share of the lender's Tier 1 on are claims on those parties, smaller ones stay
with the vehicle, unidentified ones are claims on the one party ``(unknown)``. (LEX30, Delegated Regulation
1187/2014, 2018 No. 1; rulebook 29, 39, 46.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.rulepack import RulePack, Threshold
from graph.errors import RangeError
from graph.model import INT64_MAX, SHARE
from graph.money import NULL, split, total
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

UNKNOWN: Final = -1
"""Number of the party that unidentified underlyings form."""
UNKNOWN_ID: Final = "(unknown)"
_ALWAYS: Final = -1
_SUM: Final = "the sum of underlyings"


@dataclass(frozen=True)
class Pieces:
    """What is looked through: ``amount`` (base minor units) of a facility's gross is a claim on ``party``.

    In the order of facilities, then of party ids; every amount is above 0, or NULL where it hangs on a gross or an
    underlying amount that is not known (a party may have both of one facility). Party -1 is ``(unknown)``.
    """

    facility: Int32
    party: Int32
    amount: Int64


def unknown_place(snapshot: Snapshot) -> int:
    """How many party ids come before ``(unknown)`` in the order of ids."""
    less = pc.less(snapshot.party_ids, pa.scalar(UNKNOWN_ID, pa.string()))
    return int(pc.sum(less).as_py() or 0)


def tier1(snapshot: Snapshot) -> list[int | None]:
    """Tier 1 that each lender's look-through line is taken of, in base minor units.

    Its own, else the consolidated or else the solo one of the nearest lender above it; None if none is known.
    """
    own, consolidated = (snapshot.in_base("lenders", c).tolist() for c in ("tier1", "tier1_consolidated"))
    parent = snapshot.tables["lenders"]["parent_id"].tolist()
    found: list[int | None] = []
    for lender, solo in enumerate(own):
        value, above, passed = solo, parent[lender], {lender}
        while value == NULL and above >= 0 and above not in passed:
            passed.add(above)
            value = consolidated[above] if consolidated[above] != NULL else own[above]
            above = parent[above]
        found.append(None if value == NULL else value)
    return found


def pieces(snapshot: Snapshot, pack: RulePack, lender: Int32, gross: Int64, counted: Bool) -> Pieces:
    """The pieces of each counted facility's ``gross`` (int64, NULL unknown) that are looked through.

    Underlyings that add up to more than the gross are scaled down to it; the line is compared with the exact
    scaled amount, so that no rounding decides. An unknown amount scales nothing. Raises ``RangeError`` where amounts
    leave 64 bits.
    """
    line = pack.threshold("look_through", "line")
    (facility, party, amount), lacking = _held(snapshot, gross, counted)
    if line is None or not len(facility) + len(lacking.facility):
        return Pieces(facility[:0], party[:0], amount[:0])
    starts = np.flatnonzero(np.append(True, facility[1:] != facility[:-1])[: len(facility)])
    sums = np.add.reduceat(amount, starts) if len(starts) else amount
    rows = facility[starts]
    capital = [*tier1(snapshot), None]  # an unknown lender, -1, has none
    cut = np.array([_cut(line, t) for t in capital], np.int64)
    through = (party == UNKNOWN) | (amount >= cut[lender[facility]])
    ends = np.append(starts[1:], len(facility))
    able = np.logical_or.reduceat(through, starts) if len(starts) else through
    # scaling down brings nothing up to the line
    for k in np.flatnonzero(able & (gross[rows] != NULL) & (sums > gross[rows])).tolist():
        low, high, whole = int(starts[k]), int(ends[k]), int(gross[rows[k]])
        weights = amount[low:high].tolist()
        base = capital[lender[rows[k]]]
        met = [base is None or line.met(w * whole, base * int(sums[k])) for w in weights]
        through[low:high] = (party[low:high] == UNKNOWN) | met
        amount[low:high] = split(whole, weights)
    kept = through & (amount > 0)
    amount[gross[facility] == NULL] = NULL
    return _ordered(snapshot, Pieces(facility[kept], party[kept], amount[kept]), lacking)


def _held(snapshot: Snapshot, gross: Int64, counted: Bool) -> tuple[tuple[Int32, Int32, Int64], Pieces]:
    """Underlyings of counted facilities, a row a facility and party, in their order; apart those of unknown amount.

    Nothing is held in a facility with a gross of 0.
    """
    rows = snapshot.tables["underlyings"]
    facility, party = rows["facility_id"], rows["party_id"]
    amount = snapshot.in_base("underlyings", "amount")
    usable = np.flatnonzero(np.append(counted & (gross != 0), np.False_)[facility])
    facility, party, amount = facility[usable], party[usable], amount[usable]
    blank = amount == NULL
    if total(amount) > INT64_MAX:
        raise RangeError(_SUM)
    order = np.lexsort((places_by_id(snapshot)[party], facility))
    told, blank = order[~blank[order]], order[blank[order]]
    starts = _first(facility[told], party[told])
    added = np.add.reduceat(amount[told], starts) if len(starts) else amount[:0]
    chosen = told[starts]
    apart = blank[_first(facility[blank], party[blank])]
    return (
        (facility[chosen].astype(np.int32), party[chosen].astype(np.int32), added),
        Pieces(facility[apart].astype(np.int32), party[apart].astype(np.int32), amount[apart]),
    )


def _first(facility: Int32, party: Int32) -> Int64:
    """Places of the first row of each facility and party, rows of one of them being together."""
    new = (facility[1:] != facility[:-1]) | (party[1:] != party[:-1])
    return np.flatnonzero(np.append(True, new)[: len(facility)])


def places_by_id(snapshot: Snapshot) -> Int64:
    """Place of each party in the order of ids, the last entry, which -1 finds, that of ``(unknown)``: int64."""
    return np.append(2 * snapshot.party_rank.astype(np.int64) + 1, 2 * unknown_place(snapshot))


def _ordered(snapshot: Snapshot, *parts: Pieces) -> Pieces:
    """The pieces of several lists in the order of facilities, then of party ids, then as listed."""
    facility, party, amount = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("facility", "party", "amount")
    )
    order = np.lexsort((places_by_id(snapshot)[party], facility))
    return Pieces(facility[order], party[order], amount[order])


def _cut(line: Threshold, capital: int | None) -> int:
    """Smallest whole amount that is on the right side of the line; -1 where every amount is."""
    if capital is None:
        return _ALWAYS
    exact = line.line * capital
    least = -(-exact // SHARE.scale) if line.on_the_line else exact // SHARE.scale + 1
    return min(least, INT64_MAX)
