"""Formats: amounts, shares, counts and dates as people read them in each language, exact figures beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_UNITS: Final = {
    "zh": ((Decimal(10**8), "亿"), (Decimal(10**4), "万")),
    "en": ((Decimal(10**9), "bn"), (Decimal(10**6), "m")),
}
"""Units of amounts by language, the large one first."""
_LARGE: Final = 50_000
"""A column is shown in the large unit when its largest amount has this many of the small one."""
_SHARE_PLACES: Final = Decimal("0.01")


@dataclass(frozen=True)
class Unit:
    """The unit of a column of amounts: what one of it is worth, and its name in the heading."""

    worth: Decimal
    name: str

    def heading(self, label: str, currency: str = "") -> str:
        """A heading with the unit behind it, without a currency where that stands in a column of its own.

        >>> unit([Decimal(10**9)], "zh").heading("敞口", "CNY").split()
        ['敞口（亿', 'CNY）']
        >>> unit([Decimal(10**6)], "en").heading("Limit")
        'Limit (m)'
        """
        behind = f"{self.name}\N{NO-BREAK SPACE}{currency}" if currency else self.name
        return f"{label} ({behind})" if self.name.isascii() else f"{label}（{behind}）"

    def show(self, value: Decimal | None) -> str:
        """An amount in this unit with two places; "0.00" only where it is nothing, an en dash where it is unknown.

        >>> Unit(Decimal(10**6), "m").show(Decimal("1234567.89")), Unit(Decimal(10**6), "m").show(Decimal("12"))
        ('1.23', '<0.01')
        """
        if value is None:
            return "–"
        scaled = value / self.worth
        if value and abs(scaled) < Decimal("0.005"):
            return "<0.01" if value > 0 else ">−0.01"
        return f"{scaled:,.2f}".replace("-", "−")


def unit(values: Sequence[Decimal | None], language: str) -> Unit:
    """The unit in which a column of amounts reads best.

    >>> unit([Decimal("20000000")], "en").name, unit([Decimal("200000000000")], "en").name
    ('m', 'bn')
    """
    largest = max((abs(v) for v in values if v is not None), default=Decimal(0))
    (large, name), (small, short) = _UNITS[language]
    return Unit(large, name) if largest >= _LARGE * small else Unit(small, short)


def short(value: Decimal | None, language: str) -> str:
    """An amount standing alone, with its unit on the same line.

    >>> short(Decimal("33863586070"), "zh").split(), short(Decimal("33863586070"), "en").split()
    (['338.64', '亿'], ['33.86', 'bn'])
    """
    if value is None:
        return "–"
    for worth, name in _UNITS[language]:
        if abs(value) >= worth:
            return f"{value / worth:,.2f}\N{NO-BREAK SPACE}{name}".replace("-", "−")
    return f"{value:,.2f}".replace("-", "−")


def typed(value: str) -> str:
    """An amount as somebody typed it, its thousands set apart; anything else as it is.

    >>> typed("50000000"), typed("1234.5"), typed("1e9"), typed("x")
    ('50,000,000', '1,234.5', '1e9', 'x')
    """
    whole, point, rest = value.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.isdecimal() else value


def modelled(value: float | None) -> Decimal | None:
    """A modelled amount to the cent.

    >>> modelled(0.1 + 0.2)
    Decimal('0.3')
    """
    return None if value is None else Decimal(str(round(value, 2)))


def exact(value: Decimal | None, currency: str) -> str:
    """An amount to the cent with its currency, for hovering and downloads."""
    return "" if value is None else f"{value:,.2f} {currency}"


def percent(value: Decimal | float | None, places: int = 1) -> str:
    """A ratio as a percentage.

    >>> percent(0.15606, 2), percent(None)
    ('15.61 %', '–')
    """
    return "–" if value is None or value != value else f"{float(value) * 100:,.{places}f} %"  # noqa: PLR0124 (NaN)


def share(value: Decimal | None) -> str:
    """An exact share as a percentage without needless digits.

    >>> share(Decimal("0.510000000")), share(Decimal("0.3333"))
    ('51 %', '33.33 %')
    """
    if value is None:
        return "–"
    shown = (value * 100).quantize(_SHARE_PLACES).normalize()
    return f"{shown:f} %"


def count(value: int | None) -> str:
    """A count with thousands set apart."""
    return "–" if value is None else f"{value:,}"


def day(value: dt.date | str | None, language: str) -> str:
    """A date by locale.

    >>> day(dt.date(2026, 9, 30), "zh"), day("2026-09-30", "en")
    ('2026年9月30日', '30 Sep 2026')
    """
    if value is None or value == "":
        return "–"
    held = dt.date.fromisoformat(value) if isinstance(value, str) else value
    if language == "zh":
        return f"{held.year}年{held.month}月{held.day}日"
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{held.day} {months[held.month - 1]} {held.year}"
