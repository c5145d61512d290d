"""Book: the typed Arrow tables of one version, with every row that was accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import IdIndex
from graph.model import CURRENCY, TABLES

Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Origin:
    """Where a run of rows of a table came from: the file, and the line of the first row in it.

    ``lines`` holds the line of each row (int64) where they do not simply follow one another: a text with a
    line break in it, an empty line, rows that were left out.
    """

    file: str
    first_line: int
    rows: int
    lines: npt.NDArray[np.int64] | None = field(default=None, repr=False, compare=False)

    def line(self, row: int) -> int:
        """Line of a row of this run, counted from 0."""
        return self.first_line + row if self.lines is None else int(self.lines[row])

    def only(self, rows: npt.NDArray[np.int64]) -> Origin:
        """The run of these rows of it, each with its line."""
        if len(rows) == self.rows:
            return self
        lines = rows + self.first_line if self.lines is None else self.lines[rows]
        return Origin(self.file, self.first_line, len(rows), lines)


@dataclass(frozen=True)
class Book:
    """Everything that is known of a banking group's parties and ties, row by row.

    ``tables`` holds Arrow tables whose columns have the types of ``graph.model`` (decimals as whole numbers
    of the kind's unit; text plain or dictionary-encoded); a column or table that was not delivered is absent.
    ``origins`` tells the files of each table's rows in order, ``period`` the as-of date of the delivery.
    ``judgements`` is the number of the latest record of the journal that is laid over it, 0 for none.
    """

    tables: Mapping[str, pa.Table]
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)
    period: dt.date | None = None
    version: int = 0
    source: str = ""
    judgements: int = 0
    _cache: dict[tuple[str, str], object] = field(default_factory=dict, repr=False, compare=False)

    def table(self, name: str) -> pa.Table:
        """The table of that name, without rows if it was not delivered."""
        held = self.tables.get(name)
        return TABLES[name].empty() if held is None else held

    def column(self, table: str, column: str) -> pa.ChunkedArray | None:
        """One column, or None if it was not delivered."""
        held = self.table(table)
        return held.column(column) if column in held.column_names else None

    def index(self, table: str) -> IdIndex:
        """Index of the table's id column (its first key column), made once."""
        made = self._cache.get((table, ""))
        if not isinstance(made, IdIndex):
            made = IdIndex(self.table(table).column(TABLES[table].key[0]))
            self._cache[table, ""] = made
        return made

    def codes(self, table: str, column: str) -> Int32:
        """For a column that refers to another table: that table's row of each id.

        int32 (rows,), -1 for an empty cell, -2 for an id that is not there; the first row where an id
        stands twice. Made once.
        """
        made = self._cache.get((table, column))
        if not isinstance(made, np.ndarray):
            values = self.column(table, column)
            ref = TABLES[table].column(column).ref
            made = (
                np.full(self.table(table).num_rows, -1, np.int32)
                if values is None
                else self.index(ref).rows(values)
            )
            self._cache[table, column] = made
        return made

    def outline(self) -> Book:
        """Its parties, and where the rows of all tables came from: what a compiled snapshot still asks a book for."""
        return replace(self, tables={"parties": self.table("parties")}, _cache={})

    def place(self, table: str, row: int) -> tuple[str, int]:
        """File and line of a row (line 1 is the header); the table's name and row + 1 without a file."""
        for origin in self.origins.get(table, ()):
            if row < origin.rows:
                return origin.file, origin.line(row)
            row -= origin.rows
        return table, row + 1

    def only(self, kept: Mapping[str, npt.NDArray[np.int64]]) -> Book:
        """The book of these rows of each table (sorted); what was looked up stays looked up where it still holds."""
        changed = {name for name, table in self.tables.items() if len(kept[name]) < table.num_rows}
        tables = {n: t.take(pa.array(kept[n])) if n in changed else t for n, t in self.tables.items()}
        origins = {}
        for name, runs in self.origins.items():
            starts = np.cumsum([0, *(run.rows for run in runs)])
            cuts = np.searchsorted(kept[name], starts)
            origins[name] = tuple(
                run.only(kept[name][cuts[i] : cuts[i + 1]] - starts[i]) for i, run in enumerate(runs)
            )
        cache: dict[tuple[str, str], object] = {}
        for (name, column), made in self._cache.items():
            if column and TABLES[name].column(column).ref not in changed and isinstance(made, np.ndarray):
                cache[name, column] = made[kept[name]] if name in changed else made
            elif not column and name not in changed:
                cache[name, column] = made
        return replace(self, tables=tables, origins=origins, _cache=cache)

    def default_as_of(self) -> dt.date:
        """The delivery's period, else the latest date in fx or financials, else today."""
        if self.period:
            return self.period
        latest = [
            pc.max(values).as_py()
            for table, column in (("fx", "date"), ("financials", "period_end"))
            if (values := self.column(table, column)) is not None and len(values)
        ]
        return max((d for d in latest if d), default=None) or dt.datetime.now(dt.UTC).date()

    def currencies(self) -> list[str]:
        """Every currency code that stands anywhere in the book, sorted."""
        found: set[str] = set()
        for name, table in TABLES.items():
            for column in table.columns:
                if column.kind is CURRENCY and (values := self.column(name, column.name)) is not None:
                    found.update(v for v in pc.unique(values).to_pylist() if v)
        return sorted(found)

    def default_base(self) -> str:
        """The currency whose every rate is 1; without rates the one that most facilities are in."""
        fx = self.table("fx")
        if fx.num_rows:
            one = 10**12
            rates = zip(fx.column("currency").to_pylist(), fx.column("rate").to_pylist(), strict=True)
            ground: dict[str, bool] = {}
            for currency, rate in rates:
                ground[currency] = ground.get(currency, True) and rate == one
            always = sorted(c for c, is_one in ground.items() if is_one)
            if always:
                return always[0]
        used = self.column("facilities", "currency")
        counts = [] if used is None else pc.value_counts(used).to_pylist()
        named = sorted((-c["counts"], c["values"]) for c in counts if c["values"])
        return named[0][1] if named else next(iter(self.currencies()), "")
