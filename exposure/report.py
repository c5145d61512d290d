"""The report: every result of one snapshot under the chosen packs, computed once and in order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import metadata
from typing import Any

import pyarrow as pa

from exposure import aggregate
from exposure import tables as tables_
from exposure.parts import OPTIONS, Parts, Request
from exposure.results import not_computed
from exposure.warnings.sides import named
from graph.findings import SEVERITIES
from graph.model import FORMAT
from graph.model import MONEY as MONEY_KIND

__all__ = ["OPTIONS", "Analysis", "Request"]


@dataclass(frozen=True)
class Analysis(Parts):
    """All results of one snapshot, by name."""

    def table(self, name: str) -> pa.Table:
        """A result table of the contract; null and named ``not_computed`` where nothing computes it yet."""
        return tables_.table(self, name)

    def summary(self, tables: Mapping[str, pa.Table]) -> dict[str, Any]:
        """What ``report.json`` says: versions, counts, exact totals, what is not computed, the run time."""
        whole = aggregate.lender_totals(self.facilities[0])
        counts = Counter(tables["findings"]["severity"].to_pylist()) if "findings" in tables else Counter()
        snapshot = self.snapshot
        return {
            "format": FORMAT,
            "konzern": metadata.version("konzern"),
            "source": snapshot.source,
            "book_version": snapshot.version,
            "judgements": snapshot.judgements,
            "as_of": snapshot.as_of.isoformat(),
            "compared_with": None if self.previous is None else named(self.previous, beside=snapshot),
            "base": snapshot.base,
            "packs": list(self.request.packs),
            "options": dict(self.request.options),
            "lender": self.request.lender,
            "counts": {
                "parties": snapshot.n,
                "facilities": len(snapshot.tables["facilities"]),
                "groups": len(self.groups[0]),
                **{f"{name}_rows": table.num_rows for name, table in tables.items()},
            },
            "totals": {
                name: str(Decimal(int(getattr(whole, name)[-1])).scaleb(-MONEY_KIND.places))
                for name in ("limit", "drawn", "gross")
            },
            **({"cover": _amounts(self.cover_totals)} if "guarantors" in tables else {}),
            "severities": {name: counts[name] for name in reversed(SEVERITIES) if counts[name]},
            "not_computed": _missing(tables),
            "seconds": round(time.monotonic() - self.started, 3),
        }


def _amounts(units: Mapping[str, int | None]) -> dict[str, str | None]:
    """Minor units as decimal text."""
    return {k: None if v is None else str(Decimal(v).scaleb(-MONEY_KIND.places)) for k, v in units.items()}


def _missing(tables: Mapping[str, pa.Table]) -> list[str]:
    """Tables, and columns as ``table.column``, that are null because nothing computes them yet."""
    found: list[str] = []
    for name, table in tables.items():
        columns = not_computed(table)
        found += [name] if len(columns) == table.num_columns else [f"{name}.{c}" for c in columns]
    return found
