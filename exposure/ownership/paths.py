"""Simple paths (持股路径): shares along chains in which no party stands twice, and their weakest links.

The simple-path share adds the products of the stakes over all such chains (accumulated ownership), the weakest
link the smallest stake of each (Claessens, Djankov and Lang 2000, "The separation of ownership and control in
East Asian corporations", where it measures control rights). Outside loops the first equals the integrated share.
Both stay empty for a pair of more than ``MOST`` chains, and the finding ``paths_cut`` says where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.batches import Batch, Sources, single
from exposure.kernels import paths as _kernels
from exposure.ownership.integrated import Ownership
from exposure.results import ids
from graph.money import NULL

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

SMALL: Final = 1_000
"""Books with fewer stakes tell simple paths and voting power unasked."""
MOST: Final = 10_000
"""Chains of one pair that are counted."""
MOST_STEPS: Final = 1_000_000_000
"""Stakes that are looked at in one book."""


@dataclass(frozen=True)
class Paths:
    """What simple paths add up to, by row of the ownership that they belong to.

    ``product`` and ``weakest`` float64, NaN where there are too many chains or no number exists; ``ways`` int64
    is how many chains there are, -1 for too many.
    """

    ownership: Ownership
    product: Float64
    weakest: Float64
    ways: Int64

    def columns(self) -> dict[str, pa.Array]:
        """The columns of the ``shares`` result."""
        return {
            name: pa.array(values, mask=np.isnan(values))
            for name, values in (("simple_paths", self.product), ("weakest_link", self.weakest))
        }

    def findings(self) -> list[Batch]:
        """One finding for each owner of whom not all chains were counted."""
        cut = self.ownership.owner[self.ways < 0]
        owners, companies = np.unique(cut, return_counts=True)
        order = np.argsort(self.ownership.snapshot.party_rank[owners])
        owners, companies = owners[order], companies[order]
        none = Sources.of(
            self.ownership.snapshot, "ownership", np.zeros(len(owners) + 1, np.int64), np.zeros(0, np.int64)
        )
        return [
            Batch(
                "paths_cut",
                single(ids(self.ownership.snapshot.party_ids, owners.astype(np.int32))),
                np.full(len(owners), NULL, np.int64),
                none,
                figures={"companies": pa.array(companies)},
            )
        ]


def paths(ownership: Ownership, most: int = MOST, steps: int = MOST_STEPS) -> Paths:
    """Simple-path shares and weakest links of every row of ``ownership``.

    A holding known only as a band counts with its lower end, as in the integrated share; one of unknown size
    is no link. Nobody stands twice in a chain, so that a party has none to itself.
    """
    walks = ownership.walks
    owner, owned = walks.place[ownership.owner], walks.place[ownership.owned]
    product, weakest, ways = _kernels.simple(walks.stakes, walks.holders, owner, owned, most, steps)
    untold = (ways < 0) | np.isnan(ownership.loop_factor[ownership.owner])
    untold |= ownership.blank & (ways == 0)
    return Paths(ownership, np.where(untold, np.nan, product), np.where(untold, np.nan, weakest), ways)
