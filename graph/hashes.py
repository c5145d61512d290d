"""Hashes of files: whether what lies in a folder is still what was written there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def file_hash(path: Path) -> str:
    """sha256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_as_told(folder: Path, meta: str, entry: str) -> bool:
    """Whether the files of a folder have the hashes that an entry of its JSON file ``meta`` says, by name."""
    try:
        told = json.loads((folder / meta).read_text(encoding="utf-8"))[entry]
        return bool(told) and all(file_hash(folder / name) == wanted for name, wanted in told.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
