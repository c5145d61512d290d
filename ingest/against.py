"""Against the store: what only shows when a delta meets the facts that it changes.

A subsidiary's facts refer only to one another. So an id that a delta refers to is in the delta or among the
subsidiary's facts of that day, and an id that it deletes is referred to no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.deliveries import Delivery
from graph.ids import one_chunk
from graph.keys import KeySet, fingerprints
from graph.model import TABLES, Column, Table
from graph.resolve import Conflict, conflicts
from graph.rows import below, keeping
from graph.store import Among, Reader
from ingest.problems import Problems

Rows = npt.NDArray[np.integer]
Told = tuple[str, str, str, str, str]

_TELLING: Final = {"parties": frozenset({"uscc", "lei"}), "facilities": frozenset({"lender_id"})}
"""Columns that show, where two sources fill them differently, that an id stands for two things."""


def dangling(book: Book, delivery: Delivery, reader: Reader, problems: Problems) -> None:
    """Every id that a delta refers to is in it, or among its subsidiary's facts."""
    for table, column in _references(book):
        wanted = one_chunk(book.table(table.name).column(column.name).cast(pa.string()), pa.string())
        known = _ids(book, column.ref)
        rows = np.flatnonzero(np.asarray(pc.and_(pc.is_valid(wanted), pc.invert(pc.is_in(wanted, known)))))
        if not len(rows):
            continue
        asked = wanted.take(pa.array(rows))
        rows = rows[~np.asarray(pc.is_in(asked, _held(column.ref, asked, delivery, reader)))]
        remedy = f"add it to {column.ref}, here or in an earlier delivery, or correct the id"
        _report(book, problems, (table, column), rows, "dangling_reference", remedy)


def _report(
    book: Book, problems: Problems, at: tuple[Table, Column], rows: Rows, rule: str, remedy: str
) -> None:
    """A problem of each of these rows."""
    table, column = at
    values = book.table(table.name).column(column.name)
    message = f"{column.ref} has no such {TABLES[column.ref].key[0]}, in the delta or before it"

    def tell(i: int) -> tuple[str, str, str, str, str]:
        return column.name, str(values[int(rows[i])].as_py()), rule, message, remedy

    problems.of_rows(table.name, rows, lambda row: book.place(table.name, row), tell)


def _references(book: Book) -> Iterator[tuple[Table, Column]]:
    """Columns of the book that name rows of another table."""
    for name, table in TABLES.items():
        if name in book.tables:
            held = set(book.tables[name].column_names)
            yield from ((table, c) for c in table.columns if c.ref and c.name in held)


def _ids(book: Book, name: str) -> pa.Array:
    """Ids of one of the book's tables."""
    if name not in book.tables:
        return pa.array([], pa.string())
    return one_chunk(book.tables[name].column(TABLES[name].key[0]).cast(pa.string()), pa.string())


def _held(name: str, ids: pa.Array, delivery: Delivery, reader: Reader) -> pa.Array:
    """Those of the ids that the subsidiary's facts of the delivery's day have."""
    key = TABLES[name].key[0]
    only = Among(by=delivery.by, as_of=delivery.period, columns=(key,))
    held = reader.matching(name, pa.table({key: pc.unique(ids)}), only)
    return one_chunk(held.column(key).cast(pa.string()), pa.string())


def referred(
    book: Book, deleted: Mapping[str, pa.Table], delivery: Delivery, reader: Reader
) -> Iterator[tuple[str, str, str]]:
    """Deleted ids that something still refers to: table and id of each, and a row that does."""
    for name, keys in deleted.items():
        gone = _gone(name, keys, book, delivery, reader)
        for table in TABLES.values():
            for column in (c for c in table.columns if c.ref == name):
                like = pa.table({column.name: gone})
                left = reader.matching(table.name, like, Among(by=delivery.by, as_of=delivery.period))
                left = _not_in(left, book, deleted, table)
                new = _own(book, table.name, like)
                for rows in (left, new):
                    for row in rows.to_pylist():
                        named = "/".join(str(row.get(k) or "") for k in table.key)
                        yield name, row[column.name], f"{table.name} {named}"


def absent(deleted: Mapping[str, pa.Table], delivery: Delivery, reader: Reader) -> dict[str, int]:
    """How many deleted keys by table are not among the subsidiary's facts: sent twice, or misspelt."""
    found = {}
    for name, keys in ((n, k) for n, k in deleted.items() if k.num_rows):
        key = TABLES[name].key
        held = reader.matching(name, keys.select(key), Among(by=delivery.by, columns=key))
        there = KeySet(fingerprints(held, key)).rows(fingerprints(keys, key)) >= 0
        found[name] = keys.num_rows - int(there.sum())
    return {name: count for name, count in found.items() if count}


