"""Every saved question on the sample book: whole headers, the rows that must come, and nothing but reading."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import cypher
from app.kept import basis
from app.source import SAMPLE, compiled
from cypher import FAMILIES, ROLES, TYPES, QuestionError, SavedQuery
from exposure.report import Analysis, Request
from graph.errors import OptionError, StoreError
from graph.neo4j.ask import ALLOWED, Answer, Caps, RefusedError, answer, ask
from graph.neo4j.results import RESULTS
from graph.neo4j.store import GraphStore
from graph.store import Results
from ingest.load import load
from tests.servers import Servers, wipe

EXPECTED = json.loads((Path(__file__).parent / "expected.json").read_text("utf-8"))
QUESTIONS = list(cypher.catalogue().values())


@pytest.fixture(scope="module")
def store(servers: Servers) -> Iterator[GraphStore]:
    """The sample book with its results written back."""
    wipe(servers)
    held = GraphStore(servers.access())
    load(SAMPLE, held)
    snapshot, noticed = compiled(str(SAMPLE))
    analysis = Analysis(snapshot, Request(packs=("EU-CRR",)), noticed)
    held.write_back({name: analysis.table(name) for name in RESULTS}, replace(basis(analysis), version=1))
    yield held
    wipe(servers)


def sample(name: str) -> list[dict[str, str]]:
    """A table of the sample book."""
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def asked(store: GraphStore, name: str, **given: str) -> list[dict[str, Any]]:
    """Rows of the answer to a saved question."""
    return [dict(r) for r in answer(store.server, cypher.load(name), given).rows]


def test_there_are_thirty_questions_and_every_family_has_some() -> None:
    assert len(QUESTIONS) >= 30
    assert {q.family for q in QUESTIONS} == set(FAMILIES)
    assert set(EXPECTED) == {q.name for q in QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_a_header_says_all_in_both_languages(question: SavedQuery) -> None:
    for words in (question.title, question.explanation, *question.columns.values()):
        assert set(words) == {"en", "zh"}
        assert all(words.values())
    assert set(question.roles) <= set(ROLES)
    assert question.roles
    for parameter in question.parameters:
        assert parameter.type in TYPES
        assert f"${parameter.name}" in question.text
        parameter.value(parameter.example)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_its_example_has_the_rows_that_must_come(store: GraphStore, question: SavedQuery) -> None:
    found = answer(store.server, question, question.example())
    assert list(found.columns) == list(question.columns)
    rows = json.loads(json.dumps([list(r.values()) for r in found.rows], default=str))
    assert rows == EXPECTED[question.name]
    assert (found.cut, found.version) == (False, 1)


def test_totals_are_those_of_the_files(store: GraphStore) -> None:
    wanted: dict[tuple[str, str], list[Decimal]] = {}
    for row in sample("facilities"):
        if row["lender_id"] == "L-LEASE":
            held = wanted.setdefault((row["product"], row["currency"]), [Decimal(0), Decimal(0), Decimal(0)])
            for place, amount in enumerate(
                (Decimal(1), Decimal(row["limit"] or 0), Decimal(row["drawn"] or 0))
            ):
                held[place] += amount
    found = {
        (r["product"], r["currency"]): [r["facilities"], r["limit"], r["drawn"]]
        for r in asked(store, "lender_book", lender="L-LEASE")
    }
    assert found == wanted


def test_loops_and_pairs_are_those_of_the_files(store: GraphStore) -> None:
    stakes = {(r["owner_id"], r["owned_id"]) for r in sample("ownership")}
    pairs = sorted((a, b) for a, b in stakes if a < b and (b, a) in stakes)
    assert [(r["first_id"], r["second_id"]) for r in asked(store, "cross_holdings")] == pairs
    guarantor = {r["guarantee_id"]: r["guarantor_id"] for r in sample("guarantees")}
    obligor = {r["facility_id"]: r["obligor_id"] for r in sample("facilities")}
    ties = {
        (guarantor[r["guarantee_id"]], obligor[r["facility_id"]])
        for r in sample("guarantee_covers")
        if r["facility_id"] in obligor
    }
    mutual = sorted((a, b) for a, b in ties if a < b and (b, a) in ties)
    assert [(r["first_id"], r["second_id"]) for r in asked(store, "mutual_guarantees")] == mutual


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs party="),
        ({"party": "x", "colour": "red"}, "takes no colour"),
    ],
)
def test_a_question_says_what_it_needs(given: dict[str, str], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        cypher.load("holders").values(given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("register_gaps", {"below": "2"}),
        ("past_due", {"days": "-1"}),
        ("new_stakes", {"day": "2026-02-30"}),
        ("holders", {"party": "a broken byte \udcff"}),
    ],
)
def test_a_value_of_another_type_is_refused(store: GraphStore, name: str, given: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="write a"):
        answer(store.server, cypher.load(name), given)


BAD = [
    "CREATE (n:Party) RETURN n",
    "MATCH (n:Party) SET n.name = 'x' RETURN n",
    "MATCH (n:Party) DETACH DELETE n",
    "MERGE (n:Party {party_id: 'x'}) RETURN n",
    "CREATE INDEX x FOR (n:Party) ON (n.country)",
    "DROP CONSTRAINT konzern_parties_id",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "LOAD CSV FROM 'http://127.0.0.1:9/x' AS line RETURN line",
    "CALL { LOAD CSV FROM 'file:///x' AS line RETURN line } RETURN line",
    "CALL dbms.listConfig() YIELD name RETURN name",
    "CALL db.clearQueryCaches()",
    "CALL db.labels() YIELD label RETURN label",
    "SHOW TRANSACTIONS",
    "SHOW SETTINGS",
    "SHOW USERS",
    "TERMINATE TRANSACTION 'neo4j-transaction-1'",
    "USE system MATCH (n) RETURN n",
    "PROFILE MATCH (n:Party) RETURN n",
    "EXPLAIN MATCH (n:Party) RETURN n",
    "/* x */ PROFILE MATCH (n:Party) RETURN n",
    "CYPHER runtime=slotted MATCH (n:Party) RETURN n",
    "MATCH (n:Party) CALL (n) { SET n.x = 1 } IN TRANSACTIONS RETURN n",
    "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
    "CREATE USER eve SET PASSWORD 'x'",
    "MATCH (n:Party) RETURN n; MATCH (m) DETACH DELETE m",
    "FOREACH (x IN [1] | CREATE (:Party))",
    "RETURN [y IN [1] | COLLECT { LOAD CSV FROM 'http://127.0.0.1:9/x' AS line RETURN line }] AS x",
    "RETURN [y IN [1] | COUNT { LOAD /* CSV */\n csv FROM 'file:///x' AS line RETURN line }] AS x",
    "RETURN [y IN [1] | COUNT { \\u004COAD CSV FROM 'file:///x' AS line RETURN line }] AS x",
    "RETURN reduce(n = 0, y IN [1] | n + COUNT { CALL db.labels() YIELD label RETURN label }) AS x",
    "RETURN [y IN [1] | COUNT { CALL /* ( */ `db`.`labels`() YIELD label RETURN label }] AS x",
]


@pytest.mark.parametrize("text", BAD)
def test_whatever_does_more_than_read_the_graph_is_refused(store: GraphStore, text: str) -> None:
    before = store.server.read("MATCH (n) RETURN count(n) AS n")
    with pytest.raises((RefusedError, StoreError)) as told:
        ask(store.server, text, {})
    assert "ExternalResourceFailed" not in str(
        told.value
    )  # the guard refused it, not the settings of the server
    assert store.server.read("MATCH (n) RETURN count(n) AS n") == before


def test_a_shortest_path_is_allowed_by_its_names_in_either_line_of_servers() -> None:
    """5.26 names the operator by its ends; 2026.09 (tried by hand) also by what may come twice on the way."""
    named = [
        f"StatefulShortestPath({ends}{way})" for ends in ("All", "Into") for way in ("", ", Trail", ", Walk")
    ]
    assert set(named) <= ALLOWED


def test_plain_reading_is_allowed(store: GraphStore) -> None:
    found = ask(store.server, "MATCH (p:Party:Bank) RETURN count(p) AS banks", {})
    assert found == Answer(("banks",), ({"banks": 6},), cut=False, version=1, day=dt.date(2026, 9, 30))


def test_more_rows_than_allowed_are_cut_and_told(store: GraphStore) -> None:
    found = ask(store.server, "UNWIND range(1, 100000000) AS x RETURN x", {}, Caps(rows=10))
    assert (len(found.rows), found.cut) == (10, True)


def test_a_question_that_takes_too_long_is_stopped(store: GraphStore) -> None:
    text = "UNWIND range(1, 100000) AS x UNWIND range(1, 100000) AS y WITH x + y AS z RETURN max(z) AS z"
    with pytest.raises(StoreError, match=r"no answer within 0.3 s: ask for less.*--seconds"):
        ask(store.server, text, {}, Caps(seconds=0.3))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MATC (n) RETURN n", "Invalid input 'MATC'"),
        ("", "as it is written"),
        ("RETURN $nothing AS x", "nothing"),
        ("RETURN 1 / 0 AS x", "/ by zero"),
    ],
)
def test_what_is_wrong_in_the_text_of_a_question_is_told_as_such(
    store: GraphStore, text: str, told: str
) -> None:
    with pytest.raises(RefusedError, match=re.escape(told)) as error:
        ask(store.server, text, {})
    assert '"EXPLAIN' not in str(error.value)


def test_a_question_for_one_endless_value_is_cut(store: GraphStore) -> None:
    """The server looks at its clock between rows only, and would send this one for minutes."""
    with pytest.raises(StoreError, match=r"no answer within 0.3 s: ask for less.*--seconds"):
        ask(store.server, "RETURN range(1, 2000000000) AS x", {}, Caps(seconds=0.3))
    assert ask(store.server, "RETURN 1 AS one", {}).rows == ({"one": 1},)


def test_results_are_replaced_as_a_whole(store: GraphStore) -> None:
    before = store.server.read("MATCH (g:Group) RETURN count(g) AS n, collect(DISTINCT g.run) AS runs")[0]
    snapshot, noticed = compiled(str(SAMPLE))
    analysis = Analysis(snapshot, Request(packs=("EU-CRR",)), noticed)
    tables, of = {n: analysis.table(n) for n in RESULTS}, replace(basis(analysis), version=1)
    run = store.write_back(tables, of).run
    after = store.server.read("MATCH (g:Group) RETURN count(g) AS n, collect(DISTINCT g.run) AS runs")[0]
    assert (before["n"], before["runs"], after["n"], after["runs"]) == (
        after["n"],
        [run - 1],
        before["n"],
        [run],
    )
    for pattern in (
        "(r:Group)",
        "(r:Exposure)",
        "(r:Finding)",
        "()-[r:IN_GROUP]->()",
        "()-[r:ULTIMATELY_CONTROLS]->()",
    ):
        text = f"MATCH {pattern} RETURN DISTINCT r.run AS run, r.version AS version, toString(r.as_of) AS day"
        assert store.server.read(text) == [{"run": run, "version": 1, "day": "2026-09-30"}], pattern
    assert store.results() == replace(of, run=run)
    assert answer(store.server, cypher.load("largest_groups"), {}).results == store.results()
    assert answer(store.server, cypher.load("holders"), {"party": "X"}).results is None


def test_results_of_other_facts_than_the_graph_shows_are_refused(store: GraphStore) -> None:
    before = store.results()
    for day, version, told, kind in (
        (dt.date(2026, 6, 30), 1, r"write back the report of that day \(--as-of 2026-09-30\)", OptionError),
        (dt.date(2026, 9, 30), 7, "compute it again", StoreError),
    ):
        with pytest.raises(kind, match=told):
            store.write_back({}, Results(version, day))
    assert store.results() == before
