"""Intake: a delivery, file by file and sheet by sheet, as the parts that these give to tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dict
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import numpy.typing as npt

from graph.errors import Problem
from graph.model import TABLES
from ingest.decode import Part, coded
from ingest.extra import COLUMN as EXTRA
from ingest.mapping import Mapping, Reading
from ingest.problems import KEPT, Problems
from ingest.sources.delimited import Dialect
from ingest.sources.files import MANIFEST, WORKBOOK, Source, entries, guess, sources, tables
from ingest.sources.raw import Raw, UnreadableFileError
from ingest.sources.workbook import named
from ingest.translate import translate

Step = Callable[[str, int, int], None]
"""Told which file is read next, how many are done, and of how many."""


class Intake:
    """The files of a book folder, one a table, or the sheets of its workbook.

    ``sources`` are those that are read, by name; ``unknown`` the others with a guess at what was meant. ``forced``
    says how text is written whatever else is said, ``said`` what the manifest says of each file. ``rows`` (by
    file), ``tables`` (of each file) and ``dialects`` (of files that are not plain CSV) fill while ``parts`` runs.
    Raises ``UnreadableFileError`` if there is no such folder or a table has two files.
    """

    def __init__(self, path: Path, forced: Dialect | None = None) -> None:
        self.path = path
        held = [p for p in entries(path) if p.name != MANIFEST]
        self.manifest = path / MANIFEST if (path / MANIFEST).is_file() else None
        self.forced = forced or Dialect()
        self.said: Dict[str, Dialect] = {}
        self.rows: Counter[str] = Counter()
        self.tables: dict[str, set[str]] = defaultdict(set)
        self.dialects: dict[str, Dialect] = {}
        self.sources, self.unknown = self._sorted_out(held)

    @property
    def files(self) -> dict[str, Path]:
        """Files of which anything is read, by name."""
        return {s.path.name: s.path for s in self.sources.values()}

    def _sorted_out(self, held: list[Path]) -> tuple[dict[str, Source], dict[str, str]]:
        """What of the folder is read, and what is not."""
        by_table, unknown = tables(held)
        return {by_table[t].name: by_table[t] for t in TABLES if t in by_table}, unknown

    def parts(self, problems: Problems, step: Step) -> Iterator[Part]:
        """The tables one by one, in the order of the model; files that cannot be read become problems."""
        for i, (file, source) in enumerate(self.sources.items()):
            step(file, i, len(self.sources))
            table = TABLES[source.stem]
            raw = self._read(source, coded(table), {table.name}, problems)
            if raw is not None:
                held = dict(zip(raw.data.column_names, raw.data.columns, strict=True))
                known = {n: c for n, c in held.items() if n in table.names}
                others = {n: c for n, c in held.items() if n not in known}
                yield Part(table.name, known, raw.origin, others, decimal=raw.decimal, last=True)

    def _read(
        self,
        source: Source,
        words: frozenset[str],
        given: set[str],
        problems: Problems,
        layout: Dialect | None = None,
    ) -> Raw | None:
        """One source, or None and problems of the tables that it gives rows to."""
        file = source.path.name
        self.tables[file] |= given
        dialect = self.forced.over(self.said.get(file, Dialect())).over(layout or Dialect())
        if dialect != Dialect() and source.path.suffix == ".csv":
            self.dialects[file] = dialect
        try:
            raw = source.read(words, dialect)
        except UnreadableFileError as error:
            for problem in error.problems:
                problems.of_file(problem)
            problems.damaged |= given
            return None
        self.rows[file] += raw.origin.rows
        return raw


class MappedIntake(Intake):
    """The files of a folder in another layout, read as a mapping says."""

    def __init__(self, path: Path, mapping: Mapping, forced: Dialect | None = None) -> None:
        self._mapping = mapping
        self._raw: dict[str, Raw | None] = {}
        super().__init__(path, forced)

    def _sorted_out(self, held: list[Path]) -> tuple[dict[str, Source], dict[str, str]]:
        """Files and sheets that an entry or a lookup names."""
        readings = self._mapping.readings
        named = {(r.file, r.sheet) for r in readings} | {
            (x.file, x.sheet) for r in readings for c in r.columns.values() for x in c.lookup
        }
        patterns = {file for file, _ in named}
        files = [p for p in held if p.is_file() and any(fnmatchcase(p.name, f) for f in patterns)]
        found = [s for p in files for s in sources(p)]
        read = {s.name: s for s in found if any(_is_named(s, *n) for n in named)}
        unknown = {p.name: guess(p.name, patterns) for p in held if p not in files}
        return read, unknown | {s.name: "" for s in found if s.name not in read}

    def parts(self, problems: Problems, step: Step) -> Iterator[Part]:
        """The entries of the mapping in their order, each for every file that it names."""
        held = self.sources.values()
        work = [(r, s.name) for r in self._mapping.readings for s in held if _is_named(s, r.file, r.sheet)]
        self._report_missing(problems)
        left = Counter(file for _, file in work)
        taken: dict[str, list[npt.NDArray[np.integer]]] = defaultdict(list)
        for i, (reading, file) in enumerate(work):
            step(file, i, len(work))
            raw = self._find(file, problems)
            left[file] -= 1
            if raw is None:
                continue
            part, rows = translate(
                raw, reading, lambda file, sheet: self._looked_up(file, sheet, problems), problems
            )
            taken[file].append(rows)
            if not left[file]:
                self._report_left_over(raw, taken[file], problems)
                self._raw.pop(file)
            if part is not None:
                yield part

    def _looked_up(self, file: str, sheet: str, problems: Problems) -> Raw | None:
        """The file or sheet that a lookup names."""
        found = next((s.name for s in self.sources.values() if _is_named(s, file, sheet)), "")
        return self._find(found, problems)

    def _find(self, name: str, problems: Problems) -> Raw | None:
        """A source of the folder, read once however many entries and lookups want it."""
        if name not in self.sources:
            return None
        if name not in self._raw:
            source = self.sources[name]
            own = [r for r in self._mapping.readings if _is_named(source, r.file, r.sheet)]
            words = frozenset(s for r in own for s in _repeated(r))
            given = {r.table for r in own}
            self._raw[name] = self._read(source, words, given, problems, self._mapping.dialect)
        return self._raw[name]

    def _report_missing(self, problems: Problems) -> None:
        """Entries without a file."""
        for reading in self._mapping.readings:
            held = self.sources.values()
            if not reading.optional and not any(_is_named(s, reading.file, reading.sheet) for s in held):
                message, remedy = "no such file", "add it, or say optional = true in the mapping"
                if any(fnmatchcase(f, reading.file) for f in self.files):
                    message, remedy = "no such sheet", "say its name as sheet in the mapping"
                name = named(reading.file, reading.sheet)
                problems.of_file(Problem(name, 0, "", "", "missing_file", message, remedy), reading.table)

    def _report_left_over(self, raw: Raw, taken: list[npt.NDArray[np.integer]], problems: Problems) -> None:
        """Rows that no entry takes."""
        left = np.ones(raw.origin.rows, bool)
        for rows in taken:
            left[rows] = False
        message, remedy = "no entry of the mapping takes this row", "add an entry, or widen the where of one"
        for row in np.flatnonzero(left)[:KEPT].tolist():
            file, line = raw.origin.file, raw.origin.line(row)
            problems.of_file(Problem(file, line, "", "", "unmapped_row", message, remedy))


def _is_named(source: Source, file: str, sheet: str) -> bool:
    """Whether an entry names a source; without the name of a sheet it means the only one of the workbook."""
    if not fnmatchcase(source.path.name, file):
        return False
    if source.path.suffix != WORKBOOK or sheet:
        return source.sheet == sheet
    return source.book is not None and len(source.book.sheets) == 1


def _repeated(reading: Reading) -> Iterator[str]:
    """Source columns of an entry that are kept dictionary-encoded."""
    words = coded(TABLES[reading.table]) - {EXTRA}
    yield from (r.source[0] for name, r in reading.columns.items() if name in words and len(r.source) == 1)
