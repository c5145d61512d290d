"""Diff: a full delivery stored as what it changes in the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from graph.files.pieces import Piece
from graph.files.segments import Part, Segments
from graph.keys import KeySet, fingerprints, numbered
from graph.model import TABLES

_MOST_PARTS: Final = 8


@dataclass(frozen=True)
class Stored:
    """The parts that make up a delivered table, and how its rows compare with those before."""

    parts: tuple[Part, ...]
    unchanged: int
    new: int
    gone: int


def store(segments: Segments, name: str, table: pa.Table, before: Sequence[Piece]) -> Stored:
    """Keep a table: rows that were there before stay where they are, the others make a new segment.

    It is written as a whole where that is no more work for a reader: most rows are new, or the old ones are
    scattered over many segments or much dropped from.
    """
    held = sum(p.rows for p in before)
    if not held or not table.num_rows:
        return Stored((segments.write(name, table),), 0, table.num_rows, held)
    kept, added = _compare(segments, name, table, before)
    same = table.num_rows - len(added)
    numbers = (same, len(added), held - same)
    parts = [
        _kept(segments, name, piece, rows) for piece, rows in zip(before, kept, strict=True) if len(rows)
    ]
    stale = sum(p.dropped for p in parts)
    if len(added) > table.num_rows // 2 or len(parts) >= _MOST_PARTS or stale > same:
        return Stored((segments.write(name, table),), *numbers)
    if len(added):
        parts.append(segments.write(name, table.take(pa.array(added))))
    return Stored(tuple(parts), *numbers)


def _compare(
    segments: Segments, name: str, table: pa.Table, before: Sequence[Piece]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Rows of each piece that the table has too, and rows of the table that no piece has."""
    columns = TABLES[name].names
    rows, prints = [], []
    for piece in before:
        found = np.setdiff1d(np.arange(piece.part.rows, dtype=np.int32), piece.drop, assume_unique=True)
        rows.append(found)
        prints.append(fingerprints(segments.read(piece.part, columns), columns)[found])
    old = KeySet(numbered(np.concatenate(prints)))
    match = old.rows(numbered(fingerprints(table, columns)))
    stays = np.zeros(len(old.first), bool)
    stays[match[match >= 0]] = True
    ends = np.cumsum([len(r) for r in rows])[:-1]
    kept = [r[s] for r, s in zip(rows, np.split(stays, ends), strict=True)]
    return kept, np.flatnonzero(match < 0)


def _kept(segments: Segments, name: str, piece: Piece, rows: np.ndarray) -> Part:
    """The part of a piece's segment that has only these rows."""
    drop = np.setdiff1d(np.arange(piece.part.rows, dtype=np.int32), rows, assume_unique=True)
    return Part(
        piece.part.file, piece.part.rows, piece.part.sha256, segments.write_drop(name, drop), len(drop)
    )
