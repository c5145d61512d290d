"""Simple paths and weakest links against every path of NetworkX, and bands against the stakes they may be."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exposure.findings import table
from exposure.ownership.integrated import Ownership, ownership
from exposure.ownership.paths import paths
from graph.snapshot import Snapshot
from tests.books import Row, book, party

NAMES = ("A", "B", "C", "D", "P", "Q")
Pair = tuple[str, str]


def owned(rows: list[Row], names: tuple[str, ...] = NAMES) -> Ownership:
    parties = [party(name) for name in names]
    return ownership(Snapshot.of(book(parties=parties, ownership=rows)), min_share=0)


def stakes(shares: dict[Pair, int]) -> list[Row]:
    return [{"owner_id": a, "owned_id": b, "share": Fraction(v, 100)} for (a, b), v in shares.items()]


def by_pair(held: Ownership, values: np.ndarray) -> dict[Pair, float]:
    names = held.snapshot.party_ids.to_pylist()
    return {
        (names[a], names[b]): v
        for a, b, v in zip(held.owner.tolist(), held.owned.tolist(), values.tolist(), strict=True)
    }


PERCENT = st.sampled_from([1, 5, 10, 20, 25, 30])
PAIRS = st.tuples(st.sampled_from(NAMES[:4] + NAMES[4:]), st.sampled_from(NAMES[:4]))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PAIRS, PERCENT, max_size=14))
def test_simple_paths_are_those_that_networkx_lists(shares: dict[Pair, int]) -> None:
    held = owned(stakes(shares))
    graph = nx.DiGraph()
    graph.add_weighted_edges_from((a, b, v / 100) for (a, b), v in shares.items())
    found = paths(held)
    product, weakest = by_pair(held, found.product), by_pair(held, found.weakest)
    for (a, b), value in product.items():
        if np.isnan(value):
            continue
        ways = list(nx.all_simple_paths(graph, a, b)) if a != b else []
        weights = [[graph[x][y]["weight"] for x, y in pairwise(way)] for way in ways]
        assert value == pytest.approx(sum(float(np.prod(w)) for w in weights))
        assert weakest[a, b] == pytest.approx(sum(min(w) for w in weights))


def test_a_pair_of_more_ways_than_are_counted_is_left_empty_and_told() -> None:
    shares = {(f"L{i}{j}", f"L{i + 1}{k}"): 30 for i in range(4) for j in range(3) for k in range(3)}
    names = tuple(sorted({name for pair in shares for name in pair}))
    held = owned(stakes(shares), names)
    found = paths(held, most=9)
    ways = by_pair(held, found.ways)
    assert ways["L00", "L30"] == 9
    assert ways["L00", "L40"] == -1
    assert np.isnan(by_pair(held, found.weakest)["L00", "L40"])
    told = table(found.findings(), held.snapshot).to_pylist()
    assert {r["subjects"][0] for r in told} == {"L00", "L01", "L02"}
    assert paths(held, steps=20).ways.min() == -1


def test_a_dense_circle_does_not_take_for_ever() -> None:
    names = tuple(f"N{i:02d}" for i in range(30))
    held = owned(stakes({(a, b): 3 for a in names for b in names if a != b}), names)
    assert (paths(held).ways == -1).sum() == 30 * 29


def band(owner: str, company: str, low: int | None, high: int | None) -> Row:
    ends = {"share_min": low, "share_max": high}
    return {
        "owner_id": owner,
        "owned_id": company,
        **{k: Fraction(v, 100) for k, v in ends.items() if v is not None},
    }


def test_a_band_is_an_interval_through_the_whole_chain() -> None:
    held = owned([band("P", "A", 25, 50), band("A", "B", 50, 75), *stakes({("Q", "A"): 50, ("Q", "B"): 25})])
    low, high = by_pair(held, held.lower), by_pair(held, held.upper)
    assert (low["P", "A"], high["P", "A"]) == pytest.approx((0.25, 0.5))
    assert (low["P", "B"], high["P", "B"]) == pytest.approx((0.125, 0.375))
    told = table(held.findings(), held.snapshot).to_pylist()
    assert [r["subjects"] for r in told if r["code"] == "share_band"] == [["A"], ["B"]]
    assert [r["code"] for r in told if r["code"] in ("unknown_owners", "share_unknown")] == []


def test_a_band_ends_where_the_others_leave_nothing() -> None:
    held = owned([band("P", "A", 10, 90), *stakes({("Q", "A"): 60})])
    assert by_pair(held, held.upper)["P", "A"] == pytest.approx(0.4)


def test_what_upper_ends_do_not_fill_belongs_to_unknown_owners() -> None:
    held = owned([band("P", "A", 25, 50)])
    assert by_pair(held, held.upper)["P", "A"] == pytest.approx(1.0)
    assert by_pair(held, held.lower)["P", "A"] == pytest.approx(0.25)


def test_unknown_owners_of_a_loop_may_be_the_owner_in_it() -> None:
    """With the missing half of C: A has 64 % of C, and C 49 % of A."""
    shares = {("C", "A"): 49, ("B", "A"): 51, ("A", "C"): 14, ("P", "C"): 36}
    held = owned(stakes(shares))
    assert by_pair(held, held.upper)["A", "C"] == pytest.approx(0.64 / (1 - 0.64 * 0.49))


BANDS = st.dictionaries(PAIRS, st.tuples(PERCENT, st.sampled_from([0, 5, 10, 20])), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(BANDS, st.randoms(use_true_random=False))
def test_shares_within_their_bands_stay_within_the_interval(
    drawn: dict[Pair, tuple[int, int]], random: Random
) -> None:
    rows = [band(a, b, low, low + width) for (a, b), (low, width) in drawn.items()]
    held = owned(rows)
    chosen = {pair: random.randint(low, low + width) for pair, (low, width) in drawn.items()}
    total = {b: sum(v for (_, c), v in chosen.items() if c == b) for _, b in chosen}
    assume(all(v <= 100 for v in total.values()))
    exact = by_pair(held2 := owned(stakes(chosen)), held2.lower)
    low, high = by_pair(held, held.lower), by_pair(held, held.upper)
    for pair, value in exact.items():
        if pair in low and not np.isnan(value) and not np.isnan(low[pair]):
            assert low[pair] - 1e-9 <= value
            assert np.isnan(high[pair]) or value <= high[pair] + 1e-9
