"""Decode: delivered columns to the typed tables of a book, with every cell that could not be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import pyarrow as pa

from graph.book import Origin
from graph.errors import Problem
from graph.model import CURRENCY, TABLES, TEXT, Column, Table
from ingest import extra, remedies
from ingest.cells import Cells, WrongTypeError, convert
from ingest.problems import Problems, place_in
from ingest.receipt import Rounding

_REPEATED: Final = frozenset({"product", "status", "rating", "agency", "industry", "country"})


@dataclass(frozen=True)
class Part:
    """The rows that one file gives to one table, columns named as in the model (others keep their names).

    ``headers`` gives the file's own name of a column where it differs, ``rounded`` the columns that may be
    rounded half-even.
    """

    table: str
    columns: Mapping[str, pa.ChunkedArray]
    origin: Origin
    headers: Mapping[str, str] = field(default_factory=dict)
    rounded: frozenset[str] = frozenset()


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


def decode(parts: Iterable[Part], problems: Problems, pool: Executor) -> Decoded:
    """Type every part's columns, several at a time, and put the parts of one table together in their order."""
    done = Decoded()
    pieces: dict[str, list[pa.Table]] = defaultdict(list)
    rows: dict[str, int] = defaultdict(int)
    unknown: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        name = part.table
        pieces[name].append(_typed(part, rows[name], problems, done.roundings, pool))
        rows[name] += part.origin.rows
        done.origins[name] = (*done.origins.get(name, ()), part.origin)
        unknown[name].update(c for c in part.columns if c not in TABLES[name].names)
    for name in TABLES:
        if name in pieces:
            done.tables[name] = _joined(TABLES[name], pieces[name])
            done.unknown |= {name: tuple(sorted(unknown[name]))} if unknown[name] else {}
    return done


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


def _typed(
    part: Part, before: int, problems: Problems, roundings: list[Rounding], pool: Executor
) -> pa.Table:
    """One part's columns in the order of the model; problems count rows of the table from ``before``."""
    table = TABLES[part.table]
    file = part.origin.file
    for name in table.required:
        if name not in part.columns:
            problems.of_file(remedies.missing_column(file, name, part.columns), part.table)
    known = [c for c in table.columns if c.name in part.columns and c.name != extra.COLUMN]
    running = [
        (c, pool.submit(convert, part.columns[c.name], c.kind, rounding=c.name in part.rounded))
        for c in known
    ]
    made: dict[str, pa.Array] = {}
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
    others = {n: c for n, c in part.columns.items() if n not in table.names or n == extra.COLUMN}
    if others:
        made[extra.COLUMN] = extra.as_json(others)
    return pa.table(made) if made else table.empty()


def _header(part: Part, column: Column) -> str:
    """The name that the file gives to a column."""
    return part.headers.get(column.name, column.name)


def _tell(part: Part, column: Column, cells: Cells, before: int, problems: Problems) -> None:
    """Report the cells of a column that were not taken."""
    if not len(cells.bad):
        return
    source = part.columns[column.name]
    header = _header(part, column)
    place = place_in([part.origin])

    def tell(i: int) -> tuple[str, str, str, str, str]:
        value = str(source[int(cells.bad[i])].as_py())
        return header, value, "unreadable_value", *remedies.unreadable(int(cells.why[i]), column.kind, value)

    rows = cells.bad + before
    problems.unread[part.table, column.name].append(rows)
    problems.of_rows(part.table, rows, lambda row: place(row - before), tell)


def _rounding(part: Part, column: Column, cells: Cells) -> Rounding:
    """How many cells of a column were rounded, and by how much at most."""
    source = part.columns[column.name]
    scale = Decimal(column.kind.scale or 1)
    held = cells.values.take(pa.array(cells.rounded)).to_pylist()
    given = source.take(pa.array(cells.rounded)).to_pylist()
    gaps = [abs(Decimal(str(g)) - Decimal(h) / scale) for g, h in zip(given, held, strict=True)]
    return Rounding(part.table, column.name, len(gaps), f"{max(gaps):f}")
