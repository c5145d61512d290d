"""Beneficial owners and close links: the lines, the layers of ownership and control, and sets against the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.control import control
from exposure.ownership.beneficial import Beneficial, beneficial
from exposure.ownership.closelinks import MOST, CloseLinks, close_links
from exposure.ownership.integrated import ownership
from graph.snapshot import Snapshot
from tests.books import Row, book, party
from tests.oracle import beneficial as oracle
from tests.oracle import control as control_oracle
from tests.oracle.ownership import Exact, Holding

QUARTER, FIFTH = Fraction(1, 4), Fraction(1, 5)
KINDS = {
    "A": "company",
    "B": "company",
    "C": "bank",
    "D": "fund",
    "P": "person",
    "Q": "person",
    "X": "concert",
}


def snapshot(*stakes: tuple[str, str, str], **more: Sequence[Row]) -> Snapshot:
    """Stakes of parties named by a letter: P, Q and R are persons, X and Y voting pacts."""
    names = sorted(
        {n for a, b, _ in stakes for n in (a, b)} | {str(m["party_id"]) for m in more.get("members", ())}
    )
    kinds = {"P": "person", "Q": "person", "R": "person", "X": "concert", "Y": "concert"}
    rows = [
        {"owner_id": a, "owned_id": b, "holding_id": str(i), "share": s} for i, (a, b, s) in enumerate(stakes)
    ]
    return Snapshot.of(
        book(parties=[party(n, kinds.get(n[0], "company")) for n in names], ownership=rows, **more)
    )


def behind(of: Snapshot, min_share: int = 50_000_000) -> Beneficial:
    """The beneficial owners of a snapshot."""
    return beneficial(control(of), ownership(of, min_share=min_share))


def owners(of: Snapshot) -> dict[tuple[str, str], str]:
    """Basis by person and company."""
    return {(r["person_id"], r["company_id"]): r["basis"] for r in behind(of).table().to_pylist()}


def links(of: Snapshot) -> dict[str, list[str]]:
    """Through whom each pair is linked."""
    held = close_links(ownership(of)).findings()
    return {"-".join(f.subjects): list(f.figures["through"]) for f in held}  # type: ignore[call-overload]


# --- beneficial owners --------------------------------------------------------------------------------------------


def test_a_quarter_itself_makes_a_beneficial_owner() -> None:
    assert owners(snapshot(("P", "A", "0.25"), ("Q", "A", "0.249999999"))) == {("P", "A"): "ownership"}


def test_shares_multiply_along_chains_and_add_over_them() -> None:
    found = owners(snapshot(("P", "A", "0.4"), ("A", "T", "0.4"), ("P", "T", "0.09"), ("Q", "T", "0.16")))
    assert found == {("P", "A"): "ownership", ("P", "T"): "ownership"}


def test_control_all_the_way_down_needs_no_quarter() -> None:
    found = owners(snapshot(("P", "A", "0.51"), ("A", "B", "0.51"), ("B", "T", "0.51")))
    assert found[("P", "T")] == "control+controls_owner+owns_controller"


def test_whoever_controls_an_owner_stands_behind_it() -> None:
    assert owners(snapshot(("P", "A", "0.6"), ("A", "T", "0.3")))[("P", "T")] == "controls_owner"
    assert ("P", "T") not in owners(snapshot(("P", "A", "0.6"), ("A", "T", "0.24")))


def test_whoever_owns_a_controller_stands_behind_it() -> None:
    found = owners(snapshot(("P", "A", "0.3"), ("A", "T", "0.6")))
    assert found[("P", "T")] == "owns_controller"
    assert ("P", "T") not in owners(snapshot(("P", "A", "0.24"), ("A", "T", "0.6")))


def test_members_of_a_pact_control_together() -> None:
    pact = [{"body_id": "X", "party_id": p} for p in "PQ"]
    found = owners(
        snapshot(("P", "A", "0.2"), ("Q", "A", "0.2"), ("R", "A", "0.1"), ("X", "A", "0.11"), members=pact)
    )
    assert found == {("P", "A"): "control", ("Q", "A"): "control"}


def test_a_control_fact_suffices() -> None:
    of = snapshot(
        ("P", "A", "0.01"), control=[{"controller_id": "P", "controlled_id": "A", "basis": "contract"}]
    )
    assert owners(of) == {("P", "A"): "control"}


def test_nobody_is_found_where_holders_are_known_but_none_qualifies() -> None:
    of = snapshot(*((f"P{i}", "T", "0.2") for i in range(5)), ("P0", "A", "1"), ("A", "B", "1"))
    found = {f.code: f.subjects for f in behind(of).findings()}
    assert found == {"beneficial_owner": ("P0",), "no_beneficial_owner_by_ownership": ("T",)}


def test_a_book_without_persons_tells_only_who_has_no_owner() -> None:
    found = behind(snapshot(("A", "B", "0.6"))).findings()
    assert [(f.code, f.subjects) for f in found] == [("no_beneficial_owner_by_ownership", ("B",))]


def test_one_finding_a_person_tells_its_companies_and_stakes() -> None:
    (found,) = behind(snapshot(("P", "A", "0.3"), ("P", "B", "0.5"))).findings()
    assert found.subjects == ("P",)
    assert (found.figures["companies"], found.figures["count"]) == (["A", "B"], 2)
    assert found.rows == (("ownership", 0), ("ownership", 1))


def test_shares_below_what_is_listed_are_left_open_and_high_lists_computed_again() -> None:
    of = snapshot(("P", "A", "0.6"), ("A", "B", "0.6"), ("B", "C", "0.6"), ("C", "T", "0.3"))
    rows = {r["company_id"]: r["share"] for r in behind(of, min_share=10**8).table().to_pylist()}
    assert rows["T"] is None
    assert rows["B"] == pytest.approx(0.36)
    assert owners(of).keys() == {
        (r["person_id"], r["company_id"]) for r in behind(of, 10**9).table().to_pylist()
    }


# --- close links --------------------------------------------------------------------------------------------------


def test_a_fifth_itself_links_either_way_and_through_a_third_party() -> None:
    assert links(snapshot(("P", "A", "0.25"), ("P", "B", "0.2"), ("P", "C", "0.199999999"))) == {
        "A-P": ["P"],
        "B-P": ["P"],
        "A-B": ["P"],
    }


def test_in_a_closed_set_the_stake_itself_links() -> None:
    of = snapshot(("A", "B", "1"), ("B", "A", "1"), ("A", "C", "0.19"), ("Q", "C", "0.81"))
    assert set(links(of)) == {"A-B", "C-Q"}


def test_a_pair_has_one_finding_whoever_ties_it() -> None:
    found = links(
        snapshot(
            ("P", "A", "0.5"), ("P", "B", "0.5"), ("Q", "A", "0.3"), ("Q", "B", "0.3"), ("A", "B", "0.2")
        )
    )
    assert found["A-B"] == ["A", "P", "Q"]


def test_the_table_has_a_row_a_holder_and_company_and_one_for_all_of_them() -> None:
    rows = close_links(ownership(snapshot(("P", "A", "0.25"), ("P", "B", "0.2"), ("Q", "A", "0.2")))).table()
    assert [(r["holder_id"], r["members"], r["kind"]) for r in rows.to_pylist()] == [
        ("P", ["A"], "direct"),
        ("P", ["B"], "direct"),
        ("P", ["A", "B"], "common"),
        ("Q", ["A"], "direct"),
    ]


@pytest.mark.parametrize(("companies", "findings"), [(MOST, MOST * (MOST + 1) // 2), (MOST + 1, 1)])
def test_a_holder_of_many_companies_has_one_finding_with_the_set(companies: int, findings: int) -> None:
    found = close_links(
        ownership(snapshot(*(("P", f"C{i:03d}", "0.5") for i in range(companies))))
    ).findings()
    assert len(found) == findings
    if findings == 1:
        assert (found[0].subjects, found[0].about) == (("P",), "party")
        assert len(found[0].figures["companies"]) == companies  # type: ignore[arg-type]


def test_a_book_of_too_many_pairs_has_one_finding_a_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exposure.ownership.closelinks.PAIRS", 2)
    assert set(links(snapshot(("P", "A", "0.5"), ("P", "B", "0.5"), ("Q", "C", "0.5")))) == {"P", "Q"}


# --- against the oracle -------------------------------------------------------------------------------------------


@dataclass
class Net:
    """Holdings, facts and members of a pact as the oracles read them."""

    holdings: list[Holding]
    facts: set[tuple[str, str]]
    members: set[tuple[str, str]]

    def snapshot(self) -> Snapshot:
        """The same compiled."""
        return Snapshot.of(
            book(
                parties=[party(n, kind) for n, kind in KINDS.items()],
                ownership=[
                    {"owner_id": a, "owned_id": b, "holding_id": str(i), "share": s}
                    for i, (a, b, s) in enumerate(self.holdings)
                ],
                control=[
                    {"controller_id": a, "controlled_id": b, "basis": "contract"}
                    for a, b in sorted(self.facts)
                ],
                members=[{"body_id": a, "party_id": b} for a, b in sorted(self.members)],
            )
        )

    def owns(self, line: Fraction) -> set[tuple[str, str]]:
        """Pairs at the line, exactly."""
        return oracle.at_the_line(Exact(list(KINDS), self.holdings), line)

    def controls(self) -> set[tuple[str, str]]:
        """Pairs of control by brute force."""
        return {
            (x, y)
            for x in KINDS
            for y in control_oracle.controlled(x, list(KINDS), self.holdings, self.facts, self.members)
        }


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Registers of up to 100 % with loops and own shares, a fact, and a pact of up to two members."""
    holdings: list[Holding] = []
    for owned in "ABCD":
        left = 100
        for owner in draw(st.lists(st.sampled_from(list(KINDS)), max_size=3)):
            share = min(left, draw(st.sampled_from([5, 10, 19, 20, 25, 30, 50, 51, 60, 100])))
            left -= share
            holdings.append((owner, owned, Fraction(share, 100)))
    pairs = st.tuples(st.sampled_from(list(KINDS)), st.sampled_from("ABCD"))
    facts = {(a, b) for a, b in draw(st.sets(pairs, max_size=1)) if a != b}
    members = draw(st.sets(st.tuples(st.just("X"), st.sampled_from("APQ")), max_size=2))
    return Net(holdings, facts, members)


