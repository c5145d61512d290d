"""Reports that a store keeps beside its versions, so that the same question is not computed twice."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from app import output
from app.progress import following
from exposure import tables as tables_
from exposure.results import RESULTS, result
from graph.deliveries import incomplete
from graph.disk import as_store_error
from graph.errors import StoreError
from graph.kept import ReportKey, code_version
from graph.store import Results

if TYPE_CHECKING:
    from exposure.report import Analysis
    from graph.store import Store

_log = logging.getLogger(__name__)
_LAYOUT: Final = "arrow"
"""How the tables of a kept report lie in its folder."""
Report = tuple[Mapping[str, pa.Table], Mapping[str, Any]]
"""The tables of a report by name, and what report.json says."""


def computed(analysis: Analysis, store: Store | None = None) -> Report:
    """Compute every table; with a store also what its version changed, and who delivered less lately than others."""
    tables = _all(analysis)
    version, as_of = analysis.snapshot.version, analysis.snapshot.as_of
    late: list[str] = []
    if store is not None and version > 0:
        tables["changes"] = _changes(store, version)
        held = store.reader(version).deliveries()
        late = incomplete(d for d in held if d.day is None or d.day <= as_of)
    return tables, {**analysis.summary(tables), "incomplete": late}


def _all(analysis: Analysis) -> dict[str, pa.Table]:
    """Every table, in the order of the contract."""
    made: dict[str, pa.Table] = {}
    with following() as step:
        for name, pieces in tables_.streamed(analysis):
            made[name] = pa.concat_tables(pieces)
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
    """Compute and write one table after the other, holding little of them; what report.json says.

    For formats with a file a table; at a million parties all tables at once are some gigabytes.
    """
    outlines: dict[str, pa.Table] = {}
    with output.beside(out) as folder:
        with following() as step:
            for name, pieces in tables_.streamed(analysis):
                outline: list[pa.Table] = []
                output.write(_noting(pieces, outline), folder, name, chosen)
                outlines[name] = pa.concat_tables(outline)
                step(name, len(outlines), len(RESULTS))
        summary = analysis.summary({name: outlines[name] for name in RESULTS})
        output.write_summary(summary, folder)
    return summary


def _noting(pieces: Iterable[pa.Table], outline: list[pa.Table]) -> Iterator[pa.Table]:
    """The pieces, each with its outline added to a list when it has been taken."""
    for piece in pieces:
        outline.append(_outline(piece))
        yield piece


def _outline(table: pa.Table) -> pa.Table:
    """A table of as many rows and columns that holds nothing but severities."""
    kept = [table[c] if c == "severity" else pa.nulls(table.num_rows) for c in table.column_names]
    return pa.table(kept, table.column_names).replace_schema_metadata(table.schema.metadata)


def reported(analysis: Analysis, store: Store | None, scope: str = "") -> Report:
    """The report of an analysis: from the store where it is kept, else computed, and kept if there is a store.

    ``scope`` names the part of the book that the analysis is of, empty for all of it; what a part changed since
    the version before is not told.
    """
    if store is None:
        return computed(analysis)
    key = _key(analysis, scope)
    held = store.kept_report(key)
    if held is not None:
        try:
            return _opened(held)
        except (pa.ArrowInvalid, OSError, ValueError) as error:
            _log.warning("the kept report %s cannot be read, remove it: %s", held.name, error)
    report = computed(analysis, None if scope else store)
    _keep(report, store, key)
    return report


def basis(analysis: Analysis) -> Results:
    """What the results of an analysis are of, as they are written back with it."""
    request, snapshot = analysis.request, analysis.snapshot
    own = {"lender": request.lender} if request.lender else {}
    return Results(snapshot.version, snapshot.as_of, snapshot.base, request.packs, {**request.options, **own})


def is_kept(analysis: Analysis, store: Store, scope: str = "") -> bool:
    """Whether the report of an analysis is kept beside its version."""
    return store.kept_report(_key(analysis, scope)) is not None


def _keep(report: Report, store: Store, key: ReportKey) -> None:
    """Keep a report; where the store cannot be written to, it is computed again next time."""
    tables, summary = report
    try:
        with (
            as_store_error("set a report aside"),
            tempfile.TemporaryDirectory(prefix="konzern-") as folder,
        ):
            for name, table in tables.items():
                _map_out(table, Path(folder) / f"{name}.arrow")
            output.write_summary(summary, Path(folder))
            store.keep_report(key, Path(folder))
    except StoreError as error:
        _log.warning("the report is not kept: %s", error)


def _map_out(table: pa.Table, path: Path) -> None:
    """Write a table so that it can be mapped into memory as it stands."""
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def _key(analysis: Analysis, scope: str) -> ReportKey:
    """All that the report depends on."""
    request, snapshot = analysis.request, analysis.snapshot
    before = analysis.previous
    since = "" if before is None else f"{before.version} {before.as_of}"
    own = {"lender": request.lender or "", "min_share": str(request.min_share), "since": since}
    own |= {"scope": scope} if scope else {}
    own |= {"judgements": str(snapshot.judgements)} if snapshot.judgements else {}
    options = {**request.options, **own}
    code = f"{code_version('graph', 'exposure')} {_LAYOUT}"
    return ReportKey(
        snapshot.version, snapshot.as_of.isoformat(), snapshot.base, request.packs, options, code
    )


def _opened(folder: Path) -> Report:
    """A kept report, its tables mapped from disk."""
    tables = {
        name: pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all() for name in RESULTS
    }
    summary = json.loads((folder / output.SUMMARY).read_text("utf-8"))
    return tables, {**summary, "kept": True}
