"""Limits: every sign on its line, then all scopes and subjects against the oracle, and the laws they obey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.aggregate import group_totals, party_totals
from exposure.control import control
from exposure.facilities import valued
from exposure.findings import Finding
from exposure.groups import Settings, groups
from exposure.limits import breaches, jointcredit
from exposure.limits.large import large_exposures
from exposure.limits.limits import Limits, limits
from exposure.mitigation.mitigation import mitigated
from exposure.mitigation.net import net_groups, net_parties
from exposure.rulepack import load
from graph.snapshot import Snapshot
from tests.books import Row, book, facility, party
from tests.exposure.credit import AS_OF, RATES, Credit
from tests.exposure.protected import GIVERS, protected_books
from tests.oracle.aggregate import cents as cents_of
from tests.oracle.limits import LimitsOracle

CENT = Decimal("0.01")


def limits_of(pack: str = "EU-CRR", net: dict[str, str] | None = None, **tables: Sequence[Row]) -> Limits:
    """The limits of a small book; ``net`` gives some parties' net amount at every lender in place of mitigation."""
    snapshot = Snapshot.of(book(AS_OF, **tables))
    rules = load(pack)
    held = control(snapshot)
    grouped = groups(held, rules, Settings.of(rules, {}))
    at_value = valued(snapshot, rules)
    parties = party_totals(at_value, held.ptr, held.controlled)
    totals = group_totals(at_value, grouped.ptr, grouped.members)
    if net is None:
        mitigation = mitigated(at_value)
        parties, own = net_parties(mitigation, parties)
        totals, together = net_groups(mitigation, totals, grouped.members)
        return limits(grouped, parties, totals, (own, together), mitigation=mitigation).and_internal()
    after, together = parties.gross.copy(), totals.gross.copy()
    for name, amount in net.items():
        of = parties.party == snapshot.number_of[name]
        less = parties.gross[of] - int(Decimal(amount) * 100)
        after[of] -= less
        for g in grouped.groups_of(snapshot.number_of[name]):
            together[totals.group == g] -= less
    return limits(grouped, parties, totals, (after, together)).and_internal()


def rows(held: Limits, **where: object) -> list[dict[str, Any]]:
    """Rows of the result with these cells."""
    return [r for r in held.table().to_pylist() if all(r[k] == v for k, v in where.items())]


def found(held: Limits, code: str) -> list[Finding]:
    """Findings of a code."""
    made = [*breaches.findings(held), *jointcredit.findings(held.standing)]
    return [f for f in made if f.code == code]


def subjects(held: Limits, code: str) -> set[str]:
    """Subjects of the findings of a code."""
    return {s for f in found(held, code) for s in f.subjects}


def bank(tier1: object, **more: object) -> Row:
    """The one lender."""
    return {"lender_id": "BANK", "name": "Bank", "tier1": tier1, "currency": "EUR", **more}


def owes(amount: object, kind: str = "company", pack: str = "EU-CRR", **lender: object) -> Limits:
    """One party that owes the bank an amount; its Tier 1 is 1000 unless said."""
    return limits_of(
        pack,
        parties=[party("A", kind)],
        lenders=[bank(lender.pop("tier1", 1000), **lender)],
        facilities=[facility("F", "A", amount, amount)],
    )


def pair(
    a: object,
    b: object,
    pack: str = "EU-CRR",
    kinds: tuple[str, str] = ("company", "company"),
    **more: object,
) -> Limits:
    """A group of A and B, which A controls, that owe the bank these amounts; Tier 1 is 1000 unless said."""
    return limits_of(
        pack,
        parties=[party("A", kinds[0]), party("B", kinds[1])],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        lenders=[bank(more.pop("tier1", 1000), **more)],
        facilities=[facility("F1", "A", a, a), facility("F2", "B", b, b)],
    )


# --- every sign on its line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pack", "line", "on_it"),
    [("EU-CRR", "100", True), ("BASEL-LEX", "100", True), ("CN-LE", "25", False)],
)
def test_large_begins_where_the_pack_says(pack: str, line: str, on_it: bool) -> None:
    at = Decimal(line)
    assert [bool(found(owes(x, pack=pack), "large")) for x in (at - CENT, at, at + CENT)] == [
        False,
        on_it,
        True,
    ]


@pytest.mark.parametrize(
    ("pack", "kind", "limit"),
    [
        ("EU-CRR", "company", "250"),
        ("BASEL-LEX", "company", "250"),
        ("BASEL-LEX", "bank", "250"),
        ("US-SCCL", "company", "250"),
        ("CN-LE", "company", "150"),
        ("CN-LE", "bank", "250"),
    ],
)
def test_a_limit_itself_is_still_allowed(pack: str, kind: str, limit: str) -> None:
    for amount, over in ((Decimal(limit), 0), (Decimal(limit) + CENT, CENT)):
        (row,) = rows(owes(amount, kind, pack), subject_id="A")
        assert (row["limit"], row["value"], row["breach"], row["excess"]) == (
            Decimal(limit),
            amount,
            over > 0,
            over,
        )
        assert row["headroom"] == -over


