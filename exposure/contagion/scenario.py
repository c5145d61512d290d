"""Scenario (情景): who fails or loses what at the outset, and the parameters of the models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from graph.errors import OptionError
from graph.model import MONEY
from graph.money import NULL, Fx
from graph.numbers import share
from graph.snapshot import Rows, Snapshot

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

_SHARES: Final = ("lgd", "alpha", "beta")
CORRELATION: Final = 0.15
"""Correlation of defaults unless another is asked for."""


@dataclass(frozen=True)
class Scenario:
    """What happens at first, by party id, and how losses pass on.

    ``fail`` fail whatever their equity. ``loss_share`` of its equity (0..1) or ``loss`` (base currency) is lost by a
    party; ``weight`` is its value for DebtRank. ``lgd`` is the loss given default, ``lgd_by_product`` that of
    a product; ``prices`` change the value of collateral by its kind and ``fx`` the rate of a currency, -0.3 = down
    30 %. ``alpha`` of outside assets and ``beta`` of receipts a defaulter realises in clearing. A failing guarantor
    pays nothing or, with ``failing_guarantor_pays``, what is left of its equity.

    ``OptionError`` for a share outside 0..1.
    """

    fail: tuple[str, ...] = ()
    loss_share: Mapping[str, float] = field(default_factory=dict)
    loss: Mapping[str, float] = field(default_factory=dict)
    weight: Mapping[str, float] = field(default_factory=dict)
    lgd: float = 1.0
    lgd_by_product: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)
    fx: Mapping[str, float] = field(default_factory=dict)
    alpha: float = 1.0
    beta: float = 1.0
    failing_guarantor_pays: bool = False

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        named = {name: getattr(self, name) for name in _SHARES}
        named |= {f"lgd of {product}": lgd for product, lgd in self.lgd_by_product.items()}
        named |= {f"loss_share of {party}": part for party, part in self.loss_share.items()}
        for name, part in named.items():
            if not 0 <= part <= 1:
                raise OptionError(f"{name} = {part}: give a share from 0 to 1, such as 0.45")
        for name, amount in [*self.loss.items(), *self.weight.items()]:
            if not 0 <= amount < math.inf:
                raise OptionError(f"loss or weight of {name} = {amount}: give a number from 0")
        for name, move in [*self.prices.items(), *self.fx.items()]:
            if not -1 <= move < math.inf or (name in self.fx and move == -1):
                raise OptionError(
                    f"move of {name} = {move}: give a change above -1, such as -0.3 for down 30 %"
                )

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Scenario:
        """What ``--option`` says: ``recovery`` (1 - LGD) and ``failing_guarantor_pays``; nobody fails yet.

        >>> Scenario.of({"recovery": "0.55"}).lgd
        0.45
        """
        pays = options.get("failing_guarantor_pays", "false")
        if pays not in ("true", "false"):
            raise OptionError(f"failing_guarantor_pays={pays}: choose true or false")
        lgd = Decimal(1) - share("recovery", options.get("recovery", "0"))
        return cls(lgd=float(lgd), failing_guarantor_pays=pays == "true")

    @property
    def parties(self) -> list[str]:
        """Ids of all parties that it names, each once."""
        return list(dict.fromkeys([*self.fail, *self.loss_share, *self.loss, *self.weight]))

    def moved(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot at the scenario's rates and prices; itself where none moves."""
        if not self.fx and not self.prices:
            return snapshot
        tables = {**snapshot.tables, "collateral": self._priced(snapshot.tables["collateral"])}
        return replace(snapshot, fx=self._rated(snapshot.fx), tables=tables)

    def _priced(self, rows: Rows) -> Rows:
        """Collateral at the scenario's prices, rounded half-even; ``OptionError`` for a kind that is not there."""
        codes, words = rows.words("kind")
        kinds = [word.strip().casefold() for word in words]
        strange = sorted(set(map(str.casefold, self.prices)) - set(kinds))
        if strange:
            raise OptionError(f"no collateral of kind {strange[0]!r} in the book: its price cannot move")
        by_kind = {kind.casefold(): move for kind, move in self.prices.items()}
        part = np.array([1.0 + by_kind.get(kind, 0.0) for kind in kinds] + [1.0])[codes]
        value = rows["value"]
        moved = np.where(value == NULL, NULL, np.rint(value * part)).astype(np.int64)
        return replace(rows, numbers={**rows.numbers, "value": np.where(part == 1.0, value, moved)})

    def _rated(self, fx: Fx) -> Fx:
        """Exchange at the scenario's rates; ``OptionError`` for a currency without a rate, and for the base."""
        usable = {c for c, n in zip(fx.currencies, fx.numerator, strict=True) if n} - {fx.base}
        strange = sorted(set(self.fx) - usable)
        if strange:
            raise OptionError(
                f"the rate of {strange[0]} cannot move: choose from {', '.join(sorted(usable)) or 'none'}"
            )
        rates = [
            Fraction(n, d) * (1 + Fraction(str(self.fx.get(c, 0))))
            for c, n, d in zip(fx.currencies, fx.numerator, fx.denominator, strict=True)
        ]
        return replace(
            fx, numerator=tuple(r.numerator for r in rates), denominator=tuple(r.denominator for r in rates)
        )

    def seeds(self, snapshot: Snapshot) -> Int32:
        """Numbers of the parties that fail: int32. ``OptionError`` for an id that the book does not have."""
        return numbers(snapshot, self.fail)

    def first_losses(self, snapshot: Snapshot, equity: Float64) -> Float64:
        """What each party loses at first: float64 (n,) minor units; shares are of the positive part of ``equity``.

        ``OptionError`` for a share of an equity that is not known.
        """
        out = np.zeros(snapshot.n)
        for p, part in zip(
            numbers(snapshot, self.loss_share).tolist(), self.loss_share.values(), strict=True
        ):
            if part and math.isnan(equity[p]):
                name = snapshot.party_ids[p].as_py()
                raise OptionError(
                    f"loss_share of {name}: its equity is not known; give the loss as an amount"
                )
            out[p] += part * max(np.nan_to_num(equity[p]), 0.0)
        out[numbers(snapshot, self.loss)] += np.array(list(self.loss.values()), float) * MONEY.scale
        return out


def correlation(options: Mapping[str, str]) -> float:
    """Correlation of defaults that ``--option correlation=x`` asks for; 0.15 if it is not given."""
    return float(share("correlation", options.get("correlation", str(CORRELATION))))


def numbers(snapshot: Snapshot, names: Iterable[str]) -> Int32:
    """Numbers of parties by id: int32. ``OptionError`` names one that the book does not have."""
    listed = list(names)
    lost = [name for name in listed if name not in snapshot.number_of]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise OptionError(f"no party {lost[0]!r} in the book{more}: write ids as the book has them")
    return np.array([snapshot.number_of[name] for name in listed], np.int32)
