"""Contagion: a scenario played round by round, the ranking, simulated losses, reverse stress, two side by side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import streamlit as st

from app import formats
from app.drawing import blocks, cells, network
from app.drawing.cells import amount, column, count, text, tile
from app.drawing.layout import spread, tree
from app.views.frame import Frame
from app.views.picker import pick

_TABS: Final = ("play", "ranking", "monte", "reverse")
_PLAYING: Final = "konzern-playing"
_PACE: Final = 1.2
"""Seconds a round is shown while it plays."""
_CHANNELS: Final = ("credit", "guarantee", "holding", "claim", "dependence")


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
    {"play": _play, "ranking": _ranking, "monte": _monte, "reverse": _reverse}[now](frame)
    frame.downloads("ranking", page="contagion")


def _scenario(frame: Frame, name: str) -> tuple[str, ...]:
    """Who fails in a scenario of the URL."""
    return frame.listed(name)


def _lgd(frame: Frame) -> float | None:
    """The loss given default of the URL, None for the pack's own."""
    held = frame.get("lgd")
    return int(held) / 100 if held.isdecimal() and int(held) <= 100 else None  # noqa: PLR2004 (per cent)


def _play(frame: Frame) -> None:
    """A scenario, or two side by side."""
    say = frame.say
    left, middle, right = st.columns([0.5, 0.25, 0.25], vertical_alignment="bottom")
    with left:
        pick(
            frame,
            "fail",
            say["who_fails"],
            lambda p: frame.put(fail="~".join([*frame.listed("fail"), p]), round=""),
        )
    with middle:
        now = int(frame.get("lgd")) if frame.get("lgd").isdecimal() else 100
        key = "contagion-lgd"
        st.slider(
            f"{say['lgd']} (%)",
            0,
            100,
            now,
            5,
            key=key,
            help=say["tip_lgd"],
            on_change=lambda: frame.put(lgd=str(st.session_state[key]), round=""),
        )
    with right:
        st.button(
            say["clear"],
            on_click=lambda: frame.put(fail="", other="", round="", sel="", edge=""),
            disabled=not frame.listed("fail"),
        )
    if not frame.listed("fail"):
        blocks.note(say["pick_hint"])
        _ranking(frame)
        return
    if frame.listed("other"):
        columns = st.columns(2, gap="medium")
        for place, name in enumerate(("fail", "other")):
            with columns[place]:
                _one(frame, name)
    else:
        _one(frame, "fail")
    with st.expander(say["compare"], expanded=False):
        pick(
            frame,
            "other",
            say["who_fails"],
            lambda p: frame.put(other="~".join([*frame.listed("other"), p]), round=""),
        )


def _one(frame: Frame, name: str) -> None:
    """One scenario: figures, the picture by rounds, who loses."""
    say, language, base = frame.say, frame.language, frame.base
    fail = _scenario(frame, name)
    held = frame.ask("cascade", fail=fail, lgd=_lgd(frame))
    summary = held["summary"]
    names = say["comma"].join(frame.name(frame.names(p)) for p in fail)
    blocks.title(say["scenario_of"].format(names=names), "")

    def money(key: str) -> dict[str, str]:
        value = Decimal(str(round(summary[key], 2)))
        return {"value": formats.short(value, language), "exact": formats.exact(value, base)}

    blocks.tiles(
        f"cascade-{name}",
        [
            tile(say["lender_loss"], tone="bad", **money("lender_loss")), tile(say["total_loss"], **money("total_loss")),
            tile(say["failures"], formats.count(summary["failed"])), tile(say["waves"], formats.count(summary["waves"])),
        ],
    )  # fmt: skip
    _stage(frame, name, fail, held)
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        st.subheader(say["losers_title"], anchor=False)
        _losers(frame, name, held)
    with right:
        st.subheader(say["by_lender"], anchor=False)
        rows = [
            {"id": "", "cells": [text(frame.lender(r["lender"])), _loss(frame, r["loss"], held["lenders"])]}
            for r in held["lenders"]
        ]
        unit = formats.unit([Decimal(str(r["loss"])) for r in held["lenders"]], language)
        columns = [column(say["lender"]), column(unit.heading(say["loss"], base), "r")]
        blocks.table(f"lenders-{name}", cells.table(columns, rows, empty=say["nothing"]))
        _channels(frame, name, summary)


def _loss(frame: Frame, value: float, among: list[dict[str, Any]]) -> cells.Cell:
    """A modelled loss in the unit of its column."""
    unit = formats.unit([Decimal(str(r["loss"])) for r in among], frame.language)
    return amount(Decimal(str(round(value, 2))), unit, frame.base)


def _channels(frame: Frame, name: str, summary: dict[str, Any]) -> None:
    """Loss by channel."""
    say = frame.say
    held = {k: Decimal(str(round(v, 2))) for k, v in summary["loss_by_channel"].items() if v}
    unit = formats.unit(list(held.values()), frame.language)
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
    points = spread(tree([n.names.id for n in whole.nodes], flows))
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


