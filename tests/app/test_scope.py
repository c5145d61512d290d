"""Non-interference: whatever is changed in other lenders' books, a subsidiary's analyst sees the same."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access import Access, sample
from app.scope import part_of
from app.source import SAMPLE, read
from exposure.report import Analysis
from exposure.results import RESULTS
from graph.book import Book
from graph.errors import OptionError
from graph.snapshot import Snapshot

BOOK = read(str(SAMPLE))[0]
LENDERS = ("L-LEASE", "L-TRUST", "L-FACTOR", "L-SEC-HK")
OTHERS = {"facilities", "repayments", "guarantee_covers", "pledges", "limits"}


def others(book: Book, lender: str) -> Book:
    """The book with every amount of other lenders' facilities changed, their limits gone, no row moved."""
    tables = dict(book.tables)
    held = tables["facilities"]
    own = pc.equal(held["lender_id"], lender)
    for column in ("limit", "drawn", "provision", "cash_collateral"):
        more = pc.add(pc.multiply(held[column], 3), 1_000_000)
        held = held.set_column(held.column_names.index(column), column, pc.if_else(own, held[column], more))
    tables["facilities"] = held
    due = tables["repayments"]
    mine = pc.is_in(due["facility_id"], pc.unique(held.filter(own)["facility_id"]))
    paid = pc.if_else(mine, due["paid"], pa.scalar(0, pa.int64()))
    tables["repayments"] = due.set_column(due.column_names.index("paid"), "paid", paid)
    return Book(tables, book.origins, book.period, book.version, book.source)


def same(a: Book, b: Book) -> list[str]:
    """Tables in which two books differ."""
    return [
        n
        for n in {*a.tables, *b.tables}
        if not a.table(n).combine_chunks().equals(b.table(n).combine_chunks())
    ]


@pytest.mark.parametrize("lender", LENDERS)
def test_amounts_of_other_lenders_do_not_reach_the_part_of_a_lender(lender: str) -> None:
    assert others(BOOK, lender).table("facilities") != BOOK.table("facilities")
    assert same(part_of(BOOK, lender), part_of(others(BOOK, lender), lender)) == []


@settings(max_examples=15)
@given(lender=st.sampled_from(LENDERS), seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
def test_other_lenders_facilities_may_come_and_go_unseen(lender: str, seed: int, share: float) -> None:
    held = BOOK.table("facilities")
    own = np.asarray(pc.equal(held["lender_id"], lender))
    keep = own | (np.random.default_rng(seed).random(len(own)) < share)
    rows = {name: np.arange(t.num_rows) for name, t in BOOK.tables.items()}
    fewer = BOOK.only({**rows, "facilities": np.flatnonzero(keep)})
    left = set(fewer.table("facilities")["facility_id"].to_pylist())
    for name in ("repayments", "guarantee_covers", "pledges", "co_obligors", "underlyings"):
        alive = np.array([i in left for i in fewer.table(name)["facility_id"].to_pylist()], bool)
        rows[name] = np.flatnonzero(alive)
    fewer = fewer.only({**{n: np.arange(t.num_rows) for n, t in fewer.tables.items()}, **{n: rows[n] for n in (
        "repayments", "guarantee_covers", "pledges", "co_obligors", "underlyings")}})  # fmt: skip
    assert same(part_of(BOOK, lender), part_of(fewer, lender)) == []


def test_every_result_of_the_part_is_the_same_after_others_changed() -> None:
    lender = "L-LEASE"
    made = [
        Analysis(Snapshot.of(part_of(book, lender), BOOK.default_as_of()))
        for book in (BOOK, others(BOOK, lender))
    ]
    assert [n for n in RESULTS if not made[0].table(n).equals(made[1].table(n))] == []


def test_a_part_holds_own_credit_and_nothing_of_others() -> None:
    part = part_of(BOOK, "L-LEASE")
    assert set(part.table("facilities")["lender_id"].to_pylist()) == {"L-LEASE"}
    own = set(part.table("facilities")["facility_id"].to_pylist())
    for name in OTHERS - {"facilities", "limits"}:
        assert set(part.table(name)["facility_id"].to_pylist()) <= own
    assert set(part.table("limits")["lender_id"].to_pylist()) <= {"L-LEASE"}
    assert part.table("parties").num_rows < BOOK.table("parties").num_rows


def test_what_a_subsidiary_does_not_know_is_told_like_what_does_not_exist(access: Access) -> None:
    analyst = sample("subsidiary:L-LEASE")
    for question, parameter in (
        ("party", "party_id"),
        ("group", "group_id"),
        ("case", "finding_id"),
        ("ring", "ring_id"),
    ):
        assert access.ask(analyst, question, 1, **{parameter: "C-LIANBAO-01"}) is None
        assert access.ask(analyst, question, 1, **{parameter: "never-heard-of"}) is None
    assert access.ask(analyst, "search", 1, text="C-LIANBAO-01") == []
    ring = access.ask(sample("manager"), "rings", 1)["rows"][0]["ring_id"]
    assert access.ask(analyst, "ring", 1, ring_id=ring) is None


def test_a_subsidiary_is_told_that_others_lend_and_never_how_much(access: Access) -> None:
    told = access.ask(sample("subsidiary:L-LEASE"), "released", 1, group_id="G:P-LANHENG-FOUNDER")
    assert told == {"others": True, "band": ""}  # two others lend: one would find the other out


def test_a_subsidiary_is_shown_no_test_of_all_lenders_together(access: Access) -> None:
    """Its own part of a consolidated figure would be a wrong number."""
    desk = access.desk(sample("subsidiary:L-LEASE").scope, 1)
    assert set(desk.tables["limits"]["level"].to_pylist()) <= {"solo", None}
    assert set(desk.tables["large_exposures"]["level"].to_pylist()) <= {"solo"}
    assert [r for r in desk.tables["findings"]["rule"].to_pylist() if r and "consolidated" in r] == []


def test_only_lenders_of_the_book_have_a_part() -> None:
    with pytest.raises(OptionError, match="no lender"):
        part_of(BOOK, "L-NONE")
