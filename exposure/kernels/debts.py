"""Debts: the facilities of one obligor that the same guarantees stand behind, as one debt with its lenders."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def _mixed(number: int) -> int:
    """A number well mixed (SplitMix64 of G. Steele, D. Lea and C. Flood, 2014)."""
    z = np.uint64(number) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def numbered(
    owed_ptr: np.ndarray, owed: np.ndarray, pair_ptr: np.ndarray, guarantee: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Debt of each facility (int32, -1 none), debts of each party as a pointer (int64), first facility of each debt.

    Party p owes ``owed[owed_ptr[p]:owed_ptr[p + 1]]``; the guarantees of facility f are
    ``guarantee[pair_ptr[f]:pair_ptr[f + 1]]`` in ascending order. Sets are told apart by 64 mixed bits and their size.
    """
    n, m = len(owed_ptr) - 1, len(pair_ptr) - 1
    debt = np.full(m, -1, np.int32)
    ptr, lead = np.zeros(n + 1, np.int64), np.empty(len(owed), np.int32)
    most = 1
    for p in range(n):
        most = max(most, owed_ptr[p + 1] - owed_ptr[p])
    size = 1
    while size < 2 * most:
        size *= 2
    slot, key, whose = np.empty(size, np.int32), np.empty(size, np.uint64), np.full(size, -1, np.int64)
    count = 0
    for p in range(n):
        room = 1
        while room < 2 * (owed_ptr[p + 1] - owed_ptr[p]):
            room *= 2
        for k in range(owed_ptr[p], owed_ptr[p + 1]):
            f = owed[k]
            code = np.uint64(pair_ptr[f + 1] - pair_ptr[f])
            for i in range(pair_ptr[f], pair_ptr[f + 1]):
                code += _mixed(guarantee[i])
            at = np.int64(code & np.uint64(room - 1))
            while whose[at] == p and key[at] != code:
                at = (at + 1) & (room - 1)
            if whose[at] != p:
                whose[at], key[at], slot[at] = p, code, count
                lead[count] = f
                count += 1
            debt[f] = slot[at]
        ptr[p + 1] = count
    return debt, ptr, lead[:count].copy()


@kernel
def lenders(
    ptr: np.ndarray, facility: np.ndarray, lender: np.ndarray, owing: np.ndarray, lgd: np.ndarray, many: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Who lent a debt: its lenders as CSR, what each lent (float64), and that times its loss given default.

    The facilities of debt d are ``facility[ptr[d]:ptr[d + 1]]``; lender int32, owing and lgd float64 by facility.
    """
    out = np.zeros(len(ptr), np.int64)
    who = np.empty(len(facility), np.int32)
    lent, lost = np.zeros(len(facility), np.float64), np.zeros(len(facility), np.float64)
    place, seen = np.zeros(many, np.int64), np.full(many, -1, np.int64)
    used = 0
    for d in range(len(ptr) - 1):
        for k in range(ptr[d], ptr[d + 1]):
            f = facility[k]
            b = lender[f]
            if seen[b] != d:
                seen[b], place[b], who[used] = d, used, b
                used += 1
            lent[place[b]] += owing[f]
            lost[place[b]] += owing[f] * lgd[f]
        out[d + 1] = used
    return out, who[:used].copy(), lent[:used].copy(), lost[:used].copy()
