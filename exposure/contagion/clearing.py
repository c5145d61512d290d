"""Clearing vector: what everybody can pay when everybody pays what they can.

p = pbar where e + r >= pbar, else alpha e + beta r, with r = Pi' p. L. Eisenberg and T. Noe (Management Science 47,
2001) have alpha = beta = 1; L. Rogers and L. Veraart (Management Science 59, 2013) costs of default. External
liabilities rank equally. (rulebook 83-85.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exposure.contagion.amounts import added, known
from exposure.contagion.network import lacking
from exposure.contagion.obligations import BUDGET, Obligations
from exposure.contagion.outcome import EXTERNAL, SHOCK, Carried, Outcome
from exposure.contagion.scenario import Scenario
from exposure.findings import finding
from exposure.kernels import clearing as _kernels
from exposure.kernels.cascade import CLAIM
from exposure.kernels.components import components
from exposure.results import ids
from graph.errors import OptionError
from graph.model import MONEY
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

TOLERANCE = 1e-12
"""Part of what a party owes by which its means may fall short of it without a default: the rounding of sums."""
_NAMED = 20


def clearing(snapshot: Snapshot, scenario: Scenario) -> Outcome:
    """Greatest and least payments of the network of ``liabilities``; waves are those of fictitious default.

    Who fails in the scenario has lost all external assets; a loss takes of them, down to 0. External assets that are
    not known count as none, ``network_incomplete`` says whose. Raises ``OptionError`` where no fixpoint is reached.
    """
    moved = scenario.moved(snapshot)
    held, n = Obligations.of(moved), moved.n
    assets = known(moved.in_base("parties", "external_assets"))
    outside = np.nan_to_num(known(moved.in_base("parties", "external_liabilities")))
    owed = held.owed + outside
    cash = np.nan_to_num(assets)
    equity = known(moved.in_base("parties", "equity"))
    equity = np.where(np.isnan(equity), cash + held.claimed - owed, equity)
    shock = np.minimum(scenario.first_losses(moved, equity), cash)
    seeds = scenario.seeds(moved)
    shock[seeds] = cash[seeds]
    left = cash - shock
    part = held.amount / np.repeat(owed, np.diff(held.ptr)) if len(held.amount) else held.amount
    solved = (held.ptr, held.creditor, part, left, owed, scenario.alpha, scenario.beta, TOLERANCE, BUDGET)
    greatest, wave, steps = _kernels.fall(*solved)
    least, more = (
        (_least(held, part, left, owed, greatest), 0)
        if scenario.alpha == scenario.beta == 1
        else _kernels.rise(*solved)
    )
    if min(steps, more) < 0:
        raise OptionError(
            f"no clearing vector within {BUDGET:,} steps: debts run round in circles almost without loss; "
            "lower alpha or beta"
        )
    receipts = added(held.creditor, np.repeat(greatest, np.diff(held.ptr)) * part, n)
    apart = np.flatnonzero(greatest - least > np.maximum(owed * 1e-9, 0.5)).astype(np.int32)
    carried = _carried(held, part, outside, owed, greatest, wave, shock)
    failed = wave >= 0
    columns = {
        "loss": held.claimed - receipts + shock,
        "equity_after": np.where(failed, 0.0, left + receipts - owed),
        "paid": greatest,
        "greatest": greatest,
        "least": least,
    }
    known_assets = np.flatnonzero(~np.isnan(assets)).astype(np.int32)
    party = held.parties(known_assets, np.flatnonzero(outside).astype(np.int32), seeds)
    blank = party[np.isnan(assets[party])]
    found = [*held.missing, *lacking("parties", "external_assets", moved.parties.row[blank])]
    if len(apart):
        named = ids(moved.party_ids, apart[np.argsort(moved.party_rank[apart])][:_NAMED]).to_pylist()
        found.append(finding("clearing_vector_not_unique", (), count=len(apart), parties=named))
    figures = {
        "total_loss": float(carried.amount.sum()) / MONEY.scale,
        "shock_loss": float(shock.sum()) / MONEY.scale,
        "unique": not len(apart),
        "alpha": scenario.alpha,
        "beta": scenario.beta,
        "iterations": int(steps + more),
        "tolerance": TOLERANCE,
    }
    rows = {name: values[party] for name, values in columns.items()}
    lost = np.zeros(len(moved.tables["lenders"]))
    return Outcome(
        "clearing", moved, party, wave[party], owed[party], rows, carried, lost, figures, tuple(found)
    )


def _carried(
    held: Obligations,
    part: Float64,
    outside: Float64,
    owed: Float64,
    paid: Float64,
    wave: Int32,
    shock: Float64,
) -> Carried:
    """What each default costs each creditor, and what was lost at first."""
    short = np.where(wave >= 0, owed - paid, 0.0)
    debtor = held.debtor
    at = np.flatnonzero(short[debtor] > 0)
    inside = Carried.all(CLAIM, wave[debtor[at]], debtor[at], held.creditor[at], short[debtor[at]] * part[at])
    who = np.flatnonzero((short > 0) & (outside > 0)).astype(np.int32)
    nobody = np.full(len(who), -1, np.int32)
    beyond = Carried.all(EXTERNAL, wave[who], who, nobody, short[who] * outside[who] / owed[who])
    hit = np.flatnonzero(shock > 0).astype(np.int32)
    first = Carried.all(SHOCK, 0, np.full(len(hit), -1, np.int32), hit, shock[hit])
    return first.and_(inside).and_(beyond)


def _least(held: Obligations, part: Float64, cash: Float64, owed: Float64, greatest: Float64) -> Float64:
    """Least payments without costs of default.

    They differ from the greatest only in sets that owe one another everything and that no cash enters: there nobody
    has to pay (Eisenberg and Noe, theorem 2). Such sets are strongly connected and owe nobody outside.
    """
    component = components(held.ptr, held.creditor)
    many = int(component.max(initial=-1)) + 1
    debtor = held.debtor
    inner = component[debtor] == component[held.creditor]
    kept = added(debtor, np.where(inner, part, 0.0), len(owed))
    leaks = added(component, ((owed > 0) & (kept < 1 - 1e-12)).astype(np.float64), many) > 0
    enters = np.where(inner, 0.0, greatest[debtor] * part)
    cashless = added(component, cash, many) + added(component[held.creditor], enters, many) <= 0
    loops = added(component[debtor], inner.astype(np.float64), many) > 0
    return np.where((loops & ~leaks & cashless)[component], 0.0, greatest)
