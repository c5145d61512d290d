"""The embedded store on one book: loading it, a delta, opening it again. Each line is a fresh process.

Promises at L: from Parquet into the store at most 30 s, from CSV 90 s, a delta of 1,000 rows 1 s, reopen and
snapshot 3 s (0.3 s where the compiled snapshot is there), peak 3 GB.

Usage: python bench/store.py BOOK [--csv]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from graph.model import TABLES, Kind
from graph.store import open_store
from ingest.job import read
from ingest.load import load

ROWS = 1_000
PERIOD = dt.date(2026, 9, 30)


def timed(run: Callable[[], object]) -> None:
    """Print the seconds of one call and the peak of this process as JSON, for the parent."""
    start, before = time.perf_counter(), time.process_time()
    run()
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


def step(name: str, store: Path, folder: Path | None) -> None:
    """One measured step, in this process."""
    held = open_store(f"book:{store}")
    if name == "load" and folder is not None:
        timed(lambda: load(folder, held))
    elif name == "snapshot":
        timed(held.snapshot)
    elif name == "book":
        timed(held.reader().book)
    elif name == "changes":
        timed(lambda: held.changes(held.latest() - 1, held.latest()))
    elif name == "hash":
        timed(held.reader().graph_hash)


def child(name: str, store: Path, folder: Path | None = None) -> dict[str, float]:
    """Wall and processor seconds and peak MB of one step in a process of its own."""
    command = [sys.executable, __file__, "--step", name, str(store), *([str(folder)] if folder else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def manifest(folder: Path, kind: str, period: dt.date) -> Path:
    """Say what a folder holds."""
    files = "".join(f'[files."{p.name}"]\n' for p in sorted(folder.iterdir()))
    head = f'format = 1\nsubsidiary = "BANK"\nperiod = {period}\nkind = "{kind}"\n'
    (folder / "book.toml").write_text(head + files)
    return folder


def linked(book: Path, folder: Path) -> Path:
    """The book under a manifest of its own."""
    folder.mkdir()
    for path in book.glob("*.parquet"):
        (folder / path.name).symlink_to(path.resolve())
    return manifest(folder, "full", PERIOD)


def as_csv(book: Path, folder: Path) -> Path:
    """The book as CSV files, decimals in full."""
    folder.mkdir()
    for name, table in read(book)[0].tables.items():
        columns = {}
        for column, values in zip(table.column_names, table.columns, strict=True):
            columns[column] = as_text(values, TABLES[name].column(column).kind)
        pa.csv.write_csv(pa.table(columns), folder / f"{name}.csv")
    return manifest(folder, "full", PERIOD)


def as_text(values: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    """A column as a CSV file has it."""
    if not kind.scale:
        return values.cast(pa.string())
    exact = pc.multiply(values.cast(pa.decimal128(20, 0)), Decimal(1).scaleb(-kind.places))
    return exact.cast(pa.string())


def delta(book: Path, folder: Path, seed: int) -> Path:
    """A thousand facilities that are drawn otherwise."""
    folder.mkdir()
    table = pq.read_table(book / "facilities.parquet")
    rows = np.random.default_rng(seed).choice(table.num_rows, min(ROWS, table.num_rows), replace=False)
    some = table.take(pa.array(rows))
    at = some.column_names.index("drawn")
    pq.write_table(
        some.set_column(at, "drawn", pc.floor(some.column("drawn"))), folder / "facilities.parquet"
    )
    return manifest(folder, "delta", PERIOD + dt.timedelta(days=seed))


def main() -> None:
    """Measure each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--csv", action="store_true", help="from CSV too (writes the book as CSV first)")
    options = parser.parse_args()
    print(f"{'step':34}{'seconds':>10}{'cpu':>10}{'peak MB':>10}")

    def line(what: str, name: str, store: Path, folder: Path | None = None) -> None:
        told = child(name, store, folder)
        print(f"{what:34}{told['seconds']:>10.2f}{told['cpu']:>10.2f}{told['peak']:>10,.0f}", flush=True)

    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        store, full = root / "store", linked(options.book, root / "full")
        line("load from Parquet", "load", store, full)
        line("the same again", "load", store, full)
        line("reopen, snapshot saved", "snapshot", store)
        for seed in (1, 2):
            line(f"delta of {ROWS:,} rows", "load", store, delta(options.book, root / f"delta{seed}", seed))
        line("reopen, book", "book", store)
        line("reopen, snapshot compiled", "snapshot", store)
        line("reopen, snapshot saved", "snapshot", store)
        line("changes of the last version", "changes", store)
        line("graph hash", "hash", store)
        if options.csv:
            line("load from CSV", "load", root / "other", as_csv(options.book, root / "csv"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        step(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]) if sys.argv[4:] else None)
    else:
        main()
