"""Random small credit books for Hypothesis: currencies, gaps, umbrellas, co-obligors, vehicles, duplicates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from exposure.facilities import Facilities, valued
from exposure.rulepack import RulePack, load
from graph.snapshot import Snapshot
from tests.books import Row, book, party
from tests.oracle.aggregate import UNKNOWN, Oracle, Rules

AS_OF = dt.date(2026, 10, 30)
PACKS = ("EU-CRR", "BASEL-LEX", "CN-LE", "CN-GUAR")
PRODUCTS = ("loan", "letter_of_credit", "commitment_cancellable", "barter")
RATES = {"EUR": "1", "USD": "0.917345", "JPY": "0.0061", "KWD": "3.04"}
DATES = (dt.date(2026, 10, 29), AS_OF, dt.date(2026, 10, 31))
WORDS = (*[None] * 6, "active", "Closed", " written_off ", "PROPOSED", "")


@dataclass(frozen=True)
class Credit:
    """A drawn book as rows by table, the pack, and what the kernels and the oracle make of it."""

    tables: dict[str, list[Row]]
    pack: RulePack

    @property
    def names(self) -> list[str]:
        """Ids of all parties and of the unknown one."""
        return [str(p["party_id"]) for p in self.tables["parties"]] + [UNKNOWN]

    @property
    def lenders(self) -> list[str]:
        """Ids of all lenders."""
        return [str(b["lender_id"]) for b in self.tables["lenders"]]

    def held(self) -> Facilities:
        """The facilities at value."""
        return valued(Snapshot.of(book(AS_OF, **self.tables)), self.pack)

    def oracle(self) -> Oracle:
        """The same by hand."""
        line = self.pack.threshold("look_through", "line")
        factors = {p: self.pack.ccf(p) for p in PRODUCTS}
        rules = Rules(
            {p: Fraction(f, 10**9) for p, f in factors.items() if f is not None},
            Fraction(self.pack.ccf_floor, 10**9),
            None if line is None else Fraction(line.line, 10**9),
            on_the_line=line is None or line.on_the_line,
        )
        rates = {c: Fraction(r) for c, r in RATES.items()}
        return Oracle(self.tables, rates, rules, AS_OF)


def numbers(held: Facilities, names: Iterable[str]) -> np.ndarray:
    """Party numbers of ids, -1 for the unknown party: int32."""
    of = held.snapshot.number_of
    return np.array([-1 if n == UNKNOWN else of[n] for n in sorted(names)], np.int32)


def csr(held: Facilities, sets: list[frozenset[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Sets of party ids as pointer int64 and members int32."""
    rows = [numbers(held, s) for s in sets]
    ptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    return ptr, np.concatenate([*rows, np.zeros(0, np.int32)]).astype(np.int32)


def cents(low: int, high: int) -> st.SearchStrategy[str]:
    """Amounts with two decimals."""
    return st.integers(low, high).map(lambda c: f"{c // 100}.{c % 100:02d}")


NONE = st.none()
AMOUNTS = cents(0, 20_000)
MAYBE = st.one_of(*[AMOUNTS] * 9, NONE)
FACTORS = ("0", "0.05", "0.2", "0.333333333", "0.5", "1")


@dataclass(frozen=True)
class Choices:
    """What the cells of a drawn book may hold; how many underlyings of two vehicles there are at least."""

    limit: st.SearchStrategy[str | None]
    drawn: st.SearchStrategy[str | None]
    currency: st.SearchStrategy[str | None]
    ccf: st.SearchStrategy[str | None]
    value: st.SearchStrategy[str | None] = NONE
    date: st.SearchStrategy[dt.date | None] = NONE
    years: st.SearchStrategy[str | None] = NONE
    status: st.SearchStrategy[str | None] = NONE
    umbrellas: tuple[str | None, ...] = (None,)
    parts: int = 0


