"""The command ``query``, as an analyst types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from app.cli import main
from graph.neo4j.store import GraphStore
from tests.books import party
from tests.graph.sent import JAN, full, publish
from tests.servers import Servers, wipe


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
    assert json.loads(said) == {"version": 1, "cut": False, "rows": [row]}
    assert run("holders", "--store", url)[0] == 2
    wipe(servers)
