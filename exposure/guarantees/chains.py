"""Chains (担保链): what hangs below each guarantor, over all guarantees of those it guarantees, at any depth.

Reach is the sum of the drawn debts of everyone below, cycles and all, each debt once, the guarantor's own left
out. Depth is the number of steps of the longest chain; a circle is passed through by the shortest way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.guarantees.promises import Owed, Promises
from exposure.kernels import chains as _kernels
from exposure.kernels.chains import LIGHT, Graph
from exposure.kernels.components import components
from graph.csr import Csr
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_ENOUGH: Final = 2**40
MOST_STEPS: Final = 3_000_000_000
"""Edges that are looked at before the starts that are left are given up, and said to be."""


@dataclass(frozen=True)
class Edges:
    """Who guarantees whom, parallel guarantees merged: guarantor ``source``, obligor ``target`` int32 (m,).

    In the order of guarantors, then obligors; ``ptr`` int64 (n + 1,) by guarantor. The guarantees behind edge e
    are ``fact[fact_ptr[e]:fact_ptr[e + 1]]`` (int32), one for each facility that it covers.
    """

    ptr: Int64
    source: Int32
    target: Int32
    fact_ptr: Int64
    fact: Int32

    @classmethod
    def of(cls, promises: Promises) -> Edges:
        """Edges of the guarantees in force: to the obligor that one names, and to those it covers."""
        n = promises.held.snapshot.n
        alive = promises.alive
        named = np.append(promises.rows["obligor_id"], -1)[promises.root]
        whole = np.flatnonzero(alive & (named >= 0) & (named != promises.guarantor))
        single = np.flatnonzero(promises.live & (named[promises.guarantee] != promises.debtor))
        fact = np.concatenate([whole, promises.guarantee[single]]).astype(np.int32)
        source = promises.guarantor[fact]
        target = np.concatenate([named[whole], promises.debtor[single]]).astype(np.int32)
        order = Csr.of(target, n).rows
        order = order[Csr.of(source[order], n).rows]
        source, target = source[order], target[order]
        new = np.ones(len(order), bool)
        new[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
        ptr = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(source[new], minlength=n), out=ptr[1:])
        fact_ptr = np.append(np.flatnonzero(new), len(order)).astype(np.int64)
        return cls(ptr, source[new], target[new], fact_ptr, fact[order])

    def find(self, source: Int32, target: Int32) -> Int64:
        """Number of each edge, -1 where there is none: int64."""
        n = np.int64(len(self.ptr))
        key, wanted = self.source * n + self.target, source * n + target
        place = np.searchsorted(key, wanted)
        return np.where(np.append(key, -1)[place] == wanted, place, -1)

    @cached_property
    def component(self) -> Int32:
        """Strongly connected component of each party, in reverse topological order: int32 (n,)."""
        return components(self.ptr, self.target)

    @property
    def graph(self) -> Graph:
        """The edges as the kernels read them."""
        return Graph(self.ptr, self.target)


@dataclass(frozen=True)
class Chains:
    """By party: ``reach`` int64 base minor units and ``depth`` int32 steps, for guarantors; 0 for the others.

    Where the work was cut short they are NULL and -1, and ``cut`` tells how many guarantors that are.
    """

    reach: Int64
    depth: Int32
    cut: int

    @classmethod
    def of(cls, promises: Promises, edges: Edges, most: int = MOST_STEPS) -> Chains:
        """Reach and depth of every guarantor, each within ``most`` steps of work."""
        reach = _reach(promises, edges, most)
        depth = _depth(edges, most)
        starts = np.diff(edges.ptr) > 0
        return cls(reach, depth, int(np.count_nonzero(starts & ((reach == NULL) | (depth < 0)))))


def _reach(promises: Promises, edges: Edges, most: int) -> Int64:
    """Drawn debts of all that is below each party, its own left out."""
    n = len(edges.ptr) - 1
    owed = Owed.of(promises.held)
    graph, amount, own = _with_debts(edges, owed, promises.drawn)
    left, kept, whole = _kernels.strip(graph, amount)
    component = components(left.ptr, left.to)
    count = int(component.max()) + 1 if len(component) else 0
    below, sums = _kernels.condense(left, component, count, whole)
    starts = np.zeros(count, bool)
    starts[component[:n][kept[:n] & (np.diff(edges.ptr) > 0)]] = True
    alone, together = _shares(below, np.bincount(component, minlength=count), np.flatnonzero(starts))
    found, done, _ = _kernels.reach(below, sums, alone, together, most)
    reach = np.where(kept[:n], found[component[:n]], whole[:n]) - own
    known = ~kept[:n] | done[component[:n]]
    return np.where(np.diff(edges.ptr) > 0, np.where(known, reach, NULL), 0)


def _with_debts(edges: Edges, owed: Owed, drawn: Int64) -> tuple[Graph, Int64, Int64]:
    """The graph with each debt that several parties owe as a node below them, amounts by node, own by party."""
    n = len(edges.ptr) - 1
    shared = np.unique(owed.co_facility)
    mine = np.ones(len(drawn), bool)
    mine[shared] = False
    party = np.repeat(np.arange(n), np.diff(owed.ptr))
    amount = np.zeros(n + len(shared), np.int64)
    np.add.at(amount, party, np.where(mine[owed.facility], drawn[owed.facility], 0))
    amount[n:] = drawn[shared]
    own = np.zeros(n, np.int64)
    np.add.at(own, party, drawn[owed.facility])
    if not len(shared):
        return edges.graph, amount, own
    among = ~mine[owed.facility]
    node = n + np.searchsorted(shared, owed.facility[among])
    source = np.concatenate([edges.source, party[among]]).astype(np.int32)
    target = np.concatenate([edges.target, node]).astype(np.int32)
    by = Csr.of(source, n + len(shared))
    return Graph(by.ptr, target[by.rows]), amount, own


def _depth(edges: Edges, most: int) -> Int32:
    """Steps of the longest chain below each party."""
    component = edges.component
    members = Csr.of(component, int(component.max()) + 1 if len(component) else 0)
    depth = _kernels.depths(edges.graph, component, Graph(members.ptr, members.rows), most)
    return np.asarray(depth, np.int32)


def _shares(below: Graph, size: Int64, starts: Int64) -> tuple[Int32, Int32]:
    """The starts that are walked alone, and those that are walked together, like ones side by side."""
    estimate = _kernels.estimate(below, size, _ENOUGH)[starts]
    light = estimate <= LIGHT
    order = np.lexsort((starts, estimate))
    return starts[light].astype(np.int32), starts[order][~light[order]].astype(np.int32)
