"""Systemic ranking: every party failed in turn, and what that costs, by channel.

Each run is a group cascade of its own; a run costs what it touches, so that a million of them take under a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.contagion.network import Network
from exposure.contagion.runs import Runs, Step
from exposure.kernels import cascade as _kernels
from exposure.results import COUNT, MODEL, ids, result
from graph.model import MONEY

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

LISTED: Final = 10_000
"""Parties that the report lists."""
_CHANNELS: Final = ("holding", "claim", "dependence", "credit", "guarantee")


@dataclass(frozen=True)
class Ranking:
    """What the failure of each party costs: ``figures`` float64 (parties, 9) as ``Runs`` gives them."""

    network: Network
    party: Int32
    figures: Float64

    @property
    def loss(self) -> Float64:
        """What others lose in all: float64 (parties,) minor units."""
        return np.asarray(self.figures[:, :5].sum(axis=1), np.float64)

    def table(self, most: int | None = None) -> pa.Table:
        """The ``ranking`` result: parties whose failure costs others something, the largest loss first, ties by id."""
        loss, snapshot = self.loss, self.network.snapshot
        at = np.flatnonzero(loss > 0)
        if most is not None and len(at) > most:
            at = at[loss[at] >= np.partition(loss[at], len(at) - most)[len(at) - most]]
        order = at[np.lexsort((snapshot.party_rank[self.party[at]], -loss[at]))][:most]
        figures = self.figures[order]
        by_channel = {name: pa.array(figures[:, k] / MONEY.scale, MODEL) for k, name in enumerate(_CHANNELS)}
        return result(
            "ranking",
            party_id=ids(snapshot.party_ids, self.party[order]),
            rank=pa.array(np.arange(1, len(order) + 1), COUNT),
            loss=pa.array(loss[order] / MONEY.scale, MODEL),
            **by_channel,
            lenders_hit=pa.array(figures[:, _kernels.LENDERS].astype(np.int64), COUNT),
            failures=pa.array(figures[:, _kernels.FAILURES].astype(np.int64), COUNT),
            rounds=pa.array(figures[:, _kernels.ROUNDS].astype(np.int64), COUNT),
        )


def ranking(network: Network, *, pays: bool = False, threads: int = 1, step: Step | None = None) -> Ranking:
    """Fail every party in turn; ``pays``: a failing guarantor pays what is left of its equity."""
    party = np.arange(network.snapshot.n, dtype=np.int32)
    runs = Runs(network, np.zeros(0, np.int32), pays=pays, threads=threads)
    return Ranking(network, party, runs.each(party, step=step)[0])
