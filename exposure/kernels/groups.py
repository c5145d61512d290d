"""Who is reached from a source along risk edges, with the way and the number of steps."""

from __future__ import annotations

import numpy as np

from exposure.kernels.closure import closure
from graph.kernels import kernel

SOURCE, CONTROL, DEPENDENCE, KIN, PACT, SOVEREIGN = range(6)


@kernel
def _grown(array: np.ndarray, used: int) -> np.ndarray:
    """The array with at least one free place after the used ones."""
    if used < len(array):
        return array
    bigger = np.empty(2 * len(array), array.dtype)
    bigger[:used] = array[:used]
    return bigger


@kernel
def join(
    ptr: np.ndarray, to: np.ndarray, skip: np.ndarray, link_ptr: np.ndarray, link_to: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both edge lists as one CSR, without the control edges of the parties in ``skip`` (bool (n,))."""
    n = len(ptr) - 1
    both = np.zeros(n + 1, np.int64)
    for v in range(n):
        both[v + 1] = both[v] + link_ptr[v + 1] - link_ptr[v] + (0 if skip[v] else ptr[v + 1] - ptr[v])
    out = np.empty(both[n], np.int32)
    for v in range(n):
        k = both[v]
        if not skip[v]:
            for i in range(ptr[v], ptr[v + 1]):
                out[k] = to[i]
                k += 1
        for i in range(link_ptr[v], link_ptr[v + 1]):
            out[k] = link_to[i]
            k += 1
    return both, out


@kernel
def entered(ptr: np.ndarray, to: np.ndarray, component: np.ndarray, count: int) -> np.ndarray:
    """Which components have an edge from another: bool (count,)."""
    out = np.zeros(count, np.bool_)
    for v in range(len(ptr) - 1):
        for i in range(ptr[v], ptr[v + 1]):
            if component[v] != component[to[i]]:
                out[component[to[i]]] = True
    return out


@kernel
def below(
    ptr: np.ndarray, to: np.ndarray, component: np.ndarray, count: int, seeds: np.ndarray
) -> np.ndarray:
    """Components that any of the seeds' components reaches over an edge: bool (count,)."""
    reached = np.zeros(count, np.bool_)
    for v in closure(ptr, to, seeds):
        for i in range(ptr[v], ptr[v + 1]):
            if component[to[i]] != component[v]:
                reached[component[to[i]]] = True
    return reached


@kernel
def reach(
    seed_ptr: np.ndarray,
    seeds: np.ndarray,
    seed_via: np.ndarray,
    ptr: np.ndarray,
    to: np.ndarray,
    hops: np.ndarray,
    skip: np.ndarray,
    closed: bool,
    link_ptr: np.ndarray,
    link_to: np.ndarray,
    link_via: np.ndarray,
    most: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Members of each group with the way in (``via``) and the fewest steps from the source (``depth``).

    Shapes: seeds of group g are seeds[seed_ptr[g]:seed_ptr[g+1]] (int32) with via int8, kin one step off;
    control edges as CSR with hops int32, none from the parties in ``skip``; ``closed`` = control edges are
    transitive, so that what control reached need not follow its own; other links as CSR with via int8.
    Returns ptr int64, members int32,
    via int8, depth int32; stops before a group that takes the memberships beyond ``most``, so
    that ptr may be shorter than seed_ptr. Steps are settled in rising order (Dial's buckets).
    """
    n = len(ptr) - 1
    out_ptr = np.zeros(len(seed_ptr), np.int64)
    members, via, depth = np.empty(1024, np.int32), np.empty(1024, np.int8), np.empty(1024, np.int32)
    stamp = np.full(n, -1, np.int32)
    settled = np.full(n, -1, np.int32)
    steps = np.zeros(n, np.int32)
    way = np.zeros(n, np.int8)
    head = np.full(1024, -1, np.int32)
    entry_node, entry_next, entry_via = (
        np.empty(1024, np.int32),
        np.empty(1024, np.int32),
        np.empty(1024, np.int8),
    )
    k = 0
    for g in range(len(seed_ptr) - 1):
        entries = 0
        deepest = 0
        for i in range(seed_ptr[g], seed_ptr[g + 1]):
            v = seeds[i]
            d = 1 if seed_via[i] == KIN else 0
            stamp[v], steps[v], way[v] = g, d, seed_via[i]
            entry_node, entry_next = _grown(entry_node, entries), _grown(entry_next, entries)
            entry_via = _grown(entry_via, entries)
            entry_node[entries], entry_next[entries], entry_via[entries] = v, head[d], seed_via[i]
            head[d] = entries
            entries += 1
            deepest = max(deepest, d)
        level = 0
        while level <= deepest:
            e = head[level]
            head[level] = -1
            while e != -1:
                v, how = entry_node[e], entry_via[e]
                e = entry_next[e]
                if settled[v] == g or steps[v] != level or way[v] != how:
                    continue
                settled[v] = g
                members, via, depth = _grown(members, k), _grown(via, k), _grown(depth, k)
                members[k], via[k], depth[k] = v, how, level
                k += 1
                for kind in range(2):
                    if kind == 0 and (skip[v] or (closed and how == CONTROL)):
                        continue
                    lo = ptr[v] if kind == 0 else link_ptr[v]
                    hi = ptr[v + 1] if kind == 0 else link_ptr[v + 1]
                    for i in range(lo, hi):
                        t = to[i] if kind == 0 else link_to[i]
                        d = level + (hops[i] if kind == 0 else 1)
                        w = CONTROL if kind == 0 else link_via[i]
                        if settled[t] == g:
                            continue
                        if stamp[t] == g and (steps[t] < d or (steps[t] == d and way[t] <= w)):
                            continue
                        stamp[t], steps[t], way[t] = g, d, w
                        entry_node, entry_next = _grown(entry_node, entries), _grown(entry_next, entries)
                        entry_via = _grown(entry_via, entries)
                        while d >= len(head):
                            longer = np.full(2 * len(head), -1, np.int32)
                            longer[: len(head)] = head
                            head = longer
                        entry_node[entries], entry_next[entries], entry_via[entries] = t, head[d], w
                        head[d] = entries
                        entries += 1
                        deepest = max(deepest, d)
            level += 1
        if k > most:
            return (
                out_ptr[: g + 1].copy(),
                members[: out_ptr[g]].copy(),
                via[: out_ptr[g]].copy(),
                depth[: out_ptr[g]].copy(),
            )
        out_ptr[g + 1] = k
    return out_ptr, members[:k].copy(), via[:k].copy(), depth[:k].copy()


@kernel
def sizes(
    seed_ptr: np.ndarray,
    seeds: np.ndarray,
    ptr: np.ndarray,
    to: np.ndarray,
    component: np.ndarray,
    order: np.ndarray,
) -> np.ndarray:
    """How many parties each group reaches, 64 groups at a time: int64 (groups,).

    ``order`` lists the parties by falling component number, which is a topological order of components.
    """
    n = len(ptr) - 1
    groups = len(seed_ptr) - 1
    out = np.zeros(groups, np.int64)
    mask = np.zeros(n, np.uint64)
    merged = np.zeros(n, np.uint64)
    for first in range(0, groups, 64):
        mask[:] = 0
        for g in range(first, min(first + 64, groups)):
            for i in range(seed_ptr[g], seed_ptr[g + 1]):
                mask[seeds[i]] |= np.uint64(1) << np.uint64(g - first)
        at = 0
        while at < n:
            end = at
            whole = np.uint64(0)
            while end < n and component[order[end]] == component[order[at]]:
                whole |= mask[order[end]]
                end += 1
            for j in range(at, end):
                merged[order[j]] = whole
                v = order[j]
                if whole:
                    for i in range(ptr[v], ptr[v + 1]):
                        mask[to[i]] |= whole
            at = end
        for v in range(n):
            word = merged[v]
            g = first
            while word:
                if word & np.uint64(1):
                    out[g] += 1
                word >>= np.uint64(1)
                g += 1
    return out
