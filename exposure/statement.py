"""Statements: the lines that explanations are made of, in both languages, each over what it follows from.

A line with an amount says by its ``rule`` how the amount follows from those of the lines below it, so that a program
can replay it: ``sum`` of all, the ``least`` of them, the ``first`` less the rest, ``at_most`` their sum, ``shares``:
the sum of each times the ``share`` that stands with it, to the minor unit; ``rounded`` the sum of all, each of a model
and rounded to the minor unit.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from graph.money import grouped

_WORDS: Final = Path(__file__).parent / "words"
SHOWN: Final = 10
"""Facilities that a text lists one by one, largest first; the JSON form lists all."""


@cache
def words(language: str) -> dict[str, str]:
    """Sentences of explanations by key in ``en`` or ``zh``."""
    return dict(tomllib.loads((_WORDS / f"explain.{language}.toml").read_text("utf-8")))


@dataclass(frozen=True)
class Line:
    """One statement: the key of its sentence, the words in it, its amount in base minor units, what it rests on.

    ``rows`` are source rows as (file, line); ``below`` the statements that it follows from, by ``rule`` (empty where
    no amount follows). Of a ``brief`` one texts say the sentence alone, and only JSON what is below.
    """

    key: str
    places: Mapping[str, object] = field(default_factory=dict)
    amount: int | None = None
    rows: tuple[tuple[str, int], ...] = ()
    below: tuple[Line, ...] = ()
    rule: str = ""
    brief: bool = False

    def replayed(self) -> bool:
        """Whether the amount follows from the lines below, and theirs from those below them.

        >>> Line("own", amount=3, below=(Line("facility", amount=1), Line("facility", amount=2)), rule="sum").replayed()
        True
        """
        amounts = [
            line.amount or 0 for line in self.below if line.amount is not None or line.key == "unknown"
        ]
        made = {
            "sum": sum(amounts) == self.amount,
            "least": min(amounts, default=0) == self.amount,
            "first": bool(amounts) and max(amounts[0] - sum(amounts[1:]), 0) == self.amount,
            "at_most": sum(amounts) >= (self.amount or 0),
            "rounded": abs(sum(amounts) - (self.amount or 0)) <= len(amounts),
            "shares": abs(self._by_shares() - (self.amount or 0)) <= 1,
        }
        return made.get(self.rule, True) and all(line.replayed() for line in self.below)

    def _by_shares(self) -> float:
        """The amounts below times their shares, added up."""
        parts = [(line.places.get("share"), line.amount or 0) for line in self.below]
        return math.fsum(share * amount for share, amount in parts if isinstance(share, float))

    def sentence(self, language: str) -> str:
        """The statement in one language, source rows behind it."""
        amount = "" if self.amount is None else grouped(self.amount)
        say = words(language)
        kind = {"kind": say[f"kind_{self.places['kind']}"]} if "kind" in self.places else {}
        said = say[self.key].format_map({"amount": amount, **self.places, **kind})
        marks = [say["source_row"].format(file=file, row=row) for file, row in self.rows[:3]]
        return " ".join([said, *marks])

    def as_dict(self, language: str) -> dict[str, Any]:
        """The statement and what it rests on, for programs."""
        return {
            "key": self.key,
            "text": self.sentence(language),
            "amount": None if self.amount is None else grouped(self.amount).replace(",", ""),
            **{k: v for k, v in self.places.items() if not k.startswith("text")},
            **({"rule": self.rule} if self.rule else {}),
            "rows": [{"file": file, "row": row} for file, row in self.rows],
            "below": [line.as_dict(language) for line in self.below],
        }


@dataclass(frozen=True)
class Explanation:
    """What there is to say about one subject."""

    subject: str
    lines: tuple[Line, ...]

    def as_dict(self, language: str = "en") -> dict[str, Any]:
        """For programs: every line with all that it rests on."""
        return {"subject": self.subject, "lines": [line.as_dict(language) for line in self.lines]}

    def text(self, language: str = "en") -> str:
        """For people: indented lines; long lists of facilities are cut, with the rest as one sum."""
        return "\n".join(text for line in self.lines for text in _texts(line, language, 0))


def _texts(line: Line, language: str, depth: int) -> Iterable[str]:
    """A line and what is below it, indented."""
    yield "  " * depth + line.sentence(language)
    if line.brief:
        return
    summed = [b for b in line.below if b.amount is not None]
    others = [b for b in line.below if b.amount is None]
    cut = others[:SHOWN] if line.key == "group" else others
    for below in cut:
        yield from _texts(below, language, depth + 1)
    if len(cut) < len(others):
        yield from _texts(Line("members", {"count": len(others) - len(cut)}), language, depth + 1)
    summed.sort(key=lambda b: -(b.amount or 0))
    for below in summed[:SHOWN]:
        yield from _texts(below, language, depth + 1)
    rest = summed[SHOWN:]
    if rest:
        more = Line("more", {"count": len(rest)}, sum(b.amount or 0 for b in rest))
        yield from _texts(more, language, depth + 1)
