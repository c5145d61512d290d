"""Rule packs: every number says what it is, where it comes from and how sure that is; and who moves between packs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from exposure.control import control
from exposure.groups import groups
from exposure.packmoves import regrouped, retested
from exposure.risk import Settings
from exposure.rulebook import facts, rules_page
from exposure.rulepack import RulePack, load, packs
from graph.errors import OptionError
from graph.money import Fx
from tests.books import facility, party
from tests.exposure.networks import Network, networks
from tests.exposure.test_limits import bank, limits_of
from tests.tree import ROOT

NUMBERS = [
    ("EU-CRR", "limits.bank_amount", 150_000_000, 22),
    ("EU-CRR", "large.amount", 300_000_000, 20),
    ("EU-CRR", "look_through.line", Decimal("0.0025"), 29),
    ("BASEL-LEX", "ccf_rule.floor", Decimal("0.1"), 35),
    ("CN-LE", "look_through.line", Decimal("0.0015"), 46),
    ("CN-LE", "large.line", Decimal("0.025"), 40),
    ("CN-LE", "limits.loans", Decimal("0.1"), 41),
    ("CN-GROUP", "limits.group", Decimal("0.15"), 50),
    ("CN-JOINT", "joint.mandatory", 5_000_000_000, 53),
    ("CN-GUAR", "guarantees.obligors", 5, 55),
    ("US-SCCL", "dependence.output_share_not_replaceable", Decimal("0.25"), 57),
    ("ECB-CLOSE-LINKS", "close_link.line", Decimal("0.2"), 62),
    ("EU-AMLR", "beneficial_owner.line", Decimal("0.25"), 60),
]
"""A few of the rulebook's numbers as the packs must have them."""


def rules(pack: RulePack) -> list[tuple[str, dict[str, Any]]]:
    """Every rule of a pack by its full name."""
    return [
        (f"{section}.{name}", rule)
        for section, held in pack.data.items()
        if isinstance(held, dict)
        for name, rule in held.items()
    ]


@pytest.mark.parametrize("name", packs())
def test_every_rule_has_a_value_a_source_and_a_confidence(name: str) -> None:
    for place, rule in rules(load(name)):
        assert {"value", "fact", "confidence"} <= rule.keys(), place
        assert rule.keys() <= {"value", "at", "of", "currency", "level", "fact", "confidence"}, place
        assert rule.get("at", "from") in ("from", "above"), place
        assert rule.get("of", "tier1") in ("tier1", "net_capital"), place
        assert 0 < rule["confidence"] <= 1, place


@pytest.mark.parametrize("name", packs())
def test_every_share_of_capital_says_of_which_and_whether_the_line_counts(name: str) -> None:
    for place, rule in rules(load(name)):
        section, _, rest = place.partition(".")
        share = section == "limits" and rest not in ("measure", "loan_products")
        if share or place in ("large.line", "large.amount", "assess.line"):
            assert "at" in rule, place
            assert ("of" in rule) != ("currency" in rule), place


def test_facts_are_told_in_both_languages_and_each_is_used() -> None:
    used = {str(rule["fact"]) for name in packs() for _, rule in rules(load(name))}
    for language in ("en", "zh"):
        assert facts(language).keys() == used
        assert all(fact["source"].strip() and fact["text"].strip() for fact in facts(language).values())


@pytest.mark.parametrize(("pack", "place", "value", "fact"), NUMBERS)
def test_numbers_are_those_of_the_rulebook(pack: str, place: str, value: object, fact: int) -> None:
    rule = load(pack).rule(*place.split("."))
    assert rule is not None
    assert (rule["value"], rule["fact"]) == (value, fact)


def test_a_pack_takes_over_rules_but_no_section_that_it_replaces() -> None:
    basel, group = load("BASEL-LEX"), load("CN-GROUP")
    assert group.rule("ccf", "loan") == basel.rule("ccf", "loan")
    assert group.setting("groups", "kin") is True
    assert group.rule("limits", "single") is None
    assert not group.has("large")
    assert not load("EU-AMLR").has("limits")


def test_what_the_rulebook_doubts_stays_marked() -> None:
    assert load("CN-GUAR").confidence("guarantees", "net_assets") == 0.65
    held = limits_of(
        "CN-GROUP",
        parties=[party("A"), party("B")],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": "0.6"}],
        lenders=[bank(1000, net_capital=1000)],
        facilities=[facility("F", "A", 100, 100)],
    )
    assert [r["confidence"] for r in held.table().to_pylist()] == [0.9]


def test_amounts_are_converted_at_the_rate_of_the_day() -> None:
    amount = load("EU-CRR").amount("limits", "bank_amount")
    assert amount is not None
    assert amount.in_base(Fx.at("EUR", ["EUR"], {})) == 15_000_000_000
    assert amount.in_base(Fx.at("CNY", ["CNY", "EUR"], {"CNY": 2, "EUR": 15})) == 112_500_000_000
    assert amount.in_base(Fx.at("CNY", ["CNY"], {"CNY": 1})) is None
    assert amount.in_base(Fx.at("CNY", ["CNY", "EUR"], {"CNY": 1})) is None


def test_an_unknown_pack_is_refused_with_those_there_are() -> None:
    with pytest.raises(OptionError, match="EU-CRR"):
        load("EU-XXX")


def test_the_page_of_the_rules_is_current() -> None:
    assert (ROOT / "docs" / "rules.md").read_text("utf-8") == rules_page(), "make docs"


# --- who moves ----------------------------------------------------------------------------------------------------


@given(net=networks())
def test_parties_move_exactly_where_their_groups_differ(net: Network) -> None:
    snapshot = net.snapshot()
    held = control(snapshot, rebuttals=True)
    sides = [groups(held, load(name), Settings.of(load(name), {})) for name in ("EU-CRR", "CN-GROUP")]

    def of_party(side: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in net.names}
        for row in sides[side].members_table().to_pylist():
            found[row["party_id"]].append(row["group_id"])
        return {name: sorted(ids) for name, ids in found.items()}

    before, after = of_party(0), of_party(1)
    told = {r["party_id"]: (r["before"], r["after"]) for r in regrouped(*sides).to_pylist()}
    assert told == {n: (before[n], after[n]) for n in net.names if before[n] != after[n]}
    assert regrouped(sides[0], sides[0]).num_rows == 0


def test_limits_move_where_one_pack_is_broken_and_the_other_is_not() -> None:
    tables = {
        "parties": [party("A"), party("B")],
        "lenders": [bank(1000, net_capital=1000)],
        "facilities": [facility("F1", "A", 200, 200), facility("F2", "B", 300, 300)],
    }
    europe, china = limits_of("EU-CRR", **tables), limits_of("CN-LE", **tables)
    (row,) = retested(europe, china).to_pylist()
    assert (row["subject_id"], row["breach_before"], row["breach_after"]) == ("A", False, True)
    assert (row["limit_before"], row["limit_after"], row["rule_after"]) == (250, 100, "CN-LE loans")
    assert retested(europe, europe).num_rows == 0
