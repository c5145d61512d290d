"""What-if: may we lend this much, which limit binds, how much is admissible; and a reservation of the headroom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app import formats
from app.drawing import blocks, cells
from app.drawing.cells import amount, column, count, percent, text, tile
from app.refusals import worded
from app.views.frame import Frame
from app.views.picker import pick
from graph.errors import KonzernError

_ASKED = ("lender", "obligor", "product", "amount", "currency")
_DONE = "konzern-reserved"


def show(frame: Frame) -> None:
    """Draw the page: the question, its answer, what is reserved."""
    say = frame.say
    _form(frame)
    files: dict[str, Callable[[], Any]] = {"reserved": lambda: frame.ask("reserved")["table"]}
    if all(frame.get(k) for k in _ASKED):
        ask = partial(frame.ask, "whatif", **{k: frame.get(k) for k in _ASKED})
        with st.spinner(say["running"]):
            held = ask()
        _answer(frame, held)
        files = {**frame.tables(ask, *held["tables"]), **files}
    st.subheader(say["reserved_title"], anchor=False)
    _reserved(frame)
    frame.files("whatif", files)


def _form(frame: Frame) -> None:
    """Who borrows, at which lender, how much."""
    say = frame.say
    st.subheader(say["whatif_title"], anchor=False)
    left, right = st.columns([0.4, 0.6], gap="medium")
    with left:
        pick(frame, "obligor", say["choose_party"], lambda p: frame.put(obligor=p, amount=""))
        if frame.get("obligor"):
            blocks.title(frame.name(frame.names(frame.get("obligor"))), frame.get("obligor"))
    lenders = frame.lenders()
    products, currencies = frame.choices()
    with right, st.form("whatif", border=False):
        lender = st.selectbox(
            say["lender"],
            list(lenders),
            format_func=lambda i: lenders[i] or i,
            index=_place(list(lenders), frame.get("lender")),
        )
        b, c, d, e = st.columns([0.3, 0.28, 0.2, 0.22], vertical_alignment="bottom")
        product = b.selectbox(
            say["product"],
            products,
            format_func=lambda p: frame.word("product", p),
            index=_place(products, frame.get("product") or "term_loan"),
        )
        wanted = c.text_input(
            say["proposed_amount"],
            value=formats.typed(frame.get("amount") or "50000000"),
            help=say["amount_help"],
        )
        currency = d.selectbox(
            say["currency"], currencies, index=_place(currencies, frame.get("currency") or frame.base)
        )
        if e.form_submit_button(
            say["ask"], type="primary", width="stretch", disabled=not frame.get("obligor")
        ):
            frame.put(
                lender=lender or "",
                product=product or "",
                amount=wanted.replace(",", "").strip(),
                currency=currency or "",
            )


def _place(among: list[str], value: str) -> int:
    """Place of a value in a list, the first if it is not there."""
    return among.index(value) if value in among else 0


def _answer(frame: Frame, held: dict[str, Any]) -> None:
    """Whether it fits, what binds, how much is admissible, before and after."""
    say, language = frame.say, frame.language
    (st.success if held["fits"] else st.error)(
        say["fits_yes"] if held["fits"] else say["fits_no"],
        icon=":material/check_circle:" if held["fits"] else ":material/block:",
    )
    binding = held["binding"]
    largest = (
        say["unbounded"]
        if held["largest"] is None
        else f"{formats.short(held['largest'], language)} {held['currency']}"
    )
    tiles = [
        tile(say["proposed_amount"], f"{formats.short(held['asked'], language)} {held['currency']}", exact=formats.exact(held["asked"], held["currency"])),
        tile(say["largest"], largest, exact=formats.exact(held["largest"], held["currency"]), tone="deep"),
    ]  # fmt: skip
    if binding is not None:
        where = f"{frame.name(binding['names'])} · {frame.lender(binding['lender'])}"
        after = say["left_after"].format(amount=formats.short(binding["headroom"], language))
        tiles.append(
            tile(say["binding"], frame.rule(binding["rule"]), note=f"{where} · {after}", tone="" if held["fits"] else "bad",
                 exact=formats.exact(binding["limit"], frame.base))
        )  # fmt: skip
    blocks.tiles("whatif-tiles", tiles)
    if frame.principal.lender:
        blocks.note(say["own_tests"])
    if held["untested"]:
        blocks.note(say["untested_note"].format(count=held["untested"]))
    left, right = st.columns([0.6, 0.4], gap="medium")
    with left:
        st.subheader(say["whatif_limits"], anchor=False)
        _limits(frame, held["limits"])
    with right:
        st.subheader(say["whatif_groups"], anchor=False)
        _groups(frame, held["groups"])
        if held["rings"]:
            st.subheader(say["whatif_rings"], anchor=False)
            rows = [
                {
                    "id": "",
                    "cells": [
                        say[f"ring_{r['kind']}"],
                        text(say["comma"].join(frame.name(n) for n in r["names"])),
                    ],
                }
                for r in held["rings"]
            ]
            blocks.table(
                "whatif-rings",
                cells.table([column(say["circle"], "n"), column(say["members"])], rows, empty=""),
            )
    if frame.principal.may(frame.access.questions["reserve"].roles):
        _reserve(frame, held)


def _limits(frame: Frame, held: list[dict[str, Any]]) -> None:
    """Limits before and after, the most used first."""
    say, base = frame.say, frame.base
    unit = formats.unit([v for r in held for v in (r["limit"], r["after"])], frame.language)
    rows = [
        {
            "id": r["subject_id"],
            "cells": [
                text(frame.name(r["names"]), f"{frame.rule(r['rule'])} · {frame.lender(r['lender'])} · {frame.word('level', r['level'])}"),
                *(amount(r[k], unit, base) for k in ("before", "after", "limit")),
                amount(r["headroom"], unit, base, tone="bad" if r["breach"] else ""), percent(r["utilisation"], tone="bad" if r["breach"] else ""),
            ],
        }
        for r in sorted(held, key=lambda r: -(r["utilisation"] or 0))
    ]  # fmt: skip
    columns = [
        column(say["subject"]), *(column(unit.heading(say[k], base), "r") for k in ("before", "after", "limit", "headroom")),
        column(say["used"], "r", say["tip_used"]),
    ]  # fmt: skip
    blocks.table(
        "whatif-limits",
        cells.table(columns, rows, empty=say["no_tested"], height=420),
        frame.explore,
    )


def _groups(frame: Frame, held: list[dict[str, Any]]) -> None:
    """Groups before and after."""
    say, base = frame.say, frame.base
    unit = formats.unit([v for r in held for v in (r["gross_before"], r["gross_after"])], frame.language)
    rows = [
        {
            "id": r["group_id"],
            "cells": [
                text(frame.name(r["names"]), f"{say['joined']}: {', '.join(r['joined'])}" if r["joined"] else r["group_id"]), count(r["members_after"]),
                amount(r["gross_before"], unit, base), amount(r["gross_after"], unit, base),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["group"]),
        column(say["members"], "r"),
        *(column(unit.heading(say[k], base), "r") for k in ("gross_before", "gross_after")),
    ]
    blocks.table(
        "whatif-groups",
        cells.table(columns, rows, empty=say["in_no_group"]),
        lambda i: frame.go("groups", group=i),
    )


def _reserve(frame: Frame, held: dict[str, Any]) -> None:
    """Hold the headroom for some hours."""
    say = frame.say
    left, right, _ = st.columns([0.15, 0.25, 0.6], vertical_alignment="bottom")
    hours = left.number_input(say["hours"], 1, 240, 48)
    right.button(
        say["reserve"],
        icon=":material/lock_clock:",
        disabled=not held["fits"],
        on_click=_hold,
        args=(frame, int(hours)),
        width="stretch",
    )


def _hold(frame: Frame, hours: int) -> None:
    """Reserve; what is refused is told on the page."""
    try:
        done = frame.ask("reserve", hours=hours, **{k: frame.get(k) for k in _ASKED})
        st.session_state[_DONE] = frame.say["reserved_done"].format(number=done["number"])
    except KonzernError as error:
        st.session_state[_DONE] = worded(error, frame.language)


def _reserved(frame: Frame) -> None:
    """What is reserved now."""
    say, held = frame.say, frame.ask("reserved")["rows"]
    if st.session_state.get(_DONE):
        blocks.note(st.session_state.pop(_DONE))
    rows = [
        {
            "id": "",
            "cells": [
                count(r["number"]), text(frame.name(r["names"])), text(frame.lender(r["lender"])), {"t": f"{r['amount']:,.2f}", "k": float(r["amount"])}, r["currency"],
                text(r["author"]), r["until"],
            ],
        }
        for r in held
        if r["amount"] is not None
    ]  # fmt: skip
    columns = [
        column(say["number"], "r"), column(say["party"]), column(say["lender"]), column(say["proposed_amount"], "r"), column(say["currency"], "n"),
        column(say["principal"], "n"), column(say["until"], "n"),
    ]  # fmt: skip
    blocks.table("reserved", cells.table(columns, rows, empty=say["no_reserved"]))
