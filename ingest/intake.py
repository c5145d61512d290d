"""Intake: a delivery's folder, file by file, as the parts that its files give to tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
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
from ingest.sources.files import MANIFEST, entries, guess, read_file, tables
from ingest.sources.raw import Raw, UnreadableFileError
from ingest.translate import translate

Step = Callable[[str, int, int], None]
"""Told which file is read next, how many are done, and of how many."""


class Intake:
    """The files of a book folder, one a table.

    ``files`` are those that are read, by name; ``unknown`` the others with a guess at what was meant. ``rows`` (by
    file) and ``tables`` (of each file) fill while ``parts`` runs. Raises ``UnreadableFileError`` if there is no such
    folder or a table has two files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        held = [p for p in entries(path) if p.name != MANIFEST]
        self.manifest = path / MANIFEST if (path / MANIFEST).is_file() else None
        self.rows: dict[str, int] = {}
        self.tables: dict[str, set[str]] = defaultdict(set)
        self.files, self.unknown = self._sorted_out(held)

    def _sorted_out(self, held: list[Path]) -> tuple[dict[str, Path], dict[str, str]]:
        """Which of the folder's files are read, and which are not."""
        by_table, unknown = tables(held)
        return {by_table[t].name: by_table[t] for t in TABLES if t in by_table}, unknown

    def parts(self, problems: Problems, step: Step) -> Iterator[Part]:
        """The tables one by one, in the order of the model; files that cannot be read become problems."""
        for i, (file, path) in enumerate(self.files.items()):
            step(file, i, len(self.files))
            table = TABLES[path.stem]
            raw = self._read(path, coded(table), {table.name}, problems)
            if raw is not None:
                held = dict(zip(raw.data.column_names, raw.data.columns, strict=True))
                known = {n: c for n, c in held.items() if n in table.names}
                others = {n: c for n, c in held.items() if n not in known}
                yield Part(table.name, known, raw.origin, others, last=True)

    def _read(
        self,
        path: Path,
        words: frozenset[str],
        given: set[str],
        problems: Problems,
        dialect: Dialect | None = None,
    ) -> Raw | None:
        """One file, or None and problems of the tables that it gives rows to."""
        self.tables[path.name] = given
        try:
            raw = read_file(path, words, dialect)
        except UnreadableFileError as error:
            for problem in error.problems:
                problems.of_file(problem)
            problems.damaged |= given
            return None
        self.rows[path.name] = raw.origin.rows
        return raw


class MappedIntake(Intake):
    """The files of a folder in another layout, read as a mapping says."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self._mapping = mapping
        self._raw: dict[str, Raw | None] = {}
        super().__init__(path)

    def _sorted_out(self, held: list[Path]) -> tuple[dict[str, Path], dict[str, str]]:
        """Files that an entry or a lookup names."""
        readings = self._mapping.readings
        patterns = {r.file for r in readings} | {
            x.file for r in readings for c in r.columns.values() for x in c.lookup
        }
        files = {p.name: p for p in held if p.is_file() and any(fnmatchcase(p.name, f) for f in patterns)}
        return files, {p.name: guess(p.name, patterns) for p in held if p.name not in files}

    def parts(self, problems: Problems, step: Step) -> Iterator[Part]:
        """The entries of the mapping in their order, each for every file that it names."""
        work = [(r, f) for r in self._mapping.readings for f in self.files if fnmatchcase(f, r.file)]
        self._report_missing(problems)
        left = Counter(file for _, file in work)
        taken: dict[str, list[npt.NDArray[np.integer]]] = defaultdict(list)
        for i, (reading, file) in enumerate(work):
            step(file, i, len(work))
            raw = self._find(file, problems)
            left[file] -= 1
            if raw is None:
                continue
            part, rows = translate(raw, reading, lambda name: self._find(name, problems), problems)
            taken[file].append(rows)
            if not left[file]:
                self._report_left_over(raw, taken[file], problems)
                self._raw.pop(file)
            if part is not None:
                yield part

    def _find(self, file: str, problems: Problems) -> Raw | None:
        """A file of the folder, read once however many entries and lookups want it."""
        if file not in self.files:
            return None
        if file not in self._raw:
            own = [r for r in self._mapping.readings if fnmatchcase(file, r.file)]
            words = frozenset(s for r in own for s in _repeated(r))
            given = {r.table for r in own}
            self._raw[file] = self._read(self.files[file], words, given, problems, self._mapping.dialect)
        return self._raw[file]

    def _report_missing(self, problems: Problems) -> None:
        """Entries without a file."""
        for reading in self._mapping.readings:
            if not reading.optional and not any(fnmatchcase(f, reading.file) for f in self.files):
                message, remedy = "no such file", "add it, or say optional = true in the mapping"
                problems.of_file(
                    Problem(reading.file, 0, "", "", "missing_file", message, remedy), reading.table
                )

    def _report_left_over(self, raw: Raw, taken: list[npt.NDArray[np.integer]], problems: Problems) -> None:
        """Rows that no entry takes."""
        left = np.ones(raw.origin.rows, bool)
        for rows in taken:
            left[rows] = False
        message, remedy = "no entry of the mapping takes this row", "add an entry, or widen the where of one"
        for row in np.flatnonzero(left)[:KEPT].tolist():
            file, line = raw.origin.file, raw.origin.line(row)
            problems.of_file(Problem(file, line, "", "", "unmapped_row", message, remedy))


def _repeated(reading: Reading) -> Iterator[str]:
    """Source columns of an entry that are kept dictionary-encoded."""
    words = coded(TABLES[reading.table]) - {EXTRA}
    yield from (r.source[0] for name, r in reading.columns.items() if name in words and len(r.source) == 1)
