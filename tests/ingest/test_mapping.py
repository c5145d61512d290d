"""Mappings: another layout becomes the model's tables, and a mapping that cannot be meant is refused."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from graph.errors import InputError
from graph.snapshot import Snapshot
from ingest.job import read
from ingest.mapping import FOLDER, Mapping, MappingError
from tests.ingest.books import found

SHARED = Path(os.environ.get("KONZERN_SHARED", Path(__file__).parents[3] / "shared"))
FINBENCH = SHARED / "data" / "finbench_driver_sample" / "snapshot"

CORE = """
name = "Core system"
delimiter = ";"
encoding = "gb18030"

[[read]]
file = "loans*.txt"
table = "facilities"
ignore = ["NAME"]
[read.columns]
facility_id = { from = ["BRANCH", "NO"], join = "-" }
lender_id = { from = "BRANCH", prefix = "SUB" }
obligor_id = { from = "CUST", lookup = [{ file = "cards.txt", key = "CARD", value = "CUST", prefix = "C" }] }
product = { from = "TYPE", values = { "1" = "loan", "2" = "guarantee" } }
limit = { from = "AMT", unit = 10000, round = "half_even" }
drawn = { from = "BAL", exponent = true, strip = true }
currency = { value = "CNY" }
ccf = { from = "CCF", percent = true }
start_date = { from = "OPENED", first = 10 }

[[read]]
file = "loans*.txt"
table = "parties"
unique = true
[read.columns]
party_id = { from = "CUST", lookup = [{ file = "cards.txt", key = "CARD", value = "CUST", prefix = "C" }] }
name = "NAME"
kind = { value = "company" }

