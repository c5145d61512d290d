"""The group cascade, by rounds: who fails takes others along, through stakes, claims, receipts and guarantees.

A run costs what it touches: one record a party, stamped with the number of the run instead of cleared, and a
frontier of those who failed last. (C. Furfine, "Interbank exposures: quantifying the risk of contagion", Journal
of Money, Credit and Banking 35 (2003), with calls on guarantors as the house model has them.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.kernels import kernel
from graph.kernels.memory import prefetch

LINE, LOSS, RUN, FAILED, HIT, HITS_END, DEBT, DEBTS_END = range(8)
"""Columns of a party's record; ``FAILED`` is the run in which it failed, negative during the round itself."""
REST, SHARED, PAIR, PAIRS_END, LENT, LENT_END, OBLIGOR = range(7)
"""Columns of a debt's record, which has eight as a party's has: one cache line."""
HOLDING, CLAIM, DEPENDENCE, CREDIT, GUARANTEE = range(5)
"""Columns of a run's totals; what is hit at once is coded as 4 x party + one of the first three."""
CALL, PAYMENT, COUNTER, REPAID = range(5, 9)
"""Further channels of a noted edge."""
FAILURES, ROUNDS, LENDERS, NOTED = range(5, 9)
"""Further columns of a run's figures."""
_TINY = 1e-6
_AHEAD = 16
"""How many parties or debts ahead their memory is asked for, where a round has more of them than that."""


class Net(NamedTuple):
    """What failures set off; amounts float64 in minor units.

    By party the record above (float64). ``hit`` int32 coded and ``hit_amount``: what is lost at once when the
    party fails. By debt its record; by pair ``guarantor`` int32, ``promised`` float64, ``shared`` int32 (number of a
    cap over several debts, -1 = none) and ``guarantee`` int32; ``cap`` float64 by that number. By entry of a debt
    ``lender`` int32, ``lent`` its part of the debt and ``lost`` its part times the loss given default. Counter-
    guarantees behind guarantee g are ``counter_ptr[g]:...``: ``counter`` int32 their own guarantees' numbers,
    ``counter_giver``, ``counter_for`` int32 parties, ``counter_part``, ``counter_cap`` float64.
    """

    party: np.ndarray
    hit: np.ndarray
    hit_amount: np.ndarray
    debt: np.ndarray
    guarantor: np.ndarray
    promised: np.ndarray
    shared: np.ndarray
    guarantee: np.ndarray
    cap: np.ndarray
    lender: np.ndarray
    lent: np.ndarray
    lost: np.ndarray
    counter_ptr: np.ndarray
    counter: np.ndarray
    counter_giver: np.ndarray
    counter_for: np.ndarray
    counter_part: np.ndarray
    counter_cap: np.ndarray


class State(NamedTuple):
    """What a thread needs of its own: the parties' records, lists of the run and of its round, and stamped sums."""

    party: np.ndarray
    failed: np.ndarray
    round: np.ndarray
    seen: np.ndarray
    called: np.ndarray
    open: np.ndarray
    rest: np.ndarray
    first: np.ndarray
    call: np.ndarray
    call_amount: np.ndarray
    paid: np.ndarray
    paid_run: np.ndarray
    used: np.ndarray
    wanted: np.ndarray
    cap_run: np.ndarray
    cap_round: np.ndarray
    waiting: np.ndarray
    pending: np.ndarray
    counter_used: np.ndarray
    counter_run: np.ndarray
    counter_call: np.ndarray
    lost: np.ndarray
    lost_run: np.ndarray


class Log(NamedTuple):
    """Noted edges: round, from, to int32, channel int8, amount; written as far as there is room."""

    round: np.ndarray
    source: np.ndarray
    target: np.ndarray
    channel: np.ndarray
    amount: np.ndarray


class Foot(NamedTuple):
    """Parties that each set costs something, as CSR (``ptr`` int64, of length 1 = not wanted); what, inf = it fails.

    Written as far as there is room, and only of runs that fit into the log; the pointer goes beyond the room otherwise.
    """

    ptr: np.ndarray
    party: np.ndarray
    loss: np.ndarray


@kernel
def note(log: Log, at: int, when: int, source: int, target: int, channel: int, amount: float) -> int:
    """Note an edge; how many there are now."""
    if at < len(log.amount):
        log.round[at], log.source[at], log.target[at] = when, source, target
        log.channel[at], log.amount[at] = channel, amount
    return at + 1


