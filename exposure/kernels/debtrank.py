"""Distress passed from debtors to creditors, by rounds, only from those whose distress grew in the last one.

S. Battiston et al., "DebtRank: too central to fail?", Scientific Reports 2 (2012): a party passes on once; M. Bardoscia
et al., "DebtRank: a microscopic foundation for shock propagation", PLoS ONE 10 (2015): it passes on every increment.
"""

from __future__ import annotations

import numpy as np

from exposure.kernels.cascade import CLAIM, Log, note
from graph.kernels import kernel


@kernel
def distress(
    ptr: np.ndarray, creditor: np.ndarray, amount: np.ndarray, weight: np.ndarray, first: np.ndarray, once: bool,
    tolerance: float, budget: int, log: Log,
) -> tuple[np.ndarray, np.ndarray, int, int, int]:  # fmt: skip
    """Distress h of each party (float64, 0..1) and round in which it reached 1 (int32, -1 never).

    The creditors of i are ``creditor[ptr[i]:ptr[i + 1]]``; each loses ``amount`` (float64), which is ``weight`` of its
    equity, times what i passes on: with ``once`` its distress in the round after it was first hit, else every increment
    above the tolerance. ``first`` float64 is the distress at the outset. Further: rounds, steps (-1 = beyond the
    budget), edges noted.
    """
    n = len(first)
    h, failed = first.copy(), np.where(first >= 1.0, 0, -1).astype(np.int32)
    given, gain = np.zeros(n, np.float64), np.zeros(n, np.float64)
    passed = np.zeros(n, np.bool_)
    frontier, hit, marked = np.empty(n, np.int32), np.empty(n, np.int32), np.zeros(n, np.bool_)
    size = 0
    for i in range(n):
        if first[i] > 0.0:
            frontier[size] = i
            given[i] = first[i]
            size += 1
    rounds, steps, noted = 0, 0, 0
    while size > 0:
        rounds += 1
        hits = 0
        for k in range(size):
            i = frontier[k]
            passed[i] = True
            for e in range(ptr[i], ptr[i + 1]):
                j = creditor[e]
                steps += 1
                gain[j] += weight[e] * given[i]
                if len(log.amount) > 0:
                    noted = note(log, noted, rounds, i, j, CLAIM, amount[e] * given[i])
                if not marked[j]:
                    marked[j] = True
                    hit[hits] = j
                    hits += 1
        size = 0
        for k in range(hits):
            j = hit[k]
            marked[j] = False
            before = h[j]
            h[j] = min(1.0, before + gain[j])
            gain[j] = 0.0
            if h[j] >= 1.0 and failed[j] < 0:
                failed[j] = rounds
            given[j] = h[j] if once else h[j] - before
            if given[j] > tolerance and not (once and passed[j]):
                frontier[size] = j
                size += 1
        if steps > budget:
            return h, failed, rounds, -1, noted
    return h, failed, rounds, steps, noted
