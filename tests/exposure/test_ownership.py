"""Integrated ownership against exact fractions, and the laws that it obeys."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.findings import table
from exposure.ownership import integrated as module
from exposure.ownership import walks as walks_
from exposure.ownership.integrated import Ownership, attributable, ownership
from exposure.ownership.walks import Walks
from graph.model import TABLES
from graph.money import NULL
from graph.snapshot import Rows, Snapshot, Stakes
from tests.books import book, party
from tests.oracle.ownership import Exact, Holding

NAMES = ("A", "B", "C", "D", "E", "P", "Q")
CLOSE = 1e-11


@dataclass
class Register:
    """Holdings as the oracle reads them; ``snapshot`` compiles them."""

    holdings: list[Holding]

    def loaded(self) -> Snapshot:
        rows = [
            {"owner_id": a, "owned_id": b, "holding_id": str(i), "share": s}
            for i, (a, b, s) in enumerate(self.holdings)
        ]
        return Snapshot.of(book(parties=[party(name) for name in NAMES], ownership=rows))

    def snapshot(self) -> Snapshot:
        """As ``loaded``, without the time that a book takes; the parties are numbered as in NAMES."""
        owner = np.array([NAMES.index(a) for a, _, _ in self.holdings], np.int32)
        owned = np.array([NAMES.index(b) for _, b, _ in self.holdings], np.int32)
        share = np.array([NULL if s is None else int(s * 10**9) for _, _, s in self.holdings], np.int64)
        numbers = {"owner_id": owner, "owned_id": owned, "share": share}
        rows = Rows(TABLES["ownership"], np.arange(len(owner), dtype=np.int32), numbers, {})
        stakes = Stakes.of(owner, owned, share, share, len(NAMES))
        return replace(empty(), stakes=stakes, tables={**empty().tables, "ownership": rows})

    def exact(self) -> Exact:
        return Exact(NAMES, self.holdings)


@cache
def empty() -> Snapshot:
    """The parties without any holding."""
    return Register([]).loaded()


def percent(value: int) -> Fraction:
    return Fraction(value, 100)


@st.composite
def registers(draw: st.DrawFn, *, over_full: bool = True, complete: bool = False) -> Register:
    """Loops, own shares, several holdings of one pair, halves, unknown sizes, registers above and below 100 %."""
    holdings: list[Holding] = []
    for owned in NAMES[: draw(st.integers(1, 5))]:
        left = 100
        for owner in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)):
            share = draw(st.sampled_from([0, 1, 10, 20, 25, 33, 49, 50, 51, 99, 100, None]))
            if share is None:
                if not complete:
                    holdings.append((owner, owned, None))
                continue
            share = share if over_full and draw(st.integers(0, 9)) == 0 else min(share, left)
            left = max(0, left - share)
            if share or owner != owned:
                holdings.append((owner, owned, percent(share)))
        if left and (complete or draw(st.booleans())):
            holdings.append((draw(st.sampled_from(["P", "Q"])), owned, percent(left)))
    return Register(draw(st.permutations(holdings)))


def figures(held: Ownership) -> dict[tuple[str, str], int]:
    """Row of each pair of ids."""
    names = held.snapshot.party_ids.to_pylist()
    return {(names[a], names[b]): i for i, (a, b) in enumerate(zip(held.owner, held.owned, strict=True))}


def same(value: float, exact: Fraction | None, worst: float = 1.0) -> bool:
    """Equal but for rounding, which loops amplify by their factor at ``worst``."""
    if exact is None:
        return bool(np.isnan(value))
    return abs(value - float(exact)) <= CLOSE * max(1.0, float(exact), worst)


def check(register: Register) -> None:
    exact = register.exact()
    held = ownership(register.snapshot(), min_share=0)
    rows = figures(held)
    worst = max(float(exact.loop_factor(x) or 1) for x in NAMES)
    for x in NAMES:
        for y in NAMES:
            share = exact.integrated(x, y)
            if (x, y) not in rows:
                assert not share or x == y, (x, y)
                assert x == y or (x, y) not in exact.recorded, (x, y)
                continue
            i = rows[x, y]
            assert same(held.lower[i], share, worst), (x, y, held.lower[i], share)
            nothing_known = (x, y) in exact.blank and not exact.w(x, y)
            assert held.blank[i] == (nothing_known and x != y)
            expected = None if nothing_known and not share else share
            assert same(held.integrated[i], expected, worst)
            factor = exact.loop_factor(x)
            corrected = None if expected is None or not factor else expected / factor
            assert same(held.corrected[i], corrected, worst)
            direct = None if nothing_known or (x, y) not in exact.recorded else exact.w(x, y)
            assert (held.direct[i] > -1) == (direct is not None)
            assert direct is None or held.direct[i] == direct * 10**9
            if share is not None:
                most = exact.filled(x, y)
                if factor == 1:  # outside loops nobody holds more than the whole, save by a register above it
                    most = max(share, Fraction(1) if most is None else min(Fraction(1), most))
                assert same(held.upper[i], most, max(worst, float(exact.filled(x, x) or 1))), (x, y)


@given(registers())
@settings(max_examples=400)
def test_every_figure_is_the_exact_one(register: Register) -> None:
    check(register)


@pytest.mark.soak
@given(registers())
@settings(max_examples=2_000)
def test_every_figure_is_the_exact_one_in_many_books(register: Register) -> None:
    check(register)


@given(registers())
def test_blocks_that_are_swept_give_the_same(register: Register) -> None:
    """As those do that have too many cut parties for an inverse."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walks_, "MOST_CUTS", 0)
        patch.setattr(module, "SWEEPS", 400_000)
        patch.setattr(walks_, "SWEEPS", 400_000)
        exact = register.exact()
        if any(factor and factor > 100 for factor in map(exact.loop_factor, NAMES)):
            return  # a slow loop takes more sweeps than a test should
        if not exact.divergent:
            check(register)


