"""Guarantees and duplicate credit beside NetworkX, scipy and DuckDB, on one book in one run.

Promises at L: circles of up to five at least 300 times faster than NetworkX; effective cover faster than scipy's
maximum flow, with the exact optimum beside it; near-duplicates at least 5 times faster than DuckDB.

Usage: python bench/guarantees.py BOOK
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import duckdb
import networkx as nx
import numpy as np
import pyarrow as pa
from clock import timed
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from exposure.duplicates import duplicates, pledged
from exposure.facilities import Facilities, valued
from exposure.guarantees.calls import best_cover, maximum_calls
from exposure.guarantees.chains import Chains
from exposure.guarantees.cover import allocate
from exposure.guarantees.guarantors import Guarantees
from exposure.guarantees.promises import Promises
from exposure.guarantees.rings import MOST, MOST_STEPS, Parts, as_part, rings
from exposure.kernels import rings as _kernels
from exposure.rulepack import load
from graph.money import NULL
from graph.snapshot import Snapshot
from ingest.job import read

FIVE = 5

NEAR = """
select a.f, b.f from f a join f b on a.obligor = b.obligor and a.currency = b.currency and a.f < b.f
where least(a.amount, b.amount) > 0 and abs(a.amount - b.amount) * 1000 <= greatest(a.amount, b.amount)
  and abs(a.start - b.start) <= 31
"""
PLEDGED = """
select item from p join k using (item) group by item, value having sum(amount) > value
"""


def told(what: str, ours: float, note: str = "", peer: str = "", theirs: float = 0.0) -> None:
    """One line of the table."""
    beside = f"{peer:>10} {theirs:9.3f} s {theirs / ours:8.1f} x" if theirs else " " * 32
    print(f"{what:<34}{ours:9.4f} s {beside}  {note}")


def circles(held: Guarantees) -> None:
    """Circles of up to five from merged edges: ours against NetworkX, the same sets of members."""
    edges, rank = held.edges, held.promises.held.snapshot.party_rank

    def search() -> tuple[Parts, np.ndarray, np.ndarray]:
        parts = Parts.of(edges, rank)
        part = as_part(parts, np.zeros(len(parts.source), np.int64), [])
        nodes, length, _, cut = _kernels.rings(part, parts.bounds, FIVE, MOST, MOST_STEPS)
        if len(cut):
            raise SystemExit("the list of circles is cut: choose a milder book")
        return parts, nodes, length

    seconds, (parts, nodes, length) = timed(search)
    ours = {frozenset(parts.party[row[:k]].tolist()) for row, k in zip(nodes, length.tolist(), strict=True)}
    graph = nx.DiGraph(list(zip(edges.source.tolist(), edges.target.tolist(), strict=True)))
    start = time.perf_counter()
    theirs = {frozenset(cycle) for cycle in nx.simple_cycles(graph, length_bound=FIVE)}
    peer = time.perf_counter() - start
    same = "the same sets" if ours == theirs else f"NOT the same: {len(theirs):,}"
    told("circles of up to five", seconds, f"{len(ours):,} sets, {same}", "NetworkX", peer)
    seconds, found = timed(lambda: rings(held.promises, edges))
    told("rings of up to six with amounts", seconds, f"{len(found):,}")


def cover(held: Guarantees) -> None:
    """Cover allocated and spent once against scipy's maximum flow (int32: in thousands), and the optimum."""
    promises, worth = held.promises, np.where(held.net_assets == NULL, 0, np.maximum(held.net_assets, 0))

    def spent() -> int:
        given = allocate(promises).by_guarantor()
        return int(np.minimum(given, worth).sum())

    seconds, effective = timed(spent)
    network = as_network(held, worth)
    peer, flow = timed(lambda: maximum_flow(*network), 1)
    told("cover allocated and spent once", seconds, f"{effective / 1e5:,.0f} thousand", "scipy flow", peer)
    seconds, best = timed(lambda: best_cover(held.cover, held.net_assets), 1)
    share = f"{best / 1e5:,.0f} thousand ({flow.flow_value:,} without shares and joint caps), we reach"
    told("the optimum, exactly", seconds, f"{share} {effective / best:.1%}")


