"""Amounts added up by group and facility."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def add_up(
    ptr: np.ndarray,
    rows: np.ndarray,
    facility: np.ndarray,
    amount: np.ndarray,
    named: np.ndarray,
    sums: np.ndarray,
    size: np.ndarray,
    many: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Facilities of each group's rows (CSR) whose amounts do not add up to 0, or that are named in one of them.

    int32, group by group, as they first come among ``many`` facilities, and int64 what their amounts add up to.
    ``size`` (groups,) gets how many they are and ``sums`` (groups,) what all amounts of the group add up to.
    """
    seen, at = np.full(many, -1, np.int32), np.empty(many, np.int32)
    found, total = np.empty(len(rows), np.int32), np.empty(len(rows), np.int64)
    mark = np.empty(len(rows), np.bool_)
    used = 0
    for g in range(len(ptr) - 1):
        first = end = used
        for k in range(ptr[g], ptr[g + 1]):
            row = rows[k]
            f = facility[row]
            if seen[f] != g:
                seen[f], at[f] = g, end
                found[end], total[end], mark[end] = f, 0, False
                end += 1
            total[at[f]] += amount[row]
            mark[at[f]] |= named[row]
            sums[g] += amount[row]
        for k in range(first, end):
            if total[k] != 0 or mark[k]:
                found[used], total[used] = found[k], total[k]
                used += 1
        size[g] = used - first
    return found[:used].copy(), total[:used].copy()
