"""What-if on an excerpt against the whole book with the change made in its rows, and the amounts that it admits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.report import Analysis, Request
from exposure.whatif.region import region
from exposure.whatif.ties import Ties
from exposure.whatif.whatif import Answer, WhatIf, highest
from graph.errors import OptionError
from graph.excerpt import proposed
from graph.model import TABLES
from graph.proposal import Proposal
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.exposure.credit import AS_OF
from tests.exposure.protected import protected_books, seldom

Tables = dict[str, list[Row]]
SHARES = st.sampled_from([10, 20, 30, 40, 50, 51, 60, 100])
BASES = ("contract", "board_majority", "joint")
VOTES = st.sampled_from(["apart", "apart", "together"])
RELATIONS = ("customer", "supplier", "tenant", "funder")
PARTS = st.sampled_from([None, "0.2", "0.5", "0.6", "1"])
FORMS = ("full", "capped", "share", "joint_several", "second_loss")


@st.composite
def books(draw: st.DrawFn) -> tuple[Tables, str]:
    """Protected books whose parties own, control, are kin to and depend on one another, with limits; and a pack."""
    credit = draw(protected_books())
    made: Tables = {name: list(rows) for name, rows in credit.tables.items()}
    made["parties"] += [party(name) for name in ("P", "Q", "V")] + [party("X", "concert")]
    names = st.sampled_from([str(p["party_id"]) for p in made["parties"] if p["party_id"] != "X"])
    everyone = st.sampled_from([str(p["party_id"]) for p in made["parties"]])
    pairs = st.tuples(everyone, names).filter(lambda pair: pair[0] != pair[1])
    stakes = draw(st.dictionaries(pairs, SHARES, max_size=10))
    made["ownership"] = [
        {"owner_id": a, "owned_id": b, "holding_id": "", "share": Fraction(v, 100)}
        for (a, b), v in stakes.items()
    ]
    facts = draw(st.dictionaries(pairs, st.sampled_from(BASES), max_size=2))
    rebutted = draw(st.sampled_from([None, None, True]))
    made["control"] = [
        {"controller_id": a, "controlled_id": b, "basis": basis, "rebutted": rebutted}
        for (a, b), basis in facts.items()
    ]
    made["members"] = [{"body_id": "X", "party_id": b} for b in draw(st.sets(names, max_size=2))]
    kin = draw(st.sets(st.tuples(names, names), max_size=2))
    made["kin"] = [{"person_id": a, "relative_id": b, "relation": "brother"} for a, b in kin if a != b]
    made["dependence"] = [
        {"dependent_id": b, "on_id": a, "basis": "distress_would_spread"}
        for a, b in draw(st.sets(pairs, max_size=2))
    ]
    lenders = st.sampled_from([None, *(str(p["party_id"]) for p in made["parties"])])
    made["lenders"] = [{**b, "party_id": draw(lenders)} for b in made["lenders"]]
    made["parties"] = [{**p, "revenue": draw(seldom("100")), "currency": "EUR"} for p in made["parties"]]
    made["counterparties"] = [
        {
            "party_id": a, "counterparty_id": b, "relation": relation, "share_of_receipts": draw(PARTS),
            "share_of_expenses": draw(PARTS), "amount": draw(seldom("40", "60")), "currency": "EUR",
            "replaceable": draw(st.sampled_from([None, True, False])),
        }
        for a, b, relation in draw(
            st.lists(st.tuples(names, names, st.sampled_from(RELATIONS)), max_size=3, unique=True)
        )
    ]  # fmt: skip
    made["limits"] = [
        {"scope": scope, "subject_id": name, "lender_id": "L1", "amount": 50, "currency": "EUR", "measure": measure}
        for scope, name, measure in draw(
            st.lists(
                st.tuples(st.sampled_from(["party", "group", "unified"]), names, st.sampled_from(["net", "limit"])),
                max_size=2, unique_by=lambda row: row[:2],
            )
        )
    ]  # fmt: skip
    return made, draw(st.sampled_from(["EU-CRR", "BASEL-LEX", "CN-GROUP"]))


@st.composite
def changes(draw: st.DrawFn, made: Tables) -> Proposal:
    """One change of any kind."""
    names = st.sampled_from([str(p["party_id"]) for p in made["parties"] if p["party_id"] != "X"])
    kind = draw(st.sampled_from(["facility", "guarantee", "stake", "sale", "merge"]))
    if kind == "facility":
        known = [str(f["facility_id"]) for f in made["facilities"]]
        lender = draw(st.sampled_from([str(b["lender_id"]) for b in made["lenders"]]))
        units = draw(st.integers(0, 80)) * 100
        values: dict[str, object] = {
            "facility_id": draw(st.sampled_from([*known[:1], "NEW"])), "lender_id": lender,
            "obligor_id": draw(names), "product": "loan", "limit": units, "drawn": units // 2, "currency": "EUR",
        }  # fmt: skip
        return Proposal(kind, values)
    if kind == "guarantee":
        known = [str(f["facility_id"]) for f in made["facilities"]]
        covers = " ".join(sorted(draw(st.sets(st.sampled_from(known), max_size=2)))) if known else ""
        values = {
            "guarantee_id": draw(st.sampled_from(["G0", "NEW"] if made["guarantees"] else ["NEW"])),
            "guarantor_id": draw(names), "form": draw(st.sampled_from(FORMS)), "cap": draw(st.integers(0, 60)) * 100,
            "share": 500_000_000, "currency": "EUR", "eligible": True, "covers": covers, "obligor_id": None,
        }  # fmt: skip
        return Proposal(kind, values)
    a, b, c = draw(names), draw(names), draw(names)
    if kind == "stake":
        share = draw(st.sampled_from([0, 20, 40, 51, 60, 100])) * 10**7
        return Proposal(kind, {"owner_id": a, "owned_id": b, "share": share})
    if kind == "sale":
        return Proposal(kind, {"owner_id": a, "owned_id": b, "buyer_id": c})
    exchange = draw(st.sampled_from([None, 0, 0, 200_000_000, 333_333_333]))
    return Proposal(kind, {"party_id": a, "into_id": b, "exchange": exchange})


def rewritten(made: Tables, change: Proposal) -> Tables | None:
    """The book's rows with the change made by hand; None where it cannot be made."""
    out = {name: [dict(r) for r in rows] for name, rows in made.items()}
    by_kind = {
        "facility": _row_put,
        "guarantee": _row_put,
        "stake": _stake_set,
        "sale": _sold,
        "merge": _merged,
    }
    return by_kind[change.kind](out, dict(change.values))


