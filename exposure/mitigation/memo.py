"""Memo lines of the bridge (备查项): credit that a group counts twice in other ways than by records and umbrellas.

They are part of no sum. (Rulebook 54 and 89.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exposure.duplicates.duplicates import Needs
from exposure.duplicates.pledged import Excess, assets
from exposure.facilities import Facilities
from exposure.mitigation.steps import Entries, added, expanded
from graph.csr import Csr

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def counted_twice(entries: Entries, held: Facilities, group: Int64, facility: Int32) -> None:
    """``duplicate_credit`` and ``collateral_over_pledged`` of the groups whose members owe all facilities of one.

    ``group`` and ``facility`` are pairs, each once.
    """
    needs = Needs.of(held)
    _whole(entries, "duplicate_credit", (needs.ptr, needs.facility, needs.amount), (group, facility))
    asset, names = assets(held.snapshot)
    over = Excess.of(held, asset, len(names))
    _whole(entries, "collateral_over_pledged", (over.ptr, over.facility, over.amount), (group, facility))


def _whole(entries: Entries, step: str, sets: tuple[Int64, Int32, Int64], owed: tuple[Int64, Int32]) -> None:
    """The amounts of sets of facilities (pointer, facilities, amount) in the groups that owe every one of a set."""
    ptr, member, amount = sets
    many = np.int64(max(len(amount), 1))
    of = np.repeat(np.arange(len(amount)), np.diff(ptr))
    by = Csr.of(member, int(max(member.max(initial=-1), owed[1].max(initial=-1))) + 1)
    place, row = expanded(by.ptr, owed[1])
    key, count = added(owed[0][place] * many + of[by.rows[row]], np.ones(len(row), np.int64))
    whole = key[count == np.diff(ptr)[key % many]] if len(key) else key
    at, entry = expanded(ptr, whole % many)
    first = np.append(True, np.diff(at) != 0)[: len(at)]
    parts = np.where(first, amount[(whole % many)[at]], 0)
    entries.add(step, (whole // many)[at], member[entry], parts, listed=np.ones(len(at), bool))
