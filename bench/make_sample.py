"""Write the sample banking group: the book of app/sample, its README and the list of what must come out.

Usage: python bench/make_sample.py [--out FOLDER]

Stories are written by hand, one function each (bench/sample/); around them stands filler from a fixed seed. Every
expected figure is worked out where its story is told, never by the engine. A run writes the same bytes every time.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import inspect
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from bench.sample import control, credit, filler, lenders
from bench.sample.draft import AS_OF, Cell, Draft, Plant
from graph.model import TABLES

FOLDER: Final = Path(__file__).parents[1] / "app" / "sample"

STORIES: Final[tuple[Callable[[Draft], None], ...]] = (
    lenders.banking_group,
    lenders.rates,
    control.pyramid,
    control.voting_pact,
    control.kin,
    control.state,
    control.joint_venture,
    control.three_tiers,
    control.treasury_stock,
    control.dual_class,
    control.two_controllers,
    control.ring_fenced,
    control.closed_loop,
    control.overfull_register,
    control.unknown_stakes,
    control.cross_holding,
    control.abroad,
    credit.umbrella,
    credit.fund,
    credit.recorded_twice,
    credit.odd_records,
)
"""Every story, in the order in which the README tells them."""

FILLER: Final = (
    filler.groups,
    filler.small_firms,
    filler.households,
    filler.statements,
    filler.ratings,
    filler.repayments,
)


def draft() -> Draft:
    """The whole book with its plants."""
    made = Draft()
    for story in STORIES:
        made.story = story.__name__
        story(made)
    draw = filler.Draw()
    for add in FILLER:
        add(made, draw)
    return made


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


def sheet(header: list[str], rows: list[list[str]]) -> str:
    """A CSV text with line feeds."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([header, *rows])
    return out.getvalue()


def table(name: str, made: Draft) -> str:
    """One table as CSV, with the columns that any row fills."""
    rows = made.tables[name]
    known = [c.name for c in TABLES[name].columns]
    header = [c for c in known if c in TABLES[name].required or any(r.get(c) is not None for r in rows)]
    for column in sorted({c for r in rows for c in r}):
        TABLES[name].column(column)
    return sheet(header, [[cell(r.get(c)) for c in header] for r in rows])


def expected(plants: list[Plant]) -> str:
    """The plants as CSV: code, subjects (separated by a space), amount in yuan, pack."""
    rows = [[p.code, " ".join(p.subjects), cell(p.amount), p.pack, p.story, p.figure] for p in plants]
    return sheet(["code", "subjects", "amount", "pack", "story", "figure"], sorted(rows))


def readme(made: Draft) -> str:
    """The sample told to a reader: what is in it, its stories, and every plant."""
    counts = ", ".join(f"{len(made.tables[t]):,} {t.replace('_', ' ')}" for t in TABLES if t in made.tables)
    told = "\n".join(
        f"### {s.__name__.replace('_', ' ').capitalize()}\n{inspect.getdoc(s)}\n" for s in STORIES
    )
    rows = [
        f"| {p.code} | {', '.join(p.subjects) or '(the book)'} | {f'{p.amount:,}' if p.amount is not None else ''} "
        f"| {p.pack} | {p.figure} |"
        for p in sorted(made.plants, key=lambda p: (p.code, p.subjects, p.pack))
    ]
    return "\n".join([
        "# The sample banking group",
        "",
        f"Yunqiao Financial Holdings (云峤金融控股) and its clients on {AS_OF}: {counts}.",
        "Base currency CNY, with rates for USD and EUR. All names are invented; a likeness to a real company or",
        "person is chance. `python bench/make_sample.py` writes this folder, the same bytes every time.",
        "",
        "Ids speak: `C-XIWAN-02` is the second company of Xiwan, `P-` a person, `F-BANK-XIWAN-1` a facility of",
        "`L-BANK`, `GU-` a guarantee, `K-` collateral, `U-` an umbrella limit, `G:` and a source a group.",
        "",
        "## What must come out",
        "One row a finding that a report must show; `expected.csv` has the same for programs. Amounts are in yuan and",
        "were worked out by hand. An empty pack means that every pack finds it.",
        "",
        "| code | where | amount | pack | figure |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "## The stories",
        told,
    ])  # fmt: skip


def files() -> dict[str, str]:
    """Name and text of every file of the sample."""
    made = draft()
    texts = {f"{name}.csv": table(name, made) for name in TABLES if name in made.tables}
    manifest = f'subsidiary = "YUNQIAO"\nperiod = {AS_OF}\nkind = "full"\n'
    return {**texts, "book.toml": manifest, "expected.csv": expected(made.plants), "README.md": readme(made)}


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description="Write the sample banking group.")
    parser.add_argument("--out", type=Path, default=FOLDER)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{folder}: {len(files())} files")


if __name__ == "__main__":
    main()
