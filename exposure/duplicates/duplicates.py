"""Duplicate credit (重复授信): one need, one borrower or one limit that is counted more than once.

One finding each with the amount counted twice, the facts it rests on, and the way from lender to what they share:
``duplicate_credit``, ``duplicate_record`` without a contract number, ``near_duplicate``, ``umbrella_double_count``
and ``excess_credit`` here; pledged assets, promises and capital in ``exposure.pledged`` and ``exposure.twice``,
borrowers under several ids in ``exposure.aliases``. (rulebook 54.)
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.aggregate import PartyTotals
from exposure.batches import Batch, Sources, few, in_order, lists
from exposure.duplicates import aliases, pledged, twice
from exposure.facilities import Facilities
from exposure.findings import Finding, finding
from exposure.groups import Groups
from exposure.guarantees.guarantors import Guarantees
from exposure.guarantees.rings import Rings
from exposure.kernels import duplicates as _kernels
from exposure.limits.tested import BREACH, SCOPES, Tested
from exposure.mitigation.steps import picked
from exposure.results import ids
from graph.csr import Csr
from graph.money import NULL, grouped
from graph.snapshot import NO_DATE

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

TOLERANCE: Final = 1000
"""Amounts that differ by no more than this part of the larger one look alike."""
_THREADS: Final = 2
DAYS: Final = 31
"""Start dates that are no further apart look alike; so do two unknown ones."""


def findings(
    held: Guarantees, circles: Rings, groups: Sequence[Groups], tested: Tested, totals: PartyTotals
) -> list[Batch | Finding]:
    """Every code of duplicate credit; batches in no order.

    ``groups`` are those of each pack, ``tested`` the limits of the book and ``totals`` what parties owe.
    """
    facilities = held.promises.held
    return [
        one_need(facilities),
        *look_alikes(facilities),
        beyond_umbrella(facilities),
        *beyond_ceiling(tested, totals),
        *aliases.findings(facilities),
        *aliases.judged(facilities.snapshot),
        pledged.findings(facilities),
        *twice.findings(held, circles, groups),
    ]


def ways(held: Facilities, facility: Int32, last: pa.Array) -> pa.Array:
    """The way from the lender over the facility to what it shares with others, as text."""
    tables = held.snapshot.tables
    lender = ids(tables["lenders"].text("lender_id"), held.lender[facility])
    return pc.binary_join_element_wise(
        lender, ids(tables["facilities"].text("facility_id"), facility), last, " > "
    )


def of_facilities(
    held: Facilities, code: str, ptr: Int64, facility: Int32, amount: Int64, last: pa.Array, **more: pa.Array
) -> Batch:
    """One finding for each set of facilities (CSR), about all of them; ``last`` ends the way, by facility."""
    rows = held.snapshot.tables["facilities"]
    by_id = facility[in_order(ptr, rows.rank[facility])]
    subjects = lists(ptr, ids(rows.text("facility_id"), by_id))
    figures = {"path": few(ptr, ways(held, facility, last)), **more}
    return Batch(code, subjects, amount, Sources.of(held.snapshot, "facilities", ptr, facility), "", figures)


def _sets(code: Int32, chosen: Bool) -> tuple[Int64, Int64, Int64]:
    """Chosen rows by their code (-1 = none): the codes of several rows, CSR pointer and rows."""
    often = np.bincount(code[chosen & (code >= 0)], minlength=int(code.max(initial=0)) + 1)
    rows = np.flatnonzero(chosen & (np.append(often, 0)[code] > 1))
    rows = rows[np.argsort(code[rows], kind="stable")]
    codes, counts = np.unique(code[rows], return_counts=True)
    return codes.astype(np.int64), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), rows


def _sum(ptr: Int64, values: Int64) -> Int64:
    """Sums of each list, NULL left out."""
    running = np.concatenate([[0], np.cumsum(np.where(values == NULL, 0, values))])
    return np.asarray(running[ptr[1:]] - running[ptr[:-1]], np.int64)


@dataclass(frozen=True)
class Needs:
    """Needs (``ref``, text) that are financed by ``amount`` (int64) beyond what they take, with their facilities.

    Those of need i are ``facility[ptr[i]:ptr[i + 1]]`` (int32).
    """

    ref: pa.Array
    amount: Int64
    ptr: Int64
    facility: Int32

    @classmethod
    def of(cls, held: Facilities) -> Needs:
        """Compare the limits for each invoice, project or order with the smallest amount stated for it."""
        rows = held.snapshot.tables["facilities"]
        code, words = rows.words("purpose_ref")
        blank = np.array([not w.strip() for w in words] + [True])
        codes, ptr, row = _sets(code, held.counted & ~blank[code])
        need = held.snapshot.in_base("facilities", "purpose_amount")[row]
        least = np.where(need == NULL, np.iinfo(np.int64).max, need)
        least = np.minimum.reduceat(least, ptr[:-1]) if len(codes) else least
        beyond = _sum(ptr, held.limit[row]) - np.where(least == np.iinfo(np.int64).max, 0, least)
        chosen = np.flatnonzero((beyond > 0) & (least < np.iinfo(np.int64).max))
        short, at = picked(ptr, chosen)
        refs = pa.array([words[c] for c in codes[chosen].tolist()], pa.string())
        return cls(refs, beyond[chosen], short, row[at].astype(np.int32))


def one_need(held: Facilities) -> Batch:
    """``duplicate_credit``: limits for one invoice, project or order beyond the smallest amount stated for it.

    A need whose amount nobody states is not judged.
    """
    found = Needs.of(held)
    last = found.ref.take(pa.array(np.repeat(np.arange(len(found.ref)), np.diff(found.ptr))))
    sets = (found.ptr, found.facility, found.amount)
    return of_facilities(held, "duplicate_credit", *sets, last, purpose_ref=found.ref)


def look_alikes(held: Facilities) -> list[Batch]:
    """``duplicate_record`` without a contract number, and ``near_duplicate``.

    Records that agree in lender, obligor, limit, currency, dates and purpose, with a date known and no contract
    number, are one credit or two: both count. Limits of one obligor within a thousandth of each other that start
    within a month at several lenders are listed, unless all have one purpose.
    """
    rows = held.snapshot.tables["facilities"]
    limit = np.where(rows["limit"] == NULL, 0, rows["limit"])
    by = Csr.of(
        np.where(held.counted & (rows["currency"] >= 0), held.obligor, -1).astype(np.int32), held.snapshot.n
    )
    like = (rows["currency"], limit, rows["start_date"], TOLERANCE, DAYS)
    shares = [len(by.rows) * i // _THREADS for i in range(_THREADS)]
    cuts = [*(int(v) for v in np.searchsorted(by.ptr, shares)), held.snapshot.n]
    with ThreadPoolExecutor(_THREADS) as pool:
        runs = [pool.submit(_kernels.alike, by.ptr, by.rows, a, b, *like) for a, b in pairwise(cuts)]
        sizes, found = (np.concatenate(c) for c in zip(*(run.result() for run in runs), strict=True))
    ptr, row = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), found.astype(np.int32)
    return [_records(held, ptr, row), _near(held, ptr, row)]


def _records(held: Facilities, ptr: Int64, row: Int32) -> Batch:
    """Records that agree in everything but a contract number; the amount is the gross of all but the largest."""
    rows = held.snapshot.tables["facilities"]
    contract, words = rows.words("contract_ref")
    named = np.array([bool(w.strip()) for w in words] + [False])[contract]
    dated = (rows["start_date"] != NO_DATE) | (rows["maturity_date"] != NO_DATE)
    run = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    kept = np.flatnonzero(dated[row] & ~named[row])
    f = row[kept]
    purpose = rows.words("purpose_ref")[0]
    keys = (
        purpose[f],
        rows["maturity_date"][f],
        rows["start_date"][f],
        rows["limit"][f],
        held.lender[f],
        run[kept],
    )
    order = np.lexsort(keys)
    f, columns = f[order], np.stack([np.asarray(k, np.int64)[order] for k in keys], axis=1)
    new = np.append(True, np.any(np.diff(columns, axis=0) != 0, axis=1))[: len(f)]
    ends = np.append(np.flatnonzero(new), len(f)).astype(np.int64)
    short, at = picked(ends, np.flatnonzero(np.diff(ends) > 1))
    f = f[at]
    gross = np.where(held.gross[f] == NULL, 0, held.gross[f])
    largest = np.maximum.reduceat(gross, short[:-1]) if len(short) > 1 else gross[:0]
    last = ids(held.snapshot.party_ids, held.obligor[f])
    none = pa.array([""] * (len(short) - 1), pa.string())
    made = of_facilities(
        held, "duplicate_record", short, f, _sum(short, gross) - largest, last, contract_ref=none
    )
    return Batch(
        made.code, made.subjects, made.amount, made.sources, "", made.figures, "duplicate_record_alike"
    )


def _near(held: Facilities, ptr: Int64, row: Int32) -> Batch:
    """Sets of like limits at several lenders; the amount is all but the largest limit."""
    purpose = held.snapshot.tables["facilities"].words("purpose_ref")[0]
    several = _differ(ptr, held.lender[row]) & ~(
        (_least(ptr, purpose[row]) >= 0) & ~_differ(ptr, purpose[row])
    )
    chosen = np.flatnonzero(several)
    short, at = picked(ptr, chosen)
    f = row[at]
    limit = np.where(held.limit[f] == NULL, 0, held.limit[f])
    largest = np.maximum.reduceat(limit, short[:-1]) if len(chosen) else limit
    last = ids(held.snapshot.party_ids, held.obligor[f])
    return of_facilities(held, "near_duplicate", short, f, _sum(short, limit) - largest, last)


def _differ(ptr: Int64, values: Int32) -> Bool:
    """Lists whose values are not all equal."""
    if len(ptr) == 1:
        return np.zeros(0, bool)
    return np.asarray(np.maximum.reduceat(values, ptr[:-1]) != np.minimum.reduceat(values, ptr[:-1]))


def _least(ptr: Int64, values: Int32) -> Int32:
    """Smallest value of each list."""
    return np.asarray(np.minimum.reduceat(values, ptr[:-1]) if len(ptr) > 1 else values[:0])


def beyond_umbrella(held: Facilities) -> Batch:
    """``umbrella_double_count``: members' limits added beyond the limit that they share."""
    lines = held.umbrellas
    by = Csr.of(lines.line_of, len(lines))
    beyond = _sum(by.ptr, held.limit[by.rows]) - np.where(lines.limit == NULL, 0, lines.limit)
    chosen = np.flatnonzero((lines.limit != NULL) & (beyond > 0))
    short, at = picked(by.ptr, chosen)
    names = ids(held.snapshot.tables["umbrellas"].text("umbrella_id"), lines.number[chosen])
    last = names.take(pa.array(np.repeat(np.arange(len(chosen)), np.diff(short))))
    return of_facilities(
        held, "umbrella_double_count", short, by.rows[at], beyond[chosen], last, umbrella=names
    )


