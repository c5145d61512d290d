"""Frame: what every page has. The principal, the pinned version, the language, the state in the URL, downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import streamlit as st

from app import export, formats
from app.access import Access, Principal
from app.desk.opened import Names, is_group
from app.desk.questions import pages_of
from app.drawing import blocks
from app.launch import RUNNING
from app.refusals import refusal, worded
from app.sentences import sentences
from graph.errors import KonzernError, StoreError
from graph.model import Column, Table

_T = TypeVar("_T")

Files = Mapping[str, Callable[[], Any]]
"""Tables to download by name, each asked for when it is wanted."""
LANGUAGES: Final = {"zh": "中文", "en": "English"}
_NEXT: Final = "konzern-next"
_KEPT: Final = ("lang", "v")
"""Parameters of the URL that go along from page to page."""


def words(language: str) -> dict[str, str]:
    """Texts of pages by key in ``en`` or ``zh``."""
    return sentences("pages", language)


@dataclass(frozen=True)
class Frame:
    """What a view is given: who looks at which version in which language, and how to ask and to go on."""

    access: Access
    principal: Principal
    version: int
    language: str
    say: Mapping[str, str]

    def ask(self, question: str, /, *, reason: str = "", **parameters: Any) -> Any:
        """The answer to a question as this principal."""
        return self.access.ask(self.principal, question, self.version, reason=reason, **parameters)

    def word(self, kind: str, code: str | None) -> str:
        """The word for a code of the tables, the code itself where there is none (a product of the bank's own)."""
        return "" if code is None else self.say.get(f"{kind}_{code}", code)

    def rule(self, said: str) -> str:
        """The word for a rule as the table of limits names it: its pack, then its code."""
        return self.word("rule", said.rpartition(" ")[2])

    def titled(self, held: Table | Column) -> str:
        """What a table of the model or a column of it is called."""
        return held.zh if self.language == "zh" else held.en

    def name(self, names: Names) -> str:
        """How a party is called here; a natural person by its pseudonym unless names are shown."""
        return self.say["withheld"].format(id=names.id) if names.withheld else names.said(self.language)

    def names(self, party: str) -> Names:
        """How a party that the URL names is shown."""
        return self.access.desk(self.principal.scope, self.version).names(party)

    def known(self, subject: str) -> bool:
        """Whether there is such a party or group, as a link may name one that has gone."""
        desk = self.access.desk(self.principal.scope, self.version)
        return desk.number(subject) is not None or desk.rows("group_members", group_id=subject).num_rows > 0

    def named(self, subject: str) -> str:
        """How a party or a group that the URL names is called here."""
        if not is_group(subject):
            return self.name(self.names(subject))
        desk = self.access.desk(self.principal.scope, self.version)
        return self.say["group_of"].format(name=self.name(desk.group_names(subject)))

    def lender(self, names: Names | None) -> str:
        """How a lender is called here; None is all of them."""
        return self.say["all_lenders"] if names is None else names.said(self.language)

    def lenders(self) -> dict[str, str]:
        """The lenders that this principal may choose from, by id with their names."""
        held = self.access.desk(self.principal.scope, self.version).lenders
        return {i: self.lender(n) for i, n in held.items() if self.principal.lender in ("", i)}

    def choices(self) -> tuple[list[str], list[str]]:
        """Products and currencies in use."""
        desk = self.access.desk(self.principal.scope, self.version)
        return desk.products, [c for c in desk.snapshot.fx.currencies if c not in desk.snapshot.fx.missing]

    @property
    def base(self) -> str:
        """Currency of amounts."""
        return self.access.desk(self.principal.scope, self.version).base

    def get(self, name: str) -> str:
        """A parameter of the URL, empty if it is not there."""
        return str(st.query_params.get(name, ""))

    def number(self, name: str, default: _T, low: int, high: int) -> int | _T:
        """A parameter of the URL that is a whole number in a range, the default if it is none."""
        held = self.get(name)
        return int(held) if held.isdecimal() and low <= int(held) <= high else default

    def listed(self, name: str) -> tuple[str, ...]:
        """A parameter of the URL that lists ids."""
        return tuple(part for part in self.get(name).split("~") if part)

    def starting(self, prefix: str) -> dict[str, str]:
        """Parameters of the URL whose names begin so."""
        return {name: self.get(name) for name in st.query_params if name.startswith(prefix)}

    def put(self, **parameters: str) -> None:
        """Change parameters of the URL, an empty one is taken out: one step of the browser's way back, however many."""
        held = st.query_params.to_dict()
        wanted = {name: value for name, value in {**held, **parameters}.items() if value}
        if wanted != held:
            st.query_params.from_dict(wanted)

    def go(self, page: str, **parameters: str) -> None:
        """Have another page drawn next, with these parameters."""
        st.session_state[_NEXT] = (page, parameters)

    def explore(self, subject: str) -> None:
        """Have a group or a party drawn next in the explorer."""
        self.go("groups", **{"group" if is_group(subject) else "party": subject})

    def follow(self, pages: Mapping[str, Any]) -> None:
        """Go where a click asked for, if this principal sees that page."""
        page, parameters = st.session_state.pop(_NEXT, ("", {}))
        kept = {name: self.get(name) for name in _KEPT if self.get(name)}
        if page in pages:
            st.switch_page(pages[page], query_params={**kept, **parameters})

    def show(self, name: str, view: Callable[[Frame], None]) -> None:
        """Draw a page under its head; what cannot be answered is told in its place."""
        try:
            self._head(name)
            blocks.choose(
                pages_of(self.principal)[0], self.get("sel"), self.get("edge"), members=self.get("sel")
            )
            view(self)
        except KonzernError as error:
            st.error(self.say["error"], icon=":material/error:")
            st.text(worded(error, self.language))

    def _head(self, name: str) -> None:
        """Title, what the page is about, language."""
        left, right = st.columns([0.85, 0.15], vertical_alignment="bottom")
        desk = self.access.desk(self.principal.scope, self.version)
        with left:
            blocks.heading(
                self.say[f"page_{name}"],
                self.say["head"].format(
                    as_of=formats.day(desk.summary["as_of"], self.language), version=desk.version, base=desk.base,
                    rules=", ".join(desk.summary["packs"]), who=self._who(),
                ),
            )  # fmt: skip
        with right, st.container(horizontal_alignment="right"):
            st.segmented_control(
                self.say["language"], list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="konzern-language",
                default=None if "konzern-language" in st.session_state else self.language,
                label_visibility="collapsed", on_change=self._language,
            )  # fmt: skip
            if RUNNING.sign_in is not None:
                st.button(self.say["sign_out"], type="tertiary", icon=":material/logout:", on_click=st.logout)
        latest = self.access.store.latest()
        if latest > self.version:
            st.info(self.say["newer"].format(version=latest), icon=":material/update:")
            st.button(self.say["newer_open"], on_click=lambda: self.put(v=str(latest)))

    def _who(self) -> str:
        """The principal in words."""
        if self.principal.named:
            return self.say["role_local"]
        roles = ", ".join(self.say[f"role_{r}"] for r in sorted(self.principal.roles))
        name = f"{self.principal.name} · " if RUNNING.sign_in is not None else ""
        return f"{name}{roles} {self.lenders().get(self.principal.lender, '')}".strip()

    def _language(self) -> None:
        """Take the language that was chosen."""
        chosen = st.session_state["konzern-language"]
        if chosen:
            st.query_params["lang"] = chosen

    def downloads(self, *tables: str, page: str) -> None:
        """Whole results as files, behind one button."""
        self.files(page, {name: partial(self.ask, "table", name=name) for name in tables})

    def tables(self, ask: Callable[[], Any], *names: str) -> Files:
        """Tables that come with an answer, which is asked for again when one of them is downloaded.

        ``ask`` holds all that it needs: a download runs outside of the page, where there is no URL to read.
        """
        return {name: partial(_one, ask, name) for name in names}

    def files(self, page: str, made: Files) -> None:
        """Tables by name as files, behind one button; they are listed when it is opened, asked for when downloaded."""
        say = self.say

        @st.fragment
        def listed() -> None:
            with st.popover(
                say["download"], icon=":material/download:", key=f"files-{page}", on_change="rerun"
            ) as held:
                for name, ask in made.items() if held.open else ():
                    columns = st.columns([0.4, 0.2, 0.2, 0.2], vertical_alignment="center")
                    columns[0].text(say[f"result_{name}"])
                    for place, fmt in enumerate(export.FORMATS, 1):
                        columns[place].download_button(
                            fmt, partial(_file, ask, fmt, name), file_name=f"{name}.{fmt}", mime=export.MIME[fmt],
                            key=f"{page}-{name}-{fmt}", on_click="ignore",
                        )  # fmt: skip

        listed()


def _one(ask: Callable[[], Any], name: str) -> Any:
    """One of the tables of an answer that is asked for now."""
    return ask()["tables"][name]


def _file(ask: Callable[[], Any], fmt: str, name: str) -> bytes:
    """The bytes of a table that is asked for now."""
    return export.exported(ask(), fmt, name)


def spoken() -> str:
    """The language of this run: of the URL, else as the app was started; the URL then says it."""
    asked = st.query_params.get("lang", "") or st.session_state.get("konzern-lang", "")
    language = asked if asked in LANGUAGES else RUNNING.language
    st.session_state["konzern-lang"] = language
    if st.query_params.get("lang") != language:
        st.query_params["lang"] = language
    return language


def opened(principal: Principal) -> Frame:
    """The frame of this run for somebody who was let in: language and version from the URL, else as it was started."""
    access = RUNNING.access
    if access is None:
        raise refusal(StoreError, "not_opened")
    language, latest = spoken(), access.store.latest()
    number = st.query_params.get("v", "") or str(st.session_state.get("konzern-version", latest))
    version = int(number) if number.isdecimal() and 1 <= int(number) <= latest else latest
    st.session_state["konzern-version"] = version
    if st.query_params.get("v") != str(version):
        st.query_params["v"] = str(version)
    say = words(language)
    st.html(f"<style>{blocks.css(say)}</style>")
    return Frame(access, principal, version, language, say)
