"""Exact sums of claims over sets of parties, each claim once, without a table of sets times lenders.

A ledger holds the claims by party (see ``exposure.claims``). Stamps instead of cleared arrays: the work for
a set is its entries and the lenders among them. No sum can wrap: ``exposure.facilities.valued`` refuses books
whose amounts together leave 64 bits.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_NULL = -(2**63)


@kernel
def sort_by_party(
    party: np.ndarray,
    claim: np.ndarray,
    n: int,
    facility: np.ndarray,
    gross: np.ndarray,
    main: int,
    lender: np.ndarray,
    limit: np.ndarray,
    drawn: np.ndarray,
    rank: np.ndarray,
    special: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Entries (party int32, claim int32) in the order of parties, with what the sums read beside them.

    ``facility`` and ``gross`` are by claim, ``lender``, ``limit`` and ``drawn`` by facility; claims from
    ``main`` on carry neither limit nor drawn amount. ``special`` is by claim, or empty if no claim is.
    Returns ptr int64 (n + 1,), claim, place of the lender and special int32 (m,), money int64 (m, 3).
    """
    m = len(party)
    ptr = np.zeros(n + 1, np.int64)
    for i in range(m):
        ptr[party[i] + 1] += 1
    for v in range(n):
        ptr[v + 1] += ptr[v]
    at = ptr[:-1].copy()
    claims = np.empty(m, np.int32)
    lenders = np.empty(m, np.int32)
    marks = np.empty(m if len(special) else 0, np.int32)
    money = np.empty((m, 3), np.int64)
    for i in range(m):
        p = at[party[i]]
        at[party[i]] += 1
        c = claim[i]
        f = facility[c]
        claims[p] = c
        lenders[p] = rank[lender[f]]
        if len(special):
            marks[p] = special[c]
        money[p, 0] = limit[f] if c < main else 0
        money[p, 1] = drawn[f] if c < main else 0
        money[p, 2] = gross[c]
    return ptr, claims, lenders, marks, money


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
    for j in range(total.shape[1]):
        total[b, j] = 0
    touched[count] = b
    return count + 1


@kernel
def _add_all(total: np.ndarray, touched: np.ndarray, count: int) -> None:
    """Sum of the touched lenders' rows in the last row."""
    last = len(total) - 1
    for j in range(total.shape[1]):
        total[last, j] = 0
        for i in range(count):
            total[last, j] += total[touched[i], j]


@kernel
def _most_rows(set_ptr: np.ndarray, members: np.ndarray, ptr: np.ndarray, lenders: int) -> int:
    """No fewer rows than the sets can have: one each, and one for each lender of an entry."""
    most = len(set_ptr) - 1
    for g in range(len(set_ptr) - 1):
        entries = 0
        for i in range(set_ptr[g], set_ptr[g + 1]):
            entries += ptr[members[i] + 1] - ptr[members[i]]
        most += min(entries, lenders)
    return most


@kernel
def sets(
    set_ptr: np.ndarray,
    members: np.ndarray,
    ptr: np.ndarray,
    lender: np.ndarray,
    money: np.ndarray,
    special: np.ndarray,
    slot: np.ndarray,
    slot_line: np.ndarray,
    slot_lender: np.ndarray,
    line_gross: np.ndarray,
    line_limit: np.ndarray,
    lenders: int,
) -> tuple[np.ndarray, ...]:
    """Sums of each set of parties, in all and by lender; claims and umbrella lines count once.

    Sets as CSR (members distinct), ledger as ``exposure.claims`` describes it. Returns by row: the set and the
    place of the lender (-1 = all, first) int32, nominal limit, limit, drawn, gross int64, and int32 the number
    of facilities and lines with an unknown amount; and by set how many members have a claim, int32. Limit is
    the nominal limit less what the members' limits exceed their umbrella by.
    """
    many, lines, marked = len(set_ptr) - 1, len(line_gross), len(special) > 0
    most = _most_rows(set_ptr, members, ptr, lenders)
    row_set, row_lender, unknown = (
        np.empty(most, np.int32),
        np.empty(most, np.int32),
        np.empty(most, np.int32),
    )
    nominal, drawn, gross = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    limit = np.empty(most, np.int64) if lines else nominal
    exposed = np.zeros(many, np.int32)
    used = 0
    # sums by lender, those of all lenders last: nominal limit, limit, drawn, gross, unknown
    total = np.zeros((lenders + 1, 5), np.int64)
    stamp, touched = np.full(lenders, -1, np.int32), np.empty(lenders, np.int32)
    seen = np.full(len(slot), -1, np.int32)
    slot_stamp, slots = np.full(len(slot_line), -1, np.int32), np.empty(len(slot_line), np.int32)
    slot_sum = np.zeros(len(slot_line), np.int64)
    line_stamp, held = np.full(lines, -1, np.int32), np.empty(lines, np.int32)
    line_sum = np.zeros(lines, np.int64)
    for g in range(many):
        count, slot_count, line_count = 0, 0, 0
        for i in range(set_ptr[g], set_ptr[g + 1]):
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
                            line_stamp[u], line_sum[u], held[line_count] = g, 0, u
                            line_count += 1
                        if money[e, 0] != _NULL:
                            slot_sum[k] += money[e, 0]
                            line_sum[u] += money[e, 0]
                b = lender[e]
                count = _open(total, b, stamp, g, touched, count)
                known = True
                for j in range(3):
                    if money[e, j] != _NULL:
                        total[b, j + 1] += money[e, j]
                    else:
                        known = False
                if not known:
                    total[b, 4] += 1
        _add_all(total, touched, count)
        for i in range(count + 1):
            b = touched[i] if i < count else lenders
            total[b, 0] = total[b, 1]
        for i in range(slot_count):
            k = slots[i]
            _add_line(total, slot_lender[k], slot_sum[k], line_gross[slot_line[k]], line_limit[slot_line[k]])
        for i in range(line_count):
            u = held[i]
            _add_line(total, lenders, line_sum[u], line_gross[u], line_limit[u])
        _in_order(touched, count, stamp, g)
        for i in range(-1, count):
            b = touched[i] if i >= 0 else lenders
            row_set[used], row_lender[used], unknown[used] = g, b if i >= 0 else -1, total[b, 4]
            nominal[used], drawn[used], gross[used] = total[b, 0], total[b, 2], total[b, 3]
            if lines:
                limit[used] = total[b, 1]
            used += 1
    rows = row_set[:used], row_lender[:used], nominal[:used], limit[:used], drawn[:used], gross[:used]
    return (*rows, unknown[:used], exposed)