def _row_put(out: dict[str, list[dict[str, object]]], said: dict[str, object]) -> Tables:
    table, key = ("guarantees", "guarantee_id") if "guarantee_id" in said else ("facilities", "facility_id")
    if table == "guarantees":
        covers = str(said.pop("covers", "")).split()
        left = [r for r in out["guarantee_covers"] if r["guarantee_id"] != said[key]]
        out["guarantee_covers"] = left + [{"guarantee_id": said[key], "facility_id": f} for f in covers]
    for name in ("limit", "drawn", "cap"):
        if name in said:
            said[name] = Decimal(int(str(said[name]))) / 100
    if "share" in said:
        said["share"] = Fraction(int(str(said["share"])), 10**9)
    old = [r for r in out[table] if r[key] == said[key]]
    granted = {"status": None} if table == "facilities" else {}
    row = {**(old[0] if old else {}), **granted, **said}
    out[table] = [r for r in out[table] if r[key] != said[key]] + [row]
    return dict(out)  # type: ignore[arg-type]


def _apart(out: dict[str, list[dict[str, object]]], said: dict[str, object]) -> tuple[list[Row], list[Row]]:
    pair = said["owner_id"], said["owned_id"]
    return (
        [r for r in out["ownership"] if (r["owner_id"], r["owned_id"]) == pair],
        [r for r in out["ownership"] if (r["owner_id"], r["owned_id"]) != pair],
    )


