"""Cells: a delivered column to the type of the model, exactly, or a status for each cell that cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import one_chunk, text_buffers
from graph.model import BOOL, DATE, INT64_MAX, RATE, Kind
from ingest.kernels import cells as _kernels
from ingest.texts import WrongTypeError, text

Int64 = npt.NDArray[np.int64]
Status = npt.NDArray[np.uint8]

TAKEN, EMPTY, UNREADABLE, DECIMALS, TOO_LARGE, ROUNDED = range(6)
_NO_VALIDITY: Final = np.zeros(0, np.uint8)
_SCIENTIFIC: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,60})?[eE][+-]?\d{1,3}", re.ASCII)
_WORD_DIGITS: Final = 18
_ARROW_DIGITS: Final = 38
_EXACT: Final = Context(prec=200)
_TRUTH: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class Cells:
    """One column as the book holds it, and what could not be taken.

    ``values`` is one Arrow array (of plain text: the chunks as they came), null where a cell is empty or not
    taken. ``bad`` are the rows (int64) not taken, ``why`` their statuses; ``rounded`` the rows that were rounded
    because the mapping says so.
    """

    values: pa.Array | pa.ChunkedArray
    bad: Int64
    why: Status
    rounded: Int64


def convert(column: pa.ChunkedArray, kind: Kind, *, rounding: bool = False, exponent: bool = False) -> Cells:
    """Bring a column to its kind.

    ``rounding`` = more decimals than the kind holds are rounded half-even, ``exponent`` = text such as 1.5e-05 is
    a number.

    Text, dictionary, integer, float, decimal, boolean, date and timestamp columns are taken where the kind
    can hold each value exactly. Raises ``WrongTypeError`` where the type as a whole cannot be meant.

    >>> convert(pa.chunked_array([["1.50", None, "x"]]), Kind("money", pa.int64(), "", 100)).values.to_pylist()
    [150, None, None]
    """
    held = column.type
    if pa.types.is_null(held):
        return _whole(pa.nulls(len(column), kind.arrow))
    if kind.arrow == pa.string():
        return _whole(text(column))
    if pa.types.is_dictionary(held):
        column = pa.chunked_array([c.dictionary_decode() for c in column.chunks], held.value_type)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    if kind is BOOL:
        return _booleans(column)
    if kind is DATE:
        return _dates(column)
    if pa.types.is_string(column.type):
        return _plain_numbers(column, kind, rounding=rounding, exponent=exponent)
    return _numbers(column, kind, rounding=rounding)


def _whole(values: pa.Array | pa.ChunkedArray) -> Cells:
    """A column of which every cell was taken."""
    none = np.zeros(0, np.int64)
    return Cells(values, none, none.astype(np.uint8), none)


def _assembled(
    column: pa.ChunkedArray,
    take: Callable[[pa.Array, npt.NDArray[np.generic], Status], int],
    dtype: type,
    arrow: pa.DataType,
) -> Cells:
    """Run ``take(chunk, out, status)`` over the chunks into one array; the status is looked at only if needed."""
    n = len(column)
    out: npt.NDArray[np.generic] = np.zeros(n, dtype)
    status = np.zeros(n, np.uint8)
    odd = 0
    at = 0
    for chunk in column.chunks:
        odd += take(chunk, out[at : at + len(chunk)], status[at : at + len(chunk)])
        at += len(chunk)
    none = np.zeros(0, np.int64)
    mask = None
    if column.null_count or odd:
        mask = (status != TAKEN) & (status != ROUNDED)
    values = pa.array(out, arrow, mask=mask) if mask is not None else pa.array(out, arrow)
    if not odd:
        return Cells(values, none, none.astype(np.uint8), none)
    bad = np.flatnonzero((status > EMPTY) & (status != ROUNDED))
    return Cells(values, bad, status[bad], np.flatnonzero(status == ROUNDED))


def _validity(chunk: pa.Array) -> Status:
    """uint8 (n,), or empty where no cell is null."""
    return np.asarray(pc.is_valid(chunk)).astype(np.uint8) if chunk.null_count else _NO_VALIDITY


def _booleans(column: pa.ChunkedArray) -> Cells:
    """true, false, 1, 0, yes, no in any case; whole numbers 1 and 0."""
    if pa.types.is_boolean(column.type):
        return _whole(one_chunk(column, pa.bool_()))
    if pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        raise WrongTypeError("true or false")
    coded = one_chunk(column, pa.string()).dictionary_encode()
    truth = [_TRUTH.get(w.lower()) for w in coded.dictionary.to_pylist()]
    values = pa.array(truth, pa.bool_()).take(coded.indices)
    unread = np.append(np.array([t is None for t in truth], bool), False)
    bad = np.flatnonzero(unread[np.asarray(pc.fill_null(coded.indices, len(truth)))])
    return Cells(values, bad, np.full(len(bad), UNREADABLE, np.uint8), bad[:0])


def _dates(column: pa.ChunkedArray) -> Cells:
    """Dates as such, times at midnight, text as YYYY-MM-DD."""
    held = column.type
    if pa.types.is_string(held):

        def read(chunk: pa.Array, out: npt.NDArray[np.generic], status: Status) -> int:
            data, offsets, valid = text_buffers(chunk)
            return int(_kernels.dates(data, offsets, valid, out, status))

        return _assembled(column, read, np.int32, pa.date32())
    if pa.types.is_date32(held):
        return _whole(one_chunk(column, held))
    if not (pa.types.is_date64(held) or (pa.types.is_timestamp(held) and held.tz is None)):
        raise WrongTypeError("date")
    array = one_chunk(column, held)
    days = array.cast(pa.date32(), safe=False)
    off = pc.fill_null(pc.not_equal(days.cast(held), array), False)  # noqa: FBT003 - Arrow's own signature
    bad = np.flatnonzero(np.asarray(off))
    if len(bad):
        days = pc.if_else(off, pa.scalar(None, pa.date32()), days)
    return Cells(days, bad, np.full(len(bad), UNREADABLE, np.uint8), bad[:0])


def _plain_numbers(column: pa.ChunkedArray, kind: Kind, *, rounding: bool, exponent: bool) -> Cells:
    """Text as plain decimals, or with an exponent where that is allowed."""

    def read(chunk: pa.Array, out: npt.NDArray[np.generic], status: Status) -> int:
        data, offsets, valid = text_buffers(chunk)
        odd = int(_kernels.texts(data, offsets, valid, kind.places, rounding, out, status))
        for row in np.flatnonzero(status == UNREADABLE) if exponent and odd else ():
            out[row], status[row] = _scientific(chunk[int(row)].as_py(), kind, rounding=rounding)
        return odd

    return _assembled(column, read, np.int64, pa.int64())


def _scientific(text: str, kind: Kind, *, rounding: bool) -> tuple[int, int]:
    """A number with an exponent as (units, status), exactly."""
    if not _SCIENTIFIC.fullmatch(text):
        return 0, UNREADABLE
    exact = Decimal(text).scaleb(kind.places, _EXACT)
    if exact.adjusted() > _WORD_DIGITS or abs(exact) > INT64_MAX:
        return 0, TOO_LARGE
    units = int(exact.to_integral_value(ROUND_HALF_EVEN))
    status = TAKEN if units == exact else ROUNDED if rounding else DECIMALS
    return units, status


def _numbers(column: pa.ChunkedArray, kind: Kind, *, rounding: bool) -> Cells:
    """Decimals and counts as int64 in the kind's unit."""
    held = column.type
    scale = kind.scale or 1
    if pa.types.is_floating(held):
        return _floats(column.cast(pa.float64()), kind, rounding=rounding)
    if pa.types.is_integer(held):
        if pa.types.is_uint64(held) and (pc.max(column).as_py() or 0) >= 2**63:
            column = column.cast(pa.decimal128(20, 0))
        else:

            def integers(chunk: pa.Array, out: npt.NDArray[np.generic], status: Status) -> int:
                values = np.asarray(pc.fill_null(chunk, 0)) if chunk.null_count else np.asarray(chunk)
                return int(_kernels.integers(values, _validity(chunk), scale, out, status))

            return _assembled(column.cast(pa.int64()), integers, np.int64, pa.int64())
    if pa.types.is_decimal(column.type):
        return _decimals(column, kind, rounding=rounding)
    raise WrongTypeError("number")


