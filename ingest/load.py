"""Load: a delivery into a store. Read, check, resolve, write; the same again does nothing.

Nothing is written before everything was read and checked, and a version is published whole. A job that was
killed at any point is run again: what it had written of the same rows is found and used.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from graph.book import Book
from graph.deliveries import DELTA, Contents, Delivery
from graph.disk import as_store_error
from graph.errors import InputError, KonzernError, Problem
from graph.model import TABLES
from graph.resolve import Conflict
from graph.store import Published, Reader, Store
from ingest.against import dangling, disagreements, referred, without
from ingest.deletions import MARK, Split, in_full, split
from ingest.intake import Step
from ingest.job import read
from ingest.ledger import Identity, QuarantineError, find, identify, set_aside
from ingest.problems import KEPT, Problems
from ingest.receipt import Count, Receipt

MOST_ASIDE: Final = Fraction(1, 100)
"""Share of a delivery's rows that may be set aside unless another is given."""
_TOLD: Final = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """What became of a delivery.

    ``version`` is the one that holds it and ``is_new`` whether this run published it. ``receipt`` accounts for
    its rows (None if it was loaded before: ``told`` then is what that run wrote), ``deleted`` counts by table
    the keys that it deletes, ``conflicts`` are the keys on which other subsidiaries say something else,
    ``quarantine`` the folder of the rows set aside.
    """

    version: int
    is_new: bool
    delivery: Delivery
    receipt: Receipt | None = None
    published: Published | None = None
    deleted: Mapping[str, int] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    quarantine: Path | None = None

    @property
    def told(self) -> Mapping[str, Any]:
        """The receipt as plain JSON values, as the store keeps it with the version."""
        return self.delivery.receipt


@dataclass(frozen=True)
class Aside:
    """Whether rows with a problem may be set aside: into which folder, and which share of all at most."""

    folder: Path
    most: Fraction = MOST_ASIDE


def load(
    path: str | Path,
    store: Store,
    *,
    mapping: str | Path | None = None,
    aside: Aside | None = None,
    step: Step | None = None,
) -> Loaded:
    """Load a delivery into a store as its next version, or find that it was loaded before.

    Raises ``InputError`` with every problem at once, ``QuarantineError`` where too many rows would be set aside,
    ``DeliveryError`` where it contradicts earlier deliveries, ``StoreError`` where the store or a file fails.
    """
    folder = Path(path)
    identity = identify(folder, mapping)
    known = find(identity, store.reader().deliveries())
    if known is not None:
        return Loaded(known.version, is_new=False, delivery=known, deleted=known.deleted)
    made = _loaded(folder, store, identity, mapping, aside, step)
    if made.is_new and made.delivery.kind != DELTA:
        _compile(store, made.version)
    return made


def _loaded(
    folder: Path,
    store: Store,
    identity: Identity,
    mapping: str | Path | None,
    aside: Aside | None,
    step: Step | None,
) -> Loaded:
    """Read and publish a delivery that was not loaded before."""
    with as_store_error(f"read {folder}"):
        book, receipt = read(folder, mapping, quarantine=aside is not None, step=step)
    with store.writer(identity.manifest.subsidiary or folder.name) as writer:
        reader = store.reader()
        parts, receipt = _met(book, receipt, identity, reader, setting_aside=aside is not None)
        kept = _quarantined(folder, parts.book, receipt, identity, aside)
        found = tuple(disagreements(parts.book, identity.delivery(), reader))
        counts = {name: keys.num_rows for name, keys in parts.deleted.items() if keys.num_rows}
        delivery = replace(identity.delivery(), receipt=as_json(receipt, counts, found))
        published = writer.publish(delivery, Contents(parts.book, parts.deleted))
    delivery = store.reader(published.version).deliveries()[-1]
    return Loaded(published.version, published.is_new, delivery, receipt, published, counts, found, kept)


def _compile(store: Store, version: int) -> None:
    """Compile the snapshot of a new full delivery, so that whoever opens it does not wait."""
    try:
        store.snapshot(version=version)
    except KonzernError as error:
        _log.warning("loaded, but its snapshot cannot be compiled: %s", error)


