"""Control against a brute-force fixpoint, and the rules that it must keep."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given

from exposure.control import Control, control, findings
from graph.snapshot import Snapshot
from tests.books import book, party
from tests.exposure.networks import Network, networks
from tests.oracle import control as oracle


def pairs(held: Control) -> set[tuple[str, str]]:
    """Controller and controlled ids."""
    table = held.table()
    return set(zip(table["controller_id"].to_pylist(), table["controlled_id"].to_pylist(), strict=True))


def expected(net: Network, *, barred: bool = False, kin: bool = False) -> set[tuple[str, str]]:
    """The oracle's pairs."""
    relatives = net.kin | {(b, a) for a, b in net.kin} if kin else set()
    off = net.barred() if barred else set()
    return {
        (x, y)
        for x in net.names
        for y in oracle.controlled(x, net.names, net.votes, net.proofs(), net.members, relatives, off)
    }


@pytest.mark.parametrize(("barred", "kin"), [(False, False), (True, False), (False, True)])
@given(net=networks())
def test_control_is_the_least_fixpoint(barred: bool, kin: bool, net: Network) -> None:
    held = control(net.snapshot(), rebuttals=barred, kin_votes=kin)
    assert pairs(held) == expected(net, barred=barred, kin=kin)


@given(net=networks())
def test_ultimate_controllers_are_topmost(net: Network) -> None:
    table = control(net.snapshot()).table().to_pylist()
    ultimate = {(r["controller_id"], r["controlled_id"]) for r in table if r["ultimate"]}
    assert ultimate == oracle.top(expected(net))


@given(net=networks())
def test_every_pair_carries_its_proof(net: Network) -> None:
    for row in control(net.snapshot()).table().to_pylist():
        y = row["controlled_id"]
        base = 1 - sum((v for a, b, v in net.votes if a == b == y and v is not None), Fraction(0))
        by_votes = base > 0 and 2 * Fraction(row["votes"]) > base
        assert by_votes == (row["basis"] == "votes")
        assert by_votes or any(b == y and basis == row["basis"] for (_, b), (basis, _) in net.facts.items())


@given(net=networks())
def test_order_of_rows_does_not_matter(net: Network) -> None:
    turned = Network(
        net.parties[::-1],
        net.votes[::-1],
        dict(reversed(net.facts.items())),
        net.members,
        net.kin,
        net.dependence,
    )
    assert control(net.snapshot()).table().equals(control(turned.snapshot()).table())


@given(net=networks())
def test_another_fact_only_adds_control(net: Network) -> None:
    less = Network(net.parties, net.votes, dict(list(net.facts.items())[1:]), net.members, net.kin)
    first = next(iter(net.facts.values()), ("veto", False))
    if not first[1]:
        assert pairs(control(less.snapshot())) <= pairs(control(net.snapshot()))


def test_a_chain_of_a_thousand_ends() -> None:
    names = [f"N{i:04d}" for i in range(1000)]
    held = control(
        Snapshot.of(
            book(
                parties=[party(n) for n in names],
                ownership=[{"owner_id": a, "owned_id": b, "share": "0.6"} for a, b in pairwise(names)],
            )
        )
    )
    assert len(held.controller) == 1000 * 999 // 2
    assert max(held.hops) == 999


def test_a_fact_against_a_majority_is_a_conflict() -> None:
    snapshot = Snapshot.of(
        book(
            parties=[party(p) for p in "MCTS"],
            ownership=[
                {"owner_id": "M", "owned_id": "T", "share": "0.6"},
                {"owner_id": "T", "owned_id": "S", "share": "1"},
            ],
            control=[{"controller_id": "C", "controlled_id": "T", "basis": "contract"}],
        )
    )
    held = control(snapshot)
    assert {("M", "T"), ("C", "T"), ("M", "S"), ("C", "S"), ("T", "S")} == pairs(held)
    found = [f for f in findings(held) if f.code == "control_conflict"]
    assert [(f.subjects, f.figures["controllers"]) for f in found] == [(("T",), ["C", "M"])]


def test_a_body_and_its_member_are_no_conflict() -> None:
    snapshot = Snapshot.of(
        book(
            parties=[party("m"), party("t"), party("pact", "concert")],
            members=[{"body_id": "pact", "party_id": "m"}],
            ownership=[{"owner_id": "m", "owned_id": "t", "share": "0.6"}],
        )
    )
    held = control(snapshot)
    assert pairs(held) == {("m", "t"), ("pact", "t")}
    assert findings(held) == []
