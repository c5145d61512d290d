"""Remedies: the sentences of problems, each saying what is wrong and what to do about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from graph.errors import Problem
from graph.model import BOOL, DATE, Kind
from ingest.cells import DECIMALS, TOO_LARGE
from ingest.sources.files import guess


def missing_column(file: str, name: str, held: Iterable[str]) -> Problem:
    """A column that the table must have is not in the file's header."""
    meant = guess(name, held)
    hint = f"rename {meant!r}" if meant else "add it"
    return Problem(
        file, 0, name, "", "missing_column", "a column that must be there is missing", f"{hint}, or map it"
    )


def wrong_type(file: str, name: str, held: str, wanted: str) -> Problem:
    """A typed column whose type cannot hold what the model says."""
    return Problem(
        file, 0, name, held, "wrong_type", f"the column must be {wanted}", "write it as text or in that type"
    )


def wrong_bytes(file: str, name: str) -> Problem:
    """A text column of a typed file whose bytes are not UTF-8."""
    return Problem(
        file, 0, name, "", "wrong_bytes", "the column's text is not UTF-8", "write the file with UTF-8 text"
    )


def unreadable(status: int, kind: Kind, value: str) -> tuple[str, str]:
    """Message and remedy for a cell that a kind cannot take."""
    if status == DECIMALS:
        return (
            f"more than {kind.places} decimals",
            f"send at most {kind.places}, or say round = 'half_even' in a mapping",
        )
    if status == TOO_LARGE:
        return "the number is too large to be held exactly", "check the unit, or send it as text or decimal"
    return f"no {kind.doc}", _hint(kind, value)


def _hint(kind: Kind, value: str) -> str:
    """What to write instead of an unreadable text."""
    narrow = unicodedata.normalize("NFKC", value)
    if narrow != value and narrow.isascii():
        return f"write it in plain digits: {narrow}"
    if value != value.strip():
        return "remove the blanks around it"
    if kind is BOOL:
        return "write true, false, 1, 0, yes or no"
    if kind is DATE:
        return _first_that_fits(_DATE_HINTS, value, "write YYYY-MM-DD")
    return _first_that_fits(_NUMBER_HINTS, value, "leave the cell empty if the value is not known")


def _first_that_fits(hints: tuple[tuple[str, str], ...], value: str, otherwise: str) -> str:
    """The sentence of the first pattern that a text matches, its places filled."""
    for pattern, sentence in hints:
        found = re.fullmatch(pattern, value, re.ASCII)
        if found:
            return sentence.format(
                *found.groups(), plain=value.replace(",", ""), point=value.replace(",", ".")
            )
    return otherwise


_NUMBER_HINTS: Final = (
    (r"[+-]?[\d.]+[eE][+-]?\d+", "write it out without an exponent, or say exponent = true in a mapping"),
    (r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", "write it without thousands separators: {plain}"),
    (
        r"[+-]?\d+,\d+",
        "use a point as the decimal sign: {point}, or say decimal = ',' in book.toml or a mapping",
    ),
    (r".*%", "write 0.25 for 25 %, or say percent = true in a mapping"),
)
_DATE_HINTS: Final = (
    (r"(\d{4})(\d{2})(\d{2})", "write it as {0}-{1}-{2}"),
    (r"\d{5}", "this looks like a spreadsheet's day number: write YYYY-MM-DD"),
    (r"\d{4}-\d{2}-\d{2}", "there is no such day in the calendar"),
)
