"""Exact money: minor units, exchange at the latest rate, half-even rounding, largest-remainder splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import gcd
from typing import Final

import numpy as np
import numpy.typing as npt

from graph.errors import RangeError
from graph.kernels import money as _kernels

Int64 = npt.NDArray[np.int64]
Int16 = npt.NDArray[np.int16]

NULL: Final = -(2**63)
"""Stands for an unknown number in int64 columns; never a value, since the range of a ``Kind`` leaves it out."""


def half_even(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest whole number, ties to even; the denominator is positive.

    >>> [half_even(n, 2) for n in (1, 3, 5, -1, -3)]
    [0, 2, 2, 0, -2]
    """
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        return whole + 1
    return whole


def scaled(amounts: Int64, numerator: int, denominator: int) -> Int64:
    """Each amount (int64, NULL kept) times numerator / denominator, rounded half-even, exactly.

    Raises ``RangeError`` where a product leaves 64 bits.
    """
    divisor = gcd(numerator, denominator) or 1
    num, den = numerator // divisor, denominator // divisor
    if num == den:
        return amounts
    if num < 2**62 and den < 2**62 and num * den < 2**62:
        out = np.empty(len(amounts), np.int64)
        if _kernels.scale(np.ascontiguousarray(amounts), num, den, out):
            return out
        raise RangeError("a converted amount")
    exact = [NULL if a == NULL else half_even(int(a) * num, den) for a in amounts]
    if any(abs(e) >= 2**63 and e != NULL for e in exact):
        raise RangeError("a converted amount")
    return np.array(exact, np.int64)


def portion(amounts: Int64, parts: Int64) -> Int64:
    """Each amount times parts / 10^9 of its own row, rounded half-even; NULL where either is unknown."""
    out = np.empty(len(amounts), np.int64)
    _kernels.portion(np.ascontiguousarray(amounts), np.ascontiguousarray(parts), out)
    return out


def total(amounts: Int64) -> int:
    """Exact sum of the known amounts, as a Python whole number of any size.

    >>> total(np.array([2**62, 2**62, NULL], np.int64)) == 2**63
    True
    """
    high, low = _kernels.total(np.ascontiguousarray(amounts))
    return int(high) * 2**32 + int(low)


def grouped(units: int) -> str:
    """Minor units as a sentence shows them, every digit of them.

    >>> grouped(123456789), grouped(-50)
    ('1,234,567.89', '-0.50')
    """
    return f"{Decimal(units).scaleb(-2):,.2f}"


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights by largest remainder; ties go to the earlier weight.

    The parts add up to the amount exactly. Weights are not negative and not all zero.

    >>> split(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    parts = [amount * w // whole for w in weights]
    rests = [amount * w % whole for w in weights]
    for i in sorted(range(len(weights)), key=lambda i: (-rests[i], i))[: amount - sum(parts)]:
        parts[i] += 1
    return parts


@dataclass(frozen=True)
class Fx:
    """Exchange into the base currency at the rates of one day.

    ``currencies`` are all codes in use; ``numerator`` / ``denominator`` the rate of each, 0 / 1 where there
    is none.
    """

    base: str
    currencies: tuple[str, ...]
    numerator: tuple[int, ...]
    denominator: tuple[int, ...]

    @classmethod
    def at(cls, base: str, currencies: Sequence[str], rates: dict[str, int]) -> Fx:
        """Rates in any common unit by currency; the base has rate 1 to itself, with or without a row."""
        ground = rates.get(base, 0)
        pairs = [
            (1, 1) if c == base else (rates[c], ground) if c in rates and ground else (0, 1)
            for c in currencies
        ]
        return cls(base, tuple(currencies), tuple(p[0] for p in pairs), tuple(p[1] for p in pairs))

    @property
    def missing(self) -> tuple[str, ...]:
        """Currencies without a rate."""
        return tuple(c for c, n in zip(self.currencies, self.numerator, strict=True) if not n)

    def convert(self, amounts: Int64, currency: Int16, *, empty_is_base: bool = False) -> Int64:
        """Amounts (int64 minor units) of the coded currencies in base minor units; NULL without a rate.

        ``currency`` indexes ``currencies``, -1 = no currency given: unknown, or the base if so said.
        """
        out = np.full(len(amounts), NULL, np.int64)
        for code in range(-1 if empty_is_base else 0, len(self.currencies)):
            if code >= 0 and not self.numerator[code]:
                continue
            where = np.flatnonzero(currency == code)
            if len(where):
                own = amounts[where]
                out[where] = own if code < 0 else scaled(own, self.numerator[code], self.denominator[code])
        return out
