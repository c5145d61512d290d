"""Missing data: every way to fill a gap stays within the interval, and the facts named narrow it most."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exposure.missing import shares
from exposure.ownership.integrated import Ownership, ownership
from exposure.report import Analysis, Request
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.oracle.ownership import Exact


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


HELD = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C", None]), st.integers(0, 40), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), st.integers(0, 50), st.sampled_from(["", "limit", "drawn"]), HELD)
def test_whatever_a_vehicle_holds_stays_within(
    one: int, other: int, gap: str, parts: list[tuple[str | None, int, bool]]
) -> None:
    amounts: dict[str, int | None] = {"limit": max(one, other), "drawn": min(one, other)}

    def made(*, filled: bool) -> Analysis:
        sizes = amounts if filled or not gap else {**amounts, gap: None}
        lender = {**BANK, "tier1": 8_000}
        rows = [
            {
                "facility_id": "F",
                "party_id": p,
                "currency": "EUR",
                "amount": a if filled or not blank else None,
            }
            for p, a, blank in parts
        ]
        parties = [party(n) for n in "ABC"]
        stakes = [{"owner_id": "A", "owned_id": "B", "share": 1}]
        held = book(
            parties=parties, lenders=[lender], facilities=[facility("F", "C", sizes["limit"], sizes["drawn"])],
            ownership=stakes, underlyings=rows,
        )  # fmt: skip
        return Analysis(Snapshot.of(held), Request(packs=("BASEL-LEX",)))

    open_, full = made(filled=False), made(filled=True)
    for kind, table, column in (
        ("party", "party_exposures", "party_id"), ("group", "group_exposures", "group_id"),
    ):  # fmt: skip
        exact = {r[column]: r["gross"] for r in full.table(table).to_pylist() if not r["lender_id"]}
        unknown = {r[column]: r["unknown"] for r in open_.table(table).to_pylist() if not r["lender_id"]}
        for name, row in told(open_, kind).items():
            assert unknown[name]
            assert row["lower"] <= exact.get(name, 0)
            assert row["upper"] is None or exact.get(name, 0) <= row["upper"]
            assert row["facts"]


def test_what_a_vehicle_holds_of_a_party_lies_between_nothing_and_its_gross() -> None:
    rows = [{"facility_id": "F", "party_id": "A", "amount": None, "currency": "EUR"}]
    held = book(
        parties=[party("A"), party("C")],
        lenders=[BANK],
        facilities=[facility("F", "C", 70, 70)],
        underlyings=rows,
    )
    analysis = Analysis(Snapshot.of(held), Request())
    row = told(analysis, "party")["A"]
    assert (row["lower"], row["upper"], row["facts"]) == (0, 70, ["underlyings F A amount"])


def test_what_a_vehicle_holds_of_nobody_known_is_told_too() -> None:
    rows = [{"facility_id": "F", "party_id": None, "amount": None, "currency": "EUR"}]
    held = book(
        parties=[party("C")], lenders=[BANK], facilities=[facility("F", "C", 70, 70)], underlyings=rows
    )
    row = told(Analysis(Snapshot.of(held), Request()), "party")["(unknown)"]
    assert (row["lower"], row["upper"], row["facts"]) == (0, 70, ["underlyings F (unknown) amount"])


UNDER = st.lists(
    st.tuples(st.sampled_from("AC"), st.integers(0, 5), st.integers(0, 5), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, deadline=None)
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


HOLDERS = st.sampled_from(
    [("P", "A"), ("Q", "A"), ("P", "B"), ("A", "B"), ("B", "C"), ("A", "C"), ("C", "A")]
)
SIZES = st.one_of(
    st.sampled_from([10, 20, 30, 60]),
    st.tuples(st.sampled_from([None, 0, 10, 20]), st.sampled_from([25, 40, 60])),
)


@st.composite
def gapped(draw: st.DrawFn) -> dict[tuple[str, str], Any]:
    """Holdings in whole percent, known or from and to; none whose least holdings exceed the whole."""
    found = draw(st.dictionaries(HOLDERS, SIZES, min_size=1, max_size=5))
    for company in "ABC":
        least = sum(ends(size)[0] for (_, of), size in found.items() if of == company)
        assume(least <= 100)
    assume(any(isinstance(size, tuple) for size in found.values()))
    return found


def ends(size: Any) -> tuple[int, int]:  # noqa: ANN401 (a size or a band)
    """Least and most of a holding, alone."""
    low, high = size if isinstance(size, tuple) else (size, size)
    return low or 0, 100 if high is None else high


def held_of(holdings: dict[tuple[str, str], Any], more: list[tuple[str, str, int]] = []) -> Ownership:  # noqa: B006
    """Ownership of a book of these holdings and some more, of which Z is an owner that nobody asks about."""
    rows: list[Row] = []
    for (owner, company), size in holdings.items():
        low, high = size if isinstance(size, tuple) else (None, None)
        told = {"share_min": low, "share_max": high} if isinstance(size, tuple) else {"share": size}
        cells = {name: None if v is None else Fraction(v, 100) for name, v in told.items()}
        rows.append({"owner_id": owner, "owned_id": company, "holding_id": "1", **cells})
    rows += [
        {"owner_id": a, "owned_id": b, "holding_id": "2", "share": Fraction(v, 100)} for a, b, v in more if v
    ]
    parties = [party(name) for name in "ABCPQZ"]
    return ownership(Snapshot.of(book(parties=parties, ownership=rows)), min_share=0)


def between(held: Ownership, owner: str, company: str) -> tuple[float, float]:
    """The ends of a share."""
    x, y = (held.snapshot.number_of[name] for name in (owner, company))
    (at,) = np.flatnonzero((held.owner == x) & (held.owned == y)).tolist()
    low, high = float(held.lower[at]), float(held.upper[at])
    return (0.0, np.inf) if np.isnan(low) else (low, np.inf if np.isnan(high) else high)


Facts = dict[str, tuple[tuple[str, str], int, int]]


def facts_of(holdings: dict[tuple[str, str], Any]) -> Facts:
    """What is open by its name: whose part of which company (nobody's for a register), its least and most."""
    found: Facts = {}
    least = {c: sum(ends(size)[0] for (_, of), size in holdings.items() if of == c) for c in "ABC"}
    for (owner, company), size in holdings.items():
        low, high = ends(size)
        if isinstance(size, tuple):
            most = max(low, min(high, 100 - least[company] + low))
            found[f"ownership {owner} {company}"] = (owner, company), low, most
    banded = bool(found)
    for company in sorted({of for _, of in holdings}):
        sized = [p for p in holdings if p[1] == company]
        most = sum(found.get(f"ownership {a} {b}", (0, 0, ends(holdings[a, b])[0]))[2] for a, b in sized)
        left = 100 - (most if banded else least[company])
        if left > 0:
            found[f"register {company}"] = ("", company), 0, left
    return found


def test_a_register_that_would_close_a_set_leaves_its_share_open() -> None:
    held = held_of({("A", "B"): 30, ("B", "A"): 100, ("B", "C"): 50})
    (told,) = [share for share in shares(held) if (share.subject, share.owned) == ("A", "C")]
    assert (told.low, told.high) == (pytest.approx(0.15 / 0.7), None)
    assert told.facts == ("register C",)  # with the rest of B, A and B would own each other whole


@settings(max_examples=8, deadline=None)
@given(gapped())
def test_the_facts_named_are_those_that_narrow_a_share_most(holdings: dict[tuple[str, str], Any]) -> None:
    facts = facts_of(holdings)

    def width(held: Ownership, owner: str, company: str) -> float:
        low, high = between(held, owner, company)
        return max(min(high, 1.0) - min(low, 1.0), 0.0)

    def known(name: str, value: int, owner: str) -> Ownership:
        pair, _, high = facts[name]
        if pair[0]:
            return held_of(holdings | {pair: value})
        return held_of(holdings, [(owner if value else "Z", pair[1], high)])

    held = held_of(holdings)
    for told in shares(held):
        owner, company = told.subject, str(told.owned)
        ranked = []
        for name, (_, low, high) in facts.items():
            after = sum(width(known(name, v, owner), owner, company) for v in (low, high)) / 2
            ranked.append((-round(width(held, owner, company) - after, 9), name))
        assert list(told.facts) == [name for by, name in sorted(ranked) if by < -1e-8][:3]


@settings(max_examples=25, deadline=None)
@given(gapped())
def test_whatever_the_open_holdings_are_a_share_lies_between_its_ends(
    holdings: dict[tuple[str, str], Any],
) -> None:
    facts, told = facts_of(holdings), shares(held_of(holdings))
    for values in product(*((low, high) for _, low, high in facts.values())) if told else ():
        chosen = dict(zip(facts, values, strict=True))
        sizes = {p: chosen.get(f"ownership {p[0]} {p[1]}", ends(size)[0]) for p, size in holdings.items()}
        left = {c: 100 - sum(s for p, s in sizes.items() if p[1] == c) for c in "ABC"}
        if min(left.values()) < 0:
            continue
        for one in told:
            owner, company = one.subject, str(one.owned)
            more = [
                (owner, c, Fraction(left[c], 100))
                for c in "ABC"
                if chosen.get(f"register {c}") and c != owner
            ]
            exact = Exact("ABCPQZ", [*((a, b, Fraction(s, 100)) for (a, b), s in sizes.items()), *more])
            share = exact.integrated(owner, company)
            if share is not None:
                assert one.low - 1e-9 <= share
                assert one.high is None or min(share, 1) <= one.high + 1e-9  # in a new loop it may be more
