"""Network: what the failure of each party sets off in the book, compiled to arrays that a cascade reads.

At once it takes from holders their share of the party's equity, from creditors LGD x claim, from dependents their
share of receipts x revenue; and its debts are called, less cash and collateral, of those who stand behind them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.contagion.amounts import added, known
from exposure.contagion.scenario import Scenario
from exposure.facilities import Facilities
from exposure.findings import Finding, finding
from exposure.guarantees.promises import COUNTER, Bounds, Owed, Promises
from exposure.kernels import cascade as _kernels
from exposure.kernels import debts as _debts
from exposure.mitigation.collateral import collateral, open_debt
from graph.csr import Csr
from graph.model import DEPENDENCE_BASES, GUARANTEE_FORMS, SHARE
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

_RECEIPTS: Final = DEPENDENCE_BASES.index("gross_receipts_share")
_PARI_PASSU: Final = GUARANTEE_FORMS.index("pari_passu")
_SECOND: Final = GUARANTEE_FORMS.index("second_loss")
TOLERANCE: Final = 1e-12
"""Part of its equity by which a loss may fall short of it and still break a party: the rounding of sums."""
NO_FOOT: Final = _kernels.Foot(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0))
"""Whom a run costs something is not asked."""


def records(many: int) -> Float64:
    """Room for so many records of eight floats, each in one cache line: float64 (many, 8)."""
    room = np.zeros(8 * many + 8)
    first = -room.ctypes.data // 8 % 8
    return room[first : first + 8 * many].reshape(many, 8)


@dataclass(frozen=True)
class Edges:
    """Losses at once: when ``source`` fails, ``target`` (int32) loses ``amount`` (float64 minor units)."""

    source: Int32
    target: Int32
    amount: Float64
    channel: int

    @classmethod
    def of(cls, source: Int32, target: Int32, amount: Float64, channel: int) -> Edges:
        """Edges between two known parties with an amount above 0."""
        good = (source >= 0) & (target >= 0) & (source != target) & (amount > 0)
        return cls(source[good].astype(np.int32), target[good].astype(np.int32), amount[good], channel)


@dataclass(frozen=True)
class Network:
    """The compiled ties of a snapshot, as ``net`` for the kernels.

    ``equity`` float64 (n,) minor units, NaN unknown; ``owed`` float64 (n,) what each party owes lenders and others.
    ``missing`` are findings about facts that take no part because something in them is not known.
    """

    snapshot: Snapshot
    equity: Float64
    owed: Float64
    net: _kernels.Net
    missing: tuple[Finding, ...] = ()

    @classmethod
    def of(
        cls, snapshot: Snapshot, edges: Iterable[Edges], debts: Debts | None, missing: Iterable[Finding]
    ) -> Network:
        """Put edges and debts together, each in the order of who fails."""
        equity = known(snapshot.in_base("parties", "equity"))
        listed, n = list(edges), snapshot.n
        source = np.concatenate([e.source for e in listed])
        by = Csr.of(source, n)
        code = np.concatenate([4 * e.target + e.channel for e in listed]).astype(np.int32)[by.rows]
        amount = np.concatenate([e.amount for e in listed])[by.rows]
        held = debts or Debts.none(snapshot)
        line = equity - np.maximum(np.abs(equity) * TOLERANCE, 1e-6)
        party = records(n)
        party[:, _kernels.LINE] = np.where(np.isnan(line), np.inf, line)
        party[:, _kernels.HIT], party[:, _kernels.HITS_END] = by.ptr[:-1], by.ptr[1:]
        party[:, _kernels.DEBT], party[:, _kernels.DEBTS_END] = held.ptr[:-1], held.ptr[1:]
        rows, due = (
            snapshot.tables["liabilities"],
            np.nan_to_num(known(snapshot.in_base("liabilities", "amount"))),
        )
        at = np.flatnonzero(rows["debtor_id"] >= 0)
        owed = held.drawn + added(rows["debtor_id"][at], due[at], n)
        return cls(snapshot, equity, owed, _kernels.Net(party, code, amount, *held.arrays), tuple(missing))

    def state(self) -> _kernels.State:
        """Room for one thread."""
        net, n = self.net, self.snapshot.n
        debts, pairs, caps, counters = len(net.debt), len(net.guarantor), len(net.cap), len(net.counter)
        lenders = len(self.snapshot.tables["lenders"]) + 1
        whole, real, copied = np.int32, np.float64, records(n)
        copied[:] = net.party
        return _kernels.State(
            *(
                copied,
                np.zeros(n, whole),
                np.zeros(n, whole),
                np.zeros(n, np.int64),
                np.zeros(n, real),
            ),
            *(np.zeros(debts, whole), np.zeros(debts, real), np.zeros(debts + 1, np.int64)),
            *(
                np.zeros(pairs, whole),
                np.zeros(pairs, real),
                np.zeros(pairs, real),
                np.zeros(pairs, np.int64),
            ),
            *(np.zeros(caps, real), np.zeros(caps, real), np.zeros(caps, np.int64), np.zeros(caps, np.int64)),
            *(np.zeros((2, counters), whole), np.zeros(counters, real), np.zeros(counters, real)),
            *(np.zeros(counters, np.int64), np.zeros(counters, real)),
            *(np.zeros(lenders, real), np.zeros(lenders, np.int64)),
        )

    @staticmethod
    def log(room: int) -> _kernels.Log:
        """Room for so many edges."""
        whole = np.int32
        return _kernels.Log(
            *(np.zeros(room, whole), np.zeros(room, whole), np.zeros(room, whole)),
            *(np.zeros(room, np.int8), np.zeros(room, np.float64)),
        )


def claims(snapshot: Snapshot, lgd: float) -> tuple[Edges, list[Finding]]:
    """Who loses what of its claims when a debtor fails, and what is missing of ``liabilities``."""
    rows = snapshot.tables["liabilities"]
    amount = snapshot.in_base("liabilities", "amount")
    edges = Edges.of(
        rows["debtor_id"], rows["creditor_id"], lgd * np.nan_to_num(known(amount)), _kernels.CLAIM
    )
    return edges, lacking("liabilities", "amount", rows.row[amount == NULL])


def interbank(snapshot: Snapshot, scenario: Scenario) -> Network:
    """The network of ``liabilities`` alone, for a threshold cascade."""
    edges, missing = claims(snapshot, scenario.lgd)
    return Network.of(snapshot, [edges], None, missing)


def group(held: Facilities, promises: Promises, scenario: Scenario, secured: Int64 | None = None) -> Network:
    """The whole book, for the group cascade; facilities and promises are those of the scenario's snapshot.

    ``secured`` int64 by facility is what collateral gives, where that is known already.
    """
    snapshot = held.snapshot
    owed, missing = claims(snapshot, scenario.lgd)
    receipts, blank = _receipts(snapshot)
    edges = [_holdings(snapshot), owed, receipts]
    return Network.of(snapshot, edges, Debts.of(held, promises, scenario, secured), [*missing, *blank])


def lacking(table: str, column: str, rows: npt.ArrayLike) -> list[Finding]:
    """``network_incomplete``: rows of a table that take no part; none where there is no such row."""
    listed = np.asarray(rows).tolist()
    where = [(table, row) for row in listed[:1000]]
    return [finding("network_incomplete", (), rule=f"{table}.{column}", rows=where, table=table, column=column,
                    count=len(listed))] if listed else []  # fmt: skip


def _holdings(snapshot: Snapshot) -> Edges:
    """Holders of a company that fails lose their share of its equity, as far as that is positive."""
    stakes = snapshot.stakes
    company = np.repeat(np.arange(snapshot.n, dtype=np.int32), np.diff(stakes.ptr))
    worth = np.maximum(np.nan_to_num(known(snapshot.in_base("parties", "equity"))), 0.0)
    return Edges.of(company, stakes.owner, stakes.share / SHARE.scale * worth[company], _kernels.HOLDING)


def _receipts(snapshot: Snapshot) -> tuple[Edges, list[Finding]]:
    """Dependents lose their share of receipts x revenue, each pair once with the largest of what is recorded."""
    revenue = known(snapshot.in_base("parties", "revenue"))
    stated, trade = snapshot.tables["dependence"], snapshot.tables["counterparties"]
    first = np.flatnonzero(stated["basis"] == _RECEIPTS)
    kinds = trade.table.column("relation").values
    second = np.flatnonzero(np.isin(trade["relation"], [kinds.index("customer"), kinds.index("tenant")]))
    who = np.concatenate([stated["dependent_id"][first], trade["party_id"][second]]).astype(np.int32)
    on = np.concatenate([stated["on_id"][first], trade["counterparty_id"][second]]).astype(np.int32)
    share = (
        np.concatenate([known(stated["strength"][first]), known(trade["share_of_receipts"][second])])
        / SHARE.scale
    )
    sold = np.concatenate(
        [np.full(len(first), np.nan), known(snapshot.in_base("counterparties", "amount"))[second]]
    )
    amount = np.where(np.isnan(share), sold, np.minimum(share, 1.0) * np.append(revenue, np.nan)[who])
    unknown = np.isnan(amount) & (who >= 0) & (on >= 0)
    missing = lacking("dependence", "strength or revenue", stated.row[first[unknown[: len(first)]]])
    missing += lacking(
        "counterparties", "share_of_receipts or revenue", trade.row[second[unknown[len(first) :]]]
    )
    order = np.lexsort((np.nan_to_num(amount), who, on))
    last = np.append((np.diff(on[order]) != 0) | (np.diff(who[order]) != 0), True)[: len(order)]
    kept = order[last]
    return Edges.of(on[kept], who[kept], np.nan_to_num(amount[kept]), _kernels.DEPENDENCE), missing


@dataclass(frozen=True)
class Debts:
    """What each party owes, with those who stand behind it.

    ``ptr`` int64 by party into the kernels' arrays; ``drawn`` float64 (n,) all counted drawn debts, minor units.
    """

    ptr: Int64
    drawn: Float64
    arrays: tuple[npt.NDArray[np.generic], ...]

    @classmethod
    def none(cls, snapshot: Snapshot) -> Debts:
        """No debts at all."""
        whole, real = np.zeros(0, np.int32), np.zeros(0)
        counters = np.zeros(1, np.int64), whole, whole, whole, real, real
        return cls(
            np.zeros(snapshot.n + 1, np.int64),
            np.zeros(snapshot.n),
            (records(0), whole, real, whole, whole, real, whole, real, real, *counters),
        )

    @classmethod
    def of(cls, held: Facilities, promises: Promises, scenario: Scenario, secured: Int64 | None) -> Debts:
        """The counted drawn facilities, those of one obligor and the same guarantees as one debt.

        A debt is drawn amounts less cash and collateral. Co-obligors stand behind it in full, as guarantors do.
        """
        snapshot = held.snapshot
        drawn = promises.drawn.astype(np.float64)
        given = collateral(held).secured if secured is None else secured
        owing = (open_debt(held) - given).astype(np.float64)
        rows = np.flatnonzero(owing > 0)
        behind = Behind.of(promises, owing)
        by_facility = Csr.of(behind.facility, len(held))
        guarantee = behind.guarantee[by_facility.rows]
        owed = Csr.of(held.obligor[rows], snapshot.n)
        number, ptr, lead = _debts.numbered(
            owed.ptr, rows[owed.rows].astype(np.int32), by_facility.ptr, guarantee
        )
        many = len(lead)
        parts = Csr.of(number, many)
        lent_ptr, lender, lent, lost = _debts.lenders(
            *(
                parts.ptr,
                parts.rows,
                held.lender,
                owing,
                _lgd(held, scenario),
                len(snapshot.tables["lenders"]) + 1,
            )
        )
        rest, exposed = (
            added(number[rows], owing[rows], many),
            added(number[rows], drawn[rows], many),
        )
        size = np.diff(by_facility.ptr)[lead]
        pair_ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        place = by_facility.rows[
            np.arange(pair_ptr[-1]) + np.repeat(by_facility.ptr[lead] - pair_ptr[:-1], size)
        ]
        of = np.repeat(np.arange(many), size)
        obligor = np.repeat(np.arange(snapshot.n), np.diff(ptr))
        promised, shared, cap = behind.promised(place, of, obligor[of], rest, exposed)
        record = records(many)
        record[:, _kernels.REST], record[:, _kernels.OBLIGOR] = rest, obligor
        np.maximum.at(record[:, _kernels.SHARED], of, (shared >= 0).astype(float))
        record[:, _kernels.PAIR], record[:, _kernels.PAIRS_END] = pair_ptr[:-1], pair_ptr[1:]
        record[:, _kernels.LENT], record[:, _kernels.LENT_END] = lent_ptr[:-1], lent_ptr[1:]
        whole = np.repeat(rest, np.diff(lent_ptr))
        return cls(
            ptr,
            added(held.obligor, drawn, snapshot.n),
            (record, behind.guarantor[place], promised, shared, behind.guarantee[place], cap,
             lender, lent / whole, lost / whole, *_counters(promises, len(promises) + len(held.claims.co_claim))),
        )  # fmt: skip


def _lgd(held: Facilities, scenario: Scenario) -> Float64:
    """Loss given default of each facility: that of its product, else the scenario's."""
    codes, words = held.snapshot.tables["facilities"].words("product")
    return np.array([*(scenario.lgd_by_product.get(w, scenario.lgd) for w in words), scenario.lgd])[codes]


