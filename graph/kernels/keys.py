"""Fingerprints of rows, and an open-addressing table over them.

A fingerprint is two 64-bit words mixed under multipliers that the process draws for itself, so that nobody
can prepare two rows with one fingerprint.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_S29 = np.uint64(29)
_S32 = np.uint64(32)
_ONE = np.uint64(1)


@kernel
def texts(
    data: np.ndarray, offsets: np.ndarray, valid: np.ndarray, secret: np.ndarray, out: np.ndarray
) -> None:
    """Fingerprint of each text ``data[offsets[i]:offsets[i + 1]]``; zeros where it is null.

    Shapes: valid uint8 (n,) or empty (= all), secret uint64 (4,) with odd multipliers in the first two,
    out uint64 (n, 2).
    """
    m, k = secret[0], secret[1]
    for i in range(len(offsets) - 1):
        if len(valid) > 0 and valid[i] == 0:
            out[i, 0] = np.uint64(0)
            out[i, 1] = np.uint64(0)
            continue
        start, end = offsets[i], offsets[i + 1]
        a = (secret[2] ^ np.uint64(end - start)) * m
        b = (secret[3] + np.uint64(end - start)) * k
        for j in range(start, end):
            byte = np.uint64(data[j]) + _ONE
            a = (a ^ byte) * m
            a ^= a >> _S29
            b = (b + byte) * k
            b ^= b >> _S32
        out[i, 0] = a | _ONE
        out[i, 1] = b


@kernel
def numbers(values: np.ndarray, valid: np.ndarray, secret: np.ndarray, out: np.ndarray) -> None:
    """Fingerprint of each int64; zeros where it is null. Shapes as in ``texts``."""
    m, k = secret[0], secret[1]
    for i in range(len(values)):
        if len(valid) > 0 and valid[i] == 0:
            out[i, 0] = np.uint64(0)
            out[i, 1] = np.uint64(0)
            continue
        x = np.uint64(values[i])
        a = (secret[2] ^ x) * m
        a ^= a >> _S32
        a = (a ^ (x >> _S29)) * m
        a ^= a >> _S29
        b = (secret[3] + x) * k
        b ^= b >> _S29
        b = (b + (x >> _S32)) * k
        b ^= b >> _S32
        out[i, 0] = a | _ONE
        out[i, 1] = b


@kernel
def combine(state: np.ndarray, value: np.ndarray, place: int, secret: np.ndarray) -> None:
    """Mix one column's fingerprints into those of the rows; a null cell (zeros) leaves them as they are."""
    m, k = secret[0], secret[1]
    p = np.uint64(place + 1)
    for i in range(len(state)):
        if value[i, 0] == 0:
            continue
        a = ((state[i, 0] ^ value[i, 0]) + p) * m
        a ^= a >> _S32
        b = ((state[i, 1] + value[i, 1]) ^ p) * k
        b ^= b >> _S29
        state[i, 0] = a * k
        state[i, 1] = b * m


@kernel
def build(prints: np.ndarray, mask: int, first: np.ndarray) -> np.ndarray:
    """Slots (int32, row + 1) of the fingerprints; ``first[i]`` becomes the first row that equals row i."""
    slots = np.zeros(mask + 1, np.int32)
    wrap = np.uint64(mask)
    for i in range(len(prints)):
        s = (prints[i, 0] ^ (prints[i, 1] >> _S32)) & wrap
        while True:
            held = np.int64(slots[s])
            if held == 0:
                slots[s] = i + 1
                first[i] = i
                break
            if prints[held - 1, 0] == prints[i, 0] and prints[held - 1, 1] == prints[i, 1]:
                first[i] = held - 1
                break
            s = (s + _ONE) & wrap
    return slots


@kernel
def look_up(slots: np.ndarray, held: np.ndarray, prints: np.ndarray, out: np.ndarray) -> None:
    """First row among ``held`` of each fingerprint (int32), -1 where there is none."""
    wrap = np.uint64(len(slots) - 1)
    for i in range(len(prints)):
        s = (prints[i, 0] ^ (prints[i, 1] >> _S32)) & wrap
        out[i] = -1
        while slots[s] != 0:
            j = np.int64(slots[s]) - 1
            if held[j, 0] == prints[i, 0] and held[j, 1] == prints[i, 1]:
                out[i] = j
                break
            s = (s + _ONE) & wrap


@kernel
def occurrences(first: np.ndarray, out: np.ndarray) -> int:
    """How many equal rows stand before each row (int32); returns the largest such number."""
    seen = np.zeros(len(first), np.int32)
    most = 0
    for i in range(len(first)):
        out[i] = seen[first[i]]
        seen[first[i]] += 1
        most += out[i] > most  # such numbers grow by one at a time
    return most
