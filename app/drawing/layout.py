"""Layout: where each party of a picture stands, computed here so that every browser shows the same at once."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

Points = dict[str, tuple[float, float]]

WIDE: Final = 190.0
"""Distance of two boxes side by side."""
HIGH: Final = 145.0
"""Distance of two levels."""
ROW: Final = 78.0
"""Distance of two boxes stacked below one owner."""
_NARROW: Final = 85.0
"""Least radius of a circle whose lines have no labels."""
_BESIDE: Final = 230.0
_BELOW: Final = 125.0
"""What a circle's boxes and the air around them add to its width and height."""
_ASPECT: Final = 1.75
"""Width over height of many circles."""
_ABREAST: Final = 3
"""An owner of more leaves than this has them below one another instead of side by side."""
_COLUMN: Final = 8
_INDENT: Final = 0.5
"""How far boxes below one another stand to the right of their owner, in distances of two boxes side by side."""
_ACROSS: Final = 340.0
_DOWN: Final = 84.0
"""Distances of two levels, and of two boxes on one of them, in a picture that runs from left to right."""


def levels(nodes: Sequence[str], owns: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Level of each node: an owner above what it owns, circles cut where a breadth-first search meets them.

    >>> levels(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    {'a': 0, 'b': 1, 'c': 2}
    """
    below: dict[str, list[str]] = {n: [] for n in nodes}
    above: dict[str, int] = dict.fromkeys(nodes, 0)
    for owner, owned in owns:
        if owner != owned and owner in below and owned in above:
            below[owner].append(owned)
            above[owned] += 1
    level = dict.fromkeys(nodes, 0)
    left, waiting = dict(above), deque(n for n in nodes if not above[n])
    done: set[str] = set()
    while len(done) < len(nodes):
        if not waiting:  # only circles are left: begin with the one that has the fewest owners above it
            waiting.append(min((n for n in nodes if n not in done), key=lambda n: (left[n], n)))
        node = waiting.popleft()
        if node in done:
            continue
        done.add(node)
        for child in below[node]:
            if child not in done:
                level[child] = max(level[child], level[node] + 1)
                left[child] -= 1
                if left[child] == 0:
                    waiting.append(child)
    return level


def tree(
    nodes: Sequence[str], owns: Mapping[tuple[str, str], float], beside: Iterable[tuple[str, str]] = (),
    abreast: int = _ABREAST,
) -> Points:  # fmt: skip
    """Places of an ownership picture: owners on top, many leaves of one owner stacked below it.

    ``owns`` maps (owner, owned) to the share; each node hangs below its largest holder. ``beside`` are other ties:
    a node without any stake stands to the right of whoever it is tied to. Up to ``abreast`` leaves stand side by side.
    """
    level = levels(nodes, owns)
    tied = {n for pair in owns for n in pair}
    loose = [n for n in nodes if n not in tied]
    held = [n for n in nodes if n in tied]
    parent: dict[str, str] = {}
    for (owner, owned), _ in sorted(owns.items(), key=lambda kv: (kv[1], kv[0])):
        if owner in level and owned in level and level[owner] < level[owned]:
            parent[owned] = owner  # the largest comes last
    children: dict[str, list[str]] = {n: [] for n in held}
    for n in held:
        if n in parent:
            children[parent[n]].append(n)
    points, right = _hung(held, children, parent, level, abreast)
    return points | _loose(loose, points, beside, right)


def _hung(
    held: Sequence[str],
    children: Mapping[str, list[str]],
    parent: Mapping[str, str],
    level: Mapping[str, int],
    abreast: int,
) -> tuple[Points, float]:
    """Places of the trees side by side, and where their right edge is."""
    width: dict[str, float] = {}
    stacks: dict[str, list[str]] = {}
    for n in sorted(held, key=lambda n: -level[n]):
        leaves = [c for c in children[n] if not children[c]]
        stacks[n] = leaves if len(leaves) > abreast else []
        columns = math.ceil(len(stacks[n]) / _COLUMN)
        others = sum(width[c] for c in children[n] if c not in stacks[n])
        width[n] = max(1.0, others + columns + (_INDENT if columns else 0.0))
    points: Points = {}
    left = 0.0
    for root in (n for n in held if n not in parent):
        waiting = [(root, left)]
        while waiting:
            n, start = waiting.pop()
            alone = bool(stacks[n]) and len(stacks[n]) == len(children[n])
            points[n] = ((start + (1.0 if alone else width[n]) / 2) * WIDE, level[n] * HIGH)
            at = start
            for child in children[n]:
                if child not in stacks[n]:
                    waiting.append((child, at))
                    at += width[child]
            for i, child in enumerate(stacks[n]):
                column, row = divmod(i, _COLUMN)
                points[child] = ((at + _INDENT + column + 0.5) * WIDE, (level[n] + 1) * HIGH + row * ROW)
        left += width[root]
    return points, left * WIDE


def _loose(loose: Sequence[str], points: Points, beside: Iterable[tuple[str, str]], right: float) -> Points:
    """Places of nodes without stakes: in columns to the right, at the height of whom they are tied to."""
    near: dict[str, float] = {}
    for a, b in beside:
        for node, other in ((a, b), (b, a)):
            if other in points:
                near.setdefault(node, points[other][1])
    taken: set[tuple[int, int]] = set()
    made: Points = {}
    for node in sorted(loose, key=lambda n: (near.get(n, 0.0), n)):
        row, column = round(near.get(node, 0.0) / ROW), 0
        while (row, column) in taken:
            column, row = (column + 1, row) if column < 3 else (0, row + 1)  # noqa: PLR2004 (four abreast)
        taken.add((row, column))
        made[node] = (right + (column + 1) * WIDE, row * ROW)
    return made


def circle(nodes: Sequence[str], centre: tuple[float, float] = (0.0, 0.0), least: float = WIDE) -> Points:
    """Places on a circle of at least that radius, clockwise from the top.

    >>> circle(["a", "b"])["a"]
    (0.0, -190.0)
    """
    radius = _radius(len(nodes), least)
    turn = 2 * math.pi / max(len(nodes), 1)
    x, y = centre
    return {
        n: (round(x + radius * math.sin(i * turn), 1), round(y - radius * math.cos(i * turn), 1))
        for i, n in enumerate(nodes)
    }


def packed(parts: Sequence[Sequence[str]]) -> Points:
    """Places of many parts that have nothing to do with one another: each a circle, the circles in rows.

    The rows are as wide as lets the whole be drawn largest.
    """
    sizes = [2 * _radius(len(p), _NARROW) if len(p) > 1 else 0.0 for p in parts]
    ends = accumulate(size + _BESIDE for size in sizes)
    rows = (_rows(sizes, wide) for wide in ends if wide >= max(sizes) + _BESIDE)
    best = min(rows, key=lambda held: max(held[0] / _ASPECT, held[1]), default=(0.0, 0.0, []))
    points: Points = {}
    for part, centre in zip(parts, best[2], strict=True):
        points |= circle(part, centre, _NARROW) if len(part) > 1 else {part[0]: centre}
    return points


def _rows(sizes: Sequence[float], wide: float) -> tuple[float, float, list[tuple[float, float]]]:
    """Width and height of circles in rows up to so wide, and their centres."""
    x = y = tallest = widest = 0.0
    centres = []
    for size in sizes:
        if x and x + size + _BESIDE > wide:
            x, y, tallest = 0.0, y + tallest, 0.0
        centres.append((x + (size + _BESIDE) / 2, y + (size + _BELOW) / 2))
        x, tallest = x + size + _BESIDE, max(tallest, size + _BELOW)
        widest = max(widest, x)
    return widest, y + tallest, centres


def _radius(n: int, least: float) -> float:
    """Radius of a circle on which n boxes have room."""
    return max(least, n * WIDE / (2 * math.pi) * 1.15)


def turned(points: Points) -> Points:
    """The same places from left to right instead of top to bottom, with room for long labels on the lines.

    >>> turned({"a": (190.0, 145.0)})
    {'a': (340.0, 84.0)}
    """
    return {n: (round(y / HIGH * _ACROSS, 1), round(x / WIDE * _DOWN, 1)) for n, (x, y) in points.items()}


def tall(points: Points, wide: float = 0.0) -> int:
    """Height in pixels of what these places take at full size or, with ``wide``, fitted into so many pixels of width."""
    across, heights = [x for x, _ in points.values()], [y for _, y in points.values()]
    held = max(heights, default=0.0) - min(heights, default=0.0) + 2 * _DOWN
    width = max(across, default=0.0) - min(across, default=0.0) + 2 * _BESIDE / 2
    return round(held * min(wide / width, 1.0) if wide else held)
