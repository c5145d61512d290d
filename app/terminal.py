"""Terminal: tables as a person reads them, in columns that also fit Chinese characters."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from app.output import flat, gravest

SHOWN: Final = 40
"""Rows that are printed of a table."""
_LONG: Final = 1e6
"""From here on a modelled figure is an amount, and has two decimals."""
_CENTS: Final = 3
"""Places from which on an amount of money ends: the point and two decimals."""
_FIRST: Final = {
    "limits": "utilisation",
    "groups": "gross",
    "guarantors": "illusory_cover",
    "rings": "amount",
}
"""The column by which a table is printed, largest first; others in their own order."""
_FINDING: Final = ("finding_id", "severity", "code", "amount")


def shown(name: str, table: pa.Table, language: str) -> str:
    """The head of a table in columns, saying how much is left out; empty columns are left out.

    Of findings the gravest, each with its sentence in the language; of limits the most used, of groups,
    guarantors and rings the largest.
    """
    if name == "findings":
        table = gravest(table).select([*_FINDING, f"text_{language}"])
    elif name in _FIRST:
        order = pc.sort_indices(table, [(_FIRST[name], "descending")])
        table = table.take(order)
    head = flat(table.slice(0, SHOWN))
    columns = [c for c in head.column_names if head[c].null_count < len(head[c])] or head.column_names[:3]
    cells = [[cell(v) for v in head[c].to_pylist()] for c in columns]
    right = [_is_number(head.schema.field(c).type) for c in columns]
    widths = [max(map(width, [c, *column])) for c, column in zip(columns, cells, strict=True)]
    rows = [
        "  ".join(padded(t, w, right=r) for t, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in [tuple(columns), *zip(*cells, strict=True)]
    ]
    more = table.num_rows - head.num_rows
    tail = [f"... {more:,} more rows: use --out or --json"] if more > 0 else []
    return "\n".join([f"{name} ({table.num_rows:,})", *rows, *tail, ""])


def _is_number(kind: pa.DataType) -> bool:
    """Whether a column is set to the right."""
    return bool(pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind))


def cell(value: Any) -> str:  # noqa: ANN401 (a cell)
    """A cell as it is read: thousands set apart, modelled figures with six digits that matter.

    >>> cell(Decimal("1234567.80")), cell(Decimal("0.600000000")), cell(0.123456789), cell(None), cell(True)
    ('1,234,567.80', '0.6', '0.123457', '', 'yes')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < _LONG else f"{value:,.2f}"
    if isinstance(value, Decimal):
        text = f"{value:,f}"
        return text if text[-_CENTS:-2] == "." else text.rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def width(text: str) -> int:
    """Columns of the terminal that a text takes.

    >>> width("A 海天")
    6
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, to: int, *, right: bool) -> str:
    """A text with as many spaces as it lacks, before it if it is set to the right.

    >>> padded("海", 4, right=False), padded("1", 3, right=True)
    ('海  ', '  1')
    """
    space = " " * (to - width(text))
    return space + text if right else text + space
