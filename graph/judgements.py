"""Judgements: whether two ids name one party, as reviewers said since the book came; records of the journal.

The latest word on a pair stands in place of what the book says of it in ``same_as``, in every version and on every
day, whenever a snapshot is compiled (``graph.identity``). The book itself keeps what was delivered: with another word
on the pair nothing of the earlier one remains.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from graph.errors import OptionError, StoreError
from graph.journal import Journal, Record
from graph.model import TABLES
from graph.rows import FILE, LINE, below

KIND: Final = "judgement"
SIGN: Final = " = "
"""Stands between two ids in the name of a pair."""
TABLE: Final = "same_as"
JUDGEMENTS: Final = TABLES[TABLE].column(KIND).values
"""What can be said of a pair."""
SOURCE: Final = "journal"
"""Stands for the file of a row that comes from the journal; its line is the number of the record."""


@dataclass(frozen=True)
class Judgement:
    """The latest word on a pair of ids: the number of its record, who said what, and on which day."""

    number: int
    ids: tuple[str, str]
    judgement: str
    author: str
    day: dt.date
    reason: str


def pair(a: str, b: str) -> str:
    """Name of a pair of ids, whichever comes first.

    >>> pair("B", "A")
    'A = B'
    """
    return SIGN.join(sorted((a, b)))


def judge(
    journal: Journal, ids: tuple[str, str], judgement: str, *, author: str, reason: str, expected: int
) -> Record:
    """Say what two ids are; ``OptionError`` for another word, no reason, or an id and itself."""
    if judgement not in JUDGEMENTS:
        raise OptionError(f"no judgement {judgement!r}: choose from {', '.join(JUDGEMENTS)}")
    if not reason.strip():
        raise OptionError("a judgement needs its reason")
    if ids[0] == ids[1]:
        raise OptionError(f"{ids[0]!r} is one id: a judgement is about two")
    a, b = sorted(ids)
    body = {"party_id": a, "other_id": b, "judgement": judgement, "reason": reason.strip()}
    return journal.append(KIND, pair(a, b), body, author=author, expected=expected)


def latest(records: Sequence[Record]) -> tuple[Judgement, ...]:
    """The latest word on each pair, in the order of their records; ``StoreError`` for a record that names no pair."""
    found: dict[tuple[str, str], Judgement] = {}
    for record in records:
        if record.kind != KIND:
            continue
        said = record.body
        if not {"party_id", "other_id", "judgement"} <= set(said):
            raise StoreError(
                f"record {record.number} of the journal names no pair of ids: restore it from a dump"
            )
        ids = said["party_id"], said["other_id"]
        day = dt.datetime.fromisoformat(record.at).date()
        found.pop(ids, None)
        found[ids] = Judgement(
            record.number, ids, said["judgement"], record.author, day, str(said.get("reason", ""))
        )
    return tuple(found.values())


def laid_over(table: pa.Table, said: Sequence[Judgement]) -> pa.Table:
    """The rows of ``same_as`` (with their places, ``graph.rows``), those on judged pairs replaced by the judgements."""
    if not said:
        return table
    judged = {j.ids for j in said}
    pairs = zip(table.column("party_id").to_pylist(), table.column("other_id").to_pylist(), strict=True)
    kept = pa.array([tuple(sorted((a or "", b or ""))) not in judged for a, b in pairs], pa.bool_())
    columns = {
        "party_id": [j.ids[0] for j in said],
        "other_id": [j.ids[1] for j in said],
        "judgement": [j.judgement for j in said],
        "author": [j.author for j in said],
        "date": [j.day for j in said],
    }
    rows = pa.table({name: pa.array(v, TABLES[TABLE].column(name).kind.arrow) for name, v in columns.items()})
    files = pa.DictionaryArray.from_arrays(np.zeros(len(said), np.int32), [SOURCE])
    rows = rows.append_column(FILE, files).append_column(LINE, pa.array([j.number for j in said], pa.int64()))
    whole = below([table.filter(kept), rows])
    return rows if whole is None else whole
