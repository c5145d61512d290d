"""Receipt: what became of a delivery, row by row accounted for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.errors import Problem
from ingest.manifest import Manifest
from ingest.notices import Notice
from ingest.sources.delimited import Dialect
from ingest.totals import ControlSum


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
class Count:
    """Rows of one table: delivered = used + set aside.

    ``derived`` ones were not delivered but follow from other tables: the lenders that facilities name.
    """

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

    ``unknown_files`` (with a guess at what was meant) were not read, ``dialects`` says how files were read that are
    stated to be other than plain CSV in UTF-8, ``unknown_columns`` (by table) are kept as
    ``extra``. ``sums`` are over the rows used, ``delivered_sums`` over all that could be read. ``problems`` are
    those of the rows set aside, ``problem_total`` counts those not kept too; ``repeated`` counts by table the rows
    set aside because they say again what another says. ``notices`` never stop anything. ``manifest`` is what the
    delivery said of itself and kept; without one users see "unreconciled".
    """

    source: str
    counts: tuple[Count, ...]
    sums: tuple[ControlSum, ...] = ()
    delivered_sums: tuple[ControlSum, ...] = ()
    unknown_files: Mapping[str, str] = field(default_factory=dict)
    dialects: Mapping[str, Dialect] = field(default_factory=dict)
    unknown_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roundings: tuple[Rounding, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_total: int = 0
    repeated: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    manifest: Manifest | None = None

    @property
    def reconciled(self) -> bool:
        """Whether a manifest confirmed the delivery: a manifest that does not is an error."""
        return self.manifest is not None

    @property
    def period(self) -> dt.date | None:
        """The day for which the delivery speaks, if its manifest says one."""
        return self.manifest.period if self.manifest else None

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
