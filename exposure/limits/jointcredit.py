"""Joint credit (联合授信): which firms must or may have one, and whose joint limit is nearly used up.

By the number of lenders and the debt at all banks, as the book tells them of a firm or else as it holds them
itself. (银保监发〔2018〕24号; rulebook 53.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.batches import Batch, Sources, few, single
from exposure.facilities import Facilities
from exposure.findings import Finding, finding
from exposure.limits.breaches import shown
from exposure.limits.internal import JOINT, internal
from exposure.limits.standing import Standing
from exposure.limits.subjects import SMALL
from exposure.results import ids
from exposure.rulepack import RulePack, parts
from exposure.warnings.payments import days_late, late_texts
from graph.csr import Csr
from graph.model import PARTY_KINDS, SHARE, TABLES
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

_OPEN: Final = np.int64(2**63 - 1)
"""A debt that nothing bounds."""
_UNTESTED: Final = 4


def findings(standing: Standing) -> list[Finding]:
    """``joint_credit_mandatory``, ``_voluntary``, ``_none`` and ``_warning``; none where the pack has no rules.

    ``_none`` goes to firms with the debt for it but too few lenders and, in books of less than 10,000 parties,
    to all whose lenders or debt the book tells. ``untested`` goes to firms with the lenders for it of which an
    unknown amount decides.
    """
    if not standing.groups.pack.has("joint"):
        return []
    return [*_scope(standing), *_warnings(standing)]


@dataclass(frozen=True)
class _Told:
    """By party, int64 base minor units: ``lenders`` their number, ``debt`` as far as it is known, ``most`` it can be.

    ``by_book`` bool: the book says so, not what it holds itself.
    """

    lenders: Int64
    debt: Int64
    most: Int64
    by_book: Bool

    @classmethod
    def of(cls, standing: Standing) -> _Told:
        """As the book tells it of a party, or else as it holds it itself."""
        owed, snapshot = standing.by_party, standing.groups.snapshot
        rows, n = snapshot.parties, snapshot.n
        some = (owed.limit > 0) | (owed.gross > 0) | owed.limit_unknown | owed.unknown
        held = np.flatnonzero((owed.subject >= 0) & (owed.lender >= 0) & some)
        whole = np.flatnonzero((owed.subject >= 0) & (owed.lender < 0))
        debt = np.zeros(n, np.int64)
        debt[owed.subject[whole]] = owed.drawn[whole]
        count, own = rows["lender_count"], snapshot.in_base("parties", "external_debt")
        told = rows["external_debt"] != NULL
        return cls(
            np.where(count != NULL, count, np.bincount(owed.subject[held], minlength=n)),
            np.where(told, np.where(own == NULL, 0, own), debt),
            np.where(told, np.where(own == NULL, _OPEN, own), _most(standing.facilities, debt)),
            (count != NULL) | told,
        )


def _most(held: Facilities, debt: Int64) -> Int64:
    """Debt with each unknown drawn amount at its limit, ``_OPEN`` where that is unknown too; int64 (n,)."""
    ledger, n = held.ledger, len(debt)
    party = np.repeat(np.arange(n), np.diff(ledger.ptr[: n + 1]))
    limit, drawn = ledger.entry[: len(party), 0], ledger.entry[: len(party), 1]
    blank = drawn == NULL
    most = debt.copy()
    np.add.at(most, party[blank], np.where(limit[blank] == NULL, 0, limit[blank]))
    most[party[blank & (limit == NULL)]] = _OPEN
    return most


def _scope(standing: Standing) -> Iterator[Finding]:
    """One finding a firm: a must, a may, neither, or that what is unknown decides it."""
    groups, pack = standing.groups, standing.groups.pack
    snapshot = groups.snapshot
    lines = [amount for name in ("mandatory", "voluntary") if (amount := pack.amount("joint", name))]
    must, may = (amount.in_base(snapshot.fx) for amount in lines)
    test = f"{pack.name} joint"
    if must is None or may is None:
        yield finding("untested", [], rule=test, test=test, missing=f"fx {lines[0].currency}")
        return
    told = _Told.of(standing)
    kinds = [PARTY_KINDS.index(kind) for kind in pack.setting("joint", "kinds", ())]
    firm = np.isin(snapshot.parties["kind"], kinds)
    many = told.lenders >= int(pack.setting("joint", "lenders"))
    code = np.select(
        [firm & many & (told.debt >= must), firm & many & (told.most >= np.where(told.debt >= may, must, may)),
         firm & many & (told.debt >= may), firm & (told.debt >= may)],
        [1, _UNTESTED, 2, 3],
        default=0,
    )  # fmt: skip
    if snapshot.n < SMALL:
        code = np.where((code == 0) & firm & told.by_book, 3, code)
    chosen = np.flatnonzero(code)
    names = ids(snapshot.party_ids, chosen.astype(np.int32)).to_pylist()
    words = ("joint_credit_mandatory", "joint_credit_voluntary", "joint_credit_none")
    for i, name in zip(chosen.tolist(), names, strict=True):
        where = [("parties", int(snapshot.parties.row[i]))]
        if code[i] == _UNTESTED:
            yield finding("untested", [name], None, test, where, test=test, missing="amounts")
            continue
        figures = {
            "lenders": int(told.lenders[i]),
            "debt": shown(int(told.debt[i]), snapshot.base),
            "confidence": pack.confidence("joint", "mandatory"),
        }
        yield finding(words[code[i] - 1], [name], rule=pack.name, rows=where, figures=figures)


def _warnings(standing: Standing) -> Iterator[Finding]:
    """Joint limits used up to the pack's share, or beyond."""
    pack, snapshot = standing.groups.pack, standing.groups.snapshot
    tested = internal(standing, None, 0)
    part = parts(pack.setting("joint", "warning"))
    known = np.flatnonzero((tested.scope == JOINT) & (tested.limit != NULL) & (tested.value != NULL))
    for i in known.tolist():
        value, limit = int(tested.value[i]), int(tested.limit[i])
        if value * SHARE.scale >= part * limit:
            name = str(snapshot.party_ids[int(tested.subject[i])])
            figures = {"value": shown(value, snapshot.base), "limit": shown(limit, snapshot.base),
                       "confidence": pack.confidence("joint", "warning")}  # fmt: skip
            where = [("limits", int(snapshot.tables["limits"].row[int(tested.row[i])]))]
            yield finding("joint_credit_warning", [name], rule=pack.name, rows=where, figures=figures)


