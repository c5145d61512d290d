"""A dense book: joint circles of forty, a hub of guarantees, a pyramid of forty tiers. Nothing hangs; cuts are told."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pyarrow.compute as pc
import pytest

from exposure.report import Analysis
from exposure.results import RESULTS
from graph.book import Book
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party

SIZE, TIERS = 40, 40


def circle(name: str, *, whole: bool) -> dict[str, list[Row]]:
    """Forty that guarantee each other's debts: for one facility each, or (not whole) for all that each owes."""
    members = [f"{name}{i:02}" for i in range(SIZE)]
    pairs = [(a, b) for a in members for b in members if a != b and (whole or (a, b) != tuple(members[:2]))]
    return {
        "parties": [party(m, equity=100) for m in members],
        "facilities": [facility(f"F{m}", m, 10, 10) for m in members],
        "guarantees": [
            {
                "guarantee_id": f"{a}>{b}",
                "guarantor_id": a,
                "form": "joint_several",
                "obligor_id": None if whole else b,
            }
            for a, b in pairs
        ],
        "guarantee_covers": [{"guarantee_id": f"{a}>{b}", "facility_id": f"F{b}"} for a, b in pairs if whole],
    }


def hub(many: int) -> dict[str, list[Row]]:
    """One that guarantees so many, and whom one of them guarantees in turn."""
    names = [f"S{i:06}" for i in range(many)]
    pairs = [*(("HUB", n) for n in names), (names[0], "HUB")]
    return {
        "parties": [party("HUB", equity=1000), *map(party, names)],
        "facilities": [facility(f"F{n}", n, 1, 1) for n in names],
        "guarantees": [
            {"guarantee_id": f"{a}>{b}", "guarantor_id": a, "form": "full", "obligor_id": b} for a, b in pairs
        ],
    }


def pyramid() -> dict[str, list[Row]]:
    """Two companies a tier, each owned half and half by both of the tier above: 2^40 ways to the bottom.

    One of the top is owned by a person to six tenths, so that control runs down along one side only.
    """
    tiers = [(f"T{i:02}A", f"T{i:02}B") for i in range(TIERS)]
    stakes = [
        (above, below, share)
        for upper, lower in pairwise(tiers)
        for above, share in zip(upper, ("0.6", "0.4"), strict=True)
        for below in lower
    ]
    return {
        "parties": [party("TOP", "person"), *(party(n) for pair in tiers for n in pair)],
        "ownership": [
            {"owner_id": a, "owned_id": b, "share": s}
            for a, b, s in [*stakes, *(("TOP", first, "0.6") for first in tiers[0])]
        ],
        "facilities": [facility("FBOTTOM", tiers[-1][0], 7, 7)],
    }


def dense(cliques: int, many: int) -> Book:
    """All of it in one book."""
    parts = [circle(f"J{i}-", whole=True) for i in range(cliques)]
    parts += [circle(f"W{i}-", whole=False) for i in range(cliques)]
    parts += [hub(many), pyramid()]
    names = sorted({name for part in parts for name in part})
    tables: dict[str, Any] = {name: [row for part in parts for row in part.get(name, ())] for name in names}
    return book(lenders=[{**BANK, "tier1": 1000}], **tables)


def told(made: Book) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The whole report: its tables, and its findings by code."""
    analysis = Analysis(Snapshot.of(made))
    tables = {name: analysis.table(name) for name in RESULTS}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tables["findings"].to_pylist():
        found.setdefault(row["code"], []).append(row)
    return tables, found


def check(cliques: int, many: int) -> None:
    """Every table is there, what is not cut is right, and each cut is told."""
    tables, found = told(dense(cliques, many))
    rings = tables["rings"]
    whole = rings.filter(pc.equal(rings["length"], SIZE)).to_pylist()
    assert [(r["kind"], len(r["members"])) for r in whole] == [("joint", SIZE)] * cliques
    cuts = [json.loads(r["evidence"])["figures"] for r in found["rings_cut"]]
    assert [c["parties"] for c in cuts] == [SIZE] * cliques
    guarantors = {r["party_id"]: r for r in tables["guarantors"].to_pylist()}
    assert (guarantors["HUB"]["count"], guarantors["HUB"]["max_call"]) == (many, many)
    assert guarantors["S000000"]["chain_reach"] == many - 1
    assert {guarantors[f"J0-{i:02}"]["chain_reach"] for i in range(SIZE)} == {10 * (SIZE - 1)}
    assert json.loads(found["over_guarantee_count"][0]["evidence"])["figures"]["count"] >= SIZE - 1
    control = tables["control"]
    assert pc.sum(pc.equal(control["controller_id"], "TOP")).as_py() == 2 * TIERS
    shares = tables["shares"]
    bottom = f"T{TIERS - 1:02}A"
    of_top = shares.filter(pc.and_(pc.equal(shares["owner_id"], "TOP"), pc.equal(shares["owned_id"], bottom)))
    assert of_top["integrated"].to_pylist() == pytest.approx([0.6])
    assert of_top["simple_paths"].to_pylist() == [None]
    assert ["TOP"] in [r["subjects"] for r in found["paths_cut"]]


def test_a_dense_book_is_reported_whole_and_its_cuts_are_told() -> None:
    check(1, 2_000)


@pytest.mark.soak
def test_a_dense_book_in_full_size_is_reported() -> None:
    check(10, 100_000)
