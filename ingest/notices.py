"""Notices: what the input tells about itself that stops nothing; findings are made of them later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from stdnum import lei
from stdnum.cn import uscc

from graph.book import Book
from graph.ids import one_chunk, text_buffers
from graph.model import TABLES
from ingest.kernels import digits as _kernels

Rows = npt.NDArray[np.integer]
Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_LEI: Final = 20
_USCC_VALUES: Final = np.array(["0123456789ABCDEFGHJKLMNPQRTUWXY".find(chr(c)) for c in range(256)], np.int64)


@dataclass(frozen=True)
class Notice:
    """One kind of notice and the rows of a table that it concerns.

    ``code`` is one of ``graph.findings.CODES``; ``subject`` the column that names the subject; ``columns`` gives
    by figure the column that it stands in, ``figures`` those that are equal in all rows.
    """

    code: str
    table: str
    rows: Rows
    subject: str
    columns: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)

    def each(self, book: Book) -> Iterator[tuple[str, int, dict[str, object]]]:
        """Subject, row of the book and figures of each row; amounts as decimal text."""
        held = book.table(self.table).select([self.subject, *self.columns.values()]).take(pa.array(self.rows))
        subjects = held.column(0).to_pylist()
        shown = {
            figure: [
                _shown(v, TABLES[self.table].column(column).kind.places)
                for v in held.column(column).to_pylist()
            ]
            for figure, column in self.columns.items()
        }
        for i, row in enumerate(self.rows.tolist()):
            yield subjects[i], row, {**self.figures, **{f: values[i] for f, values in shown.items()}}


def _shown(value: object, places: int) -> object:
    """A cell of a decimal kind as its decimal text, any other as it is."""
    return f"{Decimal(value).scaleb(-places):f}" if places and isinstance(value, int) else value


def lei_invalid(book: Book) -> Iterator[Notice]:
    """Legal entity identifiers whose check digits are wrong (ISO 17442)."""
    yield from _identifiers(
        book, "lei", "LEI", _kernels.lei_doubtful, lambda v: len(lei.compact(v)) == _LEI and lei.is_valid(v)
    )


def uscc_invalid(book: Book) -> Iterator[Notice]:
    """Unified social credit codes whose check character is wrong (GB 32100)."""

    def doubtful(data: Bytes, offsets: Int32, valid: Bytes) -> Mask:
        return np.asarray(_kernels.uscc_doubtful(data, offsets, valid, _USCC_VALUES))

    yield from _identifiers(book, "uscc", "USCC", doubtful, uscc.is_valid)


def _identifiers(
    book: Book,
    column: str,
    name: str,
    doubtful: Callable[[Bytes, Int32, Bytes], Mask],
    is_valid: Callable[[str], bool],
) -> Iterator[Notice]:
    """Identifiers of parties that neither the quick test nor the lenient one (spaces, small letters) takes."""
    values = book.column("parties", column)
    if values is None:
        return
    held = one_chunk(values, pa.string())
    rows = np.flatnonzero(doubtful(*text_buffers(held)))
    wrong = np.array([r for r in rows.tolist() if not is_valid(held[r].as_py())], np.int64)
    if len(wrong):
        yield Notice(
            "identifier_invalid", "parties", wrong, "party_id", {"value": column}, {"identifier": name}
        )


def drawn_above_limit(book: Book) -> Iterator[Notice]:
    """Facilities of which more is drawn than was granted."""
    limit, drawn = book.column("facilities", "limit"), book.column("facilities", "drawn")
    if limit is None or drawn is None:
        return
    above = pc.fill_null(pc.greater(drawn, limit), False)  # noqa: FBT003 - Arrow's own signature
    rows = np.flatnonzero(np.asarray(above))
    if len(rows):
        yield Notice(
            "drawn_above_limit", "facilities", rows, "facility_id", {"limit": "limit", "drawn": "drawn"}
        )


def notices(book: Book) -> tuple[Notice, ...]:
    """All notices of a book, in a fixed order."""
    return tuple(n for rule in (lei_invalid, uscc_invalid, drawn_above_limit) for n in rule(book))
