"""Groups of connected clients (关联客户 / 集团客户): what one source of risk reaches.

Risk runs from controller to controlled and from a source to its economic dependents. A group is a strongly
connected component that no edge enters, with all that it reaches (rulebook 1-19, 33, 42-49); groups may
overlap, and their totals must not be added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure import batches
from exposure.batches import Batch, Sources
from exposure.control import Control
from exposure.dependence import Dependence, dependence
from exposure.findings import Finding, finding
from exposure.kernels import groups as _kernels
from exposure.kernels.components import components
from exposure.kin import close_kin
from exposure.results import COUNT, constant, ids, result
from exposure.rulepack import RulePack
from graph.csr import Csr
from graph.errors import OptionError
from graph.model import PARTY_KINDS
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

VIA: Final = ("source", "control", "dependence", "kin", "pact", "sovereign")
"""How a party is in a group; the kernel's codes are places in this list."""
SMALLEST: Final = 2
"""A group has two parties or more."""
MOST_PER_PARTY: Final = 50
"""Memberships per party beyond which only sources and sizes are given."""


_CHOICES: Final = {
    "central_government": ("general", "none", "alternative"),
    "joint_ventures": ("none", "both"),
    "kin": ("true", "false"),
    "kin_votes": ("apart", "together"),
    "derive_counterparties": ("true", "false"),
    "derive_guarantees": ("true", "false"),
}


@dataclass(frozen=True)
class Settings:
    """The choices that a pack makes and an option may override.

    ``central_government``: ``general``, ``none``, ``alternative`` or ``alternative:ID,ID``;
    ``joint_ventures``: ``none`` or ``both``; ``kin_votes``: ``apart`` or ``together``.
    """

    central_government: str = "general"
    joint_ventures: str = "none"
    kin: bool = False
    kin_votes: str = "apart"
    derive_counterparties: bool = False
    derive_guarantees: bool = False

    @classmethod
    def of(cls, pack: RulePack, options: Mapping[str, str]) -> Settings:
        """The pack's settings with the options that name one of them; ``OptionError`` for a wrong value."""
        chosen: dict[str, str | bool] = {}
        for name, values in _CHOICES.items():
            value = options.get(name)
            if value is None:
                chosen[name] = pack.setting("groups", name, getattr(cls, name))
            elif value.partition(":")[0] not in values:
                raise OptionError(f"option {name}={value}: choose from {', '.join(values)}")
            else:
                chosen[name] = value == "true" if values[0] == "true" else value
        return cls(**chosen)  # type: ignore[arg-type]


