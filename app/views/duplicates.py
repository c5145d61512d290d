"""Duplicate credit: what is financed, pledged or promised more than once, each case to be decided."""

from __future__ import annotations

import streamlit as st

from app import formats
from app.drawing import blocks
from app.drawing.cells import tile
from app.views import casework
from app.views.frame import Frame


def show(frame: Frame) -> None:
    """Draw the page: the cases, or one of them."""
    if frame.get("case"):
        casework.story(frame, frame.get("case"))
        return
    say, whole = frame.say, frame.ask("duplicates")
    kinds = sorted(whole["by_code"].items(), key=lambda kv: (-kv[1], kv[0]))[:4]
    blocks.tiles(
        "duplicate-tiles",
        [
            tile(say["cases"], formats.count(whole["count"]), tone="deep", note=say["cases_note"].format(count=whole["weighty"])),
            tile(say["counted_twice"], formats.short(whole["amount"], frame.language), tone="warn",
                 exact=formats.exact(whole["amount"], frame.base), note=say["counted_note"]),
            *(tile(say[f"code_{code}"], formats.count(n), to=code) for code, n in kinds),
        ],
        lambda code: frame.put(code=code),
    )  # fmt: skip
    chosen = casework.choices(frame, whole["by_code"])
    st.subheader(say["cases_title"], anchor=False)
    casework.listed(frame, "duplicates", frame.ask("duplicates", **chosen))
    frame.downloads("findings", "collateral", page="duplicates")
