"""What can be demanded at most under several guarantees, each debt once and each cap once.

The most that guarantees can pay is a maximum flow from guarantees to debts. Filling the guarantees with the
fewest debts first is exact where their debts are nested or apart, which is nearly always; a search for an
augmenting path (L. R. Ford and D. R. Fulkerson, 1956) tells where it is not.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_NULL = -(2**63)


@kernel
def _sort(size: np.ndarray, order: np.ndarray, many: int) -> None:
    """Put the first ``many`` places in the order of their size (Shell's sort, gaps of Ciura)."""
    for k in range(many):
        order[k] = k
    gap = 1
    while gap < many // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, many):
            held = order[i]
            j = i
            while j >= gap and size[order[j - gap]] > size[held]:
                order[j] = order[j - gap]
                j -= gap
            order[j] = held
        gap //= 3


@kernel
def _improvable(
    low: int, start: np.ndarray, many: int, left: np.ndarray, unit: np.ndarray, facility: np.ndarray,
    promised: np.ndarray, flow: np.ndarray, free: np.ndarray, head: np.ndarray, follow: np.ndarray,
) -> bool:  # fmt: skip
    """Whether some guarantee with something left reaches, through what others pay, a debt with something left."""
    reached = np.zeros(many, np.bool_)
    stack = np.empty(many, np.int64)
    size = 0
    for u in range(many):
        if left[u] > 0:
            reached[u] = True
            stack[size] = u
            size += 1
    while size > 0:
        size -= 1
        u = stack[size]
        for i in range(start[u], start[u + 1]):
            f = facility[i]
            if flow[i] >= promised[i]:
                continue
            if free[f] > 0:
                return True
            j = head[f]
            head[f] = -1  # a debt is looked at once
            while j >= 0:
                if flow[j] > 0 and not reached[unit[j - low]]:
                    reached[unit[j - low]] = True
                    stack[size] = unit[j - low]
                    size += 1
                j = follow[j - low]
    return False


@kernel
def fill(
    ptr: np.ndarray,
    guarantee: np.ndarray,
    facility: np.ndarray,
    promised: np.ndarray,
    bound: np.ndarray,
    debt: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """What can be demanded of each group of pairs: int64 (groups,), and where more may be possible (bool).

    The pairs of a group are ``ptr[k]:ptr[k + 1]``, those of one guarantee together; ``guarantee``, ``facility``
    int32 and ``promised`` int64 by pair, ``bound`` int64 by guarantee (NULL = none), ``debt`` int64 by facility.
    """
    groups = len(ptr) - 1
    most = 0
    for k in range(groups):
        most = max(most, ptr[k + 1] - ptr[k])
    call, open_ = np.zeros(groups, np.int64), np.zeros(groups, np.bool_)
    flow = np.zeros(len(facility), np.int64)
    free, head = np.zeros(len(debt), np.int64), np.full(len(debt), -1, np.int64)
    start, left, size = np.empty(most + 1, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    order, unit, follow = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    for k in range(groups):
        low, high = ptr[k], ptr[k + 1]
        many = 0
        for i in range(low, high):
            f = facility[i]
            free[f], head[f] = debt[f], -1
            if i == low or guarantee[i] != guarantee[i - 1]:
                start[many] = i
                many += 1
            unit[i - low] = many - 1
        if many == 0:
            continue
        start[many] = high
        for u in range(many):
            size[u] = start[u + 1] - start[u]
            left[u] = bound[guarantee[start[u]]]
        _sort(size, order, many)
        spare = False
        for at in range(many):
            u = order[at]
            for i in range(start[u], start[u + 1]):
                f = facility[i]
                take = min(promised[i], free[f])
                if left[u] != _NULL:
                    take = min(take, left[u])
                    left[u] -= take
                flow[i] = take
                free[f] -= take
                call[k] += take
                follow[i - low] = head[f]
                head[f] = i
            if left[u] == _NULL:
                left[u] = 1
            spare = spare or left[u] > 0
        if many > 1 and spare:
            open_[k] = _improvable(low, start, many, left, unit, facility, promised, flow, free, head, follow)
    return call, open_
