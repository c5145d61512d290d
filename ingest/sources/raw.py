"""Raw: one delivered table as its file has it, every row with its line."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from graph.book import Origin
from graph.errors import Problem


@dataclass(frozen=True)
class Raw:
    """The columns of one file, text or typed, under the names that the file gives them.

    ``decimal`` is the sign before the decimals of numbers that are text.
    """

    data: pa.Table
    origin: Origin
    decimal: str = "."


class UnreadableFileError(Exception):
    """A file that cannot be read as a whole; carries the problems that say why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))
