"""Early warnings: lines held exactly, unknown amounts kept unknown, and changes against comparisons of all sets."""

from __future__ import annotations

import datetime as dt
import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.source import earlier
from exposure.findings import words
from exposure.report import Analysis, Request
from graph.book import Book
from graph.errors import OptionError
from graph.snapshot import Snapshot
from tests.books import BANK, Row, book, facility, party
from tests.exposure.networks import Network, networks

DAY = dt.date(2026, 9, 30)
SINCE = dt.date(2026, 6, 30)


def report(before: Book | None = None, pack: str = "EU-CRR", **tables: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (rows by table)
    """The early warnings of a book of these rows, beside an earlier one if there is one."""
    now = Snapshot.of(book(DAY, lenders=[BANK], **tables))
    then = None if before is None else Snapshot.of(before, SINCE)
    made = Analysis(now, Request((pack,)), previous=then)
    return [r for r in made.table("findings").to_pylist() if r["code"] in CODES]


CODES = (
    "past_due", "default", "rating_downgrade", "utilisation_jump", "new_link", "group_merged", "stale_data",
    "joint_credit_warning",
)  # fmt: skip


def told(rows: list[dict[str, Any]], code: str) -> list[tuple[list[str], int | None]]:
    """Subjects and amounts of the warnings of a code."""
    return [
        (r["subjects"], None if r["amount"] is None else int(r["amount"])) for r in rows if r["code"] == code
    ]


def figures(rows: list[dict[str, Any]], code: str) -> dict[str, Any]:
    """The figures of the one warning of a code."""
    (evidence,) = [r["evidence"] for r in rows if r["code"] == code]
    made: dict[str, Any] = json.loads(evidence)["figures"]
    return made


# --- payments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "late", "fallen"), [(0, False, False), (1, True, False), (90, True, False), (91, True, True)]
)
def test_one_day_is_late_and_more_than_ninety_are_a_default(days: int, late: bool, fallen: bool) -> None:
    rows = report(parties=[party("A")], facilities=[facility("F", "A", 50, 30, ccf=0, days_past_due=days)])
    assert told(rows, "past_due") == ([(["F"], 30)] if late else [])
    assert told(rows, "default") == ([(["A"], 30)] if fallen else [])


def repaid(*rows: Row) -> list[dict[str, Any]]:
    """Warnings of a facility with these repayments, 10 due each."""
    tables: dict[str, Any] = {"parties": [party("A")], "facilities": [facility("F", "A", 50, 30)]}
    return report(**tables, repayments=[{"facility_id": "F", "due": 10, **row} for row in rows])


def test_what_repayments_leave_open_is_late_from_its_day() -> None:
    due = {"due_date": DAY - dt.timedelta(40)}
    rows = repaid({**due, "paid": 4}, {"due_date": DAY - dt.timedelta(9), "paid": 0})
    assert figures(rows, "past_due") == {"days": 40, "overdue": "16.00 EUR"}
    assert told(repaid({**due, "paid": 10}), "past_due") == []
    assert told(repaid({"due_date": DAY, "paid": 0}), "past_due") == []


def test_what_was_paid_after_the_day_was_open_on_it() -> None:
    late = {"due_date": DAY - dt.timedelta(40), "paid": 10, "paid_date": DAY + dt.timedelta(1)}
    assert figures(repaid(late), "past_due") == {"days": 40, "overdue": "10.00 EUR"}


def test_a_repayment_of_which_nothing_is_known_is_not_taken_for_unpaid() -> None:
    assert told(repaid({"due_date": DAY - dt.timedelta(40)}), "past_due") == []


def test_a_status_or_a_rating_of_default_is_one_and_closed_facilities_are_not() -> None:
    rows = report(
        parties=[party("A"), party("B", rating="D"), party("C")],
        facilities=[
            facility("F", "A", 50, 30, status=" NPL "),
            facility("G", "C", 9, 9, status="closed", days_past_due=200),
        ],
    )
    assert told(rows, "default") == [(["A"], 38), (["B"], 0)]
    assert told(rows, "past_due") == []


def test_the_latest_rating_of_any_agency_may_be_one_of_default() -> None:
    def rows(*ratings: tuple[int, str, str]) -> list[dict[str, Any]]:
        made: list[Row] = [
            {"party_id": "A", "date": DAY - dt.timedelta(ago), "agency": agency, "rating": grade}
            for ago, agency, grade in ratings
        ]
        return report(parties=[party("A")], facilities=[facility("F", "A", 50, 30)], ratings=made)

    fallen = rows((900, "X", "A"), (9, "X", "SD"), (5, "Y", "BB"))
    assert told(fallen, "default") == [(["A"], 38)]
    assert figures(fallen, "default")["signs"] == ["X SD"]
    assert told(rows((900, "X", "D"), (9, "X", "CC")), "default") == []
    assert told(rows((-1, "X", "D")), "default") == []


