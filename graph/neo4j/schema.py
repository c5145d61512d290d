"""Schema of the graph: the server's version, constraints and indexes, made once and looked at before every load."""

from __future__ import annotations

import re
from typing import Final

from graph.files.versions import FormatError
from graph.model import FORMAT
from graph.neo4j.gate import Gate
from graph.neo4j.session import Server
from graph.neo4j.shape import constraints

_OLDEST: Final = (5, 26)


def check_server(server: Server) -> None:
    """Refuse a server that is too old for the statements of the store."""
    (found,) = server.read(
        "CALL dbms.components() YIELD name, versions WHERE name = 'Neo4j Kernel' RETURN versions[0] AS version"
    )
    number = re.match(r"(\d+)\.(\d+)", found["version"])
    if number is None or (int(number[1]), int(number[2])) < _OLDEST:
        raise FormatError(
            f"{server.access.url} runs Neo4j {found['version']}: use {_OLDEST[0]}.{_OLDEST[1]} or newer"
        )


def check_format(server: Server, held: int | None) -> None:
    """Refuse a graph of a newer format."""
    if held is not None and held > FORMAT:
        raise FormatError(f"{server.access.url} has format {held}, newer than {FORMAT}: use a newer Konzern")
    if held is not None and held < FORMAT:
        raise FormatError(
            f"{server.access.url} has format {held}, older than {FORMAT}: konzern store dump with the Konzern that "
            "made it, konzern store load into an empty database with this one"
        )


def missing(server: Server) -> list[str]:
    """Statements of constraints and indexes that the graph lacks."""
    there = {
        r["name"] for r in server.read("SHOW INDEXES YIELD name, state WHERE state = 'ONLINE' RETURN name")
    }
    return [text for name, text in constraints() if name not in there]


def make(gate: Gate) -> None:
    """Make an empty database a store; look at one that is a store already.

    Raises ``FormatError`` for an old server, another format, a database that holds something else, and a store
    that lost a constraint.
    """
    server = gate.server
    held = gate.read()
    check_server(server)
    check_format(server, held.get("format"))
    lacking = missing(server)
    if not lacking and held:
        return
    if held.get("version", 0) > 0:
        raise FormatError(
            f"{server.access.url} lacks what keeps its facts unique; nothing is loaded before it is made again: "
            + "; ".join(lacking[:3])
        )
    if not held and server.read("MATCH (n) RETURN 1 LIMIT 1"):
        raise FormatError(f"{server.access.url} holds other things and is no store: name an empty database")
    for text in lacking:
        server.schema(text)
    server.schema("CALL db.awaitIndexes(300)")
    gate.make()
