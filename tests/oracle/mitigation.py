"""Mitigation by dictionaries and fractions: guarantees allocated by hand, claims moved one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from tests.oracle.aggregate import Amount, Oracle, Row, cents, half_even, largest_remainder, ratio

Pair = tuple[str, str]
BY_SHARE = {"share", "several", "pari_passu", "counter"}
NEEDS = {"capped", "first_loss", "second_loss", "share", "several", "pari_passu"}


@dataclass
class Terms:
    """What a pack says of protection: mismatches (None = not asked), covered bonds, exempt parties."""

    currency: Fraction
    floor: Fraction | None
    longest: Fraction | None
    original: Fraction | None
    covered_bond: Fraction
    exempt: frozenset[str]


@dataclass
class Mitigated:
    """A book after mitigation: reason and amount of each pair, and claims as (facility, carriers, amount)."""

    book: Oracle
    terms: Terms
    debt: dict[str, Amount] = field(default_factory=dict)
    reason: dict[Pair, str] = field(default_factory=dict)
    amount: dict[Pair, int] = field(default_factory=dict)
    claims: list[tuple[str, frozenset[str], int, bool]] = field(default_factory=list)
    cuts: list[tuple[str, frozenset[str], int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Allocate, then move."""
        held = self.book.held
        self.own = {str(b["lender_id"]): {b.get("party_id")} for b in self.book.rows("lenders")}
        self.parties = {str(p["party_id"]): p for p in self.book.rows("parties")}
        self.cash = {f: min(self.book.base(cents(r.get("cash_collateral")), r) or 0, self.gross(f) or 0)
                     for f, r in held.items()}  # fmt: skip
        self.debt = {f: None if self.gross(f) is None else (self.gross(f) or 0) - self.cash[f] for f in held}
        given = {str(g["guarantee_id"]): g for g in self.book.rows("guarantees")}
        self.guarantees = given
        covers = {name: self.covered(g) for name, g in given.items()}
        self.reason = {(g, f): self.why(given[g], f) for g in given for f in sorted(covers[g])}
        claim: dict[Pair, int] = {}
        for name, g in given.items():
            claim.update(self.offered(g, [f for f in sorted(covers[name]) if not self.reason[name, f]]))
        for f in held:
            self.settle(f, {g: c for (g, h), c in claim.items() if h == f and c > 0})
        self.move()

    def gross(self, facility: str) -> Amount:
        """Gross of a facility."""
        return self.book.gross[facility]

    def covered(self, g: Row) -> set[str]:
        """Facilities that count and that a guarantee covers."""
        if g["form"] == "counter":
            return set()
        found = set()
        for c in self.book.rows("guarantee_covers"):
            name = self.book.duplicate_of.get(str(c["facility_id"]), str(c["facility_id"]))
            if c["guarantee_id"] == g["guarantee_id"] and name in self.book.held:
                found.add(name)
        owed = {f for f, row in self.book.held.items() if g.get("obligor_id") in self.book.carriers(row)}
        return found | owed

    def cap(self, g: Row) -> tuple[Amount, Fraction, bool]:
        """Bound in base minor units (None = none), part of each debt, and whether something is missing."""
        form, own = str(g["form"]), cents(g.get("cap"))
        cap = self.book.base(own, {"currency": g.get("currency") or "EUR"})
        by_share = form in BY_SHARE and g.get("share") is not None
        part = ratio(g["share"]) if by_share else Fraction(1)
        if form == "full":
            return None, part, False
        missing = (form in NEEDS and own is None and not by_share) or (own is not None and cap is None)
        return cap, part, missing

    def why(self, g: Row, facility: str) -> str:
        """Why a guarantee counts for nothing at a facility, empty if it counts."""
        row, giver = self.book.held[facility], str(g["guarantor_id"])
        expiry, debt = g.get("expiry_date"), self.debt[facility]
        tests = {
            "expired": isinstance(expiry, dt.date) and expiry <= self.book.as_of,
            "self_given": giver in self.book.carriers(row),
            "second_loss": g["form"] == "second_loss",
            "not_eligible": g.get("eligible") is not True,
            "own_lender": giver in self.own.get(str(row["lender_id"]), ()),
            "higher_risk_weight": self.riskier(giver, str(row["obligor_id"])),
            "maturity": self.factor(g, row) == 0,
            "amount_unknown": self.cap(g)[2] or debt is None,
            "no_debt": debt == 0,
        }
        return next((reason for reason, holds in tests.items() if holds), "")

    def riskier(self, giver: str, obligor: str) -> bool:
        """Whether the guarantor's risk weight is known to be above the obligor's."""
        weights = []
        for p in (giver, obligor):
            own = self.parties[p].get("risk_weight")
            state = self.parties[p]["kind"] == "government"
            weights.append(ratio(own) if own is not None else Fraction(0) if state else None)
        return None not in weights and weights[0] > weights[1]  # type: ignore[operator]

    def years(self, row: Row, date: str) -> Fraction | None:
        """Years left."""
        ends = row.get(date)
        if row.get("residual_maturity") is not None:
            return ratio(row["residual_maturity"])
        if not isinstance(ends, dt.date):
            return None
        return Fraction(max((ends - self.book.as_of).days, 0), 365)

    def factor(self, g: Row, row: Row) -> Fraction:
        """What mismatches leave; 0 where a shorter guarantee is none at all."""
        left, terms = Fraction(1), self.terms
        t, end = self.years(g, "expiry_date"), self.years(row, "maturity_date")
        if terms.floor is not None and terms.longest is not None and t is not None and end is not None:
            end = min(end, terms.longest)
            original = g.get("original_maturity")
            brief = original is not None and terms.original is not None and ratio(original) < terms.original
            if t < end:
                if t <= terms.floor or brief:
                    return Fraction(0)
                left = (t - terms.floor) / (end - terms.floor)
        bound = g["form"] != "full" and self.cap(g)[0] is not None
        currency = g.get("currency") or ("EUR" if bound else None)
        if currency is not None and row.get("currency") is not None and currency != row["currency"]:
            left *= 1 - terms.currency
        return left

    def offered(self, g: Row, facilities: list[str]) -> dict[Pair, int]:
        """What one guarantee offers to each of its facilities."""
        bound, part, _ = self.cap(g)
        debts = {f: self.debt[f] or 0 for f in facilities}
        parts = {f: half_even(d * part) for f, d in debts.items()}
        if facilities and bound is not None and (part == 1 or bound < sum(parts.values())):
            whole = sum(debts.values())
            parts = largest_remainder({f: Fraction(bound * d, whole) for f, d in debts.items()})
        name = str(g["guarantee_id"])
        return {(name, f): half_even(p * self.factor(g, self.book.held[f])) for f, p in parts.items()}

    def settle(self, facility: str, claim: Mapping[str, int]) -> None:
        """Scale the claims at a facility down to its debt; joint ones are one claim, shared equally."""
        joint = sorted(g for g in claim if self.guarantees[g]["form"] == "joint_several")
        sides = {g: c for g, c in claim.items() if g not in joint}
        if joint:
            sides[joint[0]] = max(claim[g] for g in joint)
        debt, whole = self.debt[facility] or 0, sum(sides.values())
        if whole > debt:
            sides = largest_remainder({g: Fraction(debt * c, whole) for g, c in sides.items()})
        if joint:
            sides.update(equally(sides[joint[0]], {g: claim[g] for g in joint}))
        self.amount.update({(g, facility): a for g, a in sides.items() if a})

    def move(self) -> None:
        """Claims that are left, and those that arise on guarantors."""
        for f, row in self.book.held.items():
            pieces = self.book.pieces[f]
            names = [(0, "")] + [(1 + (p.gross is None), next(iter(p.parties))) for p in pieces[1:]]
            left = dict(zip(names, [p.gross or 0 for p in pieces], strict=True))
            steps = [left]
            for taken in (self.cash[f], sum(a for (_, h), a in self.amount.items() if h == f)):
                if taken:
                    cut = apportioned(taken, left)
                    left = {k: v - cut[k] for k, v in left.items()}
                steps.append(left)
            bond = row["product"] == "covered_bond"
            for key, piece in zip(names, pieces, strict=True):
                rest = half_even(left[key] * self.terms.covered_bond) if bond else left[key]
                self.claims.append((f, piece.parties - self.terms.exempt, rest, key == (0, "")))
                cash, moved = (a[key] - b[key] for a, b in pairwise(steps))
                self.cuts.append((f, piece.parties, cash, moved, left[key] - rest))
        for (g, f), a in self.amount.items():
            giver = frozenset({str(self.guarantees[g]["guarantor_id"])})
            self.claims.append((f, giver - self.terms.exempt, a, False))

    def net(self, parties: Iterable[str], lender: str | None, *, umbrellas: bool) -> int:
        """Net of a set of parties towards a lender (None = all)."""
        chosen, total, lines = frozenset(parties), 0, set()
        for f, carriers, amount, main in self.claims:
            row = self.book.held[f]
            if carriers & chosen and lender in (None, row["lender_id"]):
                total += amount
                if umbrellas and main and row.get("umbrella_id"):
                    lines.add(str(row["umbrella_id"]))
        return total + sum(self.book.umbrella(u)[1] or 0 for u in lines)

    def record(self, facility: str) -> tuple[int, int]:
        """Limit of a facility and what is drawn above it, unknown = 0."""
        row = next(f for f in self.book.rows("facilities") if f["facility_id"] == facility)
        limit, drawn = (self.book.base(cents(row[c]), row) for c in ("limit", "drawn"))
        return limit or 0, max(0, (drawn or 0) - (limit or 0))

    def nominal(self, chosen: frozenset[str]) -> dict[str, int]:
        """The first steps of the bridge of a set of parties, up to gross before look-through."""
        members = [f for f, row in self.book.held.items() if self.book.carriers(row) & chosen]
        again = [d for d, kept in self.book.duplicate_of.items() if kept in members]
        whole = {f: sum(self.record(f)) for f in members}
        under = {
            f: str(self.book.held[f]["umbrella_id"]) for f in members if self.book.held[f].get("umbrella_id")
        }
        known = [f for f in members if self.gross(f) is not None]
        undrawn = {f: whole[f] - (self.gross(f) or 0) for f in known}
        step = dict.fromkeys(("umbrella_overlap", "undrawn_not_converted", "amount_unknown"), 0)
        step["nominal_limit"] = sum(self.record(f)[0] for f in members + again)
        step["drawn_above_limit"] = sum(self.record(f)[1] for f in members + again)
        step["duplicate_records"] = -sum(sum(self.record(f)) for f in again)
        step["undrawn_not_converted"] -= sum(undrawn[f] for f in known if f not in under)
        step["amount_unknown"] -= sum(whole[f] for f in members if f not in known)
        for name in set(under.values()):
            free = sum(undrawn[f] for f in known if under.get(f) == name)
            line, room = self.book.umbrella(name)[1], self.headroom(name)
            if line is None or room is None:
                step["amount_unknown"] -= free
            else:
                step["umbrella_overlap"] += room - free
                step["undrawn_not_converted"] += line - room
        return step

    def headroom(self, name: str) -> Amount:
        """What an umbrella still allows before conversion."""
        ones = [f for f, row in self.book.held.items() if row.get("umbrella_id") == name]
        rows = [self.book.held[f] for f in ones]
        pairs = [[self.book.base(cents(r[c]), r) for c in ("limit", "drawn")] for r in rows]
        limit = self.book.umbrella(name)[0]
        if limit is None or any(None in pair for pair in pairs):
            return None
        drawn = sum(b or 0 for _, b in pairs)
        return max(0, min(limit - drawn, sum(max(0, (a or 0) - (b or 0)) for a, b in pairs)))

    def bridge(self, parties: Iterable[str]) -> dict[str, int]:
        """The steps of the bridge of a set of parties."""
        chosen = frozenset(parties)
        step = self.nominal(chosen)
        step |= dict.fromkeys(("look_through_in", "look_through_out", "cash", "exempt"), 0)
        across: dict[str, int] = {}
        for pieces in self.book.pieces.values():
            owner = bool(pieces[0].parties & chosen)
            for piece in pieces[1:]:
                inside = bool(piece.parties & chosen)
                if owner != inside:
                    step["look_through_in" if inside else "look_through_out"] += (inside - owner) * (
                        piece.gross or 0
                    )
        after = self.net(chosen, None, umbrellas=True)
        for f, carriers, cash, moved, _ in self.cuts:
            if carriers & chosen:
                step["cash"] -= cash
                across[f] = across.get(f, 0) - moved
        for (g, f), a in self.amount.items():
            if self.guarantees[g]["guarantor_id"] in chosen:
                across[f] = across.get(f, 0) + a
        step["substitution_in"] = sum(max(a, 0) for a in across.values())
        step["substitution_out"] = sum(min(a, 0) for a in across.values())
        gross = self.book.totals(chosen, None, umbrellas=True)[2]
        step["exempt"] = after - gross - step["cash"] - sum(across.values())
        return step | {"gross": gross, "net": after}


def apportioned(amount: int, weights: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    """An amount in proportion to weights, by largest remainder; ties in the order of keys."""
    keys, whole = sorted(weights), sum(weights.values())
    parts = largest_remainder({f"{i:04}": Fraction(amount * weights[k], whole) for i, k in enumerate(keys)})
    return {k: parts[f"{i:04}"] for i, k in enumerate(keys)}


def equally(amount: int, claim: Mapping[str, int]) -> dict[str, int]:
    """Share an amount equally, nobody above the own claim; units that are left go by name."""
    low, high = 0, amount
    while low < high:
        level = -(-(low + high) // 2)
        low, high = (
            (level, high) if sum(min(c, level) for c in claim.values()) <= amount else (low, level - 1)
        )
    shares = {g: min(c, low) for g, c in claim.items()}
    for g in [g for g in sorted(claim) if claim[g] > low][: amount - sum(shares.values())]:
        shares[g] += 1
    return shares
