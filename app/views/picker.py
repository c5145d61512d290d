"""Picker: one party or group chosen by typing part of a name, pinyin or id, as every page that needs one asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from app.drawing import blocks, cells
from app.drawing.cells import column, text
from app.views.frame import Frame

_FEW: Final = 8


def pick(frame: Frame, key: str, label: str, act: Callable[[str], None], *, groups: bool = False) -> None:
    """A box to search in, and what was found below it; ``act`` is given the id that was clicked.

    With ``groups`` the groups of the parties that were found may be chosen too.
    """
    say = frame.say
    typed = st.text_input(label, key=f"pick-{key}", placeholder=say["who_hint"], icon=":material/search:")
    if not typed.strip():
        return

    def chosen(party: str) -> None:
        st.session_state[f"pick-{key}"] = ""
        act(party)

    found = frame.ask("search", text=typed)[:_FEW]
    rows = [{"id": r["party_id"], "cells": [text(frame.name(r["names"]), r["party_id"])]} for r in found]
    if groups:
        named = dict.fromkeys(g for r in found for g in r["groups"])
        rows += [{"id": g, "cells": [text(frame.named(g), g)]} for g in list(named)[:_FEW]]
    blocks.table(f"picked-{key}", cells.table([column(say["party"])], rows, empty=say["none_found"]), chosen)
