"""Limits and findings of a group or party as lists."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import formats
from app.drawing import blocks, cells
from app.drawing.cells import TONES, amount, chip, column, percent, text, used
from app.views import told
from app.views.frame import Frame


def limits(frame: Frame, held: list[dict[str, Any]]) -> None:
    """Limits with headroom; a click chooses one."""
    say, base = frame.say, frame.base
    unit = formats.unit([v for r in held for v in (r["limit"], r["value"])], frame.language)
    rows = [
        {
            "id": r["id"],
            "cells": [
                text(frame.rule(r["rule"]), f"{frame.lender(r['lender'])} · {frame.word('level', r['level'])}"),
                amount(r["value"], unit, base), amount(r["limit"], unit, base),
                amount(r["headroom"], unit, base, tone="bad" if r["breach"] else ""),
                percent(r["utilisation"], tone="bad" if r["breach"] else ""), used(r["utilisation"]),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["rule"]), *(column(unit.heading(say[k], base), "r", say.get(f"tip_{k}", "")) for k in ("value", "limit", "headroom")),
        column(say["used"], "r", say["tip_used"]), column("", "w"),
    ]  # fmt: skip
    now = frame.get("limit")
    blocks.table(
        "limits", cells.table(columns, rows, empty=say["no_tested"], selected=now, height=360),
        lambda i: frame.put(limit="" if i == frame.get("limit") else i),
    )  # fmt: skip


def counted(frame: Frame, held: list[dict[str, Any]]) -> None:
    """The facilities that count in the limit that is chosen, if one of these is."""
    say, now = frame.say, frame.get("limit")
    behind = next((r for r in held if r["id"] == now), None)
    if behind is not None:
        st.subheader(say["counted_in"], anchor=False)
        blocks.note(f"{frame.rule(behind['rule'])} · {frame.lender(behind['lender'])}")
        with st.spinner(say["running"]):
            parts = frame.ask("counted", limit=now)
        facilities(frame, parts, "limit-facilities")


def findings(frame: Frame, held: list[dict[str, Any]]) -> None:
    """Findings about the subject; each opens as a case."""
    say = frame.say
    rows = [
        {
            "id": r["finding_id"],
            "cells": [
                chip(say[f"severity_{r['severity']}"], TONES[r["severity"]]), text(say[f"code_{r['code']}"]),
                text(told.sentence(frame, r)),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [column(say["severity"], "n"), column(say["finding_kind"], "n"), column(say["finding"])]
    blocks.table(
        "findings",
        cells.table(columns, rows, empty=say["no_findings"], height=320),
        lambda i: frame.go("warnings", case=i),
    )


def facilities(frame: Frame, held: list[dict[str, Any]], key: str, *, obligors: bool = True) -> None:
    """Facilities side by side, each with its source row, who owes it where that differs, what of it counts where asked."""
    say = frame.say
    part = formats.unit([r["counted"] for r in held if "counted" in r], frame.language)
    parts = any("counted" in r for r in held)
    unit = formats.unit([v for r in held for v in (r["limit"], r["drawn"])], frame.language)
    rows = [
        {
            "id": r["facility_id"],
            "cells": [
                text(r["facility_id"], r["place"]),
                *([text(frame.name(r["obligor"]) if r["obligor"] else "–")] if obligors else []),
                text(frame.lender(r["lender"]) if r["lender"] else "–"), frame.word("product", r["product"]),
                amount(r["limit"], unit, r["currency"]), amount(r["drawn"], unit, r["currency"]), r["currency"],
                *([amount(r["counted"], part, frame.base)] if parts else []),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["facility"]), *([column(say["obligor"])] if obligors else []), column(say["lender"]), column(say["product"], "n"),
        column(unit.heading(say["limit"]), "r"), column(unit.heading(say["drawn"]), "r"), column(say["currency"], "n"),
        *([column(part.heading(say["counted"], frame.base), "r", say["tip_counted"])] if parts else []),
    ]  # fmt: skip
    blocks.table(
        key, cells.table(columns, rows, empty=say["nothing" if obligors else "no_facilities"], height=320)
    )
