"""Excerpt: some rows of a snapshot as a snapshot of their own, and a snapshot with rows changed.

Both are cut from the compiled arrays, so that a question about a few parties costs what those few cost. An
excerpt has no book behind it: its rows keep the number of the book row that they came from, -1 for new ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import OptionError
from graph.merger import ExchangeError, exchanged
from graph.model import BOOL, CURRENCY, DATE, SHARE, TABLES, Column
from graph.money import NULL
from graph.proposal import Proposal
from graph.snapshot import NO_DATE, Rows, Snapshot, Stakes

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_EPOCH: Final = dt.date(1970, 1, 1)


def excerpt(snapshot: Snapshot, chosen: Mapping[str, Int64]) -> Snapshot:
    """The chosen rows of each table (numbers in it, int64, sorted) as a snapshot; tables not named are empty.

    References to rows that are left out become unknown.
    """
    none = np.zeros(0, np.int64)
    taken = {name: chosen.get(name, none) for name in snapshot.tables}
    return _with(
        snapshot, {name: _sliced(rows, taken[name], taken) for name, rows in snapshot.tables.items()}
    )


def proposed(snapshot: Snapshot, changes: Sequence[Proposal]) -> Snapshot:
    """The snapshot as if the changes had been made, in their order.

    Raises ``OptionError`` for a change that names something that is not there.
    """
    tables = dict(snapshot.tables)
    for change in changes:
        _APPLIED[change.kind](snapshot, tables, change)
    return _with(snapshot, tables) if changes else snapshot


def replaced(snapshot: Snapshot, name: str, numbers: Mapping[str, npt.NDArray[Any]]) -> Snapshot:
    """The snapshot with other numbers in some columns of a table, row by row."""
    rows = snapshot.tables[name]
    changed = replace(rows, numbers={**rows.numbers, **numbers})
    return _with(snapshot, {**snapshot.tables, name: changed})


def _with(snapshot: Snapshot, tables: Mapping[str, Rows]) -> Snapshot:
    """A snapshot of these tables, stakes compiled anew."""
    own = tables["ownership"]
    share = np.where(own["share"] == NULL, own["share_min"], own["share"])
    votes = np.where(own["voting"] == NULL, share, own["voting"])
    stakes = Stakes.of(own["owner_id"], own["owned_id"], share, votes, len(tables["parties"]))
    return Snapshot(snapshot.as_of, snapshot.fx, snapshot.version, snapshot.source, tables, stakes)


def _sliced(rows: Rows, at: Int64, taken: Mapping[str, Int64]) -> Rows:
    """Some rows of a table, references by their places among the rows that are taken of the other table."""
    if not len(at):
        texts = {name: words.slice(0, 0) for name, words in rows.texts.items()}
        return Rows(rows.table, rows.row[:0], {name: v[:0] for name, v in rows.numbers.items()}, texts)
    numbers = {}
    for name, values in rows.numbers.items():
        ref = rows.table.column(name).ref
        numbers[name] = _placed(values[at], taken[ref]) if ref else values[at]
    by = pa.array(at)
    return Rows(
        rows.table, rows.row[at], numbers, {name: words.take(by) for name, words in rows.texts.items()}
    )


def _placed(numbers: npt.NDArray[Any], among: Int64) -> Int32:
    """Place of each number in a sorted list, -1 where it is not in it: int32."""
    place = np.searchsorted(among, numbers)
    return np.where(np.append(among, -2)[place] == numbers, place, -1).astype(np.int32)


def _fail(change: Proposal, what: str, remedy: str) -> OptionError:
    """The error of a change that cannot be made."""
    where = f"{change.file}, row {change.row}: " if change.file else ""
    return OptionError(f"{where}{change.kind}: {what}; {remedy}")


def _number(tables: Mapping[str, Rows], table: str, name: str, change: Proposal) -> int:
    """Number of a row by its id; ``OptionError`` where there is none."""
    key = TABLES[table].key[0]
    found = pc.index(tables[table].text(key), value=name).as_py()
    if found < 0:
        raise _fail(
            change, f"no {key} {name!r} in the book", "propose it too, or write the id as it stands there"
        )
    return int(found)


def _cell(snapshot: Snapshot, tables: Mapping[str, Rows], column: Column, change: Proposal) -> int:
    """A cell of numbers as the snapshot holds it."""
    value = change.values.get(column.name)
    if column.ref:
        return -1 if not value else _number(tables, column.ref, str(value), change)
    if column.values:
        if value is not None and value not in column.values:
            raise _fail(
                change, f"{column.name} {value!r} is not known", f"choose from {', '.join(column.values)}"
            )
        return -1 if value is None else column.values.index(str(value))
    if column.kind is CURRENCY:
        if value is not None and value not in snapshot.fx.currencies:
            raise _fail(
                change, f"the book has no currency {value!r}", "add a rate to fx, or propose in another"
            )
        return -1 if value is None else snapshot.fx.currencies.index(str(value))
    if column.kind is DATE:
        return (value - _EPOCH).days if isinstance(value, dt.date) else NO_DATE
    if column.kind is BOOL:
        return -1 if value is None else int(bool(value))
    return value if isinstance(value, int) else NULL


def _put(snapshot: Snapshot, tables: dict[str, Rows], name: str, change: Proposal) -> int:
    """Put the row of a change into a table, in place of the one of its id; its number."""
    table, rows = TABLES[name], tables[name]
    key = rows.text(table.key[0])
    at = pc.index(key, value=change.text(table.key[0])).as_py()
    new = at < 0
    numbers, texts = dict(rows.numbers), dict(rows.texts)
    for column in table.columns:
        said = column.name in change.values
        if not said and column.name not in rows:
            continue
        if column.kind.arrow == pa.string() and not (column.ref or column.values or column.kind is CURRENCY):
            told: Any = change.values.get(column.name)
            texts[column.name] = _written(rows.text(column.name), at, told, said=said)
            continue
        cell = _cell(snapshot, tables, column, change)
        held = rows[column.name]
        if new:
            numbers[column.name] = np.append(held, np.array([cell], held.dtype))
        elif said:
            numbers[column.name] = held.copy()
            numbers[column.name][at] = cell
    row = np.append(rows.row, np.int32(-1)) if new else rows.row
    if new:  # columns that were only asked for have been filled in since
        numbers |= {
            n: np.append(v, _blank(table.column(n), v.dtype))
            for n, v in rows.numbers.items()
            if len(numbers[n]) == len(v)
        }
    tables[name] = Rows(table, row.astype(np.int32), numbers, texts)
    return len(row) - 1 if new else int(at)


def _blank(column: Column, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """One unknown cell."""
    if column.kind is DATE:
        return np.array([NO_DATE], kind)
    return np.array([-1 if column.ref or column.values or column.kind in (CURRENCY, BOOL) else NULL], kind)


def _written(held: pa.Array, at: int, value: str | None, *, said: bool) -> pa.Array:
    """Texts with one put at a place, or behind all others (-1)."""
    if at < 0:
        return pa.concat_arrays([held, pa.array([value], held.type)])
    if not said:
        return held
    return pa.concat_arrays([held[:at], pa.array([value], held.type), held[at + 1 :]])


def _without(tables: dict[str, Rows], name: str, gone: Bool) -> None:
    """Take rows out of a table that none refers to."""
    rows = tables[name]
    left = np.flatnonzero(~gone)
    keep = pa.array(left)
    tables[name] = Rows(
        rows.table, rows.row[left], {n: v[left] for n, v in rows.numbers.items()},
        {n: v.take(keep) for n, v in rows.texts.items()},
    )  # fmt: skip


def _more(tables: dict[str, Rows], name: str, count: int, **cells: Sequence[int]) -> None:
    """Add rows to a table, the columns that are not given unknown."""
    rows = tables[name]
    numbers = {}
    for column in rows.numbers.keys() | cells.keys():
        held = rows[column]
        given = cells.get(column, [_blank(rows.table.column(column), held.dtype)[0]] * count)
        numbers[column] = np.concatenate([held, np.array(given, held.dtype)])
    texts = {n: pa.concat_arrays([rows.text(n), pa.nulls(count, pa.string())]) for n in rows.texts}
    tables[name] = Rows(rows.table, np.append(rows.row, np.full(count, -1, np.int32)), numbers, texts)


def _party(snapshot: Snapshot, tables: dict[str, Rows], change: Proposal) -> None:
    """A new party, or another row for one."""
    _put(snapshot, tables, "parties", change)


def _facility(snapshot: Snapshot, tables: dict[str, Rows], change: Proposal) -> None:
    """A facility, drawn in full unless it says otherwise, as one that has been granted."""
    values = {"drawn": change.values.get("limit"), "status": None, **change.values}
    values["status"] = None if values["status"] == "proposed" else values["status"]
    _put(snapshot, tables, "facilities", replace(change, values=values))


def _guarantee(snapshot: Snapshot, tables: dict[str, Rows], change: Proposal) -> None:
    """A guarantee and the facilities that it covers."""
    values = {k: v for k, v in change.values.items() if k != "covers"}
    at = _put(snapshot, tables, "guarantees", replace(change, values=values))
    covered = [_number(tables, "facilities", name, change) for name in change.covers]
    _without(tables, "guarantee_covers", np.asarray(tables["guarantee_covers"]["guarantee_id"] == at))
    _more(tables, "guarantee_covers", len(covered), guarantee_id=[at] * len(covered), facility_id=covered)


def _pair(tables: Mapping[str, Rows], change: Proposal) -> tuple[int, int, Bool]:
    """Owner and company of a change, and the holdings of the pair."""
    owner = _number(tables, "parties", change.text("owner_id"), change)
    owned = _number(tables, "parties", change.text("owned_id"), change)
    rows = tables["ownership"]
    return owner, owned, np.asarray((rows["owner_id"] == owner) & (rows["owned_id"] == owned))


def _stake(_: Snapshot, tables: dict[str, Rows], change: Proposal) -> None:
    """The stake of a pair, in place of all its holdings."""
    owner, owned, held = _pair(tables, change)
    _without(tables, "ownership", held)
    share, voting = change.units("share"), change.units("voting")
    if share:
        cast = NULL if voting is None else voting
        _more(tables, "ownership", 1, owner_id=[owner], owned_id=[owned], share=[share], voting=[cast])


def _sale(_: Snapshot, tables: dict[str, Rows], change: Proposal) -> None:
    """A share, votes in proportion, from the owner to the buyer."""
    owner, owned, held = _pair(tables, change)
    buyer = _number(tables, "parties", change.text("buyer_id"), change)
    rows = tables["ownership"]
    shares = rows["share"][held]
    if not held.any() or (shares == NULL).any():
        raise _fail(change, "the owner holds no stake of known size", "propose the new stakes instead")
    voting = np.where(rows["voting"][held] == NULL, shares, rows["voting"][held])
    whole, cast = int(shares.sum()), int(voting.sum())
    sold = whole if change.units("share") is None else int(change.units("share") or 0)
    if not 0 < sold <= whole:
        wrong = "more is sold than held" if sold else "nothing is sold"
        raise _fail(change, f"share: {_share(sold)!r}: {wrong}", f"sell up to {_share(whole)}")
    moved = cast * sold // whole
    _without(tables, "ownership", held)
    parts = [(buyer, sold, moved), (owner, whole - sold, cast - moved)]
    left = [part for part in parts if part[1] or part[2]]
    holders, parts_sold, votes = ([part[k] for part in left] for k in range(3))
    _more(
        tables, "ownership", len(left), owner_id=holders, owned_id=[owned] * len(left), share=parts_sold, voting=votes
    )  # fmt: skip


def _share(units: int) -> str:
    """A share as people write it."""
    return f"{Decimal(units).scaleb(-SHARE.places).normalize():f}"


def _merge(_: Snapshot, tables: dict[str, Rows], change: Proposal) -> None:
    """What a party owes, holds and has promised passes to another, its shares are exchanged, control over it ends."""
    party = _number(tables, "parties", change.text("party_id"), change)
    into = _number(tables, "parties", change.text("into_id"), change)
    if party == into:
        raise _fail(change, "a party cannot merge into itself", "name another")
    try:
        tables["ownership"] = exchanged(tables["ownership"], party, into, change.units("exchange"))
    except ExchangeError as error:
        raise _fail(change, *error.args) from None
    _without(tables, "control", np.asarray(tables["control"]["controlled_id"] == party))
    for name, rows in tables.items():
        refs = [c.name for c in rows.table.columns if c.ref == "parties" and c.name in rows.numbers]
        if refs and name != "parties":
            moved = {c: np.where(rows[c] == party, into, rows[c]).astype(np.int32) for c in refs}
            tables[name] = replace(rows, numbers={**rows.numbers, **moved})


_APPLIED: Final = {
    "party": _party,
    "facility": _facility,
    "guarantee": _guarantee,
    "stake": _stake,
    "sale": _sale,
    "merge": _merge,
}
