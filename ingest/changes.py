"""Changes: a file of proposed facilities, guarantees, stakes, sales and merges, one a line, checked like any delivery.

The column ``change`` says what a line is; the other columns are those of the data model, empty where a kind has no
such column (``graph.proposal``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from graph.errors import InputError, OptionError, Problem
from graph.model import MONEY, SHARE, Column
from graph.proposal import PROPOSALS, REQUIRED, Proposal
from ingest.cells import convert
from ingest.remedies import unreadable
from ingest.sources.delimited import read as read_delimited
from ingest.sources.raw import Raw, UnreadableFileError

CHANGE: Final = "change"


def read(path: Path) -> list[Proposal]:
    """The changes of a CSV file, in its order.

    Raises ``OptionError`` if there is no such file and ``InputError`` with everything wrong in it: file, row,
    column, value and remedy.
    """
    if not path.is_file():
        raise OptionError(f"no changes file {str(path)!r}: give a CSV with a column change")
    try:
        raw = read_delimited(path)
    except UnreadableFileError as error:
        raise InputError(error.problems) from error
    problems: list[Problem] = []
    if CHANGE not in raw.data.column_names:
        kinds = ", ".join(PROPOSALS)
        said = Problem(
            path.name, 0, CHANGE, "", "missing_column", "no column says what each line is", f"add it: {kinds}"
        )
        raise InputError([said])
    known = {c.name for columns in PROPOSALS.values() for c in columns}
    problems += [
        Problem(
            path.name,
            0,
            name,
            "",
            "unknown_column",
            "no change has such a column",
            "rename it or take it out",
        )
        for name in raw.data.column_names
        if name != CHANGE and name not in known
    ]
    made = [_line(raw, row, problems) for row in range(raw.data.num_rows)]
    if not made and not problems:
        problems.append(Problem(path.name, 0, "", "", "no_rows", "the file proposes nothing", "add a line"))
    if problems:
        raise InputError(problems)
    return [change for change in made if change is not None]


def _line(raw: Raw, row: int, problems: list[Problem]) -> Proposal | None:
    """One line; None, with its problems added, where it cannot be taken."""
    file, line = raw.origin.file, raw.origin.line(row)
    kind = (raw.data[CHANGE][row].as_py() or "").strip()
    before = len(problems)
    if kind not in PROPOSALS:
        remedy = f"write one of {', '.join(PROPOSALS)}"
        problems.append(Problem(file, line, CHANGE, kind, "unknown_change", "no such kind of change", remedy))
        return None
    columns = {c.name: c for c in PROPOSALS[kind]}
    values = dict(_cells(raw, row, columns, problems))
    for name in raw.data.column_names:
        if name not in columns and name != CHANGE and raw.data[name][row].as_py() is not None:
            said = str(raw.data[name][row].as_py())
            problems.append(
                Problem(
                    file,
                    line,
                    name,
                    said,
                    "column_of_another",
                    f"a {kind} has no {name}",
                    "leave the cell empty",
                )
            )
    for name in REQUIRED[kind]:
        if values.get(name) is None and not any(
            p.row == line and p.column == name for p in problems[before:]
        ):
            problems.append(Problem(file, line, name, "", "missing_cell", f"a {kind} needs it", "fill it in"))
    return Proposal(kind, values, file, line) if len(problems) == before else None


def _cells(
    raw: Raw, row: int, columns: dict[str, Column], problems: list[Problem]
) -> Iterator[tuple[str, object]]:
    """The typed cells of a line that are not empty."""
    for name in raw.data.column_names:
        text = None if name not in columns else raw.data[name][row].as_py()
        if text is None:
            continue
        column = columns[name]
        cells = convert(pa.chunked_array([pa.array([text], pa.string())]), column.kind)
        value = cells.values[0].as_py()
        wrong = unreadable(int(cells.why[0]), column.kind, text) if len(cells.bad) else _range(column, value)
        if wrong is not None:
            rule = "unreadable" if len(cells.bad) else "out_of_range"
            problems.append(Problem(raw.origin.file, raw.origin.line(row), name, text, rule, *wrong))
        else:
            yield name, value


def _range(column: Column, value: object) -> tuple[str, str] | None:
    """Message and remedy for a word that is not in the list, a negative amount, a share outside 0 to 1."""
    if column.values and value not in column.values:
        return "not in the list", f"write one of {', '.join(column.values)}"
    if not isinstance(value, int):
        return None
    if column.kind is MONEY and value < 0:
        return "a negative amount", "write it without the sign"
    if column.kind is SHARE and not 0 <= value <= SHARE.scale:
        return "a share outside 0 to 1", "write it as a fraction of one"
    return None
