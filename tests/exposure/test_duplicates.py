"""Duplicate credit against comparisons of all rows, and the cases that the definition settles."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure import batches, findings
from exposure.duplicates import duplicates, twice
from exposure.duplicates.aliases import findings as alias_findings
from exposure.duplicates.pledged import findings as pledge_findings
from exposure.facilities import Facilities, valued
from exposure.findings import Finding, words
from exposure.guarantees.guarantors import Guarantees
from exposure.guarantees.rings import rings
from exposure.report import Analysis
from exposure.rulepack import load
from graph.snapshot import Snapshot
from tests.books import Row, book, facility, party
from tests.oracle import duplicates as oracle
from tests.oracle.identity import one_from_the_start

AS_OF = dt.date(2026, 10, 30)
BANKS: list[Row] = [{"lender_id": b, "name": b} for b in ("BANK", "LEASE", "TRUST")]
START = dt.date(2026, 1, 1)


def held(**tables: list[Row]) -> Facilities:
    """Facilities of a book of these rows."""
    return valued(Snapshot.of(book(AS_OF, lenders=BANKS, **tables)), load("EU-CRR"))


def found(made: Any, of: Facilities) -> oracle.Found:  # noqa: ANN401 (a batch or findings)
    """Amounts by subjects, as the table has them."""
    rows = findings.table(made if isinstance(made, list) else [made], of.snapshot).to_pylist()
    assert all(r["subjects"] == sorted(r["subjects"]) for r in rows)
    amounts = {frozenset(r["subjects"]): int(r["amount"] * 100) for r in rows}
    assert len(amounts) == len(rows)
    return amounts


def report(**tables: list[Row]) -> list[dict[str, Any]]:
    """All findings of a book."""
    return Analysis(Snapshot.of(book(AS_OF, lenders=BANKS, **tables))).table("findings").to_pylist()


def of_code(rows: list[dict[str, Any]], code: str) -> list[tuple[list[str], int | None]]:
    """Subjects and amounts of the findings of a code."""
    return [
        (r["subjects"], None if r["amount"] is None else int(r["amount"])) for r in rows if r["code"] == code
    ]


money = st.sampled_from(["0", "10", "10.01", "99.9", "100", "100.1", "100.2", "250", "250.25", "30"])
dates = st.sampled_from([None, START, START, START + dt.timedelta(20), START + dt.timedelta(45)])


@st.composite
def _facility(draw: st.DrawFn, name: str) -> Row:
    limit = draw(money)
    return facility(
        name, draw(st.sampled_from("ABC")), limit, limit, lender_id=draw(st.sampled_from(["BANK", "LEASE", "TRUST"])),
        currency=draw(st.sampled_from(["EUR"] * 5 + ["USD"])), status=draw(st.sampled_from([None] * 7 + ["closed"])),
        purpose_ref=draw(st.sampled_from([None, None, None, "INV-1", "INV-2", " "])),
        purpose_amount=draw(st.one_of(st.none(), money)), start_date=draw(dates),
        maturity_date=draw(st.sampled_from([None, None, dt.date(2028, 1, 1)])),
        umbrella_id=draw(st.sampled_from([None, None, None, "U"])),
    )  # fmt: skip


@st.composite
def crowded_books(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Books in which facilities, assets and borrowers meet again and again."""
    facilities = [draw(_facility(f"F{i}")) for i in range(draw(st.integers(0, 9)))]
    loans = [str(f["facility_id"]) for f in facilities]
    identifier = st.sampled_from([None, None, "X1", "X2"])
    parties = [party(n, uscc=draw(identifier), lei=draw(identifier)) for n in "ABC"]
    judged = st.tuples(st.sampled_from(["AB", "BC", "CA"]), st.sampled_from(["same", "different", "unsure"]))
    collateral = [
        {"collateral_id": f"K{i}", "value": draw(money), "currency": "EUR",
         "registry_ref": draw(st.sampled_from([None, None, "R1", "R2"]))}
        for i in range(4)
    ]  # fmt: skip
    pairs = (
        st.tuples(st.sampled_from(["K0", "K1", "K2", "K3"]), st.sampled_from(loans))
        if loans
        else st.nothing()
    )
    pledges = draw(st.lists(pairs, max_size=8, unique=True)) if loans else []
    return {
        "parties": parties,
        "facilities": facilities,
        "umbrellas": [{"umbrella_id": "U", "limit": draw(money), "currency": "EUR"}],
        "same_as": [
            {"party_id": p[0], "other_id": p[1], "judgement": j}
            for p, j in draw(st.lists(judged, max_size=3, unique_by=lambda x: x[0]))
        ],
        "collateral": collateral,
        "pledges": [
            {
                "collateral_id": k,
                "facility_id": f,
                "amount": draw(st.one_of(st.none(), money)),
                "currency": "EUR",
            }
            for k, f in pledges
        ],
        "fx": [{"currency": c, "date": AS_OF, "rate": "1"} for c in ("EUR", "USD")],
    }


