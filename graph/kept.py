"""Kept reports: a finished report beside the version that it was made from, to be opened again instead of made."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from graph.disk import Disk, as_store_error
from graph.errors import StoreError
from graph.hashes import file_hash, files_as_told

_ROOT: Final = Path(__file__).resolve().parent.parent
_SOURCES: Final = frozenset({".py", ".toml"})
_KEY_FILE: Final = "key.json"
_HASHES: Final = "sha256"


@cache
def code_version(*rooms: str) -> str:
    """Hash of the sources of these packages: results of other code are other results.

    >>> len(code_version("graph"))
    16
    """
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted(p for p in (_ROOT / room).rglob("*") if p.suffix in _SOURCES):
            digest.update(str(path.relative_to(_ROOT)).encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class ReportKey:
    """What a report depends on and nothing else: equal keys have equal reports.

    ``as_of`` and ``base`` are as resolved, ``code`` is ``code_version`` of the packages that computed it.
    """

    version: int
    as_of: str
    base: str = ""
    packs: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    code: str = ""

    @property
    def name(self) -> str:
        """Name of the report's folder."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return f"{self.version:08d}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


class KeptReports:
    """Folders of finished reports by key; a folder is there whole or not at all."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def find(self, key: ReportKey) -> Path | None:
        """The folder of the report with that key; None if none is kept."""
        path = self._folder / key.name
        return path if path.is_dir() else None

    def damaged(self) -> list[str]:
        """Names of kept reports that are no longer what was written; opening one does not look, to be quick."""
        return [
            p.name for p in sorted(self._folder.glob("[0-9]*")) if not files_as_told(p, _KEY_FILE, _HASHES)
        ]

    def keep(self, key: ReportKey, source: Path) -> Path:
        """Keep a copy of a finished report's folder; the one that is there already stays."""
        target = self._folder / key.name
        if target.is_dir():
            return target
        self._disk.folder(self._folder)
        staged = self._folder / f".{key.name}-{secrets.token_hex(8)}"
        try:
            with as_store_error(f"keep the report {key.name}"):
                shutil.copytree(source, staged)
                files = [p for p in sorted(staged.rglob("*")) if p.is_file()]
                hashes = {p.relative_to(staged).as_posix(): file_hash(p) for p in files}
                told = {**asdict(key), _HASHES: hashes}
                (staged / _KEY_FILE).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
            self._disk.move_folder(staged, target)
        except StoreError:
            if not target.is_dir():  # else another process kept the same report meanwhile
                raise
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        return target
