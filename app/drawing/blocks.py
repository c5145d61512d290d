"""Blocks: the table, the tiles and the picture as Streamlit components; what they show is data, never markup."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

import streamlit as st

_HERE: Final = Path(__file__).parent
Act = Callable[[Any], None]


_INSTEAD: Final = "instead_"
"""How words begin that the style sheet shows in place of those that Streamlit writes in English only."""


@cache
def _sheet() -> str:
    """The style sheet without words."""
    return (_HERE / "app.css").read_text("utf-8")


def css(say: Mapping[str, str]) -> str:
    """The style sheet of the app, with the words that stand in place of Streamlit's own."""
    said = (
        f"--kz-{k.removeprefix(_INSTEAD)}: {json.dumps(v, ensure_ascii=False)};"
        for k, v in say.items()
        if k.startswith(_INSTEAD)
    )
    return f":root {{ {' '.join(said)} }}\n{_sheet()}"


def _script(name: str) -> str:
    return (_HERE / f"{name}.js").read_text("utf-8")


@cache
def _block(name: str) -> Any:
    """A component of one ``div`` that its script fills."""
    return st.components.v2.component(
        f"konzern_{name}", html=f'<div class="kz-{name}"></div>', js=_script(name), isolate_styles=False
    )


@cache
def _library() -> Any:
    """Pyvis's own vis-network as a component without data, so that a browser is sent it once."""
    import pyvis

    bundle = Path(pyvis.__file__).parent / "lib" / "vis-9.1.2" / "vis-network.min.js"
    text = bundle.read_text("utf-8").rpartition("//# sourceMappingURL")[0]
    wrapped = f"const vis = {{}};\n(function (exports, module) {{\n{text}\n}})(vis, {{}});\n"
    return st.components.v2.component(
        "konzern_library", html="<div></div>", js=wrapped + _script("library"), isolate_styles=False
    )


def _told(key: str, event: str, act: Act | None) -> Callable[[], None]:
    """A callback that hands what was clicked to ``act`` before the page is drawn again."""

    def told() -> None:
        value = getattr(st.session_state.get(key), event, None)
        if act is not None and value is not None:
            act(value)

    return told


def table(key: str, data: dict[str, Any], on_click: Act | None = None) -> None:
    """Draw a table; ``on_click`` is given the id of the row that was clicked."""
    shown = {**data, "key": key, "clickable": on_click is not None}
    _block("table")(key=key, data=shown, on_click_change=_told(key, "click", on_click))


def choose(home: str, node: str = "", edge: str = "", **rows: str) -> None:
    """Mark a node, an edge, and a row in each table that is named by its key; sent apart from what is drawn.

    ``home`` is the page that stands at the root, so that its entry is marked at the address of its own name too.
    """
    told = {"home": home, "rows": rows, "nodes": [node] if node else [], "edges": [edge] if edge else []}
    _block("choice")(key="konzern-choice", data=told)


def tiles(key: str, held: list[dict[str, Any]], on_click: Act | None = None) -> None:
    """Draw figures at a glance; ``on_click`` is given the id of the tile that was clicked."""
    _block("tiles")(key=key, data={"tiles": held}, on_click_change=_told(key, "click", on_click))


def picture(key: str, data: dict[str, Any], on_click: Act, on_drill: Act | None = None) -> None:
    """Draw a network; a click gives ``{"node": id}`` or ``{"edge": id}``, a double click on a node drills."""
    _library()(key=f"konzern-library-{key}")
    _block("picture")(
        key=key, data=data, on_click_change=_told(key, "click", on_click),
        on_drill_change=_told(key, "drill", on_drill),
    )  # fmt: skip


def heading(title: str, below: str) -> None:
    """A page's title and a line below it, as texts."""
    st.html(f'<h1 class="kz-title">{escape(title)}</h1><div class="kz-head">{escape(below)}</div>')


def note(value: str) -> None:
    """A line of text from data or words, never read as markup."""
    st.html(f'<div class="kz-head">{escape(value)}</div>')


def title(name: str, below: str) -> None:
    """The name of what a part of a page is about, as a text, and a line below it."""
    st.html(f'<div class="kz-name">{escape(name)}</div><div class="kz-head">{escape(below)}</div>')
