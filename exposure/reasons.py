"""Reasons: what single rows of results rest on - guarantors, guarantees, facilities, rings and shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from exposure.guarantees.calls import largest
from exposure.guarantees.rings import KINDS, ring_id
from exposure.lines import Lines
from exposure.lookthrough import UNKNOWN, UNKNOWN_ID
from exposure.mitigation.substitution import REASONS
from exposure.ownership.shareholding import chains
from exposure.parts import Parts
from exposure.statement import Line
from graph.model import GUARANTEE_FORMS, MONEY, SHARE, TABLES
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]


def of(analysis: Parts, subject: str) -> tuple[Line, ...]:
    """What a ring, a guarantee, a facility or a pair of parties rests on; nothing where the subject is none."""
    if subject.startswith("R:"):
        return _ring(analysis, subject)
    owner, sign, company = subject.partition(">")
    number = analysis.snapshot.number_of
    if sign and owner in number and company in number:
        return (share(analysis, number[owner], number[company]),)
    for table, told in (("guarantees", _guarantee), ("facilities", _facility)):
        found = analysis.snapshot.tables[table].text(TABLES[table].key[0]).index(subject).as_py()
        if found >= 0:
            return told(analysis, found)
    return ()


def of_party(analysis: Parts, party: int) -> list[Line]:
    """What a party's guarantees and its beneficial owners rest on."""
    return [*_guarantor(analysis, party), *_owners(analysis, party)]


def places(analysis: Parts, table: str, rows: Iterable[int]) -> tuple[tuple[str, int], ...]:
    """Files and lines of book rows; nothing where the book itself is not at hand."""
    book = analysis.snapshot.book
    return () if book is None else tuple(book.place(table, int(row)) for row in rows)


def summed(analysis: Parts, key: str, name: str, lines: Lines, column: str = "gross") -> Line:
    """A figure over the facilities and umbrella lines that it was summed from."""
    snapshot = analysis.snapshot
    umbrellas = snapshot.tables["umbrellas"]
    made = []
    for facility, umbrella, units in zip(
        lines.facility.tolist(), lines.umbrella.tolist(), getattr(lines, column).tolist(), strict=True
    ):
        amount = None if units == NULL else units
        if facility < 0:
            code = umbrellas.text("umbrella_id")[umbrella].as_py()
            rows = places(analysis, "umbrellas", [umbrellas.row[umbrella]])
            made.append(Line("umbrella", {"umbrella": code}, amount, rows))
            continue
        made.append(credit(analysis, facility, amount))
    return Line(key, {"id": name}, sum(line.amount or 0 for line in made), below=tuple(made), rule="sum")


def credit(analysis: Parts, facility: int, amount: int | None) -> Line:
    """One facility and an amount of it."""
    snapshot, rows = analysis.snapshot, analysis.snapshot.tables["facilities"]
    said = {
        "facility": rows.text("facility_id")[facility].as_py(),
        "lender": snapshot.tables["lenders"].text("lender_id")[int(rows["lender_id"][facility])].as_py(),
        "obligor": snapshot.party_ids[int(rows["obligor_id"][facility])].as_py(),
    }
    key = "unknown" if amount is None else "facility"
    return Line(key, said, amount, places(analysis, "facilities", [rows.row[facility]]))


def number_of(analysis: Parts, party: str) -> int:
    """A party's number by its id; -1 of ``(unknown)``, to whom unidentified underlyings belong."""
    return UNKNOWN if party == UNKNOWN_ID else analysis.snapshot.number_of[party]


def _guarantor(analysis: Parts, party: int) -> list[Line]:
    """What a guarantor gave, may be called for, and what its net assets make of it."""
    held = analysis.guarantees
    if not held.obligors[party]:
        return []
    p = held.promises
    name = analysis.snapshot.party_ids[party].as_py()
    alive = np.flatnonzero(p.alive & (p.guarantor == party)).tolist()
    given = tuple(_promise(analysis, g, int(held.each[g])) for g in alive)
    lines = [Line("given", {"id": name}, sum(line.amount or 0 for line in given), below=given, rule="sum")]
    pairs = np.flatnonzero(p.live & (p.guarantor[p.guarantee] == party) & ~p.bounds.unknown[p.guarantee])
    if held.max_call[party] != NULL:
        called = tuple(asked(analysis, int(k)) for k in pairs)
        lines.append(Line("max_call", {"id": name}, int(held.max_call[party]), below=called, rule="at_most"))
    if held.allocated[party] == NULL or held.net_assets[party] == NULL:
        return lines
    mine = np.flatnonzero((p.guarantor[p.guarantee] == party) & (held.cover.known > 0))
    parts = tuple(_covered(analysis, int(k), int(held.cover.known[k])) for k in mine)
    cover = Line("allocated", {"id": name}, int(held.allocated[party]), below=parts, rule="sum")
    row = analysis.snapshot.parties.row[party]
    worth = Line(
        "net_assets", {"id": name}, max(int(held.net_assets[party]), 0), places(analysis, "parties", [row])
    )
    effective = Line(
        "effective", {"id": name}, int(held.effective[party]), below=(cover, worth), rule="least"
    )
    return [
        *lines,
        Line("illusory", {"id": name}, int(held.illusory[party]), below=(cover, effective), rule="first"),
    ]


