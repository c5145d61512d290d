"""What the documents say is there: pages made from the code, links, commands, settings, folders, examples."""

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import main
from app.documents import ROOT, pages
from exposure.glossary import ROWS, meanings
from exposure.results import RESULTS
from tests.tree import ROOMS, files

READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
DOCUMENTS = sorted([*READMES, ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def named(path: Path) -> str:
    """A document's name in test reports."""
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A document without its blocks of code."""
    return BLOCK.sub("", path.read_text("utf-8"))


def commands(path: Path) -> Iterator[list[str]]:
    """Every ``konzern ...`` that a document quotes in a block or a span, word by word."""
    text = path.read_text("utf-8")
    lines = [line.removeprefix("$ ") for _, block in BLOCK.findall(text) for line in block.splitlines()]
    for quoted in [*lines, *re.findall(r"`([^`\n]+)`", prose(path))]:
        if quoted.startswith("konzern "):
            yield shlex.split(quoted.split(" | ")[0].split(" # ")[0])[1:]


def anchors(path: Path) -> set[str]:
    """Names of a document's headings as links write them."""
    titles = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_pages_made_from_the_code_are_current() -> None:
    old = [named(path) for path, text in pages() if not path.is_file() or path.read_text("utf-8") != text]
    assert old == [], "make docs"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_result_and_column_has_a_meaning(language: str) -> None:
    said = meanings(language)
    assert {name: list(columns) for name, columns in said.items()} == {
        name: [ROWS, *columns] for name, columns in RESULTS.items()
    }
    assert [c for columns in said.values() for c, text in columns.items() if not text.strip()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_relative_links_lead_somewhere(document: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (document.parent / path).resolve() if path else document
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_quoted_commands_and_their_options_are_those_of_the_command_line(document: Path) -> None:
    unknown = []
    for words in commands(document):
        held: list[click.Command] = [main]
        for word in words:
            known = {opt for command in held for p in command.params for opt in (*p.opts, *p.secondary_opts)}
            if word.startswith("-"):
                if word.partition("=")[0] not in known | {"--help", "--version"}:
                    unknown.append(" ".join(words))
            elif isinstance(held[-1], click.Group):
                if word not in held[-1].commands:
                    unknown.append(" ".join(words))
                    break
                held.append(held[-1].commands[word])
    assert unknown == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_named_variables_are_read_somewhere(document: Path) -> None:
    asked = {v for c in main.commands.values() for p in c.params for v in _variables(p)}
    code = "".join(p.read_text("utf-8") for p in files() if p.suffix == ".py" and _room(p) in ROOMS)
    mentioned = set(re.findall(r"KONZERN_[A-Z0-9_]*[A-Z0-9]", document.read_text("utf-8")))
    assert {v for v in mentioned - asked if f'"{v}"' not in code} == set()


def _variables(parameter: click.Parameter) -> list[str]:
    held = parameter.envvar
    return [held] if isinstance(held, str) else list(held or ())


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("readme", READMES, ids=named)
def test_readme_names_every_folder(readme: Path) -> None:
    folders = {f"{_room(p)}/" for p in files() if p.parent != ROOT}
    rows = re.findall(r"^\| \[(\S+?)\]\((\S+?)\)", readme.read_text("utf-8"), re.MULTILINE)
    assert {name for name, target in rows if name == f"{target}/"} == folders


def test_both_readmes_tell_the_same() -> None:
    english, chinese = (readme.read_text("utf-8") for readme in READMES)

    def shape(text: str) -> list[tuple[str, list[str]]]:
        blocks = [(kind, block.replace(" --lang zh", "")) for kind, block in BLOCK.findall(text)]
        return [
            (
                kind,
                [
                    line.split("  #")[0]
                    for line in block.splitlines()
                    if kind != "console" or line[:2] == "$ "
                ],
            )
            for kind, block in blocks
        ]

    assert shape(english) == shape(chinese)
    spans = [set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)) for text in (english, chinese)]
    assert spans[0] == spans[1]
    levels = [re.findall(r"^(#+) ", BLOCK.sub("", text), re.MULTILINE) for text in (english, chinese)]
    assert levels[0] == levels[1]


def test_examples_in_python_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").symlink_to(ROOT / "app")
    for name in [n for n in os.environ if n.startswith("KONZERN_") and n != "KONZERN_CACHE"]:
        monkeypatch.delenv(name)
    done = CliRunner().invoke(main, ["report", "app/sample", "--out", "out", "--formats", "parquet"])
    assert done.exit_code == 0, done.output
    with contextlib.redirect_stdout(io.StringIO()):
        for kind, block in BLOCK.findall(READMES[0].read_text("utf-8")):
            if kind == "python":
                exec(compile(block, "README.md", "exec"), {})  # noqa: S102 (that is the test)
