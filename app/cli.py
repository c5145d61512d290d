"""The command line: ``konzern``. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from app.codes import DUPLICATES, WARNINGS
from app.query import graph_store, query
from app.settings import PREFIX, from_file, pairs
from app.storage import load, store
from app.web import command as web
from graph.errors import InputError, KonzernError, OptionError
from graph.findings import SEVERITIES

if TYPE_CHECKING:
    from exposure.report import Analysis


STOPPED: Final = 130
"""Exit code after Ctrl-C, as shells have it: 1 would say that there are findings."""


class _Group(click.Group):
    """Commands in the order of the main path; errors of Konzern end with their own exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """As declared."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a KonzernError becomes its message and exit code, without a traceback."""
        try:
            return super().invoke(ctx)
        except KonzernError as error:
            _complain(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("konzern: stopped; nothing is half-done", err=True)
            ctx.exit(STOPPED)


def _complain(error: KonzernError) -> None:
    """An error to stderr, one line a problem."""
    click.echo(f"konzern: {error}", err=True)
    if isinstance(error, InputError) and error.total > len(error.problems):
        click.echo(f"konzern: {error.total - len(error.problems)} more problems of the kind", err=True)


@click.group(cls=_Group, context_settings={"auto_envvar_prefix": PREFIX, "max_content_width": 100})
@click.version_option(package_name="konzern")
@click.option(
    "--log-level", default="warning", show_default=True, help="Logs go to stderr: debug, info, warning."
)
@click.pass_context
def main(ctx: click.Context, log_level: str) -> None:
    """Group exposure on a graph: who belongs together, what is at risk with them, and why."""
    level = logging.getLevelNamesMapping().get(log_level.upper())
    if level is None:
        raise OptionError(f"no log level {log_level!r}: choose debug, info, warning or error")
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    known = {
        p.name for c in main.commands.values() for p in c.params if isinstance(p, click.Option) and p.name
    }
    held = from_file(Path.cwd(), known)
    ctx.default_map = dict.fromkeys(main.commands, held)


def _source(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that reads a book."""
    for option in reversed(
        (
            click.argument("source"),
            click.option("--mapping", help="Translate another layout: a name such as finbench, or a TOML file."),
            click.option("--encoding", help="How CSV files are encoded that are not UTF-8, such as gb18030."),
            click.option("--rules", default="EU-CRR", envvar=f"{PREFIX}_RULES", show_default=True,
                         help="Rule packs, comma separated; the first leads."),
            click.option("--option", "options", multiple=True, metavar="KEY=VALUE",
                         help="A choice that the rules leave open; may be repeated."),
            click.option("--book-version", type=int, help="Version of a store; default: the latest."),
            click.option("--as-of", envvar=f"{PREFIX}_AS_OF", help="Date, YYYY-MM-DD; default: the book's own."),
            click.option("--since", envvar=f"{PREFIX}_SINCE",
                         help="Compare with this day, or with this version of a store; default: "
                         "a quarter earlier, else the version before."),
            click.option("--base", envvar=f"{PREFIX}_BASE", help="Base currency; default: the book's own."),
            click.option("--lender", envvar=f"{PREFIX}_LENDER", help="Only what this lender has granted."),
            click.option("--min-share", default="0.05", envvar=f"{PREFIX}_MIN_SHARE", show_default=True,
                         help="List integrated shares from here."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


_language = click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", envvar=f"{PREFIX}_LANG", show_default=True
)
"""The language of sentences."""


def _printed(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that prints tables."""
    command = _language(command)
    command = click.option(
        "--out", type=click.Path(path_type=Path), help="Write the tables into this folder."
    )(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def _analysis(
    source: str,
    mapping: str | None,
    encoding: str | None,
    rules: str,
    options: tuple[str, ...],
    book_version: int | None,
    as_of: str | None,
    since: str | None,
    base: str | None,
    lender: str | None,
    min_share: str,
) -> Analysis:
    """Open a source and prepare its analysis; everything is checked before anything is computed."""
    from app.source import compiled, earlier
    from exposure.report import Analysis, Request
    from exposure.rulepack import house

    request = Request(
        packs=tuple(part.strip() for part in rules.split(",")),
        options=pairs(options),
        lender=lender,
        min_share=_parts(min_share),
    )
    snapshot, noticed = compiled(
        source, mapping=mapping, encoding=encoding, as_of=as_of, base=base, version=book_version
    )
    previous = earlier(source, snapshot, since, int(house().setting("compare", "days")))
    return Analysis(snapshot, request, noticed, previous=previous)


def _parts(share: str) -> int:
    """A share such as 0.05 in parts per 10^9."""
    try:
        value = Decimal(share)
    except InvalidOperation:
        value = Decimal(-1)
    if not 0 <= value <= 1:
        raise OptionError(f"--min-share {share}: write a share from 0 to 1, such as 0.05")
    return int(value * 10**9)


@main.command()
@click.argument("source")
@click.option("--mapping", help="Translate another layout: a name such as finbench, or a TOML file.")
@click.option("--encoding", help="How CSV files are encoded that are not UTF-8, such as gb18030.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def check(source: str, mapping: str | None, encoding: str | None, *, as_json: bool) -> None:
    """Read and validate a book; load nothing."""
    from app import receipts
    from app.memory import keep_freed
    from app.source import read

    keep_freed()
    _, receipt = read(source, mapping, encoding)
    told = receipts.as_dict(receipt) if as_json else None
    click.echo(json.dumps(told, ensure_ascii=False, default=str) if told else receipts.as_text(receipt))


@main.command()
@_source
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--formats", help="parquet,csv,xlsx,html; default: all four.")
@_language
@click.option(
    "--write-back", is_flag=True, help="Write groups, exposures and findings into a store in Neo4j."
)
@click.option("--fail-on", type=click.Choice(SEVERITIES), help="Exit 1 if a finding is at least this grave.")
@click.option("--json", "as_json", is_flag=True, help="Print report.json.")
@click.pass_context
def report(
    ctx: click.Context,
    /,
    out: Path,
    formats: str | None,
    lang: str,
    fail_on: str | None,
    *,
    write_back: bool,
    as_json: bool,
    **source: Any,
) -> None:
    """Compute everything and write it into a folder."""
    from app import output
    from app.kept import reported, streamed
    from app.memory import keep_freed
    from app.source import store_of

    keep_freed()
    chosen = output.formats(formats)
    analysis, store = _analysis(**source), store_of(source["source"])
    graph = graph_store(store) if write_back else None
    summary: Mapping[str, Any]
    if store is None and set(chosen) <= set(output.PER_TABLE):
        analysis = replace(analysis, snapshot=analysis.snapshot.outlined())
        summary = streamed(analysis, out, chosen)
    else:
        tables, summary = reported(analysis, store)
        output.write_report(tables, summary, out, chosen, lang)
        if graph is not None:
            graph.write_back(tables, analysis.snapshot.version)
    click.echo(json.dumps(summary, ensure_ascii=False, default=str) if as_json else _headline(summary, out))
    if fail_on and any(SEVERITIES.index(s) >= SEVERITIES.index(fail_on) for s in summary["severities"]):
        ctx.exit(1)


def _headline(summary: Mapping[str, Any], out: Path) -> str:
    """What a person wants to read at the end of a report."""
    lines = [
        "as of {as_of}, book version {book_version}, base {base}, rules {rules}".format(
            **summary, rules=", ".join(summary["packs"])
        ),
        "{parties:,} parties, {facilities:,} facilities, {groups:,} groups".format(**summary["counts"]),
        f"gross exposure {Decimal(summary['totals']['gross']):,} {summary['base']}",
        "findings: " + (", ".join(f"{n:,} {s}" for s, n in summary["severities"].items()) or "none"),
        f"written to {out} in {summary['seconds']} s" + (", kept from before" if summary.get("kept") else ""),
    ]
    if summary["compared_with"]:
        lines[0] += f", compared with {summary['compared_with']}"
    if summary.get("incomplete"):
        lines.append("incomplete: " + ", ".join(summary["incomplete"]))
    if summary["not_computed"]:
        lines.append("not computed yet: " + ", ".join(summary["not_computed"]))
    return "\n".join(lines)


def _part(name: str, tables: tuple[str, ...], doc: str, codes: tuple[str, ...] = ()) -> None:
    """Add a command that prints one part of the report; of the findings those of some codes, if any are named."""

    def command(*, out: Path | None, as_json: bool, lang: str, **source: Any) -> None:
        from app import output
        from app.terminal import shown

        analysis = _analysis(**source)
        made = {table: analysis.table(table) for table in tables}
        if codes:
            made["findings"] = output.of_codes(made["findings"], codes)
        if out is not None:
            output.write_report(made, analysis.summary(made), out, output.PER_TABLE)
        if as_json:
            click.echo(
                json.dumps({k: t.to_pylist() for k, t in made.items()}, ensure_ascii=False, default=str)
            )
        elif out is None:
            for title, table in made.items():
                click.echo(shown(title, table, lang))

    command.__doc__ = doc
    main.command(name)(_source(_printed(command)))


main.add_command(load)
main.add_command(web)
main.add_command(store)
main.add_command(query)
_part("control", ("control", "votes"), "Who controls whom, and with which votes.")
_part("ownership", ("shares", "power"), "Shares along all chains and along simple ones, and voting power.")
_part("groups", ("groups", "group_members"), "Groups of connected clients and why each member is in.")
_part(
    "exposure",
    ("party_exposures", "group_exposures", "missing"),
    "Exposure of parties and groups by lender, and what unknown facts leave open.",
)
_part(
    "guarantees",
    ("guarantors", "rings", "mitigation", "collateral"),
    "Guarantors, circles, what guarantees move, and what collateral secures.",
)
_part(
    "duplicates", ("findings",), "Duplicate credit: what is counted, pledged or promised twice.", DUPLICATES
)
_part("limits", ("limits", "large_exposures"), "Limits, headroom and breaches; large exposures.")
_part("warnings", ("findings",), "Early warnings: what is late, got worse, changed or is old.", WARNINGS)


@main.command()
@_source
@click.argument("subject")
@_language
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def explain(subject: str, lang: str, *, as_json: bool, **source: Any) -> None:
    """Why: chains, paths and source rows behind a party, a group or a finding."""
    from exposure.explain import explain as explained

    told = explained(_analysis(**source), subject)
    click.echo(
        json.dumps(told.as_dict(lang), ensure_ascii=False, default=str) if as_json else told.text(lang)
    )


@main.command()
@_source
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
@_printed
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
    from app.terminal import shown
    from ingest.changes import read

    proposals, analysis, record = read(changes), _analysis(**source), None
    if reserve:
        record, answer = asked.reserved(analysis, source["source"], proposals, hours, by)
    else:
        answer = asked.answered(analysis, source["source"], proposals)
    if out is not None:
        asked.write(answer, out)
    if as_json:
        number = {} if record is None else {"reservation": record.number, "until": record.body["until"]}
        click.echo(json.dumps({**answer.as_dict(), **number}, ensure_ascii=False, default=str))
        return
    click.echo(asked.as_text(answer, analysis.snapshot.base, lang))
    if record is not None:
        click.echo(asked.words(lang)["reserved"].format(until=record.body["until"], number=record.number))
    for title, table in answer.tables.items() if out is None else ():
        click.echo(shown(f"{title}: before and after", table, lang))


@main.command()
@click.argument("store_url")
@click.option("--release", type=int, metavar="NUMBER", help="Give back what this reservation holds.")
@click.option("--by", default="", help="Who releases; default: the user.")
@_language
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


@main.command()
@_source
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
@_printed
def contagion(lang: str, out: Path | None, *, as_json: bool, **given: Any) -> None:
    """What the failure of some costs others: by party, lender and group, edge by edge."""
    from dataclasses import fields

    from app import contagion as asked
    from app.terminal import shown

    wanted = asked.Asked(**{f.name: given.pop(f.name) for f in fields(asked.Asked)})
    tables, summary = asked.run(_analysis(**given), wanted)
    if out is not None:
        asked.write(tables, summary, out)
    if as_json:
        told = {"summary": summary, **{name: table.to_pylist() for name, table in tables.items()}}
        click.echo(json.dumps(told if out is None else summary, ensure_ascii=False, default=str))
        return
    click.echo(asked.headline(summary, lang))
    for title, table in asked.telling(tables).items() if out is None else ():
        click.echo(shown(title, table, lang))


@main.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write the report here; default: a new folder.")
@click.option("--no-app", is_flag=True, help="Return after the report instead of opening the web app on it.")
@click.option("--port", type=int, default=8501, envvar=f"{PREFIX}_PORT", show_default=True)
@click.pass_context
def demo(ctx: click.Context, out: Path | None, port: int, *, no_app: bool) -> None:
    """Analyse the sample banking group that comes with Konzern and open the web app on it: needs no server."""
    import tempfile

    from app.source import SAMPLE

    folder = out or Path(tempfile.mkdtemp(prefix="konzern-demo-"))
    ctx.invoke(report, source=str(SAMPLE), out=folder)
    click.echo(f"\nNext:  konzern groups {SAMPLE}\n       konzern explain {SAMPLE} PARTY")
    if not no_app:
        from app.web import Wanted, start

        start(str(SAMPLE), Wanted(port=port))


if __name__ == "__main__":
    main()
