"""Steps: amounts of facilities collected by group and line, and added up in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from exposure.batches import in_order
from exposure.claims import Ledger
from exposure.kernels import steps as _kernels
from graph.csr import Csr

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


def picked(ptr: Int64, chosen: Int64) -> tuple[Int64, Int64]:
    """The chosen lists of a CSR: pointer, and the places of their entries.

    >>> [a.tolist() for a in picked(np.array([0, 2, 2, 3]), np.array([2, 0]))]
    [[0, 1, 3], [2, 0, 1]]
    """
    place, row = expanded(ptr, chosen)
    return np.searchsorted(place, np.arange(len(chosen) + 1)).astype(np.int64), row


def added(keys: Int64, amounts: Int64) -> tuple[Int64, Int64]:
    """Distinct keys in order, and the sum of the amounts under each.

    >>> [a.tolist() for a in added(np.array([3, 1, 3]), np.array([5, 6, 7]))]
    [[1, 3], [6, 12]]
    """
    order = np.argsort(keys, kind="stable")
    found = keys[order]
    starts = np.flatnonzero(np.append(True, found[1:] != found[:-1])[: len(found)])
    sums = np.add.reduceat(amounts[order], starts) if len(starts) else np.zeros(0, np.int64)
    return found[starts], sums


def among(keys: Int64, wanted: Int64) -> Bool:
    """Which wanted keys are among the keys, which need no order.

    >>> among(np.array([3, 1]), np.array([1, 2, 3])).tolist()
    [True, False, True]
    """
    if not len(keys):
        return np.zeros(len(wanted), bool)
    found = np.sort(keys, kind="stable")
    return np.asarray(found[np.minimum(np.searchsorted(found, wanted), len(found) - 1)] == wanted)


def owing(ledger: Ledger, ptr: Int64, members: Int32) -> tuple[Int64, Int32]:
    """Groups and the claims that their members owe, each claim once in a group: int64 and int32, by group.

    The members of group g are ``members[ptr[g]:ptr[g + 1]]``.
    """
    place, row = expanded(ledger.ptr, members)
    group, claim = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))[place], ledger.claim[row]
    if not len(ledger.special):
        return group, claim
    wide = np.int64(max(int(claim.max(initial=0)) + 1, 1))
    keys = np.sort(group * wide + claim, kind="stable")
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    return keys // wide, (keys % wide).astype(np.int32)


class Entries:
    """Amounts (int64) by group, step and facility, as they come."""

    def __init__(self, steps: Sequence[str], rank: Int32) -> None:
        """Take the names of the steps, and the place of each facility in the order of ids."""
        self._rank = rank
        self._held: dict[str, list[tuple[Int32, Int32, Int64, Bool]]] = {step: [] for step in steps}

    def add(
        self, step: str, group: Int64, facility: Int32, amount: Int64, listed: Bool | None = None
    ) -> None:
        """Add amounts to a step; those that are not 0 name their facility, and so do those marked ``listed``."""
        named = np.zeros(len(amount), bool) if listed is None else listed
        kept = np.flatnonzero((amount != 0) | named)
        whose = group[kept].astype(np.int32)
        self._held[step].append((whose, facility[kept].astype(np.int32), amount[kept], named[kept]))

    def summed(self, groups: int) -> tuple[Int64, Int64, Int32, Int64]:
        """Sums (groups, steps); and of each the facilities behind it in the order of ids, as ptr and facility.

        Last what each of these adds. What adds up to 0 at a facility does not name it.
        """
        steps = len(self._held)
        sums, sizes = np.zeros((steps, groups), np.int64), np.zeros((steps, groups), np.int64)
        found = [self._step(step, sums[i], sizes[i]) for i, step in enumerate(list(self._held))]
        ptr = np.concatenate([[0], np.cumsum(sizes.T)]).astype(np.int64)
        facility, each = np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.int64)
        for i, (chosen, amounts) in enumerate(found):
            first = ptr[i:-1:steps] - np.cumsum(sizes[i]) + sizes[i]
            place = np.arange(len(chosen)) + np.repeat(first, sizes[i])
            facility[place], each[place] = chosen, amounts
        return np.ascontiguousarray(sums.T), ptr, facility, each

    def _step(self, step: str, sums: Int64, sizes: Int64) -> tuple[Int32, Int64]:
        """The facilities that a step names, by group, and what each adds; ``sums`` and ``sizes`` are filled in."""
        none = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, bool))
        group, facility, amount, named = (
            np.concatenate(a) for a in zip(none, *self._held.pop(step), strict=True)
        )
        by = Csr.of(group, len(sums))
        rows = by.rows[in_order(by.ptr, self._rank[facility[by.rows]])]
        made = _kernels.add_up(by.ptr, rows, facility, amount, named, sums, sizes)
        return np.asarray(made[0], np.int32), np.asarray(made[1], np.int64)
