"""Keys of several columns: the first row of each, by an open-addressing table of 64-bit keys."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_M1 = np.uint64(0x9E3779B97F4A7C15)
_S32 = np.uint64(32)


@kernel
def first_of_pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, int]:
    """First row with the same pair (a[i], b[i]), int32 (n,), and how many rows are not the first of theirs.

    Shapes: a, b int32 (n,), any value.
    """
    n = len(a)
    size = 16
    while size < 2 * n:
        size *= 2
    mask = np.uint64(size - 1)
    keys = np.empty(size, np.uint64)
    rows = np.full(size, -1, np.int32)
    first = np.empty(n, np.int32)
    later = 0
    for i in range(n):
        key = (np.uint64(np.uint32(a[i])) << _S32) | np.uint64(np.uint32(b[i]))
        h = (key ^ (key >> np.uint64(29))) * _M1
        s = (h ^ (h >> _S32)) & mask
        while rows[s] >= 0 and keys[s] != key:
            s = (s + np.uint64(1)) & mask
        if rows[s] < 0:
            rows[s] = i
            keys[s] = key
            first[i] = i
        else:
            first[i] = rows[s]
            later += 1
    return first, later


@kernel
def overlaps(first: np.ndarray, start: np.ndarray, end: np.ndarray, order: np.ndarray) -> np.ndarray:
    """For rows sorted by key and start: the row of the same key that still holds when this one starts, or -1.

    Shapes: first int32 (n,), start and end int64 (n,) days (end exclusive), order int64 (m,) the rows to look
    at. Returns int32 (m,).
    """
    clash = np.full(len(order), -1, np.int32)
    until = -1
    for k in range(len(order)):
        row = order[k]
        if k == 0 or first[order[k - 1]] != first[row]:
            until = row
        elif start[row] < end[until]:
            clash[k] = until
        if end[row] > end[until]:
            until = row
    return clash
