"""Rings: the sets of nodes that an elementary cycle of bounded length runs through.

A cycle is found from its smallest node, by a depth-first search over larger ones that turns back where the way
home would be too long; the ways home come from a search against the edges. (After R. Tarjan, "Enumeration of the
elementary circuits of a directed graph", SIAM Journal on Computing 2 (1973), with a bound on the length.) Cycles
within one set of ``joint`` nodes, which all guarantee one another, are passed over.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from graph.kernels import kernel

LONGEST: Final = 6
_SLOTS = 1 << 15
"""Places of the table that tells sets of nodes apart; at least three times the most rings of one part."""


class Part(NamedTuple):
    """Strongly connected parts one behind the other, the nodes of each in the order of ids.

    Edges as CSR with targets ascending and ``amount`` int64 (-1 = not known), also against their direction; the
    joint sets of a node are ``joint[joint_ptr[v]:joint_ptr[v + 1]]``, ``joint_size`` int64 by set.
    """

    ptr: np.ndarray
    to: np.ndarray
    amount: np.ndarray
    back_ptr: np.ndarray
    back: np.ndarray
    joint_ptr: np.ndarray
    joint: np.ndarray
    joint_size: np.ndarray


class Found(NamedTuple):
    """Rings so far: nodes in the order of a cycle (-1 behind them), their number, and the smallest edge.

    ``slot`` and ``stamp`` are the table of sets of nodes, ``used`` holds how many rings and steps there are.
    """

    ring: np.ndarray
    length: np.ndarray
    amount: np.ndarray
    slot: np.ndarray
    stamp: np.ndarray
    used: np.ndarray


class Walk(NamedTuple):
    """Where the search stands, and what it knows of the ways home: all arrays by node or by depth."""

    home: np.ndarray
    away: np.ndarray
    inside: np.ndarray
    queue: np.ndarray
    path: np.ndarray
    at: np.ndarray
    least: np.ndarray
    left: np.ndarray


@kernel
def _in_set(part: Part, v: int, j: int) -> bool:
    """Whether node v is in joint set j."""
    for i in range(part.joint_ptr[v], part.joint_ptr[v + 1]):
        if part.joint[i] == j:
            return True
    return False


@kernel
def _ways_home(part: Part, walk: Walk, s: int, longest: int) -> int:
    """Fewest steps to s from the larger nodes that can be on a cycle with it; how many these are."""
    walk.queue[0] = s
    head = 0
    tail = 1
    level = 0
    while head < tail and level < longest - 1:
        level += 1
        end = tail
        while head < end:
            v = walk.queue[head]
            head += 1
            for i in range(part.back_ptr[v], part.back_ptr[v + 1]):
                w = part.back[i]
                if w > s and walk.home[w] == 0:
                    walk.home[w] = level
                    walk.queue[tail] = w
                    tail += 1
    return tail


@kernel
def _ways_out(part: Part, walk: Walk, s: int, j: int, count: int, longest: int) -> int:
    """Fewest steps to s by a node outside joint set j, for the nodes inside it; how many edges were looked at."""
    steps = 0
    for k in range(1, count):
        walk.inside[walk.queue[k]] = _in_set(part, walk.queue[k], j)
    for level in range(2, longest):
        for k in range(1, count):
            v = walk.queue[k]
            if not walk.inside[v] or walk.away[v] > 0:
                continue
            steps += part.ptr[v + 1] - part.ptr[v]
            for i in range(part.ptr[v], part.ptr[v + 1]):
                w = part.to[i]
                if w > s and level - 1 == (walk.away[w] if walk.inside[w] else walk.home[w]):
                    walk.away[v] = level
                    break
    return steps


@kernel
def _joint_cycle(part: Part, walk: Walk, length: int) -> bool:
    """Whether all nodes of the path are in one joint set."""
    s = walk.path[0]
    for i in range(part.joint_ptr[s], part.joint_ptr[s + 1]):
        together = True
        for d in range(1, length):
            together = together and _in_set(part, walk.path[d], part.joint[i])
        if together:
            return True
    return False


@kernel
def _keep(found: Found, walk: Walk, length: int, least: int, epoch: int, most: int) -> bool:
    """Note the ring of the path if its nodes are new, or its amount the larger; False if there is no room."""
    ordered = walk.path[:length].copy()
    for i in range(1, length):
        v = ordered[i]
        k = i - 1
        while k >= 0 and ordered[k] > v:
            ordered[k + 1] = ordered[k]
            k -= 1
        ordered[k + 1] = v
    key = np.uint64(length)
    for v in ordered:
        key = (key ^ np.uint64(v)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    place = np.int64(key & np.uint64(_SLOTS - 1))
    while found.stamp[place] == epoch:
        r = found.slot[place]
        same = found.length[r] == length
        for d in range(length):
            if same:
                same = False
                for v in ordered:
                    same = same or v == found.ring[r, d]
        if same:
            if least > found.amount[r]:
                found.amount[r] = least
                found.ring[r, :length] = walk.path[:length]
            return True
        place = (place + 1) & (_SLOTS - 1)
    r = found.used[0]
    if r >= most:
        return False
    found.stamp[place] = epoch
    found.slot[place] = r
    found.length[r] = length
    found.amount[r] = least
    found.ring[r, :length] = walk.path[:length]
    found.used[0] = r + 1
    return True


@kernel
def _from(
    part: Part,
    found: Found,
    walk: Walk,
    s: int,
    shortest: int,
    longest: int,
    epoch: int,
    most: int,
    most_steps: int,
) -> bool:
    """Find the cycles whose smallest node is s; False if the room or the steps do not suffice."""
    count = _ways_home(part, walk, s, longest)
    sets = part.joint_ptr[s + 1] - part.joint_ptr[s]
    steps = count
    if sets == 1:
        steps += _ways_out(part, walk, s, part.joint[part.joint_ptr[s]], count, longest)
    walk.path[0] = s
    walk.at[0] = part.ptr[s]
    walk.left[0] = sets != 1
    d = 0
    good = True
    while d >= 0 and good:
        v = walk.path[d]
        if walk.at[d] == part.ptr[v + 1]:
            d -= 1
            continue
        i = walk.at[d]
        walk.at[d] += 1
        steps += 1
        w = part.to[i]
        least = part.amount[i] if d == 0 else min(walk.least[d - 1], part.amount[i])
        if w == s:
            if d + 1 >= shortest and (walk.left[d] if sets < 2 else not _joint_cycle(part, walk, d + 1)):
                good = _keep(found, walk, d + 1, least, epoch, most)
        elif w > s and d + 2 <= longest:
            within = not walk.left[d] and walk.inside[w]
            rest = walk.away[w] if within else walk.home[w]
            if rest == 0 or d + 1 + rest > longest:
                continue
            again = False
            for k in range(1, d + 1):
                again = again or walk.path[k] == w
            if not again:
                walk.least[d] = least
                d += 1
                walk.path[d] = w
                walk.at[d] = part.ptr[w]
                walk.left[d] = not within
        good = good and found.used[1] + steps <= most_steps
    found.used[1] += steps
    for k in range(count):
        v = walk.queue[k]
        walk.home[v] = 0
        walk.away[v] = 0
        walk.inside[v] = False
    return good


@kernel
def _grown(found: Found, needed: int) -> Found:
    """The same with room for that many rings."""
    if needed <= len(found.length):
        return found
    size = needed + len(found.length)
    ring = np.full((size, found.ring.shape[1]), -1, np.int32)
    length, amount = np.empty(size, np.int8), np.empty(size, np.int64)
    k = found.used[0]
    ring[:k], length[:k], amount[:k] = found.ring[:k], found.length[:k], found.amount[:k]
    return Found(ring, length, amount, found.slot, found.stamp, found.used)


@kernel
def rings(
    part: Part, bounds: np.ndarray, longest: int, most: int, most_steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All rings of up to ``longest`` nodes: nodes int32 (k, longest), length int8, amount int64 (k,).

    Part p is the nodes ``bounds[p]:bounds[p + 1]``. A part that has more than ``most`` rings, or takes more than
    ``most_steps`` steps, is done again by length, shortest first, until one of the two is used up; the fourth
    array has a row for each such part: part, rings listed, length up to which all are listed.
    """
    n = len(part.ptr) - 1
    found = Found(
        np.full((4 * most, longest), -1, np.int32), np.empty(4 * most, np.int8), np.empty(4 * most, np.int64),
        np.zeros(_SLOTS, np.int64), np.full(_SLOTS, -1, np.int64), np.zeros(2, np.int64),
    )  # fmt: skip
    walk = Walk(
        np.zeros(n, np.int8), np.zeros(n, np.int8), np.zeros(n, np.bool_), np.empty(n + 1, np.int32),
        np.empty(longest, np.int32), np.empty(longest, np.int64), np.empty(longest, np.int64),
        np.empty(longest, np.bool_),
    )  # fmt: skip
    cut = np.empty((len(bounds) - 1, 3), np.int64)
    cuts = 0
    epoch = 0
    for p in range(len(bounds) - 1):
        low, high = bounds[p], bounds[p + 1]
        whole = False
        for i in range(part.joint_ptr[low], part.joint_ptr[low + 1]):
            whole = whole or part.joint_size[part.joint[i]] == high - low
        if whole:
            continue
        before = found.used[0]
        found = _grown(found, before + most)
        found.used[1] = 0
        good = True
        for s in range(low, high):
            good = good and _from(part, found, walk, s, 2, longest, epoch, before + most, most_steps)
        epoch += 1
        if good:
            continue
        found.used[0] = before
        found.used[1] = 0
        complete = 1
        while complete < longest:
            for s in range(low, high):
                good = _from(
                    part, found, walk, s, complete + 1, complete + 1, epoch, before + most, most_steps
                )
                if not good:
                    break
            epoch += 1
            if not good:
                break
            complete += 1
        cut[cuts, 0], cut[cuts, 1], cut[cuts, 2] = p, found.used[0] - before, complete
        cuts += 1
    k = found.used[0]
    return found.ring[:k].copy(), found.length[:k].copy(), found.amount[:k].copy(), cut[:cuts].copy()


