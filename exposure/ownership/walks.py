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
MOST_CUTS: Final = 4096
"""A block with more cut parties, or with a larger table of them, is swept instead of inverted."""
MOST_FACTOR: Final = 1e13
"""Walks around loops that add up to more are divergent, or too near to it for float64."""
SWEEPS: Final = 10_000
"""Most sweeps of one block."""


@dataclass(frozen=True)
class Walks:
    """I - W, ready to be solved; made by ``Walks.of``.

    Parties are numbered by ``place`` (int32 (n,)): owners before what they own, blocks together; ``order`` is
    the party at each place. ``holders`` are the stakes by company, own shares included, ``company`` int32 and
    ``share`` int64 (parts per 10^9) belong to them, ``weight`` = share / 10^9; ``stakes`` are the same by owner.
    """

    place: Int32
    order: Int32
    holders: Edges
    company: Int32
    share: Int64
    stakes: Edges
    blocks: Blocks

    @classmethod
    def of(cls, stakes: Stakes) -> Walks:
        """Order the parties, cut the loops and find the blocks without a solution.

        >>> Walks.of(Stakes.of(np.array([0, 1], np.int32), np.array([1, 0], np.int32), *2 * [np.array(
        ...     [10**9, 10**9])], 2)).sets(CLOSED)
        [array([0, 1], dtype=int32)]
        """
        n = len(stakes.ptr) - 1
        ptr, owner, company, share = _with_own(stakes)
        component = _components(ptr, owner, company, share)
        count = int(component.max()) + 1 if n else 0
        order, low, high, cuts = _kernels.ordered(Edges(ptr, owner, share / SHARE.scale), component, count)
        place = np.empty(n, np.int32)
        place[order] = np.arange(n, dtype=np.int32)
        by = Csr.of(place[company], n)
        company, owner, share = place[company[by.rows]], place[owner[by.rows]], share[by.rows]
        out = Csr.of(owner, n)
        weight = share / SHARE.scale
        holders = Edges(by.ptr, owner, weight)
        block = np.full(n, -1, np.int32)
        for b in range(len(low)):
            block[low[b] : high[b]] = b
        total = stakes.total_share[order]
        state = _states(holders, company, share, total, block, len(low))
        f = np.where(state == 0, cuts, 0).astype(np.int64)
        inverted = (f <= MOST_CUTS) & (f * (high - low) <= MOST_CUTS * 2**13)
        at = np.zeros(len(low) + 1, np.int64)
        np.cumsum(np.where(inverted, f * f, 0), out=at[1:])
        blocks = Blocks(low, high, cuts, at, np.zeros(at[-1]), state)
        _kernels.between_cuts(holders, blocks, blocks.inverse)
        _invert(blocks)
        over = np.zeros(len(low) + 1, bool)
        over[block[total > SHARE.scale]] = True
        for swept in np.flatnonzero((f > 0) & ~inverted & over[:-1]).tolist():
            if not _converges(holders, int(low[swept]), int(high[swept])):
                state[swept] = DIVERGENT
        return cls(
            place, order, holders, company, share, Edges(out.ptr, company[out.rows], weight[out.rows]), blocks
        )

    @property
    def n(self) -> int:
        """How many parties there are."""
        return len(self.order)

    @property
    def unsolvable(self) -> Bool:
        """Places in closed or divergent blocks, which own no share that could be told: bool (n,)."""
        found = np.zeros(self.n, bool)
        for b in np.flatnonzero(self.blocks.state):
            found[self.blocks.low[b] : self.blocks.high[b]] = True
        return found

    def sets(self, state: int) -> list[Int32]:
        """Parties (int32) of each block in that state, by number."""
        low, high = self.blocks.low, self.blocks.high
        found = np.flatnonzero(self.blocks.state == state)
        return [np.sort(self.order[low[b] : high[b]]) for b in found]

    def upward(self, given: Float64, dead: float = np.nan) -> Float64:
        """V g: for each owner the sum of g over itself and all it owns, by all walks; float64 (n, k), by place.

        ``dead`` for owners in closed and divergent blocks, so NaN for those above the latter too; 0 leaves them out.
        """
        return _kernels.solve(self.stakes, self.blocks, given, dead, dead, SWEEPS, upward=True)

    def downward(self, given: Float64) -> Float64:
        """V' g: for each company the sum of g over itself and its owners, by all walks; float64 (n, k), by place.

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


def _states(holders: Edges, company: Int32, share: Int64, total: Int64, block: Int32, count: int) -> Int8:
    """State of each block as far as exact sums tell it: int8 (count,).

    Closed if its members alone hold every member, in full but for one unit a holding; divergent if they hold
    every member in full and others hold more: no column sum of W is below 1, so the spectral radius is not.
    """
    within = (block[company] >= 0) & (block[holders.node] == block[company])
    inside = np.zeros(len(block), np.int64)
    np.add.at(inside, company[within], share[within])
    whole = (inside == total) & (SHARE.scale - total <= np.diff(holders.ptr))
    closed, full = np.ones(count + 1, bool), np.ones(count + 1, bool)
    closed[block[~whole]] = False
    full[block[inside < SHARE.scale]] = False
    return np.where(closed, CLOSED, np.where(full, DIVERGENT, 0)).astype(np.int8)[:count]


def _invert(blocks: Blocks) -> None:
    """Replace I - M by its inverse where it has one without negative entries; else the block is divergent.

    I - M is an M-matrix, and the series converges, exactly if (I - M) x = 1 has a solution x >= 0; then no x is
    below 1. Beyond ``MOST_FACTOR`` float64 cannot tell the matrix from a singular one.
    """
    size = np.sqrt(np.diff(blocks.at)).astype(np.int64)
    for f in np.unique(size[size > 0]).tolist():
        found = np.flatnonzero(size == f)
        place = blocks.at[found][:, None] + np.arange(f * f)
        matrices = np.eye(f) - blocks.inverse[place].reshape(-1, f, f)
        inverse = _inverses(matrices)
        x = inverse.sum(axis=2)
        good = ((x >= 0.5) & (x <= MOST_FACTOR)).all(axis=1)  # noqa: PLR2004 (between 0 and 1)
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


def _converges(holders: Edges, low: int, high: int) -> bool:
    """Whether the spectral radius of a block is below 1, by the bounds of Collatz and Wielandt; False if in doubt."""
    first, last = holders.ptr[low], holders.ptr[high]
    by = holders.node[first:last] - low
    inside = (by >= 0) & (by < high - low)
    to = np.repeat(np.arange(high - low), np.diff(holders.ptr[low : high + 1]))[inside]
    by, weight = by[inside], holders.weight[first:last][inside]
    x = np.ones(high - low)
    for _ in range(1000):
        y = np.bincount(to, weight * x[by], high - low)
        ratio = y / x
        if ratio.max() < 1.0:
            return True
        if ratio.min() >= 1.0:
            return False
        x = (x + y) / (x + y).max()
    return False
