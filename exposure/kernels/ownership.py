"""Integrated shares in every company: one sparse column a company, the owners' columns first.

The column of y is c_y = sum over its holders h of w(h, y) (e_h + c_h): all walks that end in y. A holder's
column is there before it is needed, so that no walk is walked twice; in a block of loops the cut parties are
solved for first (``exposure.kernels.walks``). Entries below ``least`` are left out of a column. That takes from
any figure of it at most error[y] = (largest entry left out) + sum of w(h, y) error[h], which is kept as well.
Parties are numbered by their places in the order of ``walks.ordered``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from exposure.kernels.walks import Blocks, Edges
from graph.kernels import kernel


class Columns(NamedTuple):
    """Columns one behind the other: that of y is ``ids[start[y]:end[y]]`` with ``values``.

    ``used[0]`` is the end of the last one, ``used[1]`` how many entries have been added up so far. ``waiting``
    tells how many companies still need each, ``error`` bounds what was left out. ``total`` and ``touched`` add
    one column up; ``without`` marks holders that pass nothing on.
    """

    ids: np.ndarray
    values: np.ndarray
    used: np.ndarray
    start: np.ndarray
    end: np.ndarray
    waiting: np.ndarray
    error: np.ndarray
    total: np.ndarray
    touched: np.ndarray
    without: np.ndarray


class Found(NamedTuple):
    """Figures read off the columns of the companies that are ``asked`` for (bool (n,)).

    ``stakes`` float64 (m,): behind each direct stake; ``circle`` float64 (n,): of a company in itself;
    ``error`` float64 (n,): bound of what each lacks. ``owner``, ``owned``, ``value``: other figures that are or
    may be ``show`` or more, ``shown[0]`` of them; ``shown[1]`` more found no room. ``seen`` int32 (n,) marks
    direct holders; ``barred`` bool (n,) owners without numbers.
    """

    asked: np.ndarray
    stakes: np.ndarray
    circle: np.ndarray
    error: np.ndarray
    owner: np.ndarray
    owned: np.ndarray
    value: np.ndarray
    shown: np.ndarray
    seen: np.ndarray
    barred: np.ndarray


@kernel
def _move(at: Columns, c: int, used: int) -> int:
    """Move the column of c down to ``used``; its new end."""
    low = at.start[c]
    length: int = at.end[c] - low
    if low > used:
        for j in range(length):
            at.ids[used + j] = at.ids[low + j]
            at.values[used + j] = at.values[low + j]
    at.start[c], at.end[c] = used, used + length
    return used + length


@kernel
def collect(at: Columns, done: int) -> None:
    """Close the gaps of columns that no company waits for any more; the first ``done`` companies have theirs."""
    used = 0
    last, moved = -1, 0
    for c in range(done):
        low = at.start[c]
        if at.waiting[c] == 0:
            at.start[c] = at.end[c] = used
        elif low == last and at.end[c] > low:  # members of a divergent block share one column
            at.start[c], at.end[c] = moved, used
        else:
            if at.end[c] > low:
                last, moved = low, used
            used = _move(at, c, used)
    at.used[0] = used


@kernel
def _close(at: Columns, low: int, high: int, used: int) -> None:
    """Move the columns of low..high-1, which stand in this order, down to ``used``."""
    for c in range(low, high):
        used = _move(at, c, used)
    at.used[0] = used


@kernel
def _clear(at: Columns, k: int) -> None:
    """Forget the sum."""
    for t in range(k):
        at.total[at.touched[t]] = 0.0


@kernel
def _add(at: Columns, k: int, factor: float, low: int, high: int) -> int:
    """Add entries low..high-1 times a factor to the sum; how many parties it touches now.

    Factors and values are far enough from 0 that no product vanishes.
    """
    ids, values, total, touched = at.ids, at.values, at.total, at.touched
    at.used[1] += high - low
    for j in range(low, high):
        x = ids[j]
        before = total[x]
        touched[k] = x
        k += before == 0.0
        total[x] = before + factor * values[j]
    return k


@kernel
def _gather(holders: Edges, at: Columns, c: int) -> tuple[int, float]:
    """Add up the column of c from its holders'; how many parties it touches, and its inherited error."""
    k = 0
    lost = 0.0
    for e in range(holders.ptr[c], holders.ptr[c + 1]):
        h = holders.node[e]
        w = holders.weight[e]
        if w == 0.0 or at.without[h]:
            continue
        before = at.total[h]
        at.touched[k] = h
        k += before == 0.0
        at.total[h] = before + w
        lost += w * at.error[h]
        k = _add(at, k, w, at.start[h], at.end[h])
    return k, lost


