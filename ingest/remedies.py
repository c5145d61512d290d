"""Remedies: the sentences of problems, each saying what is wrong and what to do about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

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
    if kind is DATE:
        return _date_hint(value)
    if kind is BOOL:
        return "write true, false, 1, 0, yes or no"
    if re.fullmatch(r"[+-]?[\d.]+[eE][+-]?\d+", value):
        return "write it out without an exponent"
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", value):
        return f"write it without thousands separators: {value.replace(',', '')}"
    if re.fullmatch(r"[+-]?\d+,\d+", value):
        return f"use a point as the decimal sign: {value.replace(',', '.')}"
    if value.endswith("%"):
        return "write 0.25 for 25 %, or say percent = true in a mapping"
    return "leave the cell empty if the value is not known"


def _date_hint(value: str) -> str:
    """What to write instead of an unreadable date."""
    if re.fullmatch(r"\d{8}", value):
        return f"write it as {value[:4]}-{value[4:6]}-{value[6:]}"
    if re.fullmatch(r"\d{5}", value):
        return "this looks like a spreadsheet's day number: write YYYY-MM-DD"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return "there is no such day in the calendar"
    return "write YYYY-MM-DD"
