"""Guarantors (担保人): what each has given, what it can be called for, and what its net assets make of it.

Given against net assets and the number of obligors follow the notice on guarantee circles of 2014 (rulebook 55);
effective cover is the allocated cover as far as net assets reach, in one pass (rulebook 65-72).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.facilities import Facilities
from exposure.guarantees.calls import known, maximum_calls
from exposure.guarantees.chains import Chains, Edges
from exposure.guarantees.cover import Cover, allocate
from exposure.guarantees.promises import Promises
from exposure.kernels import rows as _rows
from exposure.results import COUNT, MODEL, MONEY, decimals, ids, result
from exposure.rulepack import line as line_of
from exposure.rulepack import load
from graph.errors import RangeError
from graph.model import INT64_MAX, SHARE
from graph.money import NULL, total

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

PACK: Final = "CN-GUAR"
"""The pack whose lines on guarantees hold whatever the report is made for."""
MANY: Final = 200_000
"""Guarantees from which on the best cover of the book is looked for on request only."""


@dataclass(frozen=True)
class Guarantees:
    """The guarantees of a snapshot and what they come to; each part is worked out when first asked for."""

    promises: Promises

    @classmethod
    def of(cls, held: Facilities) -> Guarantees:
        """The guarantees on the counted facilities of a snapshot."""
        return cls(Promises.of(held))

    @cached_property
    def edges(self) -> Edges:
        """Who guarantees whom, parallel guarantees merged."""
        return Edges.of(self.promises)

    @cached_property
    def cover(self) -> Cover:
        """What every guarantee in force covers of gross after cash, eligible or not."""
        return allocate(self.promises)

    @cached_property
    def chains(self) -> Chains:
        """What hangs below each guarantor."""
        return Chains.of(self.promises, self.edges)

    @cached_property
    def max_call(self) -> Int64:
        """What can be demanded of each party at most: int64 (parties,), NULL unknown."""
        return maximum_calls(self.promises)

    def called(self, party: Int32, lender: Int32) -> Int64:
        """What a lender (int32, -1 = all) can demand of a party (int32, -1 = nobody) at most, by row: int64.

        NULL where that depends on a cap or share that is not known.
        """
        p = self.promises
        of, to = p.guarantor[p.guarantee], p.held.lender[p.facility]
        row = _rows.find(party, lender, p.held.snapshot.n, np.where(to < 0, np.int32(-1), of), to)
        hit = np.zeros(len(party) + 1, bool)
        hit[row] = True
        hit[-1] = False
        many = int(np.count_nonzero(hit))
        number = np.where(hit, np.cumsum(hit) - 1, -1).astype(np.int32)
        out = np.where(lender < 0, np.append(self.max_call, 0)[party], 0)
        out[hit[:-1]] = known(p, number[row], many)
        return np.asarray(out, np.int64)

    @cached_property
    def obligors(self) -> Int64:
        """How many parties each one guarantees: int64 (parties,)."""
        return np.diff(self.edges.ptr)

    @cached_property
    def each(self) -> Int64:
        """Amount of each guarantee: its cap, or else the drawn debt that it covers; NULL unknown."""
        bounds = self.promises.bounds
        given = np.where(bounds.bound == NULL, self.promises.covered, bounds.bound)
        return np.where(bounds.unknown, NULL, given)

    @cached_property
    def given_known(self) -> Int64:
        """Amounts of each party's guarantees in force, unknown ones left out: int64 (parties,).

        Raises ``RangeError`` where they add up to more than 64 bits hold.
        """
        alive = np.flatnonzero(self.promises.alive & (self.each != NULL))
        amounts = self.each[alive]
        if total(amounts) > INT64_MAX:
            raise RangeError("the sum of guarantees")
        given = np.zeros(self.promises.held.snapshot.n, np.int64)
        np.add.at(given, self.promises.guarantor[alive], amounts)
        return given

    @cached_property
    def given(self) -> Int64:
        """The same, NULL for a party with a guarantee in force of unknown amount: int64 (parties,)."""
        given = self.given_known.copy()
        given[self.promises.guarantor[self.promises.alive & (self.each == NULL)]] = NULL
        return given

    @cached_property
    def net_assets(self) -> Int64:
        """Equity of each party: int64 (parties,) base minor units, NULL unknown."""
        return self.promises.held.snapshot.in_base("parties", "equity")

    @cached_property
    def allocated(self) -> Int64:
        """Cover that each party's guarantees give in all: int64 (parties,), NULL unknown."""
        return self.cover.by_guarantor()

    @cached_property
    def effective(self) -> Int64:
        """The part of it that net assets are worth: int64 (parties,), NULL where either is unknown."""
        unknown = (self.allocated == NULL) | (self.net_assets == NULL)
        return np.where(unknown, NULL, np.minimum(self.allocated, np.maximum(self.net_assets, 0)))

    @cached_property
    def illusory(self) -> Int64:
        """The part of it that is not there: int64 (parties,), NULL where either is unknown."""
        return np.where(self.effective == NULL, NULL, self.allocated - self.effective)

    @cached_property
    def guarantors(self) -> Int32:
        """Parties with a guarantee in force for another, in the order of ids: int32."""
        marked = np.zeros(self.promises.held.snapshot.n, bool)
        marked[self.promises.guarantor[self.promises.alive]] = True
        party = np.flatnonzero(marked).astype(np.int32)
        return party[np.argsort(self.promises.held.snapshot.party_rank[party], kind="stable")]

    def ratio(self, party: Int32) -> npt.NDArray[np.float64]:
        """Given over net assets, NaN where unknown or where there are none: float64."""
        given, worth = self.given[party], self.net_assets[party]
        good = (given != NULL) & (worth != NULL) & (worth > 0)
        return np.where(good, given / np.where(good, worth, 1), np.nan)

    def table(self) -> pa.Table:
        """The ``guarantors`` result, one row a guarantor, by id."""
        party = self.guarantors
        ratio, depth = self.ratio(party), self.chains.depth[party]
        return result(
            "guarantors",
            party_id=ids(self.promises.held.snapshot.party_ids, party),
            given=decimals(self.given[party], MONEY),
            count=pa.array(self.obligors[party], COUNT),
            net_assets=decimals(self.net_assets[party], MONEY),
            ratio=pa.array(ratio, MODEL, mask=np.isnan(ratio)),
            max_call=decimals(self.max_call[party], MONEY),
            effective_cover=decimals(self.effective[party], MONEY),
            illusory_cover=decimals(self.illusory[party], MONEY),
            chain_reach=decimals(self.chains.reach[party], MONEY),
            chain_depth=pa.array(depth, COUNT, mask=depth < 0),
        )

    def beyond_net_assets(self) -> Int32:
        """Guarantors that have given more than the line allows for their net assets, in the order of ids.

        What is known of the amounts decides, exactly; without net assets nothing is told.
        """
        party = self.guarantors
        line = line_of(load(PACK), "guarantees", "net_assets")
        given, worth = self.given_known[party], self.net_assets[party]
        near = (worth != NULL) & (given > 0)
        near &= (worth <= 0) | (given * 1.000001 >= worth * (line.line / SHARE.scale))
        party = party[near]
        met = [
            worth <= 0 or line.met(given, worth)
            for given, worth in zip(given[near].tolist(), worth[near].tolist(), strict=True)
        ]
        return np.asarray(party[np.array(met, bool)], np.int32)

    def beyond_obligors(self) -> Int32:
        """Guarantors of more obligors than the line allows, in the order of ids."""
        line = line_of(load(PACK), "guarantees", "obligors")
        counts = self.obligors[self.guarantors]
        met = [line.met(count, 1) for count in range(int(counts.max(initial=0)) + 1)]
        return np.asarray(self.guarantors[np.array(met, bool)[counts]], np.int32)
