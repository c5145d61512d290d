"""Totals (敞口汇总): what parties, groups and lenders add up to, each claim once, exact to the minor unit.

A party's own figures leave umbrella lines out; group and lender totals contain each line once. Group totals
must not be added up, because groups may overlap. (rulebook 89-90, CRR Art. 390.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.claims import Ledger
from exposure.facilities import Facilities
from exposure.kernels import aggregate as _kernels
from exposure.lines import ALL, Lines, facilities_of
from exposure.lookthrough import UNKNOWN, UNKNOWN_ID, unknown_place
from exposure.results import MODEL, MONEY, constant, decimals, ids, result
from graph.money import NULL

__all__ = [
    "ALL",
    "GroupTotals",
    "LenderTotals",
    "Lines",
    "PartyTotals",
    "facilities_of",
    "group_totals",
    "lender_totals",
    "party_totals",
]

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_WORTH_A_THREAD: Final = 20_000
"""Parties or sets from which the sums are made by two threads."""


@dataclass(frozen=True)
class PartyTotals:
    """Rows by party id, then lender id, the one for all lenders (-1) first; amounts in base minor units.

    ``party`` (-1 = ``(unknown)``) and ``lender`` int32; ``limit``, ``drawn``, ``gross`` the party's own and
    ``controlled`` the gross of itself and all that it controls, int64; ``unknown`` how many of those
    facilities have an amount that is not known and not in the sums.
    """

    held: Facilities
    party: Int32
    lender: Int32
    limit: Int64
    drawn: Int64
    gross: Int64
    controlled: Int64
    unknown: Int32

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.party)

    def rows(self, low: int, high: int) -> PartyTotals:
        """The rows low..high-1."""
        return replace(
            self, **{f.name: getattr(self, f.name)[low:high] for f in fields(self) if f.name != "held"}
        )

    def lacking(self, parties: Int32) -> tuple[Int64, Int32]:
        """Those of some parties (int32, each once) without a row, by id, behind the place before which each belongs."""
        snapshot = self.held.snapshot
        there = np.zeros(snapshot.n + 1, bool)
        there[self.party] = True
        added = parties[~there[parties]]
        rank = np.append(2 * snapshot.party_rank.astype(np.int64), 2 * unknown_place(snapshot) - 1)
        added = added[np.argsort(rank[added])]
        return np.searchsorted(rank[self.party], rank[added]), added

    def also(self, places: Int64, parties: Int32) -> PartyTotals:
        """These rows, and rows of zeros for all lenders for further parties before these places."""
        if not len(parties):
            return self
        fill: dict[str, Any] = {f.name: 0 for f in fields(self) if f.name != "held"}
        fill |= {"party": parties, "lender": ALL}
        columns: dict[str, Any] = {c: np.insert(getattr(self, c), places, v) for c, v in fill.items()}
        return replace(self, **columns)

    def table(
        self, attributable: Float64 | Callable[[PartyTotals], Float64] | None = None, **more: pa.Array
    ) -> pa.Table:
        """The ``party_exposures`` result.

        ``attributable`` is one figure a row, or gives them for these totals; ``more`` are further columns
        (net, guaranteed), one value a row too. What is not given stays null.
        """
        snapshot = self.held.snapshot
        names = pa.concat_arrays([snapshot.party_ids, pa.array([UNKNOWN_ID], pa.string())])
        if attributable is not None:
            more["attributable"] = pa.array(
                attributable(self) if callable(attributable) else attributable, MODEL, from_pandas=True
            )
        return result(
            "party_exposures",
            party_id=ids(names, np.where(self.party == UNKNOWN, snapshot.n, self.party).astype(np.int32)),
            lender_id=ids(snapshot.tables["lenders"].text("lender_id"), self.lender),
            gross=decimals(self.gross, MONEY),
            limit=decimals(self.limit, MONEY),
            drawn=decimals(self.drawn, MONEY),
            controlled=decimals(self.controlled, MONEY),
            unknown=pa.array(self.unknown),
            currency=constant(snapshot.base, len(self)),
            **more,
        )


def party_totals(held: Facilities, control_ptr: Int64, controlled: Int32) -> PartyTotals:
    """Totals of every party that has a counted claim, or controls one that has, by lender and in all.

    ``controlled[control_ptr[x]:control_ptr[x + 1]]`` is what x controls, transitively, x left out: int64
    (n + 1,) and int32. A claim that several of these parties owe counts once in ``controlled``.
    """
    snapshot, ledger = held.snapshot, held.ledger
    order = np.empty(snapshot.n, np.int32)
    order[snapshot.party_rank] = np.arange(snapshot.n, dtype=np.int32)
    order = np.insert(order, unknown_place(snapshot), np.int32(snapshot.n))
    lenders = len(ledger.lenders) + 1
    rest = ledger.ptr, ledger.entry, ledger.special, len(ledger.slot), lenders
    keys, sums = _in_parts(
        lambda low, high, keys, sums: _kernels.parties(
            *(low, high, order, control_ptr, controlled, *rest, keys, sums)
        ),
        lambda low, high: _kernels.most_party_rows(
            order[low:high], control_ptr, controlled, ledger.ptr, lenders
        ),
        np.linspace(0, len(order), 3).astype(int).tolist(),
    )
    party, place, unknown = keys
    limit, drawn, gross, whole = sums
    party[party == snapshot.n] = UNKNOWN
    return PartyTotals(held, party, _lenders(ledger, place), limit, drawn, gross, whole, unknown)


@dataclass(frozen=True)
class GroupTotals:
    """Rows by group, then lender id, the one for all lenders (-1) first; amounts in base minor units.

    ``group`` and ``lender`` int32; int64 ``nominal_limit`` (the members' limits added up), ``limit`` (less
    what they exceed their umbrellas by), ``drawn``, ``gross``, and ``unknown``: how many facilities and
    umbrella lines have an amount that is not known and not in the sums. By group: ``exposed`` int32, members
    with a claim, and ``duplicates`` int64, gross of the duplicate records of its facilities.
    """

    held: Facilities
    ptr: Int64
    group: Int32
    lender: Int32
    nominal_limit: Int64
    limit: Int64
    drawn: Int64
    gross: Int64
    unknown: Int32
    exposed: Int32
    duplicates: Int64

    def table(self, names: Sequence[str], pack: str, **more: pa.Array) -> pa.Table:
        """The ``group_exposures`` result; ``names`` are the groups' ids, ``more`` further columns (net)."""
        snapshot = self.held.snapshot
        return result(
            "group_exposures",
            group_id=ids(pa.array(names, pa.string()), self.group),
            lender_id=ids(snapshot.tables["lenders"].text("lender_id"), self.lender),
            gross=decimals(self.gross, MONEY),
            limit=decimals(self.limit, MONEY),
            drawn=decimals(self.drawn, MONEY),
            unknown=pa.array(self.unknown),
            currency=constant(snapshot.base, len(self.group)),
            pack=constant(pack, len(self.group)),
            **more,
        )

    def columns(self) -> dict[str, pa.Array]:
        """The columns of the ``groups`` result that come from totals, one value a group.

        Null for a group whose members are not listed.
        """
        whole = np.flatnonzero(self.lender == ALL)
        unlisted = np.diff(self.ptr) == 0
        money = {c: getattr(self, c)[whole] for c in ("gross", "nominal_limit", "drawn")}
        money["duplicates"] = self.duplicates
        made = {c: decimals(np.where(unlisted, NULL, amounts), MONEY) for c, amounts in money.items()}
        return made | {
            "exposed_members": pa.array(self.exposed, mask=unlisted),
            "unknown": pa.array(self.unknown[whole], mask=unlisted),
            "currency": constant(self.held.snapshot.base, len(unlisted)),
        }


