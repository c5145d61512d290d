"""Pairs that are worth a run of their own: those that meet, and those that add up to more than a line."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def adding(party: np.ndarray, loss: np.ndarray, line: float, most: int) -> tuple[np.ndarray, bool]:
    """Pairs of parties (int32, by falling loss) that lose more than the line in all: int32 (pairs, 2), all of them."""
    out = np.empty((most, 2), np.int32)
    used = 0
    for i in range(len(party)):
        if i + 1 >= len(party) or loss[i] + loss[i + 1] <= line:
            return out[:used].copy(), True
        for j in range(i + 1, len(party)):
            if loss[i] + loss[j] <= line:
                break
            if used == most:
                return out[:used].copy(), False
            out[used, 0], out[used, 1] = party[i], party[j]
            used += 1
    return out[:used].copy(), True


@kernel
def meeting(
    ptr: np.ndarray, seed: np.ndarray, loss: np.ndarray, line: np.ndarray, most: int
) -> tuple[np.ndarray, bool]:
    """Pairs of seeds that cost one party as much as it can bear (float64 by party): int32 (pairs, 2), all of them.

    Those that cost party q something are ``seed[ptr[q]:ptr[q + 1]]`` with ``loss``, the largest first, inf = it fails.
    A pair may stand there several times.
    """
    out = np.empty((most, 2), np.int32)
    used = 0
    for q in range(len(ptr) - 1):
        for i in range(ptr[q], ptr[q + 1]):
            for j in range(i + 1, ptr[q + 1]):
                if loss[i] + loss[j] < line[q]:
                    break
                if used == most:
                    return out[:used].copy(), False
                out[used, 0], out[used, 1] = seed[i], seed[j]
                used += 1
    return out[:used].copy(), True
