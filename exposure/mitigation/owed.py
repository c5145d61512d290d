"""What parties and groups owe each lender, before and after mitigation, and together for several lenders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exposure.aggregate import GroupTotals, PartyTotals
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Owed:
    """By row, those of one subject together: amounts int64 base minor units.

    ``subject`` int32 is a party (-1 = ``(unknown)``) or a group, ``lender`` int32 (-1 = all). ``unknown``
    bool: an amount behind the row is not known and not in it.
    """

    subject: Int32
    lender: Int32
    limit: Int64
    drawn: Int64
    gross: Int64
    net: Int64
    unknown: Bool

    @classmethod
    def by_party(cls, totals: PartyTotals, net: Int64 | None = None) -> Owed:
        """What parties owe; ``net`` by row of the totals, gross where it is not given."""
        after = totals.gross if net is None else net
        return cls(
            *(totals.party, totals.lender, totals.limit, totals.drawn, totals.gross, after), _blank(totals)
        )

    @classmethod
    def by_group(cls, totals: GroupTotals, net: Int64 | None = None) -> Owed:
        """What groups owe; ``net`` by row of the totals, gross where it is not given."""
        after = totals.gross if net is None else net
        return cls(
            *(totals.group, totals.lender, totals.limit, totals.drawn, totals.gross, after),
            np.asarray(totals.unknown > 0),
        )

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
        blank = np.logical_or.reduceat(self.unknown[chosen], starts)
        return Owed(subject[starts], np.full(len(starts), -1, np.int32), limit, drawn, gross, net, blank)

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


def _blank(totals: PartyTotals) -> Bool:
    """Which rows of parties leave out a claim of their own whose amount is unknown: bool by row."""
    if not totals.unknown.any():
        return np.zeros(len(totals), bool)
    held = totals.held
    claims, lenders = held.claims, len(held.snapshot.tables["lenders"])
    by_claim = claims.gross == NULL
    row = claims.facility[: claims.main]
    by_claim[: claims.main] |= (held.limit[row] == NULL) | (held.drawn[row] == NULL)
    claim = np.concatenate([np.flatnonzero(by_claim), claims.co_claim[by_claim[claims.co_claim]]])
    party = np.concatenate([claims.party[by_claim], claims.co_party[by_claim[claims.co_claim]]])
    lender = held.lender[claims.facility[claim]]
    key = party.astype(np.int64) * (lenders + 1)
    blank = np.concatenate([key + lender, key - 1])
    return np.isin(totals.party.astype(np.int64) * (lenders + 1) + totals.lender, blank)
