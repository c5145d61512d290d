"""Text ids to whole numbers: an open-addressing table with the key in the slot.

A key of up to 15 bytes is packed with its length into two 64-bit words, so that a look-up touches one slot
and no text; a longer one is represented by two hashes and compared byte by byte on a match.
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


@intrinsic  # type: ignore[untyped-decorator]  # numba has no stubs
def _load64(typingctx, array, offset):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    """Read eight bytes at an offset of a uint8 array as one little-endian word."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        view = make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.gep(view.data, [args[1]])
        word = builder.bitcast(pointer, context.get_value_type(types.uint64).as_pointer())
        return builder.load(word, align=1)

    return types.uint64(array, types.int64), codegen


@kernel
def _short(data: np.ndarray, start: int, length: int, size: int) -> tuple[np.uint64, np.uint64]:
    """Pack up to 15 bytes and their count into two words."""
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
    return a, b | (np.uint64(length) << np.uint64(56))


@kernel
def _key(data: np.ndarray, start: int, length: int, size: int) -> tuple[np.uint64, np.uint64]:
    """The two words that stand for an id; the top byte of the second is 255 for a long one."""
    if length <= 15:
        return _short(data, start, length, size)
    a = np.uint64(length) * _M1
    b = np.uint64(length) ^ _M2
    for i in range(length):
        byte = np.uint64(data[start + i])
        a = (a ^ byte) * _M1
        a ^= a >> _S29
        b = (b + byte + np.uint64(1)) * _M2
        b ^= b >> _S32
    return a, b | (np.uint64(255) << np.uint64(56))


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
def build(data: np.ndarray, offsets: np.ndarray, first: np.ndarray, mask: int) -> np.ndarray:
    """Table of the ids ``data[offsets[i]:offsets[i + 1]]``; ``first[i]`` becomes the first row of the same id.

    Shapes: data uint8 (bytes,), offsets int32 (n + 1,), first int32 (n,). Returns the table uint64
    (mask + 1, 3): two key words and row + 1.
    """
    table = np.zeros((mask + 1, 3), np.uint64)
    wrap = np.uint64(mask)
    for i in range(len(offsets) - 1):
        start = offsets[i]
        length = offsets[i + 1] - start
        a, b = _key(data, start, length, len(data))
        s = _slot(a, b, wrap)
        while True:
            held = table[s, 2]
            if held == 0:
                table[s, 0] = a
                table[s, 1] = b
                table[s, 2] = np.uint64(i + 1)
                first[i] = i
                break
            if table[s, 0] == a and table[s, 1] == b:
                j = np.int64(held) - 1
                if length <= 15 or _same(
                    data, start, length, data, offsets[j], offsets[j + 1] - offsets[j]
                ):
                    first[i] = j
                    break
            s = (s + np.uint64(1)) & wrap
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
    wrap = np.uint64(len(table) - 1)
    n = len(offsets) - 1
    for i in range(n):
        if len(valid) > 0 and valid[i] == 0:
            out[i] = -1
            continue
        start = offsets[i]
        length = offsets[i + 1] - start
        a, b = _key(data, start, length, len(data))
        s = _slot(a, b, wrap)
        out[i] = -2
        while True:
            held = table[s, 2]
            if held == 0:
                break
            if table[s, 0] == a and table[s, 1] == b:
                j = np.int64(held) - 1
                if length <= 15 or _same(
                    data, start, length, held_data, held_offsets[j], held_offsets[j + 1] - held_offsets[j]
                ):
                    out[i] = j
                    break
            s = (s + np.uint64(1)) & wrap
