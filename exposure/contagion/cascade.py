"""Group cascade (集团连锁违约), the house model: stakes, claims, receipts and guarantees, by rounds.

A failed obligor is called for drawn - collateral - cash. Guarantors pay by form and cap; what one leaves unpaid is
called from the others in the next round, as far as they promised. A lender loses LGD x (call - paid). Holders lose
share x opening equity, creditors LGD x claim, dependents share of receipts x revenue. A party fails when its loss is
above 0 and reaches its equity; a failing guarantor pays nothing, or what is left of its equity. (rulebook 87, 88.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exposure.contagion import network as network_
from exposure.contagion.network import NO_FOOT, TOLERANCE, Network
from exposure.contagion.outcome import CHANNELS, SHOCK, Carried, Outcome, unknown_equity
from exposure.contagion.scenario import Scenario
from exposure.facilities import Facilities
from exposure.guarantees.promises import Promises
from exposure.kernels import cascade as _kernels
from graph.model import MONEY

Float64 = npt.NDArray[np.float64]

_ROOM = 4096


def cascade(held: Facilities, promises: Promises, scenario: Scenario) -> Outcome:
    """One run over the whole book; facilities and promises are those of ``scenario.moved(snapshot)``."""
    return run(network_.group(held, promises, scenario), scenario, "group")


def run(network: Network, scenario: Scenario, model: str) -> Outcome:
    """One run of a compiled network, a row a party of the book."""
    snapshot, n = network.snapshot, network.snapshot.n
    shock = scenario.first_losses(snapshot, network.equity)
    hit = np.flatnonzero(shock).astype(np.int32)
    seeds = scenario.seeds(snapshot)
    state, figures, room, number = network.state(), np.empty((1, 9)), _ROOM, 0
    pays, one, none = scenario.failing_guarantor_pays, np.array([0, len(seeds)]), np.zeros(0, np.int32)
    lenders = np.arange(len(snapshot.tables["lenders"]), dtype=np.int32)
    by_lender = np.zeros((1, len(lenders)))
    while True:
        log = Network.log(room)
        number = _kernels.cascades(
            network.net,
            state,
            none,
            one,
            seeds,
            hit,
            shock[hit],
            pays,
            log,
            number,
            figures,
            lenders,
            by_lender,
            NO_FOOT,
        )
        noted = int(figures[0, _kernels.NOTED])
        if noted <= room:
            break
        room = noted
    many, totals = int(figures[0, _kernels.FAILURES]), figures[0, :5]
    carried = Carried.all(SHOCK, 0, np.full(len(hit), -1, np.int32), hit, shock[hit]).and_(
        Carried.of(log, noted)
    )
    when = np.full(n, -1, np.int32)
    when[state.failed[:many]] = state.round[:many]
    loss = np.where(state.party[:, _kernels.RUN] == number, state.party[:, _kernels.LOSS], 0.0)
    after = network.equity - loss
    columns = {
        "loss": loss,
        "equity_after": np.where(when >= 0, np.minimum(after, 0.0), after),
        "call": carried.into((_kernels.CALL, _kernels.COUNTER), n),
        "paid": carried.out_of((_kernels.PAYMENT, _kernels.REPAID), n),
    }
    lost = by_lender[0]
    told = {
        "total_loss": float(totals.sum() + shock.sum()) / MONEY.scale,
        "shock_loss": float(shock.sum()) / MONEY.scale,
        "loss_by_channel": dict(zip(CHANNELS, (totals / MONEY.scale).tolist(), strict=False)),
        "iterations": int(figures[0, _kernels.ROUNDS]),
        "tolerance": TOLERANCE,
    }
    blank = np.flatnonzero(np.isnan(network.equity) & (loss > 0)).astype(np.int32)
    found = (*network.missing, *unknown_equity(snapshot, blank))
    everybody = np.arange(n, dtype=np.int32)
    return Outcome(model, snapshot, everybody, when, network.owed, columns, carried, lost, told, found)
