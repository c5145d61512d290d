"""Archive: a compiled snapshot on disk, opened again by mapping its files into memory.

One folder holds a snapshot: ``meta.json``, one ``.npy`` file an array and one Arrow file a table for its texts.
Nothing is read until it is used, and several processes share one copy. Of the book the places of its rows are
kept; its tables come from the store when they are asked for.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.book import Book, Origin
from graph.errors import StoreError
from graph.hashes import file_hash, files_as_told
from graph.identity import Identities, Merged
from graph.ids import one_chunk
from graph.model import FORMAT, TABLES
from graph.money import Fx
from graph.snapshot import Rows, Snapshot, Stakes

Array = npt.NDArray[np.signedinteger]

_META: Final = "meta.json"


def save(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot into an empty folder."""
    meta: dict[str, Any] = {
        "format": FORMAT,
        "as_of": snapshot.as_of.isoformat(),
        "version": snapshot.version,
        "source": snapshot.source,
        "judgements": snapshot.judgements,
        "fx": {
            "base": snapshot.fx.base,
            "currencies": snapshot.fx.currencies,
            "numerator": snapshot.fx.numerator,
            "denominator": snapshot.fx.denominator,
        },
        "identities": _save_identities(snapshot.identities),
        "tables": {},
        "fixed": [],
        "book": _save_book(snapshot.book, folder) if snapshot.book else None,
    }
    for name, rows in snapshot.tables.items():
        meta["tables"][name] = sorted(rows.numbers)
        _save_array(folder, f"{name}.row", rows.row, meta)
        for column, values in rows.numbers.items():
            _save_array(folder, f"{name}.{column}", values, meta)
        if rows.texts:
            _save_texts(folder / f"{name}.arrow", rows)
    for field in fields(Stakes):
        _save_array(folder, f"stakes.{field.name}", getattr(snapshot.stakes, field.name), meta)
    written = sorted(folder.iterdir())
    with ThreadPoolExecutor() as pool:
        meta["sha256"] = dict(zip((path.name for path in written), pool.map(file_hash, written), strict=True))
    (folder / _META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def _save_book(book: Book, folder: Path) -> dict[str, Any]:
    """Write where the rows of a book came from: lines only where they do not follow one another."""
    origins: dict[str, list[list[Any]]] = {}
    for name, runs in book.origins.items():
        for i, run in enumerate(runs):
            if run.lines is not None:
                np.save(folder / f"{name}.lines.{i}.npy", run.lines, allow_pickle=False)
            origins.setdefault(name, []).append([run.file, run.first_line, run.rows, run.lines is not None])
    return {"origins": origins, "period": book.period.isoformat() if book.period else None}


def _save_identities(held: Identities) -> dict[str, Any]:
    """Ids that are one, and contradictory judgements; what only compiling needs is left out."""
    return {"merged": [asdict(m) for m in held.merged], "contradicted": held.contradicted}


def _identities(held: dict[str, Any]) -> Identities:
    """What ``_save_identities`` wrote."""
    merged = tuple(
        Merged(
            tuple(m["ids"]), tuple(m["rows"]), tuple((t, r) for t, r in m["dropped"]), tuple(m["conflicts"])
        )
        for m in held["merged"]
    )
    return Identities(merged, tuple(tuple(ids) for ids in held["contradicted"]))


def _save_array(folder: Path, name: str, values: Array, meta: dict[str, Any]) -> None:
    """Write one array, and note whether it may be written to: compiled loops tell the two apart."""
    np.save(folder / f"{name}.npy", values, allow_pickle=False)
    if not values.flags.writeable:
        meta["fixed"].append(name)


def _save_texts(path: Path, rows: Rows) -> None:
    """Write the texts of a table as one batch."""
    arrays = [one_chunk(a, a.type) for a in rows.texts.values()]
    batch = pa.record_batch(arrays, names=list(rows.texts))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def is_whole(folder: Path) -> bool:
    """Whether every file of a saved snapshot is what was written; opening one does not look, to be quick."""
    return files_as_told(folder, _META, "sha256")


def open_saved(folder: Path, tables: Mapping[str, pa.Table] | None = None) -> Snapshot:
    """The snapshot that ``save`` wrote, mapped into memory; ``tables`` are those of its book.

    Raises ``StoreError`` if it is damaged or of another format.
    """
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT:
            raise StoreError(
                f"the saved snapshot {folder.name} has format {meta['format']}, not {FORMAT}: remove it"
            )
        fixed = frozenset(meta["fixed"])
        rows = {name: _rows(folder, name, columns, fixed) for name, columns in meta["tables"].items()}
        stakes = Stakes(**{f.name: _array(folder, f"stakes.{f.name}", fixed) for f in fields(Stakes)})
        fx = Fx(
            meta["fx"]["base"],
            *(tuple(meta["fx"][part]) for part in ("currencies", "numerator", "denominator")),
        )
        day = dt.date.fromisoformat(meta["as_of"])
        book = _book(folder, meta, tables or {}) if meta["book"] else None
        one = _identities(meta["identities"])
        judged = meta["judgements"]
        return Snapshot(day, fx, meta["version"], meta["source"], rows, stakes, book, one, judged)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StoreError(
            f"the saved snapshot {folder.name} is damaged: remove it, it will be made again"
        ) from error


def _book(folder: Path, meta: dict[str, Any], tables: Mapping[str, pa.Table]) -> Book:
    """The book that the snapshot was compiled from: its places, and the tables that the store gives."""
    period = meta["book"]["period"]
    origins = {
        name: tuple(
            Origin(file, line, n, np.load(folder / f"{name}.lines.{i}.npy", mmap_mode="r") if lines else None)
            for i, (file, line, n, lines) in enumerate(runs)
        )
        for name, runs in meta["book"]["origins"].items()
    }
    return Book(
        tables, origins, dt.date.fromisoformat(period) if period else None, meta["version"], meta["source"],
        meta["judgements"],
    )  # fmt: skip


def _array(folder: Path, name: str, fixed: frozenset[str]) -> Array:
    """One array, mapped; writing to it changes this process's copy only."""
    path = folder / f"{name}.npy"
    values: Array = np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
    if name in fixed:
        values.flags.writeable = False
    return values


def _rows(folder: Path, name: str, columns: list[str], fixed: frozenset[str]) -> Rows:
    """The rows of one table."""
    path = folder / f"{name}.arrow"
    texts: dict[str, pa.Array] = {}
    if path.exists():
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        batch = reader.get_batch(0)
        texts = dict(zip(batch.schema.names, batch.columns, strict=True))
    numbers = {c: _array(folder, f"{name}.{c}", fixed) for c in columns}
    return Rows(
        TABLES[name], _array(folder, f"{name}.row", fixed).astype(np.int32, copy=False), numbers, texts
    )
