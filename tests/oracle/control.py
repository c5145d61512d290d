"""Control by brute force: one least fixpoint per controller, in fractions, over the rows as written."""

from __future__ import annotations

from fractions import Fraction

Stake = tuple[str, str, Fraction | None]
HALF = Fraction(1, 2)


def companions(members: set[tuple[str, str]], kin: set[tuple[str, str]], party: str) -> set[str]:
    """Members of a body, through nested bodies; for a person, kin on request."""
    found: set[str] = set()
    grew = {party}
    while grew:
        grew = {m for body, m in members if body in grew} - found - {party}
        found |= grew
    return found | {b for a, b in kin if a == party}


def controlled(
    x: str,
    parties: list[str],
    votes: list[Stake],
    facts: set[tuple[str, str]],
    members: set[tuple[str, str]] = frozenset(),  # type: ignore[assignment]
    kin: set[tuple[str, str]] = frozenset(),  # type: ignore[assignment]
    barred: set[tuple[str, str]] = frozenset(),  # type: ignore[assignment]
) -> set[str]:
    """Everything that x controls: repeat the definition until nothing is added."""
    own: set[str] = set()
    while True:
        commanded = {x} | own
        for party in list(commanded):
            commanded |= companions(members, kin, party)
        grown = set()
        for y in parties:
            if y == x or (x, y) in barred:
                continue
            base = 1 - sum((v for a, b, v in votes if a == b == y and v is not None), Fraction(0))
            held = sum(
                (v for a, b, v in votes if b == y and a != y and a in commanded and v is not None),
                Fraction(0),
            )
            by_fact = any(b == y and a in commanded and a != b for a, b in facts)
            if by_fact or (base > 0 and held > base * HALF):
                grown.add(y)
        if grown == own:
            return own
        own = grown


def top(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs whose controller is controlled by nobody that it does not control itself."""
    return {(x, y) for x, y in pairs if all((x, z) in pairs for z, w in pairs if w == x)}
