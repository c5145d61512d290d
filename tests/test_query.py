"""The command ``query``, as an analyst types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from graph.neo4j.store import GraphStore
from tests.books import BANK, facility, party
from tests.graph.sent import FEB, JAN, delta, full, publish
from tests.servers import Servers, wipe
from tests.test_cli import konzern


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["query", *arguments])
    return done.exit_code, done.output


def test_every_question_is_listed_with_an_example() -> None:
    code, said = run("--list", "--lang", "zh")
    assert code == 0
    assert "konzern query holders party=C-XIWAN-01" in said
    assert "交叉持股" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gossip"], "no question 'gossip'"),
        (["cross_holdings", "--store", "book:nowhere"], "no store in Neo4j"),
        (["cross_holdings", "--seconds", "0"], "--seconds 0: write more than 0"),
        (["cross_holdings", "--seconds", "-1"], "--seconds -1: write more than 0"),
        (["cross_holdings", "--seconds", "nan"], "--seconds nan: write more than 0"),
        (["cross_holdings", "--seconds", "1e30"], "3600 at most"),
        (["cross_holdings", "--rows", "0"], "--rows 0: write 1 or more"),
    ],
)
def test_what_cannot_be_asked_is_told(arguments: list[str], message: str) -> None:
    code, said = run(*arguments)
    assert (code, message in said) == (2, True)


def test_an_answer_is_shown_for_people_and_for_programs(servers: Servers) -> None:
    url = wipe(servers)
    stake = {"owner_id": "P", "owned_id": "Q", "share": "0.6"}
    publish(GraphStore(servers.access()), full("A", JAN, parties=[party("P"), party("Q")], ownership=[stake]))
    code, said = run("holders", "party=Q", "--store", url)
    assert (code, said.splitlines()[0]) == (0, "Who holds a party (1), version 1")
    assert said.splitlines()[2].split() == ["P", "P", "0.6", "0.6"]
    code, said = run("holders", "party=Q", "--store", url, "--json")
    row = {"owner_id": "P", "name": "P", "share": 0.6, "voting": 0.6}
    assert json.loads(said) == {
        "version": 1,
        "day": "2026-01-31",
        "results": None,
        "cut": False,
        "rows": [row],
    }
    assert run("holders", "--store", url)[0] == 2
    wipe(servers)


def test_what_results_are_of_is_told_with_the_answer_and_by_the_status(
    servers: Servers, tmp_path: Path
) -> None:
    url = wipe(servers)
    ask = ("largest_groups", "--store", url)
    stake = {"owner_id": "P", "owned_id": "Q", "share": "0.6"}
    parties, facilities = [party("P"), party("Q")], [facility("F", "Q", 1, 1)]
    book = full("A", JAN, parties=parties, ownership=[stake], lenders=[BANK], facilities=facilities)
    publish(GraphStore(servers.access()), book)
    assert "No results were written back yet" in run(*ask)[1]
    report = (
        "report",
        url,
        "--out",
        tmp_path / "out",
        "--formats",
        "parquet",
        "--base",
        "EUR",
        "--write-back",
    )
    refused = konzern(*report, "--as-of", "2025-12-31")
    assert (refused.exit_code, "(--as-of 2026-01-31)" in refused.stderr) == (2, True)
    assert not (tmp_path / "out").exists()
    assert konzern(*report).exit_code == 0
    assert "results of version 1, as of 2026-01-31 (run 1)" in run(*ask)[1]
    status = ("store", "status", "--store", url)
    of = "results in the graph: run 1, of version 1, as of 2026-01-31, base EUR, rules EU-CRR"
    assert of in konzern(*status).output
    assert "other facts" not in konzern(*status).output
    publish(GraphStore(servers.access()), delta("A", FEB, parties=[party("R")]))
    told = run(*ask)[1]
    assert (
        "Careful: the results are of version 1, as of 2026-01-31, the facts beside them of version 2, as of"
        in told
    )
    assert "注意：结果出自账册版本 1" in run(*ask, "--lang", "zh")[1]
    about = json.loads(run(*ask, "--json")[1])["results"]
    assert (about["version"], about["as_of"], about["run"], about["stale"]) == (1, "2026-01-31", 1, True)
    told = konzern(*status).output
    assert of in told
    assert "other facts than the graph shows (version 2, as of 2026-02-28)" in told
    wipe(servers)
