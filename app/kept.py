"""Reports that a store keeps beside its versions, so that the same question is not computed twice."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from app import output
from app.progress import following
from exposure import tables as tables_
from exposure.results import RESULTS, result
from graph.kept import ReportKey, code_version

if TYPE_CHECKING:
    from exposure.report import Analysis
    from graph.store import Store

Report = tuple[Mapping[str, pa.Table], Mapping[str, Any]]
"""The tables of a report by name, and what report.json says."""


def computed(analysis: Analysis, store: Store | None = None) -> Report:
    """Compute every table; with a store also what its version changed."""
    tables = _all(analysis)
    version = analysis.snapshot.version
    if store is not None and version > 0:
        tables["changes"] = _changes(store, version)
    return tables, analysis.summary(tables)


def _all(analysis: Analysis) -> dict[str, pa.Table]:
    """Every table, in the order of the contract."""
    made: dict[str, pa.Table] = {}
    with following() as step:
        for name, table in tables_.streamed(analysis):
            made[name] = table
            step(name, len(made), len(RESULTS))
    return {name: made[name] for name in RESULTS}


def _changes(store: Store, version: int) -> pa.Table:
    """The ``changes`` result: what the version differs in from the one before."""
    found = store.changes(version - 1, version)
    kind = [
        f"{table} {kind}"
        for table, kind in zip(*(found[c].to_pylist() for c in ("table", "kind")), strict=True)
    ]
    columns = {name: found[name].combine_chunks() for name in ("subject", "before", "after")}
    return result("changes", kind=pa.array(kind, pa.string()), **columns)


def streamed(analysis: Analysis, out: Path, chosen: tuple[str, ...]) -> Mapping[str, Any]:
    """Compute and write one table after the other, holding only one; what report.json says.

    For formats with a file a table; at a million parties all tables at once are some gigabytes.
    """
    outlines: dict[str, pa.Table] = {}
    with output.beside(out) as folder:
        with following() as step:
            for name, table in tables_.streamed(analysis):
                output.write_tables([(name, table)], folder, chosen)
                outlines[name] = _outline(table)
                del table
                step(name, len(outlines), len(RESULTS))
        summary = analysis.summary({name: outlines[name] for name in RESULTS})
        output.write_summary(summary, folder)
    return summary


def _outline(table: pa.Table) -> pa.Table:
    """A table of as many rows and columns that holds nothing but severities."""
    kept = [table[c] if c == "severity" else pa.nulls(table.num_rows) for c in table.column_names]
    return pa.table(kept, table.column_names).replace_schema_metadata(table.schema.metadata)


def reported(analysis: Analysis, store: Store | None) -> Report:
    """The report of an analysis: from the store where it is kept, else computed, and kept if there is a store."""
    if store is None:
        return computed(analysis)
    key = _key(analysis)
    held = store.kept_report(key)
    if held is not None:
        return _opened(held)
    tables, summary = computed(analysis, store)
    with tempfile.TemporaryDirectory(prefix="konzern-") as folder:
        output.write_report(tables, summary, Path(folder), ("parquet",))
        store.keep_report(key, Path(folder))
    return tables, summary


def _key(analysis: Analysis) -> ReportKey:
    """All that the report depends on."""
    request, snapshot = analysis.request, analysis.snapshot
    before = analysis.previous
    since = "" if before is None else f"{before.version} {before.as_of}"
    own = {"lender": request.lender or "", "min_share": str(request.min_share), "since": since}
    options = {**request.options, **own}
    code = code_version("graph", "exposure")
    return ReportKey(
        snapshot.version, snapshot.as_of.isoformat(), snapshot.base, request.packs, options, code
    )


def _opened(folder: Path) -> Report:
    """A kept report, its tables mapped from disk."""
    tables = {name: pq.read_table(folder / f"{name}.parquet", memory_map=True) for name in RESULTS}
    summary = json.loads((folder / output.SUMMARY).read_text("utf-8"))
    return tables, {**summary, "kept": True}
