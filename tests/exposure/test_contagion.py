"""Contagion against programs that come to the same another way, and the laws that it obeys."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.contagion import runs as runs_
from exposure.contagion.cascade import cascade, run
from exposure.contagion.clearing import clearing
from exposure.contagion.debtrank import debtrank
from exposure.contagion.montecarlo import Buckets, montecarlo
from exposure.contagion.network import Network, group
from exposure.contagion.outcome import Outcome
from exposure.contagion.ranking import ranking
from exposure.contagion.reverse import reverse
from exposure.contagion.runs import Runs
from exposure.contagion.scenario import Scenario
from exposure.contagion.threshold import threshold
from exposure.facilities import valued
from exposure.guarantees.promises import Promises
from exposure.kernels import montecarlo as kernels
from exposure.rulepack import load
from graph.errors import OptionError
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.exposure.contagious import LENDERS, Contagious, Interbank, contagious_books, interbanks
from tests.oracle import contagion as oracle

NEAR = {"rel": 1e-9, "abs": 1e-7}
SHARES = st.sampled_from([0.0, 0.25, 0.5, 1.0])


def rows(outcome: Outcome) -> dict[str, dict[str, object]]:
    """Rows of the ``parties`` table by id."""
    return {row["party_id"]: row for row in outcome.parties().to_pylist()}


# --- clearing --------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(interbanks())
def test_greatest_payments_are_those_of_iteration_and_of_a_linear_program(net: Interbank) -> None:
    told = clearing(net.snapshot(), Scenario()).parties()
    greatest = net.column(told, "greatest")
    # iteration creeps where debts run round almost without loss; the program does not
    assert greatest == pytest.approx(oracle.by_program(net.owes, net.cash, net.outside), rel=1e-6, abs=1e-6)
    assert (greatest <= oracle.by_iteration(net.owes, net.cash, net.outside, 200) + 1e-9).all()


@settings(max_examples=60)
@given(interbanks())
def test_waves_are_those_of_fictitious_default(net: Interbank) -> None:
    told = clearing(net.snapshot(), Scenario()).parties().to_pylist()
    wave = {row["party_id"]: -1 if row["round"] is None else row["round"] for row in told}
    expected = oracle.waves(net.owes, net.cash, net.outside)
    assert [wave.get(n, -1) for n in net.names] == expected


@settings(max_examples=60)
@given(interbanks(5), SHARES, SHARES)
def test_costs_of_default_give_the_extreme_vectors_of_all_default_sets(
    net: Interbank, alpha: float, beta: float
) -> None:
    beta = min(beta, 0.5)
    told = clearing(net.snapshot(), Scenario(alpha=alpha, beta=beta)).parties()
    every = oracle.by_default_sets(net.owes, net.cash, net.outside, alpha, beta)
    assert net.column(told, "greatest") == pytest.approx(np.max(every, axis=0), **NEAR)
    assert net.column(told, "least") == pytest.approx(np.min(every, axis=0), **NEAR)


@settings(max_examples=40)
@given(interbanks())
def test_least_payments_are_where_payments_rise_to_from_nothing(net: Interbank) -> None:
    told = clearing(net.snapshot(), Scenario()).parties()
    owed = net.owes.sum(axis=1) + net.outside
    part = net.owes / np.where(owed > 0, owed, 1)[:, None]
    paid = np.zeros(len(owed))
    for _ in range(3000):
        paid = np.minimum(owed, net.cash + part.T @ paid)
    assert net.column(told, "least") == pytest.approx(paid, rel=1e-5, abs=1e-4)


@settings(max_examples=50)
@given(interbanks(), st.integers(0, 4), st.integers(0, 4))
def test_a_larger_shock_never_lowers_a_loss_of_clearing(net: Interbank, small: int, more: int) -> None:
    snapshot = net.snapshot()
    loss = [
        net.column(clearing(snapshot, Scenario(loss={"B0": float(x)})).parties(), "loss")
        for x in (small, small + more)
    ]
    assert (loss[1] >= loss[0] - 1e-9).all()


def test_cash_of_a_hundredth_makes_a_loop_of_debts_clear_one_way_only() -> None:
    def loop(cash: float) -> Outcome:
        parties = [party(n, "bank", external_assets=c) for n, c in (("A", cash), ("B", 0))]
        owed = [{"debtor_id": a, "creditor_id": b, "amount": 1, "currency": "EUR"} for a, b in ("AB", "BA")]
        return clearing(Snapshot.of(book(parties=parties, liabilities=owed)), Scenario())

    assert [loop(cash).summary()["unique"] for cash in (0, 0.01)] == [False, True]
    assert rows(loop(0))["A"]["least"] == 0
    assert rows(loop(0.01))["A"]["least"] == 1
    assert [f.code for f in loop(0).found] == ["clearing_vector_not_unique"]


def test_outside_creditors_rank_equally() -> None:
    parties = [
        party("A", "bank", external_assets=6, external_liabilities=4),
        party("B", "bank", external_assets=0),
    ]
    owed = [{"debtor_id": "A", "creditor_id": "B", "amount": 8, "currency": "EUR"}]
    told = clearing(Snapshot.of(book(parties=parties, liabilities=owed)), Scenario())
    assert rows(told)["A"]["paid"] == 6
    assert rows(told)["B"]["loss"] == 4
    by_channel = {r["channel"]: r["amount"] for r in told.edges.table(told.snapshot).to_pylist()}
    assert by_channel == {"claim": 4, "external": 2}


def test_unknown_outside_assets_are_said_to_be_left_out() -> None:
    owed = [{"debtor_id": "A", "creditor_id": "B", "amount": 8, "currency": "EUR"}]
    held = Snapshot.of(book(parties=[party("A"), party("B", external_assets=1)], liabilities=owed))
    (found,) = clearing(held, Scenario()).found
    assert (found.code, found.figures["column"], found.figures["count"]) == (
        "network_incomplete",
        "external_assets",
        1,
    )


def test_a_loop_that_pays_almost_all_of_its_debts_to_itself_ends() -> None:
    parties = [
        party(n, "bank", external_assets=0, external_liabilities=o) for n, o in (("A", 0.01), ("B", 0))
    ]
    owed = [{"debtor_id": a, "creditor_id": b, "amount": 5000, "currency": "EUR"} for a, b in ("AB", "BA")]
    told = rows(clearing(Snapshot.of(book(parties=parties, liabilities=owed)), Scenario()))
    assert told["A"]["paid"] == pytest.approx(0, abs=1e-3)


@settings(max_examples=40)
@given(interbanks(), st.sampled_from([0.5, 1.0]))
def test_payments_and_losses_of_clearing_are_what_their_edges_say(net: Interbank, alpha: float) -> None:
    told = clearing(net.snapshot(), Scenario(fail=("B0",), alpha=alpha, beta=0.75))
    paid = dict(zip(net.names, net.owes.sum(axis=1) + net.outside, strict=True))
    lost = dict.fromkeys(net.names, 0.0)
    for edge in told.edges.table(told.snapshot).to_pylist():
        if edge["channel"] in ("claim", "external"):
            paid[edge["from_id"]] -= edge["amount"]
        if edge["to_id"] is not None:
            lost[edge["to_id"]] += edge["amount"]
    held = rows(told)
    assert {n: r["paid"] for n, r in held.items()} == pytest.approx({n: paid[n] for n in held}, **NEAR)
    assert {n: r["loss"] for n, r in held.items()} == pytest.approx({n: lost[n] for n in held}, **NEAR)
    assert told.summary()["total_loss"] == pytest.approx(sum(e for e in told.edges.amount) / 100, **NEAR)


def test_a_chain_of_many_waves_and_a_hub_cost_what_they_touch() -> None:
    n = 20_000
    parties = [party(f"P{i:06}", "bank", external_assets=int(i > 0), equity=1) for i in range(n)]
    names = [str(p["party_id"]) for p in parties]
    chain = [
        {"debtor_id": a, "creditor_id": b, "amount": 5 + i, "currency": "EUR"}
        for i, (a, b) in enumerate(pairwise(names))
    ]
    held = Snapshot.of(book(parties=parties, liabilities=chain))
    told = clearing(held, Scenario())
    assert told.summary()["waves"] == n - 1
    assert told.summary()["iterations"] <= 3 * n
    assert threshold(held, Scenario(fail=("P000000",))).summary()["waves"] == n - 1
    spokes = [
        {"debtor_id": "P000000", "creditor_id": f"P{i:06}", "amount": 5, "currency": "EUR"}
        for i in range(1, n)
    ]
    hub = threshold(Snapshot.of(book(parties=parties, liabilities=spokes)), Scenario(fail=("P000000",)))
    assert (hub.summary()["waves"], hub.summary()["failed"]) == (1, n)


# --- DebtRank and threshold ------------------------------------------------------------------------


@settings(max_examples=60)
@given(interbanks(), SHARES, SHARES)
def test_debtrank_is_the_least_fixpoint_and_the_original_the_paper_s_three_states(
    net: Interbank, one: float, two: float
) -> None:
    told = debtrank(net.snapshot(), Scenario(loss_share={"B0": one, "B1": two}))
    first = np.zeros(len(net.cash))
    first[:2] = one, two
    table = told.parties()
    h = net.column(table, "h_linear")
    assert h == pytest.approx(oracle.debtrank(net.owes, net.equity, first), rel=1e-9, abs=1e-9)
    original = oracle.debtrank_original(net.owes, net.equity, first)
    assert net.column(table, "h_original") == pytest.approx(original, **NEAR)
    assert (h >= original - 1e-9).all()
    weight = net.equity * np.isin(net.names, table["party_id"].to_pylist())
    value = float((weight * (h - first)).sum() / weight.sum()) if weight.sum() else 0.0
    assert told.summary()["debtrank_linear"] == pytest.approx(value, **NEAR)


@settings(max_examples=50)
@given(interbanks(), SHARES, SHARES)
def test_a_larger_shock_never_lowers_a_loss_of_linear_debtrank(
    net: Interbank, one: float, two: float
) -> None:
    small, large = sorted([one, two])
    snapshot = net.snapshot()
    low, high = (debtrank(snapshot, Scenario(loss_share={"B0": x})).parties() for x in (small, large))
    assert (net.column(high, "loss") >= net.column(low, "loss") - 1e-9).all()


@settings(max_examples=50)
@given(interbanks(), SHARES)
def test_distress_is_what_its_edges_carried(net: Interbank, share: float) -> None:
    told = debtrank(net.snapshot(), Scenario(loss_share={"B0": share}))
    lost = dict.fromkeys(net.names, 0.0)
    for edge in told.edges.table(told.snapshot).to_pylist():
        if edge["channel"] in ("claim", "shock"):
            lost[edge["to_id"]] += edge["amount"]
    capped = np.minimum([lost[n] for n in net.names], net.equity)
    assert net.column(told.parties(), "loss") == pytest.approx(capped, rel=1e-9, abs=1e-8)


@given(interbanks(), st.sampled_from([0.4, 1.0]))
def test_threshold_fails_whose_claims_on_the_failed_reach_the_equity(net: Interbank, lgd: float) -> None:
    told = threshold(net.snapshot(), Scenario(fail=("B0",), lgd=lgd))
    down, when, number = np.arange(len(net.cash)) == 0, np.where(np.arange(len(net.cash)) == 0, 0, -1), 0
    while True:
        number += 1
        loss = lgd * net.owes[down].sum(axis=0)
        new = ~down & (loss > 0) & (loss >= net.equity)
        if not new.any():
            break
        when[new] = number
        down |= new
    held = rows(told)
    assert [-1 if held[n]["round"] is None else held[n]["round"] for n in net.names] == when.tolist()
    assert [held[n]["loss"] for n in net.names] == pytest.approx(loss, **NEAR)


# --- the group cascade -----------------------------------------------------------------------------


@settings(max_examples=70)
@given(contagious_books(), st.sampled_from(["1", "0.45"]), st.booleans(), st.data())
def test_the_cascade_is_the_one_by_hand(drawn: Contagious, lgd: str, pays: bool, data: st.DataObject) -> None:
    by_hand(drawn, lgd, pays, data)


@pytest.mark.soak
@given(contagious_books(12), st.sampled_from(["1", "0.45"]), st.booleans(), st.data())
def test_thousands_of_cascades_are_those_by_hand(
    drawn: Contagious, lgd: str, pays: bool, data: st.DataObject
) -> None:
    by_hand(drawn, lgd, pays, data)


def by_hand(drawn: Contagious, lgd: str, pays: bool, data: st.DataObject) -> None:
    """A run of a drawn book against the oracle."""
    fail = data.draw(st.lists(st.sampled_from(drawn.names), max_size=2, unique=True))
    hit = data.draw(
        st.dictionaries(st.sampled_from(drawn.names), st.sampled_from([1.0, 10.0, 45.5]), max_size=2)
    )
    scenario = Scenario(fail=tuple(fail), loss=hit, lgd=float(lgd), failing_guarantor_pays=pays)
    told = run(drawn.network(scenario), scenario, "group")
    expected = drawn.oracle(lgd).run(fail, {k: Fraction(str(v)) for k, v in hit.items()}, pays=pays)
    held = rows(told)
    assert {n: r["round"] for n, r in held.items() if r["failed"]} == expected.round
    assert {n: r["loss"] for n, r in held.items()} == pytest.approx(
        {n: float(expected.loss.get(n, 0)) for n in drawn.names}, **NEAR
    )
    lenders = {r["lender_id"]: r["loss"] for r in told.lenders().to_pylist()}
    assert lenders == pytest.approx({b: float(expected.lenders.get(b, 0)) for b in LENDERS}, **NEAR)


@settings(max_examples=40)
@given(contagious_books(), st.booleans(), st.data())
def test_every_figure_can_be_replayed_from_its_edges(
    drawn: Contagious, pays: bool, data: st.DataObject
) -> None:
    fail = data.draw(st.lists(st.sampled_from(drawn.names), min_size=1, max_size=2, unique=True))
    scenario = Scenario(fail=tuple(fail), lgd=0.6, failing_guarantor_pays=pays)
    told = run(drawn.network(scenario), scenario, "group")
    loss, call, paid = (dict.fromkeys(drawn.names, 0.0) for _ in range(3))
    lender = dict.fromkeys(LENDERS, 0.0)
    total, rounds = 0.0, dict.fromkeys(fail, 0)
    for edge in told.edges.table(told.snapshot).to_pylist():
        channel, amount, to = edge["channel"], edge["amount"], edge["to_id"]
        if channel in ("holding", "claim", "dependence", "call", "counter", "shock"):
            loss[to] += amount
        if channel in ("call", "counter"):
            call[to] += amount
        if channel in ("payment", "repaid"):
            paid[edge["from_id"]] += amount
        if channel == "repaid":
            loss[to] -= amount
        if channel == "credit":
            lender[to] += amount
        if channel in ("holding", "claim", "dependence", "payment", "credit"):
            total += amount
    held = rows(told)
    for column, replayed in (("loss", loss), ("call", call), ("paid", paid)):
        assert {n: r[column] for n, r in held.items()} == pytest.approx(replayed, **NEAR)
    assert {r["lender_id"]: r["loss"] for r in told.lenders().to_pylist()} == pytest.approx(lender, **NEAR)
    assert told.summary()["total_loss"] == pytest.approx(total, **NEAR)
    assert {n: r["round"] for n, r in held.items() if n in rounds} == rounds


@settings(max_examples=30)
@given(contagious_books())
def test_the_order_of_rows_changes_nothing(drawn: Contagious) -> None:
    scenario = Scenario(fail=("A",))
    one, other = (rows(run(d.network(scenario), scenario, "group")) for d in (drawn, drawn.turned()))
    assert {n: r["failed"] for n, r in one.items()} == {n: r["failed"] for n, r in other.items()}
    assert {n: r["loss"] for n, r in one.items()} == pytest.approx(
        {n: r["loss"] for n, r in other.items()}, **NEAR
    )


@settings(max_examples=40)
@given(contagious_books(), st.booleans())
def test_the_ranking_is_a_single_run_for_each_party(drawn: Contagious, pays: bool) -> None:
    scenario = Scenario(lgd=0.45, failing_guarantor_pays=pays)
    network = drawn.network(scenario)
    table = {r["party_id"]: r for r in ranking(network, pays=pays).table().to_pylist()}
    assert [r["rank"] for r in table.values()] == list(range(1, len(table) + 1))
    for name in drawn.names:
        told = run(network, replace(scenario, fail=(name,)), "group")
        row = table.get(name, {"loss": 0.0, "lenders_hit": 0, "failures": told.summary()["failed"]})
        assert row["loss"] == pytest.approx(told.summary()["total_loss"], **NEAR)
        assert row["lenders_hit"] == sum(x > 0 for x in told.lost)
        assert row["failures"] == told.summary()["failed"]
        if name in table:
            by_channel = {k: row[k] for k in ("holding", "claim", "dependence", "credit", "guarantee")}
            assert by_channel == pytest.approx(told.summary()["loss_by_channel"], **NEAR)


def small(*parties: tuple[str, object], **tables: object) -> Network:
    """The network of a book of parties with their equity, and one lender."""
    rows = [party(n, equity=e) for n, e in parties]
    return compiled(parties=rows, lenders=[BANK], **tables)


def compiled(**tables: object) -> Network:
    """The network of a book, nothing of a loss being recovered."""
    held = valued(Snapshot.of(book(**tables)), load("EU-CRR"))  # type: ignore[arg-type]
    return group(held, Promises.of(held), Scenario())


def test_what_one_joint_guarantor_cannot_pay_is_called_of_the_other() -> None:
    network = small(
        ("A", 5), ("B", 10), ("C", 500),
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[{"guarantee_id": f"G{g}", "guarantor_id": g, "form": "joint_several"} for g in "BC"],
        guarantee_covers=[{"guarantee_id": f"G{g}", "facility_id": "F"} for g in "BC"],
    )  # fmt: skip
    told = run(network, Scenario(fail=("A",)), "group")
    assert {n: (r["call"], r["paid"], r["round"]) for n, r in rows(told).items()} == {
        "A": (0, 0, 0),
        "B": (50, 0, 1),
        "C": (100, 100, None),
    }
    assert told.summary()["lender_loss"] == 0


def test_collateral_and_prices_decide_what_is_called() -> None:
    held = book(
        parties=[party("A", equity=5)],
        lenders=[BANK],
        facilities=[facility("F", "A", 100, 100)],
        collateral=[{"collateral_id": "K", "value": 60, "currency": "EUR", "kind": "Real_Estate"}],
        pledges=[{"collateral_id": "K", "facility_id": "F"}],
    )
    snapshot = Snapshot.of(held)
    lost = []
    for scenario in (Scenario(fail=("A",)), Scenario(fail=("A",), prices={"real_estate": -0.5})):
        facilities = valued(scenario.moved(snapshot), load("EU-CRR"))
        lost.append(cascade(facilities, Promises.of(facilities), scenario).summary()["lender_loss"])
    assert lost == [40, 70]


def test_what_one_debt_leaves_of_a_cap_is_called_for_the_other() -> None:
    """Two guarantees of 100 stand behind F2, one of them behind F3 too: 50 of it are called there at first."""
    held = book(
        parties=[party("A"), party("C")],
        lenders=[BANK],
        facilities=[facility("F2", "C", 100, 100), facility("F3", "C", 100, 100)],
        guarantees=[
            {"guarantee_id": "G0", "guarantor_id": "A", "form": "full"},
            {"guarantee_id": "G1", "guarantor_id": "A", "form": "capped", "cap": 100, "obligor_id": "C"},
        ],
        guarantee_covers=[{"guarantee_id": "G0", "facility_id": "F2"}],
    )
    scenario = Scenario(fail=("C",))
    facilities = valued(scenario.moved(Snapshot.of(held)), load("EU-CRR"))
    told = cascade(facilities, Promises.of(facilities), scenario)
    # first 100 x 2/3 under G0 and 50 x 2/3 under G1 at F2, and 50 at F3; then the 16.67 that are left of G1
    assert told.summary()["lender_loss"] == pytest.approx(200 - 150 - 50 / 3)


def test_loss_given_default_by_product_and_moves_of_rates() -> None:
    day = dt.date(2026, 10, 1)
    held = book(
        parties=[party("A", equity=5, currency="EUR")],
        lenders=[BANK],
        facilities=[
            facility("F", "A", 100, 100, currency="USD"),
            facility("H", "A", 10, 10, product="lease"),
        ],
        fx=[{"currency": "EUR", "date": day, "rate": 1}, {"currency": "USD", "date": day, "rate": 2}],
    )

    def loss(**more: object) -> float:
        scenario = Scenario(fail=("A",), **more)  # type: ignore[arg-type]
        facilities = valued(scenario.moved(Snapshot.of(held)), load("EU-CRR"))
        return float(cascade(facilities, Promises.of(facilities), scenario).summary()["lender_loss"])

    assert loss() == 210
    assert loss(lgd_by_product={"lease": 0.1}) == pytest.approx(201)
    assert loss(fx={"USD": 0.1}) == 230
    for wrong in (
        {"fx": {"EUR": 0.1}},
        {"fx": {"GBP": 0.1}},
        {"prices": {"gold": 0.1}},
        {"lgd": 1.5},
        {"fx": {"USD": -1.0}},
    ):
        with pytest.raises(OptionError):
            loss(**wrong)


def test_a_party_of_unknown_equity_never_fails_and_is_listed() -> None:
    network = small(
        ("A", 5), ("B", None),
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[{"guarantee_id": "G", "guarantor_id": "B", "form": "full"}],
        guarantee_covers=[{"guarantee_id": "G", "facility_id": "F"}],
    )  # fmt: skip
    told = run(network, Scenario(fail=("A",)), "group")
    assert (rows(told)["B"]["failed"], rows(told)["B"]["loss"], rows(told)["B"]["equity_after"]) == (
        False,
        100,
        None,
    )
    assert [(f.code, f.figures["parties"]) for f in told.found] == [("equity_unknown", ["B"])]


# --- simulation ------------------------------------------------------------------------------------


def crowd(pds: list[float], **more: object) -> Network:
    """Parties that owe 10 each, with these PDs."""
    parties = [party(f"P{i:05}", equity=5, pd=f"{pd:.9f}") for i, pd in enumerate(pds)]
    loans = [facility(f"F{i:05}", f"P{i:05}", 10, 10) for i in range(len(pds))]
    return compiled(parties=parties, facilities=loans, lenders=[BANK], **more)


def test_simulation_gives_the_same_bits_on_any_number_of_threads() -> None:
    network = crowd([0.02, 0.05, 0.2, 0.001, 0.11] * 40)
    one, three = (montecarlo(network, 350, 7, threads=k) for k in (1, 3))
    assert one.lost.tobytes() == three.lost.tobytes()
    assert one.figures.tobytes() == three.figures.tobytes()
    assert one.risk().equals(three.risk())
    assert montecarlo(network, 350, 8).lost.tobytes() != one.lost.tobytes()


@pytest.mark.parametrize("pds", [[0.03] * 400, [0.001 * (i % 200 + 1) for i in range(400)], [1.0] * 400])
@pytest.mark.parametrize("correlation", [0.0, 0.15])
def test_defaults_are_drawn_as_often_as_the_book_says(pds: list[float], correlation: float) -> None:
    drawn = montecarlo(crowd(pds), 4000, 3, correlation=correlation).drawn
    expected, deviation = sum(pds), drawn.std() / len(drawn) ** 0.5
    assert abs(drawn.mean() - expected) <= 5 * deviation + 0.001
    independent = sum(p * (1 - p) for p in pds) ** 0.5
    if correlation == 0:
        assert drawn.std() == pytest.approx(independent, rel=0.1, abs=0.01)
    elif pds[0] < 1:
        assert drawn.std() > 1.5 * independent


def test_nobody_is_drawn_twice_and_everybody_at_times() -> None:
    network = crowd([0.3, 0.29, 0.05, 0.6])
    buckets = Buckets.of(network.snapshot, np.asarray(network.snapshot.parties["pd"]))
    ptr, who = kernels.draw(1, 0, 3000, buckets.ptr, buckets.party, buckets.barrier, 0.15, network.snapshot.n)
    sets = [who[a:b].tolist() for a, b in pairwise(ptr.tolist())]
    assert all(len(set(s)) == len(s) for s in sets)
    count = np.bincount(who, minlength=4) / 3000
    assert count == pytest.approx([0.3, 0.29, 0.05, 0.6], abs=0.04)


def test_a_scenario_is_the_run_of_what_was_drawn() -> None:
    guarantees = [
        {"guarantee_id": f"G{i}", "guarantor_id": f"P{(i + 1) % 30:05}", "form": "full"} for i in range(30)
    ]
    covers = [{"guarantee_id": f"G{i}", "facility_id": f"F{i:05}"} for i in range(30)]
    network = crowd([0.05] * 30, guarantees=guarantees, guarantee_covers=covers)
    held = montecarlo(network, 40, 11)
    buckets = Buckets.of(network.snapshot, np.asarray(network.snapshot.parties["pd"]))
    ptr, who = kernels.draw(11, 0, 40, buckets.ptr, buckets.party, buckets.barrier, 0.15, network.snapshot.n)
    names = network.snapshot.party_ids.to_pylist()
    for s in range(40):
        told = run(network, Scenario(fail=tuple(names[p] for p in who[ptr[s] : ptr[s + 1]])), "group")
        assert held.lost[s].sum() == pytest.approx(told.lost.sum())
        assert held.figures[s, 5] == told.summary()["failed"]


@pytest.mark.parametrize("correlation", [0.0, 0.15, 0.7, 0.95])
def test_losses_are_distributed_as_all_sets_of_defaults_say(correlation: float) -> None:
    pds, equity = [0.3, 0.05, 0.02, 0.2, None, 0.5, 0.001, 1.0], [5, 50, 80, 200, 3, None, 10, 1]
    loans = zip("ABCDEFG", [60, 90, 70, 20, 11, 13, 17], strict=True)
    tables: dict[str, list[Row]] = {
        "parties": [party(n, pd=p, equity=e) for n, p, e in zip("ABCDEFGH", pds, equity, strict=True)],
        "lenders": [{"lender_id": name, "name": name} for name in LENDERS],
        "facilities": [
            facility(f"F{n}", n, a, a, lender_id="LEASE" if n in "DF" else "BANK") for n, a in loans
        ],
        "guarantees": [{"guarantee_id": f"G{g}", "guarantor_id": g, "form": "full"} for g in "BCD"],
        "guarantee_covers": [
            {"guarantee_id": f"G{g}", "facility_id": f"F{n}"} for n, g in ("AB", "BC", "CD")
        ],
        "liabilities": [{"debtor_id": "D", "creditor_id": "E", "amount": 4, "currency": "EUR"}],
    }
    by_hand = oracle.Cascade(tables, dt.date(2026, 10, 30), Fraction(1))
    expected = []
    for fallen, part in oracle.together(pds, correlation).items():
        failed = [name for name, down in zip("ABCDEFGH", fallen, strict=True) if down]
        lost = by_hand.run(failed, {}, pays=False).lenders
        expected.append((part, sum(fallen), [float(lost.get(name, 0)) for name in LENDERS]))
    many = 40_000
    held = montecarlo(compiled(**tables), many, 5, correlation=correlation)
    assert held.drawn.mean() == pytest.approx(sum(p * count for p, count, _ in expected), rel=0.03)
    for k, row in enumerate(held.risk().to_pylist()[:2]):
        losses = [(each[k], part) for part, _, each in expected]
        mean = sum(x * p for x, p in losses)
        deviation = (sum(x * x * p for x, p in losses) - mean**2) ** 0.5
        assert row["expected"] == pytest.approx(mean, abs=5 * deviation / many**0.5)
        assert row["deviation"] == pytest.approx(deviation, rel=0.03)
        var, shortfall = oracle.tail(losses, 0.95)
        assert (row["var_95"], row["es_95"]) == (var, pytest.approx(shortfall, rel=0.01))


def test_nobody_with_a_probability_of_default_is_an_error() -> None:
    with pytest.raises(OptionError, match=r"ratings\.pd"):
        montecarlo(small(("A", 5), facilities=[facility("F", "A", 1, 1)]), 10, 0)


def test_a_search_that_is_interrupted_stops_at_the_next_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_, "_SEEDS", 10)
    seen: list[int] = []

    def interrupted(_name: str, done: int, _many: int) -> None:
        seen.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ranking(crowd([0.1] * 500), step=interrupted)
    assert len(seen) == 1


# --- reverse stress --------------------------------------------------------------------------------


@settings(max_examples=50)
@given(contagious_books(), st.integers(0, 120), st.sampled_from([-1, 0]))
def test_reverse_stress_finds_a_smallest_set(drawn: Contagious, line: int, lender: int) -> None:
    network = drawn.network(Scenario())
    found = reverse(network, lender, line * 100.0)
    n = network.snapshot.n
    wanted = np.array([lender] if lender >= 0 else [], np.int32)
    runs = Runs(network, wanted)

    def worst(size: int) -> float:
        sets = list(combinations(range(n), size))
        figures, lost = runs.of_sets(size * np.arange(len(sets) + 1), np.array(sets, np.int32).ravel())
        return float((figures[:, 3] if lender < 0 else lost[:, 0]).max())

    least = next((k for k in range(1, n + 1) if worst(k) > line * 100), None)
    if least is None:
        assert not found.broken
        assert found.exact
    else:
        assert found.broken
        assert len(found.party) >= least
        assert not found.exact or len(found.party) == least
        assert least > 2 or (found.exact and len(found.party) == least)


def test_two_small_defaults_that_break_a_third_party_together_are_found() -> None:
    loans = [facility(f"F{n}", n, 30, 30) for n in "AB"] + [
        facility("FH", "H", 900, 900),
        facility("FZ", "Z", 40, 40),
    ]
    network = small(
        ("A", 1), ("B", 1), ("H", 50), ("Z", 5),
        facilities=loans,
        guarantees=[{"guarantee_id": f"G{n}", "guarantor_id": "H", "form": "full"} for n in "AB"],
        guarantee_covers=[{"guarantee_id": f"G{n}", "facility_id": f"F{n}"} for n in "AB"],
    )  # fmt: skip
    found = reverse(network, -1, 95_000.0)
    assert found.exact
    assert sorted(found.table()["party_id"].to_pylist()) == ["A", "B"]
    assert found.table()["loss"].to_pylist()[-1] == 960
