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
    ends = np.array([(points[a], points[b]) for a, b in lines], float).reshape(-1, 2, 2)
    places, order = np.array(list(points.values()), float), {name: i for i, name in enumerate(points)}
    drawn: Counter[frozenset[str]] = Counter()
    made = []
    for (a, b), (start, end), always in zip(lines, ends, curved, strict=True):
        before = drawn[frozenset((a, b))]
        drawn[frozenset((a, b))] += 1
        least = _LEAST * (before + 1) if always or before else 0.0
        others = np.delete(places, [order[a], order[b]], axis=0)
        around = _around(end - start) if _hidden(start, end, others) else 0.0
        made.append(round(min(max(least, around), _MOST), 2))
    return made


def _hidden(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> bool:
    """Whether a straight line passes through one of these boxes, each taken as an ellipse."""
    if not len(others):
        return False
    way, off = (end - start) / _BOX, (others - start) / _BOX
    length = float(way @ way) or 1.0
    along = off @ way / length
    apart = off - along[:, None] * way
    return bool(((apart**2).sum(axis=1) < 1).any(where=(along > 0) & (along < 1)))


def _around(way: npt.NDArray[np.float64]) -> float:
    """Roundness of a curve that clears a box in the middle of a line: it keeps half of its control point's distance."""
    length = float(np.hypot(*way)) or 1.0
    clear = (_BOX[0] * abs(float(way[1])) + _BOX[1] * abs(float(way[0]))) / length
    return 2.4 * clear / length
