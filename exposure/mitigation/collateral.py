"""Collateral (抵质押品): what each pledged asset is worth to which facility, by rank and amount.

An asset is what the registry says it is: several ids with one ``registry_ref`` are one asset, worth the lowest of
their values, each converted at the rate of the day. A valuation dated after the day does not count. The pack takes
a haircut off by kind, and one more where asset and debt are in different currencies (rulebook 73); a kind that
the pack does not know has none. Pledges are served by rank, equal ranks in proportion to what they may take, the
pledged amount but no more than is drawn; a pledge without a rank comes last. What a facility cannot use is not
offered again, and no facility is secured beyond its drawn amount after cash.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.duplicates.pledged import assets, pledges
from exposure.facilities import Facilities
from exposure.kernels import collateral as _kernels
from exposure.results import COUNT, MONEY, SHARE, constant, decimals, ids, result
from exposure.rulepack import RulePack, parts
from graph.ids import text_buffers, text_rank
from graph.model import SHARE as SHARE_KIND
from graph.money import NULL, portion
from graph.snapshot import NO_DATE, Snapshot

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_EPOCH: Final = dt.date(1970, 1, 1)
_LAST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Collateral:
    """Who secures what, one row a pledge of an asset for a counted facility, by asset and rank.

    ``asset`` and ``facility`` int32, ``rank`` int64 (NULL none), ``pledged`` what is asked of the asset, ``cut``
    int64 parts per 10^9 and ``amount`` what it gives: int64 base minor units, NULL where the value or the
    pledged amount is not known. ``value`` int64 by asset (NULL unknown), ``names`` their ids; ``row`` int64 is
    the pledge's.
    """

    held: Facilities
    names: pa.Array
    value: Int64
    asset: Int32
    facility: Int32
    rank: Int64
    pledged: Int64
    cut: Int64
    amount: Int64
    row: Int64

    def __len__(self) -> int:
        """How many pledges there are."""
        return len(self.asset)

    @cached_property
    def secured(self) -> Int64:
        """What collateral secures of each facility, unknown parts left out: int64 by facility.

        Never more than its drawn amount after the cash that the lender holds for it.
        """
        found = np.zeros(len(self.held), np.int64)
        np.add.at(found, self.facility, np.where(self.amount == NULL, 0, self.amount))
        return np.minimum(found, open_debt(self.held))

    def table(self) -> pa.Table:
        """The ``collateral`` result, ordered by asset, rank and facility."""
        snapshot = self.held.snapshot
        facilities = snapshot.tables["facilities"]
        asset = self.names.take(pa.array(self.asset))
        facility = ids(facilities.text("facility_id"), self.facility)
        last = np.where(self.rank == NULL, _LAST, self.rank)
        order = np.lexsort((facilities.rank[self.facility], last, text_rank(self.names)[self.asset]))
        made = result(
            "collateral",
            asset_id=asset,
            facility_id=facility,
            rank=pa.array(self.rank, COUNT, mask=self.rank == NULL),
            pledged=decimals(self.pledged, MONEY),
            value=decimals(self.value[self.asset], MONEY),
            haircut=decimals(self.cut, SHARE),
            secured=decimals(self.amount, MONEY),
            currency=constant(snapshot.base, len(self)),
        )
        return made.take(pa.array(order))


def open_debt(held: Facilities) -> Int64:
    """Drawn amount of each facility less the cash that its lender holds for it, 0 where it is not known: int64."""
    cash = held.snapshot.in_base("facilities", "cash_collateral")
    drawn = np.where(held.counted & (held.drawn != NULL), held.drawn, 0)
    return np.asarray(np.maximum(drawn - np.where(cash == NULL, 0, cash), 0), np.int64)


def collateral(held: Facilities) -> Collateral:
    """What every pledged asset gives to every counted facility."""
    snapshot = held.snapshot
    asset, names = assets(snapshot)
    value, item = _values(snapshot, asset, len(names))
    row, of, facility, pledged = pledges(held, asset, known=False)
    rank = np.where(
        snapshot.tables["pledges"]["rank"][row] == NULL, _LAST, snapshot.tables["pledges"]["rank"][row]
    )
    drawn = np.where(held.drawn[facility] == NULL, 0, held.drawn[facility])
    claim = np.where((pledged == NULL) | (value[of] == NULL), 0, np.minimum(pledged, drawn))
    order = np.lexsort((rank, of))
    row, pledged, rank, claim = row[order], pledged[order], rank[order], claim[order]
    of, facility = of[order], facility[order]
    by_kind = _by_kind(held)[item]
    other = _mismatch(held, item[of], facility)
    served = _kernels.allocate(
        np.searchsorted(of, np.arange(len(names) + 1)).astype(np.int64),
        portion(np.where(value == NULL, 0, value), SHARE_KIND.scale - by_kind),
        *(rank, claim, facility),
        *text_buffers(snapshot.tables["facilities"].text("facility_id"))[:2],
    )
    left = portion(SHARE_KIND.scale - by_kind[of], SHARE_KIND.scale - other)
    amount = portion(served, SHARE_KIND.scale - other)
    unknown = (pledged == NULL) | (value[of] == NULL)
    return Collateral(
        *(held, names, value, of, facility, np.where(rank == _LAST, NULL, rank), pledged),
        *(SHARE_KIND.scale - left, np.where(unknown, NULL, amount), row),
    )


def _values(snapshot: Snapshot, asset: Int32, many: int) -> tuple[Int64, Int32]:
    """Value of each asset, NULL unknown: the lowest among its ids as valued by the day; and the id that it is of.

    Of equal values, and of values that are not known, the smallest id counts.
    """
    rows = snapshot.tables["collateral"]
    day = (snapshot.as_of - _EPOCH).days
    worth = snapshot.in_base("collateral", "value")
    valued = rows["valuation_date"]
    known = (worth != NULL) & ((valued == NO_DATE) | (valued <= day))
    worth = np.where(known, worth, NULL)
    falling = np.lexsort((rows.rank, np.where(known, worth, _LAST)))[::-1]
    item = np.zeros(many, np.int32)
    item[asset[falling]] = falling.astype(np.int32)  # the last one written is the lowest
    value = np.full(many, NULL, np.int64)
    value[asset[falling]] = worth[falling]
    return value, item


def _by_kind(held: Facilities) -> Int64:
    """The haircut of each collateral by its kind: int64 parts per 10^9."""
    codes, kinds = held.snapshot.tables["collateral"].words("kind")
    return np.array([*(haircut(held.pack, kind) for kind in kinds), 0], np.int64)[codes]


def _mismatch(held: Facilities, item: Int32, facility: Int32) -> Int64:
    """What is taken off where collateral and facility are in different currencies: int64 parts per 10^9."""
    other = held.snapshot.tables["collateral"]["currency"][item]
    own = held.snapshot.tables["facilities"]["currency"][facility]
    cut = parts(held.pack.setting("mitigation", "currency_mismatch", 0))
    return np.where((other >= 0) & (own >= 0) & (other != own), cut, 0)


def haircut(pack: RulePack, kind: str) -> int:
    """The haircut of a kind in the pack, parts per 10^9; 0 where it has none.

    >>> from exposure.rulepack import load
    >>> haircut(load("EU-CRR"), "Equity, main index")
    200000000
    """
    name = "_".join("".join(c if c.isalnum() else " " for c in kind.lower()).split())
    return parts(pack.setting("haircuts", name, 0))
