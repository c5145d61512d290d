"""Numbers as people write them in options, scenario files and forms."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from graph.errors import OptionError


def number(text: str) -> Decimal | None:
    """A finite number from 0; None for anything else.

    >>> number(" 0.15 "), number("-1"), number("inf"), number("half")
    (Decimal('0.15'), None, None, None)
    """
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def share(name: str, text: str) -> Decimal:
    """A share from 0 to 1 of the option ``name``; ``OptionError`` for anything else.

    >>> share("recovery", "0.55")
    Decimal('0.55')
    """
    value = number(text)
    if value is None or value > 1:
        raise OptionError(f"{name}={text}: give a share from 0 to 1, such as 0.05")
    return value
