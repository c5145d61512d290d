"""Every page in both languages, drawn without a browser: nothing fails, and its figures are those of the report."""

import dataclasses
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from app import formats
from app.access import Access, local, sample
from app.audit import Audit
from app.contagion import Asked, run
from app.desk.limits import limits_of
from app.desk.network import of_group
from app.desk.opened import Desk
from app.desk.questions import QUESTIONS
from app.drawing import network
from app.launch import RUNNING
from app.source import SAMPLE
from app.views.frame import words
from exposure.report import Request
from graph.store import open_store
from ingest.load import load
from tests.app.pages import Drawn, drawn, elements, read

GROUP = "G:P-LANHENG-FOUNDER"
LOAN = {
    "lender": "L-LEASE", "obligor": "C-LANHENG-03", "product": "lease", "amount": "50000000", "currency": "CNY",
}  # fmt: skip
PAGES: list[tuple[str, dict[str, str]]] = [
    ("overview", {}),
    ("groups", {}),
    ("groups", {"group": GROUP, "sel": "C-LANHENG-03"}),
    ("groups", {"party": "C-LANHENG-03"}),
    ("groups", {"q": "lhjj"}),
    ("rings", {}),
    ("duplicates", {}),
    ("contagion", {}),
    ("contagion", {"fail": "C-DUANQIAO-01", "other": "C-LANHENG-01"}),
    ("contagion", {"tab": "monte", "draws": "500"}),
    ("contagion", {"tab": "reverse", "lender": "L-LEASE", "share": "10"}),
    (
        "contagion",
        {"fail": "C-DUANQIAO-01", "s.lgd.default": "0.45", "other": "C-LANHENG-01", "o.fx.USD": "-0.1"},
    ),
    ("contagion", {"s.loss_share.B-YINZHOU": "0.5", "s.prices.real_estate": "-0.3"}),
    ("contagion", {"tab": "monte", "draws": "5"}),
    ("contagion", {"tab": "reverse", "lender": "L-LEASE", "share": "0"}),
    ("rings", {"parts": "0"}),
    ("whatif", LOAN),
    ("warnings", {"severity": "breach"}),
    ("questions", {"question": "party_card"}),
    ("data", {"load": "1"}),
]


