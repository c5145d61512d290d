"""Options: what every command that reads a book takes, and the analysis that these describe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.settings import PREFIX, pairs

if TYPE_CHECKING:
    from exposure.report import Analysis


rule_packs = click.option(
    "--rules",
    default="EU-CRR",
    envvar=f"{PREFIX}_RULES",
    show_default=True,
    help="Rule packs, comma separated; the first leads.",
)
"""The rule packs, as ``packs`` reads them."""

language = click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", envvar=f"{PREFIX}_LANG", show_default=True
)
"""The language of sentences."""


def packs(rules: str) -> tuple[str, ...]:
    """Names of the rule packs that the option ``--rules`` lists.

    >>> packs("CN-LE, CN-UNIFIED")
    ('CN-LE', 'CN-UNIFIED')
    """
    return tuple(part.strip() for part in rules.split(","))


def reading(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that reads a book."""
    for option in reversed(
        (
            click.argument("source"),
            click.option("--mapping", help="Translate another layout: a name such as finbench, or a TOML file."),
            click.option("--encoding", help="How CSV files are encoded that are not UTF-8, such as gb18030."),
            rule_packs,
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


def printed(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that prints tables."""
    command = language(command)
    command = click.option(
        "--out", type=click.Path(path_type=Path), help="Write the tables into this folder."
    )(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def analysis_of(
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
    from graph.model import SHARE
    from graph.numbers import share

    request = Request(
        packs=packs(rules),
        options=pairs(options),
        lender=lender,
        min_share=int(share("--min-share", min_share) * SHARE.scale),
    )
    snapshot, noticed = compiled(
        source, mapping=mapping, encoding=encoding, as_of=as_of, base=base, version=book_version
    )
    previous = earlier(source, snapshot, since, int(house().setting("compare", "days")))
    return Analysis(snapshot, request, noticed, previous=previous)
