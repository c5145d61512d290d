"""Evidence: what bridges, large exposures, chains of guarantees, close links and voting power rest on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from exposure import limited, reasons
from exposure.guarantees.promises import Owed
from exposure.limits.capital import BASES
from exposure.limits.large import large_exposures
from exposure.lookthrough import UNKNOWN_ID
from exposure.mitigation.bridge import KINDS, STEPS, bridge
from exposure.mitigation.steps import expanded
from exposure.ownership.power import Seats
from exposure.parts import Parts
from exposure.statement import Line
from graph.model import MONEY, SHARE
from graph.money import NULL, total

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SHOWN: Final = 10_000
"""Debts below a guarantor that are told one by one; what is beyond is one sum."""
COMPANIES: Final = 50
"""Companies of one holder whose shares are told with their chains."""
_GROSS, _NET = STEPS.index("gross"), STEPS.index("net")


def of_group(analysis: Parts, pack: int, group: int) -> list[Line]:
    """The bridge of a group, and what it is on the list of large exposures for."""
    return [*_bridge(analysis, pack, group), *_large(analysis, pack, analysis.groups[pack].names[group])]


def of_party(analysis: Parts, party: int) -> list[Line]:
    """A party's large exposure, what hangs below its guarantees, its close links, and whose votes decide in it."""
    name = str(analysis.snapshot.party_ids[party])
    return [
        *large(analysis, name),
        *_chain(analysis, party),
        *_close_links(analysis, party),
        *_power(analysis, party),
    ]


def _bridge(analysis: Parts, pack: int, group: int) -> list[Line]:
    """From nominal limits to gross and to net: each step over the facilities that it was made of."""
    held = analysis.groups[pack]
    members = held.members[held.ptr[group] : held.ptr[group + 1]]
    if not len(members):
        return []
    made = bridge(analysis.mitigation[pack], np.array([0, len(members)], np.int64), members)

    def sum_of(place: int, below: Iterable[Line]) -> Line:
        said = {"step": STEPS[place], "pack": held.pack.name}
        return Line("bridge", said, int(made.amount[0, place]), below=tuple(below), rule="sum")

    def step(place: int) -> Line:
        at = slice(int(made.ptr[place]), int(made.ptr[place + 1]))
        parts = zip(made.facility[at].tolist(), made.each[at].tolist(), strict=True)
        return sum_of(place, (reasons.credit(analysis, f, amount) for f, amount in parts))

    gross = sum_of(_GROSS, (step(i) for i in range(_GROSS) if made.amount[0, i]))
    net = sum_of(_NET, (gross, *(step(i) for i in range(_GROSS + 1, _NET) if made.amount[0, i])))
    return [net, *(step(i) for i, kind in enumerate(KINDS) if kind == "memo" and made.amount[0, i])]


def large(analysis: Parts, subject: str) -> list[Line]:
    """Where a subject stands on the lists of large exposures of all packs."""
    return [line for pack in range(len(analysis.packs)) for line in _large(analysis, pack, subject)]


def _large(analysis: Parts, pack: int, subject: str) -> list[Line]:
    """Where a subject stands on the list of large exposures: its gross and net, the capital, and who is before it."""
    held = analysis.limits[pack]
    table = large_exposures(held).to_pylist()
    return [_listed(analysis, pack, row, table) for row in table if row["subject_id"] == subject]


def _listed(analysis: Parts, pack: int, row: dict[str, Any], table: list[dict[str, Any]]) -> Line:
    """One row of the list of large exposures."""
    held, snapshot = analysis.limits[pack], analysis.snapshot
    group, lenders = row["scope"] == "group", snapshot.tables["lenders"]
    number = (
        held.groups.names.index(row["subject_id"])
        if group
        else reasons.number_of(analysis, row["subject_id"])
    )
    lender = lenders.text("lender_id").to_pylist().index(row["lender_id"])
    (scope,) = [s for s in held.scopes if s.lender == lender and s.level == row["level"]]
    out = np.zeros(snapshot.n, bool)
    exempt = held.standing.clients.exempt[: snapshot.n]
    figures = [
        reasons.summed(
            analysis,
            key,
            row["subject_id"],
            limited.owed(
                analysis, pack, (group, number), (lender, row["level"]), without, net=key == "large_net"
            ),
        )
        for key, without in (("large_gross", out), ("large_net", exempt))
    ]
    base = (held.groups.pack.rule("large", "line") or {}).get("of", BASES[0])
    source = reasons.places(analysis, "lenders", [lenders.row[lender]])
    capital = Line("capital", {"of": base, "lender": row["lender_id"]}, scope.capital[base], source)
    before = [
        Line("before", {"id": r["subject_id"]}, int(r["gross"] * MONEY.scale))
        for r in table
        if None not in (r["rank"], row["rank"])
        and (r["lender_id"], r["level"]) == (row["lender_id"], row["level"])
        and r["rank"] < row["rank"]
    ]
    said = {
        "id": row["subject_id"], "lender": row["lender_id"], "level": row["level"], "pack": row["pack"],
        "ratio_before": row["ratio_before"], "ratio_after": row["ratio_after"], "rank": row["rank"] or "-",
        "percent": "-" if row["ratio_before"] is None else f"{row['ratio_before']:.2%}",
    }  # fmt: skip
    return Line("large", said, below=(*figures, capital, *before))


