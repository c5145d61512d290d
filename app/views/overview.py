"""Overview: the state of the whole scope, everything on it a way to what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import streamlit as st

from app import formats
from app.desk.opened import Row
from app.desk.overview import Overview
from app.drawing import blocks, cells
from app.drawing.cells import TONES, amount, chip, column, count, percent, text, tile, used
from app.views.frame import Frame
from graph.model import MONEY, TABLES

_CELLS: Final = 4
"""Cells that are told of a row that came or went; all of one that changed would be few."""


def show(frame: Frame) -> None:
    """Draw the page."""
    say, held = frame.say, frame.ask("overview")
    language, base = frame.language, held.base
    if held.incomplete:
        late = say["comma"].join(held.incomplete)
        st.warning(say["incomplete"].format(late=late), icon=":material/history:")
    blocks.tiles(
        "overview-tiles",
        [
            tile(say["gross"], formats.short(held.gross, language), exact=formats.exact(held.gross, base), tone="deep", to="groups",
                 note=say["of_facilities"].format(count=formats.count(held.facilities))),
            tile(say["groups"], formats.count(held.groups), note=say["of_parties"].format(count=formats.count(held.parties)), to="groups"),
            tile(say["breaches"], formats.count(held.breaches), tone="bad", to="breach", note=say["above_limit"]),
            tile(say["near"], formats.count(held.near), tone="warn", to="near", note=say["near_note"]),
            tile(say["large"], formats.count(held.large_count), note=say["large_note"], to="large"),
            tile(say["duplicate"], formats.short(held.duplicate, language), exact=formats.exact(held.duplicate, base), tone="warn",
                 note=say["in_cases"].format(count=held.cases), to="duplicates"),
            *_costliest(frame, held),
        ],
        lambda to: _follow(frame, held, to),
    )  # fmt: skip
    left, right = st.columns([0.56, 0.44], gap="medium")
    with left:
        st.subheader(say["limits_title"], anchor=False)
        _limits(frame, held.limits)
    with right:
        st.subheader(say["large_title"], anchor=False)
        _large(frame, held.large)
    left, right = st.columns([0.56, 0.44], gap="medium")
    with left:
        st.subheader(say["changes_title"], anchor=False)
        _changes(frame, held)
    if not frame.principal.lender:  # one lender's analyst is shown no deliveries
        with right:
            st.subheader(say["fresh_title"], anchor=False)
            fresh(frame, held.fresh, lambda load: frame.go("data", load=load))
    frame.downloads("limits", "large_exposures", "groups", "findings", "changes", page="overview")


def _costliest(frame: Frame, held: Overview) -> list[dict[str, Any]]:
    """The tile of the default that costs lenders most."""
    if held.worst is None:
        return []
    say, loss = frame.say, held.worst["loss"]
    return [
        tile(say["costliest"], formats.percent(held.worst["share"]), exact=formats.exact(loss, held.base), tone="bad", to="contagion",
             note=f"{frame.name(held.worst['names'])} · {formats.short(loss, frame.language)}")
    ]  # fmt: skip


def _follow(frame: Frame, held: Overview, to: str) -> None:
    """Where a tile leads."""
    if to in ("breach", "near", "large"):
        code = {"breach": "limit_breach", "near": "limit_near", "large": "large"}[to]
        frame.go("warnings", code=code)
    else:
        frame.go(to, **({"fail": held.worst["party_id"]} if to == "contagion" and held.worst else {}))


def _limits(frame: Frame, rows: list[Row]) -> None:
    """Limits at nine tenths and more."""
    say, held = frame.say, rows
    unit = formats.unit([v for r in held for v in (r["limit"], r["value"])], frame.language)
    made = [
        {
            "id": r["subject_id"],
            "cells": [
                text(frame.name(r["names"]), f"{frame.word('scope', r['scope'])} · {frame.lender(r['lender'])}"),
                text(frame.rule(r["rule"]), r["rule"].rpartition(" ")[0]),
                amount(r["value"], unit, frame.base), amount(r["limit"], unit, frame.base),
                percent(r["utilisation"], tone="bad" if r["breach"] else "warn"), used(r["utilisation"]),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["subject"]), column(say["rule"], "n", say["tip_rule"]), column(unit.heading(say["value"], frame.base), "r", say["tip_value"]),
        column(unit.heading(say["limit"], frame.base), "r"), column(say["used"], "r", say["tip_used"]), column("", "w"),
    ]  # fmt: skip
    blocks.table(
        "overview-limits",
        cells.table(columns, made, empty=say["no_limits"], height=430),
        frame.explore,
    )


def _large(frame: Frame, rows: list[Row]) -> None:
    """The largest exposures against capital."""
    say = frame.say
    unit = formats.unit([r["gross"] for r in rows], frame.language)
    made = [
        {
            "id": r["subject_id"],
            "cells": [
                text(frame.name(r["names"]), f"{frame.lender(r['lender'])} · {frame.word('level', r['level'])}"),
                amount(r["gross"], unit, frame.base), percent(r["ratio_before"]), percent(r["ratio_after"]),
            ],
        }
        for r in rows
    ]  # fmt: skip
    columns = [
        column(say["subject"]), column(unit.heading(say["gross"], frame.base), "r"),
        column(say["ratio_before"], "r", say["tip_ratio"]), column(say["ratio_after"], "r", say["tip_ratio"]),
    ]  # fmt: skip
    blocks.table(
        "overview-large",
        cells.table(columns, made, empty=say["nothing"], height=430),
        frame.explore,
    )


def _changes(frame: Frame, held: Overview) -> None:
    """What the version changed, and how many findings there are."""
    say = frame.say
    rows = [
        {
            "id": s,
            "cells": [
                chip(say[f"severity_{s}"], TONES[s]), count(held.warnings.get(s, 0)), count(held.duplicates.get(s, 0)),
            ],
        }
        for s in ("breach", "warning", "info")
    ]  # fmt: skip
    columns = [
        column(say["severity"], "n"),
        column(say["page_warnings"], "r"),
        column(say["page_duplicates"], "r"),
    ]
    blocks.table(
        "overview-findings", cells.table(columns, rows, empty=""), lambda s: frame.go("warnings", severity=s)
    )
    made = [
        {
            "id": r["party"],
            "cells": [
                text(frame.titled(TABLES[r["table"]]), say[f"change_{r['kind']}"]), text(", ".join(r["key"])),
                _cells(frame, r["table"], r["before"]), _cells(frame, r["table"], r["after"]),
            ],
        }
        for r in held.changes
    ]  # fmt: skip
    if held.version > 1 or made:
        left = held.change_count - len(made)
        more = say["more"].format(count=formats.count(left)) if left else ""
        columns = [
            column(say["change"], "n"),
            column(say["subject"]),
            column(say["before"]),
            column(say["after"]),
        ]
        blocks.table(
            "overview-changes", cells.table(columns, made, empty=say["no_changes"], more=more, height=300),
            frame.explore,
        )  # fmt: skip
    else:
        blocks.note(say["first_version"])


def fresh(frame: Frame, rows: list[Row], act: Callable[[str], None]) -> None:
    """The last delivery of each subsidiary, late ones marked; ``act`` is given the version of one that was clicked."""
    say = frame.say
    made = [
        {
            "id": str(r["version"]),
            "cells": [
                text(r["by"] or say["unnamed"]), formats.day(r["day"], frame.language),
                count(r["age"], "warn" if r["age"] else ""),
                say[f"delivery_{r['kind']}"], count(r["rows"]),
            ],
        }
        for r in rows
    ]  # fmt: skip
    columns = [
        column(say["subsidiary"]), column(say["day"], "n"), column(say["age"], "r", say["tip_age"]), column(say["delivery"], "n"),
        column(say["rows"], "r"),
    ]  # fmt: skip
    blocks.table("fresh", cells.table(columns, made, empty=say["no_deliveries"]), act)


def _cells(frame: Frame, table: str, held: Row) -> cells.Cell:
    """The cells of one side of a change by the names of their columns, the first few of a whole row."""
    shape = TABLES[table]
    shown = [(shape.column(c), v) for c, v in held.items() if v is not None and c not in shape.key]
    told = [f"{frame.titled(c)} {f'{Decimal(v):,}' if c.kind is MONEY else v}" for c, v in shown]
    return text(frame.say["comma"].join(told[:_CELLS]) + (" …" if len(told) > _CELLS else ""))
