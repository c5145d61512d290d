"""Limits by dictionaries and fractions: every scope, every subject, every rule, read off the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from tests.oracle.aggregate import Amount, Oracle, Row, cents

PERCENT = Fraction(1, 100)
RULES: Mapping[str, Mapping[str, tuple[str, Fraction]]] = {
    "EU-CRR": {"single": ("tier1", 25 * PERCENT), "group": ("tier1", 25 * PERCENT), "gsib": ("tier1", 15 * PERCENT),
               "bank": ("tier1", 25 * PERCENT), "non_institution": ("tier1", 25 * PERCENT),
               "unidentified": ("tier1", 25 * PERCENT)},
    "BASEL-LEX": {"single": ("tier1", 25 * PERCENT), "group": ("tier1", 25 * PERCENT),
                  "gsib": ("tier1", 15 * PERCENT), "bank": ("tier1", 25 * PERCENT),
                  "unidentified": ("tier1", 25 * PERCENT)},
    "CN-LE": {"single": ("tier1", 15 * PERCENT), "group": ("tier1", 20 * PERCENT), "gsib": ("tier1", 15 * PERCENT),
              "bank": ("tier1", 25 * PERCENT), "non_institution": ("tier1", 20 * PERCENT),
              "unidentified": ("tier1", 15 * PERCENT), "loans": ("net_capital", 10 * PERCENT)},
    "CN-GROUP": {"group": ("net_capital", 15 * PERCENT)},
}  # fmt: skip
"""The rulebook's numbers once more, on purpose."""
GROSS = {"CN-GROUP"}
"""Packs whose limits test gross."""
LINES = {
    "EU-CRR": (10 * PERCENT, True),
    "BASEL-LEX": (10 * PERCENT, True),
    "CN-LE": (Fraction(5, 200), False),
}
"""Share of Tier 1 from which gross is large, and whether the line itself is."""
INSTITUTION = 150_000_000_00
Key = tuple[str, str, str, str, str]


@dataclass
class Held:
    """One scope: a lender alone, or with all below it."""

    lender: str
    level: str
    lenders: frozenset[str]
    inside: frozenset[str]
    capital: Mapping[str, Amount]
    gsib: bool


