"""The store in Neo4j on one book: start and stop, load, delta, snapshot, group totals and the saved questions.

Promises at M: load by batches at least 25,000 nodes and relationships a second with all constraints, reading and
checking included; a snapshot of a machine that has read nothing at most 2.5 s and 1.5 times the bare packed read; a
delta of 1,000 facts at most 1 s, and as much for the snapshot after it; warm start to the first answer at most 8 s,
clean stop at most 1 s; each saved question at most 2 s. At L: first load through the importer at most 120 s, snapshot
at most 25 s. ``cpu`` are the processor seconds of this process, the server and the importer together: on a machine
that does other things too they tell the truth.

Usage: python bench/graphstore.py BOOK [--first] [--plugins FOLDER]   (a server of its own, in a temporary folder; the
jars must be there; --first: the first load through the importer and reading after it only, as promised at L; --plugins:
a folder of jars that the server gets too, such as org.neo4j.gds 2.13.9: proc, opengds-extension, proc-sysinfo,
open-model-catalog, open-write-services and all that they need)
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import neo4j
from majority import Totals, as_networkx, in_cypher, in_gds, in_networkx, on_arrays, projected
from store import delta, linked

import cypher
from graph.neo4j.ask import answer
from graph.neo4j.bulk import Bulk
from graph.neo4j.segments import AT_ONCE, Named
from graph.neo4j.session import Access
from graph.neo4j.shape import read_present
from graph.neo4j.store import GraphStore
from graph.server import home as home_of_server
from graph.server import jars, process
from graph.server.home import Home, Memory
from ingest.job import read
from ingest.load import load

T = TypeVar("T")
MEMORY = Memory(heap=2048, pages=1024)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Meter:
    """Prints what steps take: on the wall, and of all processors together with the server's."""

    server: process.Server | None = None

    def spent(self) -> float:
        """Processor seconds of this process, of children that ended, and of the server."""
        own = os.times()
        return own.user + own.system + own.children_user + own.children_system + self._server()

    def _server(self) -> float:
        if self.server is None:
            return 0.0
        try:
            stat = Path(f"/proc/{self.server.running.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        except FileNotFoundError:  # it has ended, and is among the children
            return 0.0
        return (int(stat[11]) + int(stat[12])) / TICKS

    def start(self, home: Home) -> process.Server:
        """Start the server that is metered."""
        self.server = process.up(home, lasting=False, memory=MEMORY)
        return self.server

    def timed(self, what: str, act: Callable[[], T], rows: int = 0, noted: str = "") -> tuple[T, float]:
        """Do something and print its seconds, rows a second, and the figure that was noted before for the like."""
        start, before = time.perf_counter(), self.spent()
        made = act()
        seconds, cpu = time.perf_counter() - start, self.spent() - before
        rate = f"{rows / seconds:>10,.0f} /s" if rows else ""
        print(f"{what:44}{seconds:>9.2f}{cpu:>9.2f}{rate:>14}  {noted}", flush=True)
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


def wipe(store: GraphStore) -> None:
    """Empty the graph, for the other way of loading."""
    store.server.schema("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")


def elements(store: GraphStore) -> int:
    """Nodes and relationships of the graph."""
    texts = ("MATCH (n) RETURN count(n) AS n", "MATCH ()-[r]->() RETURN count(r) AS n")
    return sum(store.server.read(text)[0]["n"] for text in texts)


def group_totals(store: GraphStore, meter: Meter) -> None:
    """Members and limits of every majority group: in Cypher, by GDS, in NetworkX and on the snapshot's arrays."""
    snapshot = store.snapshot()
    made, _ = meter.timed("  a graph of NetworkX", lambda: as_networkx(snapshot))
    on_arrays(snapshot)
    ours, least = meter.timed("  on the arrays of the snapshot", lambda: on_arrays(snapshot))
    in_cypher(store)
    ways: list[tuple[str, Callable[[], Totals], str]] = [
        ("in Cypher", lambda: in_cypher(store), "1.8 s (16,215 roots)"),
        ("in NetworkX, the graph made before", lambda: in_networkx(made), ""),
    ]
    if store.server.read("SHOW FUNCTIONS YIELD name WHERE name = 'gds.version' RETURN name"):
        meter.timed("  a graph of GDS, all stakes looked at", lambda: projected(store), noted="1.3 s")
        in_gds(store)
        ways.append(("by GDS, the graph made before", lambda: in_gds(store), ""))
    else:
        print("  GDS: not part of this server, so not measured (--plugins)")
    for what, act, noted in ways:
        totals, seconds = meter.timed(f"  {what}", act, noted=noted)
        same = "same totals" if totals == ours else "OTHER TOTALS"
        print(f"    {len(totals):,} groups, {same}, {seconds / least:,.0f} times as long as on the arrays")


def main() -> None:
    """Measure each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--plugins", type=Path)
    options = parser.parse_args()
    print(f"{'step':44}{'seconds':>9}{'cpu':>9}{'':14}  noted before, machine quiet, M")
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        os.environ["KONZERN_MIRROR"] = str(root / "mirror")
        home = Home(root / "home")
        if options.plugins:
            with_plugins(home, options.plugins)
        process.up(home, lasting=False, memory=MEMORY).stop()
        meter = Meter()
        server, _ = meter.timed("warm start", lambda: meter.start(home), noted="3.8 s; at most 8 s")
        try:
            measured(options.book, root, meter, server, first=options.first)
        finally:
            meter.timed("clean stop", server.stop, noted="0.4 s; at most 1 s")


def with_plugins(home: Home, folder: Path) -> None:
    """Give the server of a home the jars of a folder that it has not: its procedures and what they extend of it."""
    own, plain, there = {j.name for j in jars.locked()}, jars.class_path, home.root / "plugins"
    there.mkdir(parents=True)
    for path in sorted(folder.glob("*.jar")):
        if path.name not in own:
            shutil.copy(path, there)
    jars.class_path = lambda held=None: os.pathsep.join([*map(str, sorted(there.glob("*"))), plain(held)])
    home_of_server._CONF += "dbms.security.procedures.unrestricted=gds.*\n"  # noqa: SLF001 - only here


def measured(book: Path, root: Path, meter: Meter, server: process.Server, *, first: bool) -> None:
    """Load, read, delta, ask."""
    access = Access(server.url, server.auth)
    print(f"neo4j-rust-ext: {'in use' if is_rust() else 'NOT IN USE'}")
    folder = linked(book, root / "full")
    rows = sum(t.num_rows for t in read(book)[0].tables.values())
    if not first:
        batches(folder, GraphStore(access), meter, rows)
        shutil.rmtree(root / "mirror")
    store = GraphStore(access, bulk=Bulk(server, least=0))
    meter.timed(
        "load through the importer, constraints too", lambda: load(folder, store), rows, "12.1 s + 3.7 s"
    )
    shutil.rmtree(root / "mirror")
    bare(store)
    _, least = meter.timed("bare packed read", lambda: bare(GraphStore(access)), rows, "1.25 s")
    _, seconds = meter.timed(
        "snapshot of a machine that read nothing",
        lambda: GraphStore(access).snapshot(),
        rows,
        "at most 2.5 s",
    )
    print(f"  {seconds / least:.1f} times the bare packed read; at most 1.5")
    meter.timed("snapshot, saved", lambda: GraphStore(access).snapshot())
    for seed in (1, 2):
        sent = delta(book, root / f"delta{seed}", seed)
        meter.timed("delta of 1,000 rows", partial(load, sent, store), noted="at most 1 s")
    meter.timed("snapshot after the delta", lambda: GraphStore(access).snapshot(), noted="at most 1 s")
    meter.timed("graph hash", lambda: GraphStore(access).reader().graph_hash())
    if first:
        return
    print("limits of all majority groups")
    group_totals(store, meter)
    questions(store)


def batches(folder: Path, store: GraphStore, meter: Meter, rows: int) -> None:
    """Load by batches, and empty the graph again."""
    _, seconds = meter.timed(
        "load by batches, reading and checking too",
        lambda: load(folder, store),
        rows,
        "at least 25,000 elements/s",
    )
    made = elements(store)
    print(f"  {made:,} nodes and relationships: {made / seconds:,.0f} a second")
    wipe(store)


def is_rust() -> bool:
    """Whether the driver packs and unpacks by its compiled extension."""
    return getattr(neo4j._codec.packstream.v1, "_rust_unpack", None) is not None  # noqa: SLF001 - nowhere else told


if __name__ == "__main__":
    main()
