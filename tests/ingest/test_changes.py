"""Changes files: what is read, and every problem at once with row, column, value and remedy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from graph.errors import InputError, OptionError
from ingest.changes import read


def written(folder: Path, text: str) -> Path:
    path = folder / "changes.csv"
    path.write_text(text, "utf-8")
    return path


def test_each_line_becomes_a_typed_change(tmp_path: Path) -> None:
    lend, stake = read(
        written(
            tmp_path,
            "change,facility_id,lender_id,obligor_id,product,limit,currency,maturity_date,owner_id,owned_id,share\n"
            "facility,N,B,0012,loan,1.50,EUR,2027-01-31,,,\n"
            "stake,,,,,,,,A,B,0.255\n",
        )
    )
    assert (lend.kind, lend.units("limit"), lend.text("obligor_id")) == ("facility", 150, "0012")
    assert lend.values["maturity_date"] == dt.date(2027, 1, 31)
    assert (stake.kind, stake.units("share"), stake.row) == ("stake", 255_000_000, 3)


def test_what_a_guarantee_covers_is_a_list(tmp_path: Path) -> None:
    (given,) = read(
        written(tmp_path, "change,guarantee_id,guarantor_id,form,covers\nguarantee,G,A,full,F1; F2\n")
    )
    assert given.covers == ("F1", "F2")


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = (
        "change,facility_id,lender_id,obligor_id,product,limit,currency,owner_id,owned_id,share,colour\n"
        "facility,N,B,A,loan,1.505,EUR,,,,\n"
        "facility,N,B,A,loan,-1,EUR,,,,\n"
        "stake,,,,,,,A,B,1.5,\n"
        "stake,,,,,5,,A,B,0.5,\n"
        "sale,,,,,,,A,B,,\n"
        "loan,,,,,,,,,,\n"
    )
    with pytest.raises(InputError) as caught:
        read(written(tmp_path, text))
    assert [(p.row, p.column, p.value) for p in caught.value.problems] == [
        (0, "colour", ""), (2, "limit", "1.505"), (3, "limit", "-1"), (4, "share", "1.5"), (5, "limit", "5"),
        (6, "buyer_id", ""), (7, "change", "loan"),
    ]  # fmt: skip
    assert all(p.remedy for p in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "said"), [("facility_id\nF\n", "no column says"), ("change,facility_id\n", "nothing")]
)
def test_a_file_that_proposes_nothing_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(written(tmp_path, text))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(OptionError, match="nowhere"):
        read(Path("nowhere.csv"))
