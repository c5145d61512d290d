"""Segments in Neo4j: what a version brought to one table, as a graph holds it and as Arrow has it.

The rows are facts of the graph; the node ``(:Segment)`` keeps what no fact says: which columns were delivered,
in which file and line each row stood, and the hash of it all, so that what is read back is what was written.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.files.segments import content_hash, damaged
from graph.ids import one_chunk
from graph.model import DATE, TABLES, Table
from graph.neo4j.session import Row, Server
from graph.neo4j.shape import DELETED, DORMANT, FACT, PAST, PER_VERSION, read_loose, read_present
from graph.rows import FILE, LINE

Int64 = npt.NDArray[np.int64]

AT_ONCE: Final = 50_000
"""Facts packed into one record."""
_WORKERS: Final = 2
_readers = ThreadPoolExecutor(_WORKERS)
"""Threads that read, shared by all segments that are fetched, so that the server has no more to do at a time."""
_TRIES: Final = 8
_NAMED: Final = re.compile(
    r"(?P<table>[a-z_]+?)(?P<deleted>-deleted)?-(?P<delivery>\d{8})-[0-9a-f]{16}\.parquet"
)


@dataclass(frozen=True)
class Named:
    """What the name of a segment says: its table, the version that brought it, whether it holds deleted keys."""

    table: Table
    delivery: int
    deleted: bool

    @classmethod
    def of(cls, file: str) -> Named | None:
        """The segment that a file's name stands for; None for a file that only exists on this machine."""
        found = _NAMED.fullmatch(file)
        if found is None:
            return None
        return cls(TABLES[found["table"]], int(found["delivery"]), bool(found["deleted"]))

    @property
    def low(self) -> int:
        """Number of its first fact."""
        return self.delivery * PER_VERSION


def name(table: str, delivery: int, digest: str) -> str:
    """The file name of what a version brought to a table (``TABLE-deleted`` for deleted keys)."""
    return f"{table}-{delivery:08d}-{digest[:16]}.parquet"


def numbers(named: Named, rows: npt.NDArray[np.integer]) -> Int64:
    """Facts of rows of a segment: int64 (n,)."""
    return named.low + rows.astype(np.int64)


def less(facts: Int64, others: Int64) -> Int64:
    """Facts without the others; both sorted.

    >>> less(np.array([1, 2, 5]), np.array([2, 3])).tolist()
    [1, 5]
    """
    if not len(others):
        return facts
    at = np.minimum(np.searchsorted(others, facts), len(others) - 1)
    left: Int64 = facts[others[at] != facts]
    return left


def described(file: str, digest: str, data: pa.Table) -> dict[str, Any]:
    """Properties of the node of a segment."""
    named = Named.of(file)
    if named is None:
        raise AssertionError(file)
    columns = [f.name for f in data.schema if f.name not in (FILE, LINE)]
    coded = [n for n in columns if pa.types.is_dictionary(data.schema.field(n).type)]
    made = {
        "file": file, "table": named.table.name, "delivery": named.delivery, "rows": data.num_rows,
        "deleted": named.deleted, "sha256": digest, "columns": json.dumps([columns, coded]),
    }  # fmt: skip
    if "source" in columns and data.column("source").null_count:
        empty = np.asarray(pc.is_null(one_chunk(data.column("source"), data.schema.field("source").type)))
        made["unsourced"] = zlib.compress(np.packbits(empty).tobytes())
    return made | _places(data)


def _places(data: pa.Table) -> dict[str, Any]:
    """File and line of each row, packed."""
    if FILE not in data.column_names:
        return {}
    files = one_chunk(data.column(FILE), data.schema.field(FILE).type)
    codes = np.asarray(files.indices.fill_null(-1).cast(pa.int32()))
    lines = np.asarray(one_chunk(data.column(LINE), pa.int64()).fill_null(0))
    steps = np.diff(lines, prepend=0)
    packed = zlib.compress(codes.astype("<i4").tobytes() + steps.astype("<i8").tobytes(), 1)
    return {"files": files.dictionary.to_pylist(), "places": packed}


