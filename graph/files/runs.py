"""Runs: deltas that follow one another merged into one, so that a reader opens few files.

Merges are derived: a reader uses those that fit the deltas before it and does without the others. Sixteen deltas
make a run, sixteen runs a run of the next level, so every row is merged once a level and a load never merges
more than a few times sixteen deltas.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from graph.deliveries import DELTA
from graph.disk import Disk
from graph.files.pieces import Unit, live, rows_of, unit
from graph.files.segments import Part, Segments, damaged
from graph.files.versions import Version
from graph.model import TABLES
from graph.rows import below

WIDTH: Final = 16
LEVELS: Final = (WIDTH**3, WIDTH**2, WIDTH)
_AT_ONCE: Final = 4


class Runs:
    """The folder of merged deltas."""

    def __init__(self, root: Path, segments: Segments, disk: Disk) -> None:
        self._folder = root / "runs"
        self._segments = segments
        self._disk = disk

    def units(self, chain: Sequence[Version]) -> list[Unit]:
        """A chain as it applies, with merged deltas where they are there."""
        first, deltas = _split(chain)
        return [*map(unit, first), *(u for u, _ in self._covering(deltas))]

    def merge(self, chain: Sequence[Version]) -> int:
        """Merge deltas that are not merged yet, a few at most; how many merges were made."""
        _, deltas = _split(chain)
        made = 0
        for width in reversed(LEVELS):
            for start in range(0, len(deltas) - width + 1, width):
                block = deltas[start : start + width]
                if made < _AT_ONCE and not self._path(block).exists():
                    self._merge(block)
                    made += 1
        return made

    def parts(self) -> Iterator[Part]:
        """Every part that a run refers to."""
        for path in sorted(self._folder.glob("*.json")):
            held = self._load(path)
            for parts in (*held.rows.values(), *held.deleted.values()):
                yield from parts

    def _covering(self, deltas: Sequence[Version]) -> Iterator[tuple[Unit, int]]:
        """Units that cover the deltas from left to right, the widest that are there, with their widths."""
        at = 0
        while at < len(deltas):
            for width in LEVELS:
                block = deltas[at : at + width]
                if at % width == 0 and len(block) == width and self._path(block).exists():
                    yield self._load(self._path(block)), width
                    at += width
                    break
            else:
                yield unit(deltas[at]), 1
                at += 1

    def _path(self, block: Sequence[Version]) -> Path:
        """The file of the run of these deltas."""
        named = ",".join(str(v.delivery.version) for v in block)
        return self._folder / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.json"

    def _load(self, path: Path) -> Unit:
        try:
            held = json.loads(path.read_bytes())
            rows, deleted = (
                {t: tuple(Part(*p) for p in v) for t, v in held[n].items()} for n in ("rows", "deleted")
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(path.name) from error
        return Unit(rows, deleted)

    def _merge(self, block: Sequence[Version]) -> None:
        """Write the run of these deltas."""
        units = [u for u, _ in self._covering(block)]
        rows, deleted = {}, {}
        for name in TABLES:
            kept = below(rows_of(self._segments, p) for p in live(self._segments, "", units, name))
            if kept is not None:
                rows[name] = [self._segments.write(name, kept).to_json()]
            keys = below(self._segments.read(p) for u in units for p in u.deleted.get(name, ()))
            if keys is not None:
                deleted[name] = [self._segments.write(f"{name}-deleted", keys).to_json()]
        self._disk.create_bytes(self._path(block), json.dumps({"rows": rows, "deleted": deleted}).encode())


def _split(chain: Sequence[Version]) -> tuple[list[Version], list[Version]]:
    """The full delivery at the head of a chain, if there is one, and the deltas."""
    first = [v for v in chain[:1] if v.delivery.kind != DELTA]
    return first, list(chain[len(first) :])


def all_parts(versions: Iterable[Version], runs: Runs) -> Iterator[Part]:
    """Every part that a version or a run refers to."""
    for version in versions:
        for parts in (*version.rows.values(), *version.deleted.values()):
            yield from parts
    yield from runs.parts()
