"""Flaws of guarantees (担保缺陷): too much, for too many, in circles, or of unknown size.

Findings ``mutual_guarantee``, ``guarantee_ring``, ``over_guarantee_amount``, ``over_guarantee_count``,
``guarantee_amount_unknown``, and ``rings_cut`` and ``chains_cut`` where a list is not whole. What refuses a guarantee
as credit protection stands in ``exposure.substitution``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.batches import Batch, Sources, few, lists, shown, single
from exposure.findings import Finding, finding
from exposure.guarantees.guarantors import PACK, Guarantees
from exposure.guarantees.promises import Promises
from exposure.guarantees.rings import KINDS, Rings
from exposure.results import ids
from graph.money import NULL

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def findings(held: Guarantees, circles: Rings) -> list[Batch | Finding]:
    """Every flaw of the guarantees of a snapshot, batches in no order."""
    return [
        *_circles(held, circles),
        _beyond_net_assets(held),
        _beyond_obligors(held),
        _unknown(held),
        *_cuts(held, circles),
    ]


def given_by(promises: Promises, party: Int32) -> tuple[Int64, Int64]:
    """Guarantees in force of each of these parties: CSR pointer and guarantees, int64."""
    place = np.full(promises.held.snapshot.n + 1, -1, np.int64)
    place[party] = np.arange(len(party))
    of = place[promises.guarantor]
    rows = np.flatnonzero(promises.alive & (of >= 0))
    rows = rows[np.argsort(of[rows], kind="stable")]
    return np.searchsorted(of[rows], np.arange(len(party) + 1)), rows


def _beyond_net_assets(held: Guarantees) -> Batch:
    """Guarantors that have given more than their net assets; the amount is what is beyond them."""
    promises, party = held.promises, held.beyond_net_assets()
    snapshot = promises.held.snapshot
    given, worth = held.given_known[party], held.net_assets[party]
    return Batch(
        "over_guarantee_amount",
        single(ids(snapshot.party_ids, party)),
        given - worth,
        Sources.of(snapshot, "guarantees", *given_by(promises, party)),
        PACK,
        {"given": shown(given, snapshot), "net_assets": shown(worth, snapshot)},
    )


def _beyond_obligors(held: Guarantees) -> Batch:
    """Guarantors of more obligors than the line allows."""
    promises, party = held.promises, held.beyond_obligors()
    snapshot, edges = promises.held.snapshot, held.edges
    ptr = np.concatenate([[0], np.cumsum(held.obligors[party])]).astype(np.int64)
    all_of = np.arange(ptr[-1]) + np.repeat(edges.ptr[party] - ptr[:-1], np.diff(ptr))
    return Batch(
        "over_guarantee_count",
        single(ids(snapshot.party_ids, party)),
        np.full(len(party), NULL, np.int64),
        Sources.of(snapshot, "guarantees", *given_by(promises, party)),
        PACK,
        {
            "count": pa.array(held.obligors[party]),
            "obligors": few(ptr, ids(snapshot.party_ids, edges.target[all_of])),
        },
    )


def _circles(held: Guarantees, circles: Rings) -> list[Batch]:
    """Mutual pairs and rings, with the guarantees on the way and the way itself."""
    snapshot, edges = held.promises.held.snapshot, held.edges
    found = []
    for code, of_code in (("mutual_guarantee", circles.kind == 0), ("guarantee_ring", circles.kind > 0)):
        ring = np.flatnonzero(of_code)
        size = np.diff(circles.ptr)[ring]
        ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        member = circles.members[np.arange(ptr[-1]) + np.repeat(circles.ptr[ring] - ptr[:-1], size)]
        number = np.repeat(np.arange(len(ring)), size)
        after = np.arange(1, len(member) + 1)
        after[ptr[1:] - 1] = ptr[:-1]
        edge = edges.find(member, member[after])
        way_ptr = ptr + np.arange(len(ptr))
        way = np.empty(len(member) + len(ring), np.int32)
        way[np.arange(len(member)) + number] = member
        way[way_ptr[1:] - 1] = member[ptr[:-1]]
        figures = {"path": lists(way_ptr, ids(snapshot.party_ids, way))}
        if code == "guarantee_ring":
            figures["kind"] = pa.array(KINDS).take(pa.array(circles.kind[ring]))
        facts = _facts(held, number, edge, len(ring))
        who = few(ptr, ids(snapshot.party_ids, member), len(member))
        found.append(Batch(code, who, circles.amount[ring], facts, "", figures))
    return found


def _facts(held: Guarantees, number: Int64, edge: Int64, many: int) -> Sources:
    """The guarantees behind the edges of each finding, every one once; ``number`` (ascending) and edge by edge."""
    size = np.diff(held.edges.fact_ptr)[edge]
    ends = np.concatenate([[0], np.cumsum(size)])
    fact = held.edges.fact[np.arange(ends[-1]) + np.repeat(held.edges.fact_ptr[edge] - ends[:-1], size)]
    key = np.unique(np.repeat(number, size) * np.int64(len(held.promises)) + fact)
    ptr = np.searchsorted(key, np.arange(many + 1) * np.int64(len(held.promises)))
    return Sources.of(held.promises.held.snapshot, "guarantees", ptr, key % max(len(held.promises), 1))


def _unknown(held: Guarantees) -> Batch:
    """Guarantees in force whose cap, share or rate is not known."""
    promises = held.promises
    at = np.flatnonzero(promises.alive & promises.bounds.unknown)
    return Batch(
        "guarantee_amount_unknown",
        single(ids(promises.rows.text("guarantee_id"), at.astype(np.int32))),
        np.full(len(at), NULL, np.int64),
        Sources.of(promises.held.snapshot, "guarantees", np.arange(len(at) + 1), at),
        "",
        {"guarantor": ids(promises.held.snapshot.party_ids, promises.guarantor[at])},
    )


def _cuts(held: Guarantees, circles: Rings) -> list[Batch | Finding]:
    """Where rings or chains are not all listed: how many there are, and how far the list is whole."""
    names = held.promises.held.snapshot.party_ids
    found: list[Batch | Finding] = [
        finding(
            "rings_cut", [names[int(cut.parties[0])].as_py()],
            parties=len(cut.parties), listed=cut.listed, complete=cut.complete,
        )
        for cut in circles.cuts
    ]  # fmt: skip
    if held.chains.cut:
        found.append(finding("chains_cut", [], guarantors=held.chains.cut))
    return found
