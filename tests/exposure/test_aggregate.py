"""Facilities at value and totals: the rules one by one, then everything against the oracle."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure import aggregate
from exposure.aggregate import facilities_of, group_totals, lender_totals, party_totals
from exposure.facilities import Facilities, findings, valued
from exposure.findings import table as findings_table
from exposure.results import not_computed
from exposure.rulepack import load
from graph.errors import RangeError
from graph.money import NULL
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.exposure.credit import AS_OF, Credit, credit_books, csr, numbers
from tests.oracle.aggregate import APART, LINE, UNKNOWN

LENT = {
    "parties": [party("A"), party("B"), party("C")],
    "lenders": [BANK, {"lender_id": "SUB", "name": "Sub"}],
}


def held(*facilities: Row, pack: str = "EU-CRR", **tables: Sequence[Row]) -> Facilities:
    """Facilities of a small book at value."""
    return valued(Snapshot.of(book(**{**LENT, "facilities": list(facilities), **tables})), load(pack))


def gross(of: Facilities, *parties: str, lender: str | None = None) -> Decimal:
    """Gross of a group of these parties."""
    ptr, members = csr(of, [frozenset(parties)])
    rows = group_totals(of, ptr, members).table(["G:X"], "P").to_pylist()
    return next((r["gross"] for r in rows if r["lender_id"] == lender), Decimal(0))


def own(of: Facilities, name: str) -> Decimal:
    """A party's own gross."""
    empty = np.zeros(of.snapshot.n + 1, np.int64)
    rows = party_totals(of, empty, np.zeros(0, np.int32)).table().to_pylist()
    return next((r["gross"] for r in rows if r["party_id"] == name and r["lender_id"] is None), Decimal(0))