def _losers(frame: Frame, name: str, held: dict[str, Any]) -> None:
    """Who loses or fails, by round."""
    say = frame.say
    unit = formats.unit(
        [
            Decimal(str(round(r[k], 2)))
            for r in held["parties"]
            for k in ("loss", "equity_after")
            if r[k] is not None
        ],
        frame.language,
    )

    def money(value: float | None) -> cells.Cell:
        return amount(None if value is None else Decimal(str(round(value, 2))), unit, frame.base)

    rows = [
        {
            "id": r["party_id"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]), text(say["failed_in"].format(round=r["round"]) if r["failed"] else "", tone="bad"),
                money(r["loss"]), money(r["call"]), money(r["equity_after"]),
            ],
        }
        for r in held["parties"]
    ]  # fmt: skip
    columns = [
        column(say["party"]), column(say["fails"], "n"), column(unit.heading(say["loss"], frame.base), "r"),
        column(say["channel_call"], "r"), column(say["equity_after"], "r", say["tip_equity_after"]),
    ]  # fmt: skip
    blocks.table(
        f"losers-{name}",
        cells.table(columns, rows, empty=say["nothing"], height=420),
        lambda i: frame.go("groups", party=i),
    )


def _ranking(frame: Frame) -> None:
    """Every party failed in turn."""
    say = frame.say
    with st.spinner(say["running"]):
        held = frame.ask("ranking")
    st.subheader(say["ranking_title"], anchor=False)
    amounts = [Decimal(str(round(r[k], 2))) for r in held["rows"] for k in ("loss", *_CHANNELS)]
    unit = formats.unit(amounts, frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                count(r["rank"]), text(frame.name(r["names"]), r["party_id"]),
                *(amount(Decimal(str(round(r[k], 2))), unit, frame.base) for k in ("loss", *_CHANNELS)),
                count(r["lenders_hit"]), count(r["failures"]), count(r["rounds"]),
            ],
        }
        for r in held["rows"]
    ]  # fmt: skip
    columns = [
        column(say["rank"], "r"), column(say["party"]), column(unit.heading(say["total_loss"], frame.base), "r"),
        *(column(say[f"channel_{k}"], "r") for k in _CHANNELS), column(say["hit"], "r", say["tip_hit"]), column(say["failures"], "r"),
        column(say["waves"], "r"),
    ]  # fmt: skip
    more = (
        say["more"].format(count=formats.count(held["count"] - len(rows)))
        if held["count"] > len(rows)
        else ""
    )
    blocks.table(
        "ranking", cells.table(columns, rows, empty=say["nothing"], more=more, height=560),
        lambda i: frame.put(tab="play", fail=i, other="", round="", sel="", edge=""),
    )  # fmt: skip


def _monte(frame: Frame) -> None:
    """Simulated losses: risk by lender, and the distribution."""
    say, base = frame.say, frame.base
    left, middle, right = st.columns([0.2, 0.2, 0.6], vertical_alignment="bottom")
    draws = left.number_input(
        say["draws"],
        100,
        100_000,
        int(frame.get("draws") or 10_000) if (frame.get("draws") or "1").isdecimal() else 10_000,
        1000,
    )
    seed = middle.number_input(
        say["seed"], 0, 10_000, int(frame.get("seed")) if frame.get("seed").isdecimal() else 0
    )
    right.button(say["run"], type="primary", on_click=lambda: frame.put(draws=str(draws), seed=str(seed)))
    if not frame.get("draws").isdecimal():
        return
    with st.spinner(say["running"]):
        held = frame.ask("simulated", draws=int(frame.get("draws")), seed=int(frame.get("seed") or 0))
    for english, chinese in held["notes"]:
        blocks.note(chinese if frame.language == "zh" else english)
    left, right = st.columns([0.58, 0.42], gap="medium")
    shown = ("expected", "var_99", "es_99", "var_999")
    unit = formats.unit([Decimal(str(round(r[k], 2))) for r in held["risk"] for k in shown], frame.language)
    rows = [
        {
            "id": "",
            "total": r["lender"] is None,
            "cells": [
                text(frame.lender(r["lender"])),
                *(amount(Decimal(str(round(r[k], 2))), unit, base) for k in shown),
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
            {"id": "", "cells": [{"t": f"{unit.show(b['from'])} – {unit.show(b['to'])}", "k": float(b["from"])}, count(b["count"]), {"bar": [0, b["count"] / most * 100, "total"]}]}
            for b in held["bins"] if b["count"]
        ]  # fmt: skip
        columns = [
            column(unit.heading(say["loss"], base), "r"),
            column(say["scenarios"], "r"),
            column("", "w"),
        ]
        blocks.table("bins", cells.table(columns, bars, empty=say["nothing"]))
        blocks.note(
            say["of_none"].format(
                count=formats.count(held["none"]), all=formats.count(int(frame.get("draws")))
            )
        )


def _reverse(frame: Frame) -> None:
    """The fewest defaults that break a line."""
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
        f"{say['share_of_capital']} (%)",
        1,
        1000,
        int(frame.get("share")) if frame.get("share").isdecimal() else 100,
    )
    right.button(
        say["run"], type="primary", on_click=lambda: frame.put(lender=lender or "", share=str(share))
    )
    if not frame.get("share").isdecimal():
        return
    with st.spinner(say["running"]):
        held = frame.ask("reverse", lender=now, share=frame.get("share"))
    summary = held["summary"]
    method = say.get(f"method_{summary.get('method')}", str(summary.get("method")))
    blocks.note(
        say["reverse_broken"].format(count=summary["defaults"], method=method)
        if summary["broken"]
        else say["reverse_holds"]
    )
    unit = formats.unit([Decimal(str(round(r["loss"], 2))) for r in held["rows"]], frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                count(r["step"]),
                text(frame.name(r["names"]), r["party_id"]),
                amount(Decimal(str(round(r["loss"], 2))), unit, frame.base),
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
