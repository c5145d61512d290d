"""Problems: everything wrong with a delivery, counted in full and kept up to a bound."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from graph.book import Origin
from graph.errors import InputError, Problem

Rows = npt.NDArray[np.integer]

KEPT: Final = 1_000
"""How many problems of one file are kept word for word; all are counted."""


@dataclass
class Problems:
    """Collects what is wrong, file by file, and which rows of which table it concerns.

    ``aside`` holds by table the rows (of the table as read) with a problem, ``unread`` by table and column those
    whose cell could not be read or need not be there, ``earlier`` by table the later rows of each pair with one key
    and their earlier ones, ``repeats`` the rows that say in the same words what an earlier one says, which is no
    problem.
    ``headers`` says by table, file and column what the file calls it, ``shifts`` by how many places a mapping moves
    the decimal point of what stands there, ``damaged`` are the tables of which a file or a column that must be there
    is missing. ``files`` counts the problems that no quarantine of rows helps.
    """

    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    aside: dict[str, list[Rows]] = field(default_factory=lambda: defaultdict(list))
    unread: dict[tuple[str, str], list[Rows]] = field(default_factory=lambda: defaultdict(list))
    earlier: dict[str, tuple[Rows, Rows]] = field(default_factory=dict)
    repeats: dict[str, Rows] = field(default_factory=dict)
    headers: dict[tuple[str, str, str], str] = field(default_factory=dict)
    shifts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    files: int = 0
    _kept: dict[str, list[Problem]] = field(default_factory=lambda: defaultdict(list))

    def of_file(self, problem: Problem, table: str = "") -> None:
        """A problem of a file as a whole: no quarantine of rows helps."""
        self.files += 1
        if table:
            self.damaged.add(table)
        self._add(problem)

    def of_rows(
        self,
        table: str,
        rows: Rows,
        place: Callable[[int], tuple[str, int]],
        tell: Callable[[int], tuple[str, str, str, str, str]],
    ) -> None:
        """A problem of each of these rows of a table.

        ``place`` gives file and line of a row, ``tell`` column, value, rule, message and remedy of the i-th of
        ``rows``; both are asked only for as many as are kept.
        """
        if not len(rows):
            return
        self.aside[table].append(rows)
        told = min(len(rows), KEPT)
        for i in range(told):
            file, line = place(int(rows[i]))
            column, value, rule, message, remedy = tell(i)
            header = self.headers.get((table, file, column), column)
            self._add(Problem(file, line, header, value, rule, message, remedy))
        if told < len(rows):
            self.total += len(rows) - told
            self.counts[tell(0)[2]] += len(rows) - told

    def _add(self, problem: Problem) -> None:
        """Count a problem, keep it if there is room."""
        self.total += 1
        self.counts[problem.rule] += 1
        if len(self._kept[problem.file]) < KEPT:
            self._kept[problem.file].append(problem)

    def take_over(self, later: Problems) -> None:
        """Add what a later look found, rows aside (they are numbered otherwise by then)."""
        for problem in later.kept():
            self._add(problem)
        for rule, count in later.counts.items():
            told = sum(p.rule == rule for p in later.kept())
            self.total += count - told
            self.counts[rule] += count - told

    def kept(self) -> list[Problem]:
        """The problems that are kept, in the order of files, rows and columns."""
        return sorted(p for kept in self._kept.values() for p in kept)

    def error(self) -> InputError:
        """All of it as the error that stops a report."""
        return InputError(self.kept(), self.total)

    def concerned(self, table: str) -> Rows:
        """Rows of a table with a problem, each once, sorted: int64."""
        found = self.aside.get(table)
        return np.unique(np.concatenate(found)).astype(np.int64) if found else np.zeros(0, np.int64)


def place_in(origins: Iterable[Origin]) -> Callable[[int], tuple[str, int]]:
    """File and line of a row of a table that these runs of rows make up."""
    runs = tuple(origins)

    def place(row: int) -> tuple[str, int]:
        for run in runs:
            if row < run.rows:
                return run.file, run.line(row)
            row -= run.rows
        raise IndexError(row)

    return place
