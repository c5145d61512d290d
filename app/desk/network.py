"""Networks: which parties and ties a picture shows, and how many neighbours of each it leaves out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.desk.credit import amount
from app.desk.opened import Desk, Names
from graph.model import CONTROL_FACTS, CONTROL_MARKS, DEPENDENCE_BASES, GUARANTEE_FORMS, SHARE
from graph.money import NULL

FIRST: Final = 60
"""Parties that a picture begins with at most; more are opened on demand."""
MOST: Final = 1000
"""Parties that a picture shows at all."""


@dataclass(frozen=True)
class Tie:
    """An edge: ``kind`` is owns, control, guarantee, dependence or loss (in a ``round`` of contagion); ``place`` its source row.

    ``share`` is exact (0..1), ``total`` the integrated share, None where no number exists, ``amount`` in
    ``currency``; ``controls`` says whether the owner controls the owned;
    ``word`` is the basis of a fact or the form of a guarantee; ``ring`` marks a tie inside a circle.
    """

    id: str
    kind: str
    source: str
    target: str
    share: Decimal | None = None
    total: float | None = None
    amount: Decimal | None = None
    currency: str = ""
    controls: bool = False
    word: str = ""
    place: str = ""
    ring: bool = False
    round: int | None = None


@dataclass(frozen=True)
class Node:
    """A party in a picture: its gross over all lenders, whether it is of the group, neighbours not shown.

    ``round`` is the round of contagion in which it failed.
    """

    names: Names
    gross: Decimal | None
    member: bool
    hidden: int
    round: int | None = None


@dataclass(frozen=True)
class Network:
    """The parties and ties of one picture; ``left_out`` members are not in it."""

    nodes: list[Node] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    left_out: int = 0


def of_group(desk: Desk, group_id: str, opened: Collection[str] = ()) -> Network:
    """The picture of a group: its members (the nearest and largest first), who owns them, who guarantees them."""
    members = desk.rows("group_members", group_id=group_id).sort_by(
        [("depth", "ascending"), ("party_id", "ascending")]
    )
    ids = members["party_id"].to_pylist()
    first = [n for n in map(desk.number, ids[:FIRST]) if n is not None]
    shown = dict.fromkeys(first)
    for number in first:
        shown |= dict.fromkeys(_owners(desk, number))
    for number in first[:FIRST]:
        shown |= dict.fromkeys(_vouched(desk, number)[:4])
    return of_parties(desk, shown, set(ids), opened, left_out=max(len(ids) - FIRST, 0))


def of_parties(
    desk: Desk, start: Iterable[int], members: Collection[str], opened: Collection[str], left_out: int = 0
) -> Network:
    """The picture of some parties and the neighbours of those that were opened."""
    shown = dict.fromkeys(start)
    for party in opened:
        number = desk.number(party)
        if number is not None:
            shown |= dict.fromkeys([number, *_neighbours(desk, number)])
    numbers = list(shown)[:MOST]
    inside = set(numbers)
    owed = gross(desk, pa.array([desk.id(n) for n in numbers], pa.string()))
    nodes = [
        Node(
            desk.names(desk.id(n)), owed.get(desk.id(n)), desk.id(n) in members,
            len(set(_neighbours(desk, n)) - inside),
        )
        for n in numbers
    ]  # fmt: skip
    return Network(nodes, _ties(desk, inside), left_out)


def _owners(desk: Desk, number: int) -> list[int]:
    """Direct holders of a party, the largest first, at most eight."""
    stakes = desk.snapshot.stakes
    at = slice(stakes.ptr[number], stakes.ptr[number + 1])
    order = np.argsort(-stakes.share[at], kind="stable")[:8]
    return [int(n) for n in stakes.owner[at][order]]


def _owned(desk: Desk, number: int) -> list[int]:
    """Parties in which a party holds a direct stake."""
    stakes = desk.snapshot.stakes
    return [int(n) for n in stakes.owned[stakes.out_ptr[number] : stakes.out_ptr[number + 1]]]


def _vouched(desk: Desk, number: int) -> list[int]:
    """Guarantors and guaranteed of a party."""
    guarantor, obligor, _ = desk.promises
    return [*guarantor[desk.received[number]].tolist(), *obligor[desk.given[number]].tolist()]


def _neighbours(desk: Desk, number: int) -> list[int]:
    """Everyone next to a party by ownership or guarantee, once, itself left out."""
    stakes = desk.snapshot.stakes
    near = [
        *stakes.owner[stakes.ptr[number] : stakes.ptr[number + 1]].tolist(),
        *_owned(desk, number)[:MOST],
        *_vouched(desk, number)[:MOST],
    ]
    return [n for n in dict.fromkeys(near) if n != number]


def gross(desk: Desk, ids: pa.Array) -> dict[str, Decimal]:
    """Gross over all lenders by party."""
    table = desk.tables["party_exposures"]
    table = table.filter(pc.and_(pc.is_null(table["lender_id"]), pc.is_in(table["party_id"], ids)))
    return dict(zip(table["party_id"].to_pylist(), table["gross"].to_pylist(), strict=True))


def _ties(desk: Desk, inside: set[int]) -> list[Tie]:
    """Every tie between these parties."""
    ids = pa.array([desk.id(n) for n in sorted(inside)], pa.string())
    control = desk.tables["control"]
    control = control.filter(
        pc.and_(pc.is_in(control["controller_id"], ids), pc.is_in(control["controlled_id"], ids))
    )
    commands = set(
        zip(control["controller_id"].to_pylist(), control["controlled_id"].to_pylist(), strict=True)
    )
    return [
        *_owning(desk, inside, commands),
        *_facts(
            desk, inside, "control", ("controller_id", "controlled_id"), (*CONTROL_FACTS, *CONTROL_MARKS)
        ),
        *_facts(desk, inside, "dependence", ("on_id", "dependent_id"), DEPENDENCE_BASES),
        *_promised(desk, inside),
    ]


def _owning(desk: Desk, inside: set[int], commands: set[tuple[str, str]]) -> list[Tie]:
    """Stakes, holdings of one pair added up."""
    stakes, made = desk.snapshot.stakes, []
    for owned in sorted(inside):
        for i in range(int(stakes.ptr[owned]), int(stakes.ptr[owned + 1])):
            if int(stakes.owner[i]) in inside:
                a, b = desk.id(int(stakes.owner[i])), desk.id(owned)
                share = Decimal(int(stakes.share[i])) / SHARE.scale
                total = _integrated(desk.tables["shares"], a, b)
                made.append(Tie(f"o|{a}|{b}", "owns", a, b, share, total, controls=(a, b) in commands))
    return made


def _integrated(shares: pa.Table, owner: str, owned: str) -> float | None:
    """The integrated share of a pair, found by halving: rows are in the order of owners, then of what they own."""
    owners, companies = shares["owner_id"], shares["owned_id"]
    wanted = (owner, owned)
    at = bisect_left(range(len(owners)), wanted, key=lambda i: (owners[i].as_py(), companies[i].as_py()))
    if at == len(owners) or (owners[at].as_py(), companies[at].as_py()) != wanted:
        return None
    held: float | None = shares["integrated"][at].as_py()
    return held


def _facts(
    desk: Desk, inside: set[int], table: str, ends: tuple[str, str], bases: tuple[str, ...]
) -> list[Tie]:
    """Rows of a table of facts between these parties."""
    rows = desk.snapshot.tables[table]
    if not len(rows):
        return []
    chosen = list(inside)
    at = np.flatnonzero(np.isin(rows[ends[0]], chosen) & np.isin(rows[ends[1]], chosen))
    return [
        Tie(
            f"{table[0]}|{row}", table, desk.id(int(rows[ends[0]][row])), desk.id(int(rows[ends[1]][row])),
            word=bases[rows["basis"][row]], place=desk.place(table, row),
        )
        for row in at.tolist()
    ]  # fmt: skip


def _promised(desk: Desk, inside: set[int]) -> list[Tie]:
    """Guarantees between these parties."""
    guarantor, obligor, row = desk.promises
    held = desk.snapshot.tables["guarantees"]
    names = desk.text("guarantees", "guarantee_id")
    made = []
    for debtor in sorted(inside):
        for i in desk.received[debtor].tolist():
            if int(guarantor[i]) not in inside or int(guarantor[i]) == debtor:
                continue
            g = int(row[i])
            cap = int(held["cap"][g]) if "cap" in held else NULL
            currency = int(held["currency"][g]) if "currency" in held else -1
            made.append(
                Tie(
                    f"g|{names[g].as_py()}|{desk.id(debtor)}", "guarantee", desk.id(int(guarantor[i])),
                    desk.id(int(obligor[i])), amount=amount(cap), word=GUARANTEE_FORMS[held["form"][g]],
                    currency=desk.snapshot.fx.currencies[currency] if currency >= 0 else desk.base,
                    place=desk.place("guarantees", g),
                )
            )  # fmt: skip
    return made
