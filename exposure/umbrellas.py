"""Umbrella limits (共享额度): what several facilities may still draw together, as one line each.

Under an umbrella a facility's gross is its drawn amount; the headroom is a line of the umbrella itself, added
once to each lender or group total that contains a member.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.money import NULL, portion
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Umbrellas:
    """One line for each umbrella with a counted member; all amounts int64 base minor units, NULL unknown.

    ``number`` is the row in the umbrellas table, ``limit`` its limit, ``drawn`` and ``undrawn`` the members'
    sums, ``ccf`` their highest conversion factor (parts per 10^9), ``gross`` the line: max(0, min(limit -
    drawn, undrawn)) x ccf. ``line_of`` int32 (facilities,) is the line of each counted member, -1 elsewhere.
    """

    number: Int32
    limit: Int64
    drawn: Int64
    undrawn: Int64
    ccf: Int64
    gross: Int64
    line_of: Int32

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.number)

    @classmethod
    def of(
        cls, snapshot: Snapshot, umbrella: Int32, counted: Bool, limit: Int64, drawn: Int64, ccf: Int64
    ) -> Umbrellas:
        """The lines of a snapshot; all but the snapshot by facility, amounts in base minor units.

        A line whose own limit, or a limit or drawn amount of a member, is unknown is unknown.
        """
        member = np.flatnonzero(counted & (umbrella >= 0))
        number, line = np.unique(umbrella[member], return_inverse=True)
        line_of = np.full(len(umbrella), -1, np.int32)
        line_of[member] = line
        own = snapshot.in_base("umbrellas", "limit")[number]
        lines = len(number)
        used, free, highest = np.zeros(lines, np.int64), np.zeros(lines, np.int64), np.zeros(lines, np.int64)
        a, b = limit[member], drawn[member]
        blank = (a == NULL) | (b == NULL)
        np.add.at(used, line, np.where(blank, 0, b))
        np.add.at(free, line, np.where(blank, 0, np.maximum(a - np.where(blank, 0, b), 0)))
        np.maximum.at(highest, line, ccf[member])
        unknown = own == NULL
        unknown[line[blank]] = True
        headroom = np.maximum(np.minimum(np.where(unknown, 0, own) - used, free), 0)
        gross = portion(np.where(unknown, NULL, headroom), highest)
        return cls(number.astype(np.int32), own, used, free, highest, gross, line_of)