@given(tables=crowded_books())
def test_every_kind_is_found_as_by_comparing_all_rows(tables: dict[str, list[Row]]) -> None:
    compare(tables)


@pytest.mark.soak
@given(tables=crowded_books())
def test_thousands_of_books_agree(tables: dict[str, list[Row]]) -> None:
    compare(tables)


def compare(tables: dict[str, list[Row]]) -> None:
    """Check every kind that does not need groups against a comparison of all rows."""
    of = held(**tables)
    alike, near = duplicates.look_alikes(of)
    one = one_from_the_start(tables)
    assert found(duplicates.one_need(of), of) == oracle.one_need(tables)
    assert found(near, of) == oracle.near(one)
    assert found(alike, of) == oracle.records(one)
    assert found(pledge_findings(of), of) == oracle.over_pledged(tables)
    assert found(duplicates.beyond_umbrella(of), of) == oracle.beyond_umbrella(tables)
    assert found(alias_findings(of), of) == oracle.one_borrower(tables)


@settings(max_examples=30)
@given(tables=crowded_books())
def test_order_of_rows_does_not_matter(tables: dict[str, list[Row]]) -> None:
    turned = {name: rows[::-1] for name, rows in tables.items()}
    one, two = report(**tables), report(**turned)
    assert [{**r, "evidence": json.loads(r["evidence"])["figures"]} for r in one] == [
        {**r, "evidence": json.loads(r["evidence"])["figures"]} for r in two
    ]


@given(tables=crowded_books())
def test_a_batch_makes_the_rows_that_findings_one_by_one_make(tables: dict[str, list[Row]]) -> None:
    of = held(**tables)
    batch = duplicates.one_need(of)
    rows = batches.table(batch, of.snapshot, words)
    alone = [
        Finding(batch.code, subjects, amount, batch.rule, figures, ()) for subjects, amount, figures in batch
    ]
    expected = findings.table(alone, of.snapshot).drop_columns("evidence")
    assert rows.drop_columns("evidence").sort_by("finding_id").equals(expected.sort_by("finding_id"))
    for row, finding in zip(rows["evidence"].to_pylist(), alone, strict=True):
        told = json.loads(row)
        assert told["figures"] == finding.figures
        assert {r["table"] for r in told["rows"]} <= {"facilities"}


# --- what the definition settles ---------------------------------------------------------------------


def test_one_invoice_at_two_lenders() -> None:
    rows = report(
        parties=[party("A")],
        facilities=[
            facility("F2", "A", 80, 80, lender_id="LEASE", purpose_ref="INV", purpose_amount=100),
            facility("F1", "A", 70, 70, purpose_ref="INV", purpose_amount=120),
            facility("F3", "A", 10, 10, purpose_ref="INV-2", purpose_amount=10),
        ],
    )
    assert of_code(rows, "duplicate_credit") == [(["F1", "F2"], 50)]
    (row,) = [r for r in rows if r["code"] == "duplicate_credit"]
    evidence = json.loads(row["evidence"])
    assert evidence["figures"] == {"path": ["BANK > F1 > INV", "LEASE > F2 > INV"], "purpose_ref": "INV"}
    assert [(r["table"], r["row"]) for r in evidence["rows"]] == [("facilities", 1), ("facilities", 2)]


def test_a_need_whose_amount_nobody_states_is_not_judged() -> None:
    rows = report(
        parties=[party("A")],
        facilities=[
            facility(f, "A", 80, 80, lender_id=b, purpose_ref="INV")
            for f, b in (("F1", "BANK"), ("F2", "LEASE"))
        ],
    )
    assert of_code(rows, "duplicate_credit") == []


