"""Group times lender exposure beside polars and DuckDB, and what party totals cost, on one book in one run.

Promises at L: groups times lenders within 0.1 s and at least 5 times faster than polars, from amounts in the
base currency; parties with all that they control, as a table, within a few seconds.

Usage: python bench/aggregate.py BOOK
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from exposure.aggregate import GroupTotals, group_totals, party_totals
from exposure.control import control
from exposure.facilities import Facilities, valued
from exposure.groups import Groups, Settings, groups
from exposure.rulepack import RulePack, load
from graph.snapshot import Snapshot
from ingest.job import read

_T = TypeVar("_T")
SUMS = ("limit", "drawn", "gross")
JOINED = """
select grouping, lender, sum("limit"), sum(drawn), sum(gross) from facilities join members using (party)
group by all
"""


@dataclass(frozen=True)
class Cost:
    """Seconds on the wall and of all threads together: the second tells the truth on a busy machine."""

    wall: float
    cpu: float

    def beside(self, ours: Cost) -> str:
        """This cost, and how many times ours it is."""
        return f"{self}  {self.wall / ours.wall:6.1f} x {self.cpu / ours.cpu:6.1f} x"

    def __str__(self) -> str:
        return f"{self.wall:9.4f} {self.cpu:9.4f}"


def timed(run: Callable[[], _T], times: int = 5) -> tuple[Cost, _T]:
    """The least of several runs, and what the last one gave."""
    made = run()
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        made = run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Cost(min(walls), min(cpus)), made


@dataclass(frozen=True)
class Peers:
    """The same facilities and members as plain tables: amounts in own currency, and in the base currency."""

    own: pl.DataFrame
    base: pl.DataFrame
    members: pl.DataFrame

    @classmethod
    def of(cls, held: Facilities, made: Groups) -> Peers:
        """Counted facilities only; conversion factors and rates by facility, as a query would join them."""
        rows, fx = held.snapshot.tables["facilities"], held.snapshot.fx
        rate = np.array(fx.numerator) / np.array(fx.denominator)
        keys = {"party": held.obligor, "lender": held.lender}
        own = (
            keys
            | {c: rows[c] for c in ("limit", "drawn")}
            | {"ccf": held.ccf / 1e9, "rate": rate[rows["currency"]]}
        )
        base = keys | {c: getattr(held, c) for c in SUMS}
        where = np.flatnonzero(held.counted)
        group = np.repeat(np.arange(len(made), dtype=np.int32), np.diff(made.ptr))
        return cls(
            pl.DataFrame({k: v[where] for k, v in own.items()}),
            pl.DataFrame({k: v[where] for k, v in base.items()}),
            pl.DataFrame({"grouping": group, "party": made.members}),
        )

    def polars(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Join and sum, all threads."""
        joined = self.members.lazy().join(frame.lazy(), on="party")
        return joined.group_by("grouping", "lender").agg(pl.col(*SUMS).sum()).collect()

    def converted(self) -> pl.DataFrame:
        """Gross by factor, then everything at the rate, in floating point."""
        undrawn = (pl.col("limit") - pl.col("drawn")).clip(0)
        gross = (pl.col("drawn") + pl.col("ccf") * undrawn).alias("gross")
        rated = self.own.lazy().with_columns(gross).with_columns(pl.col(*SUMS) * pl.col("rate"))
        return rated.select("party", "lender", *SUMS).collect()

    def duckdb(self) -> Callable[[], pa.Table]:
        """A run that joins and sums in SQL, all threads, tables loaded before."""
        db = duckdb.connect()
        for name, frame in (("f", self.base), ("m", self.members)):
            db.register(name, frame.to_arrow())
        db.execute("create table facilities as from f; create table members as from m")
        return lambda: db.sql(JOINED).to_arrow_table()


def cells(totals: GroupTotals) -> int:
    """Rows by group and lender."""
    return int((totals.lender >= 0).sum())


def agrees(totals: GroupTotals, peer: pl.DataFrame) -> str:
    """Whether a peer has the same cells with the same amounts, to one in 10^9."""
    apart = totals.lender >= 0
    ours = [int(getattr(totals, n)[apart].sum()) for n in ("nominal_limit", "drawn", "gross")]
    close = all(abs(a - b) <= 1e-9 * a for a, b in zip(ours, peer.select(SUMS).sum().row(0), strict=True))
    return "same sums" if close and len(peer) == apart.sum() else "DIFFERS"


def measure(snapshot: Snapshot, pack: RulePack) -> None:
    """Print what each step takes, and the peers beside the ones that have any."""
    held = control(snapshot)
    made = groups(held, pack, Settings.of(pack, {}))
    value, facilities = timed(lambda: valued(snapshot, pack))
    sort, _ = timed(lambda: replace(facilities).ledger, 3)
    ours, totals = timed(lambda: group_totals(facilities, made.ptr, made.members))
    peers = Peers.of(facilities, made)
    print(
        f"{len(facilities):,} facilities, {len(made):,} groups, {len(made.members):,} members, {cells(totals):,} cells"
    )
    print(f"{'':32}{'wall s':>10}{'cpu s':>10}")
    print(f"{'group x lender':32} {ours}")
    cost, frame = timed(lambda: peers.polars(peers.base))
    print(f"{'  polars':32} {cost.beside(ours)}  {agrees(totals, frame)}")
    cost, table = timed(peers.duckdb())
    frame = pl.DataFrame(dict(zip(("grouping", "lender", *SUMS), table.columns, strict=True)))
    print(f"{'  duckdb':32} {cost.beside(ours)}  {agrees(totals, frame)}")
    print(f"{'rules, factors, rates':32} {value}")
    cost, converted = timed(peers.converted)
    print(
        f"{'  polars, factors and rates':32} {cost.beside(value)}  {agrees(totals, peers.polars(converted))}"
    )
    print(f"{'claims in the order of parties':32} {sort}")
    cost, parties = timed(lambda: party_totals(facilities, held.ptr, held.controlled), 3)
    print(f"{'parties with all they control':32} {cost}  {len(parties):,} rows")
    print(f"{'  as a table':32} {timed(parties.table, 2)[0]}")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB with the peers")


def main() -> None:
    """Measure one book."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("book", type=Path)
    measure(Snapshot.of(read(parser.parse_args().book, quarantine=True)[0]), load("EU-CRR"))


if __name__ == "__main__":
    main()
