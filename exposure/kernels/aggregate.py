"""Exact sums of claims over sets of parties, each claim once, without a table of sets times lenders.

A ledger holds the claims by party (see ``exposure.claims``). Stamps instead of cleared arrays: the work for
a set is its entries and the lenders among them; what comes next is fetched ahead. No sum can wrap:
``exposure.facilities.valued`` refuses books whose amounts together leave 64 bits. Arrays to write to come from
outside, since numpy asks for huge pages.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel
from graph.kernels.memory import prefetch

_NULL = -(2**63)
_AHEAD = 12
"""How many parties ahead entries are fetched, and their places twice as far ahead."""
_WORDS = 4
"""Numbers in an entry: limit, drawn, gross, place of the lender."""
_LINE = 8
"""Numbers in a cache line."""
_SUMS = 5
"""Sums of a row in the making; the last is the number of unknown amounts."""


@kernel
def starts(party: np.ndarray, n: int) -> np.ndarray:
    """First place of each of n parties (int32, each entry's party) in their order: int64 (n + 1,)."""
    ptr = np.zeros(n + 1, np.int64)
    for i in range(len(party)):
        ptr[party[i] + 1] += 1
    for v in range(n):
        ptr[v + 1] += ptr[v]
    return ptr


@kernel
def sort_by_party(
    at: np.ndarray,
    party: np.ndarray,
    claim: np.ndarray,
    facility: np.ndarray,
    gross: np.ndarray,
    main: int,
    lender: np.ndarray,
    limit: np.ndarray,
    drawn: np.ndarray,
    special: np.ndarray,
    claims: np.ndarray,
    entries: np.ndarray,
    marks: np.ndarray,
) -> None:
    """Write entries (party int32, claim int32) to their places ``at`` (int64, used up) by party.

    ``facility`` and ``gross`` are by claim, ``lender`` (its place), ``limit`` and ``drawn`` by facility; claims
    from ``main`` on carry neither limit nor drawn amount. ``special`` is by claim, or empty if no claim is.
    Written are ``claims`` int32 (m,), ``entries`` int64 (m, 4) and ``marks`` int32 (m,), the claim's special.
    """
    last = len(party) - 1
    flat = entries.ravel()
    for i in range(len(party)):
        prefetch(at, np.int64(party[min(i + 2 * _AHEAD, last)]))
        prefetch(flat, at[party[min(i + _AHEAD, last)]] * _WORDS)
        p = at[party[i]]
        at[party[i]] += 1
        c = claim[i]
        f = facility[c]
        claims[p] = c
        entries[p, 0] = limit[f] if c < main else 0
        entries[p, 1] = drawn[f] if c < main else 0
        entries[p, 2] = gross[c]
        entries[p, 3] = lender[f]
        if len(special):
            marks[p] = special[c]


@kernel
def _sort(values: np.ndarray, count: int) -> None:
    """Sort the first ``count`` values; few of them, so by insertion."""
    for i in range(1, count):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


@kernel
def _in_order(touched: np.ndarray, count: int, stamp: np.ndarray, epoch: int) -> None:
    """Put the touched lenders in order: by insertion, or by one walk over all where many are touched."""
    if count * count < 8 * len(stamp):
        _sort(touched, count)
        return
    at = 0
    for lender in range(len(stamp)):
        if stamp[lender] == epoch:
            touched[at] = lender
            at += 1


@kernel
def _open(total: np.ndarray, b: int, stamp: np.ndarray, epoch: int, touched: np.ndarray, count: int) -> int:
    """Make the lender's row of sums ready for this set; how many lenders are touched now."""
    if stamp[b] == epoch:
        return count
    stamp[b] = epoch
    for j in range(_SUMS):
        total[b, j] = 0
    touched[count] = b
    return count + 1


@kernel
def _add_all(total: np.ndarray, touched: np.ndarray, count: int) -> None:
    """Sum of the touched lenders' rows in the last row."""
    last = len(total) - 1
    for j in range(_SUMS):
        total[last, j] = 0
        for i in range(count):
            total[last, j] += total[touched[i], j]


@kernel
def _ahead(ptr: np.ndarray, flat: np.ndarray, near: int, far: int) -> None:
    """Fetch the first entries of one party that is summed soon, and the place of those of a later one."""
    prefetch(ptr, np.int64(far))
    first = ptr[near] * _WORDS
    prefetch(flat, first)
    prefetch(flat, first + _LINE)
    prefetch(flat, first + 2 * _LINE)


@kernel
def _add_line(total: np.ndarray, b: int, members: int, gross: int, limit: int) -> None:
    """Add an umbrella line to a row of sums; ``members`` is what the members' limits add up to."""
    if gross != _NULL:
        total[b, 2] += gross
    else:
        total[b, 4] += 1
    if limit != _NULL and members > limit:
        total[b, 0] -= members - limit


@kernel
def _write(keys: np.ndarray, sums: np.ndarray, at: int, owner: int, place: int, row: np.ndarray) -> None:
    """Write one row of a result."""
    keys[0, at], keys[1, at], keys[2, at] = owner, place, row[_SUMS - 1]
    for j in range(_SUMS - 1):
        sums[j, at] = row[j]


@kernel
def most_rows(set_ptr: np.ndarray, members: np.ndarray, ptr: np.ndarray, lenders: int) -> int:
    """No fewer rows than ``sets`` can write: one a set, and one for each lender of its entries."""
    most = len(set_ptr) - 1
    for g in range(len(set_ptr) - 1):
        entries = 0
        for i in range(set_ptr[g], set_ptr[g + 1]):
            entries += ptr[members[i] + 1] - ptr[members[i]]
        most += min(entries, lenders)
    return most


@kernel
def sets(
    low: int,
    high: int,
    set_ptr: np.ndarray,
    members: np.ndarray,
    ptr: np.ndarray,
    entry: np.ndarray,
    special: np.ndarray,
    slot: np.ndarray,
    slot_line: np.ndarray,
    slot_lender: np.ndarray,
    line_gross: np.ndarray,
    line_limit: np.ndarray,
    lenders: int,
    keys: np.ndarray,
    sums: np.ndarray,
    exposed: np.ndarray,
) -> int:
    """Sums of each of the sets low..high-1, in all and by lender; claims and umbrella lines count once.

    Sets as CSR (members distinct), ledger as ``exposure.claims`` describes it. Written by row are ``keys`` int32
    (3, rows): set, place of the lender (-1 = all, first), number of facilities and lines with an unknown
    amount; ``sums`` int64 (4, rows): limit, drawn, gross, nominal limit; and by set ``exposed`` int32, how
    many members have a claim. Limit is the nominal limit less what the members' limits exceed their umbrella
    by. The last of the ``lenders`` places is for unknown lenders, which have no row of their own. Returns how
    many rows were written.
    """
    marked, last, used = len(special) > 0, len(members) - 1, 0
    flat = entry.ravel()
    # sums by lender, those of all lenders last: limit, drawn, gross, nominal limit, unknown
    total = np.zeros((lenders + 1, _SUMS), np.int64)
    stamp, touched = np.full(lenders, -1, np.int32), np.empty(lenders, np.int32)
    seen = np.full(len(slot), -1, np.int32)
    slot_stamp, slots = np.full(len(slot_line), -1, np.int32), np.empty(len(slot_line), np.int32)
    slot_sum = np.zeros(len(slot_line), np.int64)
    line_stamp, lines = np.full(len(line_gross), -1, np.int32), np.empty(len(line_gross), np.int32)
    line_sum = np.zeros(len(line_gross), np.int64)
    for g in range(low, high):
        count, slot_count, line_count, exposed[g] = 0, 0, 0, 0
        for i in range(set_ptr[g], set_ptr[g + 1]):
            _ahead(ptr, flat, members[min(i + _AHEAD, last)], members[min(i + 2 * _AHEAD, last)])
            party = members[i]
            if ptr[party + 1] > ptr[party]:
                exposed[g] += 1
            for e in range(ptr[party], ptr[party + 1]):
                if marked and special[e] >= 0:
                    s = special[e]
                    if seen[s] == g:
                        continue
                    seen[s] = g
                    if slot[s] >= 0:
                        k = slot[s]
                        u = slot_line[k]
                        if slot_stamp[k] != g:
                            slot_stamp[k], slot_sum[k], slots[slot_count] = g, 0, k
                            slot_count += 1
                        if line_stamp[u] != g:
                            line_stamp[u], line_sum[u], lines[line_count] = g, 0, u
                            line_count += 1
                        if entry[e, 0] != _NULL:
                            slot_sum[k] += entry[e, 0]
                            line_sum[u] += entry[e, 0]
                b = entry[e, 3]
                count = _open(total, b, stamp, g, touched, count)
                known = True
                for j in range(3):
                    if entry[e, j] != _NULL:
                        total[b, j] += entry[e, j]
                    else:
                        known = False
                if not known:
                    total[b, 4] += 1
        _add_all(total, touched, count)
        for i in range(count + 1):
            b = touched[i] if i < count else lenders
            total[b, 3] = total[b, 0]
        for i in range(slot_count):
            k = slots[i]
            _add_line(total, slot_lender[k], slot_sum[k], line_gross[slot_line[k]], line_limit[slot_line[k]])
        for i in range(line_count):
            _add_line(total, lenders, line_sum[lines[i]], line_gross[lines[i]], line_limit[lines[i]])
        _in_order(touched, count, stamp, g)
        _write(keys, sums, used, g, -1, total[lenders])
        count -= count > 0 and touched[count - 1] == lenders - 1
        for i in range(count):
            _write(keys, sums, used + 1 + i, g, touched[i], total[touched[i]])
        used += count + 1
    return used


@kernel
def most_party_rows(
    order: np.ndarray, control_ptr: np.ndarray, controlled: np.ndarray, ptr: np.ndarray, lenders: int
) -> int:
    """No fewer rows than ``parties`` can write for these: one a party, and one for each lender of its entries."""
    most = len(order)
    for x in order:
        entries = ptr[x + 1] - ptr[x]
        if x + 1 < len(control_ptr):
            for i in range(control_ptr[x], control_ptr[x + 1]):
                entries += ptr[controlled[i] + 1] - ptr[controlled[i]]
        most += min(entries, lenders)
    return most


@kernel
def parties(
    low: int,
    high: int,
    order: np.ndarray,
    control_ptr: np.ndarray,
    controlled: np.ndarray,
    ptr: np.ndarray,
    entry: np.ndarray,
    special: np.ndarray,
    specials: int,
    lenders: int,
    keys: np.ndarray,
    sums: np.ndarray,
) -> int:
    """Sums of each party, and of it with all that it controls, in all and by lender; no umbrella lines.

    ``order[low:high]`` int32 tells which parties, and in which order; control as CSR (parties without a row there
    control nothing). Written by row are ``keys`` int32 (3, rows): party, place of the lender (-1 = all, first),
    number of facilities with an unknown amount; ``sums`` int64 (4, rows): limit, drawn, gross, and gross with
    what is controlled. Parties without a claim, own or controlled, have no row, nor has the last of the
    ``lenders`` places, which is for unknown lenders. Returns how many rows were written.
    """
    n, marked, last, used = len(control_ptr) - 1, len(special) > 0, len(order) - 1, 0
    flat = entry.ravel()
    # sums by lender, those of all lenders last: limit, drawn, gross, gross with what is controlled, unknown
    total = np.zeros((lenders + 1, _SUMS), np.int64)
    stamp, touched = np.full(lenders, -1, np.int32), np.empty(lenders, np.int32)
    seen = np.full(specials, -1, np.int32)
    for g in range(low, high):
        prefetch(control_ptr, np.int64(order[min(g + _AHEAD, last)]))
        _ahead(ptr, flat, order[min(g + _AHEAD, last)], order[min(g + 2 * _AHEAD, last)])
        x = order[g]
        count = 0
        own, end = control_ptr[min(x, n)], control_ptr[min(x + 1, n)]
        for i in range(own - 1, end):
            party = x if i < own else controlled[i]
            for e in range(ptr[party], ptr[party + 1]):
                if marked and special[e] >= 0:
                    if seen[special[e]] == g:
                        continue
                    seen[special[e]] = g
                b = entry[e, 3]
                count = _open(total, b, stamp, g, touched, count)
                if i < own:
                    for j in range(3):
                        if entry[e, j] != _NULL:
                            total[b, j] += entry[e, j]
                if entry[e, 2] != _NULL:
                    total[b, 3] += entry[e, 2]
                if entry[e, 0] == _NULL or entry[e, 1] == _NULL or entry[e, 2] == _NULL:
                    total[b, 4] += 1
        if count == 0:
            continue
        _add_all(total, touched, count)
        _in_order(touched, count, stamp, g)
        _write(keys, sums, used, x, -1, total[lenders])
        count -= touched[count - 1] == lenders - 1
        for i in range(count):
            _write(keys, sums, used + 1 + i, x, touched[i], total[touched[i]])
        used += count + 1
    return used
