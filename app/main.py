"""The web app: pages of one principal over one store. Started by ``konzern app``, which prepares what it reads."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from app.desk.questions import pages_of
from app.views import contagion, data, duplicates, groups, overview, questions, rings, warnings, whatif
from app.views.entry import comer, door, elsewhere
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


def unlisted(frame: Frame) -> list[st.Page]:
    """Pages that only an address leads to: the first one at its own name, and those of other roles, which say so."""
    seen = pages_of(frame.principal)
    views = {seen[0]: page(frame, seen[0])}
    views |= {name: partial(frame.show, name, elsewhere) for name in VIEWS if name not in seen}
    return [
        st.Page(view, title=frame.say[f"page_{name}"], url_path=name, visibility="hidden")
        for name, view in views.items()
    ]


who = comer()
if isinstance(who, str):
    held = [
        st.Page(partial(door, who), title="Konzern", url_path=n, default=n == ROOT) for n in (ROOT, *VIEWS)
    ]
    st.navigation(held, position="hidden").run()
else:
    frame = opened(who)
    pages = offered(frame)
    chosen = st.navigation([*pages.values(), *unlisted(frame)], position="top")
    frame.follow(pages)
    chosen.run()
