"""DebtRank: how far distress spreads before anybody fails.

Distress h of a creditor grows by (amount / its equity) x what the debtor passes on, capped at 1. The original passes a
party's distress on once (S. Battiston et al., Scientific Reports 2, 2012), the linear one every increment (M. Bardoscia
et al., PLoS ONE 10, 2015). DebtRank = sum of weight x h less the same at the outset. (rulebook 86.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exposure.contagion.amounts import known
from exposure.contagion.network import Network
from exposure.contagion.obligations import BUDGET, Obligations
from exposure.contagion.outcome import ORIGINAL, SHOCK, Carried, Outcome, unknown_equity
from exposure.contagion.scenario import Scenario, numbers
from exposure.kernels import debtrank as _kernels
from graph.errors import OptionError
from graph.model import MONEY
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

TOLERANCE = 1e-12
"""Increments of distress that are not passed on."""


def debtrank(snapshot: Snapshot, scenario: Scenario) -> Outcome:
    """Both DebtRanks of the network of ``liabilities``, which count LGD x amount.

    The weight of a party is the scenario's, else its share of the positive equity of all parties of the network. A
    creditor whose equity is not known takes no distress and is listed; one without positive equity is at 1 once it
    loses anything. Raises ``OptionError`` where distress keeps growing by steps too small to end.
    """
    moved = scenario.moved(snapshot)
    held = Obligations.of(moved, scenario.lgd)
    equity = known(moved.in_base("parties", "equity"))
    seeds = scenario.seeds(moved)
    first, shock = _at_first(moved, scenario, equity, seeds)
    party = held.parties(seeds, numbers(moved, scenario.parties))
    weight = np.zeros(moved.n)
    weight[party] = np.maximum(np.nan_to_num(equity[party]), 0.0)
    weight /= weight.sum() or 1.0
    weight[numbers(moved, scenario.weight)] = list(scenario.weight.values())
    means = equity[held.creditor]
    share = np.where(
        means > 0, held.amount / np.where(means > 0, means, 1.0), np.where(np.isnan(means), 0.0, 1e300)
    )
    linear, failed, rounds, edges = _spread(held, share, first, once=False)
    original, _, _, also = _spread(held, share, first, once=True)
    also = Carried.all(ORIGINAL, also.round, also.source, also.target, also.amount)
    hit = np.flatnonzero(shock).astype(np.int32)
    at_first = Carried.all(SHOCK, 0, np.full(len(hit), -1, np.int32), hit, shock[hit])
    columns = {
        "loss": linear * np.maximum(np.nan_to_num(equity), 0.0),
        "equity_after": np.where(equity > 0, (1 - linear) * equity, equity),
        "h_original": original,
        "h_linear": linear,
    }
    figures = {
        "total_loss": float(columns["loss"].sum()) / MONEY.scale,
        "shock_loss": float(shock.sum()) / MONEY.scale,
        "debtrank_original": float(weight @ (original - first)),
        "debtrank_linear": float(weight @ (linear - first)),
        "iterations": rounds,
        "tolerance": TOLERANCE,
    }
    blank = np.unique(held.creditor[np.isnan(means) & (linear[held.debtor] > 0)]).astype(np.int32)
    rows = {name: values[party] for name, values in columns.items()}
    found = (*held.missing, *unknown_equity(moved, blank))
    lost = np.zeros(len(moved.tables["lenders"]))
    carried = at_first.and_(edges).and_(also)
    owed = Obligations.of(moved).owed[party]
    return Outcome("debtrank", moved, party, failed[party], owed, rows, carried, lost, figures, found)


def _at_first(
    snapshot: Snapshot, scenario: Scenario, equity: Float64, seeds: Int32
) -> tuple[Float64, Float64]:
    """Distress at the outset, and the losses that it stands for: float64 (n,) each."""
    shock = scenario.first_losses(snapshot, equity)
    blank = np.flatnonzero((shock > 0) & np.isnan(equity))
    if len(blank):
        name = snapshot.party_ids[blank[0]].as_py()
        raise OptionError(
            f"loss of {name}: its equity is not known, so that its distress is not; complete parties"
        )
    positive = np.where(equity > 0, equity, 0.0)
    first = np.where(shock > 0, np.minimum(shock / np.where(positive > 0, positive, 1e-300), 1.0), 0.0)
    first[seeds] = 1.0
    shock[seeds] = positive[seeds]
    return first, np.minimum(shock, positive)


def _spread(
    held: Obligations, share: Float64, first: Float64, *, once: bool
) -> tuple[Float64, Int32, int, Carried]:
    """Distress, round in which it reached 1, rounds, and every edge that carried some."""
    room = 4096
    while True:
        log = Network.log(room)
        h, failed, rounds, steps, noted = _kernels.distress(
            held.ptr, held.creditor, held.amount, share, first, once, TOLERANCE, BUDGET, log
        )
        if steps < 0:
            raise OptionError(
                f"distress does not settle within {BUDGET:,} steps: amounts come back almost undiminished"
            )
        if noted <= room:
            return h, failed, rounds, Carried.of(log, noted)
        room = noted
