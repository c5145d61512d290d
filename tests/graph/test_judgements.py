"""What reviewers judged since the book came counts like a row of the book, and another word undoes all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access import Access, local
from app.audit import Audit
from app.desk.questions import QUESTIONS
from graph.errors import OptionError, StoreError
from graph.journal import Record
from graph.judgements import JUDGEMENTS, judge, laid_over, latest
from graph.rows import apart, with_places
from graph.snapshot import Snapshot
from graph.store import Store, open_store
from ingest.load import load
from tests.books import Row, book, party
from tests.test_cli import konzern

PARTIES = "party_id,name,kind,country\nA,A,company,\nB,B,company,CN\nC,C,company,\nP,P,company,\n"
OWNERSHIP = "owner_id,owned_id,share\nP,B,0.6\n"
FACILITIES = """facility_id,lender_id,obligor_id,product,limit,drawn,currency
F1,BANK,A,loan,100,80,EUR
F2,SUB,B,loan,50,50,EUR
"""
LENDERS = "lender_id,name,parent_id,tier1,currency\nBANK,Bank,,1000,EUR\nSUB,Sub,BANK,400,EUR\n"


def delivered(folder: Path, same_as: str = "") -> Store:
    """A store with four parties, of which A and B owe; ``same_as`` are rows of the book."""
    source = folder / "bank"
    source.mkdir()
    said = f"party_id,other_id,judgement\n{same_as}"
    texts = {"parties": PARTIES, "ownership": OWNERSHIP, "facilities": FACILITIES, "lenders": LENDERS}
    for name, text in (texts | ({"same_as": said} if same_as else {})).items():
        (source / f"{name}.csv").write_text(text, "utf-8")
    store = open_store(f"book:{folder / 'store'}")
    load(source, store)
    return store


def say(store: Store, word: str, ids: tuple[str, str] = ("B", "A")) -> None:
    judge(store.journal, ids, word, author="ann", reason="seen", expected=store.journal.last())


def report(store: Store, out: Path) -> dict[str, list[dict[str, Any]]]:
    """Every table of a report but what changed."""
    ended = konzern("report", store.url, "--out", out, "--formats", "parquet", "--rules", "EU-CRR,CN-UNIFIED")
    assert ended.exit_code == 0, ended.output
    return {p.stem: pq.read_table(p).to_pylist() for p in out.glob("*.parquet") if p.stem != "changes"}


def figures(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The tables without the rows that findings rest on: these name the file, or the record of the journal."""
    return {
        name: [{k: v for k, v in r.items() if k != "evidence"} for r in rows] for name, rows in tables.items()
    }


def test_a_judgement_counts_as_a_row_of_the_book_and_another_word_undoes_it(tmp_path: Path) -> None:
    store = delivered(tmp_path)
    before, facts = report(store, tmp_path / "before"), store.reader().graph_hash()
    say(store, "same")
    merged = report(store, tmp_path / "merged")
    assert {m["party_id"] for m in before["group_members"]} == {"B", "P"}
    assert {m["party_id"] for m in merged["group_members"]} == {"A", "P"}
    assert store.snapshot().number_of["A"] == store.snapshot().number_of["B"]
    assert store.reader().graph_hash() == facts
    (told,) = (f for f in merged["findings"] if f["code"] == "identity_merged")
    assert told["subjects"] == ["A", "B"]
    for word in ("unsure", "different"):
        say(store, word)
        assert report(store, tmp_path / word) == before
    say(store, "same")
    assert figures(report(store, tmp_path / "again")) == figures(merged)


def test_it_comes_out_as_it_does_from_the_file(tmp_path: Path) -> None:
    for name in ("book", "journal"):
        (tmp_path / name).mkdir()
    judged = delivered(tmp_path / "journal")
    say(judged, "same")
    one = report(judged, tmp_path / "journal" / "out")
    other = report(delivered(tmp_path / "book", "A,B,same\n"), tmp_path / "book" / "out")
    assert figures(one) == figures(other)


def test_the_latest_word_stands_in_place_of_the_book_s_own(tmp_path: Path) -> None:
    store = delivered(tmp_path, "B,A,same\nA,C,unsure\n")
    assert [m.ids for m in store.snapshot().identities.merged] == [("A", "B")]
    say(store, "unsure", ("A", "B"))
    say(store, "same", ("C", "A"))
    held = store.snapshot()
    assert [m.ids for m in held.identities.merged] == [("A", "C")]
    assert held.judgements == 2
    assert held.book is not None
    assert [held.book.place("same_as", i) for i in range(2)] == [("journal", 1), ("journal", 2)]
    again = open_store(store.url).snapshot()
    assert again.identities == held.identities
    assert again.book is not None
    assert again.book.table("same_as").to_pylist() == held.book.table("same_as").to_pylist()


