"""Beneficial owners and close links by sets of pairs over exact integrated shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import combinations

from tests.oracle.ownership import Exact

Pair = tuple[str, str]


def at_the_line(exact: Exact, line: Fraction) -> set[Pair]:
    """Pairs of owner and company with an integrated share from the line on, or a stake of that size."""
    return {
        (x, y)
        for x in exact.names
        for y in exact.names
        if x != y and max(exact.integrated(x, y) or Fraction(0), exact.w(x, y)) >= line
    }


def beneficial(
    kinds: Mapping[str, str], owns: set[Pair], controls: set[Pair], members: Iterable[Pair]
) -> dict[Pair, set[str]]:
    """Why each person stands behind each company; ``owns`` are pairs at the line, ``members`` (body, member)."""
    persons = {p for p, kind in kinds.items() if kind == "person"}
    acting = controls | {(m, y) for b, m in members for x, y in controls if x == b}
    found: dict[Pair, set[str]] = {}

    def add(person: str, company: str, basis: str) -> None:
        if person in persons and kinds[company] in ("company", "bank", "fund", "other"):
            found.setdefault((person, company), set()).add(basis)

    for person, company in owns:
        add(person, company, "ownership")
        for x, y in controls:
            if x == company:
                add(person, y, "owns_controller")
    for person, company in acting:
        add(person, company, "control")
        for x, y in owns:
            if x == company:
                add(person, y, "controls_owner")
    return found


def close_links(owns: set[Pair]) -> dict[frozenset[str], set[str]]:
    """Pairs tied by 20 % and the holders that tie them."""
    found: dict[frozenset[str], set[str]] = {}
    for x in {a for a, _ in owns}:
        mine = sorted(b for a, b in owns if a == x)
        for pair in [*((x, y) for y in mine), *combinations(mine, 2)]:
            found.setdefault(frozenset(pair), set()).add(x)
    return found
