"""Groups and parties: who belongs together and why, what is owed to whom, and what is left of each limit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.desk.credit import facilities
from app.desk.limits import limits_of
from app.desk.opened import SHOWN, Desk, Names, Row, first
from graph.model import DEPENDENCE_BASES


@dataclass(frozen=True)
class Party:
    """One party: names, figures over all lenders, its groups, who controls it, its facilities, its limits."""

    names: Names
    country: str
    industry: str
    rating: str
    figures: Row | None
    groups: list[Row]
    controllers: list[Row]
    facilities: list[Row]
    limits: list[Row]
    findings: list[Row]


@dataclass(frozen=True)
class Group:
    """One group: its figures, members with the reason for each, exposure by lender, bridge, limits, findings.

    ``cells`` are gross amounts by member and lender, both in the order of ``members`` and ``lenders``.
    """

    group_id: str
    names: Names
    figures: Row
    members: list[Row]
    member_count: int
    lenders: list[Row]
    cells: dict[tuple[str, str], Decimal]
    bridge: list[Row]
    limits: list[Row]
    findings: list[Row]


def top_groups(desk: Desk, count: int = SHOWN) -> list[Row]:
    """The groups with the largest gross exposure, with their names."""
    rows = first(desk.rows("groups"), count, gross="descending")
    for row in rows:
        row["names"] = desk.group_names(row["group_id"])
    return rows


def groups_of(desk: Desk, party: str) -> list[Row]:
    """The groups that a party is in: group_id, via, depth, members, gross."""
    rows: list[Row] = desk.rows("group_members", party_id=party).to_pylist()
    for row in rows:
        held = desk.rows("groups", group_id=row["group_id"]).to_pylist()[0]
        row |= {
            "members": held["members"],
            "gross": held["gross"],
            "names": desk.group_names(row["group_id"]),
        }
    return rows


def memberships(desk: Desk, ids: pa.Array) -> dict[str, list[str]]:
    """The groups that parties are in, by party."""
    table, found = desk.rows("group_members"), dict[str, list[str]]()
    table = table.filter(pc.is_in(table["party_id"], ids))
    for party_id, group_id in zip(table["party_id"].to_pylist(), table["group_id"].to_pylist(), strict=True):
        found.setdefault(party_id, []).append(group_id)
    return found


def group(desk: Desk, group_id: str) -> Group | None:
    """One group; None if this desk knows no such group."""
    held = desk.rows("groups", group_id=group_id).to_pylist()
    if not held:
        return None
    members = desk.rows("group_members", group_id=group_id)
    ids = members["party_id"]
    owed = desk.tables["party_exposures"]
    owed = owed.filter(pc.is_in(owed["party_id"], ids.combine_chunks()))
    totals = {r["party_id"]: r for r in owed.filter(pc.is_null(owed["lender_id"])).to_pylist()}
    rows = members.to_pylist()
    for row in rows:
        row["names"] = desk.names(row["party_id"])
        row["gross"] = totals.get(row["party_id"], {}).get("gross")
        row["limit"] = totals.get(row["party_id"], {}).get("limit")
    rows.sort(key=lambda r: (-(r["gross"] or 0), r["depth"], r["party_id"]))
    rows = rows[:SHOWN]
    _explain(desk, rows, ids.combine_chunks())
    lenders = desk.rows("group_exposures", group_id=group_id)
    lenders = lenders.filter(pc.is_valid(lenders["lender_id"])).sort_by([("gross", "descending")]).to_pylist()
    for row in lenders:
        row["lender"] = desk.lender(row["lender_id"])
    by_lender = owed.filter(pc.is_valid(owed["lender_id"])).select(["party_id", "lender_id", "gross"])
    cells = {(r["party_id"], r["lender_id"]): r["gross"] for r in by_lender.to_pylist() if r["gross"]}
    return Group(
        group_id, desk.group_names(group_id), held[0], rows, members.num_rows, lenders, cells,
        desk.rows("bridge", group_id=group_id).to_pylist(), limits_of(desk, [group_id, *held[0]["source_ids"]]),
        findings_of(desk, [group_id]),
    )  # fmt: skip


def findings_of(desk: Desk, subjects: list[str]) -> list[Row]:
    """Findings about any of these subjects, breaches first."""
    table = desk.tables["findings"]
    flat = pc.list_flatten(table["subjects"])
    hit = pc.is_in(flat, pa.array(subjects))
    parents = np.unique(np.asarray(pc.list_parent_indices(table["subjects"]))[np.asarray(hit)])
    return first(table.take(pa.array(parents)), SHOWN, severity="ascending", amount="descending")


def party(desk: Desk, party_id: str) -> Party | None:
    """One party; None if this desk knows no such party."""
    number = desk.number(party_id)
    if number is None:
        return None
    own = desk.id(number)
    totals = desk.rows("party_exposures", party_id=own, lender_id=None).to_pylist()
    country, industry, rating = (
        desk.text("parties", c)[number].as_py() or "" for c in ("country", "industry", "rating")
    )
    above = desk.rows("control", controlled_id=own).sort_by([("hops", "descending")]).to_pylist()
    for row in above:
        row["names"] = desk.names(row["controller_id"])
        row["rows"] = stakes(desk, row["controller_id"], own)
    return Party(
        desk.names(own), country, industry, rating, totals[0] if totals else None, groups_of(desk, own), above,
        facilities(desk, desk.owing[number].tolist()), limits_of(desk, [own]), findings_of(desk, [own]),
    )  # fmt: skip


def stakes(desk: Desk, owner: str, owned: str) -> list[str]:
    """Source rows of the direct stakes of one party in another."""
    a, b = desk.number(owner), desk.number(owned)
    if a is None or b is None:
        return []
    at = desk.holdings[b]
    return [
        desk.place("ownership", int(row))
        for row in at[desk.snapshot.tables["ownership"]["owner_id"][at] == a]
    ]


def _explain(desk: Desk, rows: list[Row], inside: pa.Array) -> None:
    """Say with each member why it is in the group: the controller with its votes, or the fact that ties it."""
    control = desk.tables["control"]
    owned = pa.array([r["party_id"] for r in rows if r["via"] == "control"], pa.string())
    held = control.filter(pc.is_in(control["controlled_id"], owned))
    held = held.filter(pc.is_in(held["controller_id"], inside))
    order = [("direct", "ascending"), ("hops", "descending"), ("controller_id", "descending")]
    best = {r["controlled_id"]: r for r in held.sort_by(order).to_pylist()}
    for row in rows:
        party, tie = row["party_id"], best.get(row["party_id"])
        row["why"] = {"by": None, "votes": None, "basis": row["via"], "rows": []}
        if row["via"] == "control" and tie is not None:
            by = tie["controller_id"]
            row["why"] = {
                "by": desk.names(by), "votes": tie["votes"], "basis": tie["basis"], "rows": stakes(desk, by, party),
            }  # fmt: skip
        elif row["via"] == "dependence":
            row["why"] = _leaning(desk, party) or row["why"]


def _leaning(desk: Desk, party: str) -> Row | None:
    """On whom a party depends, by the first fact in the book that says so."""
    number, rows = desk.number(party), desk.snapshot.tables["dependence"]
    for row in np.flatnonzero(rows["dependent_id"] == number).tolist() if len(rows) else []:
        on = desk.names(desk.id(int(rows["on_id"][row])))
        basis = DEPENDENCE_BASES[rows["basis"][row]]
        return {"by": on, "votes": None, "basis": basis, "rows": [desk.place("dependence", row)]}
    return None
