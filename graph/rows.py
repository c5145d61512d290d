"""Rows: tables below one another, some rows of a book, and with each row the place that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.book import Book, Origin
from graph.ids import one_chunk
from graph.model import TABLES

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FILE: Final = "$file"
LINE: Final = "$line"


class LazyTables(Mapping[str, pa.Table]):
    """Tables that are read when they are asked for, each once."""

    def __init__(self, names: Sequence[str], read: Callable[[str], pa.Table]) -> None:
        self._names = tuple(names)
        self._read = lru_cache(maxsize=None)(read)

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def below(tables: Iterable[pa.Table]) -> pa.Table | None:
    """Tables below one another; text that is dictionary-encoded in some only becomes plain."""
    held = list(tables)
    if len(held) <= 1:
        return held[0] if held else None
    coded: dict[str, set[bool]] = {}
    for table in held:
        for field in table.schema:
            coded.setdefault(field.name, set()).add(pa.types.is_dictionary(field.type))
    mixed = {name for name, kinds in coded.items() if len(kinds) > 1}
    return pa.concat_tables([_plain(t, mixed) for t in held], promote_options="permissive")


def _plain(table: pa.Table, names: set[str]) -> pa.Table:
    """The table with these columns as plain text."""
    for i, field in enumerate(table.schema):
        if field.name in names and pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table


def with_places(book: Book, name: str) -> pa.Table:
    """A table of the book in the order of the model, with file and line of each row."""
    table = book.table(name)
    held = table.select([n for n in TABLES[name].names if n in table.column_names])
    runs = book.origins.get(name, ())
    if not runs:
        return held
    files = np.repeat(np.arange(len(runs), dtype=np.int32), [r.rows for r in runs])
    lines = [r.first_line + np.arange(r.rows, dtype=np.int64) if r.lines is None else r.lines for r in runs]
    names = pa.DictionaryArray.from_arrays(pa.array(files), pa.array([r.file for r in runs], pa.string()))
    return held.append_column(FILE, names).append_column(LINE, pa.array(np.concatenate(lines)))


def places(table: pa.Table) -> tuple[Origin, ...]:
    """The runs of rows that came from one file, from the columns that ``with_places`` added."""
    if not table.num_rows or FILE not in table.column_names:
        return ()
    column = table.column(FILE)
    coded = one_chunk(column, column.type)
    codes = np.asarray(coded.indices.fill_null(-1).cast(pa.int32()))
    lines = np.asarray(one_chunk(table.column(LINE), pa.int64()).fill_null(0))
    starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    names = [*coded.dictionary.to_pylist(), ""]
    return tuple(
        _origin(names[codes[a]], lines[a:b])
        for a, b in zip(starts.tolist(), [*starts[1:].tolist(), len(codes)], strict=True)
    )


def _origin(file: str, lines: Int64) -> Origin:
    """A run of rows; its lines only where they do not follow one another."""
    plain = bool(np.all(np.diff(lines) == 1))
    return Origin(file, int(lines[0]), len(lines), None if plain else lines)


def apart(table: pa.Table) -> tuple[pa.Table, tuple[Origin, ...]]:
    """The table without the columns of its places, and the places."""
    found = places(table)
    return table.drop_columns([n for n in (FILE, LINE) if n in table.column_names]), found


def keeping(book: Book, rows: Mapping[str, Mask]) -> Book:
    """The book with only these rows (bool, by table) of some of its tables; each still knows its line."""
    kept = {
        name: np.flatnonzero(rows[name]) if name in rows else np.arange(table.num_rows)
        for name, table in book.tables.items()
    }
    return book.only(kept)


def deleted_keys(rows: pa.Table, name: str) -> pa.Table:
    """Key columns and ``valid_from`` of rows, null where they are not given: keys that a delta deletes."""
    shape = TABLES[name]
    fields = [pa.field(n, shape.column(n).kind.arrow) for n in (*shape.key, "valid_from")]
    columns = [
        rows.column(f.name).cast(f.type) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type)
        for f in fields
    ]
    return pa.table(columns, schema=pa.schema(fields))
