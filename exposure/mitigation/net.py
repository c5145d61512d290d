"""Net totals (净敞口): what parties and groups owe after mitigation, beside what they owe before.

A party or group that owes a lender only what guarantees have moved to it has a row of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from exposure.aggregate import GroupTotals, PartyTotals, group_totals, party_totals
from exposure.facilities import Facilities
from exposure.kernels import rows as _kernels
from exposure.lookthrough import places_by_id
from exposure.mitigation.mitigation import Mitigation

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
_T = TypeVar("_T", np.int32, np.int64)


def net_parties(mitigation: Mitigation, totals: PartyTotals) -> tuple[PartyTotals, Int64]:
    """The totals with a row for whoever owes only what was moved, and the net of each row.

    Net is int64 base minor units; 0 in rows whose claims are all exempt or taken over by others.
    """
    if not mitigation.changes:
        return totals, totals.gross
    n = mitigation.held.snapshot.n
    after = party_totals(mitigation.net, np.zeros(n + 1, np.int64), np.zeros(0, np.int32))
    held = mitigation.held
    many, first, second = _union(_party_keys(held, totals), _party_keys(held, after))
    party, lender = np.empty(many, np.int32), np.empty(many, np.int32)
    for place, rows in ((first, totals), (second, after)):
        party[place], lender[place] = rows.party, rows.lender
    net = _placed(after.gross, second, many)
    del after, rows, place, second  # at a million parties some hundred megabytes
    columns: dict[str, Any] = {
        name: _placed(getattr(totals, name), first, many)
        for name in ("limit", "drawn", "gross", "controlled", "unknown")
    }
    return replace(totals, party=party, lender=lender, **columns), net


def net_groups(mitigation: Mitigation, totals: GroupTotals, members: Int32) -> tuple[GroupTotals, Int64]:
    """The same of groups, whose ``members`` int32 are those that the totals were made of."""
    if not mitigation.changes:
        return totals, totals.gross
    after = group_totals(mitigation.net, totals.ptr, members)
    held = mitigation.held
    before, own = (_keys(held, one.group.astype(np.int64), one.lender) for one in (totals, after))
    many, first, second = _union(before, own)
    group, lender = np.empty(many, np.int32), np.empty(many, np.int32)
    for place, rows in ((first, totals), (second, after)):
        group[place], lender[place] = rows.group, rows.lender
    columns: dict[str, Any] = {
        name: _placed(getattr(totals, name), first, many)
        for name in ("nominal_limit", "limit", "drawn", "gross", "unknown")
    }
    return replace(totals, group=group, lender=lender, **columns), _placed(after.gross, second, many)


def _party_keys(held: Facilities, totals: PartyTotals) -> Int64:
    """Place of each row in the order of party ids, then lenders."""
    return _keys(held, places_by_id(held.snapshot)[totals.party], totals.lender)


def _keys(held: Facilities, subject: Int64, lender: Int32) -> Int64:
    """Place of each row in the order of subjects, then lender ids, that of all lenders first."""
    lenders = held.ledger.lenders
    rank = np.zeros(len(lenders) + 1, np.int64)
    rank[lenders] = np.arange(1, len(lenders) + 1)
    return np.asarray(subject * (len(lenders) + 1) + rank[lender], np.int64)


def _union(first: Int64, second: Int64) -> tuple[int, Int64, Int64]:
    """How many keys there are of two ascending arrays, and the place among them of those of either kind."""
    at, of = np.empty(len(first), np.int64), np.empty(len(second), np.int64)
    return _kernels.merge(first, second, at, of), at, of


def _placed(values: npt.NDArray[_T], place: Int64, many: int) -> npt.NDArray[_T]:
    """Values at their places, 0 elsewhere."""
    out = np.zeros(many, values.dtype)
    out[place] = values
    return out
