"""Cheapest cut (最低成本断环): which guarantees of a ring to replace by cash, so that no single default costs too much.

A guarantee between two members that is replaced by cash collateral costs min(cap, covered drawn debts): its cover
stays, nobody is called for it. The loss of a ring is what all lenders lose in the group cascade from the worst single
default of a member. Wanted is the set of guarantees with which that loss is at most the appetite: the cheapest, then
the smallest, then the first by ids. Sets are tried in this order, all of them up to ``FEW`` guarantees; in larger
rings up to ``MOST`` sets, and then a set is found step by step, with what the next set untried would cost as a proven
lower bound.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.contagion.network import NO_FOOT, Network
from exposure.guarantees.rings import Rings
from exposure.kernels import cascade as _kernels
from exposure.results import MONEY, decimals, ids
from graph.csr import Csr
from graph.errors import OptionError
from graph.model import INT64_MAX
from graph.model import MONEY as MONEY_KIND
from graph.money import NULL
from graph.numbers import number

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

FEW: Final = 15
"""Guarantees of a ring of which every set may be tried."""
MOST: Final = 2**15
"""Sets that are tried in a larger ring."""
_CENT: Final = 0.5
"""Minor units by which a modelled loss may pass the appetite: the rounding of its sums."""


@dataclass(frozen=True)
class Cut:
    """The cut of one ring: the guarantees (numbers, by id) to replace, None where no set is enough.

    ``cost`` and ``bound`` minor units: what they cost, and what no set that is enough costs less than (equal where
    the cut is exact, NULL where none is enough); ``loss`` what the worst single default costs as things stand.
    """

    guarantees: tuple[int, ...] | None
    cost: int
    bound: int
    loss: int


@dataclass(frozen=True)
class Cuts:
    """The cuts of all rings, in their order."""

    rings: Rings
    cuts: Sequence[Cut]

    def columns(self) -> dict[str, pa.Array]:
        """Columns of the ``rings`` result, in the order of ``rings``."""
        names = self.rings.promises.rows.text("guarantee_id")
        lists = [
            None if c.guarantees is None else ids(names, np.array(c.guarantees, np.int32)).to_pylist()
            for c in self.cuts
        ]
        amounts = {
            name: decimals(np.array([getattr(c, field) for c in self.cuts], np.int64), MONEY)
            for name, field in (("cut_cost", "cost"), ("cut_bound", "bound"), ("worst_loss", "loss"))
        }
        return {"cheapest_cut": pa.array(lists, pa.list_(pa.string())), **amounts}


class Ring:
    """One ring in its network: what its worst default costs with some guarantees replaced."""

    def __init__(
        self, network: Network, state: _kernels.State, run: list[int], members: Int32, *, pays: bool
    ) -> None:
        self._net, self._state, self._run, self._pays = network.net, state, run, pays
        self._members = members
        self._one = np.arange(len(members) + 1, dtype=np.int64)

    def loss(self) -> float:
        """What all lenders lose from the worst single default of a member: minor units."""
        figures = np.empty((len(self._members), _kernels.NOTED + 1))
        none = np.zeros(0, np.int32)
        self._run[0] = _kernels.cascades(
            *(self._net, self._state, none, self._one, self._members, none, np.zeros(0), self._pays),
            *(Network.log(0), self._run[0], figures, none, np.zeros((len(self._members), 0)), NO_FOOT),
        )
        return float(figures[:, _kernels.CREDIT].max(initial=0.0))


@dataclass(frozen=True)
class Cash:
    """Guarantees as cash: which pairs of the network they are, and the debts that those stand behind."""

    network: Network
    pairs: Csr
    debt: Int64

    @classmethod
    def of(cls, network: Network, many: int) -> Cash:
        """The pairs of each of so many guarantees."""
        net = network.net
        sizes = (net.debt[:, _kernels.PAIRS_END] - net.debt[:, _kernels.PAIR]).astype(np.int64)
        number = np.where(net.guarantee < many, net.guarantee, -1).astype(np.int32)
        return cls(network, Csr.of(number, many), np.repeat(np.arange(len(net.debt)), sizes))

    def put(self, guarantees: Sequence[int]) -> tuple[Int64, Float64, Int64, Float64]:
        """Pay their part of the debts in cash and call nobody for it; what to ``take`` back afterwards."""
        net = self.network.net
        pairs = np.concatenate([self.pairs[g] for g in guarantees] or [np.zeros(0, np.int32)]).astype(
            np.int64
        )
        debts = np.unique(self.debt[pairs])
        before = net.promised[pairs].copy(), net.debt[debts, _kernels.REST].copy()
        for g in guarantees:
            own = self.pairs[g]
            promised = net.promised[own]
            shared = net.shared[own]
            whole = promised.sum()
            cap = net.cap[shared[0]] if len(own) and shared[0] >= 0 else np.inf
            cash = promised if whole <= cap else promised * (cap / whole)
            np.subtract.at(net.debt[:, _kernels.REST], self.debt[own], cash)
            net.promised[own] = 0.0
        net.debt[debts, _kernels.REST] = np.maximum(net.debt[debts, _kernels.REST], 0.0)
        return pairs, before[0], debts, before[1]

    def take(self, put: tuple[Int64, Float64, Int64, Float64]) -> None:
        """Everything as it was before ``put``."""
        pairs, promised, debts, rest = put
        self.network.net.promised[pairs] = promised
        self.network.net.debt[debts, _kernels.REST] = rest


def appetite(text: str) -> int:
    """The option ``ring_appetite`` in minor units; ``OptionError`` unless it is an amount from 0.

    >>> appetite("1500.50")
    150050
    """
    value = number(text)
    units = -1 if value is None else value * MONEY_KIND.scale
    if not 0 <= units < INT64_MAX or units != int(units):
        raise OptionError(f"ring_appetite={text}: give an amount in the base currency, such as 1000000")
    return int(units)


def cuts(network: Network, rings: Rings, appetite: int, *, pays: bool = False) -> Cuts:
    """The cheapest cut of every ring for an appetite in minor units; ``pays`` as in the group cascade."""
    promises = rings.promises
    own = network.net._replace(promised=network.net.promised.copy(), debt=network.net.debt.copy())
    private = Network(network.snapshot, network.equity, network.owed, own, network.missing)
    cash, state = Cash.of(private, len(promises)), private.state()
    by_debtor = Csr.of(np.where(promises.live, promises.debtor, -1).astype(np.int32), network.snapshot.n)
    names = promises.rows.text("guarantee_id")
    covered = promises.covered
    made = []
    inside, run = np.zeros(network.snapshot.n, bool), [0]
    for r in range(len(rings)):
        members = rings.members[rings.ptr[r] : rings.ptr[r + 1]]
        inside[members] = True
        given = promises.guarantee[np.concatenate([by_debtor[p] for p in members.tolist()])]
        among = np.unique(given[inside[promises.guarantor[given]]])
        inside[members] = False
        items = sorted((g for g in among.tolist() if covered[g] > 0), key=lambda g: names[g].as_py())
        ring = Ring(private, state, run, members, pays=pays)
        made.append(_cut(ring, cash, items, [int(covered[g]) for g in items], appetite))
    return Cuts(rings, made)


def _cut(ring: Ring, cash: Cash, items: Sequence[int], cost: Sequence[int], appetite: int) -> Cut:
    """The cut of one ring whose guarantees ``items``, in the order of ids, have these costs."""

    def left(chosen: Sequence[int]) -> float:
        put = cash.put([items[k] for k in chosen])
        loss = ring.loss()
        cash.take(put)
        return loss

    def good(chosen: Sequence[int]) -> bool:
        return left(chosen) <= appetite + _CENT

    loss = round(ring.loss())
    if good(()):
        return Cut((), 0, 0, loss)
    if not good(range(len(items))):
        return Cut(None, NULL, NULL, loss)
    bound = 0
    for tried, (price, chosen) in enumerate(by_cost(cost)):
        bound = price
        if tried == MOST and len(items) > FEW:
            break
        if good(chosen):
            return Cut(tuple(items[k] for k in chosen), price, price, loss)
    found = _stepwise(cost, left, appetite)
    return Cut(tuple(items[k] for k in found), sum(cost[k] for k in found), bound, loss)


def by_cost(cost: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every set of places with its cost: the cheapest first, then the smallest, then the first by places.

    Costs are above 0. At most the sets of one cost are held at once.

    >>> [places for _, places in by_cost([2, 1, 3])]
    [(), (1,), (0,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)]
    """
    order = sorted(range(len(cost)), key=lambda k: (cost[k], k))
    yield 0, ()
    heap: list[tuple[int, tuple[int, ...]]] = [(cost[order[0]], (0,))] if order else []
    while heap:
        price, same = heap[0][0], []
        while heap and heap[0][0] == price:
            _, chosen = heapq.heappop(heap)
            same.append(tuple(sorted(order[k] for k in chosen)))
            last = chosen[-1]
            if last + 1 < len(order):
                more, other = cost[order[last + 1]], cost[order[last]]
                heapq.heappush(heap, (price + more, (*chosen, last + 1)))
                heapq.heappush(heap, (price + more - other, (*chosen[:-1], last + 1)))
        for chosen in sorted(same, key=lambda s: (len(s), s)):
            yield price, chosen


def _stepwise(cost: Sequence[int], loss_of: Callable[[Sequence[int]], float], appetite: int) -> list[int]:
    """A set that is enough: what takes away most for its cost first, then without what is not needed."""
    chosen: list[int] = []
    loss = loss_of(chosen)
    while loss > appetite + _CENT:
        rest = [k for k in range(len(cost)) if k not in chosen]
        gains = {k: loss - loss_of([*chosen, k]) for k in rest}
        chosen.append(max(rest, key=lambda k: (gains[k] / cost[k], -cost[k], -k)))
        loss = loss_of(chosen)
    for k in sorted(chosen, key=lambda k: -cost[k]):
        fewer = [c for c in chosen if c != k]
        if loss_of(fewer) <= appetite + _CENT:
            chosen = fewer
    return sorted(chosen)
