"""Guarantors, calls, chains and rings against flows, cycles and closures, and what must not hang or explode."""

from __future__ import annotations

import os
import random
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.source import compiled
from exposure.facilities import valued
from exposure.findings import table as findings_table
from exposure.guarantees.calls import best_cover
from exposure.guarantees.chains import Chains
from exposure.guarantees.flaws import findings
from exposure.guarantees.guarantors import Guarantees
from exposure.guarantees.rings import Rings, ring_id, rings
from exposure.kernels.flow import maximum
from exposure.kernels.split import split, times
from exposure.parts import Parts
from exposure.rulepack import load
from graph.ids import text_buffers
from graph.money import NULL
from graph.money import split as plain_split
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.exposure.vouched import AS_OF, Vouched, circles, vouched_books
from tests.oracle import guarantees as oracle

SHARED = Path(os.environ.get("KONZERN_SHARED", Path(__file__).parents[3] / "shared"))
FINBENCH = SHARED / "data" / "finbench_driver_sample" / "snapshot"


def held(**tables: list[Row]) -> Guarantees:
    """The guarantees of a book of these rows."""
    snapshot = Snapshot.of(book(AS_OF, lenders=[BANK], **tables))
    return Guarantees.of(valued(snapshot, load("EU-CRR")))


def circles_of(made: Guarantees) -> Rings:
    """Rings of a book."""
    return rings(made.promises, made.edges)


def rows(made: Guarantees) -> dict[str, dict[str, Any]]:
    """Rows of ``guarantors`` by party."""
    return {r["party_id"]: r for r in made.table().to_pylist()}


def sets(found: Rings) -> dict[frozenset[str], tuple[str, Decimal | None]]:
    """Kind and amount of each ring; no set may stand twice."""
    table = found.table().to_pylist()
    made = {frozenset(r["members"]): (r["kind"], r["amount"]) for r in table}
    assert len(made) == len(table)
    return made


def cents(amount: Decimal | None) -> int | None:
    """An amount of a result in minor units."""
    return None if amount is None else int(amount * 100)


def flaws(made: Guarantees) -> list[dict[str, Any]]:
    """Findings as rows."""
    return findings_table(findings(made, circles_of(made)), made.promises.held.snapshot).to_pylist()


@given(drawn=vouched_books())
def test_guarantors_are_those_with_a_guarantee_in_force_for_another(drawn: Vouched) -> None:
    by_hand = drawn.oracle()
    assert set(rows(drawn.held())) == {by_hand.giver(g) for g in by_hand.alive}


@given(drawn=vouched_books())
def test_given_counts_and_ratio_are_as_by_hand(drawn: Vouched) -> None:
    by_hand = drawn.oracle()
    equity = {str(p["party_id"]): p.get("equity") for p in drawn.tables["parties"]}
    for name, row in rows(drawn.held()).items():
        given_, worth = by_hand.given(name), equity[name]
        assert cents(row["given"]) == given_
        assert row["count"] == sum(a == name for a, _ in by_hand.edges)
        expected = None if given_ is None or worth is None or worth <= 0 else given_ / (worth * 100)  # type: ignore[operator]
        assert row["ratio"] == (None if expected is None else pytest.approx(expected))


@given(drawn=vouched_books())
def test_the_maximum_call_is_a_maximum_flow(drawn: Vouched) -> None:
    by_hand = drawn.oracle()
    for name, row in rows(drawn.held()).items():
        assert cents(row["max_call"]) == by_hand.max_call(name)


