"""Write the sample banking group: the book of app/sample, its README and the list of what must come out.

Usage: python bench/make_sample.py [--out FOLDER]

Stories are written by hand, one function each (bench/sample/); around them stands filler from a fixed seed.
Every expected figure is worked out where its story is told, never by the engine. A run writes the same bytes
every time.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from bench.sample import answers, control, credit, duplicates, filler, guarantees, lenders, limits, warnings
from bench.sample.answers import cell, sheet
from bench.sample.draft import AS_OF, Cell, Draft
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
    credit.suppliers,
    credit.no_owner_in_sight,
    credit.couple,
    credit.markets,
    credit.life_of_a_loan,
    credit.odd_records,
    duplicates.recorded_twice,
    duplicates.look_alikes,
    duplicates.two_names,
    duplicates.one_invoice,
    duplicates.one_building,
    duplicates.too_much_in_total,
    guarantees.swap,
    guarantees.ring,
    guarantees.joint_circle,
    guarantees.hub,
    guarantees.worn_out,
    guarantees.beyond_capacity,
    guarantees.chain,
    guarantees.inside_the_group,
    guarantees.bank_protection,
    guarantees.forms,
    guarantees.blank_cap,
    guarantees.domino,
    guarantees.finance_companies,
    limits.over_the_limit,
    limits.on_the_line,
    limits.house_limits,
    limits.untested,
    limits.joint_credit,
    warnings.downgrade,
    warnings.late,
    warnings.suddenly_drawn,
    warnings.takeover,
    warnings.old_figures,
    warnings.in_default,
)
"""Every story, in the order in which the README tells them."""

FILLER: Final = (
    filler.groups,
    filler.small_firms,
    filler.households,
    filler.statements,
    filler.ratings,
    filler.repayments,
    filler.identifiers,
    filler.valuables,
    filler.ceilings,
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


def table(name: str, made: Draft) -> str:
    """One table as CSV, with the columns that any row fills."""
    rows = made.tables[name]
    known = [c.name for c in TABLES[name].columns]
    header = [c for c in known if c in TABLES[name].required or any(r.get(c) is not None for r in rows)]
    for column in sorted({c for r in rows for c in r}):
        TABLES[name].column(column)
    return sheet(header, [[cell(r.get(c)) for c in header] for r in rows])


def manifest(made: Draft, texts: Mapping[str, str]) -> str:
    """What the group says that it sends: rows and digest of each file, limits and drawn amounts by currency."""
    lines = ["format = 1", 'subsidiary = "YUNQIAO"', f"period = {AS_OF}", 'kind = "full"']
    for name, text in texts.items():
        rows = made.tables[name.removesuffix(".csv")]
        digest = hashlib.sha256(text.encode()).hexdigest()
        lines += ["", f'[files."{name}"]', f"rows = {len(rows)}", f'sha256 = "{digest}"']
        if name == "facilities.csv":
            lines.append(
                f"sums = {{ limit = {_by_currency(rows, 'limit')}, drawn = {_by_currency(rows, 'drawn')} }}"
            )
    return "\n".join([*lines, ""])


def _by_currency(rows: list[dict[str, Cell]], column: str) -> str:
    """Sums of an amount by currency, as TOML."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.get(column) is not None:
            sums[str(row["currency"])] = sums.get(str(row["currency"]), Decimal(0)) + Decimal(
                str(row[column])
            )
    return "{ " + ", ".join(f'{c} = "{cell(v)}"' for c, v in sorted(sums.items())) + " }"


def files() -> dict[str, str]:
    """Name and text of every file of the sample."""
    made = draft()
    texts = {f"{name}.csv": table(name, made) for name in TABLES if name in made.tables}
    counts = {name: len(made.tables[name]) for name in TABLES if name in made.tables}
    own = {
        "book.toml": manifest(made, texts),
        "expected.csv": answers.expected(made),
        "figures.csv": answers.figures(made),
        "README.md": answers.readme(made, STORIES, counts),
    }
    return texts | own


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
