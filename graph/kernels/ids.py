"""Text ids to whole numbers: an open-addressing table with the key in the slot.

A slot is 16 bytes, four to a cache line: an id of up to 11 bytes, its length and its row. A longer id is
represented by a hash and compared byte by byte on a match. Slots are read in batches, so that the memory
accesses of one batch overlap.
"""

from __future__ import annotations

import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from graph.kernels import kernel

_M1 = np.uint64(0x9E3779B97F4A7C15)
_M2 = np.uint64(0xC2B2AE3D27D4EB4F)
_S29 = np.uint64(29)
_S32 = np.uint64(32)


@intrinsic
def _load64(typingctx, array, offset):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    """Read eight bytes at an offset of a uint8 array as one little-endian word."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        view = make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.gep(view.data, [args[1]])
        word = builder.bitcast(pointer, context.get_value_type(types.uint64).as_pointer())
        return builder.load(word, align=1)

    return types.uint64(array, types.int64), codegen


_SHORT = 11
_LONG = np.uint64(255) << np.uint64(24)
_ROW = np.uint64(32)
_KEY = np.uint64(0xFFFFFFFF)
_BATCH = 16


@kernel
def _short(data: np.ndarray, start: int, length: int, size: int) -> tuple[np.uint64, np.uint64]:
    """Up to 11 bytes and their count as a word and a half."""
    a = np.uint64(0)
    b = np.uint64(0)
    if start + 16 <= size:
        a = _load64(data, start)
        b = _load64(data, start + 8)
        if length < 8:
            a &= (np.uint64(1) << np.uint64(8 * length)) - np.uint64(1)
            b = np.uint64(0)
        else:
            b &= (np.uint64(1) << np.uint64(8 * (length - 8))) - np.uint64(1)
    else:
        for i in range(length):
            if i < 8:
                a |= np.uint64(data[start + i]) << np.uint64(8 * i)
            else:
                b |= np.uint64(data[start + i]) << np.uint64(8 * (i - 8))
    return a, b | (np.uint64(length) << np.uint64(24))


@kernel
def _key(data: np.ndarray, start: int, length: int, size: int) -> tuple[np.uint64, np.uint64]:
    """The word and a half that stand for an id; byte 3 of the second is 255 for a long one."""
    if length <= _SHORT:
        return _short(data, start, length, size)
    a = np.uint64(length) * _M1
    b = np.uint64(length) ^ _M2
    for i in range(length):
        byte = np.uint64(data[start + i])
        a = (a ^ byte) * _M1
        a ^= a >> _S29
        b = (b + byte + np.uint64(1)) * _M2
        b ^= b >> _S32
    return a, (b & np.uint64(0xFFFFFF)) | _LONG


@kernel
def _slot(a: np.uint64, b: np.uint64, mask: np.uint64) -> np.uint64:
    """First slot of a key."""
    h = (a ^ (b * _M2)) * _M1
    return (h ^ (h >> _S32)) & mask


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
def _keys(
    data: np.ndarray,
    offsets: np.ndarray,
    low: int,
    count: int,
    table: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    s: np.ndarray,
) -> np.uint64:
    """Keys and first slots of a batch; reads the slots, so that they are near when they are probed."""
    wrap = np.uint64(len(table) - 1)
    for k in range(count):
        start = offsets[low + k]
        a[k], b[k] = _key(data, start, offsets[low + k + 1] - start, len(data))
        s[k] = _slot(a[k], b[k], wrap)
    seen = np.uint64(0)
    for k in range(count):
        seen |= table[s[k], 1]
    return seen


@kernel
def _find(
    table: np.ndarray,
    a: np.uint64,
    b: np.uint64,
    s: np.uint64,
    data: np.ndarray,
    start: int,
    length: int,
    held_data: np.ndarray,
    held_offsets: np.ndarray,
) -> tuple[int, np.uint64]:
    """Row of an id and its slot; -1 and the free slot where it is not in the table."""
    wrap = np.uint64(len(table) - 1)
    while True:
        word = table[s, 1]
        if word == 0:
            return -1, s
        if table[s, 0] == a and (word & _KEY) == b:
            j = np.int64(word >> _ROW) - 1
            if length <= _SHORT or _same(
                data, start, length, held_data, held_offsets[j], held_offsets[j + 1] - held_offsets[j]
            ):
                return j, s
        s = (s + np.uint64(1)) & wrap


@kernel
def build(data: np.ndarray, offsets: np.ndarray, first: np.ndarray, mask: int) -> np.ndarray:
    """Table of the ids ``data[offsets[i]:offsets[i + 1]]``; ``first[i]`` becomes the first row of the same id.

    Shapes: data uint8 (bytes,), offsets int32 (n + 1,), first int32 (n,). Returns the table uint64
    (mask + 1, 2): eight bytes of the key; the rest of it, its length and row + 1.
    """
    table = np.zeros((mask + 1, 2), np.uint64)
    a, b, s = np.empty(_BATCH, np.uint64), np.empty(_BATCH, np.uint64), np.empty(_BATCH, np.uint64)
    n = len(offsets) - 1
    for low in range(0, n, _BATCH):
        count = min(_BATCH, n - low)
        _keys(data, offsets, low, count, table, a, b, s)
        for k in range(count):
            i = low + k
            start = offsets[i]
            j, slot = _find(table, a[k], b[k], s[k], data, start, offsets[i + 1] - start, data, offsets)
            if j < 0:
                table[slot, 0] = a[k]
                table[slot, 1] = b[k] | (np.uint64(i + 1) << _ROW)
                j = i
            first[i] = j
    return table


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
    a, b, s = np.empty(_BATCH, np.uint64), np.empty(_BATCH, np.uint64), np.empty(_BATCH, np.uint64)
    n = len(offsets) - 1
    for low in range(0, n, _BATCH):
        count = min(_BATCH, n - low)
        _keys(data, offsets, low, count, table, a, b, s)
        for k in range(count):
            i = low + k
            if len(valid) > 0 and valid[i] == 0:
                out[i] = -1
                continue
            start = offsets[i]
            j, _ = _find(
                table, a[k], b[k], s[k], data, start, offsets[i + 1] - start, held_data, held_offsets
            )
            out[i] = j if j >= 0 else -2
