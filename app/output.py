"""Result tables to files: Parquet, CSV that no spreadsheet runs as formulas, workbook, page, report.json.

Everything is written beside its place and moved there at the end, so that a reader never meets half a report.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from graph.errors import OptionError, StoreError
from graph.findings import SEVERITIES

FORMATS: Final = ("parquet", "csv", "xlsx", "html")
PER_TABLE: Final = ("parquet", "csv")
"""Formats with one file a table; the others are one file for all."""
SUMMARY: Final = "report.json"
_LOOK: Final = 4096
"""Rows that are looked at to tell whether a column repeats itself."""
_BATCH: Final = 1 << 16
"""Values that the Parquet writer encodes at a time."""
_FORMULA: Final = r"^[=+\-@\t\r]"
_POINT: Final = 6
"""Places up to which Arrow writes a decimal without an exponent, however small it is."""


def formats(named: str | None) -> tuple[str, ...]:
    """The formats of an option such as ``parquet,csv``; all of them if it is not given."""
    chosen = tuple(part.strip() for part in named.split(",")) if named else FORMATS
    unknown = [f for f in chosen if f not in FORMATS]
    if unknown:
        raise OptionError(f"no format {unknown[0]!r}: choose from {', '.join(FORMATS)}")
    return chosen


def flat(table: pa.Table) -> pa.Table:
    """The table as a CSV shows it: lists as JSON, texts that a spreadsheet would run made inert.

    >>> flat(pa.table({"name": ["=1+1", "A"]}))["name"].to_pylist()
    ["'=1+1", 'A']
    """
    columns = []
    for column in table.columns:
        if pa.types.is_list(column.type):
            texts = [None if v is None else json.dumps(v, ensure_ascii=False) for v in column.to_pylist()]
            columns.append(pa.chunked_array([pa.array(texts, pa.string())]))
        elif pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
            texts = column.cast(pa.string())
            risky = pc.match_substring_regex(texts, _FORMULA)
            made = pc.binary_join_element_wise("'", texts, "") if pc.any(risky).as_py() else texts
            columns.append(pc.if_else(risky, made, texts))
        else:
            columns.append(column)
    return pa.table(columns, table.column_names)


def plain(value: object) -> str:
    """A value that JSON has no form for, as text; decimals without an exponent.

    >>> plain(Decimal("0E-9"))
    '0.000000000'
    """
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def written_out(table: pa.Table) -> pa.Table:
    """The table as ``flat`` gives it, its decimals as text without an exponent: what a CSV holds.

    >>> written_out(pa.table({"share": pa.array([Decimal("0E-9")], pa.decimal128(10, 9))}))["share"].to_pylist()
    ['0.000000000']
    """
    shown = flat(table)
    for i, field in enumerate(shown.schema):
        if pa.types.is_decimal(field.type) and field.type.scale > _POINT:
            texts = pc.cast(shown.column(i), pa.string()).combine_chunks()
            short = pc.fill_null(pc.match_substring(texts, "E"), fill_value=False)
            if pc.any(short).as_py():
                long = [f"{value:f}" for value in shown.column(i).filter(short).to_pylist()]
                texts = pc.replace_with_mask(texts, short, pa.array(long, pa.string()))
            shown = shown.set_column(i, field.name, texts)
    return shown


def write(pieces: Iterable[pa.Table], folder: Path, name: str, chosen: Collection[str]) -> None:
    """Write one table, piece by piece, in the chosen formats that have a file a table; numbers keep all decimals."""
    with ExitStack() as stack:
        writers: list[tuple[Any, Callable[[pa.Table], pa.Table]]] = []
        for i, piece in enumerate(pieces):
            if not i and "parquet" in chosen:
                writer = _parquet(piece, folder / f"{name}.parquet")
                writers.append((stack.enter_context(writer), lambda table: table))
            if not i and "csv" in chosen:
                lines = pcsv.CSVWriter(folder / f"{name}.csv", written_out(piece.slice(0, 0)).schema)
                writers.append((stack.enter_context(lines), written_out))
            for writer, shown in writers:
                writer.write_table(shown(piece))


def _parquet(table: pa.Table, path: Path) -> pq.ParquetWriter:
    """A writer of tables like this one, for speed: a million parties are some gigabytes.

    Bounds of values are kept of the first column alone, by which most tables are in order.
    """
    floats = [f.name for f in table.schema if pa.types.is_float64(f.type)]
    return pq.ParquetWriter(
        path,
        table.schema,
        compression="lz4",
        use_dictionary=_repetitive(table),
        column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
        write_statistics=table.column_names[:1],
        write_batch_size=_BATCH,
    )


def _repetitive(table: pa.Table) -> list[str]:
    """Columns of text that a dictionary makes smaller, by the look of their first rows."""
    texts = [
        name for name, kind in zip(table.column_names, table.schema.types, strict=True) if kind == pa.string()
    ]
    return [name for name in texts if pc.count_distinct(table[name].slice(0, _LOOK)).as_py() <= _LOOK // 16]


@contextmanager
def beside(out: Path) -> Iterator[Path]:
    """A folder to write a report into; at the end its files move into ``out``, all of them or none.

    Raises ``StoreError`` where the folder cannot be written; then nothing in ``out`` has changed.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".report-", dir=out))
    except OSError as error:
        raise StoreError(
            f"cannot write to {out}: {error.strerror}; name a folder that can be written"
        ) from error
    try:
        yield folder
        for path in sorted(folder.iterdir()):
            path.replace(out / path.name)
    except OSError as error:
        raise StoreError(f"cannot write to {out}: {error.strerror}; make room and run again") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_tables(tables: Iterable[tuple[str, pa.Table]], folder: Path, chosen: Collection[str]) -> None:
    """Write tables one by one, in the chosen formats that have a file a table."""
    for name, table in tables:
        write([table], folder, name, chosen)


def write_summary(summary: Mapping[str, Any], folder: Path) -> None:
    """Write ``report.json``."""
    text = json.dumps(summary, ensure_ascii=False, indent=1, default=plain)
    (folder / SUMMARY).write_text(text + "\n", "utf-8")


def write_report(
    tables: Mapping[str, pa.Table],
    summary: Mapping[str, Any],
    out: Path,
    chosen: tuple[str, ...],
    language: str = "en",
) -> None:
    """Write the tables in the chosen formats and ``report.json`` into a folder, all of it or nothing."""
    with beside(out) as folder:
        write_tables(tables.items(), folder, chosen)
        if "xlsx" in chosen:
            from app import workbook

            workbook.write(tables, summary, folder / "report.xlsx")
        if "html" in chosen:
            from app import committee

            (folder / "report.html").write_text(committee.page(tables, summary, language), "utf-8")
        write_summary(summary, folder)


def of_codes(findings: pa.Table, codes: Collection[str]) -> pa.Table:
    """The findings of some codes."""
    return findings.filter(pc.is_in(findings["code"], pa.array(sorted(codes))))


def gravest(findings: pa.Table, many: int | None = None) -> pa.Table:
    """Findings by severity, then by amount, largest first; without an amount last. The first ``many``, or all.

    >>> rows = {"severity": ["info", "warning", "breach", "warning"], "amount": [9, None, 1, 2]}
    >>> gravest(pa.table(rows))["amount"].to_pylist()
    [1, 2, None, 9]
    """
    rank = pc.index_in(findings["severity"].cast(pa.string()), pa.array(SEVERITIES[::-1]))
    keys = pa.table({"rank": rank, "amount": findings["amount"]})
    order = pc.sort_indices(keys, [("rank", "ascending"), ("amount", "descending")])
    return findings.take(order if many is None else order.slice(0, many))
