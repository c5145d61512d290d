"""Random small credit books with cash, guarantees of every form, exempt parties and covered bonds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from exposure.clients import exempt
from exposure.mitigation import Mitigation, mitigated
from exposure.rulepack import RulePack
from graph.model import GUARANTEE_FORMS
from tests.books import Row
from tests.exposure.credit import AS_OF, Credit, credit_books, maybe
from tests.oracle.mitigation import Mitigated, Terms

WEIGHTS = st.sampled_from([None, None, "0", "0.5", "1", "1.5"])
KINDS = st.sampled_from(["company", "company", "company", "bank", "government"])
YEARS = st.sampled_from([None, None, None, "0.25", "0.3", "1", "2.333333333", "6"])
CURRENCIES = st.sampled_from([None, "EUR", "EUR", "USD", "XAU"])
DAYS = st.sampled_from([None, None, None, AS_OF, AS_OF + dt.timedelta(91), AS_OF + dt.timedelta(800)])


@st.composite
def protected_books(draw: st.DrawFn) -> Credit:
    """Credit books with up to five guarantees."""
    credit = draw(credit_books())
    tables = dict(credit.tables)
    names = [str(p["party_id"]) for p in tables["parties"]]
    tables["parties"] = [{**p, "kind": draw(KINDS), "risk_weight": draw(WEIGHTS)} for p in tables["parties"]]
    tables["facilities"] = [
        {
            **f,
            "cash_collateral": draw(st.one_of(st.none(), st.none(), maybe)),
            "product": draw(st.sampled_from([f["product"], f["product"], "covered_bond"])),
            "residual_maturity": draw(YEARS),
            "maturity_date": draw(DAYS),
        }
        for f in tables["facilities"]
    ]
    guarantees = [f"G{i}" for i in range(draw(st.integers(0, 5)))]
    tables["guarantees"] = [draw(_guarantee(g, names)) for g in guarantees]
    facilities = [str(f["facility_id"]) for f in tables["facilities"]]
    tables["guarantee_covers"] = []
    if guarantees and facilities:
        pairs = draw(st.sets(st.tuples(st.sampled_from(guarantees), st.sampled_from(facilities)), max_size=9))
        tables["guarantee_covers"] = [{"guarantee_id": g, "facility_id": f} for g, f in sorted(pairs)]
    return replace(credit, tables=tables)


@st.composite
def _guarantee(draw: st.DrawFn, name: str, parties: list[str]) -> Row:
    return {
        "guarantee_id": name,
        "guarantor_id": draw(st.sampled_from(parties)),
        "form": draw(st.sampled_from([*GUARANTEE_FORMS, "joint_several", "joint_several"])),
        "cap": draw(maybe),
        "share": draw(st.sampled_from([None, "0.2", "0.333333333", "1"])),
        "currency": draw(CURRENCIES),
        "eligible": draw(st.sampled_from([True, True, True, True, False, None])),
        "obligor_id": draw(st.sampled_from([None, None, *parties])),
        "expiry_date": draw(DAYS),
        "original_maturity": draw(st.sampled_from([None, None, "0.5", "1", "5"])),
        "residual_maturity": draw(YEARS),
    }


def terms(pack: RulePack, gone: frozenset[str]) -> Terms:
    """What the pack says, in fractions."""
    named = ("maturity_floor_years", "maturity_cap_years", "original_maturity_years")
    asked = [pack.setting("mitigation", name) for name in named]
    floor, longest, original = (None if a is None else Fraction(a) for a in asked)
    cut = Fraction(pack.setting("mitigation", "currency_mismatch", 0))
    return Terms(cut, floor, longest, original, Fraction(pack.setting("mitigation", "covered_bond", 1)), gone)


def both(credit: Credit) -> tuple[Mitigation, Mitigated]:
    """Mitigation, and the same by hand."""
    made = mitigated(credit.held())
    marks = exempt(made.held.snapshot.parties, credit.pack)
    gone = frozenset(n for n, i in made.held.snapshot.number_of.items() if marks[i])
    return made, Mitigated(credit.oracle(), terms(credit.pack, gone))