def test_a_firm_with_a_joint_limit_that_is_late_anywhere_is_a_warning() -> None:
    limit = {"scope": "joint", "subject_id": "A", "amount": 1000, "currency": "EUR"}
    tables: dict[str, Any] = {
        "parties": [party("A"), party("B")],
        "facilities": [
            facility("F", "A", 50, 30, days_past_due=1),
            facility("G", "A", 20, 20),
            facility("H", "B", 5, 5, days_past_due=9),
        ],
        "limits": [limit],
    }
    rows = report(pack="CN-JOINT", **tables)
    assert told(rows, "joint_credit_warning") == [(["A"], 30)]
    assert figures(rows, "joint_credit_warning")["signs"] == ["F 1 d"]
    assert told(report(**tables), "joint_credit_warning") == []


# --- ratings ------------------------------------------------------------------------------------------------------


def rated(*rows: tuple[int, str, object]) -> list[dict[str, Any]]:
    """Warnings of a party rated so many days ago, with a probability of default or none."""
    made: list[Row] = [
        {"party_id": "A", "date": DAY - dt.timedelta(ago), "agency": "X", "rating": grade, "pd": pd}
        for ago, grade, pd in rows
    ]
    return report(parties=[party("A")], facilities=[facility("F", "A", 50, 30)], ratings=made)


def test_the_latest_rating_is_compared_with_the_one_a_year_ago() -> None:
    fallen = rated((700, "AAA", None), (400, "A", None), (300, "BBB+", None), (10, "BBB", None))
    assert {k: figures(fallen, "rating_downgrade")[k] for k in ("before", "after")} == {
        "before": "A",
        "after": "BBB",
    }
    assert told(rated((400, "BBB", None), (200, "A", None)), "rating_downgrade") == []
    assert told(rated((800, "A", None), (500, "BBB", None)), "rating_downgrade") == []
    assert told(rated((300, "A", None), (10, "A-", None)), "rating_downgrade") != []
    assert told(rated((300, "A", None)), "rating_downgrade") == []


def test_grades_of_two_scales_are_not_compared_but_probabilities_are() -> None:
    assert told(rated((400, "AA", None), (10, "Baa2", None)), "rating_downgrade") == []
    assert told(rated((400, "5", "0.01"), (10, "6", "0.02")), "rating_downgrade") != []
    assert told(rated((400, "5", "0.01"), (10, "6", "0.019999999")), "rating_downgrade") == []
    assert told(rated((400, "正常", None), (10, "关注", None)), "rating_downgrade") != []


@pytest.mark.parametrize(
    ("was", "now"),
    [("BB", "SD"), ("CC", "RD"), ("RD", "D"), ("Caa3", "C"), ("Ca", "C"), ("CC", "C"), ("Aaa", "Ca")],
)
def test_a_grade_that_several_agencies_use_stands_on_the_scale_of_the_other_one(was: str, now: str) -> None:
    assert told(rated((400, was, None), (10, now, None)), "rating_downgrade") != []
    assert told(rated((400, now, None), (10, was, None)), "rating_downgrade") == []


def test_a_rating_that_ended_or_is_no_longer_delivered_is_still_the_one_of_before() -> None:
    def rating(ago: int, grade: str, **more: object) -> Row:
        return {"party_id": "A", "date": DAY - dt.timedelta(ago), "agency": "X", "rating": grade, **more}

    def at(then: list[Row], now: list[Row]) -> list[dict[str, Any]]:
        tables: dict[str, Any] = {
            "parties": [party("Z"), party("A")],
            "facilities": [facility("F", "A", 50, 30)],
        }
        return report(book(SINCE, **tables, ratings=then), **tables | {"parties": [party("A")]}, ratings=now)

    ended = rating(500, "AA", valid_to=DAY - dt.timedelta(10))
    fallen = at([rating(500, "AA")], [rating(10, "A")])
    assert {k: figures(fallen, "rating_downgrade")[k] for k in ("before", "after")} == {
        "before": "AA",
        "after": "A",
    }
    assert (
        told(at([ended], [ended, rating(10, "A", valid_from=DAY - dt.timedelta(10))]), "rating_downgrade")
        != []
    )
    assert told(at([rating(500, "AA")], [rating(500, "A")]), "rating_downgrade") == [], "a corrected rating"
    assert told(at([rating(500, "AA"), rating(100, "A")], []), "rating_downgrade") == [], "withdrawn since"
    assert told(at([rating(500, "A")], [rating(10, "AA")]), "rating_downgrade") == []


