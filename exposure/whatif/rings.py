"""Rings that a change would close: circles of guarantees that run through a proposed guarantee."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from exposure.guarantees.rings import LONGEST
from exposure.parts import Parts
from exposure.whatif.ties import Ties, joined
from graph.excerpt import excerpt, proposed
from graph.proposal import Proposal

Int64 = npt.NDArray[np.int64]


def closed(
    analysis: Parts, ties: Ties, changes: Sequence[Proposal], held: Sequence[Proposal]
) -> list[dict[str, Any]]:
    """Rows of the rings that are there after the changes and are not before: id, kind, members, length, amount.

    ``held`` are those of the changes that are there before. Looked for among the parties that lie on a way of
    guarantees short enough to close a ring through a proposed one.
    """
    given = [c for c in changes if c.kind in ("guarantee", "merge", "facility")]
    if not any(c.kind != "facility" or _covers(c, changes) for c in given):
        return []
    names = {c.text(n) for c in given for n in ("guarantor_id", "obligor_id", "party_id", "into_id")}
    start = np.array(sorted({ties.number("parties", n) for n in names if n} - {-1}), np.int64)
    covered = [ties.number("facilities", f) for c in given for f in c.covers]
    start = joined(
        start, ties.others_of("facilities", "obligor_id", np.array([f for f in covered if f >= 0], np.int64))
    )
    among = _near(ties, start)
    base = proposed(excerpt(ties.snapshot, ties.about(among, among)), held)
    states = [base, proposed(base, [c for c in changes if c not in held])]
    before, after = (type(analysis)(state, analysis.request).rings.table().to_pylist() for state in states)
    known = {row["ring_id"] for row in before}
    return [row for row in after if row["ring_id"] not in known]


def _covers(facility: Proposal, changes: Sequence[Proposal]) -> bool:
    """Whether a proposed guarantee covers the proposed facility."""
    return any(facility.text("facility_id") in c.covers for c in changes)


def _near(ties: Ties, start: Int64) -> Int64:
    """Parties that guarantees lead to from the start and back to it, each within the length of a ring."""
    ahead, behind = _within(ties, start, _obligors), _within(ties, start, _guarantors)
    return joined(start, np.intersect1d(ahead, behind, assume_unique=True))


def _within(ties: Ties, start: Int64, step: Callable[[Ties, Int64], Int64]) -> Int64:
    """Parties within as many steps as a ring is long."""
    found = fresh = start
    for _ in range(LONGEST - 1):
        fresh = np.setdiff1d(step(ties, fresh), found, assume_unique=True)
        found = joined(found, fresh)
    return found


def _obligors(ties: Ties, parties: Int64) -> Int64:
    """For whom the parties have given guarantees."""
    given = ties.rows("guarantees", "guarantor_id", parties)
    covered = ties.others("guarantee_covers", "guarantee_id", given, "facility_id")
    return joined(
        ties.others_of("guarantees", "obligor_id", given), ties.others_of("facilities", "obligor_id", covered)
    )


def _guarantors(ties: Ties, parties: Int64) -> Int64:
    """Who has given guarantees for the parties."""
    owed = ties.rows("facilities", "obligor_id", parties)
    named = ties.others("guarantee_covers", "facility_id", owed, "guarantee_id")
    given = joined(named, ties.rows("guarantees", "obligor_id", parties))
    return ties.others_of("guarantees", "guarantor_id", given)
