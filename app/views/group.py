"""One group: its figures and picture, who is in it and why, what each owes to whom, and what is left of its limits."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import formats
from app.desk.groups import Group
from app.drawing import blocks, cells
from app.drawing.cells import amount, column, text, tile
from app.views.chosen import chosen
from app.views.frame import Frame
from app.views.listed import counted, facilities, findings, limits
from app.views.picture import picture


def show(frame: Frame, held: Group) -> None:
    """One group."""
    say, figures, base, language = frame.say, held.figures, frame.base, frame.language
    blocks.title(
        say["group_of"].format(name=frame.name(held.names)),
        f"{held.group_id} · {say['sources']}: {', '.join(figures['source_ids'])}",
    )
    blocks.tiles(
        "group-tiles",
        [
            tile(say["gross"], formats.short(figures["gross"], language), exact=formats.exact(figures["gross"], base), tone="deep",
                 note=say["own_part"] if frame.principal.lender else ""),
            tile(say["net"], formats.short(figures["net"], language), exact=formats.exact(figures["net"], base)),
            tile(say["drawn"], formats.short(figures["drawn"], language), exact=formats.exact(figures["drawn"], base)),
            tile(say["nominal_limit"], formats.short(figures["nominal_limit"], language), exact=formats.exact(figures["nominal_limit"], base)),
            tile(say["members"], formats.count(held.member_count), note=say["exposed_note"].format(count=figures["exposed_members"])),
            *_tightest(frame, held),
        ],
    )  # fmt: skip
    _released(frame, held.group_id)
    left, right = st.columns([0.6, 0.4], gap="medium")
    with left:
        st.subheader(say["picture"], anchor=False)
        drawn = frame.ask("group_network", group_id=held.group_id, opened=frame.listed("open"))
        picture(frame, drawn, held.group_id)
    with right:
        st.subheader(say["members_title"], anchor=False)
        _members(frame, held)
    chosen(frame, drawn)
    left, right = st.columns([0.5, 0.5], gap="medium")
    with left:
        st.subheader(say["heat_title"], anchor=False)
        _heat(frame, held)
        st.subheader(say["limits_headroom"], anchor=False)
        limits(frame, held.limits)
    with right:
        st.subheader(say["bridge_title"], anchor=False)
        _bridge(frame, held)
    counted(frame, held.limits)
    _behind(frame, held)
    st.subheader(say["findings"], anchor=False)
    findings(frame, held.findings)
    frame.downloads("group_members", "group_exposures", "party_exposures", "bridge", "limits", page="group")


def _tightest(frame: Frame, held: Group) -> list[dict[str, Any]]:
    """The tile of the most used limit."""
    if not held.limits:
        return []
    first, say = held.limits[0], frame.say
    tone = "bad" if first["breach"] else ""
    return [
        tile(say["tightest"], formats.percent(first["utilisation"]), tone=tone,
             note=f"{say['headroom']} {formats.short(first['headroom'], frame.language)}",
             exact=formats.exact(first["headroom"], frame.base))
    ]  # fmt: skip


def _released(frame: Frame, group_id: str) -> None:
    """What a subsidiary is told of others' credit: that there is some, and how much room is left, roughly."""
    if not frame.principal.lender:
        return
    held = frame.ask("released", group_id=group_id)
    if held is not None and held["others"]:
        band = held["band"]
        st.info(
            frame.say["others_have"] + (" " + frame.say[f"band_{band}"] if band else ""),
            icon=":material/group:",
        )


def _members(frame: Frame, held: Group) -> None:
    """Who is in the group, why, and what each owes."""
    say = frame.say
    unit = formats.unit([r["gross"] for r in held.members], frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]), text(frame.word("via", r["via"]), _why(frame, r["why"])),
                amount(r["gross"], unit, frame.base),
            ],
        }
        for r in held.members
    ]  # fmt: skip
    columns = [
        column(say["party"]),
        column(say["why"], tip=say["tip_why"]),
        column(unit.heading(say["gross"], frame.base), "r"),
    ]
    more = say["more"].format(count=held.member_count - len(rows)) if held.member_count > len(rows) else ""
    blocks.table(
        "members", cells.table(columns, rows, empty="", more=more, height=560),
        lambda i: frame.put(sel=i, edge=""),
    )  # fmt: skip


def _why(frame: Frame, why: dict[str, Any]) -> str:
    """The reason of a membership in a few words, with its source rows."""
    if why["by"] is None:
        return ""
    votes = f" {formats.share(why['votes'])}" if why["votes"] is not None else ""
    rows = f" [{', '.join(why['rows'])}]" if why["rows"] else ""
    basis = "" if why["basis"] == "votes" else f" {frame.word('basis', why['basis'])}"
    return f"{frame.say['by'].format(name=frame.name(why['by']))}{basis}{votes}{rows}"


def _heat(frame: Frame, held: Group) -> None:
    """Gross by member and lender, the larger the darker."""
    say, base = frame.say, frame.base
    unit = formats.unit(list(held.cells.values()), frame.language)
    most = max(held.cells.values(), default=None)
    rows: list[dict[str, Any]] = []
    for r in held.members:
        own = [held.cells.get((r["party_id"], lender["lender_id"])) for lender in held.lenders]
        if any(own):
            shown: list[cells.Cell] = [text(frame.name(r["names"]))]
            shown += [amount(v, unit, base, heat=float(v / most)) if v and most else "" for v in own]
            rows.append({"id": r["party_id"], "cells": shown})
    rows.append(
        {
            "id": "",
            "total": True,
            "cells": [say["group_total"], *(amount(r["gross"], unit, base) for r in held.lenders)],
        }
    )
    columns = [
        column(unit.heading(say["party"], base)),
        *(column(frame.lender(r["lender"]), "r") for r in held.lenders),
    ]
    blocks.table(
        "heat",
        cells.table(columns, rows, empty=say["nothing"], height=420),
        lambda i: frame.put(sel=i, edge=""),
    )


def _bridge(frame: Frame, held: Group) -> None:
    """From nominal limits to gross to net, step by step; steps of nothing left out."""
    say, base = frame.say, frame.base
    steps = [r for r in held.bridge if r["amount"] or r["kind"] == "total"]
    unit = formats.unit([r["amount"] for r in steps], frame.language)
    bars = cells.falls([(r["kind"], r["amount"]) for r in steps])
    rows = [
        {
            "id": r["step"], "total": r["kind"] == "total",
            "cells": [
                text(frame.word("step", r["step"]), "" if r["kind"] == "total" else say["on_facilities"].format(count=len(r["facility_ids"])),
                     tone="muted" if r["kind"] == "memo" else ""),
                amount(r["amount"], unit, base), bar,
            ],
        }
        for r, bar in zip(steps, bars, strict=True)
    ]  # fmt: skip
    columns = [column(say["step"]), column(unit.heading(say["amount"], base), "r"), column("", "w")]
    now = frame.get("step")
    blocks.table(
        "bridge", cells.table(columns, rows, empty=say["nothing"], selected=now), lambda i: frame.put(step=i)
    )
    blocks.note(say["memo_note"])


def _behind(frame: Frame, held: Group) -> None:
    """The facilities behind the step of the bridge that is chosen."""
    now = frame.get("step")
    if any(r["step"] == now and r["facility_ids"] for r in held.bridge):
        st.subheader(frame.word("step", now), anchor=False)
        facilities(frame, frame.ask("step", group_id=held.group_id, name=now), "step-facilities")
