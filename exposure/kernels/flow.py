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
    to: np.ndarray,
    room: np.ndarray,
    source: int,
    sink: int,
    level: np.ndarray,
    queue: np.ndarray,
) -> None:
    """Steps from the source to each node along arcs with room, -1 where there is no way or the sink is nearer."""
    level[:] = -1
    level[source] = 0
    queue[0] = source
    head = 0
    tail = 1
    while head < tail and level[sink] < 0:
        v = queue[head]
        head += 1
        for i in range(ptr[v], ptr[v + 1]):
            if room[i] > 0 and level[to[i]] < 0:
                level[to[i]] = level[v] + 1
                queue[tail] = to[i]
                tail += 1


@kernel
def _network(
    tail: np.ndarray, head: np.ndarray, capacity: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arcs and their reverses by node: ptr, to, room, place of the reverse; and the reverse of each arc given."""
    m = len(tail)
    ptr = np.zeros(n + 1, np.int64)
    for i in range(m):
        ptr[tail[i] + 1] += 1
        ptr[head[i] + 1] += 1
    for v in range(n):
        ptr[v + 1] += ptr[v]
    at = ptr[:-1].copy()
    to, room, other = np.empty(2 * m, np.int32), np.zeros(2 * m, np.int64), np.empty(2 * m, np.int64)
    back = np.empty(m, np.int64)
    for i in range(m):
        a = at[tail[i]]
        at[tail[i]] += 1
        b = at[head[i]]
        at[head[i]] += 1
        to[a], to[b] = head[i], tail[i]
        room[a] = capacity[i]
        other[a], other[b] = b, a
        back[i] = b
    return ptr, to, room, other, back


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
    ptr, to, room, other, back = _network(tail, head, capacity, n)
    level, queue, path = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int64)
    at = np.empty(n, np.int64)
    while True:
        _levels(ptr, to, room, source, sink, level, queue)
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
                    room[other[path[k]]] += least
                depth = first  # go on from where the way is full
                v = to[other[path[first]]]
                continue
            while at[v] < ptr[v + 1] and not (room[at[v]] > 0 and level[to[at[v]]] == level[v] + 1):
                at[v] += 1
            if at[v] < ptr[v + 1]:
                path[depth] = at[v]
                v = to[at[v]]
                depth += 1
            elif depth == 0:
                break
            else:
                depth -= 1
                v = to[other[path[depth]]]
                at[v] += 1
    return room[back]
