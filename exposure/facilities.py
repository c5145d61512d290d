"""Facilities (授信) at value: which count, what each is worth gross, and on whom the claims are.

Gross = drawn + CCF x max(0, limit - drawn), or the exposure value where one is given. Closed, written-off and
proposed facilities never count, matured ones only while drawn; one contract recorded twice counts once.
(CRR Art. 111 and 389-390, LEX30, 2018 No. 1; rulebook 24, 25, 35, 48.)
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.claims import Claims, Ledger
from exposure.lookthrough import pieces
from exposure.rulepack import RulePack
from exposure.umbrellas import Umbrellas
from graph.errors import RangeError
from graph.model import INT64_MAX, SHARE
from graph.money import NULL, portion, total
from graph.snapshot import NO_DATE, Rows, Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

NEVER: Final = frozenset({"closed", "written_off", "proposed"})
"""Statuses of facilities that do not count."""
_EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Facilities:
    """Every facility of a snapshot at value under one pack; arrays by facility.

    ``limit``, ``drawn``, ``gross``: int64 base minor units, NULL where the amount or its rate is unknown.
    ``counted``: bool. ``ccf``: int64 parts per 10^9, after the floor. ``duplicate_of``: int32, the facility
    that counts instead, -1 elsewhere. ``no_factor``: bool, the product has no conversion factor and 100 % is
    used. ``obligor``, ``lender``: int32.
    """

    snapshot: Snapshot
    pack: RulePack
    obligor: Int32
    lender: Int32
    limit: Int64
    drawn: Int64
    gross: Int64
    ccf: Int64
    counted: Bool
    duplicate_of: Int32
    no_factor: Bool
    umbrellas: Umbrellas

    def __len__(self) -> int:
        """How many facilities there are, counted or not."""
        return len(self.counted)

    @cached_property
    def claims(self) -> Claims:
        """The claims after look-through; co-obligors of a duplicate record owe the one that counts."""
        through = pieces(self.snapshot, self.pack, self.lender, np.where(self.counted, self.gross, NULL))
        pairs = self.snapshot.tables["co_obligors"]
        facility = pairs["facility_id"]
        kept = np.append(self.duplicate_of, -1)[facility]
        facility = np.where(kept >= 0, kept, facility)
        return Claims.of(self.counted, self.obligor, self.gross, through, (facility, pairs["party_id"]))

    @cached_property
    def ledger(self) -> Ledger:
        """The claims by party, ready to be summed."""
        names = self.snapshot.tables["lenders"].text("lender_id")
        by_facility = (self.lender, self.limit, self.drawn, self.umbrellas.line_of)
        return Ledger.of(self.claims, self.snapshot.n, names, by_facility)


def valued(snapshot: Snapshot, pack: RulePack) -> Facilities:
    """Value every facility of a snapshot by the rules of a pack.

    Rounded half-even to the minor unit of its own currency, then converted half-even. Raises ``RangeError``
    where the counted limits, drawn amounts or gross values add up to more than 64 bits hold, so that no sum
    over counted facilities can wrap.
    """
    rows = snapshot.tables["facilities"]
    umbrella = rows["umbrella_id"]
    ccf, no_factor = _factors(rows, pack)
    day = (snapshot.as_of - _EPOCH).days
    own = _gross(rows, ccf, future=rows["start_date"] > day, shared=umbrella >= 0)
    limit, drawn = snapshot.in_base("facilities", "limit"), snapshot.in_base("facilities", "drawn")
    gross = snapshot.fx.convert(own, rows["currency"])
    counted = _counted(rows, day)
    duplicate_of = _duplicates(rows, counted, gross)
    counted &= duplicate_of < 0
    umbrellas = Umbrellas.of(snapshot, umbrella, counted, limit, drawn, ccf)
    for what, amounts in (("sum of limits", limit), ("sum of drawn amounts", drawn), ("total gross", gross)):
        _check_range(what, amounts, counted, umbrellas.gross)
    return Facilities(
        *(snapshot, pack, rows["obligor_id"], rows["lender_id"], limit, drawn, gross),
        *(ccf, counted, duplicate_of, no_factor & counted, umbrellas),
    )


def _check_range(what: str, amounts: Int64, counted: Bool, lines: Int64) -> None:
    """Raise ``RangeError`` if the counted amounts and the umbrella lines exceed 64 bits together."""
    if not len(amounts):
        return
    most = int(amounts.max()) * len(amounts) + max(int(lines.max(initial=0)), 0) * len(lines)
    if most > INT64_MAX and total(amounts[counted]) + total(lines) > INT64_MAX:
        raise RangeError(what)


def _counted(rows: Rows, day: int) -> Bool:
    """Which facilities count before duplicates are taken out: by status, and by maturity while undrawn."""
    codes, words = rows.words("status")
    never = np.array([w.strip().casefold() in NEVER for w in words] + [False])
    counted = ~never[codes] & (rows["obligor_id"] >= 0) & (rows["lender_id"] >= 0)
    years, date = rows["residual_maturity"], rows["maturity_date"]
    matured = np.where(years != NULL, years <= 0, (date != NO_DATE) & (date <= day))
    return np.asarray(counted & ~(matured & (rows["drawn"] == 0)))


def _factors(rows: Rows, pack: RulePack) -> tuple[Int64, Bool]:
    """Conversion factor of each facility in parts per 10^9, and where there is none but the full 100 %."""
    codes, words = rows.words("product")
    by_word = [pack.ccf(word) for word in words] + [None]
    known = np.array([f is not None for f in by_word])
    factors = np.array([SHARE.scale if f is None else f for f in by_word], np.int64)
    given = rows["ccf"]
    ccf = np.maximum(np.where(given == NULL, factors[codes], given), pack.ccf_floor)
    return ccf, (given == NULL) & ~known[codes] & (rows["exposure_value"] == NULL)


def _gross(rows: Rows, ccf: Int64, future: Bool, shared: Bool) -> Int64:
    """Gross of each facility in its own currency, NULL where an amount that it needs is unknown."""
    limit, drawn, given = rows["limit"], rows["drawn"], rows["exposure_value"]
    blank = (limit == NULL) | (drawn == NULL)
    used = np.where(blank, 0, drawn)
    undrawn = np.maximum(np.where(blank, 0, limit) - used, 0)
    gross = np.where(blank, NULL, used + portion(undrawn, ccf))
    if future.any():
        gross = np.where(future, portion(limit, ccf), gross)
    gross = np.where(given != NULL, given, gross)
    return np.asarray(np.where(shared, drawn, gross), np.int64)


def _duplicates(rows: Rows, counted: Bool, gross: Int64) -> Int32:
    """For each record of a contract that another one stands for, that other one; -1 elsewhere.

    Of the counted records of one contract, lender and obligor the one with the largest gross stays (an
    unknown gross is the smallest), of equal ones the one with the smallest id.
    """
    kept = np.full(len(counted), -1, np.int32)
    codes, words = rows.words("contract_ref")
    if not words:
        return kept
    places = np.where(counted, codes, -1)
    often = np.bincount(places[places >= 0], minlength=len(words)) > 1
    chosen = np.flatnonzero(np.append(often, False)[places])
    names, lender, obligor = rows.text("facility_id"), rows["lender_id"], rows["obligor_id"]
    by: dict[tuple[int, int, int], list[int]] = {}
    for i in chosen.tolist():
        if words[codes[i]].strip():
            by.setdefault((int(codes[i]), int(lender[i]), int(obligor[i])), []).append(i)
    for records in by.values():
        if len(records) > 1:
            best = min(records, key=lambda i: (-int(gross[i]), names[i].as_py()))
            kept[[i for i in records if i != best]] = best
    return kept
