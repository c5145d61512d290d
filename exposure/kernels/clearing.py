"""Clearing: payments fall, or rise, until they fit, and only where something changed.

L. Eisenberg and T. Noe, "Systemic risk in financial systems", Management Science 47 (2001): fictitious default;
L. Rogers and L. Veraart, "Failure and rescue in an interbank network", Management Science 59 (2013).
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def fall(
    ptr: np.ndarray, creditor: np.ndarray, part: np.ndarray, cash: np.ndarray, owed: np.ndarray,
    alpha: float, beta: float, tolerance: float, budget: int,
) -> tuple[np.ndarray, np.ndarray, int]:  # fmt: skip
    """Greatest payments, from full ones down: payments float64 (n,), wave of each default (int32, -1 none), steps.

    The creditors of i are ``creditor[ptr[i]:ptr[i + 1]]`` with their ``part`` of what it owes. In each wave those who
    cannot pay in full, given the payments so far, default, and payments are solved for all who have. ``steps`` counts
    payments passed on; -1 where they exceed the budget.
    """
    n = len(owed)
    paid, wave = owed.copy(), np.full(n, -1, np.int32)
    receipts = np.zeros(n, np.float64)
    for i in range(n):
        for k in range(ptr[i], ptr[i + 1]):
            receipts[creditor[k]] += owed[i] * part[k]
    queue, queued = np.empty(n + 1, np.int32), np.zeros(n, np.bool_)
    suspect, suspected = np.arange(n).astype(np.int32), np.ones(n, np.bool_)
    suspects, steps, number = n, 0, 0
    while suspects > 0:
        number += 1
        low, size = 0, 0
        for k in range(suspects):
            i = suspect[k]
            suspected[i] = False
            if wave[i] < 0 and cash[i] + receipts[i] < owed[i] * (1.0 - tolerance):
                wave[i] = number
                queue[size] = i
                queued[i] = True
                size += 1
        suspects = 0
        while size > 0:
            i = queue[low]
            low = low + 1 if low < n else 0
            size -= 1
            queued[i] = False
            less = paid[i] - (alpha * cash[i] + beta * receipts[i])
            if less <= owed[i] * tolerance * 0.01:
                continue
            paid[i] -= less
            for k in range(ptr[i], ptr[i + 1]):
                j = creditor[k]
                receipts[j] = max(receipts[j] - less * part[k], 0.0)
                steps += 1
                if wave[j] >= 0 and not queued[j]:
                    queue[(low + size) % (n + 1)] = j
                    queued[j] = True
                    size += 1
                elif wave[j] < 0 and not suspected[j]:
                    suspected[j] = True
                    suspect[suspects] = j
                    suspects += 1
            if steps > budget:
                return paid, wave, -1
    return paid, wave, steps


@kernel
def rise(
    ptr: np.ndarray, creditor: np.ndarray, part: np.ndarray, cash: np.ndarray, owed: np.ndarray,
    alpha: float, beta: float, tolerance: float, budget: int,
) -> tuple[np.ndarray, int]:  # fmt: skip
    """Least payments, from none up: float64 (n,), and steps as for ``fall``."""
    n = len(owed)
    paid, receipts = np.zeros(n, np.float64), np.zeros(n, np.float64)
    queue, queued = np.arange(n + 1).astype(np.int32), np.ones(n, np.bool_)
    low, size, steps = 0, n, 0
    while size > 0:
        i = queue[low]
        low = low + 1 if low < n else 0
        size -= 1
        queued[i] = False
        able = (
            owed[i]
            if cash[i] + receipts[i] >= owed[i] * (1.0 - tolerance)
            else alpha * cash[i] + beta * receipts[i]
        )
        more = able - paid[i]
        if more <= owed[i] * tolerance * 0.01:
            continue
        paid[i] = able
        for k in range(ptr[i], ptr[i + 1]):
            j = creditor[k]
            receipts[j] += more * part[k]
            steps += 1
            if not queued[j]:
                queue[(low + size) % (n + 1)] = j
                queued[j] = True
                size += 1
        if steps > budget:
            return paid, -1
    return paid, steps
