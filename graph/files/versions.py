"""Versions: one small file per published version, which says what was delivered and where its rows are."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from graph.deliveries import Delivery
from graph.disk import Disk, as_store_error
from graph.errors import KonzernError, StoreError
from graph.files.segments import Part, damaged
from graph.model import FORMAT

MARK: Final = "konzern-store.json"
"""The file that makes a folder a store, with its format."""
Parts = Mapping[str, tuple[Part, ...]]


class FormatError(KonzernError):
    """A folder that is no store, or one of another format."""


@dataclass(frozen=True)
class Version:
    """One published delivery: its rows and its deleted keys by table, and the hash of the version before it."""

    delivery: Delivery
    rows: Parts = field(default_factory=dict)
    deleted: Parts = field(default_factory=dict)
    previous: str = ""

    def to_bytes(self) -> bytes:
        """The version as its file holds it: its checksum, and JSON."""
        values = {
            "delivery": self.delivery.to_json(),
            "rows": _parts_json(self.rows),
            "deleted": _parts_json(self.deleted),
            "previous": self.previous,
        }
        text = json.dumps(values, ensure_ascii=False, sort_keys=True).encode()
        return hashlib.sha256(text).hexdigest().encode() + b"\n" + text

    @classmethod
    def of(cls, data: bytes) -> Version:
        """The version that ``to_bytes`` wrote; ``ValueError`` if it is not as it was written."""
        digest, _, text = data.partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            raise ValueError("checksum")
        values = json.loads(text)
        rows, deleted = (
            {t: tuple(Part(*p) for p in parts) for t, parts in values[n].items()} for n in ("rows", "deleted")
        )
        return cls(Delivery.from_json(values["delivery"]), rows, deleted, values["previous"])


def _parts_json(parts: Parts) -> dict[str, list[list[Any]]]:
    """Parts by table as plain JSON values."""
    return {table: [p.to_json() for p in held] for table, held in parts.items()}


class Versions:
    """The folder of versions: read once each, since they never change."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "versions"
        self._held: list[tuple[Version, str]] = []
        self._reading = threading.Lock()

    def latest(self) -> int:
        """Number of the latest published version, 0 if there is none."""
        at = len(self._held)
        while self.path(at + 1).exists():
            at += 1
        return at

    def path(self, number: int) -> Path:
        """The file of a version."""
        return self._folder / f"{number:08d}.json"

    def upto(self, number: int) -> list[Version]:
        """The versions 1 to ``number``, each checked against the hash that the next one holds of it."""
        with self._reading:
            while len(self._held) < number:
                self._read_next()
            return [version for version, _ in self._held[:number]]

    def _read_next(self) -> None:
        """Read one more version."""
        number = len(self._held) + 1
        try:
            data = self._bytes(number)
            version = Version.of(data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(f"version {number}") from error
        before = self._held[-1][1] if self._held else ""
        if (version.previous, version.delivery.version) != (before, number):
            raise damaged(f"version {number}")
        self._held.append((version, hashlib.sha256(data).hexdigest()))

    def _bytes(self, number: int) -> bytes:
        """A version as it was written."""
        return self.path(number).read_bytes()

    def following(self, delivery: Delivery, rows: Parts, deleted: Parts) -> Version:
        """The version that comes after all that were read, not yet published."""
        before = self.upto(delivery.version - 1)
        return Version(delivery, rows, deleted, self._held[len(before) - 1][1] if before else "")

    def publish(self, version: Version, disk: Disk) -> None:
        """Publish by one rename; the caller holds the lease."""
        path = self.path(version.delivery.version)
        if path.exists():
            raise StoreError(f"version {version.delivery.version} is published already: run the job again")
        disk.create_bytes(path, version.to_bytes())


def check_format(root: Path) -> bool:
    """Whether the folder is a store that this Konzern reads; False if there is nothing yet.

    Raises ``FormatError`` for another format and for a folder that holds something else.
    """
    mark = root / MARK
    with as_store_error(f"read {root}"):
        if not root.exists():
            return False
        if not root.is_dir():
            raise FormatError(f"{root} is not a folder: name a folder for the store")
        if not mark.exists():
            others = sorted(
                p.name for p in root.iterdir() if not p.name.startswith(MARK) and p.name != "lock"
            )
            if others:
                raise FormatError(
                    f"{root} holds other files ({', '.join(others[:3])}) and is no store: name an empty folder, "
                    "or a store that Konzern made"
                )
            return False
    held = format_of(root)
    if held > FORMAT:
        raise FormatError(f"{root} has format {held}, newer than {FORMAT}: use a newer Konzern")
    if held < FORMAT:
        raise FormatError(
            f"{root} has format {held}, older than {FORMAT}: konzern store migrate book:{root} book:COPY"
        )
    return True


def format_of(root: Path) -> int:
    """The format that a store's folder says it has."""
    try:
        held = json.loads((root / MARK).read_text(encoding="utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(MARK) from error
    if not isinstance(held, int):
        raise damaged(MARK)
    return held


def mark_format(root: Path, disk: Disk) -> None:
    """Make the folder a store of this format."""
    disk.create_bytes(root / MARK, json.dumps({"format": FORMAT, "kind": "konzern book store"}).encode())
