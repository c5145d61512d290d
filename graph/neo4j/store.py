"""The store in Neo4j: a graph that analysts see, holding every version as the embedded store holds it."""

from __future__ import annotations

import atexit
import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from graph.disk import Disk
from graph.errors import StoreError
from graph.files.lease import Clock
from graph.files.reader import FileReader
from graph.files.runs import Runs
from graph.files.snapshots import Snapshots
from graph.files.versioned import Versioned
from graph.kept import KeptReports, ReportKey
from graph.neo4j import schema
from graph.neo4j.bulk import Bulk
from graph.neo4j.gate import Gate, Lease, job, results, shown_day, writing
from graph.neo4j.journal import GraphJournal
from graph.neo4j.mirror import Mirror, folder
from graph.neo4j.present import wrong
from graph.neo4j.results import check_basis, write_back
from graph.neo4j.segments import fetched
from graph.neo4j.session import Access, Server
from graph.neo4j.standing import standings
from graph.neo4j.versions import GraphVersions
from graph.neo4j.writer import GraphWriter, Work
from graph.server import process
from graph.server.home import ROOM, Home
from graph.server.process import Server as LocalServer
from graph.store import Job, Results

LOCAL: Final = "neo4j:local"


def open_url(url: str) -> GraphStore:
    """The store of a URL; ``neo4j:local`` starts the local server if none runs, and ends it with this process."""
    if url != LOCAL:
        return GraphStore(Access.of(url), url)
    server = local()
    return GraphStore(Access(server.url, server.auth), url, bulk=Bulk(server))


def local() -> LocalServer:
    """The local server, started for the life of this process if none runs."""
    home = Home()
    there = process.found(home)
    server = process.up(home, lasting=False)
    if there is None:
        atexit.register(server.stop)
    return server


class GraphStore(Versioned):
    """Versions of a book in a Neo4j database; see ``graph.store.Store``.

    ``bulk`` is how a large first load may go on a server of this machine. ``disk`` and ``clock`` are there for tests:
    the first writes the copies on this machine, the second says when a lease ends.
    """

    def __init__(
        self,
        access: Access,
        url: str = "",
        disk: Disk | None = None,
        clock: Clock = time.time,
        bulk: Bulk | None = None,
    ) -> None:
        self.url = url or access.url
        self.server = Server(access)
        self._gate = Gate(self.server)
        self._disk = disk or Disk()
        self._clock = clock
        self._bulk = bulk
        held = self._gate.read()
        schema.check_format(self.server, held.get("format"))
        self._open_work: Work | None = None
        self.journal = GraphJournal(self._gate, self._make)

    @property
    def _root(self) -> Path:
        """The folder of the copies on this machine."""
        return folder(self._gate.read().get("store", "none"))

    def _work(self) -> Work:
        """The parts of the store, once it is one."""
        if self._open_work is None:
            root = self._root
            mirror = Mirror(root, self._disk, self.server)
            runs = Runs(root, mirror, self._disk)
            self._open_work = Work(
                self.url, self._gate, GraphVersions(self._gate), mirror, runs, self._disk, self._bulk
            )
        return self._open_work

    def latest(self) -> int:
        """Number of the latest version, 0 if there is none."""
        latest: int = self._gate.read().get("version", 0)
        return latest

    def _pinned(self, number: int) -> FileReader:
        """A reader of a version that is there, or of none (0)."""
        root = self._root if number else Path()
        if number:
            work = self._work()
            versions, mirror, runs = work.versions.upto(number), work.mirror, work.runs
        else:
            versions, mirror = [], Mirror(root, self._disk, self.server)
            runs = Runs(root, mirror, self._disk)
        return FileReader(self.url, versions, mirror, runs, Snapshots(root, self._disk))

    def writer(self, by: str = "") -> GraphWriter:
        """Take the right to publish; ``BusyError`` while another has it, ``FullError`` on a local disk without room."""
        if self._bulk is not None:
            self._bulk.server.home.check_room(ROOM)
        self._make()
        return GraphWriter(self._work(), Lease(self._gate, by, self._clock))

    def kept_report(self, key: ReportKey) -> Path | None:
        """The folder of a finished report on this machine; None if none is kept."""
        return KeptReports(self._root / "reports", self._disk).find(key)

    def keep_report(self, key: ReportKey, folder: Path) -> Path:
        """Keep a copy of a finished report's folder on this machine, whole or not at all."""
        self._make()
        return KeptReports(self._root / "reports", self._disk).keep(key, folder)

    def check_basis(self, of: Results) -> None:
        """Refuse results that could not be written back: of another version or day than the graph shows."""
        check_basis(self._gate.read(), of)

    def write_back(self, tables: Mapping[str, pa.Table], of: Results) -> Results:
        """Replace the results that analysts see in the graph by those of a report; see ``graph.neo4j.results``."""
        with self.writer("results") as writer:
            return write_back(writer, self._gate, tables, of)

    def results(self) -> Results | None:
        """What the results are of that analysts see in the graph; None where there are none."""
        return results(self._gate.read())

    def shown_day(self) -> dt.date | None:
        """The day on which the facts count that a plain MATCH sees; None before the first version."""
        return shown_day(self._gate.read())

    def job(self) -> Job | None:
        """Who writes now, or was cut off; None where nobody does and nothing waits."""
        return job(self._gate, self._clock)

    def check(self) -> list[str]:
        """What is damaged, as sentences: every fact is read from the graph and compared with what was written."""
        gate = self._gate.read()
        if not gate.get("version"):
            return []
        found = [f"missing: {text}" for text in schema.missing(self.server)]
        try:
            writing(gate)
            versions = self._work().versions.upto(gate["version"])
        except StoreError as error:
            return [*found, str(error)]
        files = {
            p.file for v in versions for held in (v.rows, v.deleted) for parts in held.values() for p in parts
        }
        lost = []
        for file in sorted(files):
            try:
                fetched(self.server, file)
            except StoreError as error:
                lost.append(str(error))
        found += lost
        if not lost:
            present = list(wrong(self.server, standings(self._work().reader(versions), None)))
            found += present if gate.get("loading") is None and self._gate.read() == gate else []
        snapshots, reports = (
            Snapshots(self._root, self._disk),
            KeptReports(self._root / "reports", self._disk),
        )
        found += [f"the saved snapshot {n} is damaged: remove it" for n in snapshots.damaged()]
        found += [f"the kept report {n} is damaged: remove it" for n in reports.damaged()]
        try:
            records, told = self.journal.last(), self._gate.read()["journal"]
            if records < told or (records > told and self._gate.read()["journal"] == told):
                found.append(f"the journal holds {records} records and should hold {told}: restore a dump")
        except StoreError as error:
            found.append(str(error))
        return found

    def _make(self) -> None:
        """Make the database a store, if it is none yet."""
        schema.make(self._gate)
