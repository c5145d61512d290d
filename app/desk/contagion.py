"""Contagion: a scenario played round by round, the ranking of parties, simulated losses, reverse stress.

These run the engine when they are asked; a page shows progress and keeps the answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.contagion import Asked, played, run
from app.desk.network import Network, Node, Tie
from app.desk.opened import Desk, Row, first
from app.formats import modelled
from app.refusals import refusal
from app.staging import Said, currencies, kinds, linked, parsed, staged
from graph.errors import InputError, OptionError, Problem

if TYPE_CHECKING:
    from exposure.contagion.scenario import Scenario

Given = tuple[tuple[str, str], ...]
"""Entries of a scenario as a link says them, such as ``("lgd.bond", "0.6")``."""

SHOWN: Final = 60
DRAWN: Final = 120
"""Parties and lenders that a picture of a cascade shows, the largest amounts first."""
BINS: Final = 24
MOST: Final = 100_000
"""Scenarios that a simulation of a page draws at most."""

LINKED: Final = 100
"""Entries of a scenario that a link says at most."""


def failing(desk: Desk, fail: tuple[str, ...]) -> list[str]:
    """The parties that fail: those that are named, and all members of groups that are named."""
    made: dict[str, None] = {}
    for name in fail:
        members = desk.rows("group_members", group_id=name)["party_id"].to_pylist()
        if desk.number(name) is None and not members:
            raise refusal(OptionError, "no_subject", name=name)
        made |= dict.fromkeys(members or [name])
    return list(made)


def scenario(desk: Desk, fail: tuple[str, ...], given: Given) -> Scenario:
    """The scenario that a link says: its entries over the options of the report, and who fails."""
    chosen = staged(desk.analysis.scenario, linked(given), desk.snapshot)
    return replace(chosen, fail=tuple(failing(desk, fail)))


def assumptions(desk: Desk) -> Row:
    """What a scenario assumes unless it says otherwise (``lgd``, ``pays``), and the names that it may use."""
    held = desk.analysis.scenario
    return {
        "lgd": held.lgd, "pays": held.failing_guarantor_pays, "products": desk.products, "kinds": kinds(desk.snapshot),
        "currencies": currencies(desk.snapshot),
    }  # fmt: skip


def uploaded(desk: Desk, held: bytes, name: str) -> Row:
    """A scenario file as a link says it: who ``fail``, and the entries that are ``given``. ``InputError`` as ``staged``."""
    said = parsed(held, name)
    chosen = staged(desk.analysis.scenario, said, desk.snapshot)
    given = _given(said)
    if len(given) + len(chosen.fail) > LINKED:
        told = (
            f"{len(given) + len(chosen.fail)} parties and values are more than the {LINKED} that a link holds"
        )
        raise InputError(
            [Problem(name, 0, "", "", "uploaded", told, "run it with konzern contagion --scenario")]
        )
    return {"fail": chosen.fail, "given": given}


def _given(said: Said) -> dict[str, str]:
    """The entries of a scenario file as a link says them, without who fails and what is for readers."""
    made: dict[str, str] = {}
    for entry, value in said.entries.items():
        if isinstance(value, dict):
            made |= {f"{entry}.{name}": str(number) for name, number in value.items()}
        elif entry not in ("fail", "name", "note"):
            made[entry] = str(value).lower()
    return made


def cascade(desk: Desk, fail: tuple[str, ...], given: Given = ()) -> Row:
    """The group cascade of a scenario.

    ``summary``, ``first`` losses, ``parties`` that lose or fail, ``lenders``, ``edges`` with names, ``rounds``, and the
    ``tables`` of all.
    """
    chosen = scenario(desk, fail, given)
    tables, summary = played(desk.analysis, chosen)
    parties = tables["parties"]
    hurt = parties.filter(pc.or_(parties["failed"], pc.greater(parties["loss"], 0)))
    rows = first(hurt, SHOWN, failed="descending", round="ascending", loss="descending")
    for row in rows:
        row["names"] = desk.names(row["party_id"])
    lenders = [r for r in tables["lenders"].sort_by([("loss", "descending")]).to_pylist() if r["loss"]]
    for row in lenders:
        row["lender"] = desk.lender(row["lender_id"])
    edges = tables["edges"]
    return {
        "summary": summary, "first": _first(desk, chosen), "parties": rows, "lenders": lenders, "edges": edges,
        "rounds": pc.max(edges["round"]).as_py() or 0, "failed": dict(zip(*_failed(parties), strict=True)), "tables": tables,
    }  # fmt: skip


def _first(desk: Desk, chosen: Scenario) -> list[Row]:
    """What parties lose at first: a ``share`` of their equity, or a ``loss`` in the base currency."""
    held = dict.fromkeys([*chosen.loss_share, *chosen.loss])
    return [
        {"names": desk.names(p), "share": chosen.loss_share.get(p), "loss": modelled(chosen.loss.get(p))}
        for p in held
    ]


def _failed(parties: pa.Table) -> tuple[list[str], list[int]]:
    """Parties that fail, and in which round."""
    table = parties.filter(parties["failed"])
    return table["party_id"].to_pylist(), table["round"].to_pylist()


def drawn(desk: Desk, held: Row, upto: int) -> Network:
    """The picture of a cascade up to a round: who passed how much on to whom, by which channel."""
    edges = held["edges"]
    edges = edges.filter(pc.and_(pc.is_valid(edges["from_id"]), pc.less_equal(edges["round"], upto)))
    edges = edges.sort_by([("amount", "descending")])
    ends: dict[str, None] = dict.fromkeys(p for p, r in held["failed"].items() if r == 0)
    ends |= dict.fromkeys(row["names"].id for row in held["first"])
    ties = []
    for row in edges.to_pylist():
        more = dict.fromkeys((row["from_id"], row["to_id"]))
        if len(ends | more) > DRAWN:
            continue
        ends |= more
        amount = modelled(row["amount"])
        ties.append(
            Tie(
                f"l|{row['round']}|{row['channel']}|{row['from_id']}|{row['to_id']}", "loss", row["from_id"], row["to_id"],
                amount=amount, currency=desk.base, word=row["channel"], round=row["round"],
            )
        )  # fmt: skip
    return Network([_node(desk, n, held["failed"], upto) for n in ends], ties)


def _node(desk: Desk, name: str, failed: dict[str, int], upto: int) -> Node:
    """A party or lender of a cascade, with the round in which it failed."""
    when, lender = failed.get(name), desk.lenders.get(name)
    shown = when if when is not None and when <= upto else None
    return Node(lender or desk.names(name), None, member=lender is not None, hidden=0, round=shown)


def ranking(desk: Desk) -> Row:
    """Every party failed in turn: who costs the lenders and others most, by channel, as the report lists them."""
    table = desk.tables["ranking"]
    rows = first(table, SHOWN, rank="ascending")
    for row in rows:
        row["names"] = desk.names(row["party_id"])
    return {"rows": rows, "count": table.num_rows}


def simulated(desk: Desk, draws: int, seed: int) -> Row:
    """Losses of lenders over drawn scenarios: risk by lender, and a histogram of the total."""
    if not 1 <= draws <= MOST:
        raise refusal(OptionError, "bad_draws", draws=draws, most=MOST)
    tables, summary = run(desk.analysis, Asked(monte_carlo=draws, seed=seed))
    risk = tables["risk"].to_pylist()
    for row in risk:
        row["lender"] = desk.lender(row["lender_id"])
    table = tables["scenarios"]
    losses = np.asarray(table.filter(pc.is_null(table["lender_id"]))["loss"])
    counts, edges = (
        np.histogram(losses[losses > 0], bins=BINS) if (losses > 0).any() else (np.zeros(0, int), np.zeros(1))
    )
    bins = [
        {"from": modelled(float(a)), "to": modelled(float(b)), "count": int(n)}
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    notes = [(r["text_en"], r["text_zh"]) for r in tables["findings"].slice(0, 3).to_pylist()]
    return {
        "risk": risk,
        "bins": bins,
        "none": int((losses <= 0).sum()),
        "summary": summary,
        "notes": notes,
        "tables": tables,
    }


def reverse(desk: Desk, lender: str, share: str) -> Row:
    """The fewest defaults that cost a lender more than a share of its capital."""
    tables, summary = run(desk.analysis, Asked(reverse=f"{lender}={share}%"))
    rows = tables["reverse"].to_pylist()
    for row in rows:
        row["names"] = desk.names(row["party_id"])
    return {"rows": rows, "summary": summary, "tables": tables}
