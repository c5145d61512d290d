"""Contagion beside C, scipy and plain Python, on one book in one run.

Promises at L: every party failed in turn at most 1.5 times as long as C (gcc -O3, the same rounds over the same arrays)
on one thread; 1,000 Monte Carlo scenarios in at most 3 s on one thread. Clearing and DebtRank run on liabilities made
of the book's guarantees, beside scipy's sparse products. --harsh: loss given default 90 %, equity a third.

Usage: python bench/contagion.py BOOK [--harsh]
"""

from __future__ import annotations

import argparse
import ctypes
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from clock import timed
from scipy.sparse import csr_array

from exposure.contagion.montecarlo import montecarlo
from exposure.contagion.network import Network, group
from exposure.contagion.ranking import ranking
from exposure.contagion.reverse import reverse
from exposure.contagion.runs import Runs
from exposure.contagion.scenario import Scenario
from exposure.facilities import valued
from exposure.guarantees.promises import Promises
from exposure.kernels import clearing as _clearing
from exposure.kernels import debtrank as _debtrank
from exposure.mitigation.collateral import collateral
from exposure.rulepack import load
from graph.csr import Csr
from graph.money import NULL
from graph.snapshot import Snapshot
from ingest.job import read

SCENARIOS = 1000
PLAIN = 20_000
"""Parties that plain Python fails in turn; its time is scaled up to all."""


def told(what: str, ours: float, note: str = "", peer: str = "", theirs: float = 0.0) -> None:
    """One line of the table."""
    beside = f"{peer:>16} {theirs:9.3f} s {theirs / ours:8.2f} x" if theirs else " " * 38
    print(f"{what:<34}{ours:9.4f} s {beside}  {note}", flush=True)