def test_a_contract_recorded_twice_counts_once_and_look_alikes_count_twice() -> None:
    same = {"start_date": START, "maturity_date": dt.date(2028, 1, 1)}
    rows = report(
        parties=[party("A")],
        facilities=[facility(f, "A", 25, 25, **same) for f in ("F1", "F2")]
        + [facility(f, "A", 50, 50, contract_ref="C") for f in ("F3", "F4")],
    )
    assert of_code(rows, "duplicate_record") == [(["F1", "F2"], 25), (["F3", "F4"], 50)]
    texts = [r["text_en"] for r in rows if r["code"] == "duplicate_record"]
    assert ["both count" in t for t in texts] == [True, False]


def test_a_pledge_without_an_amount_is_for_the_drawn_debt_and_a_closed_one_is_gone() -> None:
    rows = report(
        parties=[party("A")],
        facilities=[
            facility("F1", "A", 90, 80), facility("F2", "A", 60, 60, lender_id="LEASE"),
            facility("F3", "A", 60, 60, status="closed"),
        ],
        collateral=[
            {"collateral_id": k, "value": v, "currency": "EUR", "registry_ref": "PROP"}
            for k, v in (("K1", 120), ("K2", 110))
        ],
        pledges=[
            {"collateral_id": "K1", "facility_id": "F1", "amount": 90},  # in the base currency
            {"collateral_id": "K2", "facility_id": "F2"}, {"collateral_id": "K2", "facility_id": "F3"},
        ],
    )  # fmt: skip
    assert of_code(rows, "collateral_over_pledged") == [(["PROP"], 40)]
    (row,) = [r for r in rows if r["code"] == "collateral_over_pledged"]
    assert json.loads(row["evidence"])["figures"]["path"] == ["BANK > F1 > PROP", "LEASE > F2 > PROP"]


def test_one_borrower_under_two_ids_needs_two_lenders() -> None:
    parties = [party("A", uscc="91X"), party("B", uscc=" 91x "), party("C", uscc="91X")]
    judged: list[Row] = [{"party_id": "C", "other_id": "A", "judgement": "different"},
                         {"party_id": "C", "other_id": "B", "judgement": "different"}]  # fmt: skip
    loans = [
        facility("F1", "A", 80, 80),
        facility("F2", "B", 60, 60),
        facility("F3", "C", 5, 5, lender_id="TRUST"),
    ]
    assert of_code(report(parties=parties, facilities=loans, same_as=judged), "duplicate_party") == []
    loans[1] = {**loans[1], "lender_id": "LEASE"}
    assert of_code(report(parties=parties, facilities=loans, same_as=judged), "duplicate_party") == [
        (["A", "B"], 60)
    ]


def test_lenders_together_above_a_unified_ceiling_that_each_one_keeps() -> None:
    loans = [facility(f"F{b}", "A", 60, 60, lender_id=b) for b in ("BANK", "LEASE")]
    limits: list[Row] = [
        {"scope": "party", "subject_id": "A", "lender_id": b, "amount": 70, "currency": "EUR"}
        for b in ("BANK", "LEASE")
    ]
    for ceiling, expected in ((120, []), (119, [(["A"], 1)])):
        unified: Row = {"scope": "unified", "subject_id": "A", "amount": ceiling, "currency": "EUR"}
        rows = report(parties=[party("A")], facilities=loans, limits=[*limits, unified])
        assert of_code(rows, "excess_credit") == expected


def test_an_amount_beyond_what_a_float_holds_is_told_to_the_cent() -> None:
    unified: Row = {"scope": "unified", "subject_id": "A", "amount": "90071992547409.91", "currency": "EUR"}
    loan = facility("F", "A", "90071992547409.93", "90071992547409.93")
    (row,) = [
        r
        for r in report(parties=[party("A")], facilities=[loan], limits=[unified])
        if r["code"] == "excess_credit"
    ]
    assert "has 90,071,992,547,409.93 EUR" in row["text_en"]
    assert json.loads(row["evidence"])["figures"]["path"] == ["BANK > A: 90,071,992,547,409.93"]


def guaranteed_group(**more: list[Row]) -> list[dict[str, Any]]:
    """A parent P with net assets of 100 that guarantees its subsidiary's 150 and a stranger's 70."""
    return report(
        parties=[party("P", equity=100), party("S", equity=40), party("X", equity=90), party("T", equity=10)],
        ownership=[
            {"owner_id": "P", "owned_id": "S", "share": "1"}, {"owner_id": "S", "owned_id": "T", "share": "0.6"},
        ],
        facilities=[facility("FS", "S", 150, 150), facility("FX", "X", 70, 70), facility("FP", "P", 20, 20)],
        guarantees=[
            {"guarantee_id": "G1", "guarantor_id": "P", "form": "full", "eligible": True},
            {"guarantee_id": "G2", "guarantor_id": "P", "form": "full", "eligible": True},
            {"guarantee_id": "G3", "guarantor_id": "X", "form": "capped", "cap": 15, "eligible": True},
        ],
        guarantee_covers=[
            {"guarantee_id": "G1", "facility_id": "FS"}, {"guarantee_id": "G2", "facility_id": "FX"},
            {"guarantee_id": "G3", "facility_id": "FP"},
        ],
        **more,
    )  # fmt: skip


