"""Voting games: who turns a losing coalition into a winning one, counted in full or by random orders.

A game lists companies from the top down to the one in question, as far as nobody commands one alone. Seat s of
company c belongs to a player (``seat[s]`` >= 0) or to an earlier or later company of the list (-1 - place), with
``votes[s]``; a coalition carries c when the seats that it carries have more than half of ``base[c]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.kernels import kernel


class Game(NamedTuple):
    """The companies of a game, the one in question last: the seats of c are ``seat[ptr[c]:ptr[c + 1]]``."""

    ptr: np.ndarray
    seat: np.ndarray
    votes: np.ndarray
    base: np.ndarray


@kernel
def _wins(game: Game, members: np.ndarray, carried: np.ndarray) -> bool:
    """Whether a coalition (bool by player) carries the last company: the least fixpoint from nothing carried."""
    count = len(game.base)
    for c in range(count):
        carried[c] = False
    moved = True
    while moved:
        moved = False
        for c in range(count):
            if carried[c]:
                continue
            cast = 0
            for s in range(game.ptr[c], game.ptr[c + 1]):
                k = game.seat[s]
                if members[k] if k >= 0 else carried[-1 - k]:
                    cast += game.votes[s]
            if 2 * cast > game.base[c]:
                carried[c] = True
                moved = True
    return bool(carried[count - 1])


@kernel
def subsets(game: Game, players: int) -> np.ndarray:
    """Shapley-Shubik index of each player by all coalitions: float64 (players,)."""
    wins = np.zeros(1 << players, np.bool_)
    members, carried = np.zeros(players, np.bool_), np.zeros(len(game.base), np.bool_)
    for coalition in range(1 << players):
        for k in range(players):
            members[k] = (coalition >> k) & 1
        wins[coalition] = _wins(game, members, carried)
    share = np.empty(players)
    share[0] = 1.0 / players
    for size in range(1, players):  # size! (players - size - 1)! / players!
        share[size] = share[size - 1] * size / (players - size)
    index = np.zeros(players)
    for coalition in range(1 << players):
        if wins[coalition]:
            continue
        size = 0
        for k in range(players):
            size += (coalition >> k) & 1
        for k in range(players):
            if not (coalition >> k) & 1 and wins[coalition | (1 << k)]:
                index[k] += share[size]
    return index


@kernel
def weighted(votes: np.ndarray, quota: int) -> np.ndarray:
    """Shapley-Shubik index of a game of whole weights by counting coalitions of each size and weight.

    ``votes`` int64 (players,), at most 60 of them, so that no count leaves 64 bits; a coalition wins with
    ``quota`` votes. (Mann and Shapley 1962, by the generating function of Cantor.)
    """
    players = len(votes)
    counts = np.zeros((players + 1, quota), np.int64)
    counts[0, 0] = 1
    for k in range(players):
        for size in range(k, -1, -1):
            for w in range(quota - 1 - votes[k], -1, -1):
                counts[size + 1, w + votes[k]] += counts[size, w]
    share = np.empty(players)
    share[0] = 1.0 / players
    for size in range(1, players):
        share[size] = share[size - 1] * size / (players - size)
    index = np.zeros(players)
    without = np.empty((players + 1, quota), np.int64)
    for k in range(players):
        if votes[k] == 0:
            continue
        for size in range(players):
            swings = 0
            for w in range(quota):
                left = counts[size, w]
                if size > 0 and w >= votes[k]:
                    left -= without[size - 1, w - votes[k]]
                without[size, w] = left
                if w + votes[k] >= quota:
                    swings += left
            index[k] += share[size] * swings
    return index


@kernel
def _next(state: np.ndarray) -> np.int64:
    """The next 63 random bits (splitmix64; Steele, Lea and Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(1))


@kernel
def orders(game: Game, players: int, draws: int, seed: int) -> np.ndarray:
    """How often each player turns the coalition of those before it, in so many random orders: int64 (players,)."""
    state = np.array([seed], np.uint64)
    order = np.arange(players)
    members, carried = np.zeros(players, np.bool_), np.zeros(len(game.base), np.bool_)
    turned = np.zeros(players, np.int64)
    members[:] = True
    if not _wins(game, members, carried):
        return turned
    for _ in range(draws):
        for k in range(players - 1, 0, -1):
            j = _next(state) % (k + 1)
            order[k], order[j] = order[j], order[k]
        low, high = 0, players  # losing with the first ``low``, winning with the first ``high``
        while high - low > 1:
            middle = (low + high) // 2
            members[:] = False
            for k in range(middle):
                members[order[k]] = True
            if _wins(game, members, carried):
                high = middle
            else:
                low = middle
        turned[order[high - 1]] += 1
    return turned
