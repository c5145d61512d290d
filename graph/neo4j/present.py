"""Present: whether a plain ``MATCH`` sees the facts in force and their ties, each once, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from graph.model import Table
from graph.neo4j import shape
from graph.neo4j.placed import NONE
from graph.neo4j.segments import Int64
from graph.neo4j.session import Server
from graph.neo4j.shape import DORMANT, EDGES, FACT, NODES
from graph.neo4j.standing import Standing, tied

_REMAINDER: Final = 1_000_003
"""Facts are compared by their number and the sum of their remainders, which does not overflow."""


def wrong(server: Server, held: Mapping[str, Standing]) -> Iterator[str]:
    """What the graph shows otherwise than the facts stand, as sentences."""
    for table in (*NODES, *EDGES):
        one = held.get(table.name)
        node = shape.is_node(table)
        shown = f"(n:{table.label})" if node else f"()-[n:{table.relationship}]->()"
        yield from _facts(server, table, shown, "in force", one.in_force if one else NONE)
        dormant = f"(n:{DORMANT} {{table: '{table.name}'}})"
        yield from _facts(server, table, dormant, "dormant", one.dormant if one else NONE)
        if node:
            (row,) = server.read(f"MATCH {shown} WHERE n.{FACT} IS NULL RETURN count(n) AS n")
            if row["n"]:
                yield f"{row['n']} nodes (:{table.label}) are no facts of the store: remove them"
        for tie in shape.ties(table):
            wanted = int(tied(one.take(one.in_force), tie, held).sum()) if one else 0
            (row,) = server.read(shape.count_ties(table, tie))
            if (row["right"], row["wrong"]) != (wanted, 0):
                yield (
                    f"{table.name}.{tie.column}: {row['right']} of {wanted} ties [:{tie.kind}] are in the graph, and "
                    f"{row['wrong']} others{_REMEDY}"
                )


_REMEDY: Final = (
    ": something else has changed it; restore a dump, or load the deliveries into an empty database"
)


def _facts(server: Server, table: Table, pattern: str, where: str, facts: Int64) -> Iterator[str]:
    """Whether some facts of a table are those that should be there."""
    asked = f"MATCH {pattern} WHERE n.{FACT} IS NOT NULL RETURN count(n) AS n, sum(n.{FACT} % {_REMAINDER}) AS sum"
    (row,) = server.read(asked)
    if (row["n"], row["sum"]) != (len(facts), int((facts % _REMAINDER).sum())):
        yield f"{table.name}: {len(facts)} facts should be {where}, {row['n']} are, or others{_REMEDY}"
