"""Cells are exact: what is read is what Decimal says, or the cell is refused."""

import datetime as dt
import re
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graph.model import BOOL, COUNT, DATE, ID, INT64_MAX, MONEY, RATE, RATIO, SHARE, TEXT, Kind
from ingest.cells import DECIMALS, TOO_LARGE, UNREADABLE, convert
from ingest.texts import WrongTypeError

KINDS = st.sampled_from([MONEY, SHARE, RATIO, RATE, COUNT])
PLAIN = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)", re.ASCII)
NUMBERS = st.one_of(
    st.from_regex(r"\A[+-]?[0-9]{0,21}(\.[0-9]{0,14})?\Z"),
    st.text("0123456789.+-eE ,%１²", max_size=12),
    st.decimals(allow_nan=True, allow_infinity=True, places=2).map(str),
)


def one(value: object, kind: Kind, arrow: pa.DataType | None = None, **how: bool) -> tuple[object, int]:
    """What is held of one cell, and why it was not taken (0 = it was)."""
    cells = convert(pa.chunked_array([pa.array([value], arrow)]), kind, **how)
    return cells.values[0].as_py(), int(cells.why[0]) if len(cells.why) else 0


def expected(text: str, kind: Kind) -> tuple[int | None, int]:
    """The same by Decimal."""
    if not PLAIN.fullmatch(text):
        return None, UNREADABLE
    units = Fraction(text) * 10**kind.places
    if abs(int(units)) > INT64_MAX:
        return None, TOO_LARGE
    return (int(units), 0) if units.denominator == 1 else (None, DECIMALS)


@given(NUMBERS.filter(bool), KINDS)
def test_text_is_read_as_decimal_reads_it(text: str, kind: Kind) -> None:
    assert one(text, kind) == expected(text, kind)


@given(
    st.from_regex(r"\A-?[0-9]{1,14}\.[0-9]{0,3}5?0{0,3}1?\Z").filter(lambda t: t[-1] != "."),
    st.sampled_from([MONEY, SHARE]),
)
def test_stated_rounding_is_half_even(text: str, kind: Kind) -> None:
    units = int(Decimal(text).scaleb(kind.places).to_integral_value(ROUND_HALF_EVEN))
    value, why = one(text, kind, rounding=True)
    assert (value, why) == ((units, 0) if abs(units) <= INT64_MAX else (None, TOO_LARGE))


@given(st.integers(-(2**52) + 1, 2**52 - 1), st.sampled_from([MONEY, SHARE, RATIO]))
def test_the_float_nearest_to_a_number_of_units_is_that_number(units: int, kind: Kind) -> None:
    assert one(units / kind.scale, kind, pa.float64()) == (units, 0)


@given(st.floats(-1e10, 1e10))
def test_a_float_is_within_two_steps_of_what_is_held_of_it(x: float) -> None:
    value, why = one(x, MONEY, pa.float64())
    if why:
        assert (value, why) == (None, DECIMALS)
        assert abs(round(x * 100) / 100 - x) > 0
    else:
        assert isinstance(value, int)
        assert abs(value / 100 - x) <= 2 * np.spacing(abs(x))


@pytest.mark.parametrize(
    ("x", "kind", "held", "why"),
    [
        (0.1 + 0.2, MONEY, 30, 0),  # arithmetic leaves one step: not a third decimal
        (28545078.499999996, MONEY, 2854507850, 0),
        (0.125, MONEY, None, DECIMALS),
        (4.6e13, MONEY, None, TOO_LARGE),
        (-0.0, MONEY, 0, 0),
        (float("nan"), MONEY, None, UNREADABLE),
        (float("inf"), SHARE, None, UNREADABLE),
        (1 / 3, SHARE, None, DECIMALS),
        (16500.25, RATE, 16500250000000000, 0),
        (16500.1234567, RATE, None, DECIMALS),
        (3.0, COUNT, 3, 0),
        (3.5, COUNT, None, DECIMALS),
    ],
)
def test_floats(x: float, kind: Kind, held: int | None, why: int) -> None:
    assert one(x, kind, pa.float64()) == (held, why)


@given(st.floats(-1e12, 1e12))
def test_rounded_floats_are_the_number_that_their_text_shows(x: float) -> None:
    value, why = one(x, MONEY, pa.float64(), rounding=True)
    exact = Decimal(repr(x)) * 100
    near = int(exact.to_integral_value(ROUND_HALF_EVEN))
    assert why == 0
    assert value == near


