"""Shape of the graph: for each table of the model its nodes or relationships, and the statements that move them.

Names in statements come from the model alone; values are always parameters. Every fact has a number: the version
that brought it times 2^32 plus its row in that delivery. ``fact`` is unique among a table's facts that are in
force, and what every look-up goes by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graph.model import DATE, PARTY_KINDS, TABLES, Column, Table

PAST: Final = "Past"
"""Label of facts that a later version replaced or deleted, or that never were the present."""
DORMANT: Final = "Dormant"
"""Label of facts that are known but do not count on the book's day: not in force, or another row of their key is."""
DELETED: Final = "Deleted"
"""Label of keys that a delta deletes."""
FACT: Final = "fact"
SINCE: Final = "from_version"
UNTIL: Final = "to_version"
PER_VERSION: Final = 1 << 32
DAY_ZERO: Final = "date('1970-01-01')"


@dataclass(frozen=True)
class Tie:
    """A relationship that a column of a node stands for."""

    column: str
    kind: str
    label: str
    key: str
    inward: bool

    def pattern(self, node: str, other: str, name: str = "") -> str:
        """The pattern between the row's node and the other one."""
        return (
            f"({node})<-[{name}:{self.kind}]-({other})"
            if self.inward
            else f"({node})-[{name}:{self.kind}]->({other})"
        )


def is_node(table: Table) -> bool:
    """Whether the rows of a table are nodes; the others are relationships."""
    return bool(table.label)


def id_column(table: Table) -> str:
    """The id column of a table that others refer to; "" for a table with a key of several columns."""
    return table.key[0] if is_node(table) and len(table.key) == 1 else ""


def ties(table: Table) -> list[Tie]:
    """The relationships that columns of a node table stand for."""
    if not is_node(table):
        return []
    return [
        Tie(c.name, c.tie.lstrip("<"), TABLES[c.ref].label, TABLES[c.ref].key[0], c.tie.startswith("<"))
        for c in table.columns
        if c.tie
    ]


def kind_label(kind: str) -> str:
    """The label of a kind of party.

    >>> kind_label("company"), kind_label("ccp")
    ('Company', 'CCP')
    """
    return kind.upper() if kind == "ccp" else kind.capitalize()


KIND_LABELS: Final = tuple(map(kind_label, PARTY_KINDS))
NODES: Final = tuple(
    sorted((t for t in TABLES.values() if is_node(t)), key=lambda t: any(c.tie for c in t.columns))
)
"""Node tables, those that others refer to first."""
EDGES: Final = tuple(t for t in TABLES.values() if not is_node(t))


def end(table: Table, side: int) -> tuple[str, str, str]:
    """Column of an end of a relationship table, label of the node there and its id."""
    column = table.ends[side]
    other = TABLES[table.column(column).ref]
    return column, other.label, other.key[0]


def own_columns(table: Table) -> list[Column]:
    """Columns that a fact of the table carries as properties; the ends of a relationship are its nodes."""
    return [c for c in table.columns if c.name not in table.ends]


def match(table: Table, fact: str, node: str = "n") -> str:
    """The pattern that finds a fact that is in force by its number."""
    if is_node(table):
        return f"({node}:{table.label} {{{FACT}: {fact}}})"
    return f"(a)-[{node}:{table.relationship} {{{FACT}: {fact}}}]->(b)"


def unpacked(columns: Sequence[str]) -> str:
    """Properties of a map ``row`` as a literal, which is quicker than a map of all."""
    return ", ".join(f"{name}: row.{name}" for name in (FACT, SINCE, *columns))


def create_nodes(table: Table, columns: Sequence[str], tied: Sequence[Tie]) -> str:
    """Nodes of ``$rows`` with ties to nodes that are there; counts them."""
    lines = [
        "UNWIND $rows AS row",
        *(f"MATCH (t{i}:{t.label} {{{t.key}: row.{t.column}}})" for i, t in enumerate(tied)),
    ]
    lines.append(f"CREATE (n:{table.label} {{{unpacked(columns)}}})")
    if table.name == "parties":
        lines.append(_SET_KIND)
    lines += [f"CREATE {t.pattern('n', f't{i}')}" for i, t in enumerate(tied)]
    return "\n".join([*lines, "RETURN count(n)"])


_SET_KIND: Final = "SET n:$(row.kind_label)"


