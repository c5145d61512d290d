"""Group explorer: find a party, see who belongs together and why, who stands behind whom, and what is left."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import formats
from app.desk.groups import Group, Party
from app.desk.network import Network, Tie
from app.drawing import blocks, cells, network
from app.drawing.cells import TONES, amount, chip, column, count, percent, text, tile, used
from app.drawing.layout import tree
from app.views.frame import Frame


def show(frame: Frame) -> None:
    """Draw the page: the search, then a group, a party or the list of groups."""
    _search(frame)
    if frame.get("group"):
        held = frame.ask("group", group_id=frame.get("group"))
        if held is None:
            blocks.note(frame.say["not_found"])
        else:
            _group(frame, held)
    elif frame.get("party"):
        found = frame.ask("party", party_id=frame.get("party"))
        if found is None:
            blocks.note(frame.say["not_found"])
        else:
            _party(frame, found)
    elif not frame.get("q"):
        _top(frame)


def _search(frame: Frame) -> None:
    """The box, and what it found."""
    say = frame.say
    if "konzern-q" not in st.session_state:
        st.session_state["konzern-q"] = frame.get("q")

    def sought() -> None:
        frame.put(q=st.session_state["konzern-q"], group="", party="", sel="", open="")

    st.text_input(
        say["search"], key="konzern-q", on_change=sought, placeholder=say["search_hint"], label_visibility="collapsed",
        icon=":material/search:",
    )  # fmt: skip
    if not frame.get("q") or frame.get("group") or frame.get("party"):
        if frame.get("group") or frame.get("party"):
            st.button(
                say["all_groups"],
                type="tertiary",
                icon=":material/arrow_back:",
                on_click=lambda: _home(frame),
            )
        return
    found = frame.ask("search", text=frame.get("q"))
    unit = formats.unit([r["gross"] for r in found], frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]),
                text(r["by"], say["former"] if r["former"] else ""),
                frame.word("kind", r["names"].kind), amount(r["gross"], unit, frame.base), text(", ".join(r["groups"])),
            ],
        }
        for r in found
    ]  # fmt: skip
    columns = [
        column(say["party"]), column(say["found_by"]), column(say["kind"], "n"), column(unit.heading(say["gross"], frame.base), "r"),
        column(say["groups"]),
    ]  # fmt: skip
    blocks.table(
        "found", cells.table(columns, rows, empty=say["none_found"]), lambda i: frame.put(party=i, q="")
    )


def _home(frame: Frame) -> None:
    """Back to the list of groups."""
    st.session_state["konzern-q"] = ""
    frame.put(group="", party="", q="", sel="", open="")


def _top(frame: Frame) -> None:
    """All groups, largest first."""
    say, held = frame.say, frame.ask("groups")
    st.subheader(say["groups_title"], anchor=False)
    unit = formats.unit([r["gross"] for r in held], frame.language)
    rows = [
        {
            "id": r["group_id"],
            "cells": [
                text(frame.name(r["names"]), r["group_id"]), count(r["members"]), count(r["exposed_members"]),
                amount(r["gross"], unit, frame.base), amount(r["net"], unit, frame.base), amount(r["nominal_limit"], unit, frame.base),
                amount(r["drawn"], unit, frame.base),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["group"], tip=say["tip_group"]), column(say["members"], "r"), column(say["exposed"], "r", say["tip_exposed"]),
        *(column(unit.heading(say[k], frame.base), "r", say[f"tip_{k}"]) for k in ("gross", "net", "nominal_limit", "drawn")),
    ]  # fmt: skip
    blocks.table(
        "groups", cells.table(columns, rows, empty=say["no_groups"], height=620), lambda i: frame.put(group=i)
    )
    frame.downloads("groups", "group_members", "group_exposures", page="groups")


def _group(frame: Frame, held: Group) -> None:
    """One group."""
    say, figures, base, language = frame.say, held.figures, frame.base, frame.language
    blocks.title(
        say["group_of"].format(name=frame.name(held.names)),
        f"{held.group_id} · {say['sources']}: {', '.join(figures['source_ids'])}",
    )
    blocks.tiles(
        "group-tiles",
        [
            tile(say["gross"], formats.short(figures["gross"], language), exact=formats.exact(figures["gross"], base), tone="deep",
                 note=say["own_part"] if frame.principal.lender else ""),
            tile(say["net"], formats.short(figures["net"], language), exact=formats.exact(figures["net"], base)),
            tile(say["drawn"], formats.short(figures["drawn"], language), exact=formats.exact(figures["drawn"], base)),
            tile(say["nominal_limit"], formats.short(figures["nominal_limit"], language), exact=formats.exact(figures["nominal_limit"], base)),
            tile(say["members"], formats.count(held.member_count), note=say["exposed_note"].format(count=figures["exposed_members"])),
            *_tightest(frame, held),
        ],
    )  # fmt: skip
    _released(frame, held.group_id)
    left, right = st.columns([0.6, 0.4], gap="medium")
    with left:
        st.subheader(say["picture"], anchor=False)
        drawn = frame.ask("group_network", group_id=held.group_id, opened=frame.listed("open"))
        picture(frame, drawn, held.group_id)
    with right:
        st.subheader(say["members_title"], anchor=False)
        _members(frame, held)
    _chosen(frame, drawn)
    left, right = st.columns([0.5, 0.5], gap="medium")
    with left:
        st.subheader(say["heat_title"], anchor=False)
        _heat(frame, held)
        st.subheader(say["limits_headroom"], anchor=False)
        limits(frame, held.limits)
    with right:
        st.subheader(say["bridge_title"], anchor=False)
        _bridge(frame, held)
    st.subheader(say["findings"], anchor=False)
    findings(frame, held.findings)
    frame.downloads("group_members", "group_exposures", "party_exposures", "bridge", "limits", page="group")


def _tightest(frame: Frame, held: Group) -> list[dict[str, Any]]:
    """The tile of the most used limit."""
    if not held.limits:
        return []
    first, say = held.limits[0], frame.say
    tone = "bad" if first["breach"] else ""
    return [
        tile(say["tightest"], formats.percent(first["utilisation"]), tone=tone,
             note=f"{say['headroom']} {formats.short(first['headroom'], frame.language)}",
             exact=formats.exact(first["headroom"], frame.base))
    ]  # fmt: skip


def _released(frame: Frame, group_id: str) -> None:
    """What a subsidiary is told of others' credit: that there is some, and how much room is left, roughly."""
    if not frame.principal.lender:
        return
    held = frame.ask("released", group_id=group_id)
    if held is not None and held["others"]:
        band = held["band"]
        st.info(
            frame.say["others_have"] + (" " + frame.say[f"band_{band}"] if band else ""),
            icon=":material/group:",
        )


