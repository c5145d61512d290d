"""Text ids to whole numbers: an open-addressing table with the key in the slot.

A slot is 16 bytes, four to a cache line: an id of up to 11 bytes, its length and its row. A longer id is
represented by a hash and compared byte by byte on a match. The slots of one batch of ids are fetched while
the batch before it is probed, so that the memory accesses overlap.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel
from graph.kernels.csr import counting_sort
from graph.kernels.memory import load64, prefetch

_M1 = np.uint64(0x9E3779B97F4A7C15)
_M2 = np.uint64(0xC2B2AE3D27D4EB4F)
_S29 = np.uint64(29)
_S32 = np.uint64(32)

_SHORT = 11
_LONG = np.uint64(255) << np.uint64(24)
_ROW = np.uint64(32)
_KEY = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_BATCH = 32


@kernel
def _key(data: np.ndarray, start: int, length: int, size: int) -> tuple[np.uint64, np.uint64]:
    """The word and a half that stand for an id; byte 3 of the second is its length, 255 for a long one."""
    a = np.uint64(0)
    b = np.uint64(0)
    if length > _SHORT:
        a = np.uint64(length) * _M1
        b = np.uint64(length) ^ _M2
        for i in range(length):
            byte = np.uint64(data[start + i])
            a = (a ^ byte) * _M1
            a ^= a >> _S29
            b = (b + byte + _ONE) * _M2
            b ^= b >> _S32
        return a, (b & np.uint64(0xFFFFFF)) | _LONG
    if start + 16 > size:
        for i in range(length):
            if i < 8:
                a |= np.uint64(data[start + i]) << np.uint64(8 * i)
            else:
                b |= np.uint64(data[start + i]) << np.uint64(8 * (i - 8))
    elif length < 8:
        a = load64(data, start) & ((_ONE << np.uint64(8 * length)) - _ONE)
    else:
        a = load64(data, start)
        b = load64(data, start + 8) & ((_ONE << np.uint64(8 * (length - 8))) - _ONE)
    return a, b | (np.uint64(length) << np.uint64(24))


@kernel
def _same(
    data: np.ndarray, start: int, length: int, other: np.ndarray, other_start: int, other_length: int
) -> bool:
    """Whether two ids are the same bytes."""
    if length != other_length:
        return False
    for i in range(length):
        if data[start + i] != other[other_start + i]:
            return False
    return True


@kernel
def _fetch(data: np.ndarray, offsets: np.ndarray, low: int, table: np.ndarray, keys: np.ndarray) -> None:
    """Write key and slot of each id of the batch from ``low`` into ``keys`` (uint64 (batch, 3)); fetch the slots."""
    wrap = np.uint64(len(table) - 1)
    start = int(offsets[low])
    for i in range(low, min(low + len(keys), len(offsets) - 1)):
        end = int(offsets[i + 1])
        a, b = _key(data, start, end - start, len(data))
        start = end
        h = (a ^ (b * _M2)) * _M1
        slot = ((h ^ (h >> _S32)) << _ONE) & wrap
        keys[i - low, 0] = a
        keys[i - low, 1] = b
        keys[i - low, 2] = slot
        prefetch(table, np.int64(slot))


@kernel
def build(data: np.ndarray, offsets: np.ndarray, first: np.ndarray, table: np.ndarray) -> None:
    """Enter the ids ``data[offsets[i]:offsets[i + 1]]``; ``first[i]`` becomes the first row of the same id.

    Shapes: data uint8 (bytes,), offsets int32 (n + 1,), first int32 (n,), table uint64 (2 slots,), zeros, its
    length a power of two. A slot holds eight bytes of the key; the rest of it, its length and row + 1.
    """
    wrap = np.uint64(len(table) - 1)
    n = len(offsets) - 1
    batches = np.empty((2, _BATCH, 3), np.uint64)
    for ahead in range(0, n + _BATCH, _BATCH):
        turn = ahead // _BATCH % 2
        if ahead < n:
            _fetch(data, offsets, ahead, table, batches[turn])
        low = ahead - _BATCH
        keys = batches[1 - turn]
        for i in range(max(low, 0), min(ahead, n)):
            a, b, s = keys[i - low, 0], keys[i - low, 1], keys[i - low, 2]
            while True:
                word = table[s + _ONE]
                if word == 0:
                    table[s] = a
                    table[s + _ONE] = b | (np.uint64(i + 1) << _ROW)
                    first[i] = i
                    break
                if table[s] == a and (word & _KEY) == b:
                    j = np.int64(word >> _ROW) - 1
                    start, length = offsets[i], offsets[i + 1] - offsets[i]
                    if length <= _SHORT or _same(
                        data, start, length, data, offsets[j], offsets[j + 1] - offsets[j]
                    ):
                        first[i] = j
                        break
                s = (s + _TWO) & wrap


@kernel
def look_up(
    table: np.ndarray,
    held_data: np.ndarray,
    held_offsets: np.ndarray,
    data: np.ndarray,
    offsets: np.ndarray,
    valid: np.ndarray,
    out: np.ndarray,
) -> None:
    """Row of each id in the table, -2 where it is not there, -1 where ``valid`` (uint8, or empty) is 0."""
    wrap = np.uint64(len(table) - 1)
    n = len(offsets) - 1
    batches = np.empty((2, _BATCH, 3), np.uint64)
    for ahead in range(0, n + _BATCH, _BATCH):
        turn = ahead // _BATCH % 2
        if ahead < n:
            _fetch(data, offsets, ahead, table, batches[turn])
        low = ahead - _BATCH
        keys = batches[1 - turn]
        for i in range(max(low, 0), min(ahead, n)):
            if len(valid) > 0 and valid[i] == 0:
                out[i] = -1
                continue
            a, b, s = keys[i - low, 0], keys[i - low, 1], keys[i - low, 2]
            found = np.int64(-2)
            while True:
                word = table[s + _ONE]
                if word == 0:
                    break
                if table[s] == a and (word & _KEY) == b:
                    j = np.int64(word >> _ROW) - 1
                    start, length = offsets[i], offsets[i + 1] - offsets[i]
                    if length <= _SHORT or _same(
                        data, start, length, held_data, held_offsets[j], held_offsets[j + 1] - held_offsets[j]
                    ):
                        found = j
                        break
                s = (s + _TWO) & wrap
            out[i] = found


@kernel
def ranks(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Place of each text among the different ones in the order of code points: int32; UTF-8 bytes and offsets.

    Radix sort from the last byte to the first; a text takes part from its own last byte on, before the longer ones
    that it begins, so that all costs as much as there are bytes.
    """
    n = len(offsets) - 1
    long = np.empty(n, np.int32)
    for i in range(n):
        long[i] = offsets[i + 1] - offsets[i]
    longest = long.max() if n else 0
    ptr, order = counting_sort(long, longest + 1)
    moved = np.empty(n, np.int32)
    byte = np.empty(n, np.uint8)
    count = np.empty(257, np.int64)
    for place in range(longest - 1, -1, -1):
        low = ptr[place + 1]
        count[:] = 0
        if n - low > n // 8:  # one after the other, as they lie in memory
            for i in range(n):
                if long[i] > place:
                    byte[i] = data[offsets[i] + place]
                    count[byte[i] + 1] += 1
        else:
            for i in order[low:]:
                byte[i] = data[offsets[i] + place]
                count[byte[i] + 1] += 1
        if count[byte[order[low]] + 1] == n - low:
            continue
        for k in range(256):
            count[k + 1] += count[k]
        for i in order[low:]:
            moved[low + count[byte[i]]] = i
            count[byte[i]] += 1
        order[low:] = moved[low:]
    rank, last = moved, -1
    for j in range(n):
        if j + _BATCH < n:
            prefetch(data, offsets[order[j + _BATCH]])
        a, b = order[j], order[max(j - 1, 0)]
        same = j > 0 and long[a] == long[b]
        k = 0
        while same and k < long[a]:
            same = data[offsets[a] + k] == data[offsets[b] + k]
            k += 1
        last += not same
        rank[a] = last
    return rank
