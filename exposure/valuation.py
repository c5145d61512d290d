"""What a facility is worth, row by row: whether it counts, its conversion factor, gross and duplicates.

Gross = drawn + CCF x max(0, limit - drawn), or the exposure value where one is given. (CRR Art. 111 and
389-390, LEX30, 2018 No. 1; rulebook 24, 25, 35, 48.)
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.rulepack import RulePack
from graph.keys import KeySet, fingerprints
from graph.model import SHARE
from graph.money import NULL, portion
from graph.snapshot import NO_DATE, Rows

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

NEVER: Final = frozenset({"closed", "written_off", "proposed"})
"""Statuses of facilities that do not count."""


def counts(rows: Rows, day: int) -> Bool:
    """Which facilities count before duplicates are taken out: by status, and by maturity while undrawn."""
    codes, words = rows.words("status")
    never = np.array([w.strip().casefold() in NEVER for w in words] + [False])
    return np.asarray(~never[codes] & ~(matured(rows, day) & (rows["drawn"] == 0)))


def matured(rows: Rows, day: int) -> Bool:
    """Which facilities have matured on a day (days since 1970), drawn or not."""
    years, date = rows["residual_maturity"], rows["maturity_date"]
    return np.where(years != NULL, years <= 0, (date != NO_DATE) & (date <= day))


def factors(rows: Rows, pack: RulePack) -> tuple[Int64, Bool]:
    """Conversion factor of each facility in parts per 10^9, and where there is none but the full 100 %."""
    codes, words = rows.words("product")
    by_word = [pack.ccf(word) for word in words] + [None]
    known = np.array([f is not None for f in by_word])
    by_product = np.array([SHARE.scale if f is None else f for f in by_word], np.int64)
    given = rows["ccf"]
    ccf = np.maximum(np.where(given == NULL, by_product[codes], given), pack.ccf_floor)
    return ccf, (given == NULL) & ~known[codes] & (rows["exposure_value"] == NULL)


def own_gross(rows: Rows, ccf: Int64, future: Bool, shared: Bool) -> Int64:
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


def duplicates(rows: Rows, counted: Bool, gross: Int64) -> Int32:
    """For each record of a contract that another one stands for, that other one; -1 elsewhere.

    Of the counted records of one contract, lender and obligor the one with the largest gross stays (an
    unknown gross is the smallest), of equal ones the one with the smallest id.
    """
    kept = np.full(len(counted), -1, np.int32)
    ref, lender, obligor = rows.text("contract_ref"), rows["lender_id"], rows["obligor_id"]
    some = np.flatnonzero(counted & np.asarray(pc.is_valid(ref)))
    keys = pa.table({"ref": ref.take(pa.array(some)), "lender": lender[some], "obligor": obligor[some]})
    first = KeySet(fingerprints(keys, keys.column_names)).first
    names = rows.text("facility_id")
    by: dict[tuple[str, int, int], list[int]] = {}
    for i in some[(np.bincount(first) > 1)[first]].tolist():
        by.setdefault((ref[i].as_py(), int(lender[i]), int(obligor[i])), []).append(i)
    for (contract, _, _), records in by.items():
        if contract.strip() and len(records) > 1:
            best = min(records, key=lambda i: (-int(gross[i]), names[i].as_py()))
            kept[[i for i in records if i != best]] = best
    return kept
