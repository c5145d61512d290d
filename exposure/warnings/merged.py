"""Merged groups (集团合并): groups that hold the clients of two or more groups of before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.findings import Finding, finding
from exposure.mitigation.steps import added, expanded
from exposure.warnings.sides import Sides
from graph.csr import Csr

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

SEVERAL: Final = 2
"""Groups of before that make a merged one."""


def group_merged(sides: Sides, gross: Int64, owing: Bool) -> Iterator[Finding]:
    """``group_merged``: groups that hold all clients of several earlier groups, which no earlier one held together.

    Clients are the parties marked in ``owing`` (bool by party), those that owe something now; a member without
    exposure may have gone elsewhere. The amount is ``gross`` (int64 by group).
    """
    now, then, clients = sides.groups, sides.before, Clients.of(sides, owing)
    for g, earlier in _whole(sides, clients).items():
        kept = [h for h in earlier if not clients.elsewhere(h, earlier)]
        union = {p for h in kept for p in clients[h].tolist()}
        if len(kept) < SEVERAL or max(clients.shared(union).values()) == len(union):
            continue
        own = max(kept, key=lambda h: (then.names[h] == now.names[g], len(clients[h]), -h))
        took = [then.names[h] for h in kept if h != own]
        yield finding(
            "group_merged",
            [now.names[g]],
            int(gross[g]),
            now.pack.name,
            took_in=sorted(took),
            since=sides.since,
        )


@dataclass(frozen=True)
class Clients:
    """Present numbers of the clients of each earlier group: ``party[ptr[h]:ptr[h + 1]]``, int64."""

    ptr: Int64
    group: Int64
    party: Int64
    by_party: Csr

    @classmethod
    def of(cls, sides: Sides, owing: Bool) -> Clients:
        """Members of the earlier groups that are marked in ``owing`` now."""
        then = sides.before
        number = np.full(sides.then.n, -1, np.int64)
        known = np.flatnonzero((sides.party >= 0) & owing)
        number[sides.party[known]] = known
        kept = np.flatnonzero(number[then.members] >= 0)
        group, party = then.group_of_place[kept].astype(np.int64), number[then.members[kept]]
        by_party = Csr.of(party.astype(np.int32), sides.now.n)
        return cls(np.searchsorted(group, np.arange(len(then) + 1)), group, party, by_party)

    def __getitem__(self, group: int) -> Int64:
        """The clients of an earlier group."""
        return self.party[self.ptr[group] : self.ptr[group + 1]]

    def shared(self, parties: Iterable[int]) -> Counter[int]:
        """How many of these parties each earlier group has as clients."""
        return Counter(h for p in parties for h in self.group[self.by_party[p]].tolist())

    def elsewhere(self, group: int, among: Iterable[int]) -> bool:
        """Whether the clients of a group all lie in another one of these; of equal ones the first stays."""
        own = self[group].tolist()
        held = self.shared(own)
        inside = [k for k in among if k != group and held[k] == len(own)]
        return any(len(self[k]) > len(own) or k < group for k in inside)


def _whole(sides: Sides, clients: Clients) -> dict[int, list[int]]:
    """For each present group that holds all clients of several earlier groups, those groups."""
    now = sides.groups
    place, row = expanded(now.of_party.ptr, clients.party)
    wide = np.int64(max(len(now), 1))
    pair = clients.group[place] * wide + now.group_of_place[now.of_party.rows[row]]
    key, count = added(pair, np.ones(len(pair), np.int64))
    whole = key[count == np.diff(clients.ptr)[key // wide]]
    several = np.bincount(whole % wide, minlength=int(wide)) > 1
    held: dict[int, list[int]] = {}
    for h, g in zip(*(a.tolist() for a in np.divmod(whole[several[whole % wide]], wide)), strict=True):
        held.setdefault(g, []).append(h)
    return held
