"""Limited: why each limit is what it is, and what stands against it, facility by facility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from exposure.facilities import Facilities
from exposure.limits.capital import SOLO
from exposure.limits.limits import LOANS, OTHERS, Limits
from exposure.limits.loans import is_loan
from exposure.limits.tested import LEVELS, SCOPES
from exposure.lines import ALL, Lines, facilities_of
from exposure.parts import Parts
from exposure.reasons import number_of, places, summed
from exposure.rulepack import parts
from exposure.statement import Line
from graph.model import SHARE
from graph.money import NULL

Bool = npt.NDArray[np.bool_]


def of(analysis: Parts, subject: str) -> list[Line]:
    """The limits on a party or group under every pack."""
    return [line for pack in range(len(analysis.packs)) for line in limits(analysis, pack, subject)]


def limits(analysis: Parts, pack: int, subject: str) -> list[Line]:
    """Every limit on a party or group under a pack: the value over its facilities, the limit over its source."""
    held = analysis.limits[pack]
    tested, groups = held.tested, held.groups
    group = subject in groups.names
    number = groups.names.index(subject) if group else number_of(analysis, subject)
    rows = np.flatnonzero((tested.group == group) & (tested.subject == number)).tolist()
    return [_limit(analysis, pack, held, row, subject) for row in rows]


def _limit(analysis: Parts, pack: int, held: Limits, row: int, subject: str) -> Line:
    """One limit: what stands against it and what it is."""
    tested = held.tested
    rule, limit, value = held.rules[int(tested.rule[row])], int(tested.limit[row]), int(tested.value[row])
    lender, level = int(tested.lender[row]), int(tested.level[row])
    names = analysis.snapshot.tables["lenders"].text("lender_id")
    said = {
        "id": subject,
        "scope": SCOPES[int(tested.scope[row])],
        "limit_rule": rule.name,
        "lender": names[lender].as_py() if lender >= 0 else "",
        "level": "" if level < 0 else LEVELS[level],
    }
    own = int(tested.row[row])
    table, at = ("limits", own) if own >= 0 else ("lenders", lender)
    source = places(analysis, table, [analysis.snapshot.tables[table].row[at]]) if at >= 0 else ()
    ceiling = Line("limit_amount", {"limit_rule": rule.name}, None if limit == NULL else limit, source)
    ceiling = ceiling if own >= 0 else _of_capital(analysis, held, row, ceiling)
    if value == NULL:
        return Line("limit", said, below=(Line("value_unknown", {"id": subject}), ceiling))
    return Line("limit", said, below=(_value(analysis, pack, held, row, subject), ceiling))


def _of_capital(analysis: Parts, held: Limits, row: int, ceiling: Line) -> Line:
    """The limit of a rule over the capital that it is a share of, where it is just that."""
    tested, name = held.tested, held.rules[int(held.tested.rule[row])].name
    rule = held.groups.pack.rule("limits", name.split()[-1]) or {}
    level = LEVELS[int(tested.level[row])]
    (scope,) = [s for s in held.scopes if (s.lender, s.level) == (int(tested.lender[row]), level)]
    base = scope.capital.get(rule.get("of", ""))
    if base is None or ceiling.amount != parts(rule["value"]) * base // SHARE.scale:
        return ceiling
    lender = analysis.snapshot.tables["lenders"].text("lender_id")[scope.lender].as_py()
    said = {"of": rule["of"], "lender": lender, "share": parts(rule["value"]) / SHARE.scale}
    said["percent"] = f"{100 * said['share']:.9g} %"
    return replace(ceiling, below=(Line("of_capital", said, base, ceiling.rows),), rule="shares")


def _value(analysis: Parts, pack: int, held: Limits, row: int, subject: str) -> Line:
    """What stands against a limit, over the facilities of those that it counts, or over what all banks are owed."""
    if SCOPES[int(held.tested.scope[row])] == "joint":
        party = int(held.tested.subject[row])
        if analysis.snapshot.parties["external_debt"][party] != NULL:
            source = places(analysis, "parties", [analysis.snapshot.parties.row[party]])
            debt = int(analysis.snapshot.in_base("parties", "external_debt")[party])
            return Line(
                "value", {"id": subject}, debt, below=(Line("all_banks", {}, debt, source),), rule="sum"
            )
    tested, clients = held.tested, held.standing.clients
    rule, value = held.rules[int(tested.rule[row])], int(tested.value[row])
    number, lender, ours = int(tested.subject[row]), int(tested.lender[row]), int(tested.row[row]) >= 0
    group = bool(tested.group[row])
    out = np.zeros(analysis.snapshot.n, bool)
    measure, level = rule.measure, int(tested.level[row])
    if not ours and measure == "net":
        out |= clients.exempt[: len(out)]
    if not ours and int(tested.rule[row]) == OTHERS:
        out |= clients.bank[: len(out)] | clients.exempt[: len(out)]
    where = lender, LEVELS[level] if level >= 0 else SOLO
    loans = int(tested.rule[row]) == LOANS
    lines = owed(analysis, pack, (group, number), where, out, net=measure == "net", loans=loans)
    column = measure if measure in ("limit", "drawn") else "gross"
    made = summed(analysis, "value", subject, lines, column)
    return Line("value", {"id": subject}, value, below=made.below, rule="sum")


def owed(
    analysis: Parts,
    pack: int,
    who: tuple[bool, int],
    where: tuple[int, str],
    out: Bool,
    *,
    net: bool,
    loans: bool = False,
) -> Lines:
    """The facilities behind what a party or a group owes, by number, to a lender (-1 = all) at a level.

    Number -1 is ``(unknown)``. Parties marked in ``out`` (bool by party) are left out; ``net`` after mitigation,
    ``loans`` of loans alone.
    """
    held, base, mitigation = analysis.limits[pack], analysis.facilities[pack], analysis.mitigation[pack]
    (group, number), (lender, level), groups = who, where, held.groups
    own = groups.members[groups.ptr[number] : groups.ptr[number + 1]] if group else [number]
    members, gone = np.asarray(own, np.int32), np.append(out, np.False_)
    if level != SOLO:
        (scope,) = [s for s in held.scopes if s.lender == lender and s.level == level]
        gone[scope.inside] = True
        together = np.append(scope.lenders, np.False_)
        base = replace(base, counted=base.counted & together[base.lender])
        mitigation = held.standing.of_scope(scope).mitigation or mitigation
        lender = ALL
    if net:
        base = mitigation.net if base is analysis.facilities[pack] else mitigation.within(base).net
    if loans:
        base = _loans(base)
    return facilities_of(base, members[~gone[members]], lender, umbrellas=group)


def _loans(held: Facilities) -> Facilities:
    """The loans among the counted facilities."""
    codes, products = held.snapshot.tables["facilities"].words("product")
    loan = np.array([is_loan(product, held.pack) for product in products] + [False])[codes]
    return replace(held, counted=held.counted & loan)
