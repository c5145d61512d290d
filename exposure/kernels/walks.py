"""Linear systems along stakes, x = g + W x, solved party by party with loops cut at a few parties.

Strongly connected sets ("blocks") are visited in topological order. Inside one, a depth-first search finds
parties at which every loop can be cut (the heads of its back edges). Without them the block is acyclic, and
what the cut parties pass to one another is a small dense matrix (the Schur complement of I - W) that is
inverted beforehand. So a slow loop costs no more than a fast one.
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
    """The blocks in order, owners before what they own; in each block the cut parties last.

    Shapes: order int32 (n,); bounds int64 (blocks + 1,) in ``order``; cuts int32 (blocks,), how many of a
    block's parties are cut; inverse float64, (I - shares between cut parties)^-1 of block b row by row at
    ``inverse[at[b]:at[b + 1]]``, empty where loops are swept instead; ``state`` int8 (blocks,): 0 = solvable,
    1 = closed, 2 = divergent.
    """

    order: np.ndarray
    bounds: np.ndarray
    cuts: np.ndarray
    at: np.ndarray
    inverse: np.ndarray
    state: np.ndarray


@kernel
def blocks_of(holders: Edges, component: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``order``, ``bounds`` and ``cuts`` of the blocks, for ``holders`` by company and their components."""
    ptr, owner, weight = holders
    n = len(ptr) - 1
    bounds, order = counting_sort(component, count)
    cuts = np.zeros(count, np.int32)
    state = np.zeros(n, np.int8)  # 1 = on the path, 2 = done
    is_cut = np.zeros(n, np.bool_)
    at = ptr[:-1].copy()
    path = np.empty(n, np.int32)
    post = np.empty(n, np.int32)
    for b in range(count):
        low, high = bounds[b], bounds[b + 1]
        done = 0
        for i in range(low, high):
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
                    is_cut[w] = True
        for last in range(2):
            for j in range(done):
                if is_cut[post[j]] == (last == 1):
                    order[low] = post[j]
                    low += 1
                    cuts[b] += last
    return order, bounds, cuts


@kernel
def between_cuts(holders: Edges, component: np.ndarray, blocks: Blocks, out: np.ndarray) -> None:
    """What cut parties of a block own of one another along walks that meet no cut party in between.

    Writes at ``out[at[b]:at[b + 1]]`` the matrix (cuts, cuts) row by row; row f, column g is the share of g
    in f. Blocks with an empty place are left out.
    """
    ptr, owner, weight = holders
    place = np.zeros(len(ptr) - 1, np.int32)
    for b in range(len(blocks.cuts)):
        if blocks.at[b] == blocks.at[b + 1]:
            continue
        low, f = blocks.bounds[b], blocks.cuts[b]
        size = blocks.bounds[b + 1] - low
        free = size - f
        share = np.zeros((size, f))
        for i in range(size):
            place[blocks.order[low + i]] = i
        for i in range(size):
            v = blocks.order[low + i]
            for e in range(ptr[v], ptr[v + 1]):
                if weight[e] == 0.0 or component[owner[e]] != b:
                    continue
                j = place[owner[e]]
                if j >= free:
                    share[i, j - free] += weight[e]
                else:
                    for g in range(f):
                        share[i, g] += weight[e] * share[j, g]
        for i in range(f):
            for g in range(f):
                out[blocks.at[b] + i * f + g] = share[free + i, g]


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
def _set(x: np.ndarray, v: int, row: np.ndarray) -> bool:
    """Write a row of x; whether it moved by more than rounding."""
    moved = False
    for j in range(len(row)):
        moved |= abs(row[j] - x[v, j]) > 1e-15 * abs(row[j])
        x[v, j] = row[j]
    return moved


@kernel
def _solve_cuts(inverse: np.ndarray, flow: np.ndarray, upward: bool, out: np.ndarray) -> None:
    """Write the inverse (f, f), transposed for ``upward``, times what flows into the cut parties (f, k)."""
    f, k = flow.shape
    for i in range(f):
        for j in range(k):
            out[i, j] = 0.0
        for g in range(f):
            q = inverse[g * f + i] if upward else inverse[i * f + g]
            for j in range(k):
                out[i, j] += q * flow[g, j]


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

    ``rows`` are stakes by company (node = owner) or, with ``upward``, by owner (node = company). A block with
    cuts and without an inverse is swept (Gauss, Seidel) until nothing moves by more than rounding, at most
    ``sweeps`` times. In closed and divergent blocks x is the number given for them.
    """
    x = np.zeros_like(given)
    k = given.shape[1]
    row = np.empty(k)
    count = len(blocks.cuts)
    for step in range(count):
        b = count - 1 - step if upward else step
        low, high, f = blocks.bounds[b], blocks.bounds[b + 1], blocks.cuts[b]
        if blocks.state[b] != 0:
            for i in range(low, high):
                for j in range(k):
                    x[blocks.order[i], j] = closed if blocks.state[b] == 1 else divergent
            continue
        if f == 0:
            _relax(rows, blocks.order[low], given, x, x[blocks.order[low]])
            continue
        free = high - f
        inverse = blocks.inverse[blocks.at[b] : blocks.at[b + 1]]
        flow = np.empty((f, k))
        solved = np.empty((f, k))
        for sweep in range(2 if len(inverse) else sweeps):
            moved = False
            for i in range(low, free):
                v = blocks.order[low + free - 1 - i] if upward else blocks.order[i]
                _relax(rows, v, given, x, row)
                moved |= _set(x, v, row)
            if len(inverse):
                if sweep == 1:
                    break
                for i in range(f):
                    _relax(rows, blocks.order[free + i], given, x, flow[i])
                _solve_cuts(inverse, flow, upward, solved)
                for i in range(f):
                    _set(x, blocks.order[free + i], solved[i])
                continue
            for i in range(f):
                _relax(rows, blocks.order[free + i], given, x, row)
                moved |= _set(x, blocks.order[free + i], row)
            if not moved:
                break
    return x
