"""Job: a delivery on disk to a checked book, and the receipt that accounts for every row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.ids import one_chunk
from graph.model import TABLES
from ingest.checks import check
from ingest.decode import Decoded, Part, coded, decode
from ingest.problems import Problems
from ingest.receipt import ControlSum, Count, Receipt
from ingest.sources.files import Folder, open_folder, read_file
from ingest.sources.raw import UnreadableFileError

Step = Callable[[str, int, int], None]
"""Told what is done next, how many steps are done, and of how many."""


def read(
    path: str | Path, mapping: str | Path | None = None, *, step: Step | None = None
) -> tuple[Book, Receipt]:
    """Read and check a book: one CSV or Parquet file a table in a folder.

    Raises ``InputError`` with every problem at once, ``OSError`` where the file system fails.
    """
    problems = Problems()
    with ThreadPoolExecutor(
        os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    ) as pool:
        try:
            folder = open_folder(Path(path))
        except UnreadableFileError as error:
            for problem in error.problems:
                problems.of_file(problem)
            raise problems.error() from error
        done = decode(_parts(folder, problems, step or _silent), problems, pool)
        book = Book(done.tables, done.origins, source=str(path))
        check(book, problems, pool)
    if problems.total:
        raise problems.error()
    return book, _receipt(book, done, folder)


def _silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def _parts(folder: Folder, problems: Problems, step: Step) -> Iterator[Part]:
    """The tables of a folder one by one, in the order of the model; unreadable files become problems."""
    held = [name for name in TABLES if name in folder.files]
    for i, name in enumerate(held):
        step(folder.files[name].name, i, len(held))
        try:
            raw = read_file(folder.files[name], coded(TABLES[name]))
        except UnreadableFileError as error:
            for problem in error.problems:
                problems.of_file(problem, name)
            continue
        columns = dict(zip(raw.data.column_names, raw.data.columns, strict=True))
        yield Part(name, columns, raw.origin)


def _receipt(book: Book, done: Decoded, folder: Folder) -> Receipt:
    """Account for what was read."""
    counts = tuple(Count(name, table.num_rows, table.num_rows) for name, table in book.tables.items())
    return Receipt(str(folder.path), counts, unknown_files=folder.unknown, unknown_columns=done.unknown)
