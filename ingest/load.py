"""Load: a delivery into a store. Read, check, resolve, write; the same again does nothing.

Nothing is written before everything was read and checked, and a version is published whole. A job that was
killed at any point is run again: what it had written of the same rows is found and used.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from ingest.against import absent, collisions, dangling, disagreements, referred, without
from ingest.deletions import MARK, Split, in_full, split
from ingest.intake import Step
from ingest.job import read
from ingest.ledger import Identity, QuarantineError, as_json, find, identify, set_aside
from ingest.problems import KEPT, Problems
from ingest.receipt import Count, Receipt
from ingest.sources.delimited import Dialect

MOST_ASIDE: Final = Fraction(1, 100)
"""Share of a delivery's rows that may be set aside unless another is given."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """What became of a delivery.

    ``version`` is the one that holds it and ``is_new`` whether this run published it. ``receipt`` accounts for
    its rows (None if it was loaded before: ``told`` then is what that run wrote), ``deleted`` counts by table
    the keys that it deletes, ``conflicts`` are the keys on which other subsidiaries say something else,
    ``quarantine`` the folder of the rows set aside, ``since`` (of a delivery that was loaded before) the versions
    that its subsidiary delivered after it: the present is theirs.
    """

    version: int
    is_new: bool
    delivery: Delivery
    receipt: Receipt | None = None
    published: Published | None = None
    deleted: Mapping[str, int] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    quarantine: Path | None = None
    since: tuple[int, ...] = ()

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
    dialect: Dialect | None = None,
    aside: Aside | None = None,
    step: Step | None = None,
) -> Loaded:
    """Load a delivery into a store as its next version, or find that it was loaded before.

    ``dialect`` says how delimited files are written, over what manifest and mapping say.
    ``step`` is told each file that is read and then each table that is stored.

    Raises ``InputError`` with every problem at once, ``QuarantineError`` where too many rows would be set aside,
    ``DeliveryError`` where it contradicts earlier deliveries, ``StoreError`` where the store or a file fails.
    """
    folder = Path(path)
    identity = identify(folder, mapping, dialect)
    held = store.reader().deliveries()
    known = find(identity, held)
    if known is not None:
        since = tuple(d.version for d in held if d.by == known.by and d.version > known.version)
        return Loaded(known.version, is_new=False, delivery=known, deleted=known.deleted, since=since)
    with as_store_error(f"read {folder}"):
        book, receipt = read(folder, mapping, dialect=dialect, quarantine=aside is not None, step=step)
    made = _publish(_Job(folder, store, identity, aside), book, receipt, step)
    del book  # compiling reads it again from the store: not both at once
    if made.is_new and made.delivery.kind != DELTA:
        _compile(store, made.version)
    return made


@dataclass(frozen=True)
class _Job:
    """What is loaded where, and how."""

    folder: Path
    store: Store
    identity: Identity
    aside: Aside | None


def _publish(job: _Job, book: Book, receipt: Receipt, step: Step | None) -> Loaded:
    """Check a delivery against the store and publish it."""
    by = job.identity.manifest.subsidiary or job.folder.name
    with job.store.writer(by) as writer:
        reader = job.store.reader()
        parts, receipt, found = _met(job, book, receipt, reader)
        kept = _quarantined(job, parts.book, receipt)
        counts = {name: keys.num_rows for name, keys in parts.deleted.items() if keys.num_rows}
        delivery = job.identity.delivery()
        never = absent(parts.deleted, delivery, reader)
        delivery = replace(delivery, receipt=as_json(receipt, counts, never, found))
        published = writer.publish(delivery, Contents(parts.book, parts.deleted), step)
    delivery = job.store.reader(published.version).deliveries()[-1]
    return Loaded(published.version, published.is_new, delivery, receipt, published, counts, found, kept)


def _compile(store: Store, version: int) -> None:
    """Compile the snapshot of a new full delivery, so that whoever opens it does not wait."""
    try:
        store.snapshot(version=version)
    except KonzernError as error:
        _log.warning("loaded, but its snapshot cannot be compiled: %s", error)


def _met(
    job: _Job, book: Book, receipt: Receipt, reader: Reader
) -> tuple[Split, Receipt, tuple[Conflict, ...]]:
    """The delivery as it meets the store: deletions apart, checked against what is there, with the conflicts."""
    delivery = job.identity.delivery()
    problems = Problems()
    parts = split(book, problems)
    if problems.total:
        receipt, book = _less(job, receipt, book, problems)
        parts = split(book, Problems())
    receipt = replace(receipt, unknown_columns=_without_mark(receipt.unknown_columns))
    if delivery.kind != DELTA:
        wrong = in_full(parts)
        if wrong:
            raise InputError(wrong[:KEPT], len(wrong))
    while True:
        problems = Problems()
        found = tuple(disagreements(parts.book, delivery, reader))
        collisions(parts.book, found, problems)
        if delivery.kind == DELTA:
            dangling(parts.book, delivery, reader, problems)
            parts = _less_referred(parts, delivery, reader, problems)
        elif problems.total:
            raise problems.error()  # what refers to the rows would have to follow: correct the ids instead
        if not problems.total:
            return parts, receipt, found
        receipt, left = _less(job, receipt, parts.book, problems)
        parts = replace(parts, book=left)


def _less(job: _Job, receipt: Receipt, book: Book, problems: Problems) -> tuple[Receipt, Book]:
    """Receipt and book without the rows with a problem; ``InputError`` where none may be set aside."""
    if job.aside is None:
        raise problems.error()
    left = without(book, problems)
    return _more_aside(receipt, book, left, problems), left


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


def _quarantined(job: _Job, book: Book, receipt: Receipt) -> Path | None:
    """Write what was set aside; ``QuarantineError`` if it is too much."""
    if job.aside is None or not receipt.problem_total:
        return None
    kept = set_aside(job.folder, book, receipt, job.identity, job.aside.folder)
    if receipt.aside > job.aside.most * receipt.rows:
        raise QuarantineError(receipt, job.aside.most, kept)
    return kept
