"""Pieces: the rows that count, as segments and the rows left out of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.deliveries import in_force
from graph.files.segments import Part, Segments
from graph.files.versions import Version
from graph.keys import KeySet, Prints, fingerprints
from graph.model import TABLES

Int32 = npt.NDArray[np.int32]

VALID_FROM: Final = "valid_from"


@dataclass(frozen=True)
class Piece:
    """A part that counts, by the subsidiary that delivered it; ``drop`` are all rows of it that do not."""

    by: str
    part: Part
    drop: Int32

    @property
    def rows(self) -> int:
        """How many rows count."""
        return self.part.rows - len(self.drop)


@dataclass(frozen=True)
class Unit:
    """One delivery in the order in which they apply, or several deltas merged into one."""

    rows: Mapping[str, tuple[Part, ...]]
    deleted: Mapping[str, tuple[Part, ...]]


def chains(versions: Sequence[Version], as_of: dt.date | None) -> dict[str, list[Version]]:
    """What each subsidiary's facts are made of on a day, as ``deliveries.in_force`` says."""
    made = in_force((v.delivery for v in versions), as_of)
    return {by: [versions[d.version - 1] for d in held] for by, held in made.items()}


def unit(version: Version) -> Unit:
    """A version as it applies."""
    return Unit(version.rows, version.deleted)


def live(segments: Segments, by: str, units: Sequence[Unit], name: str) -> list[Piece]:
    """The pieces of one table of one subsidiary: a row counts unless a later unit has or deletes its key."""
    mentions = _Mentions(segments, name, units)
    found = []
    for i, u in enumerate(units):
        for part in u.rows.get(name, ()):
            drop = np.union1d(segments.drop(part), mentions.later(part, i)).astype(np.int32)
            if part.rows > len(drop):
                found.append(Piece(by, part, drop))
    return found


class _Mentions:
    """Which unit is the last one to bring or delete a key of a table, the first unit apart."""

    def __init__(self, segments: Segments, name: str, units: Sequence[Unit]) -> None:
        self._segments = segments
        self._key = TABLES[name].key
        exact: list[tuple[Prints, int]] = []
        whole: list[tuple[Prints, int]] = []
        for i, u in enumerate(units):
            if i and u.rows.get(name):
                exact += [(self._prints(p, (*self._key, VALID_FROM)), i) for p in u.rows[name]]
            for part in u.deleted.get(name, ()):
                keys = segments.read(part)
                dated = keys.filter(pc.is_valid(keys.column(VALID_FROM)))
                undated = keys.filter(pc.is_null(keys.column(VALID_FROM)))
                exact.append((fingerprints(dated, (*self._key, VALID_FROM)), i))
                whole.append((fingerprints(undated, self._key), i))
        self._exact = _Last.of(exact)
        self._whole = _Last.of(whole)

    def later(self, part: Part, place: int) -> Int32:
        """Rows of a part of the unit at that place whose key a later unit mentions."""
        after = np.full(part.rows, -1, np.int32)
        for last, columns in ((self._exact, (*self._key, VALID_FROM)), (self._whole, self._key)):
            if last and last.newest > place:
                after = np.maximum(after, last.of_rows(self._prints(part, columns)))
        return np.flatnonzero(after > place).astype(np.int32)

    def _prints(self, part: Part, columns: Sequence[str]) -> Prints:
        return fingerprints(self._segments.read(part, columns), columns)


@dataclass(frozen=True)
class _Last:
    """The last unit that mentions each of a set of keys."""

    keys: KeySet
    unit: Int32
    newest: int

    @classmethod
    def of(cls, mentions: Iterable[tuple[Prints, int]]) -> _Last | None:
        held = [(prints, i) for prints, i in mentions if len(prints)]
        if not held:
            return None
        keys = KeySet(np.concatenate([prints for prints, _ in held]))
        unit = np.full(len(keys.first), -1, np.int32)
        np.maximum.at(
            unit, keys.first, np.repeat([i for _, i in held], [len(p) for p, _ in held]).astype(np.int32)
        )
        return cls(keys, unit, held[-1][1])

    def of_rows(self, prints: Prints) -> Int32:
        """Last unit that mentions each key, -1 for none."""
        return np.append(self.unit, np.int32(-1))[self.keys.rows(prints)]


def rows_of(segments: Segments, piece: Piece, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a piece that count."""
    table = segments.read(piece.part, columns)
    if not len(piece.drop):
        return table
    keep = np.ones(table.num_rows, bool)
    keep[piece.drop] = False
    return table.filter(pa.array(keep))
