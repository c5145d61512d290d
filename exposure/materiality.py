"""Materiality (重要性): findings of some codes that are small against capital are told as information.

Nothing is left out by it; a desk sees the rest first. The line is a part of the largest Tier 1 that a lender of the
book reports, solo or consolidated; where none does, everything is material. (House rules, fact 98.)
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.rulepack import house, line
from graph.findings import CODES
from graph.money import NULL
from graph.snapshot import Snapshot

Int64 = npt.NDArray[np.int64]

_MINOR = "info"


def least(snapshot: Snapshot) -> int | None:
    """The smallest amount that is material, in base minor units; None where no capital is known.

    Exact: the part of capital as a fraction, up to the next minor unit.
    """
    capital = max(
        int(snapshot.in_base("lenders", column).max(initial=NULL))
        for column in ("tier1", "tier1_consolidated")
    )
    if capital <= 0:
        return None
    at = line(house(), "materiality", "share")
    part = Fraction(at.line * capital, 10**9)
    return ceil(part) if at.on_the_line else floor(part) + 1


def severities(code: str, amount: Int64, snapshot: Snapshot) -> pa.Array:
    """How grave each finding of a code is, by its amount (int64 base minor units, NULL = none, always material)."""
    own, from_ = CODES[code].severity, least(snapshot)
    if from_ is None or code not in house().setting("materiality", "codes"):
        return pa.repeat(pa.scalar(own, pa.string()), len(amount))
    small = (amount != NULL) & (amount < from_)
    return pa.array(np.where(small, _MINOR, own), pa.string())
