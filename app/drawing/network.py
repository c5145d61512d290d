"""Network: a picture's parties and ties as a pyvis network, labelled and styled, for our own script to draw."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pyvis.network import Network as PyvisNetwork

from app import formats
from app.desk.network import Network, Node, Tie
from app.drawing import palette
from app.drawing.bends import bends
from app.drawing.layout import Points

_LINE: Final = 20
"""Width of a line in a box, counting a Chinese character as two."""
_LINES: Final = 2
_BRIEF: Final = (14, 3)
"""Width and lines of a name that stands alone in a box."""
_LARGE: Final = 19
"""Size of such a name, which is read from afar."""
_NARROW: Final = 0.52
"""Width of a letter to that of a Chinese character."""
_TOTAL: Final = "Σ"
"""Marks the share that an owner has in all, directly and through others."""
_PEOPLE: Final = ("person", "family", "concert")
_DARK: Final = 3
"""The first rounds are drawn so dark that the text in them is white."""
_FONT: Final = {
    "size": 14,
    "face": "Noto Sans, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif",
    "color": palette.INK,
}
_DRAWING: Final = {
    "physics": {"enabled": False},
    "interaction": {"hover": True, "hideEdgesOnDrag": True, "tooltipDelay": 150, "multiselect": False, "zoomSpeed": 0.6},
    "edges": {"smooth": False, "hoverWidth": 1, "selectionWidth": 1, "arrows": {"to": {"scaleFactor": 0.7}},
              "font": {"size": 12, "color": palette.INK, "strokeWidth": 0, "background": palette.PAPER, "face": _FONT["face"]}},
    "nodes": {"borderWidth": 1, "borderWidthSelected": 3, "margin": 8},
}  # fmt: skip


def wrapped(text: str, width: int = _LINE, lines: int = _LINES) -> str:
    r"""A name in short lines, cut with an ellipsis; a Chinese character takes two places.

    >>> wrapped("岚衡精机设备制造有限公司", 10)
    '岚衡精机设\n备制造有…'
    """
    made, line, used = [], "", 0
    for word in _pieces(text):
        size = sum(2 if ord(c) > 0x2E80 else 1 for c in word)  # noqa: PLR2004 (where wide scripts begin)
        if used + size > width and line:
            made.append(line.rstrip())
            line, used = "", 0
        line, used = line + word, used + size
    made.append(line.rstrip())
    if len(made) > lines:
        last = made[lines - 1]
        made = [*made[: lines - 1], last[:-1] + "…" if len(last) > 1 else last + "…"]
    return "\n".join(made)


def _pieces(text: str) -> list[str]:
    """Words with the space behind them, Chinese characters one by one."""
    made: list[str] = []
    for character in text:
        if ord(character) > 0x2E80 or not made or made[-1].endswith(" ") or ord(made[-1][-1]) > 0x2E80:  # noqa: PLR2004
            made.append(character)
        else:
            made[-1] += character
    return made


def _node(
    net: PyvisNetwork,
    node: Node,
    at: tuple[float, float],
    say: Mapping[str, str],
    language: str,
    *,
    brief: bool,
) -> None:
    """A party as a box; persons round, parties of the group filled, hidden neighbours counted."""
    held = node.names
    name = say["withheld"].format(id=held.id) if held.withheld else held.said(language)
    lines = [wrapped(name, *_BRIEF) if brief else wrapped(name)]
    if node.gross and not brief:
        lines.append(formats.short(node.gross, language))
    if node.hidden and not brief:
        lines.append(say["hidden"].format(count=node.hidden))
    if node.round is not None:
        lines.append(say["failed_in"].format(round=node.round))
    fill, ink = _fill(node)
    net.add_node(
        held.id, label="\n".join(lines), title=f"{name}\n{held.id}", x=round(at[0], 1), y=round(at[1], 1),
        shape="ellipse" if held.kind in _PEOPLE else "box", physics=False, font={**_FONT, "color": ink, "size": _LARGE if brief else _FONT["size"]},
        color={"background": fill, "border": palette.FRAME, "highlight": {"background": palette.CHOSEN, "border": palette.INK},
               "hover": {"background": fill, "border": palette.INK}},
        shapeProperties={"borderDashes": False if node.member else [4, 3]},
    )  # fmt: skip


def _fill(node: Node) -> tuple[str, str]:
    """Colour of a box and of the text in it."""
    if node.round is not None:
        first = node.round < _DARK
        return palette.ROUNDS[
            min(node.round, len(palette.ROUNDS) - 1)
        ], palette.PAPER if first else palette.INK
    if node.names.kind in _PEOPLE:
        return palette.PERSON, palette.INK
    return palette.MEMBER if node.member else palette.OUTSIDE, palette.INK


def half(label: str, size: int, *, round_: bool) -> tuple[float, float]:
    """Half the width and height of the box that the script draws around a label.

    >>> half("岚衡精机设备制造有限", 14, round_=False)
    (80.0, 14.0)
    """
    lines = label.split("\n")
    wide = max(sum(1.0 if ord(c) > 0x2E80 else _NARROW for c in line) for line in lines) * size  # noqa: PLR2004
    return (wide + (34 if round_ else 20)) / 2, (len(lines) * (size + 4) + (16 if round_ else 10)) / 2


def style(tie: Tie, cut: Collection[str] = ()) -> str:
    """Which line a tie is drawn with."""
    if tie.kind == "owns":
        return "control" if tie.controls else "minority"
    if tie.kind == "guarantee":
        return "cut" if tie.id.split("|")[1] in cut else "ring" if tie.ring else "guarantee"
    return {"control": "fact", "loss": "loss"}.get(tie.kind, "dependence")


def label(tie: Tie, say: Mapping[str, str], language: str) -> str:
    """What stands on a tie: the share, direct and in all where the two differ, the amount, or the word for it."""
    if tie.kind == "owns":
        direct = formats.share(tie.share)
        total = direct if tie.total is None else formats.share(Decimal(tie.total))
        return direct if total == direct else f"{direct}\n{_TOTAL} {total}"
    if tie.kind == "loss":
        return (
            f"{tie.round} · {say.get(f'channel_{tie.word}', tie.word)} {formats.short(tie.amount, language)}"
        )
    if tie.kind == "guarantee":
        return (
            formats.short(tie.amount, language)
            if tie.amount is not None
            else say.get(f"form_{tie.word}", tie.word)
        )
    return say.get(f"basis_{tie.word}", tie.word)


def in_line(text: str) -> str:
    """A label of two lines as one."""
    return " · ".join(text.splitlines())


@dataclass(frozen=True)
class Look:
    """How a picture is looked at: height in pixels, guarantees of a cut, labels or none, boxes with names alone.

    ``boxes`` are the kinds of boxes that the legend explains.

    ``token`` names the picture: with another one the browser begins anew, with the same it keeps zoom and places.
    """

    token: str
    height: int = 520
    cut: Collection[str] = ()
    labels: bool = True
    brief: bool = False
    boxes: tuple[str, ...] = ("member", "outside", "person")


def data(held: Network, points: Points, say: Mapping[str, str], language: str, look: Look) -> dict[str, Any]:
    """What the script draws: nodes and edges of the pyvis network, the legend and its words."""
    net = PyvisNetwork(directed=True)
    for node in held.nodes:
        _node(net, node, points[node.names.id], say, language, brief=look.brief)
    used = []
    curved = bends(
        [(t.source, t.target) for t in held.ties], points, [t.kind not in ("owns", "loss") for t in held.ties],
        {n["id"]: half(n["label"], n["font"]["size"], round_=n["shape"] == "ellipse") for n in net.nodes},
    )  # fmt: skip
    for tie, round_ in zip(held.ties, curved, strict=True):
        kind = style(tie, look.cut)
        used.append(kind)
        drawn = palette.EDGES[kind]
        text = label(tie, say, language)
        bent = (
            {"enabled": True, "type": "curvedCW" if round_ > 0 else "curvedCCW", "roundness": abs(round_)}
            if round_
            else False
        )
        net.add_edge(
            tie.source, tie.target, id=tie.id, text=text if look.labels else "", arrows="to", smooth=bent,
            title=f"{say['edge_' + kind]}: {in_line(text)}", color={"color": drawn["color"], "highlight": drawn["color"], "hover": drawn["color"]},
            width=drawn["width"], dashes=drawn["dashes"],
        )  # fmt: skip
    summed = any(_TOTAL in edge["text"] for edge in net.edges)
    totals = [{"text": f"{_TOTAL} {say['total_share']}", "style": {"display": "none"}}] if summed else []
    return {
        "nodes": net.nodes, "edges": net.edges, "options": _DRAWING, "height": look.height,
        "token": hashlib.sha256(f"{look.token} {language}".encode()).hexdigest()[:16],
        "legend": legend(dict.fromkeys(used), look.boxes, say) + totals,
        "words": {k: say[f"tool_{k}"] for k in ("closer", "farther", "whole", "png", "data")} | {"file": look.token.replace(":", "-")},
    }  # fmt: skip


def legend(kinds: Collection[str], shown: Collection[str], say: Mapping[str, str]) -> list[dict[str, Any]]:
    """The key of a picture: its lines, then its boxes."""
    lines = [
        {
            "text": say[f"edge_{k}"],
            "style": {
                "borderTopColor": palette.EDGES[k]["color"], "borderTopStyle": palette.STYLES[k],
                "borderTopWidth": f"{palette.EDGES[k]['width']}px",
            },
        }
        for k in palette.EDGES
        if k in kinds
    ]  # fmt: skip
    boxes = [
        {
            "text": say[f"box_{k}"], "node": True,
            "style": {"background": c, "borderColor": palette.FRAME, "borderStyle": b, "borderRadius": r},
        }
        for k, (c, b, r) in palette.BOXES.items()
        if k in shown
    ]  # fmt: skip
    return [*lines, *boxes]
