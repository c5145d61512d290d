"""Placed: where the facts stand in the graph right now, from what was published or, after a cut-off job, as found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from graph.model import DATE, TABLES, Table
from graph.neo4j.segments import Int64
from graph.neo4j.session import Server
from graph.neo4j.shape import DORMANT, FACT, SINCE, is_node, lists
from graph.neo4j.standing import Standing

NONE: Int64 = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Placed:
    """Facts of a table in force and dormant, each int64 sorted, and key columns of those in force (in that order)."""

    table: Table
    shown: Int64
    dormant: Int64
    keys: pa.Table

    @classmethod
    def of(cls, standing: Standing) -> Placed:
        """What was published."""
        held = [c for c in standing.table.key if c in standing.rows.column_names]
        keys = standing.take(standing.in_force).select(held)
        return cls(standing.table, standing.in_force, standing.dormant, keys)

    @classmethod
    def empty(cls, table: Table) -> Placed:
        """Nothing of a table."""
        return cls(table, NONE, NONE, table.empty().select(list(table.key)))


def published(held: Mapping[str, Standing]) -> dict[str, Placed]:
    """Every table as it was published."""
    return {name: Placed.of(one) for name, one in held.items()}


def as_found(server: Server) -> dict[str, Placed]:
    """Every table as the graph has it now."""
    return {name: _found(server, table) for name, table in TABLES.items()}


def _found(server: Server, table: Table) -> Placed:
    """One table as the graph has it now."""
    dormant = server.read(
        f"MATCH (p:{DORMANT} {{table: $table}}) RETURN collect(p.{FACT}) AS facts", table=table.name
    )[0]["facts"]
    if is_node(table):
        told = lists("n", table, table.key)
        facts = f"MATCH (n:{table.label}) WHERE n.{FACT} IS NOT NULL WITH collect(n) AS ns"
        text = f"{facts} RETURN [n IN ns | n.{FACT}] AS {FACT}, {told}"
    else:
        text = f"MATCH ()-[n:{table.relationship}]->() WHERE n.{FACT} IS NOT NULL RETURN collect(n.{FACT}) AS {FACT}"
    row = server.read(text)[0]
    shown = np.asarray(row[FACT], np.int64)
    order = np.argsort(shown)
    keys = Placed.empty(table).keys
    if is_node(table):
        columns = {}
        for name in table.key:
            kind = table.column(name).kind
            raw = pa.array(row[name], pa.int32() if kind is DATE else kind.arrow)
            columns[name] = raw.cast(kind.arrow) if kind is DATE else raw
        keys = pa.table(columns).take(pa.array(order))
    return Placed(table, shown[order], np.sort(np.asarray(dormant, np.int64)), keys)


def since(server: Server, table: Table, facts: Int64, version: int) -> dict[int, int]:
    """From which version on facts are known that a load moves between in force, dormant and, cut off, past."""
    found: dict[int, int] = {}
    for label in (f"Past {{to_version: {version:d}}}", DORMANT):
        text = (
            f"MATCH (p:{label}) WHERE p.table = $table AND p.{FACT} IN $facts "
            f"RETURN p.{FACT} AS fact, p.{SINCE} AS since"
        )
        for row in server.read(text, table=table.name, facts=facts.tolist()):
            found[row["fact"]] = row["since"]
    return found
