"""Findings on limits: who is large, near or above a limit, exempt, to be looked into, or not tested at all.

A finding stands for one subject, one rule, one lender and one level; ``test`` in its figures and its rule name
them, so that a breach at a second lender is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.findings import Finding, finding
from exposure.limits.capital import CONSOLIDATED
from exposure.limits.ceilings import amount, least
from exposure.limits.large import line
from exposure.limits.limits import Limits
from exposure.limits.standing import Subjects
from exposure.limits.tested import BREACH, FINE, LEVELS, SCOPES, UNTESTED, Tested, names_of
from exposure.results import ids
from graph.money import NULL, grouped

Bool = npt.NDArray[np.bool_]

KINDS: Final = ("party", "group")


def findings(held: Limits) -> list[Finding]:
    """Every finding of one pack's limits, in no order."""
    return [*_large(held), *_to_assess(held), *_exempt(held), *_of_tests(held), *_untested(held)]


def shown(units: int, currency: str) -> str:
    """An amount of minor units as a sentence shows it.

    >>> shown(123456789, "EUR")
    '1,234,567.89 EUR'
    """
    return f"{grouped(units)} {currency}"


def lender_name(held: Limits, lender: int) -> str:
    """Id of a lender; a star for all of them."""
    names = held.groups.snapshot.tables["lenders"].text("lender_id")
    return "*" if lender < 0 else str(names[lender])


def _test(held: Limits, rule: str, place: int) -> str:
    """Pack, rule, lender and level in one line."""
    scope = held.scopes[place]
    return f"{held.groups.pack.name} {rule}, {lender_name(held, scope.lender)}, {scope.level}"


def _capital(held: Limits, lender: int) -> list[tuple[str, int]]:
    """The row of the book that a lender's capital stands in."""
    return [("lenders", int(held.groups.snapshot.tables["lenders"].row[lender]))]


def _each(held: Limits, rows: Subjects) -> Iterator[tuple[str, str, int, int, int]]:
    """Id, kind, place of the scope, gross and net of each row."""
    names = names_of(held.groups, rows.group, rows.subject).to_pylist()
    kinds = [KINDS[g] for g in rows.group.tolist()]
    yield from zip(names, kinds, rows.scope.tolist(), rows.gross.tolist(), rows.net.tolist(), strict=True)


def _line(held: Limits, section: str, place: int) -> str:
    """The line of a section as a sentence shows it."""
    exact = amount(held.groups.pack, section, "line", held.scopes[place], held.groups.snapshot.fx)
    return shown(floor(exact or 0), held.groups.snapshot.base)


def _large(held: Limits) -> Iterator[Finding]:
    """``large``: gross at or above the pack's line; the amount is gross."""
    at, rows, pack = line(held), held.subjects, held.groups.pack
    sure = pack.confidence("large", "line")
    for name, kind, place, gross, _ in _each(held, rows.take(rows.gross >= at[rows.scope])):
        scope, test = held.scopes[place], _test(held, "large", place)
        capital = scope.capital[(pack.rule("large", "line") or {})["of"]] or 0
        figures = {
            "test": test,
            "share": f"{100 * gross / capital:.2f} %" if capital else "*",
            "line": _line(held, "large", place),
            "confidence": sure,
        }
        yield finding("large", [name], gross, test, _capital(held, scope.lender), figures, kind)


def _to_assess(held: Limits) -> Iterator[Finding]:
    """``must_assess`` or ``must_investigate``: single clients above the pack's share of capital."""
    pack, snapshot = held.groups.pack, held.groups.snapshot
    code = pack.setting("assess", "finding")
    if code is None:
        return
    at = np.array([least(pack, "assess", "line", scope, snapshot.fx) for scope in held.scopes], np.int64)
    clients, rows, sure = held.standing.clients, held.subjects, pack.confidence("assess", "line")
    net = pack.setting("assess", "measure") == "net"
    left_out = (
        clients.exempt if pack.setting("assess", "banks", default=True) else clients.exempt | clients.bank
    )
    chosen = ~rows.group & (rows.subject >= 0) & ((rows.net if net else rows.gross) >= at[rows.scope])
    chosen &= ~left_out[np.where(rows.group, -1, rows.subject)]
    for name, _, place, gross, after in _each(held, rows.take(chosen)):
        value, test = after if net else gross, _test(held, "assess", place)
        figures = {
            "test": test,
            "value": shown(value, snapshot.base),
            "line": _line(held, "assess", place),
            "confidence": sure,
        }
        yield finding(code, [name], value, test, _capital(held, held.scopes[place].lender), figures)


