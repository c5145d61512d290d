"""Random small networks of parties for Hypothesis: loops, parallel holdings, halves, own shares, facts, kin."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import strategies as st

from graph.book import Book
from graph.snapshot import Snapshot
from tests.books import Row, book, party

NAMES = ("A", "B", "C", "D", "E", "F")
BODIES = ("X", "Y")
WHOLE = st.sampled_from([0, 1, 10, 20, 25, 30, 33, 40, 49, 50, 51, 60, 100])


@dataclass
class Network:
    """What was drawn, as the oracles read it; ``snapshot`` compiles it."""

    parties: list[Row]
    votes: list[tuple[str, str, Fraction | None]]
    facts: dict[tuple[str, str], tuple[str, bool]]
    members: set[tuple[str, str]]
    kin: set[tuple[str, str]]
    dependence: set[tuple[str, str]] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        """Ids of all parties."""
        return [str(p["party_id"]) for p in self.parties]

    def book(self) -> Book:
        """The network as a book."""
        return book(
            parties=self.parties,
            ownership=[
                {
                    "owner_id": a,
                    "owned_id": b,
                    "holding_id": str(i),
                    "share": None if v is None else v,
                    "voting": v,
                }
                for i, (a, b, v) in enumerate(self.votes)
            ],
            control=[
                {"controller_id": a, "controlled_id": b, "basis": basis, "rebutted": rebutted}
                for (a, b), (basis, rebutted) in self.facts.items()
            ],
            members=[{"body_id": a, "party_id": b} for a, b in sorted(self.members)],
            kin=[{"person_id": a, "relative_id": b, "relation": "brother"} for a, b in sorted(self.kin)],
            dependence=[
                {"dependent_id": a, "on_id": b, "basis": "distress_would_spread"}
                for a, b in sorted(self.dependence)
            ],
        )

    def snapshot(self) -> Snapshot:
        """The network compiled."""
        return Snapshot.of(self.book())

    def proofs(self) -> set[tuple[str, str]]:
        """Facts that prove control."""
        return {
            pair
            for pair, (basis, rebutted) in self.facts.items()
            if not rebutted and basis not in ("joint", "veto") and pair[0] != pair[1]
        }

    def barred(self) -> set[tuple[str, str]]:
        """Pairs documented as no single risk."""
        return {pair for pair, (_, rebutted) in self.facts.items() if rebutted}


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Networks of up to six parties and two bodies, with every kind of tie."""
    names = NAMES[: draw(st.integers(2, len(NAMES)))]
    bodies = BODIES[: draw(st.integers(0, 2))]
    states = draw(st.sets(st.sampled_from(names), max_size=1))
    parties = [party(n, "government" if n in states else "company") for n in names]
    parties += [party(b, "concert") for b in bodies]
    everyone = st.sampled_from(names + bodies)
    company = st.sampled_from(names)
    share = st.one_of(WHOLE, st.none())
    stakes = draw(st.lists(st.tuples(everyone, company, share), max_size=12))
    votes = [(a, b, None if v is None else Fraction(v, 100)) for a, b, v in stakes]
    basis = st.sampled_from(["contract", "board_majority", "golden_share", "joint", "veto"])
    pairs = st.tuples(everyone, company)
    facts = draw(st.dictionaries(pairs, st.tuples(basis, st.booleans()), max_size=3))
    member = st.sets(st.tuples(st.sampled_from(bodies), everyone), max_size=4) if bodies else st.just(set())
    members = {(a, b) for a, b in draw(member) if a != b}
    kin = {(a, b) for a, b in draw(st.sets(st.tuples(company, company), max_size=2)) if a != b}
    depends = {(a, b) for a, b in draw(st.sets(pairs, max_size=4)) if a != b}
    return Network(parties, votes, facts, members, kin, depends)
