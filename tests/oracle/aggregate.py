"""Exposure by dictionaries and fractions: every rule read off the rows, every sum over whole sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import floor

Row = Mapping[str, object]
Amount = int | None
UNKNOWN = "(unknown)"
LINE = "umbrella "
APART = " (unknown part)"


def half_even(x: Fraction) -> int:
    """Nearest whole number, ties to even."""
    return round(x)


def cents(value: object) -> Amount:
    """An amount of a row in minor units."""
    return None if value is None else int(Decimal(str(value)) * 100)


def ratio(value: object) -> Fraction:
    """A decimal of a row."""
    return Fraction(Decimal(str(value)))


@dataclass
class Rules:
    """What a pack says: factors by product, floor, line of look-through (None = none), its sign."""

    ccf: Mapping[str, Fraction]
    floor: Fraction
    line: Fraction | None
    on_the_line: bool = True


@dataclass
class Piece:
    """A claim: how much of a facility falls on which parties, each in full."""

    parties: frozenset[str]
    limit: Amount
    drawn: Amount
    gross: Amount


@dataclass
class Oracle:
    """A book's rows by table, the rates (base per unit) of one day, and the rules."""

    tables: Mapping[str, Sequence[Row]]
    rates: Mapping[str, Fraction]
    rules: Rules
    as_of: dt.date
    gross: dict[str, Amount] = field(default_factory=dict)
    duplicate_of: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, list[Piece]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Value every facility, take out duplicates, look through."""
        counted = [f for f in self.rows("facilities") if self.counts(f)]
        self.gross = {str(f["facility_id"]): self.base(self.own_gross(f), f) for f in counted}
        for f in counted:
            same = [g for g in counted if self.record(g) == self.record(f)] if self.record(f)[0] else []
            best = min(same, key=self.order, default=f)
            if best is not f:
                self.duplicate_of[str(f["facility_id"])] = str(best["facility_id"])
        self.held = {
            str(f["facility_id"]): f for f in counted if str(f["facility_id"]) not in self.duplicate_of
        }
        self.pieces = {name: self.claims(f) for name, f in self.held.items()}

    def rows(self, table: str) -> Sequence[Row]:
        """Rows of a table."""
        return self.tables.get(table, ())

    def base(self, amount: Amount, row: Row) -> Amount:
        """An amount of a row in base minor units."""
        rate = self.rates.get(str(row.get("currency")))
        return None if amount is None or rate is None else half_even(amount * rate)

    def counts(self, f: Row) -> bool:
        """Whether a facility counts, duplicates apart."""
        status = str(f.get("status") or "").strip().lower()
        years, date = f.get("residual_maturity"), f.get("maturity_date")
        matured = ratio(years) <= 0 if years is not None else date is not None and date <= self.as_of  # type: ignore[operator]
        return status not in {"closed", "written_off", "proposed"} and not (
            matured and cents(f["drawn"]) == 0
        )

    def factor(self, f: Row) -> Fraction:
        """Conversion factor: given, by product, or 100 %, with the floor."""
        given = f.get("ccf")
        own = self.rules.ccf.get(str(f["product"]), Fraction(1)) if given is None else ratio(given)
        return max(own, self.rules.floor)

    def own_gross(self, f: Row) -> Amount:
        """Gross in the facility's currency."""
        limit, drawn = cents(f["limit"]), cents(f["drawn"])
        start = f.get("start_date")
        if f.get("umbrella_id"):
            return drawn
        if f.get("exposure_value") is not None:
            return cents(f["exposure_value"])
        if start is not None and start > self.as_of:  # type: ignore[operator]
            return None if limit is None else half_even(self.factor(f) * limit)
        if limit is None or drawn is None:
            return None
        return drawn + half_even(self.factor(f) * max(0, limit - drawn))

    @staticmethod
    def record(f: Row) -> tuple[str, object, object]:
        """What makes two records one contract."""
        return (
            str(f.get("contract_ref") or "").strip() and str(f["contract_ref"]),
            f["lender_id"],
            f["obligor_id"],
        )

    def order(self, f: Row) -> tuple[int, int, str]:
        """Records of one contract, the one that stays first."""
        gross = self.gross[str(f["facility_id"])]
        return gross is None, -(gross or 0), str(f["facility_id"])

    def carriers(self, f: Row) -> frozenset[str]:
        """Who owes a facility: the obligor and the co-obligors of all its records."""
        name = str(f["facility_id"])
        records = {name} | {d for d, kept in self.duplicate_of.items() if kept == name}
        others = {str(c["party_id"]) for c in self.rows("co_obligors") if c["facility_id"] in records}
        return frozenset(others | {str(f["obligor_id"])})

    def tier1(self, lender: str) -> Amount:
        """Capital of a lender, or of the nearest one above it."""
        by = {str(row["lender_id"]): row for row in self.rows("lenders")}
        passed: set[str] = set()
        while lender in by and lender not in passed:
            row = by[lender]
            own = self.base(cents(row.get("tier1")), {"currency": row.get("currency") or "EUR"})
            whole = self.base(
                cents(row.get("tier1_consolidated")), {"currency": row.get("currency") or "EUR"}
            )
            found = own if not passed or whole is None else whole
            if found is not None:
                return found
            passed.add(lender)
            lender = str(row.get("parent_id"))
        return None

    def claims(self, f: Row) -> list[Piece]:
        """What is owed by whom after look-through."""
        gross = self.gross[str(f["facility_id"])]
        limit, drawn = self.base(cents(f["limit"]), f), self.base(cents(f["drawn"]), f)
        held: dict[str, int] = {}
        apart: set[str] = set()
        for u in self.rows("underlyings"):
            if u["facility_id"] == f["facility_id"] and gross != 0 and self.rules.line is not None:
                amount = self.base(cents(u["amount"]), u)
                party = UNKNOWN if u.get("party_id") is None else str(u["party_id"])
                if amount is None:
                    apart.add(party)
                else:
                    held[party] = held.get(party, 0) + amount
        through: dict[str, int] = {}
        if held:
            total = sum(held.values())
            scale = Fraction(gross, total) if gross is not None and total > gross else Fraction(1)
            parts = largest_remainder({p: a * scale for p, a in held.items()})
            capital = self.tier1(str(f["lender_id"]))
            for party, amount in held.items():
                if (
                    party == UNKNOWN
                    or capital is None
                    or self.reaches(amount * scale, self.rules.line * capital)
                ):
                    through[party] = parts[party]
        rest = None if gross is None else gross - sum(through.values())
        pieces = [Piece(self.carriers(f), limit, drawn, rest)]
        shown = [(p, None if gross is None else a) for p, a in through.items() if a]
        return pieces + [Piece(frozenset({p}), 0, 0, a) for p, a in [*shown, *((p, None) for p in apart)]]

    def reaches(self, amount: Fraction, line: Fraction) -> bool:
        """Whether an amount is on the side of the line that is looked through."""
        return amount >= line if self.rules.on_the_line else amount > line

    def umbrella(self, name: str) -> tuple[Amount, Amount]:
        """Limit and headroom line of an umbrella in base minor units."""
        row = next(u for u in self.rows("umbrellas") if u["umbrella_id"] == name)
        limit = self.base(cents(row["limit"]), row)
        members = [f for f in self.held.values() if f.get("umbrella_id") == name]
        amounts = [(self.base(cents(f["limit"]), f), self.base(cents(f["drawn"]), f)) for f in members]
        if limit is None or any(a is None or b is None for a, b in amounts):
            return limit, None
        drawn = sum(b for _, b in amounts if b is not None)
        undrawn = sum(max(0, a - b) for a, b in amounts if a is not None and b is not None)
        return limit, half_even(max(0, min(limit - drawn, undrawn)) * max(map(self.factor, members)))

    def lines(
        self, parties: Iterable[str], lender: str | None, *, umbrellas: bool
    ) -> dict[str, list[Amount]]:
        """Facilities and umbrella lines of a set of parties: limit, drawn, gross by name, parts unknown apart."""
        chosen, found, under = frozenset(parties), {}, {}
        for name, f in self.held.items():
            mine = [p for p in self.pieces[name] if p.parties & chosen]
            if mine and lender in (None, f["lender_id"]):
                for key in (name, name + APART):
                    parts = [p for p in mine if (p.gross is None) == (key != name)]
                    if parts:
                        found[key] = [
                            plus(getattr(p, of) for p in parts) for of in ("limit", "drawn", "gross")
                        ]
                if umbrellas and f.get("umbrella_id") and self.pieces[name][0] in mine:
                    under.setdefault(str(f["umbrella_id"]), []).append(self.pieces[name][0].limit or 0)
        for name, limits in under.items():
            limit, gross = self.umbrella(name)
            found[LINE + name] = [0 if limit is None else -max(0, sum(limits) - limit), 0, gross]
        return found

    def totals(
        self, parties: Iterable[str], lender: str | None, *, umbrellas: bool
    ) -> tuple[int, int, int, int]:
        """Limit, drawn, gross and number of claims and lines with something unknown of a set of parties."""
        chosen = frozenset(parties)
        lines = self.lines(chosen, lender, umbrellas=umbrellas)
        pieces = [
            [p.limit, p.drawn, p.gross]
            for name, f in self.held.items()
            for p in self.pieces[name]
            if p.parties & chosen and lender in (None, f["lender_id"])
        ]
        every = [*pieces, *(line for name, line in lines.items() if name.startswith(LINE))]
        sums = [sum(line[j] or 0 for line in every) for j in range(3)]
        return sums[0], sums[1], sums[2], sum(None in line for line in every)


def plus(amounts: Iterable[Amount]) -> Amount:
    """Sum; unknown where a part is."""
    held = list(amounts)
    return None if None in held else sum(a for a in held if a is not None)


def largest_remainder(exact: Mapping[str, Fraction]) -> dict[str, int]:
    """Whole parts of exact ones with the same (whole) total; ties by name."""
    parts = {name: floor(x) for name, x in exact.items()}
    left = sum(exact.values()) - sum(parts.values())
    for name in sorted(exact, key=lambda name: (parts[name] - exact[name], name))[: int(left)]:
        parts[name] += 1
    return parts
