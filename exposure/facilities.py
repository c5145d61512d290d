"""Facilities (授信) at value: which count, what each is worth gross, and on whom the claims are.

Closed, written-off and proposed facilities never count, matured ones only while drawn; one contract recorded
twice counts once. The rules for a single row stand in ``exposure.valuation``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.claims import Claims, Ledger
from exposure.findings import Finding, finding
from exposure.lookthrough import pieces
from exposure.results import ids
from exposure.rulepack import RulePack
from exposure.umbrellas import Umbrellas
from exposure.valuation import counts, duplicates, factors, own_gross
from graph.csr import Csr
from graph.errors import RangeError
from graph.model import BALANCE, INT64_MAX, MONEY, TABLES
from graph.money import NULL, total
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_EPOCH: Final = dt.date(1970, 1, 1)
_MOST_ROWS: Final = 1000
_EACH: Final = 50
_OTHER_AMOUNTS: Final = (
    "parties", "lenders", "guarantees", "collateral", "pledges", "liabilities", "limits", "counterparties",
)  # fmt: skip
"""Tables besides credit whose amounts results are made of in the base currency."""


@dataclass(frozen=True)
class Facilities:
    """Every facility of a snapshot at value under one pack; arrays by facility.

    ``limit``, ``drawn``, ``gross``: int64 base minor units, NULL where the amount or its rate is unknown.
    ``counted``: bool. ``ccf``: int64 parts per 10^9, after the floor. ``duplicate_of``: int32, the facility
    that counts instead, -1 elsewhere. ``no_factor``: bool, the product has no conversion factor and 100 % is
    used. ``obligor``, ``lender``: int32.
    """

    snapshot: Snapshot
    pack: RulePack
    obligor: Int32
    lender: Int32
    limit: Int64
    drawn: Int64
    gross: Int64
    ccf: Int64
    counted: Bool
    duplicate_of: Int32
    no_factor: Bool
    umbrellas: Umbrellas

    def __len__(self) -> int:
        """How many facilities there are, counted or not."""
        return len(self.counted)

    @cached_property
    def claims(self) -> Claims:
        """The claims after look-through; co-obligors of a duplicate record owe the one that counts."""
        through = pieces(self.snapshot, self.pack, self.lender, self.gross, self.counted)
        pairs = self.snapshot.tables["co_obligors"]
        facility = pairs["facility_id"]
        kept = np.append(self.duplicate_of, -1)[facility]
        facility = np.where(kept >= 0, kept, facility)
        return Claims.of(self.counted, self.obligor, self.gross, through, (facility, pairs["party_id"]))

    @cached_property
    def ledger(self) -> Ledger:
        """The claims by party, ready to be summed."""
        names = self.snapshot.tables["lenders"].text("lender_id")
        by_facility = (self.lender, self.limit, self.drawn, self.umbrellas.line_of)
        return Ledger.of(self.claims, self.snapshot.n, names, by_facility)


def valued(snapshot: Snapshot, pack: RulePack) -> Facilities:
    """Value every facility of a snapshot by the rules of a pack.

    Rounded half-even to the minor unit of its own currency, then converted half-even. Raises ``RangeError``
    where the counted limits, drawn amounts or gross values add up to more than 64 bits hold, so that no sum
    over counted facilities can wrap.
    """
    rows = snapshot.tables["facilities"]
    umbrella = rows["umbrella_id"]
    ccf, no_factor = factors(rows, pack)
    day = (snapshot.as_of - _EPOCH).days
    own = own_gross(rows, ccf, future=rows["start_date"] > day, shared=umbrella >= 0)
    limit, drawn = snapshot.in_base("facilities", "limit"), snapshot.in_base("facilities", "drawn")
    gross = snapshot.fx.convert(own, rows["currency"])
    counted = counts(rows, day)
    duplicate_of = duplicates(rows, counted, gross)
    counted &= duplicate_of < 0
    umbrellas = Umbrellas.of(snapshot, umbrella, counted, limit, drawn, ccf)
    for what, amounts in (("sum of limits", limit), ("sum of drawn amounts", drawn), ("total gross", gross)):
        _check_range(what, amounts, counted, umbrellas.gross)
    return Facilities(
        *(snapshot, pack, rows["obligor_id"], rows["lender_id"], limit, drawn, gross),
        *(ccf, counted, duplicate_of, no_factor & counted, umbrellas),
    )


def _check_range(what: str, amounts: Int64, counted: Bool, lines: Int64) -> None:
    """Raise ``RangeError`` if the counted amounts and the umbrella lines exceed 64 bits together."""
    if not len(amounts):
        return
    most = int(amounts.max()) * len(amounts) + max(int(lines.max(initial=0)), 0) * len(lines)
    if most > INT64_MAX and total(amounts[counted]) + total(lines) > INT64_MAX:
        raise RangeError(what)


def findings(held: Facilities) -> list[Finding]:
    """``amount_unknown``, ``rate_unknown``, ``unknown_product``, ``drawn_above_limit``, ``duplicate_record``.

    Of counted facilities, each with the rows that it rests on (the first thousand of them).
    """
    return [*_blanks(held), *_rates(held), *_products(held), *_above_limit(held), *_duplicates(held)]


def _names(held: Facilities, facilities: npt.ArrayLike) -> list[str]:
    """Ids of these facilities."""
    numbers = np.asarray(facilities, np.int32)
    return list(ids(held.snapshot.tables["facilities"].text("facility_id"), numbers).to_pylist())


def _rows(held: Facilities, facilities: npt.ArrayLike, table: str = "facilities") -> list[tuple[str, int]]:
    """Book rows of these facilities, or of these rows of another table."""
    numbers = np.asarray(facilities, np.int64)[:_MOST_ROWS]
    return [(table, row) for row in held.snapshot.tables[table].row[numbers].tolist()]


def _blanks(held: Facilities) -> list[Finding]:
    """Missing amounts and currencies: of facilities, of their underlyings, and of the umbrellas over them."""
    tables, lines = held.snapshot.tables, held.umbrellas
    found: dict[tuple[int, ...], tuple[list[str], list[tuple[str, int]]]] = {}

    def add(subjects: tuple[int, ...], column: str, row: tuple[str, int]) -> None:
        columns, rows = found.setdefault(subjects, ([], []))
        columns += [column] * (column not in columns)
        rows += [row] * (row not in rows)

    own = tables["facilities"]
    for column, empty in (("limit", NULL), ("drawn", NULL), ("currency", -1)):
        for i in np.flatnonzero(held.counted & (own[column] == empty)).tolist():
            add((i,), column, *_rows(held, [i]))
    parts = tables["underlyings"]
    of = np.append(held.counted, np.False_)[parts["facility_id"]]
    for i in np.flatnonzero(of & ((parts["amount"] == NULL) | (parts["currency"] == -1))).tolist():
        add((int(parts["facility_id"][i]),), "underlyings.amount", *_rows(held, [i], "underlyings"))
    shared, members = tables["umbrellas"], Csr.of(lines.line_of, len(lines))
    for line, i in enumerate(lines.number.tolist()):
        if shared["limit"][i] == NULL or shared["currency"][i] == -1:
            add(tuple(members[line].tolist()), "umbrellas.limit", *_rows(held, [i], "umbrellas"))
    return [
        finding("amount_unknown", _names(held, subjects), rows=rows, column=", ".join(columns))
        for subjects, (columns, rows) in found.items()
    ]


def _rates(held: Facilities) -> list[Finding]:
    """Currencies without a rate in which something counts, one finding each, with the sums of facilities in them."""
    snapshot, tables = held.snapshot, held.snapshot.tables
    missing = [i for i, n in enumerate(snapshot.fx.numerator) if not n]
    if not missing:
        return []
    used: dict[str, Int64] = {
        "facilities": np.flatnonzero(held.counted),
        "umbrellas": held.umbrellas.number.astype(np.int64),
        "underlyings": np.flatnonzero(
            np.append(held.counted, np.False_)[tables["underlyings"]["facility_id"]]
        ),
        **{name: _with_amounts(snapshot, name) for name in _OTHER_AMOUNTS},
    }
    found = []
    for code in missing:
        of = {t: rows[tables[t]["currency"][rows] == code] for t, rows in used.items()}
        where = [place for t, rows in of.items() for place in _rows(held, rows, t)]
        if where:
            currency, own = snapshot.fx.currencies[code], of["facilities"]
            limit, drawn = (_shown(total(tables["facilities"][c][own]), currency) for c in ("limit", "drawn"))
            figures = {"currency": currency, "facilities": len(own), "limit": limit, "drawn": drawn}
            found.append(Finding("rate_unknown", (currency,), figures=figures, rows=tuple(where)))
    return found


def _with_amounts(snapshot: Snapshot, name: str) -> Int64:
    """The rows of a table with an amount that is known in its own currency: int64."""
    rows, amounts = (
        snapshot.tables[name],
        [c.name for c in TABLES[name].columns if c.kind in (MONEY, BALANCE)],
    )
    return np.flatnonzero(np.any([rows[column] != NULL for column in amounts], axis=0)).astype(np.int64)


def _products(held: Facilities) -> list[Finding]:
    """Products without a conversion factor: a finding a facility, or one a product above 50 facilities."""
    codes, words = held.snapshot.tables["facilities"].words("product")
    chosen = np.flatnonzero(held.no_factor)
    found = []
    for code in np.unique(codes[chosen]).tolist():
        of = chosen[codes[chosen] == code].tolist()
        product = words[code] if code >= 0 else ""
        for some in [of] if len(of) > _EACH else [[i] for i in of]:
            names, where = _names(held, some), _rows(held, some)
            found.append(finding("unknown_product", names, rule=held.pack.name, rows=where, product=product))
    return found


def _above_limit(held: Facilities) -> list[Finding]:
    """Facilities of which more is drawn than granted; the amount is the part above."""
    rows = held.snapshot.tables["facilities"]
    limit, drawn = rows["limit"], rows["drawn"]
    chosen = np.flatnonzero(held.counted & (limit != NULL) & (drawn > limit))
    found = []
    for i, name in zip(chosen.tolist(), _names(held, chosen), strict=True):
        code = int(rows["currency"][i])
        currency = held.snapshot.fx.currencies[code] if code >= 0 else ""
        figures = {"limit": _shown(int(limit[i]), currency), "drawn": _shown(int(drawn[i]), currency)}
        above = None if held.drawn[i] == NULL else int(held.drawn[i] - held.limit[i])
        found.append(finding("drawn_above_limit", [name], above, rows=_rows(held, [i]), figures=figures))
    return found


def _duplicates(held: Facilities) -> list[Finding]:
    """Contracts recorded more than once; the amount is the gross that does not count again."""
    again = np.flatnonzero(held.duplicate_of >= 0)
    by: dict[int, list[int]] = {}
    for i in again.tolist():
        by.setdefault(int(held.duplicate_of[i]), []).append(i)
    refs = held.snapshot.tables["facilities"].text("contract_ref")
    return [
        finding(
            "duplicate_record", _names(held, [kept, *others]), total(held.gross[others]),
            rows=_rows(held, [kept, *others]), contract_ref=refs[kept].as_py(),
        )
        for kept, others in by.items()
    ]  # fmt: skip


def _shown(units: int, currency: str) -> str:
    """An amount of minor units as a sentence shows it."""
    return f"{units // 100:,}.{units % 100:02d} {currency}".rstrip()