def _decimals(column: pa.ChunkedArray, kind: Kind, *, rounding: bool) -> Cells:
    """Decimals of up to 38 digits; those with more places than the kind has are rounded, then compared."""
    held = column.type
    if held.precision > _ARROW_DIGITS:
        raise WrongTypeError(f"number of at most {_ARROW_DIGITS} digits")
    inexact = None
    if held.scale > kind.places:
        wide = one_chunk(column, held).cast(pa.decimal256(2 * _ARROW_DIGITS, held.scale))
        near = pc.round(wide, kind.places, "half_to_even")
        inexact = np.asarray(pc.fill_null(pc.not_equal(near, wide), False))  # noqa: FBT003 - Arrow's own signature
        column = pa.chunked_array([near])
    column = column.cast(pa.decimal128(_ARROW_DIGITS, min(held.scale, kind.places)))
    up = 10 ** (kind.places - column.type.scale)

    def read(chunk: pa.Array, out: npt.NDArray[np.generic], status: Status) -> int:
        words = np.frombuffer(chunk.buffers()[1], np.int64).reshape(-1, 2)
        words = words[chunk.offset : chunk.offset + len(chunk)]
        odd = int(_kernels.decimals(words, _validity(chunk), up, out, status))
        if inexact is not None:
            status[inexact & (status == TAKEN)] = ROUNDED if rounding else DECIMALS
        return odd + (0 if inexact is None else int(np.count_nonzero(inexact)))

    return _assembled(column, read, np.int64, pa.int64())