@given(drawn=vouched_books(), data=st.data())
def test_each_lender_can_demand_what_is_a_maximum_flow_for_its_loans(
    drawn: Vouched, data: st.DataObject
) -> None:
    banks = ["BANK", "LEASE"]
    loans = [{**f, "lender_id": data.draw(st.sampled_from(banks))} for f in drawn.tables["facilities"]]
    lenders: list[Row] = [{"lender_id": b, "name": b} for b in banks]
    made = Vouched({**drawn.tables, "facilities": loans, "lenders": lenders})
    held_, by_hand = made.held(), made.oracle()
    snapshot = held_.promises.held.snapshot
    names = snapshot.party_ids.to_pylist()
    pairs = [(p, b) for p in range(-1, len(names)) for b in (-1, 0, 1)]
    called = held_.called(*(np.array(c, np.int32) for c in zip(*pairs, strict=True)))
    for (p, b), amount in zip(pairs, called.tolist(), strict=True):
        expected = by_hand.max_call(names[p], None if b < 0 else banks[b]) if p >= 0 else 0
        assert amount == (NULL if expected is None else expected)


@given(drawn=vouched_books())
def test_reach_is_a_closure_with_each_debt_once(drawn: Vouched) -> None:
    by_hand = drawn.oracle()
    for name, row in rows(drawn.held()).items():
        assert cents(row["chain_reach"]) == by_hand.reach(name)
        assert row["chain_depth"] == by_hand.depth.get(name, 0)


@given(drawn=st.one_of(circles(), vouched_books(14)))
def test_rings_are_the_sets_of_elementary_cycles(drawn: Vouched) -> None:
    by_hand = drawn.oracle()
    made = sets(drawn.circles())
    plain = {s: cents(amount) for s, (kind, amount) in made.items() if kind != "joint"}
    assert plain == by_hand.rings()
    assert {s for s, (kind, _) in made.items() if kind == "joint"} == by_hand.joint
    assert all((kind == "mutual") == (len(s) == 2) for s, (kind, _) in made.items())


@pytest.mark.soak
@given(drawn=st.one_of(circles(), vouched_books(14), vouched_books(14)))
def test_thousands_of_books_agree_in_everything(drawn: Vouched) -> None:
    by_hand, made = drawn.oracle(), drawn.held()
    for name, row in rows(made).items():
        told = [cents(row[c]) for c in ("given", "max_call", "chain_reach")]
        assert told == [by_hand.given(name), by_hand.max_call(name), by_hand.reach(name)]
        assert row["chain_depth"] == by_hand.depth.get(name, 0)
    found = sets(circles_of(made))
    assert {s: cents(a) for s, (kind, a) in found.items() if kind != "joint"} == by_hand.rings()
    assert {s for s, (kind, _) in found.items() if kind == "joint"} == by_hand.joint


@given(drawn=st.one_of(circles(), vouched_books()))
def test_order_of_rows_does_not_matter(drawn: Vouched) -> None:
    one, two = drawn.held(), drawn.turned().held()
    assert one.table().equals(two.table())
    assert circles_of(one).table().equals(circles_of(two).table())
    assert [{**r, "evidence": ""} for r in flaws(one)] == [{**r, "evidence": ""} for r in flaws(two)]


@given(drawn=st.one_of(circles(), vouched_books()))
def test_effective_cover_stays_within_net_assets_and_below_the_optimum(drawn: Vouched) -> None:
    made = drawn.held()
    effective = np.where(made.effective == NULL, 0, made.effective)
    known = made.net_assets != NULL
    assert (effective[known] <= np.maximum(made.net_assets[known], 0)).all()
    assert effective.sum() <= best_cover(made.cover, made.net_assets)
    sums = made.cover.by_facility()
    assert (sums <= np.where(made.cover.debt == NULL, 0, made.cover.debt)).all()
    both = (made.effective != NULL) & (made.illusory != NULL)
    assert (made.effective[both] + made.illusory[both] == made.allocated[both]).all()


@given(drawn=circles())
def test_another_guarantee_never_lowers_a_call_or_a_reach(drawn: Vouched) -> None:
    fewer = Vouched({**drawn.tables, "guarantees": drawn.tables["guarantees"][1:]})
    fewer.tables["guarantee_covers"] = drawn.tables["guarantee_covers"][1:]
    more = drawn.held()
    less = fewer.held()
    assert (less.max_call <= more.max_call).all()
    assert (less.chains.reach <= more.chains.reach).all()


