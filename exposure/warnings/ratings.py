"""Ratings (评级): which parties are rated worse than a year ago.

``rating_downgrade``: of each agency, the latest rating against the one in force a year before, or the first of that
year. Grades are compared within one scale; where they cannot be, probabilities of default are. (Facts 94 and 96.)
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.batches import Batch, Sources, single
from exposure.results import ids
from exposure.rulepack import house, line
from exposure.warnings.payments import today
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@cache
def grade(rating: str) -> tuple[str, int] | None:
    """Scale of a grade and its place there, 0 = best; None for a word that no scale has.

    >>> grade("BBB-"), grade("good")
    (('letters', 9), None)
    """
    for name, rule in house().data["scales"].items():
        if rating.strip() in rule["value"]:
            return name, rule["value"].index(rating.strip())
    return None


def pairs(snapshot: Snapshot) -> tuple[Int64, Int64]:
    """Rows of the table ``ratings``: the one a year ago and the latest one, of each party and agency."""
    rows, day = snapshot.tables["ratings"], today(snapshot)
    known = np.flatnonzero((rows["date"] <= day) & (rows["party_id"] >= 0))
    agency, _ = rows.words("agency")
    order = known[np.lexsort((rows["date"][known], agency[known], rows["party_id"][known]))]
    if not len(order):
        return order, order
    key = rows["party_id"][order].astype(np.int64) * (int(agency.max()) + 2) + agency[order]
    start = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    size = np.diff(np.append(start, len(order)))
    past = rows["date"][order] <= day - int(house().setting("downgrade", "days"))
    first = np.repeat(start, size)
    before = np.maximum.reduceat(np.where(past, np.arange(len(order)), first), start)
    return order[before], order[start + size - 1]


def worse(snapshot: Snapshot, before: Int64, now: Int64) -> Int64:
    """Notches that each pair of ratings has fallen: int64, 0 where it has not; 1 where only the PD tells so."""
    rows = snapshot.tables["ratings"]
    codes, words = rows.words("rating")
    grades = [grade(word) for word in words]
    scales = {name: i for i, name in enumerate(house().data["scales"])}
    scale = np.array([*(scales[g[0]] if g else -1 for g in grades), -1])
    place = np.array([*(g[1] if g else 0 for g in grades), 0])
    a, b = codes[before], codes[now]
    comparable = (scale[a] >= 0) & (scale[a] == scale[b])
    fallen = np.where(comparable, place[b] - place[a], 0)
    at = line(house(), "downgrade", "notches")
    fallen = np.where([at.met(n, 1) for n in fallen.tolist()], fallen, 0)
    times = line(house(), "downgrade", "pd_times")
    old, new = rows["pd"][before], rows["pd"][now]
    told = np.flatnonzero(~comparable & (old > 0) & (new != NULL))
    fallen[told] = [times.met(n, o) for n, o in zip(new[told].tolist(), old[told].tolist(), strict=True)]
    return np.asarray(fallen, np.int64)


def downgrades(snapshot: Snapshot, owed: Int64) -> Batch:
    """``rating_downgrade``: one finding a party, by the agency that lowered it most; the amount is ``owed``."""
    rows = snapshot.tables["ratings"]
    before, now = pairs(snapshot)
    fallen = worse(snapshot, before, now)
    agency = rows.text("agency")
    hit = np.flatnonzero(fallen > 0)
    party = rows["party_id"][now[hit]]
    rank = np.asarray(pc.rank(agency.take(pa.array(now[hit]))), np.int64)
    order = np.lexsort((rank, -fallen[hit], party))
    first = np.append(True, np.diff(party[order]) != 0)[: len(order)]
    hit = hit[order[first]]
    party, then, latest = rows["party_id"][now[hit]], before[hit], now[hit]
    rating = rows.text("rating")
    figures = {
        "agency": agency.take(pa.array(latest)),
        "before": rating.take(pa.array(then)),
        "after": rating.take(pa.array(latest)),
        "date": _dates(rows["date"][latest]),
    }
    facts = Sources.of(snapshot, "ratings", 2 * np.arange(len(hit) + 1), np.stack([then, latest], 1).ravel())
    return Batch(
        "rating_downgrade", single(ids(snapshot.party_ids, party)), owed[party], facts, house().name, figures
    )


def _dates(days: npt.NDArray[np.int32]) -> pa.Array:
    """Days since 1970 as text."""
    return pa.array(days, pa.int32()).cast(pa.date32()).cast(pa.string())
