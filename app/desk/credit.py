"""Credit: facilities as they stand in the book, and those behind a figure of a group."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from app.desk.opened import SHOWN, Desk, Row
from graph.money import NULL


def step(desk: Desk, group_id: str, name: str) -> list[Row]:
    """The facilities behind a step of a group's bridge, the largest first; none where there is no such step."""
    found = desk.rows("bridge", group_id=group_id, step=name)["facility_ids"].to_pylist()
    return named(desk, found[0])[:SHOWN] if found else []


def named(desk: Desk, ids: Iterable[object]) -> list[Row]:
    """The facilities with these ids, as they stand in the book."""
    wanted = pa.array([str(n) for n in ids], pa.string())
    at = pc.indices_nonzero(pc.is_in(desk.text("facilities", "facility_id"), wanted))
    return facilities(desk, at.to_pylist())


def facilities(desk: Desk, rows: Iterable[int]) -> list[Row]:
    """Facilities as they stand in the book, by their rows there, each with its source row and who owes it."""
    held, lenders = desk.snapshot.tables["facilities"], list(desk.lenders)
    found = []
    for row in rows:
        lender, obligor = int(held["lender_id"][row]), int(held["obligor_id"][row])
        found.append(
            {
                "obligor": None if obligor < 0 else desk.names(desk.id(obligor)),
                "facility_id": desk.text("facilities", "facility_id")[row].as_py(),
                "lender_id": lenders[lender],
                "lender": desk.lenders[lenders[lender]],
                "product": desk.text("facilities", "product")[row].as_py(),
                "limit": amount(held["limit"][row]),
                "drawn": amount(held["drawn"][row]),
                "currency": desk.snapshot.fx.currencies[int(held["currency"][row])],
                "place": desk.place("facilities", row),
            }
        )
    return sorted(found, key=lambda r: (-(r["drawn"] or 0), r["facility_id"]))


def amount(units: object) -> Decimal | None:
    """Minor units as an exact decimal; None if unknown."""
    value = int(units)  # type: ignore[call-overload]  # a numpy whole number
    return None if value == NULL else Decimal(value).scaleb(-2)
