"""Closure: everything that steps lead to from a few starts."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def closure(ptr: np.ndarray, target: np.ndarray, start: np.ndarray, seen: np.ndarray, out: np.ndarray) -> int:
    """Number of nodes reached from ``start`` (int64), which are written to ``out`` (int64 (n,)) as they are met.

    Node p leads to ``target[ptr[p]:ptr[p + 1]]`` (int32). ``seen`` bool (n,) marks those that are met: false at first.
    """
    many = 0
    for p in start:
        if not seen[p]:
            seen[p] = True
            out[many] = p
            many += 1
    at = 0
    while at < many:
        p = out[at]
        at += 1
        for i in range(ptr[p], ptr[p + 1]):
            q = target[i]
            if not seen[q]:
                seen[q] = True
                out[many] = q
                many += 1
    return many
