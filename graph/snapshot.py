"""Snapshot: a book as of one day, compiled to whole-number arrays that the engine reads.

Parties are numbered so that those under one majority holder stand together (memory locality); every other
table keeps the order of its rows. Nothing in a result may depend on these numbers, only on ids.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.csr import Csr
from graph.errors import OptionError
from graph.identity import OWN, Identities, identities
from graph.ids import one_chunk, text_rank
from graph.kernels import csr as _kernels
from graph.model import BOOL, CURRENCY, DATE, TABLES, Column, Table
from graph.money import NULL, Fx

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Array = npt.NDArray[np.signedinteger]

NO_DATE: Final = -(2**31)
"""Stands for an unknown date in int32 columns of days since 1970."""


@dataclass(frozen=True)
class Rows:
    """The rows of one table that are in force: ``rows["drawn"]`` is a column as whole numbers.

    Decimals are int64 in the kind's unit (``NULL`` unknown), dates int32 days (``NO_DATE``), booleans and
    enumerations int8 (-1), currencies int16 (-1), references int32 numbers of the other table's rows (-1).
    ``text`` gives ids and texts, ``row`` the row of the book that each came from.
    """

    table: Table
    row: Int32
    numbers: dict[str, Array]
    texts: dict[str, pa.Array]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.row)

    def __contains__(self, column: str) -> bool:
        """Whether the column was delivered."""
        return column in self.numbers or column in self.texts

    def __getitem__(self, column: str) -> Array:
        """A column of numbers; all unknown if it was not delivered."""
        held = self.numbers.get(column)
        if held is None:
            held = self.numbers.setdefault(column, _unknown(self.table.column(column), len(self)))
        return held

    def text(self, column: str) -> pa.Array:
        """A column of text as an Arrow string array; all null if it was not delivered."""
        held = self.texts.get(column)
        if held is None:
            return pa.nulls(len(self), pa.string())
        return held.dictionary_decode() if pa.types.is_dictionary(held.type) else held

    @cached_property
    def rank(self) -> Int32:
        """Place of each row among the ids of the table, in the order of code points: int32."""
        return text_rank(self.text(self.table.key[0]))

    def words(self, column: str) -> tuple[Int32, list[str]]:
        """A column of text as codes (int32, -1 = empty) and the words that they stand for."""
        held = self.texts.get(column)
        if held is None:
            return np.full(len(self), -1, np.int32), []
        coded = held if pa.types.is_dictionary(held.type) else held.dictionary_encode()
        codes = np.asarray(pc.fill_null(coded.indices.cast(pa.int32()), -1))
        return codes, coded.dictionary.to_pylist()


@dataclass(frozen=True)
class Stakes:
    """Who owns whom, holdings of one pair added up, own shares set apart; a band counts with its lower end.

    By company: the stakes in c are ``owner[ptr[c]:ptr[c+1]]`` with ``share`` and ``votes`` (parts per 10^9;
    unknown holdings count nothing and are numbered in ``blank_share`` / ``blank_votes`` per company).
    By owner: ``owned[out_ptr[o]:out_ptr[o+1]]`` with ``out_share`` and ``out_votes``. ``own_share`` and
    ``own_votes`` are what a company holds in itself (treasury stock).
    """

    ptr: Int64
    owner: Int32
    share: Int64
    votes: Int64
    out_ptr: Int64
    owned: Int32
    out_share: Int64
    out_votes: Int64
    own_share: Int64
    own_votes: Int64
    blank_share: Int32
    blank_votes: Int32

    @classmethod
    def of(cls, owner: Int32, owned: Int32, share: Int64, votes: Int64, n: int) -> Stakes:
        """Compile holdings: int32 parties, int64 parts per 10^9 (NULL = unknown), n parties."""
        by_owner = Csr.of(np.where(owned >= 0, owner, -1).astype(np.int32), n).rows
        order = by_owner[Csr.of(owned[by_owner], n).rows]
        a, b, s, v, *own = _kernels.merge_stakes(owner, owned, share, votes, order, n, NULL)
        ptr = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(b, minlength=n), out=ptr[1:])
        out = Csr.of(a, n)
        return cls(ptr, a, s, v, out.ptr, b[out.rows], s[out.rows], v[out.rows], *own)

    @cached_property
    def total_share(self) -> Int64:
        """Sum of the known shares of each company, own shares included: int64 (n,), parts per 10^9."""
        sums = np.concatenate([[0], np.cumsum(self.share)])
        return np.asarray(sums[self.ptr[1:]] - sums[self.ptr[:-1]] + self.own_share, np.int64)


@dataclass(frozen=True)
class Snapshot:
    """A book as of one day in one base currency, frozen.

    ``tables`` holds every table's rows in force; a party's number is its row in ``tables["parties"]``. Ids that are
    judged to be one party have one number: ``identities`` says which (``graph.identity``). ``judgements`` is the number
    of the latest record of the journal that it was compiled with, 0 for none (``graph.judgements``).
    Raises ``OptionError`` if an other base than the book's has no rate.
    """

    as_of: dt.date
    fx: Fx
    version: int
    source: str
    tables: Mapping[str, Rows]
    stakes: Stakes
    book: Book | None = field(default=None, repr=False, compare=False)
    identities: Identities = field(default_factory=Identities)
    judgements: int = 0

    def outlined(self) -> Snapshot:
        """The same with no more of its book than results ask for; all of it where ids were merged (``named``)."""
        if self.book is None or self.identities.others:
            return self
        return replace(self, book=self.book.outline())

    @classmethod
    def of(cls, book: Book, as_of: dt.date | None = None, base: str | None = None) -> Snapshot:
        """Compile a book, by default as of its own date and in its own base currency."""
        day = as_of or book.default_as_of()
        currencies = book.currencies()
        rows = {name: _in_force(book, name, day) for name in TABLES}
        one = identities(book, rows)
        rows = one.without(rows)
        rows["parties"] = _by_family(book, rows)
        numbers = {name: _by_first_row(book, name, rows[name]) for name in _REFERRED}
        numbers["parties"] = one.numbered(numbers["parties"])
        own = _compile(book, TABLES["ownership"], rows["ownership"], numbers, currencies)
        share = np.where(own["share"] == NULL, own["share_min"], own["share"])
        votes = np.where(own["voting"] == NULL, share, own["voting"])
        with ThreadPoolExecutor(1) as pool:
            others = {
                name: pool.submit(_compile, book, TABLES[name], rows[name], numbers, currencies)
                for name in TABLES
                if name != "ownership"
            }
            stakes = Stakes.of(own["owner_id"], own["owned_id"], share, votes, len(rows["parties"]))
            tables = {name: others[name].result() if name in others else own for name in TABLES}
        if one.merged:
            others_rows = np.array([row for m in one.merged for row in m.rows[1:]], np.int32)
            told = _compile(book, TABLES["parties"], others_rows, numbers, currencies)
            lead = numbers["parties"][book.index("parties").first[others_rows]]
            tables["parties"] = _filled(tables["parties"], told, lead)
        fx = _rates(tables["fx"], book, day, base, currencies)
        return cls(day, fx, book.version, book.source, tables, stakes, book, one, book.judgements)

    @property
    def base(self) -> str:
        """The base currency, which all amounts of results are in."""
        return self.fx.base

    @property
    def parties(self) -> Rows:
        """The parties; every id of the book names one, also where its row is not in force."""
        return self.tables["parties"]

    @property
    def n(self) -> int:
        """How many parties there are."""
        return len(self.parties)

    @cached_property
    def party_ids(self) -> pa.Array:
        """Ids of the parties by number, an Arrow string array."""
        return self.parties.text("party_id")

    @property
    def party_rank(self) -> Int32:
        """Place of each party in the order of ids (code points): int32 (n,), for ties and sorted output."""
        return self.parties.rank

    @cached_property
    def number_of(self) -> dict[str, int]:
        """Number of each party by id, for questions about single parties; ids of one party have one number."""
        made = {party: i for i, party in enumerate(self.party_ids.to_pylist())}
        return made | {alias: made[m.ids[0]] for m in self.identities.merged for alias in m.ids[1:]}

    def named(self, table: str, column: str) -> Int32:
        """A reference to parties by the id that stands there: its number, or n + k for the k-th id that gives way.

        int32 (rows of the table,), -1 for an empty cell. The ids that give way are ``identities.others``.
        """
        rows = self.tables[table]
        others = self.identities.others
        if not others or self.book is None:
            return np.asarray(rows[column], np.int32)
        first = self.book.index("parties").first
        place = {int(first[row]): self.n + k for k, (_, row, _) in enumerate(others)}
        stands = self.book.codes(table, column)[rows.row]
        made = np.array(rows[column], np.int32)
        at = np.flatnonzero(np.isin(stands, list(place)))
        made[at] = [place[code] for code in stands[at].tolist()]
        return made

    def in_base(self, table: str, column: str) -> Int64:
        """A money column in base minor units: int64, NULL where the amount or its rate is unknown.

        An empty currency means the base where the model says so (``Column.doc``), else unknown.
        """
        rows = self.tables[table]
        lenient = "empty = base" in TABLES[table].column("currency").doc
        return self.fx.convert(rows[column], rows["currency"], empty_is_base=lenient)


_REFERRED: Final = ("parties", "lenders", "facilities", "umbrellas", "guarantees", "collateral")


def _unknown(column: Column, n: int) -> Array:
    """An all-unknown column of the type that ``Rows`` describes."""
    if column.ref or column.kind is CURRENCY:
        return np.full(n, -1, np.int32 if column.ref else np.int16)
    if column.kind is DATE:
        return np.full(n, NO_DATE, np.int32)
    if column.kind is BOOL or column.values:
        return np.full(n, -1, np.int8)
    return np.full(n, NULL, np.int64)


def _in_force(book: Book, name: str, day: dt.date) -> Int32:
    """Rows of a table that hold on the day: int32 row numbers.

    A table that others refer to by id keeps every id: where no row of an id is in force, its first stands in.
    """
    table = book.table(name)
    n = table.num_rows
    valid = np.ones(n, bool)
    days = (day - dt.date(1970, 1, 1)).days
    for column, holds in (("valid_from", np.less_equal), ("valid_to", np.greater)):
        values = book.column(name, column)
        if values is not None and values.null_count < n:
            dates = np.asarray(pc.fill_null(one_chunk(values, pa.date32()).cast(pa.int32()), NO_DATE))
            valid &= (dates == NO_DATE) | holds(dates, days)
    if name in ("parties", "lenders"):
        first = book.index(name).first
        chosen = np.full(n, -1, np.int32)
        chosen[first[::-1]] = np.arange(n - 1, -1, -1, dtype=np.int32)
        live = np.flatnonzero(valid).astype(np.int32)
        chosen[first[live]] = live
        return chosen[chosen >= 0]
    return np.flatnonzero(valid).astype(np.int32)


def _by_first_row(book: Book, name: str, rows: Int32) -> Int32:
    """Number among ``rows`` by the first book row of each id: int32 (rows of the table,), -1 elsewhere."""
    number = np.full(book.table(name).num_rows, -1, np.int32)
    number[book.index(name).first[rows]] = np.arange(len(rows), dtype=np.int32)
    return number


def _by_family(book: Book, rows: Mapping[str, Int32]) -> Int32:
    """The parties' rows in force, those below one largest holder together: int32 (parties,)."""
    first = book.index("parties").first
    stakes = rows["ownership"]
    given = [c for name in ("voting", "share") if (c := book.column("ownership", name)) is not None]
    if not given or not len(stakes):
        return rows["parties"]
    votes = pc.fill_null(pc.coalesce(*given), 0)
    holder = _kernels.largest_holder(
        book.codes("ownership", "owner_id")[stakes],
        book.codes("ownership", "owned_id")[stakes],
        np.asarray(votes)[stakes],
        len(first),
    )
    place = _kernels.family_order(holder)
    ordered = np.full(len(first), -1, np.int32)
    ordered[place[first[rows["parties"]]]] = rows["parties"]  # one row of each id is in force
    return ordered[ordered >= 0]