@settings(max_examples=25)
@given(rng=st.randoms(use_true_random=True))
def test_reach_in_larger_graphs_is_what_a_recursive_query_adds_up(rng: random.Random) -> None:
    names = [f"N{i:03d}" for i in range(rng.randrange(2, 160))]
    edges = {(rng.choice(names), rng.choice(names)) for _ in range(rng.randrange(1, 3 * len(names)))}
    edges = {(a, b) for a, b in edges if a != b}
    owing = [(rng.choice(names), rng.randrange(1, 10**9)) for _ in range(len(names))]
    made = held(
        parties=[party(n) for n in names],
        facilities=[
            facility(f"F{i}", n, Decimal(c) / 100, Decimal(c) / 100) for i, (n, c) in enumerate(owing)
        ],
        guarantees=[
            {"guarantee_id": f"G{i}", "guarantor_id": a, "form": "full", "obligor_id": b}
            for i, (a, b) in enumerate(sorted(edges))
        ],
    )
    expected = oracle.below(edges, owing)
    assert {n: cents(r["chain_reach"]) for n, r in rows(made).items()} == expected


@pytest.mark.skipif(not FINBENCH.is_dir(), reason=f"no FinBench sample in {FINBENCH}")
def test_finbench_chains_are_what_a_recursive_query_adds_up() -> None:
    snapshot, _ = compiled(str(FINBENCH), mapping="finbench")
    made = Guarantees.of(valued(snapshot, load("EU-CRR")))
    names = snapshot.party_ids.to_pylist()
    edges = [(names[a], names[b]) for a, b in zip(made.edges.source, made.edges.target, strict=True)]
    owing = zip(made.promises.held.obligor.tolist(), made.promises.drawn.tolist(), strict=True)
    expected = oracle.below(edges, [(names[p], amount) for p, amount in owing])
    assert len(expected) > 500
    assert {n: cents(r["chain_reach"]) for n, r in rows(made).items()} == expected


@given(rng=st.randoms(use_true_random=True))
def test_flow_is_that_of_networkx(rng: random.Random) -> None:
    n = rng.randrange(2, 12)
    arcs = [(rng.randrange(n), rng.randrange(n), rng.randrange(20)) for _ in range(rng.randrange(30))]
    arcs = [(a, b, c) for a, b, c in arcs if a != b]
    net = nx.MultiDiGraph()
    net.add_nodes_from(range(n))
    whole = nx.DiGraph()
    whole.add_nodes_from(range(n))
    for a, b, c in arcs:
        old = whole.get_edge_data(a, b, {"capacity": 0})["capacity"]
        whole.add_edge(a, b, capacity=old + c)
    tail, head, room = (
        np.array([arc[k] for arc in arcs], t) for k, t in ((0, np.int32), (1, np.int32), (2, np.int64))
    )
    flow = maximum(tail, head, room, n, 0, n - 1)
    assert ((flow >= 0) & (flow <= room)).all()
    net_out = np.bincount(tail, flow, n) - np.bincount(head, flow, n)
    assert not net_out[1:-1].any()
    assert net_out[0] == nx.maximum_flow_value(whole, 0, n - 1)


@given(a=st.integers(0, 2**61), b=st.integers(0, 2**61 - 1), c=st.integers(1, 2**61 - 1))
def test_products_are_divided_exactly(a: int, b: int, c: int) -> None:
    b = b % (c + 1)
    if a * b // c < 2**62:
        assert times(np.int64(a), np.int64(b), np.int64(c)) == divmod(a * b, c)


