"""Commands on the local Neo4j: bring its jars, start it, end it, look at it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.progress import following

LOCAL = "neo4j:local"
_jars = click.option(
    "--jars",
    type=click.Path(path_type=Path, file_okay=False),
    help="Take the server's jars from this folder.",
)


def _brought(folder: Path | None) -> None:
    """Bring in what is missing of the server, telling how far it is."""
    from graph.server import jars

    with following() as step:
        jars.fetch(folder, lambda name, done, total: step(name, done // 1_000_000, total // 1_000_000))


@click.command()
@_jars
def jars(jars: Path | None) -> None:
    """Fetch the jars of the local Neo4j, or take them from a folder; start nothing."""
    from graph.server import jars as locked

    _brought(jars)
    click.echo(f"Neo4j {locked.VERSION}: {len(locked.locked())} jars in {locked.folder()}")


@click.command()
@_jars
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def up(jars: Path | None, *, as_json: bool) -> None:
    """Start the local Neo4j; it runs until konzern store down."""
    from graph.server import process
    from graph.server.home import Home

    _brought(jars)
    home = Home()
    with following() as step:
        process.prepare(home, lambda what: step(what, 0, 1))
        step("starting the server", 0, 1)
        server = process.up(home, lasting=True)
    told = {
        "url": server.url,
        "user": server.auth[0],
        "password_file": str(home.password_file),
        "home": str(home.root),
    }
    click.echo(
        json.dumps(told)
        if as_json
        else f"{LOCAL} answers at {server.url}, user {told['user']}, password in {told['password_file']}"
    )


@click.command()
def down() -> None:
    """End the local Neo4j; what it holds stays."""
    from graph.server import process
    from graph.server.home import Home

    click.echo(f"{LOCAL} has ended" if process.down(Home()) else f"{LOCAL} does not run")


def running() -> bool:
    """Whether the local Neo4j runs."""
    from graph.server import process
    from graph.server.home import Home

    return process.found(Home()) is not None


def importing() -> bool | None:
    """Whether a large first load goes on while the local Neo4j is down; False where one was cut off, None without."""
    from graph.server import process
    from graph.server.home import Home

    return process.importing(Home())


def check_offline() -> str:
    """What Neo4j's own check says of the databases of the stopped server."""
    from graph.server import process
    from graph.server.home import Home

    return process.check(Home())
