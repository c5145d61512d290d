"""Exact arithmetic on columns of minor units."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_NULL = -(2**63)
_LIMIT = 2**62
_PARTS = 10**9


@kernel
def _times(amount: int, num: int, den: int) -> int:
    """Amount x num / den, half-even, for num x den < 2^62; the caller has checked the range."""
    whole = amount // den
    rest = (amount - whole * den) * num
    quotient = rest // den
    rest -= quotient * den
    result = whole * num + quotient
    if 2 * rest > den or (2 * rest == den and result % 2 != 0):
        result += 1
    return result


@kernel
def scale(amounts: np.ndarray, num: int, den: int, out: np.ndarray) -> bool:
    """Write amount x num / den, half-even, NULL kept; False where a result would leave the range."""
    top = _LIMIT // num * den if num > den else _LIMIT
    for i in range(len(amounts)):
        a = amounts[i]
        if a == _NULL:
            out[i] = _NULL
        elif a > top or a < -top:
            return False
        else:
            out[i] = _times(a, num, den)
    return True


@kernel
def portion(amounts: np.ndarray, parts: np.ndarray, out: np.ndarray) -> None:
    """Write amount x parts / 10^9, half-even; NULL where either is NULL. Parts are 0..2 x 10^9."""
    for i in range(len(amounts)):
        if amounts[i] == _NULL or parts[i] == _NULL:
            out[i] = _NULL
        else:
            out[i] = _times(amounts[i], parts[i], _PARTS)


@kernel
def total(amounts: np.ndarray) -> tuple[int, int]:
    """Sum without NULL as (high, low) with value = high x 2^32 + low: cannot wrap below 2^31 rows."""
    high = 0
    low = 0
    for i in range(len(amounts)):
        a = amounts[i]
        if a != _NULL:
            high += a >> 32
            low += a & 0xFFFFFFFF
    return high, low
