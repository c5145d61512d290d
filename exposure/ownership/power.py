"""Voting power (表决权力): how often a holder's votes decide, by the index of Shapley and Shubik (1954).

The players of a company are those who stand at the ends of its chains of votes: whoever nobody holds, and the
unknown owners of what a register leaves open, as one player a company. A company in between casts its votes as
more than half of its own votes have it (the least fixpoint in loops, as in control); a voting body casts those of
its members. A majority decides alone, so that such companies are passed over (of a register that holds over 100 %
each majority decides, whoever comes first); in small books those who never decide are listed too, at 0. Games of up
to ``FEW`` players are counted in full, larger ones of one company by whole weights where that is quick, and all
others by random orders from a fixed seed, with the bound of their error at 95 % in ``method``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.control import Control
from exposure.kernels import power as _kernels
from exposure.lookthrough import UNKNOWN_ID
from exposure.ownership.paths import SMALL
from exposure.results import ids, result
from graph.csr import Csr
from graph.snapshot import Snapshot

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

FEW: Final = 14
"""Players whose coalitions are all looked at."""
MANY: Final = 60
"""Players up to whom coalitions are counted by weight."""
WORK: Final = 20_000_000
"""Steps that one game may take: what is more is simulated, in as many orders as this allows."""
ORDERS: Final = (1_000, 100_000)
"""Fewest and most random orders of one game."""
SEED: Final = 20_261_030
EXACT: Final = "shapley-shubik"


@dataclass(frozen=True)
class Seats:
    """Votes as they are cast: those of seat s of company c, ``ptr[c] <= s < ptr[c + 1]``, are ``votes[s]``.

    ``holder`` int32 is who casts them, the body for its members, ``n + c`` the unknown owners of c; ``base``
    int64 (n,) are the votes of each company without those it holds itself; ``boss`` int32 (n,) is who casts more
    than half of them alone, followed to the end: a player, a company without such a holder, or -1 in a loop of
    majorities. A party that nobody holds is its own boss.
    """

    ptr: Int64
    holder: Int32
    votes: Int64
    base: Int64
    boss: Int32

    @classmethod
    def of(cls, control: Control) -> Seats:
        """Seats of every company with a holder of votes."""
        snapshot, stakes, n = control.snapshot, control.snapshot.stakes, control.snapshot.n
        company = np.repeat(np.arange(n, dtype=np.int32), np.diff(stakes.ptr))
        cast = stakes.votes > 0
        company, holder, votes = company[cast], _speaker(control)[stakes.owner[cast]], stakes.votes[cast]
        told = np.zeros(n, np.int64)
        np.add.at(told, company, votes)
        recorded = np.diff(stakes.ptr) > 0
        left = np.where(recorded & (control.base - told > np.diff(stakes.ptr)), control.base - told, 0)
        open_ = np.flatnonzero(left).astype(np.int32)
        by = Csr.of(np.concatenate([company, open_]), n)
        holder = np.concatenate([holder, n + open_]).astype(np.int32)[by.rows]
        votes = np.concatenate([votes, left[open_]])[by.rows]
        company = np.repeat(np.arange(n, dtype=np.int32), np.diff(by.ptr))
        pair = company.astype(np.int64) * 2 * n + holder
        _, first, which = np.unique(pair, return_index=True, return_inverse=True)
        summed = np.zeros(len(first), np.int64)
        np.add.at(summed, which, votes)
        ptr = np.searchsorted(company[first], np.arange(n + 1)).astype(np.int64)
        alone = 2 * summed > control.base[company[first]]
        alone &= np.bincount(company[first][alone], minlength=n)[company[first]] == 1  # else overfull
        boss = np.arange(2 * n, dtype=np.int32)
        boss[company[first][alone]] = holder[first][alone]
        return cls(ptr, holder[first], summed, control.base, _ends(boss, snapshot.n))

    def contested(self, party: int) -> bool:
        """Whether votes are cast in the party and nobody casts more than half of them."""
        return party < len(self.ptr) - 1 and self.ptr[party] < self.ptr[party + 1]


def _speaker(control: Control) -> Int32:
    """Who casts each party's votes: the outermost body that it is in, the first by id of several, else itself."""
    snapshot = control.snapshot
    speaker = np.arange(snapshot.n, dtype=np.int32)
    body = np.repeat(np.arange(snapshot.n, dtype=np.int32), np.diff(control.companions.ptr))
    member = control.companions.to
    outermost = ~np.isin(body, member)
    for b, m in sorted(
        zip(body[outermost].tolist(), member[outermost].tolist(), strict=True),
        key=lambda pair: -snapshot.party_rank[pair[0]],
    ):
        speaker[m] = b
    return speaker


def _ends(boss: Int32, n: int) -> Int32:
    """Where following the boss of the boss ends: int32, -1 in loops."""
    at = boss
    for _ in range(max(1, n).bit_length()):
        at = at[at]
    return np.where(boss[at] == at, at, -1)


