"""Stale data (数据陈旧): clients on whose old accounts, ratings or valuations lenders rely.

``stale_data``: one finding a party that owes something, by the lines of the house rules. A party without accounts,
ratings or pledged assets in the book has none that could be old. (Fact 97.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.batches import Batch, Sources, few, single
from exposure.facilities import Facilities
from exposure.mitigation.steps import expanded
from exposure.results import ids
from exposure.rulepack import house, line
from exposure.warnings.sides import today
from graph.csr import Csr
from graph.snapshot import NO_DATE

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dated:
    """The fact of one table that decides for a party: ``row`` of the snapshot's table and its ``day``, by party."""

    table: str
    party: Int32
    row: Int64
    day: Int32

    @classmethod
    def of(cls, table: str, party: Int32, row: Int64, day: Int32, *, latest: bool) -> Dated:
        """Of many facts the latest one of each party, or the oldest; those without a date or party left out."""
        known = np.flatnonzero((party >= 0) & (day != NO_DATE))
        order = known[np.lexsort((row[known], -day[known] if latest else day[known], party[known]))]
        first = order[np.append(True, np.diff(party[order]) != 0)[: len(order)]]
        return cls(table, party[first], row[first], day[first])

    def older(self, than: str, day: int, clients: Bool) -> Dated:
        """Those of the marked parties whose age on a day reaches the line of that name."""
        at = line(house(), "stale", than)
        age = day - self.day.astype(np.int64)
        ages, place = np.unique(age, return_inverse=True)
        old = np.array([at.met(a, 1) for a in ages.tolist()], bool)[place] & clients[self.party]
        return Dated(self.table, self.party[old], self.row[old], self.day[old])

    def shown(self, of: Int32) -> pa.Array:
        """The day of each of these parties as text, ``-`` where it has none here."""
        days = np.full(len(of), NO_DATE, np.int32)
        days[np.searchsorted(of, self.party)] = self.day
        return (
            pa.array(days, pa.int32(), mask=days == NO_DATE)
            .cast(pa.date32())
            .cast(pa.string())
            .fill_null("-")
        )


def stale_data(held: Facilities, owed: Int64) -> Batch:
    """The parties whose data are old; the amount is ``owed`` (int64 by party), with the lenders that they owe."""
    snapshot = held.snapshot
    client, facility = _owing(held)
    clients = np.zeros(snapshot.n, bool)
    clients[client] = True
    day = today(snapshot)
    accounts = _latest(held, "financials", "period_end").older("accounts_days", day, clients)
    rating = _latest(held, "ratings", "date").older("rating_days", day, clients)
    valuation = _valuations(held, client, facility).older("valuation_days", day, clients)
    old = (accounts, rating, valuation)
    of = np.unique(np.concatenate([dated.party for dated in old])).astype(np.int32)
    figures = {
        "accounts": accounts.shown(of),
        "rating": rating.shown(of),
        "valuation": valuation.shown(of),
        "lenders": _lenders(held, of, client, facility),
    }
    names = single(ids(snapshot.party_ids, of))
    return Batch("stale_data", names, owed[of], _sources(held, of, old), house().name, figures)


def _latest(held: Facilities, table: str, column: str) -> Dated:
    """The latest fact of each party up to the as-of date."""
    rows = held.snapshot.tables[table]
    day = rows[column].astype(np.int32)
    day = np.where(day > today(held.snapshot), NO_DATE, day).astype(np.int32)
    return Dated.of(table, rows["party_id"].astype(np.int32), np.arange(len(rows)), day, latest=True)


def _owing(held: Facilities) -> tuple[Int32, Int32]:
    """Who owes which counted facility, as obligor or with the obligor: party and facility, int32."""
    claims = held.claims
    party = np.concatenate([claims.party[: claims.main], claims.co_party])
    facility = np.concatenate([claims.facility[: claims.main], claims.facility[claims.co_claim]])
    known = party >= 0
    return party[known], facility[known]


def _valuations(held: Facilities, client: Int32, facility: Int32) -> Dated:
    """The oldest valuation of an asset that is pledged for a counted facility of each party."""
    pledges, assets = held.snapshot.tables["pledges"], held.snapshot.tables["collateral"]
    good = np.flatnonzero((pledges["facility_id"] >= 0) & (pledges["collateral_id"] >= 0))
    by = Csr.of(facility, len(held))
    place, entry = expanded(by.ptr, pledges["facility_id"][good])
    row = pledges["collateral_id"][good][place].astype(np.int64)
    day = assets["valuation_date"][row].astype(np.int32)
    return Dated.of("collateral", client[by.rows[entry]], row, day, latest=False)


def _lenders(held: Facilities, of: Int32, client: Int32, facility: Int32) -> pa.ListArray:
    """Ids of the lenders with a counted facility of each of these parties."""
    lenders = held.snapshot.tables["lenders"].text("lender_id")
    at = np.flatnonzero((held.lender[facility] >= 0) & np.isin(client, of))
    many = np.int64(len(lenders) + 1)
    pair = np.unique(np.searchsorted(of, client[at]) * many + held.lender[facility[at]])
    ptr = np.searchsorted(pair, np.arange(len(of) + 1) * many)
    return few(ptr, ids(lenders, (pair % many).astype(np.int32)))


def _sources(held: Facilities, of: Int32, old: tuple[Dated, ...]) -> Sources:
    """The facts that are old, by party."""
    place = np.concatenate([np.searchsorted(of, dated.party) for dated in old])
    table = np.repeat(np.arange(len(old), dtype=np.int8), [len(dated.party) for dated in old])
    row = np.concatenate([held.snapshot.tables[d.table].row[d.row].astype(np.int64) for d in old])
    order = np.argsort(place, kind="stable")
    ptr = np.searchsorted(place[order], np.arange(len(of) + 1)).astype(np.int64)
    return Sources(tuple(dated.table for dated in old), ptr, table[order], row[order])
