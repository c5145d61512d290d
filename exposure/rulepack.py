"""RulePack: the rules of one regime as data, each number with its source and confidence.

A pack is a TOML file in ``exposure/rules``. A rule is a table with ``value`` and, where it compares, ``at``
(``from`` = the value itself counts, ``above`` = it does not), ``of`` (the capital that a share is taken of),
``currency`` (of an amount), ``fact`` (its number in ``docs/rules.md``) and ``confidence`` (0..1). A pack that
``extends`` another one takes over its rules, but none of the sections that it ``replaces``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from graph.errors import OptionError
from graph.model import MONEY, SHARE
from graph.money import Fx, half_even

_FOLDER: Final = Path(__file__).parent / "rules"
DEFAULT: Final = "EU-CRR"
HOUSE: Final = "HOUSE"
"""The pack of what this project chose itself; it holds whatever a report is made for."""


def parts(value: Decimal | int) -> int:
    """A decimal as whole parts per 10^9.

    >>> parts(Decimal("0.0025"))
    2500000
    """
    return int(Decimal(value) * SHARE.scale)


@dataclass(frozen=True)
class Threshold:
    """A line in parts per 10^9, and whether a value on the line counts."""

    line: int
    on_the_line: bool

    def met(self, value: int, of: int = SHARE.scale) -> bool:
        """Whether value / of reaches the line, exactly.

        >>> Threshold(500_000_000, on_the_line=False).met(1, 2)
        False
        """
        left, right = value * SHARE.scale, self.line * of
        return left >= right if self.on_the_line else left > right


@dataclass(frozen=True)
class Amount:
    """An amount of a rule in minor units of its own currency, and whether a value on it counts."""

    units: int
    currency: str
    on_the_line: bool

    def in_base(self, fx: Fx) -> int | None:
        """The amount in base minor units at the rates of a snapshot, half-even; None without a rate.

        >>> fx = Fx.at("CNY", ["CNY", "EUR"], {"CNY": 1, "EUR": 8})
        >>> Amount(150_000_000_00, "EUR", on_the_line=False).in_base(fx)
        120000000000
        """
        if self.currency == fx.base:
            return self.units
        if self.currency not in fx.currencies:
            return None
        place = fx.currencies.index(self.currency)
        if not fx.numerator[place]:
            return None
        return half_even(self.units * fx.numerator[place], fx.denominator[place])


@dataclass(frozen=True, repr=False)
class RulePack:
    """One regime's rules: ``data`` all that hold, ``own`` those that its file states itself."""

    name: str
    data: Mapping[str, Any]
    own: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"RulePack({self.name!r})"

    def rule(self, section: str, name: str) -> Mapping[str, Any] | None:
        """The rule with its value, source fact and confidence; None if the pack has no such rule."""
        found: Mapping[str, Any] | None = self.data.get(section, {}).get(name)
        return found

    def setting(self, section: str, name: str, default: Any = None) -> Any:  # noqa: ANN401 (any TOML value)
        """The value of a rule, or the default where the pack does not have it."""
        found = self.rule(section, name)
        return default if found is None else found["value"]

    def threshold(self, section: str, name: str) -> Threshold | None:
        """A rule that compares, as an exact line; None if the pack does not have it."""
        found = self.rule(section, name)
        return None if found is None else Threshold(parts(found["value"]), found.get("at", "from") == "from")

    def amount(self, section: str, name: str) -> Amount | None:
        """A rule that names an amount of money; None if the pack does not have it."""
        found = self.rule(section, name)
        if found is None:
            return None
        return Amount(int(found["value"] * MONEY.scale), found["currency"], found.get("at", "from") == "from")

    def confidence(self, section: str, name: str) -> float:
        """How sure the rulebook is of a rule, 0..1; 1 where the pack does not have it."""
        found = self.rule(section, name)
        return 1.0 if found is None else float(found.get("confidence", 1))

    def has(self, section: str) -> bool:
        """Whether the pack has rules of that section."""
        return bool(self.data.get(section))

    def ccf(self, product: str) -> int | None:
        """Conversion factor of a product in parts per 10^9; None if the product is not known."""
        found = self.rule("ccf", product)
        return None if found is None else parts(found["value"])

    @property
    def ccf_floor(self) -> int:
        """Least conversion factor in parts per 10^9, which binds a given factor too."""
        return parts(self.setting("ccf_rule", "floor", 0))


@cache
def packs() -> tuple[str, ...]:
    """Names of all packs."""
    return tuple(sorted(p.stem for p in _FOLDER.glob("*.toml")))


@cache
def load(name: str) -> RulePack:
    """The pack of that name; ``OptionError`` names the packs there are."""
    if name not in packs():
        raise OptionError(f"no rule pack {name!r}: choose from {', '.join(packs())}")
    own = tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"), parse_float=Decimal)
    data = own
    if "extends" in own:
        base = {k: v for k, v in load(own["extends"]).data.items() if k not in own.get("replaces", ())}
        data = {k: {**base.get(k, {}), **v} if isinstance(v, dict) else v for k, v in {**base, **own}.items()}
    return RulePack(name, data, own)


def house() -> RulePack:
    """The house rules: early warnings and materiality."""
    return load(HOUSE)


def line(pack: RulePack, section: str, name: str) -> Threshold:
    """A line that the pack must have; ``KeyError`` if it has none of that name.

    >>> line(house(), "default", "days").met(90, 1)
    False
    """
    found = pack.threshold(section, name)
    if found is None:
        raise KeyError(f"{pack.name}.{section}.{name}")
    return found
