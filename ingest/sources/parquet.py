"""Parquet files: typed columns as they were written, text that repeats itself dictionary-encoded."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graph.book import Origin
from graph.errors import Problem
from ingest.sources.raw import Raw, UnreadableFileError


def read(path: Path, coded: frozenset[str] = frozenset()) -> Raw:
    """Read a Parquet file; text columns named in ``coded`` come dictionary-encoded, rows are counted from 1.

    Raises ``UnreadableFileError`` if it is no whole Parquet file or names a column twice, ``OSError`` if it
    cannot be opened.
    """
    try:
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
        _no_name_twice(path.name, schema.names)
        words = [f.name for f in schema if f.name in coded and f.type in (pa.string(), pa.large_string())]
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=words) as file:
            data = file.read()
    # what Arrow raises for damage (OSError without a number; names that are no UTF-8), and for a codec or type that it
    # does not know
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        message, remedy = (
            f"no whole Parquet file ({str(error).splitlines()[0]})",
            "write or transfer it again",
        )
        raise UnreadableFileError(
            [Problem(path.name, 0, "", "", "unreadable_file", message, remedy)]
        ) from error
    return Raw(data, Origin(path.name, 1, data.num_rows))


def _no_name_twice(file: str, names: list[str]) -> None:
    """Refuse a file with two columns of one name."""
    message, remedy = "the file has this column twice", "keep one of them"
    problems = [
        Problem(file, 0, n, n, "duplicate_header", message, remedy)
        for n in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise UnreadableFileError(problems)
