"""Chains of stakes (股权链): the ways by which an owner holds a company, adding up to its integrated share.

Every walk from x to y is a chain without repetition, x = v0, v1, ..., vk = y, with detours that come back to
where they left it. So the share is the sum over chains of the product of their stakes times, for each vi but
the last, the sum of all walks from vi back to vi that avoid v0 ... v(i-1), and so for the last: the path-sum of
Giscard, Thwaite and Jaksch (2012), "Continued fractions and unique factorization on digraphs". Outside loops
each of these factors is 1, and the share is the sum of the products.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from exposure.ownership.integrated import Ownership
from exposure.ownership.walks import DIVERGENT, Walks
from graph.model import SHARE

MOST_STEPS: Final = 100_000
"""Chains and beginnings of chains that are looked at for one pair."""
SWEEPS: Final = 10_000
"""Rounds in which the walks around a loop are added up."""


@dataclass(frozen=True)
class Chain:
    """One way: ``parties`` by number from the owner to the company, ``stakes`` between them in parts per 10^9.

    ``product`` of the stakes, ``loops`` the factor by which detours that come back raise it.
    """

    parties: tuple[int, ...]
    stakes: tuple[int, ...]
    product: float
    loops: float

    @property
    def share(self) -> float:
        """What the chain adds to the integrated share."""
        return self.product * self.loops


@dataclass(frozen=True)
class Chains:
    """The ways of one owner to one company, the largest first; ``integrated`` is NaN where no number exists.

    ``rest`` is what chains beyond the limit add: integrated = sum of ``share`` + rest, to 10^-9.
    """

    owner: int
    owned: int
    integrated: float
    found: tuple[Chain, ...]

    @property
    def rest(self) -> float:
        """The part of the integrated share that is not in ``found``."""
        return self.integrated - sum(chain.share for chain in self.found)


def chains(ownership: Ownership, owner: int, owned: int, limit: int = 20) -> Chains:
    """The largest chains from an owner to another party, by number, and the share that all of them add up to.

    Exact whatever was left out of the figures of a large book.
    """
    walks = ownership.walks
    x, y = int(walks.place[owner]), int(walks.place[owned])
    unit = np.zeros((walks.n, 1))
    unit[y] = 1.0
    best = _best(walks, x, y)
    endless = [int(walks.place[party]) for parties in walks.sets(DIVERGENT) for party in parties]
    if walks.unsolvable[x] or not best.keys().isdisjoint(endless):
        return Chains(owner, owned, np.nan, ())
    integrated = float(walks.upward(unit, 0.0)[x, 0]) - (x == y)
    if x == y:
        return Chains(owner, owned, integrated, ())
    found: list[Chain] = []
    for path in _paths(walks, best, x, y):
        if len(found) == limit:
            break
        stakes = [_stake(walks, a, b) for a, b in pairwise(path)]
        product = float(np.prod([s / SHARE.scale for s in stakes]))
        loops = float(np.prod([_around(walks, v, frozenset(path[:i])) for i, v in enumerate(path)]))
        parties = tuple(int(walks.order[v]) for v in path)
        found.append(Chain(parties, tuple(stakes), product, loops))
    return Chains(owner, owned, integrated, tuple(sorted(found, key=lambda c: (-c.share, c.parties))))


def _holders(walks: Walks, place: int) -> Iterator[tuple[int, float]]:
    """Holders of a company and their shares, own shares left out."""
    ptr, node, weight = walks.holders
    for e in range(ptr[place], ptr[place + 1]):
        if weight[e] > 0 and node[e] != place:
            yield int(node[e]), float(weight[e])


def _stake(walks: Walks, owner: int, company: int) -> int:
    """Direct stake in parts per 10^9."""
    low, high = walks.holders.ptr[company], walks.holders.ptr[company + 1]
    (at,) = np.flatnonzero(walks.holders.node[low:high] == owner)
    return int(walks.share[low + at])


def _best(walks: Walks, x: int, y: int) -> dict[int, float]:
    """Largest product of stakes from x to each party above y that x holds."""
    above, waiting = {y}, [y]
    while waiting:
        for holder, _ in _holders(walks, waiting.pop()):
            if holder not in above:
                above.add(holder)
                waiting.append(holder)
    ptr, node, weight = walks.stakes
    best: dict[int, float] = {}
    queue = [(-1.0, x)]
    while queue:
        product, v = heapq.heappop(queue)
        if v in best:
            continue
        best[v] = -product
        for e in range(ptr[v], ptr[v + 1]):
            if weight[e] > 0 and int(node[e]) in above and int(node[e]) not in best:
                heapq.heappush(queue, (product * weight[e], int(node[e])))
    return best


def _paths(walks: Walks, best: Mapping[int, float], x: int, y: int) -> Iterator[tuple[int, ...]]:
    """Chains without repetition from x to y, those of the largest product first; ``best`` as above."""
    queue: list[tuple[float, tuple[int, ...], float]] = [(-best.get(y, 0.0), (y,), 1.0)]
    for _ in range(MOST_STEPS):
        if not queue or y not in best:
            return
        _, path, product = heapq.heappop(queue)
        if path[0] == x:
            yield path
            continue
        for holder, weight in _holders(walks, path[0]):
            if holder in best and holder not in path:
                further = product * weight
                heapq.heappush(queue, (-further * best[holder], (holder, *path), further))


def _around(walks: Walks, v: int, without: frozenset[int]) -> float:
    """Sum of all walks from v back to v that avoid some parties: 1 outside loops."""
    b = int(np.searchsorted(walks.blocks.low, v, side="right")) - 1
    if b < 0 or v >= walks.blocks.high[b]:
        return 1.0
    low, high = int(walks.blocks.low[b]), int(walks.blocks.high[b])
    first, last = walks.holders.ptr[low], walks.holders.ptr[high]
    owner, company = walks.holders.node[first:last], walks.company[first:last]
    kept = (owner >= low) & (owner < high) & ~np.isin(owner, [*without]) & ~np.isin(company, [*without])
    owner, company, weight = owner[kept] - low, company[kept] - low, walks.holders.weight[first:last][kept]
    size = high - low
    if size <= 500:  # noqa: PLR2004 (beyond that a dense inverse takes longer than sweeps)
        matrix = np.eye(size)
        matrix[owner, company] -= weight
        unit = np.eye(size)[v - low]
        return float(np.linalg.solve(matrix, unit)[v - low])
    back = 0.0  # walks that return for the first time
    flow = np.eye(1, size, v - low)[0]
    for _ in range(SWEEPS):
        flow = np.asarray(np.bincount(owner, weight * flow[company], size))
        back += flow[v - low]
        flow[v - low] = 0.0
        if flow.sum() < 1e-15:  # noqa: PLR2004 (rounding)
            break
    return 1.0 / (1.0 - back)
