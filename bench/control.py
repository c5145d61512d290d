"""Control and groups beside DuckDB rounds and plain Python rounds, on one book in one run.

Promises at L: control at least 30 times faster than DuckDB and 40 times than plain Python; groups within
0.05 s once control is there.

Usage: python bench/control.py BOOK
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from clock import timed

from exposure.control import Control, control
from exposure.groups import Settings, groups
from exposure.rulepack import load
from graph.snapshot import Snapshot
from ingest.job import read

ROUND = """
insert into pairs
select x, owned from (
  select c.x, s.owned, sum(s.votes) as votes
  from (select distinct owner as x, owner as p from stakes union select x, y from pairs) c
  join stakes s on s.owner = c.p
  where s.owned <> c.x
  group by all
) t where votes > 500000000 and not exists (from pairs where pairs.x = t.x and pairs.y = t.owned)
union
select c.x, f.y from (select distinct x as x, x as p from facts union select x, y from pairs) c
join facts f on f.x = c.p where f.y <> c.x and not exists (from pairs where pairs.x = c.x and pairs.y = f.y)
"""


def in_duckdb(snapshot: Snapshot) -> tuple[float, set[tuple[int, int]]]:
    """Rounds in SQL until nothing is added."""
    stakes, facts = snapshot.stakes, control(snapshot).facts
    owner = np.repeat(np.arange(snapshot.n), np.diff(stakes.out_ptr))
    db = duckdb.connect()
    db.register("s", pa.table({"owner": owner, "owned": stakes.owned, "votes": stakes.out_votes}))
    db.register("f", pa.table({"x": facts.controller[facts.proof], "y": facts.controlled[facts.proof]}))
    db.execute(
        "create table stakes as from s; create table facts as from f; create table pairs (x integer, y integer)"
    )
    start, before = time.perf_counter(), -1
    while before != (count := db.execute("select count(*) from pairs").fetchall()[0][0]):
        before = count
        db.execute(ROUND)
    return time.perf_counter() - start, set(db.execute("from pairs").fetchall())


def in_python(snapshot: Snapshot) -> tuple[float, set[tuple[int, int]]]:
    """The definition, party by party, in dictionaries."""
    stakes, facts = snapshot.stakes, control(snapshot).facts
    ptr, owned, votes = stakes.out_ptr.tolist(), stakes.owned.tolist(), stakes.out_votes.tolist()
    base, fact_ptr, fact_to = control(snapshot).base.tolist(), facts.ptr.tolist(), facts.to.tolist()
    start = time.perf_counter()
    pairs: set[tuple[int, int]] = set()
    for x in range(snapshot.n):
        held: dict[int, int] = defaultdict(int)
        taken, queue = {x}, [x]
        while queue:
            p = queue.pop()
            for i in range(ptr[p], ptr[p + 1]):
                y = owned[i]
                held[y] += votes[i]
                if 2 * held[y] > base[y] and y not in taken:
                    taken.add(y)
                    queue.append(y)
            for y in fact_to[fact_ptr[p] : fact_ptr[p + 1]]:
                if y not in taken:
                    taken.add(y)
                    queue.append(y)
        pairs.update((x, y) for y in taken if y != x)
    return time.perf_counter() - start, pairs


def pairs_of(held: Control) -> set[tuple[int, int]]:
    """Controller and controlled numbers."""
    return set(zip(held.controller.tolist(), held.controlled.tolist(), strict=True))


def main() -> None:
    """Measure one book and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    snapshot = Snapshot.of(read(parser.parse_args().book)[0])
    ours, held = timed(lambda: control(snapshot))
    pack = load("EU-CRR")
    grouping, made = timed(lambda: groups(held, pack, Settings.of(pack, {})))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    expected = pairs_of(held)
    print(f"{snapshot.n:,} parties, {len(expected):,} pairs, {len(made):,} groups; peak {peak:,.0f} MB")
    print(f"{'control':24}{ours:10.3f} s")
    for name, peer in (("duckdb rounds", in_duckdb), ("plain Python", in_python)):
        seconds, pairs = peer(snapshot)
        agrees = "same pairs" if pairs == expected else f"{len(pairs ^ expected):,} pairs differ"
        print(f"{name:24}{seconds:10.3f} s  {seconds / ours:8.1f} x  {agrees}")
    print(f"{'groups, given control':24}{grouping:10.3f} s")


if __name__ == "__main__":
    main()