@dataclass(frozen=True)
class RiskGraph:
    """The edges along which trouble spreads, and the states whose own edges are cut.

    Control edges stand in ``control`` (none leave the parties in ``cut``, bool (n,)); ``links`` are the
    others by source, ``link_to`` with ``link_via``. ``ptr`` / ``to`` hold both kinds together.
    """

    control: Control
    dependence: Dependence
    cut: Bool
    link_ptr: Int64
    link_to: Int32
    link_via: Int8
    ptr: Int64
    to: Int32

    @classmethod
    def of(cls, control: Control, held: Dependence, settings: Settings) -> RiskGraph:
        """Put the edges of a snapshot together under the given settings."""
        n = control.snapshot.n
        states = _states(control.snapshot, settings)
        mode = settings.central_government.partition(":")[0]
        cut = states if mode != "general" else np.zeros(n, bool)
        bodies = control.snapshot.tables["members"]
        a, b = bodies["body_id"].astype(np.int32), bodies["party_id"].astype(np.int32)
        source = np.concatenate([held.on, a, b])
        target = np.concatenate([held.dependent, b, a])
        via = np.full(len(source), _kernels.PACT, np.int8)
        via[: len(held.on)] = _kernels.DEPENDENCE
        if mode == "alternative":
            source = np.where(cut[source], -1, source)
        by = Csr.of(source.astype(np.int32), n)
        to, ways = target[by.rows].astype(np.int32), via[by.rows]
        return cls(
            control,
            held,
            cut,
            by.ptr,
            to,
            ways,
            *_kernels.join(control.ptr, control.controlled, cut, by.ptr, to),
        )

    @cached_property
    def component(self) -> Int32:
        """Strongly connected component of each party; a higher number is never below a lower one."""
        return components(self.ptr, self.to)

    @cached_property
    def count(self) -> int:
        """How many components there are."""
        return int(self.component.max()) + 1 if len(self.component) else 0

    @cached_property
    def hops(self) -> Int32:
        """Steps that each control edge stands for."""
        return self.control.hops


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
        number = self.snapshot.number_of
        return np.array([number[name.removeprefix("G:")] for name in self.names], np.int32)

    def members_table(self) -> pa.Table:
        """The ``group_members`` result, ordered by group and party id."""
        rank = self.snapshot.party_rank[self.members]
        order = np.lexsort((rank, self.group_of_place))
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
    special = _branches(graph, settings) + (_kin_seeds(snapshot) if settings.kin else [])
    source_ptr, sources = _sources(graph)
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
            kept, seeds = _maximal(kept, ptr, members, seeds)
    else:
        order = np.argsort(-graph.component, kind="stable").astype(np.int32)
        size = _kernels.sizes(seeds.ptr, seeds.seeds, graph.ptr, graph.to, graph.component, order)
        kept, ptr, members = np.flatnonzero(size >= SMALLEST), np.zeros(len(size) + 1, np.int64), members[:0]
        via, depth = via[:0], depth[:0]
    names = _names(snapshot, seeds)
    kept = np.array(sorted(kept.tolist(), key=names.__getitem__), np.int64)
    source_ptr, places = _pick(seeds.source_ptr, kept)
    member_ptr, at = _pick(ptr, kept)
    return Groups(
        snapshot, pack, settings, graph, [names[g] for g in kept.tolist()], source_ptr, seeds.sources[places],
        member_ptr, members[at], via[at], depth[at], size[kept], complete,
    )  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """A group that starts with more than a component: its ``sources``, and who starts with them and how."""

    sources: tuple[int, ...]
    others: tuple[int, ...]
    via: int


@dataclass(frozen=True)
class Seeds:
    """Where every group starts, as CSR: the sources that name it, and all parties it starts from."""

    source_ptr: Int64
    sources: Int32
    ptr: Int64
    seeds: Int32
    via: Int8

    @classmethod
    def of(cls, source_ptr: Int64, sources: Int32, special: list[Seed]) -> Seeds:
        """Plain sources first, then the special seeds."""
        if not special:
            return cls(
                source_ptr, sources, source_ptr, sources, np.full(len(sources), _kernels.SOURCE, np.int8)
            )
        more = [party for s in special for party in s.sources]
        all_sources = np.concatenate([sources, np.array(more, np.int32)])
        lengths = np.concatenate([np.diff(source_ptr), [len(s.sources) for s in special]])
        starts = [(party, _kernels.SOURCE) for party in sources.tolist()]
        counts = np.diff(source_ptr).tolist()
        for s in special:
            starts += [(p, _kernels.SOURCE) for p in s.sources] + [(p, s.via) for p in s.others]
            counts.append(len(s.sources) + len(s.others))
        pairs = np.array(starts, np.int32).reshape(-1, 2)
        return cls(
            _ends(lengths), all_sources, _ends(counts), pairs[:, 0].copy(), pairs[:, 1].astype(np.int8)
        )


def _ends(lengths: npt.ArrayLike) -> Int64:
    """CSR pointer of rows of these lengths."""
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, np.int64))]).astype(np.int64)


def _pick(ptr: Int64, rows: Int64) -> tuple[Int64, Int64]:
    """CSR pointer of the chosen rows, and the places of their entries."""
    lengths = (ptr[1:] - ptr[:-1])[rows]
    picked = _ends(lengths)
    return picked, np.arange(picked[-1]) + np.repeat(ptr[:-1][rows] - picked[:-1], lengths)


def _states(snapshot: Snapshot, settings: Settings) -> Bool:
    """The governments that a setting speaks of: those named after ``alternative:``, else all."""
    named = settings.central_government.partition(":")[2]
    if not named:
        return np.asarray(snapshot.parties["kind"] == PARTY_KINDS.index("government"))
    chosen = np.zeros(snapshot.n, bool)
    for party in named.split(","):
        if party not in snapshot.number_of:
            raise OptionError(f"option central_government: no party {party!r} in the book")
        chosen[snapshot.number_of[party]] = True
    return chosen


