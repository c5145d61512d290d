"""Proofs: why x controls y, step by step, and by which way a party is in a group.

A proof can be replayed: each step rests only on the controller itself, its companions and what an earlier
step has shown.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from exposure.control import Control
from exposure.groups import VIA, Groups
from graph.model import CONTROL_FACTS, CONTROL_MARKS, DEPENDENCE_BASES

_BASES = CONTROL_FACTS + CONTROL_MARKS


@dataclass(frozen=True)
class ControlStep:
    """One party that falls to the controller.

    ``round`` is the one of the fixpoint in which it falls. ``votes`` lists who of the commanded casts how many votes
    in ``target`` (parts per 10^9), out of ``base``; ``facts`` lists control facts as (commanded party, basis, row of
    the book's control table).
    """

    target: int
    round: int
    votes: tuple[tuple[int, int], ...]
    base: int
    facts: tuple[tuple[int, str, int], ...]

    def holds(self) -> bool:
        """Whether the step proves control."""
        cast = sum(votes for _, votes in self.votes)
        return bool(self.facts) or (self.base > 0 and 2 * cast > self.base)


@dataclass(frozen=True)
class RiskStep:
    """One step from a source to a member: ``to`` follows ``start`` by ``via``.

    ``proof`` is there for control; ``basis`` and ``row`` (table, book row) for a dependence.
    """

    start: int
    to: int
    via: str
    proof: tuple[ControlStep, ...] = ()
    basis: str = ""
    row: tuple[str, int] | None = None


def control_proof(held: Control, x: int, y: int) -> tuple[ControlStep, ...]:
    """Why x controls y: the parties that have to fall first, then y; empty if x does not control y."""
    rounds = dict(zip(held.controls(x).tolist(), _hops(held, x), strict=True))
    if y not in rounds:
        return ()
    steps: dict[int, ControlStep] = {}
    wanted = [y]
    while wanted:
        target = wanted.pop()
        if target in steps:
            continue
        step = _step(held, x, target, rounds)
        steps[target] = step
        wanted += [p for p in _needs(held, x, step, rounds) if p not in steps]
    return tuple(sorted(steps.values(), key=lambda s: (rounds[s.target], s.target != y, s.target)))


def commanded(held: Control, x: int, y: int) -> list[tuple[int, int]]:
    """Who of x and all that it controls and commands casts how many votes in y: (party, parts per 10^9)."""
    stakes, rounds = held.snapshot.stakes, dict(zip(held.controls(x).tolist(), _hops(held, x), strict=True))
    at = range(int(stakes.ptr[y]), int(stakes.ptr[y + 1]))
    cast = [(int(stakes.owner[i]), int(stakes.votes[i])) for i in at if stakes.votes[i] > 0]
    return [(p, votes) for p, votes in cast if _commander(held, x, p, rounds) is not None]


def _hops(held: Control, x: int) -> list[int]:
    """Rounds in which the parties fell to x."""
    return [int(h) for h in held.hops[held.ptr[x] : held.ptr[x + 1]]]


def _commander(held: Control, x: int, p: int, rounds: dict[int, int]) -> tuple[int, int] | None:
    """Round from which x commands p, and the controlled party or body that p stands behind."""
    options = [(0, x)] if p == x else []
    options += [(rounds[p], p)] if p in rounds else []
    for body, when in [(x, 0), *rounds.items()]:
        members = held.companions.to[held.companions.ptr[body] : held.companions.ptr[body + 1]]
        if p in members:
            options.append((when, body))
    return min(options, default=None)


def _step(held: Control, x: int, target: int, rounds: dict[int, int]) -> ControlStep:
    """What made the target fall in its round."""
    stakes, facts = held.snapshot.stakes, held.facts
    cast = []
    for i in range(stakes.ptr[target], stakes.ptr[target + 1]):
        p = int(stakes.owner[i])
        since = _commander(held, x, p, rounds)
        if since is not None and since[0] < rounds[target] and stakes.votes[i] > 0:
            cast.append((p, int(stakes.votes[i])))
    named = []
    rows = held.snapshot.tables["control"].row
    for i in range(len(facts.controller)):
        p = int(facts.controller[i])
        if not facts.proof[i] or facts.controlled[i] != target:
            continue
        since = _commander(held, x, p, rounds)
        if since is not None and since[0] < rounds[target]:
            named.append((p, _BASES[facts.basis[i]], int(rows[i])))
    return ControlStep(target, rounds[target], tuple(cast), int(held.base[target]), tuple(named))


def _needs(held: Control, x: int, step: ControlStep, rounds: dict[int, int]) -> list[int]:
    """Parties that must have fallen before: those whose votes or facts the step uses."""
    used = [p for p, *_ in step.facts[:1]] if step.facts else [p for p, _ in step.votes]
    behind = [_commander(held, x, p, rounds) for p in used]
    return [b[1] for b in behind if b is not None and b[1] != x]


def group_path(held: Groups, group: int, party: int) -> tuple[RiskStep, ...]:
    """The shortest way from a source of the group to a member; empty for a source itself.

    Steps are ordered from the source. Raises ``KeyError`` if the party is not in the group.
    """
    members = held.members[held.ptr[group] : held.ptr[group + 1]].tolist()
    if party not in members:
        raise KeyError(party)
    inside = set(members)
    way = dict(zip(members, held.via[held.ptr[group] : held.ptr[group + 1]].tolist(), strict=True))
    started = [m for m in members if VIA[way[m]] in ("source", "kin", "sovereign")]
    sources = held.sources[held.source_ptr[group] : held.source_ptr[group + 1]].tolist()
    best = {m: (1 if VIA[way[m]] == "kin" and m not in sources else 0, way[m]) for m in started}
    if party in sources:
        return ()
    came: dict[int, RiskStep] = {}
    queue = [(d, m) for m, (d, _) in sorted(best.items())]
    heapq.heapify(queue)
    while queue:
        d, v = heapq.heappop(queue)
        if d > best[v][0]:
            continue
        if v == party:
            break
        for cost, step in _onward(held, v):
            found = d + cost, VIA.index(step.via)  # of equally short ways the first kind, as groups tell it
            if step.to in inside and found < best.get(step.to, (2**62, 0)):
                best[step.to] = found
                came[step.to] = step
                heapq.heappush(queue, (d + cost, step.to))
    path = []
    at = party
    while at in came:
        path.append(came[at])
        at = came[at].start
    if at not in sources:
        path.append(RiskStep(sources[0], at, VIA[way[at]]))
    return tuple(_proved(held, step) for step in reversed(path))


def _onward(held: Groups, v: int) -> list[tuple[int, RiskStep]]:
    """Risk edges out of a party with the steps that each stands for."""
    graph, control = held.graph, held.graph.control
    owned = range(0) if graph.cut[v] else range(control.ptr[v], control.ptr[v + 1])
    linked = range(graph.link_ptr[v], graph.link_ptr[v + 1])
    return [(int(control.hops[i]), RiskStep(v, int(control.controlled[i]), "control")) for i in owned] + [
        (1, RiskStep(v, int(graph.link_to[i]), VIA[graph.link_via[i]])) for i in linked
    ]


def _proved(held: Groups, step: RiskStep) -> RiskStep:
    """The step with the facts behind it."""
    if step.via == "control":
        return RiskStep(step.start, step.to, step.via, control_proof(held.graph.control, step.start, step.to))
    if step.via == "dependence":
        edges = held.graph.dependence
        for i in range(len(edges.on)):
            if edges.on[i] == step.start and edges.dependent[i] == step.to:
                table = ("dependence", "counterparties", "parties")[edges.table[i]]
                row = int(held.snapshot.tables[table].row[edges.row[i]])
                return RiskStep(
                    step.start, step.to, step.via, (), DEPENDENCE_BASES[edges.basis[i]], (table, row)
                )
    return step