@dataclass(frozen=True)
class Power:
    """Voting power, a row for each player of each company, in the order of ids.

    ``player`` int32 (n + c: the unknown owners of c), ``company`` int32, ``index`` float64 adding up to 1 where
    all together can decide, ``error`` float64: its bound at 95 %, 0 where counted.
    """

    snapshot: Snapshot
    player: Int32
    company: Int32
    index: Float64
    error: Float64

    def table(self) -> pa.Table:
        """The ``power`` result."""
        n = self.snapshot.n
        names = ids(self.snapshot.party_ids, np.where(self.player < n, self.player, -1).astype(np.int32))
        method = [EXACT if e == 0 else f"{EXACT} simulated ±{e:.4f}" for e in self.error.tolist()]
        return result(
            "power",
            party_id=names.fill_null(UNKNOWN_ID),
            owned_id=ids(self.snapshot.party_ids, self.company),
            index=pa.array(self.index),
            method=pa.array(method, pa.string()),
        )


def power(control: Control) -> Power:
    """Voting power in every company in which votes are cast."""
    snapshot, n = control.snapshot, control.snapshot.n
    seats = Seats.of(control)
    voted = np.flatnonzero(np.diff(seats.ptr) > 0).astype(np.int32)
    deciding = seats.boss[voted]
    rows: list[tuple[Int32, Int32, Float64, Float64]] = []
    alone = (deciding >= 0) & ~np.array([seats.contested(c) for c in deciding.tolist()], bool)
    ones = np.ones(int(alone.sum()))
    rows.append((deciding[alone], voted[alone], ones, 0 * ones))
    below = Csr.of(np.where(alone, -1, deciding).astype(np.int32), n)
    for c in np.flatnonzero(np.diff(below.ptr)).tolist():
        players, share, bound = _index(seats, c)
        many = len(players)
        rows += [
            (players, np.full(many, company, np.int32), share, np.full(many, bound))
            for company in voted[below[c]].tolist()
        ]
    player, company, index, error = (np.concatenate(column) for column in zip(*rows, strict=True))
    rank = np.append(snapshot.party_rank, np.full(n, n, np.int32))
    if snapshot.stakes.owner.size < SMALL:
        idle, idle_in = _idle(seats, voted, player, company)
        player, company = np.append(player, idle), np.append(company, idle_in)
        index, error = np.append(index, np.zeros(len(idle))), np.append(error, np.zeros(len(idle)))
    by = np.lexsort((player, rank[player], snapshot.party_rank[company]))
    return Power(snapshot, player[by].astype(np.int32), company[by], index[by], error[by])


def _idle(seats: Seats, voted: Int32, player: Int32, company: Int32) -> tuple[Int32, Int32]:
    """Known players who stand at the ends of a company's chains of votes and never decide: int32 pairs."""
    n = len(seats.ptr) - 1
    told = set(zip(player.tolist(), company.tolist(), strict=True))
    idle = []
    for c in voted.tolist():
        seen, waiting = {c}, [c]
        for at in waiting:
            new = set(seats.holder[seats.ptr[at] : seats.ptr[at + 1]].tolist()) - seen
            seen |= new
            waiting += [holder for holder in new if seats.contested(holder)]
        ends = [p for p in seen if p < n and not seats.contested(p)]
        idle += [(p, c) for p in ends if (p, c) not in told]
    pairs = np.array(idle, np.int32).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _index(seats: Seats, company: int) -> tuple[Int32, Float64, float]:
    """Players of a contested company, their indices, and the bound of the error."""
    players, game = _game(seats, company)
    many, size = len(players), len(game.votes)
    if not many:
        return players, np.zeros(0), 0.0
    if many <= FEW and (size << many) <= 10 * WORK:
        return players, _kernels.subsets(game, many), 0.0
    if len(game.base) == 1 and many <= MANY:
        votes = np.zeros(many, np.int64)
        np.add.at(votes, game.seat, game.votes)
        common = gcd(*votes.tolist())
        quota = int(game.base[0]) // (2 * common) + 1
        if many * many * quota <= 10 * WORK:
            return players, _kernels.weighted(votes // common, quota), 0.0
    each = size * max(1, many).bit_length()
    draws = max(ORDERS[0], min(ORDERS[1], WORK // each))
    turned = _kernels.orders(game, many, draws, SEED)
    return players, turned / draws, 1.96 * sqrt(0.25 / draws)


def _game(seats: Seats, company: int) -> tuple[Int32, _kernels.Game]:
    """The game of a contested company: its players by number, and the companies between, itself last."""
    n = len(seats.ptr) - 1
    number: dict[int, int] = {}
    listed: list[int] = [company]
    place = {company: 0}
    made: list[list[tuple[int, int]]] = []
    for c in listed:
        rows = []
        for s in range(int(seats.ptr[c]), int(seats.ptr[c + 1])):
            end = int(seats.holder[s])
            end = end if end >= n else int(seats.boss[end])
            if end < 0:
                continue
            if seats.contested(end):
                if end not in place:
                    place[end] = len(listed)
                    listed.append(end)
                rows.append((-1 - place[end], int(seats.votes[s])))
            else:
                rows.append((number.setdefault(end, len(number)), int(seats.votes[s])))
        made.append(rows)
    count = len(listed)
    turned = [[(k if k >= 0 else -1 - k - count, v) for k, v in rows] for rows in reversed(made)]
    ptr = np.cumsum([0, *(len(rows) for rows in turned)])
    flat = [pair for rows in turned for pair in rows]
    seat, votes = np.array([k for k, _ in flat], np.int64), np.array([v for _, v in flat], np.int64)
    base = seats.base[np.array(listed[::-1])]
    return np.array(list(number), np.int32), _kernels.Game(ptr, seat, votes, base)
