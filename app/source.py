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

    Raises ``InputError`` with everything wrong in it and ``StoreError`` where the file system fails.
    """
    from graph.disk import as_store_error
    from ingest.job import read as job

    said = dialect(encoding)
    with as_store_error(f"read {source}"):
        return job(Path(source), mapping, dialect=said)


def day(text: str | None, option: str = "--as-of") -> dt.date | None:
    """A date option; ``OptionError`` unless it is YYYY-MM-DD.

    >>> day("2026-09-30")
    datetime.date(2026, 9, 30)
    """
    if text is None:
        return None
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise OptionError(f"{option} {text}: write a date as YYYY-MM-DD") from None


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
    latest = store.latest()
    if latest == 0:
        raise OptionError(f"{source} holds nothing: load a book first (konzern load BOOK --store {source})")
    if version is not None and not 1 <= version <= latest:
        raise OptionError(f"--book-version {version}: {source} has the versions 1 to {latest}")
    snapshot = store.snapshot(wanted, version, base)
    held = snapshot.book
    return snapshot, [] if held is None else findings(notices(held), held)


def earlier(source: str, snapshot: Snapshot, since: str | None, days: int) -> Snapshot | None:
    """The state of a source that a snapshot of it is compared with; None where no other one is known.

    ``since`` is a day of the same version, or the number of another version of a store. By default it is the
    day ``days`` earlier, where rows or deliveries hold now that did not then, else the version before. Raises
    ``OptionError`` for a day that is not earlier, for the version itself, and for a version of a folder.
    """
    store = store_of(source)
    if since is not None and since.isdecimal():
        if store is None:
            raise OptionError(f"--since {since}: {source} is a folder; versions are kept in a store")
        if int(since) == snapshot.version:
            raise OptionError(f"--since {since}: that is the version itself; name an earlier one, or a day")
        if int(since) == 0:
            raise OptionError(f"--since {since}: versions begin at 1; name one, or a day")
        return _version(store, int(since), snapshot)
    most = snapshot.as_of - dt.date.min
    then = day(since, "--since") or snapshot.as_of - min(dt.timedelta(days=days), most)
    if since is not None and then >= snapshot.as_of:
        raise OptionError(f"--since {since}: name a day before {snapshot.as_of}")
    other = since is not None or _differs(store, snapshot, then)
    if store is not None:
        if other:
            return store.snapshot(then, snapshot.version)
        return _version(store, snapshot.version - 1, snapshot) if snapshot.version > 1 else None
    return type(snapshot).of(snapshot.book, then) if other and snapshot.book is not None else None


def _version(store: Store, version: int, snapshot: Snapshot) -> Snapshot:
    """A version as of its own day, or as of the snapshot's where that is earlier."""
    held = store.snapshot(None, version)
    return held if held.as_of <= snapshot.as_of else store.snapshot(snapshot.as_of, version)


def _differs(store: Store | None, snapshot: Snapshot, then: dt.date) -> bool:
    """Whether other deliveries or rows hold than on an earlier day."""
    from graph.deliveries import in_force

    if store is not None:
        sent = store.reader(snapshot.version).deliveries()
        if in_force(sent, then) != in_force(sent, snapshot.as_of):
            return True
    return snapshot.book is not None and _began_or_ended(snapshot.book, then, snapshot.as_of)


def _began_or_ended(book: Book, after: dt.date, upto: dt.date) -> bool:
    """Whether a row of the book begins or ends to hold after a day, up to another one."""
    import pyarrow.compute as pc

    for name in book.tables:
        for column in ("valid_from", "valid_to"):
            values = book.column(name, column)
            if values is None or values.null_count == len(values):
                continue
            if pc.any(pc.and_(pc.greater(values, after), pc.less_equal(values, upto))).as_py():
                return True
    return False