@kernel
def _start(party: np.ndarray, failed: np.ndarray, run: int, many: int, who: int) -> int:
    """A party fails at the outset; how many have failed now."""
    if abs(party[who, FAILED]) == run:
        return many
    if party[who, RUN] != run:
        party[who, RUN], party[who, LOSS] = run, 0.0
    party[who, FAILED] = -run
    failed[many] = who
    return many + 1


@kernel
def _lose(party: np.ndarray, failed: np.ndarray, run: int, many: int, who: int, amount: float) -> int:
    """A party loses an amount and fails if it cannot bear it; how many have failed now."""
    loss = amount
    if party[who, RUN] == run:
        loss += party[who, LOSS]
    else:
        party[who, RUN] = run
    party[who, LOSS] = loss
    if loss >= party[who, LINE] and abs(party[who, FAILED]) != run:
        party[who, FAILED] = -run
        failed[many] = who
        return many + 1
    return many


@kernel
def _ask(
    ptr: np.ndarray, part: np.ndarray, pending: np.ndarray, used: np.ndarray, asked_run: np.ndarray, run: int,
    following: np.ndarray, asked: int, guarantee: int, amount: float,
) -> int:  # fmt: skip
    """Ask those behind a guarantee for their part of what was paid under it; how many are asked next round."""
    for c in range(ptr[guarantee], ptr[guarantee + 1]):
        if asked_run[c] != run:
            asked_run[c], used[c], pending[c] = run, 0.0, 0.0
        if pending[c] == 0.0:
            following[asked] = c
            asked += 1
        pending[c] += amount * part[c]
    return asked


@kernel
def _footprint(
    party: np.ndarray, failed: np.ndarray, seen: np.ndarray, run: int, many: int, noted: int, log: Log, foot: Foot,
    at: int,
) -> int:  # fmt: skip
    """Write down whom a run that is noted in the log cost something; where the next one begins."""
    if noted > len(log.amount):
        return len(foot.party) + 1
    for k in range(many + noted):
        if k >= many and (log.channel[k - many] == PAYMENT or log.channel[k - many] == CREDIT):
            continue
        who = failed[k] if k < many else log.target[k - many]
        if seen[who] == run:
            continue
        seen[who] = run
        if at < len(foot.party):
            foot.party[at] = who
            foot.loss[at] = np.inf if k < many else party[who, LOSS]
        at += 1
    return at


