"""Rings (担保圈): mutual guarantees (互保), circles, and joint guarantees of a whole circle (联保).

A ring is the set of parties that an elementary cycle of up to six guarantees runs through. In a joint circle
every member borrows and all the others stand for it; rings inside it are not listed again. (rulebook 55, 71.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.guarantees.calls import largest
from exposure.guarantees.chains import Edges
from exposure.guarantees.promises import COUNTER, Promises
from exposure.kernels import rings as _kernels
from exposure.kernels.components import components
from exposure.results import COUNT, MONEY, decimals, ids, result
from graph.csr import Csr
from graph.money import NULL

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

LONGEST: Final = _kernels.LONGEST
MOST: Final = 10_000
"""Rings that are listed of one strongly connected part; the finding ``rings_cut`` says where there are more."""
MOST_STEPS: Final = 20_000_000
"""Edges that the search looks at in one part before it does with fewer lengths."""
KINDS: Final = ("mutual", "ring", "joint")
_PAIR: Final = 2
_ROUNDS: Final = 3


def ring_id(members: list[str]) -> str:
    """Stable id of a ring by its members, whatever their order.

    >>> ring_id(["B", "A"]) == ring_id(["A", "B"])
    True
    """
    return "R:" + hashlib.blake2b("\x1f".join(sorted(members)).encode(), digest_size=10).hexdigest()


@dataclass(frozen=True)
class Cut:
    """A strongly connected part whose rings are not all listed.

    ``parties`` are its members in the order of ids; ``listed`` of its rings are there, among them all of up to
    ``complete`` members.
    """

    parties: Int32
    listed: int
    complete: int


@dataclass(frozen=True)
class Rings:
    """The rings, mutual pairs and circles before joint ones: members of r are ``members[ptr[r]:ptr[r + 1]]``.

    Members (party numbers, int32) stand in the order of the strongest cycle from the smallest id on, each
    guaranteeing the next; those of a joint circle in the order of ids. ``amount`` int64 base minor units is the
    smallest guarantee on the way, what is covered of drawn debts, NULL unknown; of several cycles through the
    same members the one whose smallest is largest counts. ``kind`` int8 indexes ``KINDS``.
    """

    promises: Promises
    ptr: Int64
    members: Int32
    kind: Int8
    amount: Int64
    cuts: list[Cut]

    def __len__(self) -> int:
        """How many rings there are."""
        return len(self.kind)

    def table(self, more: Mapping[str, pa.Array] | None = None) -> pa.Table:
        """The ``rings`` result, by id, members in order, with more columns where they were computed."""
        snapshot = self.promises.held.snapshot
        ring = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.ptr))
        ordered = self.members[np.lexsort((snapshot.party_rank[self.members], ring))]
        members = pa.ListArray.from_arrays(
            pa.array(self.ptr.astype(np.int32)), ids(snapshot.party_ids, ordered)
        )
        made = result(
            "rings",
            ring_id=pa.array([ring_id(m) for m in members.to_pylist()], pa.string()),
            kind=pa.DictionaryArray.from_arrays(self.kind, list(KINDS)),
            members=members,
            length=pa.array(np.diff(self.ptr), COUNT),
            amount=decimals(self.amount, MONEY),
            **(more or {}),
        )
        return made.sort_by("ring_id")


@dataclass(frozen=True)
class Parts:
    """The strongly connected parts of two parties or more, as the search reads them.

    ``party`` int32 by node, the nodes of part p are ``bounds[p]:bounds[p + 1]`` in the order of ids; the edges
    among them as CSR from ``source``. ``number`` int32 is the node of each party, -1 for the others.
    """

    party: Int32
    bounds: Int64
    number: Int32
    ptr: Int64
    source: Int32
    to: Int32

    @classmethod
    def of(cls, edges: Edges, rank: Int32) -> Parts:
        """Parts of the guarantee graph; ``rank`` int32 is the place of each party in the order of ids."""
        source, target = _trimmed(edges.source, edges.target, len(rank))
        among = np.zeros(len(rank), bool)
        among[source] = among[target] = True
        known = np.flatnonzero(among).astype(np.int32)
        number = np.full(len(rank), -1, np.int32)
        number[known] = np.arange(len(known), dtype=np.int32)
        source, target = number[source], number[target]
        component = components(np.searchsorted(source, np.arange(len(known) + 1)), target)
        chosen = np.flatnonzero(np.bincount(component, minlength=1)[component] > 1)
        chosen = chosen[np.lexsort((rank[known[chosen]], component[chosen]))]
        first = np.append(True, np.diff(component[chosen]) != 0)[: len(chosen)]
        inner = np.flatnonzero(component[source] == component[target])
        place = np.full(len(known), -1, np.int32)
        place[chosen] = np.arange(len(chosen), dtype=np.int32)
        source, target = place[source[inner]], place[target[inner]]
        by = Csr.of(target, len(chosen)).rows
        by = by[Csr.of(source[by], len(chosen)).rows]
        source, target = source[by], target[by]
        party = known[chosen]
        number[known] = place
        ptr = np.searchsorted(source, np.arange(len(party) + 1)).astype(np.int64)
        bounds = np.append(np.flatnonzero(first), len(party)).astype(np.int64)
        return cls(party, bounds, number, ptr, source, target)

    def amounts(self, promises: Promises) -> Int64:
        """Covered drawn debt of each edge, -1 where it is not known: int64."""
        if not len(self.source):
            return np.zeros(0, np.int64)
        nodes = np.int64(len(self.party))
        edge = self.source * nodes + self.to
        a, b = self.number[promises.guarantor[promises.guarantee]], self.number[promises.debtor]
        live = np.flatnonzero(promises.live & (a >= 0) & (b >= 0))
        wanted = a[live] * nodes + b[live]
        place = np.searchsorted(edge, wanted)
        found = np.append(edge, -1)[place] == wanted
        key = np.full(len(a), -1, np.int32)
        key[live[found]] = place[found]
        amount = largest(promises, key, len(edge))
        amount[key[(key >= 0) & promises.bounds.unknown[promises.guarantee]]] = -1
        return amount


def _trimmed(source: Int32, target: Int32, n: int) -> tuple[Int32, Int32]:
    """Edges without most of those that no cycle can run through: what nothing leads to, or leads nowhere."""
    for _ in range(_ROUNDS):
        leads, led_to = np.zeros(n, bool), np.zeros(n, bool)
        leads[source], led_to[target] = True, True
        good = led_to[source] & leads[target]
        source, target = source[good], target[good]
    return source, target


def rings(
    promises: Promises,
    edges: Edges,
    *,
    longest: int = LONGEST,
    most: int = MOST,
    most_steps: int = MOST_STEPS,
) -> Rings:
    """Mutual pairs, rings and joint circles of the guarantees in force, parallel guarantees merged."""
    parts = Parts.of(edges, promises.held.snapshot.party_rank)
    joint = _joint_circles(promises, parts)
    edge_amount = parts.amounts(promises)
    part = as_part(parts, edge_amount, joint)
    nodes, length, amount, cut = _kernels.rings(part, parts.bounds, longest, most, most_steps)
    kind = np.concatenate([np.where(length == _PAIR, 0, 1), np.full(len(joint), 2)]).astype(np.int8)
    least = [_least(parts, edge_amount, circle) for circle in joint]
    filled = np.arange(longest) < length[:, None]
    members = [parts.party[nodes[filled]], *(parts.party[circle] for circle in joint)]
    sizes = np.concatenate([length, [len(circle) for circle in joint]]).astype(np.int64)
    ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    amounts = np.concatenate([amount, np.array(least, np.int64)])
    cuts = [
        Cut(parts.party[parts.bounds[p] : parts.bounds[p + 1]], listed, complete)
        for p, listed, complete in cut.tolist()
    ]
    flat = np.concatenate(members).astype(np.int32)
    return Rings(promises, ptr, flat, kind, np.where(amounts < 0, NULL, amounts), cuts)


def as_part(parts: Parts, amount: Int64, joint: list[Int32]) -> _kernels.Part:
    """The parts with amounts (int64 by edge), the edges against their direction, and the joint circles as nodes."""
    n = len(parts.party)
    against = Csr.of(parts.to, n)
    flat = np.concatenate([*joint, np.zeros(0, np.int32)]).astype(np.int32)
    sizes = np.array([len(circle) for circle in joint], np.int64)
    of = Csr.of(flat, n)
    which = np.repeat(np.arange(len(joint), dtype=np.int32), sizes)
    return _kernels.Part(
        *(parts.ptr, parts.to, amount, against.ptr, parts.source[against.rows]),
        *(of.ptr, which[of.rows], sizes),
    )


def _joint_circles(promises: Promises, parts: Parts) -> list[Int32]:
    """Joint circles of three or more, each as nodes in order: every member borrows, and all others stand for it."""
    if not len(parts.party):
        return []
    component = np.full(len(parts.number), -1, np.int32)
    sizes = np.diff(parts.bounds)
    component[parts.party] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    direct = promises.live & (promises.rows["form"] != COUNTER)[promises.guarantee]
    obligor = promises.held.obligor
    direct &= np.append(component >= 0, np.False_)[obligor[promises.facility]]
    by = Csr.of(np.where(direct, promises.facility, -1).astype(np.int32), len(obligor))
    guarantor = promises.guarantor[promises.guarantee]
    marks, size = _kernels.sets(by.ptr, by.rows, guarantor, obligor, component)
    chosen = np.flatnonzero(size > _PAIR)
    chosen = chosen[np.lexsort((marks[chosen, 1], marks[chosen, 0]))]
    new = np.append(True, np.any(np.diff(marks[chosen], axis=0), axis=1))[: len(chosen)]
    found = []
    for of_set in np.split(chosen, np.flatnonzero(new)[1:]):
        borrowers = np.unique(parts.number[obligor[of_set]])
        if len(borrowers) and len(borrowers) == size[of_set[0]]:
            found.append(borrowers.astype(np.int32))
    return sorted(found, key=lambda circle: tuple(circle.tolist()))


def _least(parts: Parts, amount: Int64, circle: Int32) -> int:
    """The smallest edge among the members of a joint circle, -1 where one is not known."""
    inside = np.zeros(len(parts.party), bool)
    inside[circle] = True
    places = np.concatenate([np.arange(parts.ptr[v], parts.ptr[v + 1]) for v in circle.tolist()])
    return int(amount[places[inside[parts.to[places]]]].min())
