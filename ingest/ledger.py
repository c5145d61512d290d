"""Ledger: what was loaded before, and the rows that were set aside.

A delivery is known by its content: the bytes of its files, its mapping, and for which period and of which kind
it says to be. The store keeps that with each version; nothing else has to be remembered between two runs.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from graph.book import Book
from graph.deliveries import Delivery
from graph.disk import as_store_error
from graph.errors import KonzernError
from graph.resolve import Conflict
from ingest.manifest import Manifest, load
from ingest.mapping import file_of
from ingest.problems import Problems
from ingest.receipt import Receipt
from ingest.sources.delimited import Dialect
from ingest.sources.files import MANIFEST, TABLE_FILES, WORKBOOK, Source, source_named
from ingest.sources.raw import UnreadableFileError

_REASONS: Final = "problems.csv"
_TOLD: Final = 100


class QuarantineError(KonzernError):
    """More rows would be set aside than allowed; nothing was loaded."""

    def __init__(self, receipt: Receipt, allowed: Fraction, folder: Path) -> None:
        share = 100 * receipt.aside / receipt.rows
        super().__init__(
            f"{receipt.aside} of {receipt.rows} rows ({share:.2f} %) would be set aside, more than "
            f"{float(100 * allowed):g} %: nothing was loaded; see {folder}, correct the delivery or allow more"
        )


@dataclass(frozen=True)
class Identity:
    """What a delivery is, told before it is read: the manifest and the hash of all that it consists of."""

    manifest: Manifest
    digest: str

    def delivery(self) -> Delivery:
        """The delivery as a store is told of it."""
        said = self.manifest
        return Delivery(said.subsidiary, said.kind, said.period, said.restatement, self.digest)


def identify(path: Path, mapping: str | Path | None = None, dialect: Dialect | None = None) -> Identity:
    """The identity of a delivery; a manifest that cannot be read says nothing here (reading reports it)."""
    own = path / MANIFEST
    with as_store_error(f"read {path}"):
        said = (load(own, Problems()) if own.is_file() else None) or Manifest()
    digest = hashlib.sha256(f"{said.subsidiary}\n{said.kind}\n{said.period}\n".encode())
    for name, stated in sorted([("", dialect or Dialect()), *said.dialects().items()]):
        if stated != Dialect():
            digest.update(f"{name}\n{stated}\n".encode())
    with as_store_error(f"read {path}"):
        if mapping is not None:
            digest.update(file_of(mapping).read_bytes())
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file() and file != own and not file.name.startswith("."):
                with file.open("rb") as data:
                    held = hashlib.file_digest(data, "sha256").hexdigest()
                    digest.update(os.fsencode(f"{file.name}\n{held}\n"))
    return Identity(said, digest.hexdigest())


def find(identity: Identity, deliveries: Iterable[Delivery]) -> Delivery | None:
    """The latest delivery that was this very one; a restatement is looked at by the store."""
    if identity.manifest.restatement:
        return None
    same = [d for d in deliveries if d.digest == identity.digest and d.by == identity.manifest.subsidiary]
    return same[-1] if same else None


def set_aside(path: Path, book: Book, receipt: Receipt, identity: Identity, folder: Path) -> Path:
    """Write the rows that were set aside, as they were delivered, and why; one folder for each delivery.

    A file in another layout gives rows to several tables; of it those rows are written that a problem names.
    """
    target = folder / identity.digest[:16]
    with as_store_error(f"write the quarantine {target}"):
        target.mkdir(parents=True, exist_ok=True)
        rows = [("file", "row", "column", "value", "rule", "message", "remedy")]
        rows += [
            (p.file, str(p.row), p.column, p.value, p.rule, p.message, p.remedy) for p in receipt.problems
        ]
        _write_csv(target / _REASONS, rows)
        named = {
            p.file: {q.row for q in receipt.problems if q.file == p.file and q.row} for p in receipt.problems
        }
        kept = _lines(book)
        for name, lines in named.items():
            source = source_named(path, name)
            if source.path.suffix in (*TABLE_FILES, WORKBOOK) and source.path.is_file():
                rows_of = _raw_rows(source, receipt.dialects.get(name), lines, kept.get(name))
                _write_csv(target / f"{source.stem}.csv", rows_of)
    return target


def _lines(book: Book) -> Mapping[str, np.ndarray]:
    """Lines of each file whose rows are in the book."""
    found: dict[str, list[np.ndarray]] = {}
    for runs in book.origins.values():
        for run in runs:
            lines = run.first_line + np.arange(run.rows) if run.lines is None else run.lines
            found.setdefault(run.file, []).append(lines)
    return {file: np.concatenate(parts) for file, parts in found.items()}


def _raw_rows(
    source: Source, dialect: Dialect | None, named: set[int], kept: np.ndarray | None
) -> Iterator[tuple[str, ...]]:
    """The rows of a source that are not in the book or that a problem names, each behind its line."""
    try:
        raw = source.read(dialect=dialect)
    except UnreadableFileError:
        return
    origin = raw.origin
    lines = origin.first_line + np.arange(origin.rows) if origin.lines is None else origin.lines
    missing = np.isin(lines, list(named))
    if kept is not None:
        missing |= ~np.isin(lines, kept)
    yield ("line", *raw.data.column_names)
    chosen = raw.data.filter(pa.array(missing))
    texts = [[None if v is None else str(v) for v in c.to_pylist()] for c in chosen.columns]
    for i, line in enumerate(lines[missing].tolist()):
        yield (str(line), *(_safe(column[i]) for column in texts))


def _safe(cell: str | None) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = cell or ""
    return "'" + text if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _write_csv(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def as_json(
    receipt: Receipt, deleted: Mapping[str, int], absent: Mapping[str, int], conflicts: tuple[Conflict, ...]
) -> dict[str, Any]:
    """A receipt as plain JSON values: what the store keeps with the version. Sums as decimal text.

    ``deleted`` counts by table the keys that it deletes, ``absent`` those that are not among its
    subsidiary's facts.
    """
    return {
        "source": Path(receipt.source).name,
        "reconciled": receipt.reconciled,
        "tables": [
            {"table": c.table, "rows": c.delivered, "used": c.used, "aside": c.aside, "derived": c.derived}
            for c in receipt.counts
        ],
        "sums": [
            {
                "table": s.table,
                "column": s.column,
                "currency": s.currency,
                "amount": f"{Decimal(s.amount) / 100:.2f}",
            }
            for s in receipt.sums
        ],
        "roundings": [asdict(r) for r in receipt.roundings],
        "unknown_columns": {table: list(columns) for table, columns in receipt.unknown_columns.items()},
        "unknown_files": dict(receipt.unknown_files),
        "dialects": {file: asdict(dialect) for file, dialect in receipt.dialects.items()},
        "problems": [asdict(p) for p in receipt.problems[:_TOLD]],
        "problem_total": receipt.problem_total,
        "notices": [{"code": n.code, "table": n.table, "rows": len(n.rows)} for n in receipt.notices],
        "deleted": dict(deleted),
        "absent": dict(absent),
        "conflicts": [asdict(c) for c in conflicts[:_TOLD]],
        "conflict_total": len(conflicts),
    }
