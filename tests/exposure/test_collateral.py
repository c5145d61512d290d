"""Collateral by rank and amount against a plain allocation in whole numbers, and what each rule does to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.facilities import valued
from exposure.mitigation.collateral import Collateral, collateral
from exposure.rulepack import load
from graph.money import split
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party

DAY = dt.date(2026, 10, 30)


def made(
    assets: list[Row], pledges: list[Row], debts: Mapping[str, object], rates: Sequence[Row] = ()
) -> Collateral:
    rows = [facility(name, "A", drawn, drawn) for name, drawn in debts.items()]
    held = book(
        parties=[party("A")], lenders=[BANK], facilities=rows, collateral=assets, pledges=pledges, fx=rates
    )
    return collateral(valued(Snapshot.of(held), load("EU-CRR")))


def asset(name: str, value: object, **more: object) -> Row:
    return {"collateral_id": name, "value": value, "currency": "EUR", **more}


def pledge(name: str, to: str, amount: object = None, rank: int | None = None, **more: object) -> Row:
    return {
        "collateral_id": name,
        "facility_id": to,
        "amount": amount,
        "rank": rank,
        "currency": "EUR",
        **more,
    }


def given_by(held: Collateral) -> dict[tuple[str, str], Decimal | None]:
    return {(r["asset_id"], r["facility_id"]): r["secured"] for r in held.table().to_pylist()}


def test_the_first_rank_is_served_first_and_equal_ranks_share() -> None:
    pledges = [
        pledge("C", "F1", 60, 1),
        pledge("C", "F2", 60, 2),
        pledge("C", "F3", 20, 2),
        pledge("C", "F4"),
    ]
    held = made([asset("C", 100)], pledges, dict.fromkeys(("F1", "F2", "F3", "F4"), 80))
    assert given_by(held) == {("C", "F1"): 60, ("C", "F2"): 30, ("C", "F3"): 10, ("C", "F4"): 0}


def test_a_pledge_takes_no_more_than_is_drawn_and_cash_comes_first() -> None:
    held = made([asset("C", 100)], [pledge("C", "F1", 90, 1), pledge("C", "F2", 90, 2)], {"F1": 40, "F2": 80})
    assert given_by(held) == {("C", "F1"): 40, ("C", "F2"): 60}
    rows = [facility("F1", "A", 100, 100, cash_collateral=30)]
    both = book(parties=[party("A")], lenders=[BANK], facilities=rows, collateral=[asset("C", 90)],
                pledges=[pledge("C", "F1")])  # fmt: skip
    assert collateral(valued(Snapshot.of(both), load("EU-CRR"))).secured.tolist() == [7000]


def test_one_registry_entry_is_one_asset_worth_the_lowest_of_its_values() -> None:
    assets = [asset("C1", 100, registry_ref="L-7"), asset("C2", 70, registry_ref=" L-7 ")]
    held = made(assets, [pledge("C1", "F1", 50, 1), pledge("C2", "F2", 50, 2)], {"F1": 50, "F2": 50})
    assert given_by(held) == {("L-7", "F1"): 50, ("L-7", "F2"): 20}


def test_of_ids_that_are_worth_the_same_the_smallest_counts_in_whatever_order() -> None:
    assets = [
        asset("C1", 70, registry_ref="R", kind="cash"),
        asset("C2", 70, registry_ref="R", kind="equity, other"),
    ]
    pledges = [pledge("C1", "F", 70, 2), pledge("C2", "F", 70, 1), pledge("C1", "G", 70, 1)]
    found = [
        made(assets[::turn], pledges[::turn], dict.fromkeys("FG"[::turn], 100)).table().to_pylist()
        for turn in (1, -1)
    ]
    assert found[0] == found[1]
    assert {(r["rank"], r["haircut"], r["secured"]) for r in found[0]} == {(1, 0, 35)}


def test_a_valuation_after_the_day_is_not_known_on_it() -> None:
    later = DAY + dt.timedelta(days=1)
    held = made([asset("C", 100, valuation_date=later)], [pledge("C", "F1", 50)], {"F1": 50})
    assert given_by(held) == {("C", "F1"): None}
    twice = [
        asset("C1", 90, registry_ref="R", valuation_date=DAY),
        asset("C2", 10, registry_ref="R", valuation_date=later),
    ]
    held = made(twice, [pledge("C1", "F1", 50)], {"F1": 50})
    assert given_by(held) == {("R", "F1"): 50}


def test_haircuts_come_from_the_pack_by_kind_and_for_another_currency() -> None:
    shares = [asset("C", 100, kind="equity other")]
    assert given_by(made(shares, [pledge("C", "F1", 90)], {"F1": 90})) == {("C", "F1"): 70}
    dollars = [{**asset("C", 100, kind="cash"), "currency": "USD"}]
    rates: list[Row] = [
        {"currency": "USD", "date": DAY, "rate": Decimal("0.5")},
        {"currency": "EUR", "date": DAY, "rate": 1},
    ]
    held = made(dollars, [pledge("C", "F1", 100)], {"F1": 100}, rates)
    assert given_by(held) == {("C", "F1"): 46}
    assert held.table()["haircut"].to_pylist() == [Decimal("0.08")]


AMOUNTS = st.integers(0, 12)
PLEDGES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4), AMOUNTS, st.sampled_from([1, 2, 3, None])),
    max_size=8, unique_by=lambda p: p[:2],
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(AMOUNTS, min_size=2, max_size=2), PLEDGES, st.lists(AMOUNTS, min_size=5, max_size=5))
def test_allocation_is_the_plain_one_to_the_cent(
    values: list[int], drawn: list[tuple[int, int, int, int | None]], debts: list[int]
) -> None:
    cents = Decimal("0.01")
    held = made(
        [asset(f"C{i}", v * cents) for i, v in enumerate(values)],
        [pledge(f"C{a}", f"F{f}", v * cents, rank) for a, f, v, rank in drawn],
        {f"F{i}": v * cents for i, v in enumerate(debts)},
    )
    expected: dict[tuple[str, str], Decimal | None] = {}
    for a, value in enumerate(values):
        left = value
        for rank in (1, 2, 3, None):
            level = sorted((f, min(v, debts[f])) for i, f, v, r in drawn if i == a and r == rank)
            asked = sum(v for _, v in level)
            served = [v for _, v in level] if asked <= left else split(left, [v for _, v in level])
            left -= sum(served)
            expected |= {(f"C{a}", f"F{f}"): s * cents for (f, _), s in zip(level, served, strict=True)}
    assert given_by(held) == expected
