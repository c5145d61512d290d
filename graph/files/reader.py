"""Reader of the embedded store: one version, pinned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.ahead import Ahead
from graph.book import Book, Origin
from graph.canonical import graph_hash
from graph.deliveries import Contents, Delivery
from graph.errors import OptionError
from graph.files.pieces import Piece, chains, live, rows_of, unit
from graph.files.runs import Runs
from graph.files.segments import Part, Segments
from graph.files.snapshots import Snapshots
from graph.files.versions import Version
from graph.judgements import TABLE as JUDGED
from graph.judgements import Judgement, laid_over
from graph.keys import KeySet, fingerprints
from graph.model import TABLES
from graph.resolve import losers
from graph.rows import LazyTables, apart, below
from graph.snapshot import Snapshot
from graph.store import Among


class FileReader:
    """What is known in one version, whatever is published meanwhile; see ``graph.store.Reader``."""

    def __init__(
        self,
        url: str,
        versions: Sequence[Version],
        segments: Segments,
        runs: Runs,
        snapshots: Snapshots,
        said: Sequence[Judgement] = (),
    ) -> None:
        self.version = len(versions)
        self._url = url
        self._versions = versions
        self.segments = segments
        self._runs = runs
        self._snapshots = snapshots
        self._said = said

    def judged(self, said: Sequence[Judgement]) -> FileReader:
        """The same version, its book and snapshot with the judgements of the journal laid over ``same_as``."""
        return FileReader(self._url, self._versions, self.segments, self._runs, self._snapshots, said)

    @property
    def _judgements(self) -> int:
        """Number of the latest judgement that is laid over the book, 0 for none."""
        return max((j.number for j in self._said), default=0)

    def deliveries(self) -> tuple[Delivery, ...]:
        """Everything that was delivered up to this version, in the order of arrival."""
        return tuple(v.delivery for v in self._versions)

    def delivered(self, version: int) -> Contents:
        """What one version brought: its rows, and the keys that it deletes."""
        if not 1 <= version <= self.version:
            raise OptionError(f"no version {version} in {self._url}: it has {self.version}")
        held = self._versions[version - 1]
        tables, origins = {}, {}
        for name, parts in held.rows.items():
            pieces = [Piece("", p, self.segments.drop(p)) for p in parts]
            table = below(rows_of(self.segments, p) for p in pieces)
            if table is not None:
                tables[name], origins[name] = apart(table)
        deleted = {n: pa.concat_tables(map(self.segments.read, p)) for n, p in held.deleted.items()}
        return Contents(Book(tables, origins, held.delivery.period), deleted)

    def names(self, as_of: dt.date | None = None) -> list[str]:
        """Tables that were delivered and not replaced as of a day, in the order of the model."""
        found = {name for chain in self._chains(as_of).values() for v in chain for name in v.rows}
        return [name for name in TABLES if name in found or (name == JUDGED and self._said)]

    def pieces(self, name: str, as_of: dt.date | None = None, only: Among | None = None) -> list[Piece]:
        """Where the rows of a table are that hold as of a day."""
        return [
            piece
            for by, chain in self._chains(as_of).items()
            if only is None or only.admits(by)
            for piece in live(self.segments, by, self._runs.units(chain), name)
        ]

    def _parts(self, as_of: dt.date | None) -> list[Part]:
        """The segments that hold the book as of a day, in the order of its tables."""
        units = [u for chain in self._chains(as_of).values() for u in self._runs.units(chain)]
        return [
            p for name in TABLES for u in units for held in (u.rows, u.deleted) for p in held.get(name, ())
        ]

    def pieces_delivered(self, name: str) -> list[Piece]:
        """Where the rows of a table are, each piece as one version brought it: in the same order, nothing merged."""
        return [
            piece
            for by, chain in self._chains(None).items()
            for piece in live(self.segments, by, list(map(unit, chain)), name)
        ]

    def facts(self, as_of: dt.date | None = None) -> dict[str, pa.Table]:
        """Every row that holds as of a day, with its source, also where sources disagree."""
        return {name: apart(self._rows(name, as_of)[0])[0] for name in self.names(as_of)}

    def book(self, as_of: dt.date | None = None) -> Book:
        """The book as of a day, by default of the latest delivery: one row in force of each key."""
        return self._book(as_of, None)

    def _book(self, as_of: dt.date | None, behind: Executor | None) -> Book:
        """The book; its ids are looked up ``behind`` the reading of its tables."""
        day = self.day(as_of)
        tables: dict[str, pa.Table] = {}
        origins: dict[str, tuple[Origin, ...]] = {}
        made = Book(tables, origins, as_of or self._period(), self.version, self._url, self._judgements)
        ahead = Ahead(made, behind) if behind else None
        self.segments.expect(self._parts(as_of))
        for name in self.names(as_of):
            tables[name], origins[name] = apart(self._counting(name, as_of, day))
            if ahead:
                ahead.arrived(name)
        if ahead:
            ahead.wait()
        return made

    def snapshot(self, as_of: dt.date | None = None, base: str | None = None) -> Snapshot:
        """The compiled snapshot as of a day, kept for the next time."""
        held = self._snapshots.find(self.version, as_of, base, self._judgements, self._lazy(as_of))
        if held is not None:
            return held
        with ThreadPoolExecutor(1) as behind:
            book = self._book(as_of, behind)
        made = Snapshot.of(book, as_of, base)
        if book.period or made.as_of != dt.datetime.now(dt.UTC).date():  # a day that is today only today
            self._snapshots.keep(made, self.version, as_of, base)
        return made

    def graph_hash(self, as_of: dt.date | None = None) -> str:
        """sha256 of the sorted canonical rows of ``facts``."""
        return graph_hash(self.facts(as_of))

    def matching(self, table: str, like: pa.Table, only: Among | None = None) -> pa.Table:
        """The facts of a table that agree with some row of ``like`` in all columns of ``like``."""
        among = only or Among()
        on = like.column_names
        wanted = KeySet(fingerprints(like, on))
        found = []
        for piece in self.pieces(table, among.as_of, among):
            hit = wanted.rows(fingerprints(self.segments.read(piece.part, on), on)) >= 0
            hit[piece.drop] = False
            if hit.any():
                rows = self.segments.read(piece.part, among.columns).filter(pa.array(hit))
                found.append(apart(with_source(rows, piece.by))[0])
        held = below(found)
        return TABLES[table].empty() if held is None else held

    def _chains(self, as_of: dt.date | None) -> dict[str, list[Version]]:
        return chains(self._versions, as_of)

    def _period(self) -> dt.date | None:
        """Day of the latest delivery that has one."""
        return max((v.delivery.day for v in self._versions if v.delivery.day), default=None)

    def day(self, as_of: dt.date | None = None) -> dt.date:
        """The day on which one row of each key counts."""
        return as_of or self._period() or Book(self._lazy(None, raw=True)).default_as_of()

    def _lazy(self, as_of: dt.date | None, *, raw: bool = False) -> LazyTables:
        """The tables of the book, or those before one row of each key was chosen, read one by one."""

        def read(name: str) -> pa.Table:
            if raw:
                return apart(self._rows(name, as_of)[0])[0]
            return apart(self._counting(name, as_of, self.day(as_of)))[0]

        return LazyTables(self.names(as_of), read)

    def _rows(self, name: str, as_of: dt.date | None) -> tuple[pa.Table, bool]:
        """All rows of a table with their sources and places, and whether several subsidiaries brought them."""
        held = self.pieces(name, as_of)
        table = below(with_source(rows_of(self.segments, p), p.by) for p in held)
        return TABLES[name].empty() if table is None else table, len({p.by for p in held}) > 1

    def _counting(self, name: str, as_of: dt.date | None, day: dt.date) -> pa.Table:
        """The rows of a table that count, with what was judged since."""
        table = self._delivered(name, as_of, day)
        return laid_over(table, self._said) if name == JUDGED else table

    def _delivered(self, name: str, as_of: dt.date | None, day: dt.date) -> pa.Table:
        """The rows of a table without those in force that do not count.

        Only several subsidiaries, or dated rows of several deliveries, can have two rows of a key in force.
        """
        table, several = self._rows(name, as_of)
        dated = "valid_from" in table.column_names and table.column("valid_from").null_count < table.num_rows
        if not several and not (dated and any(len(chain) > 1 for chain in self._chains(as_of).values())):
            return table
        lost = losers(table, name, day)
        if not len(lost):
            return table
        keep = np.ones(table.num_rows, bool)
        keep[lost] = False
        return table.filter(pa.array(keep))


def differing(old: FileReader, new: FileReader, name: str) -> tuple[pa.Table, pa.Table]:
    """The rows of a table, of each version those that do not stand in the same place in the other one."""
    held = [{(p.by, p.part.file): p for p in reader.pieces(name)} for reader in (old, new)]
    sides = []
    for mine, other in (held, held[::-1]):
        alone = [_without(piece, other.get(at)) for at, piece in mine.items()]
        table = below(with_source(rows_of(new.segments, p), p.by) for p in alone if p.rows)
        sides.append(TABLES[name].empty() if table is None else apart(table)[0])
    return sides[0], sides[1]


def _without(piece: Piece, other: Piece | None) -> Piece:
    """The rows of a piece that do not count in another version's piece of the same segment."""
    if other is None:
        return piece
    counts = np.ones(piece.part.rows, bool)
    counts[piece.drop] = False
    there = np.ones(piece.part.rows, bool)
    there[other.drop] = False
    return Piece(piece.by, piece.part, np.flatnonzero(~(counts & ~there)).astype(np.int32))


def with_source(table: pa.Table, by: str) -> pa.Table:
    """The table with the subsidiary as source where a row names none."""
    if not by:
        return table
    if "source" in table.column_names:
        at = table.column_names.index("source")
        column = table.column(at)
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        return table.set_column(at, "source", pc.fill_null(column, by))
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(table.num_rows, np.int32)), pa.array([by]))
    return table.append_column("source", words)
