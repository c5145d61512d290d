"""What holds for all broken books: every problem at once, counted in full, with a remedy that fits."""

from pathlib import Path

import pytest

from graph.errors import InputError
from graph.model import TABLES, Table
from ingest.job import read
from ingest.problems import KEPT
from tests.ingest.books import SOUND, found, write
from tests.ingest.corpus import FACILITIES, OWNERSHIP, PARTIES, Files


def test_the_sound_book_has_no_problem(tmp_path: Path) -> None:
    assert found(write(tmp_path)) == []


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    files: Files = {
        "facilities.csv": FACILITIES + "F1,L,X,loan,1,1,EUR\n",
        "ownership.csv": OWNERSHIP + "\nA,B,2\n",
        "umbrellas.csv": "umbrella_id,limit\nU,1\n",
    }
    assert found(write(tmp_path, files)) == [
        ("facilities.csv", 2, "obligor_id", "dangling_reference"),
        ("ownership.csv", 2, "share", "out_of_range"),
        ("umbrellas.csv", 0, "currency", "missing_column"),
    ]


@pytest.mark.parametrize("table", ["parties", "facilities"])
def test_parties_and_facilities_must_be_there(table: str, tmp_path: Path) -> None:
    problems = found(write(tmp_path, without=(f"{table}.csv",)))
    assert problems == [(table, 0, "", "missing_table")]


def test_a_file_that_cannot_be_read_gives_no_dangling_references(tmp_path: Path) -> None:
    assert found(write(tmp_path, {"parties.csv": b"\xff"})) == [("parties.csv", 1, "", "wrong_bytes")]


def test_there_must_be_a_folder(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere") == [("nowhere", 0, "", "no_folder")]
    (tmp_path / "file").write_text("")
    assert found(tmp_path / "file") == [("file", 0, "", "no_folder")]


def test_a_duplicate_names_both_rows(tmp_path: Path) -> None:
    write(tmp_path, {"parties.csv": PARTIES + "A,Alpha,company\nB,Beta,person\nA,Other,company\n"})
    with pytest.raises(InputError, match=r"parties\.csv, row 4, .*as in parties\.csv, row 2"):
        read(tmp_path)


def test_wrong_bytes_are_told_by_their_offset(tmp_path: Path) -> None:
    write(tmp_path, {"lenders.csv": b"lender_id,name\nL,B\xffnk\n"})
    with pytest.raises(InputError, match="byte 18 is not utf-8"):
        read(tmp_path)


def test_of_many_problems_a_thousand_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"F{i},L,X{i},loan,1,1,EUR\n" for i in range(KEPT + 500))
    write(tmp_path, {"facilities.csv": FACILITIES + rows})
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert (len(caught.value.problems), caught.value.total) == (KEPT, KEPT + 500)


def test_an_empty_amount_or_name_is_unknown_and_no_error(tmp_path: Path) -> None:
    write(tmp_path, {"facilities.csv": FACILITIES + "F1,L,A,,,,\n", "parties.csv": PARTIES + "A,,company\n"})
    book, _ = read(tmp_path)
    assert book.table("facilities").column("limit").to_pylist() == [None]
    assert book.table("parties").column("name").to_pylist() == [None]


def test_every_sentence_says_where_what_and_how_to_mend_it(tmp_path: Path) -> None:
    write(tmp_path, {"facilities.csv": FACILITIES + "F1,L,A,loan,１００,1,EUR\n"})
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert str(caught.value) == (
        "facilities.csv, row 2, limit: '１００': no amount from 0 with at most 2 decimals; "
        "write it in plain digits: 100"
    )


@pytest.mark.parametrize(
    ("column", "value", "remedy"),
    [
        ("limit", "1,000.50", "without thousands separators: 1000.50"),
        ("limit", "12,5", "use a point as the decimal sign: 12.5"),
        ("limit", "1.5e3", "without an exponent"),
        ("limit", " 5", "remove the blanks"),
        ("limit", "0.001", "at most 2, or say round = 'half_even'"),
        ("ccf", "50%", "percent = true"),
        ("start_date", "20260131", "write it as 2026-01-31"),
        ("start_date", "46023", "day number"),
        ("start_date", "2026-02-30", "no such day"),
    ],
)
def test_the_remedy_fits_the_mistake(column: str, value: str, remedy: str, tmp_path: Path) -> None:
    cells = {"limit": "1", "ccf": "0.5", "start_date": "2026-01-01", column: value}
    header = FACILITIES.strip() + ",ccf,start_date\n"
    row = f'F1,L,A,loan,"{cells["limit"]}",1,EUR,{cells["ccf"]},{cells["start_date"]}\n'
    write(tmp_path, {"facilities.csv": header + row})
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert remedy in str(caught.value)


def test_files_that_no_table_has_are_reported_with_a_guess(tmp_path: Path) -> None:
    write(tmp_path, {"partys.csv": "x", "notes.txt": "x", ".hidden": "x"})
    _, receipt = read(tmp_path)
    assert dict(receipt.unknown_files) == {"partys.csv": "parties", "notes.txt": ""}
    assert SOUND.keys() == {"parties.csv", "lenders.csv", "facilities.csv"}


def _rows(table: Table, without: str = "") -> str:
    """A file of a table with one sound row, from the model alone."""
    cells = {"id": "X", "text": "x", "currency": "EUR", "date": "2026-01-01", "bool": "true", "share": "0.5"}
    columns = [c for c in table.columns if c.required and c.name != without]
    row = [c.values[0] if c.values else REFERRED.get(c.ref, cells.get(c.kind.name, "1")) for c in columns]
    return ",".join(c.name for c in columns) + "\n" + ",".join(row) + "\n"


REFERRED = {
    "parties": "A",
    "lenders": "L",
    "facilities": "F1",
    "guarantees": "X",
    "collateral": "X",
    "umbrellas": "X",
}
REQUIRED = [(t.name, c) for t in TABLES.values() for c in t.required]


@pytest.mark.parametrize(("table", "column"), REQUIRED)
def test_each_required_column_is_missed_and_nothing_else(table: str, column: str, tmp_path: Path) -> None:
    files: Files = {f"{t}.csv": _rows(TABLES[t]) for t in ("guarantees", "collateral", "umbrellas")}
    files[f"{table}.csv"] = _rows(TABLES[table], column)
    assert found(write(tmp_path, files)) == [(f"{table}.csv", 0, column, "missing_column")]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_may_have_no_rows(table: str, tmp_path: Path) -> None:
    write(tmp_path, {f"{table}.csv": ",".join(TABLES[table].required) + "\n"})
    assert {p[3] for p in found(tmp_path)} <= {"dangling_reference"}  # of those who refer to it


@pytest.mark.parametrize("table", TABLES)
def test_one_sound_row_of_each_table_is_sound(table: str, tmp_path: Path) -> None:
    files: Files = {f"{t}.csv": _rows(TABLES[t]) for t in ("guarantees", "collateral", "umbrellas")}
    if table not in REFERRED:
        files[f"{table}.csv"] = _rows(TABLES[table])
    assert found(write(tmp_path, files)) == []
