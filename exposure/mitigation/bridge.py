"""The bridge of a group (桥接): from its members' nominal limits to gross and to net, step by step, to the cent.

Nominal limits + drawn above limit - duplicate records - umbrella overlap - undrawn not converted + look-through
in / out = gross; - cash + / - substitution across the group's edge - exempt = net. Memo lines tell what members
guarantee and what else is counted twice; they are part of no sum. (Rulebook 24-29 and 89; LEX30.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.facilities import Facilities
from exposure.guarantees.cover import allocate
from exposure.mitigation.memo import counted_twice
from exposure.mitigation.mitigation import Mitigation
from exposure.mitigation.steps import Entries, added, among, expanded, owing
from exposure.results import MONEY, constant, decimals, ids, result
from graph.csr import Csr
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

STEPS: Final = (
    "nominal_limit", "drawn_above_limit", "duplicate_records", "umbrella_overlap", "undrawn_not_converted",
    "amount_unknown", "look_through_in", "look_through_out", "gross", "cash", "substitution_in",
    "substitution_out", "exempt", "net", "guarantees_inside", "guarantees_outside",
    "duplicate_credit", "collateral_over_pledged",
)  # fmt: skip
"""Every line of a bridge in order; ``amount_unknown`` is there only where it is not 0."""
_PLACE: Final = {step: place for place, step in enumerate(STEPS)}
_GROSS, _NET, _UNKNOWN = _PLACE["gross"], _PLACE["net"], _PLACE["amount_unknown"]
KINDS: Final = tuple(
    "total" if place in (_GROSS, _NET) else "memo" if place > _NET else "step" for place in range(len(STEPS))
)
"""What each line is: a step that is added, a total of the steps above it, or a memo that is in no sum."""


@dataclass(frozen=True)
class Bridge:
    """The lines of the bridges of some groups under one pack.

    ``amount`` int64 (groups, steps) base minor units. The facilities of line s of group g are
    ``facility[ptr[g * steps + s]:ptr[g * steps + s + 1]]`` (int32), by id, and ``each`` (int64) what they add to it.
    ``listed`` bool: groups whose members are known.
    """

    mitigation: Mitigation
    amount: Int64
    ptr: Int64
    facility: Int32
    each: Int64
    listed: Bool

    def table(self, names: list[str], pack: str) -> pa.Table:
        """The ``bridge`` result; ``names`` are the groups' ids."""
        snapshot, steps = self.mitigation.held.snapshot, len(STEPS)
        shown = np.repeat(self.listed, steps)
        shown[_UNKNOWN::steps] &= self.amount[:, _UNKNOWN] != 0
        rows = np.flatnonzero(shown)
        texts = ids(snapshot.tables["facilities"].text("facility_id"), self.facility)
        lists = pa.ListArray.from_arrays(pa.array(self.ptr, pa.int32()), texts)
        return result(
            "bridge",
            group_id=ids(pa.array(names, pa.string()), (rows // steps).astype(np.int32)),
            step=pc.take(pa.array(STEPS), pa.array(rows % steps)),
            kind=pc.take(pa.array(KINDS), pa.array(rows % steps)),
            amount=decimals(self.amount.ravel()[rows], MONEY),
            facility_ids=pc.take(lists, pa.array(rows)),
            currency=constant(snapshot.base, len(rows)),
            pack=constant(pack, len(rows)),
        )


def bridge(mitigation: Mitigation, ptr: Int64, members: Int32) -> Bridge:
    """The bridges of groups towards all lenders together.

    The distinct members of group g are ``members[ptr[g]:ptr[g + 1]]``: int64 (g + 1,) and int32. Each line is
    worked out from the facilities themselves, not as a difference of totals.
    """
    held = mitigation.held
    group, claim = owing(held.ledger, ptr, members)
    main = claim < held.claims.main
    entries = Entries(STEPS, held.snapshot.tables["facilities"].rank)
    own, facility = group[main], held.claims.facility[claim[main]]
    _single(entries, mitigation, own, facility)
    _duplicates(entries, mitigation, own, facility)
    _umbrellas(entries, mitigation, own, facility)
    _through(entries, mitigation, (group, claim), main)
    _mitigated(entries, mitigation, (group, claim), (ptr, members))
    _exempt(entries, mitigation, (group, claim), (ptr, members))
    _memo(entries, mitigation, (own, facility), (ptr, members))
    counted_twice(entries, held, own, facility)
    amount, at, facilities, each = entries.summed(len(ptr) - 1)
    amount[:, _GROSS] = amount[:, :_GROSS].sum(axis=1)
    amount[:, _NET] = amount[:, _GROSS:_NET].sum(axis=1)
    return Bridge(mitigation, amount, at, facilities, each, np.diff(ptr) > 0)


def _nominal(mitigation: Mitigation) -> tuple[Int64, Int64]:
    """Limit of each facility and what is drawn above it, unknown = 0: int64 by facility."""
    limit, drawn = mitigation.held.limit, mitigation.held.drawn
    granted = np.where(limit == NULL, 0, limit)
    return granted, np.where(drawn == NULL, 0, np.maximum(np.where(drawn == NULL, 0, drawn) - granted, 0))


def _single(entries: Entries, mitigation: Mitigation, group: Int64, facility: Int32) -> None:
    """Nominal limits, drawn above them, and what conversion or a missing amount takes away from both."""
    held = mitigation.held
    granted, above = _nominal(mitigation)
    entries.add("nominal_limit", group, facility, granted[facility])
    entries.add("drawn_above_limit", group, facility, above[facility])
    gross = held.gross[facility]
    less = np.where(gross == NULL, 0, gross) - granted[facility] - above[facility]
    alone = held.umbrellas.line_of[facility] < 0
    entries.add("undrawn_not_converted", group, facility, np.where(alone & (gross != NULL), less, 0))
    entries.add("amount_unknown", group, facility, np.where(gross == NULL, less, 0))


def _duplicates(entries: Entries, mitigation: Mitigation, group: Int64, facility: Int32) -> None:
    """Further records of the same contracts: in the nominal limits, and out again."""
    again = Csr.of(mitigation.held.duplicate_of, len(mitigation.held))
    granted, above = _nominal(mitigation)
    place, row = expanded(again.ptr, facility)
    of, record = group[place], again.rows[row]
    entries.add("nominal_limit", of, record, granted[record])
    entries.add("drawn_above_limit", of, record, above[record])
    entries.add("duplicate_records", of, record, -granted[record] - above[record])


def _umbrellas(entries: Entries, mitigation: Mitigation, group: Int64, facility: Int32) -> None:
    """What members' undrawn parts exceed the umbrella's headroom by, and the headroom's conversion.

    The headroom belongs in full to each group with a member; where the group's members have less undrawn than
    that, the step adds.
    """
    held, lines = mitigation.held, mitigation.held.umbrellas
    at = np.flatnonzero(lines.line_of[facility] >= 0)
    if not len(at):
        return
    of, member = group[at], facility[at]
    key = of * len(lines) + lines.line_of[member]
    keys, first, place = np.unique(key, return_index=True, return_inverse=True)
    granted, above = _nominal(mitigation)
    drawn = held.gross[member]
    undrawn = np.where(drawn == NULL, 0, granted[member] + above[member] - drawn)
    free = np.zeros(len(keys), np.int64)
    np.add.at(free, place, undrawn)
    line = keys % len(lines)
    blank = lines.gross[line] == NULL
    room = np.maximum(
        np.minimum(np.where(blank, 0, lines.limit[line]) - lines.drawn[line], lines.undrawn[line]), 0
    )
    for step, by_line in (
        ("umbrella_overlap", np.where(blank, 0, room - free)),
        ("undrawn_not_converted", np.where(blank, 0, lines.gross[line] - room)),
        ("amount_unknown", np.where(blank, -free, 0)),
    ):
        amount = np.zeros(len(at), np.int64)
        amount[first] = by_line
        entries.add(step, of, member, amount, listed=by_line[place] != 0)


def _through(entries: Entries, mitigation: Mitigation, owed: tuple[Int64, Int32], main: Bool) -> None:
    """Parts of outside vehicles that are claims on members, and of members' vehicles that are not."""
    claims, wide = mitigation.held.claims, np.int64(len(mitigation.held))
    group, claim = owed
    known = np.where(claims.gross == NULL, 0, claims.gross)
    facility, amount = claims.facility[claim], known[claim]
    taken = np.zeros(wide, np.int64)
    np.add.at(taken, claims.facility[claims.main :], known[claims.main :])
    entries.add("look_through_out", group[main], facility[main], -taken[facility[main]])
    part = np.flatnonzero(~main)
    inside = among(group[main] * wide + facility[main], group[part] * wide + facility[part])
    for step, rows in (("look_through_out", part[inside]), ("look_through_in", part[~inside])):
        entries.add(step, group[rows], facility[rows], amount[rows])


def _gifts(mitigation: Mitigation, sets: tuple[Int64, Int32]) -> tuple[Int64, Int32]:
    """Claims that arise on members as guarantors: group and place in ``mitigation.given``."""
    by = Csr.of(mitigation.giver, mitigation.held.snapshot.n + 1)
    place, row = expanded(by.ptr, sets[1])
    return np.repeat(np.arange(len(sets[0]) - 1), np.diff(sets[0]))[place], by.rows[row]


def _mitigated(
    entries: Entries, mitigation: Mitigation, owed: tuple[Int64, Int32], sets: tuple[Int64, Int32]
) -> None:
    """Cash, and what crosses the group's edge because a member, or a guarantor of one, pays for another."""
    group, claim = owed
    facility, wide = mitigation.held.claims.facility[claim], np.int64(len(mitigation.held))
    entries.add("cash", group, facility, -mitigation.cash[claim])
    whose, gift = _gifts(mitigation, sets)
    key = np.concatenate([group * wide + facility, whose * wide + mitigation.of[gift]])
    amount = np.concatenate([-mitigation.moved[claim], mitigation.given[gift]])
    keys, sums = added(key[amount != 0], amount[amount != 0])
    for step, across in (("substitution_in", np.maximum(sums, 0)), ("substitution_out", np.minimum(sums, 0))):
        entries.add(step, keys // wide, (keys % wide).astype(np.int32), across)


def _exempt(
    entries: Entries, mitigation: Mitigation, owed: tuple[Int64, Int32], sets: tuple[Int64, Int32]
) -> None:
    """What exempt members owe, what covered bonds are spared of, and umbrellas with none but exempt members."""
    if not (mitigation.exempt.any() or mitigation.spared.any()):
        return
    held, net = mitigation.held, mitigation.net
    group, claim = owed
    whose, gift = _gifts(mitigation, sets)
    left, after = owing(net.ledger, *sets)
    before = np.where(held.claims.gross == NULL, 0, held.claims.gross) - mitigation.cash - mitigation.moved
    entries.add("exempt", group, held.claims.facility[claim], -before[claim])
    entries.add("exempt", whose, mitigation.of[gift], -mitigation.given[gift])
    rest = net.claims.gross[after]
    entries.add("exempt", left, net.claims.facility[after], np.where(rest == NULL, 0, rest))
    for sign, facilities, (of, owed_claim) in ((-1, held, owed), (1, net, (left, after))):
        main = owed_claim < facilities.claims.main
        _lines(entries, facilities, sign, of[main], facilities.claims.facility[owed_claim[main]])


def _lines(entries: Entries, held: Facilities, sign: int, group: Int64, facility: Int32) -> None:
    """Each umbrella line once a group, as exempt where it is no more."""
    lines = held.umbrellas
    under = np.flatnonzero(lines.line_of[facility] >= 0)
    if len(under):
        key = group[under] * len(lines) + lines.line_of[facility[under]]
        keys, first = np.unique(key, return_index=True)
        amount, at = lines.gross[keys % len(lines)], under[first]
        entries.add("exempt", group[at], facility[at], sign * np.where(amount == NULL, 0, amount))


def _memo(
    entries: Entries, mitigation: Mitigation, owed: tuple[Int64, Int32], sets: tuple[Int64, Int32]
) -> None:
    """Drawn debts that guarantees of members cover, each debt once: those of the group, and those of others."""
    promises = mitigation.substitution.promises
    cover = allocate(promises, promises.drawn)
    given = np.flatnonzero((cover.known > 0) & mitigation.held.counted[promises.facility])
    giver = promises.guarantor[promises.guarantee[given]]
    by = Csr.of(giver, mitigation.held.snapshot.n + 1)
    place, row = expanded(by.ptr, sets[1])
    group = np.repeat(np.arange(len(sets[0]) - 1), np.diff(sets[0]))[place]
    pair = given[by.rows[row]]
    facility, wide = promises.facility[pair], np.int64(len(mitigation.held))
    inside = among(owed[0] * wide + owed[1], group * wide + facility)
    for step, rows in (("guarantees_inside", inside), ("guarantees_outside", ~inside)):
        entries.add(step, group[rows], facility[rows], cover.known[pair[rows]])