def picture(frame: Frame, held: Network, token: str, height: int = 560, cut: tuple[str, ...] = ()) -> None:
    """The network of a group or party, linked with the tables of the page."""
    say = frame.say
    owns = {(t.source, t.target): float(t.share or 0) for t in held.ties if t.kind == "owns"}
    beside = [(t.source, t.target) for t in held.ties if t.kind != "owns"]
    points = tree([n.names.id for n in held.nodes], owns, beside)
    look = network.Look(token, height, cut)
    data = network.data(held, points, say, frame.language, look)
    blocks.picture("picture", data, lambda told: _picked(frame, told), lambda told: _opened(frame, told))
    if held.left_out:
        blocks.note(say["left_out"].format(count=held.left_out))
    blocks.note(say["picture_hint"])


def _picked(frame: Frame, told: dict[str, str]) -> None:
    """Choose what was clicked, in the table and in the picture."""
    frame.put(sel=told.get("node", ""), edge=told.get("edge", ""))


def _opened(frame: Frame, told: dict[str, str]) -> None:
    """Show the neighbours of a party, or hide them again."""
    held = list(frame.listed("open"))
    node = told["node"]
    frame.put(open="~".join([h for h in held if h != node] if node in held else [*held, node]))


def _members(frame: Frame, held: Group) -> None:
    """Who is in the group, why, and what each owes."""
    say = frame.say
    unit = formats.unit([r["gross"] for r in held.members], frame.language)
    rows = [
        {
            "id": r["party_id"],
            "cells": [
                text(frame.name(r["names"]), r["party_id"]), text(frame.word("via", r["via"]), _why(frame, r["why"])),
                amount(r["gross"], unit, frame.base),
            ],
        }
        for r in held.members
    ]  # fmt: skip
    columns = [
        column(say["party"]),
        column(say["why"], tip=say["tip_why"]),
        column(unit.heading(say["gross"], frame.base), "r"),
    ]
    more = say["more"].format(count=held.member_count - len(rows)) if held.member_count > len(rows) else ""
    blocks.table(
        "members", cells.table(columns, rows, empty="", more=more, height=560),
        lambda i: frame.put(sel=i, edge=""),
    )  # fmt: skip