def test_a_report_says_with_which_judgements_it_was_made_and_is_kept_for_these(tmp_path: Path) -> None:
    store = delivered(tmp_path)

    def made() -> tuple[int, bool]:
        told = json.loads(konzern("report", store.url, "--out", tmp_path / "out", "--json").output)
        return told["judgements"], "kept" in told

    assert made() == (0, False)
    say(store, "same")
    assert [made(), made()] == [(1, False), (1, True)]
    say(store, "unsure")
    assert made() == (2, False)


def test_a_judgement_on_the_page_counts_in_the_next_answer(tmp_path: Path) -> None:
    store = delivered(tmp_path, "A,B,unsure\n")
    access = Access(store, Audit(tmp_path / "audit.jsonl"), questions=QUESTIONS)

    def on_page() -> tuple[str, str, str | None]:
        (row,) = access.ask(local(), "identities", 1)
        return row["judgement"], row["place"], row["later"] and row["later"]["author"]

    def merged() -> list[tuple[str, ...]]:
        return [m.ids for m in access.desk(local().scope, 1).snapshot.identities.merged]

    assert (on_page(), merged()) == (("unsure", "same_as.csv:2", None), [])
    for word, one in (("same", [("A", "B")]), ("unsure", [])):
        last = store.journal.last()
        access.ask(local(), "judge", 1, subject="A = B", judgement=word, expected=last, reason="seen")
        assert (on_page(), merged()) == ((word, f"journal:{last + 1}", "local"), one)
    with pytest.raises(OptionError, match="name two of its parties"):
        access.ask(local(), "judge", 1, subject="A = X", judgement="same", expected=2, reason="seen")


@pytest.mark.parametrize(
    ("ids", "word", "reason", "said"),
    [
        ("AB", "maybe", "seen", "same, different, unsure"),
        ("AB", "same", " ", "its reason"),
        ("AA", "same", "x", "one id"),
    ],
)
def test_what_is_no_judgement_is_refused(tmp_path: Path, ids: str, word: str, reason: str, said: str) -> None:
    store = open_store(f"book:{tmp_path / 'store'}")
    with pytest.raises(OptionError, match=said):
        judge(store.journal, (ids[0], ids[1]), word, author="ann", reason=reason, expected=0)
    assert store.journal.last() == 0


def test_a_record_without_a_pair_is_an_error(tmp_path: Path) -> None:
    store = delivered(tmp_path)
    store.journal.append("judgement", "A = B", {"judgement": "same"}, author="ann", expected=0)
    with pytest.raises(StoreError, match="record 1"):
        store.snapshot()


pairs = st.lists(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")).filter(lambda p: p[0] != p[1]), max_size=5
)
words = st.sampled_from(JUDGEMENTS)


@settings(max_examples=50)
@given(
    rows=pairs,
    said=st.lists(st.tuples(pairs.filter(bool).map(lambda p: p[0]), words), max_size=6),
    data=st.data(),
)
def test_the_last_word_on_each_pair_decides_whatever_came_before(
    rows: list[tuple[str, str]], said: list[tuple[tuple[str, str], str]], data: st.DataObject
) -> None:
    """Against the rows that are left when each word replaces what there was on its pair."""
    told = {p: data.draw(words) for p in rows}
    left: list[Row] = [{"party_id": a, "other_id": b, "judgement": j} for (a, b), j in told.items()]
    plain = book(parties=[party(n) for n in "ABCDE"], same_as=left)
    records = [
        Record(i, "judgement", "", "ann", "2026-10-30T00:00:00+00:00",
               {"party_id": min(p), "other_id": max(p), "judgement": word})
        for i, (p, word) in enumerate(said, 1)
    ]  # fmt: skip
    for p, word in said:
        left = [r for r in left if {r["party_id"], r["other_id"]} != set(p)]
        left.append({"party_id": p[0], "other_id": p[1], "judgement": word})
    table, _ = apart(laid_over(with_places(plain, "same_as"), latest(records)))
    one = Snapshot.of(replace(plain, tables={**plain.tables, "same_as": table})).identities
    other = Snapshot.of(book(parties=[party(n) for n in "ABCDE"], same_as=left)).identities
    assert (one.merged, one.contradicted) == (other.merged, other.contradicted)
