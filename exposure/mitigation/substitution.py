"""Substitution (替代): which guarantees are recognised as credit protection, and how much each takes over.

The recognised part of a debt becomes a claim on the guarantor, once. A guarantee must be in force, eligible, given
for the debt of another, by another than the lender itself, and no riskier than the obligor; one that ends before the
debt counts in part, and so does one in another currency. (CRR Art. 403, LEX30, CRE22; rulebook 27, 36, 37.)
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.batches import Batch, Sources, single
from exposure.facilities import Facilities
from exposure.guarantees.cover import REASONS as _OF_COVER
from exposure.guarantees.cover import Cover, allocate
from exposure.guarantees.promises import Promises
from exposure.results import MONEY, constant, decimals, ids, result
from exposure.rulepack import RulePack, parts
from graph.errors import RangeError
from graph.model import GUARANTEE_FORMS, PARTY_KINDS, RATIO, SHARE
from graph.money import NULL, portion
from graph.snapshot import NO_DATE

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]

_ADMISSION: Final = ("not_eligible", "own_lender", "higher_risk_weight", "maturity")
_AT: Final = _OF_COVER.index("not_admitted")
REASONS: Final = (*_OF_COVER[:_AT], *_ADMISSION, *_OF_COVER[_AT + 1 :])
"""Why a guarantee takes over nothing of a facility; the first stands for none, of several the first holds."""
_CODES: Final = {
    "expired": "guarantee_expired",
    "not_eligible": "guarantee_not_eligible",
    "self_given": "self_guarantee",
}
_EPOCH: Final = dt.date(1970, 1, 1)
_YEAR: Final = 365
_LONGEST: Final = 1000 * RATIO.scale
"""Residual maturities beyond a thousand years are as good as that, and stay within 64 bits."""
_WIDEST: Final = 2**61
_NO_CURRENCY: Final = -2


@dataclass(frozen=True)
class Substitution:
    """What guarantees take over, by pair of guarantee and facility that ``cover.promises`` lists.

    ``cover`` holds the amounts after mismatches, ``reason`` int8 indexes ``REASONS``.
    """

    cover: Cover
    reason: Int8

    @property
    def promises(self) -> Promises:
        """The pairs."""
        return self.cover.promises

    def table(self, counted: Bool | None = None) -> pa.Table:
        """The ``mitigation`` result, in the order of guarantees and of the facilities that each covers.

        Of the facilities marked in ``counted`` (bool by facility) where that is given.
        """
        p, cover = self.promises, self.cover
        tables = p.held.snapshot.tables
        forms = pa.array([*GUARANTEE_FORMS, None], pa.string())
        words = pa.array([None, *REASONS[1:]], pa.string())
        form = np.where(p.rows["form"] < 0, len(GUARANTEE_FORMS), p.rows["form"])[p.guarantee]
        made = result(
            "mitigation",
            facility_id=ids(tables["facilities"].text("facility_id"), p.facility),
            guarantee_id=ids(tables["guarantees"].text("guarantee_id"), p.guarantee),
            guarantor_id=ids(p.held.snapshot.party_ids, p.guarantor[p.guarantee]),
            form=forms.take(pa.array(form)),
            cap=decimals(self.caps(), MONEY),
            recognised=decimals(cover.amount, MONEY),
            moved=decimals(cover.amount, MONEY),
            reason=words.take(pa.array(self.reason)),
            pack=constant(p.held.pack.name, len(p.facility)),
        )
        return made if counted is None else made.filter(pa.array(counted[p.facility]))

    def caps(self) -> Int64:
        """What each guarantee promises at most: its cap, else its part of the debt; int64 by pair, NULL unknown."""
        p, bounds = self.promises, self.promises.bounds
        own = portion(self.cover.debt[p.facility], bounds.part[p.guarantee])
        cap = bounds.bound[p.guarantee]
        return np.where(bounds.unknown[p.guarantee], NULL, np.where(cap == NULL, own, cap))

    def findings(self, counted: Bool | None = None) -> list[Batch]:
        """``guarantee_expired``, ``guarantee_not_eligible``, ``self_guarantee``: one a guarantee.

        The amount is what the guarantee promises of the debts for which it is refused, of the facilities
        marked in ``counted`` (bool by facility) where that is given; none where a part of that is not known.
        """
        return [self._refused(reason, code, counted) for reason, code in _CODES.items()]

    def _refused(self, reason: str, code: str, counted: Bool | None) -> Batch:
        """The guarantees that are refused for a reason."""
        p, bounds = self.promises, self.promises.bounds
        snapshot = p.held.snapshot
        refused = self.reason == REASONS.index(reason)
        pairs = np.flatnonzero(refused if counted is None else refused & counted[p.facility])
        offered = portion(self.cover.debt[p.facility[pairs]], bounds.part[p.guarantee[pairs]])
        of, place = np.unique(p.guarantee[pairs], return_inverse=True)
        sums = np.zeros(len(of), np.int64)
        np.add.at(sums, place, np.where(offered == NULL, 0, offered))
        sums = np.where(bounds.bound[of] == NULL, sums, np.minimum(sums, bounds.bound[of]))
        sums[bounds.unknown[of]] = NULL
        sums[place[offered == NULL]] = NULL
        return Batch(
            code,
            single(ids(p.rows.text("guarantee_id"), of)),
            sums,
            Sources.of(snapshot, "guarantees", np.arange(len(of) + 1), of),
            figures={"guarantor": pc.fill_null(ids(snapshot.party_ids, p.guarantor[of]), "")},
        )


def substituted(
    held: Facilities, ours: Int32 | None = None, promises: Promises | None = None
) -> Substitution:
    """What guarantees take over of the facilities under their pack, each debt and each cap once.

    ``ours`` int32 are parties that belong to the lenders whose claims are looked at: what these guarantee protects
    nothing, as little as what a lender guarantees to itself. ``promises`` are those of ``held`` if they are at hand.
    Where the residual life of either side is not known there is no mismatch to compute; where the risk weight
    of either is not known (a government's counts as 0 %) there is none to compare.
    """
    promises = Promises.of(held) if promises is None else promises
    above, below, lasting = _maturity(promises)
    numerator, denominator = _currency(promises)
    if len(below) and int(below.max()) * int(denominator.max()) >= _WIDEST:
        raise RangeError("a haircut for mismatches")
    left = above * numerator, below * denominator
    eligible = (promises.rows["eligible"] == 1) & (promises.guarantor >= 0)
    outside, safer = ~_own_lender(promises, ours), ~_riskier(promises)
    cover = allocate(promises, admitted=eligible, fit=outside & safer & lasting, left=left)
    why = np.select([~eligible[promises.guarantee], ~outside, ~safer], [0, 1, 2], 3)
    after = np.where(cover.reason > _AT, cover.reason + len(_ADMISSION) - 1, cover.reason)
    reason = np.where(cover.reason == _AT, _AT + why, after)
    return Substitution(cover, reason.astype(np.int8))


def _own_lender(promises: Promises, ours: Int32 | None) -> Bool:
    """Whether the guarantor is the facility's lender itself, or one of ``ours``: bool by pair."""
    tables = promises.held.snapshot.tables
    lender = np.append(tables["lenders"]["party_id"], np.int32(-1))[promises.held.lender[promises.facility]]
    giver = promises.guarantor[promises.guarantee]
    found = (giver == lender) & (giver >= 0)
    return np.asarray(found if ours is None else found | np.isin(giver, ours))


def _riskier(promises: Promises) -> Bool:
    """Whether the guarantor has a higher risk weight than the obligor, both known: bool by pair."""
    rows = promises.held.snapshot.parties
    weight = rows["risk_weight"]
    weight = np.where((weight == NULL) & (rows["kind"] == PARTY_KINDS.index("government")), 0, weight)
    weight = np.append(weight, NULL)  # of a party that is not known
    giver = weight[promises.guarantor[promises.guarantee]]
    owing = weight[promises.held.obligor[promises.facility]]
    return np.asarray((owing != NULL) & (giver != NULL) & (giver > owing))


def _residual(promises: Promises, table: str, date: str) -> Int64:
    """Time left of the rows of a table, int64 in parts of 1 / (365 x 10^9) years, NULL unknown.

    As given in years, else days to the date / 365.
    """
    rows = promises.held.snapshot.tables[table]
    day = (promises.held.snapshot.as_of - _EPOCH).days
    ends = rows[date]
    days = np.where(ends == NO_DATE, 0, ends.astype(np.int64) - day)
    by_date = np.where(ends == NO_DATE, NULL, np.maximum(days, 0) * RATIO.scale)
    years = np.minimum(rows["residual_maturity"], _LONGEST)
    return np.where(years == NULL, by_date, years * _YEAR)


def _maturity(promises: Promises) -> tuple[Int64, Int64, Bool]:
    """What a maturity mismatch leaves as numerator and denominator by pair, and where it leaves anything at all.

    (t - 0.25) / (T - 0.25) with T = min(5, residual life of the debt), t that of the guarantee; nothing where t
    does not exceed the floor or the guarantee was given for less than a year. (CRE22; rulebook 37.)
    """
    pack: RulePack = promises.held.pack
    many = len(promises.guarantee)
    above, below, lasting = np.ones(many, np.int64), np.ones(many, np.int64), np.ones(many, bool)
    floor, longest = (
        pack.threshold("mitigation", "maturity_floor_years"),
        pack.setting("mitigation", "maturity_cap_years"),
    )
    if floor is None or longest is None:
        return above, below, lasting
    t = _residual(promises, "guarantees", "expiry_date")[promises.guarantee]
    end = _residual(promises, "facilities", "maturity_date")
    end = np.minimum(end, parts(longest) * _YEAR)[promises.facility]
    least = floor.line * _YEAR
    short = (t != NULL) & (end != NULL) & (t < end)
    lasting[short] = (t[short] >= least) if floor.on_the_line else (t[short] > least)
    original = pack.threshold("mitigation", "original_maturity_years")
    if original is not None:
        given = promises.rows["original_maturity"][promises.guarantee]
        long = (given >= original.line) if original.on_the_line else (given > original.line)
        lasting &= ~short | (given == NULL) | long
    part = short & lasting
    above[part], below[part] = t[part] - least, end[part] - least
    return above, below, lasting


def _currency(promises: Promises) -> tuple[Int64, Int64]:
    """What a currency mismatch leaves as numerator and denominator by pair.

    The currency of a cap is the base where it is empty.
    """
    held, rows = promises.held, promises.rows
    cut = parts(held.pack.setting("mitigation", "currency_mismatch", 0))
    fx = held.snapshot.fx
    base = fx.currencies.index(fx.base) if fx.base in fx.currencies else _NO_CURRENCY
    capped = promises.bounds.bound != NULL
    own = np.where(rows["currency"] >= 0, rows["currency"], np.where(capped, base, _NO_CURRENCY))[
        promises.guarantee
    ]
    of = held.snapshot.tables["facilities"]["currency"][promises.facility]
    other = (own != _NO_CURRENCY) & (of >= 0) & (own != of)
    left = Fraction(SHARE.scale - cut, SHARE.scale)
    return (
        np.where(other, left.numerator, 1).astype(np.int64),
        np.where(other, left.denominator, 1).astype(np.int64),
    )