@given(
    amount=st.integers(0, 2**60),
    weights=st.lists(st.one_of(st.integers(0, 20), st.integers(0, 2**57)), min_size=1, max_size=9).filter(
        any
    ),
)
def test_splits_go_by_largest_remainder_and_id(amount: int, weights: list[int]) -> None:
    names = [f"{i:02d}" for i in range(len(weights))]
    text, ends, _ = text_buffers(pa.array(names))
    out, rest = np.empty(len(weights), np.int64), np.empty(len(weights), np.int64)
    order, heap = np.arange(len(weights), dtype=np.int32), np.empty(len(weights), np.int64)
    split(amount, np.array(weights, np.int64), order, len(weights), text, ends, heap, rest, out)
    assert out.tolist() == plain_split(amount, weights)


# --- rules and worked figures -----------------------------------------------------------------------


def promise(name: str, guarantor: str, form: str = "full", cap: object = None, **more: object) -> Row:
    """A row of guarantees."""
    return {
        "guarantee_id": name,
        "guarantor_id": guarantor,
        "form": form,
        "cap": cap,
        "eligible": True,
        **more,
    }


def covers(*pairs: tuple[str, str]) -> list[Row]:
    """Rows of guarantee_covers."""
    return [{"guarantee_id": g, "facility_id": f} for g, f in pairs]


def test_a_guarantor_with_two_caps_on_one_loan_is_called_for_the_loan() -> None:
    made = held(
        parties=[party("A"), party("G")],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[promise("G1", "G", "capped", 70), promise("G2", "G", "capped", 60)],
        guarantee_covers=covers(("G1", "F"), ("G2", "F")),
    )
    (row,) = made.table().to_pylist()
    assert (row["given"], row["max_call"], row["count"]) == (130, 100, 1)


def test_a_call_that_the_first_come_would_spoil() -> None:
    """G1 could take F1 or F2, G2 only F1 and 1 of F3: if G1 takes F1, 11 are called instead of 20."""
    made = held(
        parties=[party("A"), party("G")],
        facilities=[facility("F1", "A", 10, 10), facility("F2", "A", 10, 10), facility("F3", "A", 1, 1)],
        guarantees=[promise(g, "G", "capped", 10) for g in ("G1", "G2")],
        guarantee_covers=covers(("G1", "F1"), ("G1", "F2"), ("G2", "F1"), ("G2", "F3")),
    )
    assert rows(made)["G"]["max_call"] == 20


def test_only_a_counter_guarantee_passes_a_call_on() -> None:
    made = held(
        parties=[party(p) for p in "AGCN"],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[
            promise("G1", "G", "capped", 80),
            promise("C1", "C", "counter", 30, counter_of="G1"),
            promise("N1", "N", obligor_id="G"),
        ],
        guarantee_covers=covers(("G1", "F")),
    )
    found = rows(made)
    assert {p: r["max_call"] for p, r in found.items()} == {"G": 80, "C": 30, "N": 0}
    assert {p: r["effective_cover"] for p, r in found.items()} == {"G": None, "C": None, "N": None}
    assert {p: r["chain_reach"] for p, r in found.items()} == {"G": 100, "C": 100, "N": 100}
    assert made.cover.by_guarantor()[made.promises.held.snapshot.number_of["C"]] == 0


@pytest.mark.parametrize(
    ("behind", "call"),
    [
        (promise("G1", "G", "capped", 60), 30),
        (promise("G1", "G", "share", share="0.4"), 20),
        (promise("G1", "G"), 50),
    ],
)
def test_half_of_a_guarantee_is_half_of_what_is_paid_under_it(behind: Row, call: int) -> None:
    made = held(
        parties=[party(p) for p in "AGC"],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[behind, promise("C1", "C", "counter", share="0.5", counter_of="G1")],
        guarantee_covers=covers(("G1", "F")),
    )
    assert (rows(made)["C"]["max_call"], rows(made)["C"]["given"]) == (call, call)


