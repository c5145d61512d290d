"""Maximum flow in whole numbers, without recursion.

E. A. Dinic, "Algorithm for solution of a problem of maximum flow in a network with power estimation", Soviet
Mathematics Doklady 11 (1970): O(nodes^2 x arcs) at worst, a few rounds over the arcs in networks of few layers.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def _levels(
    ptr: np.ndarray,
    arc: np.ndarray,
    to: np.ndarray,
    room: np.ndarray,
    source: int,
    level: np.ndarray,
    queue: np.ndarray,
) -> None:
    """Steps from the source to each node along arcs with room, -1 where there is no way."""
    level[:] = -1
    level[source] = 0
    queue[0] = source
    head = 0
    tail = 1
    while head < tail:
        v = queue[head]
        head += 1
        for i in range(ptr[v], ptr[v + 1]):
            a = arc[i]
            if room[a] > 0 and level[to[a]] < 0:
                level[to[a]] = level[v] + 1
                queue[tail] = to[a]
                tail += 1


@kernel
def maximum(
    tail: np.ndarray, head: np.ndarray, capacity: np.ndarray, n: int, source: int, sink: int
) -> np.ndarray:
    """The flow on each arc of a maximum flow from source to sink: int64 (arcs,).

    Arcs lead from ``tail`` to ``head`` (int32), capacities are int64 and not negative; what leaves the source
    must add up to less than 2^63.

    >>> maximum(np.array([0, 0, 1], np.int32), np.array([1, 2, 2], np.int32), np.array([5, 1, 3]), 3, 0, 2).tolist()
    [3, 1, 3]
    """
    m = len(tail)
    to, room = np.empty(2 * m, np.int32), np.zeros(2 * m, np.int64)
    ptr = np.zeros(n + 1, np.int64)
    for i in range(m):
        to[2 * i], to[2 * i + 1] = head[i], tail[i]
        room[2 * i] = capacity[i]
        ptr[tail[i] + 1] += 1
        ptr[head[i] + 1] += 1
    for v in range(n):
        ptr[v + 1] += ptr[v]
    at = ptr[:-1].copy()
    arc = np.empty(2 * m, np.int32)
    for i in range(m):
        arc[at[tail[i]]] = 2 * i
        at[tail[i]] += 1
        arc[at[head[i]]] = 2 * i + 1
        at[head[i]] += 1
    level, queue, path = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    while True:
        _levels(ptr, arc, to, room, source, level, queue)
        if level[sink] < 0:
            break
        at[:] = ptr[:-1]
        depth = 0
        v = source
        while True:
            if v == sink:
                least = room[path[0]]
                first = 0
                for k in range(1, depth):
                    if room[path[k]] < least:
                        least = room[path[k]]
                        first = k
                for k in range(depth):
                    room[path[k]] -= least
                    room[path[k] ^ 1] += least
                depth = first  # go on from where the way is full
                v = to[path[first] ^ 1]
                continue
            while at[v] < ptr[v + 1]:
                a = arc[at[v]]
                if room[a] > 0 and level[to[a]] == level[v] + 1:
                    break
                at[v] += 1
            if at[v] < ptr[v + 1]:
                path[depth] = arc[at[v]]
                v = to[path[depth]]
                depth += 1
            elif depth == 0:
                break
            else:
                depth -= 1
                v = to[path[depth] ^ 1]
                at[v] += 1
    flow = np.empty(m, np.int64)
    for i in range(m):
        flow[i] = room[2 * i + 1]
    return flow
