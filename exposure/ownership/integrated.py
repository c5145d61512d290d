"""Integrated ownership (股权): what each owner holds of each company, directly and through others.

W are direct shares, own shares on its diagonal, V = (I - W)^-1. Integrated shares are Y = W V = V - I, the sum
over all walks. In loops they count walks that come back to the owner; corrected shares do not: diag(V)^-1 (V - I)
(Brioschi, Buzzacchi and Colombo 1989, "Risk capital financing and the separation of ownership and control in
business groups"). Outside loops the two are equal.

A party without any recorded holder is an outside owner: the register ends there. Where the known holders of a
company add up to less than the whole, the rest (and every holding of unknown size) belongs to unknown owners,
and shares become intervals; a rest of one unit (10^-9) per holding is rounding. A holding known as a band counts
with its lower end, and with its upper end in what a share may be at most. Registers above the whole are
reported and never rescaled. A set of companies that own each other entirely is closed: no shares of its members
in anything exist. A set whose over-full registers make the series diverge is treated alike, and so are those who
hold it, below it.

Figures are float64. In books below ``EXACT`` stakes they are good to about 10^-12; in larger ones, and in small
ones where that would take too long, entries of columns below ``COARSE`` are left out first and those companies
computed again more finely where a figure may still cross a line that matters. The bound of what was left out is
in ``upper``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.batches import Batch
from exposure.findings import Finding
from exposure.kernels import ownership as _kernels
from exposure.kernels import rows as _by_row
from exposure.ownership import registers
from exposure.ownership.bands import Bands, banded, bands
from exposure.ownership.walks import SWEEPS, Walks
from exposure.results import SHARE as SHARE_TYPE
from exposure.results import decimals, ids, result
from graph.model import MONEY, SHARE
from graph.money import NULL
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

LINES: Final = (200_000_000, 250_000_000)
"""Shares at which law asks a question: close links at 20 %, beneficial owners at 25 %."""
TOLERANCE: Final = 1e-12
"""A figure reaches a line from this much below it: sums of products of exact shares end there in float64."""
EXACT: Final = 250_000
"""Books with fewer stakes are computed to rounding at once, if that is no more than ``WORK``."""
_TOGETHER: Final = 8
"""Lenders for whom shares are attributed in one pass over the stakes: 64 bytes a party."""
LEAST: Final = 1e-15
COARSE: Final = 3e-5
FINE: Final = (1e-7, LEAST)
"""Entries left out: in small books, at first in others, and again where a figure is still open."""
WORK: Final = (400_000_000, 1_000_000_000)
"""Entries of columns that may be added up at ``LEAST`` and otherwise; beyond that more is left out."""
MOST: Final = 64_000_000
"""Entries that columns may hold at once (12 bytes each); beyond that more is left out."""
_LEAST_ROOM: Final = 1e-9
"""With less than this left to others, an owner of all that is unknown owns itself: its shares have no upper end."""
ROOM: Final = 8
"""Entries and rows a stake that there is room for at first; memory that is not written to costs nothing."""


@dataclass(frozen=True)
class Ownership:
    """Integrated shares, a row for each direct stake and for each pair from ``min_share`` up.

    By row, in the order of the owners' and then the owned parties' ids: ``owner``, ``owned`` int32; ``direct``
    int64 parts per 10^9, NULL where there is no stake of known size; ``lower`` float64, the known share (NaN
    where none exists); ``blank`` bool, known as a holder but not how much. By party: ``circle`` float64, the
    share in itself (V_xx - 1, NaN in sets without numbers); ``error`` what a figure in the company may lack by
    truncation; ``unknown`` the share in it that ends at unknown owners. ``ceiling`` float64 by row bounds the share
    by the upper ends of bands; infinite where they tell nothing. ``looped`` bool by party: may be in a loop, so that
    its integrated share of something may exceed the whole.
    """

    snapshot: Snapshot
    walks: Walks
    min_share: int
    owner: Int32
    owned: Int32
    direct: Int64
    lower: Float64
    blank: Bool
    circle: Float64
    error: Float64
    unknown: Float64
    ceiling: Float64
    looped: Bool

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.owner)

    @property
    def integrated(self) -> Float64:
        """Integrated share by row: NaN where no number exists or nothing of it is known."""
        return np.where(self.blank & (self.lower == 0), np.nan, self.lower)

    @property
    def upper(self) -> Float64:
        """What the share may be at most: float64, by row, NaN without bound.

        As if the owner were every unknown owner, and no more than the whole where it is in no loop on record.
        """
        whole = np.where(self.looped[self.owner], np.inf, 1.0)
        bound = np.maximum(self.lower, np.minimum(whole, np.fmin(self.filled, self.ceiling)))
        return np.asarray(np.where(np.isinf(bound), np.nan, bound))

    @property
    def filled(self) -> Float64:
        """The share if the owner is every unknown owner too: float64, by row, infinite without bound.

        With r the rests of registers and u = V' r it is (V - I)_xy + V_xx u_y / (1 - u_x), from the inverse of
        I - W - e_x r' by the formula of Sherman and Morrison (1950).
        """
        x, y = self.owner, self.owned
        room = 1.0 - self.unknown[x]
        factor = (self.loop_factor + self.error)[x]
        with np.errstate(divide="ignore", invalid="ignore"):
            more = np.where(room > _LEAST_ROOM, factor * self.unknown[y] / room, np.inf)
        return np.asarray(self.lower + self.error[y] + np.where(self.unknown[y] > 0, more, 0.0))

    @property
    def loop_factor(self) -> Float64:
        """V_xx by party: 1 outside loops, NaN in sets without numbers."""
        return 1.0 + self.circle

    @property
    def corrected(self) -> Float64:
        """Share without walks that come back to the owner, by row."""
        return np.asarray(self.integrated / self.loop_factor[self.owner])

    def reaches(self, line: int) -> Bool:
        """Rows whose integrated share is at least a line in parts per 10^9, within ``TOLERANCE``.

        In a closed set, where there is none, the stake itself tells.
        """
        return np.asarray((self.lower >= line / SHARE.scale - TOLERANCE) | (self.direct >= line))

    def rows(self, low: int, high: int) -> Ownership:
        """The same with the rows low..high-1 alone."""
        by_row = ("owner", "owned", "direct", "lower", "blank", "ceiling")
        return replace(self, **{name: getattr(self, name)[low:high] for name in by_row})

    def shares(self, more: Mapping[str, pa.Array] | None = None) -> pa.Table:
        """The ``shares`` result, ordered by owner and owned id, with more columns where they were computed."""
        names = self.snapshot.party_ids
        return result(
            "shares",
            owner_id=ids(names, self.owner),
            owned_id=ids(names, self.owned),
            direct=decimals(self.direct, SHARE_TYPE),
            **{
                name: pa.array(values, mask=np.isnan(values))
                for name in ("integrated", "lower", "upper", "corrected")
                for values in (getattr(self, name),)
            },
            **(more or {}),
        )

    def findings(self) -> list[Finding | Batch]:
        """What registers of holders say that is not, or cannot be, the whole."""
        return registers.findings(self.snapshot, self.walks)


def ownership(
    snapshot: Snapshot, *, min_share: int = 50_000_000, thresholds: Sequence[int] = LINES
) -> Ownership:
    """Integrated ownership of a book.

    Pairs from ``min_share`` (parts per 10^9) are listed besides all direct stakes. In large books a figure that
    may still cross ``min_share`` or one of the thresholds is computed more finely than the rest.
    """
    walks = Walks.of(snapshot.stakes)
    made = _owned(snapshot, walks, registers.rest(snapshot), min_share, thresholds)
    held = bands(snapshot)
    if held is None:
        return made
    ceiling, looped = _ceiling(made, held, thresholds)
    return replace(made, ceiling=ceiling, looped=looped)


def _ceiling(made: Ownership, held: Bands, thresholds: Sequence[int]) -> tuple[Float64, Bool]:
    """What each row's share may be at most by the upper ends of bands, and who may be in a loop then.

    float64 by row, infinite where there is no bound; bool by party.
    """
    rest = held.open / SHARE.scale
    most = _owned(made.snapshot, Walks.of(held.most), rest, made.min_share, thresholds)
    n = np.int64(made.snapshot.n)
    key = most.owner * n + most.owned
    by = np.argsort(key)
    wanted = made.owner * n + made.owned
    at = np.searchsorted(key, wanted, sorter=by)
    at = np.append(by, 0)[at]
    there = np.append(key, -1)[at] == wanted if len(key) else np.zeros(len(wanted), bool)
    found = np.append(most.filled, np.inf)[np.where(there, at, len(key))]
    return np.asarray(np.where(np.isnan(found), np.inf, found), np.float64), most.looped


def _owned(
    snapshot: Snapshot, walks: Walks, rest: Float64, min_share: int, thresholds: Sequence[int]
) -> Ownership:
    """Integrated shares along these walks; ``rest`` float64 (n,) is what unknown owners hold of each company."""
    lines = np.array(sorted({min_share, *thresholds} - {0})) / SHARE.scale - TOLERANCE
    found = _figures(walks, lines, min_share / SHARE.scale - TOLERANCE)
    unknown = walks.downward(rest[walks.order, None])[:, 0]
    owner, owned, direct, lower, blank = _rows(snapshot, walks, found, min_share)
    circle = np.where(walks.unsolvable, np.nan, found.circle)
    shown = (owner, owned, direct, lower, blank)
    by_party = (circle[walks.place], found.error[walks.place], unknown[walks.place])
    looped = (circle != 0)[walks.place]
    return Ownership(snapshot, walks, min_share, *shown, *by_party, np.full(len(owner), np.inf), looped)


def attributable(snapshot: Snapshot, ownership: Ownership, amounts: Float64) -> Float64:
    """Own amounts and those of others by corrected share: float64 of the shape of amounts, (n,) or (n, k).

    For party x: g_x + sum over others y of corrected(x, y) g_y = (V g)_x / V_xx, by one solution of (I - W) v = g.
    What a party has in itself through loops adds nothing to its own amount. NaN for members of closed and
    divergent sets, which own no share that could be told, and for whoever holds a divergent set, directly or
    through others (nobody holds a closed one); an unknown amount (NaN) makes those of all its owners unknown.
    """
    walks = ownership.walks
    own = np.asarray(amounts, np.float64)
    own = own.reshape(snapshot.n, math.prod(own.shape[1:]))  # without parties -1 would say nothing
    made = walks.upward(own[walks.order])[walks.place]
    made /= ownership.loop_factor[:, None]
    return np.asarray(made.reshape(np.shape(amounts)))


def attributed(ownership: Ownership, party: Int32, lender: Int32, gross: Int64) -> Float64:
    """The same of amounts by party and lender (int32, each pair once), in base minor units: float64 base units by row.

    Rows of nobody (party -1) keep their amounts.
    """
    walks, factor = ownership.walks, ownership.loop_factor
    out = gross / MONEY.scale
    lenders = np.flatnonzero(np.bincount(lender + 1)) - 1
    for first in range(0, len(lenders), _TOGETHER):
        some = lenders[first : first + _TOGETHER]
        column = np.full(int(lenders[-1]) + 2, -1, np.int32)
        column[some + 1] = np.arange(len(some), dtype=np.int32)
        own = np.zeros((walks.n, len(some)))
        _by_row.lay(party, lender, gross, float(MONEY.scale), walks.place, column, own)
        _by_row.pick(party, lender, walks.place, column, walks.upward(own), factor, out)
    return np.asarray(out, np.float64)


def _found(n: int, m: int) -> _kernels.Found:
    """Room for the figures of n companies with m stakes, all asked for."""
    return _kernels.Found(
        asked=np.ones(n, bool),
        stakes=np.zeros(m),
        circle=np.zeros(n),
        error=np.zeros(n),
        owner=np.empty(ROOM * m, np.int32),
        owned=np.empty(ROOM * m, np.int32),
        value=np.empty(ROOM * m),
        shown=np.zeros(2, np.int64),
        seen=np.full(n, -1, np.int32),
        barred=np.zeros(n, bool),
    )


def _columns(walks: Walks, wanted: Bool) -> _kernels.Columns:
    """Room for columns."""
    n, m = walks.n, ROOM * len(walks.share) + 1
    return _kernels.Columns(
        ids=np.empty(m, np.int32),
        values=np.empty(m),
        used=np.zeros(2, np.int64),
        start=np.zeros(n, np.int64),
        end=np.zeros(n, np.int64),
        waiting=_kernels.waiting(walks.holders, wanted),
        error=np.zeros(n),
        total=np.zeros(n),
        touched=np.empty(n + 1, np.int32),
        without=np.zeros(n, bool),
    )


def _longer(array: npt.NDArray[Any], more: int) -> npt.NDArray[Any]:
    """The array in one of twice the length and more."""
    longer = np.empty(2 * len(array) + more, array.dtype)
    longer[: len(array)] = array
    return longer


def _filled(walks: Walks, found: _kernels.Found, least: float, show: float) -> tuple[bool, _kernels.Found]:
    """The figures asked for, in arrays that are lengthened; False if they take more than ``MOST`` or ``WORK``."""
    wanted = _kernels.above(walks.holders, walks.blocks, found.asked)
    at = _columns(walks, wanted)
    work = WORK[least > LEAST] if least < 1 else 2**62
    place, failed = 0, -1
    while True:
        place = _kernels.columns(
            walks.holders, walks.blocks, place, wanted, at, found, least, show, SWEEPS // 20, work
        )
        if place < 0 or place == walks.n:
            return place == walks.n, found
        if found.shown[1]:
            more = int(found.shown[1]) + walks.n
            found.shown[1] = 0
            found = found._replace(
                owner=_longer(found.owner, more),
                owned=_longer(found.owned, more),
                value=_longer(found.value, more),
            )
            continue
        _kernels.collect(at, place)
        if 2 * at.used[0] > len(at.ids) or place == failed:
            if len(at.ids) > MOST and least < 1:
                return False, found
            at = at._replace(ids=_longer(at.ids, 1), values=_longer(at.values, 1))
        failed = place


def _figures(walks: Walks, lines: Float64, show: float) -> _kernels.Found:
    """All figures, those that may still cross a line as finely as it takes."""
    least = LEAST if len(walks.share) < EXACT else COARSE
    done, found = _filled(walks, _found(walks.n, len(walks.share)), least, show)
    while not done:
        found.shown[:] = 0
        least = max(10 * least, COARSE)
        done, found = _filled(walks, found, least, show)
    for finer in FINE if least > LEAST else ():
        asked = _open(walks, found, lines)
        if not asked.any():
            break
        done, again = _filled(walks, _found(walks.n, len(walks.share))._replace(asked=asked), finer, show)
        if not done:
            break
        found = _merged(walks, found, again)
    return found


def _merged(walks: Walks, found: _kernels.Found, again: _kernels.Found) -> _kernels.Found:
    """The figures with those put in their place that were asked for again."""
    count, added = int(found.shown[0]), int(again.shown[0])
    kept = ~again.asked[found.owned[:count]]
    edges = again.asked[walks.company]
    for held, better, where in (
        (found.stakes, again.stakes, edges),
        (found.circle, again.circle, again.asked),
        (found.error, again.error, again.asked),
    ):
        held[where] = better[where]
    return found._replace(
        owner=np.concatenate([found.owner[:count][kept], again.owner[:added]]),
        owned=np.concatenate([found.owned[:count][kept], again.owned[:added]]),
        value=np.concatenate([found.value[:count][kept], again.value[:added]]),
        shown=np.array([kept.sum() + added, 0]),
    )


def _open(walks: Walks, found: _kernels.Found, lines: Float64) -> Bool:
    """Companies with a figure below a line that it may reach, seen or unseen: bool (n,)."""
    if not len(lines):
        return np.zeros(walks.n, bool)
    asked = np.asarray(found.error >= lines[0])
    count = found.shown[0]
    for owned, value in ((found.owned[:count], found.value[:count]), (walks.company, found.stakes)):
        next_line = np.append(lines, np.inf)[np.searchsorted(lines, value, side="right")]
        asked[owned[value + found.error[owned] >= next_line]] = True
    return asked


def _rows(
    snapshot: Snapshot, walks: Walks, found: _kernels.Found, min_share: int
) -> tuple[Int32, Int32, Int64, Float64, Bool]:
    """Owner, owned, direct stake, known share and blank of each row, in the order of ids."""
    own = walks.company == walks.holders.node
    listed = ~own | (found.circle[walks.company] >= min_share / SHARE.scale - TOLERANCE)
    party, holder = walks.order[walks.company], walks.order[walks.holders.node]
    unknown = registers.blank(snapshot, party, holder, walks.share)
    rank = snapshot.party_rank[walks.order]
    by_id = np.empty(walks.n, np.int32)
    by_id[rank] = np.arange(walks.n, dtype=np.int32)
    owner, owned, lower, edge = _kernels.arranged(walks.holders, walks.share, listed, found, by_id, rank)
    vague = unknown | registers.among(snapshot, party, holder, banded(snapshot))
    direct = np.append(np.where(vague, NULL, walks.share), NULL)[edge]
    blank = np.append(unknown, False)[edge]
    lower[np.isinf(lower)] = np.nan
    lower[walks.unsolvable[owner]] = np.nan
    return walks.order[owner], walks.order[owned], direct, lower, blank
