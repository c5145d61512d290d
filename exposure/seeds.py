"""Seeds: where every group of connected clients starts, and which groups lie inside others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exposure.kernels import groups as _kernels
from exposure.kin import close_kin
from exposure.risk import RiskGraph, Settings
from graph.csr import Csr
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


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
        return cls(ends(lengths), all_sources, ends(counts), pairs[:, 0].copy(), pairs[:, 1].astype(np.int8))


def plain(graph: RiskGraph) -> tuple[Int64, Int32]:
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


def branches(graph: RiskGraph, settings: Settings) -> list[Seed]:
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


def kin_seeds(snapshot: Snapshot) -> list[Seed]:
    """One group per person and that person's close kin, not chains of kin (rulebook 49), in the order of ids."""
    of: dict[int, list[int]] = {}
    for person, relative in close_kin(snapshot)[0]:
        of.setdefault(person, []).append(relative)
    persons = sorted(of, key=snapshot.party_rank.__getitem__)
    return [Seed((person,), tuple(of[person]), _kernels.KIN) for person in persons]


def maximal(kept: Int64, ptr: Int64, members: Int32, seeds: Seeds) -> tuple[Int64, Seeds]:
    """Drop each set that lies inside another; of equal sets keep the first, with the sources of all."""
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
        ends([len(r) for r in sources]), flat, seeds.ptr, seeds.seeds, seeds.via
    )


def ends(lengths: npt.ArrayLike) -> Int64:
    """CSR pointer of rows of these lengths."""
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, np.int64))]).astype(np.int64)
