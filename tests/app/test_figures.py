"""What lies behind figures of a page: changes, late deliveries, rows set aside, judgements, scenarios, runs."""

import shutil
from pathlib import Path

import pytest

from app import formats
from app.access import Access, local
from app.audit import Audit
from app.contagion import Asked, run
from app.desk.questions import QUESTIONS
from app.drawing.bends import bends
from app.drawing.layout import turned
from app.export import FORMATS, exported
from app.launch import RUNNING
from app.progress import listening
from app.source import SAMPLE
from app.views.frame import words
from exposure.contagion import runs
from graph.errors import OptionError
from graph.store import Store, open_store
from ingest.load import Aside, load
from tests.app.pages import drawn, read

GROUP = "G:P-LANHENG-FOUNDER"
LEASE = "F-LEASE-LANHENG-1,L-LEASE,C-LANHENG-03,lease"


@pytest.fixture(autouse=True)
def shown(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RUNNING, "access", access)
    monkeypatch.setattr(RUNNING, "principal", local())


def opened(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    """The app on another store."""
    made = Access(store, Audit(folder / "audit.jsonl"), questions=QUESTIONS)
    monkeypatch.setattr(RUNNING, "access", made)
    return made


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The files of the sample without their manifest, to be changed."""
    made = tmp_path / "book"
    shutil.copytree(SAMPLE, made, ignore=shutil.ignore_patterns("book.toml"))
    return made


def edited(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_each_change_says_in_words_what_it_was_and_leads_to_its_party(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(f"book:{tmp_path / 'store'}")
    load(book, store)
    edited(book / "facilities.csv", f"{LEASE},120000000", f"{LEASE},130000000")
    rows = (book / "ownership.csv").read_text("utf-8").splitlines(keepends=True)
    (book / "ownership.csv").write_text("".join(rows[:-1]), "utf-8")
    load(book, store)
    opened(store, tmp_path, monkeypatch)
    changes = drawn("overview", lang="zh").rows("overview-changes")
    owner, owned = rows[-1].split(",")[:2]
    assert set(changes) == {"C-LANHENG-03", owner}
    limit = changes["C-LANHENG-03"]
    assert (limit[0]["t"], limit[0]["sub"], limit[1]["t"]) == (
        "授信",
        words("zh")["change_changed"],
        "F-LEASE-LANHENG-1",
    )
    assert (limit[2]["t"], limit[3]["t"]) == ("额度 120,000,000.00", "额度 130,000,000.00")
    assert changes[owner][1]["t"] == f"{owner}, {owned}"


def test_a_subsidiary_that_delivered_less_lately_makes_totals_incomplete(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [w.value for w in drawn("overview", lang="en").test.warning] == []
    summary = access.desk(local().scope, 1).summary
    monkeypatch.setitem(summary, "incomplete", ["TRUST as of 2026-08-31"])
    access._answers.clear()
    told = words("en")["incomplete"].format(late="TRUST as of 2026-08-31")
    assert [w.value for w in drawn("overview", lang="en").test.warning] == [told]
    access._answers.clear()


def test_rows_set_aside_are_listed_with_what_to_do(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(book / "facilities.csv", "lease,120000000", "lease,twelve")
    store = open_store(f"book:{tmp_path / 'store'}")
    load(book, store, aside=Aside(tmp_path / "aside"))
    opened(store, tmp_path, monkeypatch)
    page = drawn("data", lang="en", load="1")
    (row,) = page.blocks["aside"]["rows"]
    place, name, value, problem = (c["t"] for c in row["cells"])
    assert (place.partition(":")[0], name, value) == ("facilities.csv", "limit", "twelve")
    assert problem
    assert row["cells"][3]["sub"]


def test_a_judgement_that_was_overtaken_is_told_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(f"book:{tmp_path / 'store'}")
    load(SAMPLE, store)
    access = opened(store, tmp_path, monkeypatch)
    say = words("en")
    pair = access.ask(local(), "identities", 1)[0]["pair"]
    page = drawn("data", lang="en", pair=pair)
    page = read(next(t for t in page.test.text_input if t.label == say["reason"]).input("seen").run())
    access.ask(local(), "judge", 1, subject=pair, judgement="unsure", reason="first", expected=0)
    page = read(next(b for b in page.test.button if b.label == say["judgement_different"]).click().run())
    assert [e.value for e in page.test.error] == [say["decision_error"]]
    assert page.rows("identities")[pair][3]["t"] == say["judgement_unsure"]
    page = read(next(b for b in page.test.button if b.label == say["judgement_different"]).click().run())
    assert [e.value for e in page.test.error] == []
    assert page.rows("identities")[pair][3]["t"] == say["judgement_different"]


def test_a_group_fails_as_all_its_members_at_once(access: Access) -> None:
    desk = access.desk(local().scope, 1)
    members = desk.rows("group_members", group_id=GROUP)["party_id"].to_pylist()
    tables, summary = run(desk.analysis, Asked(fail=",".join(members)))
    held = access.ask(local(), "cascade", 1, fail=(GROUP,))
    assert held["tables"]["parties"].equals(tables["parties"])
    assert held["summary"]["lender_loss"] == summary["lender_loss"]
    with pytest.raises(OptionError, match="no party or group"):
        access.ask(local(), "cascade", 1, fail=("G:NOBODY",))
    page = drawn("contagion", lang="en", fail=GROUP)
    assert page.tiles("cascade-fail")[words("en")["failures"]]["value"] == formats.count(summary["failed"])


def test_groups_of_what_is_found_can_be_picked_too() -> None:
    page = drawn("contagion", lang="en")
    page = read(page.test.text_input(key="pick-fail").input("C-LANHENG-03").run())
    assert set(page.rows("picked-fail")) >= {"C-LANHENG-03", GROUP}


def test_two_scenarios_side_by_side_are_told_in_one_unit() -> None:
    page = drawn("contagion", lang="zh", fail="C-DUANQIAO-01", other="C-LANHENG-01")
    first, second = (page.blocks[f"losers-{k}"]["columns"] for k in ("fail", "other"))
    assert first == second


@pytest.mark.parametrize(
    "asked",
    [
        {"fail": "C-DUANQIAO-01"},
        {"tab": "monte", "draws": "200"},
        {"tab": "reverse", "lender": "L-LEASE", "share": "10"},
    ],
)
def test_what_a_tab_of_contagion_shows_is_downloaded(access: Access, asked: dict[str, str]) -> None:
    page = drawn("contagion", lang="en", **asked)
    assert len(page.test.get("download_button")) == 0  # listed when somebody opens them
    page.test.session_state["files-contagion"] = True
    files = [b.proto.id for b in page.test.run().get("download_button")]
    assert len(files) == len(FORMATS) * {"": 5, "monte": 3, "reverse": 2}[asked.get("tab", "")]
    answers = {
        "": lambda: access.ask(local(), "cascade", 1, fail=("C-DUANQIAO-01",)),
        "monte": lambda: access.ask(local(), "simulated", 1, draws=200, seed=0),
        "reverse": lambda: access.ask(local(), "reverse", 1, lender="L-LEASE", share="10"),
    }
    for name, table in answers[asked.get("tab", "")]()["tables"].items():
        assert all(exported(table, fmt, name) for fmt in FORMATS)


def test_a_run_tells_how_far_it_is_and_ends_unanswered_when_it_is_stopped(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_SEEDS", 20_000)
    told: list[tuple[int, int]] = []
    with listening(lambda _name, done, total: told.append((done, total))):
        access.ask(local(), "simulated", 1, draws=100_000, seed=11)
    assert told[-1] == (100_000, 100_000)
    assert len(told) > 1
    assert told == sorted(set(told))
    before = len(list(access.audit.events()))

    def stop(_name: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), listening(stop):
        access.ask(local(), "simulated", 1, draws=20_000, seed=12)
    assert len(list(access.audit.events())) == before
    assert drawn("contagion", lang="en", tab="monte", draws="100").blocks["risk"]["rows"]


def test_no_line_of_a_picture_hides_behind_a_box_or_another_line() -> None:
    column = turned({"a": (0.0, 0.0), "b": (0.0, 145.0), "c": (0.0, 290.0)})
    lines = [("a", "b"), ("b", "c"), ("a", "c"), ("a", "b"), ("b", "a")]
    made = bends(lines, column, [False] * len(lines))
    assert made[:2] == [0.0, 0.0]
    assert all(made[2:])
    assert made[3] != made[4]
    assert bends([], {}, []) == []


def test_a_line_goes_round_boxes_on_the_side_that_is_free() -> None:
    ends = {"a": (0.0, 0.0), "c": (0.0, 400.0), "b": (0.0, 200.0)}
    left, right = ({**ends, "d": (x, 200.0), "e": (2 * x, 200.0)} for x in (-160.0, 160.0))
    ((one,), (other,)) = (bends([("a", "c")], points, [False]) for points in (left, right))
    assert one == -other != 0
