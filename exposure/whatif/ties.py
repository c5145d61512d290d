"""Ties: the rows of a book by whom they are about, so that those of a few parties are found at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from exposure.kernels import closure as _kernels
from graph.csr import Csr
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_BETWEEN: Final = (
    ("ownership", "owned_id", "owner_id"),
    ("control", "controlled_id", "controller_id"),
    ("dependence", "dependent_id", "on_id"),
    ("counterparties", "party_id", "counterparty_id"),
    ("members", "body_id", "party_id"),
    ("kin", "person_id", "relative_id"),
)
"""Tables of ties between two parties, by the column that they are looked up by, and the other one."""
CONTROLLING: Final = (
    ("ownership", "owned_id", "owner_id"),
    ("control", "controlled_id", "controller_id"),
)
"""Steps from a party to those whose votes or facts may control it."""


@dataclass(frozen=True)
class Ties:
    """Lookups in one snapshot, each made when first needed: a few passes over the book, once."""

    snapshot: Snapshot
    _made: dict[tuple[str, str], Csr] = field(default_factory=dict, repr=False, compare=False)
    _ways: dict[tuple[tuple[tuple[str, str, str], ...], bool], tuple[Csr, Int32]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def by(self, table: str, column: str) -> Csr:
        """Rows of a table by what a column of it refers to."""
        key = table, column
        if key not in self._made:
            rows = self.snapshot.tables[table]
            many = len(self.snapshot.tables[rows.table.column(column).ref])
            self._made[key] = Csr.of(rows[column].astype(np.int32), many)
        return self._made[key]

    def number(self, table: str, name: str) -> int:
        """Row of an id in a table, -1 where there is none."""
        if table == "parties":
            return self.snapshot.number_of.get(name, -1)
        rows = self.snapshot.tables[table]
        return int(pc.index(rows.text(rows.table.key[0]), value=name).as_py())

    def ways(
        self, steps: tuple[tuple[str, str, str], ...], led: Callable[[], Bool] | None = None
    ) -> tuple[Csr, Int32]:
        """Where these steps lead from each party: CSR, and the party (int32) at each of its places.

        With ``led`` the steps that are ties of control (``CONTROLLING``) lead on only from the parties that it marks.
        """
        key = steps, led is not None
        if key not in self._ways:
            tables = self.snapshot.tables
            a = np.concatenate([tables[table][column] for table, column, _ in steps]).astype(np.int32)
            b = np.concatenate([tables[table][other] for table, _, other in steps]).astype(np.int32)
            on = b >= 0
            if led is not None:
                bound = [np.full(len(tables[step[0]]), step in CONTROLLING) for step in steps]
                on &= ~np.concatenate(bound) | np.append(led(), np.False_)[a]
            by = Csr.of(np.where(on, a, -1).astype(np.int32), self.snapshot.n)
            self._ways[key] = by, b[by.rows]
        return self._ways[key]

    def rows(self, table: str, column: str, of: Int64) -> Int64:
        """Rows of a table that refer to any of these numbers: int64, each once, sorted."""
        return gathered(self.by(table, column), of)

    def others(self, table: str, column: str, of: Int64, other: str) -> Int64:
        """What another column of those rows refers to: int64, each once, unknown ones left out."""
        found = distinct(self.snapshot.tables[table][other][self.rows(table, column, of)])
        return np.asarray(found[found >= 0], np.int64)

    def structure(self, parties: Int64) -> dict[str, Int64]:
        """The rows that control and groups among these parties follow from, by table: ties between two of them."""
        inside = np.zeros(self.snapshot.n + 1, bool)
        inside[parties] = True
        found = {"parties": parties}
        for table, column, other in _BETWEEN:
            rows = self.rows(table, column, parties)
            found[table] = rows[inside[self.snapshot.tables[table][other][rows]]]
        for table in ("lenders", "fx"):
            found[table] = np.arange(len(self.snapshot.tables[table]))
        return found

    def about(self, parties: Int64, above: Int64) -> dict[str, Int64]:
        """Those rows, and the ones that what the parties owe follows from, by table.

        ``above`` are parties of whom only the ties count. Facilities come with all that mitigation and umbrellas
        need to be as in the whole book: what the guarantees over them cover besides; and what the parties'
        own guarantees cover, with what else covers that, and what those others cover.
        """
        found = self.structure(joined(parties, above))
        found["limits"] = self.rows("limits", "subject_id", parties)
        owed = self._owed(parties)
        given = self.rows("guarantees", "guarantor_id", parties)
        beside = joined(given, self._over(joined(owed, self.under(given))))
        facilities = self._alike(joined(owed, self.under(beside)))
        umbrellas = self.others_of("facilities", "umbrella_id", facilities)
        facilities = joined(facilities, self.rows("facilities", "umbrella_id", umbrellas))
        beside = self._behind(beside)
        found["facilities"], found["guarantees"], found["umbrellas"] = facilities, beside, umbrellas
        for table in ("co_obligors", "underlyings"):
            found[table] = self.rows(table, "facility_id", facilities)
        found["guarantee_covers"] = self.rows("guarantee_covers", "guarantee_id", beside)
        found["parties"] = joined(found["parties"], self._named(found))
        return found

    def others_of(self, table: str, column: str, rows: Int64) -> Int64:
        """What a column of these rows refers to: int64, each once, unknown ones left out."""
        found = distinct(self.snapshot.tables[table][column][rows])
        return np.asarray(found[found >= 0], np.int64)

    def _owed(self, parties: Int64) -> Int64:
        """Facilities that the parties owe, alone or with others, or that are looked through to them."""
        return joined(
            self.rows("facilities", "obligor_id", parties),
            self.others("co_obligors", "party_id", parties, "facility_id"),
            self.others("underlyings", "party_id", parties, "facility_id"),
        )

    def _over(self, facilities: Int64) -> Int64:
        """Guarantees that cover any of the facilities, by name or as a debt of their obligor."""
        debtors = joined(
            self.others_of("facilities", "obligor_id", facilities),
            self.others("co_obligors", "facility_id", facilities, "party_id"),
        )
        named = self.others("guarantee_covers", "facility_id", facilities, "guarantee_id")
        return joined(named, self.rows("guarantees", "obligor_id", debtors))

    def _behind(self, guarantees: Int64) -> Int64:
        """Guarantees up the chains of counter-guarantees, and down them."""
        found = guarantees
        while True:
            more = joined(
                found,
                self.rows("guarantees", "counter_of", found),
                self.others_of("guarantees", "counter_of", found),
            )
            if len(more) == len(found):
                return found
            found = more

    def under(self, guarantees: Int64) -> Int64:
        """Facilities that the guarantees cover, through chains of counter-guarantees too."""
        chain = self._behind(guarantees)
        named = self.others("guarantee_covers", "guarantee_id", chain, "facility_id")
        return joined(named, self._owed(self.others_of("guarantees", "obligor_id", chain)))

    def _alike(self, facilities: Int64) -> Int64:
        """With every facility of the same contract: one of them may count instead of another."""
        codes = self._contracts
        if not len(codes):
            return facilities
        told = facilities[codes[facilities] >= 0]
        same = self.rows("facilities", "obligor_id", self.others_of("facilities", "obligor_id", told))
        return joined(facilities, same[np.isin(codes[same], codes[told])])

    @cached_property
    def _contracts(self) -> Int32:
        """The contract of each facility as a code (int32, -1 = none); empty where the book tells of none."""
        rows = self.snapshot.tables["facilities"]
        return rows.words("contract_ref")[0] if "contract_ref" in rows else np.zeros(0, np.int32)

    def _named(self, rows: dict[str, Int64]) -> Int64:
        """Parties that the rows of facilities and guarantees name."""
        columns = (
            ("facilities", "obligor_id"), ("co_obligors", "party_id"), ("underlyings", "party_id"),
            ("guarantees", "guarantor_id"), ("guarantees", "obligor_id"),
        )  # fmt: skip
        return joined(*(self.others_of(table, column, rows[table]) for table, column in columns))


def gathered(by: Csr, keys: Int64) -> Int64:
    """The rows of all these keys: int64, each once, sorted."""
    starts, sizes = by.ptr[keys], by.ptr[keys + 1] - by.ptr[keys]
    ends = np.cumsum(sizes)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)
    return distinct(by.rows[at])


def joined(*parts: Int64) -> Int64:
    """All numbers of several lists: int64, each once, sorted."""
    return distinct(np.concatenate(parts))


def distinct(numbers: npt.NDArray[np.signedinteger]) -> Int64:
    """Each number once, sorted: int64; quicker on short lists than ``numpy.unique``.

    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    found = np.sort(numbers).astype(np.int64)
    return found if len(found) < 2 else found[np.append(True, found[1:] != found[:-1])]  # noqa: PLR2004 (one is)


def closure(
    start: Int64, steps: tuple[tuple[str, str, str], ...], ties: Ties, led: Callable[[], Bool] | None = None
) -> Int64:
    """The parties that ties lead to from the start, however many: steps as (table, column, other column).

    ``led`` as for ``Ties.ways``.
    """
    by, other = ties.ways(steps, led)
    return np.sort(_kernels.closure(by.ptr, other, start))
