"""A server that Konzern does not run, named by its address: a store like any other, and its limits are told."""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.errors import OptionError, StoreError
from graph.files.versions import FormatError
from graph.neo4j import schema
from graph.neo4j.ask import ask
from graph.neo4j.session import DATABASE_SETTING, PASSWORD_SETTING, USER_SETTING, Access, Server
from graph.neo4j.store import GraphStore
from graph.store import open_store
from tests.faults.byhand import PASSWORD, USER, ByHand
from tests.graph.contract import hash_of
from tests.graph.sent import FEB, delta, publish, umbrella
from tests.graph.test_graphstore import STORY, live_is_exact
from tests.stores import MEMORY
from tests.test_cli import konzern
from tests.test_storage import delivery, tables

__all__ = ["delivery"]

CAP = 20
MANY = delta("A", FEB, umbrellas=[umbrella(f"U{i}", i + 1) for i in range(3_000)])


@pytest.fixture(scope="module")
def theirs() -> Iterator[ByHand]:
    """Such a server, whose transactions get 20 MiB each."""
    root = Path(tempfile.mkdtemp(prefix="konzern-", dir=MEMORY if MEMORY.is_dir() else None))
    held = ByHand(root / "neo4j")
    held.start(CAP)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KONZERN_MIRROR", str(root / "mirror"))
            yield held
    finally:
        held.kill()
        shutil.rmtree(root)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch, theirs: ByHand) -> None:
    """Its user and password, in the environment; an empty database."""
    monkeypatch.setenv(USER_SETTING, USER)
    monkeypatch.setenv(PASSWORD_SETTING, PASSWORD)
    server = Server(Access.of(theirs.url))
    server.schema("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS")


def later(theirs: ByHand) -> GraphStore:
    """The store for a job after which every lease has run out."""
    return GraphStore(Access.of(theirs.url), clock=lambda: time.time() + 10**6)


def test_its_address_gives_the_report_of_the_files(theirs: ByHand, delivery: Path, tmp_path: Path) -> None:
    assert konzern("load", delivery, "--store", theirs.url).exit_code == 0
    konzern("report", delivery, "--out", tmp_path / "files", "--formats", "parquet")
    done = konzern("report", theirs.url, "--out", tmp_path / "store", "--formats", "parquet", "--write-back")
    assert done.exit_code == 0
    assert tables(tmp_path / "files") == tables(tmp_path / "store")
    assert "Largest groups" in konzern("query", "largest_groups", "--store", theirs.url).output
    assert konzern("store", "check", "--store", theirs.url).exit_code == 0


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        (PASSWORD_SETTING, "another", "does not let in: set KONZERN_NEO4J_USER and KONZERN_NEO4J_PASSWORD"),
        (PASSWORD_SETTING, "", "does not let in: set KONZERN_NEO4J_USER and KONZERN_NEO4J_PASSWORD"),
        (DATABASE_SETTING, "nowhere", "set KONZERN_NEO4J_DATABASE to a database that is there"),
    ],
)
def test_what_does_not_let_in_is_told_with_the_setting(
    theirs: ByHand, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, message: str
) -> None:
    monkeypatch.setenv(setting, value)
    for address in (theirs.url, theirs.url.replace("neo4j:", "bolt:")):
        with pytest.raises(OptionError, match=message):
            open_store(address)


class Aged(Server):
    """The same server, if it were older: only what it says of itself is changed."""

    def read(self, text: str, **parameters: object) -> list[dict[str, Any]]:
        rows = super().read(text, **parameters)
        return [{"version": "5.25.1"}] if "dbms.components" in text else rows


def test_a_server_that_is_too_old_is_refused_before_anything_is_made(theirs: ByHand) -> None:
    server = Aged(Access.of(theirs.url))
    with pytest.raises(FormatError, match=r"runs Neo4j 5\.25\.1: use 5\.26 or newer"):
        schema.make(schema.Gate(server))
    assert server.read("MATCH (n) RETURN n") == []


def test_a_transaction_without_enough_memory_is_told_and_nothing_of_it_is_done(theirs: ByHand) -> None:
    store = GraphStore(Access.of(theirs.url))
    publish(store, STORY[0])
    before = store.reader().graph_hash()
    with pytest.raises(StoreError, match=r"too little memory.*raise db\.memory\.transaction\.max"):
        ask(store.server, "UNWIND range(1, 3000000) AS x WITH collect(x) AS xs RETURN size(xs)", {})
    wide = delta("A", FEB, umbrellas=[umbrella(f"{'U' * 3000}{i}", i + 1) for i in range(3_000)])
    with pytest.raises(StoreError, match=r"too little memory.*raise db\.memory\.transaction\.max"):
        publish(store, wide)
    assert store.latest() == 1
    assert later(theirs).reader().graph_hash() == before
    publish(later(theirs), STORY[2])  # another delivery takes back what was begun
    assert later(theirs).reader().graph_hash() == hash_of([STORY[0], STORY[2]])
    assert live_is_exact(later(theirs))


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="the room of another process is cut by prlimit")
def test_where_the_disk_is_full_the_job_says_so_and_after_a_restart_is_done_once(theirs: ByHand) -> None:
    store = GraphStore(Access.of(theirs.url))
    publish(store, STORY[0])
    log = max((theirs.root / "data" / "transactions" / "neo4j").glob("neostore.transaction.db.*"))
    room = len(log.read_bytes().rstrip(b"\0")) + 60_000
    was = resource.prlimit(theirs.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    with pytest.raises(StoreError, match="make room where its disk is full, restart it"):
        publish(store, MANY)
    with pytest.raises(StoreError, match="make room where its disk is full, restart it"):
        store.latest()
    resource.prlimit(theirs.process.pid, resource.RLIMIT_FSIZE, was)
    Server(Access.of(theirs.url)).close()
    theirs.kill()
    theirs.start(CAP * 10)
    again = later(theirs)
    assert again.reader().graph_hash() == hash_of([STORY[0]])
    publish(again, MANY)
    assert not publish(again, MANY).is_new
    assert again.reader().graph_hash() == hash_of([STORY[0], MANY])
    assert live_is_exact(again)
    assert again.check() == []