EVERYTHING = Choices(
    MAYBE,
    st.one_of(*[MAYBE] * 3, st.just("0")),
    st.sampled_from([*["EUR"] * 6, "USD", "USD", "JPY", "KWD", "XAU", None]),
    st.sampled_from([None, None, *FACTORS]),
    st.one_of(*[NONE] * 3, AMOUNTS),
    st.sampled_from([*[None] * 6, *DATES]),
    st.sampled_from([*[None] * 4, "0", "0.5"]),
    st.sampled_from(WORDS),
    (None, "U1", "U2"),
)
MONEYS = st.sampled_from(["EUR", "EUR", "USD", "JPY"])
SHARED = Choices(
    cents(5_000, 30_000), cents(0, 9_000), MONEYS, st.sampled_from(FACTORS), umbrellas=("U1", "U1", "U2")
)
VEHICLES = Choices(AMOUNTS, AMOUNTS, MONEYS, NONE, parts=3)
"""Everything that can go wrong; nothing wrong but shared limits; nothing wrong but vehicles."""


@st.composite
def credit_books(draw: st.DrawFn, *, duplicates: bool = True) -> Credit:
    """Books of up to five parties, three lenders and eight facilities, a third of each of the kinds above."""
    cells = draw(st.sampled_from([EVERYTHING, SHARED, VEHICLES]))
    parties = ["A", "B", "!", "C", "zz"][: draw(st.integers(1, 5))]
    lenders = ["L1", "L2", "L3"][: draw(st.integers(1, 3))]
    facilities = [f"F{i}" for i in range(draw(st.sampled_from([0, 1, 3, 5, 8])))]
    umbrellas = sorted({u for u in cells.umbrellas if u})
    refs = st.sampled_from([None, None, "", " ", "K1", "K2"] if duplicates else [None])
    tables: dict[str, list[Row]] = {
        "parties": [party(p) for p in parties],
        "lenders": [draw(_lender(b, lenders, cells)) for b in lenders],
        "facilities": [
            {
                "facility_id": name,
                "lender_id": draw(st.sampled_from(lenders)),
                "obligor_id": draw(st.sampled_from(parties)),
                "contract_ref": draw(refs),
                **draw(_facility(cells)),
            }
            for name in facilities
        ],
        "umbrellas": [
            {"umbrella_id": u, "limit": draw(cells.limit), "currency": draw(cells.currency)}
            for u in umbrellas
        ],
        "fx": [{"currency": c, "date": AS_OF, "rate": r} for c, r in RATES.items()],
        "co_obligors": [],
        "underlyings": [],
    }
    if facilities:
        owed = st.sets(st.tuples(st.sampled_from(facilities), st.sampled_from(parties)), max_size=4)
        tables["co_obligors"] = [{"facility_id": f, "party_id": p} for f, p in sorted(draw(owed))]
        parts = st.lists(_underlying(facilities[:2], parties, cells), min_size=cells.parts, max_size=6)
        tables["underlyings"] = draw(parts)
    return Credit(tables, load(draw(st.sampled_from(PACKS))))


@st.composite
def _facility(draw: st.DrawFn, cells: Choices) -> Row:
    return {
        "product": draw(st.sampled_from(PRODUCTS)),
        "limit": draw(cells.limit),
        "drawn": draw(cells.drawn),
        "currency": draw(cells.currency),
        "ccf": draw(cells.ccf),
        "exposure_value": draw(cells.value),
        "umbrella_id": draw(st.sampled_from(cells.umbrellas)),
        "start_date": draw(cells.date),
        "maturity_date": draw(cells.date),
        "residual_maturity": draw(cells.years),
        "status": draw(cells.status),
    }


@st.composite
def _lender(draw: st.DrawFn, name: str, lenders: list[str], cells: Choices) -> Row:
    capital = st.one_of(st.none(), st.integers(0, 40_000).map(str))
    return {
        "lender_id": name,
        "name": name,
        "parent_id": draw(st.sampled_from([None, *lenders])),
        "tier1": draw(capital),
        "tier1_consolidated": draw(capital),
        "currency": draw(cells.currency),
    }


@st.composite
def _underlying(draw: st.DrawFn, facilities: list[str], parties: list[str], cells: Choices) -> Row:
    return {
        "facility_id": draw(st.sampled_from(facilities)),
        "party_id": draw(st.sampled_from([None, *parties])),
        "amount": draw(cells.drawn),
        "currency": draw(cells.currency),
    }
