"""Groups of connected clients (关联客户 / 集团客户): what one source of risk reaches.

Risk runs from controller to controlled and from a source to its economic dependents. A group is a strongly
connected component that no edge enters, with all that it reaches (rulebook 1-19, 33, 42-49); groups may
overlap, and their totals must not be added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure import batches
from exposure.batches import Batch, Sources
from exposure.control import Control
from exposure.dependence import dependence
from exposure.findings import Finding, finding
from exposure.kernels import groups as _kernels
from exposure.kin import close_kin
from exposure.results import COUNT, constant, ids, result
from exposure.risk import RiskGraph, Settings
from exposure.rulepack import RulePack
from exposure.seeds import Seeds, branches, ends, kin_seeds, maximal, plain
from graph.csr import Csr, ordered
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

VIA: Final = ("source", "control", "dependence", "kin", "pact", "sovereign")
"""How a party is in a group; the kernel's codes are places in this list."""
GROUP: Final = "G:"
"""How the id of a group begins; the id of one of its sources follows."""
SMALLEST: Final = 2
"""A group has two parties or more."""
MOST_PER_PARTY: Final = 50
"""Memberships per party beyond which only sources and sizes are given."""


@dataclass(frozen=True)
class Groups:
    """The groups, each with its members: ``members[ptr[g]:ptr[g + 1]]`` with ``via`` (code) and ``depth``.

    ``sources[source_ptr[g]:source_ptr[g + 1]]`` are the parties that the group hangs on, ``names[g]`` its id.
    Where ``complete`` is false the members were too many to list: ``size`` still tells their number.
    """

    snapshot: Snapshot
    pack: RulePack
    settings: Settings
    graph: RiskGraph
    names: list[str]
    source_ptr: Int64
    sources: Int32
    ptr: Int64
    members: Int32
    via: Int8
    depth: Int32
    size: Int64
    complete: bool

    def __len__(self) -> int:
        """How many groups there are."""
        return len(self.names)

    @cached_property
    def of_party(self) -> Csr:
        """Places in ``members`` by party."""
        return Csr.of(self.members, self.snapshot.n)

    @cached_property
    def group_of_place(self) -> Int32:
        """Group of each place in ``members``."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.ptr))

    def groups_of(self, party: int) -> list[int]:
        """Numbers of the groups that a party is in, in order of id."""
        return sorted(self.group_of_place[self.of_party[party]].tolist())

    def source_ids(self) -> pa.Array:
        """Ids of each group's sources, sorted: a list array."""
        rank = self.snapshot.party_rank[self.sources]
        owner = np.repeat(np.arange(len(self)), np.diff(self.source_ptr))
        order = np.lexsort((rank, owner))
        return pa.ListArray.from_arrays(
            pa.array(self.source_ptr.astype(np.int32)), ids(self.snapshot.party_ids, self.sources[order])
        )

    @cached_property
    def heads(self) -> Int32:
        """The source that names each group, the one with the smallest id: party numbers."""
        return _first(self.snapshot, self.sources, self.source_ptr)

    def members_table(self) -> pa.Table:
        """The ``group_members`` result, ordered by group and party id."""
        rank = self.snapshot.party_rank[self.members]
        order = ordered(self.group_of_place, rank, max(len(self), self.snapshot.n))
        return result(
            "group_members",
            group_id=pa.array(self.names, pa.string()).take(pa.array(self.group_of_place)),
            party_id=ids(self.snapshot.party_ids, self.members[order]),
            via=pa.DictionaryArray.from_arrays(self.via[order], list(VIA)),
            depth=pa.array(self.depth[order], COUNT),
            pack=constant(self.pack.name, len(order)),
        )