@dataclass
class LimitsOracle:
    """A book, the groups of a pack (id to members), and the book after mitigation where that differs."""

    book: Oracle
    pack: str
    groups: Mapping[str, frozenset[str]]
    after: Oracle | None = None

    def row(self, name: str) -> Row:
        """A party's row; an empty one for ``(unknown)``."""
        return next((p for p in self.book.rows("parties") if p["party_id"] == name), {})

    def bank(self, name: str) -> bool:
        """Whether a party is an institution."""
        return self.row(name).get("kind") == "bank"

    def exempt(self, name: str) -> bool:
        """Whether a party is a government at 0 %, under the Chinese pack at home or well rated."""
        row = self.row(name)
        good = row.get("kind") == "government" and row.get("risk_weight") in (None, "0")
        home = row.get("country") in (None, "CN") or row.get("rating") in {"AAA", "AA+", "AA", "AA-"}
        return good and (home or not self.pack.startswith("CN"))

    def scopes(self) -> Iterator[Held]:
        """Every lender solo, then those with children."""
        rows = {str(b["lender_id"]): b for b in self.book.rows("lenders")}
        for name, row in rows.items():
            capital = {c: self.amount(row, c) for c in ("tier1", "net_capital")}
            yield Held(name, "solo", frozenset({name}), frozenset(), capital, row.get("gsib") is True)
            below = {name}
            while more := {n for n, r in rows.items() if r.get("parent_id") in below} - below:
                below |= more
            if any(r.get("parent_id") == name and n != name for n, r in rows.items()):
                whole = {c: self.amount(row, f"{c}_consolidated") for c in capital}
                together = {c: capital[c] if whole[c] is None else whole[c] for c in capital}
                inside = frozenset(str(rows[n]["party_id"]) for n in below if rows[n].get("party_id"))
                yield Held(name, "consolidated", frozenset(below), inside, together, row.get("gsib") is True)

    def amount(self, row: Row, column: str) -> Amount:
        """A capital figure in base minor units."""
        return self.book.base(cents(row.get(column)), {"currency": row.get("currency") or "EUR"})

    def owed(
        self, scope: Held, parties: frozenset[str], *, group: bool, net: bool = False
    ) -> tuple[int, bool]:
        """What the scope's lenders have on a set of parties, and whether an amount is unknown."""
        found = {}
        book = (self.after or self.book) if net else self.book
        for lender in scope.lenders:
            found |= book.lines(parties - scope.inside, lender, umbrellas=group)
        return sum(line[2] or 0 for line in found.values()), any(line[2] is None for line in found.values())

    def subjects(self) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Scope word, id and members of every party and group."""
        for name in [*(str(p["party_id"]) for p in self.book.rows("parties")), "(unknown)"]:
            yield "party", name, frozenset({name})
        for name, members in self.groups.items():
            yield "group", name, members

    def ceiling(self, scope: Held, rule: str) -> Fraction | None:
        """The exact limit; None without capital."""
        base, share = RULES[self.pack][rule]
        capital = scope.capital[base]
        if capital is None:
            return None
        if self.pack == "EU-CRR" and rule == "bank":
            return max(share * capital, Fraction(min(INSTITUTION, capital)))
        return share * capital

    def rule(self, scope: Held, name: str, members: frozenset[str]) -> str | None:
        """Which rule binds a subject."""
        rules = RULES[self.pack]
        chain = ["group" if name.startswith("G:") else "unidentified" if name == "(unknown)" else "single"]
        if any(map(self.bank, members)):
            chain.insert(0, "bank")
        if scope.gsib and any(self.row(m).get("gsib") is True for m in members):
            chain = ["gsib", "bank", *chain]
        return next((r for r in chain if r in rules), None)

    def tests(self) -> dict[Key, tuple[int, int, bool | None]]:
        """Limit (rounded down), value and breach of every test with capital and an exposure, known or not."""
        found = {}
        for scope in self.scopes():
            for word, name, members in self.subjects():
                gross, unknown = self.owed(scope, members, group=word == "group")
                kept = frozenset(m for m in members if not self.exempt(m))
                after = self.owed(scope, kept, group=word == "group", net=True)
                jobs = [(self.rule(scope, name, members), (gross, unknown) if self.pack in GROSS else after)]
                if word == "group" and any(map(self.bank, members)) and "non_institution" in RULES[self.pack]:
                    others = frozenset(m for m in kept if not self.bank(m))
                    part = self.owed(scope, others, group=True, net=True)
                    there = self.owed(scope, others, group=True)
                    jobs += [("non_institution", part)] if any(there) else []
                for rule, (value, blank) in jobs:
                    limit = None if rule is None else self.ceiling(scope, rule)
                    base = None if rule is None else scope.capital[RULES[self.pack][rule][0]]
                    if limit is not None and (gross or unknown) and base is not None:
                        broken = True if value > limit else None if blank else False
                        key = (word, name, scope.lender, scope.level, f"{self.pack} {rule}")
                        found[key] = (floor(limit), value, broken)
        return found

    def large(self) -> set[tuple[str, str, str]]:
        """Subject, lender and level of everything that is large."""
        line, on_it = LINES[self.pack]
        found = set()
        for scope in self.scopes():
            for word, name, members in self.subjects():
                capital = scope.capital["tier1"]
                gross, _ = self.owed(scope, members, group=word == "group")
                if (
                    capital is not None
                    and gross
                    and (gross >= line * capital if on_it else gross > line * capital)
                ):
                    found.add((name, scope.lender, scope.level))
        return found

    def loans(self, is_loan: frozenset[str]) -> dict[Key, tuple[int, int]]:
        """Limit and value of the test of loans, of the Chinese pack."""
        found = {}
        for scope in self.scopes():
            for word, name, _ in self.subjects():
                limit = self.ceiling(scope, "loans")
                if word == "group" or limit is None or self.bank(name) or self.exempt(name):
                    continue
                drawn = [
                    self.book.base(cents(f["drawn"]), f)
                    for i, f in self.book.held.items()
                    if f["product"] in is_loan
                    and f["lender_id"] in scope.lenders
                    and name in self.book.pieces[i][0].parties - scope.inside
                ]
                if any(amount != 0 for amount in drawn):
                    key = (word, name, scope.lender, scope.level, f"{self.pack} loans")
                    found[key] = (floor(limit), sum(filter(None, drawn)))
        return found
