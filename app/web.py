"""The command ``app``: the web app on a store or a folder, on loopback unless people sign in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from app.launch import ADDRESS, PORT, free, prepare, reachable, serve
from app.options import language, packs, rule_packs
from app.settings import PREFIX
from app.source import STORE
from graph.errors import OptionError


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
    default=PORT,
    envvar=f"{PREFIX}_PORT",
    show_default=True,
    help="Port; the next free one is taken if it is in use.",
)
@rule_packs
@language
@click.option(
    "--audit",
    type=click.Path(path_type=Path),
    envvar=f"{PREFIX}_AUDIT",
    help="The audit file; default: audit.jsonl in the store's folder.",
)
@click.option(
    "--sign-in",
    type=click.Path(path_type=Path),
    envvar=f"{PREFIX}_SIGN_IN",
    help="People sign in at an OpenID Connect provider that this TOML file names; it also maps claims to roles.",
)
@click.option(
    "--address",
    default=ADDRESS,
    envvar=f"{PREFIX}_ADDRESS",
    show_default=True,
    help="Address to listen on; one that other machines reach only with --sign-in.",
)
def command(source: str, **told: Any) -> None:  # noqa: ANN401 (click's options)
    """Open the web app on a store, or on a folder of files, and print its address."""
    start(source, Wanted(**told))


@dataclass(frozen=True)
class Wanted:
    """How the app is asked for: the options of the command."""

    role: str | None = None
    port: int = PORT
    rules: str = "EU-CRR"
    lang: str = "en"
    audit: Path | None = None
    sign_in: Path | None = None
    address: str = ADDRESS


def start(source: str, wanted: Wanted) -> None:
    """Prepare the report, print the address and serve until Ctrl-C."""
    from app.memory import keep_freed
    from app.signin import read
    from exposure.report import Request

    if wanted.role and wanted.sign_in:
        raise OptionError("--as and --sign-in exclude each other: a sample principal, or people who sign in")
    sign_in = read(wanted.sign_in) if wanted.sign_in else None
    reachable(wanted.address, sign_in)
    keep_freed()
    request = Request(packs=packs(wanted.rules))
    prepare(source, request, wanted.role, wanted.lang, wanted.audit, sign_in)
    port = free(wanted.port, wanted.address)
    click.echo(f"\nKonzern: http://{wanted.address}:{port}   (Ctrl-C stops it)")
    serve(port, wanted.address)
