"""The whole report as a user runs it: a fresh process, Parquet in, Parquet out; seconds and peak memory.

Promises: at most 1.5 s at S, 3 s at M, 20 s and 3 GB at L; M to L (10 times the data) at most 15 times.

Usage: python bench/report.py BOOK [BOOK ...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3


def once(book: Path, out: Path) -> tuple[float, float]:
    """Wall seconds and peak resident MB of one report."""
    konzern = Path(sys.executable).with_name("konzern")
    start = time.perf_counter()
    child = subprocess.Popen(
        [konzern, "report", book, "--out", out, "--formats", "parquet"], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"report failed on {book}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    """Measure each book: the best of three runs, the kernels compiled before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("books", type=Path, nargs="+")
    print(f"{'book':>12}{'parties':>12}{'best s':>10}{'peak MB':>10}{'growth':>8}")
    before = 0.0
    for book in parser.parse_args().books:
        with tempfile.TemporaryDirectory() as out:
            runs = [once(book, Path(out)) for _ in range(1 + RUNS)][1:]
            parties = json.loads((Path(out) / "report.json").read_text())["counts"]["parties"]
        best, peak = min(r[0] for r in runs), max(r[1] for r in runs)
        growth = f"{best / before:.1f} x" if before else ""
        print(f"{book.name:>12}{parties:>12,}{best:>10.2f}{peak:>10,.0f}{growth:>8}")
        before = best


if __name__ == "__main__":
    main()
