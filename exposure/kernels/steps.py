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
) -> tuple[np.ndarray, np.ndarray]:
    """Facilities of each group's rows (CSR) whose amounts do not add up to 0, or that are named in one of them.

    The rows of a facility stand together in a group. Facilities int32, as they come, and int64 what each adds up to.
    ``size`` (groups,) gets how many they are and ``sums`` (groups,) what all amounts of the group add up to.
    """
    found, total = np.empty(len(rows), np.int32), np.empty(len(rows), np.int64)
    used = 0
    for g in range(len(ptr) - 1):
        first = used
        k = ptr[g]
        while k < ptr[g + 1]:
            f, mark = facility[rows[k]], False
            found[used], total[used] = f, 0
            while k < ptr[g + 1] and facility[rows[k]] == f:
                total[used] += amount[rows[k]]
                mark |= named[rows[k]]
                k += 1
            sums[g] += total[used]
            used += mark or total[used] != 0
        size[g] = used - first
    return found[:used].copy(), total[:used].copy()
