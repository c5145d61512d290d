"""Search: a party by its name in either script, in pinyin, by its id or by a name that it used to have.

Natural persons are found by their exact name only, and only where the scope names them.
"""

from __future__ import annotations

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
_BREAK: Final = "\n"


@dataclass(frozen=True)
class Found:
    """One party that a search found, and by which of its names."""

    party_id: str
    by: str
    former: bool


@dataclass(frozen=True)
class Index:
    """What can be searched: by entry the party's number, a name or id as written, and its forms to match.

    ``plain`` is the text folded (full width to half, case away), ``spelled`` its pinyin, ``initials`` the first
    letters of that; ``former`` marks names that are no longer in force, ``person`` those that only match whole.
    """

    party: Int64
    written: pa.Array
    plain: pa.Array
    spelled: pa.Array
    initials: pa.Array
    former: pa.Array
    person: pa.Array


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
    written = pa.concat_arrays([t for _, t, _ in parts])
    former = np.concatenate([f for _, _, f in parts])
    whole = _BREAK.join(t.replace(_BREAK, " ") for t in written.to_pylist())
    lines = [folded(line) for line in whole.split(_BREAK)]
    together = _BREAK.join(lines)
    spell, first = _readings(frozenset(together))
    person = np.asarray(desk.snapshot.parties["kind"] == PERSON)[number]
    spelled, initials = (pa.array(together.translate(t).split(_BREAK)) for t in (spell, first))
    return Index(
        number, written, pa.array(lines), spelled, initials,
        pa.array(former), pa.array(person),
    )  # fmt: skip


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
    whole = pc.equal(held.plain, wanted)
    hit = pc.match_substring(held.plain, wanted)
    if wanted.isascii():
        hit = pc.or_(hit, pc.match_substring(held.spelled, wanted))
        hit = pc.or_(hit, pc.starts_with(held.initials, wanted))
    hit = pc.if_else(held.person, whole if desk.scope.names else pa.scalar(value=False), hit)
    at = np.flatnonzero(np.asarray(hit))
    ranked = sorted(
        at.tolist(),
        key=lambda i: (
            not held.plain[i].as_py().startswith(wanted), bool(held.former[i].as_py()), len(held.plain[i].as_py()),
            held.plain[i].as_py(),
        ),
    ) if len(at) <= 20 * SHOWN else at.tolist()  # fmt: skip
    found: dict[str, Found] = {}
    for i in ranked:
        party = desk.id(int(held.party[i]))
        found.setdefault(party, Found(party, held.written[i].as_py(), bool(held.former[i].as_py())))
        if len(found) == SHOWN:
            break
    return list(found.values())