def beyond_ceiling(tested: Tested, totals: PartyTotals) -> list[Finding]:
    """``excess_credit``: all lenders together above a party's unified ceiling, whatever each one allows."""
    snapshot = totals.held.snapshot
    names = snapshot.tables["lenders"].text("lender_id")
    chosen = (tested.scope == SCOPES.index("unified")) & (tested.state == BREACH) & (tested.lender < 0)
    found = []
    for i in np.flatnonzero(chosen & (tested.subject >= 0)).tolist():
        party, value, limit = int(tested.subject[i]), int(tested.value[i]), int(tested.limit[i])
        rows = np.flatnonzero((totals.party == party) & (totals.lender >= 0))
        name = snapshot.party_ids[party].as_py()
        each = [
            f"{names[lender].as_py()} > {name}: {grouped(gross)}"
            for lender, gross in zip(totals.lender[rows].tolist(), totals.gross[rows].tolist(), strict=True)
        ]
        facts = [("limits", int(snapshot.tables["limits"].row[tested.row[i]]))]
        shown = [f"{grouped(units)} {snapshot.base}" for units in (limit, value)]
        found.append(
            finding(
                "excess_credit",
                [name],
                value - limit,
                rows=facts,
                ceiling=shown[0],
                total=shown[1],
                path=each,
            )
        )
    return found
