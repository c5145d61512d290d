"""Obligations: what parties owe one another and outside, as the network of clearing and DebtRank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exposure.contagion.amounts import added
from exposure.contagion.network import claims
from exposure.findings import Finding
from graph.csr import Csr
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

BUDGET = 2 * 10**9
"""Steps after which a model that does not settle is given up."""


@dataclass(frozen=True)
class Obligations:
    """The creditors of i are ``creditor[ptr[i]:ptr[i + 1]]`` (int32) with ``amount`` float64 minor units.

    ``missing`` are findings about rows that take no part.
    """

    snapshot: Snapshot
    ptr: Int64
    creditor: Int32
    amount: Float64
    missing: tuple[Finding, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, part: float = 1.0) -> Obligations:
        """The liabilities of a snapshot, each times ``part``."""
        edges, missing = claims(snapshot, part)
        by = Csr.of(edges.source, snapshot.n)
        return cls(snapshot, by.ptr, edges.target[by.rows], edges.amount[by.rows], tuple(missing))

    @property
    def debtor(self) -> Int32:
        """Who owes each amount: int32."""
        return np.repeat(np.arange(self.snapshot.n, dtype=np.int32), np.diff(self.ptr))

    @property
    def owed(self) -> Float64:
        """What each party owes others of the network: float64 (n,)."""
        return added(self.debtor, self.amount, self.snapshot.n)

    @property
    def claimed(self) -> Float64:
        """What others of the network owe each party: float64 (n,)."""
        return added(self.creditor, self.amount, self.snapshot.n)

    def parties(self, *more: Int32) -> Int32:
        """Parties that owe or are owed, and these: int32, ascending."""
        return np.unique(np.concatenate([self.debtor, self.creditor, *more])).astype(np.int32)
