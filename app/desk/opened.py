"""Desk: one version of a book with its finished report, opened for readers of one scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from app.desk.apart import large, made
from app.kept import is_kept, reported
from app.refusals import refusal
from app.scope import part_of
from app.source import compiled, earlier
from app.whatif import Booked
from exposure.groups import GROUP
from exposure.report import Analysis, Request
from exposure.rulepack import house
from exposure.whatif.whatif import WhatIf
from graph.csr import Csr
from graph.model import PARTY_KINDS
from graph.snapshot import Snapshot
from graph.store import Store

if TYPE_CHECKING:
    from app.desk.search import Index

Int32 = npt.NDArray[np.int32]
Row = dict[str, Any]

ALL: Final = ""
"""The scope of those who may see every lender's credit."""
SHOWN: Final = 200
"""Rows that a list of a page shows; downloads have all."""
PERSON: Final = PARTY_KINDS.index("person")


def is_group(subject: str) -> bool:
    """Whether an id is that of a group, not of a party."""
    return subject.startswith(GROUP)


@dataclass(frozen=True)
class Scope:
    """Whose credit may be seen (a lender, or all) and whether natural persons are named."""

    lender: str = ALL
    names: bool = False


@dataclass(frozen=True)
class Names:
    """A party as it is shown: its names, its kind, and whether they are withheld because it is a natural person."""

    id: str
    name: str
    name_en: str
    kind: str
    withheld: bool

    def said(self, language: str) -> str:
        """The name in a language, else in the other, else the id."""
        first, second = (self.name, self.name_en) if language == "zh" else (self.name_en, self.name)
        return first or second or self.id


@dataclass(frozen=True)
class Desk:
    """The tables of one report, the snapshot that it was made from, and the store with its journal.

    ``analysis`` is there for what runs the engine: what-if and contagion. ``texts`` are columns of text once they were decoded.
    """

    store: Store
    snapshot: Snapshot
    tables: Mapping[str, pa.Table]
    summary: Mapping[str, Any]
    scope: Scope
    analysis: Analysis
    texts: dict[tuple[str, str], pa.Array] = field(default_factory=dict, repr=False, compare=False)

    @property
    def version(self) -> int:
        """The book version that every answer of this desk is about."""
        return self.snapshot.version

    @property
    def base(self) -> str:
        """Currency of amounts."""
        return self.snapshot.base

    @property
    def pack(self) -> str:
        """The leading rule pack, whose groups and limits are shown."""
        return str(self.summary["packs"][0])

    def rows(self, name: str, **equal: str | None) -> pa.Table:
        """Rows of a result in which columns have these values (None = empty), in the leading pack."""
        table = self.tables[name]
        if "pack" in table.column_names and not equal.get("pack"):
            equal["pack"] = self.pack
        for column, value in equal.items():
            held = table[column]
            table = table.filter(pc.is_null(held) if value is None else pc.equal(held, value))
        return table

    def text(self, table: str, column: str) -> pa.Array:
        """A column of text of a table of the snapshot, decoded once."""
        made = self.texts.get((table, column))
        if made is None:
            made = self.texts[table, column] = self.snapshot.tables[table].text(column)
        return made

    def number(self, party: str) -> int | None:
        """Number of a party by any of its ids; None if this desk knows no such party."""
        return self.snapshot.number_of.get(party)

    def id(self, number: int) -> str:
        """Id of a numbered party."""
        return str(self.snapshot.party_ids[number].as_py())

    def kind(self, number: int) -> str:
        """Kind of a numbered party."""
        return PARTY_KINDS[self.snapshot.parties["kind"][number]]

    def names(self, party: str) -> Names:
        """How a party is shown; a natural person without a name unless the scope names them."""
        number = self.number(party)
        if number is None:
            return Names(party, "", "", "", withheld=False)
        kind = self.kind(number)
        if kind == "person" and not self.scope.names:
            return Names(self.id(number), "", "", kind, withheld=True)
        name, english = (self.text("parties", c)[number].as_py() or "" for c in ("name", "name_en"))
        return Names(self.id(number), name, english, kind, withheld=False)

    def group_names(self, group: str) -> Names:
        """How a group is shown: as the source that it is named after."""
        return self.names(group.removeprefix(GROUP))

    @cached_property
    def lenders(self) -> dict[str, Names]:
        """The lenders by id in the order of the book, each with its names (in English as the party that it is)."""
        rows = self.snapshot.tables["lenders"]
        english = [
            self.text("parties", "name_en")[int(p)].as_py() if p >= 0 else None for p in rows["party_id"]
        ]
        told = zip(rows.text("lender_id").to_pylist(), rows.text("name").to_pylist(), english, strict=True)
        return {i: Names(i, name or "", other or "", "lender", withheld=False) for i, name, other in told}

    def lender(self, lender: str | None) -> Names | None:
        """How a lender is shown; None for all of them together."""
        return (
            None
            if lender is None
            else self.lenders.get(lender, Names(lender, "", "", "lender", withheld=False))
        )

    @cached_property
    def products(self) -> list[str]:
        """Products that facilities have, sorted."""
        return sorted(p for p in pc.unique(self.text("facilities", "product")).to_pylist() if p)

    @cached_property
    def owing(self) -> Csr:
        """Facilities by obligor."""
        return Csr.of(self.snapshot.tables["facilities"]["obligor_id"], self.snapshot.n)

    @cached_property
    def promises(self) -> tuple[Int32, Int32, Int32]:
        """Guarantor, obligor and guarantee (row) of every guaranteed debtor, each pair and guarantee once."""
        held, covers = self.snapshot.tables["guarantees"], self.snapshot.tables["guarantee_covers"]
        number, facility = covers["guarantee_id"], covers["facility_id"]
        debtor = np.append(self.snapshot.tables["facilities"]["obligor_id"], np.int32(-1))[facility]
        whole = np.flatnonzero(held["obligor_id"] >= 0).astype(np.int32)
        row = np.concatenate([number, whole])
        owed = np.concatenate([debtor, held["obligor_id"][whole]])
        pairs = np.unique(np.stack([row, owed])[:, (row >= 0) & (owed >= 0)], axis=1)
        return np.asarray(held["guarantor_id"][pairs[0]], np.int32), pairs[1], pairs[0]

    @cached_property
    def webs(self) -> tuple[Int32, Int32, Int32]:
        """The guarantee network: part of every party, the parties in it, and its parts by size, largest first."""
        guarantor, obligor, _ = self.promises
        n = self.snapshot.n
        ties = coo_array((np.ones(len(guarantor), np.int8), (guarantor, obligor)), shape=(n, n))
        part = np.asarray(connected_components(ties, directed=False)[1], np.int32)
        marks = np.zeros(n, bool)
        marks[guarantor] = marks[obligor] = True
        inside = np.flatnonzero(marks).astype(np.int32)
        size = np.bincount(part[inside], minlength=1)
        order = np.argsort(-size, kind="stable").astype(np.int32)
        return part, inside, order[: np.count_nonzero(size)]

    @cached_property
    def given(self) -> Csr:
        """Places in ``promises`` by guarantor."""
        return Csr.of(self.promises[0], self.snapshot.n)

    @cached_property
    def received(self) -> Csr:
        """Places in ``promises`` by obligor."""
        return Csr.of(self.promises[1], self.snapshot.n)

    @cached_property
    def holdings(self) -> Csr:
        """Rows of ownership by the party that is owned."""
        return Csr.of(self.snapshot.tables["ownership"]["owned_id"], self.snapshot.n)

    @cached_property
    def index(self) -> Index:
        """All names and ids of the book, to be searched."""
        from app.desk.search import index

        return index(self)

    @cached_property
    def whatif(self) -> WhatIf:
        """Questions about proposed changes."""
        return WhatIf.of(self.analysis)

    @cached_property
    def booked(self) -> Booked:
        """Which ids that reservations name are in the book."""
        return Booked(self.analysis.snapshot)

    def ready(self) -> None:
        """Make now what pages ask for again and again, so that the first reader does not wait for it."""
        for held in ("lenders", "owing", "holdings", "given", "received", "webs"):
            getattr(self, held)

    def place(self, table: str, row: int) -> str:
        """File and line of a row in force, as people write it."""
        held = self.snapshot.tables[table]
        if self.snapshot.book is None:
            return ""
        file, line = self.snapshot.book.place(table, int(held.row[row]))
        return f"{file}:{line}"


