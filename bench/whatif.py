"""What-if: one changed stake, groups and limits evaluated again, beside the whole analysis of the book.

Promise at L: at most 20 ms once the analysis is there. What is timed is the whole question, both states: find
the region, cut it out of the book, evaluate it before and after. The peer is the same from the whole book.

Usage: python bench/whatif.py BOOK
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from exposure.report import Analysis
from exposure.whatif.whatif import WhatIf
from graph.excerpt import proposed
from graph.proposal import Proposal
from graph.snapshot import Snapshot
from ingest.job import read

QUESTIONS = 200


def questions(snapshot: Snapshot) -> list[Proposal]:
    """Stakes of the book, each set to 51 %."""
    rows = snapshot.tables["ownership"]
    names = snapshot.party_ids
    chosen = np.random.default_rng(1).integers(0, len(rows), QUESTIONS)
    return [
        Proposal(
            "stake",
            {
                "owner_id": names[int(rows["owner_id"][i])].as_py(),
                "owned_id": names[int(rows["owned_id"][i])].as_py(),
                "share": 510_000_000,
            },
        )
        for i in chosen.tolist()
    ]


def main() -> None:
    """Time the questions one by one, then the whole book once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    book, _ = read(parser.parse_args().book)
    analysis = Analysis(Snapshot.of(book))
    start = time.perf_counter()
    _ = analysis.limits
    whole = time.perf_counter() - start
    whatif, asked = WhatIf.of(analysis), questions(analysis.snapshot)
    start = time.perf_counter()
    whatif.ask(asked[:1])
    first = time.perf_counter() - start
    wall, cpu = [], []
    for change in asked:
        start, busy = time.perf_counter(), time.process_time()
        whatif.ask([change])
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    start = time.perf_counter()
    again = Analysis(proposed(analysis.snapshot, asked[:1]))
    _ = again.limits
    peer = time.perf_counter() - start
    print(
        f"{len(asked)} questions about stakes; analysis of the whole book {whole:.2f} s, first question {first:.2f} s"
    )
    for name, times in (("wall", wall), ("processor", cpu)):
        low, middle, high, most = (1e3 * float(np.quantile(times, q)) for q in (0, 0.5, 0.9, 1))
        print(
            f"{name:>9}: best {low:.1f} ms, median {middle:.1f} ms, 90 % {high:.1f} ms, worst {most:.1f} ms"
        )
    print(
        f"whole book with the change: {peer:.2f} s, {peer / float(np.median(wall)):.0f} times the median question"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
