"""What looks alike within an obligor, and what counts twice within a group."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_PARTS = 10**9
_FEW = 64


@kernel
def _sort(row: np.ndarray, currency: np.ndarray, amount: np.ndarray) -> None:
    """Put rows in the order of currency and amount (Shell's sort)."""
    gap = 1
    while gap < len(row) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, len(row)):
            held = row[i]
            j = i
            while j >= gap:
                other = row[j - gap]
                if currency[other] < currency[held]:
                    break
                if currency[other] == currency[held] and amount[other] <= amount[held]:
                    break
                row[j] = other
                j -= gap
            row[j] = held
        gap //= 3


@kernel
def _mark(
    own: np.ndarray, amount: np.ndarray, date: np.ndarray, tolerance: int, days: int, mark: np.ndarray
) -> None:
    """Number the likenesses among facilities that are in the order of amounts: equal marks = alike, if by others.

    Above 64 facilities, which come back in the order of dates, only neighbours in that order are compared.
    """
    many = len(own)
    for i in range(many):
        mark[i] = i
    if many > _FEW:
        _sort(own, date, amount)
        for k in range(1, many):
            if np.int64(date[own[k]]) - date[own[k - 1]] <= days:
                mark[k] = mark[k - 1]
        return
    for i in range(many):
        for j in range(i + 1, many):
            a, b = own[i], own[j]
            if amount[b] - amount[a] > amount[b] // tolerance:
                break
            if abs(np.int64(date[a]) - date[b]) <= days and mark[i] != mark[j]:
                low, high = min(mark[i], mark[j]), max(mark[i], mark[j])
                for k in range(many):
                    if mark[k] == high:
                        mark[k] = low


@kernel
def alike(
    ptr: np.ndarray,
    rows: np.ndarray,
    currency: np.ndarray,
    amount: np.ndarray,
    date: np.ndarray,
    tolerance: int,
    days: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Sets of facilities of one obligor in one currency with like amounts and dates.

    Rows by obligor as CSR, ``amount`` int64 minor units of ``currency``, ``date`` int32 days; amounts are alike
    within 1 / tolerance of the larger one, those of 0 or below never, dates within ``days``. Returns sets of two
    or more as CSR: ptr int64 (sets + 1,), row int32.
    """
    out_ptr = np.zeros(len(rows) // 2 + 2, np.int64)
    out = np.empty(len(rows), np.int32)
    sets = 0
    for v in range(len(ptr) - 1):
        if ptr[v + 1] - ptr[v] < 2:
            continue
        own = rows[ptr[v] : ptr[v + 1]].copy()
        _sort(own, currency, amount)
        start = 0
        for i in range(1, len(own) + 1):
            a = own[i - 1]
            if i < len(own):
                b = own[i]
                if (
                    currency[a] == currency[b]
                    and amount[a] > 0
                    and amount[b] - amount[a] <= amount[b] // tolerance
                ):
                    continue
            many = i - start
            if many > 1:
                mark = np.empty(many, np.int64)
                _mark(own[start:i], amount, date, tolerance, days, mark)
                at = np.zeros(many + 1, np.int64)
                for k in range(many):
                    at[mark[k] + 1] += 1
                for m in range(many):
                    if at[m + 1] > 1:
                        sets += 1
                        out_ptr[sets] = out_ptr[sets - 1] + at[m + 1]
                        at[m + 1] = out_ptr[sets - 1]
                    else:
                        at[m + 1] = -1
                for k in range(many):
                    if at[mark[k] + 1] >= 0:
                        out[at[mark[k] + 1]] = own[start + k]
                        at[mark[k] + 1] += 1
            start = i
    return out_ptr[: sets + 1].copy(), out[: out_ptr[sets]].copy()


@kernel
def shared(
    left: np.ndarray, right: np.ndarray, ptr: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Groups that both parties of each pair are in, as CSR: ptr int64 (pairs + 1,), group int32.

    The groups of party p are ``group[ptr[p]:ptr[p + 1]]``, ascending.
    """
    out_ptr = np.zeros(len(left) + 1, np.int64)
    for write in range(2):
        out = np.empty(out_ptr[len(left)] if write else 0, np.int32)
        k = 0
        for i in range(len(left)):
            a, b = ptr[left[i]], ptr[right[i]]
            while a < ptr[left[i] + 1] and b < ptr[right[i] + 1]:
                if group[a] == group[b]:
                    if write:
                        out[k] = group[a]
                    k += 1
                    a += 1
                    b += 1
                elif group[a] < group[b]:
                    a += 1
                else:
                    b += 1
            out_ptr[i + 1] = k
    return out_ptr, out


@kernel
def gearing(
    group_ptr: np.ndarray,
    members: np.ndarray,
    stake_ptr: np.ndarray,
    owner: np.ndarray,
    share: np.ndarray,
    equity: np.ndarray,
    null: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equity that members of each group hold in each other, stake by stake.

    Groups as CSR over members, stakes as CSR by company with ``owner`` and ``share`` (parts per 10^9),
    ``equity`` int64 by party (``null`` = unknown). A stake counts where both have equity, the company more than
    none. Returns as CSR: ptr int64 (groups + 1,), stake int64 (place of the stake), amount int64, half-even.
    """
    groups = len(group_ptr) - 1
    ptr = np.zeros(groups + 1, np.int64)
    seen = np.full(len(equity), -1, np.int32)
    stakes, amounts = np.empty(1024, np.int64), np.empty(1024, np.int64)
    k = 0
    for g in range(groups):
        for i in range(group_ptr[g], group_ptr[g + 1]):
            seen[members[i]] = g
        for i in range(group_ptr[g], group_ptr[g + 1]):
            c = members[i]
            if equity[c] == null or equity[c] <= 0:
                continue
            for s in range(stake_ptr[c], stake_ptr[c + 1]):
                o = owner[s]
                if seen[o] != g or equity[o] == null or share[s] <= 0:
                    continue
                if k == len(stakes):
                    more, wide = np.empty(2 * k, np.int64), np.empty(2 * k, np.int64)
                    more[:k], wide[:k] = stakes[:k], amounts[:k]
                    stakes, amounts = more, wide
                whole = equity[c] // _PARTS
                rest = (equity[c] - whole * _PARTS) * min(share[s], _PARTS)
                low = rest // _PARTS
                rest -= low * _PARTS
                amount = whole * min(share[s], _PARTS) + low
                if 2 * rest > _PARTS or (2 * rest == _PARTS and amount % 2 != 0):
                    amount += 1
                stakes[k], amounts[k] = s, amount
                k += 1
        ptr[g + 1] = k
    return ptr, stakes[:k].copy(), amounts[:k].copy()
