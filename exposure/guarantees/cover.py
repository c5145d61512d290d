"""Cover (担保覆盖): how much of each debt which guarantee covers, each debt once and each cap once.

Cash first; each cap split over its facilities in proportion to what is left of their gross; at each facility the
claims scaled down to the debt in proportion to one another; a cap's surplus is not offered again. Joint and
several guarantees of a facility are one claim, shared equally. (rulebook 65-71.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.facilities import Facilities
from exposure.guarantees.promises import COUNTER, MOST, Promises
from exposure.kernels import cover as _kernels
from graph.csr import Csr
from graph.errors import RangeError
from graph.ids import text_buffers
from graph.model import GUARANTEE_FORMS
from graph.money import NULL, total

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]

REASONS: Final = (
    "", "expired", "self_given", "counter", "second_loss", "not_admitted", "amount_unknown", "no_debt",
)  # fmt: skip
"""Why a guarantee covers nothing of a facility; the first stands for none."""
_JOINT: Final = GUARANTEE_FORMS.index("joint_several")
_SECOND: Final = GUARANTEE_FORMS.index("second_loss")


@dataclass(frozen=True)
class Cover:
    """What covers what, by pair of ``promises``: int64 base minor units, NULL where it is not known.

    ``claim`` is what the guarantee offers to the facility before others are looked at, ``amount`` what it
    covers in the end; ``reason`` int8 indexes ``REASONS``. The amounts of a facility add up to its ``debt``
    (int64 by facility, NULL unknown) at most, those of a guarantee to its cap at most.
    """

    promises: Promises
    debt: Int64
    claim: Int64
    amount: Int64
    reason: Int8

    @cached_property
    def known(self) -> Int64:
        """Amounts with 0 where they are not known: int64 (pairs,)."""
        return np.where(self.amount == NULL, 0, self.amount)

    def by_guarantee(self) -> Int64:
        """What each guarantee covers in all, NULL where a part is not known: int64 (guarantees,)."""
        return _sums(self.promises.guarantee, self.amount, len(self.promises))

    def by_guarantor(self) -> Int64:
        """What each party's guarantees cover in all, NULL where a part is not known: int64 (parties,)."""
        party = self.promises.guarantor[self.promises.guarantee]
        return _sums(party, self.amount, self.promises.held.snapshot.n)

    def by_facility(self) -> Int64:
        """What is covered of each facility, unknown parts left out: int64 (facilities,)."""
        out = np.zeros(len(self.debt), np.int64)
        np.add.at(out, self.promises.facility, self.known)
        return out


def after_cash(held: Facilities) -> Int64:
    """Gross of each facility less the cash that its lender holds for it: int64 base minor units.

    0 for facilities that do not count, NULL where the gross is not known. An empty cash amount is none.
    """
    cash = held.snapshot.in_base("facilities", "cash_collateral")
    gross = held.gross
    left = np.maximum(np.where(gross == NULL, 0, gross) - np.where(cash == NULL, 0, cash), 0)
    return np.where(held.counted, np.where(gross == NULL, NULL, left), 0)


def allocate(
    promises: Promises,
    debt: Int64 | None = None,
    *,
    admitted: Bool | None = None,
    fit: Bool | None = None,
    left: tuple[Int64, Int64] | None = None,
) -> Cover:
    """Allocate the cover of overlapping guarantees.

    ``debt`` int64 by facility is what there is to cover (default: gross after cash; NULL = unknown, takes no
    part); ``admitted`` bool by guarantee and ``fit`` bool by pair tell which take part besides the rules below
    (default: all); ``left`` is what maturity and currency mismatch leave of a guarantee's claim on a facility, as
    numerator and denominator int64 by pair (rulebook 37). Expired, self-given, counter and second-loss guarantees
    cover nothing. Raises ``RangeError`` where the debts add up to more than exact splits hold.
    """
    owing = after_cash(promises.held) if debt is None else debt
    if total(owing) > MOST:
        raise RangeError("the sum of debts")
    reason = _reasons(promises, owing, admitted, fit)
    used = reason == 0
    tables = promises.held.snapshot.tables
    bounds = promises.bounds
    claim = _kernels.claims(
        *(promises.ptr, promises.facility, used, owing, bounds.bound, bounds.part),
        *((np.zeros(0, np.int64), np.zeros(0, np.int64)) if left is None else left),
        *text_buffers(tables["facilities"].text("facility_id"))[:2],
    )
    by = Csr.of(np.where(used, promises.facility, -1).astype(np.int32), len(owing))
    pair = by.rows
    whose = promises.guarantee[pair]
    amount = np.zeros(len(claim), np.int64)
    amount[pair] = _kernels.settle(
        *(by.ptr, whose, (promises.rows["form"] == _JOINT)[whose], owing, claim[pair]),
        *text_buffers(tables["guarantees"].text("guarantee_id"))[:2],
    )
    blank = reason == REASONS.index("amount_unknown")
    return Cover(promises, owing, np.where(blank, NULL, claim), np.where(blank, NULL, amount), reason)


def _reasons(promises: Promises, debt: Int64, admitted: Bool | None, fit: Bool | None) -> Int8:
    """Why each pair covers nothing, as a place in ``REASONS``; of several reasons the first in the list."""
    form = promises.rows["form"]
    g, owed = promises.guarantee, debt[promises.facility]
    refused = np.zeros(len(g), bool) if admitted is None else ~admitted[g]
    if fit is not None:
        refused |= ~fit
    why = (
        promises.expired[g], promises.own, (form == COUNTER)[g], (form == _SECOND)[g], refused,
        promises.bounds.unknown[g] | (owed == NULL), owed == 0,
    )  # fmt: skip
    return np.select(list(why), list(range(1, len(REASONS))), 0).astype(np.int8)


def _sums(key: npt.NDArray[np.int32], amount: Int64, many: int) -> Int64:
    """Sums by key (-1 = nowhere), NULL where a summand is NULL: int64 (many,)."""
    out = np.zeros(many + 1, np.int64)
    np.add.at(out, key, np.where(amount == NULL, 0, amount))
    out[key[amount == NULL]] = NULL
    return out[:many]
