"""Walks along stakes: the matrix I - W of a book, ordered and cut so that systems with it are solved at once.

W holds direct shares of capital, owner by row and owned by column, own shares on the diagonal; shares of unknown
size are not in it. Its series V = I + W + W^2 + ... = (I - W)^-1 counts every walk from an owner down to what it
owns, and exists where no set of companies owns itself entirely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.kernels import walks as _kernels
from exposure.kernels.components import components
from exposure.kernels.walks import Blocks, Edges
from graph.csr import Csr
from graph.model import SHARE
from graph.snapshot import Stakes

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

CLOSED: Final = 1
"""State of a block that owns itself entirely: no outside owner, no numbers."""
DIVERGENT: Final = 2
"""State of a block whose over-full registers make the series diverge although someone outside holds shares."""
MOST_CUTS: Final = 1024
"""A block with more cut parties, or with a larger table of them, is swept instead of inverted."""
SWEEPS: Final = 10_000
"""Most sweeps of one block."""


@dataclass(frozen=True)
class Walks:
    """I - W, ready to be solved; made by ``Walks.of``.

    ``holders`` are the stakes by company, own shares included, ``share`` (int64, parts per 10^9) the exact ones
    and ``weight`` = share / 10^9; ``stakes`` the same by owner. ``component`` int32 (n,) is each party's block.
    """

    holders: Edges
    share: Int64
    stakes: Edges
    component: Int32
    blocks: Blocks

    @classmethod
    def of(cls, stakes: Stakes) -> Walks:
        """Order the parties, cut the loops and find the blocks without a solution."""
        n = len(stakes.ptr) - 1
        ptr, owner, company, share = _with_own(stakes)
        weight = share / SHARE.scale
        holders = Edges(ptr, owner, weight)
        by_owner = Csr.of(owner, n)
        out = Edges(by_owner.ptr, company[by_owner.rows], weight[by_owner.rows])
        component = _components(ptr, owner, company, share)
        count = int(component.max()) + 1 if n else 0
        order, bounds, cuts = _kernels.blocks_of(holders, component, count)
        inside = _inside_only(stakes, owner, company, share, component, count)
        over = np.zeros(count, bool)
        over[component[stakes.total_share > SHARE.scale]] = True
        state = np.where((cuts > 0) & inside, CLOSED, 0).astype(np.int8)
        f = np.where(state == 0, cuts, 0).astype(np.int64)
        inverted = (f <= MOST_CUTS) & (f * np.diff(bounds) <= MOST_CUTS * 2**15)
        at = np.zeros(count + 1, np.int64)
        np.cumsum(np.where(inverted, f * f, 0), out=at[1:])
        blocks = Blocks(order, bounds, cuts, at, np.zeros(at[-1]), state)
        _kernels.between_cuts(holders, component, blocks, blocks.inverse)
        _invert(blocks)
        for b in np.flatnonzero((f > 0) & ~inverted & over):
            if not _converges(holders, component, order[bounds[b] : bounds[b + 1]]):
                state[b] = DIVERGENT
        return cls(holders, share, out, component, blocks)

    @property
    def n(self) -> int:
        """How many parties there are."""
        return len(self.component)

    @property
    def unsolvable(self) -> Bool:
        """Parties in closed or divergent blocks, which own no share that could be told: bool (n,)."""
        return np.asarray(self.blocks.state[self.component] != 0)

    def sets(self, state: int) -> list[Int32]:
        """Members (int32) of each block in that state."""
        order, bounds = self.blocks.order, self.blocks.bounds
        return [order[bounds[b] : bounds[b + 1]] for b in np.flatnonzero(self.blocks.state == state)]

    def upward(self, given: Float64) -> Float64:
        """V g: for each owner the sum of g over all it owns, by all walks; float64 (n, k).

        NaN for owners in closed and divergent blocks and for those above the latter.
        """
        return _kernels.solve(self.stakes, self.blocks, given, np.nan, np.nan, SWEEPS, upward=True)

    def downward(self, given: Float64) -> Float64:
        """V' g: for each company the sum of g over itself and its owners, by all walks; float64 (n, k).

        0 in closed blocks, infinite in divergent ones and below them.
        """
        return _kernels.solve(self.holders, self.blocks, given, 0.0, np.inf, SWEEPS, upward=False)


def _with_own(stakes: Stakes) -> tuple[Int64, Int32, Int32, Int64]:
    """Stakes by company with own shares among them: ptr, owner, company, share."""
    n = len(stakes.ptr) - 1
    company = np.repeat(np.arange(n, dtype=np.int32), np.diff(stakes.ptr))
    own = np.flatnonzero(stakes.own_share).astype(np.int32)
    if not len(own):
        return stakes.ptr, stakes.owner, company, stakes.share
    by = Csr.of(np.concatenate([company, own]), n)
    owner = np.concatenate([stakes.owner, own])[by.rows]
    share = np.concatenate([stakes.share, stakes.own_share[own]])[by.rows]
    return by.ptr, owner, np.repeat(np.arange(n, dtype=np.int32), np.diff(by.ptr)), share


def _components(ptr: Int64, owner: Int32, company: Int32, share: Int64) -> Int32:
    """Strongly connected components along stakes above 0, owners' numbers first."""
    if share.all():
        return components(ptr, owner)
    real = share > 0
    held = np.zeros(len(ptr), np.int64)
    np.cumsum(np.bincount(company[real], minlength=len(ptr) - 1), out=held[1:])
    return components(held, owner[real])


