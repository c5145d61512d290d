"""Draft: the rows of a book while it is written, and what is planted in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

AS_OF = dt.date(2026, 9, 30)
"""The day of the book."""
RATES = {"CNY": Decimal(1), "USD": Decimal("7.1"), "EUR": Decimal(8)}
"""Rates on that day, base currency per unit."""

Cell = str | int | Decimal | bool | dt.date | None
Number = int | str | Decimal


@dataclass(frozen=True)
class Plant:
    """A finding that must come out: its code, subjects, amount in yuan (None = none), the pack that it needs.

    ``pack`` is empty where every pack finds it; ``figure`` tells in words what the amount is made of.
    """

    code: str
    subjects: tuple[str, ...]
    amount: Decimal | None
    pack: str
    story: str
    figure: str

    @property
    def name(self) -> str:
        """Code and subjects, separated by a space."""
        return " ".join((self.code, *self.subjects))


@dataclass(frozen=True)
class Figure:
    """A number that a result table must hold: in ``table``, the row where ``where``, the column and its value."""

    table: str
    where: tuple[tuple[str, str], ...]
    column: str
    value: Decimal
    pack: str
    story: str
    figure: str


@dataclass
class Draft:
    """A book in the making. Amounts come in millions, shares as text."""

    tables: dict[str, list[dict[str, Cell]]] = field(default_factory=dict)
    plants: list[Plant] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    story: str = ""
    _last: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, **row: Cell) -> None:
        """Append a row to a table."""
        self.tables.setdefault(table, []).append(row)

    def next_id(self, stem: str) -> str:
        """The next id of a stem: F-BANK-XIWAN-1, F-BANK-XIWAN-2."""
        self._last[stem] = self._last.get(stem, 0) + 1
        return f"{stem}-{self._last[stem]}"

    def party(self, party_id: str, zh: str, en: str, kind: str = "company", **more: Cell) -> str:
        """A party; country CN and currency CNY unless said, ``equity`` and other amounts in millions."""
        amounts = ("equity", "total_assets", "revenue", "expenses", "external_assets", "external_liabilities",
                   "external_debt")  # fmt: skip
        row = {k: yuan(v) if k in amounts and v is not None else v for k, v in more.items()}  # type: ignore[arg-type]
        self.add("parties", party_id=party_id, name=zh, kind=kind, name_en=en, **{"country": "CN", **row})
        return party_id

    def firm(
        self, tag: str, zh: str, en: str, equity: Number | None = None, revenue: Number | None = None,
        **more: Cell,
    ) -> str:  # fmt: skip
        """A Chinese limited company ``C-tag``, the legal form added to both names."""
        figures: dict[str, Cell] = {"equity": equity, "revenue": revenue, **more}
        return self.party(f"C-{tag}", f"{zh}有限公司", f"{en} Co., Ltd.", "company", **figures)

    def family_firm(
        self, tag: str, names: tuple[str, str], owner: tuple[str, str], equity: Number, revenue: Number,
        **more: Cell,
    ) -> str:  # fmt: skip
        """A firm ``C-TAG-01`` with its one owner ``P-TAG-OWNER``; names are Chinese and English."""
        firm = self.firm(f"{tag}-01", names[0], names[1], equity, revenue, **more)
        self.owns(self.person(f"{tag}-OWNER", *owner), firm, "1")
        return firm

    def person(self, tag: str, zh: str, en: str) -> str:
        """A person ``P-tag``."""
        return self.party(f"P-{tag}", zh, en, "person")

    def owns(
        self, owner: str, owned: str, share: str | None, voting: str | None = None, **more: Cell
    ) -> None:
        """A stake; votes like the capital unless said."""
        self.add("ownership", owner_id=owner, owned_id=owned, share=share, voting=voting, **more)

    def holders(self, owned: str, shares: Mapping[str, str]) -> None:
        """All holders of a company with their shares."""
        for owner, share in shares.items():
            self.owns(owner, owned, share)

    def lent(
        self, lender: str, obligor: str, limit: Number, drawn: Number | None = None, **more: Cell
    ) -> str:
        """A facility of ``L-lender`` in millions: fully drawn, a term loan in CNY over three years unless said."""
        stem = f"F-{lender}-{obligor.split('-')[1]}"
        facility = str(more.pop("facility_id", None) or self.next_id(stem))
        terms: dict[str, Cell] = {
            "product": "term_loan",
            "currency": "CNY",
            "start_date": dt.date(2025, 3, 15),
            "maturity_date": dt.date(2028, 3, 15),
            "contract_ref": f"YQ{lender}-2025-{facility.removeprefix('F-')}",
        }
        for name in ("exposure_value", "provision", "purpose_amount", "cash_collateral"):
            if more.get(name) is not None:
                more[name] = yuan(more[name])  # type: ignore[arg-type]
        used = limit if drawn is None else drawn
        self.add(
            "facilities", facility_id=facility, lender_id=f"L-{lender}", obligor_id=obligor,
            limit=yuan(limit), drawn=yuan(used), **{**terms, **more},
        )  # fmt: skip
        return facility

    def guarantees(
        self, guarantor: str, covers: Iterable[str] = (), form: str = "full", cap: Number | None = None,
        **more: Cell,
    ) -> str:  # fmt: skip
        """A guarantee for these facilities; eligible, cap in millions of CNY."""
        guarantee = str(more.pop("guarantee_id", None) or self.next_id(f"GU-{guarantor.split('-', 1)[1]}"))
        row: dict[str, Cell] = {
            "cap": None if cap is None else yuan(cap),
            "currency": "CNY",
            "eligible": True,
        }
        self.add("guarantees", guarantee_id=guarantee, guarantor_id=guarantor, form=form, **{**row, **more})
        for facility in covers:
            self.add("guarantee_covers", guarantee_id=guarantee, facility_id=facility)
        return guarantee

    def plant(
        self, code: str, subjects: Iterable[str] | str, amount: Number | None = None, figure: str = "",
        pack: str = "",
    ) -> None:  # fmt: skip
        """Say that this finding must come out; the amount in millions."""
        who = (subjects,) if isinstance(subjects, str) else tuple(sorted(subjects))
        value = None if amount is None else yuan(amount)
        self.plants.append(Plant(code, who, value, pack, self.story, figure))

    def total(
        self, table: str, who: str, column: str, amount: Number, figure: str, pack: str = "EU-CRR"
    ) -> None:
        """Say what a party or group must total over all lenders, in millions."""
        key = {"party_exposures": "party_id", "guarantors": "party_id"}.get(table, "group_id")
        where = ((key, who), ("lender_id", "")) if table.endswith("_exposures") else ((key, who),)
        self.figures.append(Figure(table, where, column, yuan(amount), pack, self.story, figure))

    def moved(self, guarantee: str, facility: str, amount: Number, figure: str) -> None:
        """Say what substitution moves from obligor to guarantor, in millions."""
        where = (("facility_id", facility), ("guarantee_id", guarantee))
        self.figures.append(Figure("mitigation", where, "moved", yuan(amount), "EU-CRR", self.story, figure))

    def number(self, table: str, where: Mapping[str, str], column: str, value: str, figure: str) -> None:
        """Say what share or count a row must hold."""
        rows = tuple(where.items())
        self.figures.append(Figure(table, rows, column, Decimal(value), "EU-CRR", self.story, figure))


def yuan(millions: Number) -> Decimal:
    """Millions as units of the currency.

    >>> yuan("1.5")
    Decimal('1500000')
    """
    amount = Decimal(millions) * 1_000_000
    return amount.quantize(Decimal(1) if amount == int(amount) else Decimal("0.01"))


def day(text: str) -> dt.date:
    """A date from YYYY-MM-DD."""
    return dt.date.fromisoformat(text)