def _stake_set(out: dict[str, list[dict[str, object]]], said: dict[str, object]) -> Tables:
    _, others = _apart(out, said)
    new = {**said, "holding_id": "n", "share": Fraction(int(str(said["share"])), 10**9)}
    return {**out, "ownership": [*others, *([new] if new["share"] else [])]}  # type: ignore[dict-item]


def _sold(out: dict[str, list[dict[str, object]]], said: dict[str, object]) -> Tables | None:
    pair, others = _apart(out, said)
    new = {"owner_id": said["buyer_id"], "owned_id": said["owned_id"], "holding_id": "n"}
    return {**out, "ownership": [*others, {**new, "share": pair[0]["share"]}]} if pair else None  # type: ignore[dict-item]


def _merged(out: dict[str, list[dict[str, object]]], said: dict[str, object]) -> Tables | None:
    gone, into, told = said["party_id"], said["into_id"], said["exchange"]
    held: dict[str, list[dict[str, object]]] = {"lapsed": [], "given": [], "kept": [], "others": []}
    for r in out["ownership"]:
        own = "lapsed" if r["owner_id"] in (gone, into) else "given"
        held[own if r["owned_id"] == gone else "kept" if r["owned_id"] == into else "others"].append(r)
    if gone != into and held["given"] and told is None:
        return None
    part = Fraction(int(str(told or 0)), 10**9)
    left = 1 - part * sum((Fraction(str(r["share"])) for r in held["lapsed"]), Fraction(0))
    if left <= 0:
        return None
    for name, factor in (("given", part / left), ("kept", (1 - part) / left)):
        for r in held[name]:
            r["share"] = Fraction(math.floor(Fraction(str(r["share"])) * factor * 10**9), 10**9)
    out["ownership"] = [*(held["given"] if part else []), *held["kept"], *held["others"]]
    out["control"] = [r for r in out["control"] if r["controlled_id"] != gone]
    for name, rows in out.items():
        refs = [c.name for c in TABLES[name].columns if c.ref == "parties"] if name != "parties" else []
        for i, row in enumerate(rows):
            row.update({column: into for column in refs if row.get(column) == gone})
            row.update({"holding_id": str(i)} if name == "ownership" else {})
    return None if gone == into else dict(out)  # type: ignore[arg-type]


