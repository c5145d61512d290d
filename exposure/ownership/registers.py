"""Registers of holders (股东名册): whether a company's known holders are the whole of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.batches import Batch, Sources, single
from exposure.findings import Finding, finding
from exposure.ownership.bands import banded, bands, unsized
from exposure.ownership.walks import CLOSED, DIVERGENT, Walks
from exposure.results import ids
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
    held = among(snapshot, company, owner, unsized(snapshot) | banded(snapshot))
    return np.asarray((share == 0) & held)


def among(snapshot: Snapshot, company: Int32, owner: Int32, chosen: Bool) -> Bool:
    """Stakes of owners in companies to which one of the chosen holdings (bool, by row) belongs: bool (m,)."""
    rows = snapshot.tables["ownership"]
    missing = chosen & (rows["owner_id"] >= 0) & (rows["owned_id"] >= 0)
    if not missing.any():
        return np.zeros(len(company), bool)
    n = snapshot.n
    held = rows["owned_id"][missing].astype(np.int64) * n + rows["owner_id"][missing]
    return np.isin(company.astype(np.int64) * n + owner, held)


def findings(snapshot: Snapshot, walks: Walks) -> list[Finding | Batch]:
    """Own shares, registers above and below the whole, unknown sizes, and sets that own themselves."""
    own, total, blanks = snapshot.stakes.own_share, snapshot.stakes.total_share, snapshot.stakes.blank_share
    narrow = np.bincount(snapshot.tables["ownership"]["owned_id"][banded(snapshot)], minlength=snapshot.n)
    held = bands(snapshot)
    short = incomplete(snapshot) if held is None else incomplete(snapshot) & (held.rest > 0)
    closed, divergent = walks.sets(CLOSED), walks.sets(DIVERGENT)
    found: list[Finding | Batch] = [
        _told("shares_exceed_one", snapshot, np.flatnonzero(total > _WHOLE), sum=total / _WHOLE),
        _told("unknown_owners", snapshot, np.flatnonzero(short), sum=total / _WHOLE),
        _told("self_ownership", snapshot, np.flatnonzero(own), share=own / _WHOLE),
        _told("share_unknown", snapshot, np.flatnonzero(blanks), holdings=blanks),
        _told("share_band", snapshot, np.flatnonzero(narrow), holdings=narrow),
    ]
    for members in closed:
        _, places = _holdings(snapshot, members)
        rows = snapshot.tables["ownership"].row[places].tolist()
        names = snapshot.party_ids.take(members).to_pylist()
        found.append(finding("no_outside_owner", names, rows=[("ownership", row) for row in rows]))
    if closed or divergent:
        over_full = [sorted(snapshot.party_ids.take(members).to_pylist()) for members in divergent]
        sets = len(closed) + len(divergent)
        found.append(finding("singular_ownership_matrix", [], sets=sets, over_full=sorted(over_full)))
    return found


def _told(code: str, snapshot: Snapshot, companies: Int64, **figure: npt.NDArray[Any]) -> Batch:
    """One finding for each company, with a figure of it (n,), and the holdings in it that it rests on."""
    rows = snapshot.tables["ownership"]
    chosen = {
        "self_ownership": rows["owner_id"] == rows["owned_id"],
        "share_unknown": unsized(snapshot),
        "share_band": banded(snapshot),
    }
    ptr, places = _holdings(snapshot, companies, chosen.get(code))
    return Batch(
        code,
        single(ids(snapshot.party_ids, companies.astype(np.int32))),
        np.full(len(companies), NULL, np.int64),
        Sources.of(snapshot, "ownership", ptr, places),
        figures={name: pa.array(values[companies]) for name, values in figure.items()},
    )


def _holdings(
    snapshot: Snapshot, companies: npt.NDArray[np.signedinteger], chosen: Bool | None = None
) -> tuple[Int64, Int64]:
    """Places of the holdings in each company in the table of ownership, all or the chosen ones, as CSR."""
    number = np.full(snapshot.n + 1, -1, np.int32)
    number[companies] = np.arange(len(companies), dtype=np.int32)
    of = number[snapshot.tables["ownership"]["owned_id"]]
    by = Csr.of(of if chosen is None else np.where(chosen, of, -1).astype(np.int32), len(companies))
    return by.ptr, by.rows.astype(np.int64)
