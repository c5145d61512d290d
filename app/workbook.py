"""The workbook: a summary, and the first rows of every table by amount."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from app.output import flat, gravest
from app.terminal import width

ROWS: Final = 10_000
"""Rows of a table that a sheet shows; the other formats have all of them."""
_LOOK: Final = 200
"""Rows that are looked at for the width of a column."""
_WIDEST: Final = 80
_CENTS: Final = 2
_AMOUNTS: Final = (
    "gross",
    "amount",
    "excess",
    "given",
    "controlled",
    "moved",
    "value",
    "integrated",
    "votes",
)


def largest(table: pa.Table) -> pa.Table:
    """The first rows of a table by its amount, largest first; as they stand where it has no amount.

    Findings by severity first.
    """
    if "severity" in table.column_names:
        return gravest(table, ROWS)
    if table.num_rows <= ROWS:
        return table
    amount = next((c for c in _AMOUNTS if c in table.column_names), None)
    if amount is None:
        return table.slice(0, ROWS)
    order = pc.sort_indices(table, [(amount, "descending")])
    return table.take(order.slice(0, ROWS))


def write(tables: Mapping[str, pa.Table], summary: Mapping[str, Any], path: Path) -> None:
    """Write the workbook; texts stay texts, so that nothing runs as a formula."""
    settings = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, settings) as book:
        formats = {
            "bold": book.add_format({"bold": True}),
            "money": book.add_format({"num_format": "#,##0.00"}),
        }
        sheet = book.add_worksheet("summary")
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 60)
        for i, (name, value) in enumerate(_summary(tables, summary)):
            sheet.write_string(i, 0, name, formats["bold"])
            sheet.write_string(i, 1, value)
        for name, table in tables.items():
            _sheet(book.add_worksheet(name), table, formats)


def _summary(tables: Mapping[str, pa.Table], summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the first sheet says, the cut tables included."""
    rows = [(k, "-" if v is None else str(v)) for k, v in summary.items() if not isinstance(v, (dict, list))]
    rows += [(f"{k}.{n}", str(v)) for k in ("counts", "totals", "severities") for n, v in summary[k].items()]
    rows += [(k, ", ".join(summary[k])) for k in ("packs", "not_computed")]
    cut = [n for n, t in tables.items() if t.num_rows > ROWS]
    rows.append((f"sheets with the first {ROWS:,} rows only", ", ".join(cut) or "none"))
    return rows


def _sheet(sheet: xlsxwriter.worksheet.Worksheet, table: pa.Table, formats: Mapping[str, Any]) -> None:
    """One table: numbers as numbers, everything else as text; columns as wide as what stands in them."""
    shown = flat(largest(table))
    columns = [c.to_pylist() for c in shown.columns]
    money = [pa.types.is_decimal(f.type) and f.type.scale == _CENTS for f in shown.schema]
    for j, (name, cells) in enumerate(zip(shown.column_names, columns, strict=True)):
        held = [f"{v:,}" if m else str(v) for v in cells[:_LOOK] if v is not None for m in money[j : j + 1]]
        sheet.set_column(j, j, min(max(map(width, [name, *held])) + 2, _WIDEST))
        sheet.write_string(0, j, name, formats["bold"])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(shown.num_rows, 1), max(shown.num_columns - 1, 0))
    for i, row in enumerate(zip(*columns, strict=True), 1):
        for j, value in enumerate(row):
            if isinstance(value, bool):
                sheet.write_boolean(i, j, value)
            elif isinstance(value, (int, float, Decimal)):
                sheet.write_number(i, j, float(value), formats["money"] if money[j] else None)
            elif value is not None:
                sheet.write_string(i, j, str(value))