@kernel
def _store(at: Columns, c: int, k: int, lost: float, least: float) -> bool:
    """Put the sum behind the other columns as that of c, and clear it; False where there is no room."""
    used = at.used[0]
    if used + k > len(at.ids):
        _clear(at, k)
        return False
    at.start[c] = used
    most = 0.0
    for t in range(k):
        x = at.touched[t]
        v = at.total[x]
        at.total[x] = 0.0
        at.ids[used] = x
        at.values[used] = v
        kept = v >= least
        used += kept
        most = max(most, 0.0 if kept else v)
    at.end[c] = used
    at.used[0] = used
    at.error[c] = lost + most
    return True


@kernel
def _read(holders: Edges, at: Columns, out: Found, c: int, k: int, lost: float, show: float) -> bool:
    """Take the figures of c from the sum, before anything is left out of it; False where there is no room."""
    count = out.shown[0]
    if count + k > len(out.owner):
        _clear(at, k)
        out.shown[1] = k
        return False
    total = at.total
    for e in range(holders.ptr[c], holders.ptr[c + 1]):
        h = holders.node[e]
        out.stakes[e] = total[h]
        out.seen[h] = c
    out.circle[c] = total[c]
    out.error[c] = lost
    for t in range(k):
        x = at.touched[t]
        v = total[x]
        if v + lost >= show and v < np.inf and out.seen[x] != c and not out.barred[x]:
            out.owner[count] = x
            out.owned[count] = c
            out.value[count] = v
            count += 1
    out.shown[0] = count
    return True


@kernel
def _final(
    holders: Edges, at: Columns, out: Found, c: int, k: int, lost: float, least: float, show: float
) -> bool:
    """Read the figures of c if they are asked for, and keep its column if a company waits for it."""
    if out.asked[c] and not _read(holders, at, out, c, k, lost, show):
        return False
    if at.waiting[c] == 0:
        _clear(at, k)
        at.start[c] = at.end[c] = at.used[0]
        return True
    return _store(at, c, k, lost, least)


@kernel
def _cut(
    holders: Edges, blocks: Blocks, b: int, at: Columns, out: Found, least: float, show: float, work: int
) -> bool:
    """The columns of a block whose cut parties have an inverse; False where there is no room or time."""
    low, high, f = blocks.low[b], blocks.high[b], blocks.cuts[b]
    base = at.used[0]
    start, end, error = np.empty(f, np.int64), np.empty(f, np.int64), np.empty(f)
    for c in range(low, low + f):
        at.without[c] = True
    room = True
    for step in range(high - low):  # along walks that meet no cut party
        c = low + (step + f) % (high - low)
        k, lost = _gather(holders, at, c)
        if not _store(at, c, k, lost, least) or at.used[1] > work:
            room = False
            break
    for c in range(low, low + f):
        at.without[c] = False
    if not room:
        return False
    for i in range(f):
        start[i], end[i], error[i] = at.start[low + i], at.end[low + i], at.error[low + i]
    for i in range(f):
        k = 0
        lost = 0.0
        for g in range(f):
            q = blocks.inverse[blocks.at[b] + i * f + g]
            handed = q - 1.0 if g == i else q
            before = at.total[low + g]
            if handed > 0.0:
                at.touched[k] = low + g
                k += before == 0.0
                at.total[low + g] = before + handed
            if q > 1e-18:  # less is lost in rounding
                lost += q * error[g]
                k = _add(at, k, q, start[g], end[g])
        if not _final(holders, at, out, low + i, k, lost, least, show) or at.used[1] > work:
            return False
    for c in range(low + f, high):
        k, lost = _gather(holders, at, c)
        if not _final(holders, at, out, c, k, lost, least, show) or at.used[1] > work:
            return False
    _close(at, low, high, base)
    return True


