"""Ids that are judged one are one party everywhere, and taking the judgement back undoes it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.source import compiled
from exposure.explain import explain
from exposure.report import Analysis
from graph.archive import open_saved, save
from graph.snapshot import Snapshot
from graph.store import open_store
from ingest.load import load
from tests.books import BANK, Row, book, facility, party
from tests.oracle.identity import one_from_the_start

NAMES = "ABCDE"
OF_JUDGEMENTS = {"identity_merged", "identity_conflict", "identity_contradicted", "duplicate_party"}
COMPARED = (
    "control", "votes", "shares", "beneficial_owners", "close_links", "groups", "group_members",
    "party_exposures", "group_exposures", "mitigation", "bridge", "guarantors", "rings", "findings",
)  # fmt: skip


def told(tables: dict[str, list[Row]]) -> dict[str, list[dict[str, Any]]]:
    """Every result of a book, without what stands in which row of it and what is about judgements."""
    return results(Snapshot.of(book(**tables)))


def results(snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    analysis = Analysis(snapshot)
    made = {}
    for name in COMPARED:
        rows = analysis.table(name).to_pylist()
        if name == "findings":
            rows = [
                {**r, "evidence": json.loads(r["evidence"])["figures"]}
                for r in rows
                if r["code"] not in OF_JUDGEMENTS
            ]
        made[name] = sorted(rows, key=lambda r: repr({k: v for k, v in r.items() if k != "attributable"}))
    return made


def modelled(made: dict[str, list[dict[str, Any]]]) -> list[float]:
    """Take out the amounts that a model weighs in float64: numbered otherwise, they may differ by a minor unit."""
    return [float(row.pop("attributable") or 0) for row in made["party_exposures"]]


share = st.sampled_from(["0.1", "0.2", "0.25", "0.3", "0.5"])
pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=5, unique=True)


@st.composite
def judged_books(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Small books in which some ids are judged the same, different or neither."""
    money = st.sampled_from([None, 10, 20, 90])
    kind, country = st.sampled_from(["company", "person"]), st.sampled_from([None, "CN"])
    judgement = st.sampled_from(["same", "same", "same", "different", "unsure"])
    both = draw(st.lists(st.sampled_from(["AB", "BC", "CA", "DE", "ED", "AE"]), max_size=3, unique=True))
    loans = [
        facility(f"F{i}", o, 10 + i, 10, contract_ref=draw(st.sampled_from([None, None, "K"])))
        for i, o in enumerate(draw(st.lists(st.sampled_from(NAMES), max_size=5)))
    ]
    given = draw(pairs) if loans else []
    return {
        "lenders": [BANK],
        "fx": [{"currency": "EUR", "date": dt.date(2026, 1, 1), "rate": 1}],
        "parties": [
            party(n, draw(kind), equity=draw(money), country=draw(country))
            for n in NAMES
        ],
        "same_as": [{"party_id": a, "other_id": b, "judgement": draw(judgement)} for a, b in both],
        "ownership": [{"owner_id": a, "owned_id": b, "share": draw(share)} for a, b in draw(pairs)],
        "control": [
            {"controller_id": a, "controlled_id": b, "basis": "contract"} for a, b in draw(pairs) if a != b
        ],
        "dependence": [
            {"dependent_id": a, "on_id": b, "basis": "repayment_source"} for a, b in draw(pairs) if a != b
        ],
        "kin": [
            {"person_id": a, "relative_id": b, "relation": "parent", "generation_lineal": 1}
            for a, b in draw(pairs) if a != b
        ],
        "liabilities": [
            {"debtor_id": a, "creditor_id": b, "amount": 5, "currency": "EUR"} for a, b in draw(pairs) if a != b
        ],
        "co_obligors": [
            {"facility_id": loans[NAMES.index(b) % len(loans)]["facility_id"], "party_id": a}
            for a, b in {(a, NAMES[NAMES.index(b) % len(loans)]) for a, b in given}
        ],
        "ratings": [
            {"party_id": a, "date": dt.date(2026, 1, 1), "agency": "X", "rating": b}
            for a, b in dict(draw(pairs)).items()
        ],
        "facilities": loans,
        "guarantees": [
            {"guarantee_id": f"G{i}", "guarantor_id": a, "form": "full", "eligible": True}
            for i, (a, _) in enumerate(given)
        ],
        "guarantee_covers": [
            {"guarantee_id": f"G{i}", "facility_id": loans[NAMES.index(b) % len(loans)]["facility_id"]}
            for i, (_, b) in enumerate(given)
        ],
    }  # fmt: skip


