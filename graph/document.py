"""Document: the page of the data model (``docs/model.md``), written from the declarations themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from graph.findings import CODES
from graph.model import FORMAT, REQUIRED_TABLES, TABLES, Column, Kind, Table

_INTRO: Final = f"""\
# The data model

Every table of a book and every finding, in book format {FORMAT}. Written by `make docs` from `graph/model.py`,
`graph/findings.py` and `exposure/words/findings.*.toml`: change those, not this page.

- A book has one table a file, `NAME.csv` or `NAME.parquet`. {{required}} must be there, the others may be.
- An empty cell is unknown; it is never read as 0.
- Ids are text and kept as written. A column that *refers to* a table holds ids of that table.
- A **key** column and `valid_from` together tell rows apart; two rows of one key may not hold on the same day.
- A **required** column must be in the file. Columns that no table has are kept in `extra`.
- A decimal has a point and no thousands separators, and no more decimals than its kind holds.
"""
_KINDS: Final = """\
## Kinds of columns

Decimals are held as whole numbers of a small unit, so that sums and comparisons are exact.
"""
_FINDINGS: Final = """\
## Findings

What a finding is about, how grave it is, and the figures that its evidence always holds. Words in braces are
filled in. The [results](results.md#findings) tell the columns in which findings are written.
"""


def model_page(sentences: Mapping[str, Mapping[str, str]]) -> str:
    """The page in Markdown; ``sentences`` are the findings' texts by language (``en``, ``zh``) and code."""
    required = " and ".join(f"`{name}`" for name in REQUIRED_TABLES)
    parts = [
        _INTRO.format(required=required),
        _KINDS,
        grid(("kind", "what a cell holds", "held as"), ((k.name, k.doc, _held(k)) for k in kinds())),
        "## Columns of every table\n",
        _columns(bookkeeping()),
        "## Tables\n",
        grid(("table", "name", "名称", "rows", "key", "in Neo4j"), map(_overview, TABLES.values())),
        *(text for table in TABLES.values() for text in _table(table)),
        _FINDINGS,
        grid(("code", "severity", "about", "meaning", "figures"), _codes()),
        "### Their sentences\n",
        grid(("code", "English", "中文"), ((c, sentences["en"][c], sentences["zh"][c]) for c in CODES)),
    ]
    return "\n".join(parts)


def grid(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    r"""A Markdown table.

    >>> print(grid(("a", "b"), [("1", "x|y")]), end="")
    | a | b |
    |---|---|
    | 1 | x\|y |
    """
    names = list(header)
    lines = [names, ["---"] * len(names), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    shown = ["| " + " | ".join(line) + " |" for line in lines]
    shown[1] = shown[1].replace(" ", "")
    return "\n".join(shown) + "\n"


def kinds() -> list[Kind]:
    """Every kind that a column has, once, in the order of first use."""
    return list(dict.fromkeys(c.kind for table in TABLES.values() for c in table.columns))


def bookkeeping() -> tuple[Column, ...]:
    """The columns that every table has."""
    first, *others = TABLES.values()
    return tuple(c for c in first.columns if all(c in table.columns for table in others))


def _held(kind: Kind) -> str:
    """How the engine keeps a kind."""
    return f"{kind.arrow}, in units of 1/{kind.scale:,}" if kind.scale else str(kind.arrow)


def _overview(table: Table) -> Iterator[str]:
    """One table's line in the list of all."""
    yield f"[{table.name}](#{table.name})"
    yield table.en
    yield table.zh
    yield table.doc
    yield ", ".join(f"`{name}`" for name in table.key)
    label = f"`(:{table.label})`" if table.label else ""
    named = [table.relationship, *(c.tie.lstrip("<") for c in table.columns)]
    yield " ".join(filter(None, (label, *(f"`[:{tie}]`" for tie in named if tie))))


def _table(table: Table) -> Iterator[str]:
    """The section of one table."""
    yield f"### {table.name}\n"
    yield f"**{table.en} · {table.zh}.** {table.doc}.\n"
    shared = bookkeeping()
    yield _columns([c for c in table.columns if c not in shared])


def _columns(columns: Iterable[Column]) -> str:
    """Columns with their kind, what must be there, both names and the meaning."""
    return grid(
        ("column", "kind", "must", "name", "名称", "meaning"),
        ((f"`{c.name}`", c.kind.name, _must(c), c.en, c.zh, _meaning(c)) for c in columns),
    )


def _must(column: Column) -> str:
    """Whether a column is of the key, and whether a file must have it."""
    return ", ".join(word for word, holds in (("key", column.key), ("required", column.required)) if holds)


def _meaning(column: Column) -> str:
    """What a column says beyond its name: its note, what it refers to, and the list that it chooses from."""
    said = [column.doc] if column.doc else []
    if column.ref:
        said.append(f"refers to [{column.ref}](#{column.ref})")
    if column.values:
        said.append("one of " + ", ".join(f"`{value}`" for value in column.values))
    text = "; ".join(said)
    return text[:1].upper() + text[1:] if re.match("[a-z]+ ", text) else text


def _codes() -> Iterator[tuple[str, ...]]:
    """Every finding's code with its gravity, subject, meaning and figures."""
    for code in CODES.values():
        yield (
            f"`{code.name}`",
            code.severity,
            code.subject,
            code.doc,
            ", ".join(f"`{f}`" for f in code.figures),
        )