def limits_of(analysis: Analysis, subjects: set[str]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    columns = ("scope", "subject_id", "lender_id", "level", "rule")
    return {
        tuple(r[c] for c in columns): (r["limit"], r["value"], r["headroom"], r["breach"])
        for r in analysis.table("limits").to_pylist()
        if r["subject_id"] in subjects
    }


def groups_of(analysis: Analysis, parties: set[str]) -> dict[tuple[str, str], tuple[Any, ...]]:
    members: dict[tuple[str, str], set[str]] = {}
    for r in analysis.table("group_members").to_pylist():
        members.setdefault((r["pack"], r["group_id"]), set()).add(r["party_id"])
    return {
        (r["pack"], r["group_id"]): (len(members[r["pack"], r["group_id"]]), r["gross"], r["net"])
        for r in analysis.table("groups").to_pylist()
        if members[r["pack"], r["group_id"]] & parties
    }


@dataclass(frozen=True)
class Told:
    """Figures of one state by what they are about."""

    limits: Mapping[Any, Any]
    groups: Mapping[Any, Any]
    exposures: Mapping[Any, Any]

    @classmethod
    def of(cls, analysis: Analysis, parties: set[str]) -> Told:
        """From the tables of a report."""
        groups = groups_of(analysis, parties)
        subjects = parties | {group for _, group in groups}
        owed = {
            (r["party_id"], r["lender_id"]): (r["gross"], r["net"])
            for r in analysis.table("party_exposures").to_pylist()
            if r["party_id"] in parties and (r["gross"] or r["net"])
        }
        return cls(limits_of(analysis, subjects), groups, owed)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_an_answer_is_what_a_report_on_the_changed_book_says(data: st.DataObject) -> None:
    compare(data)


@pytest.mark.soak
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_hundreds_of_answers_are_what_reports_say(data: st.DataObject) -> None:
    compare(data)


def compare(data: st.DataObject) -> None:
    """A drawn book and change: the answer's figures against those of two reports."""
    made, pack = data.draw(books())
    change = data.draw(changes(made))
    derived = data.draw(st.sampled_from(["false", "false", "true"]))
    traded = data.draw(st.sampled_from(["false", "true"]))
    options = {"derive_guarantees": derived, "derive_counterparties": traded, "kin_votes": data.draw(VOTES)}
    request = Request(packs=(pack,), options=options)
    whole = Analysis(Snapshot.of(book(AS_OF, **made)), request)
    changed = rewritten(made, change)
    if changed is None:
        with pytest.raises(OptionError):
            WhatIf.of(whole).ask([change])
        return
    answer = WhatIf.of(whole).ask([change])
    parties = {r["party_id"] for r in answer.tables["exposures"].to_pylist()}
    parties |= {
        str(v)
        for k, v in change.values.items()
        if k in ("obligor_id", "guarantor_id", "owner_id", "owned_id", "into_id") and v
    }
    after = Analysis(Snapshot.of(book(AS_OF, **changed)), request)
    for side, analysis in (("before", whole), ("after", after)):
        told = Told.of(analysis, parties)
        rows = answer.tables["groups"].to_pylist()
        found = {
            (r["pack"], r["group_id"]): (r[f"members_{side}"], r[f"gross_{side}"], r[f"net_{side}"])
            for r in rows
            if r[f"members_{side}"]
        }
        assert {k: v for k, v in found.items() if k in told.groups} == told.groups
        columns = ("scope", "subject_id", "lender_id", "level", "rule")
        limits = {tuple(r[c] for c in columns): r for r in answer.tables["limits"].to_pylist()}
        for key, (limit, value, headroom, breach) in told.limits.items():
            row = limits[key]
            if side == "after":
                assert (row["limit"], row["after"], row["headroom"], row["breach"]) == (
                    limit,
                    value,
                    headroom,
                    breach,
                )
            else:
                assert (row["before"], row["breach_before"]) == (value, breach)
        owed = {
            (r["party_id"], r["lender_id"]): (r[f"gross_{side}"], r[f"net_{side}"])
            for r in answer.tables["exposures"].to_pylist()
        }
        for key, figures in told.exposures.items():
            assert owed[key] == figures


def lending(amount: int, **more: object) -> Proposal:
    values = {
        "facility_id": "NEW",
        "lender_id": "BANK",
        "obligor_id": "A",
        "product": "loan",
        "limit": amount,
    }
    return Proposal("facility", {**values, "currency": "EUR", **more})


def asked(*changes: Proposal, limit: int = 250, guarantees: Sequence[Row] = ()) -> Answer:
    """A bank of 1000 in which A owes 100 and B, which A controls, 50."""
    capital = {**BANK, "tier1": limit * 4, "net_capital": 5000, "currency": "EUR"}
    held = book(
        parties=[party(n) for n in "ABCD"],
        lenders=[capital],
        ownership=[{"owner_id": "A", "owned_id": "B", "share": Decimal("0.6")}],
        facilities=[facility("F1", "A", 100, 100), facility("F2", "B", 50, 50), facility("F3", "C", 30, 30)],
        guarantees=guarantees,
    )
    return WhatIf.of(Analysis(Snapshot.of(held))).ask(changes)


def test_the_largest_amount_is_what_the_tightest_limit_leaves() -> None:
    answer = asked(lending(50_00))
    assert (answer.fits, answer.largest) == (True, 100_00)
    assert answer.binding is not None
    assert (answer.binding["rule"], answer.binding["headroom"]) == ("EU-CRR group", 50)
    answer = asked(lending(100_01))
    assert (answer.fits, answer.largest) == (False, 100_00)


def test_what_is_undrawn_counts_with_its_factor() -> None:
    assert asked(lending(50_00, drawn=0)).largest == 250_01  # 40 % of it is 100.004: 100.00


def test_nothing_more_is_admissible_where_a_limit_is_broken_already() -> None:
    answer = asked(lending(1_00), limit=100)
    assert (answer.fits, answer.largest) == (False, 0)


def test_a_facility_asked_for_less_than_it_is_or_for_nothing_has_a_largest_amount_too() -> None:
    smaller = asked(lending(80_00, facility_id="F1"))
    assert (smaller.fits, smaller.largest, smaller.binding) == (True, 200_00, None)  # 250 less the 50 of B
    nothing = asked(lending(0))
    assert (nothing.fits, nothing.largest, nothing.binding) == (True, 100_00, None)
    broken = asked(lending(80_00, facility_id="F1"), limit=100)  # 150 of 100 before: no more than now
    assert (broken.fits, broken.largest) == (True, 100_00)
    assert asked(lending(0), limit=100).largest == 0


@pytest.mark.parametrize("status", ["Closed", "written_off", "proposed"])
def test_a_facility_that_is_proposed_counts_as_granted_whatever_it_was(status: str) -> None:
    held = book(
        parties=[party("A")],
        lenders=[{**BANK, "tier1": 1000, "currency": "EUR"}],
        facilities=[{**facility("F1", "A", 100, 100), "status": status}],
    )
    whatif = WhatIf.of(Analysis(Snapshot.of(held)))
    rows = whatif.ask([lending(80_00, facility_id="F1")]).tables["exposures"].to_pylist()
    assert {(r["gross_before"] or 0, r["gross_after"]) for r in rows} == {(0, 80)}


def test_no_limit_binds_without_capital() -> None:
    held = book(parties=[party("A")], lenders=[BANK], facilities=[facility("F", "A", 1, 1)])
    answer = WhatIf.of(Analysis(Snapshot.of(held))).ask([lending(50_00)])
    assert (answer.fits, answer.largest, answer.binding) == (True, None, None)


def test_a_limit_that_nobody_knows_binds_nothing_beside_a_guarantee_either() -> None:
    held = book(
        parties=[party("A"), party("G")],
        lenders=[BANK],
        facilities=[facility("F", "A", 1, 1)],
        guarantees=[
            {"guarantee_id": "G1", "guarantor_id": "G", "form": "full", "obligor_id": "A", "eligible": True}
        ],
        limits=[{"scope": "unified", "subject_id": "A", "amount": None, "currency": "EUR"}],
        fx=[{"currency": c, "date": AS_OF, "rate": rate} for c, rate in (("EUR", 1), ("KWD", 3))],
    )
    for currency in ("EUR", "KWD"):
        answer = WhatIf.of(Analysis(Snapshot.of(held))).ask([lending(50_00, currency=currency)])
        assert (answer.fits, answer.largest) == (True, None)


def test_no_amount_beyond_the_range_is_tried() -> None:
    tried: list[int] = []

    def left(amount: int) -> int:
        tried.append(amount)
        return 5

    assert highest(50, left, 10**12) is None
    assert max(tried) == 10**12


def test_a_stake_joins_groups_and_a_guarantee_closes_a_ring() -> None:
    (row,) = (
        asked(Proposal("stake", {"owner_id": "A", "owned_id": "C", "share": 510_000_000}))
        .tables["groups"]
        .to_pylist()
    )
    assert (row["joined"], row["gross_before"], row["gross_after"]) == (["C"], 150, 180)
    given: list[Row] = [{"guarantee_id": "G1", "guarantor_id": "A", "form": "full", "obligor_id": "C"}]
    back = Proposal("guarantee", {"guarantee_id": "G2", "guarantor_id": "C", "form": "full", "covers": "F1"})
    (ring,) = asked(back, guarantees=given).tables["rings"].to_pylist()
    assert (ring["kind"], ring["members"], ring["amount"]) == ("mutual", ["A", "C"], 30)
    assert asked(back).tables["rings"].num_rows == 0


def holders(exchange: int | None, share: str = "0.25") -> dict[tuple[str, str], int]:
    """Stakes after M merges into N: P and N hold M, P and Q hold N, M holds T."""
    stakes = (("P", "M", "0.75"), ("N", "M", share), ("P", "N", "0.4"), ("Q", "N", "0.6"), ("M", "T", "1"))
    held = book(
        parties=[party(n) for n in "MNPQT"],
        ownership=[{"owner_id": a, "owned_id": b, "share": s} for a, b, s in stakes],
    )
    merge = Proposal("merge", {"party_id": "M", "into_id": "N", "exchange": exchange})
    made = proposed(Snapshot.of(held), [merge])
    names, s = made.party_ids.to_pylist(), made.stakes
    return {
        (names[s.owner[i]], names[c]): int(s.share[i])
        for c in range(made.n)
        for i in range(int(s.ptr[c]), int(s.ptr[c + 1]))
    }


def test_a_merger_exchanges_shares_and_what_the_two_hold_of_it_lapses() -> None:
    made = holders(200_000_000)  # of 0.95 that are left M's holders have 0.15
    assert made == {("P", "N"): 494_736_841, ("Q", "N"): 505_263_157, ("N", "T"): 10**9}


def test_a_merger_against_cash_leaves_the_other_holders_what_they_had() -> None:
    assert holders(0) == {("P", "N"): 400_000_000, ("Q", "N"): 600_000_000, ("N", "T"): 10**9}


@pytest.mark.parametrize(
    ("exchange", "share", "said"),
    [
        (None, "0.25", "say in exchange which part"),
        (10**9, "1", "nothing is left"),
        (10**8, "", "propose these stakes"),
    ],
)
def test_a_merger_that_does_not_say_what_becomes_of_shares_is_refused(
    exchange: int | None, share: str, said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        holders(exchange, share or None)  # type: ignore[arg-type]


def test_a_subsidiary_of_nobody_else_merges_without_an_exchange() -> None:
    rows = asked(Proposal("merge", {"party_id": "B", "into_id": "A"})).tables["limits"].to_pylist()
    assert {r["subject_id"]: (r["before"], r["after"]) for r in rows}["A"] == (100, 150)


@pytest.mark.parametrize(("told", "leaves"), [(None, 89), (60, 40), (90, 10), (100, 0), (101, 0)])
def test_a_loan_adds_to_the_debt_at_all_banks_that_the_book_tells(told: int | None, leaves: int) -> None:
    joint = {"scope": "joint", "subject_id": "A", "amount": 100, "currency": "EUR"}
    made = book(
        parties=[party("A", external_debt=told), party("B")],
        lenders=[BANK],
        facilities=[facility("F", "A", 11, 11)],
        limits=[joint],
    )
    ask = WhatIf.of(Analysis(Snapshot.of(made))).ask
    assert ask([lending(10_00)]).largest == leaves * 100
    held = [replace(lending(5_00), values={**lending(5_00).values, "facility_id": "HELD"})]
    answer = ask([lending(10_00)], held)
    (row,) = [r for r in answer.tables["limits"].to_pylist() if r["scope"] == "joint"]
    before = (told or 11) + 5
    assert (row["before"], row["after"], answer.largest) == (before, before + 10, max(leaves - 5, 0) * 100)


def test_a_group_by_the_votes_of_a_relative_stays_whole_where_only_a_facility_is_proposed() -> None:
    """The relative is no member; without it nothing would be left of the control over B."""
    held = book(
        parties=[{**party(n), "kind": "person"} for n in "AZ"] + [party("B")],
        lenders=[BANK],
        kin=[{"person_id": "A", "relative_id": "Z", "relation": "brother"}],
        control=[{"controller_id": "A", "controlled_id": "B", "basis": "contract"}],
        facilities=[facility("F", "B", 3, 3)],
    )
    request = Request(packs=("EU-CRR",), options={"kin_votes": "together"})
    answer = WhatIf.of(Analysis(Snapshot.of(held), request)).ask([lending(1_00, obligor_id="Z")])
    (group,) = answer.tables["groups"].to_pylist()
    assert (group["group_id"], group["members_before"], group["members_after"]) == ("G:Z", 2, 2)
    assert (group["gross_before"], group["gross_after"]) == (3, 4)


def test_what_is_held_already_leaves_less() -> None:
    held = book(
        parties=[party("A")],
        lenders=[{**BANK, "tier1": 1000, "currency": "EUR"}],
        facilities=[facility("F", "A", 1, 1)],
    )
    whatif = WhatIf.of(Analysis(Snapshot.of(held)))
    first = lending(100_00, facility_id="R1")
    assert whatif.ask([lending(10_00)]).largest == 249_00
    assert whatif.ask([lending(10_00)], held=[first]).largest == 149_00


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lending(1, lender_id="NOBODY"), "no lender_id 'NOBODY'"),
        (lending(1, currency="XXX"), "no currency 'XXX'"),
        (Proposal("sale", {"owner_id": "C", "owned_id": "B", "buyer_id": "D"}), "no stake"),
        (
            Proposal("sale", {"owner_id": "A", "owned_id": "B", "buyer_id": "D", "share": 900_000_000}),
            "'0.9': more is sold than held; sell up to 0.6",
        ),
        (
            Proposal("sale", {"owner_id": "A", "owned_id": "B", "buyer_id": "D", "share": 0}),
            "'0': nothing is sold; sell up to 0.6",
        ),
        (Proposal("merge", {"party_id": "A", "into_id": "A"}), "itself"),
    ],
)
def test_a_change_that_cannot_be_made_says_why(change: Proposal, wrong: str) -> None:
    with pytest.raises(OptionError, match=wrong):
        asked(change)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**6)), min_size=1, max_size=4),
    st.integers(1, 10**6),
)
def test_the_highest_amount_is_the_last_that_leaves_something(
    lines: list[tuple[int, int]], start: int
) -> None:
    def left(amount: int) -> int:
        return min(whole - amount * part // 10 for part, whole in lines)

    found = highest(start, left)
    assert found is not None
    assert left(found) >= 0 > left(found + 1)


@pytest.mark.parametrize(("share", "looked_at"), [("0.3", ""), ("0.6", "R")])
def test_nothing_is_looked_for_above_whom_nobody_controls(share: str, looked_at: str) -> None:
    ring = [("R", "S", "0.3"), ("S", "T", "0.3"), ("T", "R", "0.3"), ("R", "A", share)]
    stakes = [*ring, ("A", "C", "0.4"), ("B", "C", "0.2")]
    held = book(
        parties=[party(n) for n in "ABCRST"],
        ownership=[{"owner_id": a, "owned_id": b, "share": s} for a, b, s in stakes],
    )
    analysis = Analysis(Snapshot.of(held))
    change = Proposal("stake", {"owner_id": "A", "owned_id": "C", "share": 510_000_000})
    found = region(analysis, Ties(analysis.snapshot), [change])
    names = {str(analysis.snapshot.party_ids[p]) for p in found.above.tolist()}
    assert names == {"A", "B", "C", *looked_at}
    (row,) = WhatIf.of(analysis).ask([change]).tables["groups"].to_pylist()
    members = {"A", "C", *("R" if looked_at else "")}
    assert (row["members_after"], row["joined"]) == (len(members), ["C"] if looked_at else ["A", "C"])
