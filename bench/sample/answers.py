"""Answers: what must come out of the sample, for readers (README.md) and for programs (CSV)."""

from __future__ import annotations

import csv
import datetime as dt
import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bench.sample.draft import AS_OF, Cell, Draft

NOT_PLANTED: Final[Mapping[str, str]] = {
    "groups_cut": "it takes more than fifty memberships a party, which nobody could read",
    "rings_cut": "it takes ten thousand rings in one place",
    "chains_cut": "it takes a web of guarantees too large to add up",
    "paths_cut": "it takes ten thousand chains between two parties",
    "identity_contradicted": "it takes reviewers who contradict one another",
}
"""Codes of the engine that the sample does without, each with the reason."""


def cell(value: Cell) -> str:
    """A cell as the file has it: plain decimals, true and false, dates as YYYY-MM-DD.

    >>> cell(Decimal("1E+2")), cell(True), cell(None)
    ('100', 'true', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def sheet(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A CSV text with line feeds."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def expected(made: Draft) -> str:
    """The findings as CSV: code, subjects (separated by a space), amount in yuan, pack."""
    rows = [[p.code, " ".join(p.subjects), cell(p.amount), p.pack, p.story, p.figure] for p in made.plants]
    return sheet(("code", "subjects", "amount", "pack", "story", "figure"), sorted(rows))


def figures(made: Draft) -> str:
    """The figures as CSV: result table, where (column=value, separated by a space), column, value, pack."""
    rows = [
        [
            f.table,
            " ".join(f"{k}={v}" for k, v in f.where),
            f.column,
            cell(f.value),
            f.pack,
            f.story,
            f.figure,
        ]
        for f in made.figures
    ]
    return sheet(("table", "where", "column", "value", "pack", "story", "figure"), sorted(rows))


def _markdown(header: Sequence[str], rows: Sequence[list[str]]) -> list[str]:
    """A table."""
    lines = [f"| {' | '.join(row)} |" for row in (list(header), *sorted(rows))]
    return [lines[0], "|" + "---|" * len(header), *lines[1:], ""]


def readme(made: Draft, stories: Sequence[Callable[[Draft], None]], counts: Mapping[str, int]) -> str:
    """The sample told to a reader: what is in it, what must come out, and every story."""
    held = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items())
    found = [
        [
            p.code,
            ", ".join(p.subjects) or "(the book)",
            "" if p.amount is None else f"{p.amount:,}",
            p.pack,
            p.figure,
        ]
        for p in made.plants
    ]
    numbers = [
        [
            f.table,
            ", ".join(v for _, v in f.where if v),
            f.column,
            f"{f.value.normalize():,f}",
            f.pack,
            f.figure,
        ]
        for f in made.figures
    ]
    told = [f"### {s.__name__.replace('_', ' ').capitalize()}\n{inspect.getdoc(s)}\n" for s in stories]
    return "\n".join([
        "# The sample banking group",
        "",
        f"Yunqiao Financial Holdings (云峤金融控股) and its clients on {AS_OF}: {held}.",
        "Base currency CNY, with rates for USD and EUR. All names are invented; a likeness to a real company or",
        "person is chance. `python bench/make_sample.py` writes this folder, the same bytes every time.",
        "",
        "Ids speak: `C-XIWAN-02` is the second company of Xiwan, `P-` a person, `F-BANK-XIWAN-1` a facility of",
        "`L-BANK`, `GU-` a guarantee, `K-` collateral, `U-` an umbrella limit, `G:` and a source a group.",
        "Stories speak in millions, the tables in units of the currency.",
        "",
        "## What must come out",
        "One row a finding that a report must show; `expected.csv` has the same for programs. Amounts are in yuan and",
        "were worked out by hand. An empty pack means that every pack finds it; `contagion MODEL PARTY` is a run",
        "of that model in which the party fails at first, `contagion monte-carlo` a simulation.",
        "",
        *_markdown(("code", "where", "amount", "pack", "figure"), found),
        "One row a number of a result table (`figures.csv`), over all lenders:",
        "",
        *_markdown(("table", "where", "column", "value", "pack", "figure"), numbers),
        "Not planted: " + "; ".join(f"`{code}`, {why}" for code, why in NOT_PLANTED.items()) + ".",
        "",
        "## The stories",
        *told,
    ])  # fmt: skip
