"""A load into Neo4j as a process of its own, which waits for a word before its batches, or is left to the importer.

Usage: python -m tests.faults.graphjob URL USER PASSWORD WHICH PAUSE, or python -m tests.faults.graphjob HOME
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from graph.neo4j.bulk import Bulk
from graph.neo4j.plan import Batch
from graph.neo4j.session import Access
from graph.neo4j.store import GraphStore
from graph.neo4j.writer import GraphWriter
from graph.server import process
from graph.server.home import Home, Memory
from tests.books import BANK, facility, party
from tests.graph.sent import FEB, JAN, delta, full, publish, umbrella
from tests.oracle.store import Sent
from tests.tree import ROOT

LITTLE = full("A", JAN, umbrellas=[umbrella("U1", 5), umbrella("V", 1)])
MANY = delta("A", FEB, umbrellas=[umbrella(f"U{i}", i + 1) for i in range(20_000)])
BATCHES = 4
"""Batches that it takes to bring the many."""


def _rows(number: int) -> dict[str, list[dict[str, object]]]:
    """Rows of several tables that differ from those of another number, for nine parties and what they owe and own."""
    ids = [f"P{(number + i) % 12}" for i in range(9)]
    return {
        "parties": [dict(party(i, name=f"{i} in {number}")) for i in ids],
        "umbrellas": [dict(umbrella(f"U{i}", number + 1)) for i in range(3)],
        "facilities": [
            dict(facility(f"F{i}", i, 100 + number, number % 100, umbrella_id=f"U{n % 3}"))
            for n, i in enumerate(ids)
        ],
        "ownership": [
            {"owner_id": a, "owned_id": b, "share": f"0.{number % 9 + 1}"} for a, b in pairwise(ids)
        ],
    }


BEGIN = full("A", JAN, **{**_rows(0), "parties": [party(f"P{i}") for i in range(12)], "lenders": [BANK]})


def changed(number: int) -> Sent:
    """The delta of that number, which replaces rows of every table, brings some, and deletes a facility."""
    gone = {"facilities": [{"facility_id": f"FP{(number + 11) % 12}"}]}
    return delta("A", JAN + dt.timedelta(number), gone, **_rows(number))


def which(number: int) -> Sent:
    """What a job of that number brings; the many for 0."""
    return changed(number) if number else MANY


def loader(server: process.Server, pause: int, number: int = 0) -> subprocess.Popen[str]:
    """Such a job, which waits for a word before batch ``pause`` and each after it."""
    job = _started(server.url, *server.auth, number, pause)
    assert job.stdout is not None
    assert job.stdout.readline() == "paused\n"
    return job


def importer(home: Home) -> subprocess.Popen[str]:
    """A job with a server of its own, which leaves its first load to Neo4j's importer."""
    return _started(home.root)


def _started(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.graphjob", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def word(job: subprocess.Popen[str], times: int = 1) -> None:
    """Let it go on."""
    assert job.stdin is not None
    job.stdin.write("\n" * times)
    job.stdin.flush()


def _load(url: str, user: str, password: str, number: str, pause: str) -> None:
    """Publish, waiting before batches."""
    plain, left = GraphWriter._run, iter(range(int(pause)))

    def run(writer: GraphWriter, version: int, batch: Batch) -> None:
        if next(left, None) is None:
            print("paused", flush=True)  # noqa: T201 - the parent reads it
            sys.stdin.readline()
        plain(writer, version, batch)

    GraphWriter._run = run  # type: ignore[method-assign]
    publish(GraphStore(Access(url, (user, password))), which(int(number)))


def _import(home: str) -> None:
    """Start a server and publish a first delivery through the importer."""
    server = process.up(Home(Path(home)), lasting=False, memory=Memory(512, 64), quick=True)
    publish(GraphStore(Access(server.url, server.auth), bulk=Bulk(server, least=0)), BEGIN)


if __name__ == "__main__":
    _load(*sys.argv[1:]) if len(sys.argv) > 2 else _import(sys.argv[1])
    print("loaded", flush=True)  # noqa: T201 - the parent reads it
