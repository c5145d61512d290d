"""Glossary: what each result and each of its columns says, and the page about them (``docs/results.md``)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pyarrow as pa

from exposure.results import COUNT, FLAG, IDS, MODEL, MONEY, RESULTS, RUNS, SHARE
from graph.document import grid

_WORDS: Final = Path(__file__).parent / "words"
Meanings = Callable[[str], Mapping[str, Mapping[str, str]]]
"""What tables and columns say, by language."""
ROWS: Final = "_rows"
"""Key of the meaning of a result's rows."""

UNITS: Final[dict[pa.DataType, tuple[str, str]]] = {
    MONEY: ("amount", "exact, decimal with 2 places; in the base currency unless a column says otherwise"),
    SHARE: ("share", "exact, decimal with 9 places"),
    MODEL: ("model", "float of 64 bits: from a model or a division, not exact to the last digit"),
    COUNT: ("count", "whole number"),
    FLAG: ("flag", "true or false"),
    IDS: ("ids", "list of texts; in CSV a JSON array"),
    pa.string(): ("text", "text; ids as they stand in the book"),
}
"""Name and meaning of each type that a column of a result has."""

_INTRO: Final = """\
# The results

What `konzern report` writes, by `--formats`: one table a result as `NAME.parquet` and `NAME.csv`; `report.xlsx` with
a summary and the first 10,000 rows of each table by amount; `report.html`, one page for a committee. With them always
`report.json`: as-of date, versions, rules, counts, totals, run time. Written by `make docs` from `exposure/results.py`
and `exposure/words/results.*.toml`: change those, not this page.

- An empty cell is unknown or does not apply. It is never 0.
- Columns marked *on request* are empty unless an option asks for them (README); `report.json` names in
  `not_computed` what a report has left empty.
- Rows are sorted by id, so that two runs over the same book write the same bytes.
- In CSV a text that a spreadsheet would run as a formula begins with an apostrophe.
- How the figures are made is told in [methods.md](methods.md).
"""


_RUNS: Final = """\
# What a contagion run writes

`konzern contagion` writes the tables of what it ran as Parquet and CSV, with `findings` as above, and `summary.json`:
model, parameters, `total_loss` (each amount once: a call counts as far as it was paid, the rest is the lender's),
`shock_loss` of it at the outset, `lender_loss`, `waves` (rounds after the first in which somebody fails), `unique`,
`debtrank_original`, `debtrank_linear`, `iterations`, `tolerance`. `--every` writes `ranking` with every party. Amounts
are in the base currency.
"""


@cache
def meanings(language: str) -> Mapping[str, Mapping[str, str]]:
    """What rows (``_rows``) and columns say, by result, in ``en`` or ``zh``."""
    held: dict[str, dict[str, str]] = tomllib.loads((_WORDS / f"results.{language}.toml").read_text("utf-8"))
    return held


@cache
def words_of_runs(language: str) -> Mapping[str, Mapping[str, str]]:
    """The same of the tables that a contagion run writes."""
    held: dict[str, dict[str, str]] = tomllib.loads((_WORDS / f"runs.{language}.toml").read_text("utf-8"))
    return held


def results_page(missing: Collection[str]) -> str:
    """The page in Markdown; ``missing`` names what is not computed, as ``report.json`` does."""
    parts = [_INTRO, "## Types\n", grid(("type", "what a cell holds"), UNITS.values())]
    parts += [text for name, columns in RESULTS.items() for text in _result(name, columns, meanings, missing)]
    parts.append(_RUNS)
    parts += [text for name, columns in RUNS.items() for text in _result(name, columns, words_of_runs, ())]
    return "\n".join(parts)


def _result(
    name: str, columns: Mapping[str, pa.DataType], say: Meanings, missing: Collection[str]
) -> Iterator[str]:
    """The section of one result."""
    en, zh = say("en")[name], say("zh")[name]
    yield f"## {name}\n"
    yield f"{'*Not yet.* ' if name in missing else ''}{en[ROWS]}.\n\n{zh[ROWS]}。\n"
    rows = []
    for column, kind in columns.items():
        mark = "*on request* · " if f"{name}.{column}" in missing else ""
        rows.append((f"`{column}`", UNITS[kind][0], mark + en[column], zh[column]))
    yield grid(("column", "type", "meaning", "含义"), rows)
