"""Rows by party and lender: merged, found, and filled with what walks along stakes add."""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel


@kernel
def merge(first: np.ndarray, second: np.ndarray, at: np.ndarray, of: np.ndarray) -> int:
    """Merge two ascending arrays of keys (int64, each key once): how many different keys there are.

    Written are the places ``at`` and ``of`` (int64) of either kind's keys among all of them.
    """
    i, j, place = 0, 0, 0
    while i < len(first) or j < len(second):
        mine = j == len(second) or (i < len(first) and first[i] <= second[j])
        other = i == len(first) or (j < len(second) and second[j] <= first[i])
        if mine:
            at[i] = place
            i += 1
        if other:
            of[j] = place
            j += 1
        place += 1
    return place


@kernel
def find(party: np.ndarray, lender: np.ndarray, n: int, of: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Rows (int32, -1 = none) of pairs of party ``of`` (-1 = nobody) and lender ``to``.

    A party's rows stand together.
    """
    first = np.full(n, -1, np.int32)
    for i in range(len(party) - 1, -1, -1):
        if party[i] >= 0:
            first[party[i]] = i
    out = np.full(len(of), -1, np.int32)
    for k in range(len(of)):
        i = first[of[k]] if of[k] >= 0 else -1
        while 0 <= i < len(party) and party[i] == of[k]:
            if lender[i] == to[k]:
                out[k] = i
                break
            i += 1
    return out


@kernel
def lay(
    party: np.ndarray, lender: np.ndarray, amount: np.ndarray, scale: float, place: np.ndarray,
    column: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Write the rows' amounts over ``scale`` to ``out[place[party], column[lender + 1]]``; float64, zeros before.

    Rows without a party or with a column below 0 are left out.
    """
    for i in range(len(party)):
        c = column[lender[i] + 1]
        if c >= 0 and party[i] >= 0:
            out[place[party[i]], c] = amount[i] / scale


@kernel
def pick(
    party: np.ndarray, lender: np.ndarray, place: np.ndarray, column: np.ndarray, made: np.ndarray,
    factor: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """The other way: what is ``made`` at each row's place, over the party's loop factor: float64 by row."""
    for i in range(len(party)):
        c = column[lender[i] + 1]
        if c >= 0 and party[i] >= 0:
            out[i] = made[place[party[i]], c] / factor[party[i]]