def signs(held: Facilities, pack: RulePack) -> list[Batch]:
    """``joint_credit_warning`` of firms with a joint limit that are past due at a lender, whatever is used of it.

    The amount is what is drawn of the late facilities. (Rulebook 53; which signs count is not settled.)
    """
    at = pack.threshold("joint", "past_due_days")
    if at is None:
        return []
    snapshot, limits = held.snapshot, held.snapshot.tables["limits"]
    scopes = TABLES["limits"].column("scope").values
    joint = np.unique(limits["subject_id"][limits["scope"] == scopes.index("joint")])
    days = days_late(snapshot)
    own = np.flatnonzero(held.counted & np.isin(held.obligor, joint[joint >= 0]) & (days > 0))
    late = own[np.array([at.met(n, 1) for n in days[own].tolist()], bool)]
    firm = np.unique(held.obligor[late])
    by = Csr.of(np.searchsorted(firm, held.obligor[late]).astype(np.int32), len(firm))
    late = late[by.rows]
    drawn, blank = held.drawn[late], held.drawn[late] == NULL
    sums = np.zeros(len(firm), np.int64)
    np.add.at(sums, np.searchsorted(firm, held.obligor[late]), np.where(blank, 0, drawn))
    sums[np.searchsorted(firm, held.obligor[late][blank])] = NULL
    signs = few(by.ptr, late_texts(held, late, days))
    return [
        Batch(
            "joint_credit_warning", single(ids(snapshot.party_ids, firm)), sums,
            Sources.of(snapshot, "facilities", by.ptr, late), f"{pack.name} past_due_days",
            {"signs": signs, "confidence": pa.array([pack.confidence("joint", "past_due_days")] * len(firm))},
            sentence="joint_credit_warning_sign",
        )
    ]  # fmt: skip
