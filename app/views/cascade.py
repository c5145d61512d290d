"""A cascade: figures of one scenario, its picture round by round, who loses and through what."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import formats
from app.drawing import blocks, cells, network
from app.drawing.cells import amount, column, text, tile
from app.drawing.layout import tall, tree, turned
from app.formats import Unit, modelled
from app.views.assumptions import cleared, said, stated
from app.views.frame import Frame
from app.views.running import running

_PLAYING: Final = "konzern-playing"
_PACE: Final = 1.2
"""Seconds a round is shown while it plays."""
ABREAST: Final = 24
"""Who loses by one party stands in one column up to here, so that each amount has a line of its own."""
_LOW: Final = 360
_HIGH: Final = 1200
"""Least and most height of a picture in pixels."""


def alone(frame: Frame, name: str) -> None:
    """One scenario over the whole page."""
    held = _run(frame, name)
    unit = _unit(frame, [held])
    _headed(frame, name, held)
    _stage(frame, name, held)
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        _losers(frame, name, held, unit)
    with right:
        _lenders(frame, name, held["lenders"], unit)
        _channels(frame, name, held["summary"], unit)


def beside(frame: Frame, scenarios: tuple[str, ...]) -> None:
    """Scenarios side by side, their amounts in one unit."""
    held = [_run(frame, name) for name in scenarios]
    unit = _unit(frame, held)
    columns = st.columns(len(scenarios), gap="medium")
    for place, name, one in zip(columns, scenarios, held, strict=True):
        with place:
            _headed(frame, name, one)
            _stage(frame, name, one)
            _losers(frame, name, one, unit)
            _lenders(frame, name, one["lenders"], unit)
            _channels(frame, name, one["summary"], unit)


def _run(frame: Frame, name: str) -> dict[str, Any]:
    """The answer about the scenario of that name in the URL; stopped, the scenario is taken out of it."""
    with running(frame, name, *cleared(frame, name)):
        held: dict[str, Any] = frame.ask("cascade", **stated(frame, name))
    return held


def _unit(frame: Frame, held: list[dict[str, Any]]) -> Unit:
    """The unit of all amounts of these scenarios."""
    return formats.unit([modelled(one["summary"]["total_loss"]) for one in held], frame.language)


def _headed(frame: Frame, name: str, held: dict[str, Any]) -> None:
    """Who fails, and the figures of the scenario at a glance."""
    say, language, summary = frame.say, frame.language, held["summary"]
    names = say["comma"].join(frame.named(p) for p in frame.listed(name))
    blocks.title(
        say["scenario_of"].format(names=names) if names else say["scenario_losses"], said(frame, held)
    )

    def money(key: str) -> dict[str, str]:
        value = modelled(summary[key])
        return {"value": formats.short(value, language), "exact": formats.exact(value, frame.base)}

    blocks.tiles(
        f"cascade-{name}",
        [
            tile(say["lender_loss"], tone="bad", **money("lender_loss")), tile(say["total_loss"], **money("total_loss")),
            tile(say["failures"], formats.count(summary["failed"])), tile(say["waves"], formats.count(summary["waves"])),
        ],
    )  # fmt: skip


def _lenders(frame: Frame, name: str, held: list[dict[str, Any]], unit: Unit) -> None:
    """Loss by lender."""
    st.subheader(frame.say["by_lender"], anchor=False)
    rows = [
        {"id": "", "cells": [text(frame.lender(r["lender"])), amount(modelled(r["loss"]), unit, frame.base)]}
        for r in held
    ]
    columns = [column(frame.say["lender"]), column(unit.heading(frame.say["loss"], frame.base), "r")]
    blocks.table(f"lenders-{name}", cells.table(columns, rows, empty=frame.say["nothing"]))


def _channels(frame: Frame, name: str, summary: dict[str, Any], unit: Unit) -> None:
    """Loss by channel."""
    say = frame.say
    first = {"shock": summary.get("shock_loss")}
    held = {k: modelled(v) for k, v in (first | summary["loss_by_channel"]).items() if v}
    rows = [
        {
            "id": "",
            "cells": [{"t": say[f"channel_{k}"], "x": say[f"tip_channel_{k}"]}, amount(v, unit, frame.base)],
        }
        for k, v in held.items()
    ]
    columns = [column(say["by_channel"]), column(unit.heading(say["loss"], frame.base), "r")]
    blocks.table(f"channels-{name}", cells.table(columns, rows, empty=say["nothing"]))


def _stage(frame: Frame, name: str, held: dict[str, Any]) -> None:
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
        _scene(frame, name, now, last)
        if playing and now == last:
            st.session_state.pop(_PLAYING)
            st.rerun()

    stage()


def _scene(frame: Frame, name: str, now: int, last: int) -> None:
    """The picture of a round, every party where it stands in the last one."""
    scenario = stated(frame, name)
    drawn = frame.ask("cascade_picture", upto=now, **scenario)
    whole = frame.ask("cascade_picture", upto=last, **scenario)
    flows = {(t.source, t.target): float(t.amount or 0) for t in whole.ties}
    points = turned(tree([n.names.id for n in whole.nodes], flows, abreast=ABREAST))
    token = "-".join([name, *scenario["fail"], *map("=".join, scenario["given"])])
    look = network.Look(token, min(max(tall(points), _LOW), _HIGH), boxes=("failed", "hit", "lender"))
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
    st.subheader(say["losers_title"], anchor=False)
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
        column(unit.heading(say["channel_call"], frame.base), "r", say["tip_channel_call"]),
        column(unit.heading(say["equity_after"], frame.base), "r", say["tip_equity_after"]),
    ]  # fmt: skip
    blocks.table(
        f"losers-{name}",
        cells.table(columns, rows, empty=say["nothing"], height=420),
        lambda i: frame.go("groups", party=i),
    )
