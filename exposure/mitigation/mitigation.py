"""Mitigation (风险缓释): what is left of the facilities after cash, substitution and exemptions, claim by claim.

Net = gross - cash collateral - what guarantors take over + what the party itself takes over - exemptions. Until
exemptions the total is conserved: what leaves an obligor arrives at a guarantor. (CRR Art. 400, 401 and 403,
LEX30; rulebook 26-28, 36-38.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from exposure.claims import Claims
from exposure.facilities import Facilities
from exposure.limits.clients import Clients
from exposure.mitigation.substitution import Substitution, substituted
from exposure.rulepack import parts
from graph.model import SHARE
from graph.money import NULL, portion, split

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

COVERED_BOND = "covered_bond"


@dataclass(frozen=True)
class NetFacilities(Facilities):
    """Facilities whose claims are what is left after mitigation; sums of them are net amounts.

    Limits and drawn amounts are as before and say nothing here.
    """

    left: Claims

    @cached_property
    def claims(self) -> Claims:
        """The claims after mitigation."""
        return self.left


@dataclass(frozen=True)
class Mitigation:
    """Mitigation of the claims of ``held``: amounts int64 base minor units.

    By claim: ``cash`` and ``moved`` what cash and guarantors take off it, ``spared`` what the pack spares of
    covered bonds. ``giver`` int32, ``given`` and ``of`` int32: the claims that arise on guarantors, one a
    guarantee and facility, by guarantor, amount and facility. ``exempt`` bool (parties + 1,): whose claims are
    outside the limits, the last entry for ``(unknown)``.
    """

    held: Facilities
    substitution: Substitution
    cash: Int64
    moved: Int64
    spared: Int64
    giver: Int32
    given: Int64
    of: Int32
    exempt: Bool

    @cached_property
    def changes(self) -> bool:
        """Whether anything is mitigated or exempt."""
        claims = self.held.claims
        owed = np.concatenate([claims.party, claims.co_party])
        return bool(self.cash.any() or len(self.given) or self.spared.any() or self.exempt[owed].any())

    @cached_property
    def rest(self) -> Int64:
        """What is left of each claim, exemptions of parties apart; NULL unknown: int64 by claim."""
        gross = self.held.claims.gross
        return np.where(gross == NULL, NULL, gross - self.cash - self.moved - self.spared)

    @cached_property
    def net(self) -> NetFacilities:
        """The facilities after mitigation.

        A claim on an exempt party is nothing, but stays with those co-obligors that are not exempt. A claim
        that arises on a guarantor comes last, as one more claim under the same facility and lender.
        """
        held, claims = self.held, self.held.claims
        party, co_claim, co_party, gone = self._carriers()
        here = ~self.exempt[self.giver]
        left = Claims(
            np.concatenate([claims.facility, self.of[here]]),
            np.concatenate([party, self.giver[here]]),
            np.concatenate([np.where(gone, 0, self.rest), self.given[here]]),
            *(claims.main, co_claim, co_party),
        )
        line_of = held.umbrellas.line_of.copy()
        line_of[claims.facility[: claims.main][gone[: claims.main]]] = -1
        values = {name: getattr(held, name) for name in Facilities.__dataclass_fields__}
        values["umbrellas"] = replace(held.umbrellas, line_of=line_of)
        values["duplicate_of"] = np.full(len(held), -1, np.int32)
        return NetFacilities(**values, left=left)

    def within(self, held: Facilities) -> Mitigation:
        """The same of some of the facilities: those that ``held``, of the same book and pack, counts.

        Caps stay split over all that they cover.
        """
        chosen = held.counted[self.held.claims.facility]
        given = held.counted[self.of]
        by_claim = {name: getattr(self, name)[chosen] for name in ("cash", "moved", "spared")}
        by_gift = {name: getattr(self, name)[given] for name in ("giver", "given", "of")}
        return replace(self, held=held, **by_claim, **by_gift)

    def beyond(self, ours: Int32, lenders: Bool) -> Mitigation:
        """The same as lenders (bool by lender) see it together, whose own parties are ``ours`` (int32).

        What one of these guarantees to another protects nothing of their claims: it is the same hand that takes and
        gives. Itself where there is no such guarantee. (CRR Art. 6, 11 and 403: protection is that of a third party.)
        """
        inside = np.isin(self.giver, ours) & np.append(lenders, np.False_)[self.held.lender[self.of]]
        return (
            mitigated(self.held, substituted(self.held, ours, self.substitution.promises))
            if inside.any()
            else self
        )

    def _carriers(self) -> tuple[Int32, Int32, Int32, Bool]:
        """Party of each claim, claims and parties of co-obligors without the exempt; claims that are no more."""
        claims = self.held.claims
        kept = ~self.exempt[claims.co_party]
        co_claim, co_party = claims.co_claim[kept], claims.co_party[kept]
        party, gone = claims.party.copy(), self.exempt[claims.party].copy()
        passed = np.flatnonzero(gone[co_claim])
        heir, first = np.unique(co_claim[passed], return_index=True)
        party[heir], gone[heir] = co_party[passed[first]], False
        stays = np.ones(len(co_claim), bool)
        stays[passed[first]] = False
        return party, co_claim[stays], co_party[stays], gone


def mitigated(held: Facilities, found: Substitution | None = None) -> Mitigation:
    """Mitigation of facilities under their pack; ``found`` is what guarantees take over, if it is at hand.

    What cash and guarantees take off a vehicle that is looked through is spread over its parts in proportion
    to what they are, cash first.
    """
    found = substituted(held) if found is None else found
    claims, cover = held.claims, found.cover
    debt = np.where(cover.debt == NULL, 0, cover.debt)
    cash = np.where(held.counted & (held.gross != NULL), held.gross - debt, 0)
    cash = _spread(claims, cash, np.where(claims.gross == NULL, 0, claims.gross))
    left = np.where(claims.gross == NULL, 0, claims.gross) - cash
    moved = _spread(claims, cover.by_facility(), left)
    pairs = np.flatnonzero(cover.known > 0)
    p = cover.promises
    return Mitigation(
        held,
        found,
        cash,
        moved,
        _spared(held, left - moved),
        p.guarantor[p.guarantee[pairs]],
        cover.known[pairs],
        p.facility[pairs],
        Clients.of(held.snapshot, held.pack).exempt,
    )


def _spread(claims: Claims, amount: Int64, weight: Int64) -> Int64:
    """Amounts by facility over the claims of each in proportion to their weights: int64 by claim.

    By largest remainder; of equal ones the obligor's comes first, then the parts by party id.
    """
    row = claims.facility[: claims.main]
    out = np.zeros(len(weight), np.int64)
    out[: claims.main] = amount[row]
    parts_of = claims.facility[claims.main :]
    touched = np.flatnonzero(amount[parts_of] > 0)
    if not len(touched):
        return out
    numbers, start = np.unique(parts_of, return_index=True)
    ends = np.append(start[1:], len(parts_of)) + claims.main
    mains = np.searchsorted(row, numbers)
    for k in np.flatnonzero(amount[numbers] > 0).tolist():
        at = [int(mains[k]), *range(int(start[k]) + claims.main, int(ends[k]))]
        out[at] = split(int(amount[numbers[k]]), weight[at].tolist())
    return out


def _spared(held: Facilities, left: Int64) -> Int64:
    """What the pack spares of covered bonds, by claim: all but the pack's share of what is left."""
    share = held.pack.setting("mitigation", COVERED_BOND, 1)
    codes, words = held.snapshot.tables["facilities"].words("product")
    out = np.zeros(len(left), np.int64)
    if COVERED_BOND not in words or parts(share) == SHARE.scale:
        return out
    bonds = np.flatnonzero((codes == words.index(COVERED_BOND))[held.claims.facility])
    out[bonds] = left[bonds] - portion(left[bonds], np.full(len(bonds), parts(share), np.int64))
    return out