@pytest.fixture(autouse=True)
def shown(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app as one local principal has it, on the sample."""
    monkeypatch.setattr(RUNNING, "access", access)
    monkeypatch.setattr(RUNNING, "principal", local())


@pytest.fixture
def desk(access: Access) -> Desk:
    """What pages read."""
    return access.desk(local().scope, 1)


def exact(value: Decimal | float | None) -> str:
    return formats.exact(None if value is None else Decimal(str(value)), "CNY")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("view", "parameters"), PAGES)
def test_a_page_is_drawn_without_a_complaint(view: str, parameters: dict[str, str], language: str) -> None:
    page = drawn(view, lang=language, **parameters)
    assert [e.value for e in page.test.exception] == []
    assert [e.value for e in page.test.error] == []
    assert words(language)[f"page_{view}"] in "".join(
        e.proto.body for e in elements(page.test.main) if e.type == "html"
    )
    assert any(b.get("rows") or b.get("tiles") for b in page.blocks.values())


def test_the_overview_says_what_the_report_says(desk: Desk) -> None:
    page, tables = drawn("overview", lang="en"), desk.tables
    tiles = page.tiles("overview-tiles")
    gross = Decimal(desk.summary["totals"]["gross"])
    assert tiles["groups"]["label"] == words("en")["groups"]  # the later of two that lead there
    assert exact(gross) in [t["exact"] for t in page.blocks["overview-tiles"]["tiles"]]
    assert tiles["breach"]["value"] == formats.count(pc.sum(tables["limits"]["breach"]).as_py())
    near = pc.equal(tables["findings"]["code"], "limit_near")
    assert tiles["near"]["value"] == formats.count(pc.sum(near).as_py())
    costliest = max(tables["ranking"]["credit"].to_pylist())
    assert tiles["contagion"]["exact"] == exact(round(costliest, 2))
    ratios = desk.rows("large_exposures").sort_by([("ratio_before", "descending")])
    first = page.blocks["overview-large"]["rows"][0]["cells"]
    assert (first[1]["x"], first[2]["t"]) == (
        exact(ratios["gross"][0].as_py()),
        formats.percent(ratios["ratio_before"][0].as_py()),
    )


def test_a_group_says_what_the_report_says(desk: Desk) -> None:
    page = drawn("groups", lang="zh", group=GROUP)
    own = desk.rows("groups", group_id=GROUP).to_pylist()[0]
    assert [t["exact"] for t in page.blocks["group-tiles"]["tiles"][:4]] == [
        exact(own[k]) for k in ("gross", "net", "drawn", "nominal_limit")
    ]
    members = desk.rows("group_members", group_id=GROUP)["party_id"]
    owed = desk.rows("party_exposures", lender_id=None)
    of = dict(zip(owed["party_id"].to_pylist(), owed["gross"].to_pylist(), strict=True))
    assert {i: c[2]["x"] for i, c in page.rows("members").items()} == {
        m: exact(of.get(m)) for m in members.to_pylist()
    }
    steps = {r["step"]: r["amount"] for r in desk.rows("bridge", group_id=GROUP).to_pylist()}
    told = {i: c[1]["x"] for i, c in page.rows("bridge").items()}
    assert told == {s: exact(steps[s]) for s in told}
    assert {s for s, v in steps.items() if v} <= set(told)
    by_lender = desk.rows("group_exposures", group_id=GROUP)
    by_lender = by_lender.filter(pc.is_valid(by_lender["lender_id"])).sort_by([("gross", "descending")])
    total = page.blocks["heat"]["rows"][-1]["cells"][1:]
    assert [c["x"] for c in total] == [exact(v) for v in by_lender["gross"].to_pylist()]


def test_circles_the_ranking_and_the_inbox_say_what_the_report_says(desk: Desk) -> None:
    rings = dict(
        zip(
            desk.tables["rings"]["ring_id"].to_pylist(),
            desk.tables["rings"]["amount"].to_pylist(),
            strict=True,
        )
    )
    told = {i: c[2]["x"] for i, c in drawn("rings", lang="en").rows("rings").items()}
    assert told == {i: exact(v) for i, v in rings.items()}
    ranking = desk.tables["ranking"].sort_by([("rank", "ascending")]).slice(0, 60).to_pylist()
    page = drawn("contagion", lang="zh", tab="ranking")
    assert [(i, c[2]["x"]) for i, c in page.rows("ranking").items()] == [
        (r["party_id"], exact(round(r["loss"], 2))) for r in ranking
    ]
    found = desk.tables["findings"]
    grave = found.filter(pc.equal(found["severity"], "breach"))
    page = drawn("warnings", lang="en", severity="breach")
    assert set(page.rows("warnings")) <= set(grave["finding_id"].to_pylist())
    assert page.tiles("warning-tiles")["breach"]["value"] == formats.count(len(page.rows("warnings")))


def test_an_answer_to_what_if_is_what_the_engine_says(desk: Desk) -> None:
    from app.desk.whatif import proposal

    answer = desk.whatif.ask([proposal(desk, **LOAN)])
    page = drawn("whatif", lang="en", **LOAN)
    tiles = page.blocks["whatif-tiles"]["tiles"]
    assert tiles[0]["exact"] == "50,000,000.00 CNY"
    assert tiles[1]["exact"] == exact(Decimal(answer.largest or 0) / 100)
    cells = [c for r in page.blocks["whatif-limits"]["rows"] for c in r["cells"][1:5]]
    figures = answer.tables["limits"].select(["before", "after", "limit", "headroom"])
    assert sorted(c["x"] for c in cells) == sorted(exact(v) for c in figures.columns for v in c.to_pylist())


def test_an_answer_to_what_if_is_downloaded_as_it_was_given(access: Access) -> None:
    held = access.ask(local(), "whatif", 1, **LOAN)
    assert {n: t.num_rows for n, t in held["tables"].items()} == {n: len(held[n]) for n in held["tables"]}
    own = access.ask(sample("subsidiary:L-LEASE"), "whatif", 1, **LOAN)
    assert set(own["tables"]["limits"]["level"].to_pylist()) <= {"solo", None}
    assert isinstance(access.ask(local(), "reserved", 1)["table"], pa.Table)
    page = drawn("whatif", lang="en", **LOAN)
    page.test.session_state["files-whatif"] = True
    labels = [b.proto.label for b in page.test.run().get("download_button")]
    assert labels == ["csv", "xlsx", "html"] * (len(held["tables"]) + 1)


def test_loads_and_the_audit_are_downloaded_whole(access: Access) -> None:
    loads = access.ask(local(), "loads", 1)
    assert loads["table"]["version"].to_pylist() == [d["version"] for d in loads["deliveries"]] == [1]
    audit = access.ask(sample("auditor"), "audit", 1)
    assert audit["table"]["seq"].to_pylist() == list(range(1, audit["count"] + 1))
    assert audit["events"][0]["seq"] == audit["count"]


def test_a_page_that_is_open_says_that_newer_data_has_come_and_keeps_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "book"
    shutil.copytree(SAMPLE, book, ignore=shutil.ignore_patterns("book.toml"))
    store = open_store(f"book:{tmp_path / 'store'}")
    load(book, store)
    access = Access(store, Audit(tmp_path / "audit.jsonl"), Request(), QUESTIONS)
    monkeypatch.setattr(RUNNING, "access", access)
    say = words("en")
    page = drawn("overview", lang="en")
    before = page.blocks["overview-tiles"]
    assert [i.value for i in page.test.info] == []
    facilities = (book / "facilities.csv").read_text("utf-8").splitlines(keepends=True)
    (book / "facilities.csv").write_text("".join(facilities[:-1]), "utf-8")
    load(book, store)
    page = read(page.test.run())
    assert [i.value for i in page.test.info] == [say["newer"].format(version=2)]
    assert page.blocks["overview-tiles"] == before
    button = next(b for b in page.test.button if b.label == say["newer_open"])
    page = read(button.click().run())
    assert [i.value for i in page.test.info] == []
    assert page.test.query_params["v"] == "2"
    assert page.blocks["overview-tiles"] != before


def test_a_principal_is_drawn_nothing_that_its_roles_may_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RUNNING, "principal", sample("subsidiary:L-LEASE"))
    page = drawn("contagion", lang="en")
    assert [e.value for e in page.test.error] == [words("en")["error"]]
    assert set(page.blocks) <= {"konzern-choice"}
    assert dataclasses.replace(sample("manager"), named=True).named


def test_a_stake_shows_its_direct_share_and_the_total_where_that_is_more(desk: Desk) -> None:
    shares = {(r["owner_id"], r["owned_id"]): r["integrated"] for r in desk.rows("shares").to_pylist()}
    held = of_group(desk, GROUP)
    stakes = {(t.source, t.target): t for t in held.ties if t.kind == "owns"}
    assert {pair: t.total for pair, t in stakes.items()} == {pair: shares[pair] for pair in stakes}
    more = stakes["FUND-LANHENG-STAFF", "C-LANHENG-02"]
    assert network.label(more, words("en"), "en") == "49 %\nΣ 69.4 %"
    assert network.label(stakes["C-LANHENG-01", "C-LANHENG-02"], words("en"), "en") == "51 %"


def test_a_link_to_a_question_fills_its_form() -> None:
    page = drawn("questions", question="party_card", **{"p.party": "C-HEYIN-01"})
    assert [i.value for i in page.test.text_input] == ["C-HEYIN-01"]


def test_a_step_of_the_bridge_opens_the_facilities_behind_it(desk: Desk) -> None:
    steps = {r["step"]: r["facility_ids"] for r in desk.rows("bridge", group_id=GROUP).to_pylist()}
    for step in ("undrawn_not_converted", "look_through_in"):
        page = drawn("groups", group=GROUP, step=step)
        assert steps[step]
        assert set(page.rows("step-facilities")) == set(steps[step])
    assert "step-facilities" not in drawn("groups", group=GROUP, step="net").blocks
    assert "step-facilities" not in drawn("groups", group=GROUP, step="none").blocks


def test_a_limit_opens_the_facilities_that_its_value_is_summed_from(desk: Desk, access: Access) -> None:
    subjects = sorted({s for s in desk.tables["limits"]["subject_id"].to_pylist() if s.startswith("G:")})
    assert len(subjects) > 9
    for row in limits_of(desk, [*subjects[:: len(subjects) // 9], "C-HENGJIANG-02"]):
        if row["value"] is not None:
            parts = access.ask(local(), "counted", 1, limit=row["id"])
            assert sum(p["counted"] or 0 for p in parts) == row["value"]
    page = drawn("groups", group=GROUP)
    chosen = next(i for i, cells in page.rows("limits").items() if cells[1]["k"] > 0)
    opened = drawn("groups", group=GROUP, limit=chosen)
    told = opened.rows("limit-facilities")
    assert set(told) <= set(desk.text("facilities", "facility_id").to_pylist())
    assert sum(cells[-1]["k"] for cells in told.values()) == opened.rows("limits")[chosen][1]["k"]
    assert drawn("groups", party="C-HENGJIANG-02").rows("limits")
    assert "limit-facilities" not in drawn("groups", group=GROUP, limit="G:NOBODY|group|||none").blocks
    assert access.ask(local(), "counted", 1, limit="G:NOBODY|group|||none") == []


SCENARIO = """
fail = ["C-DUANQIAO-01"]
failing_guarantor_pays = true
[loss_share]
C-LANHENG-01 = 0.25
[lgd]
default = 0.5
term_loan = 0.6
[prices]
real_estate = -0.3
[fx]
USD = -0.1
"""


def test_a_scenario_file_a_link_and_the_command_line_run_the_same(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(SCENARIO, "utf-8")
    tables, summary = run(desk.analysis, Asked(scenario=file))
    page = drawn("contagion", lang="en").test
    page.file_uploader[0].upload(file.name, file.read_bytes(), "application/toml").run()
    assert [e.value for e in page.error] == []
    held = dict(page.query_params)
    assert held["fail"] == "C-DUANQIAO-01"
    assert held["s.lgd.term_loan"] == "0.6"
    link = drawn("contagion", **{k: str(v) for k, v in held.items()})
    for shown in (read(page), link):
        tiles = {t["label"]: t["exact"] for t in shown.blocks["cascade-fail"]["tiles"]}
        assert tiles[words("en")["lender_loss"]] == exact(round(summary["lender_loss"], 2))
        lost = tables["parties"].filter(
            pc.or_(tables["parties"]["failed"], pc.greater(tables["parties"]["loss"], 0))
        )
        assert set(shown.rows("losers-fail")) == set(lost["party_id"].to_pylist()[:60])
    used = next(h for h in texts(link) if "Loss given default 50 %" in h)
    for part in (
        "term loan 60 %",
        "real estate −30 %",
        "USD −10 %",
        "loses 25 % of its equity at first",
    ):
        assert part in used


def test_a_scenario_file_that_is_wrong_is_told_line_by_line_and_changes_nothing() -> None:
    page = drawn("contagion", lang="en", fail="C-DUANQIAO-01").test
    page.file_uploader[0].upload("s.toml", b"[lgd]\nlorry = 2\ndefault = 2", "application/toml").run()
    assert [e.value for e in page.error] == [words("en")["scenario_wrong"]]
    told = page.text[0].value
    assert "s.toml, row 2, lgd.lorry: '2'" in told
    assert "s.toml, row 3, lgd.default: '2': not a number from 0 to 1" in told
    assert page.query_params["fail"] == "C-DUANQIAO-01"


def test_the_form_of_a_scenario_shows_and_says_what_the_run_uses(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = Access(access.store, access.audit, Request(options={"recovery": "0.55"}), QUESTIONS)
    monkeypatch.setattr(RUNNING, "access", half)
    page = drawn("contagion", lang="en", fail="C-DUANQIAO-01")
    field = next(n for n in page.test.number_input if "lgd.default" in str(n.key))
    assert field.value == pytest.approx(45)
    assert any("Loss given default 45 %" in t for t in texts(page))
    field.set_value(20.0)
    next(n for n in page.test.number_input if "fx.USD" in str(n.key)).set_value(-10.0)
    page = read(next(b for b in page.test.button if b.label == words("en")["assume"]).click().run())
    assert page.test.query_params["s.lgd.default"] == "0.2"
    assert any("Loss given default 20 % · USD −10 %" in t for t in texts(page))


def test_a_link_with_a_value_that_makes_no_sense_is_told_so() -> None:
    page = drawn("contagion", lang="en", fail="C-DUANQIAO-01", **{"s.lgd.default": "9"})
    assert [e.value for e in page.test.error] == [words("en")["error"]]
    assert "link, lgd.default: '9.0': not a number from 0 to 1" in page.test.text[-1].value


def texts(page: Drawn) -> list[str]:
    """What stands on a page as text of its own."""
    return [e.proto.body for e in elements(page.test.main) if e.type == "html"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_finding_is_told_without_a_code_of_the_engine(desk: Desk, language: str) -> None:
    say, lender = words(language), desk.lenders["L-LEASE"]
    page = drawn("warnings", lang=language)
    shown = json.dumps(list(page.rows("warnings").values()), ensure_ascii=False)
    for code in ("internal, ", ", solo", ", unified", "EU-CRR group", "distress_would_spread", "tier1"):
        assert code not in shown
    name = lender.name if language == "zh" else lender.name_en
    told = " · ".join(("EU-CRR", say["rule_group"], name, say["level_solo"]))
    assert told in shown
    assert " · ".join((say["rule_internal"], say["all_lenders"], say["scope_unified"])) in shown
    assert say["basis_distress_would_spread"] in shown
    breach = desk.rows("findings", code="limit_breach", rule="internal, *, unified").to_pylist()[0]
    page = drawn("warnings", lang=language, case=breach["finding_id"])
    figures = json.dumps(page.blocks["figures"]["rows"], ensure_ascii=False)
    assert "internal" not in figures or language == "en"
    assert say["figure_measure"] in figures


def test_the_audit_names_questions_in_words() -> None:
    for language in ("zh", "en"):
        page = drawn("data", lang=language)
        told = {r["cells"][4]["t"] for r in page.blocks["audit"]["rows"]}
        assert words(language)["question_loads"] in told
        assert "loads" not in told or language == "en"


def test_the_overview_counts_what_the_pages_behind_it_list(desk: Desk) -> None:
    page = drawn("overview", lang="en")
    for severity, (_, warnings, doubled) in page.rows("overview-findings").items():
        shown = {v: drawn(v, lang="en", severity=severity) for v in ("warnings", "duplicates")}
        assert warnings["t"] == str(len(shown["warnings"].rows("warnings")))
        assert doubled["t"] == str(len(shown["duplicates"].rows("duplicates")))
    rules = [cells[1] for cells in page.rows("overview-limits").values()]
    assert {c.get("sub", "") for c in rules} == {"", desk.pack}


def test_one_lender_s_analyst_reads_its_name_and_no_empty_list_of_deliveries(
    monkeypatch: pytest.MonkeyPatch, desk: Desk
) -> None:
    monkeypatch.setattr(RUNNING, "principal", sample("subsidiary:L-LEASE"))
    page = drawn("overview", lang="zh")
    assert "fresh" not in page.blocks
    assert any(f"{words('zh')['role_subsidiary']} {desk.lenders['L-LEASE'].name}" in t for t in texts(page))


def test_a_party_without_limits_is_told_so() -> None:
    page = drawn("groups", lang="en", party="P-LANHENG-FOUNDER")
    assert page.blocks["limits"]["empty"] == words("en")["no_tested"]


def test_an_event_of_the_audit_counts_the_rows_of_the_list_that_was_shown(access: Access) -> None:
    held = access.ask(local(), "warnings", 1)
    assert list(access.audit.events())[-1].rows == len(held["rows"]) > 5


def test_a_link_to_a_default_of_nobody_is_told_in_the_reader_s_language() -> None:
    page = drawn("contagion", lang="zh", fail="NOBODY")
    assert [e.value for e in page.test.error] == []
    assert any(words("zh")["not_found"] in t for t in texts(page))
    assert page.rows("ranking")
