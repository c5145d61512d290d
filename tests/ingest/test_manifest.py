"""A manifest confirms a delivery, or says which of it did not arrive as it was sent."""

import datetime as dt
import hashlib
from pathlib import Path

import pytest

from ingest.job import read
from tests.ingest.books import SOUND, found, write


def digest(name: str) -> str:
    text = SOUND[name]
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


TRUE = f"""
format = 1
subsidiary = "SUB01"
period = 2026-09-30
kind = "full"
restatement = true

[files."parties.csv"]
rows = 2
sha256 = "{digest("parties.csv")}"
[files."lenders.csv"]
[files."facilities.csv"]
rows = 2
sums = {{ limit = "120.50", drawn = {{ EUR = "50" }} }}
"""


def test_a_true_manifest_reconciles_the_book_and_gives_its_period(tmp_path: Path) -> None:
    book, receipt = read(write(tmp_path, {"book.toml": TRUE}))
    assert receipt.reconciled
    assert book.period == book.default_as_of() == receipt.period == dt.date(2026, 9, 30)
    assert receipt.manifest
    assert (receipt.manifest.subsidiary, receipt.manifest.restatement) == ("SUB01", True)
    assert not receipt.unknown_files


def test_without_one_the_book_is_unreconciled(tmp_path: Path) -> None:
    assert not read(write(tmp_path))[1].reconciled


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("rows = 2\nsums", "rows = 3\nsums", "files.facilities.csv.rows"),
        (digest("parties.csv"), "0" * 64, "files.parties.csv.sha256"),
        ('"120.50"', '"120.51"', "files.facilities.csv.sums.limit"),
        ('"120.50"', "120.5", "files.facilities.csv.sums.limit"),
        ('"120.50"', '"much"', "files.facilities.csv.sums.limit"),
        ('{ EUR = "50" }', '{ USD = "50", EUR = "50" }', "files.facilities.csv.sums.drawn.USD"),
        ('limit = "120.50"', 'limits = "120.50"', "files.facilities.csv.sums.limits"),
        ('[files."lenders.csv"]\n', "", "files.lenders.csv"),
        ('[files."lenders.csv"]', '[files."lenders.csv"]\n[files."fx.csv"]', "files.fx.csv"),
        ("format = 1", "format = 2", "format"),
        ('kind = "full"', 'kind = "ful"', "kind"),
        ("period = 2026-09-30", 'period = "2026-09-30"', "period"),
        ("restatement", "restated", "restated"),
        ("rows = 2\nsha256", "row = 2\nsha256", "files.parties.csv.row"),
    ],
)
def test_what_does_not_agree_is_a_problem(old: str, new: str, column: str, tmp_path: Path) -> None:
    assert old in TRUE
    assert found(write(tmp_path, {"book.toml": TRUE.replace(old, new)})) == [
        ("book.toml", 0, column, "manifest")
    ]


def test_a_manifest_that_is_no_toml_is_a_problem(tmp_path: Path) -> None:
    assert found(write(tmp_path, {"book.toml": "rows: 2"})) == [("book.toml", 0, "", "manifest")]


def test_cut_at_any_byte_a_delivery_is_not_accepted(tmp_path: Path) -> None:
    body = SOUND["facilities.csv"]
    assert isinstance(body, str)
    stated = TRUE.replace("rows = 2\nsums", f'rows = 2\nsha256 = "{digest("facilities.csv")}"\nsums')
    for end in range(len(body)):
        assert found(write(tmp_path, {"book.toml": stated, "facilities.csv": body[:end]}))


def test_a_delta_may_refer_to_what_was_delivered_before(tmp_path: Path) -> None:
    delta = 'format = 1\nkind = "delta"\n[files."facilities.csv"]\n'
    facilities = "facility_id,lender_id,obligor_id,product,limit,drawn,currency\nF3,L,A,loan,1,1,EUR\n"
    files: dict[str, str | bytes] = {"book.toml": delta, "facilities.csv": facilities}
    book, _ = read(write(tmp_path, files, without=("parties.csv", "lenders.csv")))
    assert list(book.tables) == ["facilities"]


def test_of_a_delta_only_its_own_problems_are_set_aside(tmp_path: Path) -> None:
    delta = 'format = 1\nkind = "delta"\n[files."facilities.csv"]\n'
    header = "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
    facilities = header + "F3,L,A,loan,1,1,EUR\nF4,L,A,loan,x,1,EUR\n"
    files: dict[str, str | bytes] = {"book.toml": delta, "facilities.csv": facilities}
    book, receipt = read(write(tmp_path, files, without=("parties.csv", "lenders.csv")), quarantine=True)
    assert book.table("facilities").column("facility_id").to_pylist() == ["F3"]
    assert receipt.problem_total == 1
