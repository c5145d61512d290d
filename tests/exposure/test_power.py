"""Voting power against every order of the players, and the bound that a simulation states."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.control import control
from exposure.kernels import power as kernels
from exposure.ownership import power as module
from exposure.ownership.power import Power, power
from graph.snapshot import Snapshot
from tests.books import book, party

NAMES = ("A", "B", "C", "T", "p", "q", "r")
Votes = dict[tuple[str, str], int]
"""Whole percents by holder and company."""


def computed(votes: Votes, members: dict[str, str] | None = None) -> Power:
    names = sorted({*NAMES, *(members or {}).values(), *(name for pair in votes for name in pair)})
    rows = [{"owner_id": a, "owned_id": b, "share": Fraction(v, 100)} for (a, b), v in votes.items()]
    bodies = [{"body_id": body, "party_id": member} for member, body in (members or {}).items()]
    parties = [party(name) for name in names]
    return power(control(Snapshot.of(book(parties=parties, ownership=rows, members=bodies))))


def told(votes: Votes, company: str, members: dict[str, str] | None = None) -> dict[str, float]:
    """Index by player; the unknown owners of a company under its own name in brackets."""
    made = computed(votes, members)
    names = made.snapshot.party_ids.to_pylist()
    n = len(names)
    return {
        names[p] if p < n else f"({names[p - n]})": index
        for p, c, index in zip(made.player.tolist(), made.company.tolist(), made.index.tolist(), strict=True)
        if names[c] == company
    }


def by_orders(votes: Votes, company: str) -> dict[str, Fraction]:
    """The index by all orders of all players, firms voting by the majority of their own holders."""
    firms = {b for _, b in votes}
    above, waiting = {company}, [company]
    while waiting:
        firm = waiting.pop()
        for a, b in votes:
            if b == firm and a in firms and a not in above:
                above.add(a)
                waiting.append(a)
    total = {firm: sum(v for (_, b), v in votes.items() if b == firm) for firm in above}
    players = sorted({a for a, b in votes if b in above and a not in firms})
    players += [f"({firm})" for firm in sorted(above) if total[firm] < 100]

    def wins(coalition: frozenset[str]) -> bool:
        carried = set(coalition)
        while True:
            more = {
                firm
                for firm in above - carried
                if 2 * (
                    sum(v for (a, b), v in votes.items() if b == firm and a in carried and a != firm)
                    + (f"({firm})" in carried) * (100 - total[firm])
                )
                > 100 - votes.get((firm, firm), 0)
            }  # fmt: skip
            if not more:
                return company in carried
            carried |= more

    turned = dict.fromkeys(players, 0)
    for order in permutations(players):
        for k, player in enumerate(order):
            if wins(frozenset(order[: k + 1])):
                turned[player] += 1
                break
    return {player: Fraction(count, factorial(len(players))) for player, count in turned.items()}


@st.composite
def registers(draw: st.DrawFn) -> Votes:
    """Firms A, B, C and T held by three players and one another, in loops too, with registers left open."""
    votes: Votes = {}
    for firm in draw(st.lists(st.sampled_from("ABCT"), unique=True, min_size=1)):
        left = 100
        for holder in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=4)):
            share = draw(st.sampled_from([5, 10, 20, 25, 30, 49, 50, 51, 60, 100]))
            if share <= left and holder != firm:
                votes[holder, firm] = share
                left -= share
    return votes


@settings(max_examples=60, deadline=None)
@given(registers())
def test_power_is_how_often_a_player_decides_over_all_orders(votes: Votes) -> None:
    for company in {b for _, b in votes}:
        exact = {k: float(v) for k, v in by_orders(votes, company).items() if v or k[0] != "("}
        found = {k: v for k, v in told(votes, company).items() if v > 1e-12 or k[0] != "("}
        assert found == pytest.approx(exact)


def test_one_per_cent_is_as_powerful_as_forty_nine_beside_fifty() -> None:
    votes = {("p", "T"): 50, ("q", "T"): 49, ("r", "T"): 1}
    assert told(votes, "T") == pytest.approx({"p": 2 / 3, "q": 1 / 6, "r": 1 / 6})


def test_of_two_who_are_said_to_hold_more_than_half_each_decides_as_often() -> None:
    votes = {("p", "T"): 60, ("q", "T"): 55, ("T", "A"): 70, ("r", "A"): 30}
    assert told(votes, "T") == {"p": 0.5, "q": 0.5}
    assert told(votes, "A") == {"p": 0.5, "q": 0.5, "r": 0.0}


def test_members_of_a_body_vote_as_one() -> None:
    votes = {("p", "T"): 30, ("q", "T"): 30, ("r", "T"): 40}
    assert told(votes, "T", {"p": "pact", "q": "pact"}) == {"pact": 1.0, "r": 0.0}


def test_a_firm_that_nobody_alone_commands_is_looked_through() -> None:
    votes = {("p", "A"): 40, ("q", "A"): 30, ("r", "A"): 30, ("A", "T"): 60, ("p", "T"): 40}
    assert told(votes, "T") == pytest.approx({"p": 1 / 3, "q": 1 / 3, "r": 1 / 3})


def test_two_majorities_of_an_over_full_register_share_the_power() -> None:
    assert told({("p", "T"): 60, ("q", "T"): 60}, "T") == {"p": 0.5, "q": 0.5}


def test_many_players_of_one_company_are_counted_by_weight() -> None:
    votes = {(f"h{i:02d}", "T"): 2 for i in range(50)}
    made = computed(votes)
    assert made.index == pytest.approx(np.full(50, 0.02))
    assert set(made.error.tolist()) == {0.0}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 120))
def test_counting_by_weight_and_by_coalitions_agree(votes: list[int], base: int) -> None:
    weights = np.array(votes, np.int64)
    many = len(votes)
    game = kernels.Game(np.array([0, many]), np.arange(many), weights, np.array([base], np.int64))
    assert kernels.weighted(weights, base // 2 + 1) == pytest.approx(kernels.subsets(game, many))


def test_a_simulated_index_keeps_within_its_stated_error(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = {("p", "A"): 40, ("q", "A"): 30, ("r", "A"): 30, ("A", "T"): 45, ("p", "T"): 30, ("s", "T"): 25}
    exact = told(votes, "T")
    monkeypatch.setattr(module, "FEW", 0)
    made = computed(votes)
    assert told(votes, "T") == told(votes, "T")
    assert told(votes, "T") == pytest.approx(exact, abs=2 * made.error.max())
    assert "simulated ±" in made.table()["method"].to_pylist()[-1]
