"""Limits, large exposures, beneficial owners and close links: what each costs on one book, warm.

Promise at M: all of it, tables included, within a second. Beside it polars: the same totals added up per
consolidated client and put against the limit, without institutions, exemptions, umbrellas or ranks by group.

Usage: python bench/limits.py BOOK [--rules EU-CRR]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from clock import timed

from exposure.aggregate import GroupTotals, PartyTotals, group_totals, party_totals
from exposure.control import control
from exposure.facilities import valued
from exposure.groups import Settings, groups
from exposure.limits import breaches
from exposure.limits.capital import CONSOLIDATED, scopes
from exposure.limits.large import large_exposures
from exposure.limits.limits import Limits, limits
from exposure.ownership.beneficial import beneficial
from exposure.ownership.closelinks import close_links
from exposure.ownership.integrated import ownership
from exposure.packmoves import regrouped
from exposure.rulepack import load
from graph.snapshot import Snapshot
from ingest.job import read

_T = TypeVar("_T")


def told(name: str, run: Callable[[], _T], times: int = 3) -> _T:
    """Print the least of several runs after a first one, and give what the last one gave."""
    seconds, made = timed(run, times)
    print(f"{name:48} {seconds:8.3f} s")
    return made


def peer(held: Limits, parties: PartyTotals, totals: GroupTotals) -> Callable[[], int]:
    """Polars over the same rows: who is at 90 % of a quarter of Tier 1 at consolidated level, and the 20 largest."""
    frames = [
        pl.DataFrame({"subject": subject, "lender": of.lender, "gross": of.gross})
        for subject, of in ((parties.party, parties), (totals.group, totals))
    ]
    levels = [s for s in held.scopes if s.level == CONSOLIDATED and s.capital["tier1"]]

    def run() -> int:
        found = 0
        for scope in levels:
            lenders, limit = np.flatnonzero(scope.lenders), (scope.capital["tier1"] or 0) // 4
            for frame in frames:
                owed = frame.filter(pl.col("lender").is_in(lenders)).group_by("subject").agg(pl.sum("gross"))
                found += owed.filter(pl.col("gross") * 10 >= limit * 9).height
                found += owed.sort("gross", descending=True).head(20).height
        return found

    return run


def main() -> None:
    """Read the book, then time every part on what the earlier ones made."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("book", type=Path)
    parser.add_argument("--rules", default="EU-CRR")
    asked = parser.parse_args()
    snapshot, pack = Snapshot.of(read(asked.book)[0]), load(asked.rules)
    held, shares = control(snapshot), ownership(snapshot)
    made, at_value = groups(held, pack, Settings.of(pack, {})), valued(snapshot, pack)
    parties = party_totals(at_value, held.ptr, held.controlled)
    totals = group_totals(at_value, made.ptr, made.members)
    print(f"{snapshot.n:,} parties, {len(made):,} groups, {len(scopes(snapshot))} levels, {pack.name}")
    tests = told("limits of every subject at every level", lambda: limits(made, parties, totals))
    print(f"{'':4}{len(tests.tested):,} tests listed")
    told("polars: the plain tests at consolidated level", peer(tests, parties, totals))
    told("table of limits", tests.table)
    told("large exposures, ranked", lambda: large_exposures(tests))
    told("findings on limits", lambda: breaches.findings(tests))
    behind = told("beneficial owners", lambda: beneficial(held, shares))
    print(f"{'':4}{len(behind):,} pairs")
    told("table of beneficial owners", behind.table)
    told("findings on beneficial owners", behind.findings, times=1)
    tied = told("close links", lambda: close_links(shares))
    print(f"{'':4}{len(tied.company):,} holdings of {len(tied.holder):,} holders")
    told("table of close links", tied.table)
    told("findings on close links", tied.findings, times=1)
    china = load("CN-GROUP")
    other = groups(held, china, Settings.of(china, {}))
    told("who moves to CN-GROUP", lambda: regrouped(made, other))


if __name__ == "__main__":
    main()
