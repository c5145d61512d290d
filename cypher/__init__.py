"""Saved questions: text that an analyst pastes into a console and that Konzern runs, each with what it says of itself.

A file ``analyst/NAME.cypher`` begins with a header in TOML behind ``//!``: family, roles, title, explanation,
parameters with types and examples, and columns, in both languages. The rest is one statement that only reads.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Final

FAMILIES: Final = ("structure", "exposure", "guarantees", "contagion")
TYPES: Final = ("id", "text", "share", "count", "date")
ROLES: Final = (
    "group_risk_manager",
    "group_approver",
    "group_analyst",
    "auditor",
    "subsidiary_analyst",
    "operator",
)

_FOLDER: Final = Path(__file__).parent / "analyst"
_MARK: Final = "//!"
_MOST: Final = 10_000
Words = Mapping[str, str]


class QuestionError(ValueError):
    """A question that is not there, or a value that it cannot take."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a question: its type, names and an example; without a default it must be given."""

    name: str
    type: str
    en: str
    zh: str
    example: str
    default: str | None = None

    def value(self, text: str) -> object:
        """A value as the graph holds it: shares as parts per 10^9, counts and dates as such.

        >>> Parameter("share", "share", "", "", "0.5").value("0.25")
        250000000
        """
        read = {"share": _share, "count": _count, "date": dt.date.fromisoformat}.get(self.type, _sendable)
        try:
            return read(text)
        except (ValueError, InvalidOperation, OverflowError):
            kind = f"{'an' if self.type[0] in 'aeiou' else 'a'} {self.type}"
            raise QuestionError(f"{self.name}={text}: write {kind} such as {self.example}") from None


def _sendable(text: str) -> str:
    """A text, every character of which can be sent: a broken byte of a command line cannot."""
    text.encode()
    return text


def _share(text: str) -> int:
    """A share from 0 to 1 in parts per 10^9."""
    units = Decimal(text) * 10**9
    if units != int(units) or not 0 <= units <= 10**9:
        raise ValueError(text)
    return int(units)


def _count(text: str) -> int:
    """A whole number up to what one answer may have rows."""
    count = int(text)
    if not 0 <= count <= _MOST:
        raise ValueError(text)
    return count


@dataclass(frozen=True)
class SavedQuery:
    """A question: what it answers, what it takes, what it gives, and its text."""

    name: str
    family: str
    title: Words
    explanation: Words
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, Words]
    roles: tuple[str, ...]
    text: str

    def values(self, given: Mapping[str, str]) -> dict[str, object]:
        """Parameters from text; ``QuestionError`` for one that is not known, missing or of another type."""
        known = {p.name: p for p in self.parameters}
        strange = sorted(set(given) - set(known))
        if strange:
            raise QuestionError(
                f"{self.name} takes no {strange[0]}: {', '.join(known) or 'it takes nothing'}"
            )
        lacking = [p for p in self.parameters if p.default is None and p.name not in given]
        if lacking:
            told = " ".join(f"{p.name}={p.example}" for p in lacking)
            raise QuestionError(f"{self.name} needs {told} ({', '.join(f'{p.en} {p.zh}' for p in lacking)})")
        return {name: p.value(given.get(name, p.default or "")) for name, p in known.items()}

    def example(self) -> dict[str, str]:
        """The example of each parameter."""
        return {p.name: p.example for p in self.parameters}


def parse(name: str, source: str) -> SavedQuery:
    """A question from its file; ``QuestionError`` where the header is not whole."""
    lines = source.splitlines()
    head = "\n".join(line.removeprefix(_MARK).strip() for line in lines if line.startswith(_MARK))
    text = "\n".join(line for line in lines if not line.startswith(_MARK)).strip()
    try:
        held: dict[str, Any] = tomllib.loads(head)
        parameters = tuple(
            Parameter(key, p["type"], p["en"], p["zh"], str(p["example"]), _text(p.get("default")))
            for key, p in held.get("parameters", {}).items()
        )
        return SavedQuery(
            name, held["family"], held["title"], held["explanation"], parameters, held["columns"],
            tuple(held["roles"]), text,
        )  # fmt: skip
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise QuestionError(f"{name}.cypher has no whole header: {error}") from error


def _text(value: object) -> str | None:
    """A default as it would be typed."""
    return None if value is None else str(value)


@cache
def catalogue() -> Mapping[str, SavedQuery]:
    """Every question by name, in the order of families and names."""
    held = [parse(path.stem, path.read_text("utf-8")) for path in sorted(_FOLDER.glob("*.cypher"))]
    ordered = sorted(held, key=lambda q: (FAMILIES.index(q.family), q.name))
    return {q.name: q for q in ordered}


def load(name: str) -> SavedQuery:
    """The question of that name; ``QuestionError`` if there is none.

    >>> load("holders").columns["owner_id"]["en"]
    'Owner'
    """
    found = catalogue().get(name)
    if found is None:
        raise QuestionError(f"no question {name!r}: konzern query --list names all")
    return found
