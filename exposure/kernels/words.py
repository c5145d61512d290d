"""Amounts as sentences show them, a whole column at once."""

from __future__ import annotations

import numpy as np

from exposure.kernels.split import before
from graph.kernels import kernel


@kernel
def amounts(units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minor units as text with two places and a comma every three digits: offsets int32, bytes uint8.

    >>> ends, text = amounts(np.array([123456789, -5]))
    >>> text.tobytes(), ends.tolist()
    (b'1,234,567.89-0.05', [0, 12, 17])
    """
    ends = np.zeros(len(units) + 1, np.int32)
    text = np.empty(32 * len(units), np.uint8)
    digits = np.empty(32, np.uint8)
    used = 0
    for i in range(len(units)):
        left = abs(units[i])
        k = 0
        while left > 0 or k < 3:
            if k == 2:
                digits[k] = 46
                k += 1
            elif k > 3 and (k - 3) % 4 == 3:
                digits[k] = 44
                k += 1
            digits[k] = 48 + left % 10
            left //= 10
            k += 1
        if units[i] < 0:
            text[used] = 45
            used += 1
        for j in range(k - 1, -1, -1):
            text[used] = digits[j]
            used += 1
        ends[i + 1] = used
    return ends, text[:used].copy()


@kernel
def _earlier(rank: np.ndarray, text: np.ndarray, ends: np.ndarray, i: int, j: int) -> bool:
    """Whether entry i comes before entry j: by rank, or by text where there are no ranks."""
    return rank[i] < rank[j] if len(rank) else before(text, ends, i, j)


@kernel
def in_order(ptr: np.ndarray, rank: np.ndarray, text: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Places of the entries of each list (CSR) in order: int64, equal ones in any order.

    By ``rank`` int32, or where that is empty in the order of code points of ``text[ends[i]:ends[i + 1]]``.
    """
    order = np.arange(ptr[len(ptr) - 1])
    for i in range(len(ptr) - 1):
        low, high = ptr[i], ptr[i + 1]
        gap = 1
        while gap < (high - low) // 3:
            gap = 3 * gap + 1
        while gap > 0:
            for k in range(low + gap, high):
                held = order[k]
                j = k
                while j >= low + gap and _earlier(rank, text, ends, held, order[j - gap]):
                    order[j] = order[j - gap]
                    j -= gap
                order[j] = held
            gap //= 3
    return order
