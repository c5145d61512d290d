"""The cheapest cut of a ring against every set of its guarantees, each replaced by cash in the book itself."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.contagion import cut as module
from exposure.contagion.cascade import cascade
from exposure.contagion.cut import by_cost
from exposure.contagion.scenario import Scenario
from exposure.facilities import valued
from exposure.guarantees.promises import Promises
from exposure.report import Analysis, Request
from exposure.rulepack import load
from graph.errors import OptionError
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party

NAMES = "ABCD"
Ring = tuple[dict[str, int], dict[str, int], dict[tuple[str, str], int | None]]
"""Equity and debt by member, and the cap of each guarantee (giver, debtor), None = full."""


def snapshot(ring: Ring, replaced: frozenset[str] = frozenset()) -> Snapshot:
    """The ring as a book; guarantees that are replaced are cash with the lender instead."""
    equity, debt, given_by = ring
    cash = dict.fromkeys(debt, 0)
    guarantees: list[Row] = []
    for (a, b), cap in given_by.items():
        if f"{a}{b}" in replaced:
            cash[b] += debt[b] if cap is None else min(cap, debt[b])
        else:
            form = "full" if cap is None else "capped"
            guarantees.append(
                {"guarantee_id": f"{a}{b}", "guarantor_id": a, "form": form, "cap": cap, "currency": "EUR"}
            )
    return Snapshot.of(
        book(
            parties=[party(n, equity=v, currency="EUR") for n, v in equity.items()],
            lenders=[BANK],
            facilities=[facility(f"F{n}", n, v, v, cash_collateral=cash[n]) for n, v in debt.items()],
            guarantees=guarantees,
            guarantee_covers=[
                {"guarantee_id": g["guarantee_id"], "facility_id": f"F{str(g['guarantee_id'])[1]}"}
                for g in guarantees
            ],
        )
    )


def worst(ring: Ring, replaced: frozenset[str] = frozenset()) -> float:
    """What lenders lose from the worst single default of a member, in minor units."""
    made = snapshot(ring, replaced)
    held = valued(made, load("EU-CRR"))
    losses = [cascade(held, Promises.of(held), Scenario(fail=(n,))).lost.sum() for n in ring[0]]
    return float(round(max(losses)))


def told(ring: Ring, appetite: int, **more: str) -> Mapping[str, Any]:
    options = {"ring_appetite": str(appetite), **more}
    (row,) = Analysis(snapshot(ring), Request(options=options)).table("rings").to_pylist()
    return dict(row)


@st.composite
def circles(draw: st.DrawFn) -> Ring:
    """A circle of three or four members, with chords."""
    names = NAMES[: draw(st.integers(3, 4))]
    amount, cap = st.integers(1, 40), st.one_of(st.none(), st.integers(1, 40))
    edges = {(a, names[(i + 1) % len(names)]): draw(cap) for i, a in enumerate(names)}
    return {n: draw(amount) for n in names}, {n: draw(amount) for n in names}, edges


@settings(max_examples=15, deadline=None)
@given(circles(), st.integers(0, 80))
def test_no_set_of_guarantees_is_cheaper_and_enough(ring: Ring, appetite: int) -> None:
    _, debt, edges = ring
    names = sorted(f"{a}{b}" for a, b in edges)
    cost = {f"{a}{b}": debt[b] if cap is None else min(cap, debt[b]) for (a, b), cap in edges.items()}
    every = chain.from_iterable(combinations(names, k) for k in range(len(names) + 1))
    enough = [s for s in every if worst(ring, frozenset(s)) <= appetite * 100]
    row = told(ring, appetite)
    assert row["worst_loss"] * 100 == worst(ring)
    if not enough:
        assert (row["cheapest_cut"], row["cut_cost"], row["cut_bound"]) == (None, None, None)
        return
    best = min(enough, key=lambda s: (sum(cost[g] for g in s), len(s), s))
    assert row["cheapest_cut"] == list(best)
    assert row["cut_cost"] == row["cut_bound"] == sum(cost[g] for g in best)


RING: Ring = (
    {"A": 5, "B": 50, "C": 80},
    {"A": 60, "B": 90, "C": 70},
    {("B", "A"): None, ("C", "B"): None, ("A", "C"): 70},
)


def test_a_ring_that_costs_too_much_is_cut_where_it_is_cheapest() -> None:
    row = told(RING, 100)
    assert (row["worst_loss"], row["cheapest_cut"], row["cut_cost"]) == (220, ["AC", "BA"], 130)
    assert told(RING, 220)["cheapest_cut"] == []
    assert told(RING, 100, recovery="0.6")["cheapest_cut"] == []


def test_a_large_ring_has_a_proven_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"N{i}" for i in range(6)]
    parties = [party(n, equity=5, currency="EUR") for n in names]
    pairs = [(a, b) for a in names for b in names if a != b]
    held = book(
        parties=parties,
        lenders=[BANK],
        facilities=[facility(f"F{n}", n, 10 + i, 10 + i) for i, n in enumerate(names)],
        guarantees=[
            {"guarantee_id": f"{a}{b}", "guarantor_id": a, "form": "capped", "cap": 4, "currency": "EUR"}
            for a, b in pairs
        ],
        guarantee_covers=[{"guarantee_id": f"{a}{b}", "facility_id": f"F{b}"} for a, b in pairs],
    )  # fmt: skip
    monkeypatch.setattr(module, "MOST", 50)
    analysis = Analysis(Snapshot.of(held), Request(options={"ring_appetite": "10"}))
    rows = [r for r in analysis.table("rings").to_pylist() if r["kind"] == "joint"]
    assert all(r["cut_bound"] < r["cut_cost"] for r in rows if r["worst_loss"] > 10)
    assert {r["length"] for r in rows} == {6}


@pytest.mark.parametrize("wrong", ["-1", "much", "1.005", "inf", "nan"])
def test_an_appetite_is_an_amount(wrong: str) -> None:
    with pytest.raises(OptionError, match="ring_appetite"):
        Analysis(snapshot(RING), Request(options={"ring_appetite": wrong})).table("rings")


@given(st.lists(st.integers(1, 5), max_size=6))
def test_sets_come_in_the_order_of_cost_size_and_places(cost: list[int]) -> None:
    every = chain.from_iterable(combinations(range(len(cost)), k) for k in range(len(cost) + 1))
    expected = sorted((sum(cost[k] for k in s), len(s), s) for s in every)
    assert list(by_cost(cost)) == [(price, s) for price, _, s in expected]
