"""Small books written in a test: rows as dictionaries, decimals as text or whole numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa

from graph.book import Book
from graph.model import TABLES, Kind

Row = Mapping[str, object]


def units(kind: Kind, value: object) -> object:
    """A cell as the book holds it: decimals in whole units, exactly."""
    if value is None or not kind.scale:
        return value
    exact = value if isinstance(value, Fraction) else Fraction(Decimal(str(value)))
    scaled = exact * kind.scale
    assert scaled.denominator == 1, f"{value} has more than {kind.places} decimals"
    return int(scaled)


def book(period: dt.date | None = dt.date(2026, 10, 30), **tables: Sequence[Row]) -> Book:
    """A book of the given rows; parties and facilities are there even without any."""
    made = {}
    for name in {"parties", "facilities", *tables}:
        table = TABLES[name]
        rows = tables.get(name, ())
        given = [c for c in table.columns if c.required or any(c.name in r for r in rows)]
        columns = [[units(c.kind, r.get(c.name)) for r in rows] for c in given]
        made[name] = pa.table(
            [pa.array(v, c.kind.arrow) for c, v in zip(given, columns, strict=True)], [c.name for c in given]
        )
    return Book(made, period=period)


def party(party_id: str, kind: str = "company", **more: object) -> Row:
    """A row of parties."""
    return {"party_id": party_id, "name": party_id, "kind": kind, **more}


def facility(facility_id: str, obligor: str, limit: object, drawn: object, **more: object) -> Row:
    """A row of facilities; lender BANK, a loan in EUR unless said."""
    row = {"lender_id": "BANK", "product": "loan", "currency": "EUR", **more}
    return {"facility_id": facility_id, "obligor_id": obligor, "limit": limit, "drawn": drawn, **row}


BANK: Row = {"lender_id": "BANK", "name": "Bank"}