@pytest.mark.parametrize(
    ("pack", "limit"), [("EU-CRR", 250), ("BASEL-LEX", 250), ("US-SCCL", 250), ("CN-LE", 200)]
)
def test_a_group_has_the_limit_of_the_pack(pack: str, limit: int) -> None:
    (row,) = rows(pair(limit - 100, 100, pack), subject_id="G:A")
    assert (row["scope"], row["limit"], row["breach"]) == ("group", limit, False)
    assert rows(pair(limit - 100, Decimal(100) + CENT, pack), subject_id="G:A")[0]["breach"]


def test_group_credit_is_a_share_of_net_capital_and_tests_gross() -> None:
    held = limits_of(
        "CN-GROUP",
        {"B": "0"},
        parties=[party("A"), party("B")],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        lenders=[bank(1000, net_capital=1200)],
        facilities=[facility("F1", "A", 100, 100), facility("F2", "B", "80.01", "80.01")],
    )
    (row,) = rows(held)
    assert (row["rule"], row["measure"], row["limit"], row["excess"]) == (
        "CN-GROUP group",
        "gross",
        180,
        CENT,
    )


def test_shares_of_capital_that_are_no_whole_cents_are_compared_exactly() -> None:
    for amount, broken in (("25.25", False), ("25.26", True)):  # a quarter of 101.03 is 25.2575
        (row,) = rows(owes(amount, tier1="101.03"))
        assert (row["limit"], row["breach"]) == (Decimal("25.25"), broken)


def test_between_global_banks_the_limit_is_lower() -> None:
    def limit(pack: str, lender: bool, client: bool) -> Decimal:
        held = limits_of(
            pack,
            parties=[party("A", "bank", gsib=client)],
            lenders=[bank(1_000_000_000, gsib=lender)],
            facilities=[facility("F", "A", 1, 1)],
        )
        value: Decimal = rows(held)[0]["limit"]
        return value / 1_000_000

    for pack in ("EU-CRR", "BASEL-LEX", "CN-LE", "US-SCCL"):
        assert limit(pack, lender=True, client=True) == 150
        assert limit(pack, lender=True, client=False) == limit(pack, lender=False, client=True) == 250


@pytest.mark.parametrize(
    ("tier1", "limit", "rule"),
    [
        (400, 150, "150 million"),
        (600, 150, "both"),
        (800, 200, "a quarter"),
        (100, 100, "all of Tier 1"),
        (0, 0, "none"),
    ],
)
def test_an_institution_may_owe_150_million_if_tier_1_bears_it(tier1: int, limit: int, rule: str) -> None:
    million = 10**6
    for amount, broken in ((limit * million, False), (limit * million + CENT, True)):
        held = rows(owes(amount, "bank", tier1=tier1 * million), subject_id="A")
        if amount:
            assert (held[0]["limit"], held[0]["breach"]) == (limit * million, broken), rule


def test_members_that_are_no_institution_stay_within_a_quarter_together() -> None:
    million = 10**6
    held = pair(60 * million, 85 * million, kinds=("bank", "company"), tier1=300 * million)
    made = {r["rule"]: (r["limit"], r["value"], r["breach"]) for r in rows(held, subject_id="G:A")}
    assert made == {
        "EU-CRR bank": (150 * million, 145 * million, False),
        "EU-CRR non_institution": (75 * million, 85 * million, True),
    }


def test_the_150_million_are_converted_and_untested_without_a_rate() -> None:
    def limit(**fx: str) -> dict[str, Any]:
        held = limits_of(
            parties=[party("A", "bank")],
            lenders=[bank(400_000_000, currency="CNY")],
            facilities=[facility("F", "A", 10, 10, currency="CNY")],
            fx=[{"currency": c, "date": AS_OF, "rate": r} for c, r in {"CNY": "1", **fx}.items()],
        )
        assert bool(found(held, "untested")) != bool(fx)
        return rows(held)[0]

    assert limit(EUR="2")["limit"] == 300_000_000
    assert (limit()["limit"], limit()["breach"], limit()["value"]) == (None, None, 10)


def test_loans_are_limited_apart_from_all_exposure() -> None:
    for loan, broken in (("120", False), ("120.01", True)):
        held = limits_of(
            "CN-LE",
            parties=[party("A")],
            lenders=[bank(1000, net_capital=1200)],
            facilities=[facility("F1", "A", loan, loan), facility("F2", "A", 29, 29, product="bond")],
        )
        made = {r["rule"]: r for r in rows(held)}
        assert (made["CN-LE loans"]["limit"], made["CN-LE loans"]["breach"]) == (120, broken)
        assert (made["CN-LE single"]["value"], made["CN-LE single"]["breach"]) == (Decimal(loan) + 29, False)


@pytest.mark.parametrize(
    ("pack", "code", "kind"),
    [
        ("EU-CRR", "must_investigate", "company"),
        ("BASEL-LEX", "must_investigate", "bank"),
        ("CN-LE", "must_investigate", "company"),
        ("US-SCCL", "must_assess", "company"),
    ],
)
def test_dependence_must_be_looked_into_above_five_percent(pack: str, code: str, kind: str) -> None:
    assert not found(owes(50, kind, pack), code)
    (finding,) = found(owes(Decimal(50) + CENT, kind, pack), code)
    assert (finding.subjects, finding.amount) == (("A",), 5001)


def test_the_chinese_rule_looks_into_clients_that_are_no_banks() -> None:
    assert not found(owes(100, "bank", "CN-LE"), "must_investigate")


