"""Strongly connected components of a graph in CSR form, without recursion.

R. E. Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on Computing 1 (1972), with the
call stack in an array: O(nodes + edges), seven words of memory a node, any depth.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def components(ptr: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Component of each node, numbered so that an edge never leads to a higher number.

    Shapes: the edges of v lead to ``target[ptr[v]:ptr[v + 1]]``; ptr int64 (n + 1,), target int32 (m,).
    Returns int32 (n,): 0, 1, ... in reverse topological order. An edge u -> v between two components has
    component[u] > component[v], so ascending numbers meet all that a node leads to before the node itself.

    >>> components(np.array([0, 1, 2, 3, 3]), np.array([1, 2, 1], np.int32)).tolist()  # 0 -> 1 <-> 2, 3
    [1, 0, 0, 2]
    """
    n = len(ptr) - 1
    component = np.full(n, -1, np.int32)
    visit = np.zeros(n, np.int32)  # 0 = not yet seen
    low = np.zeros(n, np.int32)  # earliest open visit that the node leads back to
    at = ptr[:-1].copy()
    path = np.empty(n, np.int32)
    still_open = np.empty(n, np.int32)
    visits = 0
    opened = 0
    count = 0
    for root in range(n):
        if visit[root] != 0:
            continue
        depth = 0
        path[0] = root
        while depth >= 0:
            v = path[depth]
            if visit[v] == 0:
                visits += 1
                visit[v] = visits
                low[v] = visits
                still_open[opened] = v
                opened += 1
            below = np.int32(-1)
            while at[v] < ptr[v + 1]:
                w = target[at[v]]
                if visit[w] == 0:
                    below = w
                    break
                if component[w] < 0 and low[w] < low[v]:
                    low[v] = low[w]
                at[v] += 1
            if below >= 0:
                depth += 1
                path[depth] = below
                continue
            if low[v] == visit[v]:
                while True:
                    opened -= 1
                    w = still_open[opened]
                    component[w] = count
                    if w == v:
                        break
                count += 1
            depth -= 1
    return component
