"""Notices stop nothing: wrong check digits, more drawn than granted."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import lei
from stdnum.cn import uscc
from stdnum.iso7064 import mod_97_10

from graph.book import Book
from graph.findings import CODES
from ingest.job import read
from ingest.notices import notices
from tests.ingest.books import write

ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def wrong(column: str, value: str | None) -> bool:
    """Whether a party with this identifier gets a notice."""
    book = Book({"parties": pa.table({"party_id": ["A"], column: pa.array([value], pa.string())})})
    return bool(notices(book))


@given(
    st.text(ALNUM, min_size=18, max_size=18).map(lambda t: t + mod_97_10.calc_check_digits(t)),
    st.integers(0, 19),
)
def test_an_lei_is_right_and_wrong_with_one_character_changed(good: str, place: int) -> None:
    assert not wrong("lei", good)
    assert not wrong("lei", good.lower())
    bad = good[:place] + ("1" if good[place] != "1" else "2") + good[place + 1 :]
    assert wrong("lei", bad) == (not lei.is_valid(bad))
    assert wrong("lei", good[1:])


@given(
    st.tuples(st.text("0123456789", min_size=8, max_size=8), st.text(USCC, min_size=9, max_size=9)).map(
        "".join
    ),
    st.integers(0, 17),
    st.sampled_from(USCC),
)
def test_a_uscc_is_right_and_wrong_with_one_character_changed(body: str, place: int, other: str) -> None:
    good = body + uscc.calc_check_digit(body)
    assert not wrong("uscc", good)
    bad = good[:place] + other + good[place + 1 :]
    # the standard has letters in the first two places, which stdnum does not know
    known = uscc.is_valid(bad) or (place < 2 and bad[-1] == uscc.calc_check_digit(bad[:-1]))
    assert wrong("uscc", bad) == (not known)


@pytest.mark.parametrize("value", ["", "x", "银行", "91110000600037341", "91110000600037341I", None])
def test_odd_text_is_wrong_and_nothing_is_not(value: str | None) -> None:
    assert wrong("uscc", value) == (value is not None)


def test_notices_name_subject_row_and_figures(tmp_path: Path) -> None:
    files = {
        "parties.csv": "party_id,name,kind,lei\n"
        "A,Alpha,company,213800KUD8LAJWSQ9D15\nB,Beta,bank,213800KUD8LAJWSQ9D16\n",
        "facilities.csv": "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
        "F1,L,A,loan,1,1,EUR\nF2,L,A,loan,1,,EUR\nF3,L,A,loan,1.5,1.51,EUR\n",
    }
    book, receipt = read(write(tmp_path, files))
    told = [(n.code, *each) for n in receipt.notices for each in n.each(book)]
    assert told == [
        ("identifier_invalid", "B", 1, {"identifier": "LEI", "value": "213800KUD8LAJWSQ9D16"}),
        ("drawn_above_limit", "F3", 2, {"limit": "1.50", "drawn": "1.51"}),
    ]
    for notice in receipt.notices:
        assert set(CODES[notice.code].figures) == {*notice.columns, *notice.figures}
