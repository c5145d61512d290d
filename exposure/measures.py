"""Measures: limits and drawn amounts, what shares attribute to a party, calls by lender, and what its failure costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure import reasons
from exposure.contagion.cascade import run
from exposure.contagion.outcome import CHANNELS, TO_LENDER, Carried
from exposure.guarantees.calls import known
from exposure.lines import facilities_of
from exposure.ownership.integrated import attributable
from exposure.parts import Parts
from exposure.statement import Line
from graph.money import NULL

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SHOWN: Final = 10_000
"""What others owe, and edges of a channel, that are told one by one; what is beyond is one sum."""
_TOLD: Final = {
    "credit": ("credit",),
    "guarantee": ("payment",),
    "holding": ("holding",),
    "claim": ("claim",),
    "dependence": ("dependence",),
}
"""Channels of the ranking, and what an edge of each carries."""


def terms(analysis: Parts, pack: int, name: str, parties: Int32, *, group: bool) -> list[Line]:
    """Limits granted and amounts drawn over their facilities; of a group also what its duplicate records would add."""
    held = analysis.facilities[pack]
    lines = facilities_of(held, parties, umbrellas=group)
    made = [reasons.summed(analysis, key, name, lines, key) for key in ("limit", "drawn")]
    told = [replace(line, key=f"sum_{line.key}", brief=True) for line in made]
    return [*told, *_duplicates(analysis, pack, name, lines.facility)] if group else told


def _duplicates(analysis: Parts, pack: int, name: str, facility: Int32) -> list[Line]:
    """The records that repeat one of these facilities, at the gross that they would count with."""
    held = analysis.facilities[pack]
    again = np.flatnonzero((held.duplicate_of >= 0) & (held.gross != NULL))
    again = again[np.isin(held.duplicate_of[again], facility[facility >= 0])]
    below = tuple(reasons.credit(analysis, f, int(held.gross[f])) for f in again.tolist())
    if not below:
        return []
    whole = sum(line.amount or 0 for line in below)
    return [Line("sum_duplicates", {"id": name}, whole, below=below, rule="sum")]


def attributed(analysis: Parts, party: int) -> list[Line]:
    """Own gross and that of others by corrected share; nothing where shares add nothing or cannot be told.

    For party x the sum over all y of V_xy / V_xx times what y owes, x itself with 1: as
    ``exposure.ownership.integrated.attributable``, the other way round.
    """
    walks, totals = analysis.ownership.walks, analysis.parties
    gross = np.zeros(analysis.snapshot.n)
    rows = np.flatnonzero((totals.lender >= 0) & (totals.party >= 0))
    np.add.at(gross, totals.party[rows], totals.gross[rows])
    whole = float(attributable(analysis.snapshot, analysis.ownership, gross)[party])
    if np.isnan(whole) or round(whole) == round(gross[party]):
        return []
    unit = np.zeros((walks.n, 1))
    unit[walks.place[party]] = 1.0
    share = walks.downward(unit)[walks.place, 0]
    share = share / share[party]
    by = np.lexsort((rows, -(share[totals.party[rows]] * totals.gross[rows])))
    chosen = rows[by][(share[totals.party[rows[by]]] > 0) & (totals.gross[rows[by]] > 0)]
    names = analysis.snapshot.party_ids
    below = [_owed(analysis, int(row), share) for row in chosen[:SHOWN].tolist()]
    if len(chosen) > SHOWN:
        rest = chosen[SHOWN:]
        amount = round(float((share[totals.party[rest]] * totals.gross[rest]).sum()))
        below.append(Line("more", {"count": len(rest), "share": 1.0}, amount))
    said = {"id": names[party].as_py()}
    return [Line("attributable", said, round(whole), below=tuple(below), rule="shares")]


def _owed(analysis: Parts, row: int, share: Float64) -> Line:
    """What one party owes one lender, with the share of it that is attributed."""
    totals, names = analysis.parties, analysis.snapshot.party_ids
    party, lender = int(totals.party[row]), int(totals.lender[row])
    lines = facilities_of(analysis.facilities[0], np.array([party], np.int32), lender, umbrellas=False)
    owed = reasons.summed(analysis, "attributed", names[party].as_py(), lines)
    part = float(share[party])
    said = {
        **owed.places,
        "lender": analysis.snapshot.tables["lenders"].text("lender_id")[lender].as_py(),
        "share": part,
        "percent": f"{part:.7%}",
    }
    return replace(owed, places=said)


def called(analysis: Parts, party: int) -> list[Line]:
    """What each lender can demand of a guarantor at most, over what its guarantees promise of that lender's debts.

    Nothing for a lender where that depends on a cap or share that is not known.
    """
    if not analysis.guarantees.obligors[party]:
        return []
    p = analysis.guarantees.promises
    mine = p.live & (p.guarantor[p.guarantee] == party) & (p.promised > 0)
    lender = p.held.lender[p.facility]
    names, name = (
        analysis.snapshot.tables["lenders"].text("lender_id"),
        analysis.snapshot.party_ids[party].as_py(),
    )
    made = []
    for number in sorted(set(lender[mine].tolist()), key=lambda at: str(names[at])):
        pairs = mine & (lender == number)
        amount = int(known(p, np.where(pairs, 0, -1).astype(np.int32), 1)[0])
        if amount != NULL:
            told = np.flatnonzero(pairs & ~p.bounds.unknown[p.guarantee]).tolist()
            said = {"id": name, "lender": names[number].as_py()}
            below = tuple(reasons.asked(analysis, k) for k in told)
            made.append(Line("called", said, amount, below=below, rule="at_most"))
    return made


def fails(analysis: Parts, party: int) -> list[Line]:
    """What others lose if a party fails, by channel over every edge that carried an amount, as the ranking has it.

    Nothing where it costs nobody anything.
    """
    names = analysis.snapshot.party_ids
    name = names[party].as_py()
    made = run(analysis.network, replace(analysis.scenario, fail=(name,)), "group")
    edges, below = made.edges, []
    for channel, told in _TOLD.items():
        at = np.flatnonzero(np.isin(edges.channel, [CHANNELS.index(c) for c in told]))
        if len(at):
            lines = [_edge(analysis, edges, int(i)) for i in at[:SHOWN]]
            if len(at) > SHOWN:
                rest = round(float(edges.amount[at[SHOWN:]].sum()))
                lines.append(Line("more", {"count": len(at) - SHOWN}, rest))
            whole = round(float(edges.amount[at].sum()))
            below.append(Line("channel", {"channel": channel}, whole, below=tuple(lines), rule="rounded"))
    whole = sum(line.amount or 0 for line in below)
    said = {"id": name, "failures": int((made.round >= 0).sum()), "rounds": made.figures["iterations"]}
    return [Line("fails", said, whole, below=tuple(below), rule="sum")] if whole else []


def _edge(analysis: Parts, edges: Carried, at: int) -> Line:
    """One amount that passed from one to another in a round."""
    names, lenders = analysis.snapshot.party_ids, analysis.snapshot.tables["lenders"].text("lender_id")
    source, target = int(edges.source[at]), int(edges.target[at])
    to = lenders if int(edges.channel[at]) in TO_LENDER else names
    said = {
        "round": int(edges.round[at]),
        "start": "" if source < 0 else names[source].as_py(),
        "to": "" if target < 0 else to[target].as_py(),
    }
    return Line("carried", said, round(float(edges.amount[at])))
