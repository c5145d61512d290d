"""Region: the parties of whom a change can alter anything that is told, and those that this follows from.

A change of facilities or guarantees alters no group (unless the rules derive ties from them): the region are the
groups that it touches. A change of stakes alters control of the company, and then only of what is held by a
company whose controllers have changed; control of these is decided by all that stands above them. So the region
grows from company to company as long as controllers do change, and everybody's group is taken whole.

Above a party that nobody controls, and whose controllers the changes do not alter, nobody commands its votes: nothing
is looked for there. Control being the least fixpoint, an excerpt without those stakes gives nobody more control, and a
proof of control needs stakes in controlled parties alone, so that it gives nobody less. A merger turns too much over
for that, and is followed all the way up. (Loops of minority stakes join thousands of companies in a large book.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.control import Control
from exposure.parts import Parts
from exposure.whatif.ties import CONTROLLING, Ties, closure, distinct, gathered, joined
from graph.excerpt import excerpt, proposed
from graph.proposal import Proposal
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

_TRADE: Final = ("counterparties", "party_id", "counterparty_id")
_ABOVE: Final = (
    *CONTROLLING,
    ("dependence", "dependent_id", "on_id"),
    ("members", "party_id", "body_id"),
    ("members", "body_id", "party_id"),
)
"""Ties by which others may stand above a party; trade where the rules derive dependence from it."""
_BELOW: Final = (("ownership", "owner_id", "owned_id"), ("control", "controller_id", "controlled_id"))
"""Ties by which control of a party may decide control of others."""
_KIN: Final = (("kin", "person_id", "relative_id"), ("kin", "relative_id", "person_id"))
STRUCTURAL: Final = ("stake", "sale", "merge")


def named(ties: Ties, changes: Sequence[Proposal]) -> Int64:
    """Parties of the book that the changes name, and the obligors of facilities and guarantees that they name."""
    facilities = _numbers(
        ties, "facilities", [c.text("facility_id") for c in changes if c.kind == "facility"]
    )
    facilities = joined(facilities, _numbers(ties, "facilities", [f for c in changes for f in c.covers]))
    guarantees = _numbers(
        ties, "guarantees", [c.text("guarantee_id") for c in changes if c.kind == "guarantee"]
    )
    counters = [c.text("counter_of") for c in changes if c.kind == "guarantee"]
    guarantees = joined(guarantees, _numbers(ties, "guarantees", counters))
    covered = ties.others("guarantee_covers", "guarantee_id", guarantees, "facility_id")
    umbrellas = [c.text("umbrella_id") for c in changes if c.kind == "facility"]
    beside = ties.rows("facilities", "umbrella_id", _numbers(ties, "umbrellas", umbrellas))
    facilities = joined(facilities, covered, beside)
    columns = ("party_id", "into_id", "owner_id", "owned_id", "buyer_id", "obligor_id", "guarantor_id")
    said = {c.text(name) for c in changes for name in columns}
    return joined(
        _numbers(ties, "parties", sorted(said)),
        ties.others_of("facilities", "obligor_id", facilities),
        ties.others("co_obligors", "facility_id", facilities, "party_id"),
        ties.others_of("guarantees", "guarantor_id", guarantees),
        ties.others_of("guarantees", "obligor_id", guarantees),
    )


def _numbers(ties: Ties, table: str, names: Sequence[str]) -> Int64:
    """Rows of these ids, those that are there."""
    found = {ties.number(table, name) for name in names if name}
    return np.array(sorted(found - {-1}), np.int64)


@dataclass(frozen=True)
class Region:
    """Parties by number, int64.

    ``touched`` are those whose figures may change, ``members`` they and all their groups, ``above`` those above
    them, of whom only the ties are needed.
    """

    touched: Int64
    members: Int64
    above: Int64


def region(analysis: Parts, ties: Ties, changes: Sequence[Proposal]) -> Region:
    """What a change can alter, and what that follows from."""
    about, none = named(ties, changes), np.zeros(0, np.int64)
    settings = [held.settings for held in analysis.groups]
    derived = any(s.derive_guarantees for s in settings) and any(
        c.kind in ("facility", "guarantee") for c in changes
    )
    if not derived and not any(c.kind in STRUCTURAL for c in changes):
        members = _grouped(analysis, about)
        beside = any(s.kin_votes == "together" for s in settings)  # relatives vote with members of groups
        return Region(about, members, closure(members, _KIN, ties) if beside else none)
    moved, above, full, after = _moved(analysis, ties, changes, about, derived=derived)
    touched = joined(about, moved)
    inside = np.flatnonzero(np.isin(full, touched))
    together = full[_grouped(after, inside)]
    reached = joined(touched, together[together >= 0])
    return Region(touched, _grouped(analysis, reached), above)


def _full(chosen: Mapping[str, Int64], small: Snapshot) -> Int64:
    """Number in the whole snapshot of each party of an excerpt with changes, -1 for new ones: int64."""
    full = np.full(small.n, -1, np.int64)
    full[: len(chosen["parties"])] = chosen["parties"]
    return full


def _grouped(analysis: Parts, parties: Int64) -> Int64:
    """The parties and everybody in a group with one of them, under any pack."""
    found = [parties]
    for held in analysis.groups:
        touched = distinct(held.group_of_place[gathered(held.of_party, parties)]).tolist()
        found += [held.members[held.ptr[g] : held.ptr[g + 1]].astype(np.int64) for g in touched]
    return joined(*found)


def _moved(
    analysis: Parts, ties: Ties, changes: Sequence[Proposal], about: Int64, *, derived: bool
) -> tuple[Int64, Int64, Int64, Parts]:
    """Companies whose controllers the changes alter, or may, and everybody above them; these after the changes.

    The last two are the numbers in the whole snapshot of the parties of an excerpt, -1 for new ones, and its analysis.
    ``derived`` says that ties follow from facilities and guarantees that are changed.
    """
    found = _numbers(ties, "parties", [c.text("owned_id") for c in changes])
    merges = [c for c in changes if c.kind == "merge"]
    merged = _numbers(ties, "parties", [c.text("party_id") for c in merges])
    found = joined(found, merged, *_held(ties, merged))
    found = joined(found, _numbers(ties, "parties", [c.text("into_id") for c in merges]))
    before, made = _controls(analysis), changes if derived else _tied(changes)
    none = seen = np.zeros(0, np.int64)
    while True:
        above = _above(analysis, ties, joined(found, about), None if merges else found)
        chosen = ties.about(above if derived else none, above)
        small = proposed(excerpt(ties.snapshot, chosen), made)
        full, after = _full(chosen, small), type(analysis)(small, analysis.request)
        fresh = np.setdiff1d(found, seen)
        places = np.searchsorted(chosen["parties"], fresh).tolist()
        changed = [
            d
            for d, place in zip(fresh.tolist(), places, strict=True)
            if any(
                set(b.controllers(d).tolist()) != set(full[a.controllers(place)].tolist())
                for b, a in zip(before, _controls(after), strict=True)
            )
        ]
        seen = found
        found = joined(found, *_held(ties, np.array(changed, np.int64)))
        if len(found) == len(seen):
            return found, above, full, after


def _held(ties: Ties, parties: Int64) -> list[Int64]:
    """Companies over which control of these parties may decide."""
    return [ties.others(table, column, parties, other) for table, column, other in _BELOW]


def _above(analysis: Parts, ties: Ties, parties: Int64, moved: Int64 | None) -> Int64:
    """The parties and all that stand above them by any tie that control or groups could follow, with their kin.

    ``moved`` are those whose controllers may change; above others that nobody controls nothing is looked for. With
    None everything is.
    """
    settings = [held.settings for held in analysis.groups]
    steps: tuple[tuple[str, str, str], ...]
    steps = (*_ABOVE, _TRADE) if any(s.derive_counterparties for s in settings) else _ABOVE
    steps = (*steps, *_KIN) if any(s.kin_votes == "together" for s in settings) else steps
    led = None if moved is None else partial(_led, analysis)
    if moved is not None:
        parties = joined(parties, *(ties.others(table, on, moved, by) for table, on, by in CONTROLLING))
    found = closure(parties, steps, ties, led)
    while any(s.derive_guarantees for s in settings):
        given = ties.rows("guarantees", "guarantor_id", found)
        debtors = ties.others_of("facilities", "obligor_id", ties.under(given))
        more = joined(found, debtors, ties.others_of("guarantees", "obligor_id", given))
        more = closure(more, steps, ties, led)
        if len(more) == len(found):
            break
        found = more
    return closure(found, _KIN, ties) if any(s.kin for s in settings) else found


def _led(analysis: Parts) -> Bool:
    """Parties that somebody controls, as it is or as a pack groups by it: bool (n,)."""
    found = np.zeros(analysis.snapshot.n, bool)
    for control in _controls(analysis):
        found[control.controlled] = True
    return found


def _controls(analysis: Parts) -> list[Control]:
    """Control as it is, and as each pack groups by it."""
    return [analysis.control, *(held.graph.control for held in analysis.groups)]


def _tied(changes: Sequence[Proposal]) -> list[Proposal]:
    """The changes that ties between parties follow from."""
    return [c for c in changes if c.kind in (*STRUCTURAL, "party")]
