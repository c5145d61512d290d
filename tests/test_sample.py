"""The sample banking group: written by its generator, readable, and with everything planted that a finding can be."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from app.cli import main
from app.source import compiled, earlier
from bench import make_sample
from bench.sample import draft
from bench.sample.answers import NOT_PLANTED
from bench.sample.draft import Figure, Plant
from exposure.report import Analysis, Request
from exposure.results import RESULTS, not_computed
from exposure.rulepack import DEFAULT, HOUSE, house, packs
from graph.findings import CODES
from graph.model import BOOL, COUNT, CURRENCY, DATE, ID, TABLES, TEXT, Column, Kind
from ingest.job import read

SAMPLE = Path(__file__).parents[1] / "app" / "sample"
MADE = make_sample.files()
BOOK = make_sample.draft()
OUTSIDE = "contagion"
"""Packs that start so are runs of a model, not reports."""


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


READS: dict[Kind, Callable[[str], bool]] = {
    BOOL: {"true", "false"}.__contains__,
    DATE: lambda text: dt.date.fromisoformat(text).isoformat() == text,
    CURRENCY: lambda text: re.fullmatch("[A-Z]{3}", text) is not None,
    COUNT: str.isdecimal,
    ID: lambda text: text == text.strip(),
    TEXT: lambda text: text == text.strip(),
}


def readable(column: Column, text: str) -> bool:
    """Whether a cell is what its kind says, worked out without the reader of the book."""
    if text == "":
        return not (column.key and column.required)
    if column.values:
        return text in column.values
    if column.kind in READS:
        return bool(READS[column.kind](text))
    units = Decimal(text) * column.kind.scale
    return units == int(units) and column.kind.low <= units <= column.kind.high


def test_the_generator_writes_the_files_that_are_kept() -> None:
    kept = {p.name: p.read_text(encoding="utf-8") for p in SAMPLE.iterdir() if p.name != "__init__.py"}
    assert kept.keys() == MADE.keys()
    assert [name for name in kept if kept[name] != MADE[name]] == []


@pytest.mark.parametrize("name", [n for n in TABLES if f"{n}.csv" in MADE])
def test_every_cell_is_of_its_kind(name: str) -> None:
    held = rows(f"{name}.csv")
    assert held
    wrong = [
        (row, column, text)
        for row, cells in enumerate(held, 2)
        for column, text in cells.items()
        if not readable(TABLES[name].column(column), text)
    ]
    assert wrong == []


def test_the_book_is_read_without_a_problem() -> None:
    book, receipt = read(SAMPLE)
    assert receipt.problem_total == 0
    assert book.default_as_of() == draft.AS_OF
    assert book.default_base() == "CNY"


def test_it_is_small_enough_to_read_and_large_enough_to_show_something() -> None:
    assert 500 <= len(rows("parties.csv")) <= 700
    assert 750 <= len(rows("facilities.csv")) <= 1_050
    assert len(rows("lenders.csv")) == 7
    assert {"CNY", "USD", "EUR"} == {r["currency"] for r in rows("fx.csv")}
    assert all(r["name"] and r["name_en"] for r in rows("parties.csv"))


def test_every_code_of_the_engine_is_planted() -> None:
    assert set(CODES) - set(NOT_PLANTED) == {p.code for p in BOOK.plants}


def test_plants_name_what_is_in_the_book() -> None:
    named = {s.removeprefix("G:") for p in BOOK.plants for s in p.subjects}
    tables = ("parties", "facilities", "guarantees", "collateral")
    ids = {row[TABLES[name].key[0]] for name in tables for row in rows(f"{name}.csv")}
    registers = {row["registry_ref"] for row in rows("collateral.csv")}
    assert named - ids - registers == {"GBP"}


@cache
def analysis(pack: str, **options: str) -> Analysis:
    """The report of the sample under one pack."""
    snapshot, noticed = compiled(str(SAMPLE))
    before = earlier(str(SAMPLE), snapshot, None, int(house().setting("compare", "days")))
    return Analysis(snapshot, Request((pack,), options), noticed, previous=before)


@cache
def found(pack: str) -> dict[tuple[str, tuple[str, ...]], list[Decimal | None]]:
    """Amounts of the findings of a pack by code and subjects."""
    held: dict[tuple[str, tuple[str, ...]], list[Decimal | None]] = {}
    for row in analysis(pack).table("findings").to_pylist():
        held.setdefault((row["code"], tuple(row["subjects"])), []).append(row["amount"])
    return held


@pytest.mark.parametrize(
    "plant", [p for p in BOOK.plants if not p.pack.startswith(OUTSIDE)], ids=lambda p: f"{p.name} {p.pack}"
)
def test_a_plant_is_found(plant: Plant) -> None:
    amounts = found(plant.pack or DEFAULT)[plant.code, plant.subjects]
    assert plant.amount is None or plant.amount in amounts


@pytest.mark.parametrize("pack", sorted({p.pack for p in BOOK.plants if p.pack.startswith(OUTSIDE)}))
def test_what_is_planted_for_contagion_is_found(pack: str, tmp_path: Path) -> None:
    """The pack names the model and who fails, or a simulation."""
    _, model, *failing = pack.split()
    how = ["--monte-carlo", "5"] if model == "monte-carlo" else ["--model", model]
    how += ["--fail", ",".join(failing)] if failing else []
    ended = CliRunner().invoke(
        main, ["contagion", str(SAMPLE), *how, "--out", str(tmp_path)], catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    rows = pq.read_table(tmp_path / "findings.parquet").to_pylist()
    raised = {(r["code"], tuple(r["subjects"])) for r in rows}
    assert {(p.code, p.subjects) for p in BOOK.plants if p.pack == pack} <= raised


@pytest.mark.parametrize("figure", BOOK.figures, ids=lambda f: f"{f.table} {f.where[0][1]} {f.column}")
def test_a_figure_is_right_or_said_to_be_not_computed(figure: Figure) -> None:
    table = analysis(figure.pack).table(figure.table)
    if figure.table in RESULTS and figure.column in not_computed(table):
        assert table.column(figure.column).null_count == table.num_rows
        return
    where = dict(figure.where)
    held = [r[figure.column] for r in table.to_pylist() if all((r[k] or "") == v for k, v in where.items())]
    assert len(held) == 1
    assert abs(Decimal(str(held[0])) - figure.value) < Decimal("1e-9")


@pytest.mark.parametrize(
    ("pack", "code", "subjects"),
    [
        ("CN-LE", "economic_dependence", ("C-LIANXU-01", "C-XIWAN-01")),  # exactly half is not more than half
        ("EU-CRR", "economic_dependence", ("C-LANHENG-01", "C-LIANXU-01")),  # a sector connects nobody
        ("EU-CRR", "unknown_relation", ("P-ZHEHU-BROTHER", "P-ZHEHU-GODSON")),  # kin do not count there
        ("EU-CRR", "control_conflict", ("C-HELI-01",)),  # joint control is control by nobody
    ],
)
def test_what_must_not_come_out_does_not(pack: str, code: str, subjects: tuple[str, ...]) -> None:
    assert (code, subjects) not in found(pack)


def groups_of(party: str, pack: str, **options: str) -> list[set[str]]:
    """The groups that a party is in."""
    members: dict[str, set[str]] = {}
    for row in analysis(pack, **options).table("group_members").to_pylist():
        members.setdefault(row["group_id"], set()).add(row["party_id"])
    return [m for m in members.values() if party in m]


def test_the_state_is_one_group_or_one_a_branch_or_none() -> None:
    state, energy, roads = {"GOV-XICHUAN"}, {"E1", "E2", "E3", "R2"}, {"R1", "R2"}
    ids = {x: f"C-XICHUAN-{x}" for x in energy | roads}
    whole = [state | set(ids.values())]
    branches = [{ids[x] for x in energy}, {ids[x] for x in roads}]
    assert groups_of("C-XICHUAN-R2", "EU-CRR") == whole
    assert groups_of("C-XICHUAN-R2", "CN-LE") == branches
    assert groups_of("C-XICHUAN-R2", "EU-CRR", central_government="alternative") == [
        b | state for b in branches
    ]


def test_siblings_are_one_group_only_where_kin_count() -> None:
    own = {"P-ZHEHU-BROTHER", "C-ZHEHU-01"}
    assert groups_of("C-ZHEHU-01", "CN-LE") == [own]
    assert groups_of("C-ZHEHU-01", "CN-GROUP") == [own | {"P-ZHEHU-SISTER", "C-ZHEHU-02"}]


def test_a_joint_venture_belongs_to_both_only_if_the_bank_says_so() -> None:
    assert groups_of("C-HELI-01", "EU-CRR") == []
    assert len(groups_of("C-HELI-01", "EU-CRR", joint_ventures="both")) == 2


def test_documented_ring_fencing_keeps_the_project_apart() -> None:
    assert groups_of("C-DAIPING-02", "EU-CRR") == []
    held = analysis("EU-CRR").table("control").to_pylist()
    assert ("C-DAIPING-01", "C-DAIPING-02") in {(r["controller_id"], r["controlled_id"]) for r in held}


def test_every_finding_under_all_packs_at_once_has_an_id_of_its_own() -> None:
    snapshot, noticed = compiled(str(SAMPLE))
    request = Request(
        packs=tuple(name for name in packs() if name != HOUSE), options={"derive_guarantees": "true"}
    )
    ids = Analysis(snapshot, request, noticed).table("findings")["finding_id"].to_pylist()
    assert len(ids) == len(set(ids))