@dataclass(frozen=True)
class Behind:
    """Who stands behind which facility, by pair: guarantees in force by their number, then co-obligors."""

    facility: Int32
    guarantor: Int32
    guarantee: Int32
    form: npt.NDArray[np.int8]
    part: Float64
    bound: Float64

    @classmethod
    def of(cls, promises: Promises, owing: Float64) -> Behind:
        """The live pairs with a debt left; those of guarantees whose cap or share is not known are left out.

        ``part`` float64 is what the guarantee pays of a debt, ``bound`` (inf = none) of all its debts together; pari
        passu without a share pays cap / exposure, that being all drawn amounts that it covers. (Rulebook 69.)
        """
        rows, bounds = promises.rows, Bounds.of(promises.held.snapshot)
        counter = (rows["form"] == COUNTER) & (rows["counter_of"] >= 0)
        used = promises.live & ~bounds.unknown[promises.guarantee] & ~counter[promises.guarantee]
        at = np.flatnonzero(used & (owing[promises.facility] > 0))
        g = promises.guarantee[at]
        covered = added(promises.guarantee[used], promises.drawn[promises.facility[used]], len(promises))
        bound = np.where(bounds.bound == NULL, np.inf, bounds.bound.astype(np.float64))
        by_cap = (rows["form"] == _PARI_PASSU) & (rows["share"] == NULL)
        part = np.where(by_cap, np.minimum(bound / np.maximum(covered, 1.0), 1.0), bounds.part / SHARE.scale)
        owed = Owed.of(promises.held)
        also = np.flatnonzero(owing[owed.co_facility] > 0)
        more = len(also)
        return cls(
            np.concatenate([promises.facility[at], owed.co_facility[also]]).astype(np.int32),
            np.concatenate([promises.guarantor[g], owed.co_party[also]]).astype(np.int32),
            np.concatenate([g, len(promises) + also]).astype(np.int32),
            np.concatenate([rows["form"][g], np.full(more, -1, np.int8)]),
            np.concatenate([part[g], np.ones(more)]),
            np.concatenate([bound[g], np.full(more, np.inf)]),
        )

    def promised(
        self, place: Int64, debt: Int64, obligor: Int64, rest: Float64, exposed: Float64
    ) -> tuple[Float64, Int32, Float64]:
        """The most that each pair pays of its debt; number of its cap over several debts (-1 none); those caps.

        Second loss pays what exceeds the exposure that the cap leaves out, of all debts of an obligor together.
        """
        form, bound, owed = self.form[place], self.bound[place], rest[debt]
        out = self.part[place] * owed
        second = np.flatnonzero(form == _SECOND)
        if len(second):
            _, key = np.unique(
                np.stack([self.guarantee[place[second]], obligor[second]]), axis=1, return_inverse=True
            )
            key = key.ravel()
            many = int(key.max()) + 1
            whole, all_of = added(key, owed[second], many), added(key, exposed[debt[second]], many)
            reach = np.maximum(whole[key] - np.maximum(all_of[key] - bound[second], 0.0), 0.0)
            out[second] = owed[second] * reach / whole[key]
        number, first, count = _numbered(self.guarantee[place])
        alone = count[number] == 1
        out = np.where(alone, np.minimum(out, bound), out)
        several = (count > 1) & np.isfinite(bound[first])
        shared = np.where(several, np.cumsum(several) - 1, -1).astype(np.int32)[number]
        return out, shared, bound[first][several]