def group_totals(held: Facilities, ptr: Int64, members: Int32) -> GroupTotals:
    """Totals of each group, by lender and in all; a claim counts once however many members owe it.

    The distinct members of group g are ``members[ptr[g]:ptr[g + 1]]``: int64 (g + 1,) and int32.
    """
    keys, sums, exposed = _sets(held, held.ledger, ptr, members)
    group, place, unknown = keys
    lender, again = _lenders(held.ledger, place), _duplicates(held, ptr, members)
    limit, drawn, gross, nominal = sums
    return GroupTotals(held, ptr, group, lender, nominal, limit, drawn, gross, unknown, exposed, again)


def _sets(held: Facilities, ledger: Ledger, ptr: Int64, members: Int32) -> tuple[Int32, Int64, Int32]:
    """The kernel's keys, sums and exposed members of sets of parties."""
    lines, lenders = held.umbrellas, len(ledger.lenders) + 1
    exposed = np.empty(len(ptr) - 1, np.int32)
    rest = (
        *(ptr, members, ledger.ptr, ledger.entry, ledger.special, ledger.slot, ledger.slot_line),
        *(ledger.slot_lender, lines.gross, lines.limit, lenders),
    )
    keys, sums = _in_parts(
        lambda low, high, keys, sums: _kernels.sets(low, high, *rest, keys, sums, exposed),
        lambda low, high: _kernels.most_rows(ptr[low : high + 1], members, ledger.ptr, lenders),
        [0, int(np.searchsorted(ptr, ptr[-1] // 2)), len(ptr) - 1],
    )
    return keys, sums, exposed


def _in_parts(
    run: Callable[[int, int, Int32, Int64], int], most: Callable[[int, int], int], cuts: list[int]
) -> tuple[Int32, Int64]:
    """Rows of a kernel that writes those of low..high-1 and tells how many; a thread for each part.

    ``most`` gives a number of rows that a part does not exceed. Few rows are not worth a second thread.
    """

    def part(low: int, high: int) -> tuple[Int32, Int64]:
        room = most(low, high)
        keys, sums = np.empty((3, room), np.int32), np.empty((4, room), np.int64)
        used = run(low, high, keys, sums)
        return keys[:, :used], sums[:, :used]

    if cuts[-1] - cuts[0] < _WORTH_A_THREAD:
        return part(cuts[0], cuts[-1])
    with ThreadPoolExecutor(len(cuts)) as pool:
        parts = list(pool.map(part, cuts[:-1], cuts[1:]))
    keys, sums = zip(*parts, strict=True)
    return np.concatenate(keys, axis=1), np.concatenate(sums, axis=1)


def _duplicates(held: Facilities, ptr: Int64, members: Int32) -> Int64:
    """Known gross of the duplicate records of the facilities of each set: int64 (sets,)."""
    again = np.flatnonzero((held.duplicate_of >= 0) & (held.gross != NULL))
    if not len(again):
        return np.zeros(len(ptr) - 1, np.int64)
    beside = np.zeros(len(held), np.int64)
    np.add.at(beside, held.duplicate_of[again], held.gross[again])
    keys, sums, _ = _sets(held, held.ledger.reduced(held.claims, beside), ptr, members)
    return np.ascontiguousarray(sums[2, keys[1] == ALL])


def _lenders(ledger: Ledger, places: Int32) -> Int32:
    """Numbers of the lenders at these places in the order of ids; -1 stays."""
    return np.append(ledger.lenders, np.int32(ALL))[places]


@dataclass(frozen=True)
class LenderTotals:
    """By lender number, the last entry for all together: int64 sums with the meaning of ``GroupTotals``."""

    nominal_limit: Int64
    limit: Int64
    drawn: Int64
    gross: Int64
    unknown: Int64


def lender_totals(held: Facilities) -> LenderTotals:
    """Totals of each lender and of all: each counted facility and each umbrella line with a member once."""
    everyone = np.arange(held.snapshot.n + 1, dtype=np.int32)
    keys, found, _ = _sets(held, held.ledger, np.array([0, len(everyone)], np.int64), everyone)
    sums = np.zeros((5, len(held.ledger.lenders) + 1), np.int64)
    place = _lenders(held.ledger, keys[1])
    sums[:4, place], sums[4, place] = found, keys[2]
    limit, drawn, gross, nominal, unknown = sums
    return LenderTotals(nominal, limit, drawn, gross, unknown)