def test_counters_that_go_round_cover_nothing() -> None:
    made = held(
        parties=[party(p) for p in "AG"],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[
            promise("C1", "G", "counter", 30, counter_of="C2"),
            promise("C2", "G", "counter", 30, counter_of="C1"),
        ],
        guarantee_covers=covers(("C1", "F")),
    )
    assert made.table().num_rows == 0


def test_a_guarantee_of_unknown_size_makes_figures_unknown_not_zero() -> None:
    made = held(
        parties=[party("A"), party("G", equity=50)],
        facilities=[facility("F", "A", 100, 100), facility("H", "A", 30, 30)],
        guarantees=[promise("G1", "G", "capped"), promise("G2", "G")],
        guarantee_covers=covers(("G1", "F"), ("G2", "H")),
    )
    (row,) = made.table().to_pylist()
    assert [row[c] for c in ("given", "ratio", "max_call", "effective_cover", "illusory_cover")] == [None] * 5
    assert row["chain_reach"] == 130
    assert [r["subjects"] for r in flaws(made) if r["code"] == "guarantee_amount_unknown"] == [["G1"]]


def test_net_assets_are_spent_once_in_proportion() -> None:
    made = held(
        parties=[party("A"), party("B"), party("G", equity=80)],
        facilities=[facility("F", "A", 70, 70), facility("H", "B", 110, 110)],
        guarantees=[promise("G1", "G"), promise("G2", "G")],
        guarantee_covers=covers(("G1", "F"), ("G2", "H")),
    )
    (row,) = made.table().to_pylist()
    assert (row["given"], row["ratio"], row["effective_cover"], row["illusory_cover"]) == (180, 2.25, 80, 100)
    (found,) = [r for r in flaws(made) if r["code"] == "over_guarantee_amount"]
    assert (found["subjects"], found["amount"], found["rule"]) == (["G"], 100, "CN-GUAR")


@pytest.mark.parametrize(("obligors", "raised"), [(5, False), (6, True)])
def test_five_obligors_are_allowed_and_six_are_too_many(obligors: int, raised: bool) -> None:
    names = [f"A{i}" for i in range(obligors)]
    made = held(
        parties=[party("G", equity=100), *(party(n) for n in names)],
        facilities=[facility(f"F{n}", n, 10, 10) for n in names],
        guarantees=[promise(f"G{n}", "G", obligor_id=n) for n in names],
    )
    assert any(r["code"] == "over_guarantee_count" for r in flaws(made)) == raised


@pytest.mark.parametrize(
    ("equity", "raised"), [("100", False), ("99.99", True), ("0", True), ("-1", True), (None, False)]
)
def test_given_may_equal_net_assets_but_not_exceed_them(equity: str | None, raised: bool) -> None:
    made = held(
        parties=[party("G", equity=equity), party("A")],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[promise("G1", "G", "capped", 100)],
        guarantee_covers=covers(("G1", "F")),
    )
    assert any(r["code"] == "over_guarantee_amount" for r in flaws(made)) == raised


def test_a_ring_id_is_of_the_members_alone() -> None:
    assert ring_id(["A", "B", "C"]) == ring_id(["C", "A", "B"]) != ring_id(["A", "B"])


def test_a_joint_circle_stands_once_for_all_that_is_inside() -> None:
    names = [f"P{i}" for i in range(5)]
    made = held(
        parties=[party(n, equity=40) for n in [*names, "X"]],
        facilities=[facility(f"F{n}", n, 8, 8) for n in [*names, "X"]],
        guarantees=[promise(f"G{n}", n, "joint_several") for n in names]
        + [promise("GX", "X"), promise("G0X", "P0")],
        guarantee_covers=covers(
            *((f"G{a}", f"F{b}") for a in names for b in names if a != b), ("GX", "FX"), ("G0X", "FX")
        ),
    )
    assert sets(circles_of(made)) == {frozenset(names): ("joint", Decimal(8))}
    more = [r for r in flaws(made) if r["code"] in ("guarantee_ring", "mutual_guarantee")]
    assert [(r["code"], r["subjects"], r["amount"]) for r in more] == [("guarantee_ring", names, 8)]