def _promise(analysis: Parts, guarantee: int, amount: int) -> Line:
    """One guarantee and its amount."""
    rows = analysis.snapshot.tables["guarantees"]
    form = int(rows["form"][guarantee])
    said = {
        "guarantee": rows.text("guarantee_id")[guarantee].as_py(),
        "form": GUARANTEE_FORMS[form] if form >= 0 else "",
    }
    return Line(
        "promise",
        said,
        None if amount == NULL else amount,
        places(analysis, "guarantees", [rows.row[guarantee]]),
    )


def _covered(analysis: Parts, pair: int, amount: int) -> Line:
    """What one guarantee promises or covers of one facility."""
    p, tables = analysis.guarantees.promises, analysis.snapshot.tables
    g, f = int(p.guarantee[pair]), int(p.facility[pair])
    said = {
        "guarantee": tables["guarantees"].text("guarantee_id")[g].as_py(),
        "facility": tables["facilities"].text("facility_id")[f].as_py(),
    }
    rows = places(analysis, "guarantees", [tables["guarantees"].row[g]])
    return Line(
        "covered", said, amount, (*rows, *places(analysis, "facilities", [tables["facilities"].row[f]]))
    )


def asked(analysis: Parts, pair: int) -> Line:
    """What one guarantee promises of one facility, within its cap and once for all who guarantee the debt."""
    p = analysis.guarantees.promises
    line = _covered(analysis, pair, int(p.promised[pair]))
    cap = int(p.bounds.bound[p.guarantee[pair]])
    said = {"cap": _money(cap), "debt": _money(int(p.drawn[p.facility[pair]]))}
    return replace(line, places={**line.places, **said})


def _guarantee(analysis: Parts, guarantee: int) -> tuple[Line, ...]:
    """What a guarantee moves from obligors to its guarantor, facility by facility, or why it does not."""
    made = analysis.mitigation[0].substitution
    p, caps = made.promises, made.caps()
    below = []
    for k in range(int(p.ptr[guarantee]), int(p.ptr[guarantee + 1])):
        amount = int(made.cover.amount[k])
        line = _covered(analysis, k, 0 if amount == NULL else amount)
        said = {"cap": _money(int(caps[k])), "debt": _money(int(made.cover.debt[p.facility[k]]))}
        line = replace(line, places={**line.places, **said})
        why = REASONS[int(made.reason[k])]
        below.append(replace(line, key="moved_none", places={**line.places, "why": why}) if why else line)
    name = analysis.snapshot.party_ids[int(p.guarantor[guarantee])].as_py()
    total = sum(line.amount or 0 for line in below)
    stated = _promise(analysis, guarantee, int(analysis.guarantees.each[guarantee]))
    return stated, Line("moved", {"id": name}, total, below=tuple(below), rule="sum")


def _facility(analysis: Parts, facility: int) -> tuple[Line, ...]:
    """What a facility is worth gross, and what secures it."""
    held, rows = analysis.facilities[0], analysis.snapshot.tables["facilities"]
    name = rows.text("facility_id")[facility].as_py()
    source = places(analysis, "facilities", [rows.row[facility]])
    if not held.counted[facility]:
        return (Line("not_counted", {"facility": name}, rows=source),)
    amounts = {c: int(getattr(held, c)[facility]) for c in ("limit", "drawn", "gross")}
    ccf = _percent(int(held.ccf[facility]))
    lines = []
    if NULL not in amounts.values():
        drawn = Line("drawn", {}, amounts["drawn"], source)
        rest = Line("converted", {"ccf": ccf}, amounts["gross"] - amounts["drawn"], source)
        lines.append(Line("worth", {"facility": name}, amounts["gross"], below=(drawn, rest), rule="sum"))
    secured = analysis.collateral
    at = np.flatnonzero((secured.facility == facility) & (secured.amount != NULL)).tolist()
    assets = tuple(
        Line(
            "asset",
            {
                "asset": secured.names[int(secured.asset[i])].as_py(),
                "haircut": _percent(int(secured.cut[i])),
                "rank": None if secured.rank[i] == NULL else int(secured.rank[i]),
                "value": _money(int(secured.value[secured.asset[i]])),
                "pledged": _money(int(secured.pledged[i])),
            },
            int(secured.amount[i]),
            places(analysis, "pledges", [analysis.snapshot.tables["pledges"].row[int(secured.row[i])]]),
        )
        for i in at
    )
    if assets:
        whole = int(secured.secured[facility])
        lines.append(Line("secured", {"facility": name}, whole, below=assets, rule="at_most"))
    return tuple(lines) or (Line("unknown", {"facility": name}, rows=source),)


