"""A folder of Parquet files to a checked book and a snapshot, beside pyarrow and DuckDB, on one book in one run.

Promise at L: folder to snapshot within twice what pyarrow takes to decode the same files plainly, and at least
twice as fast as DuckDB, which loads the tables and joins every reference to the number of its row.
Each subject runs in a process of its own, so that its peak memory is its own, and keeps what it frees, as the
commands do.

Usage: python bench/decode.py BOOK
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from app.memory import keep_freed
from graph.model import TABLES
from graph.snapshot import Snapshot
from ingest.job import read

TIMES = 5


def plain(book: Path) -> int:
    """Every file decoded by pyarrow, nothing done with it."""
    return sum(table.num_rows for table in [pq.read_table(path) for path in sorted(book.glob("*.parquet"))])


def checked(book: Path) -> int:
    """Read and check: the book with its receipt."""
    return read(book)[1].rows


def snapshot(book: Path) -> int:
    """Read, check and compile."""
    held, receipt = read(book)
    compiled = Snapshot.of(held)
    return receipt.rows if compiled.n == receipt.count("parties").used else 0


def duck(book: Path) -> int:
    """Every table loaded by DuckDB, every reference joined to the number of the row that it names."""
    names = [path.stem for path in sorted(book.glob("*.parquet"))]
    rows = 0
    with duckdb.connect() as db:
        for name in names:
            db.read_parquet(str(book / f"{name}.parquet")).project("row_number() over () as n, *").create(
                name
            )
        for name in names:
            coded = db.table(name).set_alias("t")
            refs = [c for c in TABLES[name].columns if c.name in coded.columns and c.ref in names]
            for i, column in enumerate(refs):
                ids = (
                    db.table(column.ref)
                    .project(f"{TABLES[column.ref].key[0]} as id{i}, n as n{i}")
                    .set_alias(f"r{i}")
                )
                coded = coded.join(ids, f"{column.name} = id{i}", how="left").set_alias(f"t{i}")
            coded.project(", ".join(["n", *(f"n{i}" for i in range(len(refs)))])).create(f"{name}_coded")
            rows += len(db.table(f"{name}_coded"))
    return rows


SUBJECTS: dict[str, Callable[[Path], int]] = {
    "pyarrow, plain decode": plain,
    "book, checked": checked,
    "book and snapshot": snapshot,
    "duckdb, tables and joins": duck,
}


def measure(run: Callable[[Path], int], book: Path) -> dict[str, float]:
    """Least wall and processor seconds of several warm runs, the peak memory of the process in MB, and rows."""
    rows = run(book)
    walls, cpus = [], []
    for _ in range(TIMES):
        wall, cpu = time.perf_counter(), time.process_time()
        rows = run(book)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": min(walls), "cpu": min(cpus), "rss": peak, "rows": rows}


def main() -> None:
    """Print one line a subject, each beside the plain decode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--only", choices=SUBJECTS, help="measure one subject here and print it as JSON")
    given = parser.parse_args()
    if given.only:
        keep_freed()
        print(json.dumps(measure(SUBJECTS[given.only], given.book)))
        return
    print(f"{'':26} {'wall s':>8} {'x':>6} {'cpu s':>8} {'x':>6} {'peak MB':>8}")
    base: dict[str, float] = {}
    for name in SUBJECTS:
        command = [sys.executable, __file__, str(given.book), "--only", name]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        base = base or found
        if found["rows"] != base["rows"]:
            sys.exit(f"{name} has {found['rows']} rows, pyarrow {base['rows']}")
        ratios = (found["wall"] / base["wall"], found["cpu"] / base["cpu"])
        print(
            f"{name:26} {found['wall']:8.3f} {ratios[0]:6.1f} {found['cpu']:8.3f} {ratios[1]:6.1f} {found['rss']:8.0f}"
        )


if __name__ == "__main__":
    main()