@settings(max_examples=40)
@given(tables=judged_books())
def test_ids_judged_one_report_as_a_book_with_one_id_from_the_start(tables: dict[str, list[Row]]) -> None:
    one, two = told(tables), told(one_from_the_start(tables))
    assert modelled(one) == pytest.approx(modelled(two), abs=0.011)
    assert one == two


@settings(max_examples=5)
@given(tables=judged_books())
def test_a_judgement_taken_back_leaves_nothing(tables: dict[str, list[Row]]) -> None:
    alone = {**tables, "same_as": []}
    told(tables)
    assert told(alone) == told({n: rows for n, rows in tables.items() if n != "same_as"})


def two(**more: list[Row]) -> dict[str, list[Row]]:
    """A and B are judged one; each has a loan."""
    return {
        "lenders": [BANK, {"lender_id": "LEASE", "name": "Lease"}],
        "parties": [party("A", equity=5, rating="BB"), party("B", equity=7, country="CN"), party("C")],
        "facilities": [facility("F1", "A", 80, 80), facility("F2", "B", 60, 60, lender_id="LEASE")],
        "same_as": [{"party_id": "B", "other_id": "A", "judgement": "same"}],
        **more,
    }


def of_code(snapshot: Snapshot, code: str) -> list[dict[str, Any]]:
    rows = Analysis(snapshot).table("findings").to_pylist()
    return [{**r, "evidence": json.loads(r["evidence"])} for r in rows if r["code"] == code]


def test_the_smallest_id_counts_and_unknown_facts_come_from_the_other() -> None:
    snapshot = Snapshot.of(book(**two()))
    assert snapshot.party_ids.to_pylist() == ["A", "C"]
    assert snapshot.number_of == {"A": 0, "B": 0, "C": 1}
    assert snapshot.parties.text("country").to_pylist() == ["CN", None]
    assert snapshot.parties["equity"][0] == 500
    rows = Analysis(snapshot).table("party_exposures").to_pylist()
    assert [(r["party_id"], int(r["gross"])) for r in rows if r["lender_id"] is None] == [("A", 140)]


def test_any_of_the_ids_is_explained_and_names_the_others() -> None:
    analysis = Analysis(Snapshot.of(book(**two())))
    told = explain(analysis, "B").text("en")
    assert told == explain(analysis, "A").text("en")
    assert "A is one party with B, as a reviewer judged" in told


def test_a_limit_on_a_group_may_name_any_of_the_ids_of_its_source() -> None:
    def tested(subject: str) -> list[tuple[Any, ...]]:
        limit = {"scope": "group", "subject_id": subject, "amount": 100, "currency": "EUR"}
        own = [{"owner_id": "B", "owned_id": "C", "share": Decimal("0.9")}]
        held = Analysis(Snapshot.of(book(**two(ownership=own, limits=[limit])))).table("limits").to_pylist()
        return [(r["subject_id"], r["value"], r["breach"]) for r in held if r["scope"] == "group"]

    assert tested("A") == tested("B") == [("G:A", 140, True)]


def test_facts_that_differ_are_told() -> None:
    (row,) = of_code(Snapshot.of(book(**two())), "identity_conflict")
    assert row["subjects"] == ["A", "B"]
    assert row["evidence"]["figures"] == {"counts": "A", "columns": ["equity"]}
    assert [r["row"] for r in row["evidence"]["rows"]] == [1, 2]


def test_one_borrower_under_two_ids_is_still_a_finding() -> None:
    (row,) = of_code(Snapshot.of(book(**two())), "duplicate_party")
    assert (row["subjects"], int(row["amount"])) == (["A", "B"], 60)
    assert row["evidence"]["figures"]["path"] == ["BANK > F1 > A", "LEASE > F2 > B"]