@kernel
def _change(at: Columns, k: int, c: int) -> float:
    """Largest difference between the sum and the column that c has."""
    most = 0.0
    for j in range(at.start[c], at.end[c]):
        if at.values[j] < np.inf:
            at.total[at.ids[j]] -= at.values[j]
    for t in range(k):
        v = at.total[at.touched[t]]
        if most < v < np.inf:
            most = v
    for j in range(at.start[c], at.end[c]):
        if at.values[j] < np.inf:
            at.total[at.ids[j]] += at.values[j]
    return most


@kernel
def _settle(holders: Edges, low: int, own: np.ndarray, change: np.ndarray, at: Columns, out: Found) -> None:
    """Errors of a swept block: own + sum of w (error + change) over the holders; no bound where that drags on."""
    far = True
    for _ in range(1000):
        far = False
        for i in range(len(own)):
            c = low + i
            e = own[i]
            for j in range(holders.ptr[c], holders.ptr[c + 1]):
                h = holders.node[j]
                moving = change[h - low] if low <= h < low + len(own) else 0.0
                e += holders.weight[j] * (at.error[h] + moving)
            far |= abs(e - at.error[c]) > 1e-6 * e
            at.error[c] = e
        if not far:
            break
    for c in range(low, low + len(own)):
        at.error[c] = np.inf if far else 1.01 * at.error[c]
        out.error[c] = at.error[c]


@kernel
def _sweep(
    holders: Edges, low: int, high: int, at: Columns, out: Found, least: float, show: float, sweeps: int,
    work: int,
) -> bool:  # fmt: skip
    """The columns of a block with too many cut parties for an inverse: Gauss and Seidel, from below.

    What the last sweep still moved is added to the errors. False where there is no room or time.
    """
    change, own = np.zeros(high - low), np.zeros(high - low)
    base = at.used[0]
    for c in range(low, high):
        at.start[c] = at.end[c] = base
        at.error[c] = 0.0
    aim = max(0.1 * least, 1e-15)
    last = False
    moved = 0.0
    for sweep in range(sweeps):
        last |= sweep == sweeps - 1
        before, spent = moved, at.used[1]
        moved = 0.0
        for c in range(low, high):
            k, lost = _gather(holders, at, c)
            change[c - low] = _change(at, k, c)
            moved = max(moved, change[c - low])
            if last and out.asked[c] and not _read(holders, at, out, c, k, lost, show):
                return False
            if not _store(at, c, k, lost, least) or at.used[1] > work:
                return False
            own[c - low] = at.error[c] - lost
        _close(at, low, high, base)
        if last:
            break
        last = moved <= aim
        if sweep > 3 and aim < moved < before:
            left = np.log(aim / moved) / np.log(moved / before)
            if at.used[1] + left * (at.used[1] - spent) > work:  # as well given up now
                at.used[1] = work + 1
                return False
    _settle(holders, low, own, change, at, out)
    return True


@kernel
def _diverge(holders: Edges, low: int, high: int, at: Columns, out: Found, show: float) -> bool:
    """One column for all members of a divergent block: infinite for whoever holds them from outside."""
    k = 0
    for c in range(low, high):
        for e in range(holders.ptr[c], holders.ptr[c + 1]):
            h = holders.node[e]
            if holders.weight[e] != 0.0 and h < low and not at.without[h]:
                at.touched[k] = h
                k += at.total[h] == 0.0
                at.total[h] = np.inf
                k = _add(at, k, np.inf, at.start[h], at.end[h])
    for c in range(low, high):
        if out.asked[c] and not _read(holders, at, out, c, k, 0.0, show):
            return False
    if not _store(at, low, k, 0.0, 0.0):
        return False
    for c in range(low + 1, high):
        at.start[c], at.end[c] = at.start[low], at.end[low]
    return True


