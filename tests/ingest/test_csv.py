"""Delimited text comes back as it was written, and every row knows its line."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.job import read
from ingest.sources import delimited
from ingest.sources import encoding as encodings
from ingest.sources.delimited import Dialect
from ingest.sources.raw import UnreadableFileError
from tests.ingest.books import write

HERE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # each example overwrites the file
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.sampled_from(
    ['"', '""', "\n", "\r\n", "\r", ",", ";|", "'", " ", "NA", "null", "ﬁ", "银行", "\ufeff", "a\nb", '"\n"']
)
TABLE = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[CELL] * n), max_size=6))


def written(rows: list[tuple[str, ...]], delimiter: str, ending: str, bom: bool) -> tuple[bytes, list[int]]:
    """A file with these rows, and the line on which each starts."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    lines = []
    for row in [tuple(f"c{i}" for i in range(len(rows[0]) if rows else 1)), *rows]:
        lines.append(text.getvalue().replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1)
        writer.writerow(row)
    return (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode(), lines[1:]


@HERE
@given(TABLE, st.sampled_from(",;|\t"), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_what_is_written_is_read(
    tmp_path: Path, rows: list[tuple[str, ...]], delimiter: str, ending: str, bom: bool
) -> None:
    body, lines = written(rows, delimiter, ending, bom)
    (tmp_path / "t.csv").write_bytes(body)
    raw = delimited.read(tmp_path / "t.csv", Dialect(delimiter))
    held = [tuple(row.values()) for row in raw.data.to_pylist()]
    assert held == [tuple(cell or None for cell in row) for row in rows]
    assert [raw.origin.line(i) for i in range(len(rows))] == lines


@HERE
@given(st.text('ab,"\n\r', max_size=30))
def test_any_text_is_read_as_the_csv_module_reads_it_or_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(b"x,y\n" + text.encode())
    try:
        raw = delimited.read(tmp_path / "t.csv")
    except UnreadableFileError:
        return
    wanted = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    assert [tuple(r.values()) for r in raw.data.to_pylist()] == [tuple(c or None for c in r) for r in wanted]


def test_cut_at_any_byte_a_file_is_read_in_whole_rows_or_refused(tmp_path: Path) -> None:
    body = 'c0,c1\n1,"a\n""b"\n2,银行\n'.encode()
    for end in range(len(body)):
        (tmp_path / "t.csv").write_bytes(body[:end])
        try:
            raw = delimited.read(tmp_path / "t.csv")
        except UnreadableFileError:
            continue
        assert raw.data.column_names in (["c0", "c1"], ["c0", "c"], ["c0"], ["c"], ["c0", ""])


def test_lines_are_right_after_line_breaks_in_names_and_empty_lines(tmp_path: Path) -> None:
    parties = 'party_id,name,kind\n\nA,"Alpha\nand\nSons",company\n\n\nB,Beta,person\n'
    book, _ = read(write(tmp_path, {"parties.csv": parties}))
    assert book.place("parties", 0) == ("parties.csv", 3)
    assert book.place("parties", 1) == ("parties.csv", 8)
    assert book.table("parties").column("name")[0].as_py() == "Alpha\nand\nSons"


def test_ids_keep_their_text(tmp_path: Path) -> None:
    ids = ["00123", "NA", "null", "1e5", "123456789012345678", "nan", "TRUE", "１"]
    rows = "".join(f"{i},N,company\n" for i in ids)
    parties = f"party_id,name,kind\nA,N,company\nB,N,company\n{rows}"
    book, _ = read(write(tmp_path, {"parties.csv": parties}))
    assert book.table("parties").column("party_id").to_pylist()[2:] == ids


def test_another_encoding_must_be_stated(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("编号,名称\n1,银行\n".encode("gb18030"))
    raw = delimited.read(tmp_path / "t.csv", Dialect(encoding="gb18030"))
    assert raw.data.to_pylist() == [{"编号": "1", "名称": "银行"}]
    with pytest.raises(UnreadableFileError, match="byte 0 is not utf-8"):
        delimited.read(tmp_path / "t.csv")


def test_words_that_repeat_come_dictionary_encoded_from_several_blocks(tmp_path: Path) -> None:
    rows = "".join(f"{i},{'EUR' if i < 600_000 else 'USD'},{'x' * 20}\n" for i in range(700_000))
    (tmp_path / "t.csv").write_text("id,currency,name\n" + rows)
    raw = delimited.read(tmp_path / "t.csv", coded=frozenset({"currency"}))
    assert raw.data.column("currency").num_chunks > 1
    assert raw.data.column("currency").type == pa.dictionary(pa.int32(), pa.string())


def test_columns_that_the_model_does_not_know_are_kept_as_json(tmp_path: Path) -> None:
    parties = 'party_id,name,kind,Note,é\nA,Alpha,company,"say ""hi""\\\n",1\nB,Beta,person,,\n'
    book, receipt = read(write(tmp_path, {"parties.csv": parties}))
    assert book.table("parties").column("extra").to_pylist() == [
        '{"Note":"say \\"hi\\"\\\\\\n","é":"1"}',
        None,
    ]
    assert receipt.unknown_columns == {"parties": ("Note", "é")}


@HERE
@given(st.binary(max_size=40) | st.text('"a,\n\r\0', max_size=20).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(body)
    try:
        raw = delimited.read(tmp_path / "t.csv")
    except UnreadableFileError as error:
        problems = error.problems
        assert problems
        return
    assert raw.origin.rows == raw.data.num_rows


@pytest.mark.parametrize(
    "body", ['a,b\n1,"' + "x" * 200_000, '"' + "x" * 200_000 + "\n1,2\n", "a,b\n1\n" + "x" * 200_000 + "\n"]
)
def test_a_quote_that_is_never_closed_in_a_long_file_is_refused(body: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(body)
    with pytest.raises(UnreadableFileError):
        delimited.read(tmp_path / "t.csv")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "big5", "utf-8-sig"])
def test_a_stated_encoding_is_read_over_the_edges_of_pieces(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "id,name\n" + "".join(f"{i},中國銀行{i}\n" for i in range(40))
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    monkeypatch.setattr(encodings, "_PIECE", 7)
    raw = delimited.read(tmp_path / "t.csv", Dialect(encoding=encoding))
    assert [r["name"] for r in raw.data.to_pylist()] == [f"中國銀行{i}" for i in range(40)]


@HERE
@given(st.binary(max_size=30), st.sampled_from(["gb18030", "utf-16", "utf-16-le", "big5", "cp1252"]))
def test_any_bytes_are_text_of_the_stated_encoding_or_refused_at_the_first_that_are_not(
    tmp_path: Path, body: bytes, encoding: str
) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n" + body)
    try:
        held = encodings.utf8(tmp_path / "t.csv", encoding)
    except UnreadableFileError as error:
        (problem,) = error.problems
        try:
            (b"a,b\n" + body).decode(encoding)
        except UnicodeDecodeError as first:
            if f"byte {first.start} " not in problem.message:
                assert "UTF-8, not" in problem.message or "byte order mark" in problem.message
        else:
            assert "UTF-8, not" in problem.message or "byte order mark" in problem.message
        return
    assert held.to_pybytes().decode() == (b"a,b\n" + body).decode(encoding)


def test_a_gigantic_file_in_another_encoding_takes_its_bytes_and_its_text(tmp_path: Path) -> None:
    text = "id,name\n" + "1,中国银行股份有限公司\n" * 400_000
    (tmp_path / "t.csv").write_bytes(text.encode("gb18030"))
    before = pa.total_allocated_bytes()
    held = encodings.utf8(tmp_path / "t.csv", "gb18030")
    assert pa.total_allocated_bytes() - before < 3 * held.size
