"""Contagion by other ways: linear programs, fictitious default, enumeration, dense iteration, and a cascade by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy.optimize import linprog

from tests.oracle.guarantees import Book

Matrix = np.ndarray


def together(pds: Sequence[float | None], correlation: float) -> dict[tuple[bool, ...], float]:
    """Probability of each set of defaults in a one-factor model, by adding up over the factor."""
    normal, factor = NormalDist(), np.linspace(-9, 9, 2001)
    weight = np.exp(-(factor**2) / 2) / np.exp(-(factor**2) / 2).sum()
    given = []
    for pd in pds:
        barrier = normal.inv_cdf(min(pd, 1 - 1e-9)) if pd else -np.inf
        distance = (barrier - correlation**0.5 * factor) / (1 - correlation) ** 0.5
        given.append(np.array([normal.cdf(x) if np.isfinite(x) else 0.0 for x in distance.tolist()]))
    return {
        fallen: float(
            (weight * np.prod([p if d else 1 - p for d, p in zip(fallen, given, strict=True)], axis=0)).sum()
        )
        for fallen in product([False, True], repeat=len(pds))
    }


def tail(losses: Sequence[tuple[float, float]], level: float) -> tuple[float, float]:
    """Value at risk and expected shortfall of losses with their probabilities."""
    at = 0.0
    for loss, part in sorted(losses):
        at += part
        if at >= level - 1e-12:
            beyond = [(x, p) for x, p in losses if x > loss]
            left = 1 - level - sum(p for _, p in beyond)
            return loss, (sum(x * p for x, p in beyond) + left * loss) / (1 - level)
    raise AssertionError


def by_iteration(owes: Matrix, cash: Matrix, outside: Matrix, rounds: int = 20_000) -> Matrix:
    """Greatest payments: p = min(pbar, cash + Pi' p) from pbar down; ``owes[i, j]`` is what i owes j."""
    owed, part = _relative(owes, outside)
    paid = owed.copy()
    for _ in range(rounds):
        paid = np.minimum(owed, cash + part.T @ paid)
    return paid


def by_program(owes: Matrix, cash: Matrix, outside: Matrix) -> Matrix:
    """The same as a linear program: the largest sum of payments that nobody's means fall short of."""
    owed, part = _relative(owes, outside)
    done = linprog(
        -np.ones(len(owed)), np.eye(len(owed)) - part.T, cash, bounds=[(0, o) for o in owed], method="highs"
    )
    assert done.success
    return np.asarray(done.x)


def by_default_sets(owes: Matrix, cash: Matrix, outside: Matrix, alpha: float, beta: float) -> list[Matrix]:
    """Every clearing vector with costs of default: one for each set of defaulters that is consistent with itself."""
    owed, part = _relative(owes, outside)
    n, found = len(owed), []
    for chosen in product([False, True], repeat=n):
        down = np.array(chosen)
        left = np.eye(n) - beta * part.T * down[:, None]
        right = np.where(down, alpha * cash, owed)
        paid = np.linalg.solve(left, right)
        means = cash + part.T @ paid
        if (means[down] < owed[down] - 1e-9).all() and (means[~down] >= owed[~down] - 1e-9).all():
            found.append(paid)
    return found


def waves(owes: Matrix, cash: Matrix, outside: Matrix) -> list[int]:
    """Wave of each default, -1 for none, by fictitious default: payments solved for all defaulters at once."""
    owed, part = _relative(owes, outside)
    n = len(owed)
    wave, paid, number = np.full(n, -1), owed.copy(), 0
    while True:
        number += 1
        new = (wave < 0) & (cash + part.T @ paid < owed - 1e-9)
        if not new.any():
            return [int(w) for w in wave]
        wave[new] = number
        down = wave >= 0
        paid = np.linalg.lstsq(np.eye(n) - part.T * down[:, None], np.where(down, cash, owed), rcond=None)[0]


def _relative(owes: Matrix, outside: Matrix) -> tuple[Matrix, Matrix]:
    owed = owes.sum(axis=1) + outside
    return owed, owes / np.where(owed > 0, owed, 1.0)[:, None]


def debtrank(owes: Matrix, equity: Matrix, first: Matrix, rounds: int = 20_000) -> Matrix:
    """Linear DebtRank as the least fixpoint of h = min(1, h1 + W h), W[j, i] = what i owes j / j's equity."""
    impact = owes.T / equity[:, None]
    h = first.copy()
    for _ in range(rounds):
        h = np.minimum(1.0, first + impact @ h)
    return h


def debtrank_original(owes: Matrix, equity: Matrix, first: Matrix) -> Matrix:
    """DebtRank of 2012, with the three states of the paper."""
    impact = owes / equity[None, :]
    h, state = first.copy(), np.where(first > 0, "D", "U")
    while (state == "D").any():
        active = state == "D"
        after = np.minimum(1.0, h + h[active] @ impact[active])
        state = np.where(active, "I", np.where((state == "U") & (after > 0), "D", state))
        h = after
    return h


class Cascade:
    """The group cascade by hand, in Fractions: rows by table, guarantees as the guarantee oracle reads them."""

    def __init__(self, tables: Mapping[str, Sequence[Mapping[str, Any]]], as_of: Any, lgd: Fraction) -> None:  # noqa: ANN401
        self.tables, self.book, self.lgd = tables, Book(tables, as_of), lgd
        parties = tables["parties"]
        self.equity = {str(p["party_id"]): _fraction(p.get("equity")) for p in parties}
        self.revenue = {str(p["party_id"]): _fraction(p.get("revenue")) for p in parties}
        self.standing: dict[str, list[tuple[str, str, Fraction]]] = {}
        self.caps: dict[str, Fraction] = {}
        self.counters: dict[str, list[tuple[str, str]]] = {}
        for g, row in self.book.guarantees.items():
            self._stands(g, row)
        for i, row in enumerate(tables.get("co_obligors", ())):
            f, party = str(row["facility_id"]), str(row["party_id"])
            if f in self.book.facilities and party != self.book.facilities[f]["obligor_id"]:
                self.standing.setdefault(f, []).append((f"co {i}", party, self.owing(f)))

    def owing(self, f: str) -> Fraction:
        """Drawn less cash and collateral (none here)."""
        row = self.book.facilities[f]
        cash = _fraction(row.get("cash_collateral")) or Fraction(0)
        return max((_fraction(row.get("drawn")) or Fraction(0)) - cash, Fraction(0))

    def _stands(self, g: str, row: Mapping[str, Any]) -> None:
        giver, form = self.book.giver(g), row["form"]
        behind = row.get("counter_of")
        cap, share = _fraction(row.get("cap")), _fraction(row.get("share"))
        by_share = form in {"share", "several", "pari_passu", "counter"} and share is not None
        needs = form in {"capped", "first_loss", "second_loss", "share", "several", "pari_passu"}
        if (needs and cap is None and not by_share) or self.book.expired(g):
            return
        if form != "full" and cap is not None:
            self.caps[g] = cap
        if form == "counter" and behind is not None:
            if giver != self.book.giver(str(behind)):
                self.counters.setdefault(str(behind), []).append((g, giver))
            return
        covered = list(self.book.pairs(g))
        drawn = {f: _fraction(self.book.facilities[f].get("drawn")) or Fraction(0) for f in covered}
        part = share if by_share and share is not None else Fraction(1)
        whole = sum(drawn.values())
        if form == "pari_passu" and not by_share and cap is not None:
            part = min(cap / whole, Fraction(1)) if whole else Fraction(1)
        for f in covered:
            promised = part * self.owing(f)
            if form == "second_loss" and cap is not None and self.owing(f) > 0:
                of = str(self.book.facilities[f]["obligor_id"])
                same = [
                    x for x in covered if self.book.facilities[x]["obligor_id"] == of and self.owing(x) > 0
                ]
                lost, exposed = sum(map(self.owing, same)), sum(drawn[x] for x in same)
                promised = self.owing(f) * max(lost - max(exposed - cap, Fraction(0)), Fraction(0)) / lost
            self.standing.setdefault(f, []).append((g, giver, promised))

    def part_of(self, g: str) -> Fraction:
        """Part of what is paid that a counter-guarantee gives back."""
        share = self.book.guarantees[g].get("share")
        return Fraction(1) if share is None else Fraction(str(share))

    def at_once(self, party: str) -> Iterable[tuple[str, Fraction]]:
        """Losses of others when a party fails, besides its debts."""
        worth = max(self.equity[party] or Fraction(0), Fraction(0))
        for row in self.tables.get("ownership", ()):
            if row["owned_id"] == party and row["owner_id"] != party and row.get("share") is not None:
                yield str(row["owner_id"]), Fraction(str(row["share"])) * worth
        for row in self.tables.get("liabilities", ()):
            if row["debtor_id"] == party:
                yield str(row["creditor_id"]), self.lgd * (_fraction(row["amount"]) or Fraction(0))
        lost: dict[str, Fraction] = {}
        for row in self.tables.get("counterparties", ()):
            who, share = str(row["party_id"]), _fraction(row.get("share_of_receipts"))
            revenue = self.revenue[who]
            if row["counterparty_id"] == party and row["relation"] == "customer" and share is not None:
                lost[who] = max(lost.get(who, Fraction(0)), share * (revenue or Fraction(0)))
        yield from lost.items()

    def run(self, fail: Sequence[str], shock: Mapping[str, Fraction], *, pays: bool) -> Result:
        """One run."""
        state = Result(self, pays=pays)
        for party in fail:
            state.failing.add(party)
        for party, amount in shock.items():
            state.lose(party, amount)
        while state.step():
            pass
        return state


class Result:
    """Losses by party and by lender, and rounds of failures."""

    def __init__(self, model: Cascade, *, pays: bool) -> None:
        self.model, self.pays = model, pays
        self.loss: dict[str, Fraction] = {}
        self.lenders: dict[str, Fraction] = {}
        self.round: dict[str, int] = {}
        self.failing: set[str] = set()
        self.when = 0
        self.again: dict[str, Fraction] = {}
        self.paid: dict[tuple[str, str], Fraction] = {}
        self.used: dict[str, Fraction] = {}
        self.pending: dict[tuple[str, str, str], Fraction] = {}

    def lose(self, party: str, amount: Fraction) -> None:
        """A party loses and may fail."""
        if amount <= 0:
            return
        self.loss[party] = self.loss.get(party, Fraction(0)) + amount
        equity = self.model.equity[party]
        if party not in self.round and equity is not None and self.loss[party] >= equity:
            self.failing.add(party)

    def step(self) -> bool:
        """One round; whether there was anything to do."""
        if not self.failing and not self.again and not self.pending:
            return False
        model, before = self.model, sorted(self.failing)
        self.round |= dict.fromkeys(before, self.when)
        self.when += 1
        self.failing = set()
        rest = dict(self.again)
        for party in before:
            for who, amount in model.at_once(party):
                self.lose(who, amount)
            for f, row in model.book.facilities.items():
                if row["obligor_id"] == party and model.owing(f) > 0:
                    rest[f] = model.owing(f)
        calls = self.calls(rest)
        called: dict[str, Fraction] = {}
        for (_, _, who), amount in calls.items():
            called[who] = called.get(who, Fraction(0)) + amount
            self.lose(who, amount)
        self.ask_back()
        self.settle(rest, calls, called)
        return True

    def ask_back(self) -> None:
        """Counter-guarantors are asked for what was paid last round, and give it back if they stand."""
        asked, self.pending = self.pending, {}
        back: dict[tuple[str, str, str], Fraction] = {}
        for (c, giver, beneficiary), amount in asked.items():
            if giver not in self.round:
                free = self.model.caps[c] - self.used.get(c, Fraction(0)) if c in self.model.caps else amount
                back[c, giver, beneficiary] = min(amount, max(free, Fraction(0)))
                self.used[c] = self.used.get(c, Fraction(0)) + back[c, giver, beneficiary]
                self.lose(giver, back[c, giver, beneficiary])
        for (c, giver, beneficiary), amount in back.items():
            if giver not in self.failing and amount > 0:
                self.loss[beneficiary] -= amount
                self.ask(c, giver, amount)

    def ask(self, g: str, beneficiary: str, amount: Fraction) -> None:
        """Those behind a guarantee are asked for their part next round."""
        for c, giver in self.model.counters.get(g, ()):
            key = (c, giver, beneficiary)
            self.pending[key] = self.pending.get(key, Fraction(0)) + amount * self.model.part_of(c)

    def room(self, f: str, g: str, promised: Fraction) -> Fraction:
        """What a guarantee may still be called for at a facility."""
        return promised - self.paid.get((f, g), Fraction(0))

    def calls(self, rest: Mapping[str, Fraction]) -> dict[tuple[str, str, str], Fraction]:
        """Amount called by facility, guarantee and guarantor."""
        wanted: dict[str, Fraction] = {}
        open_ = {
            (f, g, who): self.room(f, g, promised)
            for f in rest
            for g, who, promised in self.model.standing.get(f, ())
            if who not in self.round
        }
        for (_, g, _), amount in open_.items():
            wanted[g] = wanted.get(g, Fraction(0)) + amount
        offers = {}
        for (f, g, who), amount in open_.items():
            cap = self.model.caps.get(g)
            free = None if cap is None else max(cap - self.used.get(g, Fraction(0)), Fraction(0))
            offers[f, g, who] = amount if free is None or wanted[g] <= free else amount * free / wanted[g]
        out = {}
        for f, debt in rest.items():
            mine = {k: v for k, v in offers.items() if k[0] == f and v > 0}
            whole = sum(mine.values())
            out |= {k: v if whole <= debt else v * debt / whole for k, v in mine.items()}
        for (_, g, _), amount in out.items():
            self.used[g] = self.used.get(g, Fraction(0)) + amount
        return out

    def settle(
        self,
        rest: Mapping[str, Fraction],
        calls: Mapping[tuple[str, str, str], Fraction],
        called: Mapping[str, Fraction],
    ) -> None:
        """Who stands pays; what is left is called again of those who can, or lost by the lender."""
        self.again = {}
        for f, debt in rest.items():
            left = debt
            for (of, g, who), amount in calls.items():
                if of != f:
                    continue
                paid = amount
                if who in self.failing:
                    equity = self.model.equity[who]
                    assert equity is not None
                    means = max(equity - (self.loss[who] - called[who]), Fraction(0))
                    paid = amount * min(means / called[who], Fraction(1)) if self.pays else Fraction(0)
                if paid > 0:
                    left -= paid
                    self.paid[f, g] = self.paid.get((f, g), Fraction(0)) + paid
                    self.ask(g, who, paid)
            if left <= 0:
                continue
            more = any(
                who not in self.round
                and who not in self.failing
                and self.free(f, g, promised) > Fraction(1, 10**6)
                for g, who, promised in self.model.standing.get(f, ())
            )
            if more:
                self.again[f] = left
            else:
                lender = str(self.model.book.facilities[f]["lender_id"])
                self.lenders[lender] = self.lenders.get(lender, Fraction(0)) + self.model.lgd * left

    def free(self, f: str, g: str, promised: Fraction) -> Fraction:
        """The same within what is left of its cap."""
        cap = self.model.caps.get(g)
        left = self.room(f, g, promised)
        return left if cap is None else min(left, cap - self.used.get(g, Fraction(0)))


def _fraction(value: object) -> Fraction | None:
    return None if value is None else Fraction(str(value))