def test_near_begins_at_nine_tenths_and_ends_with_the_breach() -> None:
    near = [bool(found(owes(x), "limit_near")) for x in ("224.99", "225", "250", "250.01")]
    assert near == [False, True, True, False]
    assert [f.amount for f in found(owes("250.01"), "limit_breach")] == [1]


def test_300_million_are_reported_at_consolidated_level_only() -> None:
    million, names = 10**6, [f"P{i:02d}" for i in range(25)]
    held = limits_of(
        parties=[party(n) for n in names],
        lenders=[bank(10_000 * million), {"lender_id": "SUB", "name": "Sub", "parent_id": "BANK"}],
        facilities=[
            facility(f"F{n}", n, 300 * million, 300 * million - (CENT if i > 21 else 0), ccf="0")
            for i, n in enumerate(names)
        ],
    )
    listed = [(r["level"], r["listed"]) for r in large_exposures(held).to_pylist()]
    assert listed == [("consolidated", "amount")] * 22 + [("solo", "largest")] * 20


# --- exempt, unknown, untested ------------------------------------------------------------------------------------


def test_a_government_is_large_but_outside_the_limit() -> None:
    held = owes(400, "government")
    (row,) = rows(held)
    assert (row["value"], row["breach"]) == (0, False)
    (listed,) = large_exposures(held).to_pylist()
    assert (listed["gross"], listed["net"], listed["ratio_before"], listed["ratio_after"]) == (400, 0, 0.4, 0)
    assert subjects(held, "large") == subjects(held, "exempt") == {"A"}
    assert not found(held, "limit_breach")
    assert not found(held, "must_investigate")


def test_an_exempt_member_leaves_the_rest_of_its_group() -> None:
    (row,) = rows(pair(500, 260, kinds=("government", "company")), subject_id="G:A")
    assert (row["value"], row["excess"]) == (260, 10)


@pytest.mark.parametrize(
    ("pack", "more", "exempt"),
    [
        ("EU-CRR", {"risk_weight": "0"}, True),
        ("EU-CRR", {"risk_weight": "0.2"}, False),
        ("CN-LE", {"country": "CN"}, True),
        ("CN-LE", {"country": "XX", "rating": "AA-"}, True),
        ("CN-LE", {"country": "XX", "rating": "Aa3"}, True),
        ("CN-LE", {"country": "XX", "rating": "A+"}, False),
        ("CN-LE", {"country": "XX"}, False),
    ],
)
def test_which_governments_are_exempt(pack: str, more: dict[str, str], exempt: bool) -> None:
    held = limits_of(
        pack,
        parties=[party("A", "government", **more)],
        lenders=[bank(1000)],
        facilities=[facility("F", "A", 100, 100)],
    )
    assert bool(found(held, "exempt")) == exempt


def test_a_lender_without_capital_is_untested_and_said_so() -> None:
    held = owes(400, tier1=None)
    assert not rows(held)
    (finding,) = found(held, "untested")
    assert (finding.subjects, finding.figures["missing"]) == (("BANK",), ["tier1"])
    (listed,) = large_exposures(held).to_pylist()
    assert (listed["ratio_before"], listed["rank"]) == (None, 1)


def test_an_unknown_amount_leaves_a_test_open_unless_the_rest_breaks_the_limit() -> None:
    def breach(known: int) -> object:
        held = limits_of(
            parties=[party("A")],
            lenders=[bank(1000)],
            facilities=[facility("F1", "A", known, known), facility("F2", "A", None, None)],
        )
        assert [f.figures["missing"] for f in found(held, "untested")] == (
            [] if known > 250 else [["amounts"]]
        )
        return rows(held)[0]["breach"]

    assert [breach(100), breach(251)] == [None, True]


def test_a_test_is_left_open_only_by_an_amount_that_it_needs() -> None:
    held = limits_of(
        "CN-LE",
        parties=[party("A"), party("B")],
        lenders=[bank(1000, net_capital=1000)],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "1"}],
        facilities=[
            facility("F1", "A", None, 40, exposure_value=60),
            facility("F2", "A", 10, None, product="bond"),
            facility("F3", "B", None, None, product="derivative", exposure_value=70),
        ],
        limits=[
            {"scope": "group", "subject_id": "A", "amount": 1000, "currency": "EUR", "measure": measure}
            for measure in ("limit", "drawn", "gross")
        ],
    )
    told = {(r["subject_id"], r["rule"], r["measure"]): (int(r["value"]), r["breach"]) for r in rows(held)}
    assert told == {
        ("A", "CN-LE single", "net"): (60, None),
        ("A", "CN-LE loans", "drawn"): (40, False),
        ("B", "CN-LE single", "net"): (70, False),
        ("G:A", "CN-LE group", "net"): (130, None),
        ("G:A", "internal", "limit"): (10, None),
        ("G:A", "internal", "drawn"): (40, None),
        ("G:A", "internal", "gross"): (130, None),
    }


