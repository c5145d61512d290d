"""What hangs below each guarantor: exact sums over all that it reaches, and the longest chain.

Nothing is followed path by path. What hangs on a single parent goes into that parent first. What is left is
walked once for each start where little hangs below it, and else for 64 starts at a time, one bit each (many
sources at once: M. Then et al., "The more the merrier", PVLDB 8 (2014)). Work is counted, and stops at a bound.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from graph.kernels import kernel

LIGHT: Final = 512
"""Up to this estimate of what hangs below a start, it is walked alone."""
_BITS = 64


class Graph(NamedTuple):
    """Edges of v lead to ``to[ptr[v]:ptr[v + 1]]``; ptr int64 (n + 1,), to int32 (m,)."""

    ptr: np.ndarray
    to: np.ndarray


@kernel
def strip(graph: Graph, amount: np.ndarray) -> tuple[Graph, np.ndarray, np.ndarray]:
    """Take leaves that hang on one parent into that parent, again and again.

    Returns the graph that is left, which nodes are left (bool), and the amount of each node with all that was
    taken into it (int64), which for a node that is not left is the answer already.
    """
    n = len(graph.ptr) - 1
    parents = np.zeros(n, np.int32)
    parent = np.zeros(n, np.int32)  # the parents by exclusive or: the only one, where there is one
    children = np.empty(n, np.int64)
    for v in range(n):
        children[v] = graph.ptr[v + 1] - graph.ptr[v]
        for i in range(graph.ptr[v], graph.ptr[v + 1]):
            parents[graph.to[i]] += 1
            parent[graph.to[i]] ^= np.int32(v)
    kept = np.ones(n, np.bool_)
    whole = amount.copy()
    stack = np.empty(n, np.int32)
    size = 0
    for v in range(n):
        if children[v] == 0 and parents[v] == 1:
            stack[size] = v
            size += 1
    while size > 0:
        size -= 1
        v = stack[size]
        kept[v] = False
        p = parent[v]
        whole[p] += whole[v]
        children[p] -= 1
        if children[p] == 0 and parents[p] == 1:
            stack[size] = p
            size += 1
    ptr = np.zeros(n + 1, np.int64)
    for v in range(n):
        ptr[v + 1] = ptr[v] + (children[v] if kept[v] else 0)
    to = np.empty(ptr[n], np.int32)
    k = 0
    for v in range(n):
        if kept[v]:
            for i in range(graph.ptr[v], graph.ptr[v + 1]):
                if kept[graph.to[i]]:
                    to[k] = graph.to[i]
                    k += 1
    return Graph(ptr, to), kept, whole


@kernel
def condense(graph: Graph, component: np.ndarray, count: int, amount: np.ndarray) -> tuple[Graph, np.ndarray]:
    """The components as a graph, each edge once, and their amounts: int64 (count,)."""
    n = len(component)
    whole = np.zeros(count, np.int64)
    first = np.full(count, -1, np.int32)
    other = np.full(n, -1, np.int32)  # next node of the same component
    for v in range(n):
        c = component[v]
        whole[c] += amount[v]
        other[v] = first[c]
        first[c] = v
    ptr = np.zeros(count + 1, np.int64)
    to = np.empty(len(graph.to), np.int32)
    seen = np.full(count, -1, np.int32)
    k = 0
    for c in range(count):
        v = first[c]
        while v >= 0:
            for i in range(graph.ptr[v], graph.ptr[v + 1]):
                d = component[graph.to[i]]
                if d != c and seen[d] != c:
                    seen[d] = c
                    to[k] = d
                    k += 1
            v = other[v]
        ptr[c + 1] = k
    return Graph(ptr, to[:k].copy()), whole


@kernel
def estimate(below: Graph, size: np.ndarray, most: int) -> np.ndarray:
    """How many nodes each component leads to at most, itself included, cut at ``most``: int64 (count,)."""
    count = len(size)
    out = np.empty(count, np.int64)
    for c in range(count):  # an edge never leads to a higher number
        out[c] = size[c]
        for i in range(below.ptr[c], below.ptr[c + 1]):
            out[c] += out[below.to[i]]
        out[c] = min(out[c], most)
    return out


@kernel
def _spread(sums: np.ndarray, starts: np.ndarray, low: int, many: int, out: np.ndarray) -> None:
    """Add the sums by byte of the mask to the starts whose bits they carry, and clear them."""
    for byte in range(8):
        for value in range(1, 256):
            amount = sums[byte, value]
            if amount != 0:
                sums[byte, value] = 0
                for bit in range(8):
                    place = 8 * byte + bit
                    if (value >> bit) & 1 and place < many:
                        out[starts[low + place]] += amount


@kernel
def _together(
    below: Graph,
    amount: np.ndarray,
    starts: np.ndarray,
    low: int,
    mask: np.ndarray,
    active: np.ndarray,
    sums: np.ndarray,
    out: np.ndarray,
) -> int:
    """Sums for up to 64 starts at once; how many steps it took. ``mask``, ``active``, ``sums`` are 0 again."""
    many = min(_BITS, len(starts) - low)
    top = 0
    for place in range(many):
        c = starts[low + place]
        mask[c] |= np.uint64(1) << np.uint64(place)
        active[c >> 6] |= np.uint64(1) << np.uint64(c & 63)
        top = max(top, c >> 6)
    everyone = ~np.uint64(0)
    common = np.int64(0)
    steps = 0
    for word in range(top, -1, -1):
        while active[word] != 0:
            bits = active[word]
            c = np.int64(word) * 64
            for shift in (32, 16, 8, 4, 2, 1):  # the highest component of the word comes first
                if bits >> np.uint64(shift):
                    bits >>= np.uint64(shift)
                    c += shift
            active[word] ^= np.uint64(1) << np.uint64(c & 63)
            m = mask[c]
            mask[c] = 0
            if m == everyone:
                common += amount[c]
            else:
                for byte in range(8):
                    sums[byte, (m >> np.uint64(8 * byte)) & np.uint64(255)] += amount[c]
            steps += below.ptr[c + 1] - below.ptr[c] + 1
            for i in range(below.ptr[c], below.ptr[c + 1]):
                d = below.to[i]
                mask[d] |= m
                active[d >> 6] |= np.uint64(1) << np.uint64(d & 63)
    for place in range(many):
        out[starts[low + place]] += common
    _spread(sums, starts, low, many, out)
    return steps


@kernel
def reach(
    below: Graph, amount: np.ndarray, alone: np.ndarray, together: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Sum of the amounts of all that each start reaches, itself included: int64 (count,), and which are done.

    Starts are components: those of ``alone`` are walked one by one, those of ``together`` 64 at a time, in their
    order. Stops after ``most`` steps; the last figure returned is the steps that were made.
    """
    count = len(amount)
    out = np.zeros(count, np.int64)
    done = np.zeros(count, np.bool_)
    seen = np.full(count, -1, np.int32)
    stack = np.empty(count, np.int32)
    steps = 0
    for s in alone:
        if steps > most:
            break
        size = 1
        stack[0] = s
        seen[s] = s
        while size > 0:
            size -= 1
            c = stack[size]
            out[s] += amount[c]
            steps += below.ptr[c + 1] - below.ptr[c] + 1
            for i in range(below.ptr[c], below.ptr[c + 1]):
                d = below.to[i]
                if seen[d] != s:
                    seen[d] = s
                    stack[size] = d
                    size += 1
        done[s] = True
    mask = np.zeros(count, np.uint64)
    active = np.zeros(count // 64 + 1, np.uint64)
    sums = np.zeros((8, 256), np.int64)
    for low in range(0, len(together), _BITS):
        if steps > most:
            break
        steps += _together(below, amount, together, low, mask, active, sums, out)
        for i in range(low, min(low + _BITS, len(together))):
            done[together[i]] = True
    return out, done, steps


@kernel
def _inside(graph: Graph, component: np.ndarray, nodes: np.ndarray, place: np.ndarray) -> Graph:
    """The edges among the nodes of one component, by their place in ``nodes``."""
    c = component[nodes[0]]
    for k in range(len(nodes)):
        place[nodes[k]] = k
    ptr = np.zeros(len(nodes) + 1, np.int64)
    most = 0
    for v in nodes:
        most += graph.ptr[v + 1] - graph.ptr[v]
    to = np.empty(most, np.int32)
    m = 0
    for k in range(len(nodes)):
        for i in range(graph.ptr[nodes[k]], graph.ptr[nodes[k] + 1]):
            if component[graph.to[i]] == c:
                to[m] = place[graph.to[i]]
                m += 1
        ptr[k + 1] = m
    return Graph(ptr, to)


@kernel
def _around(circle: Graph, beyond: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """Longest chain from each member of a circle, by the shortest way to where it leaves; the steps made.

    ``beyond`` int32 is the longest chain that leaves at a member. Members beyond ``most`` steps get -1.
    """
    n = len(beyond)
    out = np.full(n, -1, np.int32)
    seen = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int32)
    steps = 0
    for s in range(n):
        if steps > most:
            break
        queue[0] = s
        seen[s] = s
        head = 0
        tail = 1
        level = 0
        while head < tail:
            end = tail
            while head < end:
                v = queue[head]
                head += 1
                out[s] = max(out[s], level + beyond[v])
                for i in range(circle.ptr[v], circle.ptr[v + 1]):
                    w = circle.to[i]
                    if seen[w] != s:
                        seen[w] = s
                        queue[tail] = w
                        tail += 1
            level += 1
        steps += n + len(circle.to)
    return out, steps


@kernel
def depths(graph: Graph, component: np.ndarray, members: Graph, most: int) -> np.ndarray:
    """Steps of the longest chain below each node, through circles by the shortest way: int32 (n,).

    ``component`` int32 is in reverse topological order, ``members`` its nodes as CSR. Stops working on circles
    after ``most`` steps: what is left of them, and all above, gets -1.
    """
    out = np.zeros(len(component), np.int32)
    place = np.zeros(len(component), np.int32)
    steps = 0
    for c in range(len(members.ptr) - 1):
        nodes = members.to[members.ptr[c] : members.ptr[c + 1]]
        known = True
        beyond = np.zeros(len(nodes), np.int32)
        for k in range(len(nodes)):
            for i in range(graph.ptr[nodes[k]], graph.ptr[nodes[k] + 1]):
                w = graph.to[i]
                if component[w] != c:
                    known = known and out[w] >= 0
                    beyond[k] = max(beyond[k], out[w] + 1)
        if not known:
            out[nodes] = -1
        elif len(nodes) == 1:
            out[nodes[0]] = beyond[0]
        else:
            found, made = _around(_inside(graph, component, nodes, place), beyond, most - steps)
            out[nodes] = found
            steps += made
    return out