# --- what must neither hang nor explode -------------------------------------------------------------


def clique(size: int, *, joint: bool) -> Guarantees:
    """Everyone guarantees everyone: one loan each for which all others stand, or a loan for each pair."""
    names = [f"P{i:03d}" for i in range(size)]
    pairs = [(a, b) for a in names for b in names if a != b]
    loans = [(f"F{b}", b) for b in names] if joint else [(f"F{a}{b}", b) for a, b in pairs]
    return held(
        parties=[party(n, equity=1000) for n in names],
        facilities=[facility(f, b, 10, 10) for f, b in loans],
        guarantees=[promise(f"G{a}{b}", a, "joint_several" if joint else "full") for a, b in pairs],
        guarantee_covers=covers(*((f"G{a}{b}", f"F{b}" if joint else f"F{a}{b}") for a, b in pairs)),
    )


def test_forty_that_guarantee_each_other_are_one_joint_circle() -> None:
    made = clique(40, joint=True)
    found = circles_of(made)
    assert [(r["kind"], r["length"], r["amount"]) for r in found.table().to_pylist()] == [("joint", 40, 10)]
    assert found.cuts == []
    assert made.chains.cut == 0
    assert {r["chain_reach"] for r in made.table().to_pylist()} == {390}
    assert sum(r["effective_cover"] for r in made.table().to_pylist()) == 400


def test_forty_without_a_common_loan_are_cut_and_said_to_be() -> None:
    made = clique(40, joint=False)
    found = circles_of(made)
    lengths = np.bincount([r["length"] for r in found.table().to_pylist()], minlength=7).tolist()
    assert lengths == [
        0,
        0,
        780,
        9220,
        0,
        0,
        0,
    ]  # all pairs; of the 9880 triples those that there is room for
    (cut,) = [r for r in flaws(made) if r["code"] == "rings_cut"]
    assert cut["subjects"] == ["P000"]
    assert "10000" in cut["text_en"]
    (one,) = found.cuts
    assert (len(one.parties), one.listed, one.complete) == (40, 10_000, 2)


def test_a_joint_circle_inside_a_larger_part_does_not_use_up_the_room() -> None:
    names = [f"P{i:02d}" for i in range(40)]
    made = held(
        parties=[party(n) for n in [*names, "X"]],
        facilities=[facility(f"F{n}", n, 10, 10) for n in [*names, "X"]],
        guarantees=[promise(f"G{n}", n, "joint_several") for n in names]
        + [promise("H", "X"), promise("K", "P00")],
        guarantee_covers=covers(
            *((f"G{a}", f"F{b}") for a in names for b in names if a != b), ("H", "FP39"), ("K", "FX")
        ),
    )
    found = circles_of(made)
    kinds = [r["kind"] for r in found.table().to_pylist()]
    # FP39 has one guarantor more, so that the set of its guarantors is another one and the circle is not joint
    assert "joint" not in kinds
    assert len(kinds) == 10_000
    assert len(found.cuts) == 1


def test_a_way_out_of_a_joint_circle_and_back_is_found() -> None:
    names = [f"P{i:02d}" for i in range(40)]
    made = held(
        parties=[party(n) for n in [*names, "X"]],
        facilities=[facility(f"F{n}", n, 10, 10) for n in [*names, "X"]] + [facility("F2", "P39", 10, 10)],
        guarantees=[promise(f"G{n}", n, "joint_several") for n in names]
        + [promise("H", "X"), promise("K", "P00")],
        guarantee_covers=covers(
            *((f"G{a}", f"F{b}") for a in names for b in names if a != b), ("H", "F2"), ("K", "FX")
        ),
    )
    found = circles_of(made)
    made_sets = sets(found)
    # P00 > X > P39 > (none to three of the other 38) > P00, and the joint circle itself
    assert len(made_sets) == 1 + 1 + 38 + 703 + 8436
    assert found.cuts == []
    assert all({"P00", "P39", "X"} <= s for s, (kind, _) in made_sets.items() if kind != "joint")


