"""Calls (代偿): what can be demanded of a guarantor at most, and the most that net assets could pay in all.

The maximum call is what a guarantor can be called for if everyone whose debts it covers fails: drawn debts,
within caps and shares, each facility once. (rulebook 66-72.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exposure.guarantees.cover import Cover
from exposure.guarantees.promises import Promises
from exposure.kernels import calls as _kernels
from exposure.kernels.flow import maximum
from graph.csr import Csr
from graph.model import GUARANTEE_FORMS
from graph.money import NULL

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_JOINT = GUARANTEE_FORMS.index("joint_several")


def largest(promises: Promises, key: Int32, many: int, *, boundless: bool = False) -> Int64:
    """The most that can be demanded under the live pairs of each key: int64 (many,) base minor units.

    ``key`` int32 groups the pairs (-1 = none). The drawn amounts are the debts; an unknown one counts as 0.
    A guarantee whose cap or share is not known promises nothing or, if ``boundless``, all that it could.
    """
    bounds = promises.bounds
    usable = promises.live & (promises.promised > 0)
    if not boundless:
        usable &= ~bounds.unknown[promises.guarantee]
    by = Csr.of(np.where(usable, key, -1).astype(np.int32), many)
    pairs = (promises.guarantee[by.rows], promises.facility[by.rows], promises.promised[by.rows])
    call, more = _kernels.fill(by.ptr, *pairs, bounds.bound, promises.drawn)
    hard = np.flatnonzero(more)
    if len(hard):
        call[hard] = _exactly(promises, by, hard)
    return np.asarray(call, np.int64)


def known(promises: Promises, key: Int32, many: int) -> Int64:
    """The same, NULL where it depends on a cap or share that is not known: int64 (many,)."""
    call = largest(promises, key, many)
    blank = promises.live & promises.bounds.unknown[promises.guarantee] & (promises.promised > 0) & (key >= 0)
    doubtful = np.unique(key[blank])
    if len(doubtful):
        place = np.full(many + 1, -1, np.int32)
        place[doubtful] = np.arange(len(doubtful), dtype=np.int32)
        most = largest(promises, place[key], len(doubtful), boundless=True)
        call[doubtful[most != call[doubtful]]] = NULL
    return call


def _exactly(promises: Promises, by: Csr, groups: Int64) -> Int64:
    """The most of these groups of pairs by maximum flow, all of them at once: int64 (len(groups),)."""
    rows = by.rows[np.concatenate([np.arange(by.ptr[k], by.ptr[k + 1]) for k in groups.tolist()])]
    group = np.repeat(groups, np.diff(by.ptr)[groups])
    guarantee, facility, promised = (
        a[rows] for a in (promises.guarantee, promises.facility, promises.promised)
    )
    giver, g = _numbered(group, guarantee)
    debtor, f = _numbered(group, facility)
    source, sink = len(g) + len(f), len(g) + len(f) + 1
    whole = np.zeros(len(g), np.int64)
    np.add.at(whole, giver, promised)
    caps = promises.bounds.bound[guarantee[g]]
    caps = np.where(caps == NULL, whole, np.minimum(caps, whole))
    tail = np.concatenate([np.full(len(g), source), giver, np.arange(len(g), source)])
    head = np.concatenate([np.arange(len(g)), len(g) + debtor, np.full(len(f), sink)])
    room = np.concatenate([caps, promised, promises.drawn[facility[f]]])
    flow = maximum(tail.astype(np.int32), head.astype(np.int32), room, sink + 1, source, sink)
    sums = np.zeros(int(groups.max()) + 1, np.int64)
    np.add.at(sums, group[g], flow[: len(g)])
    return np.asarray(sums[groups], np.int64)


def _numbered(group: Int64, member: Int32) -> tuple[Int64, Int64]:
    """Number of each distinct pair by row, and a row of each number."""
    key = group * (np.int64(member.max()) + 1) + member
    _, row, number = np.unique(key, return_index=True, return_inverse=True)
    return number, row


def maximum_calls(promises: Promises) -> Int64:
    """What can be demanded of each party at most, NULL where a cap or share decides that is not known: int64 (n,)."""
    return known(promises, promises.guarantor[promises.guarantee], promises.held.snapshot.n)


def best_cover(cover: Cover, net_assets: Int64) -> int:
    """The most of all debts that guarantors could pay out of net assets, however it is shared out.

    A maximum flow from net assets (int64 by party, base minor units; unknown or negative = 0) through
    guarantees to debts, within the claims of joint guarantees. The total is exact; names are not told by it.
    No allocation makes more of the net assets effective.
    """
    p = cover.promises
    pairs = np.flatnonzero(cover.reason == 0)
    if not len(pairs):
        return 0
    owing = np.where(cover.debt == NULL, 0, cover.debt)
    giver, g = _dense(p.guarantee[pairs])
    party, who = _dense(p.guarantor[g])
    debtor, f = _dense(p.facility[pairs])
    joint = (p.rows["form"] == _JOINT)[p.guarantee[pairs]]
    of_joint, j = _dense(p.facility[pairs][joint])
    at_g, at_f = len(who), len(who) + len(g)
    at_j, source = at_f + len(f), at_f + len(f) + len(j)
    sink = source + 1
    end = at_f + debtor
    end[joint] = at_j + of_joint
    offered = np.zeros(len(j), np.int64)
    np.maximum.at(offered, of_joint, cover.claim[pairs][joint])
    wealth = np.where(net_assets == NULL, 0, np.maximum(net_assets, 0))[who]
    whole = np.zeros(len(g), np.int64)
    np.add.at(whole, giver, owing[p.facility[pairs]])
    caps = p.bounds.bound[g]
    tail = np.concatenate([
        np.full(len(who), source), party, at_g + giver, at_j + np.arange(len(j)), at_f + np.arange(len(f)),
    ])  # fmt: skip
    head = np.concatenate([
        np.arange(len(who)), at_g + np.arange(len(g)), end, at_f + np.searchsorted(f, j), np.full(len(f), sink),
    ])  # fmt: skip
    room = np.concatenate([
        wealth, np.where(caps == NULL, whole, np.minimum(caps, whole)), owing[p.facility[pairs]], offered, owing[f],
    ])  # fmt: skip
    flow = maximum(tail.astype(np.int32), head.astype(np.int32), room, sink + 1, source, sink)
    return int(flow[-len(f) :].sum())


def _dense(values: Int32) -> tuple[Int64, Int32]:
    """Each value as a number from 0 on, and the values by number, ascending."""
    found, number = np.unique(values, return_inverse=True)
    return number, found
