"""Which part of each debt which guarantee covers, when guarantees overlap.

Every cap is split over the facilities that it covers in proportion to what is left of them; at each facility
the claims are scaled down to the debt, in proportion to one another; what a cap has left over is not offered
again. Joint and several guarantees of one facility are one claim, the largest of theirs, shared equally.
"""

from __future__ import annotations

import numpy as np

from exposure.kernels.split import before, hand_out, split, times
from graph.kernels import kernel

_NULL = -(2**63)
_PARTS = 10**9


@kernel
def _fraction(amount: int, above: int, below: int) -> int:
    """Amount x above / below, half-even."""
    if above == below:
        return amount
    q, r = times(amount, above, below)
    if 2 * r > below or (2 * r == below and q % 2 != 0):
        q += 1
    return q


@kernel
def _portion(amount: int, parts: int) -> int:
    """Amount x parts / 10^9, half-even."""
    return _fraction(amount, parts, _PARTS)


@kernel
def claims(
    ptr: np.ndarray,
    facility: np.ndarray,
    used: np.ndarray,
    debt: np.ndarray,
    bound: np.ndarray,
    part: np.ndarray,
    above: np.ndarray,
    below: np.ndarray,
    text: np.ndarray,
    ends: np.ndarray,
) -> np.ndarray:
    """What each guarantee offers to each of its facilities before others are looked at: int64 (pairs,).

    Pairs as CSR by guarantee, bool ``used`` and int64 ``above`` / ``below`` (what is left of each claim as a
    fraction, or empty = all whole) by pair; ``debt`` int64 by facility; ``bound`` (NULL = none) and ``part``
    int64 by guarantee; ids of facilities as bytes and offsets. Pairs that are not used offer 0. An offer may
    exceed the debt.
    """
    out = np.zeros(len(facility), np.int64)
    most = 0
    for g in range(len(ptr) - 1):
        most = max(most, ptr[g + 1] - ptr[g])
    place, name = np.empty(most, np.int64), np.empty(most, np.int32)
    weight, rest, parts = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    heap = np.empty(most, np.int64)
    for g in range(len(ptr) - 1):
        k = 0
        whole = np.int64(0)
        promised = np.int64(0)
        for i in range(ptr[g], ptr[g + 1]):
            f = facility[i]
            if used[i] and debt[f] > 0:
                place[k], name[k], weight[k] = i, f, debt[f]
                parts[k] = _portion(debt[f], part[g])
                whole += debt[f]
                promised += parts[k]
                k += 1
        if k == 0:
            continue
        if bound[g] != _NULL and (part[g] == _PARTS or bound[g] < promised):
            split(bound[g], weight, name, k, text, ends, heap, rest, parts)
        for j in range(k):
            i = place[j]
            out[i] = parts[j] if len(above) == 0 else _fraction(parts[j], above[i], below[i])
    return out


@kernel
def _level(
    amount: int, claim: np.ndarray, place: np.ndarray, many: int, rest: np.ndarray, out: np.ndarray
) -> int:
    """Share an amount equally, nobody above the own claim; how many units are left, ``rest`` 1 = may take one."""
    low, high = np.int64(0), np.int64(amount)
    equal = high // many
    plenty = True
    for j in range(many):
        plenty = plenty and claim[place[j]] > equal
    if plenty:
        low = high = equal
    while low < high:  # the highest level at which the amount suffices
        middle = low + (high - low + 1) // 2
        left = np.int64(amount)
        for j in range(many):
            left -= min(claim[place[j]], middle)
            if left < 0:
                break
        if left >= 0:
            low = middle
        else:
            high = middle - 1
    left = np.int64(amount)
    for j in range(many):
        out[j] = min(claim[place[j]], low)
        rest[j] = 1 if claim[place[j]] > low else 0
        left -= out[j]
    return left


@kernel
def settle(
    ptr: np.ndarray,
    guarantee: np.ndarray,
    joint: np.ndarray,
    debt: np.ndarray,
    claim: np.ndarray,
    text: np.ndarray,
    ends: np.ndarray,
) -> np.ndarray:
    """What each guarantee covers of each of its facilities: int64 (pairs,), never more than the debt in all.

    The pairs of facility f are ``ptr[f]:ptr[f + 1]``, with ``guarantee`` int32, ``joint`` bool and ``claim`` int64;
    ``debt`` int64 by facility; ids of guarantees as bytes and offsets.
    """
    out = np.zeros(len(claim), np.int64)
    most = 1
    for f in range(len(ptr) - 1):
        most = max(most, ptr[f + 1] - ptr[f] + 1)
    alone, together, heap = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    name, weight = np.empty(most, np.int32), np.empty(most, np.int64)
    rest, share = np.empty(most, np.int64), np.empty(most, np.int64)
    for f in range(len(ptr) - 1):
        k = 0
        joined = 0
        largest = np.int64(0)
        whole = np.int64(0)
        for p in range(ptr[f], ptr[f + 1]):
            if claim[p] <= 0:
                continue
            if joint[p]:
                together[joined] = p
                joined += 1
                largest = max(largest, claim[p])
            else:
                alone[k], name[k], weight[k] = p, guarantee[p], claim[p]
                whole += claim[p]
                k += 1
        many = k
        if joined > 0:
            weight[k] = largest
            whole += largest
            many = k + 1
        if whole > debt[f]:
            for j in range(joined if k > 0 else 0):  # among equals the joint claim goes by its smallest id
                g = guarantee[together[j]]
                if j == 0 or before(text, ends, g, name[k]):
                    name[k] = g
            split(debt[f], weight, name, many, text, ends, heap, rest, share)
        else:
            share[:many] = weight[:many]
        for j in range(k):
            out[alone[j]] = share[j]
        if joined == 1:
            out[together[0]] = share[k]
        elif joined > 1:
            for j in range(joined):
                name[j] = guarantee[together[j]]
            left = _level(share[k], claim, together, joined, rest, weight)
            hand_out(left, rest, name, joined, text, ends, heap, weight)
            for j in range(joined):
                out[together[j]] = weight[j]
    return out