def _floats(column: pa.ChunkedArray, kind: Kind, *, rounding: bool) -> Cells:
    """Floats that are exactly the nearest float of a number with the kind's decimals."""
    scale = float(kind.scale or 1)
    limit = 2.0**52 / scale  # beyond it two numbers of units can share a float
    coarse = 1e6 if kind.name == RATE.name else 0.0

    def read(chunk: pa.Array, out: npt.NDArray[np.generic], status: Status) -> int:
        values = np.frombuffer(chunk.buffers()[1], np.float64)[chunk.offset : chunk.offset + len(chunk)]
        if not _kernels.floats(values, scale, limit, out) and not chunk.null_count:
            return 0
        _kernels.float_status(values, _validity(chunk), scale, limit, coarse, out, status)
        if rounding:
            _round(values, scale, out, status)
        return int(np.count_nonzero(status > EMPTY))

    return _assembled(column, read, np.int64, pa.int64())


def _round(
    values: npt.NDArray[np.float64], scale: float, out: npt.NDArray[np.generic], status: Status
) -> None:
    """Round floats with more decimals half-even, each taken as the number that its shortest text shows."""
    rows = np.flatnonzero(status == DECIMALS)
    product = values[rows] * scale
    whole = np.rint(product)
    unsure = np.maximum(1e-3, np.abs(product) * 2.0**-51)
    near_tie = np.abs(np.abs(product - np.trunc(product)) - 0.5) < unsure
    out[rows] = whole.astype(np.int64)
    for row in rows[near_tie]:
        out[row] = int((Decimal(repr(float(values[row]))) * int(scale)).to_integral_value(ROUND_HALF_EVEN))
    status[rows] = ROUNDED
