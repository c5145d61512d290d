"""Saved questions in Cypher, and a console: asked of a store in Neo4j, within bounds, names of persons withheld.

A saved question's answer has the names of natural persons replaced where the scope withholds them. Free text could
take a name to pieces, so the console is for those to whom names are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

import cypher
from app.desk.opened import Desk, Row
from app.query import about, graph_store
from app.refusals import refusal
from app.storage import words
from graph.errors import OptionError
from graph.model import PARTY_KINDS
from graph.neo4j.ask import Answer, Caps, answer
from graph.neo4j.ask import ask as ask_text
from graph.neo4j.store import GraphStore

CAPS: Final = Caps(seconds=20.0, rows=1_000)
"""Bounds of one question from a page."""


def library(desk: Desk) -> Row:
    """The saved questions by family, and whether the store is one that answers them."""
    rows = [
        {
            "name": q.name, "family": q.family, "title": dict(q.title), "explanation": dict(q.explanation), "text": q.text,
            "parameters": [
                {"name": p.name, "type": p.type, "en": p.en, "zh": p.zh, "example": p.example, "default": p.default}
                for p in q.parameters
            ],
        }
        for q in cypher.catalogue().values()
    ]  # fmt: skip
    return {"rows": rows, "answers": isinstance(desk.store, GraphStore)}


def asked(desk: Desk, name: str, given: tuple[tuple[str, str], ...]) -> Row:
    """The answer to a saved question; ``OptionError`` for an unknown one and where the store is not in Neo4j."""
    held = cypher.catalogue().get(name)
    if held is None:
        raise refusal(OptionError, "no_question", name=name)
    found = answer(graph_store(desk.store).server, held, dict(given), CAPS)
    return _shown(desk, found, held.columns)


def console(desk: Desk, text: str) -> Row:
    """The answer to a question of one's own; refused unless its plan only reads the graph."""
    if not desk.scope.names:
        raise refusal(OptionError, "console")
    return _shown(desk, ask_text(graph_store(desk.store).server, text, {}, CAPS), {})


def _shown(desk: Desk, found: Answer, columns: Mapping[str, Mapping[str, str]]) -> Row:
    """Columns with their headings in both languages, rows as text, and the ``table`` of them to download.

    ``about`` are sentences on what its results are of, by language; ``stale`` whether the facts beside them are others.
    """
    hidden = {} if desk.scope.names else _people(desk)
    rows = [[_text(row[c], hidden) for c in found.columns] for row in found.rows]
    heads = [dict(columns.get(c, {"en": c, "zh": c})) for c in found.columns]
    table = pa.table(
        {c: pa.array([row[i] for row in rows], pa.string()) for i, c in enumerate(found.columns)}
    )
    told = {language: about(found, desk.store.url, words(language)) for language in ("en", "zh")}
    made = {"columns": heads, "rows": rows, "cut": found.cut, "version": found.version, "table": table}
    return {**made, "about": told, "stale": found.stale}


def _people(desk: Desk) -> dict[str, str]:
    """Ids of natural persons by each of their names."""
    kinds, person = desk.snapshot.parties["kind"], PARTY_KINDS.index("person")
    found = {}
    for number in (kinds == person).nonzero()[0].tolist():
        for column in ("name", "name_en"):
            name = desk.text("parties", column)[number].as_py()
            if name:
                found[name] = desk.id(number)
    return found


def _text(value: Any, hidden: Mapping[str, str]) -> str:
    """A value as text, a natural person's name as the person's id."""
    if isinstance(value, list):
        return ", ".join(_text(v, hidden) for v in value)
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_text(v, hidden)}" for k, v in value.items())
    shown = "" if value is None else str(value)
    return hidden.get(shown, shown)
