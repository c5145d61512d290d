"""Internal limits (内部限额): the bank's own, on parties, groups, unified (统一授信) and joint credit (联合授信).

Each says what it measures: granted limits, drawn, gross (by default) or net, towards one lender or all. A
group is named by any of its sources; a party in no group is a group by itself. Joint credit counts what the
party owes all banks, where the book knows it. (Guideline on unified credit 1999, 2018 No. 24; rulebook 53-54.)
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.groups import Groups
from exposure.limits.ceilings import NEAR
from exposure.limits.standing import Standing
from exposure.limits.tested import GROUP, SCOPES, Rule, Tested, state
from exposure.mitigation.owed import Owed, sum_of
from graph.csr import Csr
from graph.model import TABLES
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

JOINT: Final = SCOPES.index("joint")
_MEASURES: Final = TABLES["limits"].column("measure").values
_GROSS: Final = _MEASURES.index("gross")
_LACKING: Final = {"limit": "limit_unknown", "drawn": "drawn_unknown"}
"""The mark of ``Owed`` for what is not known behind a measure; gross and net have one together."""
RULES: Final = [Rule("internal", measure) for measure in _MEASURES]
"""One rule a measure: all of one name, which ``Tested.rule`` tells apart."""
_PLACES: Final = np.array([SCOPES.index(s) for s in TABLES["limits"].column("scope").values] + [-1], np.int8)


def internal(standing: Standing, only: int | None, first_rule: int, booked: Owed | None = None) -> Tested:
    """The limits of the book against what is owed; ``first_rule`` is the place of ``RULES`` in the list of rules.

    With ``only``, the limits towards that lender. A limit on a group whose subject is a member but no source is
    untested. ``booked`` is what parties owe without proposals: what the book tells of a debt at all banks grows by what
    they owe more than that.
    """
    snapshot = standing.groups.snapshot
    rows = snapshot.tables["limits"]
    wanted = (rows["subject_id"] >= 0) & (rows["scope"] >= 0)
    row = np.flatnonzero(wanted if only is None else wanted & (rows["lender_id"] == only))
    row, scope, group, subject = _subjects(standing.groups, row, _PLACES[rows["scope"]], rows["subject_id"])
    lender, limit = rows["lender_id"][row], snapshot.in_base("limits", "amount")[row]
    measure = np.where(rows["measure"][row] < 0, _GROSS, rows["measure"][row])
    value, unknown = np.zeros(len(row), np.int64), np.zeros(len(row), bool)
    for at, owed in ((~group, standing.by_party), (group, standing.by_group)):
        value[at], unknown[at] = _owed(owed, subject[at], lender[at], measure[at])
    at = scope == JOINT
    more = np.zeros(int(at.sum()), np.int64)
    if booked is not None:
        more = value[at] - _owed(booked, subject[at], lender[at], measure[at])[0]
    value[at], unknown[at] = _at_all_banks(snapshot, subject[at], value[at], unknown[at], more)
    value[(scope == GROUP) & ~group & (np.diff(standing.groups.of_party.ptr)[subject] > 0)] = NULL
    near = np.where(limit == NULL, NULL, -(-limit * NEAR.numerator // NEAR.denominator))
    return Tested(
        scope, group, subject, lender, np.full(len(row), -1, np.int8), (first_rule + measure).astype(np.int16),
        limit, value, state(value, limit, near, unknown), row.astype(np.int32),
    )  # fmt: skip


def _subjects(groups: Groups, row: Int64, scope: Int8, subject: Int32) -> tuple[Int64, Int8, Bool, Int32]:
    """Limits by what they are on: row, scope, whether it is a group's number, and the party or group.

    ``row`` are the chosen rows of ``scope`` and ``subject``. A limit on a party that is a source of several
    groups stands once for each of them.
    """
    of_group = np.repeat(np.arange(len(groups), dtype=np.int32), np.diff(groups.source_ptr))
    by = Csr.of(groups.sources, groups.snapshot.n)
    counts = np.where(scope[row] == GROUP, np.diff(by.ptr)[subject[row]], 0)
    times = np.maximum(counts, 1)
    wide = np.repeat(row, times)
    found = np.repeat(counts > 0, times)
    nth = np.arange(len(wide)) - np.repeat(np.cumsum(times) - times, times)
    number = subject[wide].copy()
    at = by.ptr[:-1][number[found]] + nth[found]
    number[found] = of_group[by.rows[at]]
    return wide, scope[wide], found, number


def _owed(owed: Owed, subject: Int32, lender: Int32, measure: Int64) -> tuple[Int64, Bool]:
    """What subjects owe a lender (-1 = all) by their measure; int64, 0 where nothing, and what is unknown."""
    wide = max(int(owed.lender.max(initial=0)), int(lender.max(initial=0))) + 2
    named = np.zeros(max(int(owed.subject.max(initial=0)), int(subject.max(initial=0))) + 2, bool)
    named[subject] = True
    kept = np.flatnonzero(named[owed.subject])
    keys = owed.subject[kept].astype(np.int64) * wide + owed.lender[kept] + 1
    wanted = subject.astype(np.int64) * wide + lender + 1
    value, unknown = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    for code in np.unique(measure).tolist():
        at = measure == code
        value[at] = sum_of(keys, getattr(owed, _MEASURES[code])[kept], wanted[at])
        lacking = getattr(owed, _LACKING.get(_MEASURES[code], "unknown"))[kept]
        unknown[at] = sum_of(keys, lacking.astype(np.int64), wanted[at]) > 0
    return value, unknown


def _at_all_banks(
    snapshot: Snapshot, party: Int32, value: Int64, unknown: Bool, more: Int64
) -> tuple[Int64, Bool]:
    """What parties owe all banks: as the book says and ``more``, NULL without a rate; else what it holds itself."""
    told = snapshot.parties["external_debt"][party] != NULL
    debt = snapshot.in_base("parties", "external_debt")[party]
    return np.where(told, np.where(debt == NULL, NULL, debt + more), value), unknown & ~told
