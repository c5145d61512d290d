"""Pictures of the sample as they are drawn: no line passes through a box that is not its end."""

import math
from collections.abc import Mapping

import pytest

from app.access import Access, local
from app.desk.network import Network
from app.drawing import network
from app.drawing.layout import Points, tree, turned
from app.drawing.network import half
from app.views.cascade import ABREAST
from app.views.frame import words

Place = tuple[float, float]
STEPS = 200


def crossed(held: Network, points: Points, language: str) -> tuple[int, list[tuple[str, str, str]]]:
    """How many lines there are, and each that passes through the box of a third party: its ends and that party."""
    drawn = network.data(held, points, words(language), language, network.Look("x"))
    halves = {
        n["id"]: half(n["label"], n["font"]["size"], round_=n["shape"] == "ellipse") for n in drawn["nodes"]
    }
    found = []
    for edge in drawn["edges"]:
        one, other = edge["from"], edge["to"]
        places = curve(points[one], points[other], edge["smooth"])
        for third in sorted(set(points) - {one, other}):
            (x, y), (wide, high) = points[third], halves[third]
            if any(abs(a - x) < wide and abs(b - y) < high for a, b in places):
                found.append((one, other, third))
    return len(drawn["edges"]), found


def curve(start: Place, end: Place, smooth: Mapping[str, float | str] | bool) -> list[Place]:
    """Places on a line: straight, or with the one control point that vis-network 9.1.2 (BezierEdgeStatic) gives it."""
    via = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    if isinstance(smooth, Mapping):
        across, up, size = end[0] - start[0], start[1] - end[1], float(smooth["roundness"])
        signed = size if smooth["type"] == "curvedCW" else -size
        turn = math.atan2(up, across) + (signed / 2 + 0.5) * math.pi
        reach = (size / 2 + 0.5) * math.hypot(across, up)
        via = (start[0] + reach * math.sin(turn), start[1] + reach * math.cos(turn))

    def at(t: float) -> Place:
        x, y = ((1 - t) ** 2 * start[i] + 2 * t * (1 - t) * via[i] + t**2 * end[i] for i in (0, 1))
        return x, y

    return [at(k / STEPS) for k in range(STEPS + 1)]


def cascade(access: Access, subject: str) -> Network:
    """The picture of all rounds of a cascade."""
    rounds = access.ask(local(), "cascade", 1, fail=(subject,))["rounds"]
    made = access.ask(local(), "cascade_picture", 1, fail=(subject,), upto=rounds)
    assert isinstance(made, Network)
    return made


def placed(held: Network) -> Points:
    """Where the page of a cascade puts its parties."""
    flows = {(t.source, t.target): float(t.amount or 0) for t in held.ties}
    return turned(tree([n.names.id for n in held.nodes], flows, abreast=ABREAST))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_line_of_the_costliest_cascades_crosses_a_box(access: Access, language: str) -> None:
    worst = [r["party_id"] for r in access.ask(local(), "ranking", 1)["rows"][:10]]
    for subject in worst:
        held = cascade(access, subject)
        assert crossed(held, placed(held), language)[1] == [], subject


def test_hardly_a_line_of_a_whole_group_crosses_a_box(access: Access) -> None:
    """Where many lines go to a few, one has no way between the boxes at times."""
    lines, met = 0, 0
    for row in access.ask(local(), "groups", 1)[:30]:
        held = cascade(access, row["group_id"])
        shown = access.ask(local(), "group_network", 1, group_id=row["group_id"])
        owns = {(t.source, t.target): float(t.share or 0) for t in shown.ties if t.kind == "owns"}
        beside = [(t.source, t.target) for t in shown.ties if t.kind != "owns"]
        whole = tree([n.names.id for n in shown.nodes], owns, beside)
        for many, found in (crossed(held, placed(held), "zh"), crossed(shown, whole, "zh")):
            lines, met = lines + many, met + len(found)
    assert lines > 500
    assert met < lines / 30
