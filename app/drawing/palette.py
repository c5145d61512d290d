"""Palette: the colours of pictures, safe for colour-blind readers; width and dashes say the same in grey."""

from __future__ import annotations

from typing import Any, Final

INK: Final = "#16243a"
PAPER: Final = "#ffffff"
MEMBER: Final = "#dbe9f6"
OUTSIDE: Final = "#f3f4f6"
CHOSEN: Final = "#ffe9b8"
FRAME: Final = "#5b6b82"
PERSON: Final = "#f7ecd9"

EDGES: Final[dict[str, dict[str, Any]]] = {
    "control": {"color": "#0b4f8a", "width": 3, "dashes": False},
    "minority": {"color": "#7fa8cc", "width": 1, "dashes": False},
    "fact": {"color": "#0b4f8a", "width": 2, "dashes": [10, 3, 2, 3]},
    "guarantee": {"color": "#b8588f", "width": 2, "dashes": [8, 5]},
    "ring": {"color": "#7a1f4f", "width": 4, "dashes": [14, 4]},
    "cut": {"color": "#000000", "width": 3, "dashes": [2, 5]},
    "loss": {"color": "#a4161a", "width": 2, "dashes": False},
    "dependence": {"color": "#a06a00", "width": 2, "dashes": [2, 4]},
}
"""How each kind of tie is drawn."""

STYLES: Final = {"control": "solid", "minority": "solid", "fact": "double", "guarantee": "dashed", "ring": "dashed",
                 "cut": "dotted", "loss": "solid", "dependence": "dotted"}  # fmt: skip
"""The line that stands for it in the legend."""

ROUNDS: Final = ("#7a0c10", "#a4161a", "#c9502f", "#dd8a52", "#ecba86", "#f6dfc2")
"""Parties that failed, by round, darkest first; the round stands in the box as well."""

BOXES: Final = {
    "member": (MEMBER, "solid", "2px"),
    "lender": (MEMBER, "solid", "2px"),
    "failed": (ROUNDS[1], "dashed", "2px"),
    "hit": (OUTSIDE, "dashed", "2px"),
    "outside": (OUTSIDE, "dashed", "2px"),
    "circle": (MEMBER, "solid", "2px"),
    "apart": (OUTSIDE, "dashed", "2px"),
    "person": (PERSON, "solid", "8px"),
}
"""Colour, border and corners of a box in the legend."""
