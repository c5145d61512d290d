"""Reverse stress (反向压力测试): the smallest set of defaults whose cascade costs a lender more than a stated line.

One default is tried for every party. Two: cascades that meet nowhere add up, so that only those pairs need a run that
may break a party together, or want one cap together, or add up to more than the line. Where these are too many, or two
defaults do not suffice, defaults are added greedily, and the answer says that it is not proven smallest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.contagion.network import Network
from exposure.contagion.runs import Runs, Step
from exposure.kernels import cascade as _cascade
from exposure.kernels import pairs as _kernels
from exposure.results import COUNT, MODEL, ids, result
from graph.model import MONEY

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

MOST_PAIRS: Final = 2_000_000
"""Pairs that are run."""
_ROOM: Final = 20_000_000
_CANDIDATES: Final = 200
_MOST: Final = 500


@dataclass(frozen=True)
class Reverse:
    """The defaults in the order in which they were added, and the loss with each: ``party`` int32, ``loss`` float64.

    ``exact``: no smaller set breaks the line, or none at all where ``broken`` is false. Amounts in minor units.
    """

    network: Network
    lender: int
    line: float
    party: Int32
    loss: Float64
    exact: bool

    @property
    def broken(self) -> bool:
        """Whether the defaults cost more than the line."""
        return bool(len(self.loss) and self.loss[-1] > self.line)

    def table(self) -> pa.Table:
        """The ``reverse`` table."""
        return result(
            "reverse",
            step=pa.array(np.arange(1, len(self.party) + 1), COUNT),
            party_id=ids(self.network.snapshot.party_ids, self.party),
            loss=pa.array(self.loss / MONEY.scale, MODEL),
        )

    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` says of it."""
        names = self.network.snapshot.tables["lenders"].text("lender_id")
        return {
            "lender": None if self.lender < 0 else names[self.lender].as_py(),
            "line": self.line / MONEY.scale,
            "broken": self.broken,
            "defaults": len(self.party),
            "loss": float(self.loss[-1]) / MONEY.scale if len(self.loss) else 0.0,
            "method": "exact" if self.exact else "greedy",
        }


def reverse(
    network: Network,
    lender: int,
    line: float,
    *,
    pays: bool = False,
    threads: int = 1,
    step: Step | None = None,
) -> Reverse:
    """The smallest set of defaults that costs the lender (-1 = all of them) more than ``line`` float64 minor units."""
    n = network.snapshot.n
    search = _Search(network, lender, Runs(network, _one(lender), pays=pays, threads=threads), step)
    everybody = np.arange(n, dtype=np.int32)
    if not n or search.run(np.array([0, n]), everybody)[0] <= line:
        return Reverse(network, lender, line, np.zeros(0, np.int32), np.zeros(0), exact=True)
    alone = search.run(np.arange(n + 1, dtype=np.int64), everybody)
    best = search.order(alone)
    if alone[best[0]] > line:
        return search.answer(line, best[:1], exact=True)
    pair, proven = search.pair(alone, line)
    if search.run(np.array([0, len(pair)]), pair)[0] > line:
        return search.answer(line, pair, exact=True)
    grown, small = search.grown(pair, best, line)
    return search.answer(line, grown, exact=proven and small)


def _one(lender: int) -> Int32:
    """The lender as an array, empty for all."""
    return np.array([lender] if lender >= 0 else [], np.int32)