@kernel
def _add_line(total: np.ndarray, b: int, members: int, gross: int, limit: int) -> None:
    """Add an umbrella line to a row of sums; ``members`` is what the members' limits add up to."""
    if gross != _NULL:
        total[b, 3] += gross
    else:
        total[b, 4] += 1
    if limit != _NULL and members > limit:
        total[b, 1] -= members - limit


@kernel
def parties(
    order: np.ndarray,
    control_ptr: np.ndarray,
    controlled: np.ndarray,
    ptr: np.ndarray,
    lender: np.ndarray,
    money: np.ndarray,
    special: np.ndarray,
    specials: int,
    lenders: int,
) -> tuple[np.ndarray, ...]:
    """Sums of each party, and of it with all that it controls, in all and by lender; no umbrella lines.

    ``order`` int32 tells which parties, and in which order; control as CSR (parties without a row there
    control nothing). Returns by row: the party and the place of the lender (-1 = all, first) int32, limit,
    drawn, gross, gross with what is controlled int64, and int32 the number of facilities among those with an
    unknown amount. Parties without a claim, own or controlled, have no row.
    """
    n, marked, most = len(control_ptr) - 1, len(special) > 0, 0
    for x in order:
        entries = ptr[x + 1] - ptr[x]
        for i in range(control_ptr[min(x, n)], control_ptr[min(x + 1, n)]):
            entries += ptr[controlled[i] + 1] - ptr[controlled[i]]
        most += min(entries, lenders) + 1
    row_party, row_lender, unknown = (
        np.empty(most, np.int32),
        np.empty(most, np.int32),
        np.empty(most, np.int32),
    )
    limit, drawn, gross = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    whole = np.empty(most, np.int64)
    used = 0
    # sums by lender, those of all lenders last: limit, drawn, gross, gross with what is controlled, unknown
    total = np.zeros((lenders + 1, 5), np.int64)
    stamp, touched = np.full(lenders, -1, np.int32), np.empty(lenders, np.int32)
    seen = np.full(specials, -1, np.int32)
    for g in range(len(order)):
        x = order[g]
        count = 0
        low, high = control_ptr[min(x, n)], control_ptr[min(x + 1, n)]
        for i in range(low - 1, high):
            party = x if i < low else controlled[i]
            for e in range(ptr[party], ptr[party + 1]):
                if marked and special[e] >= 0:
                    if seen[special[e]] == g:
                        continue
                    seen[special[e]] = g
                b = lender[e]
                count = _open(total, b, stamp, g, touched, count)
                if i < low:
                    for j in range(3):
                        if money[e, j] != _NULL:
                            total[b, j] += money[e, j]
                if money[e, 2] != _NULL:
                    total[b, 3] += money[e, 2]
                if money[e, 0] == _NULL or money[e, 1] == _NULL or money[e, 2] == _NULL:
                    total[b, 4] += 1
        if count == 0:
            continue
        _add_all(total, touched, count)
        _in_order(touched, count, stamp, g)
        for i in range(-1, count):
            b = touched[i] if i >= 0 else lenders
            row_party[used], row_lender[used], unknown[used] = x, b if i >= 0 else -1, total[b, 4]
            limit[used], drawn[used], gross[used], whole[used] = (
                total[b, 0],
                total[b, 1],
                total[b, 2],
                total[b, 3],
            )
            used += 1
    rows = row_party[:used], row_lender[:used], limit[:used], drawn[:used], gross[:used]
    return (*rows, whole[:used], unknown[:used])