def test_ties_of_a_party_with_itself_fall_away_and_are_told() -> None:
    stakes: list[Row] = [
        {"owner_id": "A", "owned_id": "B", "share": "0.6"},
        {"owner_id": "A", "owned_id": "C", "share": "0.3"},
        {"owner_id": "B", "owned_id": "C", "share": "0.3"},
    ]
    snapshot = Snapshot.of(book(**two(ownership=stakes)))
    (row,) = of_code(snapshot, "identity_merged")
    assert row["evidence"]["figures"] == {"counts": "A", "dropped": 1}
    assert ("ownership", 1) in [(r["table"], r["row"]) for r in row["evidence"]["rows"]]
    control = Analysis(snapshot).table("control").to_pylist()
    assert [(r["controller_id"], r["controlled_id"]) for r in control] == [("A", "C")]


def test_a_contradiction_through_a_third_merges_nobody() -> None:
    judged: list[Row] = [
        {"party_id": "A", "other_id": "B", "judgement": "same"},
        {"party_id": "B", "other_id": "C", "judgement": "same"},
        {"party_id": "C", "other_id": "A", "judgement": "different"},
    ]
    snapshot = Snapshot.of(book(**two(same_as=judged)))
    assert snapshot.n == 3
    assert [r["subjects"] for r in of_code(snapshot, "identity_contradicted")] == [["A", "B", "C"]]


@pytest.mark.parametrize("judgement", ["different", "unsure"])
def test_nothing_but_same_merges(judgement: str) -> None:
    judged: list[Row] = [{"party_id": "A", "other_id": "B", "judgement": judgement}]
    assert Snapshot.of(book(**two(same_as=judged))).n == 3


def test_a_judgement_counts_while_it_is_in_force() -> None:
    judged: list[Row] = [
        {"party_id": "A", "other_id": "B", "judgement": "same", "valid_to": dt.date(2026, 10, 1)}
    ]
    held = book(**two(same_as=judged))
    assert Snapshot.of(held, dt.date(2026, 9, 30)).n == 2
    assert Snapshot.of(held, dt.date(2026, 10, 1)).n == 3


def test_a_saved_snapshot_knows_who_is_one(tmp_path: Path) -> None:
    held = book(**two())
    snapshot = Snapshot.of(held)
    save(snapshot, tmp_path)
    opened = open_saved(tmp_path, held.tables)
    assert opened.identities.merged == snapshot.identities.merged
    assert results(opened) == results(snapshot)
    assert of_code(opened, "duplicate_party") == of_code(snapshot, "duplicate_party")


FIRST = {
    "parties.csv": "party_id,name,kind\nA,A,company\nB,B,company\nC,C,company\n",
    "facilities.csv": "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
    "F1,L,A,loan,80,80,EUR\nF2,L,B,loan,60,60,EUR\n",
    "ownership.csv": "owner_id,owned_id,share\nA,C,0.3\nB,C,0.3\n",
}


JUDGED = (
    FIRST,
    {"same_as.csv": "party_id,other_id,judgement\nA,B,same\n"},
    {"same_as.csv": "party_id,other_id,judgement,deleted\nA,B,same,true\n"},
)


def test_taken_back_in_a_later_version_the_report_is_what_it_was(tmp_path: Path) -> None:
    url = f"book:{tmp_path / 'store'}"
    for version, files in enumerate(JUDGED, 1):
        folder = tmp_path / str(version)
        folder.mkdir()
        kind = "full" if version == 1 else "delta"
        said = f'format = 1\nperiod = 2026-0{version}-28\nkind = "{kind}"\n'
        (folder / "book.toml").write_text(said + "".join(f'[files."{name}"]\n' for name in files))
        for name, text in files.items():
            (folder / name).write_text(text)
        load(folder, open_store(url))
    one, two, three = (compiled(url, version=v)[0] for v in (1, 2, 3))
    assert [s.n for s in (one, two, three)] == [3, 2, 3]
    assert results(one) == results(three)
    held = {r["party_id"]: r["gross"] for r in results(two)["party_exposures"] if r["lender_id"] is None}
    assert held["A"] == 140
