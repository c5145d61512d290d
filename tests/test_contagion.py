"""``konzern contagion`` as a stranger runs it: what it writes, what it refuses, what it leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from app import output
from app.cli import main
from app.contagion import STEPS, SUMMARY, Tables, headline, played
from app.progress import Step, listening
from app.source import SAMPLE, compiled
from app.views.frame import words
from exposure.glossary import ROWS, words_of_runs
from exposure.report import Analysis, Request
from exposure.results import RUNS


def konzern(*arguments: str | Path) -> Result:
    """Run ``konzern contagion`` on the sample in this process."""
    return CliRunner().invoke(main, ["contagion", str(SAMPLE), *map(str, arguments)], catch_exceptions=False)


def test_a_run_writes_every_table_of_the_contract(tmp_path: Path) -> None:
    assert konzern("--fail", "C-DUANQIAO-01", "--out", tmp_path).exit_code == 0
    tables = ("parties", "edges", "lenders", "lender_groups", "findings")
    assert {p.name for p in tmp_path.iterdir()} == {f"{t}.{k}" for t in tables for k in output.PER_TABLE} | {
        SUMMARY
    }
    for name in ("parties", "edges", "lenders", "lender_groups"):
        assert pq.read_schema(tmp_path / f"{name}.parquet").names == list(RUNS[name])
    summary = json.loads((tmp_path / SUMMARY).read_text("utf-8"))
    assert (summary["failed"], summary["waves"], summary["lender_loss"]) == (3, 2, 140_000_000)
    lenders = {r["lender_id"]: r["loss"] for r in pq.read_table(tmp_path / "lenders.parquet").to_pylist()}
    assert sum(lenders.values()) == summary["lender_loss"]


@pytest.mark.parametrize(
    "asked",
    [
        ("--every",),
        ("--monte-carlo", "50", "--seed", "3", "--lgd", "0.45"),
        ("--reverse", "L-BANK=2%"),
        ("--reverse", "all=5000000000"),
        ("--model", "debtrank", "--fail", "B-YINZHOU"),
        ("--fail", "C-DUANQIAO-01"),
    ],
)
def test_every_run_speaks_both_languages_and_json(asked: tuple[str, ...]) -> None:
    english, chinese = (konzern(*asked, "--lang", lang).output for lang in ("en", "zh"))
    assert english.startswith("as of ")
    assert chinese.startswith("截至")
    told = json.loads(konzern(*asked, "--json").output)
    assert told["summary"]["base"] == "CNY"
    assert len(told) > 1


def test_a_line_that_no_defaults_break_is_said_to_hold_as_proven_or_as_found() -> None:
    told = {"search": "reverse", "broken": False, "lender": "L", "line": 5.0}
    told |= {"as_of": "2026-06-30", "book_version": 1, "base": "EUR", "model": "group"}
    assert "not even the default of all parties" in headline({**told, "method": "exact"}, "en")
    assert "not proven" in headline({**told, "method": "greedy"}, "en")
    assert "全部主体一起违约也不会" in konzern("--reverse", "all=900000000000", "--lang", "zh").output


def test_a_scenario_file_and_a_shock_file_are_read(tmp_path: Path) -> None:
    scenario, shock = tmp_path / "s.toml", tmp_path / "SHOCK.csv"
    lines = (
        'fail = ["C-DUANQIAO-01"]',
        "[lgd]",
        "default = 0.5",
        "[prices]",
        "real_estate = -0.3",
        "[fx]",
        "USD = 0.1",
    )
    scenario.write_text("\n".join(lines), "utf-8")
    told = json.loads(konzern("--scenario", scenario, "--json").output)["summary"]
    assert (told["failed"], told["lender_loss"], told["parameters"]["lgd"]) == (3, 70_000_000, 0.5)
    shock.write_text("party_id,loss_share,weight\nB-YINZHOU,0.5,1\nB-CHUYUN,0,0\nB-PINGHU,,0\n", "utf-8")
    told = json.loads(konzern("--model", "debtrank", "--shock", shock, "--json").output)
    held = {r["party_id"]: r["h_linear"] for r in told["parties"]}
    assert (held["B-CHUYUN"], held["B-PINGHU"], held["B-YINZHOU"]) == (1, 1, 1)  # 0.9 comes back as more
    assert told["summary"]["debtrank_linear"] == pytest.approx(
        0.5
    )  # all weight is on the one that was shocked


def test_everything_wrong_in_a_scenario_file_is_told_at_once(tmp_path: Path) -> None:
    scenario = tmp_path / "s.toml"
    lines = (
        'fail = ["C-DUANQIAO-01", "NOBODY"]',
        "alpha = 2",
        "strange = 1",
        'failing_guarantor_pays = "yes"',
        "loss = 5",
        "[lgd]",
        "default = 1.5",
        "lorry = 0.4",
        "[prices]",
        'real_estate = "down"',
        "Gold = -0.1",
        "[fx]",
        "USD = -1",
    )
    scenario.write_text("\n".join(lines), "utf-8")
    ended = konzern("--scenario", scenario)
    assert ended.exit_code == 2
    for place in (
        "row 1, fail: 'NOBODY'",
        "row 2, alpha: '2'",
        "row 3, strange",
        "row 4, failing_guarantor_pays: 'yes'",
        "row 5, loss: '5'",
        "row 7, lgd.default: '1.5'",
        "row 8, lgd.lorry: '0.4'",
        "row 10, prices.real_estate: 'down'",
        "row 11, prices.Gold: '-0.1'",
        "row 13, fx.USD: '-1'",
    ):
        assert f"s.toml, {place}" in ended.output
    scenario.write_text("fail = [", "utf-8")
    assert "s.toml: this is no TOML" in konzern("--scenario", scenario).output


def test_everything_wrong_in_a_shock_file_is_told_at_once(tmp_path: Path) -> None:
    shock = tmp_path / "SHOCK.csv"
    shock.write_text(
        "party_id,loss_share,loss\nNOBODY,0.5,\nB-YINZHOU,1.5,\nB-CHUYUN,,-3\nB-PINGHU,0.1,5\n", "utf-8"
    )
    ended = konzern("--shock", shock)
    assert ended.exit_code == 2
    for place in (
        "row 2, party_id: 'NOBODY'",
        "row 3, loss_share: '1.5'",
        "row 4, loss: '-3'",
        "row 5, loss: '5'",
    ):
        assert f"SHOCK.csv, {place}" in ended.output


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((), "nobody fails"),
        (("--fail", "NOBODY"), "NOBODY"),
        (("--fail", "C-DUANQIAO-01", "--lgd", "1.5"), "lgd = 1.5"),
        (("--every", "--monte-carlo", "5"), "one of them at a time"),
        (("--every", "--model", "clearing"), "leave out --model clearing"),
        (("--every", "--fail", "C-DUANQIAO-01"), "chooses who fails"),
        (("--monte-carlo", "0"), "--monte-carlo 0"),
        (("--reverse", "NOBODY"), "NOBODY"),
        (("--reverse", "L-LEASE=much"), "LENDER=AMOUNT"),
        (("--shock", "nowhere.csv"), "nowhere.csv"),
        (("--scenario", "nowhere.toml"), "nowhere.toml"),
        (("--fail", "C-DUANQIAO-01", "--option", "recovery=2"), "recovery=2"),
        (("--fail", "C-DUANQIAO-01", "--option", "failing_guarantor_pays=yes"), "true or false"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused_with_its_remedy(asked: tuple[str, ...], said: str) -> None:
    ended = konzern(*asked)
    assert ended.exit_code == 2
    assert said in ended.output


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def interrupted(*given: object) -> None:
        written.append(given)
        if len(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(output, "write", interrupted)
    assert konzern("--fail", "C-DUANQIAO-01", "--out", tmp_path / "out").exit_code == 130
    assert len(written) == 3
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_table_of_a_run_and_every_column_has_a_meaning(language: str) -> None:
    said = words_of_runs(language)
    assert {name: list(columns) for name, columns in said.items()} == {
        name: [ROWS, *columns] for name, columns in RUNS.items()
    }
    assert [c for columns in said.values() for c, text in columns.items() if not text.strip()] == []


class StoppedError(Exception):
    """Somebody clicked Stop."""


def test_one_scenario_tells_its_steps_and_ends_at_any_of_them() -> None:
    snapshot, noticed = compiled(str(SAMPLE))

    def asked(step: Step, **moved: dict[str, float]) -> Tables:
        made = Analysis(snapshot, Request(), noticed)
        with listening(step):
            return played(made, replace(made.scenario, fail=("C-DUANQIAO-01",), **moved))[0]

    told: list[tuple[str, int, int]] = []
    whole = asked(lambda *said: told.append(said))
    assert [done for _, done, _ in told] == list(range(told[0][2]))
    for last in told:

        def stop(*said: object, last: tuple[str, int, int] = last) -> None:
            if said == last:
                raise StoppedError

        with pytest.raises(StoppedError):
            asked(stop)
    assert asked(lambda *_: None)["parties"].equals(whole["parties"])


def test_a_scenario_that_was_stopped_is_run_again_on_the_same_book() -> None:
    snapshot, noticed = compiled(str(SAMPLE))
    analysis = Analysis(snapshot, Request(), noticed)
    chosen = replace(analysis.scenario, fail=("C-DUANQIAO-01",))

    def stop(name: str, _done: int, _total: int) -> None:
        if name == "network":
            raise StoppedError

    with pytest.raises(StoppedError), listening(stop):
        played(analysis, chosen)
    assert played(analysis, chosen)[1]["failed"] == 3


def test_every_step_of_a_run_has_words() -> None:
    for language in ("en", "zh"):
        assert [name for name in STEPS if f"run_{name}" not in words(language)] == []
