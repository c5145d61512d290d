"""Refusals: why the app does not do what it was asked for, in the reader's language."""

from __future__ import annotations

from typing import TypeVar

from app.sentences import sentences
from graph.errors import KonzernError

E = TypeVar("E", bound=KonzernError)


def words(language: str) -> dict[str, str]:
    """Sentences by key in ``en`` or ``zh``."""
    return sentences("refusals", language)


def refusal(kind: type[E], key: str, **places: object) -> E:
    """An error of that kind whose sentence stands in ``words/refusals``; its own text is the English one."""
    error = kind(words("en")[key].format_map(places))
    error.said = key, places
    return error


def worded(error: KonzernError, language: str) -> str:
    """An error as a reader of that language is told it; what has no sentence of its own is as the engine says it."""
    if error.said is None:
        return str(error)
    key, places = error.said
    return words(language)[key].format_map(places)
