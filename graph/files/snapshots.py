"""Saved snapshots of a store's versions; derived, a few at most."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from graph.archive import is_whole, open_saved, save
from graph.disk import Disk, as_store_error
from graph.errors import StoreError
from graph.kept import code_version
from graph.snapshot import Snapshot

KEPT: Final = 8
_log = logging.getLogger(__name__)


class Snapshots:
    """The folder of saved snapshots by version, day, base, judgements and the code that compiled them."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self._folder = root / "snapshots"
        self._disk = disk

    def _path(self, version: int, as_of: dt.date | None, base: str | None, judgements: int) -> Path:
        named = f"{as_of or ''} {base or ''} {judgements} {code_version('graph')}"
        return self._folder / f"{version:08d}-{hashlib.sha256(named.encode()).hexdigest()[:16]}"

    def find(
        self,
        version: int,
        as_of: dt.date | None,
        base: str | None,
        judgements: int,
        tables: Mapping[str, pa.Table],
    ) -> Snapshot | None:
        """The saved snapshot with the tables of its book; None if there is none, or none that can be read."""
        path = self._path(version, as_of, base, judgements)
        if not path.is_dir():
            return None
        try:
            return open_saved(path, tables)
        except StoreError as error:
            _log.warning("%s", error)
            return None

    def damaged(self) -> list[str]:
        """Names of saved snapshots that are no longer what was written."""
        return [p.name for p in sorted(self._folder.glob("[0-9]*")) if not is_whole(p)]

    def keep(self, snapshot: Snapshot, version: int, as_of: dt.date | None, base: str | None) -> None:
        """Save a snapshot; where the store cannot be written to, it is compiled again next time."""
        target = self._path(version, as_of, base, snapshot.judgements)
        staged = self._folder / f".{target.name}-{secrets.token_hex(8)}"
        try:
            self._disk.folder(self._folder)
            with as_store_error("save a snapshot"):
                staged.mkdir()
                save(snapshot, staged)
            if target.is_dir():
                self._disk.remove(target)
            self._disk.move_folder(staged, target)
            for old in sorted(self._folder.glob("[0-9]*"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
                self._disk.remove(old)
        except StoreError as error:
            _log.warning("the snapshot is not saved: %s", error)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
