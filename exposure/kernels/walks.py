"""Linear systems along stakes, x = g + W x, solved party by party with loops cut at a few parties.

Parties stand in topological order, owners before what they own, so that outside loops one look at each is
enough. A set of parties that own each other ("block") is cut at the heads of the back edges of a depth-first
search: without them it is acyclic, and what the cut parties pass to one another is a small dense matrix (the
Schur complement of I - W) that is inverted beforehand. So a slow loop costs no more than a fast one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.kernels import kernel
from graph.kernels.csr import counting_sort


class Edges(NamedTuple):
    """Weighted edges: row v is ``node[ptr[v]:ptr[v + 1]]`` with float64 ``weight``; 0 is no edge.

    Shapes: ptr int64 (n + 1,), node int32 (m,), weight float64 (m,).
    """

    ptr: np.ndarray
    node: np.ndarray
    weight: np.ndarray


class Blocks(NamedTuple):
    """The sets with loops among parties in order: block b is the places low[b]..high[b]-1, cut parties first.

    Shapes: low, high int64 (blocks,), ascending; cuts int32 (blocks,), how many of its parties are cut; inverse
    float64, (I - shares between cut parties)^-1 row by row at ``inverse[at[b]:at[b + 1]]``, empty where loops
    are swept instead; ``state`` int8 (blocks,): 0 = solvable, 1 = closed, 2 = divergent.
    """

    low: np.ndarray
    high: np.ndarray
    cuts: np.ndarray
    at: np.ndarray
    inverse: np.ndarray
    state: np.ndarray


@kernel
def ordered(holders: Edges, component: np.ndarray, count: int) -> tuple[np.ndarray, ...]:
    """Parties in order, for ``holders`` by company and their components: order int32 (n,), low, high, cuts.

    In a block the cut parties come first, the others owners before what they own.
    """
    ptr, owner, weight = holders
    n = len(ptr) - 1
    bounds, order = counting_sort(component, count)
    low, high = np.empty(count, np.int64), np.empty(count, np.int64)
    cuts = np.zeros(count, np.int32)
    state = np.zeros(n, np.int8)  # 1 = on the path, 2 = done
    is_cut = np.zeros(n, np.bool_)
    at = ptr[:-1].copy()
    path = np.empty(n, np.int32)
    post = np.empty(n, np.int32)
    found = 0
    for b in range(count):
        done = 0
        heads = 0
        for i in range(bounds[b], bounds[b + 1]):
            if state[order[i]] != 0:
                continue
            depth = 0
            path[0] = order[i]
            state[order[i]] = 1
            while depth >= 0:
                v = path[depth]
                if at[v] == ptr[v + 1]:
                    state[v] = 2
                    post[done] = v
                    done += 1
                    depth -= 1
                    continue
                w = owner[at[v]]
                at[v] += 1
                if weight[at[v] - 1] == 0.0 or component[w] != b:
                    continue
                if state[w] == 0:
                    state[w] = 1
                    depth += 1
                    path[depth] = w
                elif state[w] == 1:
                    heads += not is_cut[w]
                    is_cut[w] = True
        if heads == 0:
            continue
        low[found], high[found], cuts[found] = bounds[b], bounds[b + 1], heads
        found += 1
        place = bounds[b]
        for cut in (True, False):
            for j in range(done):
                if is_cut[post[j]] == cut:
                    order[place] = post[j]
                    place += 1
    return order, low[:found].copy(), high[:found].copy(), cuts[:found].copy()


@kernel
def between_cuts(holders: Edges, blocks: Blocks, out: np.ndarray) -> None:
    """What cut parties of a block own of one another along walks that meet no cut party in between.

    Writes at ``out[at[b]:at[b + 1]]`` the matrix (cuts, cuts) row by row; row i, column j is the share of the
    j-th in the i-th. Blocks with an empty place are left out.
    """
    for b in range(len(blocks.cuts)):
        if blocks.at[b] == blocks.at[b + 1]:
            continue
        low, high, f = blocks.low[b], blocks.high[b], blocks.cuts[b]
        share = np.zeros((high - low, f))
        for step in range(high - low):
            i = (step + f) % (high - low)  # the cut parties last
            for e in range(holders.ptr[low + i], holders.ptr[low + i + 1]):
                w, j = holders.weight[e], holders.node[e] - low
                if w == 0.0 or j < 0 or j >= high - low:
                    continue
                if j < f:
                    share[i, j] += w
                else:
                    for g in range(f):
                        share[i, g] += w * share[j, g]
        for i in range(f):
            for j in range(f):
                out[blocks.at[b] + i * f + j] = share[i, j]


@kernel
def _relax(rows: Edges, v: int, given: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    """Write given[v] + sum of weight x[node] over the row of v."""
    for j in range(len(out)):
        out[j] = given[v, j]
    for e in range(rows.ptr[v], rows.ptr[v + 1]):
        w = rows.weight[e]
        if w != 0.0:
            u = rows.node[e]
            for j in range(len(out)):
                out[j] += w * x[u, j]


@kernel
def _run(rows: Edges, low: int, high: int, given: np.ndarray, x: np.ndarray, upward: bool) -> None:
    """Solve the parties low..high-1, each after those that it draws on."""
    single = given.shape[1] == 1
    for step in range(high - low):
        v = high - 1 - step if upward else low + step
        if not single:
            _relax(rows, v, given, x, x[v])
            continue
        total = given[v, 0]
        for e in range(rows.ptr[v], rows.ptr[v + 1]):
            w = rows.weight[e]
            if w != 0.0:
                total += w * x[rows.node[e], 0]
        x[v, 0] = total


@kernel
def _sweep(
    rows: Edges, low: int, high: int, given: np.ndarray, x: np.ndarray, upward: bool, sweeps: int
) -> None:
    """Solve the parties low..high-1, which draw on one another, by Gauss and Seidel."""
    row = np.empty(given.shape[1])
    for _ in range(sweeps):
        moved = False
        for step in range(high - low):
            v = high - 1 - step if upward else low + step
            _relax(rows, v, given, x, row)
            for j in range(len(row)):
                moved |= abs(row[j] - x[v, j]) > 1e-15 * abs(row[j])
                x[v, j] = row[j]
        if not moved:
            break


@kernel
def _solve_cuts(
    rows: Edges, low: int, f: int, inverse: np.ndarray, given: np.ndarray, x: np.ndarray, upward: bool
) -> None:
    """Solve the cut parties low..low+f-1 once what flows into them from the rest of their block is known."""
    k = given.shape[1]
    flow = np.empty((f, k))
    for i in range(f):
        _relax(rows, low + i, given, x, flow[i])
    for i in range(f):
        for j in range(k):
            x[low + i, j] = 0.0
        for g in range(f):
            q = inverse[g * f + i] if upward else inverse[i * f + g]
            for j in range(k):
                x[low + i, j] += q * flow[g, j]


@kernel
def solve(
    rows: Edges,
    blocks: Blocks,
    given: np.ndarray,
    closed: float,
    divergent: float,
    sweeps: int,
    upward: bool,
) -> np.ndarray:
    """Solve x[v] = given[v] + sum of weight x[node] over the row of v; given and x float64 (n, k).

    ``rows`` are stakes by company (node = owner) or, with ``upward``, by owner (node = company). A block
    without an inverse is swept (Gauss, Seidel) until nothing moves by more than rounding, at most ``sweeps``
    times. In closed and divergent blocks x is the number given for them.
    """
    x = np.zeros_like(given)
    n, k = given.shape
    count = len(blocks.cuts)
    place = n if upward else 0
    for step in range(count):
        b = count - 1 - step if upward else step
        low, high, f = blocks.low[b], blocks.high[b], blocks.cuts[b]
        if upward:
            _run(rows, high, place, given, x, upward)
        else:
            _run(rows, place, low, given, x, upward)
        place = low if upward else high
        if blocks.state[b] != 0:
            for v in range(low, high):
                for j in range(k):
                    x[v, j] = closed if blocks.state[b] == 1 else divergent
        elif blocks.at[b] < blocks.at[b + 1]:
            _run(rows, low + f, high, given, x, upward)
            _solve_cuts(rows, low, f, blocks.inverse[blocks.at[b] : blocks.at[b + 1]], given, x, upward)
            _run(rows, low + f, high, given, x, upward)
        else:
            _sweep(rows, low, high, given, x, upward, sweeps)
    if upward:
        _run(rows, 0, place, given, x, upward)
    else:
        _run(rows, place, n, given, x, upward)
    return x
