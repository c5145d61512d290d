"""Writer of the embedded store: holds the lease and publishes versions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from graph.book import Book
from graph.deliveries import FULL, Contents, Delivery, accept, check_deleted
from graph.disk import Disk
from graph.errors import StoreError
from graph.files.diff import Stored, store
from graph.files.lease import Lease
from graph.files.pieces import chains, live
from graph.files.runs import Runs, all_parts
from graph.files.segments import Part, Segments
from graph.files.versions import Version, Versions
from graph.rows import deleted_keys, with_places
from graph.store import Published, Step

_SWEPT: Final = (".", "data", "versions", "runs")
_log = logging.getLogger(__name__)


class FileWriter:
    """The lease on an embedded store."""

    def __init__(self, root: Path, versions: Versions, disk: Disk, lease: Lease) -> None:
        self._root = root
        self._versions = versions
        self._disk = disk.of(lease.token)
        self._segments = Segments(root / "data", self._disk)
        self._runs = Runs(root, self._segments, self._disk)
        self._lease = lease
        self.token = lease.token

    def __enter__(self) -> Self:
        """Sweep up what a dead writer left unfinished."""
        try:
            with self._lease.fenced():
                for name in _SWEPT:
                    self._disk.sweep(self._root / name)
        except BaseException:
            self._give_back()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lease back."""
        self._give_back()

    def _give_back(self) -> None:
        """Give the lease back; where that cannot be written down, nothing that was published is in doubt."""
        try:
            self._lease.release()
        except StoreError as failure:
            _log.warning("the lease is not given back: %s", failure)

    def publish(self, delivery: Delivery, contents: Contents, step: Step | None = None) -> Published:
        """Publish a delivery as the next version; see ``graph.store.Writer``."""
        try:
            return self._publish(delivery, contents, step or silent)
        except StoreError:
            self._lease.check()  # the new holder swept this writer's files away
            raise

    def _publish(self, delivery: Delivery, contents: Contents, step: Step) -> Published:
        """Compare, store, publish, tidy up."""
        check_deleted(delivery, contents)
        versions = self._versions.upto(self._versions.latest())
        counted = replace(
            delivery,
            rows={name: table.num_rows for name, table in contents.book.tables.items()},
            deleted={name: keys.num_rows for name, keys in contents.deleted.items() if keys.num_rows},
        )
        made = accept(counted, [v.delivery for v in versions])
        if made is None:
            identity = (delivery.by, delivery.kind, delivery.digest)
            known = [d for d in (v.delivery for v in versions) if (d.by, d.kind, d.digest) == identity]
            return Published(known[-1].version, is_new=False)
        stored = self._store(made, contents.book, step)
        held = self._holds_already(made, stored) if made.kind == FULL else 0
        if held:
            return Published(held, is_new=False, **_numbers(stored))
        rows = {name: s.parts for name, s in stored.items()}
        self._commit(self._versions.following(made, rows, self._store_deleted(contents)), step)
        try:
            self._tidy(made.by)
        except StoreError as failure:
            _log.warning("published, but not tidied up: %s", failure)
        return Published(made.version, is_new=True, **_numbers(stored))

    def _commit(self, version: Version, step: Step) -> None:  # noqa: ARG002 - other stores have more to tell
        """Make a stored version the latest."""
        with self._lease.fenced():
            self._versions.publish(version, self._disk)

    def _store(self, delivery: Delivery, book: Book, step: Step) -> dict[str, Stored]:
        """Keep all tables: of a delta as they are, of a full delivery as what they change in the facts of its day."""
        units = self._runs.units(self._chain_before(delivery)) if delivery.kind == FULL else []
        stored = {}
        for done, (name, table) in enumerate(book.tables.items()):
            step(name, done, len(book.tables))
            self._lease.renew()
            if delivery.kind == FULL or table.num_rows:
                before = live(self._segments, delivery.by, units, name)
                stored[name] = store(self._segments, name, with_places(book, name), before)
        return stored

    def _store_deleted(self, contents: Contents) -> dict[str, tuple[Part, ...]]:
        """Keep the keys that a delta deletes, all of one shape."""
        return {
            name: (self._segments.write(f"{name}-deleted", deleted_keys(keys, name)),)
            for name, keys in contents.deleted.items()
            if keys.num_rows
        }

    def _chain_before(self, delivery: Delivery) -> list[Version]:
        """What the subsidiary's facts of the delivery's day were made of until now."""
        versions = self._versions.upto(delivery.version - 1)
        earlier = [v for v in versions if v.delivery.by == delivery.by and v.delivery.place <= delivery.place]
        return chains(versions, delivery.day).get(delivery.by, []) if earlier else []

    def _holds_already(self, delivery: Delivery, stored: Mapping[str, Stored]) -> int:
        """The version in which its subsidiary's facts of the same day are, in other files, the delivery; 0 if none."""
        chain = self._chain_before(delivery)
        if not chain or chain[-1].delivery.day != delivery.day:
            return 0
        held = {name for v in chain for name in v.rows}
        same = held == set(stored) and not any(s.new or s.gone for s in stored.values())
        return chain[-1].delivery.version if same else 0

    def _tidy(self, by: str) -> None:
        """Merge deltas, and remove data that no version refers to; nothing of it is needed for what was published."""
        versions = self._versions.upto(self._versions.latest())
        self._runs.merge(chains(versions, None)[by])
        with self._lease.fenced():  # else another writer's new data would look like left-overs
            needed = {name for part in all_parts(versions, self._runs) for name in (part.file, part.drop)}
            for path in sorted(self._segments.folder.iterdir()):
                if path.name not in needed:
                    self._disk.remove(path)


def silent(_table: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def _numbers(stored: Mapping[str, Stored]) -> dict[str, dict[str, int]]:
    """The counts of ``Published`` from those of the tables."""
    return {
        what: {name: getattr(s, what) for name, s in stored.items()} for what in ("unchanged", "new", "gone")
    }