def first(table: pa.Table, count: int, where: pa.Array | None = None, **order: str) -> list[Row]:
    """The first rows of a table, or of those ``where`` a mask is true, by some columns; the others are not moved.

    ``order`` names columns and says ``ascending`` or ``descending`` of each.
    """
    at = pa.array(np.arange(table.num_rows)) if where is None else pc.indices_nonzero(where)
    keys = table.select(list(order)).take(at)
    best = pc.sort_indices(keys, sort_keys=list(order.items())).slice(0, count)
    return table.take(at.take(best)).to_pylist()  # type: ignore[no-any-return]


def open_desk(
    store: Store, scope: Scope, request: Request, version: int | None = None, *, apart: bool = True
) -> Desk:
    """The desk of a version (by default the latest) for a scope; its report is made now if it is not kept yet.

    That of a large book is made ``apart``, by a process of its own.
    """
    snapshot, noticed = compiled(store.url, version=version)
    previous = earlier(store.url, snapshot, None, int(house().setting("compare", "days")))
    if scope.lender:
        snapshot, noticed = _narrowed(snapshot, scope.lender)
        previous = None if previous is None else _narrowed(previous, scope.lender)[0]
    analysis = Analysis(snapshot, request, noticed, previous=previous)
    if apart and large(snapshot) and not is_kept(analysis, store, scope.lender):
        made(store.url, scope, request, snapshot.version)
    tables, summary = reported(analysis, store, scope.lender)
    if scope.lender:
        tables = _own_level(tables)
    desk = Desk(store, snapshot, tables, summary, scope, analysis)
    return desk if scope.names else replace(desk, tables={**tables, "groups": _unnamed(desk)})


def _unnamed(desk: Desk) -> pa.Table:
    """The groups without the names of natural persons that they are named after."""
    table = desk.tables["groups"]
    shown = [desk.group_names(group) for group in table["group_id"].to_pylist()]
    for column, values in (("name", [n.name for n in shown]), ("name_en", [n.name_en for n in shown])):
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.array([v or None for v in values], pa.string()))
    return table


def _own_level(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables without what is tested on all lenders together: one lender's part of it would be a wrong number."""
    made = dict(tables)
    for name in ("limits", "large_exposures"):
        level = pc.fill_null(made[name]["level"], "")
        made[name] = made[name].filter(pc.not_equal(level, "consolidated"))
    rule = pc.fill_null(made["findings"]["rule"], "")
    made["findings"] = made["findings"].filter(pc.invert(pc.ends_with(rule, ", consolidated")))
    return made


def _narrowed(snapshot: Snapshot, lender: str) -> tuple[Snapshot, list[Any]]:
    """The snapshot of a lender's part of the book, and what its rows tell about themselves."""
    from app.receipts import findings
    from graph.errors import StoreError
    from ingest.notices import notices

    if snapshot.book is None:
        raise refusal(StoreError, "no_book")
    book = part_of(snapshot.book, lender)
    return Snapshot.of(book, snapshot.as_of, snapshot.base), findings(notices(book), book)