@kernel
def columns(
    holders: Edges, blocks: Blocks, first: int, wanted: np.ndarray, at: Columns, out: Found, least: float,
    show: float, sweeps: int, work: int,
) -> int:  # fmt: skip
    """Columns and figures of the companies from ``first`` on; the first that found no room in ``at`` or ``out``.

    ``holders`` by company, own shares included; ``wanted`` bool (n,): the companies asked for and all above
    them. Entries below ``least`` are left out of columns, figures are shown from ``show``; a figure is infinite
    where a divergent block lies between, and owners in closed and divergent blocks are passed over. What found
    no room has left nothing behind: call ``collect``, lengthen the arrays, and go on from there. Given up (-1)
    when more than ``work`` entries have been added up.
    """
    b = 0
    while b < len(blocks.low) and blocks.low[b] < first:
        b += 1
    c = first
    while c < len(wanted):
        looped = b < len(blocks.low) and blocks.low[b] == c
        end = blocks.high[b] if looped else c + 1
        if wanted[c]:
            used, shown = at.used[0], out.shown[0]
            if not looped:
                k, lost = _gather(holders, at, c)
                room = _final(holders, at, out, c, k, lost, least, show)
            elif blocks.state[b] != 0:
                for y in range(c, end):
                    out.barred[y] = True
                    at.without[y] = blocks.state[b] == 1
                room = blocks.state[b] == 1 or _diverge(holders, c, end, at, out, show)
            elif blocks.at[b] < blocks.at[b + 1]:
                room = _cut(holders, blocks, b, at, out, least, show, work)
            else:
                room = _sweep(holders, c, end, at, out, least, show, sweeps, work)
            if at.used[1] > work:
                return -1
            if not room:
                at.used[0], out.shown[0] = used, shown
                return c
            for e in range(holders.ptr[c], holders.ptr[end]):
                at.waiting[holders.node[e]] -= holders.weight[e] != 0.0
        b += looped
        c = end
    return len(wanted)


@kernel
def waiting(holders: Edges, wanted: np.ndarray) -> np.ndarray:
    """How many of the companies wanted each party holds: int32 (n,)."""
    count = np.zeros(len(wanted), np.int32)
    for c in range(len(wanted)):
        if wanted[c]:
            for e in range(holders.ptr[c], holders.ptr[c + 1]):
                count[holders.node[e]] += holders.weight[e] != 0.0
    return count


@kernel
def above(holders: Edges, blocks: Blocks, asked: np.ndarray) -> np.ndarray:
    """The parties asked for and all above them: bool (n,)."""
    wanted = asked.copy()
    b = len(blocks.low) - 1
    c = len(wanted)
    while c > 0:
        low = c - 1
        if b >= 0 and blocks.high[b] == c:
            low = blocks.low[b]
            b -= 1
        any_of = False
        for y in range(low, c):
            any_of |= wanted[y]
        if any_of:
            for y in range(low, c):
                wanted[y] = True
                for e in range(holders.ptr[y], holders.ptr[y + 1]):
                    wanted[holders.node[e]] |= holders.weight[e] != 0.0
        c = low
    return wanted


@kernel
def arranged(
    holders: Edges, share: np.ndarray, listed: np.ndarray, found: Found, by_id: np.ndarray, rank: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Rows of the result by the owners' and then the companies' ids: owner, owned, stake, figure, edge.

    ``listed`` bool (m,) are the stakes to show, ``by_id`` int32 (n,) the parties in the order of their ids and
    ``rank`` its inverse; indirect figures of one company stand together. ``edge`` int32 is the stake behind a
    row, -1 for an indirect one.
    """
    n, m = len(rank), len(share)
    start, end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    at = np.zeros(n + 1, np.int64)
    for i in range(found.shown[0]):
        c = found.owned[i]
        if i == 0 or found.owned[i - 1] != c:
            start[c] = i
        end[c] = i + 1
        at[rank[found.owner[i]] + 1] += 1
    for e in range(m):
        if listed[e]:
            at[rank[holders.node[e]] + 1] += 1
    for i in range(n):
        at[i + 1] += at[i]
    size = at[n]
    owner, owned = np.empty(size, np.int32), np.empty(size, np.int32)
    figure, edge = np.empty(size), np.empty(size, np.int32)
    for c in by_id:
        for e in range(holders.ptr[c], holders.ptr[c + 1]):
            if listed[e]:
                i = at[rank[holders.node[e]]]
                at[rank[holders.node[e]]] += 1
                owner[i], owned[i], figure[i], edge[i] = holders.node[e], c, found.stakes[e], e
        for j in range(start[c], end[c]):
            i = at[rank[found.owner[j]]]
            at[rank[found.owner[j]]] += 1
            owner[i], owned[i], figure[i], edge[i] = found.owner[j], c, found.value[j], -1
    return owner, owned, figure, edge
