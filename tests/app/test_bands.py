"""What a subsidiary's analyst is told of others' credit with a group: that there is some, and headroom as a band."""

from pathlib import Path

import pytest

from app.access import Access, sample
from app.audit import Audit
from app.desk.questions import QUESTIONS
from app.launch import RUNNING
from app.views.frame import words
from graph.store import open_store
from ingest.load import load
from tests.app.pages import drawn

THREE = {"OWN": 10, "B": 30, "C": 30, "D": 30}


def crowd(folder: Path, owed: dict[str, int], limit: int) -> Access:
    """A store of one group that several lenders lend to, under one limit of the bank's own."""
    tables = {
        "parties": ["party_id,name,kind,equity", "TOP,Top,company,100", "BELOW,Below,company,100"],
        "ownership": ["owner_id,owned_id,share", "TOP,BELOW,1"],
        "lenders": ["lender_id,name", *(f"{n},{n}" for n in owed)],
        "facilities": [
            "facility_id,lender_id,obligor_id,product,limit,drawn,currency",
            *(f"F-{n},{n},BELOW,loan,{a},{a},EUR" for n, a in owed.items()),
        ],
        "limits": ["scope,subject_id,amount,currency,measure", f"group,TOP,{limit},EUR,drawn"],
    }
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    store = open_store(f"book:{folder / 'store'}")
    load(folder, store)
    return Access(store, Audit(folder / "audit.jsonl"), questions=QUESTIONS)


@pytest.mark.parametrize(
    ("owed", "limit", "band"),
    [
        (THREE, 100, "none"),
        (THREE, 105, "little"),
        (THREE, 150, "some"),
        (THREE, 400, "ample"),
        ({"OWN": 10, "B": 85, "C": 10, "D": 5}, 150, "some"),
        ({"OWN": 10, "B": 86, "C": 9, "D": 5}, 150, ""),  # one has more than 85 % of it
        ({"OWN": 10, "B": 50, "C": 50}, 150, ""),  # two: each would find the other out
    ],
)
def test_headroom_is_a_band_where_three_others_or_more_hide_each_other(
    tmp_path: Path, owed: dict[str, int], limit: int, band: str
) -> None:
    asked = crowd(tmp_path, owed, limit)
    told = asked.ask(sample("subsidiary:OWN"), "released", 1, group_id="G:TOP")
    assert told == {"others": True, "band": band}


def test_the_band_is_said_on_the_page_of_the_group_and_no_figure_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RUNNING, "access", crowd(tmp_path, {"OWN": 10, "B": 31, "C": 31, "D": 31}, 150))
    monkeypatch.setattr(RUNNING, "principal", sample("subsidiary:OWN"))
    say = words("en")
    page = drawn("groups", lang="en", group="G:TOP")
    assert [i.value for i in page.test.info] == [f"{say['others_have']} {say['band_some']}"]
    told = str(page.blocks)
    assert "10.00 EUR" in told
    assert [figure for figure in ("31.00", "93.00", "103.00", "150.00") if figure in told] == []