def _numbered(values: Int32) -> tuple[Int64, Int64, Int64]:
    """Dense number of each value, and by number a place of it and how often it stands there."""
    _, first, number, count = np.unique(values, return_index=True, return_inverse=True, return_counts=True)
    return number, first, count


def _counters(promises: Promises, many: int) -> tuple[npt.NDArray[np.generic], ...]:
    """Counter-guarantees by the guarantee behind which they stand (CSR over ``many``), as the kernels read them."""
    rows, bounds = promises.rows, Bounds.of(promises.held.snapshot)
    behind = np.where(rows["form"] == COUNTER, rows["counter_of"], -1)
    good = (behind >= 0) & ~promises.expired & ~bounds.unknown & (promises.guarantor >= 0)
    beneficiary = np.append(promises.guarantor, -1)[behind]
    good &= (beneficiary >= 0) & (beneficiary != promises.guarantor)
    by = Csr.of(np.where(good, behind, -1).astype(np.int32), many)
    bound = np.where(bounds.bound == NULL, np.inf, bounds.bound.astype(np.float64))
    return (
        by.ptr, by.rows, promises.guarantor[by.rows], beneficiary[by.rows].astype(np.int32),
        bounds.part[by.rows] / SHARE.scale, bound[by.rows],
    )  # fmt: skip
