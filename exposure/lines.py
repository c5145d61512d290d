"""What one figure was summed from: the facilities and umbrella lines behind a total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.facilities import Facilities
from exposure.results import MONEY, constant, decimals, ids
from graph.money import NULL

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

ALL: Final = -1
"""Stands for all lenders together where a lender's number is expected."""


@dataclass(frozen=True)
class Lines:
    """The facilities and umbrella lines behind one figure; they add up to it exactly.

    By line, facilities in the order of their ids before umbrellas: ``facility`` int32 (-1 for an umbrella),
    ``umbrella`` int32 (-1 for a facility), ``limit``, ``drawn``, ``gross`` int64 base minor units, NULL
    unknown. A facility's amounts are the parts of it that are claims on the parties asked for; parts of an
    unknown gross are a line of their own, after it. An umbrella's limit is what the members' limits exceed it by, as a
    negative amount.
    """

    held: Facilities
    facility: Int32
    umbrella: Int32
    limit: Int64
    drawn: Int64
    gross: Int64

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.facility)

    def table(self) -> pa.Table:
        """The lines with ids: facility_id, umbrella_id, lender_id, limit, drawn, gross, currency."""
        tables = self.held.snapshot.tables
        lender = np.append(self.held.lender, np.int32(-1))[self.facility]
        return pa.table(
            {
                "facility_id": ids(tables["facilities"].text("facility_id"), self.facility),
                "umbrella_id": ids(tables["umbrellas"].text("umbrella_id"), self.umbrella),
                "lender_id": ids(tables["lenders"].text("lender_id"), lender),
                "limit": decimals(self.limit, MONEY),
                "drawn": decimals(self.drawn, MONEY),
                "gross": decimals(self.gross, MONEY),
                "currency": constant(self.held.snapshot.base, len(self)),
            }
        )


def facilities_of(
    held: Facilities, parties: Int32 | None = None, lender: int = ALL, *, umbrellas: bool = True
) -> Lines:
    """The lines of a figure: of the claims on a set of parties (-1 = ``(unknown)``, None = everyone).

    ``lender`` is a lender's number, -1 for all. For a group's or a lender's total ``umbrellas`` is true; it
    is false for a party's own figures (that party alone) and for its ``controlled`` (with all it controls).
    """
    ledger, claims = held.ledger, held.claims
    entries = ledger.entries(parties)
    if lender != ALL:
        number = np.append(ledger.lenders, np.int32(ALL))
        entries = entries[number[ledger.entry[entries, 3]] == lender]
    claim, first = np.unique(ledger.claim[entries], return_index=True)
    money = ledger.entry[entries[first], :3]
    key, place = np.unique(
        2 * claims.facility[claim].astype(np.int64) + (money[:, 2] == NULL), return_inverse=True
    )
    facility, money = (key // 2).astype(np.int32), _added(money, place, len(key))
    order = _by_id(held.snapshot.tables["facilities"].text("facility_id"), facility)
    facility, money = facility[order], money[order]
    number, extra = np.zeros(0, np.int32), np.zeros((0, 3), np.int64)
    if umbrellas:
        main = np.isin(facility, claims.facility[claim[claim < claims.main]])
        number, extra = _lines(held, facility[main], money[main, 0])
    neither = np.full(len(facility), -1, np.int32), np.full(len(number), -1, np.int32)
    both = np.concatenate([money, extra])
    return Lines(
        held, np.concatenate([facility, neither[1]]), np.concatenate([neither[0], number]), *both.T.copy()
    )


def _added(money: Int64, place: Int64, n: int) -> Int64:
    """Amounts (m, 3) added up by place: (n, 3), NULL where one of them is."""
    sums = np.zeros((n, 3), np.int64)
    np.add.at(sums, place, np.where(money == NULL, 0, money))
    blank = np.zeros((n, 3), bool)
    np.logical_or.at(blank, place, money == NULL)
    sums[blank] = NULL
    return sums


def _lines(held: Facilities, facility: Int32, limit: Int64) -> tuple[Int32, Int64]:
    """Lines of these facilities: umbrella numbers in the order of ids, (limit, drawn, gross) of each."""
    lines = held.umbrellas
    line = lines.line_of[facility]
    under = line >= 0
    found, place = np.unique(line[under], return_inverse=True)
    members = np.zeros(len(found), np.int64)
    np.add.at(members, place, np.where(limit[under] == NULL, 0, limit[under]))
    own = lines.limit[found]
    money = np.zeros((len(found), 3), np.int64)
    money[:, 0] = np.where(own == NULL, 0, np.minimum(np.where(own == NULL, 0, own) - members, 0))
    money[:, 2] = lines.gross[found]
    number = lines.number[found]
    order = _by_id(held.snapshot.tables["umbrellas"].text("umbrella_id"), number)
    return number[order], money[order]


def _by_id(names: pa.Array, numbers: Int32) -> Int64:
    """Places of these numbers in the order of their ids."""
    shown = ids(names, numbers.astype(np.int32)).to_pylist()
    return np.array(sorted(range(len(shown)), key=shown.__getitem__), np.int64)
