"""Stores on the command line: load, report from a store, look after it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from app.storage import words
from tests.test_cli import FACILITIES, LENDERS, OWNERSHIP, PARTIES, konzern


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A delivery of three parties."""
    made = tmp_path / "bank"
    made.mkdir()
    for name, text in (
        ("parties", PARTIES),
        ("ownership", OWNERSHIP),
        ("facilities", FACILITIES),
        ("lenders", LENDERS),
    ):
        (made / f"{name}.csv").write_text(text, "utf-8")
    return made


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store that does not exist yet."""
    return f"book:{tmp_path / 'store'}"


def tables(folder: Path) -> dict[str, list[dict[str, object]]]:
    """Every table of a report but the changes, which only a store has."""
    return {p.stem: pq.read_table(p).to_pylist() for p in folder.glob("*.parquet") if p.stem != "changes"}


def test_the_same_delivery_twice_changes_nothing(delivery: Path, url: str) -> None:
    first = json.loads(konzern("load", delivery, "--store", url, "--json").output)
    second = json.loads(konzern("load", delivery, "--store", url, "--json").output)
    assert (first["version"], first["new"], second["version"], second["new"]) == (1, True, 1, False)
    assert "already loaded" in konzern("load", delivery, "--store", url).output
    assert json.loads(konzern("store", "status", "--store", url, "--json").output)["latest"] == 1


def test_a_store_gives_the_report_of_its_files(delivery: Path, url: str, tmp_path: Path) -> None:
    konzern("load", delivery, "--store", url)
    konzern("report", delivery, "--out", tmp_path / "files", "--formats", "parquet")
    konzern("report", url, "--out", tmp_path / "store", "--formats", "parquet")
    assert tables(tmp_path / "files") == tables(tmp_path / "store")


def test_a_report_is_computed_once_and_kept(delivery: Path, url: str, tmp_path: Path) -> None:
    konzern("load", delivery, "--store", url)
    first = konzern("report", url, "--out", tmp_path / "a")
    second = konzern("report", url, "--out", tmp_path / "b")
    assert "kept from before" not in first.output
    assert "kept from before" in second.output
    assert tables(tmp_path / "a") == tables(tmp_path / "b")
    assert {p.name for p in (tmp_path / "a").iterdir()} == {p.name for p in (tmp_path / "b").iterdir()}


def test_an_older_version_reports_as_it_did_and_changes_are_told(
    delivery: Path, url: str, tmp_path: Path
) -> None:
    konzern("load", delivery, "--store", url)
    konzern("report", url, "--out", tmp_path / "before", "--formats", "parquet")
    (delivery / "facilities.csv").write_text(
        FACILITIES.replace("F2,LEASE,B,lease,50,50", "F2,LEASE,B,lease,70,60")
    )
    assert json.loads(konzern("load", delivery, "--store", url, "--json").output)["version"] == 2
    konzern("report", url, "--out", tmp_path / "after", "--formats", "parquet")
    konzern("report", url, "--book-version", "1", "--out", tmp_path / "again", "--formats", "parquet")
    assert tables(tmp_path / "before") == tables(tmp_path / "again") != tables(tmp_path / "after")
    changes = pq.read_table(tmp_path / "after" / "changes.parquet").to_pylist()
    assert [(c["kind"], c["subject"]) for c in changes] == [("facilities changed", "F2")]


def test_bad_rows_are_set_aside_only_on_request_and_within_bounds(
    delivery: Path, url: str, tmp_path: Path
) -> None:
    (delivery / "facilities.csv").write_text(FACILITIES + "F4,BANK,B,loan,-1,0,CNY\n", "utf-8")
    aside = ("--quarantine", tmp_path / "aside")
    assert konzern("load", delivery, "--store", url).exit_code == 2
    assert konzern("load", delivery, "--store", url, *aside).exit_code == 2
    told = json.loads(
        konzern("load", delivery, "--store", url, *aside, "--max-quarantine", "20%", "--json").output
    )
    assert told["version"] == 1
    (count,) = [t for t in told["receipt"]["tables"] if t["table"] == "facilities"]
    assert (count["rows"], count["used"], count["aside"]) == (4, 3, 1)


def test_a_dump_that_is_not_there_is_told_as_such(url: str, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        done = konzern("store", "load", path, "--store", url)
        assert (done.exit_code, f"{path}: no such file" in done.stderr) == (2, True)
    assert not (tmp_path / "store").exists()


def test_a_delivery_without_a_name_leaves_no_gap_in_what_is_said(delivery: Path, url: str) -> None:
    assert konzern("load", delivery, "--store", url).output.startswith("loaded as version 1 (full)\n")
    assert "1  full" in konzern("store", "status", "--store", url).output.splitlines()[1]


def test_what_is_said_of_stores_is_said_in_both_languages() -> None:
    fields = {
        lang: {k: sorted(re.findall(r"{(\w+)", text)) for k, text in words(lang).items()}
        for lang in ("en", "zh")
    }
    assert fields["en"] == fields["zh"]


def test_a_dump_restores_the_store(delivery: Path, url: str, tmp_path: Path) -> None:
    konzern("load", delivery, "--store", url)
    other = f"book:{tmp_path / 'other'}"
    dumped = konzern("store", "dump", tmp_path / "dump", "--store", url).output
    loaded = konzern("store", "load", tmp_path / "dump", "--store", other).output
    assert dumped.split()[-1] == loaded.split()[-1]
    assert konzern("store", "check", "--store", other).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "{url}", "--out", "out"), "konzern load"),
        (("report", "{book}", "--out", "out", "--book-version", "1"), "versions are kept in a store"),
        (("load", "{book}", "--store", "mongo://here"), "book:PATH"),
        (("load", "{book}", "--store", "{url}", "--quarantine", "aside", "--max-quarantine", "some"), "1%"),
    ],
)
def test_a_wrong_argument_ends_with_2_and_the_remedy(
    delivery: Path, url: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    places = {
        "{url}": url,
        "{book}": str(delivery),
        "out": str(tmp_path / "out"),
        "aside": str(tmp_path / "aside"),
    }
    ended = konzern(*(places.get(a, a) for a in arguments))
    assert ended.exit_code == 2
    assert said in ended.output


@pytest.mark.parametrize("number", ["0", "2", "-1"])
def test_a_version_that_there_is_not_ends_with_2_and_those_that_there_are(
    delivery: Path, url: str, tmp_path: Path, number: str
) -> None:
    empty = konzern("report", url, "--book-version", number, "--out", tmp_path / "out")
    assert (empty.exit_code, "load a book first" in empty.output) == (2, True)
    konzern("load", delivery, "--store", url)
    for command in (("report", url, "--out", tmp_path / "out"), ("limits", url), ("explain", url, "A")):
        ended = konzern(*command, "--book-version", number)
        assert (ended.exit_code, "has the versions 1 to 1" in ended.output) == (2, True)
    assert konzern("limits", url, "--since", "0").exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_mapping_that_there_is_not_ends_with_2(delivery: Path, url: str) -> None:
    for command in (("check", delivery), ("load", delivery, "--store", url)):
        ended = konzern(*command, "--mapping", "nowhere")
        assert ended.exit_code == 2
        assert "no mapping 'nowhere': name a .toml file or one of finbench" in ended.stderr


@pytest.mark.parametrize("command", ["check", "load"])
def test_a_file_system_that_fails_ends_with_3(command: str) -> None:
    ended = konzern(command, "x" * 5000)
    assert (ended.exit_code, "File name too long" in ended.stderr) == (3, True)


def test_a_report_is_given_where_the_store_cannot_keep_it(
    delivery: Path, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    konzern("load", delivery, "--store", url)
    (tmp_path / "store" / "reports").write_text("in the way")
    konzern("report", url, "--out", tmp_path / "a")
    assert "the report is not kept" in caplog.text
    assert (tmp_path / "a" / "report.json").is_file()


def test_a_kept_report_that_was_damaged_is_found_and_computed_again(
    delivery: Path, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    konzern("load", delivery, "--store", url)
    konzern("report", url, "--out", tmp_path / "a")
    groups = next((tmp_path / "store" / "reports").glob("*/groups.arrow"))
    groups.write_bytes(groups.read_bytes()[:20])
    found = konzern("store", "check", "--store", url)
    assert (found.exit_code, "the kept report" in found.output) == (3, True)
    konzern("report", url, "--out", tmp_path / "b")
    assert "cannot be read, remove it" in caplog.text
    assert tables(tmp_path / "a") == tables(tmp_path / "b")


def test_a_command_that_is_interrupted_does_not_look_like_one_with_findings(
    delivery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.source.read", interrupted)
    ended = konzern("check", delivery)
    assert (ended.exit_code, ended.stderr) == (130, "konzern: stopped; nothing is half-done\n")


def test_a_subsidiary_that_did_not_deliver_is_named_in_the_report(
    delivery: Path, url: str, tmp_path: Path
) -> None:
    named = "".join(f'[files."{p.name}"]\n' for p in sorted(delivery.iterdir()))
    for subsidiary, period in (("SUB1", "2026-02-28"), ("SUB2", "2026-01-31"), ("SUB1", "2026-03-31")):
        head = f'format = 1\nsubsidiary = "{subsidiary}"\nperiod = {period}\n'
        (delivery / "book.toml").write_text(head + named)
        assert konzern("load", delivery, "--store", url).exit_code == 0
    assert "incomplete: SUB2 as of 2026-01-31" in konzern("store", "status", "--store", url).output
    assert "incomplete: SUB2 as of 2026-01-31" in konzern("report", url, "--out", tmp_path / "a").output
    assert "incomplete: SUB2 as of 2026-01-31" in (tmp_path / "a" / "report.html").read_text("utf-8")
    told = json.loads(
        konzern("report", url, "--out", tmp_path / "b", "--as-of", "2026-01-31", "--json").output
    )
    assert told["incomplete"] == []
