"""Quarantine: bad rows and those that hang on them are set aside, and every row is accounted for."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.book import Book
from graph.errors import InputError
from graph.ids import UNKNOWN_ID
from graph.model import TABLES
from ingest.job import read
from ingest.receipt import Count
from tests.ingest.books import write

FACILITIES = "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
PARTIES = "party_id,name,kind\n"


def test_rows_that_refer_to_a_bad_row_follow_it(tmp_path: Path) -> None:
    files = {
        "parties.csv": PARTIES + "A,Alpha,compny\nB,Beta,person\n",
        "co_obligors.csv": "facility_id,party_id\nF1,B\nF2,B\n",
        "guarantees.csv": "guarantee_id,guarantor_id,form,counter_of\n"
        "G1,B,full,\nG2,A,full,\nG3,B,counter,G2\nG4,B,counter,G3\n",
    }
    book, receipt = read(write(tmp_path, files), quarantine=True)
    ids = {
        t: book.table(t).column(0).to_pylist() for t in ("parties", "facilities", "co_obligors", "guarantees")
    }
    assert ids == {"parties": ["B"], "facilities": ["F2"], "co_obligors": ["F2"], "guarantees": ["G1"]}
    assert [(p.file, p.row, p.rule) for p in receipt.problems] == [
        ("co_obligors.csv", 2, "dangling_reference"),
        ("facilities.csv", 2, "dangling_reference"),
        ("guarantees.csv", 3, "dangling_reference"),
        ("guarantees.csv", 4, "dangling_reference"),
        ("guarantees.csv", 5, "dangling_reference"),
        ("parties.csv", 2, "unlisted_value"),
    ]
    assert receipt.count("guarantees") == Count("guarantees", 4, 1)
    assert book.place("facilities", 0) == ("facilities.csv", 3)


def test_of_equal_rows_one_stays_and_of_rows_that_differ_none(tmp_path: Path) -> None:
    facilities = (
        FACILITIES + "F1,L,A,loan,1,1,EUR\nF2,L,A,loan,1,1,EUR\nF1,L,A,loan,1,1,EUR\nF2,L,A,loan,2,1,EUR\n"
    )
    book, receipt = read(write(tmp_path, {"facilities.csv": facilities}), quarantine=True)
    assert book.table("facilities").column("facility_id").to_pylist() == ["F1"]
    assert receipt.count("facilities") == Count("facilities", 4, 1)


def test_unreadable_cells_set_their_row_aside(tmp_path: Path) -> None:
    facilities = FACILITIES + "F1,L,A,loan,x,1,EUR\nF2,L,A,loan,,1,EUR\n"
    book, receipt = read(write(tmp_path, {"facilities.csv": facilities}), quarantine=True)
    assert book.table("facilities").column("facility_id").to_pylist() == ["F2"]
    assert receipt.problem_total == 1


def test_a_bad_file_stops_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="umbrellas"):
        read(write(tmp_path, {"umbrellas.csv": "umbrella_id\nU\n"}), quarantine=True)


def test_a_sound_book_has_nothing_aside(tmp_path: Path) -> None:
    _, receipt = read(write(tmp_path), quarantine=True)
    assert (receipt.aside, receipt.problem_total, receipt.problems) == (0, 0, ())


ROW = st.tuples(st.sampled_from("ABCX"), st.sampled_from("ABCX"), st.sampled_from(["0.1", "2", "", "z"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(ROW, max_size=6),
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["company", "?"])), max_size=4),
)
def test_what_is_left_holds_together_and_nothing_is_lost(
    tmp_path: Path, stakes: list[tuple[str, str, str]], parties: list[tuple[str, str]]
) -> None:
    files = {
        "parties.csv": PARTIES + "A,A,company\nB,B,company\n" + "".join(f"{i},N,{k}\n" for i, k in parties),
        "ownership.csv": "owner_id,owned_id,share\n" + "".join(",".join(s) + "\n" for s in stakes),
    }
    book, receipt = read(write(tmp_path, files), quarantine=True)
    for name in book.tables:
        for column in TABLES[name].columns:
            if column.ref and book.column(name, column.name) is not None:
                codes = book.codes(name, column.name)
                assert codes.tolist() == Book(book.tables).codes(name, column.name).tolist()
                assert UNKNOWN_ID not in codes
    assert receipt.count("ownership").delivered == len(stakes)
    assert receipt.count("parties").delivered == 2 + len(parties)
    assert receipt.count("ownership").used == book.table("ownership").num_rows
    write(tmp_path, {f"{n}.csv": _csv(book, n) for n in ("parties", "ownership", "facilities")})
    assert read(tmp_path)[1].problem_total == 0


def _csv(book: Book, name: str) -> str:
    """A table of plain text and decimals as CSV again."""
    table = book.table(name)
    scales = {c: TABLES[name].column(c).kind.scale for c in table.column_names}
    rows = [
        ",".join(
            ""
            if v is None
            else f"{v / scales[c]:.9f}".rstrip("0")
            if scales[c] == 10**9
            else f"{v / 100:.2f}"
            if scales[c]
            else str(v)
            for c, v in row.items()
        )
        for row in table.to_pylist()
    ]
    return "\n".join([",".join(table.column_names), *rows]) + "\n"
