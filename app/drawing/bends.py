"""Bends: which lines of a picture are curved, so that none hides behind a box or behind another line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from app.drawing.layout import Points

_BOX: Final = (80.0, 34.0)
"""Half the width and height of a box with the air around it."""
_NEAR: Final = 1e-9
"""Part of a line at its ends where its own two boxes are."""
_LEAST: Final = 0.15
_ROUND: Final = (0.15, 0.25, 0.35, 0.45, 0.6)
"""Roundness of curves that are tried: the least that clears every box is taken."""
_ALONG: Final = np.linspace(0.05, 0.95, 19)[:, None]
"""Where on a curve it is looked for boxes."""


def bends(lines: Sequence[tuple[str, str]], points: Points, curved: Sequence[bool]) -> list[float]:
    """Roundness of each line as vis draws it: 0 straight, above it curved clockwise, below it counter-clockwise.

    Those marked ``curved`` always are; others where a straight one would pass through the box of a third party or
    would lie on one drawn before.

    >>> column = {"a": (0.0, 0.0), "b": (0.0, 145.0), "c": (0.0, 290.0)}
    >>> [r != 0 for r in bends([("a", "b"), ("b", "c"), ("a", "c"), ("a", "b")], column, [False] * 4)]
    [False, False, True, True]
    """
    places = np.array(list(points.values()), float).reshape(-1, 2)
    drawn: Counter[frozenset[str]] = Counter()
    made = []
    for (a, b), always in zip(lines, curved, strict=True):
        start, way = np.array(points[a]), np.subtract(points[b], points[a])
        before = drawn[frozenset((a, b))]
        drawn[frozenset((a, b))] += 1
        least = min(_LEAST * (before + 1), _ROUND[-1]) if always or before else 0.0
        made.append(_clear(way, places - start, least) if _hidden(way, places - start) else least)
    return made


def _clear(way: npt.NDArray[np.float64], off: npt.NDArray[np.float64], least: float) -> float:
    """The roundness from ``least`` on of the first curve that meets no box of another, the most if none is so.

    ``off`` are the boxes from the line's start, its own two among them.
    """
    others = off[(np.abs(off).sum(axis=1) > _NEAR) & (np.abs(off - way).sum(axis=1) > _NEAR)]
    for roundness in (r for r in _ROUND if r >= least):
        for signed in (roundness, -roundness):
            curve = _curve(way, signed)
            if ((((curve[:, None] - others) / _BOX) ** 2).sum(axis=2) > 1).all():
                return signed
    return _ROUND[-1]


def _curve(way: npt.NDArray[np.float64], signed: float) -> npt.NDArray[np.float64]:
    """Points on a curve of that roundness from the origin along ``way``, with the control point that vis gives it."""
    turn = np.arctan2(-way[1], way[0]) + (signed / 2 + 0.5) * np.pi
    control = (abs(signed) / 2 + 0.5) * np.hypot(*way) * np.array([np.sin(turn), np.cos(turn)])
    made: npt.NDArray[np.float64] = 2 * _ALONG * (1 - _ALONG) * control + _ALONG**2 * way
    return made


def _hidden(way: npt.NDArray[np.float64], off: npt.NDArray[np.float64]) -> bool:
    """Whether a straight line passes through a box between its ends, taken as an ellipse: boxes by where they are off."""
    (x, y), (u, v) = way / _BOX, (off / _BOX).T
    length = x * x + y * y
    along, across = u * x + v * y, u * y - v * x
    return bool(
        ((across * across < length) & (along > _NEAR * length) & (along < (1 - _NEAR) * length)).any()
    )
