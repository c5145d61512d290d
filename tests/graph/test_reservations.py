"""Reservations: what holds when, and that two who ask at once cannot both take what is there for one."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.access import local
from app.cli import main
from app.desk import whatif
from app.desk.opened import Scope, open_desk
from app.refusals import worded, words
from app.whatif import Booked
from exposure.report import Request
from graph.errors import OptionError
from graph.journal import Journal
from graph.proposal import Proposal
from graph.reservations import NoHeadroomError, active, held, release, reserve
from graph.store import open_store

NOON = dt.datetime(2026, 10, 30, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def lending(name: str, amount: int) -> Proposal:
    values = {"facility_id": name, "lender_id": "BANK", "obligor_id": "A", "product": "loan", "limit": amount}
    return Proposal("facility", {**values, "currency": "EUR", "start_date": NOON.date()})


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return open_store(f"book:{tmp_path}/store").journal


def books(known: dict[str, bool]) -> Callable[[Collection[str]], dict[str, bool]]:
    """A book of these facilities and guarantees; it is asked for what reservations name, and for nothing else."""
    return lambda names: {name: granted for name, granted in known.items() if name in names}


def taken(changes: list[Proposal]) -> int:
    return sum(change.units("limit") or 0 for change in changes)


def room(total: int, amount: int) -> Callable[[list[Proposal]], bool | None]:
    """Decides like a limit of ``total``."""
    return lambda before: True if taken(before) + amount <= total else None


def test_a_reservation_holds_until_its_time_is_over(journal: Journal) -> None:
    reserve(journal, [lending("N", 60)], room(100, 60), author="a", now=NOON, until=NOON + HOUR)
    (found,) = active(journal.records(), NOON)
    assert (found.author, found.subject, found.changes[0]) == ("a", "A", lending("N", 60))
    assert active(journal.records(), NOON + HOUR) == []
    with pytest.raises(NoHeadroomError, match="does not fit") as full:
        reserve(journal, [lending("N", 60)], room(100, 60), author="b", now=NOON, until=NOON + HOUR)
    assert worded(full.value, "en") == str(full.value)
    assert worded(full.value, "zh") == words("zh")["no_headroom"] != str(full.value)
    with pytest.raises(OptionError, match="over already"):
        reserve(journal, [lending("N", 1)], room(100, 1), author="b", now=NOON, until=NOON)


def test_it_is_over_when_its_facility_is_in_the_book_or_it_is_released(journal: Journal) -> None:
    reserve(journal, [lending("N", 60)], room(100, 60), author="a", now=NOON, until=NOON + HOUR)
    assert active(journal.records(), NOON, booked=books({"N": True})) == []
    assert release(journal, 1, author="a", now=NOON).number == 2
    assert active(journal.records(), NOON) == []
    with pytest.raises(OptionError, match="no reservation 1"):
        release(journal, 1, author="a", now=NOON)


def test_each_of_its_facilities_and_guarantees_is_over_when_it_is_granted(journal: Journal) -> None:
    given = Proposal(
        "guarantee", {"guarantee_id": "G", "guarantor_id": "B", "form": "full", "covers": "N F1"}
    )
    reserve(journal, [lending("N", 60), given], room(99, 60), author="a", now=NOON, until=NOON + HOUR)
    (found,) = active(journal.records(), NOON, booked=books({"N": True, "F1": True}))
    (left,) = held([found])
    assert (left.text("guarantee_id"), left.covers) == ("(reserved 1) G", ("N", "F1"))
    (found,) = active(journal.records(), NOON, booked=books({"G": True}))
    assert [c.text("facility_id") for c in held([found])] == ["(reserved 1) N"]
    assert active(journal.records(), NOON, booked=books({"G": True, "N": True})) == []


def test_what_stands_in_the_book_as_proposed_is_held_on_under_its_own_name(journal: Journal) -> None:
    reserve(journal, [lending("N", 60)], room(99, 60), author="a", now=NOON, until=NOON + HOUR)
    (change,) = held(active(journal.records(), NOON, booked=books({"N": False})))
    assert change.text("facility_id") == "N"
    reserve(
        journal,
        [lending("M", 9)],
        room(99, 9),
        author="a",
        now=NOON,
        until=NOON + HOUR,
        booked=books({"M": False}),
    )
    assert [c.text("facility_id") for c in held(active(journal.records(), NOON, books({"M": False})))][
        1:
    ] == ["M"]
    assert [r.number for r in active(journal.records(), NOON, booked=books({"M": True}))] == [1]


def test_a_reservation_ends_at_its_second_and_says_who_holds_what_cannot_be_made(journal: Journal) -> None:
    until = NOON + dt.timedelta(seconds=1, microseconds=500_000)
    reserve(journal, [lending("N", 60)], room(99, 60), author="a", now=NOON, until=until)
    assert len(active(journal.records(), until - dt.timedelta(microseconds=1))) == 1
    assert active(journal.records(), until) == []
    (change,) = held(active(journal.records(), NOON))
    assert (change.file, change.row) == ("reservation 1 (--release 1 gives it back)", 1)


def test_a_change_of_what_is_in_the_book_holds_too(journal: Journal) -> None:
    reserve(
        journal, [lending("F1", 60)], room(100, 60), author="a", now=NOON, until=NOON + HOUR, booked=books({"F1": True})
    )  # fmt: skip
    (found,) = active(journal.records(), NOON, booked=books({"F1": True}))
    assert held([found])[0].text("facility_id") == "F1"


def test_new_ids_are_marked_so_that_nobody_else_meets_them(journal: Journal) -> None:
    given = Proposal(
        "guarantee", {"guarantee_id": "G", "guarantor_id": "B", "form": "full", "covers": "N F1"}
    )
    reserve(
        journal,
        [lending("N", 1), given],
        room(9, 1),
        author="a",
        now=NOON,
        until=NOON + HOUR,
        booked=books({"F1": True}),
    )
    one, two = held(active(journal.records(), NOON))
    assert one.text("facility_id") == "(reserved 1) N"
    assert (two.text("guarantee_id"), two.covers) == ("(reserved 1) G", ("(reserved 1) N", "F1"))


BOOK = {
    "parties": "party_id,name,kind\nA,A,company\n",
    "lenders": "lender_id,name,tier1,currency\nBANK,Bank,1000,EUR\n",
    "facilities": "facility_id,lender_id,obligor_id,product,limit,drawn,currency\nF1,BANK,A,loan,50,50,EUR\n",
}
CHANGES = "change,facility_id,lender_id,obligor_id,product,limit,currency\nfacility,NEW,BANK,A,loan,90,EUR\n"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store of a bank with 200 left for A, and a file that asks for 90 of it."""
    folder = tmp_path / "book"
    folder.mkdir()
    for name, text in BOOK.items():
        (folder / f"{name}.csv").write_text(text)
    (tmp_path / "changes.csv").write_text(CHANGES)
    url = f"book:{tmp_path}/store"
    ended = CliRunner().invoke(main, ["load", str(folder), "--store", url], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return url


def test_officers_who_reserve_at_once_cannot_overspend(store: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "whatif",
        store,
        str(tmp_path / "changes.csv"),
        "--reserve",
        "--json",
    ]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    ended = [(p.communicate(), p.returncode) for p in running]
    assert sorted(code for _, code in ended) == [0, 0, 1], ended
    assert all("does not fit" in err for (_, err), code in ended if code)
    records = [json.loads(out)["reservation"] for (out, _), code in ended if not code]
    assert sorted(records) == [1, 2]
    held_now = active(open_store(store).journal.records(), dt.datetime.now(dt.UTC))
    assert taken([c for r in held_now for c in r.changes]) == 180_00


def test_the_command_line_lists_and_releases(store: str, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        ended = CliRunner().invoke(main, list(words), catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        return ended.output

    out = tmp_path / "out"
    changes = str(tmp_path / "changes.csv")
    assert "Reserved until" in run(
        "whatif", store, changes, "--reserve", "--hours", "2", "--by", "ann", "--out", str(out)
    )
    assert json.loads((out / "answer.json").read_text())["largest"] == "200.00"
    assert "by ann" in run("reservations", store)
    (listed,) = json.loads(run("reservations", store, "--json"))
    assert listed["changes"][0]["limit"] == "90.00"
    assert json.loads(run("whatif", store, changes, "--json"))["largest"] == "110.00"
    run("reservations", store, "--release", "1")
    assert json.loads(run("reservations", store, "--json")) == []
    assert "200.00 EUR" in run("whatif", store, changes)
    assert "最大可行金额：200.00" in run("whatif", store, changes, "--lang", "zh")


def test_what_is_granted_or_proposed_meanwhile_is_told_by_the_book(store: str, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        ended = CliRunner().invoke(main, list(words), catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        return ended.output

    def left(status: str) -> str:
        facilities = BOOK["facilities"].replace(",currency", ",currency,status").replace("EUR", "EUR,")
        rows = facilities + f"NEW,BANK,A,loan,90,90,EUR,{status}\n"
        (tmp_path / "book" / "facilities.csv").write_text(rows)
        run("load", str(tmp_path / "book"), "--store", store)
        (tmp_path / "other.csv").write_text(CHANGES.replace("NEW", "OTHER"))
        largest: str = json.loads(run("whatif", store, str(tmp_path / "other.csv"), "--json"))["largest"]
        return largest

    run("whatif", store, str(tmp_path / "changes.csv"), "--reserve")
    assert left("proposed") == "110.00"
    assert len(json.loads(run("reservations", store, "--json"))) == 1
    assert left("active") == "110.00"
    assert json.loads(run("reservations", store, "--json")) == []


def test_a_book_is_asked_for_the_ids_that_reservations_name_and_each_once(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = BOOK["facilities"].replace(",currency", ",currency,status").replace("EUR", "EUR,")
    (tmp_path / "book" / "facilities.csv").write_text(rows + "F3,BANK,A,loan,1,0,EUR,proposed\n")
    (tmp_path / "book" / "guarantees.csv").write_text("guarantee_id,guarantor_id,form\nG1,A,full\n")
    CliRunner().invoke(main, ["load", str(tmp_path / "book"), "--store", store], catch_exceptions=False)
    found = Booked(open_store(store).snapshot())
    assert found({"F1", "F3", "G1", "NEW"}) == {"F1": True, "F3": False, "G1": True}
    monkeypatch.setattr(Booked, "_found", lambda *_: pytest.fail("looked up again"))
    assert found({"F3", "NEW"}) == {"F3": False}


@pytest.fixture
def shared(store: str, tmp_path: Path) -> str:
    """The store, with 80 that another lender lends to A and 200 that all together may."""
    rows = BOOK["facilities"] + "F2,OTHER,A,loan,80,80,EUR\n"
    (tmp_path / "book" / "facilities.csv").write_text(rows)
    (tmp_path / "book" / "lenders.csv").write_text(BOOK["lenders"] + "OTHER,Other,1000,EUR\n")
    limits = "scope,subject_id,amount,currency\nunified,A,200,EUR\n"
    (tmp_path / "book" / "limits.csv").write_text(limits)
    ended = CliRunner().invoke(
        main, ["load", str(tmp_path / "book"), "--store", store], catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    return store


@pytest.mark.parametrize(("amount", "fits"), [("90", False), ("60", True)])
def test_one_lender_reserves_only_what_fits_over_all_lenders(
    shared: str, tmp_path: Path, amount: str, fits: bool
) -> None:
    asked = tmp_path / "changes.csv"
    asked.write_text(CHANGES.replace(",90,", f",{amount},"))
    told = CliRunner().invoke(main, ["whatif", shared, str(asked), "--lender", "BANK", "--reserve", "--json"])
    assert told.exit_code == (0 if fits else 1), told.output
    assert ("does not fit" in told.output) is not fits
    desk = open_desk(open_store(shared), Scope("BANK"), Request())
    more = {"lender": "BANK", "obligor": "A", "product": "loan", "currency": "EUR", "hours": 1}
    if fits:  # 10 of 200 are left over all lenders, 140 of the bank's own 250
        row = whatif.reserve(desk, principal=local(), amount="10", **more)
        assert {r["lender_id"] for r in row["limits"]} == {"BANK"}
    with pytest.raises(NoHeadroomError) as refused:
        whatif.reserve(desk, principal=local(), amount="90", **more)
    assert not any(figure in str(refused.value) for figure in ("80", "200", "130", "220"))


def test_reservations_of_other_lenders_count_in_what_one_lender_reserves(shared: str, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(CHANGES.replace("BANK", "OTHER").replace(",90,", ",60,"))
    assert CliRunner().invoke(main, ["whatif", shared, str(other), "--reserve"]).exit_code == 0
    desk = open_desk(open_store(shared), Scope("BANK"), Request())
    more = {"lender": "BANK", "obligor": "A", "product": "loan", "currency": "EUR", "hours": 1}
    with pytest.raises(NoHeadroomError):
        whatif.reserve(desk, principal=local(), amount="20", **more)
    assert whatif.reserve(desk, principal=local(), amount="10", **more)["number"] == 2


@pytest.mark.parametrize("hours", ["nan", "inf", "1e300", "1e9"])
def test_a_time_that_no_calendar_has_is_refused(store: str, tmp_path: Path, hours: str) -> None:
    changes = str(tmp_path / "changes.csv")
    ended = CliRunner().invoke(main, ["whatif", store, changes, "--reserve", "--hours", hours])
    assert (ended.exit_code, "give hours such as 24" in ended.output) == (2, True)


def test_a_folder_of_files_holds_no_reservation(tmp_path: Path, store: str) -> None:
    ended = CliRunner().invoke(
        main, ["whatif", str(tmp_path / "book"), str(tmp_path / "changes.csv"), "--reserve"]
    )
    assert (ended.exit_code, "reservations need a store" in ended.output) == (2, True)
    assert store
