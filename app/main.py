"""The web app: pages of one principal over one store. Started by ``konzern app``, which prepares what it reads."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from app.desk.questions import pages_of
from app.views import contagion, data, duplicates, groups, overview, questions, rings, warnings, whatif
from app.views.entry import comer, door
from app.views.frame import Frame, opened

ICON = Path(__file__).parent / "drawing" / "icon.svg"
VIEWS: dict[str, Callable[[Frame], None]] = {
    "overview": overview.show,
    "groups": groups.show,
    "rings": rings.show,
    "duplicates": duplicates.show,
    "contagion": contagion.show,
    "whatif": whatif.show,
    "warnings": warnings.show,
    "questions": questions.show,
    "data": data.show,
}

st.set_page_config(page_title="Konzern", page_icon=str(ICON), layout="wide")


def page(frame: Frame, name: str) -> Callable[[], None]:
    """The view of a page as Streamlit calls it."""

    def shown() -> None:
        frame.show(name, VIEWS[name])

    return shown


def offered(frame: Frame) -> dict[str, st.Page]:
    """The pages that the frame's principal may see."""
    return {
        name: st.Page(page(frame, name), title=frame.say[f"page_{name}"], url_path=name, default=place == 0)
        for place, name in enumerate(pages_of(frame.principal))
    }


who = comer()
if isinstance(who, str):
    held = [st.Page(partial(door, who), title="Konzern", url_path=n, default=n == "overview") for n in VIEWS]
    st.navigation(held, position="hidden").run()
else:
    frame = opened(who)
    pages = offered(frame)
    chosen = st.navigation(list(pages.values()), position="top")
    frame.follow(pages)
    chosen.run()