def replace_nodes(table: Table, target: str, columns: Sequence[str]) -> str:
    """Nodes whose row is another now (``row.old`` the number of the earlier one), which is kept as ``target``."""
    lines = ["UNWIND $rows AS row", f"MATCH {match(table, 'row.old')}", *_keep(table, target)]
    lines += ["WITH n, row", f"SET n = {{{unpacked(columns)}}}"]
    if table.name == "parties":
        lines += [f"REMOVE n:{':'.join(KIND_LABELS)}", _SET_KIND]
    return "\n".join([*lines, "RETURN count(n)"])


def _keep(table: Table, target: str) -> list[str]:
    """Copy the fact ``n`` as an unconnected node; nothing without a target."""
    if not target:
        return []
    lines = [
        f"CREATE (p:{target})",
        f"SET p = properties(n), p.table = '{table.name}'"
        + (f", p.{UNTIL} = $version" if target == PAST else ""),
    ]
    if not is_node(table):
        told = ", ".join(
            f"p.{c} = {v}.{key}" for v, (c, _, key) in zip("ab", (end(table, 0), end(table, 1)), strict=True)
        )
        lines.append(f"SET {told}")
    return lines


def leave(table: Table, target: str) -> str:
    """Facts ``$facts`` that are no longer in force, kept as ``target`` ("" = not at all); counts them."""
    lines = ["UNWIND $facts AS fact", f"MATCH {match(table, 'fact')}", *_keep(table, target), "WITH n"]
    return "\n".join([*lines, "DETACH DELETE n" if is_node(table) else "DELETE n", "RETURN count(*)"])


def create_edges(table: Table, columns: Sequence[str]) -> str:
    """Relationships of ``$rows``; counts them."""
    (a, a_label, a_key), (b, b_label, b_key) = end(table, 0), end(table, 1)
    return "\n".join(
        [
            "UNWIND $rows AS row",
            f"MATCH (a:{a_label} {{{a_key}: row.{a}}})",
            f"MATCH (b:{b_label} {{{b_key}: row.{b}}})",
            f"CREATE (a)-[n:{table.relationship} {{{unpacked(columns)}}}]->(b)",
            "RETURN count(n)",
        ]
    )


def create_loose(target: str) -> str:
    """Unconnected facts of ``$rows``; counts them."""
    return f"UNWIND $rows AS row CREATE (p:{target}) SET p = row RETURN count(p)"


def drop_loose(target: str) -> str:
    """Remove unconnected facts by table and number; counts nothing."""
    return f"UNWIND $facts AS fact MATCH (p:{target} {{table: $table, {FACT}: fact}}) DELETE p"


AGE: Final = (
    f"UNWIND $facts AS fact MATCH (p:{DORMANT} {{table: $table, {FACT}: fact}}) "
    f"SET p:{PAST}, p.{UNTIL} = $version REMOVE p:{DORMANT} RETURN count(p)"
)
"""Dormant facts that are past now."""


def tie_nodes(table: Table, tie: Tie) -> str:
    """Ties of nodes that are there already; counts them."""
    return "\n".join(
        [
            "UNWIND $rows AS row",
            f"MATCH {match(table, 'row.fact')}",
            f"MATCH (t:{tie.label} {{{tie.key}: row.target}})",
            f"MERGE {tie.pattern('n', 't')}",
            "RETURN count(n)",
        ]
    )


def untie_nodes(table: Table, tie: Tie) -> str:
    """Remove ties of nodes that stay."""
    return "\n".join(
        [
            "UNWIND $rows AS row",
            f"MATCH {match(table, 'row.fact')}",
            f"MATCH (t:{tie.label} {{{tie.key}: row.target}})",
            f"MATCH {tie.pattern('n', 't', 'r')}",
            _ONLY_TIES,
            "DELETE r",
        ]
    )


_ONLY_TIES: Final = f"WHERE r.{FACT} IS NULL"


def untie_wrong(table: Table, tie: Tie) -> str:
    """Remove every tie that is not what its column says, after a job that was cut off."""
    return "\n".join(
        [
            f"MATCH {tie.pattern(f'n:{table.label}', f't:{tie.label}', 'r')}",
            f"{_ONLY_TIES} AND (n.{tie.column} IS NULL OR n.{tie.column} <> t.{tie.key})",
            "DELETE r",
        ]
    )