def in_c(network: Network) -> Callable[[], np.ndarray] | None:
    """Every party failed in turn, in C; None without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="konzern-bench-"))
    made, source = folder / "cascade.so", Path(__file__).with_name("cascade.c")
    subprocess.run(
        [compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", made, source, "-lm"], check=True
    )
    library = ctypes.CDLL(str(made))
    shutil.rmtree(folder)
    library.every.restype = ctypes.c_int64
    n, st = network.net, network.state()
    arrays = [
        st.party, n.hit, n.hit_amount, n.debt, n.guarantor, n.promised, n.shared, n.cap, n.lender, n.lost, st.failed,
        st.open, st.rest, st.first, st.call, st.call_amount, st.paid, st.paid_run, st.used, st.wanted, st.cap_run,
        st.cap_round, st.lost, st.lost_run,
    ]  # fmt: skip
    pointers = (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])
    out, run = np.empty((network.snapshot.n, 9)), [0]

    def every() -> np.ndarray:
        size, done = ctypes.c_int64(len(out)), ctypes.c_int64(run[0])
        run[0] = library.every(pointers, size, done, ctypes.c_void_p(out.ctypes.data))
        _ = st
        return out

    return every


def in_python(network: Network, many: int) -> float:
    """Seconds of plain Python for the first parties: dictionaries and lists, the ties without guarantees."""
    net, n = network.net, network.snapshot.n
    hits = list(zip((net.hit >> 2).tolist(), net.hit_amount.tolist(), strict=True))
    start, end = (net.party[:, k].astype(np.int64).tolist() for k in (4, 5))
    line = net.party[:, 0].tolist()
    begin = time.perf_counter()
    for seed in range(min(many, n)):
        loss: dict[int, float] = {}
        failed, frontier = {seed}, [seed]
        while frontier:
            p = frontier.pop()
            for who, amount in hits[start[p] : end[p]]:
                loss[who] = loss.get(who, 0.0) + amount
                if loss[who] >= line[who] and who not in failed:
                    failed.add(who)
                    frontier.append(who)
    return (time.perf_counter() - begin) * n / min(many, n)


def cascades(network: Network) -> None:
    """Every party failed in turn, simulation, and reverse stress."""
    party, runs = np.arange(network.snapshot.n, dtype=np.int32), Runs(network, np.zeros(0, np.int32))
    peer = in_c(network)
    if peer is None:
        seconds, (figures, _) = timed(lambda: runs.each(party), 5)
        told("every party failed in turn", seconds, "no C compiler here: no reference")
    else:
        best = [float("inf"), float("inf")]
        figures = runs.each(party)[0]
        theirs = peer().copy()
        for _ in range(7):  # by turns, so that a busy machine troubles both alike
            for k, once in enumerate((lambda: runs.each(party), peer)):
                start = time.process_time()
                once()
                best[k] = min(best[k], time.process_time() - start)
        same = "the same" if np.allclose(theirs[:, :8], figures[:, :8]) else "NOT the same"
        told(
            "every party failed in turn",
            best[0],
            f"{same}; {best[0] / best[1]:.2f} times C",
            "C -O3",
            best[1],
        )
    told("  in plain Python, without calls", in_python(network, PLAIN))
    mean, worst = figures[:, 5].mean(), int(figures[:, 5].max())
    print(f"    {mean:.2f} failures a run, {worst} at most")
    seconds, ranked = timed(lambda: ranking(network), 1)
    told("ranking as a report makes it", seconds, f"{(ranked.loss > 0).sum():,} cost others something")
    for threads in (1, 2):
        start = time.process_time()
        seconds, losses = timed(lambda t=threads: montecarlo(network, SCENARIOS, 1, threads=t), 2)
        cpu = (time.process_time() - start) / 3
        note = f"{losses.drawn.mean():,.0f} defaults, {losses.figures[:, 5].mean():,.0f} failures a scenario"
        told(
            f"{SCENARIOS:,} scenarios, {threads} thread{'s' * (threads - 1)}",
            seconds,
            f"{note}; {cpu:.2f} s of CPU",
        )
    line = 3.0 * float(np.sort(figures[:, 3])[-1])
    seconds, found = timed(lambda: reverse(network, -1, line), 1)
    told(
        "reverse stress, three times the worst",
        seconds,
        f"{len(found.party)} defaults, {found.summary()['method']}",
    )


def liabilities(snapshot: Snapshot, promises: Promises) -> None:
    """Clearing and linear DebtRank on edges from obligor to guarantor, each worth the drawn debt between them."""
    n = snapshot.n
    at = np.flatnonzero(promises.live & (promises.promised > 0))
    debtor, creditor = promises.debtor[at], promises.guarantor[promises.guarantee[at]]
    amount = promises.promised[at].astype(np.float64)
    by = Csr.of(debtor, n)
    creditor, amount = creditor[by.rows], amount[by.rows]
    source = np.repeat(np.arange(n), np.diff(by.ptr))
    owed = np.bincount(source, amount, n)
    equity = snapshot.in_base("parties", "equity")
    equity = np.maximum(np.where(equity == NULL, 0, equity), 1.0)
    cash = np.minimum(equity, 0.5 * owed)
    part = amount / owed[source]
    seconds, (paid, wave, steps) = timed(
        lambda: _clearing.fall(by.ptr, creditor, part, cash, owed, 1.0, 1.0, 1e-12, 2 * 10**9)
    )
    matrix = csr_array((part, (creditor, source)), shape=(n, n))

    def sweeps() -> np.ndarray:
        p = owed.copy()
        for _ in range(1000):
            after = np.minimum(owed, cash + matrix @ p)
            if np.abs(after - p).max() < 1e-6:
                break
            p = after
        return p

    peer, theirs = timed(sweeps, 1)
    same = "the same" if np.allclose(paid, theirs, rtol=1e-6, atol=1.0) else "NOT the same"
    told(
        "clearing vector",
        seconds,
        f"{same}; {len(amount):,} debts, {wave.max()} waves, {steps:,} steps",
        "scipy",
        peer,
    )
    first = np.zeros(n)
    first[np.random.default_rng(1).choice(n, max(n // 100, 1), replace=False)] = 0.5
    share = amount / equity[creditor]
    log, once = Network.log(0), False
    seconds, (h, _, rounds, steps, _) = timed(
        lambda: _debtrank.distress(by.ptr, creditor, amount, share, first, once, 1e-12, 2 * 10**9, log)
    )
    impact = csr_array((share, (creditor, source)), shape=(n, n))

    def fixpoint() -> np.ndarray:
        before = first.copy()
        for _ in range(rounds + 1):
            before = np.minimum(1.0, first + impact @ before)
        return before

    peer, theirs = timed(fixpoint, 1)
    same = "the same" if np.allclose(h, theirs, atol=1e-9) else "NOT the same"
    told(
        "linear DebtRank, 1 % shocked",
        seconds,
        f"{same}; {rounds} rounds, {steps:,} edges touched",
        "scipy",
        peer,
    )


def main() -> None:
    """Measure one book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--harsh", action="store_true")
    asked = parser.parse_args()
    snapshot = Snapshot.of(read(asked.book)[0])
    held = valued(snapshot, load("EU-CRR"))
    promises, secured = Promises.of(held), collateral(held).secured
    scenario = Scenario(lgd=0.9 if asked.harsh else 0.45)
    seconds, network = timed(lambda: group(held, promises, scenario, secured))
    if asked.harsh:
        thin = network.net.party.copy()
        thin[:, 0] /= 3
        network = replace(network, net=network.net._replace(party=thin))
    net = network.net
    told(
        "network compiled",
        seconds,
        f"{len(net.hit):,} ties, {len(net.debt):,} debts, {len(net.promised):,} promises",
    )
    cascades(network)
    liabilities(snapshot, promises)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
