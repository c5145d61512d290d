"""Where a command's book comes from: a folder of files, or a store."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graph.errors import OptionError

if TYPE_CHECKING:
    from exposure.findings import Finding
    from graph.book import Book
    from graph.snapshot import Snapshot
    from ingest.receipt import Receipt

SAMPLE: Final = Path(__file__).parent / "sample"
"""The sample banking group."""


def read(source: str, mapping: str | None = None) -> tuple[Book, Receipt]:
    """The book of a folder with the receipt of its checking.

    Raises ``OptionError`` if there is no such folder and ``InputError`` with everything wrong in it.
    """
    from ingest.job import read as job

    return job(Path(source), mapping)


def day(text: str | None) -> dt.date | None:
    """A date option; ``OptionError`` unless it is YYYY-MM-DD.

    >>> day("2026-09-30")
    datetime.date(2026, 9, 30)
    """
    if text is None:
        return None
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise OptionError(f"--as-of {text}: write a date as YYYY-MM-DD") from None


def compiled(
    source: str, *, mapping: str | None = None, as_of: str | None = None, base: str | None = None
) -> tuple[Snapshot, list[Finding]]:
    """The snapshot of a source as of a day in a base currency, and what was noticed when it was read."""
    from app.receipts import findings
    from graph.snapshot import Snapshot

    wanted = day(as_of)
    book, receipt = read(source, mapping)
    return Snapshot.of(book, wanted, base), findings(receipt, book)
