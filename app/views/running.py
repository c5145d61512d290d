"""Running: how far a run of the engine is, shown on the page, and a button that stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.progress import listening
from app.views.frame import Frame

_STOPPED = "konzern-stopped"


def stopped(frame: Frame, key: str) -> None:
    """Say once that this run was stopped."""
    if st.session_state.pop(_STOPPED, "") == key:
        st.info(frame.say["stopped"], icon=":material/info:")


@contextmanager
def running(frame: Frame, key: str, *asked: str) -> Iterator[None]:
    """A bar and a button while the block runs; stopped, the page forgets these parameters of the URL.

    Each step of the run touches the page, which is where Streamlit ends a script whose page has been clicked.
    """
    say, place = frame.say, st.empty()

    def stop() -> None:
        frame.put(**dict.fromkeys(asked, ""))
        st.session_state[_STOPPED] = key

    with place.container():
        left, right = st.columns([0.85, 0.15], vertical_alignment="bottom")
        bar = left.progress(0.0, say["running"])
        right.button(say["stop"], key=f"stop-{key}", width="stretch", on_click=stop)

    def step(_name: str, done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), say["running"])

    with listening(step):
        yield
    place.empty()
