"""The command ``app``: the web app on a store or a folder, on loopback."""

from __future__ import annotations

from pathlib import Path

import click

from app.settings import PREFIX
from app.source import STORE


@click.command("app")
@click.argument("source", default=STORE, envvar=f"{PREFIX}_STORE")
@click.option(
    "--as",
    "role",
    metavar="ROLE",
    help="Start as a sample principal: manager, approver, analyst, auditor, "
    "operator, or subsidiary:LENDER; default: one local principal with all roles.",
)
@click.option(
    "--port",
    type=int,
    default=8501,
    envvar=f"{PREFIX}_PORT",
    show_default=True,
    help="Port on 127.0.0.1; the next free one is taken if it is in use.",
)
@click.option(
    "--rules",
    default="EU-CRR",
    envvar=f"{PREFIX}_RULES",
    show_default=True,
    help="Rule packs, comma separated; the first leads.",
)
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", envvar=f"{PREFIX}_LANG", show_default=True
)
@click.option(
    "--audit",
    type=click.Path(path_type=Path),
    envvar=f"{PREFIX}_AUDIT",
    help="The audit file; default: audit.jsonl in the store's folder.",
)
def command(source: str, role: str | None, port: int, rules: str, lang: str, audit: Path | None) -> None:
    """Open the web app on a store, or on a folder of files, and print its address."""
    start(source, role=role, port=port, rules=rules, language=lang, audit=audit)


def start(
    source: str, *, role: str | None = None, port: int = 8501, rules: str = "EU-CRR", language: str = "en",
    audit: Path | None = None,
) -> None:  # fmt: skip
    """Prepare the report, print the address and serve until Ctrl-C."""
    from app.launch import ADDRESS, free, prepare, serve
    from app.memory import keep_freed
    from exposure.report import Request

    keep_freed()
    prepare(source, Request(packs=tuple(p.strip() for p in rules.split(","))), role, language, audit)
    chosen = free(port)
    click.echo(f"\nKonzern: http://{ADDRESS}:{chosen}   (Ctrl-C stops it)")
    serve(chosen)
