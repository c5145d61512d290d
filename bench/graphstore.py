"""The store in Neo4j on one book: start and stop, load, delta, snapshot and the saved questions.

Promises at M: load at least 25,000 rows/s over the whole book with all constraints; a snapshot of a machine that has
read nothing at most 2.5 s; a delta of 1,000 facts in the snapshot at most 1 s; warm start to the first answer at
most 8 s, clean stop at most 1 s; each saved question at most 2 s.

Usage: python bench/graphstore.py BOOK   (a server of its own, in a temporary folder; the jars must be there)
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from store import delta, linked

import cypher
from graph.neo4j.ask import answer
from graph.neo4j.segments import AT_ONCE, Named
from graph.neo4j.session import Access
from graph.neo4j.shape import read_present
from graph.neo4j.store import GraphStore
from graph.server import process
from graph.server.home import Home, Memory
from ingest.job import read
from ingest.load import load

T = TypeVar("T")
MEMORY = Memory(heap=2048, pages=1024)


def timed(what: str, act: Callable[[], T], rows: int = 0) -> tuple[T, float]:
    """Do something and print how long it took, and rows a second."""
    start = time.perf_counter()
    made = act()
    seconds = time.perf_counter() - start
    rate = f"{rows / seconds:>12,.0f} rows/s" if rows else ""
    print(f"{what:44}{seconds:>9.2f} s{rate}", flush=True)
    return made, seconds


def bare(store: GraphStore) -> int:
    """Read every fact that is in force, packed, and do nothing with it; how many."""
    seen = 0
    for parts in store.reader()._versions[-1].rows.values():  # noqa: SLF001 - the yardstick of the reader itself
        for part in parts:
            named = Named.of(part.file)
            if named is None:
                continue
            text = read_present(named.table, [c.name for c in named.table.columns if c.name != "extra"])
            for low in range(0, part.rows, AT_ONCE):
                (row,) = store.server.read(text, low=named.low + low, high=named.low + low + AT_ONCE)
                seen += len(row["fact"])
    return seen


def questions(store: GraphStore) -> None:
    """Every saved question, warm: on the party that holds most, on the first stake of a loop, with all rows."""
    server = store.server
    hubs = server.read(
        "MATCH (p:Party)-[:OWNS]->() RETURN p.party_id AS id, count(*) AS n ORDER BY n DESC LIMIT 2"
    )
    (tied,) = answer(server, cypher.load("ownership_loops"), {"top": "1"}).rows
    cases = [
        {"party": hubs[0]["id"], "first": hubs[0]["id"], "second": hubs[1]["id"]},
        {"party": tied["owner_id"], "first": tied["owner_id"], "second": hubs[0]["id"], "top": "10000"},
    ]
    slow = []
    for question in cypher.catalogue().values():
        for case in cases:
            values = question.example() | {k: v for k, v in case.items() if k in question.example()}
            answer(server, question, values)
            start = time.perf_counter()
            rows = len(answer(server, question, values).rows)
            slow.append((time.perf_counter() - start, question.name, rows))
    for seconds, name, rows in sorted(slow, reverse=True)[:12]:
        print(f"  question {name:33}{seconds:>9.2f} s{rows:>10,} rows")


def main() -> None:
    """Measure each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        os.environ["KONZERN_MIRROR"] = str(root / "mirror")
        home = Home(root / "home")
        process.up(home, lasting=False, memory=MEMORY).stop()
        server, _ = timed("warm start", lambda: process.up(home, lasting=False, memory=MEMORY))
        try:
            measured(options.book, root, Access(server.url, server.auth))
        finally:
            timed("clean stop", server.stop)


def measured(book: Path, root: Path, access: Access) -> None:
    """Load, read, delta, ask."""
    store = GraphStore(access)
    folder = linked(book, root / "full")
    rows = sum(t.num_rows for t in read(book)[0].tables.values())
    timed("load, reading and checking too", lambda: load(folder, store), rows)
    shutil.rmtree(root / "mirror")
    timed("bare packed read", lambda: bare(GraphStore(access)), rows)
    timed("snapshot of a machine that read nothing", lambda: GraphStore(access).snapshot(), rows)
    timed("snapshot, saved", lambda: GraphStore(access).snapshot())
    for seed in (1, 2):
        sent = delta(book, root / f"delta{seed}", seed)
        timed("delta of 1,000 rows", lambda sent=sent: load(sent, store))
    timed("snapshot after the delta", lambda: GraphStore(access).snapshot())
    timed("graph hash", lambda: GraphStore(access).reader().graph_hash())
    questions(store)


if __name__ == "__main__":
    main()
