"""Delimited text: CSV files to Arrow, every cell as the text that it is."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from graph.book import Origin
from graph.errors import Problem
from ingest.kernels import lines as _kernels
from ingest.sources import encoding as encodings
from ingest.sources.raw import Raw, UnreadableFileError

_BOM: Final = b"\xef\xbb\xbf"
_COMMA: Final = ","
_OTHERS: Final = {";": "a semicolon", "\t": "a tab", "|": "a bar"}
_SHOWN: Final = 1_000
_BLOCK: Final = 1 << 23
_HEADER: Final = 1 << 20
"""Bytes in which the header must end."""
_WIDEST: Final = 4
"""Bytes of the longest character."""
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is said to be written; "" = nothing is said, and plain CSV in UTF-8 is expected.

    ``delimiter`` is one character of ASCII, ``encoding`` any that Python knows, ``decimal`` the sign before the
    decimals of numbers: a point or a comma.
    """

    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""

    def over(self, other: Dialect) -> Dialect:
        """What this one says, and the other where this says nothing.

        >>> Dialect(encoding="gbk").over(Dialect(";", "utf-8"))
        Dialect(delimiter=';', encoding='gbk', decimal='')
        """
        return Dialect(
            self.delimiter or other.delimiter, self.encoding or other.encoding, self.decimal or other.decimal
        )

    def wrong(self) -> str:
        """What is wrong with it, "" if nothing.

        >>> Dialect(encoding="gkb").wrong()
        "encoding: no encoding 'gkb'; such as 'utf-8', 'gb18030' or 'utf-16'"
        """
        if len(self.delimiter.encode()) > 1 or self.delimiter in {'"', "\n", "\r", "\0"}:
            return "delimiter: must be one character of ASCII, such as ',' or '|'"
        if self.encoding and not encodings.known(self.encoding):
            return f"encoding: no encoding {self.encoding!r}; such as 'utf-8', 'gb18030' or 'utf-16'"
        if self.decimal not in ("", ".", ","):
            return "decimal: must be '.' or ','"
        return ""


def read(path: Path, dialect: Dialect | None = None, coded: frozenset[str] = frozenset()) -> Raw:
    """Read a delimited file: all columns text, empty cells null, nothing guessed.

    Columns named in ``coded`` come dictionary-encoded. Raises ``UnreadableFileError`` for wrong bytes (with the
    offset), a header that lacks a name or has one twice, rows of another length (with their lines), and a
    quote that is never closed; ``OSError`` if the file cannot be opened.
    """
    how = dialect or Dialect()
    body = encodings.utf8(path, how.encoding)
    delimiter = how.delimiter or _COMMA
    header, alone = _header(path.name, body, delimiter)
    if not how.delimiter:
        _confirmed(path.name, body, header)
    if alone:
        body = pa.py_buffer(
            body.to_pybytes() + b"\n"
        )  # a header without a line end is a table without rows too
    kinds = {
        name: pa.dictionary(pa.int32(), pa.string()) if name in coded else pa.string() for name in header
    }
    try:
        data = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=kinds,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise UnreadableFileError(_ragged(path.name, body, delimiter, len(header), str(error))) from error
    lines = _lines(path.name, np.frombuffer(body, np.uint8), delimiter, data.num_rows)
    return Raw(data, Origin(path.name, 2, data.num_rows, lines), how.decimal or ".")


