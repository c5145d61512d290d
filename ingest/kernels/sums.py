"""Exact sums by code."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def by_code(amounts: np.ndarray, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the amounts of each code as (high, low) with value = high x 2^32 + low.

    Shapes: amounts int64 (n,), codes int32 (n,) in -1..k-1; returns two int64 (k + 1,), -1 counting in the last.
    Cannot wrap below 2^31 rows.
    """
    high = np.zeros(k + 1, np.int64)
    low = np.zeros(k + 1, np.int64)
    for i in range(len(amounts)):
        c = codes[i]
        high[c] += amounts[i] >> 32
        low[c] += amounts[i] & 0xFFFFFFFF
    return high, low
