"""What looks alike within an obligor, and what counts twice within a group."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_PARTS = 10**9
_FEW = 64
_SMALL = 24


@kernel
def _sort(row: np.ndarray, first: np.ndarray, then: np.ndarray, many: int) -> None:
    """Put the first ``many`` rows in the order of two keys beside them, which move along (Shell's sort)."""
    gap = 1
    while gap < many // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, many):
            held, a, b = row[i], first[i], then[i]
            j = i
            while j >= gap and (first[j - gap] > a or (first[j - gap] == a and then[j - gap] > b)):
                row[j], first[j], then[j] = row[j - gap], first[j - gap], then[j - gap]
                j -= gap
            row[j], first[j], then[j] = held, a, b
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
        day = date[own].astype(np.int64)
        _sort(own, day, amount, many)
        for k in range(1, many):
            if day[k] - day[k - 1] <= days:
                mark[k] = mark[k - 1]
        return
    for i in range(many):
        for j in range(i + 1, many):
            if amount[j] - amount[i] > amount[j] // tolerance:
                break
            if abs(np.int64(date[own[i]]) - date[own[j]]) <= days and mark[i] != mark[j]:
                low, high = min(mark[i], mark[j]), max(mark[i], mark[j])
                for k in range(many):
                    if mark[k] == high:
                        mark[k] = low


@kernel
def _any(kind: np.ndarray, money: np.ndarray, many: int, tolerance: int) -> bool:
    """Whether two of these few rows may be alike; with a little to spare, so that no division is needed."""
    share = 1.001 / tolerance
    for i in range(many):
        a = money[i]
        for j in range(i):
            if abs(a - money[j]) <= share * max(a, money[j]) and kind[i] == kind[j]:
                return True
    return False


@kernel
def alike(
    ptr: np.ndarray,
    rows: np.ndarray,
    low: int,
    high: int,
    currency: np.ndarray,
    amount: np.ndarray,
    date: np.ndarray,
    tolerance: int,
    days: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Sets of facilities of one obligor in one currency with like amounts and dates, of obligors ``low:high``.

    Rows by obligor as CSR; by row ``amount`` int64 minor units of ``currency`` int16, ``date`` int32 days. Amounts
    are alike within 1 / tolerance of the larger one, those of 0 or below never, dates within ``days``. Returns sets
    of two or more, one behind the other: size int64 (sets,), row int32.
    """
    most = 0
    for v in range(low, high):
        most = max(most, ptr[v + 1] - ptr[v])
    row, money, kind = np.empty(most, np.int32), np.empty(most, np.int64), np.empty(most, np.int16)
    sizes = np.empty((ptr[high] - ptr[low]) // 2, np.int64)
    out = np.empty(ptr[high] - ptr[low], np.int32)
    sets = 0
    used = 0
    for v in range(low, high):
        size = ptr[v + 1] - ptr[v]
        if size < 2:
            continue
        for k in range(size):
            r = rows[ptr[v] + k]
            row[k], money[k], kind[k] = r, amount[r], currency[r]
        if size <= _SMALL and not _any(kind, money, size, tolerance):
            continue
        _sort(row, kind, money, size)
        start = 0
        for i in range(1, size + 1):
            if (
                i < size
                and kind[i - 1] == kind[i]
                and money[i - 1] > 0
                and money[i] - money[i - 1] <= money[i] // tolerance
            ):
                continue
            many = i - start
            if many > 1:
                mark = np.empty(many, np.int64)
                _mark(row[start:i], money[start:i], date, tolerance, days, mark)
                at = np.zeros(many, np.int64)
                for k in range(many):
                    at[mark[k]] += 1
                for m in range(many):
                    if at[m] > 1:
                        sizes[sets] = at[m]
                        sets += 1
                        used += at[m]
                        at[m] = used - at[m]
                    else:
                        at[m] = -1
                for k in range(many):
                    if at[mark[k]] >= 0:
                        out[at[mark[k]]] = row[start + k]
                        at[mark[k]] += 1
            start = i
    return sizes[:sets].copy(), out[:used].copy()


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
