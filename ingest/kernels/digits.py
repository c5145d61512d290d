"""Check digits of identifiers, over whole columns of text."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_LEI = 20
_USCC = 18


@kernel
def lei_doubtful(data: np.ndarray, offsets: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Whether each text is no LEI in capitals: ISO 7064 mod 97-10 over 20 letters and digits. bool (n,)."""
    n = len(offsets) - 1
    doubtful = np.ones(n, np.bool_)
    for i in range(n):
        if len(valid) > 0 and valid[i] == 0:
            doubtful[i] = False
            continue
        if offsets[i + 1] - offsets[i] != _LEI:
            continue
        rest = 0
        for k in range(offsets[i], offsets[i + 1]):
            c = int(data[k])
            if 48 <= c <= 57:
                rest = (rest * 10 + c - 48) % 97
            elif 65 <= c <= 90:
                rest = (rest * 100 + c - 55) % 97
            else:
                rest = -1
                break
        doubtful[i] = rest != 1
    return doubtful


@kernel
def uscc_doubtful(data: np.ndarray, offsets: np.ndarray, valid: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Whether each text is no unified social credit code (GB 32100: mod 31-3 over 18 characters). bool (n,).

    ``values`` int64 (256,) is what each character counts, -1 for those that no code has.
    """
    n = len(offsets) - 1
    doubtful = np.ones(n, np.bool_)
    for i in range(n):
        if len(valid) > 0 and valid[i] == 0:
            doubtful[i] = False
            continue
        start = offsets[i]
        if offsets[i + 1] - start != _USCC:
            continue
        total = 0
        weight = 1
        good = True
        for k in range(_USCC):
            v = values[data[start + k]]
            if v < 0 or (2 <= k < 8 and v > 9):
                good = False
                break
            if k < _USCC - 1:
                total += v * weight
                weight = weight * 3 % 31
            else:
                good = v == (31 - total % 31) % 31
        doubtful[i] = not good
    return doubtful
