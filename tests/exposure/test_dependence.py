"""Economic dependence derived from trade and from guarantees, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from exposure.dependence import dependence, findings
from exposure.rulepack import load
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party

GUARANTEE = {"guarantee_id": "G1", "guarantor_id": "G", "form": "capped", "cap": "60", "currency": "EUR"}


def traded(pack: str, *, revenue: str = "100", **row: object) -> set[str]:
    """Bases on which a firm depends on its only counterparty."""
    parties = [party("A", revenue=revenue, expenses=revenue, currency="EUR"), party("C")]
    trade = {"party_id": "A", "counterparty_id": "C", "relation": "customer", "currency": "EUR", **row}
    snapshot = Snapshot.of(book(parties=parties, counterparties=[trade]))
    held = dependence(snapshot, load(pack), counterparties=True)
    assert {int(d) for d in held.dependent} <= {snapshot.number_of["A"]}
    words = ("gross_receipts_share", "expenses_share", "output_share_not_replaceable")
    codes = snapshot.tables["dependence"].table.column("basis").values
    return {codes[b] for b in held.basis.tolist()} & set(words)


def covered(*guarantees: Row, **more: object) -> bool:
    """Whether a guarantor with equity of 50 depends on the obligor of a loan of 100."""
    snapshot = Snapshot.of(
        book(
            parties=[party("G", equity="50", currency="EUR"), party("O")],
            lenders=[BANK],
            facilities=[facility("F1", "O", **{"limit": 100, "drawn": 100, **more})],
            guarantees=list(guarantees),
            guarantee_covers=[{"guarantee_id": g["guarantee_id"], "facility_id": "F1"} for g in guarantees],
        )
    )
    return bool(len(dependence(snapshot, load("EU-CRR"), guarantees=True).dependent))


@pytest.mark.parametrize(
    ("amount", "counts"), [("100000000.00", False), ("100000000.01", True), ("99999999.99", False)]
)
def test_one_cent_above_half_of_large_receipts_is_above_half(amount: str, counts: bool) -> None:
    assert bool(traded("CN-LE", revenue="200000000", amount=amount)) == counts


@pytest.mark.parametrize(
    ("pack", "counts"), [("EU-CRR", False), ("BASEL-LEX", True), ("US-SCCL", True), ("CN-LE", True)]
)
def test_only_the_eu_list_spares_a_customer_that_can_be_replaced(pack: str, counts: bool) -> None:
    assert ("gross_receipts_share" in traded(pack, share_of_receipts="0.6", replaceable=True)) == counts


@pytest.mark.parametrize(
    ("pack", "share", "replaceable", "counts"),
    [
        ("US-SCCL", "0.25", False, True),
        ("US-SCCL", "0.24", False, False),
        ("US-SCCL", "0.4", None, False),
        ("CN-LE", "0.5", False, False),
        ("CN-LE", "0.51", False, True),
        ("EU-CRR", "0.9", False, False),
    ],
)
def test_output_counts_from_the_packs_line_where_no_other_buyer_is_known(
    pack: str, share: str, replaceable: bool | None, counts: bool
) -> None:
    bases = traded(pack, share_of_receipts=share, replaceable=replaceable)
    assert ("output_share_not_replaceable" in bases) == counts


def test_what_a_customer_buys_is_in_the_base_currency_unless_it_is_said_otherwise() -> None:
    assert traded("US-SCCL", amount="50", currency=None) == {"gross_receipts_share"}


def test_a_guarantor_depends_on_whose_calls_exceed_its_equity() -> None:
    assert covered(GUARANTEE)
    assert not covered(GUARANTEE | {"cap": "50"})


@pytest.mark.parametrize("status", ["closed", "written_off", "proposed"])
def test_debts_that_do_not_count_call_nobody(status: str) -> None:
    assert not covered(GUARANTEE, status=status)


def test_an_expired_guarantee_is_not_called() -> None:
    assert not covered(GUARANTEE | {"expiry_date": dt.date(2000, 1, 1)})


def test_two_full_guarantees_of_one_debt_are_called_for_it_once() -> None:
    full = {"guarantee_id": "G1", "guarantor_id": "G", "form": "full"}
    assert not covered(full, full | {"guarantee_id": "G2"}, limit="50", drawn="50")
    assert covered(full, full | {"guarantee_id": "G2"}, limit="51", drawn="51")


def test_two_that_depend_on_each_other_have_one_finding() -> None:
    ties = [
        {"dependent_id": a, "on_id": b, "basis": basis}
        for a, b, basis in (("A", "B", "funding"), ("B", "A", "repayment_source"), ("A", "C", "funding"))
    ]
    snapshot = Snapshot.of(book(parties=[party(p) for p in "ABC"], dependence=ties))
    pack = load("EU-CRR")
    (found,) = findings(snapshot, dependence(snapshot, pack), pack)
    assert found.rule == "EU-CRR"
    assert found.subjects.to_pylist() == [["A", "B"], ["A", "C"]]
    assert found.figures["dependent"].to_pylist() == [["A", "B"], ["A"]]
    assert found.figures["basis"].to_pylist() == [["funding", "repayment_source"], ["funding"]]
