"""Ratings (评级): which parties are rated worse than a year ago.

``rating_downgrade``: of each agency, the latest rating against the one in force a year before, or the first of that
year. Ratings that the state of before had and the book no longer has count among the earlier ones. Grades are compared
within one scale; where they cannot be, probabilities of default are. (Facts 94 and 96.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.batches import Batch, Sources, single
from exposure.results import ids
from exposure.rulepack import house, line
from exposure.warnings.sides import Sides, today
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ratings:
    """Ratings up to a day, by party, agency and date: one of each.

    ``party`` and ``date`` int32, ``agency`` and ``rating`` texts, ``pd`` int64 parts per 10^9 (NULL unknown), ``row``
    int64 in the snapshot's table, -1 for one that only the state of before has.
    """

    party: Int32
    date: Int32
    agency: pa.Array
    rating: pa.Array
    pd: Int64
    row: Int64

    @classmethod
    def of(cls, snapshot: Snapshot, sides: Sides | None = None) -> Ratings:
        """The ratings of a book and, beside its state of before, those that it had; of equal ones the book's counts."""
        now = cls._in(snapshot, np.arange(snapshot.n, dtype=np.int32))
        if sides is None:
            return now
        number = np.full(sides.then.n, -1, np.int32)
        known = np.flatnonzero(sides.party >= 0)
        number[sides.party[known]] = known
        then = cls._in(sides.then, number)
        both = cls(
            *(
                pa.concat_arrays(pair) if isinstance(pair[0], pa.Array) else np.concatenate(pair)
                for pair in zip(vars(then).values(), vars(now).values(), strict=True)
            )
        )
        both.row[: len(then.row)] = -1
        return _ordered(both)

    @classmethod
    def _in(cls, snapshot: Snapshot, number: Int32) -> Ratings:
        """Those of one snapshot, parties numbered as ``number`` (int32 by party) says, -1 left out."""
        rows = snapshot.tables["ratings"]
        party = np.append(number, np.int32(-1))[rows["party_id"]]
        at = np.flatnonzero((party >= 0) & (rows["date"] <= today(snapshot)))
        agency, rating = (
            rows.text(c).take(pa.array(at)).cast(pa.string()).fill_null("") for c in ("agency", "rating")
        )
        return _ordered(cls(party[at], rows["date"][at].astype(np.int32), agency, rating, rows["pd"][at], at))

    @property
    def agencies(self) -> Int32:
        """The number of each agency: int32."""
        return np.asarray(self.agency.dictionary_encode().indices, np.int32)

    def pairs(self, day: int) -> tuple[Int64, Int64]:
        """Places of the one in force a year before a day and of the latest one, of each party and agency."""
        many = len(self.row)
        if not many:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        key = np.stack([self.party, self.agencies])
        start = np.flatnonzero(np.append(True, (key[:, 1:] != key[:, :-1]).any(axis=0)))
        size = np.diff(np.append(start, many))
        past = self.date <= day - int(house().setting("downgrade", "days"))
        before = np.maximum.reduceat(np.where(past, np.arange(many), np.repeat(start, size)), start)
        return before, start + size - 1

    def worse(self, before: Int64, now: Int64) -> Int64:
        """Notches that each pair of ratings has fallen: int64, 0 where it has not; 1 where only the PD tells so."""
        words = self.rating.dictionary_encode()
        codes, grades = np.asarray(words.indices), [word.strip() for word in words.dictionary.to_pylist()]
        fallen, comparable = np.zeros((2, len(now)), np.int64)
        for rule in house().data["scales"].values():
            scale = {grade: place for place, grade in enumerate(rule["value"])}
            place = np.array([*(scale.get(grade, -1) for grade in grades), -1])
            a, b = place[codes[before]], place[codes[now]]
            on = (a >= 0) & (b >= 0)
            fallen[on], comparable[on] = (b - a)[on], 1
        at = line(house(), "downgrade", "notches")
        fallen = np.where([at.met(n, 1) for n in fallen.tolist()], fallen, 0)
        times = line(house(), "downgrade", "pd_times")
        old, new = self.pd[before], self.pd[now]
        told = np.flatnonzero((comparable == 0) & (old > 0) & (new != NULL))
        fallen[told] = [times.met(n, o) for n, o in zip(new[told].tolist(), old[told].tolist(), strict=True)]
        return np.asarray(fallen, np.int64)


def _ordered(held: Ratings) -> Ratings:
    """By party, agency and date, of equal ones the last."""
    order = np.lexsort((held.date, held.agencies, held.party))
    key = np.stack([held.party, held.agencies, held.date])[:, order]
    order = order[np.append((key[:, 1:] != key[:, :-1]).any(axis=0), True)[: len(order)]]
    return Ratings(
        *(v.take(pa.array(order)) if isinstance(v, pa.Array) else v[order] for v in vars(held).values())
    )


def downgrades(snapshot: Snapshot, owed: Int64, sides: Sides | None = None) -> Batch:
    """``rating_downgrade``: one finding a party, by the agency that lowered it most; the amount is ``owed``."""
    held = Ratings.of(snapshot, sides)
    before, now = held.pairs(today(snapshot))
    fallen = held.worse(before, now)
    hit = np.flatnonzero((fallen > 0) & (held.row[now] >= 0))
    rank = np.asarray(pc.rank(held.agency.take(pa.array(now[hit]))), np.int64)
    order = np.lexsort((rank, -fallen[hit], held.party[now[hit]]))
    hit = hit[order[np.append(True, np.diff(held.party[now[hit]][order]) != 0)[: len(order)]]]
    party, then, latest = held.party[now[hit]], before[hit], now[hit]
    figures = {
        "agency": held.agency.take(pa.array(latest)),
        "before": held.rating.take(pa.array(then)),
        "after": held.rating.take(pa.array(latest)),
        "date": _dates(held.date[latest]),
    }
    both = np.stack([held.row[then], held.row[latest]], 1)
    ptr = np.concatenate([[0], np.cumsum((both >= 0).sum(axis=1))])
    facts = Sources.of(snapshot, "ratings", ptr, both[both >= 0])
    return Batch(
        "rating_downgrade", single(ids(snapshot.party_ids, party)), owed[party], facts, house().name, figures
    )


def _dates(days: npt.NDArray[np.int32]) -> pa.Array:
    """Days since 1970 as text."""
    return pa.array(days, pa.int32()).cast(pa.date32()).cast(pa.string())
