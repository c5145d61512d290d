"""Payments (还款): which facilities are past due and by how many days, and which parties are in default.

``past_due`` and ``default`` by the lines of the house rules. (CRR Art. 178; facts 94 and 95.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.batches import Batch, Sources, few, shown, single
from exposure.facilities import Facilities
from exposure.results import ids
from exposure.rulepack import house, line
from exposure.warnings.ratings import Ratings
from exposure.warnings.sides import today
from graph.csr import Csr
from graph.money import NULL
from graph.snapshot import NO_DATE, Snapshot

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


def open_amounts(snapshot: Snapshot) -> Int64:
    """What is still open of each repayment that fell due before the as-of date: int64 by row of the table.

    In minor units of its currency. 0 where it is paid, not due yet, or where it is not known what was paid.
    """
    rows, day = snapshot.tables["repayments"], today(snapshot)
    due, paid = rows["due"], rows["paid"]
    later = (rows["paid_date"] != NO_DATE) & (rows["paid_date"] > day)
    settled = np.where(later, 0, paid)
    known = (rows["due_date"] != NO_DATE) & (rows["due_date"] < day) & (due != NULL) & (settled != NULL)
    return np.where(known & (rows["facility_id"] >= 0), np.maximum(due - np.where(known, settled, 0), 0), 0)


def days_late(snapshot: Snapshot) -> Int64:
    """Days since the oldest debt of each facility fell due, as recorded or as repayments show: int64.

    The larger of both; 0 where nothing is known to be late.
    """
    told = snapshot.tables["facilities"]["days_past_due"]
    days = np.where(told == NULL, 0, told)
    rows = snapshot.tables["repayments"]
    late = np.flatnonzero(open_amounts(snapshot) > 0)
    np.maximum.at(days, rows["facility_id"][late], today(snapshot) - rows["due_date"][late])
    return np.asarray(days, np.int64)


def overdue(snapshot: Snapshot) -> Int64:
    """What repayments leave open at each facility: int64 base minor units, NULL where a rate is missing."""
    rows, held = snapshot.tables["repayments"], snapshot.tables["facilities"]
    left, facility = open_amounts(snapshot), rows["facility_id"]
    late = np.flatnonzero(left > 0)
    currency = np.where(rows["currency"] < 0, np.append(held["currency"], -1)[facility], rows["currency"])
    amounts = snapshot.fx.convert(left[late], currency[late].astype(np.int16))
    sums = np.zeros(len(held), np.int64)
    np.add.at(sums, facility[late], np.where(amounts == NULL, 0, amounts))
    sums[facility[late][amounts == NULL]] = NULL
    return sums


def past_due(held: Facilities) -> Batch:
    """``past_due``: counted facilities late by the days of the line; the amount is what is drawn."""
    snapshot = held.snapshot
    days = days_late(snapshot)
    late = np.flatnonzero(held.counted & _met(days, "past_due", "days"))
    open_ = overdue(snapshot)[late]
    figures = {"days": pa.array(days[late]), "overdue": shown(np.where(open_ > 0, open_, NULL), snapshot)}
    names = ids(snapshot.tables["facilities"].text("facility_id"), late.astype(np.int32))
    facts = Sources.of(snapshot, "facilities", np.arange(len(late) + 1), late)
    return Batch("past_due", single(names), held.drawn[late], facts, house().name, figures)


def default(held: Facilities, owed: Int64) -> Batch:
    """``default``: parties more than 90 days past due, or marked or rated as in default.

    By a counted facility that they owe as obligor, by their rating in the book, or by the latest of an agency; the
    amount is ``owed`` (int64 by party), what the party owes in all.
    """
    snapshot = held.snapshot
    days = days_late(snapshot)
    late, marked = held.counted & _met(days, "default", "days"), held.counted & _marked(snapshot)
    rated = np.flatnonzero(_among(snapshot, "parties", "rating", "ratings"))
    agencies = Ratings.of(snapshot)
    latest = agencies.pairs(today(snapshot))[1]
    latest = latest[_listed(agencies.rating.take(pa.array(latest)), "ratings")]
    fall, state = np.flatnonzero(late), np.flatnonzero(marked & ~late)
    names, rows = snapshot.tables["facilities"].text("facility_id"), snapshot.tables["facilities"]
    signs = pa.concat_arrays(
        [
            late_texts(held, fall, days),
            _joined(ids(names, state.astype(np.int32)), " ", rows.text("status").take(pa.array(state))),
            pc.cast(snapshot.parties.text("rating").take(pa.array(rated)), pa.string()),
            _joined(agencies.agency.take(pa.array(latest)), " ", agencies.rating.take(pa.array(latest))),
        ]
    )
    party = np.concatenate([held.obligor[fall], held.obligor[state], rated, agencies.party[latest]]).astype(
        np.int64
    )
    of = np.unique(party[party >= 0])
    by = Csr.of(np.searchsorted(of, party).astype(np.int32), len(of) + 1)
    ptr = by.ptr[: len(of) + 1]
    facility = np.concatenate([fall, state])
    own = Csr.of(np.searchsorted(of, held.obligor[facility]).astype(np.int32), len(of) + 1)
    return Batch(
        "default",
        single(ids(snapshot.party_ids, of.astype(np.int32))),
        owed[of],
        Sources.of(snapshot, "facilities", own.ptr[: len(of) + 1], facility[own.rows]),
        house().name,
        {"signs": few(ptr, signs.take(pa.array(by.rows)))},
    )


def late_texts(held: Facilities, facility: Int64, days: Int64) -> pa.Array:
    """Facilities with the days that they are late, as figures name them."""
    names = held.snapshot.tables["facilities"].text("facility_id")
    return _joined(
        ids(names, facility.astype(np.int32)), " ", pa.array(days[facility]).cast(pa.string()), " d"
    )


def _met(values: Int64, section: str, name: str) -> Bool:
    """Which whole numbers reach a line of the house rules: bool."""
    at = line(house(), section, name)
    return np.array([at.met(v, 1) for v in np.unique(values).tolist()], bool)[
        np.unique(values, return_inverse=True)[1]
    ]


def _marked(snapshot: Snapshot) -> Bool:
    """Facilities whose status is one of default: bool by facility."""
    return _among(snapshot, "facilities", "status", "statuses")


def _among(snapshot: Snapshot, table: str, column: str, name: str) -> Bool:
    """Rows of a table whose word is one of those of the house rules: bool by row."""
    return _listed(snapshot.tables[table].text(column), name)


def _listed(texts: pa.Array, name: str) -> Bool:
    """Which texts are among the words of that name of the house rules, whatever their case: bool."""
    coded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    codes = np.asarray(pc.fill_null(coded.indices.cast(pa.int32()), -1))
    known = {str(word).casefold() for word in house().setting("default", name)}
    words = coded.dictionary.to_pylist()
    listed = np.array([*((w or "").strip().casefold() in known for w in words), False], bool)
    return np.asarray(listed[codes])


def _joined(*parts: pa.Array | str) -> pa.Array:
    """Texts one behind the other."""
    return pc.binary_join_element_wise(*parts, "")
