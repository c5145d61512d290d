"""Chains of stakes add up to the integrated share, loops and all."""

from __future__ import annotations

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from exposure.ownership.integrated import ownership
from exposure.ownership.shareholding import chains
from tests.exposure.test_ownership import NAMES, Register, percent, registers


@given(registers())
def test_chains_add_up_to_the_share(register: Register) -> None:
    exact = register.exact()
    held = ownership(register.snapshot())
    graph = nx.DiGraph(pair for pair, share in exact.known.items() if share)
    graph.add_nodes_from(NAMES)
    for i, x in enumerate(NAMES):
        for j, y in enumerate(NAMES):
            share = exact.integrated(x, y)
            told = chains(held, i, j, limit=10_000)
            if share is None:
                assert np.isnan(told.integrated)
                assert told.found == ()
            elif i != j:
                paths = {tuple(NAMES.index(v) for v in path) for path in nx.all_simple_paths(graph, x, y)}
                assert {chain.parties for chain in told.found} == paths
                assert told.integrated == pytest.approx(float(share), rel=1e-9, abs=1e-12)
                assert sum(c.share for c in told.found) == pytest.approx(told.integrated, rel=1e-9, abs=1e-12)


def test_what_an_owner_holds_beside_shares_that_nobody_can_tell_is_told() -> None:
    """P holds a register that the others overfill without end; its stake in Q has nothing to do with it."""
    over = [("A", "B", percent(100)), ("B", "A", percent(100)), ("P", "A", percent(30))]
    held = ownership(Register([*over, ("P", "C", percent(60))]).snapshot())
    p, c, a = (NAMES.index(name) for name in "PCA")
    assert chains(held, p, c).integrated == pytest.approx(0.6)
    assert [chain.parties for chain in chains(held, p, c).found] == [(p, c)]
    assert np.isnan(chains(held, p, a).integrated)


def test_the_largest_chains_come_first_and_the_rest_is_told() -> None:
    snapshot = Register(
        [("P", "A", percent(60)), ("P", "B", percent(100)), ("B", "A", percent(10)), ("A", "C", percent(50))]
    ).snapshot()
    told = chains(ownership(snapshot), NAMES.index("P"), NAMES.index("C"), limit=1)
    (chain,) = told.found
    assert [NAMES[party] for party in chain.parties] == ["P", "A", "C"]
    assert chain.stakes == (600_000_000, 500_000_000)
    assert chain.share == pytest.approx(0.3)
    assert told.rest == pytest.approx(0.05)


def test_loops_raise_a_chain_by_their_factor() -> None:
    loop: list[tuple[str, str, Fraction | None]] = [
        ("P", "A", percent(90)), ("A", "B", percent(20)), ("B", "A", percent(10)), ("Q", "B", percent(80))
    ]  # fmt: skip
    told = chains(ownership(Register(loop).snapshot()), NAMES.index("P"), NAMES.index("B"))
    (chain,) = told.found
    assert chain.product == pytest.approx(0.18)
    assert chain.loops == pytest.approx(1 / 0.98)
