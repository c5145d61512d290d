"""Warnings: the inbox of findings with severity, owner, state, due date and history."""

from __future__ import annotations

import streamlit as st

from app import formats
from app.drawing import blocks
from app.drawing.cells import tile
from app.views import casework
from app.views.frame import Frame


def show(frame: Frame) -> None:
    """Draw the page: the inbox, or one finding."""
    if frame.get("case"):
        casework.story(frame, frame.get("case"))
        return
    say = frame.say
    shown = {s: frame.ask("warnings", severity=s) for s in ("breach", "warning", "info")}
    tones = {"breach": "bad", "warning": "warn", "info": ""}
    blocks.tiles(
        "warning-tiles",
        [
            tile(say[f"severity_{s}"], formats.count(held["count"]), tone=tones[s], to=s,
                 note=formats.short(held["amount"], frame.language) if held["amount"] else "")
            for s, held in shown.items()
        ],
        lambda severity: frame.put(severity=severity),
    )  # fmt: skip
    chosen = casework.choices(frame, shown["info"]["by_code"])
    st.subheader(say["inbox_title"], anchor=False)
    casework.listed(frame, "warnings", frame.ask("warnings", **chosen))
    frame.downloads("findings", page="warnings")
