"""Job: a delivery on disk to a checked book, and the receipt that accounts for every row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from graph.ahead import Ahead
from graph.book import Book
from ingest import manifest as manifests
from ingest.checks import check
from ingest.decode import Decoded, decode
from ingest.intake import Intake, MappedIntake, Step
from ingest.mapping import Mapping
from ingest.notices import notices
from ingest.problems import Problems
from ingest.quarantine import set_aside
from ingest.receipt import Count, Receipt
from ingest.sources.delimited import Dialect
from ingest.sources.raw import UnreadableFileError
from ingest.totals import control_sums


def read(
    path: str | Path,
    mapping: str | Path | None = None,
    *,
    dialect: Dialect | None = None,
    quarantine: bool = False,
    step: Step | None = None,
) -> tuple[Book, Receipt]:
    """Read and check a book: a folder of CSV or Parquet files or a workbook, in the model's layout or a mapping's.

    A manifest (``book.toml``) is verified where there is one; its period becomes the book's. ``dialect`` says how
    delimited files are written, over what manifest and mapping say. ``quarantine`` sets rows with a problem aside,
    and rows that refer to them, instead of stopping: the receipt counts and names them. ``step`` is told which file
    comes next, how many are done, and of how many.

    Raises ``InputError`` with every problem at once, ``MappingError`` for a mapping that cannot be used and
    ``OSError`` where the file system fails.
    """
    problems = Problems()
    intake = _open(Path(path), mapping, dialect, problems)
    stated = manifests.load(intake.manifest, problems) if intake.manifest else None
    if stated:
        intake.said = stated.dialects()
        manifests.verify_files(stated, intake.files, problems)
    delta = stated is not None and stated.kind == "delta"
    done = Decoded()
    whole = Book(done.tables, done.origins, stated.period if stated else None, source=str(path))
    with ThreadPoolExecutor(os.cpu_count()) as pool, ThreadPoolExecutor(os.cpu_count()) as behind:
        ahead = Ahead(whole, behind)
        decode(intake.parts(problems, step or _silent), problems, pool, done, ahead.arrived, delta=delta)
        derived = frozenset() if delta else _derive_lenders(done, problems)
        ahead.wait()
        totals = behind.submit(lambda: tuple(control_sums(whole)))
        check(whole, problems, pool, delta=delta)
        sums = totals.result()
    if stated:
        manifests.verify_rows(stated, intake.rows, problems)
        manifests.verify_sums(stated, intake.tables, sums, problems)
    if problems.files or (problems.total and not quarantine):
        raise problems.error()
    book = set_aside(whole, problems, delta=delta) if problems.total or problems.repeats else whole
    receipt = Receipt(
        source=str(path),
        counts=tuple(_counts(whole, book, derived)),
        sums=sums if book is whole else tuple(control_sums(book)),
        delivered_sums=sums,
        unknown_files=intake.unknown,
        dialects=intake.dialects,
        unknown_columns=done.unknown,
        roundings=tuple(done.roundings),
        problems=tuple(problems.kept()),
        problem_total=problems.total,
        repeated={name: len(rows) for name, rows in problems.repeats.items()},
        notices=notices(book),
        manifest=stated,
    )
    return book, receipt


def _silent(_file: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def _open(path: Path, mapping: str | Path | None, forced: Dialect | None, problems: Problems) -> Intake:
    """Find the files; a folder that cannot be used ends it here."""
    try:
        return Intake(path, forced) if mapping is None else MappedIntake(path, Mapping.load(mapping), forced)
    except UnreadableFileError as error:
        for problem in error.problems:
            problems.of_file(problem)
        raise problems.error() from error


def _counts(whole: Book, book: Book, derived: frozenset[str]) -> Iterator[Count]:
    """Rows of each table, delivered and used."""
    for name, table in whole.tables.items():
        used = book.table(name).num_rows
        yield Count(name, 0, 0, used) if name in derived else Count(name, table.num_rows, used)


def _derive_lenders(done: Decoded, problems: Problems) -> frozenset[str]:
    """Without a table of lenders, those that facilities name are the lenders, of unknown capital."""
    facilities = done.tables.get("facilities")
    absent = "lenders" not in done.tables and "lenders" not in problems.damaged
    if not absent or facilities is None or "lender_id" not in facilities.column_names:
        return frozenset()
    ids = pc.unique(facilities.column("lender_id").cast(pa.string())).drop_null().sort()
    done.tables["lenders"] = pa.table({"lender_id": ids, "name": ids})
    return frozenset({"lenders"})
