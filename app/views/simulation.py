"""Simulated losses with their risk by lender, and the fewest defaults that break a line."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import streamlit as st

from app import formats
from app.drawing import blocks, cells
from app.drawing.cells import amount, column, count, text
from app.formats import Unit, modelled
from app.views.frame import Files, Frame
from app.views.running import running, stopped

_DRAWS: Final = (100, 100_000)
_SEEDS: Final = (0, 10_000)
_SHARES: Final = (1, 1000)
"""Least and most draws, seed, and per cent of capital that are asked for."""


def monte(frame: Frame) -> Files:
    """Simulated losses: risk by lender, and the distribution; the tables to download."""
    say, base = frame.say, frame.base
    left, middle, right = st.columns([0.2, 0.2, 0.6], vertical_alignment="bottom")
    draws = left.number_input(say["draws"], *_DRAWS, frame.number("draws", 10_000, *_DRAWS), 1000)
    seed = middle.number_input(say["seed"], *_SEEDS, frame.number("seed", 0, *_SEEDS))
    right.button(say["run"], type="primary", on_click=lambda: frame.put(draws=str(draws), seed=str(seed)))
    asked = frame.number("draws", None, *_DRAWS)
    if asked is None:
        stopped(frame, "monte")
        return {}
    ask = partial(frame.ask, "simulated", draws=asked, seed=frame.number("seed", 0, *_SEEDS))
    with running(frame, "monte", "draws"):
        held = ask()
    for english, chinese in held["notes"]:
        blocks.note(chinese if frame.language == "zh" else english)
    left, right = st.columns([0.58, 0.42], gap="medium")
    shown = ("expected", "var_99", "es_99", "var_999")
    unit = formats.unit([modelled(r[k]) for r in held["risk"] for k in shown], frame.language)
    rows = [
        {
            "id": "",
            "total": r["lender"] is None,
            "cells": [
                text(frame.lender(r["lender"])),
                *(amount(modelled(r[k]), unit, base) for k in shown),
            ],
        }
        for r in held["risk"]
    ]
    columns = [
        column(say["lender"]),
        *(column(unit.heading(say[k], base), "r", say[f"tip_{k}"]) for k in shown),
    ]
    with left:
        st.subheader(say["risk_title"], anchor=False)
        blocks.table("risk", cells.table(columns, rows, empty=say["nothing"]))
    with right:
        st.subheader(say["distribution"], anchor=False)
        most = max((b["count"] for b in held["bins"]), default=1) or 1
        unit = formats.unit([b["to"] for b in held["bins"]], frame.language)
        bars = [
            {"id": "", "cells": [_bin(unit, b), count(b["count"]), {"bar": [0, b["count"] / most * 100, "total"]}]}
            for b in held["bins"] if b["count"]
        ]  # fmt: skip
        columns = [
            column(unit.heading(say["loss"], base), "r"),
            column(say["scenarios"], "r"),
            column("", "w"),
        ]
        blocks.table("bins", cells.table(columns, bars, empty=say["nothing"]))
        blocks.note(say["of_none"].format(count=formats.count(held["none"]), all=formats.count(asked)))
    return frame.tables(ask, "risk", "scenarios")


def _bin(unit: Unit, held: dict[str, Any]) -> dict[str, Any]:
    """From where to where a loss lies, or the one amount that it is."""
    ends = dict.fromkeys(unit.show(held[k]) for k in ("from", "to"))
    return {"t": " – ".join(ends), "k": float(held["from"])}


def reverse(frame: Frame) -> Files:
    """The fewest defaults that break a line; the tables to download."""
    say = frame.say
    lenders = frame.lenders()
    left, middle, right = st.columns([0.4, 0.2, 0.4], vertical_alignment="bottom")
    now = frame.get("lender") if frame.get("lender") in lenders else next(iter(lenders), "")
    lender = left.selectbox(
        say["lender"],
        list(lenders),
        format_func=lambda i: lenders[i] or i,
        index=list(lenders).index(now) if now else 0,
    )
    share = middle.number_input(
        f"{say['share_of_capital']} (%)", *_SHARES, frame.number("share", 100, *_SHARES)
    )
    right.button(
        say["run"], type="primary", on_click=lambda: frame.put(lender=lender or "", share=str(share))
    )
    if frame.number("share", None, *_SHARES) is None:
        stopped(frame, "reverse")
        return {}
    ask = partial(frame.ask, "reverse", lender=now, share=frame.get("share"))
    with running(frame, "reverse", "share"):
        held = ask()
    summary = held["summary"]
    method = say.get(f"method_{summary.get('method')}", str(summary.get("method")))
    blocks.note(
        say["reverse_broken"].format(count=summary["defaults"], method=method)
        if summary["broken"]
        else say["reverse_holds"]
    )
    line, lost = (formats.short(modelled(summary[k]), frame.language) for k in ("line", "loss"))
    blocks.note(say["reverse_line"].format(line=line, loss=lost, base=frame.base))
    unit = formats.unit([modelled(r["loss"]) for r in held["rows"]], frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                count(r["step"]),
                text(frame.name(r["names"]), r["party_id"]),
                amount(modelled(r["loss"]), unit, frame.base),
            ],
        }
        for r in held["rows"]
    ]
    columns = [
        column(say["step_no"], "r"),
        column(say["party"]),
        column(unit.heading(say["loss"], frame.base), "r"),
    ]
    blocks.table(
        "reverse", cells.table(columns, rows, empty=say["nothing"]), lambda i: frame.put(tab="play", fail=i)
    )
    return frame.tables(ask, "reverse")