def _records(body: pa.Buffer, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each record that is not empty, slowly; ends where the text is no CSV any more."""
    text = io.StringIO(body.to_pybytes().removeprefix(_BOM).decode(encodings.UTF8, "ignore"), newline="")
    reader = csv.reader(text, delimiter=delimiter)
    line = 1
    with contextlib.suppress(csv.Error):
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1


def _header(name: str, body: pa.Buffer, delimiter: str) -> tuple[list[str], bool]:
    """Names of the columns, from the first line that is not empty, and whether nothing comes after it."""
    start = body.slice(0, min(body.size, _HEADER))
    first = [row for _, row in islice(_records(start, delimiter), 2)]
    alone = len(first) < 2  # noqa: PLR2004 (the header and one row)
    if alone and start.size < body.size:
        message = f"the header does not end within {_HEADER:,} bytes"
        remedy = "check that this is the table and that its quotes are closed"
        raise UnreadableFileError([Problem(name, 1, "", "", "header_too_long", message, remedy)])
    header = next(iter(first), [])
    if not header:
        message, remedy = "the file has no header line", "send at least the names of the columns"
        raise UnreadableFileError([Problem(name, 0, "", "", "empty_file", message, remedy)])
    twice = sorted({c for c in header if header.count(c) > 1})
    problems = [
        Problem(name, 1, c, c, "duplicate_header", "the header has this column twice", "keep one of them")
        if c
        else Problem(
            name, 1, "", "", "empty_header", "the header has columns without a name", "name them or drop them"
        )
        for c in ([*twice, *([""] if header.count("") == 1 else [])])
    ]
    if problems:
        raise UnreadableFileError(problems)
    return header, alone


def _confirmed(name: str, body: pa.Buffer, header: list[str]) -> None:
    """Refuse a file that looks as if it were separated by another sign than the comma, which nobody has stated."""
    start = body.slice(0, min(body.size, _HEADER))
    for sign, shown in _OTHERS.items():
        if len(header) == 1 and sign in header[0]:
            columns = next(len(row) for _, row in _records(start, sign))
            message = f"the {columns} columns look separated by {shown}, not by a comma"
            remedy = f"if so, say delimiter = {json.dumps(sign)} in book.toml or a mapping, else save it with commas"
            raise UnreadableFileError([Problem(name, 1, "", header[0][:60], "delimiter", message, remedy)])


def _lines(name: str, data: npt.NDArray[np.uint8], delimiter: str, rows: int) -> npt.NDArray[np.int64] | None:
    """Line of each row, None where they simply follow the header line."""
    ends = int(np.count_nonzero(data == ord("\n")))
    ends += int(len(data) > 0 and data[-1] != ord("\n"))
    if ends == rows + 1 and not bool(np.any(data == ord('"'))):
        return None
    at = np.empty(int(np.count_nonzero((data == ord("\n")) | (data == ord("\r")))) + 1, np.int64)
    count, closed = _kernels.record_lines(data, ord(delimiter), at)
    if not closed or count != rows + 1:
        line = int(at[min(count, rows + 1) - 1])
        message = (
            "a quote is opened and never closed" if not closed else "quotes and line breaks do not match"
        )
        remedy = "check that the file is complete and that quotes within a text are doubled"
        raise UnreadableFileError([Problem(name, line, "", "", "open_quote", message, remedy)])
    if bool(np.all(at[1:count] == np.arange(2, count + 1))):
        return None
    return at[1:count].copy()


def _ragged(name: str, body: pa.Buffer, delimiter: str, width: int, reason: str) -> list[Problem]:
    """The rows that have more or fewer cells than the header, by a slow second reading."""
    problems = []
    longest = 0, 0
    for line, row in _records(body, delimiter):
        longest = max(longest, (sum(map(len, row)), line))
        if len(row) != width:
            message = f"the row has {len(row)} cells, the header {width}"
            remedy = f"check delimiter ({delimiter}), quotes and whether the file is complete"
            problems.append(Problem(name, line, "", delimiter.join(row)[:60], "ragged_row", message, remedy))
        if len(problems) == _SHOWN:
            break
    size, line = longest
    if not problems and size * _WIDEST > _BLOCK:
        message, remedy = f"a row of {size:,} characters is too long", "check that its quotes are closed"
        return [Problem(name, line, "", "", "row_too_long", message, remedy)]
    return problems or [Problem(name, 0, "", "", "unreadable_file", reason, "save it again as plain CSV")]
