"""Workbooks: sheets of an .xlsx file to Arrow, every cell as the text that it shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, SheetTypeEnum, SheetVisibleEnum, load_workbook

from graph.book import Origin
from graph.errors import Problem
from ingest.sources import package
from ingest.sources.package import CELLS, TEXT
from ingest.sources.raw import Raw, UnreadableFileError

_BATCH: Final = 20_000
_EXACT: Final = 1e15
_TOLD: Final = 1_000

_FAULTS: Final = {
    "error_cell": (
        "the cell holds an error",
        "correct its formula, or empty the cell if the value is not known",
    ),
    "formula_without_value": (
        "the formula was never computed",
        "open and save the workbook in Excel, or write the value",
    ),
    "padded_number": (
        "a number that is shown with leading zeros which it does not have",
        "format the column as text and enter it as it is shown",
    ),
}


class Workbook:
    """An .xlsx file that may be opened: its sheets by name.

    ``hidden`` are sheets that Excel does not show. Raises ``UnreadableFileError`` (see ``package.inspect``).
    """

    def __init__(self, path: Path) -> None:
        self.file = path.name
        self._inside = package.inspect(path)
        try:
            self._held = load_workbook(str(path))
        except CalamineError as error:
            message, remedy = f"no whole .xlsx workbook ({error})", "save or transfer it again"
            raise UnreadableFileError(
                [Problem(path.name, 0, "", "", "unreadable_file", message, remedy)]
            ) from error
        sheets = [m for m in self._held.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
        self.sheets = tuple(m.name for m in sheets)
        self.hidden = frozenset(m.name for m in sheets if m.visible != SheetVisibleEnum.Visible)

    def read(self, sheet: str, coded: frozenset[str] = frozenset()) -> Raw:
        """One sheet: the first row that is not empty has the names of the columns, empty rows are left out.

        Columns named in ``coded`` come dictionary-encoded. Raises ``UnreadableFileError`` for a hidden sheet, cells
        that were merged, hold an error or a number of more digits than a workbook keeps, and a bad header.
        """
        name = named(self.file, sheet)
        inside = self._inside.get(sheet, package.Sheet())
        _readable(name, inside, hidden=sheet in self.hidden)
        try:
            held = self._held.get_sheet_by_name(sheet)
        except CalamineError as error:
            message, remedy = f"the sheet cannot be read ({error})", "save the workbook again"
            raise UnreadableFileError(
                [Problem(name, 0, "", "", "unreadable_file", message, remedy)]
            ) from error
        table = _Table(name, held, coded)
        problems = [
            *table.faulty(inside.faults),
            *table.merged(held.merged_cell_ranges or []),
            *table.problems,
        ]
        if problems:
            raise UnreadableFileError(sorted(problems)[:_TOLD])
        return table.raw()


def named(file: str, sheet: str) -> str:
    """How a sheet is called wherever a file is named.

    >>> named("book.xlsx", "parties")
    'book.xlsx, sheet parties'
    """
    return f"{file}, sheet {sheet}" if sheet else file


def _readable(name: str, inside: package.Sheet, *, hidden: bool) -> None:
    """Refuse a sheet as a whole."""
    if hidden:
        message, remedy = "the sheet is hidden", "show it if it is meant to be read, else rename or delete it"
        raise UnreadableFileError([Problem(name, 0, "", "", "hidden_sheet", message, remedy)])
    if inside.rows * inside.columns > CELLS:
        message = f"{inside.rows:,} rows by {inside.columns:,} columns, more than {CELLS:,} cells"
        remedy = "delete empty rows and columns, or send CSV or Parquet"
        raise UnreadableFileError([Problem(name, 0, "", "", "sheet_too_large", message, remedy)])
    if inside.text > TEXT:
        message = f"its cells show {inside.text:,} bytes of text, more than {TEXT:,}"
        remedy = "take long texts that many cells repeat out of it, or send CSV or Parquet"
        raise UnreadableFileError([Problem(name, 0, "", "", "sheet_too_large", message, remedy)])


class _Table:
    """The rows of a sheet below its header, column by column."""

    def __init__(self, name: str, held: CalamineSheet, coded: frozenset[str]) -> None:
        self._name = name
        self._coded = coded
        self.problems: list[Problem] = []
        rows = enumerate(held.iter_rows(), 1)
        self._header_line, header = next(((i, r) for i, r in rows if any(c != "" for c in r)), (0, []))
        self._names = [_text(c) or "" for c in header]
        pieces: list[list[pa.Array]] = [[] for _ in header]
        lines: list[npt.NDArray[np.int64]] = []
        while batch := list(islice(rows, _BATCH)):
            full = [(i, r) for i, r in batch if any(c != "" for c in r)]
            at = np.array([i for i, _ in full], np.int64)
            lines.append(at)
            for k, cells in enumerate(zip(*(r for _, r in full), strict=True)):
                pieces[k].append(self._column(cells, k, at))
        self._lines = np.concatenate(lines) if lines else np.zeros(0, np.int64)
        used = [bool(n) or any(len(p) > p.null_count for p in pieces[k]) for k, n in enumerate(self._names)]
        self._check_header(used)
        self._columns = {n: pieces[k] for k, n in enumerate(self._names) if used[k]}

    def _column(self, cells: tuple[object, ...], k: int, lines: npt.NDArray[np.int64]) -> pa.Array:
        """Some cells of a column as text."""
        texts = [c or None if type(c) is str else _text(c) for c in cells]
        long = [i for i, c in enumerate(cells) if isinstance(c, int | float) and abs(c) >= _EXACT]
        for i in long[: max(0, _TOLD - len(self.problems))]:
            message = "a number of more than 15 digits, of which a workbook keeps 15"
            remedy = "format the column as text and enter it again, or send CSV"
            self._complain(int(lines[i]), k, texts[i] or "", "lost_digits", message, remedy)
        return pa.array(texts, pa.string())

    def _complain(self, line: int, k: int, value: str, rule: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(self._name, line, self._place(line, k), value, rule, message, remedy))

    def _place(self, line: int, k: int) -> str:
        """The column of a cell and the cell: ``limit (E5)``."""
        at = f"{letters(k + 1)}{line}"
        header = self._names[k] if k < len(self._names) else ""
        return f"{header} ({at})" if header and line != self._header_line else at

    def _check_header(self, used: list[bool]) -> None:
        """Every column that holds something has a name of its own."""
        line = self._header_line
        if not any(self._names):
            message, remedy = "the sheet has no header row", "give at least the names of the columns"
            self.problems.append(Problem(self._name, 0, "", "", "empty_file", message, remedy))
        for k, name in enumerate(self._names):
            if used[k] and not name:
                self._complain(line, k, "", "empty_header", "the column has no name", "name it or drop it")
            elif name and name in self._names[:k]:
                self._complain(
                    line, k, name, "duplicate_header", "the header has this column twice", "keep one of them"
                )

    def faulty(self, faults: Iterable[tuple[int, str, str, str]]) -> Iterator[Problem]:
        """Problems of cells that the reader shows as empty or otherwise than Excel does."""
        for line, column, rule, value in sorted(faults)[:_TOLD]:
            place = self._place(line, package.column_number(column.encode()) - 1)
            yield Problem(self._name, line, place, value, rule, *_FAULTS[rule])

    def merged(self, ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Iterator[Problem]:
        """Problems of merged cells: only the first holds the value."""
        for (top, left), (bottom, right) in ranges:
            value = f"{letters(left + 1)}{top + 1}:{letters(right + 1)}{bottom + 1}"
            message, remedy = "merged cells hold one value for many", "unmerge them and fill in each cell"
            yield Problem(
                self._name, top + 1, self._place(top + 1, left), value, "merged_cells", message, remedy
            )

    def raw(self) -> Raw:
        """The table with the line of each of its rows."""
        made = {}
        for name, pieces in self._columns.items():
            column = pa.chunked_array(pieces, pa.string())
            made[name] = column.dictionary_encode() if name in self._coded else column
        first = self._header_line + 1
        n = len(self._lines)
        plain = bool(np.all(self._lines == np.arange(first, first + n)))
        return Raw(pa.table(made), Origin(self._name, first, n, None if plain else self._lines))


def letters(number: int) -> str:
    """Letters of a column from its number.

    >>> letters(27)
    'AA'
    """
    found = ""
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found


def _text(cell: object) -> str | None:
    """A cell as it reads: whole numbers without a point, floats by their shortest decimal, dates as YYYY-MM-DD.

    >>> [_text(c) for c in (123.0, 1e-07, True, "", "00123")]
    ['123', '0.0000001', 'true', None, '00123']
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{Decimal(repr(cell)):f}"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell) or None
