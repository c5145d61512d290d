"""Mitigation against the same by hand, and the laws that it keeps."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.aggregate import group_totals, party_totals
from exposure.explain import explain
from exposure.mitigation.mitigation import mitigated
from exposure.mitigation.net import net_groups, net_parties
from exposure.mitigation.substitution import REASONS
from exposure.report import Analysis, Request
from exposure.rulepack import load
from graph.model import GUARANTEE_FORMS
from graph.money import NULL
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.exposure.credit import AS_OF, Credit, csr
from tests.exposure.protected import both, protected_books
from tests.oracle.aggregate import UNKNOWN


def moved(credit: Credit) -> dict[tuple[str, str], tuple[str, int]]:
    """Reason and amount of each pair of guarantee and facility; an unknown amount is 0."""
    made = mitigated(credit.held()).substitution
    rows = made.table().to_pylist()
    amounts = made.cover.known.tolist()
    return {
        (r["guarantee_id"], r["facility_id"]): (r["reason"] or "", a)
        for r, a in zip(rows, amounts, strict=True)
        if r["form"] != "counter"
    }


@given(protected_books())
def test_guarantees_take_over_what_they_do_by_hand(credit: Credit) -> None:
    _, hand = both(credit)
    told = {pair: (why, hand.amount.get(pair, 0)) for pair, why in hand.reason.items()}
    assert moved(credit) == told


@given(protected_books())
def test_net_of_every_party_and_lender_is_what_it_is_by_hand(credit: Credit) -> None:
    made, hand = both(credit)
    none = np.zeros(made.held.snapshot.n + 1, np.int64), np.zeros(0, np.int32)
    totals, net = net_parties(made, party_totals(made.held, *none))
    names, lenders = [*made.held.snapshot.party_ids.to_pylist(), UNKNOWN], [*credit.lenders, None]
    held = {
        (names[p], lenders[b]): amount
        for p, b, amount in zip(totals.party.tolist(), totals.lender.tolist(), net.tolist(), strict=True)
    }
    for name in names:
        for lender in lenders:
            assert held.get((name, lender), 0) == hand.net([name], lender, umbrellas=False)


@given(protected_books(), st.data())
def test_net_of_groups_is_what_it_is_by_hand(credit: Credit, data: st.DataObject) -> None:
    made, hand = both(credit)
    sets = data.draw(
        st.lists(st.frozensets(st.sampled_from(credit.names), min_size=1), min_size=1, max_size=3)
    )
    ptr, members = csr(made.held, sets)
    members = np.where(members < 0, made.held.snapshot.n, members).astype(np.int32)
    totals, net = net_groups(made, group_totals(made.held, ptr, members), members)
    lenders = [*credit.lenders, None]
    held = {
        (g, lenders[b]): amount
        for g, b, amount in zip(totals.group.tolist(), totals.lender.tolist(), net.tolist(), strict=True)
    }
    for g, chosen in enumerate(sets):
        for lender in lenders:
            assert held.get((g, lender), 0) == hand.net(chosen, lender, umbrellas=True)


@settings(max_examples=30)
@given(protected_books())
def test_the_whole_is_conserved_until_exemptions(credit: Credit) -> None:
    made = mitigated(credit.held())
    gross = made.held.claims.gross
    before = int(gross[gross != NULL].sum()) - int(made.cash.sum())
    after = int(made.rest[made.rest != NULL].sum()) + int(made.spared.sum()) + int(made.given.sum())
    assert before == after
    assert (made.rest[made.rest != NULL] >= 0).all()


@settings(max_examples=30)
@given(protected_books(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(credit: Credit, random: Random) -> None:
    tables = {name: random.sample(rows, len(rows)) for name, rows in credit.tables.items()}
    assert moved(replace(credit, tables=tables)) == moved(credit)


@settings(max_examples=15)
@given(protected_books())
def test_one_lender_alone_has_the_net_that_it_has_among_all(credit: Credit) -> None:
    snapshot = Snapshot.of(book(AS_OF, **credit.tables))
    rows = Analysis(snapshot, Request((credit.pack.name,))).table("party_exposures").to_pylist()
    whole = {(r["party_id"], r["lender_id"]): r["net"] for r in rows}
    for lender in credit.lenders:
        alone = Analysis(snapshot, Request((credit.pack.name,), lender=lender)).table("party_exposures")
        for r in alone.to_pylist():
            if r["lender_id"]:
                assert r["net"] == whole[r["party_id"], lender]


def nets(pack: str = "EU-CRR", **tables: list[Row]) -> dict[str, str]:
    """Net of each party that owes anything, all lenders together."""
    analysis = Analysis(Snapshot.of(book(AS_OF, lenders=[BANK], **tables)), Request((pack,)))
    rows = analysis.table("party_exposures").to_pylist()
    return {r["party_id"]: str(r["net"]) for r in rows if not r["lender_id"]}


def pledge(name: str, guarantor: str, form: str = "full", **more: object) -> Row:
    return {"guarantee_id": name, "guarantor_id": guarantor, "form": form, "eligible": True, **more}


def covers(*pairs: str) -> list[Row]:
    return [{"guarantee_id": p.split(">")[0], "facility_id": p.split(">")[1]} for p in pairs]


@pytest.mark.parametrize(
    ("form", "more", "left"),
    [
        ("full", {}, "0.00"),
        ("capped", {"cap": 30}, "70.00"),
        ("share", {"share": "0.4"}, "60.00"),
        ("several", {"share": "0.4"}, "60.00"),
        ("joint_several", {}, "0.00"),
        ("pari_passu", {"cap": 30}, "70.00"),
        ("first_loss", {"cap": 30}, "70.00"),
        ("second_loss", {"cap": 30}, "100.00"),
    ],
)
def test_each_form_takes_over_its_part(form: str, more: dict[str, object], left: str) -> None:
    found = nets(
        parties=[party("A"), party("G")],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[pledge("P", "G", form, **more)],
        guarantee_covers=covers("P>F"),
    )
    assert found["A"] == left
    assert form in GUARANTEE_FORMS


def test_cash_comes_first_and_a_debt_without_rest_moves_nothing() -> None:
    found = nets(
        parties=[party("A"), party("G")],
        facilities=[
            facility("F1", "A", 100, 100, cash_collateral=40),
            facility("F2", "A", 50, 50, cash_collateral=80),
        ],
        guarantees=[pledge("P", "G")],
        guarantee_covers=covers("P>F1", "P>F2"),
    )
    assert found == {"A": "0.00", "G": "60.00"}


def test_a_lender_gives_no_protection_to_itself() -> None:
    bank = {"lender_id": "BANK", "name": "Bank", "party_id": "B"}
    tables = {
        "parties": [party("A"), party("B")],
        "lenders": [bank, {"lender_id": "SUB", "name": "Sub"}],
        "facilities": [facility("F1", "A", 100, 100), facility("F2", "A", 70, 70, lender_id="SUB")],
        "guarantees": [pledge("P", "B")],
        "guarantee_covers": covers("P>F1", "P>F2"),
    }
    made = Analysis(Snapshot.of(book(AS_OF, **tables)), Request(("EU-CRR",))).table("mitigation").to_pylist()
    assert [(r["facility_id"], r["moved"], r["reason"]) for r in made] == [
        ("F1", 0, "own_lender"),
        ("F2", 70, None),
    ]


def test_what_is_moved_to_a_state_is_exempt_there() -> None:
    found = nets(
        parties=[party("A"), party("S", kind="government")],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[pledge("P", "S")],
        guarantee_covers=covers("P>F"),
    )
    assert found == {"A": "0.00", "S": "0.00"}


def test_a_ceiling_for_an_obligor_is_split_over_all_its_debts() -> None:
    found = nets(
        parties=[party("A"), party("B"), party("G")],
        facilities=[
            facility("F1", "A", 100, 100),
            facility("F2", "A", 300, 300),
            facility("F3", "B", 10, 10),
        ],
        guarantees=[pledge("P", "G", "capped", cap=200, obligor_id="A")],
    )
    assert found == {"A": "200.00", "B": "10.00", "G": "200.00"}


@pytest.mark.parametrize(
    ("currency", "moved"),
    [("EUR", "36363636.36"), ("USD", "33454545.45")],
    ids=["one currency", "another currency"],
)
def test_mismatches_are_exact_fractions_rounded_once(currency: str, moved: str) -> None:
    """(2.75 - 0.25) / (3 - 0.25) = 10 / 11, of 40 million; another currency leaves 92 % of that."""
    tables: dict[str, list[Row]] = {
        "parties": [party("A"), party("G")],
        "facilities": [facility("F", "A", 40_000_000, 40_000_000, residual_maturity=3)],
        "guarantees": [pledge("P", "G", residual_maturity="2.75", currency=currency)],
        "guarantee_covers": covers("P>F"),
    }
    assert nets("EU-CRR", **tables)["G"] == moved


def test_mitigation_is_told_for_every_pack() -> None:
    tables: dict[str, list[Row]] = {
        "parties": [party("A"), party("G")],
        "lenders": [BANK],
        "facilities": [facility("F", "A", 100, 100, residual_maturity=3)],
        "guarantees": [pledge("P", "G", residual_maturity="0.25")],
        "guarantee_covers": covers("P>F"),
    }
    rows = (
        Analysis(Snapshot.of(book(AS_OF, **tables)), Request(("EU-CRR", "CN-LE")))
        .table("mitigation")
        .to_pylist()
    )
    assert [(r["pack"], r["facility_id"], r["reason"]) for r in rows] == [
        ("EU-CRR", "F", "maturity"), ("CN-LE", "F", "maturity")
    ]  # fmt: skip


def test_a_covered_bond_counts_with_the_share_of_the_pack() -> None:
    bond = facility("F", "A", 100, 100, product="covered_bond")
    assert nets("BASEL-LEX", parties=[party("A")], facilities=[bond]) == {"A": "20.00"}
    assert nets("EU-CRR", parties=[party("A")], facilities=[bond]) == {"A": "100.00"}


def test_a_debt_of_several_is_lower_for_each_of_them() -> None:
    found = nets(
        parties=[party("A"), party("B"), party("G")],
        facilities=[facility("F", "A", 100, 100)],
        co_obligors=[{"facility_id": "F", "party_id": "B"}],
        guarantees=[pledge("P", "G", "capped", cap=30), pledge("Q", "B")],
        guarantee_covers=covers("P>F", "Q>F"),
    )
    assert found == {"A": "70.00", "B": "70.00", "G": "30.00"}


def test_a_debt_that_a_state_owes_with_others_stays_with_the_others() -> None:
    found = nets(
        parties=[party("S", kind="government"), party("B")],
        facilities=[facility("F", "S", 100, 100)],
        co_obligors=[{"facility_id": "F", "party_id": "B"}],
    )
    assert found == {"B": "100.00", "S": "0.00"}


def test_a_guarantor_of_the_same_risk_weight_is_recognised() -> None:
    found = nets(
        parties=[party("A", risk_weight="0.5"), party("G", risk_weight="0.5")],
        facilities=[facility("F", "A", 100, 100)],
        guarantees=[pledge("P", "G")],
        guarantee_covers=covers("P>F"),
    )
    assert found == {"A": "0.00", "G": "100.00"}


def test_refusals_are_raised_once_a_guarantee_with_what_they_promise() -> None:
    snapshot = Snapshot.of(
        book(
            AS_OF,
            lenders=[BANK],
            parties=[party("A"), party("G")],
            facilities=[facility("F1", "A", 100, 100), facility("F2", "A", 60, 60)],
            guarantees=[
                pledge("P", "G", expiry_date=AS_OF),
                pledge("Q", "G", "capped", cap=70, eligible=None),
                pledge("R", "A"),
            ],
            guarantee_covers=covers("P>F1", "Q>F1", "Q>F2", "R>F2"),
        )
    )
    rows = Analysis(snapshot).table("findings").to_pylist()
    told = {r["code"]: (r["subjects"], str(r["amount"])) for r in rows if "guarantee" in r["subject_kind"]}
    assert told == {
        "guarantee_expired": (["P"], "100.00"),
        "guarantee_not_eligible": (["Q"], "70.00"),
        "self_guarantee": (["R"], "60.00"),
    }


def test_net_is_explained_by_the_facilities_that_it_is_summed_from() -> None:
    tables = {
        "parties": [party("A"), party("G")],
        "facilities": [facility("F1", "A", 100, 100, cash_collateral=10), facility("F2", "G", 5, 5)],
        "guarantees": [pledge("P", "G", "capped", cap=30)],
        "guarantee_covers": covers("P>F1"),
    }
    analysis = Analysis(Snapshot.of(book(AS_OF, lenders=[BANK], **tables)))
    for name, told in (("A", {"F1": 6000}), ("G", {"F1": 3000, "F2": 500})):
        (line,) = [part for part in explain(analysis, name).lines if part.key == "own_net"]
        assert line.amount == sum(told.values())
        assert {part.places["facility"]: part.amount for part in line.below} == told


def test_every_reason_has_a_name() -> None:
    assert len(set(REASONS)) == len(REASONS)


def test_parties_that_the_totals_lack_owe_nothing() -> None:
    tables = {
        "parties": [party("A"), party("B")],
        "lenders": [BANK],
        "facilities": [facility("F", "A", 9, 9)],
    }
    held = Credit(tables, load("EU-CRR")).held()
    totals = party_totals(held, np.zeros(3, np.int64), np.zeros(0, np.int32))
    more = totals.also(*totals.lacking(np.array([0, 1], np.int32)))
    assert (more.party.tolist(), more.gross.tolist()) == ([0, 0, 1], [900, 900, 0])
