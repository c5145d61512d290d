"""Where a command's book comes from: a folder of files, or a store by its URL."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graph.errors import OptionError

if TYPE_CHECKING:
    from exposure.findings import Finding
    from graph.book import Book
    from graph.snapshot import Snapshot
    from graph.store import Store
    from ingest.receipt import Receipt
    from ingest.sources.delimited import Dialect

SAMPLE: Final = Path(__file__).parent / "sample"
"""The sample banking group."""
STORE: Final = "book:konzern-store"
"""The store that commands use unless another is named: a folder in the working folder."""
_URL: Final = re.compile(r"(book|neo4j|neo4j\+s|neo4j\+ssc|bolt|bolt\+s|bolt\+ssc):.")


def store_of(source: str) -> Store | None:
    """The store that a source names; None for a folder of files."""
    if not _URL.match(source):
        return None
    from graph.store import open_store

    return open_store(source)


def dialect(encoding: str | None) -> Dialect | None:
    """The option ``--encoding`` as what is said of delimited files; ``OptionError`` for an unknown one."""
    from ingest.sources.delimited import Dialect

    said = Dialect(encoding=encoding or "")
    if said.wrong():
        raise OptionError(f"--{said.wrong()}")
    return said if encoding else None


def read(source: str, mapping: str | None = None, encoding: str | None = None) -> tuple[Book, Receipt]:
    """The book of a folder or workbook with the receipt of its checking.

    Raises ``OptionError`` if there is no such folder and ``InputError`` with everything wrong in it.
    """
    from ingest.job import read as job

    return job(Path(source), mapping, dialect=dialect(encoding))


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
    source: str,
    *,
    mapping: str | None = None,
    encoding: str | None = None,
    as_of: str | None = None,
    base: str | None = None,
    version: int | None = None,
) -> tuple[Snapshot, list[Finding]]:
    """The snapshot of a source as of a day in a base currency, and what its rows tell about themselves.

    ``version`` picks one of a store; ``mapping`` and ``encoding`` translate a folder. Raises ``OptionError`` where
    one is given to the other.
    """
    from app.receipts import findings
    from graph.snapshot import Snapshot
    from ingest.notices import notices

    wanted = day(as_of)
    store = store_of(source)
    if store is None:
        if version is not None:
            raise OptionError(f"--book-version: {source} is a folder; versions are kept in a store")
        book, receipt = read(source, mapping, encoding)
        return Snapshot.of(book, wanted, base), findings(receipt.notices, book)
    if mapping is not None or encoding is not None:
        raise OptionError(
            f"--mapping, --encoding: {source} is a store; files are translated when they are loaded"
        )
    if store.latest() == 0:
        raise OptionError(f"{source} holds nothing: load a book first (konzern load BOOK --store {source})")
    snapshot = store.snapshot(wanted, version, base)
    held = snapshot.book
    return snapshot, [] if held is None else findings(notices(held), held)
