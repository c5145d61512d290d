"""One party: names and figures, its groups, who controls it, its facilities."""

from __future__ import annotations

import streamlit as st

from app import formats
from app.desk.groups import Party
from app.drawing import blocks, cells
from app.drawing.cells import column, count, text, tile
from app.views.chosen import chosen, facts
from app.views.frame import Frame
from app.views.listed import counted, facilities, findings, limits
from app.views.picture import picture


def show(frame: Frame, held: Party) -> None:
    """Draw the page of a party."""
    say = frame.say
    facts(frame, held)
    _figures(frame, held)
    left, right = st.columns([0.6, 0.4], gap="medium")
    with left:
        st.subheader(say["picture"], anchor=False)
        drawn = frame.ask("party_network", party_ids=(held.names.id,), opened=frame.listed("open"))
        picture(frame, drawn, held.names.id)
    with right:
        st.subheader(say["party_groups"], anchor=False)
        _groups(frame, held)
        st.subheader(say["controllers"], anchor=False)
        _controllers(frame, held)
    chosen(frame, drawn)
    if frame.get("sel") == "":
        st.subheader(say["facilities_title"], anchor=False)
        facilities(frame, held.facilities, "facilities", obligors=False)
    st.subheader(say["limits_headroom"], anchor=False)
    limits(frame, held.limits)
    counted(frame, held.limits)
    st.subheader(say["findings"], anchor=False)
    findings(frame, held.findings)
    frame.downloads("party_exposures", "control", "shares", page="party")


def _figures(frame: Frame, held: Party) -> None:
    """What it owes over all lenders, what it controls and guarantees."""
    if held.figures is None:
        return
    shown = ("gross", "net", "drawn", "controlled", "guaranteed")
    tiles = [
        tile(
            frame.say[k],
            formats.short(held.figures[k], frame.language),
            exact=formats.exact(held.figures[k], frame.base),
            note=frame.say[f"note_{k}"],
        )
        for k in shown
    ]
    blocks.tiles("party-tiles", tiles)


def _groups(frame: Frame, held: Party) -> None:
    """The groups that it is in."""
    say = frame.say
    rows = [
        {
            "id": r["group_id"],
            "cells": [
                text(frame.name(r["names"]), r["group_id"]),
                text(frame.word("via", r["via"])),
                count(r["members"]),
            ],
        }
        for r in held.groups
    ]
    columns = [column(say["group"]), column(say["why"]), column(say["members"], "r")]
    blocks.table(
        "party-groups",
        cells.table(columns, rows, empty=say["in_no_group"]),
        lambda i: frame.put(group=i, party="", sel="", open=""),
    )


def _controllers(frame: Frame, held: Party) -> None:
    """Who decides over it, by which votes or facts."""
    say = frame.say
    rows = [
        {
            "id": r["controller_id"],
            "cells": [
                text(frame.name(r["names"]), ", ".join(r["rows"])),
                text(frame.word("basis", r["basis"]), say["ultimate"] if r["ultimate"] else ""), formats.share(r["votes"]),
            ],
        }
        for r in held.controllers
    ]  # fmt: skip
    columns = [
        column(say["controller"]),
        column(say["basis"], "n"),
        column(say["votes"], "r", say["tip_votes"]),
    ]
    blocks.table(
        "controllers",
        cells.table(columns, rows, empty=say["nobody_controls"]),
        lambda i: frame.put(party=i, sel="", open=""),
    )
