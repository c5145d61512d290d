"""The command line as a stranger runs it: what it prints, what it exits with, what it leaves behind."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from app.cli import main
from exposure.results import RESULTS

PARTIES = "party_id,name,kind\nP,海天集团,company\nA,Haitian Steel,company\nB,Haitian Port,company\n"
OWNERSHIP = "owner_id,owned_id,share\nP,A,0.6\nA,B,0.51\n"
FACILITIES = (
    "facility_id,lender_id,obligor_id,product,limit,drawn,currency\n"
    "F1,BANK,A,loan,100,80,CNY\nF2,LEASE,B,lease,50,50,CNY\nF3,BANK,B,loan,10.01,0,CNY\n"
)
LENDERS = "lender_id,name\nBANK,Bank\nLEASE,Leasing\n"


def konzern(*arguments: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A book of three parties."""
    made = tmp_path / "book"
    made.mkdir()
    for name, text in (
        ("parties", PARTIES),
        ("ownership", OWNERSHIP),
        ("facilities", FACILITIES),
        ("lenders", LENDERS),
    ):
        (made / f"{name}.csv").write_text(text, "utf-8")
    return made


def test_check_accounts_for_every_row(folder: Path) -> None:
    told = json.loads(konzern("check", folder, "--json").output)
    assert {t["table"]: (t["rows"], t["used"], t["aside"]) for t in told["tables"]} == {
        "parties": (3, 3, 0),
        "lenders": (2, 2, 0),
        "ownership": (2, 2, 0),
        "facilities": (3, 3, 0),
    }
    assert "3 rows = 3 used + 0 set aside" in konzern("check", folder).output
    assert "unreconciled" in konzern("check", folder).output


def test_a_tie_said_twice_counts_once_but_equal_stakes_are_an_error(folder: Path) -> None:
    tie = "A,B,distress_would_spread\n"
    (folder / "dependence.csv").write_text("dependent_id,on_id,basis\n" + tie + tie, "utf-8")
    told = json.loads(konzern("check", folder, "--json").output)
    (count,) = [t for t in told["tables"] if t["table"] == "dependence"]
    assert (count["rows"], count["used"], count["aside"]) == (2, 1, 1)
    assert told["repeated"] == {"dependence": 1}
    (folder / "ownership.csv").write_text(OWNERSHIP + "A,B,0.51\n", "utf-8")
    assert konzern("check", folder).exit_code == 2


