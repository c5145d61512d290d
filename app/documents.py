"""Documents: the pages of ``docs`` that are written from the code, and the sessions that README quotes.

``python -m app.documents`` (``make docs``) brings them up to date in a clone; the tests compare.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click
from click.testing import CliRunner

from app.cli import main
from app.source import SAMPLE, compiled
from exposure.findings import words
from exposure.glossary import results_page
from exposure.report import Analysis
from exposure.results import RESULTS
from exposure.rulebook import rules_page
from graph.document import grid, model_page
from graph.errors import KonzernError

ROOT: Final = Path(__file__).parents[1]
READMES: Final = ("README.md", "README.zh.md")
_MODULES: Final = re.compile(r"^(<!-- modules (\w+) -->\n).*?^(<!-- end -->)$", re.MULTILINE | re.DOTALL)
_SESSION: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND: Final = re.compile(r"\$ konzern (?P<words>[^|]+?)(?: \| head -(?P<head>\d+))?")
_SECONDS: Final = re.compile(r"\bin \d+\.\d+ s\b")

Run = Callable[[list[str]], str]
"""Runs a command of Konzern and gives what it prints."""


class SessionError(KonzernError):
    """A command that a document quotes but that fails, or that no session can run."""


def pages(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Every document that is made, in whole or in part, with the text that it should have."""
    yield root / "docs" / "model.md", model_page({language: words(language) for language in ("en", "zh")})
    yield root / "docs" / "results.md", results_page(not_computed())
    yield root / "docs" / "rules.md", rules_page()
    architecture = root / "docs" / "architecture.md"
    yield architecture, with_modules(architecture.read_text("utf-8"), root)
    with _workplace() as run:
        for name in READMES:
            yield root / name, with_sessions((root / name).read_text("utf-8"), run)


def not_computed() -> list[str]:
    """Results, and columns as ``result.column``, that this release does not compute for the sample."""
    snapshot, noticed = compiled(str(SAMPLE))
    analysis = Analysis(snapshot, noticed=noticed)
    missing: list[str] = analysis.summary({name: analysis.table(name) for name in RESULTS})["not_computed"]
    return missing


def with_modules(text: str, root: Path = ROOT) -> str:
    """The text with a table of modules in each ``<!-- modules PACKAGE --> ... <!-- end -->``."""

    def renewed(place: re.Match[str]) -> str:
        return place[1] + grid(("module", "subject"), _modules(root / place[2])) + place[3]

    return _MODULES.sub(renewed, text)


def _modules(package: Path) -> Iterator[tuple[str, str]]:
    """Modules of a package, then packages in it, each with the first line of its docstring."""
    inner = set(package.glob("*/__init__.py"))
    for path in [*sorted(set(package.glob("*.py")) - {package / "__init__.py"}), *sorted(inner)]:
        shown = f"{path.parent.name}/" if path in inner else path.name
        yield f"`{shown}`", (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


def with_sessions(text: str, run: Run) -> str:
    r"""The text with the output of each ``$ konzern ...`` in its console blocks made anew.

    A command may end in ``| head -N``. Run times, which no two runs share, are left out.

    >>> print(with_sessions("```console\n$ konzern check a | head -1\nold\n```", lambda _: "new\nmore"))
    ```console
    $ konzern check a | head -1
    new
    ```
    """

    def renewed(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{c}\n{_output(c, run)}" for c in commands) + "```"

    return _SESSION.sub(renewed, text)


def _output(command: str, run: Run) -> str:
    """What a command of a session prints."""
    parsed = _COMMAND.fullmatch(command)
    if parsed is None:
        raise SessionError(f"{command!r} cannot be run: write $ konzern ..., at most with | head -N")
    lines = _SECONDS.sub("in … s", run(parsed["words"].split())).splitlines()
    return "".join(f"{line}\n" for line in lines[: int(parsed["head"]) if parsed["head"] else None])


@contextlib.contextmanager
def _workplace() -> Iterator[Run]:
    """Run commands in an empty folder in which ``app/sample`` is the sample group, each of them once."""
    made: dict[str, str] = {}
    unset = {name: None for name in os.environ if name.startswith("KONZERN_")}

    def run(arguments: list[str]) -> str:
        line = " ".join(arguments)
        if line not in made:
            result = CliRunner().invoke(main, arguments, prog_name="konzern", env=unset)
            if result.exit_code > 1 or not isinstance(result.exception, SystemExit | None):
                raise SessionError(f"konzern {line}: {result.output}") from result.exception
            made[line] = result.output
        return made[line]

    with tempfile.TemporaryDirectory(prefix="konzern-docs-") as folder:
        (Path(folder) / "app").symlink_to(SAMPLE.parent)
        with contextlib.chdir(folder):
            yield run


def write() -> list[Path]:
    """Write every document that is not as it should be; their paths."""
    changed = [
        (path, text) for path, text in list(pages()) if not path.is_file() or path.read_text("utf-8") != text
    ]
    for path, text in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return [path for path, _ in changed]


if __name__ == "__main__":
    for written in write():
        click.echo(written.relative_to(ROOT))
