"""The command ``query``: a saved question to a store in Neo4j, on an analyst's behalf."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from app.localserver import LOCAL
from app.settings import PREFIX
from app.storage import words
from graph.errors import OptionError

if TYPE_CHECKING:
    from graph.neo4j.ask import Answer
    from graph.neo4j.store import GraphStore
    from graph.store import Store


@click.command()
@click.argument("name", required=False)
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]…")
@click.option("--list", "listed", is_flag=True, help="Name every question with what it takes.")
@click.option(
    "--store",
    "url",
    default=LOCAL,
    envvar=f"{PREFIX}_STORE",
    show_default=True,
    help="URL of a store in Neo4j.",
)
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", envvar=f"{PREFIX}_LANG", show_default=True
)
@click.option("--seconds", type=float, default=30.0, show_default=True, help="Stop it after this time.")
@click.option("--rows", type=int, default=10_000, show_default=True, help="Show no more rows than this.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def query(  # noqa: PLR0913 - one for each option
    name: str | None,
    values: tuple[str, ...],
    url: str,
    lang: str,
    seconds: float,
    rows: int,
    *,
    listed: bool,
    as_json: bool,
) -> None:
    """Ask a saved Cypher question; it only reads, within bounds of time, memory and rows."""
    import cypher
    from app.settings import pairs

    if listed or name is None:
        click.echo(_catalogue(lang))
        return
    try:
        question = cypher.load(name)
    except cypher.QuestionError as error:
        raise OptionError(str(error)) from error
    from graph.neo4j.ask import Caps, answer
    from graph.store import open_store

    caps = Caps(seconds, rows)
    found = answer(graph_store(open_store(url)).server, question, pairs(values), caps)
    if as_json:
        click.echo(json.dumps(_told(found), ensure_ascii=False, default=str))
    else:
        click.echo(_shown(question.title[lang], question.columns, found, url, lang))


def graph_store(store: Store | None) -> GraphStore:
    """The store as one in Neo4j; ``OptionError`` for any other source."""
    from graph.neo4j.store import GraphStore

    if not isinstance(store, GraphStore):
        named = "a folder of files" if store is None else store.url
        raise OptionError(f"{named} is no store in Neo4j: name neo4j://HOST, bolt://HOST or {LOCAL}")
    return store


def _told(found: Answer) -> dict[str, object]:
    """An answer for programs."""
    about = None if found.results is None else {**asdict(found.results), "stale": found.stale}
    rows = [dict(r) for r in found.rows]
    return {"version": found.version, "day": found.day, "results": about, "cut": found.cut, "rows": rows}


def _shown(title: str, columns: Mapping[str, Mapping[str, str]], found: Answer, url: str, lang: str) -> str:
    """An answer for people, in columns."""
    say = words(lang)
    heads = [columns[c][lang] for c in found.columns]
    cells = [["" if r[c] is None else str(r[c]) for c in found.columns] for r in found.rows]
    widths = [max(len(h), *(len(row[i]) for row in cells), 0) for i, h in enumerate(heads)]
    lines = [say["answer"].format(title=title, count=f"{len(cells):,}", version=found.version)]
    lines += [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in (heads, *cells)
    ]
    lines += [say["more_rows"]] if found.cut else []
    return "\n".join([*lines, *about(found, url, say)])


def about(found: Answer, url: str, say: Mapping[str, str]) -> list[str]:
    """What the results of an answer are of, and a warning where the facts beside them are others."""
    held = found.results
    if held is None:
        return [say["answer_without"].format(url=url)] if found.about_results else []
    places = {"version": held.version, "as_of": held.as_of or say["unknown"], "run": held.run}
    if found.stale:
        return [say["answer_stale"].format_map({**places, "facts": found.version, "day": found.day})]
    return [say["answer_results"].format_map(places)]


def _catalogue(lang: str) -> str:
    """Every question by family, with its title and an example."""
    import cypher

    lines = []
    for family in cypher.FAMILIES:
        lines.append(family)
        for question in cypher.catalogue().values():
            if question.family == family:
                example = " ".join(f"{k}={v}" for k, v in question.example().items())
                lines.append(f"  {question.name:20} {question.title[lang]}")
                lines.append(f"  {'':20} konzern query {question.name} {example}".rstrip())
    return "\n".join(lines)
