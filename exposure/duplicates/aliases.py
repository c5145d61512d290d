"""Aliases: one borrower under several ids at several lenders (多头授信), whose limits nobody adds up.

Two ids are one borrower where a reviewer judged so, or where both carry one identifier (USCC or LEI) and no
reviewer judged them different. (rulebook 54.) Those that a reviewer judged the same are one party already
(``graph.identity``): here each id stands for itself again, and findings tell what became of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exposure.facilities import Facilities
from exposure.findings import Finding, finding
from graph.csr import Csr
from graph.ids import one_chunk
from graph.model import TABLES
from graph.money import NULL
from graph.snapshot import Snapshot

_SAME, _DIFFERENT = (TABLES["same_as"].column("judgement").values.index(j) for j in ("same", "different"))
_IDENTIFIERS: Final = ("uscc", "lei")
_SEVERAL: Final = 2
_EACH: Final = 20
"""Facilities of each id that the way names."""

Pair = tuple[int, int]


def aliases(snapshot: Snapshot) -> list[tuple[int, ...]]:
    """Sets of ids that are one, each ascending by number (``Snapshot.named``)."""
    parent: dict[int, int] = {}

    def find(x: int) -> int:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    same, different = _judged(snapshot)
    for a, b in [*same, *(pair for pair in _by_identifier(snapshot) if pair not in different)]:
        low, high = sorted((find(a), find(b)))
        parent[high] = low
    found: dict[int, list[int]] = {}
    for x in sorted(parent):
        found.setdefault(find(x), []).append(x)
    return [tuple(members) for members in found.values() if len(members) > 1]


def _judged(snapshot: Snapshot) -> tuple[list[Pair], set[Pair]]:
    """Pairs of ids judged the same, and pairs judged different (both ways round)."""
    rows = snapshot.tables["same_as"]
    a, b = (snapshot.named("same_as", column).tolist() for column in ("party_id", "other_id"))
    same, different = [], set()
    for x, y, judgement in zip(a, b, rows["judgement"].tolist(), strict=True):
        if min(x, y) >= 0 and x != y and judgement == _SAME:
            same.append((x, y))
        if judgement == _DIFFERENT:
            different |= {(x, y), (y, x)}
    return same, different


def _by_identifier(snapshot: Snapshot) -> Iterator[Pair]:
    """Pairs of ids with one identifier, written alike but for case and outer blanks."""
    others = [row for _, row, _ in snapshot.identities.others]
    for column in _IDENTIFIERS:
        held = snapshot.parties.text(column)
        own = snapshot.book.column("parties", column) if others and snapshot.book else None
        if own is not None:
            held = pa.concat_arrays([held, one_chunk(own.take(pa.array(others)), pa.string())])
        plain = pc.utf8_upper(pc.utf8_trim_whitespace(held))
        coded = pc.if_else(pc.equal(plain, ""), None, plain).dictionary_encode()
        code = np.asarray(pc.fill_null(coded.indices, -1), np.int32)
        often = np.bincount(code[code >= 0], minlength=1)
        rows = np.flatnonzero(np.append(often, 0)[code] > 1)
        rows = rows[np.argsort(code[rows], kind="stable")]
        for members in np.split(rows, np.flatnonzero(np.diff(code[rows])) + 1):
            known = members.tolist()
            yield from ((x, y) for i, y in enumerate(known) for x in known[:i])


def findings(held: Facilities) -> list[Finding]:
    """``duplicate_party``: one a borrower; the amount is what its largest id does not show of its limits."""
    snapshot = held.snapshot
    others = snapshot.identities.others
    names = pa.concat_arrays([snapshot.party_ids, pa.array([name for name, _, _ in others], pa.string())])
    row_of = np.append(snapshot.parties.row, [row for _, row, _ in others]).astype(np.int64)
    lenders = snapshot.tables["lenders"].text("lender_id")
    facilities = snapshot.tables["facilities"].text("facility_id")
    obligor = snapshot.named("facilities", "obligor_id")
    by = Csr.of(np.where(held.counted, obligor, -1).astype(np.int32), len(names))
    said = snapshot.tables["same_as"]
    pair = [snapshot.named("same_as", column) for column in ("party_id", "other_id")]
    found = []
    for members in aliases(snapshot):
        owing = [x for x in members if len(by[x])]
        at = sorted({int(b) for x in owing for b in held.lender[by[x]].tolist()})
        if len(owing) < _SEVERAL or len(at) < _SEVERAL:
            continue
        sums = [int(np.where(held.limit[by[x]] == NULL, 0, held.limit[by[x]]).sum()) for x in owing]
        rows = [("parties", int(row_of[x])) for x in owing]
        inside = np.isin(pair[0], members) & np.isin(pair[1], members)
        rows += [("same_as", int(r)) for r in said.row[inside & (said["judgement"] == _SAME)].tolist()]
        path = [
            f"{lenders[int(held.lender[f])].as_py()} > {facilities[int(f)].as_py()} > {names[x].as_py()}"
            for x in owing
            for f in by[x][:_EACH].tolist()
        ]
        subjects = [names[x].as_py() for x in owing]
        figures = {"ids": len(owing), "lenders": [lenders[b].as_py() for b in at], "path": sorted(path)}
        found.append(finding("duplicate_party", subjects, sum(sums) - max(sums), rows=rows, figures=figures))
    return found


def judged(snapshot: Snapshot) -> Iterator[Finding]:
    """What became of ids judged the same: ``identity_merged``, ``_conflict`` and ``_contradicted``."""
    for one in snapshot.identities.merged:
        rows = [("parties", row) for row in one.rows]
        figures = {"counts": one.ids[0], "dropped": len(one.dropped)}
        yield finding("identity_merged", one.ids, rows=[*rows, *one.dropped], figures=figures)
        if one.conflicts:
            figures = {"counts": one.ids[0], "columns": list(one.conflicts)}
            yield finding("identity_conflict", one.ids, rows=rows, figures=figures)
    for ids in snapshot.identities.contradicted:
        yield finding("identity_contradicted", ids)