def _why(frame: Frame, why: dict[str, Any]) -> str:
    """The reason of a membership in a few words, with its source rows."""
    if why["by"] is None:
        return ""
    votes = f" {formats.share(why['votes'])}" if why["votes"] is not None else ""
    rows = f" [{', '.join(why['rows'])}]" if why["rows"] else ""
    basis = "" if why["basis"] == "votes" else f" {frame.word('basis', why['basis'])}"
    return f"{frame.say['by'].format(name=frame.name(why['by']))}{basis}{votes}{rows}"


def _chosen(frame: Frame, drawn: Network) -> None:
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
        _facts(frame, held)
        facilities(frame, held)
        st.button(
            say["open_party"],
            type="tertiary",
            on_click=lambda: frame.put(party=held.names.id, group="", sel="", edge=""),
        )


def _tie(frame: Frame, tie: Tie, names: dict[str, str]) -> None:
    """A tie in words: the fact, its size and its source row."""
    size = formats.share(tie.share) if tie.kind == "owns" else formats.exact(tie.amount, tie.currency)
    words = " ".join(
        w for w in (frame.word("form", tie.word) if tie.word else "", size if size != "–" else "") if w
    )
    kind = frame.say["edge_" + network.style(tie)]
    with st.container(border=True):
        blocks.title(
            f"{names[tie.source]} → {names[tie.target]}",
            f"{kind} · {words}" + (f" · {tie.place}" if tie.place else ""),
        )


def _facts(frame: Frame, held: Party) -> None:
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


def facilities(frame: Frame, held: Party) -> None:
    """The facilities of a party, each with its source row."""
    say = frame.say
    unit = formats.unit([v for r in held.facilities for v in (r["limit"], r["drawn"])], frame.language)
    rows = [
        {
            "id": r["facility_id"],
            "cells": [
                text(r["facility_id"], r["place"]), text(frame.lender(r["lender"])), frame.word("product", r["product"]),
                amount(r["limit"], unit, r["currency"]), amount(r["drawn"], unit, r["currency"]), text(r["currency"]),
            ],
        }
        for r in held.facilities
    ]  # fmt: skip
    columns = [
        column(say["facility"]), column(say["lender"]), column(say["product"], "n"), column(_plain(unit.name, say["limit"]), "r"),
        column(_plain(unit.name, say["drawn"]), "r"), column(say["currency"], "n"),
    ]  # fmt: skip
    blocks.table("facilities", cells.table(columns, rows, empty=say["no_facilities"], height=320))


def _plain(unit: str, label: str) -> str:
    """A heading with a unit and no currency, which stands in its own column."""
    return f"{label} ({unit})" if unit.isascii() else f"{label}（{unit}）"


def _heat(frame: Frame, held: Group) -> None:
    """Gross by member and lender, the larger the darker."""
    say, base = frame.say, frame.base
    unit = formats.unit(list(held.cells.values()), frame.language)
    most = max(held.cells.values(), default=None)
    rows: list[dict[str, Any]] = []
    for r in held.members:
        own = [held.cells.get((r["party_id"], lender["lender_id"])) for lender in held.lenders]
        if any(own):
            shown: list[cells.Cell] = [text(frame.name(r["names"]))]
            shown += [amount(v, unit, base, heat=float(v / most)) if v and most else "" for v in own]
            rows.append({"id": r["party_id"], "cells": shown})
    rows.append(
        {
            "id": "",
            "total": True,
            "cells": [say["group_total"], *(amount(r["gross"], unit, base) for r in held.lenders)],
        }
    )
    columns = [
        column(_plain(f"{unit.name} {base}", say["party"])),
        *(column(frame.lender(r["lender"]), "r") for r in held.lenders),
    ]
    blocks.table(
        "heat",
        cells.table(columns, rows, empty=say["nothing"], height=420),
        lambda i: frame.put(sel=i, edge=""),
    )


def _bridge(frame: Frame, held: Group) -> None:
    """From nominal limits to gross to net, step by step; steps of nothing left out."""
    say, base = frame.say, frame.base
    steps = [r for r in held.bridge if r["amount"] or r["kind"] == "total"]
    unit = formats.unit([r["amount"] for r in steps], frame.language)
    bars = cells.falls([(r["kind"], r["amount"]) for r in steps])
    rows = [
        {
            "id": r["step"], "total": r["kind"] == "total",
            "cells": [
                text(frame.word("step", r["step"]), "" if r["kind"] == "total" else say["on_facilities"].format(count=len(r["facility_ids"])),
                     tone="muted" if r["kind"] == "memo" else ""),
                amount(r["amount"], unit, base), bar,
            ],
        }
        for r, bar in zip(steps, bars, strict=True)
    ]  # fmt: skip
    columns = [column(say["step"]), column(unit.heading(say["amount"], base), "r"), column("", "w")]
    blocks.table("bridge", cells.table(columns, rows, empty=say["nothing"]))
    blocks.note(say["memo_note"])


