"""Registers of holders (股东名册): whether a company's known holders are the whole of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.findings import Finding, finding
from exposure.walks import CLOSED, DIVERGENT, Walks
from graph.csr import Csr
from graph.model import SHARE
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

_WHOLE: Final = SHARE.scale


def incomplete(snapshot: Snapshot) -> Bool:
    """Companies whose known holders add up to less than the whole: bool (n,).

    One without any recorded holder is not among them: the register ends there. A rest of one unit (10^-9) per
    holding is rounding.
    """
    stakes = snapshot.stakes
    holdings = np.diff(stakes.ptr) + (stakes.own_share > 0)
    recorded = (holdings > 0) | (stakes.blank_share > 0)
    return np.asarray(recorded & (_WHOLE - stakes.total_share > holdings))


def rest(snapshot: Snapshot) -> Float64:
    """What unknown owners hold of each company, holdings of unknown size among it: float64 (n,), 0..1."""
    return np.where(incomplete(snapshot), _WHOLE - snapshot.stakes.total_share, 0) / _WHOLE


def blank(snapshot: Snapshot, company: Int32, owner: Int32, share: Int64) -> Bool:
    """Stakes of owners in companies that are on record without any known size: bool (m,)."""
    rows = snapshot.tables["ownership"]
    missing = (rows["share"] == NULL) & (rows["owner_id"] >= 0) & (rows["owned_id"] >= 0)
    if not missing.any():
        return np.zeros(len(company), bool)
    n = snapshot.n
    held = rows["owned_id"][missing].astype(np.int64) * n + rows["owner_id"][missing]
    return np.asarray((share == 0) & np.isin(company.astype(np.int64) * n + owner, held))


def findings(snapshot: Snapshot, walks: Walks) -> list[Finding]:
    """Own shares, registers above and below the whole, and sets that own themselves, with their holdings."""
    stakes = snapshot.stakes
    own, total = stakes.own_share, stakes.total_share
    over = np.flatnonzero(total > _WHOLE)
    short = np.flatnonzero(incomplete(snapshot))
    self_owned = np.flatnonzero(own)
    closed, divergent = walks.sets(CLOSED), walks.sets(DIVERGENT)
    told = _Holdings(snapshot, [over, short, self_owned, *closed, *divergent])
    names = snapshot.party_ids
    found = []
    for code, companies, figure in (("shares_exceed_one", over, total), ("unknown_owners", short, total)):
        subjects = names.take(companies).to_pylist()
        found += [
            finding(code, [name], rows=told.of(c), sum=int(figure[c]) / _WHOLE)
            for name, c in zip(subjects, companies.tolist(), strict=True)
        ]
    for c in self_owned.tolist():
        found.append(
            finding("self_ownership", [names[c].as_py()], rows=told.own(c), share=int(own[c]) / _WHOLE)
        )
    for members in closed:
        rows = [row for c in members.tolist() for row in told.of(c)]
        found.append(finding("no_outside_owner", names.take(members).to_pylist(), rows=rows))
    if closed or divergent:
        found.append(_singular(snapshot, closed, divergent))
    return found


def _singular(snapshot: Snapshot, closed: list[Int32], divergent: list[Int32]) -> Finding:
    """That some shares do not exist; ``over_full`` lists the sets that diverge although outsiders hold them."""
    over_full = [sorted(snapshot.party_ids.take(members).to_pylist()) for members in divergent]
    sets = len(closed) + len(divergent)
    return finding("singular_ownership_matrix", [], sets=sets, over_full=sorted(over_full))


class _Holdings:
    """The rows of ``ownership`` behind the registers of some companies."""

    def __init__(self, snapshot: Snapshot, companies: Iterable[npt.NDArray[np.signedinteger]]) -> None:
        rows = snapshot.tables["ownership"]
        asked = np.zeros(snapshot.n + 1, bool)
        for chosen in companies:
            asked[chosen] = True
        self._owner = rows["owner_id"]
        self._row = rows.row
        self._by = Csr.of(
            np.where(asked[rows["owned_id"]], rows["owned_id"], -1).astype(np.int32), snapshot.n
        )

    def of(self, company: int) -> list[tuple[str, int]]:
        """All holdings in a company."""
        return [("ownership", row) for row in self._row[self._by[company]].tolist()]

    def own(self, company: int) -> list[tuple[str, int]]:
        """Its holdings in itself."""
        at = self._by[company]
        return [("ownership", row) for row in self._row[at[self._owner[at] == company]].tolist()]
