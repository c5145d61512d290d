"""Bends: which lines of a picture are curved, so that none hides behind a box or behind another line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from app.drawing.layout import Points

Float64 = npt.NDArray[np.float64]

_BOX: Final = (83.0, 34.0)
"""Half the width and height of a box whose text is not known."""
_AIR: Final = 4.0
"""What a line keeps off a box."""
_EDGE: Final = np.array([90.0, 40.0])
"""How far beyond the outermost boxes a line may run, so that it is on the picture."""
_WORSE: Final = 20.0
"""How much worse it is to run through a box than beyond the edge."""
_FAR: Final = 0.75
"""Boxes farther from the middle of a line than this part of its length are met by no curve."""
_CROWD: Final = 60
"""A line near more boxes than this is drawn as it comes: there is no way between so many, and looking would take long."""
_LEAST: Final = 0.15
_ROUND: Final = (0.15, 0.2, 0.25, 0.3, 0.35, 0.45, 0.55, 0.65, 0.8, 1.0)
"""Roundness of curves that are tried: the least that clears every box is taken."""
_ALONG: Final = np.linspace(0.01, 0.99, 60)[:, None]
"""Where on a curve it is looked for boxes."""
Halves = Mapping[str, tuple[float, float]]
"""Half the width and height of boxes."""


def bends(
    lines: Sequence[tuple[str, str]], points: Points, curved: Sequence[bool], halves: Halves | None = None
) -> list[float]:
    """Roundness of each line as vis draws it: 0 straight, above it curved clockwise, below it counter-clockwise.

    Those marked ``curved`` always are; others where a straight one would pass through the box of a third party or
    would lie on one drawn before. Where every curve meets a box it is the one that does so least.

    >>> column = {"a": (0.0, 0.0), "b": (0.0, 145.0), "c": (0.0, 290.0)}
    >>> [r != 0 for r in bends([("a", "b"), ("b", "c"), ("a", "c"), ("a", "b")], column, [False] * 4)]
    [False, False, True, True]
    """
    places = np.array(list(points.values()), float).reshape(-1, 2)
    sizes = np.array([(halves or {}).get(n, _BOX) for n in points]).reshape(-1, 2) + _AIR
    low, high = (places.min(axis=0) - _EDGE, places.max(axis=0) + _EDGE) if len(places) else (_EDGE, _EDGE)
    number = {n: i for i, n in enumerate(points)}
    drawn: Counter[frozenset[str]] = Counter()
    made = []
    for (a, b), always in zip(lines, curved, strict=True):
        start, way = np.array(points[a]), np.subtract(points[b], points[a])
        before = drawn[frozenset((a, b))]
        drawn[frozenset((a, b))] += 1
        near = np.hypot(*(places - start - way / 2).T) < _FAR * np.hypot(*way) + np.hypot(*_BOX)
        near[[number[a], number[b]]] = False
        least = min(_LEAST * (before + 1), _ROUND[-1]) if always or before else _ROUND[0]
        if np.count_nonzero(near) > _CROWD:
            made.append(least if always or before else 0.0)
            continue
        boxes, half = places[near] - start, sizes[near]
        if not (always or before or _meets(way, boxes, half).any()):
            made.append(0.0)
            continue
        frame = (low - start, high - start)
        made.append(
            _clearest(way, boxes, half, frame, [r * s for r in _ROUND if r >= least for s in (1, -1)])
        )
    return made


def _clearest(
    way: Float64, boxes: Float64, half: Float64, frame: tuple[Float64, Float64], tried: Sequence[float]
) -> float:
    """The first of these roundnesses whose curve meets no box and stays in the frame, else the one that does best."""
    curves = np.stack([_curve(way, signed) for signed in tried])
    deep = half - np.abs(curves[:, :, None] - boxes)
    inside = np.clip(deep.min(axis=3), 0, None).sum(axis=(1, 2))
    outside = sum(np.clip(d, 0, None).sum(axis=(1, 2)) for d in (frame[0] - curves, curves - frame[1]))
    return tried[int((_WORSE * inside + outside).argmin())]


def _curve(way: Float64, signed: float) -> Float64:
    """Points on a curve of that roundness from the origin along ``way``, with the control point that vis gives it."""
    turn = np.arctan2(-way[1], way[0]) + (signed / 2 + 0.5) * np.pi
    control = (abs(signed) / 2 + 0.5) * np.hypot(*way) * np.array([np.sin(turn), np.cos(turn)])
    made: Float64 = 2 * _ALONG * (1 - _ALONG) * control + _ALONG**2 * way
    return made


def _meets(way: Float64, boxes: Float64, half: Float64) -> npt.NDArray[np.bool_]:
    """Which boxes a straight line from the origin along ``way`` passes through."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (boxes - half) / way, (boxes + half) / way
    level = way == 0  # the line runs along this axis: it is between both sides of a box or never
    within = np.abs(boxes) < half
    enter = np.where(level, np.where(within, -np.inf, np.inf), np.minimum(one, other)).max(axis=1)
    leave = np.where(level, np.where(within, np.inf, -np.inf), np.maximum(one, other)).min(axis=1)
    met: npt.NDArray[np.bool_] = (enter < leave) & (enter < 1) & (leave > 0)
    return met
