"""Checks: one function a rule; what breaks one is a problem that stops a report (or sets the row aside).

Each reads a whole book by columns, and adds what it finds to a ``Problems``; the order of rules, tables and
rows is fixed. What is odd but readable is no problem: see ``ingest.notices``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.errors import Problem
from graph.ids import UNKNOWN_ID, one_chunk
from graph.model import CURRENCY, REQUIRED_TABLES, TABLES, Column, Table
from ingest.keys import clashes, equal_rows, first_rows
from ingest.problems import Problems
from ingest.sources.files import guess

Rows = npt.NDArray[np.integer]

REPEATABLE: Final = frozenset(
    {"members", "control", "kin", "same_as", "dependence", "co_obligors", "guarantee_covers"}
)
"""Tables of ties without amounts, in which the same row twice says one thing twice."""
_IN_PERCENT: Final = "; if the column is in percent, say percent = true in a mapping"


def missing_table(book: Book, problems: Problems) -> None:
    """Parties and facilities must be there."""
    for name in REQUIRED_TABLES:
        if name not in book.tables and name not in problems.damaged:
            message, remedy = "the table is missing", f"add {name}.csv or {name}.parquet"
            problems.of_file(Problem(name, 0, "", "", "missing_table", message, remedy), name)


def missing_cell(book: Book, problems: Problems) -> None:
    """Keys, references and enumerations that a file must have are filled in every row.

    An empty amount or name is unknown, which is no error.
    """
    for table, column in _columns(book):
        if not column.required or not (column.key or column.ref or column.values):
            continue
        values = book.table(table.name).column(column.name)
        if not values.null_count:
            continue
        rows = np.flatnonzero(np.asarray(pc.is_null(values)))
        unread = problems.unread.get((table.name, column.name))
        if unread:
            rows = np.setdiff1d(rows, np.concatenate(unread))
        what = "key" if column.key else "reference" if column.ref else "value"
        _report(book, problems, (table, column), rows, "missing_cell", (f"the {what} is empty", "fill it in"))


def duplicate_key(book: Book, problems: Problems) -> None:
    """No two rows of one key hold on the same day; a tie that is only said again counts once.

    A tie without an amount that stands twice in the same words (``REPEATABLE``) is one fact: the later row is
    set aside and counted. Two equal stakes, say, may be two holdings, and stay an error.
    """
    for name in book.tables:
        table = TABLES[name]
        if problems.damaged & {name, *(table.column(c).ref for c in table.key)}:
            continue  # without its ids nothing can be said of their uniqueness
        first, repeated = first_rows(book, name)
        if not repeated:
            continue
        rows, other = clashes(book, name, first)
        if name in REPEATABLE:
            again = equal_rows(book.table(name), rows, other)
            if again.any():
                problems.repeats[name] = np.unique(rows[again])
            rows, other = rows[~again], other[~again]
        column = table.column(table.key[0])

        def tell(i: int, other: Rows = other, table: Table = table) -> tuple[str, str]:
            file, line = book.place(table.name, int(other[i]))
            keys = ", ".join(table.key)
            return (
                f"the same {keys} as in {file}, row {line}, and both hold at one time",
                "keep one of the two, or give each its valid_from and valid_to",
            )

        _report(book, problems, (table, column), rows, "duplicate_key", tell)
        problems.earlier[name] = (rows, other)


def dangling_reference(book: Book, problems: Problems) -> None:
    """Every id that names a row of another table is there."""
    for table, column in _columns(book):
        if not column.ref or column.ref in problems.damaged:
            continue
        codes = book.codes(table.name, column.name)
        rows = np.flatnonzero(codes == UNKNOWN_ID)
        message = f"{column.ref} has no such {TABLES[column.ref].key[0]}"
        remedy = f"add it to {column.ref} or correct the id"
        _report(book, problems, (table, column), rows, "dangling_reference", (message, remedy))


def unlisted_value(book: Book, problems: Problems) -> None:
    """Values of a closed list are in it, currencies are three capital letters."""
    for table, column in _columns(book):
        if not column.values and column.kind is not CURRENCY:
            continue
        held = book.table(table.name).column(column.name)
        coded = one_chunk(held, held.type)
        coded = coded if pa.types.is_dictionary(coded.type) else coded.dictionary_encode()
        words = coded.dictionary.to_pylist()
        wrong = np.array([not _listed(column, w) for w in words] + [False])
        if not wrong.any():
            continue
        rows = np.flatnonzero(wrong[np.asarray(pc.fill_null(coded.indices, len(words)))])

        def tell(
            i: int, rows: Rows = rows, coded: pa.DictionaryArray = coded, column: Column = column
        ) -> tuple[str, str]:
            return _wrong_word(column, coded[int(rows[i])].as_py())

        _report(book, problems, (table, column), rows, "unlisted_value", tell)


def out_of_range(book: Book, problems: Problems) -> None:
    """Shares lie in 0..1, amounts and counts are not negative, rates are above 0."""
    for table, column in _columns(book):
        kind = column.kind
        if kind.arrow != pa.int64():
            continue
        values = one_chunk(book.table(table.name).column(column.name), pa.int64())
        if values.null_count == len(values):
            continue
        span = pc.min_max(values).as_py()
        if span["min"] >= kind.low and span["max"] <= kind.high:
            continue
        outside = pc.or_(pc.less(values, kind.low), pc.greater(values, kind.high))
        rows = np.flatnonzero(np.asarray(pc.fill_null(outside, False)))  # noqa: FBT003 - Arrow's own signature

        def tell(i: int, at: tuple[Table, Column] = (table, column), rows: Rows = rows) -> tuple[str, str]:
            share = at[1].kind.high == at[1].kind.scale and not _shift(book, problems, at, int(rows[i]))
            return f"no {at[1].kind.doc}", "check sign and unit" + (_IN_PERCENT if share else "")

        _report(book, problems, (table, column), rows, "out_of_range", tell)


def empty_validity(book: Book, problems: Problems) -> None:
    """A fact ends after it begins: valid_to is exclusive."""
    for name, table in book.tables.items():
        if not {"valid_from", "valid_to"} <= set(table.column_names):
            continue
        begins, ends = table.column("valid_from"), table.column("valid_to")
        never = pc.fill_null(pc.less_equal(ends, begins), False)  # noqa: FBT003 - Arrow's own signature
        rows = np.flatnonzero(np.asarray(never))
        column = TABLES[name].column("valid_to")
        message, remedy = (
            "valid_to is not after valid_from",
            "correct one of the two; valid_to is the first day after",
        )
        _report(book, problems, (TABLES[name], column), rows, "empty_validity", (message, remedy))


def upside_down_band(book: Book, problems: Problems) -> None:
    """A share that lies between two bounds has the lower one first."""
    table = book.tables.get("ownership")
    if table is None or not {"share_min", "share_max"} <= set(table.column_names):
        return
    above = pc.greater(table.column("share_min"), table.column("share_max"))
    rows = np.flatnonzero(np.asarray(pc.fill_null(above, fill_value=False)))
    where = TABLES["ownership"], TABLES["ownership"].column("share_min")
    message, remedy = (
        "share_min is above share_max",
        "correct one of the two, or leave what is not known empty",
    )
    _report(book, problems, where, rows, "upside_down_band", (message, remedy))


RULES: Final[tuple[Callable[[Book, Problems], None], ...]] = (
    missing_table,
    missing_cell,
    duplicate_key,
    dangling_reference,
    unlisted_value,
    out_of_range,
    empty_validity,
    upside_down_band,
)
"""Every rule, in the order in which they are applied."""


_WHOLE: Final = frozenset({missing_table, dangling_reference})
"""Rules that only a whole book can keep: a delta refers to rows that were delivered before."""


def check(book: Book, problems: Problems, pool: Executor, *, delta: bool = False) -> None:
    """Apply every rule to a book; the ids that they need are looked up several columns at a time.

    Of a ``delta`` only what it says by itself is checked: the rest when it is put together with what it changes.
    """
    referring = [(t.name, c) for t, c in _columns(book) if c.ref and c.ref not in problems.damaged]
    list(pool.map(book.index, sorted({c.ref for _, c in referring} & set(book.tables))))
    list(pool.map(lambda place: book.codes(place[0], place[1].name), referring))
    for rule in RULES:
        if not (delta and rule in _WHOLE):
            rule(book, problems)


def _columns(book: Book) -> Iterator[tuple[Table, Column]]:
    """Every delivered column with its table, in the order of the model."""
    for name, table in TABLES.items():
        if name in book.tables:
            held = set(book.tables[name].column_names)
            yield from ((table, c) for c in table.columns if c.name in held)


def _report(
    book: Book,
    problems: Problems,
    where: tuple[Table, Column],
    rows: Rows,
    rule: str,
    say: Callable[[int], tuple[str, str]] | tuple[str, str],
) -> None:
    """Add a problem for each of these rows; ``say`` is message and remedy, or gives them for the i-th row."""
    table, column = where
    if not len(rows):
        return
    values = book.table(table.name).column(column.name)

    def tell(i: int) -> tuple[str, str, str, str, str]:
        message, remedy = say(i) if callable(say) else say
        shift = _shift(book, problems, where, int(rows[i]))
        return column.name, _shown(values[int(rows[i])].as_py(), column, shift), rule, message, remedy

    problems.of_rows(table.name, rows, lambda row: book.place(table.name, row), tell)


def _shift(book: Book, problems: Problems, where: tuple[Table, Column], row: int) -> int:
    """By how many places a mapping moved the decimal point of this column in the file of this row."""
    table, column = where
    return problems.shifts.get((table.name, book.place(table.name, row)[0], column.name), 0)


def _shown(value: object, column: Column, shift: int) -> str:
    """A cell as its file has it, before a mapping moved its decimal point by ``shift`` places."""
    if value is None:
        return ""
    if column.kind.scale and isinstance(value, int):
        return f"{(Decimal(value) / column.kind.scale).scaleb(-shift).normalize():f}"
    return str(value)


def _listed(column: Column, word: str) -> bool:
    """Whether a word is in the column's closed list."""
    return word in column.values if column.values else re.fullmatch("[A-Z]{3}", word) is not None


def _wrong_word(column: Column, word: str) -> tuple[str, str]:
    """Message and remedy for a word that is not in the list."""
    if not column.values:
        return f"no {column.kind.doc}", f"write {word.upper()}" if _listed(
            column, word.upper()
        ) else "use an ISO 4217 code"
    close = guess(word, column.values)
    return "not in the list", f"did you mean {close}?" if close else "one of: " + ", ".join(column.values)
