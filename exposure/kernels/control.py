"""Least fixpoint of control, one controller at a time, in rounds.

The work for one controller is the stakes of what it controls, so the whole costs about as much as writing the
transitive pairs down; nothing is recursive, and loops of majorities end because a party is taken up once.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def _grown(array: np.ndarray, used: int) -> np.ndarray:
    """The array with at least one free place after the used ones."""
    if used < len(array):
        return array
    bigger = np.empty(2 * len(array), array.dtype)
    bigger[:used] = array[:used]
    return bigger


@kernel
def _holds(ptr: np.ndarray, rows: np.ndarray, x: int, y: int) -> bool:
    """Whether y stands in the row of x."""
    for i in range(ptr[x], ptr[x + 1]):
        if rows[i] == y:
            return True
    return False


@kernel
def fixpoint(
    low: int,
    high: int,
    out_ptr: np.ndarray,
    owned: np.ndarray,
    votes: np.ndarray,
    base: np.ndarray,
    body_ptr: np.ndarray,
    body_members: np.ndarray,
    fact_ptr: np.ndarray,
    fact_to: np.ndarray,
    barred_ptr: np.ndarray,
    barred_to: np.ndarray,
    show_from: int,
) -> tuple[np.ndarray, ...]:
    """Everything that each of the parties low..high-1 controls, and the votes that it commands.

    Shapes: stakes by owner out_ptr int64 (n + 1,), owned int32 (m,), votes int64 (m,); base int64 (n,), the
    votes outside the company's own hands; members by body, facts by controller and barred pairs as CSR.
    A target is controlled when twice the votes exceed its base, or by a fact of a commanded party; barred
    pairs never are. Returns, in the order of controllers, pairs (controller, controlled int32, votes int64,
    hops int32, direct bool) and holders (holder, owned int32, direct, all votes int64) from ``show_from``.
    """
    n = len(out_ptr) - 1
    got = np.zeros(n, np.int64)
    alone = np.zeros(n, np.int64)
    touched_by = np.full(n, -1, np.int32)
    queued_by = np.full(n, -1, np.int32)
    taken_by = np.full(n, -1, np.int32)
    fact_of = np.full(n, -1, np.int32)
    hop = np.zeros(n, np.int32)
    queue = np.empty(1024, np.int32)
    touched = np.empty(1024, np.int32)
    a, b, k = np.empty(1024, np.int32), np.empty(1024, np.int32), 0
    pair_votes, pair_hops, pair_direct = (
        np.empty(1024, np.int64),
        np.empty(1024, np.int32),
        np.empty(1024, np.bool_),
    )
    h, c, q = np.empty(1024, np.int32), np.empty(1024, np.int32), 0
    direct_votes, all_votes = np.empty(1024, np.int64), np.empty(1024, np.int64)
    for x in range(low, high):
        if out_ptr[x] == out_ptr[x + 1] and body_ptr[x] == body_ptr[x + 1] and fact_ptr[x] == fact_ptr[x + 1]:
            continue
        barred = barred_ptr[x + 1] > barred_ptr[x]
        queue[0] = x
        queued_by[x] = x
        hop[x] = 0
        end = 1
        for i in range(body_ptr[x], body_ptr[x + 1]):
            member = body_members[i]
            if queued_by[member] != x:
                queued_by[member] = x
                hop[member] = 0
                queue = _grown(queue, end)
                queue[end] = member
                end += 1
        start = 0
        seen = 0
        while start < end:
            stop = end
            for at in range(start, stop):
                p = queue[at]
                for i in range(out_ptr[p], out_ptr[p + 1]):
                    t = owned[i]
                    if touched_by[t] != x:
                        touched_by[t] = x
                        got[t] = 0
                        alone[t] = 0
                        touched = _grown(touched, seen)
                        touched[seen] = t
                        seen += 1
                    got[t] += votes[i]
                    if p == x:
                        alone[t] += votes[i]
                for i in range(fact_ptr[p], fact_ptr[p + 1]):
                    t = fact_to[i]
                    if touched_by[t] != x:
                        touched_by[t] = x
                        got[t] = 0
                        alone[t] = 0
                        touched = _grown(touched, seen)
                        touched[seen] = t
                        seen += 1
                    fact_of[t] = x
            # decided after the round, so that hops do not depend on the order within it
            for at in range(start, stop):
                p = queue[at]
                for step in range(2):
                    lo = out_ptr[p] if step == 0 else fact_ptr[p]
                    hi = out_ptr[p + 1] if step == 0 else fact_ptr[p + 1]
                    for i in range(lo, hi):
                        t = owned[i] if step == 0 else fact_to[i]
                        if t == x or taken_by[t] == x:
                            continue
                        if not (fact_of[t] == x or (base[t] > 0 and 2 * got[t] > base[t])):
                            continue
                        if barred and _holds(barred_ptr, barred_to, x, t):
                            continue
                        taken_by[t] = x
                        a, b = _grown(a, k), _grown(b, k)
                        pair_hops, pair_votes = _grown(pair_hops, k), _grown(pair_votes, k)
                        pair_direct = _grown(pair_direct, k)
                        a[k], b[k] = x, t
                        pair_hops[k] = hop[p] + 1
                        k += 1
                        if queued_by[t] != x:
                            queued_by[t] = x
                            hop[t] = hop[p] + 1
                            queue = _grown(queue, end)
                            queue[end] = t
                            end += 1
                        for j in range(body_ptr[t], body_ptr[t + 1]):
                            member = body_members[j]
                            if queued_by[member] != x:
                                queued_by[member] = x
                                hop[member] = hop[p] + 1
                                queue = _grown(queue, end)
                                queue[end] = member
                                end += 1
            start = stop
        i = k - 1
        while i >= 0 and a[i] == x:
            t = b[i]
            pair_votes[i] = got[t]
            pair_direct[i] = (base[t] > 0 and 2 * alone[t] > base[t]) or _holds(fact_ptr, fact_to, x, t)
            i -= 1
        for i in range(seen):
            t = touched[i]
            if t != x and got[t] >= show_from:
                h, c = _grown(h, q), _grown(c, q)
                direct_votes, all_votes = _grown(direct_votes, q), _grown(all_votes, q)
                h[q], c[q], direct_votes[q], all_votes[q] = x, t, alone[t], got[t]
                q += 1
    return (
        a[:k].copy(), b[:k].copy(), pair_votes[:k].copy(), pair_hops[:k].copy(), pair_direct[:k].copy(),
        h[:q].copy(), c[:q].copy(), direct_votes[:q].copy(), all_votes[:q].copy(),
    )  # fmt: skip


@kernel
def top(ptr: np.ndarray, controlled: np.ndarray, up_ptr: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Which parties stand topmost: each of their controllers is controlled by them in turn. bool (n,)."""
    n = len(ptr) - 1
    above = np.full(n, -1, np.int32)
    topmost = np.zeros(n, np.bool_)
    for x in range(n):
        count = 0
        for i in range(up_ptr[x], up_ptr[x + 1]):
            above[up[i]] = x
            count += 1
        for i in range(ptr[x], ptr[x + 1]):
            if above[controlled[i]] == x:
                count -= 1
        topmost[x] = count == 0
    return topmost


@kernel
def contested(up_ptr: np.ndarray, up: np.ndarray, topmost: np.ndarray, leader: np.ndarray) -> np.ndarray:
    """Parties with topmost controllers of more than one ``leader`` (int32 (n,)): bool (n,)."""
    n = len(up_ptr) - 1
    out = np.zeros(n, np.bool_)
    for y in range(n):
        first = -1
        for i in range(up_ptr[y], up_ptr[y + 1]):
            x = up[i]
            if topmost[x]:
                if first == -1:
                    first = leader[x]
                elif leader[x] != first:
                    out[y] = True
                    break
    return out
