"""Beneficial owners (受益所有人): the persons behind a company, by ownership, by control, and by both in turn.

A person qualifies with an integrated share from the pack's line on, or who controls the company, or controls an
owner that has such a share, or has such a share in a party that controls it. Who acts in a voting body controls
what the body controls. (Regulation (EU) 2024/1624 Art. 51-54; rulebook 60, 61, 63.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.control import Control
from exposure.findings import Finding, finding
from exposure.ownership.integrated import Ownership, ownership
from exposure.results import MODEL, ids, result
from exposure.rulepack import RulePack, load, parts
from graph.csr import Csr
from graph.model import PARTY_KINDS
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

BASES: Final = ("ownership", "control", "controls_owner", "owns_controller")
"""Why a person qualifies; bit k of ``Beneficial.basis`` stands for the k-th."""
OWNED: Final = ("company", "bank", "fund", "other")
"""Kinds of parties that have beneficial owners."""
PACK: Final = "EU-AMLR"
"""The pack whose line is taken where no other is asked for."""
_ROWS: Final = 100


@dataclass(frozen=True)
class Beneficial:
    """By pair, in the order of the persons' and then the companies' ids.

    ``person`` and ``company`` int32, ``basis`` int8 (bits, see ``BASES``), ``share`` float64: the integrated
    share, NaN where it is below what ownership lists. ``nobody`` int32: companies with known holders of which
    no person qualifies.
    """

    snapshot: Snapshot
    pack: RulePack
    person: Int32
    company: Int32
    basis: npt.NDArray[np.int8]
    share: Float64
    nobody: Int32

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.person)

    def table(self) -> pa.Table:
        """The ``beneficial_owners`` result; several bases are joined by a plus sign."""
        names = self.snapshot.party_ids
        words = ["+".join(b for k, b in enumerate(BASES) if code >> k & 1) for code in range(1 << len(BASES))]
        return result(
            "beneficial_owners",
            person_id=ids(names, self.person),
            company_id=ids(names, self.company),
            share=pa.array(self.share, MODEL, mask=np.isnan(self.share)),
            basis=pa.DictionaryArray.from_arrays(self.basis, words),
        )

    def findings(self) -> list[Finding]:
        """``beneficial_owner``, one a person, and ``no_beneficial_owner_by_ownership``, one a company."""
        return [*_persons(self), *_nobody(self)]


def beneficial(control: Control, held: Ownership, pack: RulePack | None = None) -> Beneficial:
    """The beneficial owners of every company, by the line of the pack (25 % under EU-AMLR).

    ``held`` is computed again where it does not list shares from the line on. Work: one pass over the pairs of
    control and of shares at the line, joined once each way.
    """
    snapshot, rules = control.snapshot, pack or load(PACK)
    line = parts(rules.setting("beneficial_owner", "line"))
    if held.min_share > line:
        held = ownership(snapshot, min_share=line)
    n, rows = snapshot.n, np.flatnonzero(held.reaches(line) & (held.owner != held.owned))
    person = snapshot.parties["kind"] == PARTY_KINDS.index("person")
    owns = Csr.of(held.owner[rows], n)
    owned = held.owned[rows][owns.rows]
    who, what = _commanded(control, person)
    mine = person[held.owner[rows]]
    owner, stake = held.owner[rows][mine], held.owned[rows][mine]
    pairs = [
        (owner, stake),
        (who, what),
        _joined(who, what, owns.ptr, owned),
        _joined(owner, stake, control.ptr, control.controlled),
    ]
    of_kind = np.isin(snapshot.parties["kind"], [PARTY_KINDS.index(kind) for kind in OWNED])
    key, basis = _merged(pairs, of_kind, snapshot.party_rank)
    party = np.argsort(snapshot.party_rank).astype(np.int32)
    a, b = party[key // n], party[key % n]
    known = np.zeros(n, bool)
    known[b] = True
    recorded = np.diff(snapshot.stakes.ptr) > 0
    nobody = np.flatnonzero(of_kind & recorded & ~known).astype(np.int32)
    return Beneficial(snapshot, rules, a, b, basis, _shares(held, key), nobody)


def _commanded(control: Control, person: Bool) -> tuple[Int32, Int32]:
    """Pairs of a person and what it controls, alone or as a member of a voting body."""
    bodies = np.repeat(np.arange(len(person), dtype=np.int32), np.diff(control.companions.ptr))
    member = control.companions.to
    kept = person[member] & ~person[bodies]
    acting = _joined(member[kept], bodies[kept], control.ptr, control.controlled)
    own = person[control.controller]
    return (
        np.concatenate([control.controller[own], acting[0]]),
        np.concatenate([control.controlled[own], acting[1]]),
    )


def _joined(left: Int32, middle: Int32, ptr: Int64, right: Int32) -> tuple[Int32, Int32]:
    """Pairs (left, right) through the middle; ``right[ptr[m]:ptr[m + 1]]`` is what m leads to."""
    sizes = (ptr[1:] - ptr[:-1])[middle]
    at = np.arange(sizes.sum()) + np.repeat(ptr[:-1][middle] - np.cumsum(sizes) + sizes, sizes)
    return np.repeat(left, sizes), right[at]


def _merged(
    pairs: list[tuple[Int32, Int32]], of_kind: Bool, rank: Int32
) -> tuple[Int64, npt.NDArray[np.int8]]:
    """Each pair once as rank of the person x n + rank of the company, rising, with the bits of its bases."""
    keys, bits = [], []
    for k, (person, company) in enumerate(pairs):
        kept = of_kind[company] & (person != company)
        keys.append(rank[person[kept]].astype(np.int64) * len(rank) + rank[company[kept]])
        bits.append(np.full(len(keys[-1]), 1 << k, np.int8))
    key, place = np.unique(np.concatenate(keys), return_inverse=True)
    basis = np.zeros(len(key), np.int8)
    np.bitwise_or.at(basis, place, np.concatenate(bits))
    return key, basis


def _shares(held: Ownership, key: Int64) -> Float64:
    """Integrated share of each pair of ranks, NaN where it is not listed: rows of ownership stand in that order."""
    rank = held.snapshot.party_rank
    listed = np.append(rank[held.owner].astype(np.int64) * len(rank) + rank[held.owned], -1)
    at = np.searchsorted(listed[:-1], key)
    return np.where(listed[at] == key, np.append(held.integrated, np.nan)[at], np.nan)


def _persons(found: Beneficial) -> Iterator[Finding]:
    """One finding a person, with its companies and the stakes of its own that it rests on."""
    snapshot = found.snapshot
    names = snapshot.party_ids
    companies = ids(names, found.company).to_pylist()
    starts = np.flatnonzero(np.append(True, found.person[1:] != found.person[:-1])[: len(found)])
    ends = np.append(starts[1:], len(found))[: len(starts)]
    rows = snapshot.tables["ownership"]
    by = Csr.of(rows["owner_id"], snapshot.n)
    persons = found.person[starts]
    sure = found.pack.confidence("beneficial_owner", "line")
    for name, person, a, b in zip(
        ids(names, persons).to_pylist(), persons.tolist(), starts.tolist(), ends.tolist(), strict=True
    ):
        where = [("ownership", row) for row in rows.row[by[person][:_ROWS]].tolist()]
        figures = {"companies": companies[a:b], "count": b - a, "confidence": sure}
        yield finding("beneficial_owner", [name], rule=found.pack.name, rows=where, figures=figures)


def _nobody(found: Beneficial) -> Iterator[Finding]:
    """One finding a company that no person qualifies for, with its register."""
    snapshot = found.snapshot
    rows = snapshot.tables["ownership"]
    by = Csr.of(rows["owned_id"], snapshot.n)
    names = ids(snapshot.party_ids, found.nobody).to_pylist()
    sure = found.pack.confidence("beneficial_owner", "line")
    for name, company in zip(names, found.nobody.tolist(), strict=True):
        where = [("ownership", row) for row in rows.row[by[company][:_ROWS]].tolist()]
        holders = len(by[company])
        yield finding(
            "no_beneficial_owner_by_ownership",
            [name],
            rule=found.pack.name,
            rows=where,
            holders=holders,
            confidence=sure,
        )
