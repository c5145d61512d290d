"""What pages are made of: words, formats, layouts, search, and names that do not stand in anyone's way."""

import ast
import importlib.util
import math
import re
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import formats
from app.access import Access, local, sample
from app.desk.cases import STATES, STEPS
from app.desk.questions import PAGES, QUESTIONS
from app.desk.search import Lines
from app.drawing import network, palette
from app.drawing.layout import circle, levels, packed, tree
from app.views.frame import words
from exposure.results import RESULTS
from graph.findings import CODES
from tests.tree import ROOT

APP = ROOT / "app"
VIEWS = sorted((APP / "views").glob("*.py"))


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    english, chinese = words("en"), words("zh")
    assert list(english) == list(chinese)
    places = {k: sorted(re.findall(r"\{(\w+)\}", v)) for k, v in english.items()}
    assert [k for k, v in chinese.items() if sorted(re.findall(r"\{(\w+)\}", v)) != places[k]] == []
    assert [k for k in english if not english[k].strip() or not chinese[k].strip()] == []


COUNTED = (
    "count", "failed", "waves", "costly", "scenarios", "holdings", "holders", "companies", "sets", "guarantors",
    "dropped", "days", "memberships",
)  # fmt: skip
"""Places that numbers fill which may be one."""


def test_no_english_sentence_is_wrong_of_one() -> None:
    """Counts stand behind what they count, so that a sentence holds of one as of many."""
    many = re.compile(rf"\{{(?:{'|'.join(COUNTED)})(?::[^}}]*)?\}} (?:[a-z]+ )?[a-z]+s\b")
    held = {
        k: v for f in ("pages", "contagion", "whatif", "store") for k, v in _said(APP / f"words/{f}.en.toml")
    }
    held |= dict(_said(ROOT / "exposure/words/findings.en.toml"))
    least = {"of_length", "over_guarantee_count"}  # a circle has two members, and many are more than five
    assert {k: v for k, v in held.items() if many.search(v) and k not in least} == {}


def _said(path: Path) -> list[tuple[str, str]]:
    """Texts of a file of words."""
    return [(k, v) for k, v in tomllib.loads(path.read_text("utf-8")).items() if isinstance(v, str)]


def test_every_text_that_a_page_asks_for_is_there() -> None:
    asked: set[str] = set()
    for path in [*VIEWS, *(APP / "drawing").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                base = node.value
                named = getattr(base, "id", getattr(base, "attr", ""))
                if named == "say" and isinstance(node.slice.value, str):
                    asked.add(node.slice.value)
    assert asked
    assert sorted(asked - set(words("en"))) == []


def test_every_code_state_step_page_and_download_has_a_word() -> None:
    needed = [f"code_{c}" for c in CODES]
    needed += [f"state_{s}" for s in STATES] + [f"step_{s}" for s in STEPS] + [f"page_{p}" for p in PAGES]
    needed += [f"edge_{e}" for e in palette.EDGES] + [f"question_{q}" for q in QUESTIONS]
    needed += [f"figure_{f}" for c in CODES.values() for f in c.figures]
    views = "".join(p.read_text("utf-8") for p in VIEWS)
    needed += [
        f"result_{n}"
        for call in re.findall(r"downloads\(([^)]*)\)", views)
        for n in re.findall(r'"(\w+)"', call)
        if n in RESULTS
    ]
    assert [key for key in needed if key not in words("en")] == []


def test_views_compute_nothing_and_ask_by_name_only() -> None:
    """No page reaches a table, an array or the engine; what it shows was asked for through access."""
    for path in VIEWS:
        text = path.read_text("utf-8")
        assert (
            re.findall(r"^(?:from|import) (exposure|pyarrow|numpy|pandas|ingest)\b", text, re.MULTILINE) == []
        )
        assert "unsafe_allow" not in text


def test_no_module_beside_the_script_takes_the_name_of_another() -> None:
    """Streamlit puts the script's folder first on the path."""
    ours = {p.stem for p in APP.iterdir() if p.suffix == ".py" or p.is_dir()} - {
        "__init__",
        "__pycache__",
        "main",
    }
    taken = {
        n
        for n in ours
        if n in sys.stdlib_module_names or n in {"graph", "exposure", "ingest", "cypher", "app"}
    }
    for name in ours - taken:
        found = importlib.util.find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
        if (
            found is not None
            and found.origin
            and Path(found.origin).parent.parent != ROOT
            and "site-packages" in found.origin
        ):
            taken.add(name)
    assert taken == set()


@given(st.decimals(-(10**15), 10**15, places=2), st.sampled_from(["zh", "en"]))
def test_an_amount_never_reads_as_nothing_unless_it_is(value: Decimal, language: str) -> None:
    shown = formats.unit([value, Decimal(10**12)], language).show(value)
    assert (shown == "0.00") == (value == 0)


def test_unknown_is_never_zero() -> None:
    assert (
        formats.short(None, "en")
        == formats.percent(None)
        == formats.count(None)
        == formats.share(None)
        == "–"
    )
    assert formats.percent(math.nan) == "–"


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.floats(0, 1)), max_size=30
        ).map(
            lambda edges: (
                [f"n{i}" for i in range(n)],
                {(f"n{a}", f"n{b}"): w for a, b, w in edges if a != b},
            )
        )
    )
)
def test_every_party_has_a_place_of_its_own_whatever_owns_whom(
    drawn: tuple[list[str], dict[tuple[str, str], float]],
) -> None:
    nodes, owns = drawn
    points = tree(nodes, owns)
    assert set(points) == set(nodes)
    assert len(set(points.values())) == len(nodes)
    level = levels(nodes, owns)
    assert min(level.values()) == 0


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_parts_of_a_network_do_not_lie_on_one_another(sizes: list[int]) -> None:
    parts = [[f"{i}.{j}" for j in range(n)] for i, n in enumerate(sizes)]
    points = packed(parts)
    assert len(points) == sum(sizes)
    boxes = []
    for p in parts:
        x, y = zip(*(points[n] for n in p), strict=True)
        boxes.append((min(x), min(y), max(x), max(y)))
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def test_a_circle_has_its_members_at_equal_distance() -> None:
    points = list(circle([f"n{i}" for i in range(7)]).values())
    assert len({round(math.dist(p, (0, 0))) for p in points}) == 1


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("岚衡精机", "C-LANHENG-03"),
        ("lanheng precision", "C-LANHENG-03"),
        ("ＬＡＮＨＥＮＧ", "C-LANHENG-01"),
        ("lanhengjingji", "C-LANHENG-03"),
        ("lhjj", "C-LANHENG-03"),
        ("C-LANHENG-02", "C-LANHENG-02"),
        ("C-SUYUAN-99", "C-SUYUAN-01"),
    ],
)
def test_a_party_is_found_by_either_script_pinyin_initials_and_ids(
    access: Access, text: str, party: str
) -> None:
    found = access.ask(local(), "search", 1, text=text)
    assert party in [r["party_id"] for r in found]


