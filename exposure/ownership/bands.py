"""Bands (持股区间): holdings of which the register tells only from where to where, as intervals of every share.

The least of an integrated share reads each band at its lower end. The most reads it at its upper end, which nobody's
holding passes that leaves the others their least. Where the upper ends do not fill a register there are unknown owners,
and all that the lower ends leave may be theirs. Integrated shares only grow with the stakes, so that these two bound
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.model import SHARE
from graph.money import NULL
from graph.snapshot import Snapshot, Stakes

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bands:
    """The holdings of a book at the end that leaves an owner of all that is open the most, and what is open.

    ``most`` are stakes: at their upper ends where these fill the register, else at their lower ones. By company, int64
    (n,), parts per 10^9: ``open`` is what may be unknown owners' beside them, ``rest`` what no holding on record can
    be, however large it is.
    """

    most: Stakes
    open: Int64
    rest: Int64


def banded(snapshot: Snapshot) -> Bool:
    """Holdings of which only a band is known: bool (holdings,)."""
    rows = snapshot.tables["ownership"]
    told = (rows["share_min"] != NULL) | (rows["share_max"] != NULL)
    return np.asarray((rows["share"] == NULL) & told & (rows["owner_id"] >= 0) & (rows["owned_id"] >= 0))


def unsized(snapshot: Snapshot) -> Bool:
    """Holdings of which not even a lower end is known: bool (holdings,)."""
    rows = snapshot.tables["ownership"]
    return np.asarray((rows["share"] == NULL) & (rows["share_min"] == NULL))


def bands(snapshot: Snapshot) -> Bands | None:
    """The upper ends of all holdings; None where no holding is a band.

    A holding of unknown size may be all that the others leave, but does not fill a register.
    """
    known = banded(snapshot)
    if not known.any():
        return None
    rows, n = snapshot.tables["ownership"], snapshot.n
    owner, owned = rows["owner_id"], rows["owned_id"]
    least = np.where(rows["share"] == NULL, rows["share_min"], rows["share"])
    least = np.where(least == NULL, 0, least)
    most = np.where(rows["share"] == NULL, rows["share_max"], rows["share"])
    most = np.where(most == NULL, SHARE.scale, most)
    taken = np.zeros(n, np.int64)
    held = owned >= 0
    np.add.at(taken, owned[held], least[held])
    room = SHARE.scale - (np.append(taken, 0)[owned] - least)
    most = np.maximum(least, np.minimum(most, room))
    filled = np.zeros(n, np.int64)
    sure = held & (known | (rows["share"] != NULL))
    np.add.at(filled, owned[sure], most[sure])
    holdings = np.bincount(owned[held], minlength=n)
    rest = SHARE.scale - filled
    rest = np.where((holdings > 0) & (rest > holdings), rest, 0)
    least_of = np.where(np.append(rest, 0)[owned] > 0, least, most)
    stakes = Stakes.of(owner, owned, least_of, least_of, n)
    return Bands(stakes, np.where(rest > 0, SHARE.scale - taken, 0), rest)
