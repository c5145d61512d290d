"""Assumptions of a scenario: what the run uses, a form to change it, a scenario file to take it from."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import streamlit as st

from app import formats
from app.drawing import blocks
from app.refusals import worded
from app.views.frame import Frame
from graph.errors import KonzernError

_PREFIX: Final = {"fail": "s.", "other": "o."}
"""How parameters of the URL begin that are entries of a scenario, by the parameter that lists who fails in it."""
_WRONG: Final = "konzern-scenario-file"
_ABREAST: Final = 6
_LGD: Final = (0.0, 100.0)
_PRICE: Final = (-100.0, 1000.0)
_RATE: Final = (-99.0, 1000.0)
"""Least and most per cent that are asked for."""
_PAYS: Final = "failing_guarantor_pays"


def stated(frame: Frame, name: str) -> dict[str, Any]:
    """The scenario of that name as the URL says it: who ``fail``, and the entries that are ``given``."""
    prefix = _PREFIX[name]
    given = {k.removeprefix(prefix): v for k, v in frame.starting(prefix).items()}
    return {"fail": frame.listed(name), "given": tuple(sorted(given.items()))}


def begun(frame: Frame, name: str) -> bool:
    """Whether somebody fails or loses in the scenario of that name."""
    held = stated(frame, name)
    return bool(held["fail"]) or any(entry.startswith(("loss.", "loss_share.")) for entry, _ in held["given"])


def cleared(frame: Frame, *names: str) -> dict[str, str]:
    """Parameters that take these scenarios out of the URL."""
    gone = [n for name in names for n in (name, *frame.starting(_PREFIX[name]))]
    return dict.fromkeys([*gone, "round", "sel", "edge"], "")


def copied(frame: Frame) -> dict[str, str]:
    """Parameters that give the other scenario the assumptions of the first, to begin with."""
    return {_PREFIX["other"] + entry: value for entry, value in stated(frame, "fail")["given"]}


def said(frame: Frame, held: dict[str, Any]) -> str:
    """What a run used, in a line."""
    say, used = frame.say, held["summary"]["parameters"]
    parts = [f"{say['lgd']} {_share(used['lgd'])}"]
    parts += [f"{frame.word('product', k)} {_share(v)}" for k, v in used.get("lgd_by_product", {}).items()]
    parts += [f"{frame.word('collateral', k)} {_move(v)}" for k, v in used.get("prices", {}).items()]
    parts += [f"{k} {_move(v)}" for k, v in used.get("fx", {}).items()]
    for row in held["first"]:
        lost = (
            formats.short(row["loss"], frame.language) + f" {frame.base}" if row["share"] is None
            else say["of_equity"].format(share=_share(row["share"]))
        )  # fmt: skip
        parts.append(say["lost_first"].format(name=frame.name(row["names"]), amount=lost))
    if used[_PAYS]:
        parts.append(say["pays"])
    return " · ".join(parts)


def _share(value: float) -> str:
    """A share as it was given."""
    return formats.share(Decimal(str(value)))


def _move(value: float) -> str:
    """A change with its sign."""
    return ("+" if value > 0 else "") + _share(value).replace("-", "−")


def form(frame: Frame, name: str) -> None:
    """Fields of the assumptions and a file to take them from; what is given stands in the URL."""
    say, offered = frame.say, frame.ask("assumptions")
    now = dict(stated(frame, name)["given"])
    key = f"scenario-{name}"
    st.file_uploader(
        say["scenario_file"], type="toml", key=key, help=say["tip_scenario_file"], on_change=_take, args=(frame, name, key)
    )  # fmt: skip
    if st.session_state.get(_WRONG, ("",))[0] == name:
        st.error(say["scenario_wrong"], icon=":material/error:")
        st.text(st.session_state.pop(_WRONG)[1])
    with st.form(f"assume-{name}", border=False):
        lgd = [("lgd.default", say["all_products"])]
        lgd += [(f"lgd.{p}", frame.word("product", p)) for p in offered["products"]]
        given = _fields(
            name,
            now,
            say["lgd_fields"],
            lgd,
            _LGD,
            own={"lgd.default": offered["lgd"] * 100},
        )
        kinds = [(f"prices.{k}", frame.word("collateral", k)) for k in offered["kinds"]]
        given |= _fields(name, now, say["price_moves"], kinds, _PRICE)
        given |= _fields(name, now, say["rate_moves"], [(f"fx.{c}", c) for c in offered["currencies"]], _RATE)
        own = str(offered["pays"]).lower()
        held = now.get(_PAYS, own)
        pays = st.checkbox(
            say["pays"], held == "true", help=say["tip_pays"], key=f"assume-{name}-{_PAYS}-{held}"
        )
        given[_PAYS] = "" if str(pays).lower() == own else str(pays).lower()
        if st.form_submit_button(say["assume"], type="primary"):
            frame.put(**{_PREFIX[name] + entry: value for entry, value in given.items()}, round="")
            st.rerun()


def _fields(
    name: str,
    now: dict[str, str],
    title: str,
    entries: Sequence[tuple[str, str]],
    bounds: tuple[float, float],
    own: dict[str, float] | None = None,
) -> dict[str, str]:
    """A number in per cent for each entry; what was typed, as the URL says it, empty for what is not given or the pack's own."""
    if not entries:
        return {}
    given = {}
    blocks.note(title)
    columns = st.columns(_ABREAST)
    for place, (entry, label) in enumerate(entries):
        default = (own or {}).get(entry)
        held = _percent(now.get(entry), bounds, default)
        with columns[place % _ABREAST]:
            blocks.note(label)  # a bank's own word: as a widget's label it would be read as markup
            typed = st.number_input(
                f"{title} {place + 1}", *bounds, held, step=5.0, format="%g", placeholder="–",
                key=f"assume-{name}-{entry}-{now.get(entry)}", label_visibility="collapsed",
            )  # fmt: skip
        given[entry] = "" if typed is None or typed == default else f"{typed / 100:.10g}"
    return given


def _percent(text: str | None, bounds: tuple[float, float], default: float | None) -> float | None:
    """A share of the URL in per cent; the default where it is not given or is told as wrong below."""
    try:
        held = round(float(text or "") * 100, 8)
    except ValueError:
        return default
    return held if bounds[0] <= held <= bounds[1] else default


def _take(frame: Frame, name: str, key: str) -> None:
    """Put what a scenario file says into the URL; what is wrong in it is told on the page."""
    file = st.session_state.get(key)
    if file is None:
        return
    try:
        held = frame.ask("uploaded", held=file.getvalue(), name=file.name)
    except KonzernError as error:
        st.session_state[_WRONG] = (name, worded(error, frame.language))
        return
    given = {_PREFIX[name] + entry: value for entry, value in held["given"].items()}
    frame.put(**{**cleared(frame, name), name: "~".join(held["fail"]), **given})