def count_ties(table: Table, tie: Tie) -> str:
    """How many ties are what their column says (``right``), and how many are not or are doubled (``wrong``)."""
    return "\n".join(
        [
            f"MATCH {tie.pattern(f'n:{table.label}', f't:{tie.label}', 'r')}",
            _ONLY_TIES,
            f"WITH count(r) AS every, count(DISTINCT CASE WHEN n.{tie.column} = t.{tie.key} THEN n END) AS right",
            "RETURN right, every - right AS wrong",
        ]
    )


def lists(alias: str, table: Table, columns: Sequence[str]) -> str:
    """One list a column of the facts ``ns``, with nulls; dates as days since 1970, ends from their nodes."""
    made = []
    for name in columns:
        value = f"{alias}.{name}"
        if table.column(name).kind is DATE:
            value = f"duration.inDays({DAY_ZERO}, {value}).days"
        made.append(f"[{alias} IN ns | {value}] AS {name}")
    return ", ".join(made)


def read_present(table: Table, columns: Sequence[str]) -> str:
    """Facts in force with numbers from ``$low`` to before ``$high``, packed into one record."""
    within = f"{FACT} >= $low AND n.{FACT} < $high"
    if is_node(table):
        return "\n".join(
            [
                f"MATCH (n:{table.label}) WHERE n.{within}",
                f"WITH collect(n) AS ns RETURN [n IN ns | n.{FACT}] AS {FACT}, {lists('n', table, columns)}",
            ]
        )
    heads = {
        column: (nodes, end(table, side)[2])
        for side, (column, nodes) in enumerate(zip(table.ends, ("heads", "tails"), strict=True))
    }
    told = [f"[n IN ns | n.{FACT}] AS {FACT}"]
    told += [f"[x IN {heads[c][0]} | x.{heads[c][1]}] AS {c}" for c in columns if c in heads]
    own = [c for c in columns if c not in heads]
    told += [lists("n", table, own)] if own else []
    return "\n".join(
        [
            f"MATCH (a)-[n:{table.relationship}]->(b) WHERE n.{within}",
            f"WITH collect(n) AS ns, collect(a) AS heads, collect(b) AS tails RETURN {', '.join(told)}",
        ]
    )


def read_loose(target: str, table: Table, columns: Sequence[str]) -> str:
    """Unconnected facts of a table with numbers from ``$low`` to before ``$high``, packed into one record."""
    told = [f"[n IN ns | n.{FACT}] AS {FACT}", *([lists("n", table, columns)] if columns else [])]
    return "\n".join(
        [
            f"MATCH (n:{target}) WHERE n.table = '{table.name}' AND n.{FACT} >= $low AND n.{FACT} < $high",
            f"WITH collect(n) AS ns RETURN {', '.join(told)}",
        ]
    )


_LOOKED_UP: Final = (
    ("Party", "name"),
    ("Facility", "obligor_id"),
    ("Facility", "contract_ref"),
    ("Facility", "purpose_ref"),
    ("Facility", "days_past_due"),
    ("Collateral", "registry_ref"),
    ("Group", "group_id"),
)
"""Properties that saved questions look nodes up by."""


def constraints() -> Iterator[tuple[str, str]]:
    """Name and statement of every constraint and index that the store needs."""
    for table in TABLES.values():
        pattern = f"(n:{table.label})" if is_node(table) else f"()-[n:{table.relationship}]-()"
        name = f"konzern_{table.name}"
        yield (
            f"{name}_fact",
            f"CREATE CONSTRAINT {name}_fact IF NOT EXISTS FOR {pattern} REQUIRE n.{FACT} IS UNIQUE",
        )
        if id_column(table):
            key = id_column(table)
            yield (
                f"{name}_id",
                f"CREATE CONSTRAINT {name}_id IF NOT EXISTS FOR {pattern} REQUIRE n.{key} IS UNIQUE",
            )
    for label in (PAST, DORMANT, DELETED):
        name = f"konzern_{label.lower()}_fact"
        yield name, f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON (n.table, n.{FACT})"
    for label, key in (
        ("Book", "name"),
        ("Version", "number"),
        ("Batch", "id"),
        ("Segment", "file"),
        ("Drop", "file"),
        ("Record", "number"),
        ("Group", "key"),
        ("Finding", "key"),
        ("Exposure", "key"),
    ):
        name = f"konzern_{label.lower()}_{key}"
        yield name, f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
    for label, key in _LOOKED_UP:
        name = f"konzern_{label.lower()}_by_{key}"
        yield name, f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON (n.{key})"
