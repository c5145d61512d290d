"""Simple paths along stakes: from one owner at a time, every way down that meets no party twice.

A search goes on only where it can still reach a company whose ways are not all counted; a company of more ways
than are counted is given up, and so are all that are left when the steps are spent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from exposure.kernels.walks import Edges
from graph.kernels import kernel


class Room(NamedTuple):
    """Room of a search among n parties: int32 (n + 1,) each, but for the two columns of float64.

    ``place`` is the row of a company that is asked for (-1 none), ``below`` and ``useful`` mark with the number
    of a search; ``reached`` and ``queue`` list parties; ``way`` is the current path, ``edge`` the next stake of
    each party on it, ``on`` marks them; ``product`` and ``least`` belong to the path.
    """

    place: np.ndarray
    below: np.ndarray
    useful: np.ndarray
    reached: np.ndarray
    queue: np.ndarray
    way: np.ndarray
    edge: np.ndarray
    on: np.ndarray
    product: np.ndarray
    least: np.ndarray


@kernel
def _reach(stakes: Edges, x: int, mark: int, at: Room) -> int:
    """Mark all that x holds through any chain; how many there are."""
    count = 1
    at.reached[0] = x
    at.below[x] = mark
    i = 0
    while i < count:
        v = at.reached[i]
        i += 1
        for e in range(stakes.ptr[v], stakes.ptr[v + 1]):
            w = stakes.node[e]
            if stakes.weight[e] > 0.0 and at.below[w] != mark:
                at.below[w] = mark
                at.reached[count] = w
                count += 1
    return count


@kernel
def _needed(holders: Edges, x: int, mark: int, search: int, count: int, ways: np.ndarray, at: Room) -> bool:
    """Mark the parties below x from which a company still asked for can be reached; whether there is one."""
    waiting = 0
    for i in range(count):
        v = at.reached[i]
        if at.place[v] >= 0 and ways[at.place[v]] >= 0:
            at.useful[v] = search
            at.queue[waiting] = v
            waiting += 1
    found = waiting > 0
    while waiting > 0:
        waiting -= 1
        v = at.queue[waiting]
        for e in range(holders.ptr[v], holders.ptr[v + 1]):
            h = holders.node[e]
            if holders.weight[e] > 0.0 and h != x and at.below[h] == mark and at.useful[h] != search:
                at.useful[h] = search
                at.queue[waiting] = h
                waiting += 1
    return found


@kernel
def simple(
    stakes: Edges, holders: Edges, owner: np.ndarray, owned: np.ndarray, most: int, steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Products and smallest stakes, added up over the ways of each pair, and how many ways there are.

    ``owner`` and ``owned`` int32 (rows,), the rows of one owner together. A pair of more than ``most`` ways, or
    one that was not finished within ``steps`` edges in all, has -1 ways.
    """
    n = len(stakes.ptr) - 1
    at = Room(
        np.full(n + 1, -1, np.int32), np.full(n + 1, -1, np.int32), np.full(n + 1, -1, np.int32),
        np.empty(n + 1, np.int32), np.empty(n + 1, np.int32), np.empty(n + 1, np.int32),
        np.empty(n + 1, np.int64), np.full(n + 1, -1, np.int32), np.empty(n + 1), np.empty(n + 1),
    )  # fmt: skip
    rows = len(owner)
    products, smallest, ways = np.zeros(rows), np.zeros(rows), np.zeros(rows, np.int64)
    first = 0
    search = 0
    while first < rows:
        x = owner[first]
        last = first
        while last < rows and owner[last] == x:
            if owned[last] != x:
                at.place[owned[last]] = last
            last += 1
        count = _reach(stakes, x, first, at)
        go = _needed(holders, x, first, search, count, ways, at)
        left = min(steps, most * (100 + last - first))
        begun = left
        depth = 0
        at.way[0], at.edge[0], at.on[x], at.product[0], at.least[0] = x, stakes.ptr[x], first, 1.0, np.inf
        while go and depth >= 0 and left > 0:
            v = at.way[depth]
            e = at.edge[depth]
            if e == stakes.ptr[v + 1]:
                at.on[v] = -1
                depth -= 1
                continue
            at.edge[depth] = e + 1
            left -= 1
            w, share = stakes.node[e], stakes.weight[e]
            if share <= 0.0 or at.on[w] == first or at.useful[w] != search:
                continue
            product, least = at.product[depth] * share, min(at.least[depth], share)
            row = at.place[w]
            if row >= 0 and ways[row] >= 0:
                ways[row] += 1
                products[row] += product
                smallest[row] += least
                if ways[row] > most:
                    ways[row] = -1
                    search += 1
                    left -= count
                    go = _needed(holders, x, first, search, count, ways, at)
            depth += 1
            at.way[depth], at.edge[depth], at.on[w] = w, stakes.ptr[w], first
            at.product[depth], at.least[depth] = product, least
        while depth >= 0:
            at.on[at.way[depth]] = -1
            depth -= 1
        for row in range(first, last):
            if go and left <= 0 and at.below[owned[row]] == first and owned[row] != x:
                ways[row] = -1
            at.place[owned[row]] = -1
        steps -= begun - max(left, 0)
        search += 1
        first = last
    return products, smallest, ways