@given(st.lists(st.text("ab岚", max_size=5), max_size=8), st.text("ab岚", min_size=1, max_size=3))
def test_lines_are_searched_as_a_whole_like_one_by_one(lines: list[str], wanted: str) -> None:
    held = Lines.of("\n".join(lines))
    assert held.holding(wanted).tolist() == [i for i, line in enumerate(lines) if wanted in line]
    begins = [i for i, line in enumerate(lines) if line.startswith(wanted)]
    assert held.holding(wanted, "\n").tolist() == begins
    assert held.holding(wanted, "\n", "\n").tolist() == [i for i in begins if lines[i] == wanted]


def test_nothing_is_found_by_nothing(access: Access) -> None:
    assert access.ask(local(), "search", 1, text="  ") == []
    assert access.ask(local(), "search", 1, text="no such party") == []


def test_the_picture_of_a_group_shows_who_controls_and_who_only_holds(access: Access) -> None:
    held = access.ask(local(), "group_network", 1, group_id="G:P-LANHENG-FOUNDER")
    ties = {(t.source, t.target): network.style(t) for t in held.ties}
    assert ties["P-LANHENG-FOUNDER", "C-LANHENG-01"] == "control"
    assert "minority" in ties.values()
    assert {n.names.id for n in held.nodes if n.member} >= {"C-LANHENG-01", "C-LANHENG-02", "C-LANHENG-03"}


def test_a_picture_gives_every_edge_an_id_and_every_box_a_place(access: Access) -> None:
    held = access.ask(local(), "group_network", 1, group_id="G:P-LANHENG-FOUNDER")
    owns = {(t.source, t.target): float(t.share or 0) for t in held.ties if t.kind == "owns"}
    points = tree([n.names.id for n in held.nodes], owns)
    data = network.data(held, points, words("zh"), "zh", network.Look("G:P-LANHENG-FOUNDER"))
    assert [n for n in data["nodes"] if n.get("x") is None or n.get("y") is None] == []
    ids = [e["id"] for e in data["edges"]]
    assert len(set(ids)) == len(ids)
    assert data["options"]["physics"] == {"enabled": False}


def test_desks_and_answers_are_kept_by_scope(access: Access) -> None:
    whole = access.ask(sample("manager"), "overview", 1)
    part = access.ask(sample("subsidiary:L-LEASE"), "overview", 1)
    again = access.ask(sample("manager"), "overview", 1)
    assert whole is again
    assert part.gross < whole.gross
