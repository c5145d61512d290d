"""Notices: what the input tells about itself that stops nothing; the engine makes findings of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from graph.book import Book

Rows = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Notice:
    """One kind of notice and the rows of a table that it concerns.

    ``code`` is one of ``graph.findings.CODES``; ``subject`` the column that names the subject; ``columns`` gives
    by figure the column that it stands in, ``figures`` those equal in all rows.
    """

    code: str
    table: str
    rows: Rows
    subject: str
    columns: dict[str, str] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)

    def each(self, book: Book) -> Iterator[tuple[str, int, dict[str, object]]]:
        """Subject, book row and figures, row by row."""
        table = book.table(self.table).take(self.rows)
        subjects = table.column(self.subject).to_pylist()
        held = {figure: table.column(column).to_pylist() for figure, column in self.columns.items()}
        for i, row in enumerate(self.rows.tolist()):
            yield subjects[i], row, {**self.figures, **{f: values[i] for f, values in held.items()}}
