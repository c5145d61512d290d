"""The web app: pages of one principal over one store. Started by ``konzern app``, which prepares what it reads."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.desk.questions import pages_of
from app.views import contagion, data, duplicates, groups, overview, questions, rings, warnings, whatif
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
frame = opened()


def page(name: str) -> Callable[[], None]:
    """The view of a page as Streamlit calls it."""

    def shown() -> None:
        frame.show(name, VIEWS[name])

    return shown


pages = {
    name: st.Page(page(name), title=frame.say[f"page_{name}"], url_path=name, default=place == 0)
    for place, name in enumerate(pages_of(frame.principal))
}
chosen = st.navigation(list(pages.values()), position="top")
frame.follow(pages)
chosen.run()