def _gone(name: str, keys: pa.Table, book: Book, delivery: Delivery, reader: Reader) -> pa.Array:
    """Ids of which the deletion leaves no row."""
    key = TABLES[name].key[0]
    if len(TABLES[name].key) > 1:
        return pa.array([], pa.string())
    ids = pc.unique(one_chunk(keys.column(key), pa.string()))
    before = reader.matching(name, pa.table({key: ids}), Among(by=delivery.by, as_of=delivery.period))
    left = _not_in(before, Book({}), {name: keys}, TABLES[name])
    kept = pa.concat_arrays([_ids(Book({name: left}), name), _ids(book, name)])
    return ids.filter(pc.invert(pc.is_in(ids, kept)))


def _not_in(rows: pa.Table, book: Book, deleted: Mapping[str, pa.Table], table: Table) -> pa.Table:
    """Rows that the delta neither replaces nor deletes."""
    stay = np.ones(rows.num_rows, bool)
    exact, keys = (*table.key, "valid_from"), deleted.get(table.name)
    named: list[tuple[pa.Table, tuple[str, ...]]] = [(book.table(table.name), exact)]
    if keys is not None:
        dated = pc.is_valid(keys.column("valid_from"))
        named += [(keys.filter(dated), exact), (keys.filter(pc.invert(dated)), table.key)]
    for other, columns in named:
        if other.num_rows:
            stay &= KeySet(fingerprints(other, columns)).rows(fingerprints(rows, columns)) < 0
    return rows.filter(pa.array(stay))


def _own(book: Book, name: str, like: pa.Table) -> pa.Table:
    """Rows of the delta that agree with some row of ``like``."""
    rows = book.table(name)
    on = like.column_names
    if not rows.num_rows or on[0] not in rows.column_names:
        return rows.slice(0, 0)
    return rows.filter(pa.array(KeySet(fingerprints(like, on)).rows(fingerprints(rows, on)) >= 0))


def without(book: Book, problems: Problems) -> Book:
    """The book without the rows with a problem."""
    left = {}
    for name, table in book.tables.items():
        rows = problems.concerned(name)
        if len(rows):
            left[name] = np.ones(table.num_rows, bool)
            left[name][rows] = False
    return keeping(book, left)


def disagreements(book: Book, delivery: Delivery, reader: Reader) -> list[Conflict]:
    """Keys on which the delivery and other subsidiaries' facts say different things on the delivery's day."""
    day = delivery.period or book.default_as_of()
    found: dict[str, pa.Table] = {}
    for name, table in book.tables.items():
        like = table.select([c for c in TABLES[name].key if c in table.column_names])
        others = reader.matching(name, like, Among(but=delivery.by, as_of=delivery.period))
        if others.num_rows:
            mine = _own(book, name, others.select([c for c in like.column_names if c in others.column_names]))
            held = below([_named(mine, delivery.by), others])
            found |= {name: held} if held is not None else {}
    return conflicts(found, day)


def collisions(book: Book, found: Iterable[Conflict], problems: Problems) -> None:
    """One id for two things: the same party with other identifiers, the same facility of another lender.

    Parties and facilities are never taken for one another's on their id alone.
    """
    wrong = [c for c in found if _TELLING.get(c.table, frozenset()) & set(c.columns)]
    for name in sorted({c.table for c in wrong}):
        key = TABLES[name].column(TABLES[name].key[0])
        ids = {c.key[0]: c for c in wrong if c.table == name}
        held = book.table(name).column(key.name).cast(pa.string())
        rows = np.flatnonzero(np.asarray(pc.is_in(held, pa.array(list(ids), pa.string()))))
        named = one_chunk(held, pa.string()).take(pa.array(rows)).to_pylist()

        def tell(i: int, named: list[str] = named, ids: dict[str, Conflict] = ids, key: Column = key) -> Told:
            held = ids[named[i]]
            told = f"{' and '.join(held.sources)} use this id with other {', '.join(held.columns)}"
            return (
                key.name,
                named[i],
                "one_id_for_two",
                told,
                "give one of them a prefix in a mapping, or correct it",
            )

        problems.of_rows(name, rows, lambda row, name=name: book.place(name, row), tell)  # type: ignore[misc]


def _named(rows: pa.Table, by: str) -> pa.Table:
    """Rows with the subsidiary as their source."""
    if "source" in rows.column_names:
        return rows
    return rows.append_column("source", pa.array([by] * rows.num_rows, pa.string()))
