"""Cells to whole numbers of a kind's unit, with a status for each cell that cannot be taken.

Statuses: 0 taken, 1 empty, 2 unreadable, 3 more decimals than the kind holds, 4 beyond 64 bits (floats: beyond
the size up to which every unit has its own float), 5 rounded half-even because the mapping says so, or because the
float is no further from the unit than arithmetic leaves it (2 steps of 2^-52, which is beyond its 15th digit).
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_NULL = -(2**63)
_TOP = 2**63 - 1
_NOISE = 2.0**-51
_CLEAR = 2.0**47
_SURE = 2.0**51


@kernel
def floats(values: np.ndarray, scale: float, limit: float, out: np.ndarray) -> int:
    """Write rint(x * scale) of each float64; return how many are not exactly that many units."""
    bad = 0
    for i in range(len(values)):
        x = values[i]
        units = np.rint(x * scale)
        out[i] = np.int64(units)
        bad += 0 if (units / scale == x) & (abs(x) < limit) else 1
    return bad


@kernel
def float_status(
    values: np.ndarray,
    valid: np.ndarray,
    scale: float,
    limit: float,
    coarse: float,
    out: np.ndarray,
    status: np.ndarray,
) -> None:
    """Say of each float64 whether it was taken; ``valid`` is uint8 or empty (= all).

    ``coarse`` (0 = none) is a smaller scale that serves beyond ``limit``, for rates such as 16500.25.
    """
    for i in range(len(values)):
        x = values[i]
        if len(valid) > 0 and valid[i] == 0:
            status[i] = 1
            out[i] = _NULL
        elif not np.isfinite(x):
            status[i] = 2
        elif abs(x) < limit:
            units = np.rint(x * scale)
            if abs(units) > _SURE:  # the product has no room for a half: the neighbours may be meant
                if (units - 1) / scale == x:
                    units -= 1
                elif (units + 1) / scale == x:
                    units += 1
                out[i] = np.int64(units)
            gap = abs(units / scale - x)
            if gap == 0:
                status[i] = 0
            elif gap <= _NOISE * abs(x) and abs(units) < _CLEAR:
                status[i] = 5
            else:
                status[i] = 3
        elif coarse > 0 and abs(x) < limit * (scale / coarse):
            units = np.rint(x * coarse)
            out[i] = np.int64(units) * np.int64(scale / coarse)
            status[i] = 0 if units / coarse == x else 3
        else:
            status[i] = 4


@kernel
def _decimal(data: np.ndarray, start: int, end: int, places: int, rounding: bool) -> tuple[int, int]:
    """One plain decimal as (units, status)."""
    i = start
    negative = False
    if i < end and (data[i] == 45 or data[i] == 43):
        negative = data[i] == 45
        i += 1
    units = 0
    digits = 0
    after = -1  # decimals seen; -1 before the point
    over = False
    first = 0
    more = False
    while i < end:
        c = int(data[i])
        i += 1
        if c == 46 and after < 0:
            after = 0
            continue
        if c < 48 or c > 57:
            return 0, 2
        c -= 48
        digits += 1
        if after < places:
            if units > (_TOP - c) // 10:
                over = True
            else:
                units = units * 10 + c
            if after >= 0:
                after += 1
        else:
            if after == places:
                first = c
            elif c != 0:
                more = True
            after += 1
    if digits == 0 or data[end - 1] == 46:
        return 0, 2
    for _ in range(max(after, 0), places):
        if units > _TOP // 10:
            over = True
            break
        units *= 10
    if over:
        return 0, 4
    status = 0
    if first > 0 or more:
        if not rounding:
            return 0, 3
        status = 5
        if first > 5 or (first == 5 and (more or units % 2 == 1)):
            if units == _TOP:
                return 0, 4
            units += 1
    return -units if negative else units, status


@kernel
def texts(
    data: np.ndarray,
    offsets: np.ndarray,
    valid: np.ndarray,
    places: int,
    rounding: bool,
    out: np.ndarray,
    status: np.ndarray,
) -> int:
    """Read each text ``data[offsets[i]:offsets[i + 1]]`` as a plain decimal; return how many are not taken or empty."""
    bad = 0
    for i in range(len(offsets) - 1):
        if len(valid) > 0 and valid[i] == 0:
            out[i] = _NULL
            status[i] = 1
            continue
        out[i], status[i] = _decimal(data, offsets[i], offsets[i + 1], places, rounding)
        if status[i] > 1:
            bad += 1
    return bad


@kernel
def integers(values: np.ndarray, valid: np.ndarray, scale: int, out: np.ndarray, status: np.ndarray) -> int:
    """Multiply each int64 by the scale; return how many leave 64 bits."""
    bad = 0
    top = _TOP // scale
    for i in range(len(values)):
        if len(valid) > 0 and valid[i] == 0:
            out[i] = _NULL
            status[i] = 1
        elif values[i] > top or values[i] < -top:
            status[i] = 4
            bad += 1
        else:
            out[i] = values[i] * scale
            status[i] = 0
    return bad


@kernel
def decimals(words: np.ndarray, valid: np.ndarray, up: int, out: np.ndarray, status: np.ndarray) -> int:
    """Multiply each decimal128 (int64 (n, 2): low, high word) by ``up``; return how many leave 64 bits."""
    bad = 0
    top = _TOP // up
    for i in range(len(words)):
        low, high = words[i, 0], words[i, 1]
        if len(valid) > 0 and valid[i] == 0:
            out[i] = _NULL
            status[i] = 1
        elif high != low >> 63 or low > top or low < -top:
            status[i] = 4
            bad += 1
        else:
            out[i] = low * up
            status[i] = 0
    return bad


@kernel
def _two(data: np.ndarray, at: int) -> int:
    """Two digits at a place, or -1."""
    a, b = int(data[at]) - 48, int(data[at + 1]) - 48
    if a < 0 or a > 9 or b < 0 or b > 9:
        return -1
    return a * 10 + b


@kernel
def dates(
    data: np.ndarray, offsets: np.ndarray, valid: np.ndarray, out: np.ndarray, status: np.ndarray
) -> int:
    """Days since 1970-01-01 (int32) of each text YYYY-MM-DD; return how many are no such date."""
    bad = 0
    for i in range(len(offsets) - 1):
        out[i] = 0
        status[i] = 1
        if len(valid) > 0 and valid[i] == 0:
            continue
        status[i] = 2
        s = offsets[i]
        if offsets[i + 1] - s == 10 and data[s + 4] == 45 and data[s + 7] == 45:
            century, year, month, day = _two(data, s), _two(data, s + 2), _two(data, s + 5), _two(data, s + 8)
            y = century * 100 + year
            if century >= 0 and year >= 0 and y > 0 and 1 <= month <= 12 and day >= 1:
                leap = y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)
                longest = 30 + (month + month // 8) % 2
                if month == 2:
                    longest = 29 if leap else 28
                if day <= longest:
                    # days from the civil calendar: years that begin in March
                    y2 = y - 1 if month <= 2 else y
                    era = y2 // 400
                    of_era = y2 - era * 400
                    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
                    out[i] = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
                    status[i] = 0
        if status[i] == 2:
            bad += 1
    return bad


@kernel
def has_blank(offsets: np.ndarray, valid: np.ndarray) -> bool:
    """Whether a valid text is empty."""
    for i in range(len(offsets) - 1):
        if offsets[i] == offsets[i + 1] and (len(valid) == 0 or valid[i] == 1):
            return True
    return False
