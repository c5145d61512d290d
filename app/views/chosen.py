"""What is known of the party or tie that is chosen in a picture or table."""

from __future__ import annotations

import streamlit as st

from app import formats
from app.desk.groups import Party
from app.desk.network import Network, Tie
from app.drawing import blocks, network
from app.views.frame import Frame
from app.views.listed import facilities


def chosen(frame: Frame, drawn: Network) -> None:
    """What is known of the party or tie that is chosen."""
    say, edge = frame.say, frame.get("edge")
    tie = next((t for t in drawn.ties if t.id == edge), None)
    if tie is not None:
        _tie(frame, tie, {n.names.id: frame.name(n.names) for n in drawn.nodes})
    if not frame.get("sel"):
        return
    held = frame.ask("party", party_id=frame.get("sel"))
    if held is None:
        return
    with st.container(border=True):
        facts(frame, held)
        facilities(frame, held.facilities, "facilities", obligors=False)
        st.button(
            say["open_party"],
            type="tertiary",
            on_click=lambda: frame.put(party=held.names.id, group="", sel="", edge=""),
        )


def _tie(frame: Frame, tie: Tie, names: dict[str, str]) -> None:
    """A tie in words: the fact, its size and its source row."""
    if tie.kind == "owns":
        size = network.in_line(network.label(tie, frame.say, frame.language))
    else:
        size = formats.exact(tie.amount, tie.currency)
    words = " ".join(
        w for w in (frame.word("form", tie.word) if tie.word else "", size if size != "–" else "") if w
    )
    kind = frame.say["edge_" + network.style(tie)]
    with st.container(border=True):
        blocks.title(
            f"{names[tie.source]} → {names[tie.target]}",
            f"{kind} · {words}" + (f" · {tie.place}" if tie.place else ""),
        )


def facts(frame: Frame, held: Party) -> None:
    """Names, kind, rating and figures of a party, who controls it, its groups."""
    say, names = frame.say, held.names
    second = " · ".join(
        p for p in (names.id, frame.word("kind", names.kind), held.country, held.industry,
                    f"{say['rating']} {held.rating}" if held.rating else "",
                    (names.name if frame.language == "en" else names.name_en)) if p
    )  # fmt: skip
    blocks.title(frame.name(names), second)
    _reveal(frame, held)


def _reveal(frame: Frame, held: Party) -> None:
    """The name of a natural person, for a reason that is kept."""
    if not held.names.withheld or not frame.principal.may(frame.access.questions["reveal"].roles):
        return
    say = frame.say
    with st.popover(say["reveal"], icon=":material/visibility:"):
        reason = st.text_input(say["reason"], key=f"reveal-{held.names.id}")
        if st.button(
            say["reveal"], key=f"reveal-do-{held.names.id}", type="primary", disabled=not reason.strip()
        ):
            blocks.note(frame.ask("reveal", party_id=held.names.id, reason=reason))
