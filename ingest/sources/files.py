"""A book as files: which file or sheet holds which table, and what else lies there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from graph.errors import Problem
from graph.model import TABLES
from ingest.sources import delimited, parquet
from ingest.sources.raw import Raw, UnreadableFileError
from ingest.sources.workbook import Workbook, named

TABLE_FILES: Final = (".csv", ".parquet")
"""Endings of the files that hold one table each."""
WORKBOOK: Final = ".xlsx"
"""Ending of the files that hold one table a sheet."""
MANIFEST: Final = "book.toml"


@dataclass(frozen=True)
class Source:
    """Where a table's rows are: a file, or a sheet of a workbook."""

    path: Path
    sheet: str = ""
    book: Workbook | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """What problems and receipts call it."""
        return named(self.path.name, self.sheet)

    @property
    def stem(self) -> str:
        """The table that it holds, if any has this name."""
        return self.sheet or self.path.stem

    def read(self, coded: frozenset[str] = frozenset(), dialect: delimited.Dialect | None = None) -> Raw:
        """Read it: a sheet, a Parquet file, else delimited text. Raises what the reader raises."""
        if self.path.suffix == WORKBOOK:
            return (self.book or Workbook(self.path)).read(self.sheet, coded)
        if self.path.suffix == ".parquet":
            return parquet.read(self.path, coded)
        return delimited.read(self.path, dialect, coded)


def sources(path: Path) -> Iterator[Source]:
    """The sources of one file: of a workbook its sheets, each on its own."""
    if path.suffix == WORKBOOK and path.is_file():
        book = Workbook(path)
        yield from (Source(path, sheet, book) for sheet in book.sheets)
    else:
        yield Source(path)


def source_named(folder: Path, name: str) -> Source:
    """The source that problems call by this name; ``folder`` may be the workbook itself.

    >>> source_named(Path("in"), "book.xlsx, sheet parties").stem
    'parties'
    """
    file, _, sheet = name.partition(", sheet ")
    return Source(folder if folder.is_file() else folder / file, sheet)


def entries(path: Path) -> list[Path]:
    """Files of a folder by name, hidden ones left out; a workbook is a folder of its own.

    Raises ``UnreadableFileError`` if it is neither, and for names that are no text.
    """
    _named_in_text(path)
    if path.suffix == WORKBOOK and path.is_file():
        return [path]
    if not path.is_dir():
        message = "there is no such folder" if not path.exists() else "this is not a folder"
        remedy = "name a folder with one CSV or Parquet file a table, or an .xlsx workbook"
        raise UnreadableFileError([Problem(path.name or str(path), 0, "", "", "no_folder", message, remedy)])
    held = sorted(p for p in path.iterdir() if not p.name.startswith("."))
    for entry in held:
        _named_in_text(entry)
    return held


def _named_in_text(path: Path) -> None:
    """Refuse a name whose bytes are not UTF-8: no receipt, manifest or message could name it."""
    shown = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    if shown != path.name:
        message, remedy = "the name is not UTF-8 text", "rename it, or take it away"
        raise UnreadableFileError([Problem(shown, 0, "", "", "file_name", message, remedy)])


def tables(held: Iterable[Path]) -> tuple[dict[str, Source], dict[str, str]]:
    """Sources of a book by table, and the names of the others with a guess at what was meant ("" = none).

    Raises ``UnreadableFileError`` where a table has two, and for workbooks that cannot be opened.
    """
    files: dict[str, Source] = {}
    unknown: dict[str, str] = {}
    problems = []
    for entry in (source for path in held for source in sources(path)):
        ending = entry.path.suffix
        if ending not in (*TABLE_FILES, WORKBOOK) or entry.stem not in TABLES or not entry.path.is_file():
            unknown[entry.name] = guess(entry.stem, TABLES)
        elif entry.stem in files:
            message = f"the table {entry.stem} is also in {files[entry.stem].name}"
            problems.append(
                Problem(entry.name, 0, "", "", "table_twice", message, "keep one of the two files")
            )
        else:
            files[entry.stem] = entry
    if problems:
        raise UnreadableFileError(problems)
    return files, unknown


def guess(name: str, known: Iterable[str]) -> str:
    """The known name that an unknown one probably means, or "".

    >>> guess("Facility", ["facilities", "parties"])
    'facilities'
    """
    close = difflib.get_close_matches(name.lower(), list(known), 1, 0.7)
    return close[0] if close else ""
