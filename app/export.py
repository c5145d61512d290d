"""Exports: a table as the bytes of a CSV, a workbook or a page, texts that a spreadsheet would run made inert."""

from __future__ import annotations

import io
from html import escape
from typing import Final

import pyarrow as pa
import pyarrow.csv as pcsv

from app.output import flat, plain, written_out

FORMATS: Final = ("csv", "xlsx", "html")
MIME: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
}
_MOST: Final = 100_000
"""Rows of a workbook or a page; a CSV has all."""


def exported(table: pa.Table, fmt: str, title: str) -> bytes:
    """The table in one of ``FORMATS``."""
    if fmt == "csv":
        sink = io.BytesIO()
        pcsv.write_csv(written_out(table), sink)
        return b"\xef\xbb\xbf" + sink.getvalue()
    head = flat(table.slice(0, _MOST))
    return _workbook(head, title) if fmt == "xlsx" else _page(head, title)


def _workbook(table: pa.Table, title: str) -> bytes:
    """One sheet; texts as texts, amounts as numbers."""
    import xlsxwriter

    sink = io.BytesIO()
    with xlsxwriter.Workbook(
        sink, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet(title[:31])
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet.write_row(0, 0, table.column_names, bold)
        for place, column in enumerate(table.columns):
            decimal = pa.types.is_decimal(column.type)
            for row, value in enumerate(column.to_pylist(), 1):
                if value is None:
                    continue
                if decimal:
                    sheet.write_number(row, place, float(value), money)
                elif isinstance(value, (int, float)) and not isinstance(value, bool):
                    sheet.write_number(row, place, value)
                else:
                    sheet.write_string(row, place, str(value))
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return sink.getvalue()


def _page(table: pa.Table, title: str) -> bytes:
    """A page that needs nothing from any other place."""
    head = "".join(f"<th>{escape(c)}" for c in table.column_names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{'' if v is None else escape(plain(v))}" for v in row.values())
        for row in table.to_pylist()
    )
    style = (
        "body{font:14px sans-serif}table{border-collapse:collapse}"
        "td,th{border:1px solid #ccc;padding:2px 8px;text-align:left}"
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{style}</style>"
        f"<h1>{escape(title)}</h1><table><tr>{head}{rows}</table>\n"
    ).encode()
