"""Tested: rows of limits with what stands against them, as the ``limits`` result shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.groups import Groups
from exposure.limits.capital import CONSOLIDATED, SOLO
from exposure.lookthrough import UNKNOWN_ID
from exposure.results import MODEL, MONEY, constant, decimals, ids, result
from graph.ids import text_rank
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SCOPES: Final = ("party", "group", "unified", "joint")
"""What a limit is on; the codes of ``Tested.scope`` are places in this list."""
GROUP: Final = SCOPES.index("group")
LEVELS: Final = (SOLO, CONSOLIDATED)
"""The codes of ``Tested.level`` are places in this list; -1 = no level, an internal limit."""
FINE, NEAR, BREACH, UNTESTED = range(4)
"""What a test came to."""


@dataclass(frozen=True)
class Rule:
    """A rule that rows were tested by: its name, what it measures, and how sure the rulebook is of it."""

    name: str
    measure: str
    confidence: float | None = None


@dataclass(frozen=True)
class Tested:
    """By row: a subject, the limit on it and what stands against it.

    ``scope`` int8; ``group`` bool tells whether ``subject`` int32 is a group's number or a party's (-1 =
    ``(unknown)``); ``lender`` int32 (-1 = all), ``level`` int8, ``rule`` int16 (place in a list of rules),
    ``limit`` and ``value`` int64 base minor units (NULL unknown), ``state`` int8; ``row`` int32 is the place in
    the table ``limits`` of the limit, -1 for a rule of a pack.
    """

    scope: Int8
    group: Bool
    subject: Int32
    lender: Int32
    level: Int8
    rule: Int16
    limit: Int64
    value: Int64
    state: Int8
    row: Int32

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.subject)

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Tested:
        """The chosen rows, by number or by mark."""
        return Tested(*(a[rows] for a in vars(self).values()))

    @classmethod
    def joined(cls, parts: Sequence[Tested]) -> Tested:
        """All rows in one; none of no parts."""
        none: list[Any] = [np.zeros(0, t) for t in _TYPES]
        empty = cls(*none)
        columns = zip(*(vars(part).values() for part in (empty, *parts)), strict=True)
        whole: list[Any] = [np.concatenate(column) for column in columns]
        return cls(*whole)


_TYPES: Final = (
    np.int8,
    np.bool_,
    np.int32,
    np.int32,
    np.int8,
    np.int16,
    np.int64,
    np.int64,
    np.int8,
    np.int32,
)


def state(value: Int64, allowed: Int64, near: Int64, unknown: Bool) -> Int8:
    """What each test comes to: a value above what is allowed is a breach, from ``near`` on it is near.

    Of a limit of nothing nothing is used up as long as nothing is owed. An unknown limit or value (NULL), or a
    value that an unknown amount would raise, is untested unless what is known breaks the limit already.
    """
    blank = (value == NULL) | (allowed == NULL)
    out = np.where((value >= near) & (value > 0), NEAR, FINE)
    out = np.where(unknown, UNTESTED, out)
    out = np.where(value > allowed, BREACH, out)
    return np.where(blank, UNTESTED, out).astype(np.int8)


def names_of(groups: Groups, group: Bool, subject: Int32) -> pa.Array:
    """Ids of parties and groups by row; ``group`` bool tells them apart."""
    n = groups.snapshot.n
    names = pa.concat_arrays(
        [groups.snapshot.party_ids, pa.array([UNKNOWN_ID], pa.string()), pa.array(groups.names, pa.string())]
    )
    return ids(names, np.where(group, subject + n + 1, np.where(subject < 0, n, subject)).astype(np.int32))


def table(tested: Tested, rules: Sequence[Rule], groups: Groups) -> pa.Table:
    """The ``limits`` result, ordered by scope, subject, lender, level and rule."""
    known = (tested.limit != NULL) & (tested.value != NULL)
    over = np.where(known, tested.value, 0) - np.where(known, tested.limit, 0)
    used, untested = known & (tested.limit > 0), tested.state == UNTESTED
    share = np.where(used, tested.value, 0) / np.where(used, tested.limit, 1)
    lenders = groups.snapshot.tables["lenders"].text("lender_id")
    made = result(
        "limits",
        scope=pa.DictionaryArray.from_arrays(tested.scope, list(SCOPES)),
        subject_id=names_of(groups, tested.group, tested.subject),
        lender_id=ids(lenders, tested.lender),
        level=ids(pa.array(LEVELS), tested.level.astype(np.int32)),
        rule=ids(pa.array([r.name for r in rules], pa.string()), tested.rule.astype(np.int32)),
        measure=ids(pa.array([r.measure for r in rules], pa.string()), tested.rule.astype(np.int32)),
        confidence=pa.array([r.confidence for r in rules], MODEL).take(pa.array(tested.rule)),
        limit=decimals(tested.limit, MONEY),
        value=decimals(tested.value, MONEY),
        headroom=decimals(np.where(known & ~untested, -over, NULL), MONEY),
        utilisation=pa.array(share, MODEL, mask=~used),
        breach=pa.array(tested.state == BREACH, mask=untested),
        excess=decimals(np.where(known & ~untested, np.maximum(over, 0), NULL), MONEY),
        currency=constant(groups.snapshot.base, len(tested)),
    )
    lender, subject = (text_rank(made[name]) for name in ("lender_id", "subject_id"))
    return made.take(pa.array(np.lexsort((tested.rule, tested.level, lender, subject, tested.scope))))
