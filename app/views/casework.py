"""Casework: a list of findings with their state, and one of them as a page with its story and what to decide."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import streamlit as st

from app import formats
from app.desk.cases import NEED_REASON, STATES, State
from app.drawing import blocks, cells
from app.drawing.cells import TONES, amount, chip, column, text
from app.refusals import worded
from app.views import told
from app.views.frame import Frame
from app.views.listed import facilities
from app.views.picture import picture
from graph.errors import KonzernError
from graph.journal import JournalMovedError

_SEVERITIES: Final = ("breach", "warning", "info")
_STATE_TONES: Final = {
    "open": "muted",
    "assigned": "info",
    "confirmed": "bad",
    "waiting": "warn",
    "dismissed": "good",
    "closed": "good",
}
_ERROR: Final = "konzern-decision-error"


def choices(frame: Frame, codes: dict[str, int]) -> dict[str, str]:
    """The filters of a list: kind, severity, state; they stand in the URL."""
    say, chosen = frame.say, {}
    columns = st.columns([0.4, 0.2, 0.2, 0.2])
    options = {
        "code": ["", *sorted(codes, key=lambda c: (-codes[c], c))],
        "severity": ["", *_SEVERITIES],
        "state": ["", *STATES],
    }
    names = {
        "code": lambda c: f"{say[f'code_{c}']} ({codes.get(c, 0):,})" if c else say["all_kinds"],
        "severity": lambda s: say[f"severity_{s}"] if s else say["all_severities"],
        "state": lambda s: say[f"state_{s}"] if s else say["all_states"],
    }
    for place, (name, held) in enumerate(options.items()):
        now = frame.get(name) if frame.get(name) in held else ""
        key = f"filter-{name}"
        if st.session_state.get(key) not in held or st.session_state.get(key) != now:
            st.session_state[key] = now

        def put(name: str = name, key: str = key) -> None:
            frame.put(**{name: st.session_state[key]})

        columns[place].selectbox(say[f"filter_{name}"], held, format_func=names[name], key=key, on_change=put)
        chosen[name] = now
    return chosen


def listed(frame: Frame, key: str, held: dict[str, Any]) -> None:
    """Cases, gravest and largest first."""
    say = frame.say
    unit = formats.unit([r["amount"] for r in held["rows"]], frame.language)
    rows = [
        {
            "id": r["finding_id"],
            "cells": [
                chip(say[f"severity_{r['severity']}"], TONES[r["severity"]], _SEVERITIES.index(r["severity"])),
                text(say[f"code_{r['code']}"], told.pack(frame, r)), text(told.sentence(frame, r), frame.say["comma"].join(frame.name(n) for n in r["about"][:6])),
                amount(r["amount"], unit, frame.base), chip(say[f"state_{r['state'].state}"], _STATE_TONES[r["state"].state]),
                text(r["state"].owner, formats.day(r["state"].due, frame.language) if r["state"].due else ""),
            ],
        }
        for r in held["rows"]
    ]  # fmt: skip
    columns = [
        column(say["severity"], "n", say["tip_severity"]), column(say["finding_kind"], "n"), column(say["finding"]),
        column(unit.heading(say["amount"], frame.base), "r"), column(say["state"], "n"), column(say["owner"]),
    ]  # fmt: skip
    more = (
        say["more"].format(count=formats.count(held["count"] - len(rows)))
        if held["count"] > len(rows)
        else ""
    )
    blocks.table(
        key,
        cells.table(columns, rows, empty=say["no_cases"], more=more, height=640),
        lambda i: frame.put(case=i),
    )


def story(frame: Frame, finding_id: str) -> None:
    """One case on a page: what it is, the facilities, the picture, figures, source rows, and what to decide."""
    say = frame.say
    st.button(
        say["back"],
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=lambda: frame.put(case="", sel="", edge="", open=""),
    )
    held = frame.ask("case", finding_id=finding_id)
    if held is None:
        blocks.note(say["not_found"])
        return
    amount_ = (
        "" if held["amount"] is None else f" · {formats.short(held['amount'], frame.language)} {frame.base}"
    )
    blocks.title(frame.word("code", held["code"]) + amount_, told.sentence(frame, held))
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        if held["facilities"]:
            st.subheader(say["facilities_title"], anchor=False)
            facilities(frame, held["facilities"], "case-facilities")
        st.subheader(say["path_title"], anchor=False)
        if held["parties"]:
            drawn = frame.ask(
                "party_network", party_ids=tuple(held["parties"][:40]), opened=frame.listed("open")
            )
            picture(frame, drawn, finding_id, height=420)
            st.button(
                say["open_explorer"],
                type="tertiary",
                on_click=lambda: frame.go("groups", party=held["parties"][0]),
            )
        else:
            blocks.note(say["no_parties"])
    with right:
        st.subheader(say["decision_title"], anchor=False)
        _decision(frame, held)
        st.subheader(say["rule_title"], anchor=False)
        _figures(frame, held)
        st.subheader(say["rows_title"], anchor=False)
        rows = [{"id": "", "cells": [text(r["table"]), f"{r['file']}:{r['row']}"]} for r in held["places"]]
        blocks.table(
            "places",
            cells.table(
                [column(say["table"], "n"), column(say["source_row"], "n")],
                rows,
                empty=say["nothing"],
                height=240,
            ),
        )


def _figures(frame: Frame, held: dict[str, Any]) -> None:
    """The rule and the named figures of a finding."""
    say = frame.say
    rows = [{"id": "", "cells": [say["rule"], text(told.rule(frame, held["rule"]))]}]
    rows += [
        {"id": "", "cells": [text(frame.word("figure", name)), text(told.figure(frame, name, value))]}
        for name, value in held["figures"].items()
        if value != held["rule"]
    ]
    rows.append({"id": "", "cells": [say["finding_id"], text(held["finding_id"])]})
    blocks.table(
        "figures", cells.table([column(say["figure"], "n"), column(say["value_of"])], rows, empty="")
    )


def _decision(frame: Frame, held: dict[str, Any]) -> None:
    """State, history, and the steps that this principal may take."""
    say, state = frame.say, held["state"]
    with st.container(border=True):
        columns = [column(say["state"], "n"), column(say["owner"]), column(say["due"], "n")]
        row = {
            "id": "",
            "cells": [
                chip(say[f"state_{state.state}"], _STATE_TONES[state.state]),
                text(state.owner),
                formats.day(state.due, frame.language),
            ],
        }
        blocks.table("state", cells.table(columns, [row], empty=""))
        if state.state == "waiting":
            blocks.note(say["waiting"].format(step=say[f"step_{state.proposed}"], by=state.by))
            if state.by == frame.principal.name:
                blocks.note(say["needs_second"])
        if frame.principal.may(frame.access.questions["decide"].roles):
            _form(frame, held, state)
        refused(frame)
        if state.history:
            lines = [
                {"id": "", "cells": [text(h["at"][:16].replace("T", " "), h["author"]), text(say[f"step_{h['step']}"], " ".join(str(h[k]) for k in ("owner", "due", "reason") if h.get(k)))]}
                for h in reversed(state.history)
            ]  # fmt: skip
            blocks.table(
                "history",
                cells.table(
                    [column(say["when"], "n"), column(say["step_word"])], lines, empty="", height=240
                ),
            )


def _form(frame: Frame, held: dict[str, Any], state: State) -> None:
    """Reason, owner, due date, and a button a step."""
    say, case = frame.say, held["finding_id"]
    reason = st.text_area(say["reason"], key=f"reason-{case}", height=68, placeholder=say["reason_hint"])
    second = state.state == "waiting"
    steps = (
        ("approve", "reject")
        if second
        else ("confirm", "dismiss")
        if state.state in ("open", "assigned")
        else ("reopen", "close")
    )
    columns = st.columns(len(steps))
    for place, step in enumerate(steps):
        off = (
            (step in NEED_REASON and not reason.strip())
            or (step == "approve" and state.by == frame.principal.name)
            or (step == "close" and state.state == "closed")
        )
        columns[place].button(
            say[f"step_{step}"], key=f"{step}-{case}", type="primary" if place == 0 else "secondary", disabled=off, width="stretch",
            on_click=_step, args=(frame, held, step), kwargs={"reason": reason},
        )  # fmt: skip
    if not second:
        left, middle, right = st.columns([0.4, 0.35, 0.25], vertical_alignment="bottom")
        owner = left.text_input(say["owner"], key=f"owner-{case}")
        due = middle.date_input(say["due"], value=None, key=f"due-{case}", format="YYYY-MM-DD")
        day = due.isoformat() if isinstance(due, dt.date) else ""
        right.button(
            say["step_assign"], key=f"assign-{case}", disabled=not owner.strip(), width="stretch", on_click=_step,
            args=(frame, held, "assign"), kwargs={"owner": owner, "due": day},
        )  # fmt: skip
    blocks.note(say["dismiss_note"])


def _step(frame: Frame, held: dict[str, Any], step: str, **told: str) -> None:
    """Take a step; what is refused is told on the page."""
    decided(frame, "decide", finding_id=held["finding_id"], step=step, expected=held["last"], **told)


def decided(frame: Frame, question: str, **told: Any) -> None:
    """Record what somebody decided; why it was refused is kept for the page that is drawn next."""
    try:
        frame.ask(question, **told)
    except JournalMovedError:
        st.session_state[_ERROR] = frame.say["moved"]
    except KonzernError as error:
        st.session_state[_ERROR] = worded(error, frame.language)


def refused(frame: Frame) -> None:
    """Why the last decision was not recorded, once."""
    if st.session_state.get(_ERROR):
        st.error(frame.say["decision_error"], icon=":material/error:")
        blocks.note(st.session_state.pop(_ERROR))