def test_debt_and_promise_in_one_group() -> None:
    rows = guaranteed_group()
    assert of_code(rows, "guarantee_double_count") == [(["G1"], 150)]
    (row,) = [r for r in rows if r["code"] == "guarantee_double_count"]
    figures = json.loads(row["evidence"])["figures"]
    assert figures == {"groups": ["G:P"], "path": ["P > G1 > FS > S"]}
    assert row["rule"] == "EU-CRR"


def test_net_assets_behind_more_than_they_are_worth() -> None:
    rows = guaranteed_group()
    assert of_code(rows, "guarantor_reused") == [(["P"], 120)]
    (row,) = [r for r in rows if r["code"] == "guarantor_reused"]
    assert json.loads(row["evidence"])["figures"]["path"] == ["P > G1 > FS > S", "P > G2 > FX > X"]


def test_two_that_guarantee_each_other_swap_the_smaller_cover() -> None:
    rows = guaranteed_group()
    for code in ("guarantee_swap", "mutual_guarantee"):
        assert of_code(rows, code) == [(["P", "X"], 15)]
        (row,) = [r for r in rows if r["code"] == code]
        assert [r["row"] for r in json.loads(row["evidence"])["rows"]] == [2, 3]


def test_capital_is_counted_at_each_tier() -> None:
    rows = guaranteed_group()
    assert of_code(rows, "double_gearing") == [(["G:P"], 46)]  # S wholly, 60 % of T's 10
    (row,) = [r for r in rows if r["code"] == "double_gearing"]
    assert json.loads(row["evidence"])["figures"] == {"solo": "150.00 EUR", "path": ["P > S", "S > T"]}
    assert row["amount"] == 46


def test_a_person_without_accounts_is_no_tier_of_capital() -> None:
    rows = report(
        parties=[party("O", "person"), party("P", equity=100), party("S", equity=40)],
        ownership=[{"owner_id": a, "owned_id": b, "share": "1"} for a, b in ("OP", "PS")],
        facilities=[facility("F", "S", 1, 1)],
    )
    assert of_code(rows, "double_gearing") == [(["G:O"], 40)]


def test_findings_of_groups_come_once_a_pack() -> None:
    parties, loans = [party("P", equity=9), party("S", equity=4)], [facility("F", "S", 9, 9)]
    stakes: list[Row] = [{"owner_id": "P", "owned_id": "S", "share": "1"}]
    snapshot = Snapshot.of(book(AS_OF, lenders=BANKS, parties=parties, facilities=loans, ownership=stakes))
    analysis = Analysis(snapshot)
    made = Guarantees.of(analysis.facilities[0])
    circles = rings(made.promises, made.edges)
    groups = [*analysis.groups, *analysis.groups]
    assert [len(b) for b in twice.findings(made, circles, groups) if b.code == "double_gearing"] == [1, 1]


def test_ten_thousand_like_facilities_of_one_obligor_are_one_finding() -> None:
    many = 10_000
    lenders = ["BANK", "LEASE"]
    of = held(
        parties=[party("A")],
        facilities=[facility(f"F{i:05d}", "A", 100, 100, lender_id=lenders[i % 2]) for i in range(many)],
    )
    (amount,) = found(duplicates.look_alikes(of)[1], of).values()
    assert amount == (many - 1) * 100_00


@pytest.mark.parametrize(("text", "quoted"), [('A "B"', '"A \\"B\\""'), ("A\nB", '"A\\nB"'), ("甲", '"甲"')])
def test_evidence_is_json_whatever_stands_in_an_id(text: str, quoted: str) -> None:
    rows = report(
        parties=[party("A")],
        facilities=[facility(f, "A", 80, 80, purpose_ref=text, purpose_amount=100) for f in ("F1", "F2")],
    )
    (row,) = [r for r in rows if r["code"] == "duplicate_credit"]
    assert json.loads(row["evidence"])["figures"]["purpose_ref"] == text
    assert quoted in row["evidence"]
