"""Cells: what a table shows in one place, with the exact figure for hovering and the key for sorting."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from app import formats
from app.formats import Unit

Cell = str | dict[str, Any]

TONES: Final = {"breach": "bad", "warning": "warn", "info": "info"}
_NEAR: Final = 0.9


def column(label: str, align: str = "l", tip: str = "") -> dict[str, str]:
    """A column: its heading, how it is aligned (l, r, c, n = not wrapped, w = wide for bars), a tooltip."""
    return {"label": label, "align": align, "help": tip}


def text(value: str | None, below: str = "", tone: str = "") -> Cell:
    """A text, a smaller one below it."""
    return {"t": value or "", "sub": below, "tone": tone, "k": value or ""}


def chip(value: str, tone: str, order: int = 0) -> Cell:
    """A word in a frame; ``order`` sorts it."""
    return {"t": value, "tone": tone, "chip": True, "k": order}


def amount(
    value: Decimal | None, unit: Unit, currency: str, tone: str = "", heat: float | None = None
) -> Cell:
    """An amount in the unit of its column, exact on hover; ``heat`` (0..1) shades the cell."""
    made: dict[str, Any] = {"t": unit.show(value), "x": formats.exact(value, currency), "tone": tone}
    made["k"] = float(value) if value is not None else -1e300
    return made if heat is None else {**made, "heat": round(heat, 3)}


def percent(value: float | Decimal | None, places: int = 1, tone: str = "") -> Cell:
    """A ratio as a percentage."""
    return {
        "t": formats.percent(value, places),
        "k": float(value) if value is not None else -1.0,
        "tone": tone,
    }


def count(value: int | None, tone: str = "") -> Cell:
    """A whole number."""
    return {"t": formats.count(value), "k": value if value is not None else -1, "tone": tone}


def used(value: float | None) -> Cell:
    """How much of a limit is used, as a bar that ends at the limit."""
    if value is None:
        return ""
    tone = "bad" if value > 1 else "near" if value >= _NEAR else "total"
    return {"bar": [0, min(value, 1) * 100, tone], "k": value}


def falls(steps: Sequence[tuple[str, Decimal | None]]) -> list[Cell]:
    """Bars of a waterfall: each (kind, amount) begins where the one before ended; totals and memos begin at 0.

    >>> [c["bar"] for c in falls([("step", Decimal(8)), ("step", Decimal(-2)), ("total", Decimal(6))])]
    [[0.0, 100.0, 'up'], [75.0, 25.0, 'down'], [0.0, 75.0, 'total']]
    """
    at, spans = Decimal(0), []
    for kind, value in steps:
        held = value or Decimal(0)
        start = at if kind == "step" else Decimal(0)
        end = start + held
        spans.append(
            (min(start, end), max(start, end), kind if kind != "step" else "up" if held >= 0 else "down")
        )
        if kind == "step":
            at = end
        elif kind == "total":
            at = held
    low = min((a for a, _, _ in spans), default=Decimal(0))
    wide = max((b for _, b, _ in spans), default=Decimal(0)) - low or Decimal(1)
    return [
        {"bar": [round(float((a - low) / wide * 100), 2), round(float((b - a) / wide * 100), 2), tone]}
        for a, b, tone in spans
    ]


def table(
    columns: Sequence[dict[str, str]], rows: Sequence[dict[str, Any]], *, empty: str, more: str = "", selected: str = "",
    height: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """What ``blocks.table`` draws: rows are ``{"id": ..., "cells": [...]}``, with ``total`` set apart."""
    return {
        "columns": list(columns),
        "rows": list(rows),
        "empty": empty,
        "more": more,
        "selected": selected,
        "height": height,
    }


def tile(
    label: str, value: str, *, note: str = "", exact: str = "", tone: str = "", to: str = ""
) -> dict[str, Any]:
    """A figure at a glance; ``to`` is told when it is clicked."""
    return {"label": label, "value": value, "note": note, "exact": exact, "tone": tone, "id": to}
