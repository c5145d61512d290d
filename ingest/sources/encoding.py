"""Encodings: the bytes of a text file as UTF-8, in the encoding that was stated and in no other.

What a file looks like is only told, never acted upon: text in a guessed encoding is other text that looks right.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from graph.errors import Problem
from ingest.sources.raw import UnreadableFileError

UTF8: Final = "utf-8"
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LIKELY: Final = ("gb18030", "big5", "shift_jis", "euc_kr", "cp1252")
_ASCII_END: Final = 128
_NO_FILES: Final = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
"""Codecs of names, of source code and of mail: what they give need not even be text."""
_PIECE: Final = 1 << 23
_SAMPLE: Final = 1 << 15


def known(encoding: str) -> bool:
    """Whether Python knows an encoding of text files by this name.

    >>> known("GBK"), known("gkb"), known("base64"), known("utf-7")
    (True, False, False, False)
    """
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError):
        return False
    return bool(getattr(found, "_is_text_encoding", True)) and found.name not in _NO_FILES


def utf8(path: Path, encoding: str = "") -> pa.Buffer:
    """A file's bytes as UTF-8; ``encoding`` is the stated one, UTF-8 unless said.

    Raises ``UnreadableFileError`` at the first byte that is not of that encoding, with its line and offset, and
    where a file in UTF-8 is said to be in another one; ``OSError`` if it cannot be opened.
    """
    body = pa.py_buffer(path.read_bytes())
    plain = codecs.lookup(encoding or UTF8).name in (UTF8, "utf-8-sig")
    taken = is_utf8(body)
    if plain and taken:
        return body
    if plain:
        raise _not_utf8(path.name, body)
    if taken and _beyond_ascii(body):
        message = f"the file is UTF-8, not {encoding}"
        raise _wrong(path.name, 0, "", message, f'say encoding = "{UTF8}", or save it as {encoding}')
    return _decoded(path.name, body, encoding)


def _decoded(name: str, body: pa.Buffer, encoding: str) -> pa.Buffer:
    """The text of another encoding as UTF-8, piece by piece."""
    if codecs.lookup(encoding).name == "utf-16" and looks_like(body, 0) != "utf-16":
        message, remedy = "no byte order mark at its start", 'say encoding = "utf-16-le" or "utf-16-be"'
        raise _wrong(name, 0, "", message, remedy)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    sink = pa.BufferOutputStream()
    try:
        for at in range(0, body.size, _PIECE):
            sink.write(decoder.decode(body[at : at + _PIECE].to_pybytes()).encode())
        sink.write(decoder.decode(b"", final=True).encode())
    except UnicodeDecodeError as error:
        raise _at_first_wrong_byte(name, body, encoding) from error
    return sink.getvalue()


def _at_first_wrong_byte(name: str, body: pa.Buffer, encoding: str) -> UnreadableFileError:
    """The error of the first byte that is no text in the stated encoding."""
    data = body.to_pybytes()
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "ignore").count("\n") + 1
        message = f"byte {error.start} is not {encoding} text"
        remedy = "state the encoding that the file has, or save it as UTF-8"
        return _wrong(name, line, data[error.start : error.start + 1].hex(), message, remedy)
    return _wrong(name, 0, "", f"no {encoding} text", "save it as UTF-8")


def _not_utf8(name: str, body: pa.Buffer) -> UnreadableFileError:
    """The error of a file that is not UTF-8 and says nothing else of itself."""
    data = body.to_pybytes()
    try:
        data.decode(UTF8)
        start = 0
    except UnicodeDecodeError as error:
        start = error.start
    likely = looks_like(body, start)
    line = data.count(b"\n", 0, start) + 1
    message = f"byte {start} is not {UTF8} text" + (f"; the file looks like {likely}" if likely else "")
    remedy = "save it as UTF-8, or state its encoding in book.toml, in a mapping or by --encoding"
    if likely:
        remedy = (
            f'if it is, say encoding = "{likely}" in book.toml or a mapping, or --encoding {likely}; '
            "else save it as UTF-8"
        )
    return _wrong(name, line, data[start : start + 1].hex(), message, remedy)


def _wrong(name: str, line: int, value: str, message: str, remedy: str) -> UnreadableFileError:
    return UnreadableFileError([Problem(name, line, "", value, "wrong_bytes", message, remedy)])


def looks_like(body: pa.Buffer, at: int) -> str:
    r"""The encoding that the bytes around ``at`` look like, "" if none: a candidate for people to confirm.

    >>> looks_like(pa.py_buffer("编号,名称\n1,中国工商银行股份有限公司\\n".encode("gbk")), 0)
    'gb18030'
    """
    head = body[: min(4, body.size)].to_pybytes()
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    import charset_normalizer  # noqa: PLC0415 (only where a file is refused anyway)

    start = max(0, at - _SAMPLE)
    sample = body[start : min(body.size, at + _SAMPLE)].to_pybytes()
    best = charset_normalizer.from_bytes(sample, cp_isolation=list(_LIKELY)).best()
    if best is not None:
        return best.encoding
    return next((name for name in _LIKELY if _takes(sample, name)), "")


def _takes(sample: bytes, encoding: str) -> bool:
    """Whether a sample, cut anywhere at its end, is text of an encoding."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _beyond_ascii(body: pa.Buffer) -> bool:
    """Whether any byte is not ASCII."""
    return body.size > 0 and int(np.frombuffer(body, np.uint8).max()) >= _ASCII_END


def is_utf8(body: pa.Buffer) -> bool:
    """Whether the bytes are UTF-8: Arrow's check of one long text is faster than decoding it."""
    size = body.size
    if size >= 2**31:
        ends = np.array([0, size], np.int64)
        whole = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(ends), body])
    else:
        whole = pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(np.array([0, size], np.int32)), body]
        )
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
