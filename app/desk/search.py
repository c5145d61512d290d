"""Search: a party by its name in either script, in pinyin, by its id or by a name that it used to have.

Natural persons are found by their exact name only, and only where the scope names them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.desk.opened import PERSON, Desk

Int64 = npt.NDArray[np.int64]

SHOWN: Final = 50
"""Parties that an answer lists at most."""
_MOST: Final = 20 * SHOWN
"""Hits in one text that are looked at, and ranked."""
_BREAK: Final = "\n"
_SPACE: Final = re.compile(r"[^\S\n]+")


@dataclass(frozen=True)
class Found:
    """One party that a search found, and by which of its names."""

    party_id: str
    by: str
    former: bool


@dataclass(frozen=True)
class Lines:
    """Lines below one another as one text, searched as a whole: ``starts`` is where each begins in the bytes."""

    text: bytes
    starts: Int64

    @classmethod
    def of(cls, together: str) -> Lines:
        r"""Lines that are joined by a break; no hit goes beyond one.

        >>> Lines.of("abc\nbcd").holding("bc").tolist()
        [0, 1]
        >>> Lines.of("abc\nbcd").holding("bc", ahead=_BREAK).tolist()
        [1]
        """
        text = f"{_BREAK}{together}{_BREAK}".encode()
        return cls(text, np.flatnonzero(np.frombuffer(text, np.uint8) == ord(_BREAK))[:-1])

    def holding(self, wanted: str, ahead: str = "", behind: str = "") -> Int64:
        """Numbers of the first lines that hold a text, begin with it (``ahead`` a break) or are it (both)."""
        sought, at = f"{ahead}{wanted}{behind}".encode(), -1
        places: list[int] = []
        while len(places) < _MOST and (at := self.text.find(sought, at + 1)) >= 0:
            places.append(at)
        return np.unique(np.searchsorted(self.starts, np.array(places, np.int64), "right") - 1)


@dataclass(frozen=True)
class Index:
    """What can be searched: by entry the party's number, a name or id as written, and whether it is in force no more.

    ``plain`` is the text folded (full width to half, case away), ``spelled`` its pinyin, ``initials`` the first
    letters of that; ``people`` are the folded names and ids of natural persons, which only match whole. Their entries
    stand behind the ``others``.
    """

    party: Int64
    written: pa.Array
    former: npt.NDArray[np.bool_]
    others: int
    plain: Lines
    spelled: Lines
    initials: Lines
    people: Lines


def folded(text: str) -> str:
    """Text as it is compared: full width as half width, without case and without spaces.

    >>> folded(" Ａbc 公司 ")
    'abc公司'
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@cache
def _readings(characters: frozenset[str]) -> tuple[dict[int, str], dict[int, str]]:
    """Pinyin of these characters, and its first letter, as tables for ``str.translate``."""
    from pypinyin import lazy_pinyin

    ordered = sorted(c for c in characters if "\u4e00" <= c <= "\u9fff")
    read = [lazy_pinyin(c)[0] for c in ordered]
    return (
        {ord(c): r for c, r in zip(ordered, read, strict=True)},
        {ord(c): r[:1] for c, r in zip(ordered, read, strict=True)},
    )


def index(desk: Desk) -> Index:
    """The index of a desk: all names and ids of all rows of its book, also of those no longer in force."""
    book = desk.snapshot.book
    table = desk.snapshot.tables["parties"].row if book is None else np.arange(book.table("parties").num_rows)
    party = _numbers(desk, len(table))
    live = np.zeros(len(table), bool)
    live[desk.snapshot.parties.row] = True
    parts = []
    for column in ("name", "name_en", "party_id"):
        held = desk.text("parties", column) if book is None else book.column("parties", column)
        if held is not None:
            texts = pc.fill_null(held.cast(pa.string()), "")
            texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
            keep = np.flatnonzero(np.asarray(pc.not_equal(texts, "")) & (party >= 0))
            parts.append((party[keep], texts.take(pa.array(keep)), ~live[keep] & (column != "party_id")))
    number = np.concatenate([p for p, _, _ in parts])
    person = np.asarray(desk.snapshot.parties["kind"] == PERSON)[number]
    order = np.argsort(person, kind="stable")
    written = pc.replace_substring(
        pa.concat_arrays([t for _, t, _ in parts]).take(pa.array(order)), _BREAK, " "
    )
    others = len(order) - int(person.sum())
    together = _folded(written.slice(0, others))
    spell, initial = _readings(frozenset(together))
    return Index(
        number[order], written, np.concatenate([f for _, _, f in parts])[order], others, Lines.of(together),
        Lines.of(together.translate(spell)), Lines.of(together.translate(initial)), Lines.of(_folded(written.slice(others))),
    )  # fmt: skip


def _folded(written: pa.Array) -> str:
    """Texts folded and joined by breaks, all at once."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(written)], pa.int32()), written)
    return _SPACE.sub("", unicodedata.normalize("NFKC", pc.binary_join(whole, _BREAK)[0].as_py()).casefold())


def _numbers(desk: Desk, rows: int) -> Int64:
    """Number of the party of each row of the book, -1 where this desk does not know it."""
    book = desk.snapshot.book
    if book is None:
        return np.arange(rows)
    first = book.index("parties").first
    made = np.full(rows, -1, np.int64)
    made[first[desk.snapshot.parties.row]] = np.arange(desk.snapshot.n)
    numbers = made[first]
    for merged in desk.snapshot.identities.merged:
        numbers[np.isin(first, first[list(merged.rows)])] = desk.snapshot.number_of[merged.ids[0]]
    return numbers


def search(desk: Desk, held: Index, text: str) -> list[Found]:
    """Parties that a text finds, those that begin with it first, then by length of the name and id."""
    wanted = folded(text)
    if not wanted:
        return []
    ahead = held.plain.holding(wanted, _BREAK)
    hits = [ahead, held.plain.holding(wanted)]
    if wanted.isascii():
        hits += [held.spelled.holding(wanted), held.initials.holding(wanted, _BREAK)]
    if desk.scope.names:
        hits.append(held.people.holding(wanted, _BREAK, _BREAK) + held.others)
    begins = set(ahead.tolist())
    ranked = sorted(
        {i: held.written[i].as_py() for i in np.concatenate(hits).tolist()}.items(),
        key=lambda told: (told[0] not in begins, bool(held.former[told[0]]), len(told[1]), told[1]),
    )
    found: dict[str, Found] = {}
    for i, by in ranked:
        party = desk.id(int(held.party[i]))
        found.setdefault(party, Found(party, by, bool(held.former[i])))
        if len(found) == SHOWN:
            break
    return list(found.values())