def codes(of: Facilities) -> dict[str, list[tuple[str, ...]]]:
    """Subjects of the findings by code."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for f in findings(of):
        found.setdefault(f.code, []).append(f.subjects)
    return found


# --- what one facility is worth ----------------------------------------------------------------------------------


def test_undrawn_part_counts_by_its_conversion_factor() -> None:
    assert own(held(facility("F1", "A", 100, 60, ccf="0.4")), "A") == 76


def test_floor_binds_a_given_factor_too() -> None:
    assert own(held(facility("F1", "A", 100, 0, ccf="0"), pack="BASEL-LEX"), "A") == 10
    assert own(held(facility("F1", "A", 100, 0, ccf="0"), pack="EU-CRR"), "A") == 0


def test_product_gives_the_factor_and_an_unknown_one_counts_in_full() -> None:
    assert own(held(facility("F1", "A", 100, 0, product="letter_of_credit")), "A") == 20
    unknown = held(facility("F1", "A", 100, 0, product="barter"))
    assert own(unknown, "A") == 100
    assert codes(unknown) == {"unknown_product": [("F1",)]}


def test_exposure_value_overrides_drawn_and_undrawn() -> None:
    assert own(held(facility("F1", "A", 100, 60, exposure_value=33)), "A") == 33


@pytest.mark.parametrize("status", ["closed", "Written_Off", " PROPOSED "])
def test_closed_written_off_and_proposed_never_count(status: str) -> None:
    assert own(held(facility("F1", "A", 100, 60, status=status)), "A") == 0


def test_matured_facilities_count_while_drawn() -> None:
    over = dt.date(2026, 10, 30)
    assert own(held(facility("F1", "A", 100, 0, maturity_date=over)), "A") == 0
    assert own(held(facility("F1", "A", 100, 100, maturity_date=over)), "A") == 100
    assert own(held(facility("F1", "A", 100, None, maturity_date=over, exposure_value=7)), "A") == 7
    assert (
        own(held(facility("F1", "A", 100, 0, ccf=1, maturity_date=over, residual_maturity="0.5")), "A") == 100
    )
    late = dt.date(2026, 10, 31)
    assert own(held(facility("F1", "A", 100, 0, ccf=1, maturity_date=late, residual_maturity=0)), "A") == 0


def test_future_start_counts_by_the_factor_on_the_limit() -> None:
    assert own(held(facility("F1", "A", 100, 0, ccf="0.5", start_date=dt.date(2026, 10, 31))), "A") == 50
    assert own(held(facility("F1", "A", 100, None, ccf="0.5", start_date=dt.date(2026, 10, 31))), "A") == 50


def test_gross_is_rounded_half_even_in_its_own_currency_before_it_is_converted() -> None:
    rates = [{"currency": c, "date": AS_OF, "rate": r} for c, r in (("EUR", 1), ("USD", "0.5"))]
    # 0.4 x 0.01 = 0.004 rounds to 0.00; 0.5 x 0.01 and 0.5 x 0.03 are ties
    assert own(held(facility("F1", "A", "0.01", 0, ccf="0.4", currency="USD"), fx=rates), "A") == 0
    assert own(held(facility("F1", "A", "0.01", "0.01", currency="USD"), fx=rates), "A") == 0
    assert own(held(facility("F1", "A", "0.03", "0.03", currency="USD"), fx=rates), "A") == Decimal("0.02")
    both = (facility(f, "A", "0.01", "0.01", currency="USD") for f in ("F1", "F2"))
    assert own(held(*both, fx=rates), "A") == 0


# --- what is not known -------------------------------------------------------------------------------------------


def test_unknown_amount_stays_out_of_the_sum_and_is_counted_and_found() -> None:
    of = held(facility("F1", "A", 100, None), facility("F2", "A", 50, 50))
    row = party_totals(of, np.zeros(4, np.int64), np.zeros(0, np.int32)).table().to_pylist()[0]
    assert (row["limit"], row["drawn"], row["gross"], row["unknown"]) == (150, 50, 50, 1)
    assert codes(of) == {"amount_unknown": [("F1",)]}


def test_currency_without_a_rate_is_one_finding_with_its_own_sums() -> None:
    gold = (facility(f, "A", 100, 50, currency="XAU") for f in ("F1", "F2"))
    of = held(*gold, facility("F3", "B", 1, 1), fx=[{"currency": "EUR", "date": AS_OF, "rate": 1}])
    (found,) = findings(of)
    assert (found.code, found.subjects) == ("rate_unknown", ("XAU",))
    assert found.figures == {"currency": "XAU", "facilities": 2, "limit": "200.00 XAU", "drawn": "100.00 XAU"}
    assert [row for _, row in found.rows] == [0, 1]
    assert own(of, "A") == 0


def test_an_equity_or_a_cap_without_a_rate_is_a_finding_too() -> None:
    tables: dict[str, list[Row]] = {
        "parties": [party("A"), party("G", currency="XAU", equity=10), party("H", currency="XAG")],
        "guarantees": [
            {"guarantee_id": "X", "guarantor_id": "G", "form": "capped", "cap": 5, "currency": "XPT"}
        ],
        "facilities": [facility("F", "A", 100, 100)],
        "lenders": [BANK],
        "fx": [{"currency": "EUR", "date": AS_OF, "rate": 1}],
    }
    found = findings(valued(Snapshot.of(book(AS_OF, **tables)), load("EU-CRR")))
    assert [(f.code, f.subjects, list(f.rows)) for f in found] == [
        ("rate_unknown", ("XAU",), [("parties", 1)]),
        ("rate_unknown", ("XPT",), [("guarantees", 0)]),
    ]


def test_finding_shows_file_rows_and_words() -> None:
    of = held(facility("F1", "A", 100, 120))
    (row,) = findings_table(findings(of), of.snapshot).to_pylist()
    assert row["text_en"] == "Facility F1: 120.00 EUR is drawn on a limit of 100.00 EUR"
    assert row["amount"] == 20
    assert json.loads(row["evidence"])["rows"] == [{"table": "facilities", "file": "facilities", "row": 1}]


def test_many_facilities_of_one_unknown_product_are_one_finding() -> None:
    few = codes(held(*(facility(f"F{i}", "A", 1, 1, product="barter") for i in range(50))))
    many = codes(held(*(facility(f"F{i:02}", "A", 1, 1, product="barter") for i in range(51))))
    assert len(few["unknown_product"]) == 50
    assert many["unknown_product"] == [tuple(f"F{i:02}" for i in range(51))]


def test_unknown_lender_and_unknown_obligor_are_in_the_totals() -> None:
    of = held(
        facility("F1", "A", 10, 10, lender_id=None), facility("F2", None, 5, 5), facility("F3", "A", 1, 1)
    )
    assert (own(of, "A"), own(of, UNKNOWN)) == (11, 5)
    assert (gross(of, "A"), gross(of, "A", lender="BANK")) == (11, 1)
    assert lender_totals(of).gross.tolist() == [6_00, 0, 16_00]
    assert own(held(facility("F1", "A", 10, 10), lenders=[]), "A") == 10


# --- one contract recorded twice ---------------------------------------------------------------------------------


def test_records_of_one_contract_count_once_with_the_largest_gross() -> None:
    of = held(
        facility("F1", "A", 100, 70, ccf=0, contract_ref="K"),
        facility("F2", "A", 100, 80, ccf=0, contract_ref="K"),
        facility("F3", "A", 100, 80, ccf=0, contract_ref="K"),
    )
    assert own(of, "A") == 80
    assert of.duplicate_of.tolist() == [1, -1, 1]
    (found,) = findings(of)
    assert (found.code, found.subjects, found.amount) == ("duplicate_record", ("F1", "F2", "F3"), 150_00)
    ptr, members = csr(of, [frozenset("AB")])
    assert group_totals(of, ptr, members).duplicates.tolist() == [150_00]


def test_other_lender_other_obligor_or_no_reference_is_another_contract() -> None:
    of = held(
        facility("F1", "A", 10, 10, contract_ref="K"),
        facility("F2", "A", 10, 10, contract_ref="K", lender_id="SUB"),
        facility("F3", "B", 10, 10, contract_ref="K"),
        facility("F4", "A", 10, 10, contract_ref=""),
        facility("F5", "A", 10, 10, contract_ref=""),
        facility("F6", "A", 99, 99, contract_ref="K", status="closed"),
    )
    assert (of.duplicate_of >= 0).sum() == 0
    assert gross(of, "A", "B") == 50


# --- several obligors, umbrellas, vehicles -----------------------------------------------------------------------


def test_co_obligors_owe_in_full_each_and_once_in_a_group() -> None:
    of = held(facility("F1", "A", 100, 100), co_obligors=[{"facility_id": "F1", "party_id": p} for p in "AB"])
    assert (own(of, "A"), own(of, "B"), gross(of, "A", "B"), gross(of, "B", "C")) == (100, 100, 100, 100)


def test_co_obligors_of_any_record_of_a_contract_owe_the_one_that_counts() -> None:
    records = [facility(f, "A", 100, 100, contract_ref="K") for f in ("F1", "F2")]
    of = held(*records, co_obligors=[{"facility_id": "F2", "party_id": "B"}])
    assert (own(of, "A"), own(of, "B"), gross(of, "A", "B")) == (100, 100, 100)


UNDER = (
    facility("FA", "A", 100, 60, ccf=1, umbrella_id="U1"),
    facility("FB", "B", 100, 30, ccf=1, umbrella_id="U1", lender_id="SUB"),
)


def test_umbrella_is_one_line_of_a_group_and_of_each_lender_and_none_of_a_party() -> None:
    of = held(*UNDER, umbrellas=[{"umbrella_id": "U1", "limit": 100, "currency": "EUR"}])
    assert (own(of, "A"), own(of, "B")) == (60, 30)
    assert gross(of, "A", "B") == 100
    assert (gross(of, "A", "B", lender="BANK"), gross(of, "A", "B", lender="SUB")) == (70, 40)
    total = lender_totals(of)
    assert (total.gross[-1], total.nominal_limit[-1], total.limit[-1]) == (100_00, 200_00, 100_00)
    ptr, members = csr(of, [frozenset("AB")])
    made = group_totals(of, ptr, members)
    assert (made.nominal_limit[0], made.limit[0]) == (200_00, 100_00)


def test_umbrella_headroom_takes_the_highest_factor_and_no_more_than_is_undrawn() -> None:
    wide = [{"umbrella_id": "U1", "limit": 500, "currency": "EUR"}]
    lines = (
        facility("FA", "A", 100, 60, ccf="0.2", umbrella_id="U1"),
        facility("FB", "B", 40, 30, ccf="0.5", umbrella_id="U1"),
    )
    assert gross(held(*lines, umbrellas=wide), "A", "B") == 90 + 25
    over = [{"umbrella_id": "U1", "limit": 80, "currency": "EUR"}]
    assert gross(held(*lines, umbrellas=over), "A", "B") == 90


def test_umbrella_with_an_unknown_limit_is_unknown_and_found() -> None:
    of = held(*UNDER, umbrellas=[{"umbrella_id": "U1", "limit": None, "currency": "EUR"}])
    ptr, members = csr(of, [frozenset("AB")])
    made = group_totals(of, ptr, members)
    assert (made.gross[0], made.limit[0], made.unknown[0]) == (90_00, 200_00, 1)
    assert codes(of) == {"amount_unknown": [("FA", "FB")]}


def underlyings(**amounts: object) -> list[Row]:
    """Underlyings of F1 by party; X is not identified."""
    return [
        {"facility_id": "F1", "party_id": None if p == "X" else p, "amount": a, "currency": "EUR"}
        for p, a in amounts.items()
    ]


def test_vehicle_is_looked_through_from_the_line_on() -> None:
    of = held(
        facility("F1", "C", 70, 70, product="fund_units"),
        lenders=[{**BANK, "tier1": 10_000}],
        underlyings=underlyings(A=25, B="24.99", X=5),
        pack="BASEL-LEX",
    )
    assert (own(of, "A"), own(of, "B"), own(of, "C"), own(of, UNKNOWN)) == (25, 0, 40, 5)
    assert gross(of, "A", "C") == 65


def test_tier1_comes_from_the_nearest_lender_above_and_everything_is_looked_through_without() -> None:
    vehicle = facility("F1", "C", 70, 70, lender_id="SUB")
    above = [
        {**BANK, "tier1": 10_000, "tier1_consolidated": 12_000},
        {"lender_id": "SUB", "name": "s", "parent_id": "BANK"},
    ]
    assert own(held(vehicle, lenders=above, underlyings=underlyings(A=29, B=30)), "C") == 40
    assert own(held(vehicle, underlyings=underlyings(A=1, B=1)), "C") == 68


def test_underlyings_beyond_the_gross_are_scaled_down_to_it() -> None:
    of = held(facility("F1", "C", 1, 1), underlyings=underlyings(A=1, B=1, X=1))
    assert [own(of, p) for p in ("A", "B", "C", UNKNOWN)] == [
        Decimal(s) for s in ("0.33", "0.33", "0", "0.34")
    ]


def test_cent_that_remains_goes_to_the_smallest_id() -> None:
    parties = [party(p) for p in ("!", "A", "C")]
    parts = underlyings(X=1, A=1, **{"!": 1})
    of = held(facility("F1", "C", 1, 1), underlyings=parts, parties=parties)
    assert [own(of, p) for p in ("!", UNKNOWN, "A")] == [Decimal(s) for s in ("0.34", "0.33", "0.33")]


def unknown(of: Facilities, *parties: str) -> tuple[int, Decimal]:
    """How many amounts of a group of these parties are unknown, and its gross."""
    ptr, members = csr(of, [frozenset(parties)])
    (row,) = [
        r for r in group_totals(of, ptr, members).table(["G:X"], "P").to_pylist() if r["lender_id"] is None
    ]
    return row["unknown"], row["gross"]


def test_underlying_of_an_unknown_amount_is_an_unknown_claim_on_its_party() -> None:
    of = held(
        facility("F1", "C", 70, 70),
        lenders=[{**BANK, "tier1": 10_000}],
        underlyings=underlyings(A=25, B=None),
        pack="BASEL-LEX",
    )
    assert [unknown(of, p) for p in "ABC"] == [(0, 25), (1, 0), (0, 45)]
    assert unknown(of, "A", "C") == (0, 70)


def test_parts_of_an_unknown_gross_are_unknown_claims_from_the_line_on() -> None:
    of = held(
        facility("F1", "C", None, 70),
        lenders=[{**BANK, "tier1": 10_000}],
        underlyings=underlyings(A=25, B="24.99", X=5),
        pack="BASEL-LEX",
    )
    assert [unknown(of, p) for p in ("A", "B", "C")] == [(1, 0), (0, 0), (1, 0)]
    rows = party_totals(of, np.zeros(of.snapshot.n + 1, np.int64), np.zeros(0, np.int32)).table().to_pylist()
    assert [(r["party_id"], r["unknown"]) for r in rows if r["lender_id"] is None] == [
        (UNKNOWN, 1), ("A", 1), ("C", 1),
    ]  # fmt: skip


# --- sums --------------------------------------------------------------------------------------------------------


def test_client_of_two_groups_counts_in_full_in_both() -> None:
    of = held(*(facility(f"F{p}", p, 10, 10) for p in "ABC"))
    assert (gross(of, "A", "B"), gross(of, "B", "C")) == (20, 20)


def test_sum_that_leaves_64_bits_is_refused() -> None:
    most = "90000000000000000"
    with pytest.raises(RangeError):
        held(facility("F1", "A", most, most), facility("F2", "B", most, most))


def test_columns_that_nothing_computes_are_null_and_named() -> None:
    of = held(facility("F1", "A", 10, 10))
    made = party_totals(of, np.zeros(4, np.int64), np.zeros(0, np.int32))
    assert not_computed(made.table()) == ["net", "attributable", "guaranteed"]
    assert not_computed(made.table(lambda totals: np.ones(len(totals)))) == ["net", "guaranteed"]


def test_group_whose_members_are_not_listed_has_no_totals() -> None:
    of = held(facility("F1", "A", 10, 10))
    made = group_totals(of, np.array([0, 0], np.int64), np.zeros(0, np.int32)).columns()
    assert [made[c].to_pylist() for c in ("gross", "exposed_members")] == [[None], [None]]


# --- everything against the oracle -------------------------------------------------------------------------------


def amounts(row: dict[str, Any], *names: str) -> tuple[int, ...]:
    """Money of a row in minor units."""
    return tuple(int(row[n] * 100) for n in names)


subsets = st.frozensets(st.sampled_from(["A", "B", "!", "C", "zz"]), max_size=5)


@given(credit_books(), st.lists(subsets, max_size=4))
def test_groups_and_lenders_equal_the_oracle(credit: Credit, sets: list[frozenset[str]]) -> None:
    of, by_hand = credit.held(), credit.oracle()
    groups = [s & set(credit.names) for s in sets]
    made = group_totals(of, *csr(of, groups))
    rows = made.table([str(i) for i in range(len(groups))], "P").to_pylist()
    found = {
        (int(r["group_id"]), r["lender_id"]): (*amounts(r, "limit", "drawn", "gross"), r["unknown"])
        for r in rows
    }
    expected = {}
    for i, members in enumerate(groups):
        for lender in (None, *credit.lenders):
            if lender is None or by_hand.lines(members, lender, umbrellas=True):
                expected[i, lender] = by_hand.totals(members, lender, umbrellas=True)
    assert found == expected
    for i, members in enumerate(groups):
        owed = [m for m in members if by_hand.lines([m], None, umbrellas=False)]
        again = sum(
            by_hand.gross[d] or 0
            for d, kept in by_hand.duplicate_of.items()
            if by_hand.pieces[kept][0].parties & members
        )
        assert (made.exposed[i], made.duplicates[i]) == (len(owed), again)
    totals = lender_totals(of)
    for k, lender in enumerate([*of.snapshot.tables["lenders"].text("lender_id").to_pylist(), None]):
        got = totals.limit[k], totals.drawn[k], totals.gross[k], totals.unknown[k]
        assert got == by_hand.totals(credit.names, lender, umbrellas=True)


@given(credit_books(), st.lists(subsets, min_size=5, max_size=5))
def test_parties_equal_the_oracle(credit: Credit, below: list[frozenset[str]]) -> None:
    of, by_hand = credit.held(), credit.oracle()
    parties = of.snapshot.party_ids.to_pylist()
    sets = [s & set(parties) - {p} for p, s in zip(parties, below, strict=False)]
    rows = party_totals(of, *csr(of, sets)).table().to_pylist()
    found = {
        (r["party_id"], r["lender_id"]): (*amounts(r, "limit", "drawn", "gross", "controlled"), r["unknown"])
        for r in rows
    }
    expected = {}
    for name, others in [*zip(parties, sets, strict=True), (UNKNOWN, frozenset())]:
        for lender in (None, *credit.lenders):
            mine = by_hand.totals([name], lender, umbrellas=False)
            whole = by_hand.totals([name, *others], lender, umbrellas=False)
            if by_hand.lines([name, *others], lender, umbrellas=False):
                expected[name, lender] = (*mine[:3], *whole[2:])
    assert found == expected
    assert list(found) == sorted(found, key=lambda key: (key[0], key[1] or ""))


@given(credit_books(), subsets, st.sampled_from([None, "L1", "L2"]), st.booleans())
def test_lines_are_the_oracles_and_add_up(
    credit: Credit, some: frozenset[str], lender: str | None, under: bool
) -> None:
    of, by_hand = credit.held(), credit.oracle()
    chosen = (some & set(credit.names)) | {UNKNOWN}
    ids = of.snapshot.tables["lenders"].text("lender_id").to_pylist()
    lender = lender if lender in ids else None
    number = -1 if lender is None else ids.index(lender)
    rows = facilities_of(of, numbers(of, chosen), number, umbrellas=under).table().to_pylist()
    found = {
        r["facility_id"] + APART * (r["gross"] is None) if r["facility_id"] else LINE + r["umbrella_id"]: [
            None if r[c] is None else int(r[c] * 100) for c in ("limit", "drawn", "gross")
        ]
        for r in rows
    }
    assert found == by_hand.lines(chosen, lender, umbrellas=under)
    sums = tuple(sum(line[j] or 0 for line in found.values()) for j in range(3))
    assert sums == by_hand.totals(chosen, lender, umbrellas=under)[:3]


# --- laws --------------------------------------------------------------------------------------------------------


@given(credit_books(), subsets, subsets)
def test_grouping_never_lowers_a_total_and_never_counts_twice(
    credit: Credit, one: frozenset[str], other: frozenset[str]
) -> None:
    of = credit.held()
    present = set(credit.names) - {UNKNOWN}
    sets = [one & present, other & present, (one | other) & present]
    made = group_totals(of, *csr(of, sets))
    whole = np.flatnonzero(made.lender == -1)
    a, b, both = made.gross[whole]
    assert max(a, b) <= both <= a + b
    assert both <= lender_totals(of).gross[-1]


@given(credit_books(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(credit: Credit, source: random.Random) -> None:
    shuffled = {t: source.sample(rows, len(rows)) for t, rows in credit.tables.items()}
    results = []
    for of in (credit.held(), Credit(shuffled, credit.pack).held()):
        sets = [frozenset(of.snapshot.party_ids.to_pylist())]
        none = np.zeros(of.snapshot.n + 1, np.int64), np.zeros(0, np.int32)
        found = findings_table(findings(of), of.snapshot).drop_columns("evidence")
        results.append(
            (party_totals(of, *none).table(), group_totals(of, *csr(of, sets)).table(["G"], "P"), found)
        )
    assert results[0] == results[1]


@pytest.mark.parametrize("worth", [0, 10**9])
def test_threads_change_nothing(worth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate, "_WORTH_A_THREAD", worth)
    of = held(*(facility(f"F{p}{b}", p, 10, 10, lender_id=b) for p in "ABC" for b in ("BANK", "SUB")))
    ptr, members = csr(of, [frozenset("AB"), frozenset("C"), frozenset("ABC"), frozenset()])
    made = group_totals(of, ptr, members)
    assert made.group.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]
    assert made.gross.tolist() == [40_00, 20_00, 20_00, 20_00, 10_00, 10_00, 60_00, 30_00, 30_00, 0]
    assert made.exposed.tolist() == [2, 1, 3, 0]
    control = csr(of, [frozenset("B"), frozenset("C"), frozenset()])
    rows = party_totals(of, *control).table().to_pylist()
    assert [(r["party_id"], r["lender_id"], r["controlled"]) for r in rows] == [
        (p, b, amount if b else 2 * amount)
        for p, amount in (("A", 20), ("B", 20), ("C", 10))
        for b in (None, "BANK", "SUB")
    ]


@given(credit_books(duplicates=False), st.permutations(["A", "B", "!", "C", "zz"]), st.permutations(range(8)))
def test_renaming_moves_at_most_one_minor_unit_per_split(
    credit: Credit, parties: list[str], facilities: list[int]
) -> None:
    names = dict(zip(["A", "B", "!", "C", "zz"], parties, strict=True))
    names |= {f"F{i}": f"F{k}" for i, k in enumerate(facilities)}
    columns = ("party_id", "obligor_id", "facility_id")
    renamed = {
        t: [{k: names.get(str(v), v) if k in columns else v for k, v in row.items()} for row in rows]
        for t, rows in credit.tables.items()
    }
    before, after = credit.held(), Credit(renamed, credit.pack).held()
    splits = len({row["facility_id"] for row in credit.tables["underlyings"]})
    for name in credit.names:
        moved = own(before, name) - own(after, names.get(name, name))
        assert abs(moved) <= Decimal(splits) / 100
    assert gross(before, *names.keys() & set(credit.names)) - gross(
        after, *(names[n] for n in credit.names if n in names)
    ) == pytest.approx(0, abs=splits)


@given(credit_books())
def test_claims_conserve_each_facilitys_gross(credit: Credit) -> None:
    of = credit.held()
    rows = facilities_of(of, umbrellas=False)
    facility = rows.facility.tolist()
    assert list(dict.fromkeys(facility)) == sorted(
        np.flatnonzero(of.counted).tolist(),
        key=of.snapshot.tables["facilities"].text("facility_id").to_pylist().__getitem__,
    )
    apart = rows.gross == NULL
    assert rows.gross[~apart].tolist() == of.gross[rows.facility[~apart]].tolist()
    assert set(np.flatnonzero(of.counted & (of.gross == NULL))) <= set(rows.facility[apart])
    assert len(set(zip(facility, apart.tolist(), strict=True))) == len(facility)
