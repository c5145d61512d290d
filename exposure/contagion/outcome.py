"""Outcome: what one run of a model says, by party, lender and group, with every edge that carried an amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure import findings as findings_
from exposure.contagion.amounts import added
from exposure.findings import Finding, finding
from exposure.groups import Groups
from exposure.kernels import cascade as _kernels
from exposure.results import COUNT, FLAG, MODEL, ids, result
from graph.csr import Csr
from graph.model import MONEY
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

CHANNELS: Final = (
    "holding", "claim", "dependence", "credit", "guarantee", "call", "payment", "counter", "repaid", "shock",
    "external", "claim_original",
)  # fmt: skip
"""What an edge carries, by its code: losses of holders, creditors, dependents, lenders, guarantors (sums only); calls
and what was paid on them, calls on counter-guarantors and what they gave back; first losses; what creditors outside
the network lose; distress as the DebtRank of 2012 passes it on."""
SHOCK, EXTERNAL, ORIGINAL = range(9, 12)
TO_LENDER: Final = (_kernels.CREDIT, _kernels.PAYMENT)
"""Channels whose target is a lender."""
_LOSSES: Final = (
    _kernels.HOLDING,
    _kernels.CLAIM,
    _kernels.DEPENDENCE,
    _kernels.CALL,
    _kernels.COUNTER,
    SHOCK,
)
_NAMED: Final = 20


@dataclass(frozen=True)
class Carried:
    """Edges of a run in its order: ``round``, ``source``, ``target`` int32 (-1 = none), ``channel`` int8, ``amount``.

    The target of ``credit`` and ``payment`` is a lender, every other a party; amounts float64 minor units.
    """

    round: Int32
    source: Int32
    target: Int32
    channel: Int8
    amount: Float64

    @classmethod
    def of(cls, log: _kernels.Log, many: int) -> Carried:
        """The first so many edges of a log."""
        return cls(*(a[:many].copy() for a in log))

    @classmethod
    def all(cls, channel: int, when: npt.ArrayLike, source: Int32, target: Int32, amount: Float64) -> Carried:
        """Edges of one channel."""
        rounds = np.broadcast_to(np.asarray(when, np.int32), len(amount)).copy()
        return cls(rounds, source, target, np.full(len(amount), channel, np.int8), amount)

    def and_(self, other: Carried) -> Carried:
        """These edges, then the others."""
        return Carried(
            *(np.concatenate([getattr(self, f), getattr(other, f)]) for f in self.__dataclass_fields__)
        )

    def into(self, channels: tuple[int, ...], n: int) -> Float64:
        """What each target got through these channels: float64 (n,)."""
        return _sums(self.target, np.isin(self.channel, channels), self.amount, n)

    def out_of(self, channels: tuple[int, ...], n: int) -> Float64:
        """What each source gave through these channels: float64 (n,)."""
        return _sums(self.source, np.isin(self.channel, channels), self.amount, n)

    def losses(self, n: int) -> Float64:
        """What each party lost, as the edges say: float64 (n,)."""
        return self.into(_LOSSES, n) - self.into((_kernels.REPAID,), n)

    def table(self, snapshot: Snapshot) -> pa.Table:
        """The ``edges`` table, by round, channel and ids."""
        names, lenders = snapshot.party_ids, snapshot.tables["lenders"].text("lender_id")
        lender = np.isin(self.channel, TO_LENDER)
        to = pa.array(lender)
        made = result(
            "edges",
            round=pa.array(self.round, COUNT),
            from_id=ids(names, self.source),
            to_id=_either(
                to,
                ids(lenders, np.where(lender, self.target, -1)),
                ids(names, np.where(lender, -1, self.target)),
            ),
            channel=pa.DictionaryArray.from_arrays(pa.array(self.channel), pa.array(CHANNELS)),
            amount=pa.array(self.amount / MONEY.scale, MODEL),
        )
        return made.sort_by([(c, "ascending") for c in ("round", "channel", "from_id", "to_id")])


@dataclass(frozen=True)
class Outcome:
    """One run: ``party`` int32 are its rows; by row ``columns`` of the ``parties`` table (float64, NaN none).

    By row too ``round`` int32, when a party failed (-1 never), and ``owed`` float64, what it owes in the network.
    ``lost`` float64 by lender; ``figures`` what the summary says besides. Amounts are float64 minor units.
    """

    model: str
    snapshot: Snapshot
    party: Int32
    round: Int32
    owed: Float64
    columns: Mapping[str, Float64]
    edges: Carried
    lost: Float64
    figures: Mapping[str, Any]
    found: tuple[Finding, ...] = ()
    shares: frozenset[str] = field(default=frozenset({"h_original", "h_linear"}))

    def parties(self) -> pa.Table:
        """The ``parties`` table, by id."""
        order = np.argsort(self.snapshot.party_rank[self.party], kind="stable")
        made = {
            name: pa.array(
                values[order] / (1 if name in self.shares else MONEY.scale), MODEL, from_pandas=True
            )
            for name, values in self.columns.items()
        }
        when = self.round[order]
        return result(
            "parties",
            party_id=ids(self.snapshot.party_ids, self.party[order]),
            failed=pa.array(when >= 0, FLAG),
            round=pa.array(when, COUNT, mask=when < 0),
            **made,
        )

    def lenders(self) -> pa.Table:
        """The ``lenders`` table, one row a lender, by id."""
        names = self.snapshot.tables["lenders"].text("lender_id")
        made = result("lenders", lender_id=names, loss=pa.array(self.lost / MONEY.scale, MODEL))
        return made.sort_by("lender_id")

    def lender_groups(self, groups: Groups) -> pa.Table:
        """The ``lender_groups`` table: what each lender loses on the debts of each group of connected clients.

        A debt of a party in several groups stands in each of them, so that these amounts must not be added up.
        """
        at = np.flatnonzero(self.edges.channel == _kernels.CREDIT)
        lender, debtor, amount = self.edges.target[at], self.edges.source[at], self.edges.amount[at]
        group = np.repeat(np.arange(len(groups.ptr) - 1, dtype=np.int32), np.diff(groups.ptr))
        of = Csr.of(groups.members, self.snapshot.n)
        size = np.diff(of.ptr)[debtor]
        edge = np.repeat(np.arange(len(at)), size)
        place = np.arange(len(edge)) + np.repeat(of.ptr[debtor] - (np.cumsum(size) - size), size)
        pair = np.stack([lender[edge], group[of.rows[place]]])
        found, number = np.unique(pair, axis=1, return_inverse=True)
        made = result(
            "lender_groups",
            lender_id=ids(self.snapshot.tables["lenders"].text("lender_id"), found[0]),
            group_id=pa.array(groups.names, pa.string()).take(pa.array(found[1])),
            loss=pa.array(added(number.ravel(), amount[edge], found.shape[1]) / MONEY.scale, MODEL),
        )
        return made.sort_by([("lender_id", "ascending"), ("group_id", "ascending")])

    def findings(self) -> pa.Table:
        """Findings of the run: ``default``, what is not known, and what the model itself has to say."""
        names = self.snapshot.party_ids
        failed = np.flatnonzero(self.round >= 0)
        rule = f"contagion {self.model}"
        defaults = [
            finding(
                "default",
                [names[self.party[i]].as_py()],
                round(self.owed[i]),
                rule,
                signs=[f"round {self.round[i]}"],
            )
            for i in failed.tolist()
        ]
        return findings_.table([*defaults, *self.found], self.snapshot)

    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` says; amounts in the base currency."""
        snapshot = self.snapshot
        return {
            "model": self.model,
            "source": snapshot.source,
            "book_version": snapshot.version,
            "as_of": snapshot.as_of.isoformat(),
            "base": snapshot.base,
            "failed": int((self.round >= 0).sum()),
            "waves": len(set(self.round[self.round > 0].tolist())),
            "lender_loss": float(self.lost.sum()) / MONEY.scale,
            **self.figures,
        }


def unknown_equity(snapshot: Snapshot, party: Int32) -> list[Finding]:
    """``equity_unknown``: parties that lost something and can never fail, because nobody knows what they can bear."""
    if not len(party):
        return []
    first = party[np.argsort(snapshot.party_rank[party])][:_NAMED]
    where = [("parties", row) for row in snapshot.parties.row[first].tolist()]
    named = ids(snapshot.party_ids, first).to_pylist()
    return [finding("equity_unknown", (), rows=where, count=len(party), parties=named)]


def _sums(key: Int32, chosen: Bool, amount: Float64, n: int) -> Float64:
    """Sums of the chosen amounts by key, those of no key left out."""
    at = np.flatnonzero(chosen & (key >= 0))
    return added(key[at], amount[at], n)


def _either(where: pa.Array, left: pa.Array, right: pa.Array) -> pa.Array:
    """The left text where so said, else the right one."""
    return pa.compute.if_else(where, left, right)