def _ring(analysis: Parts, subject: str) -> tuple[Line, ...]:
    """The guarantees that a ring runs through, the smallest its amount, and what it would take to cut it."""
    rings, names = analysis.rings, analysis.snapshot.party_ids
    for r in range(len(rings)):
        members = rings.members[rings.ptr[r] : rings.ptr[r + 1]].tolist()
        if ring_id([names[m].as_py() for m in members]) != subject:
            continue
        joint = KINDS[int(rings.kind[r])] == "joint"
        pairs = (
            [(a, b) for a in members for b in members if a != b]
            if joint
            else [*pairwise([*members, members[0]])]
        )
        edges = tuple(_edge(analysis, a, b) for a, b in pairs)
        amount = None if rings.amount[r] == NULL else int(rings.amount[r])
        said = {
            "kind_of_ring": KINDS[int(rings.kind[r])],
            "ring": " > ".join(names[m].as_py() for m in members),
        }
        return (
            Line("ring", said, amount, below=edges, rule="" if amount is None else "least"),
            *_cut(analysis, r),
        )
    return ()


def _edge(analysis: Parts, giver: int, debtor: int) -> Line:
    """All that one party guarantees for another: covered drawn debts, within caps."""
    p, names = analysis.rings.promises, analysis.snapshot.party_ids
    own = p.live & (p.guarantor[p.guarantee] == giver) & (p.debtor == debtor)
    amount = int(largest(p, np.where(own, 0, -1).astype(np.int32), 1)[0])
    rows = analysis.snapshot.tables["guarantees"].row[np.unique(p.guarantee[own])]
    said = {"start": names[giver].as_py(), "to": names[debtor].as_py()}
    return Line("edge", said, amount, places(analysis, "guarantees", rows.tolist()))


def _cut(analysis: Parts, ring: int) -> list[Line]:
    """The cheapest cut of a ring, where an appetite was given."""
    if analysis.cuts is None:
        return []
    cut = analysis.cuts.cuts[ring]
    worst = Line("worst", {}, cut.loss)
    if cut.guarantees is None:
        return [worst, Line("no_cut", {})]
    covered = analysis.rings.promises.covered
    below = tuple(_promise(analysis, g, int(covered[g])) for g in cut.guarantees)
    return [worst, Line("cut", {}, cut.cost, below=below, rule="sum")]


def _owners(analysis: Parts, party: int) -> list[Line]:
    """The beneficial owners of a company, each with the chains of its share."""
    held = analysis.beneficial
    names = analysis.snapshot.party_ids
    table = held.table()
    made = []
    for i in np.flatnonzero(held.company == party).tolist():
        said = {
            "person": names[int(held.person[i])].as_py(),
            "id": names[party].as_py(),
            "basis": table["basis"][i].as_py(),
        }
        made.append(Line("beneficial", said, below=(share(analysis, int(held.person[i]), party),)))
    return made


def share(analysis: Parts, owner: int, company: int) -> Line:
    """The integrated share of a party in another, over the chains that it adds up."""
    names, rows = analysis.snapshot.party_ids, analysis.snapshot.tables["ownership"]
    found = chains(analysis.ownership, owner, company)
    below = []
    for chain in found.found:
        at = [
            int(i)
            for a, b in pairwise(chain.parties)
            for i in np.flatnonzero((rows["owner_id"] == a) & (rows["owned_id"] == b))
        ]
        stakes = [s / SHARE.scale for s in chain.stakes]
        said = {
            "chain": " > ".join(names[p].as_py() for p in chain.parties),
            "stakes": stakes,
            "loops": chain.loops,
            "share": chain.share,
            "percent": f"{chain.share:.7%}",
        }
        below.append(Line("chain", said, rows=places(analysis, "ownership", rows.row[at].tolist())))
    whole = found.integrated
    if np.isnan(whole):  # in a closed set there is no integrated share: the stake itself tells
        own = np.flatnonzero((rows["owner_id"] == owner) & (rows["owned_id"] == company))
        held = analysis.snapshot.stakes
        mine = slice(int(held.out_ptr[owner]), int(held.out_ptr[owner + 1]))
        stake = int(held.out_share[mine][held.owned[mine] == company].sum())
        told = {"owner": names[owner].as_py(), "id": names[company].as_py(), "stake": stake / SHARE.scale}
        told["percent"] = _percent(stake)
        below.append(Line("stake", told, rows=places(analysis, "ownership", rows.row[own].tolist())))
    factor = float(analysis.ownership.loop_factor[owner])
    said = {
        "owner": names[owner].as_py(),
        "id": names[company].as_py(),
        "share": None if np.isnan(whole) else whole,
        "own_loops": None if np.isnan(factor) else factor,
        "rest": None if np.isnan(whole) else found.rest,
        "percent": "-" if np.isnan(whole) else f"{whole:.7%}",
    }
    return Line("share", said, below=tuple(below))


def _percent(units: int) -> str:
    """Parts per 10^9 as a percentage."""
    return f"{units / SHARE.scale:.7%}"


def _money(units: int) -> str | None:
    """Minor units as decimal text, None where unknown."""
    return None if units == NULL else f"{Decimal(units).scaleb(-MONEY.places):f}"
