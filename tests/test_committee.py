"""The committee's page and the early warnings of a store: what a reader finds there, in both languages."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from app.committee import words
from exposure.results import RESULTS
from graph.findings import SEVERITIES
from tests.test_cli import FACILITIES, LENDERS, OWNERSHIP, PARTIES, konzern


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A delivery of three parties, one with a name that a page must not run."""
    made = tmp_path / "bank"
    made.mkdir()
    for name, text in (
        ("parties", PARTIES.replace("Haitian Steel", "<b>Steel</b>")),
        ("ownership", OWNERSHIP.replace("P,A,0.6\n", "P,A,0.4\n")),
        ("facilities", FACILITIES),
        ("lenders", LENDERS),
        ("limits", "scope,subject_id,lender_id,amount,currency\nparty,A,BANK,70,CNY\n"),
    ):
        (made / f"{name}.csv").write_text(text, "utf-8")
    return made


@pytest.fixture
def url(delivery: Path, tmp_path: Path) -> str:
    """A store with two versions: in the second one P controls A, and F1 is drawn in full."""
    made = f"book:{tmp_path / 'store'}"
    (delivery / "facilities.csv").write_text(
        FACILITIES.replace("F1,BANK,A,loan,100,80", "F1,BANK,A,loan,100,40"), "utf-8"
    )
    assert konzern("load", delivery, "--store", made).exit_code == 0
    (delivery / "ownership.csv").write_text(OWNERSHIP, "utf-8")
    (delivery / "facilities.csv").write_text(FACILITIES, "utf-8")
    assert konzern("load", delivery, "--store", made).exit_code == 0
    return made


def test_a_store_compares_with_the_version_before_where_no_day_tells_more(url: str, delivery: Path) -> None:
    rows = json.loads(konzern("warnings", url, "--json").output)["findings"]
    assert [(r["code"], r["subjects"]) for r in rows] == [
        ("new_link", ["A", "P"]),
        ("utilisation_jump", ["F1"]),
    ]
    assert all(" v1" in r["text_en"] for r in rows)
    assert json.loads(konzern("warnings", delivery, "--json").output)["findings"] == []
    same = konzern("warnings", url, "--since", "2")
    assert (same.exit_code, "version itself" in same.output) == (2, True)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_every_section_and_each_thing_once(url: str, tmp_path: Path, language: str) -> None:
    konzern(
        "report",
        url,
        "--out",
        tmp_path,
        "--formats",
        "html",
        "--lang",
        language,
        "--rules",
        "EU-CRR,CN-JOINT",
    )
    page, say = (tmp_path / "report.html").read_text("utf-8"), words(language)
    assert re.findall("<h2>(.*?)</h2>", page) == [
        say[s]
        for s in (
            "figures",
            "changes",
            "early",
            "breaches",
            "duplicates",
            "top_groups",
            "circles",
            "warnings",
        )
    ]
    assert page.count('<td class="">G:P<') == 1
    assert page.count(f">{say['internal']}<") == 1
    assert "<b>Steel" not in page


def test_the_page_of_a_folder_says_that_it_knows_no_earlier_version(delivery: Path, tmp_path: Path) -> None:
    konzern("report", delivery, "--out", tmp_path, "--formats", "html")
    assert words("en")["unversioned"] in (tmp_path / "report.html").read_text("utf-8")


def test_the_workbook_has_a_sheet_a_result_with_the_gravest_findings_first(url: str, tmp_path: Path) -> None:
    konzern("report", url, "--out", tmp_path, "--formats", "xlsx")
    with zipfile.ZipFile(tmp_path / "report.xlsx") as book:
        names = re.findall('sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        sheets = [book.read(f"xl/worksheets/sheet{i + 1}.xml").decode() for i in range(len(names))]
    assert names == ["summary", *RESULTS]
    assert not any("<f>" in sheet for sheet in sheets)
    told = re.findall(r"<t[^>]*>(breach|warning|info)</t>", sheets[names.index("findings")])
    assert told == sorted(told, key=SEVERITIES[::-1].index)
    assert set(told) == {"breach", "warning", "info"}


def test_both_languages_have_the_same_headings() -> None:
    assert words("en").keys() == words("zh").keys()


@pytest.mark.parametrize(("language", "said"), [("en", "P controls A"), ("zh", "控制")])
def test_findings_are_printed_in_one_language_the_gravest_first(url: str, language: str, said: str) -> None:
    told = konzern("warnings", url, "--lang", language).output
    assert said in told
    assert ("text_en" in told, "text_zh" in told) == (language == "en", language == "zh")
    assert told.index("new_link") < told.index("utilisation_jump")
