"""Segments: the rows of one table in one Parquet file, written once and named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.disk import Disk, Sink
from graph.errors import StoreError
from graph.ids import one_chunk
from graph.rows import LINE

Int32 = npt.NDArray[np.int32]

_ROW_GROUP: Final = 1 << 18
_EMPTY: Final = {pa.string(): "", pa.bool_(): False}
NO_ROWS: Final[Int32] = np.zeros(0, np.int32)


@dataclass(frozen=True)
class Part:
    """Some rows of a table: a segment without those rows of it that no longer hold.

    ``file`` and ``drop`` are names in the data folder ("" = nothing dropped), ``sha256`` the file's own hash.
    """

    file: str
    rows: int
    sha256: str
    drop: str = ""
    dropped: int = 0

    def to_json(self) -> list[Any]:
        """The part as plain JSON values."""
        return [self.file, self.rows, self.sha256, self.drop, self.dropped]


class Segments:
    """The data folder: segments of all versions, and the rows dropped from them."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self._disk = disk
        self._whole: set[tuple[str, str]] = set()

    def write(self, name: str, table: pa.Table) -> Part:
        """Keep a table; one that is there already is not written again."""
        digest = content_hash(table)
        file = f"{name}-{digest[:32]}.parquet"
        path = self.folder / file
        if path.exists() and self._holds(file, digest):
            return Part(file, table.num_rows, file_hash(path))
        sink = self._disk.create(path, lambda sink: to_parquet(table, sink))
        return Part(file, table.num_rows, sink.sha256)

    def _holds(self, file: str, digest: str) -> bool:
        """Whether a file that is there has the content of its name; a damaged one is written again."""
        try:
            return content_hash(self.read(Part(file, 0, ""))) == digest
        except StoreError:
            return False

    def write_drop(self, name: str, rows: Int32) -> str:
        """Keep a list of dropped rows; "" for none."""
        if not len(rows):
            return ""
        data = np.ascontiguousarray(rows, "<i4").tobytes()
        file = f"{name}-{hashlib.sha256(data).hexdigest()[:32]}.drop"
        if not (self.folder / file).exists():
            self._disk.create_bytes(self.folder / file, data)
        return file

    def drop(self, part: Part) -> Int32:
        """Rows of the segment that are left out: int32, ascending."""
        if not part.drop:
            return NO_ROWS
        path = self.folder / part.drop
        if not _is_whole_drop(path):
            raise damaged(part.drop)
        return np.fromfile(path, "<i4").astype(np.int32, copy=False)

    def expect(self, parts: Iterable[Part]) -> None:
        """Parts that will be read soon, in this order; where they lie elsewhere they are fetched meanwhile."""

    def read(self, part: Part, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of the segment, dropped ones too; of the columns those that it has.

        The first time the whole file is compared with its hash: a changed byte is an error, never other rows.
        """
        path = self.folder / part.file
        try:
            if part.sha256 and (part.file, part.sha256) not in self._whole:
                if file_hash(path) != part.sha256:
                    raise damaged(part.file)
                self._whole.add((part.file, part.sha256))
            with pq.ParquetFile(path, memory_map=True) as file:
                held = [n for n in file.schema_arrow.names if columns is None or n in columns]
                return file.read(columns=held)
        except (OSError, pa.ArrowException) as error:
            raise damaged(part.file) from error

    def others(self, needed: Collection[str]) -> list[Part]:
        """Files of rows that are none of those needed, in the order of writing; their hashes are not taken."""
        found = []
        for path in self.folder.glob("*.parquet"):
            if path.name not in needed:
                try:
                    part = Part(path.name, pq.read_metadata(path).num_rows, "")
                    found.append((path.stat().st_mtime_ns, part))
                except FileNotFoundError:  # a writer tidies up meanwhile
                    continue
                except (OSError, pa.ArrowException) as error:
                    raise damaged(path.name) from error
        return [part for _, part in sorted(found, key=lambda one: (one[0], one[1].file))]

    def wrong(self, parts: Iterable[Part]) -> list[str]:
        """Names of files that are missing or no longer what was written."""
        found = []
        for part in parts:
            path = self.folder / part.file
            if not path.is_file() or file_hash(path) != part.sha256:
                found.append(part.file)
            if part.drop and not _is_whole_drop(self.folder / part.drop):
                found.append(part.drop)
        return found


def damaged(name: str) -> StoreError:
    """The error for a file that cannot be read back."""
    return StoreError(
        f"{name} in the store is missing or damaged: run konzern store check, then restore a dump or load the "
        "deliveries into a new store"
    )


def _is_whole_drop(path: Path) -> bool:
    """Whether a list of dropped rows is still what its name says."""
    return path.is_file() and file_hash(path)[:32] == path.stem.rpartition("-")[2]


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_parquet(table: pa.Table, sink: Sink) -> None:
    """Write a table; ids and lines, which seldom repeat, without a dictionary."""
    ids = {n for n in table.column_names if pa.types.is_string(table.schema.field(n).type)}
    lines = [LINE] if LINE in table.column_names else []
    pq.write_table(
        table,
        sink,
        row_group_size=_ROW_GROUP,
        compression="lz4",
        use_dictionary=[n for n in table.column_names if n not in ids and n != LINE],
        column_encoding=dict.fromkeys(lines, "DELTA_BINARY_PACKED") or None,
    )


def content_hash(table: pa.Table) -> str:
    """sha256 of a table's rows and columns in their order, however they are chunked and their texts encoded."""
    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.columns, strict=True):
        digest.update(f"{field.name}:{field.type}:{len(column)}\n".encode())
        kind = pa.string() if pa.types.is_dictionary(field.type) else field.type
        values = one_chunk(column.cast(kind), kind)
        parts = [values]
        if values.null_count:  # what stands under a null is nobody's value
            empty = pa.scalar(_EMPTY.get(kind, 0), kind)
            parts = [pc.fill_null(values, empty), pc.is_valid(values)]
        for part in parts:
            schema = pa.schema([pa.field("x", part.type)])
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, schema) as stream:
                stream.write_batch(pa.record_batch([part], schema=schema))
            digest.update(memoryview(sink.getvalue()))
    return digest.hexdigest()
