"""Ceilings (上限): the amounts that a pack's limits and lines come to on a lender's capital, exactly.

A share of capital rarely is a whole number of minor units. What is compared is therefore the largest whole
amount that is still allowed, or the least one that reaches a line, so that no rounding decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

from exposure.limits.capital import Scope
from exposure.rulepack import RulePack, parts
from graph.model import INT64_MAX, SHARE
from graph.money import Fx

NEAR: Final = Fraction(9, 10)
"""Utilisation from which a limit is nearly used up."""
NEVER: Final = INT64_MAX
"""Stands for a line that no amount reaches."""


@dataclass(frozen=True)
class Ceiling:
    """A limit in base minor units: the largest value ``allowed``, the least one ``near``, ``shown`` rounded down.

    >>> Ceiling.of(Fraction(1001, 4), beyond=True)
    Ceiling(allowed=250, shown=250, near=226)
    >>> Ceiling.of(Fraction(250), beyond=False).allowed
    249
    """

    allowed: int
    shown: int
    near: int

    @classmethod
    def of(cls, exact: Fraction, *, beyond: bool = True) -> Ceiling:
        """From the exact limit; with ``beyond`` the limit itself is still allowed."""
        allowed = floor(exact) if beyond else ceil(exact) - 1
        return cls(*(min(v, INT64_MAX) for v in (allowed, floor(exact), ceil(exact * NEAR))))


def amount(pack: RulePack, section: str, name: str, scope: Scope, fx: Fx) -> Fraction | None:
    """What a rule comes to in base minor units; None without the rule, the capital or the rate it needs."""
    rule = pack.rule(section, name)
    if rule is None:
        return None
    if "currency" in rule:
        money = pack.amount(section, name)
        units = None if money is None else money.in_base(fx)
        return None if units is None else Fraction(units)
    base = scope.capital[rule["of"]]
    return None if base is None else Fraction(parts(rule["value"]) * base, SHARE.scale)


def ceiling(pack: RulePack, name: str, scope: Scope, fx: Fx) -> Ceiling | None:
    """A limit of the section ``limits``; None as for ``amount``.

    The limit of banks is the higher of its share and ``bank_amount``, the latter not above ``bank_ceiling``
    (CRR Art. 395(1)), where the pack names these.
    """
    exact = amount(pack, "limits", name, scope, fx)
    if name == "bank" and exact is not None and pack.rule("limits", "bank_amount") is not None:
        floor_, most = (amount(pack, "limits", r, scope, fx) for r in ("bank_amount", "bank_ceiling"))
        if floor_ is None:
            return None
        exact = max(exact, floor_ if most is None else min(floor_, most))
    if exact is None:
        return None
    line = pack.threshold("limits", name)
    return Ceiling.of(exact, beyond=line is None or not line.on_the_line)


def least(pack: RulePack, section: str, name: str, scope: Scope, fx: Fx) -> int:
    """Least whole amount that meets a line of the pack; ``NEVER`` where there is none to compare with."""
    exact = amount(pack, section, name, scope, fx)
    if exact is None:
        return NEVER
    rule = pack.rule(section, name) or {}
    return min(ceil(exact) if rule.get("at", "from") == "from" else floor(exact) + 1, NEVER)


def reporting(pack: RulePack, scope: Scope, fx: Fx) -> int:
    """Least gross amount that is reported whatever its share of capital, at the level the pack names."""
    rule = pack.rule("large", "amount") or {}
    return least(pack, "large", "amount", scope, fx) if rule.get("level", "") in ("", scope.level) else NEVER