@pytest.mark.parametrize("pack", ["EU-CRR", "CN-LE"])
def test_who_owes_nothing_that_is_known_is_untested_and_not_on_the_list(pack: str) -> None:
    facilities = [facility("F1", "A", 100, 100, currency="JPY"), facility("F2", "B", None, None)]
    lender = bank(1000, net_capital=1000)
    held = limits_of(pack, parties=[party("A"), party("B")], lenders=[lender], facilities=facilities)
    assert [f.figures["missing"] for f in found(held, "untested")] == [["amounts"]]
    assert {(r["subject_id"], r["breach"]) for r in rows(held)} == {("A", None), ("B", None)}
    assert len({r["rule"] for r in rows(held)}) == (2 if pack == "CN-LE" else 1)
    assert large_exposures(held).num_rows == 0


@pytest.mark.parametrize(("limit", "amount"), [(None, 25), (70, None)])
def test_what_a_vehicle_holds_of_a_party_in_an_unknown_amount_leaves_its_tests_open(
    limit: int | None, amount: int | None
) -> None:
    held = limits_of(
        parties=[party("A"), party("C")],
        lenders=[bank(1000)],
        facilities=[facility("F1", "C", limit, 70)],
        underlyings=[{"facility_id": "F1", "party_id": "A", "amount": amount, "currency": "EUR"}],
        limits=[{"scope": "party", "subject_id": "A", "amount": 50, "currency": "EUR"}],
    )
    assert [(r["rule"], r["value"], r["headroom"], r["breach"]) for r in rows(held, subject_id="A")] == [
        ("internal", 0, None, None), ("EU-CRR single", 0, None, None),
    ]  # fmt: skip


def test_a_breach_at_each_lender_is_a_finding_of_its_own() -> None:
    held = limits_of(
        parties=[party("A")],
        lenders=[bank(1000), {**bank(100), "lender_id": "SUB"}],
        facilities=[facility("F1", "A", 300, 300), facility("F2", "A", 30, 30, lender_id="SUB")],
    )
    made = found(held, "limit_breach")
    assert {(f.amount, f.rule) for f in made} == {
        (5000, "EU-CRR single, BANK, solo"),
        (500, "EU-CRR single, SUB, solo"),
    }


# --- solo and consolidated ----------------------------------------------------------------------------------------


def group_of_lenders(**more: Sequence[Row]) -> Limits:
    """A bank with a subsidiary that is a party too; both lend to A, the bank lends to its subsidiary."""
    return limits_of(
        parties=[party("A"), party("S")],
        lenders=[
            bank(1000, tier1_consolidated=2000),
            {**bank(400), "lender_id": "SUB", "parent_id": "BANK", "party_id": "S"},
        ],
        facilities=[
            facility("F1", "A", 200, 200),
            facility("F2", "A", 110, 110, lender_id="SUB"),
            facility("F3", "S", 700, 700),
        ],
        **more,
    )


def test_a_lender_with_children_is_tested_with_all_below_it() -> None:
    made = {
        (r["subject_id"], r["lender_id"], r["level"]): (r["limit"], r["value"])
        for r in rows(group_of_lenders())
    }
    assert made == {
        ("A", "BANK", "solo"): (250, 200),
        ("A", "SUB", "solo"): (100, 110),
        ("A", "BANK", "consolidated"): (500, 310),
        ("S", "BANK", "solo"): (250, 700),
    }


def test_claims_inside_the_scope_leave_its_groups_too() -> None:
    held = group_of_lenders(ownership=[{"owner_id": "A", "owned_id": "S", "share": "1"}])
    made = {(r["lender_id"], r["level"]): r["value"] for r in rows(held, subject_id="G:A")}
    assert made == {("BANK", "solo"): 900, ("SUB", "solo"): 110, ("BANK", "consolidated"): 310}


def test_without_consolidated_capital_the_own_one_is_taken() -> None:
    held = limits_of(
        parties=[party("A")],
        lenders=[bank(1000), {"lender_id": "SUB", "name": "Sub", "parent_id": "BANK"}],
        facilities=[facility("F", "A", 260, 260, lender_id="SUB")],
    )
    (row,) = rows(held)
    assert (row["lender_id"], row["level"], row["excess"]) == ("BANK", "consolidated", 10)
    assert [f.rule for f in found(held, "untested")] == ["EU-CRR, SUB, solo"]


# --- mitigation ---------------------------------------------------------------------------------------------------


def test_limits_test_net_and_large_lines_gross() -> None:
    held = limits_of(
        net={"A": "200"},
        parties=[party("A"), party("B")],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        lenders=[bank(1000)],
        facilities=[facility("F1", "A", 300, 300), facility("F2", "B", 50, 50)],
    )
    made = {r["subject_id"]: r["value"] for r in rows(held)}
    assert made == {"A": 200, "B": 50, "G:A": 250}
    assert subjects(held, "large") == {"A", "G:A"}
    assert not found(held, "limit_breach")


def test_cash_on_a_shared_debt_relieves_each_part_of_the_group_that_owes_it() -> None:
    million = 10**6
    held = limits_of(
        parties=[party("A", "bank"), party("B")],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        lenders=[bank(300 * million)],
        facilities=[facility("F", "A", 85 * million, 85 * million, cash_collateral=20 * million)],
        co_obligors=[{"facility_id": "F", "party_id": "B"}],
    )
    assert {r["value"] / million for r in rows(held)} == {65}
    assert len(rows(held, subject_id="G:A")) == 2


