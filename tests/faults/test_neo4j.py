"""What fails between a job and its Neo4j: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import neo4j
import pytest
from click.testing import CliRunner
from neo4j.exceptions import TransientError

from app.cli import main
from graph.errors import StoreError
from graph.neo4j import session
from graph.neo4j.ask import ChangingError, ask
from graph.neo4j.plan import Batch
from graph.neo4j.session import Access, Server, Statement, counted
from graph.neo4j.store import GraphStore
from graph.neo4j.writer import GraphWriter
from graph.store import BusyError, StaleLeaseError
from tests.faults.graphjob import BATCHES, LITTLE, MANY, loader, word
from tests.faults.proxy import COMMIT, Proxy
from tests.graph.contract import hash_of
from tests.graph.sent import publish
from tests.graph.test_graphstore import STORY, forgotten, live_is_exact
from tests.servers import Servers, wipe

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean(servers: Servers) -> Iterator[None]:
    wipe(servers)
    yield
    wipe(servers)


def commits(at: int, when: str) -> Callable[[bytes], str]:
    """Cut at the n-th commit that goes by."""
    seen = iter(range(at))

    def cut(data: bytes) -> str:
        return when if COMMIT in data and next(seen, None) is None else ""

    return cut


def cut_once(at: int, when: str) -> Callable[[bytes], str]:
    """Cut at the n-th commit, and never again."""
    plain, done = commits(at, when), []

    def cut(data: bytes) -> str:
        if done or not plain(data):
            return ""
        done.append(True)
        return when

    return cut


def lost(servers: Servers, at: int, when: str) -> bool:
    """Publish while the n-th commit or its answer is lost; whether there were as many."""
    wipe(servers)
    publish(GraphStore(servers.access()), STORY[0])
    cut: list[str] = []
    plain = cut_once(at, when)

    def told(data: bytes) -> str:
        cut.append(plain(data))
        return cut[-1]

    with Proxy(servers.get().running.port, told) as proxy:
        access = Access(f"bolt://127.0.0.1:{proxy.port}", servers.get().auth)
        assert publish(GraphStore(access), STORY[2]).version == 2
        Server(access).close()
    store = forgotten(servers)
    assert store.reader().graph_hash() == hash_of([STORY[0], STORY[2]])
    assert live_is_exact(store)
    return when in cut


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_request_or_answer_is_lost_is_looked_up_and_done_once(
    servers: Servers, when: str
) -> None:
    assert lost(servers, 12, when)


@pytest.mark.soak
@pytest.mark.parametrize("when", ["before", "after"])
def test_any_commit_whose_request_or_answer_is_lost_is_looked_up_and_done_once(
    servers: Servers, when: str
) -> None:
    at = 0
    while lost(servers, at, when):
        at += 3
    assert at > 12


def test_where_nothing_goes_through_any_more_the_job_says_so_and_may_be_repeated(servers: Servers) -> None:
    publish(GraphStore(servers.access()), STORY[0])
    with Proxy(servers.get().running.port, commits(7, "before")) as proxy:
        access = Access(f"bolt://127.0.0.1:{proxy.port}", servers.get().auth)
        with pytest.raises(StoreError, match="does not answer"):
            publish(GraphStore(access), STORY[2])
        Server(access).close()
    store = GraphStore(servers.access(), clock=lambda: time.time() + 10**6)
    publish(store, STORY[2])
    assert forgotten(servers).reader().graph_hash() == hash_of([STORY[0], STORY[2]])
    assert live_is_exact(store)


def test_a_job_that_is_killed_is_finished_by_the_next(servers: Servers) -> None:
    publish(GraphStore(servers.access()), LITTLE)
    job = loader(servers.get(), 2)
    job.kill()
    job.communicate()
    store = GraphStore(servers.access())
    left = store.job()
    assert left is not None
    assert (left.goes_on, left.version, left.rows) == (False, 2, 1)
    assert (store.latest(), job.returncode) == (1, -signal.SIGKILL)
    assert store.reader(1).graph_hash() == hash_of([LITTLE])
    with pytest.raises(ChangingError, match="the load of version 2 was cut off"):
        ask(store.server, "MATCH (u:Umbrella) RETURN u", {})
    publish(store, MANY)  # the lease of the dead is not waited for
    assert store.reader().graph_hash() == hash_of([LITTLE, MANY])
    assert live_is_exact(store)


def test_who_writes_and_how_far_it_is_is_told(servers: Servers) -> None:
    store = GraphStore(servers.access())
    assert store.job() is None
    publish(store, LITTLE)
    job = loader(servers.get(), 2)
    found = store.job()
    assert found is not None
    assert found.since is not None
    assert (found.process, found.goes_on, found.version, found.table) == (job.pid, True, 2, "umbrellas")
    assert (found.batches, found.rows) == (2, 1)
    assert "being loaded: version 2, by" in status(servers)
    word(job, BATCHES)
    job.communicate()
    assert store.job() is None
    writer = store.writer("ann")
    assert "ann (process" in status(servers)
    assert "尚未存入任何数据" in status(servers, "--lang", "zh")
    dead = json.dumps(asdict(replace(writer._graph_lease.held, started="another")))
    store.server.write([Statement("MATCH (b:Book) SET b.holder = $dead", {"dead": dead})], lambda: False)
    assert "ended without giving back its right to write" in status(servers)


def status(servers: Servers, *more: str) -> str:
    """What ``konzern store status`` says."""
    done = CliRunner().invoke(main, ["store", "status", "--store", servers.get().url, *more])
    assert done.exit_code == 0
    return done.output


def test_two_jobs_at_once_are_one_after_the_other(servers: Servers) -> None:
    publish(GraphStore(servers.access()), LITTLE)
    job = loader(servers.get(), 2)
    with pytest.raises(BusyError, match="is writing"):
        GraphStore(servers.access()).writer("other")
    said, _ = job.communicate("\n" * BATCHES)
    assert said.split()[-1] == "loaded"
    assert GraphStore(servers.access()).latest() == 2


def test_a_job_that_was_paused_in_a_batch_is_told_at_once_and_does_not_outlast_its_lease(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(GraphStore(servers.access()), LITTLE)
    slow = GraphStore(servers.access()).writer("slow")

    def paused(_work: neo4j.Transaction) -> None:
        """Others come while the batch holds the gate."""
        with pytest.raises(BusyError, match="is writing"):
            GraphStore(servers.access()).writer("other")
        monkeypatch.undo()
        publish(GraphStore(servers.access(), clock=lambda: time.time() + 10**6), MANY)

    monkeypatch.setattr(session, "_WRITES", 1.0)
    with pytest.raises(StoreError, match="ended a transaction that took too long"):
        slow.change(paused, lambda: False)
    with pytest.raises(StaleLeaseError):
        slow.change(lambda _work: None, lambda: False)
    assert GraphStore(servers.access()).reader().graph_hash() == hash_of([LITTLE, MANY])


def test_what_is_read_while_a_job_writes_is_whole(servers: Servers) -> None:
    publish(GraphStore(servers.access()), LITTLE)
    job = loader(servers.get(), BATCHES - 1)
    store = GraphStore(servers.access())
    totals = {1: 6_00, 2: 1_00 + sum(range(1, 20_001)) * 100}
    text = "MATCH (u:Umbrella) RETURN sum(u.limit) AS total"
    with pytest.raises(ChangingError, match="a load is going on"):
        ask(store.server, text, {})
    seen = set()
    for times in (0, BATCHES):
        word(job, times)
        while not seen or (times and job.poll() is None):
            book = store.reader().book()
            assert sum(book.table("umbrellas").column("limit").to_pylist()) == totals[book.version]
            seen.add(book.version)
    job.communicate()
    assert 1 in seen
    found = ask(store.server, text, {})
    assert (found.version, found.rows[0]["total"]) == (2, totals[2])


def added(server: Server, first: str, second: str, meet: Callable[[], object]) -> int:
    """Add one to two nodes in one transaction, in this order; ``meet`` waits between them, the first time only.

    How often it was tried.
    """
    key, waits, tries = f"{first}{second}", iter([meet]), itertools.count()

    def act(work: neo4j.Transaction) -> None:
        next(tries)
        work.run("MATCH (c:Counter {name: $name}) SET c.n = c.n + 1", name=first).consume()
        next(waits, lambda: None)()
        work.run("MATCH (c:Counter {name: $name}) SET c.n = c.n + 1", name=second).consume()
        work.run("CREATE (:Added {key: $key})", key=key).consume()

    server.transact(act, lambda: server.read("MATCH (a:Added {key: $key}) RETURN a", key=key) or None)
    return next(tries)


def test_of_two_writers_that_wait_for_each_other_both_are_done_once(servers: Servers) -> None:
    server = Server(servers.access())
    server.schema("CREATE (:Counter {name: 'A', n: 0}), (:Counter {name: 'B', n: 0})")
    both = threading.Barrier(2, timeout=60)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(added, server, *order, both.wait) for order in ("AB", "BA")]
        assert sum(job.result() for job in jobs) > len(jobs)
    assert server.read("MATCH (c:Counter) RETURN c.n AS n") == [{"n": 2}, {"n": 2}]
    assert server.read("MATCH (a:Added) RETURN count(a) AS n") == [{"n": 2}]


def test_a_load_that_waits_for_another_program_which_waits_for_it_is_done_once(servers: Servers) -> None:
    publish(GraphStore(servers.access()), STORY[0])
    store, server = GraphStore(servers.access()), Server(servers.access())
    tied, locked = threading.Event(), threading.Event()
    tries, met = itertools.count(), iter([None])

    def theirs() -> None:
        """Hold a party, then ask for the gate, which the batch holds that wants the party."""
        with server.session(writes=True) as session, session.begin_transaction() as work:
            work.run("MATCH (p:Party {party_id: 'Q'}) SET p._held = true REMOVE p._held").consume()
            tied.set()
            locked.wait(60)
            store._gate.lock(work)
            work.rollback()

    plain = GraphWriter._run

    def run(writer: GraphWriter, number: int, batch: Batch) -> None:
        """The first batch is after one that, holding the gate, wants the party."""
        if next(met, "over") is None:
            statement = Statement("MATCH (p:Party {party_id: 'Q'}) SET p._held = true REMOVE p._held")

            def act(work: neo4j.Transaction) -> None:
                next(tries)
                locked.set()
                counted(work, statement)

            writer.change(act, lambda: False)
        plain(writer, number, batch)

    with ThreadPoolExecutor(1) as pool, pytest.MonkeyPatch.context() as patch:
        other = pool.submit(theirs)
        tied.wait(60)
        patch.setattr(GraphWriter, "_run", run)
        publish(store, STORY[2])
        assert isinstance(other.exception(), TransientError) or next(tries) > 1
    again = forgotten(servers)
    assert again.reader().graph_hash() == hash_of([STORY[0], STORY[2]])
    assert live_is_exact(again)


def stands_still(pid: int) -> bool:
    """Whether every thread of a process is stopped, which takes a busy machine a while after the signal."""
    tasks = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(task.read_text("utf-8", "replace").rpartition(")")[2].split()[0] == "T" for task in tasks)


@pytest.mark.soak
def test_a_frozen_server_is_told(servers: Servers) -> None:
    store = GraphStore(servers.access())
    publish(store, STORY[0])
    pid = servers.get().running.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        until = time.monotonic() + 60
        while not stands_still(pid):
            assert time.monotonic() < until
        with pytest.raises(StoreError, match="does not answer"):
            store.latest()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert store.reader().graph_hash() == hash_of([STORY[0]])
