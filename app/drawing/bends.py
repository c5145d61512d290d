"""Bends: which lines of a picture are curved, so that none hides behind a box or behind another line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from app.drawing.layout import Points

_BOX: Final = (80.0, 30.0)
"""Half the width and height of a box with the air around it."""
_NEAR: Final = 1e-9
"""Part of a line at its ends where its own two boxes are."""
_LEAST: Final = 0.15
_MOST: Final = 0.6
"""Roundness of a curve: the distance of its control point from the line, over the line's length."""


def bends(lines: Sequence[tuple[str, str]], points: Points, curved: Sequence[bool]) -> list[float]:
    """Roundness of each line (0 = straight).

    Those marked ``curved`` always are; others where a straight one would pass through the box of a third party or
    would lie on one drawn before.

    >>> column = {"a": (0.0, 0.0), "b": (0.0, 145.0), "c": (0.0, 290.0)}
    >>> [r > 0 for r in bends([("a", "b"), ("b", "c"), ("a", "c"), ("a", "b")], column, [False] * 4)]
    [False, False, True, True]
    """
    places = np.array(list(points.values()), float).reshape(-1, 2)
    drawn: Counter[frozenset[str]] = Counter()
    made = []
    for (a, b), always in zip(lines, curved, strict=True):
        start, way = np.array(points[a]), np.subtract(points[b], points[a])
        before = drawn[frozenset((a, b))]
        drawn[frozenset((a, b))] += 1
        least = _LEAST * (before + 1) if always or before else 0.0
        around = _around(way) if _hidden(way, places - start) else 0.0
        made.append(round(min(max(least, around), _MOST), 2))
    return made


def _hidden(way: npt.NDArray[np.float64], off: npt.NDArray[np.float64]) -> bool:
    """Whether a straight line passes through a box between its ends, taken as an ellipse: boxes by where they are off."""
    (x, y), (u, v) = way / _BOX, (off / _BOX).T
    length = x * x + y * y
    along, across = u * x + v * y, u * y - v * x
    return bool(
        ((across * across < length) & (along > _NEAR * length) & (along < (1 - _NEAR) * length)).any()
    )


def _around(way: npt.NDArray[np.float64]) -> float:
    """Roundness of a curve that clears a box in the middle of a line: it keeps half of its control point's distance."""
    length = float(np.hypot(*way)) or 1.0
    clear = (_BOX[0] * abs(float(way[1])) + _BOX[1] * abs(float(way[0]))) / length
    return 2.4 * clear / length