@given(registers())
def test_columns_that_find_no_room_are_made_again(register: Register) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROOM", 0)
        check(register)


@given(registers(over_full=False), st.sampled_from([1e-3, 1e-2, 0.05]))
def test_what_is_left_out_stays_within_the_interval(register: Register, least: float) -> None:
    exact = register.exact()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EXACT", 0)
        patch.setattr(module, "COARSE", least)
        patch.setattr(module, "FINE", ())
        held = ownership(register.snapshot(), min_share=0)
    names = held.snapshot.party_ids.to_pylist()
    most = held.lower + held.error[held.owned]
    for i in range(len(held)):
        share = exact.integrated(names[held.owner[i]], names[held.owned[i]])
        if share is not None:
            assert held.lower[i] - CLOSE <= float(share) <= most[i] + CLOSE


@given(registers(over_full=False))
def test_a_figure_near_a_line_is_computed_finely_enough(register: Register) -> None:
    exact = register.exact()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EXACT", 0)
        patch.setattr(module, "COARSE", 0.05)
        held = ownership(register.snapshot(), min_share=100_000_000)
    rows = figures(held)
    for line in (100_000_000, 200_000_000, 250_000_000):
        reached = held.reaches(line)
        for x in NAMES:
            for y in NAMES:
                share = exact.integrated(x, y)
                if share is not None and x != y and abs(share - Fraction(line, 10**9)) > Fraction(1, 10**6):
                    held_so = (x, y) in rows and bool(reached[rows[x, y]])
                    assert held_so == (share * 10**9 >= line), (x, y, float(share))


@given(registers(over_full=False, complete=True))
def test_outside_owners_own_each_company_whole(register: Register) -> None:
    exact = register.exact()
    held = ownership(register.snapshot(), min_share=0)
    outside = {name for name in NAMES if not any(b == name for _, b in exact.recorded)}
    rows = figures(held)
    for y in set(NAMES) - outside - exact.out:
        if not any((z, y) in exact.reach for z in exact.out):
            whole = sum(held.integrated[rows[x, y]] for x in outside if (x, y) in rows)
            assert whole == pytest.approx(1.0, abs=1e-9)


@given(registers(over_full=False))
def test_another_known_holding_narrows_no_lower_bound(register: Register) -> None:
    before = ownership(register.snapshot(), min_share=0)
    more = Register([(a, b, percent(1) if s is None else s) for a, b, s in register.holdings])
    exact = more.exact()
    if any(total > 1 for total in exact.total.values()):
        return
    after = ownership(more.snapshot(), min_share=0)
    rows = figures(after)
    for pair, i in figures(before).items():
        if pair in rows and not np.isnan(after.lower[rows[pair]]) and not np.isnan(before.lower[i]):
            assert after.lower[rows[pair]] >= before.lower[i] - CLOSE


@given(registers(), st.lists(st.integers(0, 1000), min_size=len(NAMES), max_size=len(NAMES)))
def test_attributable_is_own_and_corrected_shares_of_others(register: Register, amounts: list[int]) -> None:
    exact = register.exact()
    snapshot = register.snapshot()
    held = ownership(snapshot)
    names = snapshot.party_ids.to_pylist()
    given_ = np.array([amounts[NAMES.index(name)] for name in names], float)
    made = attributable(snapshot, held, given_)
    both = attributable(snapshot, held, np.stack([given_, 2 * given_], axis=1))
    assert np.array_equal(both[:, 0], made, equal_nan=True)
    for i, x in enumerate(names):
        factor = exact.loop_factor(x)
        shares = [exact.integrated(x, y) for y in NAMES]
        if factor is None or None in shares:
            assert np.isnan(made[i])
        else:
            expected = amounts[NAMES.index(x)] + sum(
                s / factor * a
                for y, s, a in zip(NAMES, shares, amounts, strict=True)
                if s is not None and y != x
            )
            assert made[i] == pytest.approx(float(expected), rel=1e-10, abs=1e-9)


