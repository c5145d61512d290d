"""Closure: everything that steps lead to from a few starts."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def closure(ptr: np.ndarray, target: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The nodes that ``start`` leads to, itself included, each once as they are met: int64.

    Node p leads to ``target[ptr[p]:ptr[p + 1]]``.
    """
    n = len(ptr) - 1
    seen, out = np.zeros(n, np.bool_), np.empty(n, np.int64)
    many = at = 0
    for p in start:
        if not seen[p]:
            seen[p] = True
            out[many] = p
            many += 1
    while at < many:
        p = out[at]
        at += 1
        for i in range(ptr[p], ptr[p + 1]):
            q = target[i]
            if not seen[q]:
                seen[q] = True
                out[many] = q
                many += 1
    return out[:many].copy()
