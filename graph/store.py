"""Stores: where books are kept. What every store can do, and how one is opened by its URL."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import pyarrow as pa

from graph.book import Book
from graph.deliveries import Contents, Delivery
from graph.errors import OptionError, StoreError
from graph.journal import Journal
from graph.kept import ReportKey
from graph.snapshot import Snapshot


class BusyError(StoreError):
    """Another writer holds the lease."""


class StaleLeaseError(StoreError):
    """This writer's lease was taken over while it was paused; what it meant to publish was refused."""


Step = Callable[[str, int, int], None]
"""Told what is done next, how many steps are done, and of how many."""


@dataclass(frozen=True)
class Published:
    """What became of a delivery: its version, and whether it is new or was there already.

    ``unchanged``, ``new`` and ``gone`` count by table the rows that a full delivery has in common with the
    subsidiary's earlier ones, adds to them and leaves out.
    """

    version: int
    is_new: bool
    unchanged: Mapping[str, int] = field(default_factory=dict)
    new: Mapping[str, int] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """Who writes to a store now, or was cut off: what is told by ``konzern store status``.

    ``by`` and ``process`` name the job (``here`` = of this machine), ``since`` when it took the right to write (None
    where that was not written down). ``version`` is what it loads (0 = nothing so far); of that ``batches`` parts with
    ``rows`` rows are stored, the last of ``table``. ``goes_on`` is False where it is dead or past its time: what it
    stored waits for the same load again, or for another that takes it back.
    """

    by: str
    process: int
    here: bool
    since: dt.datetime | None
    goes_on: bool
    version: int = 0
    batches: int = 0
    rows: int = 0
    table: str = ""


@dataclass(frozen=True)
class Results:
    """What the results are of that analysts see in a store: version, day, base currency, rule packs and options.

    ``as_of`` is None where a Konzern wrote them that did not write it down; ``run`` is 0 until they are written.
    """

    version: int
    as_of: dt.date | None
    base: str = ""
    packs: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    run: int = 0


@dataclass(frozen=True)
class Among:
    """Among which facts: of one subsidiary or of all others (``but``), as of a day, and which columns of them."""

    by: str | None = None
    but: str | None = None
    as_of: dt.date | None = None
    columns: tuple[str, ...] | None = None

    def admits(self, by: str) -> bool:
        """Whether the facts of a subsidiary are among them."""
        return by != self.but and self.by in (None, by)


class Reader(Protocol):
    """One version of a store, pinned: it reads the same whatever is published meanwhile.

    ``as_of`` picks of each subsidiary what it delivered up to that day; by default all of it.
    """

    version: int

    def deliveries(self) -> tuple[Delivery, ...]:
        """Everything that was delivered up to this version, in the order of arrival."""

    def delivered(self, version: int) -> Contents:
        """What one version brought: its rows, and the keys that it deletes."""

    def facts(self, as_of: dt.date | None = None) -> dict[str, pa.Table]:
        """Every row that holds as of a day, with its source, also where sources disagree."""

    def book(self, as_of: dt.date | None = None) -> Book:
        """The book as of a day: of the rows of one key in force the one that counts (``graph.resolve``)."""

    def snapshot(self, as_of: dt.date | None = None, base: str | None = None) -> Snapshot:
        """The compiled snapshot as of a day."""

    def graph_hash(self, as_of: dt.date | None = None) -> str:
        """sha256 of the sorted canonical rows of ``facts``: equal in every store that holds the same."""

    def matching(self, table: str, like: pa.Table, only: Among | None = None) -> pa.Table:
        """The facts of a table that agree with some row of ``like`` in all columns of ``like``."""


class Writer(Protocol):
    """The right to publish; one at a time. A context manager: it gives the right back at the end."""

    token: int

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def publish(self, delivery: Delivery, contents: Contents, step: Step | None = None) -> Published:
        """Publish a delivery as the next version, whole or not at all; the same again changes nothing.

        ``step`` is told which table is stored next, how many are done, and of how many.
        Raises ``DeliveryError`` where it contradicts earlier ones, ``StaleLeaseError`` where the right was
        taken over meanwhile, ``StoreError`` where the store fails.
        """


class Store(Protocol):
    """Versions of a book, its journal and its finished reports."""

    url: str

    @property
    def journal(self) -> Journal:
        """Reservations, decisions, judgements and states."""

    def latest(self) -> int:
        """Number of the latest version, 0 if there is none."""

    def reader(self, version: int | None = None) -> Reader:
        """Pin a version, by default the latest; ``OptionError`` if there is no such version."""

    def writer(self, by: str = "") -> Writer:
        """Take the right to publish; ``BusyError`` while another has it."""

    def snapshot(
        self, as_of: dt.date | None = None, version: int | None = None, base: str | None = None
    ) -> Snapshot:
        """The compiled snapshot of a version as of a day."""

    def changes(self, before: int, after: int) -> pa.Table:
        """What differs between two versions, row by row (``graph.changes``).

        Nothing where ``before`` is 0: the first version has none before it to differ from.
        """

    def kept_report(self, key: ReportKey) -> Path | None:
        """The folder of a finished report; None if none is kept."""

    def keep_report(self, key: ReportKey, folder: Path) -> Path:
        """Keep a copy of a finished report's folder, whole or not at all."""

    def job(self) -> Job | None:
        """Who writes now, or was cut off while it wrote; None where nobody does and nothing waits."""

    def results(self) -> Results | None:
        """What the results are of that were written back for analysts; None where there are none."""

    def shown_day(self) -> dt.date | None:
        """The day on which the facts count that analysts see in a graph; None where there is none."""

    def check(self) -> list[str]:
        """What is damaged, as sentences; empty if nothing is."""


_KINDS: Final = {
    "book": "graph.files.store",
    "neo4j": "graph.neo4j.store",
    "neo4j+s": "graph.neo4j.store",
    "neo4j+ssc": "graph.neo4j.store",
    "bolt": "graph.neo4j.store",
    "bolt+s": "graph.neo4j.store",
    "bolt+ssc": "graph.neo4j.store",
}


def open_store(url: str) -> Store:
    """Open the store of a URL: ``book:PATH`` is a folder, ``neo4j://…``, ``bolt://…`` and ``neo4j:local`` are Neo4j.

    An embedded store need not exist yet; the first load makes it. Raises ``OptionError`` for another URL,
    ``FormatError`` for a store of another format, ``StoreError`` where it cannot be reached.
    """
    scheme, colon, rest = url.partition(":")
    module = _KINDS.get(scheme)
    if not colon or not rest or module is None:
        raise OptionError(
            f"{url!r} names no store: write book:PATH, neo4j://HOST, bolt://HOST or neo4j:local"
        )
    try:
        made: Store = importlib.import_module(module).open_url(url)
    except ModuleNotFoundError as error:
        raise OptionError(f"{url!r}: {error.name} is not installed, which stores in Neo4j need") from error
    return made