def test_own_shares_make_nobody_owe_more_than_all_of_its_own_debt() -> None:
    register = Register([("A", "A", Fraction(1, 10)), ("B", "A", Fraction(9, 10))])
    snapshot = register.snapshot()
    amounts = np.array([100.0 * (name == "A") for name in snapshot.party_ids.to_pylist()])
    made = dict(
        zip(snapshot.party_ids.to_pylist(), attributable(snapshot, ownership(snapshot), amounts), strict=True)
    )
    assert (made["A"], made["B"]) == pytest.approx((100.0, 100.0))


@given(registers())
def test_what_registers_say_is_found(register: Register) -> None:
    exact = register.exact()
    snapshot = register.snapshot()
    found = table(ownership(snapshot).findings(), snapshot).to_pylist()
    of = lambda code: {tuple(r["subjects"]) for r in found if r["code"] == code}  # noqa: E731 (short)
    assert of("self_ownership") == {(x,) for x in NAMES if exact.w(x, x)}
    assert of("shares_exceed_one") == {(x,) for x in NAMES if exact.total[x] > 1}
    assert of("unknown_owners") == {(x,) for x in NAMES if exact.rest(x)}
    assert of("share_unknown") == {(y,) for _, y in exact.blank}
    assert of("no_outside_owner") == {tuple(sorted(s)) for s in exact.closed}
    assert of("singular_ownership_matrix") == ({()} if exact.closed or exact.divergent else set())


def test_own_shares_and_holdings_of_one_pair_add_up() -> None:
    held = ownership(
        Register([("P", "A", percent(30)), ("P", "A", percent(50)), ("A", "A", percent(20))]).snapshot()
    )
    rows = figures(held)
    assert held.direct[rows["P", "A"]] == 800_000_000
    assert held.integrated[rows["P", "A"]] == pytest.approx(1.0, abs=1e-15)
    assert held.corrected[rows["A", "A"]] == pytest.approx(0.2, abs=1e-15)


def test_two_firms_that_hold_ninety_nine_percent_of_each_other() -> None:
    held = ownership(
        Register(
            [("A", "B", percent(99)), ("B", "A", percent(99)), ("P", "A", percent(1)), ("Q", "B", percent(1))]
        ).snapshot()
    )
    rows = figures(held)
    assert held.integrated[rows["P", "A"]] == pytest.approx(1 / 1.99, abs=1e-12)
    assert held.corrected[rows["A", "B"]] == pytest.approx(0.99, abs=1e-12)


@pytest.mark.parametrize("outside", [1, 10])
def test_loops_that_are_held_in_full_and_more_diverge(outside: int) -> None:
    """The spectral radius is 1, and in float64 the matrix is not singular."""
    register = Register(
        [
            ("D", "A", percent(100)), ("A", "D", percent(50)), ("E", "D", percent(50)), ("B", "D", percent(outside)),
            ("A", "E", percent(43)), ("D", "E", percent(57)),
        ]
    )  # fmt: skip
    check(register)
    assert register.exact().divergent == {frozenset("ADE")}


def test_thirds_are_the_whole() -> None:
    """0.333333333 three times leaves 10^-9, which nobody owns."""
    third = Fraction(333_333_333, 10**9)
    snapshot = Register([("P", "A", third), ("Q", "A", third), ("B", "A", third)]).loaded()
    assert table(ownership(snapshot).findings(), snapshot).num_rows == 0


def test_evidence_names_the_holdings() -> None:
    snapshot = Register([("P", "A", percent(60)), ("Q", "B", percent(100)), ("Q", "A", percent(50))]).loaded()
    (row,) = table(ownership(snapshot).findings(), snapshot).to_pylist()
    evidence = json.loads(row["evidence"])
    assert evidence["figures"] == {"sum": 1.1}
    assert [place["row"] for place in evidence["rows"]] == [1, 3]


def test_rows_are_in_the_order_of_ids_and_empty_books_have_none() -> None:
    shares = ownership(Register([("P", "B", percent(60)), ("A", "P", percent(70))]).loaded()).shares()
    assert shares.select(["owner_id", "owned_id"]).to_pylist() == [
        {"owner_id": "A", "owned_id": "B"},
        {"owner_id": "A", "owned_id": "P"},
        {"owner_id": "P", "owned_id": "B"},
    ]
    assert ownership(Register([]).loaded()).shares().num_rows == 0
    assert Walks.of(Snapshot.of(book()).stakes).n == 0