def test_what_a_guarantor_takes_over_counts_for_it_and_its_group() -> None:
    held = limits_of(
        parties=[party("A"), party("B"), party("C")],
        ownership=[{"owner_id": "B", "owned_id": "C", "share": "0.6"}],
        lenders=[bank(1000)],
        facilities=[facility("F", "A", 300, 300), facility("G", "C", 200, 200)],
        guarantees=[
            {
                "guarantee_id": "U",
                "guarantor_id": "B",
                "form": "capped",
                "cap": "60",
                "currency": "EUR",
                "eligible": True,
            }
        ],
        guarantee_covers=[{"guarantee_id": "U", "facility_id": "F"}],
    )
    made = {r["subject_id"]: (r["value"], r["excess"]) for r in rows(held)}
    assert made == {"A": (240, 0), "B": (60, 0), "C": (200, 0), "G:B": (260, 10)}


def test_what_a_left_out_member_was_relieved_of_relieves_nobody_else() -> None:
    million = 10**6
    held = limits_of(
        net={"A": str(10 * million)},
        parties=[party("A", "bank"), party("B")],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        lenders=[bank(300 * million)],
        facilities=[
            facility("F1", "A", 60 * million, 60 * million),
            facility("F2", "B", 85 * million, 85 * million),
        ],
    )
    made = {r["rule"]: r["value"] / million for r in rows(held, subject_id="G:A")}
    assert made == {"EU-CRR bank": 95, "EU-CRR non_institution": 85}


def test_what_lenders_of_one_scope_guarantee_to_each_other_protects_none_of_them_together() -> None:
    def values(guarantor: str) -> dict[tuple[str, str], object]:
        held = limits_of(
            parties=[party("A"), party("S"), party("X")],
            lenders=[
                bank(1000),
                {"lender_id": "LEASE", "name": "Lease", "parent_id": "BANK", "tier1": 900, "currency": "EUR"},
                {"lender_id": "SURE", "name": "Sure", "parent_id": "BANK", "party_id": "S"},
            ],
            facilities=[facility("F", "A", 300, 300, lender_id="LEASE")],
            guarantees=[
                {
                    "guarantee_id": g,
                    "guarantor_id": p,
                    "form": "capped",
                    "cap": c,
                    "currency": "EUR",
                    "eligible": True,
                }
                for g, p, c in (("U", guarantor, "300"), ("V", "X", "100"))
            ],
            guarantee_covers=[{"guarantee_id": g, "facility_id": "F"} for g in "UV"],
        )
        return {(r["level"], r["subject_id"]): r["value"] for r in rows(held)}

    alone = {("solo", "A"): 0, ("solo", "S"): 225, ("solo", "X"): 75}
    assert values("S") == {**alone, ("consolidated", "A"): 200, ("consolidated", "X"): 100}
    assert values("X") == {
        ("solo", "A"): 0,
        ("solo", "X"): 300,
        ("consolidated", "A"): 0,
        ("consolidated", "X"): 300,
    }


# --- internal limits ----------------------------------------------------------------------------------------------


def internal(*given: Row, **tables: Sequence[Row]) -> list[dict[str, Any]]:
    """Internal limits of a group A, B and a client C alone, at two lenders."""
    held = limits_of(
        parties=[party("A"), party("B"), party("C")],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        lenders=[bank(None), {"lender_id": "SUB", "name": "Sub"}],
        facilities=[
            facility("F1", "A", 100, 60, ccf="0.5"),
            facility("F2", "B", 40, 40, lender_id="SUB"),
            facility("F3", "C", 10, 10),
        ],
        limits=[{"currency": "EUR", **row} for row in given],
        **tables,
    )
    return rows(held, level=None)


@pytest.mark.parametrize(
    ("measure", "value"), [(None, 80), ("gross", 80), ("net", 80), ("drawn", 60), ("limit", 100)]
)
def test_an_internal_limit_measures_what_it_says(measure: str | None, value: int) -> None:
    (row,) = internal({"scope": "party", "subject_id": "A", "amount": "100", "measure": measure})
    assert (row["lender_id"], row["value"], row["rule"], row["measure"]) == (
        None,
        value,
        "internal",
        measure or "gross",
    )
    assert (row["headroom"], row["utilisation"]) == (100 - value, value / 100)


def test_internal_limits_are_towards_one_lender_or_all() -> None:
    made = internal(
        {"scope": "group", "subject_id": "A", "amount": "119.99"},
        {"scope": "group", "subject_id": "A", "amount": "40", "lender_id": "SUB"},
        {"scope": "unified", "subject_id": "A", "amount": "79.99"},
        {"scope": "party", "subject_id": "A", "amount": "5", "lender_id": "SUB"},
    )
    assert [(r["scope"], r["subject_id"], r["lender_id"], r["value"], r["breach"]) for r in made] == [
        ("party", "A", "SUB", 0, False),
        ("group", "G:A", None, 120, True),
        ("group", "G:A", "SUB", 40, False),
        ("unified", "A", None, 80, True),
    ]


def test_a_group_is_named_by_a_source_and_a_party_alone_is_its_own_group() -> None:
    alone, member = internal(
        {"scope": "group", "subject_id": "B", "amount": "1"},
        {"scope": "group", "subject_id": "C", "amount": "1"},
    )[::-1]
    assert (alone["subject_id"], alone["value"], alone["breach"]) == ("C", 10, True)
    assert (member["subject_id"], member["value"], member["breach"]) == ("B", None, None)


