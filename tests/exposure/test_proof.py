"""Every proof and every path replays from the facts that it lists."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given

from exposure.control import control
from exposure.groups import VIA, Settings
from exposure.proof import control_proof, group_path
from tests.exposure.networks import Network, networks
from tests.exposure.test_groups import grouped
from tests.oracle.control import companions


@given(net=networks())
def test_a_control_proof_replays(net: Network) -> None:
    held = control(net.snapshot())
    names = held.snapshot.party_ids.to_pylist()
    for x, y in zip(held.controller.tolist(), held.controlled.tolist(), strict=True):
        steps = control_proof(held, x, y)
        shown = {x}
        for step in steps:
            commanded = {names[p] for p in shown}
            for party in list(commanded):
                commanded |= companions(net.members, set(), party)
            assert {names[p] for p, _ in step.votes} <= commanded or step.facts
            assert step.holds()
            for p, votes in step.votes:
                written = sum(v for a, b, v in net.votes if (a, b) == (names[p], names[step.target]) and v)
                assert Fraction(votes, 10**9) == written
            shown.add(step.target)
        assert steps[-1].target == y


@given(net=networks())
def test_a_path_leads_from_a_source_to_the_member(net: Network) -> None:
    for settings in (Settings(), Settings(kin=True), Settings("alternative")):
        held = grouped(net.snapshot(), settings)
        rounds = held.graph.control
        pairs = zip(rounds.controller.tolist(), rounds.controlled.tolist(), strict=True)
        hops = dict(zip(pairs, rounds.hops.tolist(), strict=True))
        for group in range(len(held)):
            sources = set(held.sources[held.source_ptr[group] : held.source_ptr[group + 1]].tolist())
            members = held.members[held.ptr[group] : held.ptr[group + 1]].tolist()
            for party in members:
                path = group_path(held, group, party)
                assert (not path) == (party in sources)
                if path:
                    assert path[0].start in sources
                    assert path[-1].to == party
                    assert all(a.to == b.start for a, b in pairwise(path))
                    assert all(s.proof for s in path if s.via == "control")
                    assert all(s.row for s in path if s.via == "dependence")
                    if settings.kin:
                        continue  # persons who name one group together have no step between them
                    place = held.ptr[group] + members.index(party)
                    assert path[-1].via == VIA[held.via[place]]
                    steps = [
                        1 if s.via != "control" else hops[s.start, s.to] for s in path if s.via != "sovereign"
                    ]
                    assert sum(steps) == held.depth[place]