def _met(
    book: Book, receipt: Receipt, identity: Identity, reader: Reader, *, setting_aside: bool
) -> tuple[Split, Receipt]:
    """The delivery as it meets the store: rows apart from deletions, checked against the facts that it changes."""
    problems = Problems()
    parts = split(book, problems)
    if problems.total:
        left = _left(book, problems, setting_aside=setting_aside)
        receipt = _more_aside(receipt, book, left, problems)
        parts, problems = split(left, Problems()), Problems()
    receipt = replace(receipt, unknown_columns=_without_mark(receipt.unknown_columns))
    delivery = identity.delivery()
    if delivery.kind != DELTA:
        wrong = in_full(parts)
        if wrong:
            raise InputError(wrong[:KEPT], len(wrong))
        return parts, receipt
    while True:
        dangling(parts.book, delivery, reader, problems)
        parts = _less_referred(parts, delivery, reader, problems)
        if not problems.total:
            return parts, receipt
        left = _left(parts.book, problems, setting_aside=setting_aside)
        receipt = _more_aside(receipt, parts.book, left, problems)
        parts, problems = replace(parts, book=left), Problems()


def _left(book: Book, problems: Problems, *, setting_aside: bool) -> Book:
    """The book without the rows with a problem; ``InputError`` where none may be set aside."""
    if not setting_aside:
        raise problems.error()
    return without(book, problems)


def _without_mark(unknown: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Unknown columns by table, the mark of deleted rows apart."""
    left = {table: tuple(c for c in columns if c != MARK) for table, columns in unknown.items()}
    return {table: columns for table, columns in left.items() if columns}


def _less_referred(parts: Split, delivery: Delivery, reader: Reader, problems: Problems) -> Split:
    """Deletions that nothing refers to any more; the others become problems."""
    still: dict[tuple[str, str], str] = {}
    for table, gone, by in referred(parts.book, parts.deleted, delivery, reader):
        still.setdefault((table, gone), by)
    for (table, gone), by in sorted(still.items()):
        file, line = parts.places[table, gone]
        message, remedy = f"{by} still refers to it", "delete or change that too, or keep this row"
        problems.of_file(Problem(file, line, MARK, gone, "deleted_but_referred", message, remedy))
    names = {table for table, _ in still}
    return replace(
        parts,
        deleted={
            name: _not_these(keys, name, [g for t, g in still if t == name]) if name in names else keys
            for name, keys in parts.deleted.items()
        },
    )


def _not_these(keys: pa.Table, name: str, ids: list[str]) -> pa.Table:
    """Deleted keys without those of some ids."""
    return keys.filter(pc.invert(pc.is_in(keys.column(TABLES[name].key[0]), pa.array(ids, pa.string()))))


def _more_aside(receipt: Receipt, before: Book, after: Book, problems: Problems) -> Receipt:
    """The receipt with more rows set aside."""
    fewer = {name: table.num_rows - after.table(name).num_rows for name, table in before.tables.items()}
    counts = tuple(
        Count(c.table, c.delivered, c.used - fewer.get(c.table, 0), c.derived) for c in receipt.counts
    )
    return replace(
        receipt,
        counts=counts,
        problems=(*receipt.problems, *problems.kept()),
        problem_total=receipt.problem_total + problems.total,
    )


def _quarantined(
    folder: Path, book: Book, receipt: Receipt, identity: Identity, aside: Aside | None
) -> Path | None:
    """Write what was set aside; ``QuarantineError`` if it is too much."""
    if aside is None or not receipt.problem_total:
        return None
    kept = set_aside(folder, book, receipt, identity, aside.folder)
    if receipt.aside > aside.most * receipt.rows:
        raise QuarantineError(receipt, aside.most, kept)
    return kept


def as_json(receipt: Receipt, deleted: Mapping[str, int], conflicts: tuple[Conflict, ...]) -> dict[str, Any]:
    """A receipt as plain JSON values: what the store keeps with the version. Sums as decimal text."""
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
        "problems": [asdict(p) for p in receipt.problems[:_TOLD]],
        "problem_total": receipt.problem_total,
        "notices": [{"code": n.code, "table": n.table, "rows": len(n.rows)} for n in receipt.notices],
        "deleted": dict(deleted),
        "conflicts": [asdict(c) for c in conflicts[:_TOLD]],
        "conflict_total": len(conflicts),
    }