[[read]]
file = "nothing.txt"
table = "umbrellas"
optional = true
[read.columns]
umbrella_id = "X"
"""
LOANS = "BRANCH;NO;CUST;NAME;TYPE;AMT;BAL;CCF;OPENED;OFFICER\n"


def core(folder: Path, mapping: str = CORE) -> tuple[Path, Path]:
    """A folder in another layout, and the mapping beside it."""
    (folder / "book").mkdir()
    one = (
        LOANS
        + "1;01;k1;甲公司;1;1.5;1.2e4;50;2026-01-31 10:00;x\n1;02;k1;甲公司;2;0.00000050; 7 ;0.0000001;;\n"
    )
    two = LOANS + "2;01;k2;乙公司;3;2;0;100;;y\n"
    cards = "CARD;CUST\nk1;100\nk2;200\n"
    for name, text in (("loans1.txt", one), ("loans2.txt", two), ("cards.txt", cards)):
        (folder / "book" / name).write_bytes(text.encode("gb18030"))
    (folder / "core.toml").write_text(mapping, "utf-8")
    return folder / "book", folder / "core.toml"


def test_a_mapping_translates_files_columns_units_and_words(tmp_path: Path) -> None:
    book, receipt = read(*core(tmp_path))
    rows = book.table("facilities").to_pylist()
    assert rows[0]["facility_id"], rows[0]["lender_id"] == ("1-01", "SUB1")
    assert [r["obligor_id"] for r in rows] == ["C100", "C100", "C200"]
    assert [r["product"] for r in rows] == ["loan", "guarantee", "3"]
    assert [r["limit"] for r in rows] == [1_500_000, 0, 2_000_000]  # half a fen goes to the even side
    assert [r["drawn"] for r in rows] == [1_200_000, 700, 0]
    assert [r["ccf"] for r in rows] == [500_000_000, 1, 1_000_000_000]
    assert [r["extra"] for r in rows] == ['{"OFFICER":"x"}', None, '{"OFFICER":"y"}']
    assert book.table("parties").column("name").to_pylist() == ["甲公司", "乙公司"]
    assert book.place("facilities", 2) == ("loans2.txt", 2)
    assert [(r.column, r.cells, Decimal(r.largest)) for r in receipt.roundings] == [
        ("limit", 1, Decimal("5E-7"))
    ]


def test_problems_name_the_columns_of_the_file(tmp_path: Path) -> None:
    folder, mapping = core(tmp_path)
    (folder / "loans2.txt").write_text(LOANS + "2;01;k9;Z;3;x;0;101;;y\n")
    assert found(folder, mapping) == [
        ("loans2.txt", 2, "AMT", "unreadable_value"),
        ("loans2.txt", 2, "CCF", "out_of_range"),
        ("loans2.txt", 2, "CUST", "missing_cell"),
        ("loans2.txt", 2, "CUST", "missing_cell"),
    ]


def test_a_lookup_with_two_answers_is_a_problem(tmp_path: Path) -> None:
    folder, mapping = core(tmp_path)
    (folder / "cards.txt").write_text("CARD;CUST\nk1;100\nk2;200\nk1;300\nk2;200\n")
    assert ("cards.txt", 4, "CARD", "ambiguous_lookup") in found(folder, mapping)


def test_a_row_that_no_entry_takes_is_not_lost(tmp_path: Path) -> None:
    wanted = CORE.replace(
        'table = "facilities"', 'table = "facilities"\nwhere = { TYPE = ["1", "2"] }'
    ).replace('table = "parties"', 'table = "parties"\nwhere = { TYPE = ["1", "2"] }')
    assert found(*core(tmp_path, wanted)) == [("loans2.txt", 2, "", "unmapped_row")]


def test_missing_files_and_columns_are_problems(tmp_path: Path) -> None:
    folder, mapping = core(tmp_path, CORE.replace("optional = true", "").replace('"OPENED"', '"OPEN"'))
    assert set(found(folder, mapping)) == {
        ("loans1.txt", 0, "OPEN", "missing_column"),
        ("loans2.txt", 0, "OPEN", "missing_column"),
        ("nothing.txt", 0, "", "missing_file"),
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("limit = { from", "limits = { from", "did you mean 'limit'"),
        ('table = "parties"', 'table = "partys"', "did you mean 'parties'"),
        ("percent = true", "procent = true", "did you mean 'percent'"),
        ("unit = 10000", "unit = 500", "unit must be 10, 100, 1000"),
        ('round = "half_even"', 'round = "up"', "round must be 'half_even'"),
        ('{ value = "CNY" }', '{ value = "CNY", from = "X" }', "either from"),
        ('{ value = "CNY" }', "{ strip = true }", "either from"),
        ('{ value = "CNY" }', '{ from = "X", unit = 10 }', "for amounts and shares"),
        ('{ value = "CNY" }', "5", "must be the name of a column"),
        ("first = 10", "first = true", "must be of type int"),
        ('delimiter = ";"', 'delimiter = ";;"', "one character"),
        ('key = "CARD", ', "", "say file, key and value"),
        ('name = "Core', 'nam = "Core', "did you mean 'name'"),
        ("encoding =", "encodin =", "did you mean 'encoding'"),
        ("unique = true", "unique = 1", "must be of type bool"),
        ('[read.columns]\numbrella_id = "X"', "", "columns is missing"),
        ('name = "Core system"', "name = ", "correct the file"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in CORE
    path = tmp_path / "wrong.toml"
    path.write_text(CORE.replace(old, new))
    with pytest.raises(MappingError, match=message):
        Mapping.load(path)


def test_mappings_that_come_along_are_known_by_name() -> None:
    for path in FOLDER.glob("*.toml"):
        assert Mapping.load(path.stem).readings
    for name in ("nothing", "../mapping", "mappings/finbench"):
        with pytest.raises(MappingError, match="finbench"):
            Mapping.load(name)


def test_a_broken_cell_of_a_mapped_file_stops(tmp_path: Path) -> None:
    folder, mapping = core(tmp_path)
    text = (folder / "loans1.txt").read_bytes().replace(b";1.5;", b";1.5x;")
    (folder / "loans1.txt").write_bytes(text)
    with pytest.raises(InputError, match=r"loans1\.txt, row 2, AMT: '1\.5x'"):
        read(folder, mapping)


@pytest.mark.skipif(
    not FINBENCH.is_dir(), reason=f"the FinBench sample is not at {FINBENCH} (KONZERN_SHARED)"
)
def test_finbench_loads() -> None:
    book, receipt = read(FINBENCH, "finbench")
    assert {c.table: c.used for c in receipt.counts if not c.derived} == {
        "parties": 1957 + 967,
        "ownership": 3394 + 1640,
        "facilities": 3465,
        "guarantees": 916 + 435,
    }
    assert {r.column for r in receipt.roundings} == {"share", "limit", "drawn"}
    assert all(Decimal(r.largest) <= Decimal("0.005") for r in receipt.roundings)
    snapshot = Snapshot.of(book)
    assert snapshot.base == "USD"
    assert (snapshot.stakes.total_share > 10**9).sum() == 72  # holders above 100 %: a finding, not an error


def test_a_value_out_of_range_is_told_as_its_file_has_it(tmp_path: Path) -> None:
    book, mapping = core(tmp_path)
    loans = book / "loans2.txt"
    loans.write_bytes(loans.read_bytes().replace(b";100;;y", b";101;;y").replace(b";3;2;0;", b";1;-2;0;"))
    with pytest.raises(InputError) as told:
        read(book, mapping)
    held = [(p.column, p.value) for p in told.value.problems if p.rule == "out_of_range"]
    assert held == [("AMT", "-2"), ("CCF", "101")]
    assert "percent" not in str(told.value)
