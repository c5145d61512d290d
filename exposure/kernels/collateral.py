"""What each pledge takes of an asset: the first rank first, equal ranks in proportion to what they may take."""

from __future__ import annotations

import numpy as np

from exposure.kernels.split import split
from graph.kernels import kernel


@kernel
def allocate(
    ptr: np.ndarray, value: np.ndarray, rank: np.ndarray, claim: np.ndarray, facility: np.ndarray,
    text: np.ndarray, ends: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Allocated int64 by pledge; those of asset a are ``ptr[a]:ptr[a + 1]``, in the order of ranks.

    ``value`` int64 by asset, ``claim`` int64 by pledge, none negative; ids of facilities as bytes and offsets
    break ties of the last minor unit.
    """
    out = np.zeros(len(claim), np.int64)
    most = 1
    for a in range(len(ptr) - 1):
        most = max(most, ptr[a + 1] - ptr[a])
    heap, rest, share = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    for a in range(len(ptr) - 1):
        left = value[a]
        first = ptr[a]
        while first < ptr[a + 1]:
            last = first
            asked = np.int64(0)
            while last < ptr[a + 1] and rank[last] == rank[first]:
                asked += claim[last]
                last += 1
            if asked <= left:
                out[first:last] = claim[first:last]
                left -= asked
            elif left > 0:
                split(
                    left, claim[first:last], facility[first:last], last - first, text, ends, heap, rest, share
                )
                out[first:last] = share[: last - first]
                left = np.int64(0)
            first = last
    return out
