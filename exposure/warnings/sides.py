"""Sides: two states of a book beside each other, and what stands in both.

Only what stands in both is compared, so that parties and facilities that were recorded later are no news by
themselves.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.facilities import Facilities
from exposure.groups import Groups
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Sides:
    """The groups of now and of before, under one pack, and the facilities of now at value."""

    groups: Groups
    before: Groups
    facilities: Facilities

    @property
    def now(self) -> Snapshot:
        """The book as it is."""
        return self.groups.snapshot

    @property
    def then(self) -> Snapshot:
        """The book as it was."""
        return self.before.snapshot

    @property
    def since(self) -> str:
        """The earlier state in words."""
        return named(self.then, beside=self.now)

    @cached_property
    def party(self) -> Int32:
        """Number that each party had before, -1 for one that was not there: int32 (n,)."""
        return _places(self.now.party_ids, self.then.party_ids)

    @cached_property
    def facility(self) -> Int32:
        """Number that each facility had before, -1 for one that was not there: int32 by facility."""
        return _places(*(book.tables["facilities"].text("facility_id") for book in (self.now, self.then)))


def today(snapshot: Snapshot) -> int:
    """The as-of date as days since 1970."""
    return (snapshot.as_of - dt.date(1970, 1, 1)).days


def named(then: Snapshot, beside: Snapshot) -> str:
    """The day of a state, with its version where that is another one."""
    return f"{then.as_of}" if then.version == beside.version else f"{then.as_of} v{then.version}"


def _places(wanted: pa.Array, among: pa.Array) -> Int32:
    """Place of each text among others, -1 where it is not there."""
    return np.asarray(pc.fill_null(pc.index_in(wanted, among), -1), np.int32)
