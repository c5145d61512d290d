"""Receipt: what became of a delivery, row by row accounted for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.errors import Problem
from ingest.notices import Notice


@dataclass(frozen=True)
class Rounding:
    """Cells of a column that had more decimals than the model holds and were rounded because the mapping says so.

    ``largest`` is the largest difference between a cell and what is held of it, as a decimal text.
    """

    table: str
    column: str
    cells: int
    largest: str


@dataclass(frozen=True)
class ControlSum:
    """Exact sum of a money column over the rows that are used, in minor units of one currency ("" = none given)."""

    table: str
    column: str
    currency: str
    amount: int


@dataclass(frozen=True)
class Count:
    """Rows of one table: delivered = used + set aside; ``derived`` ones were not delivered but follow from others."""

    table: str
    delivered: int
    used: int
    derived: int = 0

    @property
    def aside(self) -> int:
        """Rows set aside."""
        return self.delivered - self.used


@dataclass(frozen=True)
class Receipt:
    """What was read, what of it is used, and what an analyst should know of the rest.

    ``unknown_files`` and ``unknown_columns`` (by table) were not expected; the columns are kept as ``extra``. ``problems`` are
    those of the rows set aside (``problem_total`` counts those not kept too), ``notices`` never stop anything. ``reconciled`` says
    whether a manifest confirmed the delivery; without one it is None, and users see "unreconciled".
    """

    source: str
    counts: tuple[Count, ...]
    sums: tuple[ControlSum, ...] = ()
    unknown_files: Mapping[str, str] = field(default_factory=dict)
    unknown_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roundings: tuple[Rounding, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_total: int = 0
    notices: tuple[Notice, ...] = ()
    period: dt.date | None = None
    subsidiary: str = ""
    reconciled: bool | None = None

    def count(self, table: str) -> Count:
        """The rows of one table; none if it was not delivered."""
        return next((c for c in self.counts if c.table == table), Count(table, 0, 0))

    @property
    def rows(self) -> int:
        """Rows delivered in all tables."""
        return sum(c.delivered for c in self.counts)

    @property
    def aside(self) -> int:
        """Rows set aside in all tables."""
        return sum(c.aside for c in self.counts)
