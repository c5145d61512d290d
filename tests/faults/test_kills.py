"""Killed at points drawn anew each run: ten jobs, ten times their server, and twice within Neo4j's importer."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph.files.lease import started
from graph.neo4j.bulk import Bulk
from graph.neo4j.plan import Batch
from graph.neo4j.session import Access
from graph.neo4j.store import GraphStore
from graph.neo4j.writer import GraphWriter
from graph.server import process
from graph.server.home import Home
from tests.faults.graphjob import BEGIN, changed, importer, loader, word
from tests.graph.contract import hash_of
from tests.graph.sent import publish
from tests.graph.test_graphstore import live_is_exact
from tests.oracle.store import Sent
from tests.servers import SMALL, Servers, wipe

pytestmark = pytest.mark.soak
KILLS = 10
IMPORTS = 2


def drawn(what: str) -> random.Random:
    """Where to kill; repeated with --hypothesis-seed, as the head of a run says."""
    return random.Random(f"{os.environ.get('KONZERN_TEST_SEED', '')} {what}")  # noqa: S311 - a test repeats it


def batches(store: GraphStore, sent: Sent) -> int:
    """Publish, and count the batches that it takes."""
    seen = []
    plain = GraphWriter._run
    with pytest.MonkeyPatch.context() as patch:

        def run(writer: GraphWriter, number: int, batch: Batch) -> None:
            seen.append(batch)
            plain(writer, number, batch)

        patch.setattr(GraphWriter, "_run", run)
        publish(store, sent)
    return len(seen)


def finished(store: GraphStore, log: list[Sent], acknowledged: bool) -> None:
    """The last of what was sent was brought whole or not at all, and is there once after it was sent again."""
    there = store.latest()
    assert there in ((len(log),) if acknowledged else (len(log) - 1, len(log)))
    assert store.reader().graph_hash() == hash_of(log[:there])
    publish(store, log[-1])
    assert store.latest() == len(log)
    assert store.reader().graph_hash() == hash_of(log)
    assert live_is_exact(store)


def test_jobs_that_are_killed_are_finished_by_the_next(servers: Servers) -> None:
    where = drawn("jobs")
    wipe(servers)
    store, log = GraphStore(servers.access()), [BEGIN, changed(1)]
    publish(store, BEGIN)
    steps = batches(store, changed(1))
    assert steps > KILLS
    for number in range(2, KILLS + 2):
        log.append(changed(number))
        job = loader(servers.get(), where.randrange(steps), number)
        if where.random() < 0.5:
            word(job, where.randint(1, steps))
        job.kill()
        told, _ = job.communicate()
        finished(store, log, "loaded" in told)
    assert store.check() == []
    wipe(servers)


@pytest.fixture
def home(fresh_root: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home of one's own, whose server may be killed; it is whole in the end."""
    root = fresh_root()
    monkeypatch.setenv("KONZERN_MIRROR", str(root / "mirror"))
    held = Home(root / "home")
    yield held
    process.down(held)
    process.check(held)


def up(home: Home) -> process.Server:
    """Its server."""
    return process.up(home, lasting=False, memory=SMALL, quick=True)


def test_servers_that_are_killed_under_a_load_lose_nothing(home: Home) -> None:
    where = drawn("servers")
    server = up(home)
    store, log = GraphStore(Access(server.url, server.auth)), [BEGIN, changed(1)]
    publish(store, BEGIN)
    steps = batches(store, changed(1))
    for number in range(2, KILLS + 2):
        log.append(changed(number))
        job = loader(server, where.randrange(steps), number)
        if where.random() < 0.5:
            word(job, where.randint(1, steps))
        os.kill(server.running.pid, signal.SIGKILL)
        told, _ = job.communicate("\n" * steps)
        store.server.close()
        server.stop()
        server = up(home)
        store = GraphStore(Access(server.url, server.auth))
        finished(store, log, "loaded" in told)
    store.server.close()
    server.stop()


def at_work(home: Home, files: int) -> int:
    """Number of the importer's process once it has made so many files, or all that it makes."""
    made = home.root / "staging" / "data" / "databases" / "neo4j"
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                told = line.read_bytes()
            except OSError:  # it has ended
                continue
            if b"import\0full" in told and os.fsencode(home.root) in told:
                pid = int(line.parent.name)
                while started(pid) and len(list(made.glob("*"))) < files:
                    os.sched_yield()
                return pid
    raise AssertionError("no importer was started")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the importer's process is looked for in /proc")
def test_whoever_is_killed_while_the_importer_works_leaves_none_or_all(home: Home) -> None:
    where = drawn("importer")
    for trial in range(IMPORTS):
        job = importer(home)
        pid = at_work(home, where.randrange(30))
        born = started(pid)
        os.kill(job.pid if trial % 2 else pid, signal.SIGKILL)
        told, _ = job.communicate()
        while started(pid) == born:
            os.sched_yield()
        assert "loaded" not in told or not trial % 2
        while process.found(home):  # the server of the job ends with it
            os.sched_yield()
        server = up(home)
        store = GraphStore(Access(server.url, server.auth), bulk=Bulk(server, least=0))
        finished(store, [BEGIN], "loaded" in told)
        store.server.schema("MATCH (n) DETACH DELETE n")
        store.server.close()
        server.stop()
