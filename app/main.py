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
ROOT = "root"
"""What Streamlit calls the default page by, which it shows at the root whatever its name."""
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
    """The pages that the frame's principal may see; the first one is at the root."""
    return {
        name: st.Page(
            page(frame, name),
            title=frame.say[f"page_{name}"],
            url_path=name if place else ROOT,
            default=not place,
        )
        for place, name in enumerate(pages_of(frame.principal))
    }


def named(frame: Frame) -> st.Page:
    """The first page at its own name as well, for addresses typed by hand."""
    name = pages_of(frame.principal)[0]
    return st.Page(page(frame, name), title=frame.say[f"page_{name}"], url_path=name, visibility="hidden")


who = comer()
if isinstance(who, str):
    held = [
        st.Page(partial(door, who), title="Konzern", url_path=n, default=n == ROOT) for n in (ROOT, *VIEWS)
    ]
    st.navigation(held, position="hidden").run()
else:
    frame = opened(who)
    pages = offered(frame)
    chosen = st.navigation([*pages.values(), named(frame)], position="top")
    frame.follow(pages)
    chosen.run()
