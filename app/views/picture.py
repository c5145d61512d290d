"""The picture of a group or party, linked with the tables of its page."""

from __future__ import annotations

from app.desk.network import Network
from app.drawing import blocks, network
from app.drawing.layout import tree
from app.views.frame import Frame


def picture(frame: Frame, held: Network, token: str, height: int = 560, cut: tuple[str, ...] = ()) -> None:
    """The network of a group or party, linked with the tables of the page."""
    say = frame.say
    owns = {(t.source, t.target): float(t.share or 0) for t in held.ties if t.kind == "owns"}
    beside = [(t.source, t.target) for t in held.ties if t.kind != "owns"]
    points = tree([n.names.id for n in held.nodes], owns, beside)
    look = network.Look(token, height, cut)
    data = network.data(held, points, say, frame.language, look)
    blocks.picture("picture", data, lambda told: _picked(frame, told), lambda told: _opened(frame, told))
    if held.left_out:
        blocks.note(say["left_out"].format(count=held.left_out))
    blocks.note(say["picture_hint"])


def _picked(frame: Frame, told: dict[str, str]) -> None:
    """Choose what was clicked, in the table and in the picture."""
    frame.put(sel=told.get("node", ""), edge=told.get("edge", ""))


def _opened(frame: Frame, told: dict[str, str]) -> None:
    """Show the neighbours of a party, or hide them again."""
    held = list(frame.listed("open"))
    node = told["node"]
    frame.put(open="~".join([h for h in held if h != node] if node in held else [*held, node]))
