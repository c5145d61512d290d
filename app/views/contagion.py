"""Contagion: a scenario or two side by side, the ranking of all parties, simulated losses, reverse stress."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from app import formats
from app.drawing import blocks, cells
from app.drawing.cells import amount, column, count, text
from app.formats import modelled
from app.views import cascade, simulation
from app.views.assumptions import begun, cleared, copied, form, stated
from app.views.frame import Files, Frame
from app.views.picker import pick
from app.views.running import stopped

_TABS: Final = ("play", "ranking", "monte", "reverse")
_CHANNELS: Final = ("credit", "guarantee", "holding", "claim", "dependence")
_TABLES: Final = ("parties", "lenders", "lender_groups", "edges")
"""Tables of a cascade that are downloaded."""


def show(frame: Frame) -> None:
    """Draw the page."""
    say = frame.say
    now = frame.get("tab") if frame.get("tab") in _TABS else "play"
    key = "contagion-tab"
    if st.session_state.get(key) != now:
        st.session_state[key] = now
    st.segmented_control(
        "tab", _TABS, format_func=lambda t: say[f"tab_{t}"], key=key, label_visibility="collapsed",
        on_change=lambda: frame.put(tab=st.session_state[key] or "play"),
    )  # fmt: skip
    drawn = {"play": _play, "ranking": _ranking, "monte": simulation.monte, "reverse": simulation.reverse}
    frame.files("contagion", {**drawn[now](frame), "ranking": partial(frame.ask, "table", name="ranking")})


def _play(frame: Frame) -> Files:
    """A scenario, or two side by side; the tables of the first to download."""
    say = frame.say
    left, right = st.columns([0.75, 0.25], vertical_alignment="bottom")
    with left:
        pick(
            frame,
            "fail",
            say["who_fails"],
            lambda p: frame.put(fail="~".join([*frame.listed("fail"), p]), round=""),
            groups=True,
        )
    with right:
        st.button(
            say["clear"],
            on_click=lambda: frame.put(**cleared(frame, "fail", "other")),
            disabled=not begun(frame, "fail"),
        )
    with st.expander(say["assumptions"], expanded=False):
        form(frame, "fail")
    stopped(frame, "fail", "other")
    if not begun(frame, "fail"):
        blocks.note(say["pick_hint"])
        return _ranking(frame)
    if not all(map(frame.known, (*frame.listed("fail"), *frame.listed("other")))):
        blocks.note(say["not_found"])
        return _ranking(frame)
    with st.expander(say["compare"], expanded=False):
        pick(frame, "other", say["who_fails"], lambda p: _compared(frame, p), groups=True)
        form(frame, "other")
    if begun(frame, "other"):
        cascade.beside(frame, ("fail", "other"))
    else:
        cascade.alone(frame, "fail")
    return frame.tables(partial(frame.ask, "cascade", **stated(frame, "fail")), *_TABLES)


def _compared(frame: Frame, party: str) -> None:
    """Have a party fail in the other scenario, which begins with the assumptions of the first."""
    begins = {} if begun(frame, "other") else copied(frame)
    frame.put(**begins, other="~".join([*frame.listed("other"), party]), round="")


def _ranking(frame: Frame) -> Files:
    """Every party failed in turn."""
    say = frame.say
    with st.spinner(say["running"]):
        held = frame.ask("ranking")
    st.subheader(say["ranking_title"], anchor=False)
    amounts = [modelled(r[k]) for r in held["rows"] for k in ("loss", *_CHANNELS)]
    unit = formats.unit(amounts, frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                count(r["rank"]), text(frame.name(r["names"]), r["party_id"]),
                *(amount(modelled(r[k]), unit, frame.base) for k in ("loss", *_CHANNELS)),
                count(r["lenders_hit"]), count(r["failures"]), count(r["rounds"]),
            ],
        }
        for r in held["rows"]
    ]  # fmt: skip
    columns = [
        column(say["rank"], "r"), column(say["party"]), column(say["total_loss"], "r"),
        *(column(say[f"channel_{k}"], "r", say[f"tip_channel_{k}"]) for k in _CHANNELS), column(say["hit"], "r", say["tip_hit"]), column(say["failures"], "r"),
        column(say["waves"], "r"),
    ]  # fmt: skip
    blocks.note(say["in_unit"].format(unit=f"{unit.name} {frame.base}"))
    more = (
        say["more"].format(count=formats.count(held["count"] - len(rows)))
        if held["count"] > len(rows)
        else ""
    )
    blocks.table(
        "ranking", cells.table(columns, rows, empty=say["nothing"], more=more, height=560),
        lambda i: frame.put(**{**cleared(frame, "fail", "other"), "fail": i}, tab="play"),
    )  # fmt: skip
    return {}
