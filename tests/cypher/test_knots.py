"""Books full of circles, on which the number of paths explodes: each question that follows ties still answers."""

from __future__ import annotations

import random
from collections.abc import Iterator

import networkx as nx
import pytest

import cypher
from graph.neo4j.ask import Caps, answer
from graph.neo4j.store import GraphStore
from tests.books import BANK, facility, party
from tests.graph.sent import JAN, full, publish
from tests.servers import Servers, servers, wipe

__all__ = ["servers"]

KNOT, TIES = 30, 90
WALKS = [q for q in cypher.catalogue().values() if "SHORTEST" in q.text or "*1.." in q.text]
"""The questions that follow ties to any depth."""


@pytest.fixture(scope="module")
def knot(servers: Servers) -> Iterator[tuple[GraphStore, nx.DiGraph]]:
    """Thirty companies with ninety stakes and as many guarantees among them."""
    wipe(servers)
    drawn = random.Random(7)  # noqa: S311 - a book, not a secret
    pairs = [(a, b) for a in range(KNOT) for b in range(KNOT) if a != b]
    stakes, promises = drawn.sample(pairs, TIES), drawn.sample(pairs, TIES)
    sent = full(
        "A",
        JAN,
        parties=[party(f"P{i}") for i in range(KNOT)],
        lenders=[BANK],
        facilities=[facility(f"F{i}", f"P{i}", 10, 5) for i in range(KNOT)],
        ownership=[{"owner_id": f"P{a}", "owned_id": f"P{b}", "share": "0.2"} for a, b in stakes],
        guarantees=[
            {"guarantee_id": f"G{n}", "guarantor_id": f"P{a}", "form": "full"}
            for n, (a, _) in enumerate(promises)
        ],
        guarantee_covers=[
            {"guarantee_id": f"G{n}", "facility_id": f"F{b}"} for n, (_, b) in enumerate(promises)
        ],
        dependence=[
            {"dependent_id": f"P{a}", "on_id": f"P{b}", "basis": "distress_would_spread"} for a, b in stakes
        ],
    )
    store = GraphStore(servers.access())
    publish(store, sent)
    yield store, nx.DiGraph((f"P{a}", f"P{b}") for a, b in stakes)
    wipe(servers)


@pytest.mark.parametrize("question", WALKS, ids=lambda q: q.name)
def test_no_question_runs_away(knot: tuple[GraphStore, nx.DiGraph], question: cypher.SavedQuery) -> None:
    given = question.example() | {
        k: v for k, v in (("party", "P0"), ("first", "P0"), ("second", "P1")) if k in question.example()
    }
    answer(knot[0].server, question, given, Caps(seconds=20))


def test_loops_and_owners_are_those_that_networkx_finds(knot: tuple[GraphStore, nx.DiGraph]) -> None:
    store, stakes = knot
    back = dict(nx.all_pairs_shortest_path_length(stakes))
    wanted = {(a, b, back[b][a] + 1) for a, b in stakes.edges if a in back[b] and back[b][a] <= 7}
    found = answer(store.server, cypher.load("ownership_loops"), {}).rows
    assert {(r["owner_id"], r["owned_id"], r["steps"]) for r in found} == wanted
    above = nx.single_source_shortest_path_length(stakes.reverse(), "P0")
    found = answer(store.server, cypher.load("owners_up"), {"party": "P0"}).rows
    assert {(r["party_id"], r["depth"]) for r in found} == {(p, d) for p, d in above.items() if p != "P0"}
