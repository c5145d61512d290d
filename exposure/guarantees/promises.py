"""Promises: what each guarantee (担保) stands behind, and within which bounds.

A guarantee covers the facilities that it names and, where it names an obligor, all that this party owes
(最高额). A counter-guarantee (反担保) covers what the guarantee behind which it stands covers. Only counted
facilities are covered; one contract recorded twice is covered once. (rulebook 65-72.)
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.facilities import Facilities
from exposure.kernels import promises as _kernels
from graph.csr import Csr
from graph.errors import RangeError
from graph.model import GUARANTEE_FORMS, SHARE
from graph.money import NULL, portion, total
from graph.snapshot import NO_DATE, Rows, Snapshot

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

COUNTER: Final = GUARANTEE_FORMS.index("counter")
_FULL: Final = GUARANTEE_FORMS.index("full")
_BY_SHARE: Final = [GUARANTEE_FORMS.index(f) for f in ("share", "several", "pari_passu", "counter")]
_NEEDS: Final = [
    GUARANTEE_FORMS.index(f)
    for f in ("capped", "first_loss", "second_loss", "share", "several", "pari_passu")
]
_EPOCH: Final = dt.date(1970, 1, 1)
MOST: Final = 2**61
"""Sum of caps, and of debts, beyond which exact splits would leave 64 bits (minor units)."""


@dataclass(frozen=True)
class Bounds:
    """How much each guarantee promises; arrays by guarantee.

    It pays up to ``part`` (int64, parts per 10^9) of each debt, and no more than ``bound`` (int64 base minor
    units, NULL = no other bound) of all together. ``unknown`` bool: its cap or share, or the rate of its cap,
    is not known.
    """

    bound: Int64
    part: Int64
    unknown: Bool

    @classmethod
    def of(cls, snapshot: Snapshot) -> Bounds:
        """The bounds by form: ``full`` has none, ``joint_several`` and ``counter`` one only where it is given.

        Raises ``RangeError`` where the caps add up to more than exact splits hold.
        """
        rows = snapshot.tables["guarantees"]
        form, share, own = rows["form"], rows["share"], rows["cap"]
        cap = snapshot.in_base("guarantees", "cap")
        by_share = np.isin(form, _BY_SHARE) & (share != NULL)
        bound = np.where(form == _FULL, NULL, cap)
        if total(bound) > MOST:
            raise RangeError("the sum of guarantees")
        blank = (np.isin(form, _NEEDS) | (form < 0)) & (own == NULL) & ~by_share
        unknown = blank | ((form != _FULL) & (own != NULL) & (cap == NULL))
        return cls(bound, np.where(by_share, share, SHARE.scale), unknown)


@dataclass(frozen=True)
class Promises:
    """Every pair of a guarantee and a counted facility that it covers, in the order of guarantees.

    The pairs of guarantee g are ``ptr[g]:ptr[g + 1]`` (int64); ``guarantee``, ``facility`` and ``debtor``
    int32 by pair, the last one the party for which it stands there; ``own`` bool: the guarantor owes that
    facility itself. By guarantee: ``guarantor`` int32, ``root`` int32 (itself; for a counter-guarantee the
    guarantee at the end of the chain; -1 where that is none), ``bounds``, along the chain for a counter, and
    ``expired`` bool (``expiry_date`` on or before the day, anywhere along the chain).
    """

    held: Facilities
    guarantor: Int32
    root: Int32
    bounds: Bounds
    expired: Bool
    ptr: Int64
    guarantee: Int32
    facility: Int32
    debtor: Int32
    own: Bool

    @classmethod
    def of(cls, held: Facilities) -> Promises:
        """The promises about the counted facilities of a snapshot."""
        rows = held.snapshot.tables["guarantees"]
        day = (held.snapshot.as_of - _EPOCH).days
        expiry = rows["expiry_date"]
        expired = np.asarray((expiry != NO_DATE) & (expiry <= day))
        root, bounds, expired = _along(rows, Bounds.of(held.snapshot), expired)
        covers = held.snapshot.tables["guarantee_covers"]
        by = Csr.of(covers["guarantee_id"].astype(np.int32), len(rows))
        kept = kept_for(held)
        owed = Owed.of(held)
        ptr, facility, debtor = _kernels.pairs(
            *(root, by.ptr, covers["facility_id"][by.rows].astype(np.int32)),
            *(rows["obligor_id"].astype(np.int32), owed.ptr, owed.facility, kept, held.obligor),
        )
        guarantee = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(ptr))
        guarantor = rows["guarantor_id"].astype(np.int32)
        own = owed.owes(guarantor[guarantee], facility)
        return cls(held, guarantor, root, bounds, expired, ptr, guarantee, facility, debtor, own)

    def __len__(self) -> int:
        """How many guarantees there are."""
        return len(self.root)

    @property
    def rows(self) -> Rows:
        """The guarantees."""
        return self.held.snapshot.tables["guarantees"]

    @cached_property
    def alive(self) -> Bool:
        """Guarantees in force for another party: bool by guarantee.

        Not expired, and either for all debts of another party or with a facility that is not the
        guarantor's own.
        """
        obligor = np.append(self.rows["obligor_id"], -1)[self.root]
        outward = (obligor >= 0) & (obligor != self.guarantor)
        outward[self.guarantee[~self.own]] = True
        return np.asarray(outward & ~self.expired & (self.guarantor >= 0) & (self.root >= 0))

    @cached_property
    def live(self) -> Bool:
        """Pairs of such a guarantee with the debt of another: bool by pair."""
        return np.asarray(self.alive[self.guarantee] & ~self.own)

    @cached_property
    def drawn(self) -> Int64:
        """Drawn amount of each counted facility, 0 where it is not known: int64 base minor units."""
        return np.where(self.held.counted & (self.held.drawn != NULL), self.held.drawn, 0)

    @cached_property
    def promised(self) -> Int64:
        """What the guarantee promises of the drawn amount of each pair, its bound apart: int64 (pairs,)."""
        return portion(self.drawn[self.facility], self.bounds.part[self.guarantee])

    @cached_property
    def covered(self) -> Int64:
        """Drawn debts of others that each guarantee covers, within its bounds: int64 base minor units.

        What is unknown counts as 0 here; ``bounds.unknown`` tells where.
        """
        running = np.concatenate([[0], np.cumsum(np.where(self.own, 0, self.promised))])
        whole = np.asarray(running[self.ptr[1:]] - running[self.ptr[:-1]], np.int64)
        bound = np.where(self.bounds.bound == NULL, whole, np.minimum(whole, self.bounds.bound))
        return np.where(self.bounds.unknown, 0, bound)


@dataclass(frozen=True)
class Owed:
    """What each party owes: its counted facilities are ``facility[ptr[p]:ptr[p + 1]]`` (int32).

    Those as obligor come before those as co-obligor. ``co_facility`` and ``co_party`` int32 are the pairs of
    co-obligors, by facility.
    """

    ptr: Int64
    facility: Int32
    obligor: Int32
    co_facility: Int32
    co_party: Int32

    @classmethod
    def of(cls, held: Facilities) -> Owed:
        """Counted facilities by the parties that owe them."""
        claims = held.claims
        own = claims.facility[: claims.main]
        co = claims.facility[claims.co_claim]
        by = Csr.of(np.concatenate([held.obligor[own], claims.co_party]).astype(np.int32), held.snapshot.n)
        facility = np.concatenate([own, co]).astype(np.int32)[by.rows]
        return cls(by.ptr, facility, held.obligor, co.astype(np.int32), claims.co_party)

    def owes(self, party: Int32, facility: Int32) -> Bool:
        """Whether each party owes that facility, as obligor or co-obligor: bool by pair."""
        found = np.asarray(self.obligor[facility] == party)
        if len(self.co_party):
            n = np.int64(len(self.ptr))
            co = self.co_facility * n + self.co_party
            found |= np.isin(facility * n + party, co)
        return found


def kept_for(held: Facilities) -> Int32:
    """The counted facility that stands for each one: itself, the record that counts instead, or -1."""
    itself = np.arange(len(held), dtype=np.int32)
    other = np.where(held.duplicate_of >= 0, held.duplicate_of, itself)
    return np.where(held.counted[other], other, -1).astype(np.int32)


def _along(rows: Rows, own: Bounds, expired: Bool) -> tuple[Int32, Bounds, Bool]:
    """Root, bounds and expiry of each guarantee; for counter-guarantees those along the chain.

    A counter-guarantee without a guarantee behind which it stands has its own cover.
    """
    root = np.arange(len(rows), dtype=np.int32)
    behind = np.where(rows["form"] == COUNTER, rows["counter_of"], -1)
    counters = np.flatnonzero(behind >= 0).tolist()
    if not counters:
        return root, own, expired
    bound, part, unknown, lapsed = own.bound.copy(), own.part.copy(), own.unknown.copy(), expired.copy()
    for g in counters:
        passed, at = {g}, int(behind[g])
        while at >= 0 and at not in passed:
            passed.add(at)
            if own.bound[at] != NULL:  # of what is paid there, the part that is given back
                most = portion(own.bound[at : at + 1], part[g : g + 1])[0]
                bound[g] = most if bound[g] == NULL else min(bound[g], most)
            part[g] = portion(part[g : g + 1], own.part[at : at + 1])[0]
            unknown[g] |= own.unknown[at]
            lapsed[g] |= expired[at]
            root[g], at = at, int(behind[at])
        root[g] = -1 if at >= 0 else root[g]
    return root, Bounds(bound, part, unknown), lapsed
