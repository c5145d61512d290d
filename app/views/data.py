"""Data: what was loaded and how well, which subsidiaries are stale, identities to confirm or undo, the audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import formats
from app.drawing import blocks, cells
from app.drawing.cells import chip, column, count, text
from app.views.casework import decided, refused
from app.views.frame import Frame
from app.views.overview import fresh
from graph.judgements import JUDGEMENTS
from graph.model import TABLES


def show(frame: Frame) -> None:
    """Draw the page."""
    say, held = frame.say, frame.ask("loads")
    questions = frame.access.questions
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        st.subheader(say["loads_title"], anchor=False)
        _deliveries(frame, held["deliveries"])
    with right:
        st.subheader(say["fresh_title"], anchor=False)
        fresh(frame, held["fresh"], lambda load: frame.put(load=load))
    chosen = next((d for d in held["deliveries"] if str(d["version"]) == frame.get("load")), None)
    if chosen is not None:
        _receipt(frame, chosen)
    if frame.principal.may(questions["identities"].roles):
        st.subheader(say["identities_title"], anchor=False)
        _identities(frame)
    if frame.principal.may(questions["audit"].roles):
        st.subheader(say["audit_title"], anchor=False)
        _audit(frame)
    files: dict[str, Callable[[], Any]] = {"loads": lambda: frame.ask("loads")["table"]}
    if frame.principal.may(questions["audit"].roles):
        files["audit"] = lambda: frame.ask("audit")["table"]
    frame.files("data", files)


def _deliveries(frame: Frame, held: list[dict[str, Any]]) -> None:
    """Every load, the latest first; a click shows its receipt."""
    say = frame.say
    rows = [
        {
            "id": str(r["version"]),
            "cells": [
                count(r["version"]), text(r["by"] or say["unnamed"]), say[f"delivery_{r['kind']}"], formats.day(r["day"], frame.language),
                count(r["rows"]), count(r["aside"]),
                chip(say["reconciled"], "good") if r["reconciled"] else chip(say["unreconciled"], "warn"),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["version"], "r"), column(say["subsidiary"]), column(say["delivery"], "n"), column(say["day"], "n"), column(say["rows"], "r"),
        column(say["aside"], "r", say["tip_aside"]), column(say["manifest"], "n", say["tip_manifest"]),
    ]  # fmt: skip
    blocks.table(
        "loads", cells.table(columns, rows, empty=say["no_deliveries"], selected=frame.get("load"), height=360),
        lambda i: frame.put(load="" if i == frame.get("load") else i),
    )  # fmt: skip


def _receipt(frame: Frame, held: dict[str, Any]) -> None:
    """The receipt of a load: rows by table; where business may be seen, what was set aside and control sums."""
    say, receipt = frame.say, held["receipt"]
    st.subheader(say["receipt_title"].format(version=held["version"]), anchor=False)
    left, right = st.columns(2, gap="medium")
    rows = [
        {
            "id": "",
            "cells": [
                text(frame.titled(TABLES[t["table"]]), t["table"]),
                count(t["rows"]),
                count(t["used"]),
                count(t["aside"]),
            ],
        }
        for t in receipt.get("tables", [])
    ]
    columns = [
        column(say["table"], "n"),
        column(say["delivered"], "r"),
        column(say["used_rows"], "r"),
        column(say["aside"], "r"),
    ]
    with left:
        blocks.table("receipt", cells.table(columns, rows, empty=say["nothing"], height=420))
    if not frame.principal.may(frame.access.questions["identities"].roles):
        return
    if receipt.get("problems"):
        _aside(frame, receipt)
    rows = [
        {
            "id": "",
            "cells": [
                text(_summed(frame, s["table"], s["column"]), f"{s['table']}.{s['column']}"),
                {"t": f"{float(s['amount']):,.2f}", "k": float(s["amount"])},
                text(s["currency"] or "–"),
            ],
        }
        for s in receipt.get("sums", [])
    ]
    columns = [column(say["control_sum"], "n"), column(say["amount"], "r"), column(say["currency"], "n")]
    with right:
        blocks.table("sums", cells.table(columns, rows, empty=say["nothing"], height=420))


def _summed(frame: Frame, table: str, column: str) -> str:
    """A column of a table of the model in words."""
    return f"{frame.titled(TABLES[table])} · {frame.titled(TABLES[table].column(column))}"


def _aside(frame: Frame, receipt: dict[str, Any]) -> None:
    """What is wrong with the rows that were set aside, and what to do about each."""
    say, held = frame.say, receipt["problems"]
    st.subheader(say["aside_title"], anchor=False)
    rows = [
        {
            "id": "",
            "cells": [
                text(f"{p['file']}:{p['row']}" if p["row"] else p["file"]), text(p["column"]), text(p["value"]),
                text(p["message"], p["remedy"]),
            ],
        }
        for p in held
    ]  # fmt: skip
    left_out = receipt["problem_total"] - len(held)
    more = say["more_problems"].format(count=formats.count(left_out)) if left_out > 0 else ""
    columns = [
        column(say["source_row"], "n"),
        column(say["column"], "n"),
        column(say["value_of"]),
        column(say["problem"]),
    ]
    blocks.table("aside", cells.table(columns, rows, empty="", more=more, height=360))


def _identities(frame: Frame) -> None:
    """Pairs of ids that may be one party; a reviewer confirms or undoes with a reason."""
    say, held = frame.say, frame.ask("identities")
    rows = [
        {
            "id": r["pair"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]), text(frame.name(r["other"]), r["other_id"]),
                text(say[f"judgement_{r['judgement']}"], r["author"] or ""),
                text(say[f"judgement_{r['later']['judgement']}"] if r["later"] else "", f"{r['later']['author']} · {r['later'].get('reason', '')}" if r["later"] else ""),
                r["place"],
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["party"]), column(say["other_party"]), column(say["judgement"], "n"), column(say["later"], tip=say["tip_later"]),
        column(say["source_row"], "n"),
    ]  # fmt: skip
    blocks.table(
        "identities",
        cells.table(columns, rows, empty=say["no_identities"], selected=frame.get("pair")),
        lambda i: frame.put(pair=i),
    )
    chosen = next((r for r in held if r["pair"] == frame.get("pair")), None)
    if chosen is None or not frame.principal.may(frame.access.questions["judge"].roles):
        return
    with st.container(border=True):
        blocks.title(chosen["pair"], say["judge_note"])
        reason = st.text_input(say["reason"], key=f"judge-{chosen['pair']}")
        last = frame.access.store.journal.last()
        columns_ = st.columns(len(JUDGEMENTS))
        for place, judgement in enumerate(JUDGEMENTS):
            columns_[place].button(
                say[f"judgement_{judgement}"], key=f"judge-{judgement}", disabled=not reason.strip(), width="stretch",
                on_click=_judge, args=(frame, chosen["pair"], judgement, reason, last),
            )  # fmt: skip
        refused(frame)


def _judge(frame: Frame, pair: str, judgement: str, reason: str, last: int) -> None:
    """Record a judgement by who saw the journal up to ``last``; what is refused is told on the page."""
    decided(frame, "judge", subject=pair, judgement=judgement, reason=reason, expected=last)


def _audit(frame: Frame) -> None:
    """The latest events, the head to note elsewhere, and whether the chain holds."""
    say, held = frame.say, frame.ask("audit")
    blocks.note(
        say["chain_holds"].format(count=formats.count(held["count"]))
        if held["broken"] is None
        else say["chain_broken"].format(line=held["broken"])
    )
    blocks.note(say["chain_head"].format(head=held["head"]))
    rows = [
        {"id": "", "cells": [count(e["seq"]), text(e["at"][:19].replace("T", " ")), text(e["principal"]), text(_roles(frame, e["role"])), text(_asked(frame, e)),
                             count(e["rows"]), text(frame.word("outcome", e["outcome"])), text(e["reason"])]}
        for e in held["events"]
    ]  # fmt: skip
    columns = [
        column("#", "r"), column(say["when"], "n"), column(say["principal"], "n"), column(say["role"], "n"), column(say["question"], "n"),
        column(say["rows"], "r"), column(say["outcome"], "n"), column(say["reason"]),
    ]  # fmt: skip
    blocks.table("audit", cells.table(columns, rows, empty=say["nothing"], height=360))


def _asked(frame: Frame, event: dict[str, Any]) -> str:
    """What an event was about, in words."""
    return frame.word("question", event["question"]) if event["question"] else frame.say["sign_in_event"]


def _roles(frame: Frame, held: str) -> str:
    """Roles of an event in words."""
    return frame.say["comma"].join(frame.word("role", r) for r in held.split(", ") if r)
