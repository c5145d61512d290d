"""Decode: delivered columns to the typed tables of a book, with every cell that could not be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Origin
from graph.ids import one_chunk
from graph.model import CURRENCY, TABLES, TEXT, Column, Kind, Table
from ingest import extra, remedies
from ingest.cells import Cells, convert
from ingest.deletions import MARK, deletes_only
from ingest.problems import Problems, place_in
from ingest.receipt import Rounding
from ingest.texts import WrongTypeError

_EXACT_GAPS: Final = 1_000
_REPEATED: Final = frozenset({"product", "status", "rating", "agency", "industry", "country"})


@dataclass(frozen=True)
class Part:
    """The rows that one file gives to one table: ``columns`` by the model's names, ``others`` by the file's own.

    ``headers`` gives the file's name of a column where it differs. Of columns by name: ``rounded`` may be rounded
    half-even, ``exponents`` may have numbers with an exponent, ``shifts`` says by how many places the decimal point
    moves to the right (thousands 3, percent -2). ``decimal`` is the sign before the decimals of numbers that are
    text. ``last`` says that no other part gives rows to the table.
    """

    table: str
    columns: Mapping[str, pa.ChunkedArray]
    origin: Origin
    others: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    rounded: frozenset[str] = frozenset()
    exponents: frozenset[str] = frozenset()
    shifts: Mapping[str, int] = field(default_factory=dict)
    decimal: str = "."
    last: bool = False

    def kind(self, column: Column) -> Kind:
        """What the cells of a column hold, in the unit that the file has them in."""
        shift = self.shifts.get(column.name, 0)
        scale = column.kind.scale * 10**shift if shift >= 0 else column.kind.scale // 10**-shift
        return replace(column.kind, scale=scale) if shift else column.kind

    def cells(self, column: Column) -> pa.ChunkedArray:
        """The cells of a column, numbers with a point before their decimals."""
        held = self.columns[column.name]
        words = held.type.value_type if pa.types.is_dictionary(held.type) else held.type
        if self.decimal == "." or not column.kind.scale or not pa.types.is_string(words):
            return held
        # a point is no decimal sign then: it must not read as one
        text = pc.replace_substring(held.cast(pa.string()), ".", "\0")
        return pc.replace_substring(text, ",", ".")


@dataclass
class Decoded:
    """Typed tables by name with the files of their rows, unknown columns by table, and what was rounded."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    origins: dict[str, tuple[Origin, ...]] = field(default_factory=dict)
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    roundings: list[Rounding] = field(default_factory=list)


def coded(table: Table) -> frozenset[str]:
    """Columns whose few words stand in many rows: they are read, and stay, dictionary-encoded.

    >>> sorted(coded(TABLES["umbrellas"]))
    ['currency']
    """
    return frozenset(
        c.name
        for c in table.columns
        if c.values or c.kind is CURRENCY or c.ref == "lenders" or (c.kind is TEXT and c.name in _REPEATED)
    )


def decode(
    parts: Iterable[Part],
    problems: Problems,
    pool: Executor,
    done: Decoded,
    arrived: Callable[[str], None],
    *,
    delta: bool = False,
) -> None:
    """Type every part's columns, several at a time, and put the parts of one table together in their order.

    What comes of it is added to ``done``; ``arrived`` is told each table when all its parts are there. Of a ``delta``
    a part whose rows are all marked as deleted needs no more columns than its key.
    """
    pieces: dict[str, list[pa.Table]] = defaultdict(list)
    rows: dict[str, int] = defaultdict(int)
    unknown: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        name = part.table
        spared = _spared(part, rows[name], problems) if delta else frozenset()
        pieces[name].append(_typed(part, spared, rows[name], problems, done.roundings, pool))
        rows[name] += part.origin.rows
        done.origins[name] = (*done.origins.get(name, ()), part.origin)
        unknown[name].update(part.others)
        if part.last:
            done.tables[name] = _joined(TABLES[name], pieces[name])
            arrived(name)
    for name in TABLES:
        if name in pieces and name not in done.tables:
            done.tables[name] = _joined(TABLES[name], pieces[name])
            arrived(name)
    done.unknown = {name: tuple(sorted(unknown[name])) for name in TABLES if unknown[name]}
    done.roundings = _added(done.roundings)


def _joined(table: Table, pieces: list[pa.Table]) -> pa.Table:
    """Parts below one another; text that is dictionary-encoded in one part only becomes plain."""
    if len(pieces) == 1:
        return pieces[0]
    plain = [
        pa.table(
            {
                n: c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c
                for n, c in zip(p.column_names, p.columns, strict=True)
            }
        )
        for p in pieces
    ]
    held = pa.concat_tables(plain, promote_options="default").combine_chunks()
    for i, name in enumerate(held.column_names):
        if name in coded(table):
            held = held.set_column(i, name, held.column(name).combine_chunks().dictionary_encode())
    return held


