"""Capital (资本): what limits are shares of, for each lender alone and for a lender with all below it.

A lender with capital is tested solo. One with children is tested consolidated as well: the claims of all its
descendants, without those on parties that are these lenders themselves, on its consolidated capital or, where
that is not given, its own. (CRR Art. 6 and 11, LEX10, 2018 No. 1; rulebook 20-23, 41-43, 93.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]

SOLO: Final = "solo"
CONSOLIDATED: Final = "consolidated"
BASES: Final = ("tier1", "net_capital")
"""Capital figures that a rule may be a share of: the columns of ``lenders``."""


@dataclass(frozen=True)
class Scope:
    """One level at which a lender is tested.

    ``lenders`` bool (lenders,): whose claims are added up. ``inside`` int32: the parties that these lenders
    are; claims on them are left out. ``capital`` holds base minor units by name, None where not known.
    """

    lender: int
    level: str
    lenders: Bool
    inside: Int32
    capital: dict[str, int | None]
    gsib: bool


def scopes(snapshot: Snapshot, only: int | None = None) -> list[Scope]:
    """All lenders solo, in the order of the table, then those with children consolidated.

    With ``only`` that lender solo and nothing else, since the claims of the others are not at hand.
    """
    rows = snapshot.tables["lenders"]
    figures = {name: _figures(snapshot, name) for name in (*BASES, *(f"{b}_consolidated" for b in BASES))}
    found = []
    for lender in range(len(rows)) if only is None else (only,):
        alone = np.zeros(len(rows), bool)
        alone[lender] = True
        capital = {base: figures[base][lender] for base in BASES}
        found.append(Scope(lender, SOLO, alone, np.zeros(0, np.int32), capital, _gsib(snapshot, lender)))
    for lender, below in ({} if only is not None else _below(snapshot)).items():
        together = np.zeros(len(rows), bool)
        together[list(below)] = True
        parties = rows["party_id"][together]
        capital = {base: figures[f"{base}_consolidated"][lender] for base in BASES}
        capital = {base: figures[base][lender] if c is None else c for base, c in capital.items()}
        inside = np.unique(parties[parties >= 0]).astype(np.int32)
        found.append(Scope(lender, CONSOLIDATED, together, inside, capital, _gsib(snapshot, lender)))
    return found


def _figures(snapshot: Snapshot, column: str) -> list[int | None]:
    """A capital figure of each lender in base minor units."""
    return [None if v == NULL else v for v in snapshot.in_base("lenders", column).tolist()]


def _gsib(snapshot: Snapshot, lender: int) -> bool:
    """Whether a lender is marked as a global systemically important bank."""
    return bool(snapshot.tables["lenders"]["gsib"][lender] == 1)


def _below(snapshot: Snapshot) -> dict[int, set[int]]:
    """Each lender that has children, with itself and all its descendants; a circle of parents ends."""
    children: dict[int, list[int]] = {}
    for child, parent in enumerate(snapshot.tables["lenders"]["parent_id"].tolist()):
        if parent >= 0 and parent != child:
            children.setdefault(parent, []).append(child)
    found = {}
    for lender in sorted(children):
        below, stack = {lender}, [lender]
        while stack:
            new = [c for c in children.get(stack.pop(), ()) if c not in below]
            below.update(new)
            stack += new
        found[lender] = below
    return found