def test_two_limits_on_one_group_by_two_of_its_sources_are_two_breaches() -> None:
    held = limits_of(
        parties=[party("A"), party("B")],
        ownership=[{"owner_id": a, "owned_id": b, "share": "0.6"} for a, b in ("AB", "BA")],
        lenders=[bank(None)],
        facilities=[facility("F1", "A", 100, 80, ccf="0")],
        limits=[
            {"scope": "group", "subject_id": "A", "amount": "60", "currency": "EUR", "measure": "limit"},
            {"scope": "group", "subject_id": "B", "amount": "50", "currency": "EUR", "measure": "drawn"},
        ],
    )
    found = [f for f in breaches.findings(held) if f.code == "limit_breach"]
    assert [(f.subjects, f.amount, f.rule) for f in found] == [
        (("G:A",), 4000, "internal, *, group"),
        (("G:A",), 3000, "internal, *, group B"),
    ]


def test_a_limit_of_nothing_is_near_no_one_who_owes_nothing() -> None:
    held = limits_of(
        parties=[party("A"), party("B")],
        lenders=[bank(None)],
        facilities=[facility("F1", "A", 1, 1)],
        limits=[
            {"scope": "party", "subject_id": name, "amount": "0", "currency": "EUR", "lender_id": "BANK"}
            for name in "AB"
        ],
    )
    assert (subjects(held, "limit_breach"), subjects(held, "limit_near")) == ({"A"}, set())


def test_an_internal_limit_without_a_rate_is_untested() -> None:
    (row,) = internal({"scope": "party", "subject_id": "A", "amount": "1", "currency": "XAU"})
    assert (row["limit"], row["value"], row["breach"]) == (None, 80, None)


# --- joint credit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lenders", "debt", "scope"),
    [
        (3, "5000000000", "mandatory"),
        (3, "4999999999.99", "voluntary"),
        (3, "2000000000", "voluntary"),
        (3, "1999999999.99", "none"),
        (2, "9000000000", "none"),
    ],
)
def test_who_needs_joint_credit(lenders: int, debt: str, scope: str) -> None:
    told = limits_of(
        "CN-JOINT", parties=[party("A", lender_count=lenders, external_debt=debt, currency="CNY")]
    )
    assert subjects(told, f"joint_credit_{scope}") == {"A"}
    counted = limits_of(
        "CN-JOINT",
        parties=[party("A")],
        lenders=[{"lender_id": f"L{i}", "name": "L"} for i in range(lenders)],
        facilities=[
            facility(
                f"F{i}",
                "A",
                0 if i else debt,
                0 if i else debt,
                currency="CNY",
                lender_id=f"L{i}",
                exposure_value=1,
            )
            for i in range(lenders)
        ],
    )
    if scope != "none" or lenders < 3:
        assert subjects(counted, f"joint_credit_{scope}") == {"A"}


@pytest.mark.parametrize(
    ("debt", "limit", "lenders", "code"),
    [
        ("3000000000", None, 3, "untested"),
        ("3000000000", "1000000000", 3, "untested"),
        ("3000000000", "999999999.99", 3, "joint_credit_voluntary"),
        ("20", "999999990", 3, "untested"),
        ("20", "999999989.99", 3, None),
        ("5000000000", None, 3, "joint_credit_mandatory"),
        ("3000000000", None, 2, "joint_credit_none"),
    ],
)
def test_an_unknown_drawn_amount_leaves_joint_credit_open_unless_the_rest_decides(
    debt: str, limit: str | None, lenders: int, code: str | None
) -> None:
    told = limits_of(
        "CN-JOINT",
        parties=[party("A")],
        lenders=[{"lender_id": f"L{i}", "name": "L"} for i in range(lenders)],
        facilities=[
            facility("F0", "A", debt, debt, currency="CNY", lender_id="L0"),
            *(
                facility(f"F{i}", "A", limit, None, currency="CNY", lender_id=f"L{i}")
                for i in range(1, lenders)
            ),
        ],
    )
    joint = jointcredit.findings(told.standing)
    assert [(f.code, f.subjects) for f in joint] == ([] if code is None else [(code, ("A",))])


@pytest.mark.parametrize(("debt", "warned"), [("899.99", False), ("900", True), ("1100", True)])
def test_joint_credit_warns_at_nine_tenths_of_what_all_banks_gave(debt: str, warned: bool) -> None:
    held = limits_of(
        "CN-JOINT",
        parties=[party("A", external_debt=debt, currency="CNY")],
        limits=[{"scope": "joint", "subject_id": "A", "amount": "1000", "currency": "CNY"}],
    )
    assert bool(found(held, "joint_credit_warning")) == warned
    assert rows(held)[0]["value"] == Decimal(debt)


# --- the list of large exposures ----------------------------------------------------------------------------------


