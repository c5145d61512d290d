"""Mirror: on this machine a copy of what was read from Neo4j, so that only what is new is read again.

What a version brought never changes; it is kept as the embedded store keeps it, with a hash, and fetched again
where the copy is missing or damaged. The folder may be removed at any time.
"""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from graph.disk import Disk
from graph.files.segments import Int32, Part, Segments, content_hash, damaged, file_hash, to_parquet
from graph.kernels import user_cache
from graph.neo4j import segments as graph_segments
from graph.neo4j.segments import Named
from graph.neo4j.session import Server

SETTING: Final = "KONZERN_MIRROR"
_WORKERS: Final = 2


def folder(store: str) -> Path:
    """Where the mirror of a store is: below ``KONZERN_MIRROR``, else the user's cache."""
    named = os.environ.get(SETTING)
    return (Path(named) if named else user_cache() / "mirror") / store


class Mirror(Segments):
    """Segments of a store in Neo4j; ``of_delivery`` gives the one into which a version is written."""

    def __init__(self, root: Path, disk: Disk, server: Server, delivery: int = 0) -> None:
        super().__init__(root / "data", disk)
        self._root = root
        self._server = server
        self.delivery = delivery
        self._good: set[str] = set()
        self._coming: dict[str, Future[pa.Table]] = {}
        self._asking = threading.Lock()

    def of_delivery(self, number: int) -> Mirror:
        """The same mirror for the rows that a version brings; what one of them fetches the other has too."""
        made = copy.copy(self)
        made.delivery = number
        return made

    def write(self, name: str, table: pa.Table) -> Part:
        """Keep a table: one that a version brings under its number, a merged one by its content."""
        if not self.delivery:
            return super().write(name, table)
        digest = content_hash(table)
        file = graph_segments.name(name, self.delivery, digest)
        self._keep(file, table)
        return Part(file, table.num_rows, digest)

    def _keep(self, file: str, table: pa.Table) -> None:
        """Write a copy and its hash."""
        sink = self._disk.create(self.folder / file, lambda sink: to_parquet(table, sink))
        self._disk.create_bytes(self._sum(file), sink.sha256.encode())
        self._good.add(file)

    def _sum(self, file: str) -> Path:
        return self.folder / f"{file}.sha256"

    def expect(self, parts: Iterable[Part]) -> None:
        """Fetch from the graph what is not here, one segment after another, while others are made of the first ones."""
        files = [p.file for p in parts if Named.of(p.file) is not None]
        with self._asking:  # of several threads one looks and asks
            lacking = [f for f in files if f not in self._coming and not self._is_here(f)]
            if not lacking:
                return
            pool = ThreadPoolExecutor(_WORKERS)
            self._coming.update({file: pool.submit(self._fetch, file) for file in lacking})
            pool.shutdown(wait=False)  # once all are fetched

    def _fetch(self, file: str) -> pa.Table:
        """A segment from the graph, of which a copy is kept."""
        table = graph_segments.fetched(self._server, file)
        self._keep(file, table)
        return table

    def read(self, part: Part, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of a segment, from the copy if it is whole, else from the graph."""
        if Named.of(part.file) is None:
            return super().read(part, columns)
        self.expect([part])
        coming = self._coming.get(part.file)
        if coming is None:
            return super().read(replace(part, sha256=""), columns)
        try:
            table = coming.result()
        finally:  # the copy is there now, for whoever comes later; one that failed is asked for again
            with self._asking:
                if self._coming.get(part.file) is coming:
                    del self._coming[part.file]
        return table if columns is None else table.select([c for c in table.column_names if c in columns])

    def _is_here(self, file: str) -> bool:
        """Whether there is a copy that is whole."""
        return self._is_whole(file) if file not in self._good else (self.folder / file).is_file()

    def _is_whole(self, file: str) -> bool:
        """Whether the copy is what was written."""
        path, said = self.folder / file, self._sum(file)
        if not path.is_file() or not said.is_file():
            return False
        same = file_hash(path) == said.read_text("ascii")
        if same:
            self._good.add(file)
        return same

    def drop(self, part: Part) -> Int32:
        """Rows of the segment that are left out: int32, ascending."""
        if part.drop and not (self.folder / part.drop).is_file():
            found = self._server.read("MATCH (d:Drop {file: $file}) RETURN d.data AS data", file=part.drop)
            if not found:
                raise damaged(part.drop)
            self._disk.create_bytes(self.folder / part.drop, bytes(found[0]["data"]))
        return super().drop(part)
