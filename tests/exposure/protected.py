"""Random small credit books with cash, guarantees of every form, exempt parties and covered bonds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from exposure.limits.clients import exempt
from exposure.mitigation.mitigation import Mitigation, mitigated
from exposure.rulepack import RulePack
from graph.model import GUARANTEE_FORMS
from tests.books import Row, party
from tests.exposure.credit import AS_OF, Credit, credit_books
from tests.oracle.mitigation import Mitigated, Terms

WEIGHTS = st.sampled_from([None, None, None, "0.5", "1", "1", "1.5"])
KINDS = st.sampled_from([*["company"] * 5, "bank", "government"])
YEARS = st.sampled_from([None, None, None, "0.25", "0.3", "1", "2.333333333", "6"])
amounts = st.integers(0, 20_000).map(lambda c: f"{c // 100}.{c % 100:02d}")
maybe = st.one_of(*[amounts] * 9, st.none())
GIVERS = ("GX", "GY")
"""Parties that owe nothing themselves and give most guarantees."""
SOON = (AS_OF, AS_OF + dt.timedelta(91), AS_OF + dt.timedelta(800))
FORMS = (*GUARANTEE_FORMS, "full", "capped", "capped", "joint_several", "joint_several")


def seldom(*values: object, often: object = None) -> st.SearchStrategy:
    """One value in most draws, the others now and then."""
    return st.sampled_from([*[often] * 3 * len(values), *values])


@st.composite
def protected_books(draw: st.DrawFn) -> Credit:
    """Credit books with up to six guarantees; most facilities count and most guarantees are good."""
    credit = draw(credit_books())
    tables = dict(credit.tables)
    tables["parties"] = [*tables["parties"], *(party(p) for p in GIVERS)]
    names = [str(p["party_id"]) for p in tables["parties"]]
    tables["parties"] = [{**p, "kind": draw(KINDS), "risk_weight": draw(WEIGHTS)} for p in tables["parties"]]
    tables["lenders"] = [{**b, "party_id": draw(seldom(*GIVERS))} for b in tables["lenders"]]
    tables["facilities"] = [draw(_facility(f)) for f in tables["facilities"]]
    guarantees = [f"G{i}" for i in range(draw(st.integers(1, 6)))]
    tables["guarantees"] = [draw(_guarantee(g, names)) for g in guarantees]
    facilities = [str(f["facility_id"]) for f in tables["facilities"]]
    pairs = [(g, f) for g in guarantees for f in facilities]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=len(pairs) // 3, unique=True)) if pairs else []
    tables["guarantee_covers"] = [{"guarantee_id": g, "facility_id": f} for g, f in chosen]
    return replace(credit, tables=tables)


@st.composite
def _facility(draw: st.DrawFn, row: Row) -> Row:
    plain = {"currency": "EUR", "status": None, "limit": draw(amounts), "drawn": draw(amounts)}
    return {
        **row,
        **(plain if draw(st.integers(0, 3)) else {}),
        "cash_collateral": draw(st.one_of(st.none(), st.none(), maybe)),
        "product": draw(seldom("covered_bond", often=row["product"])),
        "residual_maturity": draw(YEARS),
        "maturity_date": draw(seldom(*SOON)),
    }


@st.composite
def _guarantee(draw: st.DrawFn, name: str, parties: list[str]) -> Row:
    return {
        "guarantee_id": name,
        "guarantor_id": draw(st.sampled_from([*parties, *GIVERS * 4])),
        "form": draw(st.sampled_from(FORMS)),
        "cap": draw(maybe),
        "share": draw(st.sampled_from([None, "0.2", "0.333333333", "1"])),
        "currency": draw(seldom("USD", "XAU", "EUR")),
        "eligible": draw(st.sampled_from([*[True] * 6, False, None])),
        "obligor_id": draw(seldom(*parties)),
        "expiry_date": draw(seldom(*SOON)),
        "original_maturity": draw(seldom("0.5", "1", "5")),
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