@dataclass(frozen=True)
class _Search:
    """Runs that ask for one loss."""

    network: Network
    lender: int
    runs: Runs
    step: Step | None

    def run(self, ptr: Int64, member: Int32, base: Int32 | None = None) -> Float64:
        """The loss asked for with each set: float64."""
        figures, lost = self.runs.of_sets(ptr, member, base, self.step)
        return figures[:, _cascade.CREDIT] if self.lender < 0 else lost[:, 0]

    def order(self, loss: Float64) -> Int32:
        """Parties, the largest loss first, ties by id: int32."""
        return np.lexsort((self.network.snapshot.party_rank, -loss)).astype(np.int32)

    def answer(self, line: float, party: Int32, *, exact: bool) -> Reverse:
        """The set with the loss of each of its beginnings."""
        ends = np.arange(1, len(party) + 1)
        ptr = np.concatenate([[0], np.cumsum(ends)]).astype(np.int64)
        member = np.concatenate([party[:k] for k in ends.tolist()]).astype(np.int32)
        return Reverse(self.network, self.lender, line, party, self.run(ptr, member), exact)

    def pair(self, alone: Float64, line: float) -> tuple[Int32, bool]:
        """The pair with the largest loss of those that were run, and whether all that can break the line were."""
        best = self.order(alone)
        pairs, complete = _kernels.adding(best, alone[best], line, MOST_PAIRS)
        meeting, all_of = self._meeting()
        pairs = np.concatenate([pairs, meeting, best[None, :2]])
        loss = self.run(2 * np.arange(len(pairs) + 1, dtype=np.int64), pairs.ravel())
        rank = np.sort(self.network.snapshot.party_rank[pairs], axis=1)
        top = np.lexsort((rank[:, 1], rank[:, 0], -loss))[0]
        chosen = pairs[top]
        return chosen[np.argsort(-alone[chosen], kind="stable")], bool(complete and all_of)

    def _meeting(self) -> tuple[Int32, bool]:
        """Pairs whose cascades may meet: int32 (pairs, 2), and whether these are all."""
        none = np.zeros((0, 2), np.int32)
        n = self.network.snapshot.n
        foot = self.runs.feet(np.arange(n, dtype=np.int32), _ROOM)
        if foot is None:
            return none, False
        seed = np.repeat(np.arange(n, dtype=np.int32), np.diff(foot.ptr))
        order = np.lexsort((-foot.loss, foot.party))
        who = foot.party[order]
        ptr = np.searchsorted(who, np.arange(n + 1)).astype(np.int64)
        line = self.network.net.party[:, _cascade.LINE].copy()
        line[_sharing(self.network)] = 0.0
        pairs, complete = _kernels.meeting(ptr, seed[order], foot.loss[order], line, MOST_PAIRS)
        return pairs, bool(complete)

    def grown(self, start: Int32, best: Int32, line: float) -> tuple[Int32, bool]:
        """Defaults added one by one, the costliest first, until the line is broken, less those that need not be.

        Also whether three suffice, which no two do.
        """
        chosen = start
        loss = self.run(np.array([0, len(chosen)]), chosen)[0]
        while loss <= line and len(chosen) < min(_MOST, len(best)):
            left = best[~np.isin(best, chosen)][:_CANDIDATES]
            tried = self.run(np.arange(len(left) + 1, dtype=np.int64), left, chosen)
            chosen = np.append(chosen, left[np.argmax(tried)]).astype(np.int32)
            loss = float(tried.max())
        for party in chosen[::-1].tolist() if loss > line else []:
            rest = chosen[chosen != party]
            if self.run(np.array([0, len(rest)]), rest)[0] > line:
                chosen = rest
        return chosen, len(chosen) <= 3 and loss > line  # noqa: PLR2004 (one more than two)


def _sharing(network: Network) -> Int32:
    """Parties with a cap that several obligors or counter-guarantees may want: int32."""
    net = network.net
    pairs = np.flatnonzero(net.shared >= 0)
    size = (net.debt[:, _cascade.PAIRS_END] - net.debt[:, _cascade.PAIR]).astype(np.int64)
    debt = np.repeat(np.arange(len(net.debt)), size)
    obligor = net.debt[debt[pairs], _cascade.OBLIGOR]
    low, high = np.full(len(net.cap), np.inf), np.full(len(net.cap), -np.inf)
    np.minimum.at(low, net.shared[pairs], obligor)
    np.maximum.at(high, net.shared[pairs], obligor)
    several = (low < high)[net.shared[pairs]]
    return np.unique(np.concatenate([net.guarantor[pairs[several]], net.counter_giver, net.counter_for]))
