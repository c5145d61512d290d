"""Sentences: the texts of ``words/`` by key, one file a part of the app and language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "words"


@cache
def sentences(part: str, language: str) -> dict[str, str]:
    """The texts of a part (``pages``, ``store``, ...) in ``en`` or ``zh``."""
    return dict(tomllib.loads((_FOLDER / f"{part}.{language}.toml").read_text("utf-8")))
