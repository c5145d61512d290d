"""Steps: amounts of facilities collected by group and line, and added up in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.claims import Ledger
from exposure.results import ids

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def expanded(ptr: Int64, chosen: npt.NDArray[np.integer]) -> tuple[Int64, Int64]:
    """The rows of chosen nodes of a CSR, one after the other: place in ``chosen`` and row.

    >>> place, row = expanded(np.array([0, 2, 2, 3]), np.array([2, 0]))
    >>> place.tolist(), row.tolist()
    ([0, 1, 1], [2, 0, 1])
    """
    sizes = ptr[chosen + 1] - ptr[chosen]
    place = np.repeat(np.arange(len(chosen)), sizes)
    row = np.arange(len(place)) + np.repeat(ptr[chosen] - np.cumsum(sizes) + sizes, sizes)
    return place, row


def owing(ledger: Ledger, ptr: Int64, members: Int32) -> tuple[Int64, Int32]:
    """Groups and the claims that their members owe, each claim once in a group: int64 and int32, in order.

    The members of group g are ``members[ptr[g]:ptr[g + 1]]``.
    """
    place, row = expanded(ledger.ptr, members)
    group = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))[place]
    wide = np.int64(max(int(ledger.claim.max(initial=0)) + 1, 1))
    keys = np.unique(group * wide + ledger.claim[row])
    return keys // wide, (keys % wide).astype(np.int32)


class Entries:
    """Amounts (int64) by group, step and facility, as they come."""

    def __init__(self, steps: Sequence[str], facilities: int) -> None:
        """Take the names of the steps and how many facilities there are."""
        self._place = {step: place for place, step in enumerate(steps)}
        self._wide = np.int64(max(facilities, 1))
        self._held: list[tuple[Int64, Int64, Bool]] = []

    def add(
        self, step: str, group: Int64, facility: Int32, amount: Int64, listed: Bool | None = None
    ) -> None:
        """Add amounts to a step; those that are not 0 name their facility, and so do those marked ``listed``."""
        named = np.zeros(len(amount), bool) if listed is None else listed
        kept = np.flatnonzero((amount != 0) | named)
        key = (group[kept] * len(self._place) + self._place[step]) * self._wide + facility[kept]
        self._held.append((key, amount[kept], named[kept]))

    def summed(self, groups: int, names: pa.Array) -> tuple[Int64, Int64, Int32]:
        """Sums (groups, steps); and of each the facilities behind it in the order of ids, as ptr and facility.

        ``names`` are the ids of the facilities. What adds up to 0 at a facility does not name it.
        """
        steps = len(self._place)
        key, amount, named = (np.concatenate(a) for a in zip(*self._held, strict=True))
        keys, place = np.unique(key, return_inverse=True)
        sums, marked = np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
        np.add.at(sums, place, amount)
        np.logical_or.at(marked, place, named)
        total = np.zeros(groups * steps, np.int64)
        np.add.at(total, keys // self._wide, sums)
        kept = marked | (sums != 0)
        cell, facility = (keys // self._wide)[kept], (keys % self._wide)[kept].astype(np.int32)
        used, rank = np.unique(facility, return_inverse=True)
        order = np.asarray(pc.sort_indices(ids(names, used)))
        by_id = np.empty(len(order), np.int64)
        by_id[order] = np.arange(len(order))
        rows = np.lexsort((by_id[rank], cell))
        ptr = np.searchsorted(cell[rows], np.arange(groups * steps + 1)).astype(np.int64)
        return total.reshape(groups, steps), ptr, facility[rows]
