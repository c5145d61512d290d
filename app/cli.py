"""The command line: ``konzern``. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from app.codes import DUPLICATES, WARNINGS
from app.options import analysis_of, language, printed, reading
from app.query import graph_store, query
from app.scenarios import contagion, reservations, whatif
from app.settings import PREFIX, from_file
from app.storage import load, store
from app.web import command as web
from graph.errors import InputError, KonzernError, OptionError
from graph.findings import SEVERITIES

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
@reading
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--formats", help="parquet,csv,xlsx,html; default: all four.")
@language
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
    from app.memory import keep_freed, uncollected

    with uncollected():
        from app import output
        from app.kept import basis, reported, streamed
        from app.source import store_of

        keep_freed()
        chosen = output.formats(formats)
        analysis, store = analysis_of(**source), store_of(source["source"])
    graph = graph_store(store) if write_back else None
    if graph is not None:
        graph.check_basis(basis(analysis))
    summary: Mapping[str, Any]
    if store is None and set(chosen) <= set(output.PER_TABLE):
        analysis = replace(analysis, snapshot=analysis.snapshot.outlined())
        summary = streamed(analysis, out, chosen)
    else:
        tables, summary = reported(analysis, store)
        output.write_report(tables, summary, out, chosen, lang)
        if graph is not None:
            graph.write_back(tables, basis(analysis))
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

        analysis = analysis_of(**source)
        made = {table: analysis.table(table) for table in tables}
        if codes:
            made["findings"] = output.of_codes(made["findings"], codes)
        if out is not None:
            output.write_report(made, analysis.summary(made), out, output.PER_TABLE)
        if as_json:
            click.echo(
                json.dumps(
                    {k: t.to_pylist() for k, t in made.items()}, ensure_ascii=False, default=output.plain
                )
            )
        elif out is None:
            for title, table in made.items():
                click.echo(shown(title, table, lang))

    command.__doc__ = doc
    main.command(name)(reading(printed(command)))


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
@reading
@click.argument("subject")
@language
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def explain(subject: str, lang: str, *, as_json: bool, **source: Any) -> None:
    """Why: chains, paths and source rows behind a party, a group or a finding."""
    from exposure.explain import explain as explained

    told = explained(analysis_of(**source), subject)
    click.echo(
        json.dumps(told.as_dict(lang), ensure_ascii=False, default=str) if as_json else told.text(lang)
    )


main.add_command(whatif)
main.add_command(reservations)
main.add_command(contagion)


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
