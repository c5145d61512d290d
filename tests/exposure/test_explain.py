"""Explanations of the sample: every figure of every table follows from the lines that its explanation lists."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from app.source import SAMPLE, compiled
from exposure.explain import explain
from exposure.report import Analysis, Request
from exposure.statement import Line
from graph.errors import OptionError
from graph.snapshot import Snapshot
from tests.books import book, party


@cache
def sample() -> Analysis:
    snapshot, noticed = compiled(str(SAMPLE))
    packs = ("CN-LE", "CN-GUAR", "EU-AMLR")
    return Analysis(snapshot, Request(packs=packs, options={"ring_appetite": "1000000"}), noticed)


def rows(name: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = sample().table(name).to_pylist()
    return made


@cache
def told(subject: str) -> tuple[Line, ...]:
    return explain(sample(), subject).lines


def each(lines: tuple[Line, ...], key: str) -> Iterator[Line]:
    for line in lines:
        if line.key == key:
            yield line
        yield from each(line.below, key)


def amount(line: Line) -> Decimal | None:
    return None if line.amount is None else Decimal(line.amount).scaleb(-2)


def test_every_line_follows_from_those_below_it() -> None:
    subjects = {r["party_id"] for r in rows("party_exposures")} | {r["group_id"] for r in rows("groups")}
    subjects |= {r["ring_id"] for r in rows("rings")} | {r["guarantee_id"] for r in rows("mitigation")}
    subjects |= set(sample().snapshot.tables["facilities"].text("facility_id").to_pylist()[::5])
    for subject in sorted(subjects - {"(unknown)"}):
        lines = told(subject)
        assert all(line.replayed() for line in lines), subject
        assert explain(sample(), subject).text("zh")


def test_limits_replay_from_the_facilities_that_they_count() -> None:
    for r in rows("limits"):
        if r["subject_id"].startswith("(") or r["value"] is None:
            continue
        lines = [
            line
            for line in each(told(r["subject_id"]), "limit")
            if (line.places["limit_rule"], line.places["lender"], line.places["level"], line.places["scope"])
            == (r["rule"], r["lender_id"] or "", r["level"] or "", r["scope"])
        ]
        assert len(lines) == 1, r
        value, ceiling = lines[0].below
        assert (amount(value), amount(ceiling)) == (r["value"], r["limit"])
        assert value.replayed()
        assert value.rule == "sum"


def test_guarantors_replay_from_their_guarantees() -> None:
    for r in rows("guarantors"):
        lines = told(r["party_id"])
        found = {
            key: [amount(line) for line in each(lines, key)]
            for key in ("given", "max_call", "effective", "illusory")
        }
        assert r["given"] is None or found["given"] == [r["given"]]
        assert found["max_call"] == ([] if r["max_call"] is None else [r["max_call"]])
        assert found["effective"] == ([] if r["effective_cover"] is None else [r["effective_cover"]])
        assert found["illusory"] == ([] if r["illusory_cover"] is None else [r["illusory_cover"]])


def test_what_guarantees_move_replays_facility_by_facility() -> None:
    moved: dict[str, Decimal] = {}
    for r in rows("mitigation"):
        if r["pack"] == "CN-LE":
            moved[r["guarantee_id"]] = moved.get(r["guarantee_id"], Decimal(0)) + (r["moved"] or 0)
    for guarantee, whole in moved.items():
        (line,) = each(told(guarantee), "moved")
        assert amount(line) == whole


def test_rings_and_their_cuts_replay_from_guarantees() -> None:
    for r in rows("rings"):
        lines = told(r["ring_id"])
        assert [amount(line) for line in each(lines, "ring")] == [r["amount"]]
        cuts = [amount(line) for line in each(lines, "cut")]
        assert cuts == ([] if r["cut_cost"] is None else [r["cut_cost"]])


def test_facilities_and_collateral_replay() -> None:
    secured = {r["facility_id"]: r for r in rows("collateral") if r["secured"]}
    for facility in secured:
        lines = told(facility)
        assets = list(each(lines, "asset"))
        assert sum((amount(a) or 0 for a in assets), Decimal(0)) == sum(
            r["secured"] for r in rows("collateral") if r["facility_id"] == facility and r["secured"]
        )


def test_shares_and_beneficial_owners_replay_from_chains_of_stakes() -> None:
    held = [r for r in rows("shares") if r["integrated"] is not None and r["owner_id"] != r["owned_id"]]
    for r in held[:: max(1, len(held) // 60)]:
        (line,) = told(f"{r['owner_id']}>{r['owned_id']}")
        check(line, r["integrated"])
    for r in rows("beneficial_owners"):
        found = [
            line
            for line in each(told(r["company_id"]), "beneficial")
            if (line.places["person"], line.places["basis"]) == (r["person_id"], r["basis"])
        ]
        assert len(found) == 1, r
        if r["share"] is not None:
            check(found[0].below[0], r["share"])


def check(line: Line, integrated: float) -> None:
    """The chains of a share multiply their stakes and add up to it."""
    total = line.places["rest"]
    assert isinstance(total, float)
    for chain in line.below:
        stakes, loops, said = (chain.places[c] for c in ("stakes", "loops", "share"))
        assert isinstance(stakes, list)
        assert isinstance(loops, float)
        assert said == pytest.approx(math.prod(stakes) * loops)
        assert chain.rows
        total += math.prod(stakes) * loops
    assert total == pytest.approx(integrated, abs=1e-6)


def test_findings_name_the_rows_that_they_rest_on() -> None:
    for r in rows("findings")[::20]:
        lines = told(r["finding_id"])
        assert lines[0].sentence("en") == r["text_en"]


def merged(*same: str) -> Analysis:
    """P owns A and A2; each two letters are judged to be one party."""
    return Analysis(
        Snapshot.of(
            book(
                parties=[party(p) for p in ("P", "Q", "A", "Z")],
                ownership=[{"owner_id": "P", "owned_id": "A", "share": "0.6"}],
                same_as=[{"party_id": a, "other_id": b, "judgement": "same"} for a, b in same],
            )
        )
    )


def test_a_group_is_found_by_an_id_that_was_judged_to_be_its_source() -> None:
    found = explain(merged("QP"), "G:Q")
    assert found.subject == "G:P"
    assert [line.key for line in found.lines] == ["one_party", "group", "gross"]
    assert found.lines[0].sentence("en").startswith("P is one party with Q, as a reviewer judged [parties")
    assert found.lines[1:] == explain(merged("QP"), "G:P").lines


def test_a_group_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    for subject, said in (("G:Z", "Z is one party with A, .* ask for G:P"), ("G:A", "ask for G:P")):
        with pytest.raises(OptionError, match=said):
            explain(merged("ZA"), subject)
    for subject, said in (("G:Z", "Z, which is in no group"), ("G:X", "no party 'X'")):
        with pytest.raises(OptionError, match=said):
            explain(merged(), subject)


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(OptionError, match="OWNER>COMPANY"):
        told("A>B")