# --- old data -----------------------------------------------------------------------------------------------------


def aged(days: int, valued: int) -> list[dict[str, Any]]:
    """Warnings of a client whose accounts and whose pledge are so old."""
    return report(
        parties=[party("A"), party("B")],
        facilities=[facility("F", "A", 50, 30)],
        financials=[
            {"party_id": p, "period_end": DAY - dt.timedelta(d), "revenue": 1, "currency": "EUR"}
            for p, d in (("A", days), ("A", days + 365), ("B", 2000))
        ],
        collateral=[
            {
                "collateral_id": "K",
                "value": 1,
                "currency": "EUR",
                "valuation_date": DAY - dt.timedelta(valued),
            }
        ],
        pledges=[{"collateral_id": "K", "facility_id": "F"}],
    )


def test_data_are_old_above_the_line_and_only_where_someone_lends_on_them() -> None:
    assert told(aged(548, 1096), "stale_data") == []
    assert figures(aged(549, 1096), "stale_data") == {
        "accounts": "2025-03-30", "rating": "-", "valuation": "-", "lenders": ["BANK"]
    }  # fmt: skip
    assert figures(aged(1, 1097), "stale_data")["valuation"] == "2023-09-29"


def test_whoever_owes_with_the_obligor_is_a_client_whose_data_count() -> None:
    rows = report(
        parties=[party("A"), party("B"), party("C")],
        facilities=[facility("F", "A", 30, 30), facility("G", "C", 9, 9, status="closed")],
        co_obligors=[{"facility_id": f, "party_id": p} for f, p in (("F", "B"), ("F", "A"), ("G", "B"))],
        financials=[
            {"party_id": p, "period_end": DAY - dt.timedelta(549), "currency": "EUR"} for p in ("B", "C")
        ],
        collateral=[
            {"collateral_id": "K", "value": 1, "currency": "EUR", "valuation_date": DAY - dt.timedelta(1097)}
        ],
        pledges=[{"collateral_id": "K", "facility_id": f} for f in ("F", "G")],
    )
    assert told(rows, "stale_data") == [(["A"], 30), (["B"], 30)]
    lenders = [json.loads(r["evidence"])["figures"]["lenders"] for r in rows if r["code"] == "stale_data"]
    assert lenders == [["BANK"], ["BANK"]]


# --- changes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "now", "jumps"),
    [
        ((20, 100), (80, 100), True), ((50, 100), (80, 100), True), ((51, 100), (80, 100), False),
        ((10, 100), (79, 100), False), ((0, 100), (3, 3), True), ((10, 100), (3, 3), True), ((10, 0), (90, 100), False),
        ((None, 100), (90, 100), False),
    ],
)  # fmt: skip
def test_a_line_jumps_by_thirty_points_to_eighty_percent(was: Any, now: Any, jumps: bool) -> None:  # noqa: ANN401
    before = book(
        SINCE, parties=[party("A")], lenders=[BANK], facilities=[facility("F", "A", was[1], was[0])]
    )
    rows = report(
        before,
        parties=[party("A")],
        facilities=[facility("F", "A", now[1], now[0]), facility("G", "A", 9, 9)],
    )
    assert told(rows, "utilisation_jump") == ([(["F"], max(now[0] - was[0], 0))] if jumps else [])


def test_a_line_in_another_currency_jumps_without_an_amount() -> None:
    before = book(SINCE, parties=[party("A")], facilities=[facility("F", "A", 100, 1, currency="USD")])
    rows = report(before, parties=[party("A")], facilities=[facility("F", "A", 100, 90)])
    assert told(rows, "utilisation_jump") == [(["F"], None)]


