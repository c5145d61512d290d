"""Questions: the saved Cypher library with a form for each, and a guarded console, where the store is in Neo4j."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app.drawing import blocks, cells
from app.drawing.cells import column, text
from app.views.frame import Frame

_LINE = "konzern-cypher"
_ANSWER = "konzern-answer"
"""The last answer by who asked what of which version: it stays while other things of the page are clicked."""
_GIVEN = "p."
"""How parameters of the URL begin that are those of the question, so that a link asks the same."""


def show(frame: Frame) -> None:
    """Draw the page."""
    say, held = frame.say, frame.ask("saved")
    if not held["answers"]:
        st.info(say["no_graph"], icon=":material/info:")
    left, right = st.columns([0.42, 0.58], gap="medium")
    chosen = next((r for r in held["rows"] if r["name"] == frame.get("question")), None)
    with left:
        st.subheader(say["library_title"], anchor=False)
        rows = [
            {
                "id": r["name"],
                "cells": [
                    text(r["title"][frame.language], r["explanation"][frame.language]),
                    say[f"family_{r['family']}"],
                ],
            }
            for r in held["rows"]
        ]
        columns = [column(say["question"]), column(say["family"], "n")]
        blocks.table(
            "library", cells.table(columns, rows, empty=say["nothing"], selected=frame.get("question"), height=640),
            lambda i: frame.put(**dict.fromkeys(frame.starting(_GIVEN), ""), question=i, asked=""),
        )  # fmt: skip
    with right:
        if chosen is None:
            blocks.note(say["choose_question"])
        else:
            _question(frame, chosen, answers=held["answers"])
        if held["answers"] and frame.principal.named:
            st.subheader(say["console_title"], anchor=False)
            _console(frame)


def _question(frame: Frame, chosen: dict[str, Any], *, answers: bool) -> None:
    """The form of one question, its text, and its answer."""
    say, language = frame.say, frame.language
    was = {name.removeprefix(_GIVEN): value for name, value in frame.starting(_GIVEN).items()}
    blocks.title(chosen["title"][language], chosen["explanation"][language])
    with st.form(f"ask-{chosen['name']}", border=False):
        given = {
            p["name"]: st.text_input(
                p[language],
                value=was.get(p["name"], p["default"] or ""),
                placeholder=p["example"],
                key=f"p-{chosen['name']}-{p['name']}-{was.get(p['name'])}",
            )
            for p in chosen["parameters"]
        }
        go = st.form_submit_button(say["run_question"], type="primary", disabled=not answers)
    with st.expander(say["cypher_text"], expanded=not answers):
        st.code(chosen["text"], language="cypher", wrap_lines=True)
    if go:
        frame.put(asked="1", **{_GIVEN + name: value for name, value in given.items()})
        was = given
    if answers and frame.get("asked"):
        told = tuple((p["name"], was[p["name"]]) for p in chosen["parameters"] if was.get(p["name"]))
        ask = partial(frame.ask, "asked", name=chosen["name"], given=told)
        key = (frame.principal, frame.version, chosen["name"], told)
        if go or key not in st.session_state.get(_ANSWER, {}):
            with st.spinner(say["running"]):
                st.session_state[_ANSWER] = {key: ask()}
        _answer(frame, st.session_state[_ANSWER][key], ask)


def _console(frame: Frame) -> None:
    """A question of one's own, refused unless it only reads."""
    say = frame.say
    wanted = st.text_area(
        "Cypher",
        key=_LINE,
        height=120,
        label_visibility="collapsed",
        placeholder="MATCH (g:Group) RETURN g.group_id LIMIT 10",
    )
    if st.button(say["run_question"], key="console-ask", disabled=not wanted.strip()):
        with st.spinner(say["running"]):
            ask = partial(frame.ask, "console", text=wanted)
            _answer(frame, ask(), ask)


def _answer(frame: Frame, held: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> None:
    """The rows of an answer; a download asks once more."""
    columns = [column(head[frame.language]) for head in held["columns"]]
    rows = [{"id": "", "cells": [text(value) for value in row]} for row in held["rows"]]
    more = frame.say["cut_rows"] if held["cut"] else ""
    for told in held["about"][frame.language]:
        if held["stale"]:
            st.warning(told, icon=":material/warning:")
        else:
            blocks.note(told)
    blocks.table("answer", cells.table(columns, rows, empty=frame.say["nothing"], more=more, height=480))
    frame.files("questions", {"answer": lambda: ask()["table"]})