def test_a_hub_of_a_hundred_thousand_guarantees() -> None:
    many = 100_000
    names = [f"A{i:06d}" for i in range(many)]
    made = held(
        parties=[party("HUB", equity=5), *(party(n) for n in names)],
        facilities=[facility(f"F{i}", n, 2, 1) for i, n in enumerate(names)],
        guarantees=[promise(f"G{i}", "HUB", "capped", 3, obligor_id=n) for i, n in enumerate(names)],
    )
    (row,) = made.table().to_pylist()
    assert (row["given"], row["count"], row["max_call"]) == (3 * many, many, many)
    assert (row["chain_reach"], row["chain_depth"], row["effective_cover"]) == (many, 1, 5)
    assert circles_of(made).table().num_rows == 0
    assert {r["code"] for r in flaws(made)} == {"over_guarantee_amount", "over_guarantee_count"}


@pytest.mark.parametrize("width", [1, 25])
def test_a_pyramid_forty_deep_counts_each_debt_once(width: int) -> None:
    layers = [[f"L{d:02d}-{i:02d}" for i in range(width)] for d in range(40)]
    pairs = [(a, b) for up, down in pairwise(layers) for a in up for b in down]
    everyone = [n for layer in layers for n in layer]
    made = held(
        parties=[party(n) for n in everyone],
        facilities=[facility(f"F{n}", n, 1, 1) for n in everyone],
        guarantees=[promise(f"G{a}{b}", a, obligor_id=b) for a, b in pairs],
    )
    for row in made.table().to_pylist():
        depth = 39 - int(row["party_id"][1:3])
        assert (row["chain_depth"], row["chain_reach"], row["max_call"]) == (depth, depth * width, width)
    assert circles_of(made).table().num_rows == 0


def test_work_on_chains_is_bounded_and_the_cut_is_said() -> None:
    made = clique(40, joint=False)
    cut = Chains.of(made.promises, made.edges, most=10)
    assert cut.cut > 0
    assert (cut.depth[: made.promises.held.snapshot.n] >= -1).all()
    found = Guarantees(made.promises)
    found.__dict__["chains"] = cut
    (row,) = [r for r in flaws(found) if r["code"] == "chains_cut"]
    assert row["subject_kind"] == "book"
    assert any(r["chain_depth"] is None for r in found.table().to_pylist())


def test_a_chain_of_counters_ends() -> None:
    many = 500
    made = held(
        parties=[party("A"), *(party(f"C{i}") for i in range(many))],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[
            promise("G0", "C0"),
            *(promise(f"G{i}", f"C{i}", "counter", 99, counter_of=f"G{i - 1}") for i in range(1, many)),
        ],
        guarantee_covers=covers(("G0", "F")),
    )
    assert {r["max_call"] for r in made.table().to_pylist()} == {100, 99}


def test_cover_of_unknown_net_assets_is_told_apart_from_what_is_worth_nothing() -> None:
    snapshot = Snapshot.of(
        book(
            parties=[party("A"), party("G", equity=30, currency="EUR"), party("U")],
            lenders=[BANK],
            facilities=[facility("F1", "A", 100, 100), facility("F2", "A", 20, 20)],
            guarantees=[
                {"guarantee_id": g, "guarantor_id": who, "form": "full"}
                for g, who in (("G1", "G"), ("G2", "U"))
            ],
            guarantee_covers=covers(("G1", "F1"), ("G2", "F2")),
        )
    )
    assert Parts(snapshot).cover_totals == {
        "allocated": 12000,
        "effective": 3000,
        "unknown": 2000,
        "best": 3000,
    }
