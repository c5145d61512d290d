"""A Parquet file with changed or missing bytes is read or refused, and never anything else."""

import datetime as dt
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InputError
from ingest.job import read
from ingest.sources import parquet
from ingest.sources.raw import UnreadableFileError
from tests.ingest.books import found, write

HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def body() -> bytes:
    """A small file of lenders."""
    buffer = io.BytesIO()
    table = pa.table(
        {"lender_id": ["L", "M"], "name": pa.array(["x", None]).dictionary_encode(), "tier1": [1.5, 2.0]}
    )
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


BODY = body()


@HERE
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_changed_byte_is_harmless_or_refused(tmp_path: Path, at: int, by: int) -> None:
    changed = bytearray(BODY)
    changed[at] ^= by
    (tmp_path / "lenders.parquet").write_bytes(changed)
    try:
        parquet.read(tmp_path / "lenders.parquet", frozenset({"name"}))
    except UnreadableFileError as error:
        assert all(p.message for p in error.problems)  # noqa: PT017 - reading it is as right


def test_a_column_whose_name_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lenders.parquet").write_bytes(BODY.replace(b"lender_id", b"lender\xec\xeci"))
    with pytest.raises(UnreadableFileError, match="no whole Parquet file"):
        parquet.read(tmp_path / "lenders.parquet")


def test_cut_at_any_byte_a_file_is_refused(tmp_path: Path) -> None:
    for end in range(len(BODY)):
        (tmp_path / "lenders.parquet").write_bytes(BODY[:end])
        with pytest.raises(UnreadableFileError):
            parquet.read(tmp_path / "lenders.parquet")


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table([["L"], ["x"], ["y"]], names=["lender_id", "name", "name"]), tmp_path / "lenders.parquet"
    )
    write(tmp_path, without=("lenders.csv",))
    assert found(tmp_path) == [("lenders.parquet", 0, "name", "duplicate_header")]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("name", pa.array([1.5])),
        ("name", pa.array([["x"]])),
        ("tier1", pa.array([True])),
        ("tier1", pa.array([dt.date(2026, 1, 1)])),
        ("tier1", pa.array([[1]])),
        ("gsib", pa.array([1.0])),
        ("valid_from", pa.array([20260101])),
        ("valid_from", pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)])),
    ],
)
def test_types_that_cannot_be_meant_are_told_by_column(column: str, values: pa.Array, tmp_path: Path) -> None:
    write(tmp_path, without=("lenders.csv",))
    columns = {"lender_id": pa.array(["L"]), "name": pa.array(["x"]), column: values}
    pq.write_table(pa.table(columns), tmp_path / "lenders.parquet")
    assert found(tmp_path) == [("lenders.parquet", 0, column, "wrong_type")]


def test_nested_columns_that_the_model_does_not_know_are_kept(tmp_path: Path) -> None:
    write(tmp_path, without=("lenders.csv",))
    table = pa.table({"lender_id": ["L"], "name": ["x"], "more": [{"a": [1, None]}], "n": [2.5]})
    pq.write_table(table, tmp_path / "lenders.parquet")
    book, _ = read(tmp_path)
    assert book.table("lenders").column("extra").to_pylist() == ['{"more":"{\\"a\\": [1, null]}","n":"2.5"}']


def test_a_pickle_is_no_table(tmp_path: Path) -> None:
    write(
        tmp_path, {"lenders.parquet": b"\x80\x04\x95", "umbrellas.pickle": b"\x80\x04\x95"}, ("lenders.csv",)
    )
    with pytest.raises(InputError, match="no whole Parquet file"):
        read(tmp_path)