def limits(frame: Frame, held: list[dict[str, Any]]) -> None:
    """Limits with headroom."""
    say, base = frame.say, frame.base
    unit = formats.unit([v for r in held for v in (r["limit"], r["value"])], frame.language)
    rows = [
        {
            "id": "",
            "cells": [
                text(frame.word("rule", r["rule"].rpartition(" ")[2]), f"{frame.lender(r['lender'])} · {frame.word('level', r['level'])}"),
                amount(r["value"], unit, base), amount(r["limit"], unit, base),
                amount(r["headroom"], unit, base, tone="bad" if r["breach"] else ""),
                percent(r["utilisation"], tone="bad" if r["breach"] else ""), used(r["utilisation"]),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [
        column(say["rule"]), *(column(_plain(unit.name, say[k]), "r", say.get(f"tip_{k}", "")) for k in ("value", "limit", "headroom")),
        column(say["used"], "r", say["tip_used"]), column("", "w"),
    ]  # fmt: skip
    blocks.table("limits", cells.table(columns, rows, empty=say["no_limits"], height=360))


def findings(frame: Frame, held: list[dict[str, Any]]) -> None:
    """Findings about the subject; each opens as a case."""
    say = frame.say
    rows = [
        {
            "id": r["finding_id"],
            "cells": [
                chip(say[f"severity_{r['severity']}"], TONES[r["severity"]]), text(say[f"code_{r['code']}"]),
                text(r[f"text_{frame.language}"]),
            ],
        }
        for r in held
    ]  # fmt: skip
    columns = [column(say["severity"], "n"), column(say["finding_kind"], "n"), column(say["finding"])]
    blocks.table(
        "findings",
        cells.table(columns, rows, empty=say["no_findings"], height=320),
        lambda i: frame.go("warnings", case=i),
    )


def _party(frame: Frame, held: Party) -> None:
    """One party."""
    say, language, base = frame.say, frame.language, frame.base
    _facts(frame, held)
    if held.figures is not None:
        shown = ("gross", "net", "drawn", "controlled", "guaranteed")
        blocks.tiles(
            "party-tiles",
            [
                tile(
                    say[k],
                    formats.short(held.figures[k], language),
                    exact=formats.exact(held.figures[k], base),
                    note=say[f"note_{k}"],
                )
                for k in shown
            ],
        )
    left, right = st.columns([0.6, 0.4], gap="medium")
    with left:
        st.subheader(say["picture"], anchor=False)
        drawn = frame.ask("party_network", party_ids=(held.names.id,), opened=frame.listed("open"))
        picture(frame, drawn, held.names.id)
    with right:
        st.subheader(say["party_groups"], anchor=False)
        rows = [
            {
                "id": r["group_id"],
                "cells": [
                    text(frame.name(r["names"]), r["group_id"]),
                    text(frame.word("via", r["via"])),
                    count(r["members"]),
                ],
            }
            for r in held.groups
        ]
        columns = [column(say["group"]), column(say["why"]), column(say["members"], "r")]
        blocks.table(
            "party-groups",
            cells.table(columns, rows, empty=say["in_no_group"]),
            lambda i: frame.put(group=i, party="", sel="", open=""),
        )
        st.subheader(say["controllers"], anchor=False)
        above = [
            {
                "id": r["controller_id"],
                "cells": [
                    text(frame.name(r["names"]), ", ".join(r["rows"])),
                    text(frame.word("basis", r["basis"]), say["ultimate"] if r["ultimate"] else ""), formats.share(r["votes"]),
                ],
            }
            for r in held.controllers
        ]  # fmt: skip
        columns = [
            column(say["controller"]),
            column(say["basis"], "n"),
            column(say["votes"], "r", say["tip_votes"]),
        ]
        blocks.table(
            "controllers",
            cells.table(columns, above, empty=say["nobody_controls"]),
            lambda i: frame.put(party=i, sel="", open=""),
        )
    _chosen(frame, drawn)
    st.subheader(say["facilities_title"], anchor=False)
    if frame.get("sel") == "":
        facilities(frame, held)
    st.subheader(say["findings"], anchor=False)
    findings(frame, held.findings)
    frame.downloads("party_exposures", "control", "shares", page="party")
