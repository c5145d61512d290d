"""Random small books for Hypothesis in which failures spread every way, and random networks of liabilities."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from exposure.contagion import network as network_
from exposure.contagion.network import Network
from exposure.contagion.scenario import Scenario
from exposure.facilities import valued
from exposure.guarantees.promises import Promises
from exposure.rulepack import load
from graph.snapshot import Snapshot
from tests.books import Row, book, party
from tests.exposure.vouched import AS_OF, Vouched, money, vouched_books
from tests.oracle.contagion import Cascade

LENDERS = ("BANK", "LEASE")


@dataclass(frozen=True)
class Contagious:
    """A drawn book as rows by table."""

    tables: dict[str, list[Row]]

    @property
    def names(self) -> list[str]:
        """Ids of the parties."""
        return [str(p["party_id"]) for p in self.tables["parties"]]

    def snapshot(self) -> Snapshot:
        """What the engine reads."""
        return Snapshot.of(book(AS_OF, **self.tables))

    def network(self, scenario: Scenario) -> Network:
        """What the engine makes of it."""
        held = valued(self.snapshot(), load("EU-CRR"))
        return network_.group(held, Promises.of(held), scenario)

    def oracle(self, lgd: str) -> Cascade:
        """The same by hand."""
        return Cascade(self.tables, AS_OF, Fraction(lgd))

    def turned(self) -> Contagious:
        """The same with all rows the other way round."""
        return Contagious({name: rows[::-1] for name, rows in self.tables.items()})


@st.composite
def contagious_books(draw: st.DrawFn, most: int = 7) -> Contagious:
    """Books of guarantees with stakes, claims and customers besides; equity mostly known and thin."""
    vouched: Vouched = draw(vouched_books(most))
    tables: dict[str, list[Row]] = dict(vouched.tables)
    names = [str(p["party_id"]) for p in tables["parties"]]
    equity = st.sampled_from([None, "-2", "0", "1", "5", "10", "12.34", "20", "33", "50"])
    tables["parties"] = [
        party(n, equity=draw(equity), revenue=draw(st.sampled_from([None, "8", "40"]))) for n in names
    ]
    cash, shares = st.sampled_from([None] * 3 + ["2.5"]), st.sampled_from(["0.2", "0.75"])
    tables["lenders"] = [{"lender_id": b, "name": b} for b in LENDERS]
    tables["facilities"] = [
        {
            **f,
            "lender_id": draw(st.sampled_from(LENDERS)),
            "cash_collateral": draw(cash),
        }
        for f in tables["facilities"]
    ]
    pair = st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda p: p[0] != p[1])
    pairs = st.lists(pair, max_size=4, unique=True)
    tables["ownership"] = [
        {"owner_id": a, "owned_id": b, "share": draw(st.sampled_from(["0.1", "0.3", "0.5"]))}
        for a, b in draw(pairs)
    ]
    tables["liabilities"] = [
        {"debtor_id": a, "creditor_id": b, "amount": draw(money), "currency": "EUR"} for a, b in draw(pairs)
    ]
    tables["counterparties"] = [
        {
            "party_id": a,
            "counterparty_id": b,
            "relation": "customer",
            "share_of_receipts": draw(shares),
        }
        for a, b in draw(pairs)
    ]
    return Contagious(tables)


@dataclass(frozen=True)
class Interbank:
    """A network of liabilities: what i owes j, outside assets and liabilities, equity; whole units."""

    owes: np.ndarray
    cash: np.ndarray
    outside: np.ndarray
    equity: np.ndarray

    @property
    def names(self) -> list[str]:
        """Ids in the order of the arrays."""
        return [f"B{i}" for i in range(len(self.cash))]

    def snapshot(self, order: Any = None) -> Snapshot:  # noqa: ANN401 (a permutation)
        """What the engine reads, at will with the rows in another order."""
        rows = range(len(self.cash)) if order is None else order
        parties = [
            party(f"B{i}", "bank", external_assets=int(self.cash[i]), external_liabilities=int(self.outside[i]),
                  equity=int(self.equity[i]))
            for i in rows
        ]  # fmt: skip
        owed = [
            {"debtor_id": f"B{i}", "creditor_id": f"B{j}", "amount": int(self.owes[i, j]), "currency": "EUR"}
            for i in rows
            for j in rows
            if self.owes[i, j]
        ]
        return Snapshot.of(book(AS_OF, parties=parties, liabilities=owed))

    def column(self, table: Any, name: str) -> np.ndarray:  # noqa: ANN401 (an Arrow table)
        """A column of ``parties`` in the order of the arrays, 0 where a party has no row."""
        held = dict(zip(table["party_id"].to_pylist(), table[name].to_pylist(), strict=True))
        return np.array([held.get(n) or 0.0 for n in self.names], float)


@st.composite
def interbanks(draw: st.DrawFn, most: int = 6) -> Interbank:
    """Networks of up to ``most`` banks, dense or thin, with loops that owe one another everything."""
    n = draw(st.integers(2, most))
    amount = st.sampled_from([0, 0, 0, 1, 3, 7, 10, 20])
    owes = np.array([[0 if i == j else draw(amount) for j in range(n)] for i in range(n)], float)

    def line(values: list[int]) -> np.ndarray:
        return np.array([draw(st.sampled_from(values)) for _ in range(n)], float)

    return Interbank(owes, line([0, 0, 1, 2, 5, 12]), line([0, 0, 0, 2, 6]), line([1, 2, 4, 8, 30]))