@given(
    st.integers(0, 38).flatmap(
        lambda p: st.decimals(-1000, 1000, places=p) | st.just(Decimal(10) ** (37 - p))
    ),
    KINDS,
)
def test_arrow_decimals_are_read_as_decimal_reads_them(number: Decimal, kind: Kind) -> None:
    places = -int(number.as_tuple().exponent)
    assume(len(number.as_tuple().digits) <= 38 and places >= 0)
    assert one(number, kind, pa.decimal128(38, places)) == expected(f"{number:f}", kind)


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=4))
def test_arrow_decimals_are_rounded_half_even_where_stated(number: Decimal) -> None:
    units = int(number.scaleb(2).to_integral_value(ROUND_HALF_EVEN))
    assert one(number, MONEY, pa.decimal128(24, 4), rounding=True) == (units, 0)


@given(st.integers(-(2**63), 2**64 - 1), KINDS)
def test_whole_numbers(number: int, kind: Kind) -> None:
    arrow = pa.int64() if number < 2**63 else pa.uint64()
    assert one(number, kind, arrow) == expected(str(number), kind)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("1.5e3", 150000),
        ("2.852538092338957e-06", None),
        ("1e400", None),
        ("1E2", 10000),
        ("e5", None),
        ("1e", None),
    ],
)
def test_an_exponent_is_read_only_where_the_mapping_allows_it(text: str, held: int | None) -> None:
    assert one(text, MONEY) == (None, UNREADABLE)
    assert one(text, MONEY, exponent=True)[0] == held


@given(st.dates())
def test_dates_are_days(day: dt.date) -> None:
    assert one(day.isoformat(), DATE) == (day, 0)
    assert one(dt.datetime.combine(day, dt.time()), DATE, pa.timestamp("ms")) == (day, 0)


@given(st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"))
def test_only_days_of_the_calendar_are_dates(text: str) -> None:
    try:
        day: dt.date | None = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    assert one(text, DATE) == (day, 0 if day else UNREADABLE)


def test_a_time_of_day_is_no_date() -> None:
    assert one(dt.datetime(2026, 1, 1, 12), DATE, pa.timestamp("us")) == (None, UNREADABLE)  # noqa: DTZ001 - no zone


@pytest.mark.parametrize("word", ["true", "TRUE", "Yes", "1"])
def test_true_in_any_case(word: str) -> None:
    assert one(word, BOOL) == (True, 0)
    assert one("x", BOOL) == (None, UNREADABLE)
    assert one(0, BOOL, pa.int8()) == (False, 0)


IDS = ["00123", "NA", "null", "1e5", "123456789012345678", " x ", "nan", "1.0", "+5"]


@pytest.mark.parametrize(
    "arrow", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_ids_are_kept_as_written_and_empty_ones_are_unknown(arrow: pa.DataType) -> None:
    column = pa.chunked_array([pa.array([*IDS, "", None], pa.string()).cast(arrow)])
    assert convert(column, ID).values.to_pylist() == [*IDS, None, None]


def test_whole_numbers_may_be_ids_and_floats_may_not() -> None:
    assert one(123456789012345678, ID, pa.int64()) == ("123456789012345678", 0)
    with pytest.raises(WrongTypeError, match="lost the text of an id"):
        one(1.0, ID, pa.float64())


def test_chunks_and_slices_are_put_together() -> None:
    whole = pa.array(["9", "1.5", None, "x", "2"])
    column = pa.chunked_array([whole.slice(1, 2), pa.array([], pa.string()), whole.slice(3)])
    cells = convert(column, MONEY)
    assert cells.values.to_pylist() == [150, None, None, 200]
    assert cells.bad.tolist() == [2]
    floats = pa.chunked_array([pa.array([0.0, 1.5, None, 2.25]).slice(1), pa.array([np.nan, 3.0])])
    cells = convert(floats, MONEY)
    assert cells.values.to_pylist() == [150, None, 225, None, 300]
    assert cells.bad.tolist() == [3]


def test_types_that_cannot_be_meant_are_refused() -> None:
    for kind, value in ((MONEY, True), (DATE, 5), (BOOL, 0.5), (TEXT, b"x")):
        with pytest.raises(WrongTypeError):
            one(value, kind)


def test_dictionaries_of_several_chunks_become_one() -> None:
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", None, "c"]).dictionary_encode()]
    values = convert(pa.chunked_array(chunks), TEXT).values
    assert isinstance(values, pa.DictionaryArray)
    assert values.to_pylist() == ["a", "b", "b", None, "c"]
