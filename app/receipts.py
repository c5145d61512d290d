"""A receipt as people and programs read it, and the findings that its notices are."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exposure.findings import Finding
    from graph.book import Book
    from ingest.notices import Notice
    from ingest.receipt import Receipt

_MADE_BY_REPORTS: Final = frozenset({"drawn_above_limit"})
"""Codes that reading notes for the receipt and that every report finds by itself."""
_STATE: Final = {True: "reconciled with its manifest", False: "unreconciled: it has no manifest"}


def as_dict(receipt: Receipt) -> dict[str, Any]:
    """Every count, sum and problem; control sums as decimal text."""
    return {
        "source": receipt.source,
        "reconciled": receipt.reconciled,
        "period": receipt.period,
        "tables": [
            {"table": c.table, "rows": c.delivered, "used": c.used, "aside": c.aside, "derived": c.derived}
            for c in receipt.counts
        ],
        "sums": [
            {"table": s.table, "column": s.column, "currency": s.currency, "amount": str(_amount(s.amount))}
            for s in receipt.sums
        ],
        "unknown_files": dict(receipt.unknown_files),
        "dialects": {file: asdict(dialect) for file, dialect in receipt.dialects.items()},
        "unknown_columns": {table: list(columns) for table, columns in receipt.unknown_columns.items()},
        "roundings": [asdict(r) for r in receipt.roundings],
        "problems": [asdict(p) for p in receipt.problems],
        "problem_total": receipt.problem_total,
        "repeated": dict(receipt.repeated),
        "notices": [{"code": n.code, "table": n.table, "rows": len(n.rows)} for n in receipt.notices],
    }


def _amount(minor: int) -> Decimal:
    """Minor units as an amount."""
    return Decimal(minor).scaleb(-2)


def as_text(receipt: Receipt) -> str:
    """What a person wants to know: rows in, used and set aside, sums, what was odd."""
    return "\n".join(_lines(receipt))


def _lines(receipt: Receipt) -> Iterator[str]:
    """The lines of the text."""
    yield f"{receipt.source}: {_STATE[receipt.reconciled]}"
    for c in receipt.counts:
        derived = f", {c.derived:,} derived" if c.derived else ""
        yield f"  {c.table:18}{c.delivered:>12,} rows = {c.used:,} used + {c.aside:,} set aside{derived}"
    for s in receipt.sums:
        yield f"  {s.table}.{s.column}: {_amount(s.amount):,} {s.currency or 'without currency'}"
    for table, columns in receipt.unknown_columns.items():
        yield f"  {table}: columns kept as extra: {', '.join(columns)}"
    for file, meant in receipt.unknown_files.items():
        yield f"  {file}: not a table, not read" + (f"; is it {meant}?" if meant else "")
    for file, d in receipt.dialects.items():
        stated = (f"{k} {v!r}" for k, v in asdict(d).items() if v)
        yield f"  {file}: read as stated, {', '.join(stated)}"
    for r in receipt.roundings:
        yield f"  {r.table}.{r.column}: {r.cells:,} cells rounded, at most by {r.largest}"
    for n in receipt.notices:
        yield f"  {n.code}: {len(n.rows):,} in {n.table}"
    for table, rows in receipt.repeated.items():
        yield f"  {table}: {rows:,} rows set aside that say again what another says"
    for p in receipt.problems:
        yield f"  set aside: {p}"


def findings(noticed: Iterable[Notice], book: Book) -> list[Finding]:
    """Notices as findings, with their rows; without those that a report makes itself, with amounts."""
    from exposure.findings import finding

    return [
        finding(notice.code, [str(subject)], rows=[(notice.table, row)], figures=figures)
        for notice in noticed
        if notice.code not in _MADE_BY_REPORTS
        for subject, row, figures in notice.each(book)
    ]
