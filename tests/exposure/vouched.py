"""Random small books of guarantees for Hypothesis: every form, circles, counters, joint circles, shared debts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hypothesis import strategies as st

from exposure.facilities import valued
from exposure.guarantees.guarantors import Guarantees
from exposure.guarantees.rings import Rings, rings
from exposure.rulepack import load
from graph.model import GUARANTEE_FORMS
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.oracle.guarantees import Book

AS_OF = dt.date(2026, 10, 30)
NAMES = ("A", "B", "C", "D", "E", "zz")
money = st.integers(0, 3000).map(lambda c: f"{c // 100}.{c % 100:02d}")
FORMS = (*GUARANTEE_FORMS, "full", "capped", "capped", "joint_several", "joint_several")


@dataclass(frozen=True)
class Vouched:
    """A drawn book as rows by table."""

    tables: dict[str, list[Row]]

    def held(self) -> Guarantees:
        """What the engine makes of it."""
        snapshot = Snapshot.of(book(AS_OF, **self.tables))
        return Guarantees.of(valued(snapshot, load("EU-CRR")))

    def circles(self) -> Rings:
        """Its rings."""
        held = self.held()
        return rings(held.promises, held.edges)

    def oracle(self) -> Book:
        """The same by hand."""
        return Book(self.tables, AS_OF)

    def turned(self) -> Vouched:
        """The same with all rows the other way round."""
        return Vouched({name: rows[::-1] for name, rows in self.tables.items()})


@st.composite
def _guarantee(draw: st.DrawFn, name: str, others: list[str], names: tuple[str, ...]) -> Row:
    form = draw(st.sampled_from(FORMS))
    return {
        "guarantee_id": name,
        "guarantor_id": draw(st.sampled_from(names)),
        "form": form,
        "cap": draw(st.one_of(money, money, st.none())),
        "share": draw(st.sampled_from([None, "0.25", "0.333333333", "1"])),
        "eligible": draw(st.sampled_from([True, True, False, None])),
        "obligor_id": draw(st.sampled_from([None, None, *names])),
        "counter_of": draw(st.sampled_from([None, *others])) if form == "counter" else None,
        "expiry_date": draw(st.sampled_from([None] * 8 + [AS_OF, AS_OF + dt.timedelta(1)])),
    }


@st.composite
def vouched_books(draw: st.DrawFn, most: int = 9) -> Vouched:
    """Books of up to six parties, six facilities and ``most`` guarantees."""
    names = NAMES[: draw(st.integers(2, len(NAMES)))]
    equity = st.one_of(st.none(), st.integers(-5, 60))
    parties = [party(n, equity=draw(equity)) for n in names]
    owing = [draw(st.sampled_from(names)) for _ in range(draw(st.integers(1, 6)))]
    amounts = [draw(st.one_of(money, money, money, st.none())) for _ in owing]
    facilities = [
        facility(f"F{i}", who, amount or "30", amount, status=draw(st.sampled_from([None] * 6 + ["closed"])))
        for i, (who, amount) in enumerate(zip(owing, amounts, strict=True))
    ]
    loans = [str(f["facility_id"]) for f in facilities]
    given = [f"G{i}" for i in range(draw(st.integers(1, most)))]
    guarantees = [draw(_guarantee(g, given, names)) for g in given]
    pairs = st.tuples(st.sampled_from(given), st.sampled_from(loans))
    covers = draw(st.lists(pairs, max_size=12, unique=True))
    co = draw(st.lists(st.tuples(st.sampled_from(loans), st.sampled_from(names)), max_size=2, unique=True))
    return Vouched({
        "parties": parties,
        "lenders": [BANK],
        "facilities": facilities,
        "co_obligors": [{"facility_id": f, "party_id": p} for f, p in co],
        "guarantees": guarantees,
        "guarantee_covers": [{"guarantee_id": g, "facility_id": f} for g, f in covers],
    })  # fmt: skip


@st.composite
def circles(draw: st.DrawFn) -> Vouched:
    """Books of plain guarantees among up to eight parties, one loan each, dense enough for rings of six."""
    names = [f"P{i}" for i in range(draw(st.integers(2, 8)))]
    loans = {n: f"F{n}" for n in names}
    edges = draw(
        st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=26, unique=True)
    )
    together = draw(st.sets(st.sampled_from(names), max_size=len(names)))
    edges += [(a, b) for a in sorted(together) for b in sorted(together) if len(together) > 2]
    pairs = sorted({(a, b) for a, b in edges if a != b})
    caps = [draw(money) for _ in pairs]
    return Vouched({
        "parties": [party(n, equity=10) for n in names],
        "lenders": [BANK],
        "facilities": [facility(loans[n], n, 40, draw(money)) for n in names],
        "guarantees": [
            {"guarantee_id": f"G{i}", "guarantor_id": a, "form": "capped", "cap": cap}
            for i, ((a, _), cap) in enumerate(zip(pairs, caps, strict=True))
        ],
        "guarantee_covers": [
            {"guarantee_id": f"G{i}", "facility_id": loans[b]} for i, (_, b) in enumerate(pairs)
        ],
    })  # fmt: skip
