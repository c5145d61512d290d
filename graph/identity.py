"""Identity: several ids that a reviewer judged to be one party (``same_as``), made one when a book is compiled.

The book keeps every id and row as delivered; only the compiled snapshot knows one party for them. So the judgement
is undone by taking it back, and nothing of it remains. Of ids that are one, the smallest counts (by code points): it
does not depend on facts, so it stays when facts change. A judgement ``different`` between two of them contradicts
the others: then none of them is merged, and a finding says so. ``different`` and ``unsure`` merge nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.book import Book
from graph.model import TABLES, Table

Int32 = npt.NDArray[np.int32]

_SAME: Final = "same"
_DIFFERENT: Final = "different"
OWN: Final = frozenset({"party_id", "uscc", "lei"})
"""Columns of parties that belong to an id, not to the party: they are not filled in from another id."""
_NOT_FACTS: Final = OWN | {"name", "name_en", "valid_from", "valid_to", "source", "source_row", "extra"}
_BETWEEN: Final = ("members", "ownership", "control", "kin", "dependence", "counterparties", "liabilities")
"""Ties between two parties: one between ids of one party is none."""
_ONCE: Final = ("members", "control", "kin", "dependence", "co_obligors", "financials", "ratings")
"""Facts that hold once whoever says them; amounts of the other tables add up."""


@dataclass(frozen=True)
class Merged:
    """Ids that are one party, the one that counts first, and their rows in ``parties``.

    ``dropped`` are rows (table, row) that fall away: ties of the party with itself, and facts that it has already.
    ``conflicts`` names the columns on which the rows of several ids say different things; the first id's count.
    """

    ids: tuple[str, ...]
    rows: tuple[int, ...]
    dropped: tuple[tuple[str, int], ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identities:
    """Who is one on a day: merged ids, and sets of ids that are judged the same and different at once."""

    merged: tuple[Merged, ...] = ()
    contradicted: tuple[tuple[str, ...], ...] = ()
    lead: Mapping[int, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def others(self) -> list[tuple[str, int, str]]:
        """Ids that give way: id, its row in ``parties``, and the id that counts."""
        return [
            (alias, row, m.ids[0])
            for m in self.merged
            for alias, row in zip(m.ids[1:], m.rows[1:], strict=True)
        ]

    def without(self, rows: Mapping[str, Int32]) -> dict[str, Int32]:
        """The rows in force of each table without those that fall away, and of each party one row."""
        gone: dict[str, list[int]] = defaultdict(list)
        for one in self.merged:
            gone["parties"] += one.rows[1:]
            for table, row in one.dropped:
                gone[table].append(row)
        return {n: r[~np.isin(r, gone[n])] if gone[n] else r for n, r in rows.items()}

    def numbered(self, number: Int32) -> Int32:
        """Numbers of parties by first row of each id, with those of ids that give way."""
        made = number.copy()
        for alias, lead in self.lead.items():
            made[alias] = number[lead]
        return made


def identities(book: Book, rows: Mapping[str, Int32]) -> Identities:
    """Who is one, of the rows in force of each table: int32 row numbers."""
    pairs = _judged(book, rows["same_as"])
    if not pairs[_SAME]:
        return Identities()
    ids = book.index("parties").ids
    first = book.index("parties").first
    sets = [sorted(s, key=lambda row: str(ids[row])) for s in _connected(pairs[_SAME])]
    members = np.array([row for s in sets for row in s], np.int32)
    live = rows["parties"][np.isin(first[rows["parties"]], members)]
    in_force = dict(zip(first[live].tolist(), live.tolist(), strict=True))
    place = {row: i for i, s in enumerate(sets) for row in s}
    against = {place[a] for a, b in pairs[_DIFFERENT] if a in place and place.get(b) == place[a]}
    kept = [s for i, s in enumerate(sets) if i not in against]
    lead = {row: s[0] for s in kept for row in s[1:]}
    dropped, differing = _dropped(book, rows, lead)
    merged = [
        Merged(
            tuple(str(ids[row]) for row in s),
            tuple(in_force[row] for row in s),
            tuple(sorted(dropped[s[0]])),
            tuple(sorted({*differing[s[0]], *_conflicts(book, [in_force[row] for row in s])})),
        )
        for s in kept
    ]
    contradicted = [tuple(str(ids[row]) for row in sets[i]) for i in against]
    return Identities(tuple(sorted(merged, key=lambda m: m.ids)), tuple(sorted(contradicted)), lead)


def _judged(book: Book, rows: Int32) -> dict[str, list[tuple[int, int]]]:
    """Pairs of ids, as first rows of parties, by what they were judged to be."""
    found: dict[str, list[tuple[int, int]]] = {_SAME: [], _DIFFERENT: []}
    said = book.column("same_as", "judgement")
    if said is None or not len(rows):
        return found
    words = said.take(pa.array(rows)).to_pylist()
    if _SAME not in words:
        return found
    codes = (book.codes("same_as", c)[rows].tolist() for c in ("party_id", "other_id"))
    for judgement, a, b in zip(words, *codes, strict=True):
        if judgement in found and a >= 0 and b >= 0 and a != b:
            found[judgement].append((a, b))
    return found


def _connected(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    """Sets of rows that pairs tie together."""
    held: dict[int, set[int]] = {}
    for a, b in pairs:
        one, two = held.setdefault(a, {a}), held.setdefault(b, {b})
        if one is not two:
            small, large = sorted((one, two), key=len)
            large |= small
            held.update(dict.fromkeys(small, large))
    return list({id(s): s for s in held.values()}.values())


def _conflicts(book: Book, rows: list[int]) -> Iterator[str]:
    """Columns in which rows of parties hold different values."""
    table = book.table("parties")
    names = [n for n in TABLES["parties"].names if n in table.column_names and n not in _NOT_FACTS]
    held = table.select(names).take(pa.array(rows))
    for name, column in zip(names, held.columns, strict=True):
        if len({v for v in column.to_pylist() if v is not None}) > 1:
            yield name


def _dropped(
    book: Book, rows: Mapping[str, Int32], lead: Mapping[int, int]
) -> tuple[dict[int, list[tuple[str, int]]], dict[int, set[str]]]:
    """Rows that fall away, and columns of facts told twice and differently, both by first row of the party."""
    gone: dict[int, list[tuple[str, int]]] = defaultdict(list)
    differing: dict[int, set[str]] = defaultdict(set)
    one = {*lead, *lead.values()}
    for name in dict.fromkeys((*_BETWEEN, *_ONCE)):
        refs = [c.name for c in TABLES[name].columns if c.ref == "parties"]
        if book.table(name).num_rows == 0 or not len(rows[name]):
            continue
        codes = np.stack([book.codes(name, c)[rows[name]] for c in refs])
        touched = np.flatnonzero(np.isin(codes, list(one)).any(axis=0))
        left = []
        for at in touched.tolist():
            told = codes[:, at].tolist()
            mine = [lead.get(c, c) for c in told]
            if name in _BETWEEN and mine[0] == mine[1] and told[0] != told[1]:
                gone[mine[0]].append((name, int(rows[name][at])))
            else:
                left.append((int(rows[name][at]), told, mine))
        if name in _ONCE:
            for row, party, columns in _told_twice(book, TABLES[name], refs, left, one):
                gone[party].append((name, row))
                differing[party].update(columns)
    return gone, differing


def _told_twice(
    book: Book, table: Table, refs: list[str], held: list[tuple[int, list[int], list[int]]], one: set[int]
) -> Iterator[tuple[int, int, set[str]]]:
    """Rows whose key another row has once ids are one: row, party, and columns on which the two differ.

    The row stays that names the ids that count; of several others the first by what it names, then by place.
    """
    cells = book.table(table.name).take(pa.array([row for row, _, _ in held], pa.int32())).to_pylist()
    ids = book.index("parties").ids
    ranked = sorted(
        zip(held, cells, strict=True),
        key=lambda x: (sum(a != b for a, b in zip(x[0][1], x[0][2], strict=True)),
                       [str(ids[c]) if c >= 0 else "" for c in x[0][1]], x[0][0]),
    )  # fmt: skip
    first: dict[tuple[object, ...], dict[str, object]] = {}
    for (row, told, mine), cell in ranked:
        party = dict(zip(refs, mine, strict=True))
        key = tuple(party.get(k, cell.get(k)) for k in table.key)
        other = first.setdefault(key, cell)
        if other is not cell:
            facts = set(cell) - set(table.key) - _NOT_FACTS
            unlike = {
                f"{table.name}.{c}" for c in facts if None not in (cell[c], other[c]) and cell[c] != other[c]
            }
            of = next(
                (m for t, m in zip(told, mine, strict=True) if t != m), next(m for m in mine if m in one)
            )
            yield row, of, unlike
