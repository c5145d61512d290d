"""The first load through Neo4j's importer: the same store as batch by batch, and killed anywhere none or all of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from graph.disk import Disk
from graph.files.store import FileStore
from graph.neo4j import bulk as bulk_loads
from graph.neo4j.bulk import Bulk
from graph.neo4j.schema import missing
from graph.neo4j.store import GraphStore
from graph.server import java
from graph.server.staging import Staging
from tests.books import BANK, facility, party
from tests.graph.contract import hash_of
from tests.graph.sent import FEB, JAN, MAR, contents, delivery, delta, full, publish, umbrella
from tests.graph.test_graphstore import forgotten, live_is_exact
from tests.servers import Servers, wipe

ODD = [
    'quo"ted, and',
    "two\nlines\r\n",
    "",
    " spaces ",
    "back\\slash;semi",
    "'single'",
    "中文 é",
    "\t",
    "a:b",
]
FIRST = full(
    "A",
    JAN,
    parties=[
        *(party(f"P{i}", name=text, country="CN" if i else None, listed=i % 2 == 0) for i, text in enumerate(ODD)),
        party("ccp", "ccp", equity=-3),
        party('id "with" , all\nof it', "person", source="HR"),
        party("P1", name="later", valid_from=MAR),
    ],
    lenders=[{**BANK, "party_id": "P0"}, {"lender_id": "SUB", "name": "Sub", "parent_id": "BANK"}],
    umbrellas=[umbrella("U", 100)],
    facilities=[
        facility("F", "P1", "9.50", 3, umbrella_id="U", start_date=JAN),
        facility("G", "nobody", 7, 7, umbrella_id="gone"),
    ],
    ownership=[
        {"owner_id": "P0", "owned_id": "P1", "share": "0.6"},
        {"owner_id": "P2", "owned_id": "P1", "share": "0.1", "valid_from": MAR},
        {"owner_id": "P2", "owned_id": "elsewhere", "share": "0.1"},
    ],
    control=[{"controller_id": "P0", "controlled_id": "P1", "basis": "veto", "rebutted": True, "note": ODD[1]}],
    guarantees=[
        {"guarantee_id": "GU", "guarantor_id": "P0", "form": "full", "obligor_id": "P1"},
        {"guarantee_id": "GC", "guarantor_id": "P2", "form": "counter", "counter_of": "GU"},
    ],
    guarantee_covers=[{"guarantee_id": "GU", "facility_id": "F"}],
    limits=[{"scope": "party", "subject_id": "P1", "amount": 5, "currency": "EUR"}],
    financials=[{"party_id": "P1", "period_end": JAN, "net_income": -7}],
)  # fmt: skip
SECOND = delta("A", FEB, {"facilities": [{"facility_id": "G"}]}, parties=[party("P1", name="other")])

NODES = (
    "MATCH (n) WHERE NOT n:Book AND NOT n:Batch UNWIND labels(n) AS label RETURN label, properties(n) AS held"
)
TIES = "MATCH (a)-[r]->(b) RETURN type(r) AS type, properties(r) AS held, a.fact, b.fact"


def everything(store: GraphStore) -> list[str]:
    """All that the graph holds besides the gate and the ledger, and the names of its constraints and indexes."""
    found = [
        json.dumps(row, default=str, sort_keys=True)
        for text in (NODES, TIES)
        for row in store.server.read(text)
    ]
    schema = "SHOW INDEXES YIELD name, type, labelsOrTypes, properties RETURN *"
    return sorted([*found, *(str(sorted(r.items(), key=str)) for r in store.server.read(schema))])


def in_bulk(servers: Servers) -> GraphStore:
    """A store whose first load is left to the importer, however small it is."""
    return GraphStore(servers.access(), bulk=Bulk(servers.get(), least=0))


def test_the_importer_makes_the_store_that_batches_make(
    servers: Servers, fresh_root: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    wipe(servers)
    batches = GraphStore(servers.access())
    batches.journal.append("state", "F", {"is": ODD}, author="A", expected=0)
    record = batches.journal.records()
    publish(batches, FIRST)
    wanted = everything(batches)
    wipe(servers)
    store = in_bulk(servers)
    store.journal.restore(record)
    pid = servers.get().running.pid
    assert publish(store, FIRST).is_new
    assert servers.get().running.pid != pid
    assert everything(store) == wanted
    assert store.journal.records() == record
    ledger = "MATCH (b:Batch) WHERE b.table <> '' RETURN b.table AS name, sum(b.rows) AS rows"
    assert {r["name"]: r["rows"] for r in store.server.read(ledger)} == {
        n: len(r) for n, r in FIRST.rows.items()
    }
    assert not missing(store.server)
    monkeypatch.setattr(bulk_loads.Bulk, "load", None)  # a second load goes on in batches
    other = FileStore(fresh_root())
    publish(other, FIRST)
    for held in (store, other):
        publish(held, SECOND)
    assert store.journal.append("state", "G", {}, author="B", expected=1).number == 2
    again = forgotten(servers)
    assert again.reader().graph_hash() == other.reader().graph_hash() == hash_of([FIRST, SECOND])
    assert again.check() == []
    assert live_is_exact(again)


class StoppedError(Exception):
    """The job ends here, as if it was killed."""


def stop(*_: object) -> None:
    raise StoppedError


def killed_in(patch: pytest.MonkeyPatch, place: str) -> None:
    """Let an import end at a place."""
    if place == "writing files":
        patch.setattr(bulk_loads._Files, "relationships", stop)
    elif place == "importer":
        patch.setattr(java, "admin", stop)
    elif place == "before the rename":
        patch.setattr(Disk, "move_folder", stop)
    elif place == "after the rename":
        patch.setattr(Staging, "adopt", stop)
    elif place == "half in its place":
        plain, left = Disk.rename, iter(range(1))

        def rename(self: Disk, source: Path, target: Path) -> None:
            if target.name == "neo4j" and next(left, None) is None:
                raise StoppedError
            plain(self, source, target)

        patch.setattr(Disk, "rename", rename)
    else:
        patch.setattr(bulk_loads._Files, "compare", stop)


@pytest.mark.soak
@pytest.mark.parametrize(
    "place",
    [
        "writing files",
        "importer",
        "before the rename",
        "half in its place",
        "after the rename",
        "before publication",
    ],
)
def test_killed_anywhere_the_store_is_the_old_one_and_the_job_can_be_run_again(
    servers: Servers, place: str
) -> None:
    wipe(servers)
    with pytest.MonkeyPatch.context() as patch:
        killed_in(patch, place)
        writer = in_bulk(servers).writer("killed")
        with pytest.raises(StoppedError):
            writer.publish(delivery(FIRST), contents(FIRST))
    home = servers.again().home
    assert not any((home.root / left).exists() for left in ("staging", "staged"))
    store = GraphStore(servers.access(), clock=lambda: time.time() + 10**8, bulk=Bulk(servers.get(), least=0))
    assert store.latest() == 0
    assert publish(store, FIRST).is_new
    assert forgotten(servers).reader().graph_hash() == hash_of([FIRST])
    assert live_is_exact(store)
    assert not missing(store.server)