def _chain(analysis: Parts, party: int) -> list[Line]:
    """What hangs below a guarantor: every debt of all that its guarantees lead to, its own left out, and the ways."""
    held = analysis.guarantees
    if not held.obligors[party] or held.chains.reach[party] == NULL:
        return []
    edges, promises = held.edges, held.promises
    below, fresh = np.zeros(analysis.snapshot.n, bool), np.array([party], np.int64)
    below[party] = True
    while len(fresh):
        _, at = expanded(edges.ptr, fresh)
        fresh = np.unique(edges.target[at])
        fresh = fresh[~below[fresh]].astype(np.int64)
        below[fresh] = True
    owed = Owed.of(promises.held)
    everyone = np.flatnonzero(below)
    debts = np.unique(owed.facility[expanded(owed.ptr, everyone)[1]])
    own = owed.facility[owed.ptr[party] : owed.ptr[party + 1]]
    debts = np.setdiff1d(debts, own)
    debts = debts[promises.drawn[debts] > 0]
    debts = debts[np.argsort(-promises.drawn[debts], kind="stable")]
    lines = [reasons.credit(analysis, f, int(promises.drawn[f])) for f in debts[:SHOWN].tolist()]
    if len(debts) > SHOWN:
        lines.append(Line("more", {"count": len(debts) - SHOWN}, total(promises.drawn[debts[SHOWN:]])))
    names = analysis.snapshot.party_ids
    ways = [
        Line(
            "guarantees",
            {"start": names[int(edges.source[e])].as_py(), "to": names[int(edges.target[e])].as_py()},
            rows=reasons.places(
                analysis,
                "guarantees",
                promises.rows.row[np.unique(edges.fact[edges.fact_ptr[e] : edges.fact_ptr[e + 1]])].tolist(),
            ),
        )
        for e in np.sort(expanded(edges.ptr, everyone)[1])[:SHOWN].tolist()
    ]
    said = {"id": names[party].as_py(), "depth": int(held.chains.depth[party])}
    return [Line("chain_reach", said, int(held.chains.reach[party]), below=(*lines, *ways), rule="sum")]


def _close_links(analysis: Parts, party: int) -> list[Line]:
    """The close links of a party as holder and as company, each over the shares that make it."""
    if not analysis.asks("close_link"):
        return []
    held, names = analysis.close_links, analysis.snapshot.party_ids
    made = []
    for k in np.unique(
        np.append(_holding(held.company, held.ptr, party), np.flatnonzero(held.holder == party))
    ):
        holder, companies = int(held.holder[k]), held.company[held.ptr[k] : held.ptr[k + 1]].tolist()
        told = sorted(companies, key=lambda c: (c != party, analysis.snapshot.party_rank[c]))[:COMPANIES]
        said = {"holder": names[holder].as_py(), "companies": len(companies)}
        made.append(Line("close_link", said, below=tuple(reasons.share(analysis, holder, c) for c in told)))
    return made


def _holding(company: Int32, ptr: Int64, party: int) -> Int64:
    """Which holders (places) have a party among their companies."""
    at = np.flatnonzero(company == party)
    return np.searchsorted(ptr, at, side="right").astype(np.int64) - 1


def _power(analysis: Parts, company: int) -> list[Line]:
    """The voting power of each player of a company, and all votes that are cast up to it."""
    held = analysis.power
    mine = [] if held is None else np.flatnonzero(held.company == company).tolist()
    if held is None or not mine:
        return []
    name = str(analysis.snapshot.party_ids[company])
    seats = tuple(_seats(analysis, Seats.of(analysis.control), company))
    index = tuple(
        Line(
            "index",
            {
                "player": _player(analysis, int(held.player[i])),
                "index": float(held.index[i]),
                "percent": f"{held.index[i]:.4%}",
                "simulated": bool(held.error[i]),
            },
        )
        for i in mine
    )
    return [Line("power", {"id": name}, below=(*index, *seats))]


def _player(analysis: Parts, player: int) -> str:
    """Id of a player; the company in brackets for its unknown owners."""
    n, names = analysis.snapshot.n, analysis.snapshot.party_ids
    return str(names[player]) if player < n else f"{UNKNOWN_ID} {names[player - n]}"


def _seats(analysis: Parts, seats: Seats, company: int) -> list[Line]:
    """Votes in the company and in every company whose votes are cast up to it."""
    rows, n = analysis.snapshot.tables["ownership"], analysis.snapshot.n
    listed, made = [company], []
    for c in listed:
        for s in range(int(seats.ptr[c]), int(seats.ptr[c + 1])):
            holder = int(seats.holder[s])
            if holder < n and holder not in listed and seats.ptr[holder] < seats.ptr[holder + 1]:
                listed.append(holder)
            at = np.flatnonzero((rows["owned_id"] == c) & (rows["owner_id"] == holder))
            said = {
                "player": _player(analysis, holder),
                "id": str(analysis.snapshot.party_ids[c]),
                "votes": int(seats.votes[s]),
                "of": int(seats.base[c]),
                "percent": f"{seats.votes[s] / SHARE.scale:.7%}",
            }
            made.append(Line("seat", said, rows=reasons.places(analysis, "ownership", rows.row[at].tolist())))
    return made
