"""Limits of a party or group: what is left under each, and the facilities that count in one."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from app.desk.credit import amount, named
from app.desk.opened import SHOWN, Desk, Row, first
from exposure.limited import limits as reasons
from exposure.statement import Line


def limits_of(desk: Desk, subjects: list[str]) -> list[Row]:
    """Limits with these subjects, those most used first; ``id`` names a row among all."""
    table = desk.tables["limits"]
    table = table.filter(pc.is_in(table["subject_id"], pa.array(subjects)))
    rows = first(table, SHOWN, utilisation="descending")
    for row in rows:
        row["lender"] = desk.lender(row["lender_id"])
        row["id"] = "|".join(row[k] or "" for k in ("subject_id", "scope", "lender_id", "level", "rule"))
    return rows


def counted(desk: Desk, limit: str) -> list[Row]:
    """What the value of a limit is summed from, the largest first: facilities, each with what is ``counted`` of it.

    A part that is no facility (an umbrella limit, what all banks are owed) has no limit and nothing drawn of its own;
    none where there is no such limit. The engine runs for it.
    """
    subject, *key = limit.split("|")
    if not limits_of(desk, [subject]):
        return []
    packs = [pack.name for pack in desk.analysis.packs]
    pack = next((i for i, name in enumerate(packs) if key[-1].startswith(f"{name} ")), 0)
    told = next((line for line in reasons(desk.analysis, pack, subject) if _key(line) == key), None)
    parts = told.below[0].below if told is not None else ()
    return _rows(desk, sorted(parts, key=lambda line: -(line.amount or 0))[:SHOWN])


def _key(line: Line) -> list[str]:
    """A limit as its ``id`` names it, without the subject."""
    return [str(line.places[k]) for k in ("scope", "lender", "level", "limit_rule")]


def _rows(desk: Desk, parts: list[Line]) -> list[Row]:
    """Parts of a value as facilities of the book."""
    known = {r["facility_id"]: r for r in named(desk, (line.places.get("facility", "") for line in parts))}
    made = []
    for line in parts:
        other = {
            "facility_id": str(line.places.get("umbrella", "")), "obligor": None, "lender": None, "product": None,
            "limit": None, "drawn": None, "currency": desk.base, "place": ", ".join(f"{f}:{n}" for f, n in line.rows),
        }  # fmt: skip
        row = known.get(str(line.places.get("facility", "")), other)
        made.append({**row, "counted": None if line.amount is None else amount(line.amount)})
    return made
