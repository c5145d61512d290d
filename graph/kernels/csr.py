"""Counting sort, merging of parallel stakes, and the order of parties that keeps groups together."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def counting_sort(node: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows by node, stable: ptr int64 (n + 1,), rows int32 (m,); negative nodes are left out."""
    ptr = np.zeros(n + 1, np.int64)
    for i in range(len(node)):
        if node[i] >= 0:
            ptr[node[i] + 1] += 1
    for v in range(n):
        ptr[v + 1] += ptr[v]
    at = ptr[:-1].copy()
    rows = np.empty(ptr[n], np.int32)
    for i in range(len(node)):
        v = node[i]
        if v >= 0:
            rows[at[v]] = i
            at[v] += 1
    return ptr, rows


@kernel
def merge_stakes(
    owner: np.ndarray,
    owned: np.ndarray,
    share: np.ndarray,
    votes: np.ndarray,
    order: np.ndarray,
    n: int,
    null: int,
) -> tuple[np.ndarray, ...]:
    """Add up the holdings of one pair, set own shares apart; ``order`` sorts the rows by owned, then owner.

    Returns owner, owned (int32), share, votes (int64) of the merged stakes, own share and own votes per
    company (int64), and the number of holdings of unknown share and of unknown votes per company (int32).
    """
    m = len(order)
    a = np.empty(m, np.int32)
    b = np.empty(m, np.int32)
    s = np.zeros(m, np.int64)
    v = np.zeros(m, np.int64)
    own_share = np.zeros(n, np.int64)
    own_votes = np.zeros(n, np.int64)
    blank_share = np.zeros(n, np.int32)
    blank_votes = np.zeros(n, np.int32)
    k = -1
    for i in range(m):
        r = order[i]
        o, c = owner[r], owned[r]
        if share[r] == null:
            blank_share[c] += 1
        if votes[r] == null:
            blank_votes[c] += 1
        if o == c:
            if share[r] != null:
                own_share[c] += share[r]
            if votes[r] != null:
                own_votes[c] += votes[r]
            continue
        if k < 0 or a[k] != o or b[k] != c:
            k += 1
            a[k], b[k] = o, c
        if share[r] != null:
            s[k] += share[r]
        if votes[r] != null:
            v[k] += votes[r]
    k += 1
    return (
        a[:k].copy(),
        b[:k].copy(),
        s[:k].copy(),
        v[:k].copy(),
        own_share,
        own_votes,
        blank_share,
        blank_votes,
    )


@kernel
def largest_holder(owner: np.ndarray, owned: np.ndarray, votes: np.ndarray, n: int) -> np.ndarray:
    """Holder of the most votes of each party (int32, itself where it has none)."""
    best = np.zeros(n, np.int64)
    holder = np.arange(n).astype(np.int32)
    for i in range(len(owner)):
        c = owned[i]
        if owner[i] >= 0 and c >= 0 and votes[i] > best[c]:
            best[c] = votes[i]
            holder[c] = owner[i]
    return holder


@kernel
def family_order(holder: np.ndarray) -> np.ndarray:
    """Number the parties so that the tree below each root of ``holder`` stands together.

    Shapes: holder int32 (n,). Returns the new number of each party, int32 (n,). A loop of holders is one
    family; within a family the first party seen comes first.
    """
    n = len(holder)
    root = np.full(n, -1, np.int32)
    path = np.empty(n, np.int32)
    for v in range(n):
        depth = 0
        u = v
        while root[u] == -1:
            root[u] = -2
            path[depth] = u
            depth += 1
            u = holder[u]
        top = u if root[u] == -2 else root[u]
        for i in range(depth):
            root[path[i]] = top
    number = np.empty(n, np.int32)
    _, rows = counting_sort(root, n)
    for i in range(len(rows)):
        number[rows[i]] = i
    return number


@kernel
def renumber(codes: np.ndarray, rows: np.ndarray, number: np.ndarray) -> np.ndarray:
    """``number[codes[rows[i]]]``, int32 (rows,), -1 where the code is negative."""
    out = np.empty(len(rows), np.int32)
    for i in range(len(rows)):
        c = codes[rows[i]]
        out[i] = number[c] if c >= 0 else -1
    return out
