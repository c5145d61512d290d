"""What counts twice in groups and behind guarantees: promises, net assets, capital.

``guarantee_double_count`` (a member's debt and another member's guarantee for it), ``guarantor_reused`` (net assets
behind more than they are worth), ``guarantee_swap`` (A for B and B for A), ``double_gearing`` (capital counted at
each tier). (rulebook 66, 71, 72, 89.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.batches import Batch, Sources, few, lists, shown, single
from exposure.groups import Groups
from exposure.guarantees.guarantors import Guarantees
from exposure.guarantees.promises import Promises
from exposure.guarantees.rings import Rings
from exposure.kernels import duplicates as _kernels
from exposure.results import ids
from graph.csr import Csr
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def findings(held: Guarantees, circles: Rings, groups: Sequence[Groups]) -> list[Batch]:
    """Every finding of this kind; ``groups`` are those of each pack."""
    of_groups = [f(held, of_pack) for of_pack in groups for f in (debt_and_promise, tiers)]
    return [reused(held), swaps(held, circles), *of_groups]


def _ways(promises: Promises, pair: Int64) -> pa.Array:
    """The way of each pair: guarantor, guarantee, facility, obligor."""
    snapshot = promises.held.snapshot
    g, f = promises.guarantee[pair], promises.facility[pair]
    return pc.binary_join_element_wise(
        ids(snapshot.party_ids, promises.guarantor[g]),
        ids(promises.rows.text("guarantee_id"), g),
        ids(snapshot.tables["facilities"].text("facility_id"), f),
        ids(snapshot.party_ids, promises.held.obligor[f]),
        " > ",
    )


def reused(held: Guarantees) -> Batch:
    """``guarantor_reused``: cover of several facilities beyond the net assets; the amount is what is beyond."""
    promises, snapshot = held.promises, held.promises.held.snapshot
    used = np.flatnonzero(held.cover.known > 0)
    party = promises.guarantor[promises.guarantee[used]]
    several = np.bincount(party[party >= 0], minlength=snapshot.n) > 1
    chosen = held.guarantors[(several & (held.illusory > 0))[held.guarantors]]
    by = Csr.of(party, snapshot.n)
    size = np.diff(by.ptr)[chosen]
    ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    pair = used[by.rows[np.arange(ptr[-1]) + np.repeat(by.ptr[chosen] - ptr[:-1], size)]]
    figures = {
        "cover": shown(held.allocated[chosen], snapshot),
        "net_assets": shown(held.net_assets[chosen], snapshot),
        "path": few(ptr, _ways(promises, pair)),
    }
    facts = Sources.of(snapshot, "guarantees", ptr, promises.guarantee[pair])
    return Batch(
        "guarantor_reused", single(ids(snapshot.party_ids, chosen)), held.illusory[chosen], facts, "", figures
    )


def swaps(held: Guarantees, circles: Rings) -> Batch:
    """``guarantee_swap``: two parties each of which covers the other's debts; the amount is the smaller cover."""
    snapshot, edges = held.promises.held.snapshot, held.edges
    ring = np.flatnonzero((circles.kind == 0) & (circles.amount != 0))
    start = circles.ptr[ring]
    pair = np.stack([circles.members[start], circles.members[start + 1]], axis=1)
    rank = snapshot.party_rank[pair]
    pair = np.where((rank[:, :1] > rank[:, 1:]), pair[:, ::-1], pair).astype(np.int32)
    both = np.stack([edges.find(pair[:, 0], pair[:, 1]), edges.find(pair[:, 1], pair[:, 0])], axis=1)
    names = [ids(snapshot.party_ids, pair[:, k].copy()) for k in (0, 1)]
    there = pc.binary_join_element_wise(*names, " > ")
    back = pc.binary_join_element_wise(*names[::-1], " > ")
    path = pa.concat_arrays([there, back]).take(pa.array(np.arange(2 * len(ring)).reshape(2, -1).T.ravel()))
    first = edges.fact[edges.fact_ptr[both.ravel()]]
    ends = 2 * np.arange(len(ring) + 1)
    facts = Sources.of(snapshot, "guarantees", ends, first)
    who = lists(ends, ids(snapshot.party_ids, pair.ravel()))
    return Batch("guarantee_swap", who, circles.amount[ring], facts, "", {"path": lists(ends, path)})