def groups(control: Control, pack: RulePack, settings: Settings) -> Groups:
    """The groups of connected clients under a pack and its settings.

    ``control`` is the fixpoint that respects rebuttals (and joint ventures and kin votes, where set).
    """
    snapshot = control.snapshot
    held = dependence(
        snapshot,
        pack,
        counterparties=settings.derive_counterparties,
        guarantees=settings.derive_guarantees,
    )
    graph = RiskGraph.of(control, held, settings)
    special = branches(graph, settings) + (kin_seeds(snapshot) if settings.kin else [])
    source_ptr, sources = plain(graph)
    seeds = Seeds.of(source_ptr, sources, special)
    closed = not bool(control.facts.rebutted.any())
    shape = (control.ptr, control.controlled, graph.hops, graph.cut, closed)
    links = (graph.link_ptr, graph.link_to, graph.link_via)
    most = MOST_PER_PARTY * snapshot.n
    ptr, members, via, depth = _kernels.reach(seeds.ptr, seeds.seeds, seeds.via, *shape, *links, most)
    complete = len(ptr) == len(seeds.ptr)
    if complete:
        size = np.diff(ptr)
        kept = np.flatnonzero(size >= SMALLEST)
        if special:
            kept, seeds = maximal(kept, ptr, members, seeds)
    else:
        order = np.argsort(-graph.component, kind="stable").astype(np.int32)
        size = _kernels.sizes(seeds.ptr, seeds.seeds, graph.ptr, graph.to, graph.component, order)
        kept, ptr, members = np.flatnonzero(size >= SMALLEST), np.zeros(len(size) + 1, np.int64), members[:0]
        via, depth = via[:0], depth[:0]
    head = _first(snapshot, seeds.sources, seeds.source_ptr)
    kept = kept[np.argsort(snapshot.party_rank[head[kept]], kind="stable")]
    names = [GROUP + name for name in ids(snapshot.party_ids, head[kept]).to_pylist()]
    source_ptr, places = _pick(seeds.source_ptr, kept)
    member_ptr, at = _pick(ptr, kept)
    return Groups(
        snapshot, pack, settings, graph, names, source_ptr, seeds.sources[places], member_ptr, members[at], via[at],
        depth[at], size[kept], complete,
    )  # fmt: skip


def _pick(ptr: Int64, rows: Int64) -> tuple[Int64, Int64]:
    """CSR pointer of the chosen rows, and the places of their entries."""
    lengths = (ptr[1:] - ptr[:-1])[rows]
    picked = ends(lengths)
    return picked, np.arange(picked[-1]) + np.repeat(ptr[:-1][rows] - picked[:-1], lengths)


def _first(snapshot: Snapshot, parties: Int32, ptr: Int64) -> Int32:
    """The party with the smallest id of each list (CSR), none of which is empty: int32."""
    if len(ptr) == 1:
        return np.zeros(0, np.int32)
    by_rank = np.empty(snapshot.n, np.int32)
    by_rank[snapshot.party_rank] = np.arange(snapshot.n, dtype=np.int32)
    return by_rank[np.minimum.reduceat(snapshot.party_rank[parties], ptr[:-1])]


def findings(held: Groups) -> list[Finding | Batch]:
    """``party_in_several_groups``, ``groups_cut``, ``unknown_relation`` of a grouping."""
    snapshot, rule = held.snapshot, held.pack.name
    found: list[Finding | Batch] = []
    if not held.complete:
        found.append(
            finding("groups_cut", [], rule=rule, memberships=int(held.size.sum()), sources=len(held))
        )
    names = snapshot.party_ids
    found += _several(held)
    if held.settings.kin:
        rows = snapshot.tables["kin"]
        words = rows.text("relation")
        for i in close_kin(snapshot)[1]:
            pair = [names[int(rows[c][i])].as_py() for c in ("person_id", "relative_id")]
            where_row = [("kin", int(rows.row[i]))]
            found.append(finding("unknown_relation", pair, rows=where_row, relation=words[i].as_py()))
    return found


def _several(held: Groups) -> list[Batch]:
    """``party_in_several_groups``: each party that counts in more than one, with all of them."""
    of = held.of_party
    counts = np.diff(of.ptr)
    several = np.flatnonzero(counts > 1)
    if not len(several):
        return []
    size = counts[several]
    ptr = np.append(0, np.cumsum(size))
    place = np.arange(ptr[-1]) + np.repeat(of.ptr[several] - ptr[:-1], size)
    group = held.group_of_place[of.rows[place]]
    return [
        Batch(
            "party_in_several_groups",
            batches.single(held.snapshot.party_ids.take(pa.array(several))),
            np.full(len(several), NULL, np.int64),
            Sources.none(len(several)),
            held.pack.name,
            figures={
                "groups": batches.few(
                    ptr, pa.array(held.names, pa.string()).take(pa.array(group)), int(size.max())
                )
            },
        )
    ]
