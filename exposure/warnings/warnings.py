"""All early warnings (预警) of a book, beside its state of before where there is one.

Thresholds are those of the house rules (``exposure/rules/HOUSE.toml``), whatever packs are asked for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exposure.aggregate import ALL, GroupTotals, PartyTotals
from exposure.batches import Batch
from exposure.findings import Finding
from exposure.groups import Groups
from exposure.warnings.links import new_links
from exposure.warnings.merged import group_merged
from exposure.warnings.payments import default, past_due
from exposure.warnings.ratings import downgrades
from exposure.warnings.sides import Sides
from exposure.warnings.stale import stale_data
from exposure.warnings.utilisation import utilisation_jump

Int64 = npt.NDArray[np.int64]


def findings(
    groups: Groups, before: Groups | None, parties: PartyTotals, totals: GroupTotals
) -> list[Finding | Batch]:
    """Every early warning; what changed (also ratings that are gone) only beside the groups of before.

    ``parties`` and ``totals`` are what parties and groups owe under the pack of the groups.
    """
    owed, below = (_by_party(parties, amounts) for amounts in (parties.gross, parties.controlled))
    held = parties.held
    sides = None if before is None else Sides(groups, before, held)
    found: list[Finding | Batch] = [
        downgrades(held.snapshot, owed, sides), past_due(held), default(held, owed), stale_data(held, owed)
    ]  # fmt: skip
    if sides is not None:
        gross = totals.gross[totals.lender == ALL]
        found += [utilisation_jump(sides), *new_links(sides, below), *group_merged(sides, gross, owed > 0)]
    return found


def _by_party(totals: PartyTotals, amounts: Int64) -> Int64:
    """Amounts towards all lenders by party number: int64 (n,), 0 where nothing is owed."""
    out = np.zeros(totals.held.snapshot.n, np.int64)
    rows = np.flatnonzero((totals.lender == ALL) & (totals.party >= 0))
    out[totals.party[rows]] = amounts[rows]
    return out
