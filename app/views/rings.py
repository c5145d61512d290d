"""Guarantee circles: the list, one circle with its cheapest cut, guarantors beyond their means, the whole network."""

from __future__ import annotations

import sys
from typing import Any, Final

import streamlit as st

from app import formats
from app.drawing import blocks, cells, network
from app.drawing.cells import amount, column, count, percent, text, tile
from app.drawing.layout import circle, packed, tall
from app.views.frame import Frame

_BOXES: Final = ("circle", "apart", "person")
_LABELLED: Final = 12
"""A picture with more guarantees than this has no amounts on its lines, which would hide one another."""
_WIDE: Final = 1400
_LOW: Final = 360
_HIGH: Final = 820
"""Width in pixels of the network on a wide screen, least and most height."""
_PARTS: Final = 6
"""Parts of the network that are drawn at first."""


def show(frame: Frame) -> None:
    """Draw the page."""
    say, held = frame.say, frame.ask("rings")
    language, base = frame.language, frame.base
    blocks.tiles(
        "ring-tiles",
        [
            tile(say["circles"], formats.count(held["count"]), tone="deep"),
            tile(say["guarantors"], formats.count(held["guarantor_count"])),
            tile(say["given"], formats.short(held["given"], language), exact=formats.exact(held["given"], base)),
            tile(say["illusory"], formats.short(held["illusory"], language), exact=formats.exact(held["illusory"], base), tone="warn", note=say["illusory_note"]),
            tile(say["in_network"], formats.count(held["parties"])),
        ],
    )  # fmt: skip
    if frame.get("ring"):
        left, right = st.columns([0.4, 0.6], gap="medium")
        with left:
            st.subheader(say["circles_title"], anchor=False)
            _list(frame, held)
        with right:
            _one(frame, frame.get("ring"))
    else:
        st.subheader(say["circles_title"], anchor=False)
        _list(frame, held)
        _web(frame)
    st.subheader(say["guarantors_title"], anchor=False)
    _guarantors(frame, held)
    frame.downloads("rings", "guarantors", "mitigation", page="rings")


def _list(frame: Frame, held: dict[str, Any]) -> None:
    """Circles by amount."""
    say = frame.say
    unit = formats.unit([r["amount"] for r in held["rows"]], frame.language)
    rows = [
        {
            "id": r["ring_id"],
            "cells": [
                text(say[f"ring_{r['kind']}"], say["of_length"].format(count=r["length"])),
                text(say["comma"].join(frame.name(n) for n in r["names"])), amount(r["amount"], unit, frame.base),
            ],
        }
        for r in held["rows"]
    ]  # fmt: skip
    columns = [
        column(say["circle"], "n"), column(say["members"]), column(unit.heading(say["amount"], frame.base), "r", say["tip_ring"]),
    ]  # fmt: skip
    more = say["more"].format(count=held["count"] - len(rows)) if held["count"] > len(rows) else ""
    blocks.table(
        "rings", cells.table(columns, rows, empty=say["no_circles"], more=more, selected=frame.get("ring"), height=560),
        lambda i: frame.put(ring="" if i == frame.get("ring") else i, sel="", edge="", open=""),
    )  # fmt: skip


def _one(frame: Frame, ring_id: str) -> None:
    """One circle, its cheapest cut marked."""
    say, found = frame.say, frame.ask("ring", ring_id=ring_id, opened=frame.listed("open"))
    if found is None:
        blocks.note(say["not_found"])
        return
    row, held = found
    st.subheader(say["circle_title"], anchor=False)
    cut = tuple(row["cheapest_cut"] or ())
    inside = list(row["members"])
    others = [n.names.id for n in held.nodes if n.names.id not in inside]
    points = circle(inside)
    points |= {n: (x * 2 + 0.0, y * 2 + 0.0) for n, (x, y) in circle(others).items()} if others else {}
    look = network.Look(ring_id, cut=cut, labels=len(held.ties) <= _LABELLED, boxes=_BOXES)
    data = network.data(held, points, say, frame.language, look)
    _draw(frame, "ring", data)
    blocks.note(say["cut"].format(names=say["comma"].join(cut)) if cut else say["no_cut"])


def _web(frame: Frame) -> None:
    """The guarantee network, its largest parts first; more parts on demand."""
    say = frame.say
    parts = frame.number("parts", _PARTS, 1, sys.maxsize)
    held, split, count_of = frame.ask("ring_web", opened=frame.listed("open"), parts=parts)
    st.subheader(say["web_title"], anchor=False)
    points = packed(split) if split else {}
    height = min(max(tall(points, _WIDE), _LOW), _HIGH)
    look = network.Look(f"web-{parts}", height, labels=False, brief=True, boxes=_BOXES)
    data = network.data(held, points, say, frame.language, look)
    _draw(frame, "web", data)
    if count_of > parts:
        blocks.note(say["parts"].format(shown=parts, count=count_of))
        st.button(say["more_parts"], on_click=lambda: frame.put(parts=str(parts * 3)))


def _draw(frame: Frame, key: str, data: dict[str, Any]) -> None:
    """The picture, a click choosing a party or a guarantee."""

    def picked(told: dict[str, str]) -> None:
        frame.put(sel=told.get("node", ""), edge=told.get("edge", ""))

    def opened(told: dict[str, str]) -> None:
        held, node = list(frame.listed("open")), told["node"]
        frame.put(open="~".join([h for h in held if h != node] if node in held else [*held, node]))

    blocks.picture(key, data, picked, opened)
    blocks.note(frame.say["picture_hint"])
    if frame.get("sel"):
        chosen = frame.get("sel")
        st.button(frame.say["open_party"], type="tertiary", on_click=lambda: frame.go("groups", party=chosen))


def _guarantors(frame: Frame, held: dict[str, Any]) -> None:
    """Guarantors with the most cover that is not there."""
    say, base = frame.say, frame.base
    rows_ = held["guarantors"]
    unit = formats.unit([r["given"] for r in rows_], frame.language)
    shown = ("given", "net_assets", "max_call", "effective_cover", "illusory_cover")
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]), count(r["count"]), *(amount(r[k], unit, base) for k in shown),
                percent(r["ratio"], tone="bad" if (r["ratio"] or 0) > 1 else ""), amount(r["chain_reach"], unit, base), count(r["chain_depth"]),
            ],
        }
        for r in rows_
    ]  # fmt: skip
    columns = [
        column(say["guarantor"]), column(say["obligors"], "r"),
        *(column(f"{say[k]}", "r", say[f"tip_{k}"]) for k in shown), column(say["over"], "r", say["tip_over"]),
        column(say["chain_reach"], "r", say["tip_chain_reach"]), column(say["chain_depth"], "r"),
    ]  # fmt: skip
    blocks.note(say["in_unit"].format(unit=f"{unit.name} {base}"))
    blocks.table(
        "guarantors",
        cells.table(columns, rows, empty=say["nothing"], height=420),
        lambda i: frame.go("groups", party=i),
    )
