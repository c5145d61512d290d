"""Deliveries written in a test, and what Hypothesis makes of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
from hypothesis import strategies as st

from graph.book import Book, Origin
from graph.deliveries import Contents, Delivery
from graph.model import TABLES
from graph.store import Published, Store
from tests.books import Row, units
from tests.oracle.store import Sent

JAN, FEB, MAR = dt.date(2026, 1, 31), dt.date(2026, 2, 28), dt.date(2026, 3, 31)


def table(name: str, rows: Sequence[Row], only: Sequence[str] | None = None) -> pa.Table:
    """The rows as a table of the model."""
    shape = TABLES[name]
    given = [c for c in shape.columns if c.required or any(c.name in r for r in rows)]
    columns = [c for c in given if only is None or c.name in only]
    arrays = [pa.array([units(c.kind, r.get(c.name)) for r in rows], c.kind.arrow) for c in columns]
    return pa.table(arrays, [c.name for c in columns])


def contents(sent: Sent) -> Contents:
    """A delivery as a store takes it, its rows in one file a table."""
    tables = {name: table(name, rows) for name, rows in sent.rows.items()}
    origins = {name: (Origin(f"{name}.csv", 2, len(rows)),) for name, rows in sent.rows.items()}
    deleted = {
        name: table(name, keys, (*TABLES[name].key, "valid_from")) for name, keys in sent.deleted.items()
    }
    return Contents(Book(tables, origins, sent.day), deleted)


def delivery(sent: Sent) -> Delivery:
    """What a store is told about a delivery."""
    digest = json.dumps([sent.rows, sent.deleted, str(sent.day), sent.by], default=str, sort_keys=True)
    return Delivery(sent.by, sent.kind, sent.day, sent.restates, digest)


def publish(store: Store, sent: Sent) -> Published:
    """Publish a delivery on its own."""
    with store.writer("test") as writer:
        return writer.publish(delivery(sent), contents(sent))


def full(by: str, day: dt.date | None, **rows: Sequence[Row]) -> Sent:
    """A full delivery."""
    return Sent(by, "full", day, rows)


def delta(
    by: str, day: dt.date | None, deleted: Mapping[str, Sequence[Row]] | None = None, **rows: Sequence[Row]
) -> Sent:
    """A delta."""
    return Sent(by, "delta", day, rows, deleted or {})


def restated(sent: Sent) -> Sent:
    """The delivery as a restatement."""
    return replace(sent, restates=True)


def umbrella(umbrella_id: str, limit: object, **more: object) -> Row:
    """A small row of a table without references."""
    return {"umbrella_id": umbrella_id, "limit": limit, "currency": "EUR", **more}


_IDS = st.sampled_from(["U1", "U2", "U3", "U4"])
_DATES = st.sampled_from([None, dt.date(2026, 1, 1), dt.date(2026, 2, 1)])


@st.composite
def umbrella_rows(draw: st.DrawFn) -> list[Row]:
    """Umbrellas with distinct keys, some of them dated."""
    keys = draw(st.lists(st.tuples(_IDS, _DATES), unique=True, max_size=5))
    return [umbrella(i, draw(st.integers(0, 3)), **({"valid_from": d} if d else {})) for i, d in keys]


@st.composite
def covers_rows(draw: st.DrawFn) -> list[Row]:
    """Covers: a key of two columns and nothing besides."""
    pairs = draw(st.lists(st.tuples(_IDS, _IDS), unique=True, max_size=5))
    return [{"guarantee_id": a, "facility_id": b} for a, b in pairs]


@st.composite
def deliveries(draw: st.DrawFn, by: str, day: dt.date | None, kind: str) -> Sent:
    """A random delivery: a full one always has both tables, a delta may delete."""
    rows: dict[str, list[Row]] = {"umbrellas": draw(umbrella_rows()), "guarantee_covers": draw(covers_rows())}
    if kind == "full":
        return Sent(by, kind, day, rows)
    gone = draw(st.lists(st.tuples(_IDS, _DATES), unique=True, max_size=2))
    keys: list[Row] = [{"umbrella_id": i, **({"valid_from": d} if d else {})} for i, d in gone]
    return Sent(by, kind, day, {n: r for n, r in rows.items() if r}, {"umbrellas": keys} if keys else {})
