"""What parties and groups owe each lender, before and after mitigation, and together for several lenders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exposure.aggregate import ALL, GroupTotals, PartyTotals
from exposure.facilities import Facilities
from exposure.mitigation.steps import among, expanded
from graph.csr import Csr
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Owed:
    """By row, those of one subject together: amounts int64 base minor units.

    ``subject`` int32 is a party (-1 = ``(unknown)``) or a group, ``lender`` int32 (-1 = all). ``limit_unknown``,
    ``drawn_unknown`` and ``unknown`` bool: an amount behind the limit, the drawn amount, or gross and net is not
    known and not in it.
    """

    subject: Int32
    lender: Int32
    limit: Int64
    drawn: Int64
    gross: Int64
    net: Int64
    limit_unknown: Bool
    drawn_unknown: Bool
    unknown: Bool

    @classmethod
    def by_party(cls, totals: PartyTotals, net: Int64 | None = None) -> Owed:
        """What parties owe; ``net`` by row of the totals, gross where it is not given."""
        after = totals.gross if net is None else net
        rows = totals.party, totals.lender
        return cls(*rows, totals.limit, totals.drawn, totals.gross, after, *_lacking(totals.held, rows))

    @classmethod
    def by_group(cls, totals: GroupTotals, members: Int32, net: Int64 | None = None) -> Owed:
        """What groups owe; ``members`` int32 as ``totals.ptr`` has them, ``net`` as above."""
        after = totals.gross if net is None else net
        rows, sets = (totals.group, totals.lender), (totals.ptr, members)
        return cls(*rows, totals.limit, totals.drawn, totals.gross, after, *_lacking(totals.held, rows, sets))

    def together(self, lenders: Bool) -> Owed:
        """One row a subject that owes one of these lenders (bool by lender): the sums over them.

        An umbrella line that several of them share is in each one's figure and so counts more than once.
        """
        chosen = np.flatnonzero(np.append(lenders, np.False_)[self.lender])
        subject = self.subject[chosen]
        starts = np.flatnonzero(np.append(True, subject[1:] != subject[:-1])[: len(subject)])
        if not len(starts):
            return Owed(*(a[:0] for a in vars(self).values()))
        limit, drawn, gross, net = (
            np.add.reduceat(a[chosen], starts) for a in (self.limit, self.drawn, self.gross, self.net)
        )
        blank = (
            np.logical_or.reduceat(a[chosen], starts)
            for a in (self.limit_unknown, self.drawn_unknown, self.unknown)
        )
        return Owed(subject[starts], np.full(len(starts), ALL, np.int32), limit, drawn, gross, net, *blank)

    def mitigated(self, subject: Int32, lender: Int32, scope: Bool | None) -> Int64:
        """Net less gross of each subject, towards its lender or, with a scope (bool by lender), all of it."""
        changed = np.flatnonzero((self.net != self.gross) & (self.lender >= 0))
        if scope is not None:
            changed = changed[scope[self.lender[changed]]]
            held, wanted = self.subject[changed], subject
        else:
            wide = max(int(self.lender.max(initial=0)), int(lender.max(initial=0))) + 1
            held = self.subject[changed].astype(np.int64) * wide + self.lender[changed]
            wanted = subject.astype(np.int64) * wide + lender
        return sum_of(held, (self.net - self.gross)[changed], wanted)


def sum_of(keys: npt.NDArray[np.integer], values: Int64, wanted: npt.NDArray[np.integer]) -> Int64:
    """Sum of the values under each wanted key, 0 under a key that is not there.

    >>> sum_of(np.array([7, 3, 7]), np.array([1, 2, 4]), np.array([7, 5])).tolist()
    [5, 0]
    """
    if not len(keys):
        return np.zeros(len(wanted), np.int64)
    number, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(number) + 1, np.int64)
    np.add.at(sums, place, values)
    at = np.searchsorted(number, wanted)
    found = np.append(number, number[-1])[at] == wanted
    return np.where(found & (at < len(number)), sums[at], 0)


def lacking_gross(held: Facilities, *, lines: bool) -> Bool:
    """Claims whose gross is not known, with ``lines`` also those under an umbrella line that is not: bool by claim."""
    claims, umbrellas = held.claims, held.umbrellas
    found = claims.gross == NULL
    if lines and len(umbrellas):
        line = umbrellas.line_of[claims.facility[: claims.main]]
        found[: claims.main] |= (line >= 0) & (umbrellas.gross[line] == NULL)
    return np.asarray(found)


def _lacking(
    held: Facilities, rows: tuple[Int32, Int32], sets: tuple[Int64, Int32] | None = None
) -> tuple[Bool, Bool, Bool]:
    """Rows that leave out a limit, a drawn amount, or a gross that is not known; groups with their umbrella lines."""
    claims, umbrellas = held.claims, held.umbrellas
    row = claims.facility[: claims.main]
    limit, drawn = np.zeros((2, len(claims.facility)), bool)
    limit[: claims.main], drawn[: claims.main] = held.limit[row] == NULL, held.drawn[row] == NULL
    if sets is not None and len(umbrellas):
        line = umbrellas.line_of[row]
        limit[: claims.main] |= (line >= 0) & (umbrellas.limit[line] == NULL)
    marks = limit, drawn, lacking_gross(held, lines=sets is not None)
    first, second, third = (rows_with(held, mark, rows, sets) for mark in marks)
    return first, second, third


def rows_with(
    held: Facilities, marked: Bool, rows: tuple[Int32, Int32], sets: tuple[Int64, Int32] | None = None
) -> Bool:
    """Rows of a subject and a lender (-1 = all) with a marked claim (bool by claim): bool by row.

    Subjects are parties or, with ``sets``, sets of parties as CSR (pointer, distinct members).
    """
    if not marked.any():
        return np.zeros(len(rows[0]), bool)
    claims, wide = held.claims, np.int64(len(held.snapshot.tables["lenders"]) + 1)
    others = marked[claims.co_claim]
    claim = np.concatenate([np.flatnonzero(marked), claims.co_claim[others]])
    owner = np.concatenate([claims.party[marked], claims.co_party[others]])
    if sets is not None:
        by = Csr.of(sets[1], held.snapshot.n)
        known = np.flatnonzero(owner >= 0)
        place, row = expanded(by.ptr, owner[known])
        claim = claim[known[place]]
        owner = np.repeat(np.arange(len(sets[0]) - 1), np.diff(sets[0]))[by.rows[row]]
    key = owner.astype(np.int64) * wide
    found = np.concatenate([key + held.lender[claims.facility[claim]], key + ALL])
    return among(found, rows[0].astype(np.int64) * wide + rows[1])
