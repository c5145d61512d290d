"""Package: whether the zip package of a workbook may be opened, and what its sheets hold that no reader shows.

A workbook is a zip of XML files, and its reader believes what they say. So sizes, members and the farthest cell are
looked at first, in pieces, and with them the cells that a reader would give as empty: errors such as #N/A, formulas
without a value, and numbers that a format shows with leading zeros.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from graph.errors import Problem
from ingest.sources.raw import UnreadableFileError

MEMBERS: Final = 10_000
INFLATED: Final = 2 << 30
RATIO: Final = 150
_SMALL: Final = 16 << 20
CELLS: Final = 40_000_000
"""Cells from the first to the farthest one of a sheet: a reader holds them all."""
TEXT: Final = 1 << 30
"""Bytes of text that the cells of a sheet show: a text that many share is kept once in the file, not in memory."""
_PIECE: Final = 1 << 20
_OVERLAP: Final = 1 << 16
_TAG: Final = 64
_HEAD: Final = 1 << 12
_OLE: Final = b"\xd0\xcf\x11\xe0"

_AT: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,4})(\d{1,8})["']""")
_CELL: Final = re.compile(
    rb"<(?:\w+:)?c(?P<tag>\s[^>]*?)(?:/>|>(?P<body>.*?)</(?:\w+:)?c>)",
    re.DOTALL,
)
_ERROR: Final = re.compile(rb"""\st\s*=\s*["']e["']""")
_NO_VALUE: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_VALUE: Final = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>[^<]")
_STRING_END: Final = re.compile(rb"</(?:\w+:)?si>|<(?:\w+:)?si/>")
_SHARED: Final = re.compile(rb"""\st\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v>(\d{1,9})<""")
_ATTRIBUTE: Final = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass
class Sheet:
    """What the XML of one sheet says: its extent, and its faulty cells as (row, column letters, rule, value).

    ``text`` are the bytes of shared texts that its cells show, counted only where they may be very many.
    """

    rows: int = 0
    columns: int = 0
    text: int = 0
    faults: set[tuple[int, str, str, str]] = field(default_factory=set)


def inspect(path: Path) -> dict[str, Sheet]:
    """The sheets of a workbook by name, if it is one that may be opened.

    Raises ``UnreadableFileError``: no zip, encrypted, with macros, too large or too many members once inflated,
    XML with a document type. ``OSError`` if it cannot be opened.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as held:
            _allowed(path.name, held)
            return _sheets(path.name, held)
    # what zipfile raises for damage; NotImplementedError for a compression or encryption that it does not know
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, zlib.error) as error:
        with path.open("rb") as file:
            ole = file.read(4) == _OLE
        if ole:
            raise _refused(
                path.name,
                "encrypted",
                "a password or the old .xls format",
                "save it as .xlsx without a password",
            ) from error
        raise _refused(
            path.name, "unreadable_file", f"no whole .xlsx workbook ({error})", "save or transfer it again"
        ) from error


def _refused(file: str, rule: str, message: str, remedy: str, value: str = "") -> UnreadableFileError:
    return UnreadableFileError([Problem(file, 0, "", value, rule, message, remedy)])


def _allowed(file: str, held: zipfile.ZipFile) -> None:
    """Refuse a package by the list of its members."""
    members = held.infolist()
    names = {m.filename.lower() for m in members}
    size, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if any(m.flag_bits & 1 for m in members):
        raise _refused(file, "encrypted", "its parts are encrypted", "save it without a password")
    if any("vbaproject" in n or "/macrosheets/" in n for n in names):
        raise _refused(file, "macros", "the workbook holds macros", "save it as .xlsx without macros")
    if len(members) > MEMBERS or len(names) < len(members):
        raise _refused(
            file, "zip_bomb", f"{len(members)} parts, at most {MEMBERS} different ones", "save it again"
        )
    if size > INFLATED or (size > _SMALL and size > RATIO * max(packed, 1)):
        message = f"{packed:,} bytes inflate to {size:,}, more than {RATIO} times or {INFLATED:,}"
        raise _refused(file, "zip_bomb", message, "delete empty rows and columns, or send CSV or Parquet")
    if "xl/workbook.xml" not in names:
        raise _refused(
            file, "unreadable_file", "a zip file, but no .xlsx workbook", "save the tables as .xlsx"
        )


def _sheets(file: str, held: zipfile.ZipFile) -> dict[str, Sheet]:
    """Read every member once, in pieces: sizes and checksums hold, and the sheets are looked through."""
    padded = _padded(b"".join(_pieces(file, held, "xl/styles.xml")).decode("utf-8", "replace"))
    names = _names(held, file)
    lengths = shared_lengths(_pieces(file, held, "xl/sharedStrings.xml"))
    longest = int(lengths.max(initial=0))
    found: dict[str, Sheet] = {}
    for member in held.infolist():
        pieces = _pieces(file, held, member.filename)
        if member.filename in names:
            sheet = _scanned(pieces, padded)
            if sheet.rows * sheet.columns * longest > TEXT:
                sheet.text = shown_bytes(_pieces(file, held, member.filename), lengths)
            found[names[member.filename]] = sheet
        else:
            for _ in pieces:
                pass
    return found


def _pieces(file: str, held: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A member's bytes in pieces; none if it is not there. XML with a document type is refused."""
    if name not in held.NameToInfo:
        return
    with held.open(name) as member:
        first = True
        while piece := member.read(_PIECE):
            if first and name.endswith((".xml", ".rels")):
                head = piece[:_HEAD]
                if b"<!DOCTYPE" in head or b"<!ENTITY" in head or b"\0" in head:
                    raise _refused(
                        file,
                        "document_type",
                        "XML with entities or of 16 bits",
                        "save it again with Excel",
                        name,
                    )
            first = False
            yield piece