def _exempt(held: Limits) -> Iterator[Finding]:
    """``exempt``: clients outside the limits that were tested; the amount is their gross at all lenders."""
    rows, owed, pack = held.subjects, held.standing.by_party, held.groups.pack
    if pack.rule("limits", "single") is None:
        return
    party = np.unique(rows.subject[~rows.group & (rows.subject >= 0)])
    party = party[held.standing.clients.exempt[party]]
    kept = np.flatnonzero(np.isin(owed.subject, party) & (owed.lender < 0) & (owed.gross > 0))
    names = ids(held.groups.snapshot.party_ids, owed.subject[kept]).to_pylist()
    test = f"{pack.name} exempt"
    for name, gross in zip(names, owed.gross[kept].tolist(), strict=True):
        yield finding("exempt", [name], gross, test, test=test, confidence=pack.confidence("exempt", "kinds"))


def _of_tests(held: Limits) -> Iterator[Finding]:
    """``limit_breach`` with the excess as its amount, ``limit_near``, and ``untested`` of internal limits."""
    tested, base = held.tested, held.groups.snapshot.base
    told = (tested.state != UNTESTED) | (tested.row >= 0)
    rows = tested.take((tested.state != FINE) & told)
    for i, name in enumerate(names_of(held.groups, rows.group, rows.subject).to_pylist()):
        rule, value, limit = held.rules[int(rows.rule[i])], int(rows.value[i]), int(rows.limit[i])
        test, where = _row(held, rows, i)
        about = KINDS[int(rows.group[i])]
        if rows.state[i] == UNTESTED:
            missing = "limits.amount" if limit == NULL else "group" if value == NULL else "amounts"
            yield finding("untested", [name], None, test, where, about=about, test=test, missing=missing)
            continue
        figures: dict[str, object] = {"test": test, "value": shown(value, base), "limit": shown(limit, base)}
        figures["measure"] = rule.measure
        if rule.confidence is not None:
            figures["confidence"] = rule.confidence
        code, over = ("limit_breach", value - limit) if rows.state[i] == BREACH else ("limit_near", None)
        yield finding(code, [name], over, test, where, figures, about)


def _row(held: Limits, rows: Tested, i: int) -> tuple[str, list[tuple[str, int]]]:
    """What a row tests in one line, and the row of the book that the limit rests on.

    A limit that names a group by another source than its id does is told apart by that source.
    """
    lender, own = int(rows.lender[i]), int(rows.row[i])
    level = SCOPES[int(rows.scope[i])] if own >= 0 else LEVELS[int(rows.level[i])]
    test = f"{held.rules[int(rows.rule[i])].name}, {lender_name(held, lender)}, {level}"
    if own < 0:
        return test, _capital(held, lender)
    limits, groups = held.groups.snapshot.tables["limits"], held.groups
    named = int(limits["subject_id"][own])
    if rows.group[i] and named != groups.heads[rows.subject[i]]:
        test += f" {groups.snapshot.party_ids[named].as_py()}"
    return test, [("limits", int(limits.row[own]))]


def _untested(held: Limits) -> Iterator[Finding]:
    """``untested``: lenders with exposure that lack the capital, a rate or amounts that the pack's rules need."""
    snapshot, pack, tested = held.groups.snapshot, held.groups.pack, held.tested
    owed = held.standing.by_party
    granted = np.zeros(len(snapshot.tables["lenders"]) + 1, bool)
    granted[owed.lender[(owed.gross > 0) | owed.unknown]] = True
    missing: dict[int, dict[str, set[str]]] = {}
    for scope in held.scopes:
        lacking = {base for base in _bases(held) if scope.capital[base] is None}
        if scope.level == CONSOLIDATED and _without_rate(held, "large", "amount"):
            lacking.add(f"fx {pack.data['large']['amount']['currency']}")
        if lacking and granted[:-1][scope.lenders].any():
            missing.setdefault(scope.lender, {}).setdefault(scope.level, set()).update(lacking)
    for i in np.flatnonzero((tested.state == UNTESTED) & (tested.row < 0)).tolist():
        lacking = (
            {"amounts"}
            if tested.limit[i] != NULL
            else {f"fx {pack.data['limits']['bank_amount']['currency']}"}
        )
        level = LEVELS[int(tested.level[i])]
        missing.setdefault(int(tested.lender[i]), {}).setdefault(level, set()).update(lacking)
    for lender, levels in missing.items():
        party = int(snapshot.tables["lenders"]["party_id"][lender])
        subject = lender_name(held, lender) if party < 0 else str(snapshot.party_ids[party])
        test = f"{pack.name}, {lender_name(held, lender)}, {', '.join(sorted(levels, reverse=True))}"
        what = sorted(set.union(*levels.values()))
        yield finding("untested", [subject], None, test, _capital(held, lender), test=test, missing=what)


def _bases(held: Limits) -> set[str]:
    """The capital figures that the pack's rules are shares of."""
    sections = (held.groups.pack.data.get(name, {}) for name in ("large", "limits", "assess"))
    return {rule["of"] for section in sections for rule in section.values() if "of" in rule}


def _without_rate(held: Limits, section: str, name: str) -> bool:
    """Whether the pack names an amount there whose currency has no rate."""
    found = held.groups.pack.amount(section, name)
    return found is not None and found.in_base(held.groups.snapshot.fx) is None
