"""Clients (客户): who is a bank, who a global systemically important one, whose exposures are exempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.groups import Groups
from exposure.rulepack import RulePack
from graph.model import PARTY_KINDS
from graph.money import NULL
from graph.snapshot import Rows, Snapshot

Bool = npt.NDArray[np.bool_]

_SCALES: Final = (
    ("AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-"),
    ("Aaa", "Aa1", "Aa2", "Aa3", "A1", "A2", "A3", "Baa1", "Baa2", "Baa3"),
)
"""Investment grades from the best on, in the two usual spellings."""


@dataclass(frozen=True)
class Clients:
    """By party number, bool (n + 1,): the last entry, which -1 finds, is ``(unknown)``, none of these."""

    bank: Bool
    gsib: Bool
    exempt: Bool

    @classmethod
    def of(cls, snapshot: Snapshot, pack: RulePack) -> Clients:
        """The clients of a snapshot as a pack sees them."""
        kind, gsib = snapshot.parties["kind"], snapshot.parties["gsib"]
        marks = kind == PARTY_KINDS.index("bank"), gsib == 1, exempt(snapshot.parties, pack)
        return cls(*(np.append(mark, np.False_) for mark in marks))


def exempt(rows: Rows, pack: RulePack) -> Bool:
    """Whose exposures are outside the limits though reported: bool by party (rulebook 26, 38, 44).

    Of the pack's kinds, those at its risk weight or without one; where the pack names a home country and a
    rating, those of another country need that rating.
    """
    kinds = [PARTY_KINDS.index(kind) for kind in pack.setting("exempt", "kinds", ())]
    chosen = np.isin(rows["kind"], kinds)
    line = pack.threshold("exempt", "risk_weight")
    if line is not None:
        weight = rows["risk_weight"]
        chosen &= (weight == NULL) | (weight <= line.line)
    rating, home = pack.setting("exempt", "rating"), pack.setting("exempt", "home")
    if rating is not None:
        chosen &= _among(rows, "country", {home, None}) | _among(rows, "rating", _at_least(rating))
    return np.asarray(chosen)


def _among(rows: Rows, column: str, wanted: set[str | None]) -> Bool:
    """Which rows hold one of these words; None stands for an empty cell."""
    codes, words = rows.words(column)
    return np.array([(w.strip() or None) in wanted for w in words] + [None in wanted])[codes]


def _at_least(rating: str) -> set[str | None]:
    """The ratings from the best down to this one."""
    place = next((s.index(rating) for s in _SCALES if rating in s), -1)
    return {grade for scale in _SCALES for grade in scale[: place + 1]}


def groups_with(groups: Groups, marked: Bool) -> Bool:
    """Which groups have a marked member: bool (groups,); ``marked`` is by party."""
    places = np.flatnonzero(marked[groups.members])
    found = np.zeros(len(groups), bool)
    found[groups.group_of_place[places]] = True
    return found