def as_network(held: Guarantees, worth: np.ndarray) -> tuple[csr_array, int, int]:
    """Net assets, guarantees and debts as scipy reads them, in thousands: matrix, source, sink."""
    p = held.promises
    pairs = np.flatnonzero(held.cover.reason == 0)
    g, f = p.guarantee[pairs], p.facility[pairs]
    who, giver = np.unique(p.guarantor[g], return_inverse=True)
    what, number = np.unique(g, return_inverse=True)
    owed, debt = np.unique(f, return_inverse=True)
    at_g, at_f = len(who), len(who) + len(what)
    source, sink = at_f + len(owed), at_f + len(owed) + 1
    first = np.unique(number, return_index=True)[1]
    cap = np.where(p.bounds.bound[what] == NULL, 2**40, p.bounds.bound[what])
    tail = np.concatenate(
        [np.full(len(who), source), giver[first], at_g + number, at_f + np.arange(len(owed))]
    )
    head = np.concatenate(
        [np.arange(len(who)), at_g + np.arange(len(what)), at_f + debt, np.full(len(owed), sink)]
    )
    room = np.concatenate([worth[who], cap, held.cover.debt[f], held.cover.debt[owed]])
    small = np.minimum(room // 100_000, 2**31 - 1).astype(np.int32)
    return csr_array((small, (tail, head)), shape=(sink + 1, sink + 1)), source, sink


def likeness(held: Facilities) -> None:
    """Like facilities of one obligor, and pledges beyond the value, against DuckDB."""
    rows = held.snapshot.tables["facilities"]
    seconds, (_, near) = timed(lambda: duplicates.look_alikes(held))
    db = duckdb.connect()
    at = np.flatnonzero(held.counted)
    columns = {"obligor": held.obligor[at], "currency": rows["currency"][at], "amount": rows["limit"][at]}
    db.register("t", pa.table({"f": at, **columns, "start": rows["start_date"][at].astype(np.int64)}))
    db.execute("create table f as from t")
    peer, pairs = timed(lambda: db.execute(NEAR).fetchall(), 1)
    lender = held.lender
    several = {x for pair in pairs for x in pair if lender[pair[0]] != lender[pair[1]]}
    names = rows.text("facility_id").take(pa.array(sorted(several))).to_pylist()
    ours = {name for subjects, _, _ in near for name in subjects}
    same = "the same" if set(names) <= ours and len(near) <= len(pairs) else "NOT the same"
    told("near-duplicates, one obligor", seconds, f"{len(near):,} sets, {same}", "DuckDB", peer)
    seconds, over = timed(lambda: pledged.findings(held))
    pledges, items = held.snapshot.tables["pledges"], held.snapshot.in_base("collateral", "value")
    amount = held.snapshot.in_base("pledges", "amount")
    live = np.flatnonzero(held.counted[pledges["facility_id"]])
    db.register("q", pa.table({"item": pledges["collateral_id"][live], "amount": amount[live]}))
    db.register("v", pa.table({"item": np.arange(len(items)), "value": items}))
    db.execute("create table p as from q; create table k as from v")
    peer, found = timed(lambda: db.execute(PLEDGED).fetchall(), 1)
    same = "the same" if len(found) == len(over) else f"NOT the same: {len(found):,}"
    told("assets pledged beyond their value", seconds, f"{len(over):,}, {same}", "DuckDB", peer)


def main() -> None:
    """Measure one book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    snapshot = Snapshot.of(read(parser.parse_args().book)[0])
    facilities = valued(snapshot, load("EU-CRR"))
    seconds, promises = timed(lambda: Promises.of(facilities))
    held = Guarantees(promises)
    told(
        "promises", seconds, f"{len(promises):,} guarantees, {len(promises.facility):,} pairs with a facility"
    )
    circles(held)
    cover(held)
    seconds, _ = timed(lambda: maximum_calls(promises))
    told("maximum calls", seconds)
    seconds, chains = timed(lambda: Chains.of(promises, held.edges))
    told("chain reach and depth", seconds, f"deepest {chains.depth.max()}, {chains.cut} cut")
    likeness(facilities)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
