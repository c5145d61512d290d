"""The house keeps its own word: commands, locks, floors, the wheel, and what must not stand in any file."""

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.tree import PROJECT, ROOMS, ROOT, files

LOCKS = {"demo": ROOT / "requirements" / "demo.txt", "test": ROOT / "requirements" / "test.txt"}


def locked(name: str) -> list[tuple[Requirement, int]]:
    """Each requirement of a lock file with the number of its hashes."""
    text = re.sub(r"^#.*\n", "", LOCKS[name].read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = [line.split() for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [
        (
            Requirement(" ".join(w for w in words if not w.startswith("--"))),
            sum(w.startswith("--hash=") for w in words),
        )
        for words in entries
    ]


def texts() -> list[tuple[str, str]]:
    """Path and text of every file that is text."""
    found = []
    for path in files():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_documents_name_only_commands_that_the_makefile_has() -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert {"demo", "test", "soak", "lint", "types", "layers", "bench", "lock", "clean"} <= targets
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {
        m
        for path in documents
        for m in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named
    assert named <= targets


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_requirement_is_exact_and_hashed(name: str) -> None:
    entries = locked(name)
    assert entries
    assert [
        str(r) for r, hashes in entries if not hashes or [s.operator for s in r.specifier] != ["=="]
    ] == []


def test_demo_lock_is_a_part_of_the_test_lock() -> None:
    """Otherwise `make demo` after `make test` would change versions under the tests."""
    anywhere = {(r.name, str(r.specifier)) for r, _ in locked("test") if r.marker is None}
    whole = {str(r) for r, _ in locked("test")}
    demo = [r for r, _ in locked("demo")]
    assert [str(r) for r in demo if (r.name, str(r.specifier)) not in anywhere and str(r) not in whole] == []


def test_floors_lie_at_or_below_the_locked_versions() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = {
        "demo": [*PROJECT["project"]["dependencies"], *extras["build"]],
        "test": [*PROJECT["project"]["dependencies"], *extras["build"], *extras["dev"]],
    }
    for name, requirements in asked.items():
        versions: dict[str, list[Version]] = {}
        for requirement, _ in locked(name):
            exact = Version(next(iter(requirement.specifier)).version)
            versions.setdefault(canonicalize_name(requirement.name), []).append(exact)
        for requirement in map(Requirement, requirements):
            if requirement.name != PROJECT["project"]["name"]:
                found = versions.get(canonicalize_name(requirement.name), [])
                assert found, f"{requirement} is not in requirements/{name}.txt: make lock"
                assert all(v in requirement.specifier for v in found), f"{requirement}: {found}"


def test_build_backend_is_locked_as_it_is_declared() -> None:
    assert PROJECT["project"]["optional-dependencies"]["build"] == PROJECT["build-system"]["requires"]


def test_no_bench_script_hides_a_package_from_the_others() -> None:
    """The folder of a script that is run stands first among those that are imported from."""
    assert {path.stem for path in (ROOT / "bench").glob("*.py")} & {
        *ROOMS,
        *packages_distributions(),
    } == set()


def test_wheel_carries_every_file_of_the_rooms(tmp_path: Path) -> None:
    """A rule pack, a mapping or a saved question left behind is missed only by those who install."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    kept = {p.relative_to(ROOT).as_posix() for p in files() if p.relative_to(ROOT).parts[0] in ROOMS}
    assert kept <= carried


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine() -> None:
    hosts = r"//[\w.-]*(pypi|pythonhosted|npmjs|yarnpkg|crates|maven|golang|debian|ubuntu)\.[a-z]"
    options = r"(extra-|default-)?index[-_]url\b|registry\s*=\s*[\"']?https?:"
    mirrors = [
        os.environ[v] for v in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX") if os.environ.get(v)
    ]
    machine = [f"{folder}/" for folder in (ROOT, Path.home()) if folder != Path("/")]
    literal = "|".join(map(re.escape, [*mirrors, *machine]))
    pattern = re.compile(rf"{hosts}|{options}|(?<![\w.-])(?:{literal})", re.IGNORECASE)
    ours = str(Path(__file__).relative_to(ROOT))
    assert [(path, m.group()) for path, text in texts() if path != ours for m in pattern.finditer(text)] == []


def test_nothing_is_left_for_later() -> None:
    mark = re.compile("TO" + "DO|FIX" + "ME")
    assert [path for path, text in texts() if mark.search(text)] == []