def test_the_twenty_largest_are_listed_and_ranked_with_groups_as_one_client() -> None:
    names = [f"P{i:02d}" for i in range(30)]
    held = limits_of(
        parties=[party(n) for n in names],
        ownership=[{"owner_id": "P28", "owned_id": "P29", "share": "1"}],
        lenders=[bank(100_000)],
        facilities=[facility(f"F{n}", n, 100 + i, 100 + i) for i, n in enumerate(names)],
    )
    made = large_exposures(held).to_pylist()
    assert [(r["subject_id"], r["rank"], r["gross"]) for r in made][:3] == [
        ("G:P28", 1, 257),
        ("P27", 2, 127),
        ("P26", 3, 126),
    ]
    assert [r["rank"] for r in made] == list(range(1, 21))
    assert {r["listed"] for r in made} == {"largest"}


# --- against the oracle -------------------------------------------------------------------------------------------


cents = st.integers(0, 20_000).map(lambda c: f"{c // 100}.{c % 100:02d}")
capital = st.one_of(st.none(), *[st.integers(0, 60_000).map(lambda c: f"{c // 100}.{c % 100:02d}")] * 4)
flag = st.sampled_from([None, True, False])


@st.composite
def _party(draw: st.DrawFn, name: str) -> Row:
    kind = draw(st.sampled_from(["company", "company", "bank", "government"]))
    weight, country = draw(st.sampled_from([None, "0", "0.2"])), draw(st.sampled_from([None, "CN", "XX"]))
    rating = draw(st.sampled_from([None, "AA-", "BBB"]))
    return party(name, kind, gsib=draw(flag), risk_weight=weight, country=country, rating=rating)


@st.composite
def _lender(draw: st.DrawFn, name: str, parties: list[str]) -> Row:
    figures = ("tier1", "net_capital", "tier1_consolidated", "net_capital_consolidated")
    return {
        "lender_id": name, "name": name, "parent_id": draw(st.sampled_from([None, "L1", "L1", "L2"])),
        "party_id": draw(st.sampled_from([None, *parties])), "gsib": draw(flag),
        "currency": draw(st.sampled_from(["EUR", "EUR", "USD", None])), **{c: draw(capital) for c in figures},
    }  # fmt: skip


@st.composite
def _facility(draw: st.DrawFn, name: str, parties: list[str]) -> Row:
    drawn = draw(cents)
    return facility(
        name, draw(st.sampled_from(parties)), draw(st.one_of(cents, st.just(drawn), st.just("250"))),
        draw(st.sampled_from([drawn] * 9 + [None])), lender_id=draw(st.sampled_from(["L1", "L2", "L3"])),
        product=draw(st.sampled_from(["loan", "loan", "bond"])), currency=draw(st.sampled_from(["EUR", "EUR", "USD"])),
        cash_collateral=draw(st.sampled_from([None, None, "30"])),
        umbrella_id=draw(st.sampled_from([None, None, "U1", "U2"])),
    )  # fmt: skip


@st.composite
def books(draw: st.DrawFn) -> Credit:
    """Credit of three lenders with capital, some of them parties and parents, to clients of all kinds in groups."""
    names = ["A", "B", "C", "D", "E"][: draw(st.integers(2, 5))]
    facilities = [f"F{i}" for i in range(draw(st.integers(3, 9)))]
    one, other = st.sampled_from(names), st.sampled_from(names)
    pairs = draw(st.sets(st.tuples(one, other), min_size=1, max_size=4))
    owed = draw(st.sets(st.tuples(st.sampled_from(facilities), one), max_size=2))
    held = draw(st.sets(st.tuples(st.sampled_from(facilities), st.sampled_from([None, *names])), max_size=2))
    rows = [draw(_facility(f, names)) for f in facilities]
    rows = [{**f, "cash_collateral": None} if f["facility_id"] in {h for h, _ in held} else f for f in rows]
    tables: dict[str, list[Row]] = {
        "parties": [draw(_party(n)) for n in names],
        "lenders": [draw(_lender(b, names)) for b in ("L1", "L2", "L3")],
        "ownership": [{"owner_id": a, "owned_id": b, "share": "0.6"} for a, b in sorted(pairs) if a < b],
        "facilities": rows,
        "umbrellas": [
            {"umbrella_id": u, "limit": draw(st.sampled_from(["100", "900"])), "currency": "EUR"}
            for u in ("U1", "U2")
        ],
        "co_obligors": [{"facility_id": f, "party_id": p} for f, p in sorted(owed)],
        "underlyings": [
            {"facility_id": f, "party_id": p, "amount": draw(cents), "currency": "EUR"} for f, p in held
        ],
        "fx": [{"currency": c, "date": AS_OF, "rate": r} for c, r in RATES.items()],
    }
    return Credit(tables, load(draw(st.sampled_from(["EU-CRR", "BASEL-LEX", "CN-LE", "CN-LE", "CN-GROUP"]))))


def engine(made: Credit) -> Limits:
    """The limits of a drawn book."""
    return limits_of(made.pack.name, **made.tables)


def oracle(made: Credit, held: Limits) -> LimitsOracle:
    """The same by hand, over the groups that the engine found."""
    members: dict[str, set[str]] = {}
    for row in held.groups.members_table().to_pylist():
        members.setdefault(row["group_id"], set()).add(row["party_id"])
    before, after = made.oracle(), made.oracle()
    for name, row in after.held.items():
        main = after.pieces[name][0]
        cash = after.base(cents_of(row.get("cash_collateral") or 0), row) or 0
        main.gross = None if main.gross is None else max(0, main.gross - cash)
    groups_ = {g: frozenset(m) for g, m in members.items()}
    return LimitsOracle(before, made.pack.name, groups_, after)


