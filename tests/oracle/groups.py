"""Groups by set closure: no components, no kernels, no numbers."""

from __future__ import annotations


def reach(start: set[str], edges: set[tuple[str, str]]) -> frozenset[str]:
    """All that can be reached from a set of parties."""
    found = set(start)
    while True:
        grown = found | {b for a, b in edges if a in found}
        if grown == found:
            return frozenset(found)
        found = grown


def maximal(sets: set[frozenset[str]]) -> set[frozenset[str]]:
    """Sets of two or more that lie in no other."""
    return {s for s in sets if len(s) >= 2 and not any(s < other for other in sets)}


def groups(
    parties: list[str],
    edges: set[tuple[str, str]],
    kin: set[tuple[str, str]] = frozenset(),  # type: ignore[assignment]
    states: set[str] = frozenset(),  # type: ignore[assignment]
    state_edges: set[tuple[str, str]] = frozenset(),  # type: ignore[assignment]
) -> set[frozenset[str]]:
    """The maximal reachable sets.

    Every party's reach is a candidate: the maximal ones are those of the sources. ``edges`` leave out what the
    states in the alternative approach emit; ``state_edges`` are those, one candidate per branch.
    """
    sets = {reach({p}, edges) for p in parties}
    for person in parties:
        relatives = {b for a, b in kin if a == person}
        if relatives:
            sets.add(reach({person} | relatives, edges))
    branches: dict[frozenset[str], set[str]] = {}
    for state in states:
        tied = {b for a, b in state_edges if a == state}
        for head in tied:
            whole = reach({head}, edges)
            nested = any(head in reach({other}, edges) and other not in whole for other in tied)
            if not nested and state not in whole:
                branches.setdefault(whole, set()).add(state)
    sets |= {whole | frozenset(by) for whole, by in branches.items()}
    return maximal(sets)