@kernel
def sets(
    ptr: np.ndarray, pair: np.ndarray, guarantor: np.ndarray, obligor: np.ndarray, component: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each facility's obligor and guarantors as a set: two marks uint64 (facilities, 2), and its size int32.

    The pairs of a facility are ``pair[ptr[f]:ptr[f + 1]]``, ``guarantor`` int32 by pair. Equal sets have equal
    marks. The size is 0 where not all of them are in one component.
    """
    many = len(ptr) - 1
    marks = np.zeros((many, 2), np.uint64)
    size = np.zeros(many, np.int32)
    seen = np.full(len(component), -1, np.int32)
    for f in range(many):
        if ptr[f] == ptr[f + 1]:
            continue
        seen[obligor[f]] = f
        size[f] = 1
        for i in range(ptr[f] - 1, ptr[f + 1]):
            v = obligor[f] if i < ptr[f] else guarantor[pair[i]]
            if i >= ptr[f]:
                if component[v] != component[obligor[f]]:
                    size[f] = 0
                    break
                if seen[v] == f:
                    continue
                seen[v] = f
                size[f] += 1
            for k in range(2):
                x = np.uint64(v) + (
                    np.uint64(0x9E3779B97F4A7C15) if k == 0 else np.uint64(0xD1B54A32D192ED03)
                )
                x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                marks[f, k] += x ^ (x >> np.uint64(31))
    return marks, size