def debt_and_promise(held: Guarantees, groups: Groups) -> Batch:
    """``guarantee_double_count``: what a guarantee covers of the debts of parties in one group with its guarantor.

    The amount is the cover allocated to these debts, NULL where a part of it is not known.
    """
    promises, snapshot = held.promises, held.promises.held.snapshot
    pair = np.flatnonzero(promises.live & (held.cover.amount != 0))
    giver = promises.guarantor[promises.guarantee[pair]]
    of, group = groups.of_party, groups.group_of_place
    both_ptr, both = _kernels.shared(
        giver, promises.held.obligor[promises.facility[pair]], of.ptr, group[of.rows]
    )
    inside = np.flatnonzero(np.diff(both_ptr) > 0)
    guarantee = promises.guarantee[pair[inside]]
    start = np.flatnonzero(np.append(True, np.diff(guarantee) != 0)[: len(guarantee)])
    ptr = np.append(start, len(inside)).astype(np.int64)
    amount = held.cover.amount[pair[inside]]
    sums = np.add.reduceat(np.where(amount == NULL, 0, amount), start) if len(start) else amount
    blank = np.logical_or.reduceat(amount == NULL, start) if len(start) else amount == NULL
    chosen = guarantee[start]
    number = np.repeat(np.repeat(np.arange(len(start)), np.diff(ptr)), np.diff(both_ptr)[inside])
    key = np.unique(number * np.int64(len(groups) + 1) + both[_runs(both_ptr, inside)])
    group_ptr = np.searchsorted(key, np.arange(len(start) + 1) * np.int64(len(groups) + 1))
    of_key = pa.array(groups.names, pa.string()).take(pa.array(key % (len(groups) + 1)))
    figures = {"groups": few(group_ptr, of_key), "path": few(ptr, _ways(promises, pair[inside]))}
    facts = Sources.of(snapshot, "guarantees", np.arange(len(chosen) + 1), chosen)
    names = single(ids(promises.rows.text("guarantee_id"), chosen))
    amounts = np.where(blank, NULL, sums).astype(np.int64)
    return Batch("guarantee_double_count", names, amounts, facts, groups.pack.name, figures)


def _runs(ptr: Int64, chosen: Int64) -> Int64:
    """Places of the entries of the chosen lists, one list after the other."""
    size = np.diff(ptr)[chosen]
    ends = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return np.arange(ends[-1]) + np.repeat(ptr[chosen] - ends[:-1], size)


def tiers(held: Guarantees, groups: Groups) -> Batch:
    """``double_gearing``: equity that members hold in each other, which each tier counts again.

    The sum over stakes between members with known equity of share x equity; ``solo`` is the members' equity.
    """
    snapshot = held.promises.held.snapshot
    stakes, equity = snapshot.stakes, held.net_assets
    ptr, stake, amount = _kernels.gearing(
        groups.ptr, groups.members, stakes.ptr, stakes.owner, stakes.share, equity, NULL
    )
    chosen = np.flatnonzero(np.diff(ptr) > 0)
    sums = np.add.reduceat(amount, ptr[:-1][chosen]) if len(chosen) else amount
    known = np.where(equity == NULL, 0, equity)[groups.members]
    running = np.concatenate([[0], np.cumsum(known)])
    solo = running[groups.ptr[1:]][chosen] - running[groups.ptr[:-1]][chosen]
    ends = np.concatenate([[0], np.cumsum(np.diff(ptr)[chosen])]).astype(np.int64)
    stake = stake[_runs(ptr, chosen)]
    owned = (np.searchsorted(stakes.ptr, stake, side="right") - 1).astype(np.int32)
    owner = stakes.owner[stake]
    way = pc.binary_join_element_wise(ids(snapshot.party_ids, owner), ids(snapshot.party_ids, owned), " > ")
    facts = Sources.of(snapshot, "ownership", ends, _holdings(held, owner, owned))
    figures = {"solo": shown(solo, snapshot), "path": few(ends, way)}
    names = pa.array(groups.names, pa.string()).take(pa.array(chosen))
    return Batch("double_gearing", single(names), sums, facts, groups.pack.name, figures)


def _holdings(held: Guarantees, owner: Int32, owned: Int32) -> Int64:
    """A row of the ownership table for each stake."""
    rows, n = held.promises.held.snapshot.tables["ownership"], np.int64(held.promises.held.snapshot.n)
    key = rows["owner_id"] * n + rows["owned_id"]
    order = np.argsort(key, kind="stable")
    return np.asarray(order[np.searchsorted(key[order], owner * n + owned)], np.int64)
