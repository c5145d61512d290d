"""The sample banking group: written by its generator, readable, and with everything planted that a finding can be."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from bench import make_sample
from bench.sample import draft
from graph.findings import CODES
from graph.model import BOOL, COUNT, CURRENCY, DATE, ID, TABLES, TEXT, Column, Kind
from ingest.job import read

SAMPLE = Path(__file__).parents[1] / "app" / "sample"
MADE = make_sample.files()
PLANTS = make_sample.draft().plants
NOT_PLANTED = {"groups_cut": "needs more than fifty memberships a party, which nobody could read"}


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


READS: dict[Kind, Callable[[str], bool]] = {
    BOOL: {"true", "false"}.__contains__,
    DATE: lambda text: dt.date.fromisoformat(text).isoformat() == text,
    CURRENCY: re.compile("[A-Z]{3}").fullmatch,
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
    planted = {p.code for p in PLANTS}
    assert set(CODES) - planted - set(NOT_PLANTED) == set()


def test_plants_name_what_is_in_the_book() -> None:
    ids = {r[TABLES[n].key[0]] for n in ("parties", "facilities", "guarantees", "collateral") if f"{n}.csv" in MADE
           for r in rows(f"{n}.csv")}  # fmt: skip
    named = {s.removeprefix("G:") for p in PLANTS for s in p.subjects}
    assert named - ids == set()
