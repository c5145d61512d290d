"""Exact sums of claims over sets of parties, each claim once, without a table of sets times lenders.

A ledger holds the claims by party (see ``exposure.claims``). Stamps instead of cleared arrays: the work for
a set is its entries and the lenders among them.
"""

from __future__ import annotations

import numpy as np

from graph.kernels import kernel

_NULL = -(2**63)


@kernel
def _more(rows: np.ndarray, used: int, needed: int) -> np.ndarray:
    """The rows with room for ``needed`` more after the used ones."""
    if used + needed <= len(rows):
        return rows
    bigger = np.empty((max(2 * len(rows), used + needed), rows.shape[1]), rows.dtype)
    bigger[:used] = rows[:used]
    return bigger


@kernel
def _clear(sums: np.ndarray, row: int) -> None:
    """Set one row of sums to zero."""
    for j in range(sums.shape[1]):
        sums[row, j] = 0


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

    Sets as CSR (members distinct), ledger as ``exposure.claims`` describes it. Returns rows int64 (r, 7) of
    set, place of the lender (-1 = all, first), nominal limit, limit, drawn, gross and the number of
    facilities and lines with an unknown amount, and how many members have a claim, int32 (sets,). Limit is
    the nominal limit less what the members' limits exceed their umbrella by.
    """
    many = len(set_ptr) - 1
    rows = np.empty((4096, 7), np.int64)
    used = 0
    exposed = np.zeros(many, np.int32)
    total = np.zeros((lenders + 1, 5), np.int64)
    stamp = np.full(lenders, -1, np.int32)
    touched = np.empty(lenders, np.int32)
    seen = np.full(len(slot), -1, np.int32)
    slot_stamp = np.full(len(slot_line), -1, np.int32)
    slot_sum = np.zeros(len(slot_line), np.int64)
    slots = np.empty(len(slot_line), np.int32)
    line_stamp = np.full(len(line_gross), -1, np.int32)
    line_sum = np.zeros(len(line_gross), np.int64)
    lines = np.empty(len(line_gross), np.int32)
    for g in range(many):
        count = 0
        slot_count = 0
        line_count = 0
        _clear(total, lenders)
        for i in range(set_ptr[g], set_ptr[g + 1]):
            party = members[i]
            if ptr[party + 1] > ptr[party]:
                exposed[g] += 1
            for e in range(ptr[party], ptr[party + 1]):
                b = lender[e]
                if len(special) > 0 and special[e] >= 0:
                    s = special[e]
                    if seen[s] == g:
                        continue
                    seen[s] = g
                    if slot[s] >= 0:
                        k = slot[s]
                        u = slot_line[k]
                        if slot_stamp[k] != g:
                            slot_stamp[k] = g
                            slot_sum[k] = 0
                            slots[slot_count] = k
                            slot_count += 1
                        if line_stamp[u] != g:
                            line_stamp[u] = g
                            line_sum[u] = 0
                            lines[line_count] = u
                            line_count += 1
                        if money[e, 0] != _NULL:
                            slot_sum[k] += money[e, 0]
                            line_sum[u] += money[e, 0]
                if stamp[b] != g:
                    stamp[b] = g
                    _clear(total, b)
                    touched[count] = b
                    count += 1
                known = True
                if money[e, 0] != _NULL:
                    total[b, 0] += money[e, 0]
                else:
                    known = False
                if money[e, 1] != _NULL:
                    total[b, 2] += money[e, 1]
                else:
                    known = False
                if money[e, 2] != _NULL:
                    total[b, 3] += money[e, 2]
                else:
                    known = False
                if not known:
                    total[b, 4] += 1
        for i in range(count):
            b = touched[i]
            total[b, 1] = total[b, 0]
            for j in range(5):
                total[lenders, j] += total[b, j]
        for i in range(slot_count):
            k = slots[i]
            u = slot_line[k]
            b = slot_lender[k]
            if line_gross[u] != _NULL:
                total[b, 3] += line_gross[u]
            else:
                total[b, 4] += 1
            if line_limit[u] != _NULL:
                total[b, 1] -= max(0, slot_sum[k] - line_limit[u])
        for i in range(line_count):
            u = lines[i]
            if line_gross[u] != _NULL:
                total[lenders, 3] += line_gross[u]
            else:
                total[lenders, 4] += 1
            if line_limit[u] != _NULL:
                total[lenders, 1] -= max(0, line_sum[u] - line_limit[u])
        _in_order(touched, count, stamp, g)
        rows = _more(rows, used, count + 1)
        for i in range(-1, count):
            b = lenders if i < 0 else touched[i]
            rows[used, 0] = g
            rows[used, 1] = -1 if i < 0 else b
            for j in range(5):
                rows[used, 2 + j] = total[b, j]
            used += 1
    return rows[:used].copy(), exposed


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
) -> np.ndarray:
    """Sums of each party, and of it with all that it controls, in all and by lender; no umbrella lines.

    ``order`` int32 tells which parties, and in which order; control as CSR (parties without a row there
    control nothing). Rows int64 (r, 7): party, place of the lender (-1 = all, first), limit, drawn, gross,
    gross with what is controlled, and the number of facilities among those with an unknown amount. Parties
    without a claim, own or controlled, have no row.
    """
    rows = np.empty((4096, 7), np.int64)
    used = 0
    total = np.zeros((lenders + 1, 5), np.int64)
    stamp = np.full(lenders, -1, np.int32)
    touched = np.empty(lenders, np.int32)
    seen = np.full(specials, -1, np.int32)
    for g in range(len(order)):
        x = order[g]
        count = 0
        low = control_ptr[x] if x + 1 < len(control_ptr) else 0
        high = control_ptr[x + 1] if x + 1 < len(control_ptr) else 0
        for i in range(low - 1, high):
            party = x if i < low else controlled[i]
            for e in range(ptr[party], ptr[party + 1]):
                if len(special) > 0 and special[e] >= 0:
                    if seen[special[e]] == g:
                        continue
                    seen[special[e]] = g
                b = lender[e]
                if stamp[b] != g:
                    stamp[b] = g
                    _clear(total, b)
                    touched[count] = b
                    count += 1
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
        _clear(total, lenders)
        for i in range(count):
            for j in range(5):
                total[lenders, j] += total[touched[i], j]
        _in_order(touched, count, stamp, g)
        rows = _more(rows, used, count + 1)
        for i in range(-1, count):
            b = lenders if i < 0 else touched[i]
            rows[used, 0] = x
            rows[used, 1] = -1 if i < 0 else b
            for j in range(5):
                rows[used, 2 + j] = total[b, j]
            used += 1
    return rows[:used].copy()
