"""Commands that ask what would be: ``whatif`` with its ``reservations``, and ``contagion``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from app.options import analysis_of, language, printed, reading


@click.command()
@reading
@click.argument("changes", type=click.Path(path_type=Path))
@click.option("--reserve", is_flag=True, help="Hold the headroom in the store's journal, if it fits.")
@click.option(
    "--hours",
    type=click.FloatRange(0, min_open=True),
    default=24,
    show_default=True,
    help="How long a reservation holds.",
)
@click.option("--by", default="", help="Who reserves; default: the user.")
@printed
def whatif(
    changes: Path,
    hours: float,
    by: str,
    lang: str,
    out: Path | None,
    *,
    reserve: bool,
    as_json: bool,
    **source: Any,
) -> None:
    """Before and after of proposed facilities, guarantees, stakes, sales and merges.

    CHANGES is a CSV file with a column change (party, facility, guarantee, stake, sale, merge) and the columns of
    the data model. Says whether a limit would be broken, which one binds, and the largest admissible amount of the
    last facility proposed; what is reserved in the store counts as granted.
    """
    from app import whatif as asked
    from app.output import plain
    from app.terminal import shown
    from ingest.changes import read

    proposals, analysis, record = read(changes), analysis_of(**source), None
    if reserve:
        record, answer = asked.reserved(analysis, source["source"], proposals, hours, by)
    else:
        answer = asked.answered(analysis, source["source"], proposals)
    if out is not None:
        asked.write(answer, out)
    if as_json:
        number = {} if record is None else {"reservation": record.number, "until": record.body["until"]}
        click.echo(json.dumps({**answer.as_dict(), **number}, ensure_ascii=False, default=plain))
        return
    click.echo(asked.as_text(answer, analysis.snapshot.base, lang))
    if record is not None:
        click.echo(asked.words(lang)["reserved"].format(until=record.body["until"], number=record.number))
    for title, table in answer.tables.items() if out is None else ():
        click.echo(shown(f"{title}: before and after", table, lang))


@click.command()
@click.argument("store_url")
@click.option("--release", type=int, metavar="NUMBER", help="Give back what this reservation holds.")
@click.option("--by", default="", help="Who releases; default: the user.")
@language
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def reservations(store_url: str, release: int | None, by: str, lang: str, *, as_json: bool) -> None:
    """Headroom that is reserved in a store: by whom, for whom and until when."""
    import getpass

    from app import whatif as asked
    from graph.reservations import release as give_back

    found = asked.store(store_url)
    if release is not None:
        give_back(found.journal, release, author=by or getpass.getuser(), now=asked.now())
    held = asked.listed(found)
    if as_json:
        click.echo(json.dumps(held, ensure_ascii=False, default=str))
        return
    for r in held:
        kinds = ", ".join(str(c.get("facility_id") or c["kind"]) for c in r["changes"])
        click.echo(asked.words(lang)["reservation"].format_map({**r, "changes": kinds}))
    if not held:
        click.echo(asked.words(lang)["nothing"])


@click.command()
@reading
@click.option("--model", type=click.Choice(["clearing", "debtrank", "threshold", "group"]), default="group",
              show_default=True, help="The network is liabilities; for group the whole book.")  # fmt: skip
@click.option("--fail", default="", metavar="ID,ID", help="Parties that fail at first.")
@click.option("--shock", type=click.Path(path_type=Path), help="CSV: party_id, loss_share or loss, weight.")
@click.option("--scenario", type=click.Path(path_type=Path), help="TOML: fail, losses, lgd, prices, fx.")
@click.option("--lgd", type=float, help="Loss given default, 0 to 1; default: 1 - recovery.")
@click.option("--alpha", type=float, help="Clearing: part of outside assets that a defaulter realises.")
@click.option("--beta", type=float, help="Clearing: part of receipts that a defaulter realises.")
@click.option("--every", is_flag=True, help="Fail every party in turn: the systemic ranking.")
@click.option(
    "--monte-carlo", type=int, metavar="N", help="Draw N scenarios from the PDs: VaR and ES by lender."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the draws; the same gives the same bits."
)
@click.option("--correlation", type=float, help="Of defaults; default: the option, else 0.15.")
@click.option("--reverse", metavar="LENDER[=AMOUNT|=SHARE%]",
              help="The fewest defaults that cost the lender more than this; default: its capital.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True)
@printed
def contagion(lang: str, out: Path | None, *, as_json: bool, **given: Any) -> None:
    """What the failure of some costs others: by party, lender and group, edge by edge."""
    from dataclasses import fields

    from app import contagion as asked
    from app.output import plain
    from app.terminal import shown

    wanted = asked.Asked(**{f.name: given.pop(f.name) for f in fields(asked.Asked)})
    tables, summary = asked.run(analysis_of(**given), wanted)
    if out is not None:
        asked.write(tables, summary, out)
    if as_json:
        told = {"summary": summary, **{name: table.to_pylist() for name, table in tables.items()}}
        click.echo(json.dumps(told if out is None else summary, ensure_ascii=False, default=plain))
        return
    click.echo(asked.headline(summary, lang))
    for title, table in asked.telling(tables).items() if out is None else ():
        click.echo(shown(title, table, lang))
