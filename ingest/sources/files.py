"""A book as a folder: which file holds which table, and what else lies there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from graph.errors import Problem
from graph.model import TABLES
from ingest.sources import delimited, parquet
from ingest.sources.raw import Raw, UnreadableFileError

READERS: Final = (".csv", ".parquet")
"""Endings of the files that hold one table each."""
MANIFEST: Final = "book.toml"


def entries(path: Path) -> list[Path]:
    """Files of a folder by name, hidden ones left out. Raises ``UnreadableFileError`` if it is no folder."""
    if not path.is_dir():
        message = "there is no such folder" if not path.exists() else "this is not a folder"
        remedy = "name a folder with one CSV or Parquet file a table"
        raise UnreadableFileError([Problem(path.name or str(path), 0, "", "", "no_folder", message, remedy)])
    return sorted(p for p in path.iterdir() if not p.name.startswith("."))


def tables(held: Iterable[Path]) -> tuple[dict[str, Path], dict[str, str]]:
    """Files of a book by table, and the names of the others with a guess at what was meant ("" = none).

    Raises ``UnreadableFileError`` where a table has two files.
    """
    files: dict[str, Path] = {}
    unknown: dict[str, str] = {}
    problems = []
    for entry in held:
        if entry.suffix not in READERS or entry.stem not in TABLES or not entry.is_file():
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


def read_file(path: Path, coded: frozenset[str], dialect: delimited.Dialect | None = None) -> Raw:
    """Read one file by its ending: Parquet, else delimited text. Raises what its reader raises."""
    if path.suffix == ".parquet":
        return parquet.read(path, coded)
    return delimited.read(path, dialect, coded)
