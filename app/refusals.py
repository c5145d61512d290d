"""Refusals: why the app does not do what it was asked for, in the reader's language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from graph.errors import KonzernError
from graph.reservations import NoHeadroomError

_WORDS: Final = Path(__file__).parent / "words"
_BY_KIND: Final[dict[type[KonzernError], str]] = {NoHeadroomError: "no_headroom"}
"""Sentences of errors that always say the same."""
E = TypeVar("E", bound=KonzernError)


@cache
def words(language: str) -> dict[str, str]:
    """Sentences by key in ``en`` or ``zh``."""
    return dict(tomllib.loads((_WORDS / f"refusals.{language}.toml").read_text("utf-8")))


def refusal(kind: type[E], key: str, **places: object) -> E:
    """An error of that kind whose sentence stands in ``words/refusals``; its own text is the English one."""
    error = kind(words("en")[key].format_map(places))
    error.said = key, places
    return error


def worded(error: KonzernError, language: str) -> str:
    """An error as a reader of that language is told it; what has no sentence of its own is as the engine says it."""
    key, places = error.said or (_BY_KIND.get(type(error)), {})
    return str(error) if key is None else words(language)[key].format_map(places)
