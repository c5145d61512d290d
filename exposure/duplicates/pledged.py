"""Pledged assets (抵质押物) that secure more than they are worth (重复抵押)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.batches import MOST_ROWS, Batch, Sources, few, shorten, shown, single
from exposure.facilities import Facilities
from exposure.guarantees.promises import kept_for
from exposure.mitigation.steps import picked
from exposure.results import ids
from graph.csr import Csr
from graph.money import NULL
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def assets(snapshot: Snapshot) -> tuple[Int32, pa.Array]:
    """The asset of each collateral as a number, and their names: the registry's if there is one, else the id."""
    rows = snapshot.tables["collateral"]
    if "registry_ref" not in rows:
        return np.arange(len(rows), dtype=np.int32), rows.text("collateral_id")
    registry = pc.utf8_trim_whitespace(rows.text("registry_ref"))
    named = pc.fill_null(pc.not_equal(registry, ""), False)  # noqa: FBT003 (a value, not a flag)
    own = rows.text("collateral_id")
    key = pc.if_else(
        named, pc.binary_join_element_wise("R", registry, ""), pc.binary_join_element_wise("C", own, "")
    )
    coded = key.dictionary_encode()
    names = pc.utf8_slice_codeunits(coded.dictionary, 1)
    return np.asarray(coded.indices, np.int32), names


@dataclass(frozen=True)
class Excess:
    """Assets (by number) that are ``pledged`` beyond their ``value``, int64; and their pledges as CSR.

    Those of asset i are ``ptr[i]:ptr[i + 1]``, with the ``facility`` (int32) and the row of the ``pledge``.
    """

    asset: Int64
    pledged: Int64
    value: Int64
    ptr: Int64
    facility: Int32
    pledge: Int64

    @classmethod
    def of(cls, held: Facilities, asset: Int32, many: int) -> Excess:
        """Compare the pledges of each of many assets with its value, the lowest among its ids."""
        value = np.full(many, np.iinfo(np.int64).max, np.int64)
        worth = held.snapshot.in_base("collateral", "value")
        np.minimum.at(value, asset[worth != NULL], worth[worth != NULL])
        pledge, of, facility, amount = pledges(held, asset)
        running = np.concatenate([[0], np.cumsum(amount)])
        ends = np.searchsorted(of, np.arange(many + 1))
        pledged = np.asarray(running[ends[1:]] - running[ends[:-1]], np.int64)
        over = np.flatnonzero((pledged > value) & (value < np.iinfo(np.int64).max))
        short, at = picked(ends, over)
        return cls(over, pledged[over], value[over], short, facility[at], pledge[at])

    @property
    def amount(self) -> Int64:
        """What is pledged beyond the value."""
        return self.pledged - self.value


def findings(held: Facilities) -> Batch:
    """``collateral_over_pledged``: what an asset is pledged for beyond its value, the lowest among its ids.

    A pledge without an amount is for the drawn debt. An asset that secures one facility under several ids does
    so once, with the largest amount. Pledges and values that are not known are left out.
    """
    snapshot = held.snapshot
    asset, names = assets(snapshot)
    over = Excess.of(held, asset, len(names))
    path = pc.binary_join_element_wise(
        ids(snapshot.tables["lenders"].text("lender_id"), held.lender[over.facility]),
        ids(snapshot.tables["facilities"].text("facility_id"), over.facility),
        names.take(pa.array(np.repeat(over.asset, np.diff(over.ptr)))),
        " > ",
    )
    figures = {
        "pledged": shown(over.pledged, snapshot),
        "value": shown(over.value, snapshot),
        "path": few(over.ptr, path),
    }
    facts = _facts(snapshot, over.ptr, over.pledge)
    subjects = single(names.take(pa.array(over.asset)))
    return Batch("collateral_over_pledged", subjects, over.amount, facts, "", figures)


def pledges(held: Facilities, asset: Int32, *, known: bool = True) -> tuple[Int64, Int32, Int32, Int64]:
    """Pledges for counted facilities, one an asset and facility: row, asset, facility, amount; by asset.

    It is the one of the largest amount, of equal ones the one of the first rank, then of the smallest id. Those of
    unknown amount are left out, or, unless ``known``, are there with NULL.
    """
    snapshot = held.snapshot
    rows = snapshot.tables["pledges"]
    facility = np.append(kept_for(held), -1)[rows["facility_id"]]
    drawn = np.append(held.drawn, NULL)[facility]
    amount = np.where(rows["amount"] == NULL, drawn, snapshot.in_base("pledges", "amount"))
    row = np.flatnonzero((rows["collateral_id"] >= 0) & (facility >= 0) & ((amount != NULL) | (not known)))
    of, facility, amount = asset[rows["collateral_id"][row]], facility[row], amount[row]
    order = Csr.of(facility, len(held)).rows
    order = order[Csr.of(of[order], int(asset.max(initial=-1)) + 1).rows]
    of, facility, amount = of[order], facility[order], amount[order]
    new = np.append(True, (np.diff(of) != 0) | (np.diff(facility) != 0))[: len(of)]
    start = np.flatnonzero(new)
    most = np.maximum.reduceat(amount, start) if len(start) else amount
    best = np.flatnonzero(amount == np.repeat(most, np.diff(np.append(start, len(of)))))
    group = np.searchsorted(start, best, "right")
    if len(best) > len(start):
        best = best[_preferred(snapshot, row[order[best]], group)]
    first = best[np.searchsorted(group, np.arange(1, len(start) + 1))]
    return row[order[first]], of[first], facility[first], amount[first]


def _preferred(snapshot: Snapshot, row: Int64, group: Int64) -> Int64:
    """Pledges (by row of the table) in the order of their group, rank and collateral id: places, int64."""
    rows = snapshot.tables["pledges"]
    name = snapshot.tables["collateral"].rank[rows["collateral_id"][row]]
    rank = np.where(rows["rank"][row] == NULL, np.iinfo(np.int64).max, rows["rank"][row])
    return np.lexsort((name, rank, group))


def _facts(snapshot: Snapshot, ptr: Int64, pledge: Int64) -> Sources:
    """Each pledge and the collateral that it is of, the first ``MOST_ROWS`` pledges of each finding."""
    short, kept = shorten(ptr, pledge, MOST_ROWS)
    rows = snapshot.tables["pledges"]
    item = rows["collateral_id"][kept]
    both = np.stack([rows.row[kept], snapshot.tables["collateral"].row[item]], axis=1).ravel()
    table = np.tile(np.array([0, 1], np.int8), len(kept))
    return Sources(("pledges", "collateral"), 2 * short, table, both.astype(np.int64))