def _spared(part: Part, before: int, problems: Problems) -> frozenset[str]:
    """Columns that must be there but need not be in a part that only deletes: all but those of the key."""
    marks = part.others.get(MARK)
    if marks is None or not deletes_only(marks):
        return frozenset()
    table = TABLES[part.table]
    spared = frozenset(table.required) - set(table.key) - part.columns.keys()
    for name in spared:
        problems.unread[part.table, name].append(before + np.arange(part.origin.rows))
    return spared


def _typed(
    part: Part,
    spared: frozenset[str],
    before: int,
    problems: Problems,
    roundings: list[Rounding],
    pool: Executor,
) -> pa.Table:
    """One part's columns in the order of the model; problems count rows of the table from ``before``."""
    table = TABLES[part.table]
    file = part.origin.file
    for name in table.required:
        if name not in part.columns and name not in spared:
            problems.of_file(remedies.missing_column(file, name, part.others), part.table)
    problems.headers |= {(part.table, file, name): header for name, header in part.headers.items()}
    problems.shifts |= {(part.table, file, name): shift for name, shift in part.shifts.items()}
    known = [c for c in table.columns if c.name in part.columns and c.name != extra.COLUMN]
    running = [(c, pool.submit(_converted, part, c)) for c in known]
    made: dict[str, pa.Array | pa.ChunkedArray] = {}
    for column, result in running:
        try:
            cells = result.result()
        except WrongTypeError as error:
            held = str(part.columns[column.name].type)
            problems.of_file(remedies.wrong_type(file, _header(part, column), held, str(error)), part.table)
            continue
        except pa.ArrowInvalid:
            problems.of_file(remedies.wrong_bytes(file, _header(part, column)), part.table)
            continue
        made[column.name] = cells.values
        _tell(part, column, cells, before, problems)
        if len(cells.rounded):
            roundings.append(_rounding(part, column, cells))
    made |= {name: pa.nulls(part.origin.rows, table.column(name).kind.arrow) for name in spared}
    others = dict(part.others)
    if extra.COLUMN in part.columns:
        others[extra.COLUMN] = part.columns[extra.COLUMN]
    if others:
        made[extra.COLUMN] = extra.as_json(others)
    return pa.table(made) if made else table.empty()


def _converted(part: Part, column: Column) -> Cells:
    """The cells of one column; text is one array unless it is only looked up in another table."""
    name = column.name
    allowed = {"rounding": name in part.rounded, "exponent": name in part.exponents}
    cells = convert(part.cells(column), part.kind(column), **allowed)
    if column.ref or not isinstance(cells.values, pa.ChunkedArray):
        return cells
    return replace(cells, values=one_chunk(cells.values, pa.string()))


def _header(part: Part, column: Column) -> str:
    """The name that the file gives to a column."""
    return part.headers.get(column.name, column.name)


def _tell(part: Part, column: Column, cells: Cells, before: int, problems: Problems) -> None:
    """Report the cells of a column that were not taken."""
    if not len(cells.bad):
        return
    source = part.columns[column.name]
    place = place_in([part.origin])

    def tell(i: int) -> tuple[str, str, str, str, str]:
        value = str(source[int(cells.bad[i])].as_py())
        sentence = remedies.unreadable(int(cells.why[i]), part.kind(column), value)
        return column.name, value, "unreadable_value", *sentence

    rows = cells.bad + before
    problems.unread[part.table, column.name].append(rows)
    problems.of_rows(part.table, rows, lambda row: place(row - before), tell)


def _rounding(part: Part, column: Column, cells: Cells) -> Rounding:
    """How many cells of a column were rounded, and by how much at most."""
    source = part.cells(column)
    scale = part.kind(column).scale or 1
    rows = cells.rounded
    if len(rows) > _EXACT_GAPS:  # floats find those among which the largest is
        given = np.asarray(source.take(pa.array(rows)).cast(pa.float64()))
        gaps = np.abs(given - np.asarray(cells.values.take(pa.array(rows))) / scale)
        rows = rows[np.argsort(gaps)[-_EXACT_GAPS:]]
    pairs = zip(
        source.take(pa.array(rows)).to_pylist(), cells.values.take(pa.array(rows)).to_pylist(), strict=True
    )
    largest = max(abs(Decimal(str(given)) - Decimal(held) / scale) for given, held in pairs)
    return Rounding(part.table, column.name, len(cells.rounded), f"{largest:f}")


def _added(roundings: Iterable[Rounding]) -> list[Rounding]:
    """Roundings of the files of one table together."""
    found: dict[tuple[str, str], Rounding] = {}
    for new in roundings:
        place = (new.table, new.column)
        old = found.get(place, Rounding(*place, 0, "0"))
        found[place] = Rounding(*place, old.cells + new.cells, max(old.largest, new.largest, key=Decimal))
    return list(found.values())