def _tags(text: str, name: str) -> Iterator[dict[str, str]]:
    """Attributes of every tag of a name."""
    for tag in re.finditer(rf"<(?:\w+:)?{name}\s([^>]*)>", text):
        yield {k: unescape(a or b) for k, a, b in _ATTRIBUTE.findall(tag[1])}


def _names(held: zipfile.ZipFile, file: str) -> dict[str, str]:
    """Name of the sheet that each member of the package is."""
    rels = b"".join(_pieces(file, held, "xl/_rels/workbook.xml.rels")).decode("utf-8", "replace")
    targets = {t.get("Id", ""): t.get("Target", "") for t in _tags(rels, "Relationship")}
    book = b"".join(_pieces(file, held, "xl/workbook.xml")).decode("utf-8", "replace")
    names = {}
    for tag in _tags(book, "sheet"):
        target = targets.get(next((v for k, v in tag.items() if k.endswith(":id")), ""), "")
        names[target.lstrip("/") if target.startswith("/") else f"xl/{target}"] = tag.get("name", "")
    return names


def _padded(styles: str) -> frozenset[bytes]:
    """Styles whose number format shows whole numbers with leading zeros."""
    formats = {
        t.get("numFmtId") for t in _tags(styles, "numFmt") if re.match(r"^0{2,}", t.get("formatCode", ""))
    }
    cells = re.search(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    chosen = list(_tags(cells[0], "xf")) if cells else []
    return frozenset(str(i).encode() for i, t in enumerate(chosen) if t.get("numFmtId") in formats)


def _scanned(pieces: Iterator[bytes], padded: frozenset[bytes]) -> Sheet:
    """Extent and faulty cells of a sheet."""
    made = Sheet()
    columns: set[bytes] = set()
    style = re.compile(rb"""\ss\s*=\s*["'](?:%b)["']""" % b"|".join(sorted(padded))) if padded else None
    rest = b""
    for piece in pieces:
        text = rest + piece
        at = _AT.findall(text)
        if at:
            made.rows = max(made.rows, *(int(row) for row in {row for _, row in at}))
            columns |= {column for column, _ in at}
        if style or _ERROR.search(text) or _NO_VALUE.search(text):
            made.faults |= set(_faults(text, style))
        rest = text[-_OVERLAP:]
    made.columns = max(map(column_number, columns), default=0)
    return made


def shared_lengths(pieces: Iterator[bytes]) -> npt.NDArray[np.int64]:
    """Bytes of each shared text with its tags: int64."""
    ends, read, rest = [0], 0, b""
    for piece in pieces:
        text = rest + piece
        ends += [read - len(rest) + m.end() for m in _STRING_END.finditer(text)]
        read += len(piece)
        rest = text[max(len(text) - _TAG, ends[-1] - read + len(text), 0) :]
    at = np.array(ends, np.int64)
    return at[1:] - at[:-1]


def shown_bytes(pieces: Iterator[bytes], lengths: npt.NDArray[np.int64]) -> int:
    """Bytes of the shared texts that the cells of a sheet refer to."""
    total, rest = 0, b""
    for piece in pieces:
        text = rest + piece
        whole = text.rfind(b">") + 1
        last = max(text.rfind(b"<c ", 0, whole), text.rfind(b":c ", 0, whole), 0)
        numbers = np.array(_SHARED.findall(text[:last]), "S9").astype(np.int64)
        total += int(lengths[numbers[numbers < len(lengths)]].sum())
        rest = text[last:][-_OVERLAP:]
    numbers = np.array(_SHARED.findall(rest), "S9").astype(np.int64)
    return total + int(lengths[numbers[numbers < len(lengths)]].sum())


def _faults(text: bytes, style: re.Pattern[bytes] | None) -> Iterator[tuple[int, str, str, str]]:
    """Cells that a reader would give as empty, or otherwise than they are shown."""
    for cell in _CELL.finditer(text):
        tag, body = cell["tag"], cell["body"] or b""
        at = _AT.search(tag)
        if at is None:
            continue
        place = (int(at[2]), at[1].decode())
        value = re.sub(rb"<[^>]*>", b"", body).decode("utf-8", "replace")[:60]
        if _ERROR.search(tag):
            yield (*place, "error_cell", value)
        elif _NO_VALUE.search(body) and not _VALUE.search(body):
            yield (*place, "formula_without_value", value)
        elif style and style.search(tag) and not re.search(rb"\st\s*=", tag) and _VALUE.search(body):
            yield (*place, "padded_number", value)


def column_number(letters: bytes) -> int:
    """Number of a column from its letters.

    >>> column_number(b"AA")
    27
    """
    found = 0
    for letter in letters.upper():
        found = found * 26 + letter - 64
    return found