def test_bad_input_names_file_row_column_value_and_remedy(folder: Path) -> None:
    (folder / "ownership.csv").write_text("owner_id,owned_id,share\nP,A,1.2\nX,B,0.51\n", "utf-8")
    ended = konzern("check", folder)
    assert ended.exit_code == 2
    assert "ownership.csv, row 2, share: '1.2'" in ended.output
    assert "ownership.csv, row 3, owner_id: 'X'" in ended.output
    assert "Traceback" not in ended.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "nowhere", "--out", "out"), "nowhere"),
        (("report", "{book}", "--out", "out", "--rules", "EU-CR"), "EU-CRR"),
        (("report", "{book}", "--out", "out", "--option", "colour=blue"), "central_government"),
        (("report", "{book}", "--out", "out", "--option", "central_government=some"), "alternative"),
        (("report", "{book}", "--out", "out", "--as-of", "2026-02-30"), "YYYY-MM-DD"),
        (("report", "{book}", "--out", "out", "--min-share", "2"), "0 to 1"),
        (("report", "{book}", "--out", "out", "--base", "JPY"), "JPY"),
        (("report", "{book}", "--out", "out", "--lender", "NOBODY"), "BANK"),
        (("report", "{book}", "--out", "out", "--formats", "pdf"), "parquet"),
        (("explain", "{book}", "NOBODY"), "NOBODY"),
    ],
)
def test_a_wrong_argument_ends_with_2_and_the_remedy(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    places = {"{book}": str(folder), "out": str(tmp_path / "out")}
    ended = konzern(*(places.get(a, a) for a in arguments))
    assert ended.exit_code == 2
    assert said in ended.output
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_ends_with_3(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert konzern("report", folder, "--out", tmp_path / "file" / "out").exit_code == 3


def test_report_writes_every_result_and_says_what_is_not_computed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = json.loads(konzern("report", folder, "--out", out, "--json").output)
    assert {p.name for p in out.iterdir()} == {f"{n}.{f}" for n in RESULTS for f in ("parquet", "csv")} | {
        "report.json",
        "report.xlsx",
        "report.html",
    }
    assert told["totals"] == {"limit": "160.01", "drawn": "130.00", "gross": "142.00"}
    for name, columns in RESULTS.items():
        table = pq.read_table(out / f"{name}.parquet")
        assert table.schema.names == list(columns)
        if name in told["not_computed"]:
            assert table.num_rows == 0
    groups = pq.read_table(out / "groups.parquet").to_pylist()
    assert [(g["group_id"], g["members"], str(g["gross"])) for g in groups] == [("G:P", 3, "142.00")]


def test_one_lender_sees_only_its_own(folder: Path, tmp_path: Path) -> None:
    told = json.loads(konzern("report", folder, "--out", tmp_path, "--lender", "LEASE", "--json").output)
    assert told["totals"]["gross"] == "50.00"


def test_findings_end_with_1_where_asked(folder: Path, tmp_path: Path) -> None:
    (folder / "ownership.csv").write_text(OWNERSHIP + "B,A,0.5\n", "utf-8")
    assert konzern("report", folder, "--out", tmp_path, "--fail-on", "warning").exit_code == 1
    assert konzern("report", folder, "--out", tmp_path, "--fail-on", "breach").exit_code == 0
    assert konzern("report", folder, "--out", tmp_path).exit_code == 0


def test_explain_answers_why_in_both_languages(folder: Path) -> None:
    english, chinese = konzern("explain", folder, "B"), konzern("explain", folder, "B", "--lang", "zh")
    assert "P controls B" in english.output
    assert "B: A 51 % = 51 % of the votes, more than half [ownership.csv, row 3]" in english.output
    assert "B 属于 G:P" in chinese.output
    assert "F2, LEASE, B: 50.00 [facilities.csv, row 3]" in english.output


def test_explanations_replay_to_the_number(folder: Path) -> None:
    told = json.loads(konzern("explain", folder, "G:P", "--json").output)
    (total,) = [line for line in told["lines"] if line["key"] == "gross"]
    assert sum(round(float(b["amount"]) * 100) for b in total["below"]) == round(float(total["amount"]) * 100)
    assert total["amount"] == "142.00"


def test_parts_print_the_columns_of_the_report(folder: Path) -> None:
    for command, tables in (
        ("control", ("control", "votes")),
        ("ownership", ("shares", "power")),
        ("groups", ("groups", "group_members")),
        ("exposure", ("party_exposures", "group_exposures", "missing")),
    ):
        told = json.loads(konzern(command, folder, "--json").output)
        assert tuple(told) == tables
        assert all(list(told[t][0]) == list(RESULTS[t]) for t in tables if t != "missing")
        assert tables[0] in konzern(command, folder).output


def test_settings_come_from_flag_then_environment_then_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "konzern.toml").write_text('rules = ["CN-LE", "CN-GROUP"]\n[option]\nkin = false\n')

    def packs(*more: str) -> tuple[list[str], dict[str, str]]:
        told = json.loads(konzern("report", folder, "--out", tmp_path / "out", "--json", *more).output)
        return told["packs"], told["options"]

    assert packs() == (["CN-LE", "CN-GROUP"], {"kin": "false"})
    monkeypatch.setenv("KONZERN_RULES", "US-SCCL")
    assert packs()[0] == ["US-SCCL"]
    assert packs("--rules", "BASEL-LEX")[0] == ["BASEL-LEX"]


def test_a_setting_that_nothing_reads_is_an_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "konzern.toml").write_text('rulez = "CN-LE"\n')
    ended = konzern("check", folder)
    assert ended.exit_code == 2
    assert "'rulez'" in ended.output


def test_an_option_that_only_the_simulation_reads_is_right_or_wrong_everywhere(folder: Path) -> None:
    ended = konzern("groups", folder, "--option", "correlation=1.5")
    assert ended.exit_code == 2
    assert "correlation=1.5: give a share from 0 to 1" in ended.output
    assert konzern("groups", folder, "--option", "correlation=0.3").exit_code == 0


def test_formulas_in_names_are_inert_in_csv(folder: Path, tmp_path: Path) -> None:
    (folder / "parties.csv").write_text(PARTIES.replace("P,海天集团", "=P,海天集团"), "utf-8")
    (folder / "ownership.csv").write_text(OWNERSHIP.replace("P,A", "=P,A"), "utf-8")
    konzern("report", folder, "--out", tmp_path / "out")
    assert "'=P" in (tmp_path / "out" / "control.csv").read_text("utf-8")


def test_small_shares_are_written_out_in_every_form(folder: Path, tmp_path: Path) -> None:
    (folder / "ownership.csv").write_text(OWNERSHIP + "P,B,0.000000001\n", "utf-8")
    konzern("report", folder, "--out", tmp_path / "out", "--formats", "csv")
    lines = (tmp_path / "out" / "shares.csv").read_text("utf-8").splitlines()
    (row,) = [r for r in csv.DictReader(lines) if (r["owner_id"], r["owned_id"]) == ("P", "B")]
    assert row["direct"] == "0.000000001"
    told = json.loads(konzern("ownership", folder, "--json").output)
    (row,) = [r for r in told["shares"] if (r["owner_id"], r["owned_id"]) == ("P", "B")]
    assert row["direct"] == "0.000000001"


def test_a_second_report_replaces_the_first_whole(folder: Path, tmp_path: Path) -> None:
    konzern("report", folder, "--out", tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}
    konzern("report", folder, "--out", tmp_path / "out")
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}
    assert before.keys() == after.keys()
    assert all(after[p] > before[p] for p in before)


def test_a_book_without_rows_and_the_first_day_of_the_calendar_have_a_report(
    folder: Path, tmp_path: Path
) -> None:
    assert konzern("report", folder, "--out", tmp_path / "a", "--as-of", "0001-01-01").exit_code == 0
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text("utf-8").partition("\n")[0] + "\n", "utf-8")
    assert konzern("report", folder, "--out", tmp_path / "b").exit_code == 0
