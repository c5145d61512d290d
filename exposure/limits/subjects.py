"""Who is tested: the parties and groups that owe a lender, solo and consolidated.

Small exposures are left out of large books, so that a million parties and forty lenders make no table of all
pairs: see ``CUT``. The largest ones of each lender are always there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.limits.capital import SOLO, Scope
from exposure.limits.ceilings import NEVER
from exposure.limits.clients import groups_with
from exposure.limits.parts import without
from exposure.limits.standing import Standing, Subjects
from exposure.mitigation.owed import Owed
from graph.csr import Csr

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SMALL: Final = 10_000
"""Books of fewer parties list every exposed subject."""
CUT: Final = Fraction(2, 100)
"""Share of the capital base below which larger books leave a subject out; no limit is nearly used up there."""


def cut(parties: int, scope: Scope, base: str) -> int:
    """Least amount that is listed in a scope of a book with so many parties; ``NEVER`` without capital."""
    capital = scope.capital[base]
    if capital is None:
        return NEVER
    return 1 if parties < SMALL else max(1, -(-capital * CUT.numerator // CUT.denominator))


def subjects(standing: Standing, scopes: Sequence[Scope], cuts: Int64, largest: int = 0) -> Subjects:
    """Everyone who owes a scope at least its cut (int64 by scope, before or after mitigation), or an unknown amount.

    Also the ``largest`` clients of each scope by gross: groups, and parties in no group.
    """
    owed = [_of_scope(standing, scope) for scope in scopes if scope.level != SOLO]
    lowest = np.minimum(cuts, _of_largest(standing, scopes, owed, largest)) if largest else cuts
    together = [place for place, scope in enumerate(scopes) if scope.level != SOLO]
    parts = [_solo(one, scopes, lowest, group=group) for group, one in enumerate(_both(standing))]
    parts += [
        _rows(one, place, int(lowest[place]), group=bool(group))
        for place, both in zip(together, owed, strict=True)
        for group, one in enumerate(both)
    ]
    found = _without_own(standing, scopes, Subjects.joined(parts))
    found = found.take(at_least(found, lowest))
    return _without_exempt(standing, scopes, found)


def at_least(rows: Subjects, amounts: Int64) -> Bool:
    """Which rows owe the amount of their scope (int64 by scope, ``NEVER`` = no test), or one that is not known."""
    least = amounts[rows.scope]
    return (np.maximum(rows.gross, rows.net) >= least) | (rows.unknown & (least < NEVER))


def _both(standing: Standing) -> tuple[Owed, Owed]:
    """What parties and what groups owe."""
    return standing.by_party, standing.by_group


def _of_scope(standing: Standing, scope: Scope) -> tuple[Owed, Owed]:
    """What parties and what groups owe all lenders of a scope."""
    parties, groups = (one.together(scope.lenders) for one in _both(standing.of_scope(scope)))
    return parties, groups


def _solo(owed: Owed, scopes: Sequence[Scope], cuts: Int64, *, group: int) -> Subjects:
    """What single lenders are owed, all lenders in one pass."""
    alone = {scope.lender: place for place, scope in enumerate(scopes) if scope.level == SOLO}
    lenders = max(alone, default=-1) + 1
    least, place = np.full(lenders + 1, NEVER, np.int64), np.full(lenders + 1, -1, np.int32)
    least[[*alone]], place[[*alone]] = cuts[[*alone.values()]], [*alone.values()]
    lender = np.where(owed.lender < lenders, owed.lender, -1)
    tested = owed.unknown & (least[lender] < NEVER)
    rows = np.flatnonzero((np.maximum(owed.gross, owed.net) >= least[lender]) | tested)
    return Subjects(
        np.full(len(rows), bool(group)), owed.subject[rows], place[lender[rows]], owed.gross[rows],
        owed.net[rows], owed.unknown[rows], owed.unknown[rows],
    )  # fmt: skip


def _rows(owed: Owed, scope: int, least: int, *, group: bool) -> Subjects:
    """What the lenders of one scope are owed together."""
    rows = np.flatnonzero((np.maximum(owed.gross, owed.net) >= least) | (owed.unknown & (least < NEVER)))
    marks = np.full(len(rows), group), owed.subject[rows], np.full(len(rows), scope, np.int32)
    return Subjects(*marks, owed.gross[rows], owed.net[rows], owed.unknown[rows], owed.unknown[rows])


def _of_largest(
    standing: Standing, scopes: Sequence[Scope], owed: list[tuple[Owed, Owed]], largest: int
) -> Int64:
    """Gross that the last of the largest clients of each scope has at least: int64 by scope.

    A sum over several lenders may be too high (see ``Owed.together``), so that those of a scope are summed
    anew: nobody with less than the least of the new sums can be among the largest.
    """
    free = np.append(np.diff(standing.groups.of_party.ptr) == 0, np.True_)
    least = np.full(len(scopes), NEVER, np.int64)
    units = [(one.subject, one.gross, one.lender) for one in _both(standing)]
    kept = free[units[0][0]]
    gross = np.concatenate([units[0][1][kept], units[1][1]])
    by_lender = Csr.of(
        np.concatenate([units[0][2][kept], units[1][2]]), len(standing.groups.snapshot.tables["lenders"])
    )
    together = iter(owed)
    for place, scope in enumerate(scopes):
        if scope.level == SOLO:
            least[place] = _last(gross[by_lender[scope.lender]], largest)
            continue
        parties, groups = next(together)
        alone = np.where(free[parties.subject], parties.gross, 0)
        bar = _last(np.concatenate([alone, groups.gross]), largest)
        both = (
            _rows(replace(parties, gross=alone, net=alone), place, bar, group=False),
            _rows(groups, place, bar, group=True),
        )
        least[place] = _last(_without_own(standing, scopes, Subjects.joined(list(both))).gross, largest)
    return least


def _last(amounts: Int64, largest: int) -> int:
    """The least of the so many largest amounts; at least 1."""
    if len(amounts) < largest:
        return 1
    return max(int(np.partition(amounts, len(amounts) - largest)[-largest]), 1)


def _without_own(standing: Standing, scopes: Sequence[Scope], rows: Subjects) -> Subjects:
    """Consolidated: claims on the scope's own lenders left out, each umbrella line once."""
    gross, net, unknown = rows.gross.copy(), rows.net.copy(), rows.unknown.copy()
    lines = len(standing.facilities.umbrellas) > 0
    for place, scope in enumerate(scopes):
        if scope.level == SOLO:
            continue
        own = np.zeros(len(standing.clients.bank), bool)
        own[scope.inside] = True
        touched = np.ones(len(standing.groups), bool) if lines else groups_with(standing.groups, own)
        at = np.flatnonzero((rows.scope == place) & rows.marked(own, touched))
        gross[at], net[at], unknown[at] = 0, 0, False
        again = at[rows.group[at]]
        if len(again):
            gross[again], net[again], unknown[again] = without(standing, scopes, rows.take(again), own)
    return replace(rows, gross=gross, net=net, unknown=unknown, unknown_net=unknown)


def _without_exempt(standing: Standing, scopes: Sequence[Scope], rows: Subjects) -> Subjects:
    """Net of exempt clients is zero; of groups, what remains without them."""
    exempt, net, unknown = standing.clients.exempt, rows.net.copy(), rows.unknown_net.copy()
    at = np.flatnonzero(rows.marked(exempt, groups_with(standing.groups, exempt)))
    again = at[rows.group[at]]
    net[at], unknown[at] = 0, False
    if len(again):
        _, left, unknown[again] = without(standing, scopes, rows.take(again), exempt)
        net[again] = np.minimum(left, rows.net[again])
    return replace(rows, net=net, unknown_net=unknown)
