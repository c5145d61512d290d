"""Standing: what the limits of one pack are tested on, and the rows that come out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from exposure.aggregate import GroupTotals, PartyTotals
from exposure.facilities import Facilities
from exposure.groups import Groups
from exposure.limits.capital import Scope
from exposure.limits.clients import Clients
from exposure.mitigation.mitigation import Mitigation
from exposure.mitigation.net import net_groups, net_parties
from exposure.mitigation.owed import Owed

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Standing:
    """The groups of a pack, its facilities at value, the kinds of clients, and what each owes.

    ``mitigation`` is what the net amounts came from, where that is known; ``totals`` are what they were made of.
    """

    groups: Groups
    totals: tuple[PartyTotals, GroupTotals]
    clients: Clients
    by_party: Owed
    by_group: Owed
    mitigation: Mitigation | None = None
    _seen: dict[int, Standing | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def facilities(self) -> Facilities:
        """The facilities at value."""
        return self.totals[0].held

    @classmethod
    def of(
        cls,
        groups: Groups,
        parties: PartyTotals,
        totals: GroupTotals,
        net: tuple[Int64, Int64] | None = None,
        mitigation: Mitigation | None = None,
    ) -> Standing:
        """Totals under the groups' pack; ``net`` by row of the parties' and of the groups' totals."""
        a, b = (None, None) if net is None else net
        clients = Clients.of(groups.snapshot, groups.pack)
        by_party, by_group = Owed.by_party(parties, a), Owed.by_group(totals, groups.members, b)
        return cls(groups, (parties, totals), clients, by_party, by_group, mitigation)

    def of_scope(self, scope: Scope) -> Standing:
        """The same as a consolidated scope sees it: what its own lenders guarantee is no protection of its claims.

        Itself where they guarantee none of them, or mitigation is not known.
        """
        if self.mitigation is None:
            return self
        if scope.lender not in self._seen:
            self._seen[scope.lender] = self._beyond(self.mitigation.beyond(scope.inside, scope.lenders))
        return self._seen[scope.lender] or self

    def _beyond(self, mitigation: Mitigation) -> Standing | None:
        """The same after another mitigation; None for its own, since what held itself would not be freed."""
        if mitigation is self.mitigation:
            return None
        (parties, a), (totals, b) = (
            net_parties(mitigation, self.totals[0]),
            net_groups(mitigation, self.totals[1], self.groups.members),
        )
        return Standing.of(self.groups, parties, totals, (a, b), mitigation)


@dataclass(frozen=True)
class Subjects:
    """By row: ``group`` bool tells groups from parties, ``subject`` int32 is the number of either.

    ``scope`` int32 is a place in the list of scopes; ``gross`` and ``net`` int64 base minor units; ``unknown``
    and ``unknown_net`` bool: an amount behind gross, or behind net, is not known and not in it.
    """

    group: Bool
    subject: Int32
    scope: Int32
    gross: Int64
    net: Int64
    unknown: Bool
    unknown_net: Bool

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.subject)

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Subjects:
        """The chosen rows, by number or by mark."""
        return Subjects(*(a[rows] for a in vars(self).values()))

    def marked(self, by_party: Bool, by_group: Bool) -> Bool:
        """The mark of each row's party or group: bool by row."""
        out = np.empty(len(self), bool)
        out[~self.group] = by_party[self.subject[~self.group]]
        out[self.group] = by_group[self.subject[self.group]]
        return out

    @classmethod
    def joined(cls, parts: list[Subjects]) -> Subjects:
        """All rows in one; none of no parts."""
        types = (np.bool_, np.int32, np.int32, np.int64, np.int64, np.bool_, np.bool_)
        none: list[Any] = [np.zeros(0, t) for t in types]
        empty = cls(*none)
        columns = zip(*(vars(part).values() for part in (empty, *parts)), strict=True)
        whole: list[Any] = [np.concatenate(column) for column in columns]
        return cls(*whole)
