"""A cascade: figures of one scenario, its picture round by round, who loses and through what."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import formats
from app.drawing import blocks, cells, network
from app.drawing.cells import amount, column, text, tile
from app.drawing.layout import spread, tree
from app.formats import Unit, modelled
from app.views.frame import Frame

_PLAYING: Final = "konzern-playing"
_PACE: Final = 1.2
"""Seconds a round is shown while it plays."""
_ABREAST: Final = 9
"""Who loses by one party stands side by side up to here, so that each amount has a line of its own."""


def show(frame: Frame, name: str, *, beside: bool) -> None:
    """One scenario: figures, the picture by rounds, who loses; ``beside`` another one it has half of the page."""
    say, language, base = frame.say, frame.language, frame.base
    fail = frame.listed(name)
    with st.spinner(say["running"]):
        held = frame.ask("cascade", fail=fail, lgd=_lgd(frame))
    summary = held["summary"]
    names = say["comma"].join(frame.name(frame.names(p)) for p in fail)
    blocks.title(say["scenario_of"].format(names=names), "")

    def money(key: str) -> dict[str, str]:
        value = modelled(summary[key])
        return {"value": formats.short(value, language), "exact": formats.exact(value, base)}

    blocks.tiles(
        f"cascade-{name}",
        [
            tile(say["lender_loss"], tone="bad", **money("lender_loss")), tile(say["total_loss"], **money("total_loss")),
            tile(say["failures"], formats.count(summary["failed"])), tile(say["waves"], formats.count(summary["waves"])),
        ],
    )  # fmt: skip
    _stage(frame, name, fail, held)
    unit = formats.unit([modelled(summary["total_loss"])], language)
    left, right = (st.container(), st.container()) if beside else st.columns([0.62, 0.38], gap="medium")
    with left:
        st.subheader(say["losers_title"], anchor=False)
        _losers(frame, name, held, unit)
    with right:
        st.subheader(say["by_lender"], anchor=False)
        _lenders(frame, name, held["lenders"], unit)
        _channels(frame, name, summary, unit)


def _lgd(frame: Frame) -> float | None:
    """The loss given default of the URL, None for the pack's own."""
    held = frame.number("lgd", None, 0, 100)
    return None if held is None else held / 100


def _lenders(frame: Frame, name: str, held: list[dict[str, Any]], unit: Unit) -> None:
    """Loss by lender."""
    rows = [
        {"id": "", "cells": [text(frame.lender(r["lender"])), amount(modelled(r["loss"]), unit, frame.base)]}
        for r in held
    ]
    columns = [column(frame.say["lender"]), column(unit.heading(frame.say["loss"], frame.base), "r")]
    blocks.table(f"lenders-{name}", cells.table(columns, rows, empty=frame.say["nothing"]))


def _channels(frame: Frame, name: str, summary: dict[str, Any], unit: Unit) -> None:
    """Loss by channel."""
    say = frame.say
    held = {k: modelled(v) for k, v in summary["loss_by_channel"].items() if v}
    rows = [{"id": "", "cells": [say[f"channel_{k}"], amount(v, unit, frame.base)]} for k, v in held.items()]
    columns = [column(say["by_channel"]), column(unit.heading(say["loss"], frame.base), "r")]
    blocks.table(f"channels-{name}", cells.table(columns, rows, empty=say["nothing"]))


def _stage(frame: Frame, name: str, fail: tuple[str, ...], held: dict[str, Any]) -> None:
    """The network by rounds: a slider, and an animation that moves it."""
    say, last, stored = frame.say, held["rounds"], f"konzern-round-{name}"
    playing = st.session_state.get(_PLAYING) == name

    @st.fragment(run_every=_PACE if playing else None)
    def stage() -> None:
        if (st.session_state.get(_PLAYING) == name) != playing:
            st.rerun()  # begun or stopped inside this part: the whole page knows how often to draw it
        now = min(st.session_state.get(stored, last), last)
        if playing and now < last:
            now = st.session_state[stored] = now + 1
        left, right = st.columns([0.85, 0.15], vertical_alignment="bottom")
        right.button(
            say["stop"] if playing else say["play"], key=f"play-{name}", on_click=_toggle, args=(name, last), width="stretch",
            disabled=not last,
        )  # fmt: skip
        if last:
            key = f"round-{name}"
            st.session_state[key] = now
            left.slider(
                say["round"],
                0,
                last,
                key=key,
                on_change=lambda: st.session_state.update({stored: st.session_state[key]}),
            )
        _scene(frame, name, fail, now, last)
        if playing and now == last:
            st.session_state.pop(_PLAYING)
            st.rerun()

    stage()


def _scene(frame: Frame, name: str, fail: tuple[str, ...], now: int, last: int) -> None:
    """The picture of a round, every party where it stands in the last one."""
    drawn = frame.ask("cascade_picture", fail=fail, upto=now, lgd=_lgd(frame))
    whole = frame.ask("cascade_picture", fail=fail, upto=last, lgd=_lgd(frame))
    flows = {(t.source, t.target): float(t.amount or 0) for t in whole.ties}
    points = spread(tree([n.names.id for n in whole.nodes], flows, abreast=_ABREAST))
    look = network.Look(f"{name}-{'-'.join(fail)}", 460, boxes=("failed", "lender", "outside"))
    blocks.picture(
        f"cascade-picture-{name}", network.data(drawn, points, frame.say, frame.language, look),
        lambda told: frame.put(sel=told.get("node", ""), edge=told.get("edge", "")),
    )  # fmt: skip


def _toggle(name: str, last: int) -> None:
    """Begin to play, from the first round if the last one is shown, or stop."""
    stored = f"konzern-round-{name}"
    if st.session_state.get(_PLAYING) == name:
        st.session_state.pop(_PLAYING)
        return
    st.session_state[_PLAYING] = name
    if st.session_state.get(stored, last) >= last:
        st.session_state[stored] = 0


def _losers(frame: Frame, name: str, held: dict[str, Any], unit: Unit) -> None:
    """Who loses or fails, by round."""
    say = frame.say
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]), text(say["failed_in"].format(round=r["round"]) if r["failed"] else "", tone="bad"),
                *(amount(modelled(r[k]), unit, frame.base) for k in ("loss", "call", "equity_after")),
            ],
        }
        for r in held["parties"]
    ]  # fmt: skip
    columns = [
        column(say["party"]), column(say["fails"], "n"), column(unit.heading(say["loss"], frame.base), "r"),
        column(unit.heading(say["channel_call"], frame.base), "r"),
        column(unit.heading(say["equity_after"], frame.base), "r", say["tip_equity_after"]),
    ]  # fmt: skip
    blocks.table(
        f"losers-{name}",
        cells.table(columns, rows, empty=say["nothing"], height=420),
        lambda i: frame.go("groups", party=i),
    )
