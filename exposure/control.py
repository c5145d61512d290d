"""Control (控制): who decides over whom, by votes or by fact, as the least fixpoint.

x controls y when the votes of x and of all that x controls exceed half of the votes that y does not
hold itself, or when a control fact of x, or of a party that x commands, says so. A voting body commands its
members' votes. (Ceri, Gottlob and Tanca 1990; rulebook 78-80.)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.findings import Finding, finding
from exposure.kernels import control as _kernels
from exposure.kin import close_kin
from exposure.results import COUNT, SHARE, decimals, ids, result
from graph.csr import Csr, ordered
from graph.model import CONTROL_FACTS, CONTROL_MARKS
from graph.model import SHARE as SHARE_KIND
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

SHOW_FROM: Final = SHARE_KIND.scale // 5
"""Votes from which a holder is listed in ``votes``: one fifth of all votes, in parts per 10^9."""
_THREADS: Final = 2
_WORTH_A_THREAD: Final = 10_000
_BASES: Final = CONTROL_FACTS + CONTROL_MARKS


@dataclass(frozen=True)
class Companions:
    """Whose votes a party commands without controlling them: the members of a body, through nested bodies.

    With ``kin_votes=together`` also a person's kin. The companions of p are ``to[ptr[p]:ptr[p + 1]]``.
    """

    ptr: Int64
    to: Int32

    @classmethod
    def of(cls, pairs: list[tuple[int, int]], kin: list[tuple[int, int]], n: int) -> Companions:
        """Close the pairs (body, member) over nested bodies; kin pairs count once, not in chains."""
        direct: dict[int, set[int]] = {}
        for body, member in pairs:
            direct.setdefault(body, set()).add(member)
        found: list[tuple[int, int]] = []
        for body in direct:
            reached, stack = {body}, [body]
            while stack:
                for member in direct.get(stack.pop(), ()):
                    if member not in reached:
                        reached.add(member)
                        stack.append(member)
            found += [(body, member) for member in reached - {body}]
        rows = np.array(sorted({*found, *kin}), np.int32).reshape(-1, 2)
        by = Csr.of(rows[:, 0], n)
        return cls(by.ptr, rows[by.rows, 1])


@dataclass(frozen=True)
class Control:
    """Every pair of controller and controlled, transitive, in the order of controllers.

    ``controlled[ptr[x]:ptr[x + 1]]`` is what x controls, with the ``votes`` that x commands there (parts per
    10^9 of all votes), the rounds (``hops``) in which it fell to x, and whether x needs nobody for it
    (``direct``). ``top`` marks the parties whose controllers they control in turn.
    """

    snapshot: Snapshot
    companions: Companions
    facts: Facts
    base: Int64
    ptr: Int64
    controller: Int32
    controlled: Int32
    votes: Int64
    hops: Int32
    direct: Bool
    holder: Int32
    owned: Int32
    holder_direct: Int64
    holder_votes: Int64

    @cached_property
    def up(self) -> Csr:
        """Pairs by the controlled party; ``controller[up[y]]`` are the controllers of y."""
        return Csr.of(self.controlled, self.snapshot.n)

    @cached_property
    def top(self) -> Bool:
        """Which parties are topmost in the sense above: bool (n,)."""
        return np.asarray(_kernels.top(self.ptr, self.controlled, self.up.ptr, self.controller[self.up.rows]))

    def controls(self, x: int) -> Int32:
        """What x controls: party numbers."""
        return self.controlled[self.ptr[x] : self.ptr[x + 1]]

    def controllers(self, y: int) -> Int32:
        """Who controls y: party numbers."""
        return self.controller[self.up[y]]

    @cached_property
    def by_votes(self) -> Bool:
        """Pairs that the votes prove: bool (pairs,)."""
        base = self.base[self.controlled]
        return np.asarray((base > 0) & (2 * self.votes > base))

    def table(self) -> pa.Table:
        """The ``control`` result, ordered by controller and controlled id."""
        s, rank = self.snapshot, self.snapshot.party_rank
        order = ordered(rank[self.controller], rank[self.controlled], s.n)
        a, b = self.controller[order], self.controlled[order]
        basis = np.where(self.by_votes[order], 0, 1)
        return result(
            "control",
            controller_id=ids(s.party_ids, a),
            controlled_id=ids(s.party_ids, b),
            direct=pa.array(self.direct[order]),
            votes=decimals(self.votes[order], SHARE),
            basis=pa.DictionaryArray.from_arrays(self.facts.basis_of(a, b, basis == 0), ["votes", *_BASES]),
            ultimate=pa.array(self.top[a]),
            hops=pa.array(self.hops[order], COUNT),
        )

    def votes_table(self) -> pa.Table:
        """The ``votes`` result: who commands a fifth or more of the votes, ordered by id."""
        s, rank = self.snapshot, self.snapshot.party_rank
        order = ordered(rank[self.holder], rank[self.owned], s.n)
        return result(
            "votes",
            holder_id=ids(s.party_ids, self.holder[order]),
            owned_id=ids(s.party_ids, self.owned[order]),
            direct=decimals(self.holder_direct[order], SHARE),
            with_controlled=decimals(self.holder_votes[order], SHARE),
            base=decimals(self.base[self.owned[order]], SHARE),
        )


@dataclass(frozen=True)
class Facts:
    """The control facts by kind: what proves control, what was rebutted, what is only a mark.

    ``rows`` index the snapshot's control table; ``barred`` pairs are the rebutted ones.
    """

    controller: Int32
    controlled: Int32
    basis: npt.NDArray[np.int8]
    proof: Bool
    rebutted: Bool
    ptr: Int64
    to: Int32

    @classmethod
    def of(cls, snapshot: Snapshot, *, joint: bool = False) -> Facts:
        """Read the control table; with ``joint`` each venturer of a joint venture controls it."""
        rows = snapshot.tables["control"]
        a, b, basis = rows["controller_id"], rows["controlled_id"], rows["basis"]
        rebutted = (rows["rebutted"] == 1) & (a >= 0) & (b >= 0)
        proof = (basis >= 0) & (basis < len(CONTROL_FACTS)) & ~rebutted & (a != b) & (a >= 0) & (b >= 0)
        if joint:
            proof |= (basis == _BASES.index("joint")) & ~rebutted & (a != b)
        by = Csr.of(np.where(proof, a, -1).astype(np.int32), snapshot.n)
        return cls(
            a.astype(np.int32), b.astype(np.int32), basis.astype(np.int8), proof, rebutted, by.ptr,
            b[by.rows].astype(np.int32),
        )  # fmt: skip

    def barred(self, n: int) -> tuple[Int64, Int32]:
        """The rebutted pairs as CSR by controller."""
        by = Csr.of(np.where(self.rebutted, self.controller, -1).astype(np.int32), n)
        return by.ptr, self.controlled[by.rows]

    def basis_of(self, a: Int32, b: Int32, by_votes: Bool) -> Int32:
        """Basis of each pair as 0 = votes, 1 + place in the model's list of bases otherwise.

        A pair without a fact of its own rests on one between parties below: that fact's basis is given.
        """
        out = np.zeros(len(a), np.int32)
        on: dict[int, list[tuple[int, int]]] = {}
        for i in np.flatnonzero(self.proof)[::-1].tolist():
            on.setdefault(int(self.controlled[i]), []).append((int(self.controller[i]), int(self.basis[i])))
        for i in np.flatnonzero(~by_votes).tolist():
            facts = on[int(b[i])]
            own = [basis for controller, basis in facts if controller == a[i]]
            out[i] = 1 + min(own or [basis for _, basis in facts])
        return out


def control(
    snapshot: Snapshot, *, rebuttals: bool = False, joint: bool = False, kin_votes: bool = False
) -> Control:
    """The least fixpoint of control over a snapshot.

    With ``rebuttals`` the pairs documented as no single risk are barred, as grouping needs; with ``joint``
    each venturer controls a joint venture; with ``kin_votes`` persons vote with their close kin.
    """
    n, stakes = snapshot.n, snapshot.stakes
    facts = Facts.of(snapshot, joint=joint)
    bodies = snapshot.tables["members"]
    kin = close_kin(snapshot)[0] if kin_votes else []
    companions = Companions.of(
        list(zip(bodies["body_id"].tolist(), bodies["party_id"].tolist(), strict=True)), kin, n
    )
    base = SHARE_KIND.scale - stakes.own_votes
    none = np.zeros(n + 1, np.int64), np.zeros(0, np.int32)
    barred = facts.barred(n) if rebuttals else none
    shared = (
        stakes.out_ptr, stakes.owned, stakes.out_votes, base, companions.ptr, companions.to, facts.ptr, facts.to,
        *barred, SHOW_FROM,
    )  # fmt: skip
    if n < _WORTH_A_THREAD:
        parts = [_kernels.fixpoint(0, n, *shared)]
    else:
        cuts = [n * i // _THREADS for i in range(_THREADS + 1)]
        with ThreadPoolExecutor(_THREADS) as pool:
            runs = [pool.submit(_kernels.fixpoint, a, b, *shared) for a, b in pairwise(cuts)]
            parts = [run.result() for run in runs]
    a, b, votes, hops, direct, *held = (np.concatenate(column) for column in zip(*parts, strict=True))
    ptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(a, minlength=n), out=ptr[1:])
    return Control(snapshot, companions, facts, base, ptr, a, b, votes, hops, direct, *held)


def findings(held: Control) -> list[Finding]:
    """``control_conflict``, ``joint_control`` and ``control_rebutted`` of a snapshot."""
    return _conflicts(held) + _marks(held)


def _marks(held: Control) -> list[Finding]:
    """Joint ventures and rebuttals, one finding per controlled party."""
    names, facts = held.snapshot.party_ids, held.facts
    rows = held.snapshot.tables["control"].row
    joint = (facts.basis == _BASES.index("joint")) & ~facts.rebutted
    found: list[Finding] = []
    for code, chosen, figure in (
        ("control_rebutted", facts.rebutted, "controllers"),
        ("joint_control", joint, "venturers"),
    ):
        by: dict[int, list[int]] = {}
        for i in np.flatnonzero(chosen).tolist():
            by.setdefault(int(facts.controlled[i]), []).append(i)
        for y, places in by.items():
            who = sorted({names[int(facts.controller[i])].as_py() for i in places})
            where = [("control", int(rows[i])) for i in places]
            figures: dict[str, object] = {figure: who}
            found.append(finding(code, [names[y].as_py()], rows=where, figures=figures))
    return found


def _conflicts(held: Control) -> list[Finding]:
    """Parties with independent topmost controllers, named where the conflict arises."""
    leader = _leaders(held)
    open_ = _kernels.contested(held.up.ptr, held.controller[held.up.rows], held.top, leader)
    names = held.snapshot.party_ids
    tops: dict[int, frozenset[int]] = {}
    for y in np.flatnonzero(open_).tolist():
        above = held.controllers(y)
        tops[y] = frozenset(leader[above[held.top[above]]].tolist())
    found = []
    for y, leaders in tops.items():
        above = held.controllers(y).tolist()
        if any(tops.get(p) == leaders and p not in held.controls(y) for p in above):
            continue
        who = sorted(names[x].as_py() for x in leaders)
        found.append(finding("control_conflict", [names[y].as_py()], figures={"controllers": who}))
    return found


def _leaders(held: Control) -> Int32:
    """One number for topmost parties that are one: mutual controllers, and a body with its companions.

    Topmost parties that control each other all do so, so that the first of them is the first that each one knows.
    """
    leader = np.arange(held.snapshot.n, dtype=np.int32)
    both = np.flatnonzero(held.top[held.controller] & held.top[held.controlled])
    np.minimum.at(leader, held.controller[both], held.controlled[both])

    def find(x: int) -> int:
        while leader[x] != x:
            leader[x] = leader[leader[x]]
            x = int(leader[x])
        return x

    bodies = np.repeat(np.arange(held.snapshot.n), np.diff(held.companions.ptr))
    for x, y in zip(bodies.tolist(), held.companions.to.tolist(), strict=True):
        low, high = sorted((find(x), find(y)))
        leader[high] = low
    while (leader != leader[leader]).any():
        leader = leader[leader]
    return leader
