"""Materiality: the line is exact, only of the codes of the house rules, and nothing is left out below it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from app.output import gravest
from exposure.materiality import least, severities
from exposure.rulepack import house
from graph.findings import CODES
from graph.money import NULL
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, party


def lending(*lenders: Row) -> Snapshot:
    """A book of these lenders."""
    return Snapshot.of(book(parties=[party("A")], lenders=list(lenders)))


@pytest.mark.parametrize(
    ("tier1", "units"), [("1000", 100), ("1000.01", 101), ("1000.99", 101), ("999.99", 100), ("0.01", 1)]
)
def test_a_thousandth_of_the_largest_tier_1_is_material(tier1: str, units: int) -> None:
    assert least(lending({**BANK, "tier1": 3}, {"lender_id": "B", "name": "B", "tier1": tier1})) == units


def test_consolidated_capital_counts_and_without_any_everything_is_material() -> None:
    assert least(lending({**BANK, "tier1": 1, "tier1_consolidated": 2000})) == 200
    bare = lending(BANK)
    assert least(bare) is None
    assert severities("guarantor_reused", np.array([0], np.int64), bare).to_pylist() == ["warning"]


def test_on_the_line_is_material_and_so_is_an_amount_that_is_not_known() -> None:
    held = lending({**BANK, "tier1": 1000})
    amounts = np.array([99, 100, NULL], np.int64)
    assert severities("guarantor_reused", amounts, held).to_pylist() == ["info", "warning", "warning"]
    assert severities("duplicate_credit", amounts, held).to_pylist() == ["warning"] * 3
    assert severities("limit_breach", amounts, held).to_pylist() == ["breach"] * 3


def test_the_codes_of_the_house_rules_are_codes_and_no_breaches() -> None:
    assert {CODES[code].severity for code in house().setting("materiality", "codes")} == {"warning"}


def test_outputs_begin_with_the_gravest() -> None:
    rows = {"severity": ["info", "breach", "warning", "warning", "breach"], "amount": [9, None, 3, 7, 1]}
    assert gravest(pa.table(rows), 3).to_pylist() == [
        {"severity": "breach", "amount": 1},
        {"severity": "breach", "amount": None},
        {"severity": "warning", "amount": 7},
    ]