@kernel
def cascades(
    net: Net, state: State, base: np.ndarray, ptr: np.ndarray, member: np.ndarray, hit_first: np.ndarray,
    first_loss: np.ndarray, pays: bool, log: Log, run: int, out: np.ndarray, wanted_lenders: np.ndarray,
    by_lender: np.ndarray, foot: Foot,
) -> int:  # fmt: skip
    """A run for each set ``member[ptr[s]:ptr[s + 1]]`` with ``base`` and first losses: the number of the last run.

    ``member`` and ``base`` int32 fail whatever their equity; the parties ``hit_first`` (int32) lose ``first_loss``.
    ``out`` float64 (sets, 9): losses by channel (guarantors' by what they paid), then parties that failed, rounds in
    which something was passed on, lenders that lose, edges noted. ``by_lender`` float64 (sets, lenders) what the
    ``wanted_lenders`` (int32) lose. ``foot`` takes the parties that each set costs something. A log without room is
    not written. It is one function because a call passes tuples of arrays field by field: with the steps of a round
    in functions of their own, every default in turn takes 17 times as long as in C instead of 1.2 times.
    """
    party, failed, rounds = state.party, state.failed, state.round
    hits, hit_amount = net.hit, net.hit_amount
    debt, guarantor, promised, shared, cap = net.debt, net.guarantor, net.promised, net.shared, net.cap
    opens, rests, begins, call, call_amount = (
        state.open,
        state.rest,
        state.first,
        state.call,
        state.call_amount,
    )
    paid_sum, paid_run, called = state.paid, state.paid_run, state.called
    used, wanted, cap_run, cap_round = state.used, state.wanted, state.cap_run, state.cap_round
    lender, lent, lost_part, lost, lost_run = net.lender, net.lent, net.lost, state.lost, state.lost_run
    pending, counter_used, counter_run = state.pending, state.counter_used, state.counter_run
    record, counters, records = len(log.amount) > 0, len(net.counter) > 0, party.reshape(-1)
    sums = debt.reshape(-1)
    for s in range(len(ptr) - 1):
        run += 1
        many = 0
        for k in range(len(base)):
            many = _start(party, failed, run, many, base[k])
        for k in range(ptr[s], ptr[s + 1]):
            many = _start(party, failed, run, many, member[k])
        for k in range(len(hit_first)):
            if first_loss[k] > 0.0:
                many = _lose(party, failed, run, many, hit_first[k], first_loss[k])
        out[s, :] = 0.0
        first, when, again, waiting, side, hit_lenders, noted = 0, 0, 0, 0, 0, 0, 0
        while first < many or again > 0 or waiting > 0:
            when += 1
            last = many
            opened = again
            calls = 0
            wide = last - first > _AHEAD
            for at in range(first, last):
                if wide:
                    prefetch(records, np.int64(failed[min(at + _AHEAD, last - 1)]) * 8)
                party[failed[at], FAILED] = run
                rounds[at] = when - 1
            for at in range(first, last):
                p = failed[at]
                if wide:
                    far, near = failed[min(at + _AHEAD, last - 1)], failed[min(at + _AHEAD // 2, last - 1)]
                    prefetch(hits, np.int64(party[far, HIT]))
                    prefetch(hit_amount, np.int64(party[far, HIT]))
                    prefetch(sums, np.int64(party[far, DEBT]) * 8)
                    if party[near, HIT] < party[near, HITS_END]:
                        prefetch(records, np.int64(hits[int(party[near, HIT])] >> 2) * 8)
                for h in range(int(party[p, HIT]), int(party[p, HITS_END])):
                    who, channel, amount = hits[h] >> 2, hits[h] & 3, hit_amount[h]
                    out[s, channel] += amount
                    many = _lose(party, failed, run, many, who, amount)
                    if record:
                        noted = note(log, noted, when, p, who, channel, amount)
                for d in range(int(party[p, DEBT]), int(party[p, DEBTS_END])):
                    opens[opened], rests[opened] = d, debt[d, REST]
                    opened += 1
            first = last
            wide = opened > _AHEAD
            for k in range(opened):  # what the debts of this round want of a cap over several of them
                d = opens[k]
                if debt[d, SHARED] == 0.0:
                    continue
                for i in range(int(debt[d, PAIR]), int(debt[d, PAIRS_END])):
                    g = shared[i]
                    if g < 0 or party[guarantor[i], FAILED] == run:
                        continue
                    if cap_run[g] != run:
                        cap_run[g], used[g], cap_round[g] = run, 0.0, 0
                    if cap_round[g] != when:
                        cap_round[g], wanted[g] = when, 0.0
                    wanted[g] += promised[i] - (paid_sum[i] if k < again and paid_run[i] == run else 0.0)
            for k in range(opened):  # each debt is called of those who stand
                d = opens[k]
                begins[k] = calls
                if wide:
                    far, near = opens[min(k + _AHEAD, opened - 1)], opens[min(k + _AHEAD // 2, opened - 1)]
                    prefetch(guarantor, np.int64(debt[far, PAIR]))
                    prefetch(promised, np.int64(debt[far, PAIR]))
                    prefetch(shared, np.int64(debt[far, PAIR]))
                    if debt[near, PAIR] < debt[near, PAIRS_END]:
                        prefetch(records, np.int64(guarantor[int(debt[near, PAIR])]) * 8)
                low, high = int(debt[d, PAIR]), int(debt[d, PAIRS_END])
                offered = 0.0
                for i in range(low, high):
                    if party[guarantor[i], FAILED] == run:
                        continue
                    offer = promised[i] - (paid_sum[i] if k < again and paid_run[i] == run else 0.0)
                    g = shared[i]
                    if g >= 0:
                        free = max(cap[g] - used[g], 0.0)
                        if wanted[g] > free:
                            offer *= free / wanted[g]
                    if offer > 0.0:
                        call[calls], call_amount[calls] = i, offer
                        calls += 1
                        offered += offer
                scale = 1.0 if offered <= rests[k] else rests[k] / offered
                for c in range(begins[k], calls):
                    amount = scale * call_amount[c]
                    call_amount[c] = amount
                    who = guarantor[call[c]]
                    many = _lose(party, failed, run, many, who, amount)
                    if pays:
                        called[who] += amount
                    if record:
                        noted = note(log, noted, when, int(debt[d, OBLIGOR]), who, CALL, amount)
            begins[opened] = calls
            for j in range(
                waiting
            ):  # what guarantors paid last round is asked back of who stands behind them
                c = state.waiting[side, j]
                who = net.counter_giver[c]
                amount = 0.0
                if party[who, FAILED] != run:
                    amount = max(min(pending[c], net.counter_cap[c] - counter_used[c]), 0.0)
                pending[c] = 0.0
                state.counter_call[c] = amount
                if amount > 0.0:
                    counter_used[c] += amount
                    many = _lose(party, failed, run, many, who, amount)
                    if record:
                        noted = note(log, noted, when, net.counter_for[c], who, COUNTER, amount)
            for c in range(calls):
                if shared[call[c]] >= 0:
                    used[shared[call[c]]] += call_amount[c]
            asked = 0
            for j in range(waiting):
                c = state.waiting[side, j]
                who, amount = net.counter_giver[c], state.counter_call[c]
                if amount > 0.0 and party[who, FAILED] != -run:
                    party[net.counter_for[c], LOSS] -= amount
                    asked = _ask(
                        net.counter_ptr, net.counter_part, pending, counter_used, counter_run, run,
                        state.waiting[1 - side], asked, net.counter[c], amount,
                    )  # fmt: skip
                    if record:
                        noted = note(log, noted, when, who, net.counter_for[c], REPAID, amount)
            again = 0
            for k in range(opened):  # who still stands pays; the rest is called again, or lost
                d = opens[k]
                low, high = int(debt[d, PAIR]), int(debt[d, PAIRS_END])
                if wide:
                    far = opens[min(k + _AHEAD, opened - 1)]
                    prefetch(lender, np.int64(debt[far, LENT]))
                    prefetch(lost_part, np.int64(debt[far, LENT]))
                # a lone guarantor is called once for all, unless its cap is shared and other debts leave some of it
                recalled = high - low > 1 or debt[d, SHARED] != 0.0
                paid = 0.0
                for c in range(begins[k], begins[k + 1]):
                    i, amount = call[c], call_amount[c]
                    who = guarantor[i]
                    if party[who, FAILED] == -run:
                        if not pays:
                            continue
                        means = party[who, LINE] - party[who, LOSS] + called[who]
                        amount *= min(max(means / called[who], 0.0), 1.0)
                        if amount <= 0.0:
                            continue
                    paid += amount
                    if recalled:
                        if paid_run[i] != run:
                            paid_run[i], paid_sum[i] = run, 0.0
                        paid_sum[i] += amount
                    if counters:
                        asked = _ask(
                            net.counter_ptr, net.counter_part, pending, counter_used, counter_run, run,
                            state.waiting[1 - side], asked, net.guarantee[i], amount,
                        )  # fmt: skip
                    if record:
                        for e in range(int(debt[d, LENT]), int(debt[d, LENT_END])):
                            noted = note(log, noted, when, who, lender[e], PAYMENT, amount * lent[e])
                out[s, GUARANTEE] += paid
                rest = rests[k] - paid
                if rest <= _TINY:
                    continue
                more = False  # whether somebody who stands can still be called for what is left
                if recalled:
                    for i in range(low, high):
                        if more or abs(party[guarantor[i], FAILED]) == run:
                            continue
                        left = promised[i] - (paid_sum[i] if paid_run[i] == run else 0.0)
                        if shared[i] >= 0:
                            left = min(left, cap[shared[i]] - used[shared[i]])
                        more = left > _TINY
                if more:
                    opens[again], rests[again] = d, rest
                    again += 1
                    continue
                for e in range(int(debt[d, LENT]), int(debt[d, LENT_END])):
                    b, amount = lender[e], rest * lost_part[e]
                    if amount <= 0.0:
                        continue
                    if lost_run[b] != run:
                        lost_run[b], lost[b] = run, 0.0
                        hit_lenders += 1
                    lost[b] += amount
                    out[s, CREDIT] += amount
                    if record:
                        noted = note(log, noted, when, int(debt[d, OBLIGOR]), b, CREDIT, amount)
            if pays:
                for c in range(calls):
                    called[guarantor[call[c]]] = 0.0
            waiting, side = asked, 1 - side
        out[s, FAILURES], out[s, ROUNDS], out[s, LENDERS], out[s, NOTED] = many, when, hit_lenders, noted
        for k in range(len(wanted_lenders)):
            b = wanted_lenders[k]
            by_lender[s, k] = lost[b] if lost_run[b] == run else 0.0
        if len(foot.ptr) > 1:
            foot.ptr[s + 1] = _footprint(party, failed, state.seen, run, many, noted, log, foot, foot.ptr[s])
    return run