def _inside_only(
    stakes: Stakes, owner: Int32, company: Int32, share: Int64, component: Int32, count: int
) -> Bool:
    """Blocks whose every member is held by members alone, and in full but for one unit a holding: bool (count,)."""
    inside = np.zeros(len(component), np.int64)
    within = component[owner] == component[company]
    np.add.at(inside, company[within], share[within])
    holdings = np.diff(stakes.ptr) + (stakes.own_share > 0)
    total = stakes.total_share
    whole = (inside == total) & (SHARE.scale - total <= holdings)
    closed = np.ones(count, bool)
    closed[component[~whole]] = False
    return closed


def _invert(blocks: Blocks) -> None:
    """Replace I - M by its inverse where it has one without negative entries; else the block is divergent.

    I - M is an M-matrix, and the series converges, exactly if (I - M) x = 1 has a solution x >= 0.
    """
    size = np.sqrt(np.diff(blocks.at)).astype(np.int64)
    for f in np.unique(size[size > 0]).tolist():
        found = np.flatnonzero(size == f)
        place = blocks.at[found][:, None] + np.arange(f * f)
        matrices = np.eye(f) - blocks.inverse[place].reshape(-1, f, f)
        inverse = _inverses(matrices)
        good = (inverse.sum(axis=2) >= 0.5).all(axis=1)  # noqa: PLR2004 (1 or more if it converges, else below 0)
        blocks.inverse[place] = np.maximum(inverse, 0.0).reshape(-1, f * f)
        blocks.state[found[~good]] = DIVERGENT


def _inverses(matrices: Float64) -> Float64:
    """Inverse of each matrix (k, f, f); minus one throughout where there is none."""
    try:
        return np.asarray(np.linalg.inv(matrices), np.float64)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, -1.0)
        return np.concatenate([_inverses(matrix[None]) for matrix in matrices])


def _converges(holders: Edges, component: Int32, members: Int32) -> bool:
    """Whether the spectral radius of a block is below 1, by the bounds of Collatz and Wielandt; False if in doubt."""
    place = np.full(len(component), -1, np.int64)
    place[members] = np.arange(len(members))
    company = np.repeat(np.arange(len(component)), np.diff(holders.ptr))
    inside = (place[company] >= 0) & (place[holders.node] >= 0)
    to, by, weight = place[company[inside]], place[holders.node[inside]], holders.weight[inside]
    x = np.ones(len(members))
    for _ in range(1000):
        y = np.bincount(to, weight * x[by], len(members))
        ratio = y / x
        if ratio.max() < 1.0:
            return True
        if ratio.min() >= 1.0:
            return False
        x = (x + y) / (x + y).max()
    return False