@given(made=books())
def test_every_test_is_that_of_the_oracle(made: Credit) -> None:
    held = engine(made)
    by_hand = oracle(made, held)
    told: dict[Any, Any] = {}
    for row in rows(held):
        key = tuple(row[k] for k in ("scope", "subject_id", "lender_id", "level", "rule"))
        told[key] = (int(row["limit"] * 100), int(row["value"] * 100), row["breach"])
        assert row["headroom"] == (None if row["breach"] is None else row["limit"] - row["value"])
        assert row["excess"] == (None if row["breach"] is None else max(-row["headroom"], 0))
    loans = {k: v for k, v in told.items() if k[-1] == "CN-LE loans"}
    assert {k: v for k, v in told.items() if k not in loans} == by_hand.tests()
    if made.pack.name == "CN-LE":
        assert {k: v[:2] for k, v in loans.items()} == by_hand.loans(frozenset({"loan"}))
    if made.pack.rule("large", "line") is not None:
        large = {(f.subjects[0], *f.rule.split(", ")[1:]) for f in found(held, "large")}
        assert large == by_hand.large()


@st.composite
def vouched_books(draw: st.DrawFn) -> Credit:
    """Credit with guarantees, most of them given by parties that are lenders of one banking group."""
    made = draw(protected_books())
    names = [str(p["party_id"]) for p in made.tables["parties"]]
    parents = st.sampled_from([None, *["L1"] * 4, "L2"])
    lenders: list[Row] = [
        {"lender_id": b, "name": b, "parent_id": draw(parents), "party_id": draw(st.sampled_from([*names, *GIVERS])),
         "tier1": "300", "net_capital": "300", "currency": "EUR"}
        for b in made.lenders
    ]  # fmt: skip
    lenders += [{"lender_id": f"S{p}", "name": p, "parent_id": "L1", "party_id": p} for p in GIVERS[:1]]
    pairs = draw(st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=3))
    stakes: list[Row] = [{"owner_id": a, "owned_id": b, "share": "0.6"} for a, b in sorted(pairs) if a < b]
    tables = {**made.tables, "lenders": lenders, "ownership": stakes}
    return Credit(tables, load(draw(st.sampled_from(["EU-CRR", "BASEL-LEX", "CN-LE"]))))


@settings(max_examples=40)
@given(made=vouched_books())
def test_a_consolidated_test_is_the_one_of_a_book_without_guarantees_of_its_own_lenders(made: Credit) -> None:
    held = engine(made)
    for scope in (s for s in held.scopes if len(s.inside)):
        own = {held.groups.snapshot.party_ids[p].as_py() for p in scope.inside.tolist()}
        kept = [g for g in made.tables["guarantees"] if g["guarantor_id"] not in own]
        other = engine(replace(made, tables={**made.tables, "guarantees": kept}))
        where = {"lender_id": made.lenders[scope.lender], "level": scope.level}
        assert rows(held, **where) == rows(other, **where)
        assert [r for r in large_exposures(held).to_pylist() if all(r[k] == v for k, v in where.items())] == [
            r for r in large_exposures(other).to_pylist() if all(r[k] == v for k, v in where.items())
        ]


# --- laws ---------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(made=books())
def test_order_of_rows_does_not_matter(made: Credit) -> None:
    turned = replace(made, tables={name: list(reversed(held)) for name, held in made.tables.items()})
    one, other = engine(made), engine(turned)
    assert one.table().equals(other.table())
    assert large_exposures(one).equals(large_exposures(other))


@settings(max_examples=40)
@given(made=books())
def test_more_capital_breaks_no_limit(made: Credit) -> None:
    richer = replace(
        made,
        tables={
            **made.tables,
            "lenders": [
                {
                    **b,
                    **{
                        c: None if v is None else str(2 * Decimal(str(v)))
                        for c, v in b.items()
                        if c.startswith(("tier1", "net"))
                    },
                }
                for b in made.tables["lenders"]
            ],
        },
    )

    def broken(of: Credit) -> set[tuple[object, ...]]:
        return {
            tuple(r[k] for k in ("subject_id", "lender_id", "level", "rule"))
            for r in rows(engine(of), breach=True)
        }

    assert broken(richer) <= broken(made)


def test_a_large_book_lists_from_two_percent_of_capital_and_the_largest() -> None:
    n = 10_000
    amounts = np.random.default_rng(5).permutation(n)
    held = limits_of(
        parties=[party(f"P{i:05d}") for i in range(n)],
        lenders=[bank(450_000), {"lender_id": "SUB", "name": "Sub"}],
        facilities=[
            facility(
                f"F{i}", f"P{i:05d}", int(amounts[i]), int(amounts[i]), lender_id="SUB" if i % 2 else "BANK"
            )
            for i in range(n)
        ],
    )
    assert sorted(r["value"] for r in rows(held)) == [
        a for a in range(9000, n) if a in set(amounts[::2].tolist())
    ]
    listed = [r["gross"] for r in large_exposures(held).to_pylist() if r["lender_id"] == "SUB"]
    assert listed == sorted(amounts[1::2].tolist(), reverse=True)[:20]
