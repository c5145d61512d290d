"""Versioned: what every store of versions does alike once it knows how to read one of them."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod

import pyarrow as pa

from graph.changes import SCHEMA, changes
from graph.errors import OptionError
from graph.files.reader import FileReader, differing
from graph.journal import Journal
from graph.judgements import KIND, latest
from graph.snapshot import Snapshot
from graph.store import Results


class Versioned(ABC):
    """A store by its ``url`` with its journal; a kind of store tells its latest version and how one is read."""

    url: str
    journal: Journal

    @abstractmethod
    def latest(self) -> int:
        """Number of the latest version, 0 if there is none."""

    @abstractmethod
    def _pinned(self, number: int) -> FileReader:
        """A reader of a version that is there, or of none (0)."""

    def reader(self, version: int | None = None) -> FileReader:
        """Pin a version, by default the latest; ``OptionError`` if there is no such version."""
        latest = self.latest()
        number = latest if version is None else version
        if not 0 <= number <= latest:
            raise OptionError(f"no version {number} in {self.url}: the latest is {latest}")
        return self._pinned(number)

    def snapshot(
        self, as_of: dt.date | None = None, version: int | None = None, base: str | None = None
    ) -> Snapshot:
        """The compiled snapshot of a version as of a day, with what reviewers judged since by the journal.

        Mapped from its archive where it is there.
        """
        return self.reader(version).judged(latest(self.journal.records(kind=KIND))).snapshot(as_of, base)

    def results(self) -> Results | None:
        """None: results are written back into a graph only."""
        return None

    def shown_day(self) -> dt.date | None:
        """None: there is no graph whose facts would count on one day."""
        return None

    def changes(self, before: int, after: int) -> pa.Table:
        """What differs between two versions, row by row (``graph.changes``); nothing before the first."""
        if before == 0:
            return SCHEMA.empty_table()
        old, new = self.reader(before), self.reader(after)
        apart = {name: differing(old, new, name) for name in {*old.names(), *new.names()}}
        return changes({n: t[0] for n, t in apart.items()}, {n: t[1] for n, t in apart.items()})
