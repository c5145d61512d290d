"""Results written back for analysts: groups, memberships, ultimate control, exposures and findings.

Each carries the ``run`` that wrote it, with ``version`` and day (``as_of``) of its report; the gate names the run that
holds, and moves to a new one last. So a saved question sees one run whole, and the one before is removed only
afterwards. What a plain MATCH sees are the facts of the published version on the book's day: results of another version
or day would stand beside facts that they were not computed from, and are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from graph.errors import OptionError, StoreError
from graph.neo4j.gate import Gate, settled, shown_day
from graph.neo4j.plan import AT_ONCE
from graph.neo4j.session import Statement
from graph.neo4j.writer import GraphWriter
from graph.store import Results

_SUBJECTS: Final = {
    "party": ("Party", "party_id"),
    "pair": ("Party", "party_id"),
    "ring": ("Party", "party_id"),
    "facility": ("Facility", "facility_id"),
    "guarantee": ("Guarantee", "guarantee_id"),
    "collateral": ("Collateral", "collateral_id"),
}
_LABELS: Final = ("Group", "Exposure", "Finding")
_TIES: Final = ("ULTIMATELY_CONTROLS",)
_READS: Final = re.compile(r"[:|&]\s*(Group|IN_GROUP|ULTIMATELY_CONTROLS|Exposure|Finding|ABOUT)\b")
RESULTS: Final = ("groups", "group_members", "control", "party_exposures", "group_exposures", "findings")
"""Tables of a report that are written back."""


@dataclass(frozen=True)
class _Part:
    """Rows that one statement takes."""

    text: str
    rows: list[dict[str, Any]]


def check_basis(held: Mapping[str, Any], of: Results) -> None:
    """Refuse results of other facts than the gate says that the graph shows.

    Raises ``StoreError`` for another version, ``OptionError`` for another day.
    """
    if held.get("version") != of.version or held.get("loading") is not None:
        raise StoreError(
            f"the report is of version {of.version}, the graph holds {held.get('version')}: compute it again"
        )
    day = shown_day(held)
    if of.as_of != day:
        raise OptionError(
            f"the report is of {of.as_of}, and the graph shows the facts of {day}: write back the report of that day "
            f"(--as-of {day})"
        )


def reads_results(text: str) -> bool:
    """Whether a question is about results, by the labels and types that it names.

    >>> reads_results("MATCH (g:Group) RETURN g"), reads_results("MATCH (p:Party) RETURN p.group_id")
    (True, False)
    """
    return _READS.search(text) is not None


def write_back(writer: GraphWriter, gate: Gate, tables: Mapping[str, pa.Table], of: Results) -> Results:
    """Replace the results in the graph by those of a report; what they are of, with the number of the run.

    Raises as ``check_basis`` does, ``StoreError`` for a report that lacks a table.
    """
    held = gate.read()
    check_basis(held, of)
    run = int(held.get("run", 0)) + 1
    mark = {"run": run, "version": of.version, "as_of": of.as_of}
    _remove(writer, gate, f"n.run <> {int(held.get('run', 0))}")
    for part in _parts(tables, run):
        for start in range(0, len(part.rows), AT_ONCE):
            some = part.rows[start : start + AT_ONCE]
            writer.batch(of.version, (Statement(part.text, {"rows": some, "mark": mark}),), len(some))
    made: dict[str, Any] = {f"run_{name}": value for name, value in mark.items() if name != "run"}
    made |= {"run": run, "run_base": of.base, "run_packs": list(of.packs)}
    made |= {"run_options": json.dumps(dict(of.options), sort_keys=True)}
    writer.change(lambda work: settled(work, made), lambda: gate.read().get("run") == run)
    _remove(writer, gate, f"n.run <> {run}")
    return replace(of, run=run)


def _parts(tables: Mapping[str, pa.Table], run: int) -> Iterator[_Part]:
    """Everything that is written, in order."""
    groups = [{**r, "key": f"{run}|{r['pack']}|{r['group_id']}"} for r in _rows(tables, "groups")]
    yield _Part("UNWIND $rows AS row CREATE (g:Group) SET g = row, g += $mark", groups)
    members = [{**r, "key": f"{run}|{r['pack']}|{r['group_id']}"} for r in _rows(tables, "group_members")]
    yield _Part(
        "UNWIND $rows AS row MATCH (g:Group {key: row.key}) MATCH (p:Party {party_id: row.party_id}) "
        "CREATE (p)-[i:IN_GROUP {via: row.via, depth: row.depth, pack: row.pack}]->(g) SET i += $mark",
        members,
    )
    control = [r for r in _rows(tables, "control") if r["ultimate"]]
    yield _Part(
        "UNWIND $rows AS row MATCH (a:Party {party_id: row.controller_id}) "
        "MATCH (b:Party {party_id: row.controlled_id}) "
        "CREATE (a)-[c:ULTIMATELY_CONTROLS {basis: row.basis, votes: row.votes, hops: row.hops}]->(b) SET c += $mark",
        control,
    )
    for name, label, id_name in (
        ("party_exposures", "Party", "party_id"),
        ("group_exposures", "Group", "key"),
    ):
        rows = _rows(tables, name)
        for i, row in enumerate(rows):
            of = row[id_name] if label == "Party" else f"{run}|{row['pack']}|{row['group_id']}"
            row.update({"of": of, "key": f"{run}|{name}|{i}"})
        yield _Part(
            f"UNWIND $rows AS row MATCH (o:{label} {{{id_name}: row.of}}) "
            "CREATE (x:Exposure)-[:OF]->(o) SET x = row, x += $mark REMOVE x.of",
            rows,
        )
    findings = _rows(tables, "findings")
    for i, row in enumerate(findings):
        row["key"] = f"{run}|findings|{i}"
    yield _Part("UNWIND $rows AS row CREATE (n:Finding) SET n = row, n += $mark", findings)
    for kind, (label, id_name) in _SUBJECTS.items():
        about = [
            {"key": r["key"], "id": s} for r in findings if r["subject_kind"] == kind for s in r["subjects"]
        ]
        yield _Part(
            f"UNWIND $rows AS row MATCH (n:Finding {{key: row.key}}) MATCH (s:{label} {{{id_name}: row.id}}) "
            "CREATE (n)-[:ABOUT]->(s)",
            about,
        )
    about = [
        {"key": r["key"], "id": s} for r in findings if r["subject_kind"] == "group" for s in r["subjects"]
    ]
    yield _Part(
        "UNWIND $rows AS row MATCH (n:Finding {key: row.key}) MATCH (s:Group {group_id: row.id, run: $mark.run}) "
        "CREATE (n)-[:ABOUT]->(s)",
        about,
    )


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[dict[str, Any]]:
    """Rows of a result as the graph takes them: amounts in minor units, shares in parts per 10^9."""
    table = tables.get(name)
    if table is None:
        raise StoreError(f"the report lacks {name}: write back a whole report")
    scales = {f.name: 10**f.type.scale for f in table.schema if pa.types.is_decimal(f.type)}
    return [
        {c: int(v * scales[c]) if isinstance(v, Decimal) else v for c, v in row.items()}
        for row in table.to_pylist()
    ]


def _remove(writer: GraphWriter, gate: Gate, which: str) -> None:
    """Remove results of other runs."""
    patterns = [f"MATCH (n:{label}) WHERE {which}" for label in _LABELS]
    patterns += [f"MATCH ()-[n:{kind}]->() WHERE {which}" for kind in _TIES]
    for pattern in patterns:
        delete = "DELETE n" if "-[n" in pattern else "DETACH DELETE n"
        while gate.server.read(f"{pattern} RETURN n.run AS run LIMIT 1"):
            writer.batch(0, (Statement(f"{pattern} WITH n LIMIT {AT_ONCE} {delete}"),), 0)