def _sources(graph: RiskGraph) -> tuple[Int64, Int32]:
    """Parties of each component that no edge enters and that has an edge: CSR (pointer, parties)."""
    component = graph.component
    free = ~_kernels.entered(graph.ptr, graph.to, component, graph.count)
    lively = np.zeros(graph.count, bool)
    lively[component[np.diff(graph.ptr) > 0]] = True
    number = np.cumsum(free & lively) - 1
    chosen = (free & lively)[component]
    by = Csr.of(
        np.where(chosen, number[component], -1).astype(np.int32), int(number[-1]) + 1 if len(number) else 0
    )
    return by.ptr, by.rows


def _branches(graph: RiskGraph, settings: Settings) -> list[Seed]:
    """Alternative approach (rulebook 12-13): one group per branch of a state, the state in each.

    A branch head is what the state controls, or what depends on it, unless another of these reaches it.
    """
    if not settings.central_government.startswith("alternative"):
        return []
    component, held = graph.component, graph.dependence
    states_of: dict[int, set[int]] = {}
    for state in np.flatnonzero(graph.cut).tolist():
        tied = np.concatenate([graph.control.controls(state), held.dependent[held.on == state]]).astype(
            np.int32
        )
        inner = _kernels.below(graph.ptr, graph.to, component, graph.count, tied)
        for number in np.unique(component[tied]).tolist():
            if not inner[number] and number != component[state]:
                states_of.setdefault(number, set()).add(state)
    heads: dict[int, list[int]] = {}
    for party in np.flatnonzero(np.isin(component, list(states_of))).tolist():
        heads.setdefault(int(component[party]), []).append(party)
    return [
        Seed(tuple(parties), tuple(sorted(states_of[number] - set(parties))), _kernels.SOVEREIGN)
        for number, parties in heads.items()
    ]


def _kin_seeds(snapshot: Snapshot) -> list[Seed]:
    """One group per person and that person's close kin, not chains of kin (rulebook 49)."""
    of: dict[int, list[int]] = {}
    for person, relative in close_kin(snapshot)[0]:
        of.setdefault(person, []).append(relative)
    return [Seed((person,), tuple(kin), _kernels.KIN) for person, kin in of.items()]


def _maximal(kept: Int64, ptr: Int64, members: Int32, seeds: Seeds) -> tuple[Int64, Seeds]:
    """Drop each set that lies inside another; of equal sets keep one with the sources of all."""
    sets = {g: frozenset(members[ptr[g] : ptr[g + 1]].tolist()) for g in kept.tolist()}
    with_member: dict[int, list[int]] = {}
    for g, parties in sets.items():
        for party in parties:
            with_member.setdefault(party, []).append(g)
    sources = [
        seeds.sources[a:b].tolist() for a, b in zip(seeds.source_ptr, seeds.source_ptr[1:], strict=False)
    ]
    left = []
    for g, parties in sets.items():
        rarest = min(parties, key=lambda party: len(with_member[party]))
        others = [h for h in with_member[rarest] if h != g and parties <= sets[h]]
        if any(len(sets[h]) > len(parties) or h < g for h in others):
            continue
        left.append(g)
        sources[g] = sorted({*sources[g], *(party for h in others for party in sources[h])})
    flat = np.array([party for row in sources for party in row], np.int32)
    return np.array(left, np.int64), Seeds(
        _ends([len(r) for r in sources]), flat, seeds.ptr, seeds.seeds, seeds.via
    )


def _names(snapshot: Snapshot, seeds: Seeds) -> list[str]:
    """Id of each group: ``G:`` and its smallest source id."""
    if not len(seeds.sources):
        return []
    rank = snapshot.party_rank[seeds.sources]
    smallest = np.minimum.reduceat(rank, seeds.source_ptr[:-1])
    party = np.empty(snapshot.n, np.int32)
    party[snapshot.party_rank] = np.arange(snapshot.n, dtype=np.int32)
    return ["G:" + name for name in ids(snapshot.party_ids, party[smallest]).to_pylist()]


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
