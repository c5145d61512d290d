"""What a group owes without some of its members: own lenders, exempt clients, institutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from exposure.aggregate import group_totals
from exposure.capital import SOLO, Scope
from exposure.groups import Groups
from exposure.owed import sum_of
from exposure.standing import Standing, Subjects

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def without(
    standing: Standing, scopes: Sequence[Scope], rows: Subjects, left_out: Bool
) -> tuple[Int64, Int64, Bool]:
    """Gross, net and whether something is unknown of groups without the members in ``left_out``, by row.

    ``left_out`` is bool by party; in a consolidated scope its own lenders are left out as well. Gross is summed
    anew, each claim and each umbrella line once. Net is that less what mitigation took from the group but not
    from those members, which is exact where no claim is owed by both kinds of members.
    """
    gross, net = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    unknown = np.zeros(len(rows), bool)
    lender = np.array([scope.lender for scope in scopes], np.int32)[rows.scope]
    solo = np.array([scope.level == SOLO for scope in scopes], bool)[rows.scope]
    jobs: list[tuple[Int64, Scope | None]] = [(np.flatnonzero(solo), None)]
    jobs += [(np.flatnonzero(rows.scope == s), scopes[s]) for s in np.unique(rows.scope[~solo]).tolist()]
    for at, scope in jobs:
        if len(at):
            out = left_out.copy()
            out[[] if scope is None else scope.inside] = True
            gross[at], unknown[at] = _again(standing, rows.subject[at], lender[at], out, scope)
            net[at] = gross[at] + _mitigated(standing, rows.subject[at], lender[at], out, scope)
    return gross, np.maximum(net, 0), unknown


def _again(
    standing: Standing, group: Int32, lender: Int32, out: Bool, scope: Scope | None
) -> tuple[Int64, Bool]:
    """Gross of groups without some members, towards one lender each or towards a scope, and what is unknown."""
    held = standing.facilities
    number, place = np.unique(group, return_inverse=True)
    of, member = _members(standing.groups, number.astype(np.int32))
    kept = ~out[member]
    ptr = np.searchsorted(of[kept], np.arange(len(number) + 1)).astype(np.int64)
    if scope is not None and not scope.lenders[held.lender[held.counted]].all():
        held = replace(held, counted=held.counted & np.append(scope.lenders, np.False_)[held.lender])
    totals = group_totals(held, ptr, member[kept])
    wide = len(held.snapshot.tables["lenders"]) + 1
    keys = totals.group.astype(np.int64) * wide + totals.lender + 1
    wanted = place * wide + (lender.astype(np.int64) + 1 if scope is None else 0)
    return sum_of(keys, totals.gross, wanted), sum_of(keys, totals.unknown.astype(np.int64), wanted) > 0


def _mitigated(standing: Standing, group: Int32, lender: Int32, out: Bool, scope: Scope | None) -> Int64:
    """What mitigation changed in groups, but not in the members left out: int64 by row."""
    lenders = None if scope is None else scope.lenders
    whole = standing.by_group.mitigated(group, lender, lenders)
    of, member = _members(standing.groups, group)
    gone = out[member]
    np.subtract.at(whole, of[gone], standing.by_party.mitigated(member[gone], lender[of[gone]], lenders))
    return whole


def _members(groups: Groups, number: Int32) -> tuple[Int64, Int32]:
    """The members of these groups, one after the other: place in the list of groups, party."""
    sizes = np.diff(groups.ptr)[number]
    of = np.repeat(np.arange(len(number)), sizes)
    start = groups.ptr[:-1][number]
    at = np.arange(len(of)) + np.repeat(start - np.cumsum(sizes) + sizes, sizes)
    return of, groups.members[at]
