"""The errors of Konzern: each says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class KonzernError(Exception):
    """Base of every error that a user can cause and mend; ``exit_code`` is the command's.

    ``said`` is the key of the sentence that tells it in several languages, and what stands in its places; None for an
    error that is told in English only.
    """

    exit_code = 2
    said: tuple[str, Mapping[str, object]] | None = None


class StoreError(KonzernError):
    """A server or a file system failed; nothing was half-done."""

    exit_code = 3


class OptionError(KonzernError):
    """An option, rule pack or argument that is not known or cannot be read."""


class RangeError(KonzernError):
    """A total that leaves the range of 64-bit minor units."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} exceeds the range of 64-bit minor units: split the book or check the amounts"
        )


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with an input: where it stands, the value as written, and the remedy.

    ``row`` counts lines as an editor does (the header is line 1; 0 = the file as a whole); ``rule`` is the
    name of the function that found it.
    """

    file: str
    row: int
    column: str
    value: str
    rule: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = (
            self.file
            + (f", row {self.row}" if self.row else "")
            + (f", {self.column}" if self.column else "")
        )
        shown = f": {self.value!r}" if self.value else ""
        return f"{place}{shown}: {self.message}; {self.remedy}"


class InputError(KonzernError):
    """Every problem of an input at once, in the order of files and rows."""

    def __init__(self, problems: list[Problem], total: int | None = None) -> None:
        self.problems = sorted(problems)
        self.total = len(problems) if total is None else total
        super().__init__("\n".join(str(p) for p in self.problems))
