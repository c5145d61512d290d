"""Groups of connected clients against a set closure, and the cases that a rule book settles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure.control import control
from exposure.groups import MOST_PER_PARTY, Groups, findings, groups
from exposure.risk import Settings
from exposure.rulepack import load
from graph.errors import OptionError
from graph.snapshot import Snapshot
from tests.books import book, party
from tests.exposure.networks import Network, networks
from tests.oracle import control as control_oracle
from tests.oracle import groups as oracle

EU = load("EU-CRR")


def grouped(snapshot: Snapshot, settings: Settings = Settings()) -> Groups:  # noqa: B008 (frozen)
    """Groups under the EU pack and the given settings."""
    held = control(
        snapshot,
        rebuttals=True,
        joint=settings.joint_ventures == "both",
        kin_votes=settings.kin_votes == "together",
    )
    return groups(held, EU, settings)


def sets(held: Groups) -> set[frozenset[str]]:
    """Members of each group; no set may stand twice."""
    found: dict[str, set[str]] = {}
    for row in held.members_table().to_pylist():
        found.setdefault(row["group_id"], set()).add(row["party_id"])
    made = {frozenset(s) for s in found.values()}
    assert len(made) == len(held) == len(set(held.names))
    return made


def edges(net: Network) -> set[tuple[str, str]]:
    """Risk edges as the oracle sees them."""
    names = net.names
    controls = {
        (x, y)
        for x in names
        for y in control_oracle.controlled(
            x, names, net.votes, net.proofs(), net.members, barred=net.barred()
        )
    }
    return controls | net.members | {(b, a) for a, b in net.members} | {(b, a) for a, b in net.dependence}


def states(net: Network) -> set[str]:
    """The governments."""
    return {str(p["party_id"]) for p in net.parties if p["kind"] == "government"}


@given(net=networks())
def test_groups_are_the_maximal_reachable_sets(net: Network) -> None:
    assert sets(grouped(net.snapshot())) == oracle.groups(net.names, edges(net))


@given(net=networks())
def test_kin_joins_a_person_and_close_kin_but_no_chain(net: Network) -> None:
    kin = net.kin | {(b, a) for a, b in net.kin}
    assert sets(grouped(net.snapshot(), Settings(kin=True))) == oracle.groups(net.names, edges(net), kin)


@given(net=networks())
def test_control_by_a_state_alone_connects_nobody(net: Network) -> None:
    state = states(net)
    links = net.members | {(b, a) for a, b in net.members} | {(b, a) for a, b in net.dependence}
    kept = {(a, b) for a, b in edges(net) if a not in state or (a, b) in links}
    assert sets(grouped(net.snapshot(), Settings("none"))) == oracle.groups(net.names, kept)


@given(net=networks())
def test_alternative_makes_one_group_per_branch(net: Network) -> None:
    state = states(net)
    pacts = net.members | {(b, a) for a, b in net.members}
    out = {(a, b) for a, b in edges(net) if a in state and (a, b) not in pacts and b not in state}
    kept = {(a, b) for a, b in edges(net) if a not in state} | {(a, b) for a, b in pacts if a not in state}
    if any(s in pair for s in state for pair in pacts):
        return  # a state in a voting body: its branches are the body's
    assert sets(grouped(net.snapshot(), Settings("alternative"))) == oracle.groups(
        net.names, kept, set(), state, out
    )


@given(net=networks())
def test_depth_counts_the_steps_from_a_source(net: Network) -> None:
    held = grouped(net.snapshot())
    rows = held.members_table().to_pylist()
    for group, sources in zip(held.names, held.source_ids().to_pylist(), strict=True):
        members = {r["party_id"]: r for r in rows if r["group_id"] == group}
        assert {p for p, r in members.items() if r["via"] == "source"} == set(sources)
        assert all((r["depth"] == 0) == (r["via"] == "source") for r in members.values())
        assert group == "G:" + min(sources)


@given(net=networks(), settings=st.sampled_from([Settings(), Settings(kin=True)]))
def test_order_of_rows_does_not_matter(net: Network, settings: Settings) -> None:
    turned = Network(
        net.parties[::-1],
        net.votes[::-1],
        dict(reversed(net.facts.items())),
        net.members,
        net.kin,
        net.dependence,
    )
    made, again = (grouped(n.snapshot(), settings).members_table() for n in (net, turned))
    assert made.equals(again)


def test_kin_of_the_same_group_come_in_through_the_one_who_names_it() -> None:
    for names in ("AB", "BA"):
        kin = [{"person_id": names[0], "relative_id": names[1], "relation": "brother"}]
        held = grouped(Snapshot.of(book(parties=[party(n) for n in names], kin=kin)), Settings(kin=True))
        assert [
            (r["group_id"], r["party_id"], r["via"], r["depth"]) for r in held.members_table().to_pylist()
        ] == [
            ("G:A", "A", "source", 0),
            ("G:A", "B", "kin", 1),
        ]


def test_joint_ventures_on_request_belong_to_both() -> None:
    snapshot = Snapshot.of(
        book(
            parties=[party(p) for p in "ABJ"],
            control=[{"controller_id": v, "controlled_id": "J", "basis": "joint"} for v in "AB"],
        )
    )
    assert sets(grouped(snapshot)) == set()
    assert sets(grouped(snapshot, Settings(joint_ventures="both"))) == {frozenset("AJ"), frozenset("BJ")}


@pytest.mark.parametrize(
    ("pack", "strength", "together"),
    [("EU-CRR", "0.5", True), ("CN-LE", "0.5", False), ("CN-LE", "0.51", True), ("US-SCCL", "0.49", False)],
)
def test_receipts_connect_from_the_line_of_the_pack(pack: str, strength: str, together: bool) -> None:
    snapshot = Snapshot.of(
        book(
            parties=[party("A"), party("B")],
            dependence=[
                {"dependent_id": "A", "on_id": "B", "basis": "gross_receipts_share", "strength": strength}
            ],
        )
    )
    rules = load(pack)
    assert bool(groups(control(snapshot), rules, Settings.of(rules, {})).names) == together


@pytest.mark.parametrize(("share", "together"), [("0.5", True), ("0.4", False), (None, True)])
def test_counterparties_connect_on_request(share: str | None, together: bool) -> None:
    row = {"party_id": "B", "counterparty_id": "C", "relation": "customer", "share_of_receipts": share}
    if share is None:
        row |= {"amount": "60", "currency": "EUR"}
    snapshot = Snapshot.of(
        book(parties=[party("B", revenue="100", currency="EUR"), party("C")], counterparties=[row])
    )
    assert sets(grouped(snapshot)) == set()
    derived = sets(grouped(snapshot, Settings(derive_counterparties=True)))
    assert derived == ({frozenset("BC")} if together else set())


def test_too_many_overlaps_give_sources_and_sizes() -> None:
    sources = [f"S{i:03d}" for i in range(2 * MOST_PER_PARTY)]
    sinks = [f"T{i:03d}" for i in range(3 * MOST_PER_PARTY)]
    depends = [{"dependent_id": t, "on_id": s, "basis": "repayment_source"} for s in sources for t in sinks]
    held = grouped(Snapshot.of(book(parties=[party(p) for p in sources + sinks], dependence=depends)))
    assert not held.complete
    assert held.size.tolist() == [len(sinks) + 1] * len(sources)
    assert [f.code for f in findings(held)] == ["groups_cut"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("joint_ventures", "both:J"),
        ("kin", "true:1"),
        ("central_government", "general:G"),
        ("central_government", "alternative:"),
        ("central_government", "alternative:G,"),
    ],
)
def test_a_choice_with_more_behind_it_is_refused_instead_of_read_as_another(name: str, value: str) -> None:
    with pytest.raises(OptionError, match="choose from"):
        Settings.of(EU, {name: value})


def test_only_governments_may_be_named_behind_a_choice() -> None:
    assert Settings.of(EU, {"central_government": "alternative:G,H"}).central_government == "alternative:G,H"
