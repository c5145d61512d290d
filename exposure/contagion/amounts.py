"""Amounts of models: float64 minor units, NaN where the book does not know them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.money import NULL

Float64 = npt.NDArray[np.float64]


def known(amounts: npt.NDArray[np.signedinteger]) -> Float64:
    """Whole units as floats, NaN for NULL.

    >>> known(np.array([150, NULL])).tolist()
    [150.0, nan]
    """
    return np.where(amounts == NULL, np.nan, amounts.astype(np.float64))


def added(key: npt.NDArray[np.signedinteger], amount: Float64, many: int) -> Float64:
    """Sums of amounts by key (0..many-1): float64 (many,).

    >>> added(np.array([1, 1]), np.array([2.0, 3.0]), 3).tolist()
    [0.0, 5.0, 0.0]
    """
    return np.asarray(np.bincount(key, amount, many), np.float64)
