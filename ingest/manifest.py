"""Manifest: what a subsidiary says that it sends (``book.toml``), against what arrived.

    format = 1
    subsidiary = "SUB01"
    period = 2026-09-30
    kind = "full"                     # or "delta"
    restatement = false

    [files."facilities.csv"]
    rows = 3
    sha256 = "…"
    encoding = "gb18030"              # how the file is written, where it is not UTF-8; delimiter and decimal likewise
    sums = { drawn = "1200.50", limit = { EUR = "2000", USD = "10" } }

A sum is decimal text: over all rows whatever their currency (a hash total), or by currency. All but ``format``
may be left out; files that are named must be there, and files that are there must be named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Any, Final

from graph import toml
from graph.errors import Problem
from graph.model import FORMAT, MONEY
from ingest.problems import Problems
from ingest.sources.delimited import Dialect
from ingest.sources.files import MANIFEST
from ingest.totals import ControlSum

_KEYS: Final = {
    "format": int,
    "subsidiary": str,
    "period": dt.date,
    "kind": str,
    "restatement": bool,
    "files": dict,
}
_DIALECT: Final = tuple(f.name for f in fields(Dialect))
_FILE_KEYS: Final = {"rows": int, "sha256": str, "sums": dict, **dict.fromkeys(_DIALECT, str)}
KINDS: Final = ("full", "delta")


@dataclass(frozen=True)
class Manifest:
    """A delivery's own description; ``files`` by name with what is stated of each (see above)."""

    subsidiary: str = ""
    period: dt.date | None = None
    kind: str = "full"
    restatement: bool = False
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def dialects(self) -> dict[str, Dialect]:
        """How files are said to be written, by name."""
        return {
            name: Dialect(**{k: v for k, v in said.items() if k in _DIALECT})
            for name, said in self.files.items()
            if any(k in _DIALECT for k in said)
        }


def load(path: Path, problems: Problems) -> Manifest | None:
    """Read a manifest; what is wrong with it becomes problems, and then there is none."""
    before = problems.files
    try:
        held = toml.read(path)
    except ValueError as error:
        _complain(problems, "", str(error), "correct the manifest")
        return None
    if held.get("format") != FORMAT:
        _complain(problems, "format", f"this program reads format {FORMAT}", f"write format = {FORMAT}")
    _typed(held, _KEYS, "", problems)
    if held.get("kind", "full") not in KINDS:
        _complain(problems, "kind", "not in the list", "say full or delta")
    files = held.get("files", {})
    for name, stated in files.items() if isinstance(files, dict) else ():
        if not isinstance(stated, dict):
            _complain(problems, name, "not a table of rows, sha256 and sums", "correct the manifest")
        else:
            _typed(stated, _FILE_KEYS, f"files.{name}.", problems)
    if problems.files > before:
        return None
    made = Manifest(**{k: v for k, v in held.items() if k != "format"})
    for name, dialect in made.dialects().items():
        if dialect.wrong():
            _complain(problems, f"files.{name}", dialect.wrong(), "correct the manifest")
    return made if problems.files == before else None


def _typed(held: Mapping[str, Any], keys: Mapping[str, type], prefix: str, problems: Problems) -> None:
    """Report keys that no manifest has, and values of another type."""
    for key, value in held.items():
        if key not in keys:
            _complain(problems, prefix + key, "no manifest has this entry", f"one of: {', '.join(keys)}")
        elif type(value) is not keys[key]:
            _complain(problems, prefix + key, f"must be of type {keys[key].__name__}", "correct the manifest")


def _complain(problems: Problems, column: str, message: str, remedy: str, value: str = "") -> None:
    """Add a problem of the manifest itself."""
    problems.of_file(Problem(MANIFEST, 0, column, value, "manifest", message, remedy))


def verify_files(manifest: Manifest, files: Mapping[str, Path], problems: Problems) -> None:
    """Every file named is there, byte for byte, and no other of ``files`` (by name) is."""
    for name in sorted(set(manifest.files) - set(files)):
        _complain(problems, f"files.{name}", "the file is not there", "send it, or correct the manifest")
    for name in sorted(set(files) - set(manifest.files)):
        _complain(problems, f"files.{name}", "the file is there but not named", "name it, or take it away")
    for name, stated in manifest.files.items():
        wanted = stated.get("sha256")
        if wanted and name in files:
            found = _sha256(files[name])
            if found != wanted.lower():
                _complain(
                    problems, f"files.{name}.sha256", f"the file has {found}", "send the file again", wanted
                )


def _sha256(path: Path) -> str:
    """Digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_rows(manifest: Manifest, rows: Mapping[str, int], problems: Problems) -> None:
    """Every file has as many rows as stated; ``rows`` are those found, by file."""
    for name, stated in manifest.files.items():
        if name in rows and stated.get("rows", rows[name]) != rows[name]:
            found = f"the file has {rows[name]} rows"
            _complain(problems, f"files.{name}.rows", found, "send the whole file", str(stated["rows"]))


def verify_sums(
    manifest: Manifest, tables: Mapping[str, set[str]], sums: Iterable[ControlSum], problems: Problems
) -> None:
    """Sums are as stated; ``tables`` are those that each file gives rows to, ``sums`` those of all rows delivered."""
    held = list(sums)
    for name, stated in manifest.files.items():
        given = tables.get(name, set())
        for column, wanted in stated.get("sums", {}).items():
            place = f"files.{name}.sums.{column}"
            own = [s for s in held if s.table in given and s.column == column]
            if any(t in given for f, t_of in tables.items() if f != name for t in t_of):
                _complain(problems, place, "other files give rows to the same table", "leave this sum out")
                continue
            for where, text, amount in _compared(place, wanted, own):
                _compare(problems, where, text, amount)


def _compared(place: str, wanted: object, found: list[ControlSum]) -> Iterator[tuple[str, object, int]]:
    """Each stated sum with the one found: in all, or by currency."""
    if not isinstance(wanted, dict):
        yield place, wanted, sum(s.amount for s in found)
        return
    held = {s.currency: s.amount for s in found}
    for currency in sorted({*wanted, *held}):
        yield f"{place}.{currency}", wanted.get(currency, "0"), held.get(currency, 0)


def _compare(problems: Problems, place: str, stated: object, amount: int) -> None:
    """One stated sum against the exact one."""
    try:
        equal = isinstance(stated, (str, int)) and Decimal(stated) * MONEY.scale == amount
    except DecimalException:
        equal = False
    if not equal:
        found = f"the rows add up to {Decimal(amount) / MONEY.scale:f}"
        _complain(
            problems, place, found, "send the file again, or correct the sum (decimal text)", str(stated)
        )
