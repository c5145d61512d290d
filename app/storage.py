"""Commands on stores: ``load`` for the nightly job, ``store`` for those who look after it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.localserver import LOCAL, check_offline, down, importing, jars, running, up
from app.options import language
from app.sentences import sentences
from app.settings import PREFIX
from app.source import STORE, dialect
from graph.errors import OptionError, StoreError

if TYPE_CHECKING:
    from graph.store import Job, Results
    from ingest.load import Loaded


_store = click.option(
    "--store", "url", default=STORE, envvar=f"{PREFIX}_STORE", show_default=True, help="URL of the store."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def words(lang: str) -> dict[str, str]:
    """Sentences about stores and answers in ``en`` or ``zh``."""
    return sentences("store", lang)


@click.command()
@click.argument("folder", metavar="BOOK")
@_store
@click.option("--mapping", help="Translate another layout: a name such as finbench, or a TOML file.")
@click.option("--encoding", help="How CSV files are encoded that are not UTF-8, such as gb18030.")
@click.option("--quarantine", type=click.Path(path_type=Path), help="Set bad rows aside into this folder.")
@click.option("--max-quarantine", default="1%", show_default=True, help="Share of rows set aside at most.")
@_json
def load(
    folder: str,
    url: str,
    mapping: str | None,
    encoding: str | None,
    quarantine: Path | None,
    max_quarantine: str,
    *,
    as_json: bool,
) -> None:
    """Load a book into a store: an ingest job, idempotent and resumable."""
    from app.memory import keep_freed
    from app.progress import following
    from graph.store import open_store
    from ingest.load import Aside
    from ingest.load import load as job

    keep_freed()
    aside = None if quarantine is None else Aside(quarantine, _share(max_quarantine))
    said = dialect(encoding)
    with following() as step:
        loaded = job(folder, open_store(url), mapping=mapping, dialect=said, aside=aside, step=step)
    click.echo(json.dumps(_told(loaded), ensure_ascii=False, default=str) if as_json else _text(loaded))


def _share(text: str) -> Fraction:
    """A share such as 1% or 0.01."""
    number, percent, rest = text.strip().partition("%")
    try:
        share = Fraction(number) / (100 if percent else 1)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if rest or not 0 <= share <= 1:
        raise OptionError(f"--max-quarantine {text}: write a share such as 1% or 0.01")
    return share


def _told(loaded: Loaded) -> dict[str, object]:
    """What became of a delivery, for programs."""
    return {
        "version": loaded.version,
        "new": loaded.is_new,
        "subsidiary": loaded.delivery.by,
        "kind": loaded.delivery.kind,
        "quarantine": loaded.quarantine,
        "since": list(loaded.since),
        "receipt": dict(loaded.told),
    }


def _text(loaded: Loaded) -> str:
    """What became of a delivery, for people."""
    if not loaded.is_new:
        later = ", ".join(str(v) for v in loaded.since)
        whose = loaded.delivery.by or "the subsidiary without a name"
        since = f"; since then {whose} delivered version {later}" if later else ""
        return f"already loaded as version {loaded.version}; nothing changed{since}"
    what = ", ".join(part for part in (loaded.delivery.kind, loaded.delivery.by) if part)
    lines = [f"loaded as version {loaded.version} ({what})"]
    told = loaded.told
    lines.append("reconciled with its manifest" if told["reconciled"] else "unreconciled: it has no manifest")
    lines += [
        f"  {t['table']:18}{t['rows']:>12,} rows = {t['used']:,} used + {t['aside']:,} set aside"
        for t in told["tables"]
    ]
    lines += [_deleted(table, n, told["absent"].get(table, 0)) for table, n in told["deleted"].items()]
    lines += [f"  {s['table']}.{s['column']}: {s['amount']} {s['currency']}" for s in told["sums"]]
    if told["conflict_total"]:
        lines.append(f"  {told['conflict_total']:,} keys on which another subsidiary says something else")
    if loaded.quarantine:
        lines.append(f"  rows set aside are in {loaded.quarantine}")
    return "\n".join(lines)


def _deleted(table: str, count: int, absent: int) -> str:
    """How many keys of a table a delivery deletes; a key that is not there may be misspelt."""
    return f"  {table:18}{count:>12,} deleted" + (f", of which not there: {absent:,}" if absent else "")


@click.group()
def store() -> None:
    """Look after a store: up, down, status, check, dump, load, migrate."""


store.add_command(up)
store.add_command(down)
store.add_command(jars)


@store.command()
@_store
@language
@_json
def status(url: str, lang: str, *, as_json: bool) -> None:
    """Which versions a store holds and from whom, who writes to it now, and what its results are of."""
    from graph.deliveries import incomplete
    from graph.store import open_store

    say = words(lang)
    if url == LOCAL and not running():
        going = importing()
        told: dict[str, Any] = {"url": url, "running": False, "importing": going}
        lines = [say["not_running"].format(url=url)]
        if going is not None:
            lines = [say["importing"]] if going else [say["import_cut_off"], *lines]
        click.echo(json.dumps(told) if as_json else "\n".join(lines))
        return
    held = open_store(url)
    job, latest = held.job(), held.latest()  # in this order: a load that ends meanwhile is a version then
    deliveries = held.reader(latest).deliveries() if latest else ()
    results, day = held.results(), held.shown_day()
    late = incomplete(deliveries)
    if as_json:
        rows = [
            {"version": d.version, "subsidiary": d.by, "kind": d.kind, "period": d.period} for d in deliveries
        ]
        told = {"url": url, "latest": latest, "versions": rows, "incomplete": late}
        told |= {"job": job and asdict(job), "day": day, "results": results and asdict(results)}
        click.echo(json.dumps(told, ensure_ascii=False, default=str))
        return
    lines = [say["versions"].format(url=url, count=f"{latest:,}")]
    lines += [
        say["delivery"]
        .format(version=d.version, kind=say[d.kind], subsidiary=d.by, period=d.period or "")
        .rstrip()
        for d in deliveries
    ]
    lines += [say["incomplete"].format(names=", ".join(late))] if late else []
    lines += [working(job, say)] if job else []
    lines += _results(results, url, latest, day, say) if results else []
    click.echo("\n".join(lines))


def working(job: Job, say: Mapping[str, str]) -> str:
    """Who writes now, or what was cut off, as a sentence."""
    since = say["since"].format(time=f"{job.since:%Y-%m-%d %H:%M:%S}") if job.since else ""
    process = say["process" if job.here else "process_elsewhere"].format(process=job.process)
    who = say["who"].format(by=job.by or say["somebody"], process=process, since=since)
    kind = "ended" if not job.goes_on else "writing"
    if job.version:
        kind = "loading" if job.goes_on else "cut_off"
    table = say["last_table"].format(table=job.table) if job.table else ""
    return say[kind].format(
        who=who, version=job.version, batches=f"{job.batches:,}", rows=f"{job.rows:,}", table=table
    )


def _results(held: Results, url: str, version: int, day: dt.date | None, say: Mapping[str, str]) -> list[str]:
    """What the results in the graph are of, and whether that is what the graph shows."""
    told = asdict(held) | {
        "as_of": held.as_of or say["unknown"],
        "base": held.base or say["unknown"],
        "packs": ", ".join(held.packs) or say["unknown"],
        "options": "".join(f", {k}={v}" for k, v in held.options.items()),
    }
    lines = [say["results"].format_map(told)]
    if (held.version, held.as_of) != (version, day):
        lines.append(say["results_stale"].format(version=version, day=day, url=url))
    return lines


@store.command("check")
@_store
@click.option("--offline", is_flag=True, help="neo4j:local, stopped: Neo4j's own check of its files.")
def check_store(url: str, *, offline: bool) -> None:
    """Whether everything that a store keeps is whole; exit 3 if not."""
    from graph.store import open_store

    if offline:
        if url != LOCAL:
            raise OptionError(f"--offline: only {LOCAL} is checked so, not {url}")
        click.echo(check_offline().rstrip(), err=True)
        click.echo(f"{url}: its files are whole")
        return
    damaged = open_store(url).check()
    if damaged:
        raise StoreError(f"{url} is damaged:\n" + "\n".join(damaged))
    click.echo(f"{url}: whole")


@store.command("dump")
@click.argument("file", type=click.Path(path_type=Path))
@_store
def dump_store(file: Path, url: str) -> None:
    """Write every version and the journal of a store into one file."""
    from graph.dump import dump
    from graph.store import open_store

    made = dump(open_store(url), file)
    click.echo(f"{file}: {made.versions:,} versions, {made.records:,} journal records, {made.graph_hash}")


@store.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@_store
def load_store(file: Path, url: str) -> None:
    """Bring a dump back into a new store."""
    from graph.dump import load_dump

    made = load_dump(file, url)
    click.echo(f"{url}: {made.versions:,} versions, {made.records:,} journal records, {made.graph_hash}")


@store.command("migrate")
@click.argument("target")
@_store
def migrate_store(target: str, url: str) -> None:
    """Copy a store of an older format into TARGET, in today's."""
    from graph.dump import migrate

    made = migrate(url, target)
    click.echo(f"{target}: {made.versions:,} versions in format {made.format}, {made.graph_hash}")
