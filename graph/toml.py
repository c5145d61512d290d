"""TOML files that people write: read whole, or told as no TOML in one way."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def read(path: Path) -> dict[str, Any]:
    """What a TOML file says. ``ValueError`` for anything that is none, ``OSError`` if it cannot be opened."""
    return parsed(path.read_text("utf-8"))


def parsed(text: str) -> dict[str, Any]:
    """What a text in TOML says. ``ValueError`` for anything that is none."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("lists or tables are nested too deep") from error
