"""Least fixpoint of control, one controller at a time, in rounds.

The work for one controller is the stakes of what it controls, so the whole costs about as much as writing the
transitive pairs down; nothing is recursive, and loops of majorities end because a party is taken up once.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def _grown(array: np.ndarray, least: int) -> np.ndarray:
    """The array with room for at least so many entries, at least twice as many as before.

    Callers ask for room before a loop, not within: handing an array to a function costs more than a stake.
    """
    bigger = np.empty(max(2 * len(array), least), array.dtype)
    bigger[: len(array)] = array
    return bigger


@kernel
def _holds(ptr: np.ndarray, rows: np.ndarray, x: int, y: int) -> bool:
    """Whether y stands in the row of x."""
    for i in range(ptr[x], ptr[x + 1]):
        if rows[i] == y:
            return True
    return False


_GOT, _ALONE, _MARK, _BASE = range(4)
_QUEUED, _TOUCHED, _FALLEN, _FACT = 1, 2, 4, 8
_FLAGS = 4


@kernel
def _mark(state: np.ndarray, t: int, x: int) -> int:
    """Flags of a party in the run for x; none, and no votes, where the run has not met it."""
    mark = state[t, _MARK]
    if mark >> _FLAGS == x:
        return mark
    state[t, _GOT] = 0
    state[t, _ALONE] = 0
    state[t, _MARK] = x << _FLAGS
    return x << _FLAGS


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

    A party falls at the end of the round in which it was decided, so that hops do not depend on the order
    within a round. What a run knows of a party stands in one row of ``state``: one access to memory.
    """
    n = len(out_ptr) - 1
    state = np.zeros((n, 4), np.int64)
    state[:, _MARK] = -1
    state[:, _BASE] = base
    queue, touched, decided = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(1024, np.int32)
    a, b, k = np.empty(1024, np.int32), np.empty(1024, np.int32), 0
    cast, hops, direct = np.empty(1024, np.int64), np.empty(1024, np.int32), np.empty(1024, np.bool_)
    h, c, q = np.empty(1024, np.int32), np.empty(1024, np.int32), 0
    alone, together = np.empty(1024, np.int64), np.empty(1024, np.int64)
    for x in range(low, high):
        if out_ptr[x] == out_ptr[x + 1] and body_ptr[x] == body_ptr[x + 1] and fact_ptr[x] == fact_ptr[x + 1]:
            continue
        while len(queue) < 1 + body_ptr[x + 1] - body_ptr[x]:
            queue = _grown(queue, 0)
        end, start, seen, hop, first = 0, 0, 0, 0, k
        for i in range(body_ptr[x] - 1, body_ptr[x + 1]):
            p = x if i < body_ptr[x] else body_members[i]
            mark = _mark(state, p, x)
            if mark & _QUEUED == 0:
                state[p, _MARK] = mark | _QUEUED
                queue[end] = p
                end += 1
        while start < end:
            stop, crossed = end, 0
            hop += 1
            for at in range(start, stop):
                p = queue[at]
                reach = out_ptr[p + 1] - out_ptr[p]
                if len(touched) < seen + reach:
                    touched = _grown(touched, seen + reach)
                reach += fact_ptr[p + 1] - fact_ptr[p]
                if len(decided) < crossed + reach:
                    decided = _grown(decided, crossed + reach)
                for i in range(out_ptr[p], out_ptr[p + 1]):
                    t = owned[i]
                    mark = _mark(state, t, x)
                    if mark & _TOUCHED == 0:
                        state[t, _MARK] = mark | _TOUCHED
                        touched[seen] = t
                        seen += 1
                    before, half = state[t, _GOT], state[t, _BASE]
                    state[t, _GOT] = before + votes[i]
                    if p == x:
                        state[t, _ALONE] += votes[i]
                    if half > 0 and 2 * before <= half < 2 * (before + votes[i]):
                        decided[crossed] = t
                        crossed += 1
                for i in range(fact_ptr[p], fact_ptr[p + 1]):
                    t = fact_to[i]
                    state[t, _MARK] = _mark(state, t, x) | _FACT
                    decided[crossed] = t
                    crossed += 1
            if len(a) < k + crossed:
                a, b, hops = _grown(a, k + crossed), _grown(b, k + crossed), _grown(hops, k + crossed)
            for d in range(crossed):
                t = decided[d]
                mark = state[t, _MARK]
                if t == x or mark & _FALLEN != 0:
                    continue
                if barred_ptr[x] < barred_ptr[x + 1] and _holds(barred_ptr, barred_to, x, t):
                    continue
                state[t, _MARK] = mark | _FALLEN
                a[k], b[k], hops[k] = x, t, hop
                k += 1
                room = end + 1 + body_ptr[t + 1] - body_ptr[t]
                if len(queue) < room:
                    queue = _grown(queue, room)
                for i in range(body_ptr[t] - 1, body_ptr[t + 1]):
                    p = t if i < body_ptr[t] else body_members[i]
                    mark = _mark(state, p, x)
                    if mark & _QUEUED == 0:
                        state[p, _MARK] = mark | _QUEUED
                        queue[end] = p
                        end += 1
            start = stop
        if len(cast) < k:
            cast, direct = _grown(cast, len(a)), _grown(direct, len(a))
        for i in range(first, k):
            t = b[i]
            cast[i] = state[t, _GOT]
            by_itself = state[t, _BASE] > 0 and 2 * state[t, _ALONE] > state[t, _BASE]
            direct[i] = by_itself or (state[t, _MARK] & _FACT != 0 and _holds(fact_ptr, fact_to, x, t))
        if len(h) < q + seen:
            h, c = _grown(h, q + seen), _grown(c, q + seen)
            alone, together = _grown(alone, q + seen), _grown(together, q + seen)
        for i in range(seen):
            t = touched[i]
            if t != x and state[t, _GOT] >= show_from:
                h[q], c[q], alone[q], together[q] = x, t, state[t, _ALONE], state[t, _GOT]
                q += 1
    return (
        a[:k].copy(), b[:k].copy(), cast[:k].copy(), hops[:k].copy(), direct[:k].copy(),
        h[:q].copy(), c[:q].copy(), alone[:q].copy(), together[:q].copy(),
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
