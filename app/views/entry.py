"""Entry: who has come, by sign-in where that is asked, and the page of those who are not let in."""

from __future__ import annotations

import datetime as dt
from typing import Final

import streamlit as st

from app.access import Access, Principal
from app.desk.questions import pages_of
from app.drawing import blocks
from app.launch import RUNNING
from app.signin import NoAccessError, SignIn
from app.views.frame import Frame, spoken, words
from graph.errors import OptionError

_NOTED: Final = "konzern-entered"
"""What of this session's entry stands in the audit already."""


def comer() -> Principal | str:
    """The principal of this session, else why there is none: ``unknown`` before a sign-in, or as ``NoAccessError``."""
    if RUNNING.principal is not None:
        return RUNNING.principal
    if RUNNING.access is None or RUNNING.sign_in is None:
        return "closed"
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        return "unknown"
    return _signed_in(RUNNING.access, RUNNING.sign_in, dict(claims))


def _signed_in(access: Access, sign_in: SignIn, claims: dict[str, object]) -> Principal | str:
    """The principal of claims, or why they give none; either is an event, once a session."""
    try:
        principal = sign_in.principal(claims, dt.datetime.now(dt.UTC))
        _its_book(access, principal)
    except NoAccessError as error:
        if st.session_state.get(_NOTED) != error.why:
            access.entered(error.name, frozenset(), let_in=False)
        st.session_state[_NOTED] = error.why
        return error.why
    if st.session_state.get(_NOTED) != principal:
        access.entered(principal.name, principal.roles, let_in=True)
    st.session_state[_NOTED] = principal
    return principal


def _its_book(access: Access, principal: Principal) -> None:
    """Open what a principal will read; ``NoAccessError`` where the book has no such lender."""
    try:
        with st.spinner(words(spoken())["opening"]):
            access.desk(principal.scope, access.store.latest())
    except OptionError:
        raise NoAccessError("lender", principal.name) from None


def elsewhere(frame: Frame) -> None:
    """A page that the principal's role does not see, at whose address somebody came: what to do."""
    say, home = frame.say, pages_of(frame.principal)[0]
    blocks.title(say["not_yours"], say["not_yours_note"])
    st.button(
        say["open_page"].format(page=say[f"page_{home}"]),
        type="primary",
        on_click=lambda: frame.go(home),
    )


def door(why: str) -> None:
    """The page of somebody who is not let in: why, and what to do."""
    say = words(spoken())
    st.html(f"<style>{blocks.css(say)}</style>")
    blocks.heading("Konzern", say["door"])
    blocks.title(say[f"door_{why}"], say[f"door_{why}_note"])
    if why in ("unknown", "over"):
        st.button(say["sign_in"], type="primary", icon=":material/login:", on_click=st.login)
    if why not in ("unknown", "closed"):
        st.button(say["sign_out"], icon=":material/logout:", on_click=st.logout)
