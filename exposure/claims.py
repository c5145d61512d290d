"""Claims: the pieces of the counted facilities' gross by the parties that owe them, and how they are summed.

Each claim counts once in a set of parties, however many of them owe it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.kernels import aggregate as _kernels
from exposure.lookthrough import UNKNOWN, Pieces
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Claims:
    """By claim: ``facility``, ``party`` int32 and ``gross`` int64 (base minor units, NULL unknown).

    The first ``main`` claims are those on the obligors, one a counted facility, in the order of facilities;
    they carry limit and drawn amount. The rest is looked through; party -1 is ``(unknown)``. ``co_claim`` and
    ``co_party`` int32 are the further parties that owe a claim in full.
    """

    facility: Int32
    party: Int32
    gross: Int64
    main: int
    co_claim: Int32
    co_party: Int32

    @classmethod
    def of(
        cls, counted: Bool, obligor: Int32, gross: Int64, through: Pieces, co_obligors: tuple[Int32, Int32]
    ) -> Claims:
        """Take what is looked through out of each facility's gross; ``co_obligors`` are pairs with parties.

        A part of unknown amount stays with the obligor, and is besides an unknown claim on its party.
        Pairs that say nothing (not counted, no party, the obligor itself, twice) are left out.
        """
        row = np.flatnonzero(counted).astype(np.int32)
        left, known = gross[row], through.amount != NULL
        np.subtract.at(left, np.searchsorted(row, through.facility[known]), through.amount[known])
        facility, party = co_obligors
        good = (facility >= 0) & (party >= 0) & np.append(counted, np.False_)[facility]
        good &= np.append(obligor, -1)[facility] != party
        pairs = np.unique(np.stack([facility[good], party[good]], axis=1), axis=0)
        return cls(
            np.concatenate([row, through.facility]),
            np.concatenate([obligor[row], through.party]),
            np.concatenate([left, through.amount]),
            len(row),
            np.searchsorted(row, pairs[:, 0]).astype(np.int32),
            pairs[:, 1].astype(np.int32),
        )


@dataclass(frozen=True)
class Ledger:
    """The claims in the order of parties: the entries of p are ``ptr[p]:ptr[p + 1]``; n is ``(unknown)``.

    ``entry`` int64 (m, 4) holds limit, drawn and gross in base minor units, NULL unknown, and the place of the
    lender in the order of ids; ``claim`` int32 which claim it is; ``special`` int32 -1 for a claim on one
    party under no umbrella (no array where all are), else a number below ``len(slot)``, the same in each entry
    of the claim. ``slot`` is the claim's pair of umbrella line and lender, -1 for none; ``slot_line`` and
    ``slot_lender`` (a place too) int32 tell the pairs. ``lenders`` int32 are the lenders' numbers by
    place; the place after the last stands for an unknown lender.
    """

    ptr: Int64
    claim: Int32
    entry: Int64
    special: Int32
    slot: Int32
    slot_line: Int32
    slot_lender: Int32
    lenders: Int32

    @classmethod
    def of(
        cls, claims: Claims, n: int, lender_ids: pa.Array, by_facility: tuple[Int32, Int64, Int64, Int32]
    ) -> Ledger:
        """Sort claims on n parties; lender, limit, drawn and umbrella line are given by facility."""
        lender, limit, drawn, line = by_facility
        order = np.asarray(pc.sort_indices(lender_ids)).astype(np.int32)
        rank = np.full(len(order) + 1, len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        row = claims.facility[: claims.main]
        place = rank[lender]
        special, slot, slot_line, slot_lender = _special(claims, line[row], place[row])
        party = np.concatenate([claims.party, claims.co_party])
        party[party == UNKNOWN] = n
        claim = np.concatenate([np.arange(len(claims.party), dtype=np.int32), claims.co_claim])
        ptr = _kernels.starts(party, n + 1)
        sorted_claim, entry = np.empty(len(party), np.int32), np.empty((len(party), 4), np.int64)
        marks = np.empty(len(party) if len(special) else 0, np.int32)
        _kernels.sort_by_party(
            *(ptr[:-1].copy(), party, claim, claims.facility, claims.gross, claims.main),
            *(place, limit, drawn, special, sorted_claim, entry, marks),
        )
        return cls(ptr, sorted_claim, entry, marks, slot, slot_line, slot_lender, order)

    def reduced(self, claims: Claims, gross: Int64) -> Ledger:
        """A ledger of other amounts: ``gross`` int64 by facility on its main claim, 0 = not in it."""
        amount = np.where(self.claim < claims.main, gross[claims.facility[self.claim]], 0)
        kept = np.flatnonzero(amount)
        entry = np.zeros((len(kept), 4), np.int64)
        entry[:, 2], entry[:, 3] = amount[kept], self.entry[kept, 3]
        return replace(
            self,
            ptr=np.searchsorted(kept, self.ptr).astype(np.int64),
            claim=self.claim[kept],
            entry=entry,
            special=self.special[kept] if len(self.special) else self.special,
            slot=np.full(len(self.slot), -1, np.int32),
        )

    def entries(self, parties: Int32 | None) -> Int64:
        """Entries of a set of parties (-1 = ``(unknown)``), or of everyone."""
        if parties is None:
            return np.arange(len(self.claim), dtype=np.int64)
        n = len(self.ptr) - 2
        chosen = np.unique(np.where(np.asarray(parties) == UNKNOWN, n, parties)).astype(np.int64)
        low, high = self.ptr[chosen].tolist(), self.ptr[chosen + 1].tolist()
        runs = [np.arange(a, b, dtype=np.int64) for a, b in zip(low, high, strict=True)]
        return np.concatenate(runs) if runs else np.zeros(0, np.int64)


def _special(claims: Claims, line: Int32, place: Int32) -> tuple[Int32, Int32, Int32, Int32]:
    """Number of each claim that several parties owe or that an umbrella covers, and the umbrella pairs.

    ``line`` and ``place`` of the lender are by main claim.
    """
    marked = line >= 0
    marked[claims.co_claim] = True
    chosen = np.flatnonzero(marked)
    if not len(chosen):
        none = np.zeros(0, np.int32)
        return none, none, none, none
    special = np.full(len(claims.facility), -1, np.int32)
    special[chosen] = np.arange(len(chosen), dtype=np.int32)
    under = np.flatnonzero(line[chosen] >= 0)
    both = np.stack([line[chosen][under], place[chosen][under]], axis=1)
    pairs, number = np.unique(both, axis=0, return_inverse=True)
    slot = np.full(len(chosen), -1, np.int32)
    slot[under] = number.ravel()
    return special, slot, pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)
