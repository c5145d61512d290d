"""Integrated ownership beside scipy's power series, on one book in one run.

Promise at L: all shares from 5 % in at most a tenth of the time in which scipy adds up the powers of the sparse
matrix of shares, one thread each, entries below 10^-5 left out of both. Ours also bounds what that costs; the
series does not. And amounts attributed for one lender in about 20 ms.

Usage: python bench/ownership.py BOOK [--without-peer]
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from clock import timed

from exposure.ownership.integrated import COARSE, TOLERANCE, Ownership, attributable, ownership
from graph.snapshot import Snapshot
from ingest.job import read

TERMS = 60
"""Powers that are added up at most; loops close slowly."""
LINE = 0.2


def pruned(matrix: sp.csr_array) -> sp.csr_array:
    """The matrix without entries below ``COARSE``."""
    matrix.data[matrix.data < COARSE] = 0.0
    matrix.eliminate_zeros()
    return matrix


def series(snapshot: Snapshot) -> tuple[float, sp.csr_array, int]:
    """W + W^2 + ... in scipy: seconds, the sum, and how many terms it took."""
    stakes, n = snapshot.stakes, snapshot.n
    company = np.repeat(np.arange(n), np.diff(stakes.ptr))
    start = time.perf_counter()
    direct = sp.csr_array((stakes.share / 1e9, (stakes.owner, company)), shape=(n, n))
    term, whole, terms = direct, direct.copy(), 1
    while term.nnz and terms < TERMS:
        term = pruned(term @ direct)
        whole = whole + term
        terms += 1
    return time.perf_counter() - start, whole, terms


def differing(held: Ownership, whole: sp.csr_array) -> int:
    """Pairs from 20 % up that one of the two has and the other has not, ties aside."""
    n = held.snapshot.n
    ours = held.reaches(int(LINE * 10**9)) & (held.owner != held.owned)
    pairs = held.owner[ours].astype(np.int64) * n + held.owned[ours]
    peer = whole.tocoo()
    chosen = (peer.data >= LINE - TOLERANCE) & (peer.row != peer.col)
    return len(np.setxor1d(pairs, peer.row[chosen].astype(np.int64) * n + peer.col[chosen]))


def main() -> None:
    """Measure one book and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--without-peer", action="store_true", help="scipy takes minutes and gigabytes at L")
    chosen = parser.parse_args()
    snapshot = Snapshot.of(read(chosen.book)[0])
    ours, held = timed(lambda: ownership(snapshot))
    amounts = np.random.default_rng(7).random(snapshot.n)
    one, _ = timed(lambda: attributable(snapshot, held, amounts))
    table, _ = timed(held.shares, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(snapshot.stakes.owner):,} stakes, {len(held):,} rows from 5 %, certified to {held.error.max():.1e}"
    )
    print(f"{'integrated ownership':28}{ours:10.3f} s   peak {peak:,.0f} MB with the book")
    print(f"{'attributed, one lender':28}{one:10.3f} s")
    print(f"{'table of shares':28}{table:10.3f} s")
    if not chosen.without_peer:
        seconds, whole, terms = series(snapshot)
        print(
            f"{'scipy, power series':28}{seconds:10.3f} s  {seconds / ours:8.1f} x  {terms} terms, "
            f"{differing(held, whole):,} pairs from 20 % differ"
        )


if __name__ == "__main__":
    main()
