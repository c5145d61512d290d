"""Missing data: every way to fill a gap stays within the interval, and the facts named narrow it most."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.report import Analysis, Request
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party


def analysed(
    facilities: list[Row],
    stakes: list[Row] = [],  # noqa: B006 (never changed)
    umbrella: int | None = 500,
    **options: str,
) -> Analysis:
    parties = [party(n) for n in "ABC"] + [party(n, "person") for n in "PQ"]
    held = book(
        parties=parties,
        lenders=[BANK],
        facilities=facilities,
        ownership=[{"owner_id": "A", "owned_id": "B", "share": 1}, *stakes],
        umbrellas=[{"umbrella_id": "U", "limit": umbrella, "currency": "EUR"}],
    )
    return Analysis(Snapshot.of(held), Request(options=options))


def told(analysis: Analysis, kind: str) -> dict[Any, dict[str, Any]]:
    rows = [r for r in analysis.table("missing").to_pylist() if r["kind"] == kind]
    return {(r["subject_id"], r["owned_id"]) if kind == "share" else r["subject_id"]: r for r in rows}


def test_an_unknown_drawn_amount_lies_between_nothing_and_the_limit() -> None:
    analysis = analysed([facility("F1", "A", 100, None), facility("F2", "B", 50, 20)])
    row = told(analysis, "party")["A"]
    assert (row["lower"], row["upper"], row["facts"]) == (40, 100, ["facilities F1 drawn"])
    row = told(analysis, "group")["G:A"]
    assert (row["lower"], row["upper"]) == (72, 132)


def test_an_unknown_limit_or_rate_leaves_the_most_open_and_is_named_first() -> None:
    rows = [
        facility("F1", "A", 900, None),
        facility("F2", "A", None, 30),
        facility("F3", "A", 7, 7, currency="XAU"),
        facility("F4", "A", 9, 9, currency="XAU"),
        facility("F5", "A", 10, None),
    ]
    row = told(analysed(rows), "party")["A"]
    assert (row["lower"], row["upper"]) == (394, None)
    assert row["facts"] == ["fx XAU", "facilities F2 limit", "facilities F1 drawn"]


MATURED, LATER = {"maturity_date": dt.date(2026, 10, 30)}, {"start_date": dt.date(2026, 10, 31)}


def test_a_matured_facility_may_be_paid_back_and_a_future_one_counts_by_its_factor() -> None:
    def ends(limit: int | None, drawn: int | None, more: Row) -> tuple[Any, Any]:
        row = told(analysed([facility("F", "A", limit, drawn, **more)]), "party")["A"]
        return row["lower"], row["upper"]

    assert ends(100, None, {}) == (40, 100)
    assert ends(100, None, MATURED) == (0, 100)
    assert ends(None, 30, MATURED) == (30, None)
    assert ends(None, 30, LATER) == (12, None)


def test_the_headroom_of_an_umbrella_is_there_where_an_unknown_amount_leaves_it_no_choice() -> None:
    def ends(*rows: Row) -> tuple[Any, Any]:
        row = told(analysed([{**r, "umbrella_id": "U"} for r in rows]), "group")["G:A"]
        return row["lower"], row["upper"]

    assert ends(facility("F1", "A", 0, None), facility("F2", "B", 20, 2)) == (Decimal("9.2"), Decimal("9.2"))
    other = facility("F2", "C", 100, 0)
    assert ends(facility("F1", "A", 100, None), other) == (80, 140)
    assert ends(facility("F1", "A", 100, None, **MATURED), other) == (0, 140), "repaid, nobody is under it"
    both = facility("F1", "A", 100, None, **MATURED), facility("F3", "B", 5, 5), other
    assert ends(*both) == (45, 145)


def test_where_everything_is_known_nothing_is_told() -> None:
    analysis = analysed([facility("F1", "A", 100, 50)])
    assert (told(analysis, "party"), told(analysis, "group")) == ({}, {})


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans(), st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_fills_the_gaps_stays_within(drawn: list[tuple[int, int, bool, bool]]) -> None:
    whole = [(max(a, b), min(a, b), gap, shared) for a, b, gap, shared in drawn]

    def rows(*, filled: bool) -> list[Row]:
        return [
            facility(
                f"F{i}", "A", limit, used if filled or not gap else None, umbrella_id="U" if shared else None
            )
            for i, (limit, used, gap, shared) in enumerate(whole)
        ]

    row = told(analysed(rows(filled=False)), "party").get("A")
    table = analysed(rows(filled=True)).table("party_exposures").to_pylist()
    exact = next((r["gross"] for r in table if r["party_id"] == "A" and not r["lender_id"]), Decimal(0))
    if row is not None:
        assert row["lower"] <= exact <= row["upper"]


UNDER = st.lists(
    st.tuples(st.sampled_from("AC"), st.integers(0, 5), st.integers(0, 5), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(max_examples=30, deadline=None)
@given(UNDER, st.integers(0, 20))
def test_the_total_of_a_group_lies_where_all_fillings_of_an_umbrella_put_it(
    members: list[tuple[str, int, int, bool]], limit: int
) -> None:
    rows = [
        facility(f"F{i}", who, most, None if gap else min(used, most), umbrella_id="U")
        for i, (who, most, used, gap) in enumerate(members)
    ]
    row = told(analysed(rows, umbrella=limit), "group").get("G:A")
    ways = product(*(range(most + 1) if gap else [min(used, most)] for _, most, used, gap in members))
    sums = []
    for way in ways:
        free = sum(most - used for (_, most, _, _), used in zip(members, way, strict=True))
        mine = sum(used for (who, *_), used in zip(members, way, strict=True) if who == "A")
        sums.append(mine + max(min(limit - sum(way), free), 0) * Decimal("0.4"))
    if any(gap for *_, gap in members) and any(who == "A" for who, *_ in members):
        assert row is not None
        assert (row["lower"], row["upper"]) == (min(sums), max(sums))
        gaps = {f"facilities F{i} drawn" for i, (*_, gap) in enumerate(members) if gap}
        assert set(row["facts"]) <= gaps
    else:
        assert row is None


def test_an_unknown_limit_under_an_umbrella_is_bounded_by_the_umbrella_and_the_other_way_round() -> None:
    def row(limit: int | None, umbrella: int | None) -> dict[str, Any]:
        under = [
            facility("F1", "A", limit, 10, umbrella_id="U"),
            facility("F2", "B", 60, 20, umbrella_id="U"),
        ]
        return told(analysed(under, umbrella=umbrella), "group")["G:A"]

    one = row(None, 200)
    assert (one["lower"], one["upper"], one["facts"]) == (46, 98, ["facilities F1 limit"])
    one = row(80, None)
    assert (one["lower"], one["upper"], one["facts"]) == (30, 74, ["umbrellas U limit"])
    one = row(None, None)
    assert (one["lower"], one["upper"]) == (30, None)
    assert set(one["facts"]) == {"facilities F1 limit", "umbrellas U limit"}


def test_a_share_that_may_reach_a_line_names_what_leaves_it_open() -> None:
    def band(owner: str, company: str, low: int, high: int) -> Row:
        ends = {"share_min": Fraction(low, 100), "share_max": Fraction(high, 100)}
        return {"owner_id": owner, "owned_id": company, **ends}

    stakes = [
        band("P", "A", 20, 50), {"owner_id": "Q", "owned_id": "A", "share": Decimal("0.5")},
        band("P", "C", 10, 15), {"owner_id": "B", "owned_id": "C", "share": Decimal("0.4")},
    ]  # fmt: skip
    shares = told(analysed([], stakes), "share")
    row = shares["P", "A"]
    assert (row["lower_share"], row["upper_share"], row["facts"]) == (0.2, 0.5, ["ownership P A"])
    row = shares["P", "C"]
    assert (row["lower_share"], row["upper_share"]) == pytest.approx((0.18, 0.8))
    assert row["facts"] == ["register C", "ownership P A", "ownership P C"]


def test_a_share_without_an_upper_end_is_open() -> None:
    stakes: list[Row] = [
        {"owner_id": "B", "owned_id": "C", "share": Decimal("0.1")},
        {"owner_id": "C", "owned_id": "A", "share": Decimal("0.2")},
    ]
    row = told(analysed([], stakes), "share")["B", "C"]
    assert (row["lower_share"], row["upper_share"]) == (pytest.approx(0.1 / 0.98), None)
    assert row["facts"] == ["register C", "register A"]


def test_shares_of_large_books_are_told_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exposure.ownership.paths.SMALL", 1)
    stakes: list[Row] = [{"owner_id": "P", "owned_id": "A", "share": Decimal("0.1")}]
    assert told(analysed([], stakes, missing="all"), "share")
