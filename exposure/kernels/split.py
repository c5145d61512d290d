"""Exact splits of an amount in proportion to weights, by largest remainder, ties by id."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_SURE = 2.0**50


@kernel
def times(a: int, b: int, c: int) -> tuple[int, int]:
    """Quotient and remainder of a x b / c, exactly, for 0 <= a, b and 0 < c < 2^61 with a quotient in range.

    The double nearest to a quotient below 2^50 is off by less than 3, so that 64 bits of a x b - q x c tell
    the rest; a longer quotient is worked out bit by bit.
    """
    near = float(a) * float(b) / float(c)
    if near < _SURE:
        q = np.int64(near)
        r = a * b - q * c
        while r < 0:
            r += c
            q -= 1
        while r >= c:
            r -= c
            q += 1
        return q, r
    whole = b // c
    rest = b - whole * c
    q = np.int64(0)
    r = np.int64(0)
    for bit in range(62, -1, -1):
        q *= 2
        r *= 2
        if r >= c:
            r -= c
            q += 1
        if (a >> bit) & 1:
            q += whole
            r += rest
            if r >= c:
                r -= c
                q += 1
    return q, r


@kernel
def before(text: np.ndarray, ends: np.ndarray, i: int, j: int) -> bool:
    """Whether id i comes before id j in the order of code points; ids as UTF-8 bytes and offsets."""
    a, b = ends[i], ends[j]
    while a < ends[i + 1] and b < ends[j + 1]:
        if text[a] != text[b]:
            return text[a] < text[b]
        a += 1
        b += 1
    return ends[i + 1] - a < ends[j + 1] - b


@kernel
def _ahead(rest: np.ndarray, name: np.ndarray, text: np.ndarray, ends: np.ndarray, i: int, j: int) -> bool:
    """Whether place i gets a unit that is left before place j does."""
    if rest[i] != rest[j]:
        return rest[i] > rest[j]
    return before(text, ends, name[i], name[j])


@kernel
def hand_out(
    units: int,
    rest: np.ndarray,
    name: np.ndarray,
    many: int,
    text: np.ndarray,
    ends: np.ndarray,
    heap: np.ndarray,
    out: np.ndarray,
) -> None:
    """Give one unit more to each of the ``units`` places with the largest rest, ties to the smaller id.

    ``rest``, ``name`` (whose id) and ``out`` are by place, the first ``many`` count; ``units`` is below that, and
    ``heap`` int64 is scratch for as many.
    """
    if units <= 0:
        return
    size = 0  # of the chosen so far, the least of them on top
    for i in range(many):
        if size < units:
            k = size
            size += 1
            while k > 0 and _ahead(rest, name, text, ends, heap[(k - 1) // 2], i):
                heap[k] = heap[(k - 1) // 2]
                k = (k - 1) // 2
            heap[k] = i
            continue
        if not _ahead(rest, name, text, ends, i, heap[0]):
            continue
        k = 0
        while 2 * k + 1 < size:
            child = 2 * k + 1
            if child + 1 < size and _ahead(rest, name, text, ends, heap[child], heap[child + 1]):
                child += 1
            if _ahead(rest, name, text, ends, heap[child], i):
                break
            heap[k] = heap[child]
            k = child
        heap[k] = i
    for k in range(size):
        out[heap[k]] += 1


@kernel
def split(
    amount: int,
    weight: np.ndarray,
    name: np.ndarray,
    many: int,
    text: np.ndarray,
    ends: np.ndarray,
    heap: np.ndarray,
    rest: np.ndarray,
    out: np.ndarray,
) -> None:
    """Split an amount over the first ``many`` places in proportion to ``weight``; the parts add up to it.

    Weights int64, not negative, with a sum of 0 < sum < 2^61; ``heap`` and ``rest`` are scratch, ``out`` the parts.
    """
    if many == 1:
        out[0] = amount
        return
    whole = np.int64(0)
    for i in range(many):
        whole += weight[i]
    left = amount
    for i in range(many):
        out[i], rest[i] = times(amount, weight[i], whole)
        left -= out[i]
    hand_out(left, rest, name, many, text, ends, heap, out)