def pairs_of(made: Analysis) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Pairs of control and dependence that grouping reads: all, and those that run through no controlled party."""
    graph, names = made.groups[0].graph, made.snapshot.party_ids.to_pylist()
    held = graph.control
    direct = {
        (names[a], names[b]): d
        for a, b, d in zip(
            held.controller.tolist(), held.controlled.tolist(), held.direct.tolist(), strict=True
        )
    }
    on = {
        (names[a], names[b])
        for a, b in zip(graph.dependence.on.tolist(), graph.dependence.dependent.tolist(), strict=True)
    }

    def between(a: str, b: str) -> bool:
        return any((a, z) in direct and (z, a) not in direct and (z, b) in direct for z in names)

    return direct.keys() | on, {p for p, d in direct.items() if d or not between(*p)} | on


def sets_of(made: Analysis) -> dict[str, frozenset[str]]:
    """Members of each group."""
    found: dict[str, set[str]] = {}
    for row in made.table("group_members").to_pylist():
        found.setdefault(row["group_id"], set()).add(row["party_id"])
    return {name: frozenset(members) for name, members in found.items()}


@given(a=networks(), b=networks(), owing=st.sets(st.sampled_from("ABCDEF")))
def test_new_links_and_mergers_are_those_that_all_sets_show(a: Network, b: Network, owing: set[str]) -> None:
    owing &= set(a.names)
    assume(owing)
    credit = [facility(f"F{p}", p, 10, 10) for p in sorted(owing)]
    tables = {n: a.book().table(n) for n in a.book().tables}
    now_book = Book(tables | {"facilities": book(facilities=credit).table("facilities")}, period=DAY)
    then = Analysis(Snapshot.of(b.book()))
    now = Analysis(Snapshot.of(now_book), previous=then.snapshot)
    rows = [r for r in now.table("findings").to_pylist() if r["code"] in CODES]
    before, direct = pairs_of(then)[0], pairs_of(now)[1]
    fresh = {tuple(sorted(p)) for p in direct - before if set(p) <= set(b.names)}
    assert {tuple(r["subjects"]) for r in rows if r["code"] == "new_link"} == fresh
    old = {name: members & owing for name, members in sets_of(then).items()}
    merged = set()
    for name, members in sets_of(now).items():
        inside = {c for c in old.values() if c and c <= members}
        kept = {c for c in inside if not any(c < other for other in inside)}
        union = frozenset().union(*kept)
        if len(kept) > 1 and not any(union <= c for c in old.values()):
            merged.add(name)
    assert {r["subjects"][0] for r in rows if r["code"] == "group_merged"} == merged
    assert all(len(r["subjects"]) == len(set(r["subjects"])) for r in rows)


def test_two_stakes_that_suffice_together_and_the_votes_of_a_pact_are_new_links() -> None:
    def stakes(*rows: tuple[str, str, str]) -> list[Row]:
        return [{"owner_id": a, "owned_id": b, "share": share} for a, b, share in rows]

    tables: dict[str, Any] = {
        "parties": [*map(party, "ABCDEFG"), party("X", "concert")],
        "facilities": [facility("F", "C", 10, 10)],
        "members": [{"body_id": "X", "party_id": p} for p in "DE"],
    }
    held = [("A", "B", "0.6"), ("C", "G", "0.6"), ("D", "F", "0.3")]
    rows = report(
        book(SINCE, lenders=[BANK], **tables, ownership=stakes(*held)),
        **tables,
        ownership=stakes(*held, ("A", "C", "0.3"), ("B", "C", "0.3"), ("E", "F", "0.3")),
    )
    assert told(rows, "new_link") == [(["A", "C"], 10), (["F", "X"], 0)]


def test_a_book_beside_itself_has_no_changes() -> None:
    tables: dict[str, Any] = {
        "parties": [party(p) for p in "ABC"],
        "ownership": [{"owner_id": x, "owned_id": y, "share": "0.6"} for x, y in combinations("ABC", 2)],
        "facilities": [facility("F", "C", 10, 10)],
    }
    rows = report(book(SINCE, lenders=[BANK], **tables), **tables)
    assert [r["code"] for r in rows if r["code"] in ("new_link", "group_merged", "utilisation_jump")] == []


# --- where the earlier state comes from ---------------------------------------------------------------------------


def test_a_folder_is_compared_with_an_earlier_day_only_if_something_changed_since() -> None:
    stakes = [{"owner_id": "A", "owned_id": "B", "share": "0.6", "valid_from": dt.date(2026, 8, 1)}]
    held = Snapshot.of(book(DAY, parties=[party("A"), party("B")], ownership=stakes))
    found = earlier("folder", held, None, 92)
    assert found is not None
    assert (found.as_of, len(found.tables["ownership"])) == (SINCE, 0)
    assert earlier("folder", held, None, 30) is None
    with pytest.raises(OptionError, match="before 2026-09-30"):
        earlier("folder", held, "2026-09-30", 92)
    with pytest.raises(OptionError, match="store"):
        earlier("folder", held, "2", 92)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_warning_reads_as_a_sentence(language: str) -> None:
    assert {*CODES, "new_link_dependence", "joint_credit_warning_sign"} <= words(language).keys()
