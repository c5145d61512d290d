"""Circles of guarantees: the list, one of them on a picture, and the network that they lie in."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow.compute as pc

from app.desk.network import MOST, Network, of_parties
from app.desk.opened import SHOWN, Desk, Row, first

PARTS: Final = 12
"""Parts of the guarantee network that its overview begins with."""
CORE: Final = 36
"""Parties of a part that are drawn at first: those with most guarantees; the rest are counted beside them."""


def rings(desk: Desk) -> Row:
    """Circles by amount (``rows``), how many there are, and guarantors with the most illusory cover."""
    rows = first(desk.tables["rings"], SHOWN, amount="descending")
    for row in rows:
        row["names"] = [desk.names(member) for member in row["members"]]
    whole = desk.tables["guarantors"]
    held = first(whole, SHOWN, illusory_cover="descending", given="descending")
    for row in held:
        row["names"] = desk.names(row["party_id"])
    return {
        "rows": rows, "count": desk.tables["rings"].num_rows, "guarantors": held, "guarantor_count": whole.num_rows,
        "given": pc.sum(whole["given"]).as_py(), "illusory": pc.sum(whole["illusory_cover"]).as_py(),
        "parties": len(desk.webs[1]),
    }  # fmt: skip


def ring(desk: Desk, ring_id: str, opened: tuple[str, ...] = ()) -> tuple[Row, Network] | None:
    """One circle and its picture; None if this desk has no such circle."""
    held = desk.rows("rings", ring_id=ring_id).to_pylist()
    if not held:
        return None
    row, members = held[0], set(held[0]["members"])
    row["names"] = [desk.names(member) for member in row["members"]]
    numbers = [n for n in map(desk.number, row["members"]) if n is not None]
    made = of_parties(desk, numbers, members, opened)
    ties = [
        replace(t, ring=t.kind == "guarantee" and t.source in members and t.target in members)
        for t in made.ties
    ]
    return row, replace(made, ties=ties)


def web(desk: Desk, opened: tuple[str, ...] = (), parts: int = PARTS) -> tuple[Network, list[list[str]], int]:
    """The guarantee network: the cores of its largest parts, those parts by id, and how many parts there are."""
    part, inside, order = desk.webs
    guarantor, obligor, _ = desk.promises
    ties_of = np.bincount(np.concatenate([guarantor, obligor]), minlength=desk.snapshot.n)
    chosen: list[list[int]] = []
    left = MOST
    for p in order[:parts].tolist():
        members = inside[part[inside] == p]
        most = members[np.argsort(-ties_of[members], kind="stable")][: min(CORE, left)]
        chosen.append(sorted(most.tolist()))
        left -= len(most)
        if left <= 0:
            break
    made = of_parties(desk, [n for held in chosen for n in held], set(), opened)
    circles = [set(m) for m in desk.tables["rings"]["members"].slice(0, 10_000).to_pylist()]
    around = [c for c in circles if c <= {node.names.id for node in made.nodes}]
    ties = [
        replace(t, ring=t.kind == "guarantee" and any(t.source in c and t.target in c for c in around))
        for t in made.ties
        if t.kind == "guarantee"
    ]
    members_of = {m for c in around for m in c}
    nodes = [replace(node, member=node.names.id in members_of) for node in made.nodes]
    ids = [[desk.id(n) for n in held] for held in chosen]
    extra = {node.names.id for node in nodes} - {i for held in ids for i in held}
    return Network(nodes, ties), [*ids, *[[i] for i in sorted(extra)]], len(order)
