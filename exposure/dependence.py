"""Economic dependence (经济依存): which recorded or derived ties make one party fall with another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure import batches
from exposure.batches import Batch, Sources
from exposure.facilities import valued
from exposure.guarantees.calls import largest
from exposure.guarantees.promises import Promises
from exposure.rulepack import RulePack, Threshold
from graph.model import DEPENDENCE_BASES
from graph.model import SHARE as SHARE_KIND
from graph.money import NULL
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

NEVER: Final = frozenset({"ccp", "sector_or_region", "lender_itself"})
"""Bases that connect nobody (rulebook 5 and 14)."""
_OUTPUT: Final = "output_share_not_replaceable"
_TRADE: Final = {
    "gross_receipts_share": (("customer", "tenant"), "share_of_receipts", "revenue"),
    "expenses_share": (("supplier",), "share_of_expenses", "expenses"),
    _OUTPUT: (("customer",), "share_of_receipts", "revenue"),
}
"""Bases that counterparties can show: by which relations, and the columns of the share and of what it is a share of."""


@dataclass(frozen=True)
class Dependence:
    """Edges that count: ``dependent`` falls with ``on`` (int32 (m,)); ``basis`` indexes the model's list.

    ``table`` and ``row`` tell the fact behind each edge (row of the snapshot's table; 0 = dependence,
    1 = counterparties, 2 = guarantees, where row is the guarantor's).
    """

    dependent: Int32
    on: Int32
    basis: Int32
    strength: Int64
    table: Int32
    row: Int32


def counts(pack: RulePack, basis: str, strength: int | None) -> bool:
    """Whether a recorded dependence connects: established (no strength), or its strength reaches the line.

    >>> from exposure.rulepack import load
    >>> counts(load("CN-LE"), "gross_receipts_share", 500_000_000)
    False
    >>> counts(load("EU-CRR"), "sector_or_region", None)
    False
    """
    if basis in NEVER:
        return False
    line = pack.threshold("dependence", basis)
    return strength is None or line is None or line.met(strength)


def dependence(
    snapshot: Snapshot, pack: RulePack, *, counterparties: bool = False, guarantees: bool = False
) -> Dependence:
    """The edges that count in a pack: recorded ones, and on request those derived from other tables."""
    parts = [_recorded(snapshot, pack)]
    if counterparties:
        parts += [_traded(snapshot, pack, basis) for basis in _TRADE]
    if guarantees:
        parts.append(_guaranteed(snapshot, pack))
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)]
    return Dependence(*columns)


_Columns = tuple[Int32, Int32, Int32, Int64, Int32, Int32]


def _edges(dependent: Int32, on: Int32, basis: Int32, strength: Int64, table: int, row: Int32) -> _Columns:
    """Edges between two known parties that are not the same."""
    good = (dependent >= 0) & (on >= 0) & (dependent != on)
    origin = np.full(len(row), table, np.int32)
    return tuple(c[good] for c in (dependent, on, basis, strength, origin, row))


def _recorded(snapshot: Snapshot, pack: RulePack) -> _Columns:
    """Rows of the dependence table that count."""
    rows = snapshot.tables["dependence"]
    basis, strength = np.asarray(rows["basis"], np.int32), np.asarray(rows["strength"], np.int64)
    good = np.zeros(len(rows), bool)
    for code, name in enumerate(DEPENDENCE_BASES):
        if name in NEVER:
            continue
        line = pack.threshold("dependence", name)
        reached = strength == NULL
        reached |= _meets(strength, line) if line else True
        good |= (basis == code) & reached
    at = np.flatnonzero(good).astype(np.int32)
    a, b = rows["dependent_id"].astype(np.int32), rows["on_id"].astype(np.int32)
    return _edges(a[at], b[at], basis[at], strength[at], 0, at)


def _meets(strength: Int64, line: Threshold) -> npt.NDArray[np.bool_]:
    """Which strengths reach a line, exactly."""
    return strength >= line.line if line.on_the_line else strength > line.line


def _traded(snapshot: Snapshot, pack: RulePack, basis: str) -> _Columns:
    """Counterparties whose share of receipts, expenses or output reaches the line of a basis.

    The share is as given, else the amount over the party's revenue or expenses, compared exactly. Output is what
    customers buy who are marked as not replaceable, in packs with a line for it; who is marked as replaceable
    counts for receipts and expenses only where the pack says so.
    """
    rows, (relations, part, total) = snapshot.tables["counterparties"], _TRADE[basis]
    line, output = pack.threshold("dependence", basis), basis == _OUTPUT
    if output and line is None:
        return _edges(*(np.zeros(0, np.int32),) * 3, np.zeros(0, np.int64), 1, np.zeros(0, np.int32))
    values = [*rows.table.column("relation").values, ""]
    chosen = np.isin(np.array(values, object)[rows["relation"]], relations)
    if output:
        chosen &= rows["replaceable"] == 0
    elif not pack.setting("groups", "derive_replaceable", default=False):
        chosen &= rows["replaceable"] != 1
    party = rows["party_id"].astype(np.int32)
    share = np.asarray(rows[part], np.int64).copy()
    whole = snapshot.in_base("parties", total)[party]
    amount = snapshot.in_base("counterparties", "amount")
    reached = (share != NULL) & (_meets(share, line) if line else True)
    known = (share == NULL) & (amount != NULL) & (whole != NULL) & (whole > 0)
    for i in np.flatnonzero(known & chosen).tolist():
        bought, of = int(amount[i]), int(whole[i])
        share[i] = min(bought * SHARE_KIND.scale // of, SHARE_KIND.scale)
        reached[i] = line is None or line.met(bought, of)
    at = np.flatnonzero(chosen & reached).astype(np.int32)
    code = np.full(len(at), DEPENDENCE_BASES.index(basis), np.int32)
    return _edges(party[at], rows["counterparty_id"].astype(np.int32)[at], code, share[at], 1, at)


def _guaranteed(snapshot: Snapshot, pack: RulePack) -> _Columns:
    """Guarantors whom the calls for one obligor would cost more than their equity.

    The call for an obligor is the most that can be demanded for its drawn debts under the guarantees in force:
    counted facilities, each once, within caps and shares.
    """
    promises = Promises.of(valued(snapshot, pack))
    n = np.int64(snapshot.n)
    key = promises.guarantor[promises.guarantee] * n + promises.debtor
    found, number = np.unique(np.where(promises.live, key, -1), return_inverse=True)
    call = largest(promises, number.astype(np.int32), len(found))
    guarantor, obligor = np.divmod(found, n)
    equity = snapshot.in_base("parties", "equity")[guarantor]
    beyond = np.flatnonzero((found >= 0) & (equity != NULL) & (call > equity))
    giver, owing = guarantor[beyond].astype(np.int32), obligor[beyond].astype(np.int32)
    basis = np.full(len(beyond), DEPENDENCE_BASES.index("guarantee_beyond_capacity"), np.int32)
    return _edges(giver, owing, basis, np.full(len(beyond), NULL, np.int64), 2, giver)


def findings(snapshot: Snapshot, held: Dependence, pack: RulePack) -> list[Batch]:
    """``economic_dependence``: one per pair and pack, with all its bases, its strongest share and the rows behind it.

    Where each of two depends on the other, both are in ``dependent``.
    """
    if not len(held.dependent):
        return []
    many = np.int64(snapshot.n)
    low, high = np.minimum(held.dependent, held.on), np.maximum(held.dependent, held.on)
    key = low * many + high
    order = np.lexsort((held.basis, key))
    key, basis = key[order], held.basis[order]
    new = np.append(True, key[1:] != key[:-1])
    first = np.append(np.flatnonzero(new), len(key))
    named = np.flatnonzero(new | np.append(True, basis[1:] != basis[:-1]))
    words = pa.array(DEPENDENCE_BASES, pa.string()).take(pa.array(basis[named]))
    one, other = np.divmod(key[first[:-1]], many)
    return [
        Batch(
            "economic_dependence",
            batches.pairs(snapshot.party_ids, snapshot.party_rank, one, other),
            np.full(len(one), NULL, np.int64),
            _behind(snapshot, held, order, first),
            pack.name,
            figures={
                "basis": batches.few(np.searchsorted(named, first), words),
                "strength": _strengths(np.maximum.reduceat(held.strength[order], first[:-1])),
                "dependent": _dependents(snapshot, held.dependent[order], first),
            },
        )
    ]


def _dependents(snapshot: Snapshot, dependent: Int32, ptr: Int64) -> pa.ListArray:
    """Each distinct party of each list (CSR) of dependents."""
    of = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    key = np.unique(of * np.int64(snapshot.n) + dependent)
    ends = np.searchsorted(key, np.arange(len(ptr)) * np.int64(snapshot.n))
    return batches.few(ends, snapshot.party_ids.take(pa.array(key % snapshot.n)))


def _strengths(strength: Int64) -> pa.Array:
    """Strengths as decimal text, null where none is recorded."""
    known, which = np.unique(strength, return_inverse=True)
    shown = [None if value == NULL else str(value / SHARE_KIND.scale) for value in known.tolist()]
    return pa.array(shown, pa.string()).take(pa.array(which))


def _behind(snapshot: Snapshot, held: Dependence, order: Int64, ptr: Int64) -> Sources:
    """The facts behind each pair of edges in that order."""
    names = ("dependence", "counterparties", "parties")
    table, place = held.table[order], held.row[order]
    row = np.zeros(len(order), np.int64)
    for number, name in enumerate(names):
        of = table == number
        row[of] = snapshot.tables[name].row[place[of]] if of.any() else 0
    return Sources(names, ptr.astype(np.int64), table.astype(np.int8), row)