def _take(column: pa.ChunkedArray, rows: Int32, total: int) -> pa.Array:
    """The chosen rows of a column as one array; no copy where all are chosen in order."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if len(rows) == total and (total == 0 or (rows[0] == 0 and bool(np.all(np.diff(rows) == 1)))):
        return array
    return array.take(pa.array(rows))


def _compile(
    book: Book, table: Table, rows: Int32, numbers: Mapping[str, Int32], currencies: list[str]
) -> Rows:
    """All delivered columns of the rows in force, as ``Rows`` describes them."""
    held = book.table(table.name)
    made: dict[str, Array] = {}
    texts: dict[str, pa.Array] = {}
    for column in table.columns:
        if column.name not in held.column_names:
            continue
        if column.ref:
            codes = book.codes(table.name, column.name)
            made[column.name] = _kernels.renumber(codes, rows, numbers[column.ref])
            continue
        array = _take(held.column(column.name), rows, held.num_rows)
        if column.values:
            made[column.name] = _coded(array, list(column.values)).astype(np.int8)
        elif column.kind is CURRENCY:
            made[column.name] = _coded(array, currencies).astype(np.int16)
        elif column.kind.arrow == pa.string():
            texts[column.name] = array
        else:
            made[column.name] = _numbers(array, column)
    return Rows(table, rows, made, texts)


def _filled(rows: Rows, told: Rows, lead: Int32) -> Rows:
    """Parties with what is unknown of them filled in from their other ids: ``told[i]`` is of party ``lead[i]``.

    The first id that says something counts.
    """
    numbers, texts = dict(rows.numbers), dict(rows.texts)
    for name, more in told.numbers.items():
        blank = _unknown(rows.table.column(name), 1)[0]
        at = np.flatnonzero((more != blank) & (numbers[name][lead] == blank))[::-1]
        if len(at):
            numbers[name] = numbers[name].copy()
            numbers[name][lead[at]] = more[at]
    for name in set(told.texts) - OWN:
        known = np.asarray(pc.is_valid(told.texts[name])) & ~np.asarray(pc.is_valid(texts[name]))[lead]
        words = dict(zip(lead[known][::-1].tolist(), np.flatnonzero(known)[::-1].tolist(), strict=True))
        if words:
            plain, coded = rows.text(name), pa.types.is_dictionary(texts[name].type)
            at = np.array(sorted(words), np.int64)
            mask = np.zeros(len(plain), bool)
            mask[at] = True
            new = told.text(name).take(pa.array([words[i] for i in at.tolist()], pa.int64()))
            made = pc.replace_with_mask(plain, pa.array(mask), new)
            texts[name] = made.dictionary_encode() if coded else made
    return Rows(rows.table, rows.row, numbers, texts)


def _coded(array: pa.Array, words: list[str]) -> Int32:
    """Place of each text in a list of words, -1 for null."""
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    place = {w: i for i, w in enumerate(words)}
    lut = np.array([place.get(w, -1) for w in coded.dictionary.to_pylist()] + [-1], np.int32)
    return np.asarray(lut[np.asarray(pc.fill_null(coded.indices.cast(pa.int32()), -1))], np.int32)


def _numbers(array: pa.Array, column: Column) -> Array:
    """A column of decimals, counts, dates or booleans as whole numbers."""
    blank = _unknown(column, 0)
    if column.kind is BOOL:
        return np.asarray(pc.fill_null(array.cast(pa.int8()), -1))
    if column.kind is DATE:
        return np.asarray(pc.fill_null(array.cast(pa.int32()), NO_DATE))
    whole = array.cast(pa.int64())
    if whole.null_count:
        whole = pc.fill_null(whole, NULL)
    return np.asarray(whole).astype(blank.dtype, copy=False)


def _rates(rows: Rows, book: Book, day: dt.date, base: str | None, currencies: list[str]) -> Fx:
    """The latest rate of each currency that is not after the day; the first row wins among equals."""
    own = book.default_base()
    wanted = base or own
    days = (day - dt.date(1970, 1, 1)).days
    latest: dict[str, tuple[int, int]] = {}
    for code, date, rate in zip(
        rows["currency"].tolist(), rows["date"].tolist(), rows["rate"].tolist(), strict=True
    ):
        if date <= days and rate != NULL and date > latest.get(currencies[code], (NO_DATE - 1, 0))[0]:
            latest[currencies[code]] = (date, rate)
    rates = {c: r for c, (_, r) in latest.items()}
    rates.setdefault(own, 10**12)
    if wanted != own and wanted not in rates:
        raise OptionError(
            f"no rate for the base currency {wanted!r} on or before {day}: add one to fx or choose another base"
        )
    names = currencies if wanted in currencies or not wanted else [*currencies, wanted]
    return Fx.at(wanted, names, rates)
