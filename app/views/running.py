"""Running: how far a run of the engine is, shown on the page, and a button that stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from app.progress import listening
from app.views.frame import Frame
from graph.errors import KonzernError

_STOPPED = "konzern-stopped"


def stopped(frame: Frame, *keys: str) -> None:
    """Say once that one of these runs was stopped."""
    if st.session_state.get(_STOPPED) in keys:
        st.session_state.pop(_STOPPED)
        st.info(frame.say["stopped"], icon=":material/info:")


@contextmanager
def running(frame: Frame, key: str, *asked: str) -> Iterator[None]:
    """A bar and a button from the first step of the block on; stopped, the page forgets these parameters of the URL.

    Each step of the run touches the page, which is where Streamlit ends a script whose page has been clicked. What is
    known already has no step, and shows nothing.
    """
    say, place, bars = frame.say, st.empty(), list[Any]()

    def stop() -> None:
        frame.put(**dict.fromkeys(asked, ""))
        st.session_state[_STOPPED] = key

    def step(name: str, done: int, total: int) -> None:
        part, said = min(done / max(total, 1), 1.0), say.get(f"run_{name}", say["running"])
        if bars:
            bars[0].progress(part, said)
            return
        with place.container():
            left, right = st.columns([0.85, 0.15], vertical_alignment="bottom")
            right.button(say["stop"], key=f"stop-{key}", width="stretch", on_click=stop)
            bars.append(left.progress(part, said))

    try:
        with listening(step):
            yield
    except KonzernError:
        place.empty()  # what is wrong is told in its place
        raise
    place.empty()
