"""Books full of circles, on which the number of paths explodes: each question that follows ties still answers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import pytest

import cypher
from graph.neo4j.ask import Caps, answer
from graph.neo4j.store import GraphStore
from tests.books import BANK, facility, party
from tests.graph.sent import JAN, full, publish
from tests.servers import Servers, wipe

KNOT, TIES = 30, 90
TREE, STAKES, LOOPS = 822, 923, 39
WALKS = [
    q
    for q in cypher.catalogue().values()
    if any(w in q.text for w in ("SHORTEST", "shortest", "*1..", "reduce"))
]
"""The questions that follow ties to any depth."""
Stake = tuple[str, str]


@dataclass(frozen=True)
class Knots:
    """A store, and what it was made of: who owns whom, and who stands for whom."""

    store: GraphStore
    stakes: nx.DiGraph
    promises: nx.DiGraph

    def rows(self, name: str, **given: str) -> set[tuple[object, ...]]:
        """The answer to a question."""
        return {tuple(r.values()) for r in answer(self.store.server, cypher.load(name), given).rows}


def loops_and_tree(drawn: random.Random) -> list[Stake]:
    """Stakes of 822 parties: each holds one or two of those after it, and 39 chains of them are closed to loops."""
    down = [(drawn.randrange(max(0, b - 9), b), b) for b in range(1, TREE)]
    seen = set(down)
    for start in drawn.sample(range(20, TREE - 20), LOOPS):
        up = start
        for _ in range(drawn.randrange(1, 12)):
            up = next(a for a, b in down if b == up)
        seen.add((start, up))
    while len(seen) < STAKES:
        a = drawn.randrange(TREE - 2)
        seen.add((a, drawn.randrange(a + 1, TREE)))
    return [(f"T{a}", f"T{b}") for a, b in sorted(seen)]


@pytest.fixture(scope="module")
def knots(servers: Servers) -> Iterator[Knots]:
    """Thirty companies with ninety stakes and as many guarantees among them, and a large book with 39 loops."""
    wipe(servers)
    drawn = random.Random(7)  # noqa: S311 - a book, not a secret
    pairs = [(f"P{a}", f"P{b}") for a in range(KNOT) for b in range(KNOT) if a != b]
    stakes, promises = drawn.sample(pairs, TIES), drawn.sample(pairs, TIES - 2)
    promises += [(b, a) for a, b in promises[:2]]
    owned = [*stakes, *loops_and_tree(drawn)]
    sent = full(
        "A",
        JAN,
        parties=[party(f"P{i}") for i in range(KNOT)] + [party(f"T{i}") for i in range(TREE)],
        lenders=[BANK],
        facilities=[facility(f"F{i}", f"P{i}", 10, 5) for i in range(KNOT)],
        ownership=[{"owner_id": a, "owned_id": b, "share": "0.2"} for a, b in owned],
        guarantees=[
            {"guarantee_id": f"G{n}", "guarantor_id": a, "form": "full", "obligor_id": b if n % 2 else None}
            for n, (a, b) in enumerate(promises)
        ],
        guarantee_covers=[
            {"guarantee_id": f"G{n}", "facility_id": f"F{b[1:]}"}
            for n, (_, b) in enumerate(promises)
            if not n % 2
        ],
        dependence=[{"dependent_id": a, "on_id": b, "basis": "distress_would_spread"} for a, b in stakes],
    )
    store = GraphStore(servers.access())
    publish(store, sent)
    yield Knots(store, nx.DiGraph(owned), nx.DiGraph(promises))
    wipe(servers)


def on_loops(ties: nx.DiGraph, longest: int) -> set[tuple[object, ...]]:
    """Ties that lie on a loop of at most so many, with the length of the shortest."""
    back = dict(nx.all_pairs_shortest_path_length(ties))
    found = {(a, b, back[b][a] + 1) for a, b in ties.edges if a in back[b]}
    return {(a, b, steps) for a, b, steps in found if steps <= longest}


@pytest.mark.parametrize("question", WALKS, ids=lambda q: q.name)
def test_no_question_runs_away(knots: Knots, question: cypher.SavedQuery) -> None:
    given = question.example() | {
        k: v for k, v in (("party", "P0"), ("first", "P0"), ("second", "P1")) if k in question.example()
    }
    answer(knots.store.server, question, given, Caps(seconds=20))


def test_the_book_is_as_full_of_loops_as_it_says(knots: Knots) -> None:
    assert (len(knots.stakes), knots.stakes.number_of_edges()) == (KNOT + TREE, TIES + STAKES)
    assert len(on_loops(knots.stakes, 2)) < len(on_loops(knots.stakes, 10**6))


def test_loops_of_stakes_of_any_length_are_those_that_networkx_finds(knots: Knots) -> None:
    assert knots.rows("ownership_loops", top="10000") == on_loops(knots.stakes, 10**6)


def test_owners_above_are_those_that_networkx_finds(knots: Knots) -> None:
    above = nx.single_source_shortest_path_length(knots.stakes.reverse(), "P0")
    found = {(row[0], row[-1]) for row in knots.rows("owners_up", party="P0")}
    assert found == {(p, d) for p, d in above.items() if p != "P0"}


def test_circles_of_guarantees_of_both_kinds_are_those_that_networkx_finds(knots: Knots) -> None:
    wanted = on_loops(knots.promises, 5)
    assert {steps for *_, steps in wanted} == {2, 3, 4, 5}
    assert knots.rows("guarantee_loops", top="10000") == wanted
    pairs = {(a, b) for a, b in knots.promises.edges if a < b and knots.promises.has_edge(b, a)}
    assert knots.rows("mutual_guarantees") == pairs


def test_chains_of_guarantees_are_those_that_networkx_finds(knots: Knots) -> None:
    for start in ("P0", "P7"):
        reached = nx.single_source_shortest_path_length(knots.promises, start, cutoff=6)
        found = {(row[0], row[-1]) for row in knots.rows("guarantee_chain", party=start)}
        assert found == {(p, d) for p, d in reached.items() if p != start}


def test_a_connection_is_a_shortest_way_whatever_the_direction(knots: Knots) -> None:
    ties = knots.stakes.to_undirected()
    away = nx.single_source_shortest_path_length(ties, "T0")
    for far in (1, 4, 12):
        other = min(p for p, steps in away.items() if steps == far)
        (row,) = answer(knots.store.server, cypher.load("connection"), {"first": "T0", "second": other}).rows
        path = row["path"]
        assert (row["steps"], len(path), path[0], path[-1]) == (far, far + 1, "T0", other)
        assert all(ties.has_edge(a, b) for a, b in pairwise(path))
    for none in (min(p for p, steps in away.items() if steps == 13), "P0", "T0"):
        assert knots.rows("connection", first="T0", second=none) == set()
