"""Sheets come back as they are shown, and no damaged workbook gets further than a problem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.store import open_store
from ingest.job import read
from ingest.load import Aside, load
from ingest.sources import package
from ingest.sources.raw import UnreadableFileError
from ingest.sources.workbook import Workbook
from tests.ingest.corpus import SHEETS, mapping, workbook

HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
NUMBERS = st.integers(-(10**14), 10**14) | st.decimals(-(10**6), 10**6, places=4).map(float)
CELL = (
    st.none()
    | WORDS.filter(lambda t: t == t.strip())
    | NUMBERS
    | st.booleans()
    | st.dates(dt.date(1950, 1, 1))
)
ROWS = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[CELL] * n), min_size=1, max_size=5))


def shown(cell: object) -> str | None:
    """A cell as the definition says, by other means than the reader's."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        text = format(Decimal(str(cell)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return None if cell is None else str(cell)


@settings(HERE, max_examples=60)
@given(rows=ROWS, top=st.integers(0, 3), left=st.integers(0, 2))
def test_what_is_written_is_read_with_its_row(
    tmp_path: Path, rows: list[tuple[object, ...]], top: int, left: int
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for i, row in enumerate([tuple(f"c{j}" for j in range(len(rows[0]))), *rows]):
        for j, cell in enumerate(row):
            place = sheet.cell(top + i + 1, left + j + 1)
            place.value = cell  # type: ignore[assignment] # its stubs know no date
            if isinstance(cell, str):
                place.data_type = "s"  # a text that begins with = is no formula
    book.save(tmp_path / "t.xlsx")
    raw = Workbook(tmp_path / "t.xlsx").read(sheet.title)
    kept = [(top + i + 2, row) for i, row in enumerate(rows) if any(c is not None for c in row)]
    assert [tuple(r.values()) for r in raw.data.to_pylist()] == [tuple(map(shown, row)) for _, row in kept]
    assert [raw.origin.line(i) for i in range(raw.origin.rows)] == [line for line, _ in kept]


SOUND = workbook()


@settings(HERE, max_examples=150)
@given(data=st.data())
def test_a_damaged_workbook_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    body = bytearray(SOUND)
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    (tmp_path / "t.xlsx").write_bytes(bytes(body[: data.draw(st.sampled_from([None, 100, 2_000]))]))
    try:
        held = Workbook(tmp_path / "t.xlsx")
        for sheet in held.sheets:
            held.read(sheet)
    except UnreadableFileError as error:
        told = error.problems
        assert told


@pytest.mark.parametrize("alone", [True, False])
def test_a_workbook_is_a_book_alone_or_in_its_folder(alone: bool, tmp_path: Path) -> None:
    (tmp_path / "group.xlsx").write_bytes(SOUND)
    book, receipt = read(tmp_path / "group.xlsx" if alone else tmp_path)
    assert book.place("facilities", 1) == ("group.xlsx, sheet facilities", 3)
    assert [c.delivered for c in receipt.counts] == [2, 1, 2]


def test_a_manifest_speaks_of_the_workbook_as_one_file(tmp_path: Path) -> None:
    (tmp_path / "group.xlsx").write_bytes(SOUND)
    (tmp_path / "book.toml").write_text(
        'format = 1\n[files."group.xlsx"]\nrows = 5\nsums = { drawn = "50" }\n'
    )
    assert read(tmp_path)[1].reconciled


def test_a_mapping_reads_the_sheet_that_it_names(tmp_path: Path) -> None:
    loans = [["NO", "BANK", "CUST", "AMT", "BAL", "CCY"], [7, "L", "A", 100.5, 3, "EUR"]]
    (tmp_path / "core.xlsx").write_bytes(workbook({"Loans": loans}))
    text = mapping("").replace('"parties.csv"', '"core.xlsx"\nsheet = "parties"')
    (tmp_path / "m.toml").write_text(text.replace('"loans.csv"', '"*.xlsx"\nsheet = "Loans"'))
    book, receipt = read(tmp_path, tmp_path / "m.toml")
    assert book.table("facilities").column("facility_id").to_pylist() == ["7"]
    assert book.table("facilities").column("limit").to_pylist() == [10_050]
    others = {f"core.xlsx, sheet {name}" for name in ("lenders", "facilities")}
    assert receipt.unknown_files.keys() == {"m.toml", *others}


def test_rows_of_a_sheet_that_are_set_aside_are_written_as_they_came(tmp_path: Path) -> None:
    wrong = [*SHEETS["facilities"], ["F3", "L", "A", "loan", "much", 0, "EUR"]]
    (tmp_path / "group.xlsx").write_bytes(workbook({"facilities": wrong}))
    store = open_store(f"book:{tmp_path / 'store'}")
    loaded = load(tmp_path / "group.xlsx", store, aside=Aside(tmp_path / "aside", Fraction(1, 2)))
    assert loaded.quarantine is not None
    assert (loaded.quarantine / "facilities.csv").read_text().splitlines()[1:] == ["4,F3,L,A,loan,much,0,EUR"]


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 90)), max_size=12),
    st.lists(st.integers(0, 12), max_size=20),
    st.integers(1, 70),
)
def test_the_text_that_cells_share_is_counted_over_the_edges_of_pieces(
    texts: list[int | None], cells: list[int], step: int
) -> None:
    def cut(body: bytes) -> Iterator[bytes]:
        return (body[i : i + step] for i in range(0, len(body), step))

    items = [b"<si/>" if n is None else b"<si><t>" + b"x" * n + b"</t></si>" for n in texts]
    lengths = package.shared_lengths(cut(b"".join(items)))
    assert lengths.tolist() == [len(i) for i in items]
    sheet = b"".join(b'<c r="A1" t="s"><v>%d</v></c>' % n for n in cells)
    assert package.shown_bytes(cut(sheet), lengths) == sum(len(items[n]) for n in cells if n < len(items))
