"""Group explorer: find a party or a group, and go to the one that is chosen."""

from __future__ import annotations

import streamlit as st

from app import formats
from app.drawing import blocks, cells
from app.drawing.cells import amount, column, count, text
from app.views import group, party
from app.views.frame import Frame


def show(frame: Frame) -> None:
    """Draw the page: the search, then a group, a party or the list of groups."""
    _search(frame)
    if frame.get("group"):
        held = frame.ask("group", group_id=frame.get("group"))
        if held is None:
            blocks.note(frame.say["not_found"])
        else:
            group.show(frame, held)
    elif frame.get("party"):
        found = frame.ask("party", party_id=frame.get("party"))
        if found is None:
            blocks.note(frame.say["not_found"])
        else:
            party.show(frame, found)
    elif not frame.get("q"):
        _top(frame)


def _search(frame: Frame) -> None:
    """The box, and what it found."""
    say = frame.say
    if "konzern-q" not in st.session_state:
        st.session_state["konzern-q"] = frame.get("q")

    def sought() -> None:
        frame.put(q=st.session_state["konzern-q"], group="", party="", sel="", open="")

    st.text_input(
        say["search"], key="konzern-q", on_change=sought, placeholder=say["search_hint"], label_visibility="collapsed",
        icon=":material/search:",
    )  # fmt: skip
    if not frame.get("q") or frame.get("group") or frame.get("party"):
        if frame.get("group") or frame.get("party"):
            st.button(
                say["all_groups"],
                type="tertiary",
                icon=":material/arrow_back:",
                on_click=lambda: _home(frame),
            )
        return
    found = frame.ask("search", text=frame.get("q"))
    unit = formats.unit([r["gross"] for r in found], frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]),
                text(r["by"], say["former"] if r["former"] else ""),
                frame.word("kind", r["names"].kind), amount(r["gross"], unit, frame.base), text(", ".join(r["groups"])),
            ],
        }
        for r in found
    ]  # fmt: skip
    columns = [
        column(say["party"]), column(say["found_by"]), column(say["kind"], "n"), column(unit.heading(say["gross"], frame.base), "r"),
        column(say["groups"]),
    ]  # fmt: skip
    blocks.table(
        "found", cells.table(columns, rows, empty=say["none_found"]), lambda i: frame.put(party=i, q="")
    )


def _home(frame: Frame) -> None:
    """Back to the list of groups."""
    st.session_state["konzern-q"] = ""
    frame.put(group="", party="", q="", sel="", open="")


def _top(frame: Frame) -> None:
    """All groups, largest first."""
    say, held = frame.say, frame.ask("groups")
    st.subheader(say["groups_title"], anchor=False)
    unit = formats.unit([r["gross"] for r in held], frame.language)
    rows = [
        {
            "id": r["group_id"],
            "cells": [
                text(frame.name(r["names"]), r["group_id"]), count(r["members"]), count(r["exposed_members"]),
                amount(r["gross"], unit, frame.base), amount(r["net"], unit, frame.base), amount(r["nominal_limit"], unit, frame.base),
                amount(r["drawn"], unit, frame.base),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["group"], tip=say["tip_group"]), column(say["members"], "r"), column(say["exposed"], "r", say["tip_exposed"]),
        *(column(unit.heading(say[k], frame.base), "r", say[f"tip_{k}"]) for k in ("gross", "net", "nominal_limit", "drawn")),
    ]  # fmt: skip
    blocks.table(
        "groups", cells.table(columns, rows, empty=say["no_groups"], height=620), lambda i: frame.put(group=i)
    )
    frame.downloads("groups", "group_members", "group_exposures", page="groups")
