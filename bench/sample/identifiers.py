"""Identifiers with right check digits, in ranges that no register has given out."""

from __future__ import annotations

from typing import Final

USCC: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of a unified social credit code (GB 32100), by value."""
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def organisation(number: int) -> str:
    """Organisation code (GB 11714): eight characters and a check character, modulo 11.

    >>> organisation(1)
    'MA9000011'
    """
    body = f"MA{900_000 + number}"
    rest = sum(w * _LETTERS.index(c) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), body, strict=True)) % 11
    return body + "0X987654321"[rest]


def uscc(number: int) -> str:
    """Unified social credit code of an invented company in the region 999001, which does not exist.

    >>> uscc(1)[:8], len(uscc(1))
    ('91999001', 18)
    """
    body = "91999001" + organisation(number)
    total = sum(3**i % 31 * USCC.index(c) for i, c in enumerate(body))
    return body + USCC[-total % 31]


def lei(number: int) -> str:
    """Legal entity identifier (ISO 17442) of a prefix that no issuer has.

    >>> lei(1)
    '999900SAMPLE00000161'
    """
    body = f"999900SAMPLE{number:06}"
    value = int("".join(str(_LETTERS.index(c)) for c in body + "00"))
    return f"{body}{98 - value % 97:02}"


def wrong(identifier: str) -> str:
    """The identifier with another last character."""
    last = USCC.index(identifier[-1])
    return identifier[:-1] + USCC[(last + 1) % len(USCC)]