def _with_places(table: pa.Table, node: Mapping[str, Any]) -> pa.Table:
    """The table with file and line of each row."""
    if "places" not in node:
        return table
    n = table.num_rows
    raw = zlib.decompress(node["places"])
    codes = np.frombuffer(raw, "<i4", n)
    lines = np.cumsum(np.frombuffer(raw, "<i8", n, 4 * n))
    coded = pa.DictionaryArray.from_arrays(
        pa.array(codes, pa.int32(), mask=codes < 0), pa.array(node["files"], pa.string())
    )
    return table.append_column(FILE, coded).append_column(LINE, pa.array(lines, pa.int64()))


def fetched(server: Server, file: str) -> pa.Table:
    """A segment read from the graph; ``StoreError`` where the graph does not hold what was written."""
    named = Named.of(file)
    held = server.read("MATCH (s:Segment {file: $file}) RETURN properties(s) AS held", file=file)
    if named is None or not held:
        raise damaged(file)
    node = held[0]["held"]
    try:
        table = _built(server, named, node)
        whole = content_hash(table) == node["sha256"]
    except (ArithmeticError, LookupError, TypeError, ValueError, zlib.error) as error:
        raise damaged(file) from error  # values of other kinds than were written
    if not whole:
        raise damaged(file)
    return table


def _built(server: Server, named: Named, node: Mapping[str, Any]) -> pa.Table:
    """The table that a segment's node and facts make."""
    columns, coded = json.loads(node["columns"])
    rows = node["rows"]
    if rows:
        spans = [(a, min(a + AT_ONCE, rows)) for a in range(0, rows, AT_ONCE)]
        table = pa.concat_tables(_readers.map(lambda span: _facts(server, named, columns, span), spans))
    else:
        shape = named.table
        table = pa.table({c: pa.array([], shape.column(c).kind.arrow) for c in columns})
    if "unsourced" in node:
        empty = np.unpackbits(np.frombuffer(zlib.decompress(node["unsourced"]), np.uint8), count=rows).astype(
            bool
        )
        at = columns.index("source")
        table = table.set_column(at, "source", pc.if_else(pa.array(~empty), table.column("source"), None))
    for column in coded:
        at = columns.index(column)
        table = table.set_column(at, column, one_chunk(table.column(column), pa.string()).dictionary_encode())
    return _with_places(table, node)


def _facts(server: Server, named: Named, columns: Sequence[str], span: tuple[int, int]) -> pa.Table:
    """Some rows of a segment, wherever in the graph they stand.

    A load may move facts while they are read; whoever misses some asks again until all are there.
    """
    low, high = (named.low + s for s in span)
    found: list[pa.Table] = []
    seen = np.zeros(span[1] - span[0], bool)
    for attempt in range(_TRIES):
        for text in _questions(named, columns):
            (row,) = server.read(text, low=low, high=high)
            places = np.asarray(row[FACT], np.int64) - low
            new = ~seen[places]
            table = _as_table(named.table, columns, row, places)
            found.append(table if new.all() else table.filter(pa.array(new)))
            seen[places] = True
            if seen.all():
                return _in_order(pa.concat_tables(found)).select(columns)
        time.sleep(0.01 * attempt)
    raise damaged(f"{int((~seen).sum())} rows of {named.table.name} of version {named.delivery} in the graph")


def _in_order(table: pa.Table) -> pa.Table:
    """The facts by their numbers, which they mostly are already."""
    places = table.column(FACT)
    return table if (np.diff(places) > 0).all() else table.take(pc.sort_indices(places))


def _questions(named: Named, columns: Sequence[str]) -> Iterator[str]:
    """Where facts may stand, in the order in which a load moves them on."""
    if named.deleted:
        yield read_loose(DELETED, named.table, columns)
        return
    yield read_present(named.table, columns)
    for target in (DORMANT, PAST):
        yield read_loose(target, named.table, columns)


def _as_table(table: Table, columns: Sequence[str], row: Row, places: Int64) -> pa.Table:
    """The lists of one record as columns of their kinds, and the place of each fact."""
    made = {FACT: pa.array(places)}
    for column in columns:
        kind = table.column(column).kind
        values = pa.array(row[column], pa.int32() if kind is DATE else kind.arrow)
        made[column] = values.cast(kind.arrow) if kind is DATE else values
    return pa.table(made)
