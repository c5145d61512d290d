"""Every broken book comes to its stated end on the path that a user takes: told in full, nothing lost, no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from graph.errors import InputError
from ingest.job import read
from ingest.sources.delimited import Dialect
from tests.ingest.books import write
from tests.ingest.corpus import FAULTS, Fault

BY_NAME = {fault.name: fault for fault in FAULTS}
MOST = 600 << 10
"""KiB of memory that reading the largest of them may take in all, the program itself included."""


def written(fault: Fault, folder: Path) -> tuple[Path, list[str]]:
    """The broken book on disk, and the options of the command."""
    files = {n: body for n, body in fault.files.items() if n != "m.toml"}
    (folder / "book").mkdir()
    for name, body in fault.files.items():
        if name == "m.toml" and isinstance(body, str):
            (folder / name).write_text(body)
    options = [str(folder / o) if o == "m.toml" else o for o in fault.options]
    return write(folder / "book", files, fault.without), options


def test_there_are_more_than_eighty_and_each_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(FAULTS) > 80
    assert all(bool(f.problems) != bool(f.said) for f in FAULTS)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fault_comes_to_its_end(name: str, tmp_path: Path) -> None:
    fault = BY_NAME[name]
    folder, options = written(fault, tmp_path)
    ended = CliRunner().invoke(main, ["check", str(folder), *options], catch_exceptions=False)
    if not fault.problems:
        assert (ended.exit_code, fault.said in ended.output) == (0, True), ended.output
        return
    assert ended.exit_code == 2
    mapping = options[1] if "--mapping" in options else None
    lines = ended.stderr.splitlines()
    said = Dialect(encoding="gb18030") if "gb18030" in options else None
    with pytest.raises(InputError) as caught:
        read(folder, mapping, dialect=said)
    problems = caught.value.problems
    assert [(p.file, p.row, p.column, p.value, p.rule) for p in problems] == sorted(fault.problems)
    assert all(p.message and p.remedy for p in problems)
    assert [f"konzern: {line}" if i == 0 else line for i, line in enumerate(map(str, problems))] == lines


ROWS = [f.name for f in FAULTS if f.problems and all(p[1] for p in f.problems) and not f.options]


@pytest.mark.parametrize("name", ROWS)
def test_set_aside_or_used_no_row_is_lost(name: str, tmp_path: Path) -> None:
    fault = BY_NAME[name]
    folder, _ = written(fault, tmp_path)
    found = None
    try:
        book, receipt = read(folder, quarantine=True)
    except InputError as error:
        found = error
    if found is not None:  # no quarantine of rows helps where a file or sheet as a whole is wrong
        assert {p.rule for p in found.problems} <= OF_FILES
        return
    for count in receipt.counts:
        assert count.used == book.table(count.table).num_rows
        assert count.delivered == count.used + count.aside
    assert receipt.aside > 0
    assert receipt.problem_total >= 1


OF_FILES = {
    "wrong_bytes", "ragged_row", "open_quote", "duplicate_header", "empty_header", "delimiter", "lost_digits",
    "padded_number", "error_cell", "formula_without_value", "merged_cells", "header_too_long", "row_too_long",
}  # fmt: skip

PROGRAM = """
import re, sys
from pathlib import Path
from ingest.job import read
from graph.errors import InputError
try:
    read(sys.argv[1])
except InputError:
    pass
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
"""The most memory of the process itself; ``getrusage`` counts that of the one that started it too."""


@pytest.mark.parametrize(
    "name",
    [
        "a small file that inflates to very much",
        "a cell in the last corner of a sheet",
        "one long text in very many cells",
    ],
)
def test_memory_stays_bounded(name: str, tmp_path: Path) -> None:
    folder, _ = written(BY_NAME[name], tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(ended.stdout) < MOST
