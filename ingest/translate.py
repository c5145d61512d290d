"""Translate: the rows of a file as the columns of the model, by the recipes of a mapping."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Origin
from graph.errors import Problem
from graph.ids import IdIndex, one_chunk
from ingest.decode import Part
from ingest.mapping import Lookup, Reading, Recipe
from ingest.problems import Problems
from ingest.sources.raw import Raw

Rows = npt.NDArray[np.integer]
Find = Callable[[str, str], Raw | None]
"""Gives a file by name and sheet, None if it is not there or cannot be read."""


def translate(raw: Raw, reading: Reading, find: Find, problems: Problems) -> tuple[Part | None, Rows]:
    """The part that a file gives to a table, and the rows (int64) that it took.

    A column that the file lacks becomes a problem, and then there is no part.
    """
    file = raw.origin.file
    held = set(raw.data.column_names)
    wanted = {c for recipe in reading.columns.values() for c in recipe.source} | set(reading.where)
    for column in sorted(wanted - held):
        message, remedy = (
            "the mapping names a column that the file does not have",
            "correct the mapping or the file",
        )
        problems.of_file(Problem(file, 0, column, "", "missing_column", message, remedy), reading.table)
    if not wanted <= held:
        return None, np.zeros(0, np.int64)
    rows = _chosen(raw.data, reading)
    data = raw.data if len(rows) == raw.data.num_rows else raw.data.take(pa.array(rows))
    columns = {name: _made(recipe, data, find, problems) for name, recipe in reading.columns.items()}
    taken = rows
    if reading.unique:
        first = _first_of_equal(columns)
        taken = rows[first]
        columns = {name: column.take(pa.array(first)) for name, column in columns.items()}
        data = data.take(pa.array(first))
    known = {c for recipe in reading.columns.values() for c in recipe.source} | reading.ignore
    others = {}
    if not reading.unique:
        others = {n: data.column(n) for n in data.column_names if n not in known | set(reading.where)}
    headers = {name: ", ".join(r.source) for name, r in reading.columns.items() if r.source}
    rounded = frozenset(name for name, r in reading.columns.items() if r.rounding)
    exponents = frozenset(name for name, r in reading.columns.items() if r.exponent)
    shifts = {name: r.shift for name, r in reading.columns.items() if r.shift}
    return Part(
        reading.table,
        columns,
        _origin(raw.origin, taken),
        others,
        headers,
        rounded,
        exponents,
        shifts,
        raw.decimal,
    ), rows


def _chosen(data: pa.Table, reading: Reading) -> Rows:
    """Rows that meet the conditions of an entry."""
    mask = np.ones(data.num_rows, bool)
    for column, texts in reading.where.items():
        met = pc.is_in(_text(data.column(column)), pa.array(texts, pa.string()))
        mask &= np.asarray(met)
    return np.flatnonzero(mask)


def _first_of_equal(columns: Dict[str, pa.ChunkedArray]) -> Rows:
    """The first of the rows that are equal in all columns, in their order."""
    table = pa.table({name: _text(c) if pa.types.is_dictionary(c.type) else c for name, c in columns.items()})
    table = table.append_column("", pa.array(np.arange(table.num_rows)))
    firsts = table.group_by(list(columns), use_threads=False).aggregate([("", "min")])
    return np.sort(np.asarray(firsts.column("_min")))


def _origin(origin: Origin, rows: Rows) -> Origin:
    """Where the rows that were taken stand in the file."""
    if len(rows) == origin.rows:
        return origin
    lines = rows + origin.first_line if origin.lines is None else origin.lines[rows]
    return Origin(origin.file, origin.first_line, len(rows), lines.astype(np.int64))


def _text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as plain text."""
    return one_chunk(column, pa.string())


def _made(recipe: Recipe, data: pa.Table, find: Find, problems: Problems) -> pa.ChunkedArray:
    """One column of the model, as text if anything but its name changes."""
    if recipe.value is not None:
        n = data.num_rows
        codes = pa.array(np.zeros(n, np.int32))
        return pa.chunked_array(
            [pa.DictionaryArray.from_arrays(codes, pa.array([recipe.value], pa.string()))]
        )
    if (
        recipe
        == Recipe(recipe.source, shift=recipe.shift, rounding=recipe.rounding, exponent=recipe.exponent)
        and len(recipe.source) == 1
    ):
        return data.column(recipe.source[0])
    texts = [_text(data.column(c)) for c in recipe.source]
    made = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, pa.scalar(recipe.join))
    if recipe.strip:
        made = pc.utf8_trim_whitespace(made)
    if recipe.first:
        made = pc.utf8_slice_codeunits(made, 0, recipe.first)
    if recipe.lookup:
        made = _looked_up(made, recipe.lookup, find, problems)
    if recipe.values:
        coded = made.dictionary_encode()
        words = [recipe.values.get(w, w) for w in coded.dictionary.to_pylist()]
        made = pa.array(words, pa.string()).take(coded.indices)
    if recipe.prefix:
        made = pc.binary_join_element_wise(pa.scalar(recipe.prefix), made, pa.scalar(""))
    return pa.chunked_array([made])


def _looked_up(ids: pa.Array, lookups: tuple[Lookup, ...], find: Find, problems: Problems) -> pa.Array:
    """What the first file that knows an id says of it; null where none does."""
    found = pa.nulls(len(ids), pa.string())
    for lookup in lookups:
        raw = find(lookup.file, lookup.sheet)
        if raw is None or not {lookup.key, lookup.value} <= set(raw.data.column_names):
            message = f"a lookup needs this file with the columns {lookup.key} and {lookup.value}"
            problems.of_file(
                Problem(lookup.file, 0, "", "", "missing_lookup", message, "add it or correct the mapping")
            )
            continue
        index = IdIndex(raw.data.column(lookup.key))
        values = _text(raw.data.column(lookup.value))
        _report_ambiguous(raw, lookup, index, values, problems)
        rows = index.rows(ids)
        own = values.take(pa.array(rows, mask=rows < 0))
        found = pc.coalesce(found, pc.binary_join_element_wise(pa.scalar(lookup.prefix), own, pa.scalar("")))
    return found


def _report_ambiguous(raw: Raw, lookup: Lookup, index: IdIndex, values: pa.Array, problems: Problems) -> None:
    """A key that has two values is no way to look anything up."""
    again = np.flatnonzero(index.first != np.arange(len(index.first)))
    for row in again.tolist():
        first = int(index.first[row])
        if values[row] != values[first]:
            message = f"the same {lookup.key} has another {lookup.value} in row {raw.origin.line(first)}"
            line = raw.origin.line(row)
            value = str(index.ids[row])
            problems.of_file(
                Problem(
                    raw.origin.file,
                    line,
                    lookup.key,
                    value,
                    "ambiguous_lookup",
                    message,
                    "keep one of the two",
                )
            )
