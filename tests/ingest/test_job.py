"""The job: the same facts from any format and order of rows, and a receipt that accounts for each row."""

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.book import Book
from graph.snapshot import Snapshot
from ingest.job import read
from ingest.receipt import Count
from ingest.totals import ControlSum
from tests.ingest.books import SOUND, found, write

RICH = {
    "ownership.csv": "owner_id,owned_id,share,valid_from\nB,A,0.6,2020-01-01\nA,A,0.000000001,\n",
    "guarantees.csv": "guarantee_id,guarantor_id,form,cap,eligible\nG,B,capped,10.10,true\n",
    "fx.csv": "currency,date,rate\nEUR,2026-01-01,1\nUSD,2026-01-01,0.92\n",
}


def facts(book: Book) -> dict[str, list[tuple[str, ...]]]:
    """The rows of every table in an order of their own."""
    return {
        name: sorted(tuple(f"{c}={v}" for c, v in sorted(row.items())) for row in table.to_pylist())
        for name, table in book.tables.items()
    }


def test_a_folder_becomes_a_book(tmp_path: Path) -> None:
    book, receipt = read(write(tmp_path, RICH))
    assert book.table("facilities").column("limit").to_pylist() == [10000, 2050]
    assert book.table("ownership").column("share").to_pylist() == [600_000_000, 1]
    assert book.table("ownership").column("valid_from").to_pylist() == [dt.date(2020, 1, 1), None]
    assert receipt.count("facilities") == Count("facilities", 2, 2)
    assert (receipt.rows, receipt.aside, receipt.reconciled) == (10, 0, False)
    assert Snapshot.of(book).n == 2


def test_parquet_gives_the_same_facts_as_csv(tmp_path: Path) -> None:
    text, typed = tmp_path / "text", tmp_path / "typed"
    text.mkdir()
    typed.mkdir()
    write(text, RICH)
    for path in text.glob("*.csv"):
        relation = duckdb.read_csv(str(path))  # which guesses types
        relation.write_parquet(str(typed / f"{path.stem}.parquet"))
    assert facts(read(typed)[0]) == facts(read(text)[0])


def test_each_type_that_holds_the_value_exactly_is_taken(tmp_path: Path) -> None:
    write(tmp_path, without=("facilities.csv",))
    base = {
        "facility_id": ["F1"],
        "lender_id": ["L"],
        "obligor_id": ["A"],
        "product": ["loan"],
        "currency": ["EUR"],
    }
    amounts = [
        pa.array(["100"]),
        pa.array([100.0]),
        pa.array([100], pa.int16()),
        pa.array([100.0], pa.float32()),
        pa.array([Decimal("100.0000")]),
        pa.array([100], pa.uint64()),
        pa.array(["100.00"]).dictionary_encode(),
    ]
    for amount in amounts:
        pq.write_table(pa.table({**base, "limit": amount, "drawn": amount}), tmp_path / "facilities.parquet")
        assert read(tmp_path)[0].table("facilities").column("drawn").to_pylist() == [10000]


def test_a_parquet_row_is_counted_from_one(tmp_path: Path) -> None:
    write(tmp_path, without=("lenders.csv",))
    pq.write_table(
        pa.table({"lender_id": ["L", "M"], "name": ["x", "y"], "tier1": [1.0, np.nan]}),
        tmp_path / "lenders.parquet",
    )
    assert found(tmp_path) == [("lenders.parquet", 2, "tier1", "unreadable_value")]


def test_parquet_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff")]
    )
    pq.write_table(pa.table({"lender_id": ["L"], "name": bad}), tmp_path / "lenders.parquet")
    assert found(write(tmp_path, without=("lenders.csv",))) == [("lenders.parquet", 0, "name", "wrong_bytes")]


def test_words_that_repeat_stay_dictionary_encoded(tmp_path: Path) -> None:
    book, _ = read(write(tmp_path))
    types = {
        c: book.table("facilities").schema.field(c).type for c in ("lender_id", "currency", "obligor_id")
    }
    words = pa.dictionary(pa.int32(), pa.string())
    assert types == {"lender_id": words, "currency": words, "obligor_id": pa.string()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_fact_and_no_sum(tmp_path: Path, chance: random.Random) -> None:
    book, receipt = read(write(tmp_path, RICH))
    shuffled = {}
    for name, text in {**SOUND, **RICH}.items():
        assert isinstance(text, str)
        header, *rows = text.splitlines(keepends=True)
        chance.shuffle(rows)
        shuffled[name] = "".join([header, *rows])
    other, again = read(write(tmp_path, shuffled))
    assert facts(other) == facts(book)
    assert again.sums == receipt.sums


def test_control_sums_are_exact_by_currency(tmp_path: Path) -> None:
    rows = "".join(
        f"F{i},L,A,loan,92233720368547758.07,0.10,{'EUR' if i % 2 else 'USD'}\n" for i in range(10)
    )
    facilities = (
        "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n" + rows + "G,L,A,loan,,0.01,\n"
    )
    _, receipt = read(write(tmp_path, {"facilities.csv": facilities}))
    assert receipt.sums == (
        ControlSum("facilities", "limit", "EUR", 5 * (2**63 - 1)),
        ControlSum("facilities", "limit", "USD", 5 * (2**63 - 1)),
        ControlSum("facilities", "drawn", "", 1),
        ControlSum("facilities", "drawn", "EUR", 50),
        ControlSum("facilities", "drawn", "USD", 50),
    )


def test_without_a_table_of_lenders_those_that_facilities_name_are_the_lenders(tmp_path: Path) -> None:
    book, receipt = read(write(tmp_path, without=("lenders.csv",)))
    assert book.table("lenders").to_pylist() == [{"lender_id": "L", "name": "L"}]
    assert receipt.count("lenders") == Count("lenders", 0, 0, derived=1)


def test_floats_with_the_noise_of_arithmetic_are_counted_as_rounded(tmp_path: Path) -> None:
    write(tmp_path, without=("lenders.csv",))
    pq.write_table(
        pa.table({"lender_id": ["L"], "name": ["x"], "tier1": [0.1 + 0.2]}), tmp_path / "lenders.parquet"
    )
    book, receipt = read(tmp_path)
    assert book.table("lenders").column("tier1").to_pylist() == [30]
    assert [(r.column, r.cells, r.largest) for r in receipt.roundings] == [
        ("tier1", 1, "0.00000000000000004")
    ]


def test_each_step_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    read(write(tmp_path), step=lambda file, done, total: told.append((file, done, total)))
    assert told == [("parties.csv", 0, 3), ("lenders.csv", 1, 3), ("facilities.csv", 2, 3)]


def test_duckdb_counts_the_same_rows(tmp_path: Path) -> None:
    rows = "".join(f'{"AB"[i] if i < 2 else i},"N ""{i}"",\n{i}",company\n' for i in range(500))
    write(tmp_path, {"parties.csv": f"party_id,name,kind\n{rows}"})
    relation = duckdb.read_csv(str(tmp_path / "parties.csv"), all_varchar=True)
    counted = relation.aggregate("count(*)").fetchall()
    assert counted == [(read(tmp_path)[1].count("parties").delivered,)]
    relation.write_parquet(str(tmp_path / "parties.parquet"))
    (tmp_path / "parties.csv").unlink()
    assert counted == [(read(tmp_path)[0].table("parties").num_rows,)]
