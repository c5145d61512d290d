"""Monte Carlo (蒙特卡洛): what each lender may lose in a year, when defaults come together and set off others.

Defaults follow a one-factor model with the PDs of the book (O. Vasicek, Risk 15, 2002); each scenario is a group
cascade. VaR at q is the smallest loss that at least the part q of the scenarios do not exceed; ES at q the mean of
the worst part 1 - q (C. Acerbi and D. Tasche, Journal of Banking & Finance 26, 2002).
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure import findings as findings_
from exposure.contagion.network import Network
from exposure.contagion.runs import Runs, Step
from exposure.contagion.scenario import CORRELATION
from exposure.findings import Finding, finding
from exposure.kernels import cascade as _cascade
from exposure.kernels import montecarlo as _kernels
from exposure.results import COUNT, MODEL, constant, ids, result
from graph.errors import OptionError
from graph.model import MONEY, SHARE
from graph.money import NULL
from graph.snapshot import NO_DATE, Snapshot

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

LEVELS: Final = {"95": 0.95, "99": 0.99, "999": 0.999}
"""Confidence levels by the name that columns have for them."""
_ALIKE: Final = 1.25
"""PDs within this factor share a bucket."""
_TOGETHER: Final = 100
"""Scenarios drawn at a time."""


@dataclass(frozen=True)
class Losses:
    """Losses by scenario: ``lost`` float64 (scenarios, lenders) minor units, lenders in the order of ids.

    ``figures`` float64 (scenarios, 9) as ``Runs`` gives them, ``drawn`` int64 the defaults drawn; ``found`` says whose
    PD is not known.
    """

    snapshot: Snapshot
    lender: Int32
    lost: Float64
    figures: Float64
    drawn: Int64
    found: tuple[Finding, ...]

    def risk(self) -> pa.Table:
        """The ``risk`` table: by lender, and over all of them where ``lender_id`` is empty."""
        whole = np.column_stack([self.lost, self.lost.sum(axis=1)]) / MONEY.scale
        names = ids(self._names, np.append(self.lender, -1).astype(np.int32))
        columns = {"expected": whole.mean(axis=0), "deviation": whole.std(axis=0)}
        for name, level in LEVELS.items():
            columns[f"var_{name}"], columns[f"es_{name}"] = quantile(whole, level)
        return result("risk", lender_id=names, **{k: pa.array(v, MODEL) for k, v in columns.items()})

    def scenarios(self) -> pa.Table:
        """The ``scenarios`` table: what each lender lost in each scenario, if anything, and a row for all."""
        scenario, place = np.nonzero(self.lost)
        many = len(self.lost)
        lenders = pc.cast(
            pa.chunked_array([ids(self._names, self.lender[place]), constant(None, many)]), pa.string()
        )
        every = np.arange(many)
        blank = pa.nulls(len(scenario), COUNT)
        made = result(
            "scenarios",
            scenario=pa.array(np.concatenate([scenario, every]), COUNT),
            lender_id=lenders.combine_chunks(),
            loss=pa.array(
                np.concatenate([self.lost[scenario, place], self.lost.sum(axis=1)]) / MONEY.scale, MODEL
            ),
            defaults=pa.concat_arrays([blank, pa.array(self.drawn, COUNT)]),
            failures=pa.concat_arrays(
                [blank, pa.array(self.figures[:, _cascade.FAILURES].astype(np.int64), COUNT)]
            ),
        )
        return made.sort_by([("scenario", "ascending"), ("lender_id", "ascending")])

    def findings(self) -> pa.Table:
        """Findings of the run: whose PD, and what of the network, is not known."""
        return findings_.table(self.found, self.snapshot)

    @property
    def _names(self) -> pa.Array:
        return self.snapshot.tables["lenders"].text("lender_id")


def quantile(losses: Float64, level: float) -> tuple[Float64, Float64]:
    """Value at risk and expected shortfall of each column of losses (scenarios, columns).

    >>> [x.tolist() for x in quantile(np.arange(1.0, 11.0)[:, None], 0.85)]
    [[9.0], [9.666666666666666]]
    """
    many = len(losses)
    ordered = np.sort(losses, axis=0)
    place = max(math.ceil(level * many - 1e-9), 1) - 1
    tail = (1 - level) * many
    beyond = ordered[place + 1 :].sum(axis=0) + (tail - (many - place - 1)) * ordered[place]
    return ordered[place], beyond / tail


@dataclass(frozen=True)
class Buckets:
    """Parties by like PDs, highest first: ``party[ptr[b]:ptr[b + 1]]`` int32 with ``barrier`` = Phi^-1(PD) float64."""

    ptr: Int64
    party: Int32
    barrier: Float64

    @classmethod
    def of(cls, snapshot: Snapshot, pd: Int64) -> Buckets:
        """Parties with a PD above 0 (parts per 10^9), in the order of PD, then ids; a PD of 1 is one of 1 - 10^-9."""
        party = np.flatnonzero((pd != NULL) & (pd > 0)).astype(np.int32)
        party = party[np.lexsort((snapshot.party_rank[party], -pd[party]))]
        levels, number = np.unique(-pd[party], return_inverse=True)
        normal = NormalDist()
        barriers = [normal.inv_cdf(min(-int(v), SHARE.scale - 1) / SHARE.scale) for v in levels]
        starts: list[int] = []
        highest = 0
        for i, value in enumerate((-levels).tolist()):
            if not starts or value * _ALIKE < highest:
                starts.append(i)
                highest = value
        first = np.searchsorted(number, starts) if starts else np.zeros(0, np.int64)
        ptr = np.append(first, len(party)).astype(np.int64)
        return cls(ptr, party, np.array(barriers, np.float64)[number] if len(party) else np.zeros(0))


def default_probabilities(snapshot: Snapshot) -> Int64:
    """PD of each party: int64 parts per 10^9, NULL unknown; its own, else the highest of its latest ratings."""
    pd = np.asarray(snapshot.parties["pd"], np.int64).copy()
    rows = snapshot.tables["ratings"]
    day = np.datetime64(snapshot.as_of).astype(np.int64)
    usable = (
        (rows["party_id"] >= 0) & (rows["pd"] != NULL) & (rows["date"] != NO_DATE) & (rows["date"] <= day)
    )
    at = np.flatnonzero(usable)
    at = at[np.lexsort((rows["pd"][at], rows["date"][at], rows["party_id"][at]))]
    latest = np.full(snapshot.n, NULL, np.int64)
    latest[rows["party_id"][at]] = rows["pd"][at]
    return np.where(pd == NULL, latest, pd)


def montecarlo(
    network: Network,
    scenarios: int,
    seed: int,
    *,
    correlation: float = CORRELATION,
    pays: bool = False,
    threads: int = 1,
    step: Step | None = None,
) -> Losses:
    """Draw and run so many scenarios; the same seed gives the same bits on any number of threads.

    Raises ``OptionError`` where nobody has a PD, for no scenarios, and for a correlation outside 0..1.
    """
    if scenarios < 1:
        raise OptionError(f"--monte-carlo {scenarios}: ask for one scenario at least")
    if not 0 <= correlation < 1:
        raise OptionError(f"correlation = {correlation}: give a share from 0 to below 1, such as 0.15")
    if not 0 <= seed < 2**63:
        raise OptionError(f"--seed {seed}: give a whole number from 0")
    snapshot = network.snapshot
    pd = default_probabilities(snapshot)
    buckets = Buckets.of(snapshot, pd)
    if not len(buckets.party):
        raise OptionError("nobody has a probability of default: fill parties.pd or ratings.pd")
    cuts = [*range(0, scenarios, _TOGETHER), scenarios]

    def drawn(bounds: tuple[int, int]) -> tuple[Int64, Int32]:
        made: tuple[Int64, Int32] = _kernels.draw(
            seed, *bounds, buckets.ptr, buckets.party, buckets.barrier, correlation, snapshot.n
        )
        return made

    pool = ThreadPoolExecutor(threads)
    try:
        parts = list(pool.map(drawn, pairwise(cuts)))
    finally:
        pool.shutdown(cancel_futures=True)
    size = np.concatenate([np.diff(ptr) for ptr, _ in parts])
    lender = np.asarray(pc.sort_indices(snapshot.tables["lenders"].text("lender_id"))).astype(np.int32)
    runs = Runs(network, lender, pays=pays, threads=threads)
    ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    figures, lost = runs.of_sets(ptr, np.concatenate([p for _, p in parts]), step=step)
    blank = int((pd == NULL).sum())
    found = [finding("pd_unknown", (), count=blank)] if blank else []
    return Losses(snapshot, lender, lost, figures, size, (*network.missing, *found))
