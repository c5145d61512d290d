"""What a group owes without some of its members: own lenders, exempt clients, institutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from exposure.aggregate import ALL, group_totals
from exposure.facilities import Facilities
from exposure.groups import Groups
from exposure.limits.capital import SOLO, Scope
from exposure.limits.standing import Standing, Subjects
from exposure.mitigation.owed import lacking_gross, rows_with, sum_of

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def without(
    standing: Standing, scopes: Sequence[Scope], rows: Subjects, left_out: Bool
) -> tuple[Int64, Int64, Bool]:
    """Gross, net and whether something is unknown of groups without the members in ``left_out``, by row.

    ``left_out`` is bool by party; in a consolidated scope its own lenders are left out as well. Both sums are
    made anew, each claim and each umbrella line once. Where only net amounts by row are known, not the mitigation
    itself, net is gross less what they say was taken from the group but not from those members: exact where no
    claim is owed by both kinds of members.
    """
    gross, net = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    unknown = np.zeros(len(rows), bool)
    lender = np.array([scope.lender for scope in scopes], np.int32)[rows.scope]
    solo = np.array([scope.level == SOLO for scope in scopes], bool)[rows.scope]
    jobs: list[tuple[Int64, Scope | None]] = [(np.flatnonzero(solo), None)]
    jobs += [(np.flatnonzero(rows.scope == s), scopes[s]) for s in np.unique(rows.scope[~solo]).tolist()]
    for at, scope in jobs:
        if not len(at):
            continue
        out = left_out.copy()
        out[[] if scope is None else scope.inside] = True
        part = Part.of(standing.groups, rows.subject[at], None if scope else lender[at], out)
        held = _within(standing.facilities, scope)
        gross[at], unknown[at] = part.sums(held)
        mitigation = standing.mitigation if scope is None else standing.of_scope(scope).mitigation
        if mitigation is None:
            net[at] = gross[at] + _mitigated(standing, rows.subject[at], lender[at], out, scope)
        else:
            same = held is standing.facilities
            net[at] = part.sums((mitigation if same else mitigation.within(held)).net)[0]
    return gross, np.maximum(net, 0), unknown


def _within(held: Facilities, scope: Scope | None) -> Facilities:
    """The facilities of the scope's lenders, or the same ones where these are all."""
    if scope is None or scope.lenders[held.lender[held.counted]].all():
        return held
    return replace(held, counted=held.counted & np.append(scope.lenders, np.False_)[held.lender])


@dataclass(frozen=True)
class Part:
    """Some members of some groups: those of the distinct group g are ``member[ptr[g]:ptr[g + 1]]``.

    ``place`` is the distinct group of each row, ``lender`` int32 the lender of each row, None for all together.
    """

    place: Int64
    lender: Int32 | None
    ptr: Int64
    member: Int32

    @classmethod
    def of(cls, groups: Groups, group: Int32, lender: Int32 | None, out: Bool) -> Part:
        """The members of these groups without those marked in ``out`` (bool by party)."""
        number, place = np.unique(group, return_inverse=True)
        of, member = _members(groups, number.astype(np.int32))
        kept = ~out[member]
        ptr = np.searchsorted(of[kept], np.arange(len(number) + 1)).astype(np.int64)
        return cls(place, lender, ptr, member[kept])

    def sums(self, held: Facilities) -> tuple[Int64, Bool]:
        """What they owe by row, each claim once, and whether an amount of it is unknown."""
        totals = group_totals(held, self.ptr, self.member)
        wide = len(held.snapshot.tables["lenders"]) + 1
        keys = totals.group.astype(np.int64) * wide + totals.lender + 1
        lender = np.full(len(self.place), ALL, np.int32) if self.lender is None else self.lender
        wanted = self.place * wide + lender + 1
        rows, sets = (self.place.astype(np.int32), lender), (self.ptr, self.member)
        unknown = rows_with(held, lacking_gross(held, lines=True), rows, sets)
        return sum_of(keys, totals.gross, wanted), unknown


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
