"""What is the store in Neo4j's own: the same as the embedded one bit for bit, the present as a graph, cut-off jobs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.canonical import graph_hash
from graph.disk import Disk
from graph.errors import OptionError, StoreError
from graph.files.segments import Part, content_hash
from graph.files.store import FileStore
from graph.files.versions import FormatError
from graph.neo4j import segments
from graph.neo4j.mirror import Mirror
from graph.neo4j.present import wrong
from graph.neo4j.session import Access, Server, Statement, counted
from graph.neo4j.shape import constraints
from graph.neo4j.store import GraphStore
from graph.neo4j.writer import GraphWriter
from graph.snapshot import Snapshot
from graph.store import StaleLeaseError
from tests.books import BANK, facility, party
from tests.graph.contract import hash_of
from tests.graph.sent import (
    FEB,
    JAN,
    MAR,
    contents,
    deliveries,
    delivery,
    delta,
    full,
    publish,
    restated,
    umbrella,
)
from tests.oracle.store import Sent
from tests.servers import Servers, wipe


@pytest.fixture
def store(servers: Servers) -> GraphStore:
    wipe(servers)
    return GraphStore(servers.access())


def same(mine: Snapshot, other: Snapshot) -> None:
    """Both snapshots hold the same arrays and texts, bit for bit."""
    assert (mine.as_of, mine.fx, mine.version) == (other.as_of, other.fx, other.version)
    for name, rows in other.tables.items():
        held = mine.tables[name]
        assert set(held.numbers) == set(rows.numbers)
        assert np.array_equal(held.row, rows.row)
        for column, values in rows.numbers.items():
            assert np.array_equal(held.numbers[column], values), (name, column)
            assert held.numbers[column].dtype == values.dtype
        assert {n: a.to_pylist() for n, a in held.texts.items()} == {
            n: a.to_pylist() for n, a in rows.texts.items()
        }
    for field in dataclasses.fields(other.stakes):
        assert np.array_equal(getattr(mine.stakes, field.name), getattr(other.stakes, field.name))


def forgotten(servers: Servers) -> GraphStore:
    """The store of a machine that has read nothing yet."""
    mirror = servers.folder / "mirror"
    if mirror.is_dir():
        mirror.rename(servers.folder / f"mirror-{time.monotonic_ns()}")
    return GraphStore(servers.access())


def test_threads_that_want_one_missing_segment_fetch_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = Mirror(tmp_path, Disk(), Server(Access("bolt://127.0.0.1:1", None)))
    rows = pa.table({"umbrella_id": ["U"]})
    part = Part(segments.name("umbrellas", 1, content_hash(rows)), 1, "")
    fetched, waits, go = [], threading.Event(), threading.Event()
    plain = Future.result

    def fetch(_server: Server, file: str) -> pa.Table:
        fetched.append(file)
        go.wait(60)
        return rows

    def result(self: Future[pa.Table], timeout: float | None = None) -> pa.Table:
        waits.set()
        return plain(self, timeout)

    monkeypatch.setattr(segments, "fetched", fetch)
    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(Future, "result", result)
        reading = []
        for each in (mirror, mirror.of_delivery(2)):
            waits.clear()
            reading.append(pool.submit(each.read, part))
            waits.wait(60)
        go.set()
        assert [r.result().to_pylist() for r in reading] == [rows.to_pylist()] * 2
    assert fetched == [part.file]
    assert mirror._coming == {}
    assert mirror.read(part).equals(rows)


STORY = [
    full(
        "A",
        JAN,
        parties=[party("P"), party("Q"), party("R", "person", source="HR")],
        lenders=[BANK],
        umbrellas=[umbrella("U", 100)],
        facilities=[facility("F", "Q", "9.50", 3, umbrella_id="U"), facility("G", "P", 7, 7)],
        ownership=[
            {"owner_id": "P", "owned_id": "Q", "share": "0.6"},
            {"owner_id": "R", "owned_id": "P", "share": "0.4", "valid_from": MAR},
        ],
        guarantees=[{"guarantee_id": "GU", "guarantor_id": "P", "form": "full"}],
        guarantee_covers=[{"guarantee_id": "GU", "facility_id": "F"}],
    ),
    full(
        "B",
        JAN,
        parties=[party("P", "bank", country="CN"), party("S")],
        ownership=[{"owner_id": "S", "owned_id": "P", "share": "0.1"}],
    ),
    delta("A", FEB, {"ownership": [{"owner_id": "P", "owned_id": "Q"}]}, parties=[party("Q", name="Qu")]),
    delta(
        "A",
        MAR,
        {"facilities": [{"facility_id": "G"}]},
        ownership=[{"owner_id": "P", "owned_id": "Q", "share": "0.7"}],
    ),
    restated(
        full(
            "A",
            FEB,
            parties=[party("P"), party("Q", name="Qua"), party("R", "person")],
            lenders=[BANK],
            umbrellas=[],
            facilities=[facility("F", "Q", 10, 3)],
            ownership=[],
            guarantees=[],
            guarantee_covers=[],
        )
    ),
    restated(
        delta("A", MAR, parties=[party("T")], ownership=[{"owner_id": "T", "owned_id": "Q", "share": "0.2"}])
    ),
]


def in_graph(store: GraphStore, text: str, **values: object) -> list[list[object]]:
    """Rows of an answer, sorted."""
    return sorted((list(r.values()) for r in store.server.read(text, **values)), key=repr)


OWNERS = "MATCH (a:Party)-[s:OWNS]->(b:Party) RETURN a.party_id, b.party_id, s.share"
GRANTED = "MATCH (l:Lender)-[:GRANTED]->(f)<-[:OBLIGOR_OF]-(p) RETURN l.lender_id, f.facility_id, p.party_id"
COVERED = (
    "MATCH (p)-[:GUARANTEES]->()-[:COVERS]->(f)-[:UNDER]->(u) RETURN p.party_id, f.facility_id, u.umbrella_id"
)
NAMES = "MATCH (p:Party) RETURN p.party_id, p.name, [x IN labels(p) WHERE x <> 'Party']"


def test_the_graph_is_the_present_and_the_past_stands_beside_it(store: GraphStore) -> None:
    publish(store, STORY[0])
    assert in_graph(store, OWNERS) == [["P", "Q", 600_000_000]]
    assert in_graph(store, GRANTED) == [["BANK", "F", "Q"], ["BANK", "G", "P"]]
    assert in_graph(store, COVERED) == [["P", "F", "U"]]
    assert in_graph(store, "MATCH (d:Dormant) RETURN d.table, d.owner_id") == [["ownership", "R"]]
    publish(store, STORY[1])
    assert in_graph(store, NAMES)[0] == ["P", "P", ["Bank"]]
    assert in_graph(store, "MATCH (d:Dormant {table: 'parties'}) RETURN d.party_id, d.source") == [["P", "A"]]
    publish(store, STORY[2])
    assert in_graph(store, OWNERS) == [["S", "P", 100_000_000]]
    assert ["Q", "Qu", ["Company"]] in in_graph(store, NAMES)
    past = "MATCH (p:Past) RETURN p.table, p.from_version, p.to_version"
    assert in_graph(store, past) == [["ownership", 1, 3], ["parties", 1, 3]]
    publish(store, STORY[3])
    assert in_graph(store, OWNERS) == [
        ["P", "Q", 700_000_000],
        ["R", "P", 400_000_000],
        ["S", "P", 100_000_000],
    ]
    assert in_graph(store, "MATCH (f:Facility) RETURN f.facility_id") == [["F"]]


def test_versions_and_days_are_those_of_the_embedded_store_bit_for_bit(
    servers: Servers, store: GraphStore, fresh_root: Callable[[], Path]
) -> None:
    other = FileStore(fresh_root())
    for sent in STORY:
        assert dataclasses.replace(publish(store, sent)) == publish(other, sent)
    for held in (store, forgotten(servers)):
        for version in range(1, len(STORY) + 1):
            for day in (None, FEB) if held is store else (None, JAN, MAR):
                mine, theirs = held.reader(version), other.reader(version)
                assert mine.graph_hash(day) == theirs.graph_hash(day) == hash_of(STORY[:version], day)
                same(mine.snapshot(day), theirs.snapshot(day))
        assert held.check() == []
        assert held.changes(2, 5).equals(other.changes(2, 5))


def live(store: GraphStore, version: int) -> dict[str, set[int]]:
    """Facts of a version by table, as a reader with nothing but Cypher finds them: the present, then the rest."""
    found: dict[str, set[int]] = {}
    for text in (
        "MATCH (n:Umbrella|Guarantee) WHERE n.from_version <= $v RETURN 'umbrellas' AS t, n.fact AS f",
        "MATCH (n:Dormant) WHERE n.from_version <= $v RETURN n.table AS t, n.fact AS f",
        "MATCH (n:Past) WHERE n.from_version <= $v AND n.to_version > $v RETURN n.table AS t, n.fact AS f",
    ):
        for row in store.server.read(text, v=version):
            found.setdefault(row["t"], set()).add(row["f"])
    return found


def asked_of(reader: object, names: tuple[str, ...]) -> dict[str, set[int]]:
    """Facts of a version by table, as the engine finds them."""
    from graph.neo4j.standing import standings

    held = standings(reader, None)  # type: ignore[arg-type]
    return {n: set(held[n].fact.tolist()) for n in names if n in held and len(held[n].fact)}


@settings(max_examples=6)
@given(data=st.data())
def test_any_sequence_of_deliveries_is_as_in_the_embedded_store(
    servers: Servers, fresh_root: Callable[[], Path], data: st.DataObject
) -> None:
    wipe(servers)
    store, other = GraphStore(servers.access()), FileStore(fresh_root())
    log: list[Sent] = []
    days = st.sampled_from([JAN, FEB, MAR])
    for by, kind in (
        ("A", "full"),
        ("B", "full"),
        *data.draw(
            st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["full", "delta"])), max_size=5)
        ),
    ):
        sent = restated(data.draw(deliveries(by, data.draw(days), kind)))
        if publish(store, sent).is_new:
            log.append(sent)
        publish(other, sent)
    for version in range(1, len(log) + 1):
        assert live(store, version) == asked_of(store.reader(version), ("umbrellas", "guarantee_covers"))
    for day in (None, JAN, FEB):
        assert forgotten(servers).reader().graph_hash(day) == other.reader().graph_hash(day)


class StoppedError(Exception):
    """The job ends here, as if it was killed."""


def stopped_at(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Let the job end before its n-th batch."""
    plain = GraphWriter._run
    left = iter(range(at))

    def run(self: GraphWriter, number: int, batch: object) -> None:
        if next(left, None) is None:
            raise StoppedError
        plain(self, number, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(GraphWriter, "_run", run)


def much_later() -> float:
    """A clock on which every lease has run out."""
    return time.time() + 10**6


def cut_off(servers: Servers, sent: Sent, at: int) -> bool:
    """Load until the n-th batch and leave everything as it is then; whether the load came to its end before."""
    with pytest.MonkeyPatch.context() as patch:
        stopped_at(patch, at)
        writer = GraphStore(servers.access(), clock=much_later).writer("cut off")
        try:
            writer.publish(delivery(sent), contents(sent))
        except StoppedError:
            return False
        return True


def with_later_clock(servers: Servers) -> GraphStore:
    return GraphStore(servers.access(), clock=lambda: time.time() + 10**8)


@pytest.mark.parametrize(
    ("sent", "stride"),
    [
        pytest.param(STORY[4], 9, id="full"),
        pytest.param(STORY[4], 1, id="full at every batch", marks=pytest.mark.soak),
        pytest.param(STORY[2], 1, id="delta at every batch", marks=pytest.mark.soak),
        pytest.param(STORY[1], 1, id="another subsidiary at every batch", marks=pytest.mark.soak),
    ],
)
def test_a_job_that_was_cut_off_anywhere_is_finished_or_taken_back(
    servers: Servers, sent: Sent, stride: int
) -> None:
    before = [s for s in STORY[:4] if s is not sent][:3]
    rival = delta("A", dt.date(2026, 4, 30), {"parties": [{"party_id": "R"}]}, parties=[party("Z")])
    at, done = 0, False
    while not done:
        wipe(servers)
        store = GraphStore(servers.access())
        for earlier in before:
            publish(store, earlier)
        pinned = store.reader()
        known = pinned.graph_hash()
        done = cut_off(servers, sent, at)
        if not done:
            assert store.latest() == 3
            assert forgotten(servers).reader(3).graph_hash() == known
        left = with_later_clock(servers)
        mine = [sent] if at % 2 else [rival, sent]
        if done:
            mine = []
        for again in mine:
            publish(left, again)
        wanted = [*before, *([sent] if done else mine)]
        again_read = forgotten(servers)
        assert again_read.reader().graph_hash() == hash_of(wanted)
        assert again_read.check() == []
        assert live_is_exact(again_read)
        at += stride
    assert at >= 5


def live_is_exact(store: GraphStore) -> bool:
    """Whether the graph holds exactly what the version says, table by table, in force and dormant."""
    from graph.neo4j.placed import as_found, published
    from graph.neo4j.standing import standings

    wanted = published(standings(store.reader(), None))
    for name, found in as_found(store.server).items():
        one = wanted.get(name)
        shown, dormant = ([], []) if one is None else (one.shown.tolist(), one.dormant.tolist())
        assert (name, found.shown.tolist()) == (name, shown)
        assert (name, sorted(found.dormant.tolist())) == (name, dormant)
    assert list(wrong(store.server, standings(store.reader(), None))) == []
    return not store.server.read("MATCH (n:Past) WHERE n.to_version > $v RETURN n LIMIT 1", v=store.latest())


def test_a_paused_writer_whose_lease_was_taken_over_is_refused_at_its_next_batch(
    servers: Servers, store: GraphStore
) -> None:
    publish(store, STORY[0])
    slow = store.writer("slow")
    publish(with_later_clock(servers), STORY[1])
    with pytest.raises(StaleLeaseError):
        slow.publish(delivery(STORY[2]), contents(STORY[2]))
    assert store.latest() == 2
    assert live_is_exact(store)


def test_a_batch_that_finds_another_graph_writes_nothing(store: GraphStore) -> None:
    publish(store, STORY[0])
    store.server.schema("MATCH ()-[s:OWNS]->() DELETE s")
    assert any("ownership" in sentence for sentence in store.check())
    with pytest.raises(StoreError, match="something else has changed it"):
        publish(store, STORY[2])
    assert store.latest() == 1


def test_a_changed_fact_is_found(servers: Servers, store: GraphStore) -> None:
    publish(store, STORY[0])
    store.server.schema("MATCH (f:Facility {facility_id: 'F'}) SET f.drawn = f.drawn + 1")
    assert any("facilities" in sentence for sentence in store.check())
    with pytest.raises(StoreError, match="damaged"):
        forgotten(servers).reader().graph_hash()


DAMAGED = [
    ("MATCH (b:Book) SET b.version = 'x'", "MATCH (b:Book) SET b.version = 1", "says version = 'x'"),
    ("MATCH (b:Book) SET b.version = -1", "MATCH (b:Book) SET b.version = 1", "says version = -1"),
    ("MATCH (b:Book) SET b.version = 0", "MATCH (b:Book) SET b.version = 1", "has lost its"),
    (
        "MATCH (b:Book) SET b.version = 9",
        "MATCH (b:Book) SET b.version = 1",
        "version 2 in the store is missing",
    ),
    ("MATCH (b:Book) REMOVE b.format", "MATCH (b:Book) SET b.format = 1", "says format = None"),
    ("MATCH (b:Book) REMOVE b:Book SET b:Other", "MATCH (b:Other) REMOVE b:Other SET b:Book", "has lost its"),
    (
        "MATCH (b:Book) SET b.journal = 5",
        "MATCH (b:Book) SET b.journal = 0",
        "holds 0 records and should hold 5",
    ),
    (
        "MATCH (b:Book) SET b.was = b.holder, b.holder = '{', b.held = true",
        "MATCH (b:Book) SET b.holder = b.was, b.held = false REMOVE b.was",
        "REMOVE b.holder",
    ),
    (
        "MATCH (s:Segment {table: 'parties'}) SET s.was = s.columns, s.columns = '['",
        "MATCH (s:Segment {table: 'parties'}) SET s.columns = s.was REMOVE s.was",
        "parties-00000001",
    ),
    (
        "MATCH (f:Facility {facility_id: 'F'}) SET f.was = f.drawn, f.drawn = 'abc'",
        "MATCH (f:Facility {facility_id: 'F'}) SET f.drawn = f.was REMOVE f.was",
        "facilities-00000001",
    ),
    (
        "MATCH (f:Facility) CREATE (d:Dormant) SET d = properties(f), d.table = 'facilities'",
        "MATCH (d:Dormant {table: 'facilities'}) DELETE d",
        "facilities: 0 facts should be dormant, 2 are",
    ),
    (
        "CREATE (:Party {party_id: 'X'})",
        "MATCH (p:Party {party_id: 'X'}) DELETE p",
        "are no facts of the store",
    ),
    (
        "MATCH (l)-[g:GRANTED]->(f) DELETE g CREATE (l)-[:WAS]->(f)",
        "MATCH (l)-[w:WAS]->(f) DELETE w CREATE (l)-[:GRANTED]->(f)",
        "facilities.lender_id: 0 of 2 ties",
    ),
    (
        "MATCH (l)-[:GRANTED]->(f) CREATE (l)-[:GRANTED {twice: true}]->(f)",
        "MATCH ()-[g:GRANTED {twice: true}]->() DELETE g",
        "facilities.lender_id: 2 of 2 ties [:GRANTED] are in the graph, and 2 others",
    ),
]
"""What another program may do to a graph, the way back, and what is told of it."""


def test_whatever_else_changed_in_the_graph_is_told(store: GraphStore) -> None:
    publish(store, STORY[0])
    assert store.check() == []
    for done, back, told in DAMAGED:
        store.server.schema(done)
        try:
            found = store.check()
        except StoreError as error:
            found = [str(error)]
        assert any(told in sentence for sentence in found), (done, found)
        store.server.schema(back)
    assert store.check() == []


def test_a_store_that_lost_a_constraint_is_not_loaded_into(store: GraphStore) -> None:
    publish(store, STORY[0])
    name, text = next(iter(constraints()))
    store.server.schema(f"DROP CONSTRAINT {name}")
    try:
        with pytest.raises(FormatError, match=name):
            publish(store, STORY[1])
        assert any(name in sentence for sentence in store.check())
    finally:
        store.server.schema(text)


def test_a_database_that_holds_something_else_is_no_store(servers: Servers, store: GraphStore) -> None:
    store.server.schema("CREATE (:Cat)")
    with pytest.raises(FormatError, match="empty database"):
        publish(store, STORY[0])
    wipe(servers)


def test_a_graph_of_another_format_is_refused(servers: Servers, store: GraphStore) -> None:
    publish(store, STORY[0])
    store.server.schema("MATCH (b:Book) SET b.format = 2")
    with pytest.raises(FormatError, match="newer"):
        GraphStore(servers.access())


def test_a_server_that_is_not_there_is_told_and_a_wrong_password_too(servers: Servers) -> None:
    with pytest.raises(StoreError, match="does not answer"):
        GraphStore(Access("bolt://127.0.0.1:1", ("neo4j", "x")))
    with pytest.raises(OptionError, match="KONZERN_NEO4J_PASSWORD"):
        GraphStore(Access(servers.get().url, ("neo4j", "wrong")))


def test_a_transaction_is_all_or_nothing(store: GraphStore) -> None:
    statements = [
        Statement("CREATE (n:Cat) RETURN count(n)", {}, 1),
        Statement("MATCH (n:Dog) RETURN count(n)", {}, 1),
    ]
    with pytest.raises(StoreError):
        store.server.write(statements, lambda: False)
    assert store.server.read("MATCH (n:Cat) RETURN n") == []
    with store.server.session(writes=True) as session, session.begin_transaction() as work:
        counted(work, statements[0])
        work.rollback()


def test_facts_keep_every_kind_of_value(servers: Servers, store: GraphStore) -> None:
    rows = [
        party(
            "P",
            name='a "x"\n\\',
            equity="-0.05",
            gsib=True,
            listed=False,
            extra='{"k": 1}',
            valid_to=MAR,
            pd="0.000000001",
            lender_count=0,
        ),
        party("Q", total_assets="92233720368547758.07"),
    ]
    sent = full("", None, parties=rows, fx=[{"currency": "USD", "date": JAN, "rate": "7.123456789012"}])
    publish(store, sent)
    read = forgotten(servers).reader()
    assert read.graph_hash() == hash_of([sent]) == graph_hash(read.facts())
    assert isinstance(read.facts()["parties"], pa.Table)


@pytest.fixture(autouse=True)
def nothing_left(servers: Servers) -> Iterator[None]:
    yield
    wipe(servers)