@given(net=nets())
def test_beneficial_owners_are_those_of_the_oracle(net: Net) -> None:
    of = net.snapshot()
    found = behind(of)
    told = {k: set(basis.split("+")) for k, basis in owners(of).items()}
    expected = oracle.beneficial(KINDS, net.owns(QUARTER), net.controls(), net.members)
    assert told == {k: v for k, v in expected.items() if k[0] != k[1]}
    recorded = {b for a, b, _ in net.holdings if a != b}
    nobody = {of.party_ids[i].as_py() for i in found.nobody.tolist()}
    assert nobody == recorded - {company for _, company in told}


@given(net=nets())
def test_close_links_are_those_of_the_oracle(net: Net) -> None:
    told = {frozenset(f.subjects): set(f.figures["through"]) for f in close_links_of(net).findings()}  # type: ignore[call-overload]
    assert told == oracle.close_links(net.owns(FIFTH))


def close_links_of(net: Net) -> CloseLinks:
    """The close links of a drawn net."""
    return close_links(ownership(net.snapshot()))


@settings(max_examples=40)
@given(net=nets())
def test_one_more_stake_adds_owners_only(net: Net) -> None:
    """A stake bought from the free float takes nothing from anybody, so nobody ceases to qualify by shares."""
    taken = sum((s or Fraction(0) for _, b, s in net.holdings if b == "A"), Fraction(0))
    more = Net([*net.holdings, ("P", "A", 1 - taken)], net.facts, net.members)
    before = {k for k, basis in owners(net.snapshot()).items() if "ownership" in basis.split("+")}
    after = Exact(list(KINDS), more.holdings)
    assert {k for k in before if after.integrated(*k) is not None} <= owners(more.snapshot()).keys()
