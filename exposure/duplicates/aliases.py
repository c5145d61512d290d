"""Aliases: one borrower under several ids at several lenders (多头授信), whose limits nobody adds up.

Two ids are one borrower where a reviewer judged so, or where both carry one identifier (USCC or LEI) and no
reviewer judged them different. (rulebook 54.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow.compute as pc

from exposure.facilities import Facilities
from exposure.findings import Finding, finding
from graph.csr import Csr
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
    """Sets of parties that are one, each ascending by number."""
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
    """Pairs judged the same, and pairs judged different (both ways round)."""
    rows = snapshot.tables["same_as"]
    a, b = rows["party_id"].tolist(), rows["other_id"].tolist()
    same, different = [], set()
    for x, y, judgement in zip(a, b, rows["judgement"].tolist(), strict=True):
        if min(x, y) >= 0 and x != y and judgement == _SAME:
            same.append((x, y))
        if judgement == _DIFFERENT:
            different |= {(x, y), (y, x)}
    return same, different


def _by_identifier(snapshot: Snapshot) -> Iterator[Pair]:
    """Pairs of parties with one identifier, written alike but for case and outer blanks."""
    for column in _IDENTIFIERS:
        plain = pc.utf8_upper(pc.utf8_trim_whitespace(snapshot.parties.text(column)))
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
    names, lenders = snapshot.party_ids, snapshot.tables["lenders"].text("lender_id")
    facilities = snapshot.tables["facilities"].text("facility_id")
    by = Csr.of(np.where(held.counted, held.obligor, -1).astype(np.int32), snapshot.n)
    judged = snapshot.tables["same_as"]
    found = []
    for members in aliases(snapshot):
        owing = [x for x in members if len(by[x])]
        at = sorted({int(b) for x in owing for b in held.lender[by[x]].tolist()})
        if len(owing) < _SEVERAL or len(at) < _SEVERAL:
            continue
        sums = [int(np.where(held.limit[by[x]] == NULL, 0, held.limit[by[x]]).sum()) for x in owing]
        rows = [("parties", int(snapshot.parties.row[x])) for x in owing]
        inside = np.isin(judged["party_id"], members) & np.isin(judged["other_id"], members)
        rows += [("same_as", int(r)) for r in judged.row[inside & (judged["judgement"] == _SAME)].tolist()]
        path = [
            f"{lenders[int(held.lender[f])].as_py()} > {facilities[int(f)].as_py()} > {names[x].as_py()}"
            for x in owing
            for f in by[x][:_EACH].tolist()
        ]
        subjects = [names[x].as_py() for x in owing]
        figures = {"ids": len(owing), "lenders": [lenders[b].as_py() for b in at], "path": sorted(path)}
        found.append(finding("duplicate_party", subjects, sum(sums) - max(sums), rows=rows, figures=figures))
    return found
