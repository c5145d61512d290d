"""Limits (限额): what regulation and the bank itself allow to owe, and who is large, near or above it.

Regulatory limits test what is left after mitigation (where the pack says so, before), large lines test gross.
The ceiling of a subject depends on what it is: a client, an institution, a global systemically important bank,
a group of either kind. (CRR Art. 392-395 and 400, LEX20, LEX40, 2018 No. 1, 12 CFR 252.72; rulebook 20-23, 26,
30, 41-46, 50, 59.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.aggregate import GroupTotals, PartyTotals
from exposure.groups import Groups
from exposure.limits.capital import BASES, SOLO, Scope, scopes
from exposure.limits.ceilings import ceiling, reporting
from exposure.limits.clients import groups_with
from exposure.limits.internal import RULES, internal
from exposure.limits.loans import loans
from exposure.limits.parts import without
from exposure.limits.standing import Standing, Subjects
from exposure.limits.subjects import at_least, cut, subjects
from exposure.limits.tested import GROUP, Rule, Tested, state, table
from exposure.mitigation.mitigation import Mitigation
from exposure.mitigation.owed import Owed
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]

CHAINS: Final = (
    ("single",),
    ("bank", "single"),
    ("gsib", "bank", "single"),
    ("unidentified", "single"),
    ("group",),
    ("bank", "group"),
    ("gsib", "bank", "group"),
    ("non_institution",),
    ("loans",),
)
"""Rules for each class of subjects: the first that a pack has binds, none of them means no limit."""
SINGLE, BANK, GSIB, UNIDENTIFIED, OF_GROUP, WITH_BANK, WITH_GSIB, OTHERS, LOANS = range(len(CHAINS))


@dataclass(frozen=True)
class Limits:
    """Every limit of one pack with what stands against it, and who owes how much at each level.

    ``subjects`` are the rows that were tested and the largest clients of each lender; ``scopes`` the levels;
    ``rules`` what ``tested.rule`` counts.
    """

    standing: Standing
    scopes: Sequence[Scope]
    subjects: Subjects
    rules: Sequence[Rule]
    tested: Tested

    @property
    def groups(self) -> Groups:
        """The groups that were tested."""
        return self.standing.groups

    def and_internal(self, only: int | None = None, booked: Owed | None = None) -> Limits:
        """These and the bank's own, those towards the lender ``only`` where it is named.

        ``booked`` is what parties owe without proposals.
        """
        own = internal(self.standing, only, len(self.rules), booked)
        return replace(self, rules=[*self.rules, *RULES], tested=Tested.joined([self.tested, own]))

    def table(self) -> pa.Table:
        """The ``limits`` result."""
        return table(self.tested, self.rules, self.groups)


def limits(
    groups: Groups,
    parties: PartyTotals,
    totals: GroupTotals,
    net: tuple[Int64, Int64] | None = None,
    *,
    mitigation: Mitigation | None = None,
    only: int | None = None,
) -> Limits:
    """Test every limit of the groups' pack; the bank's own come with ``and_internal``.

    ``parties`` and ``totals`` are gross amounts under the same pack; ``net`` holds what is left after
    mitigation by row of each, gross where it is not given; with ``mitigation`` itself, parts of groups are net
    exactly. ``only`` is the number of the lender whose claims alone are in the totals. Time: a few passes over
    the rows of the totals.
    """
    standing = Standing.of(groups, parties, totals, net, mitigation)
    levels = scopes(groups.snapshot, only)
    pack, n = groups.pack, groups.snapshot.n
    base = (pack.rule("large", "line") or pack.rule("limits", "group") or {}).get("of", BASES[0])
    cuts = np.array([cut(n, scope, base) for scope in levels], np.int64)
    reported = np.array([reporting(pack, scope, groups.snapshot.fx) for scope in levels], np.int64)
    rows = subjects(standing, levels, np.minimum(cuts, reported), int(pack.setting("large", "largest", 0)))
    listed = rows.take(at_least(rows, cuts))
    rules = _rules(standing)
    parts = [_main(standing, levels, listed), _others(standing, levels, listed)]
    if pack.rule("limits", "loans") is not None:
        lent, drawn = loans(standing, levels)
        parts.append(_tested(standing, levels, lent, drawn, lent.unknown, LOANS))
    return Limits(standing, levels, rows, rules, Tested.joined(parts))


def _name(standing: Standing, kind: int) -> str | None:
    """The rule of the pack that binds a class of subjects."""
    pack = standing.groups.pack
    return next((rule for rule in CHAINS[kind] if pack.rule("limits", rule) is not None), None)


def _measure(standing: Standing) -> str:
    """What the limits of the pack test: ``net`` or ``gross``."""
    return str(standing.groups.pack.setting("limits", "measure", "net"))


def _rules(standing: Standing) -> list[Rule]:
    """The rule of each class; the name is the pack's and the rule's."""
    pack = standing.groups.pack
    found = []
    for kind in range(len(CHAINS)):
        name = _name(standing, kind) or ""
        of = "drawn" if kind == LOANS else _measure(standing)
        found.append(Rule(f"{pack.name} {name}", of, pack.confidence("limits", name)))
    return found


def _main(standing: Standing, levels: Sequence[Scope], rows: Subjects) -> Tested:
    """Each subject against the limit of its class."""
    clients, groups = standing.clients, standing.groups
    bank = rows.marked(clients.bank, groups_with(groups, clients.bank))
    gsib = rows.marked(clients.gsib, groups_with(groups, clients.gsib))
    gsib &= np.array([scope.gsib for scope in levels], bool)[rows.scope]
    kind = np.where(gsib, GSIB, np.where(bank, BANK, SINGLE))
    kind = np.where(~rows.group & (rows.subject < 0), UNIDENTIFIED, kind)
    kind = np.where(rows.group, np.where(gsib, WITH_GSIB, np.where(bank, WITH_BANK, OF_GROUP)), kind)
    if _measure(standing) == "net":
        return _tested(standing, levels, rows, rows.net, rows.unknown_net, kind)
    return _tested(standing, levels, rows, rows.gross, rows.unknown, kind)


def _others(standing: Standing, levels: Sequence[Scope], rows: Subjects) -> Tested:
    """Members that are no institutions, of groups with institutions, taken together (rulebook 22, 42)."""
    clients, groups = standing.clients, standing.groups
    mixed = rows.take(rows.group & rows.marked(clients.bank, groups_with(groups, clients.bank)))
    if _name(standing, OTHERS) is None or not len(mixed):
        return Tested.joined([])
    gross, net, unknown = without(standing, levels, mixed, clients.bank | clients.exempt)
    value, there = net if _measure(standing) == "net" else gross, (gross > 0) | unknown
    return _tested(standing, levels, mixed.take(there), value[there], unknown[there], OTHERS)


def _tested(
    standing: Standing,
    levels: Sequence[Scope],
    rows: Subjects,
    value: Int64,
    unknown: Bool,
    kind: Int8 | int,
) -> Tested:
    """Values of one class (or a class by row) against its ceiling at their level, exactly."""
    fx, pack = standing.groups.snapshot.fx, standing.groups.pack
    of = np.broadcast_to(np.asarray(kind, np.int16), len(rows))
    allowed, shown, near = (np.full((len(levels), len(CHAINS)), NULL, np.int64) for _ in range(3))
    for k in np.unique(of).tolist():
        name = _name(standing, k)
        for place in np.unique(rows.scope).tolist():
            found = None if name is None else ceiling(pack, name, levels[place], fx)
            if found is not None:
                allowed[place, k], shown[place, k], near[place, k] = found.allowed, found.shown, found.near
    at = rows.scope, of
    tested = Tested(
        np.where(rows.group, GROUP, 0).astype(np.int8),
        rows.group,
        rows.subject,
        np.array([scope.lender for scope in levels], np.int32)[rows.scope],
        np.array([scope.level != SOLO for scope in levels], np.int8)[rows.scope],
        of,
        shown[at],
        value,
        state(value, allowed[at], near[at], unknown),
        np.full(len(rows), -1, np.int32),
    )
    bound = np.array([_name(standing, k) is not None for k in range(len(CHAINS))])
    return tested.take(bound[of])
