"""Loans (贷款): drawn loans of single clients that are no banks, which some packs limit apart from all exposure.

(2018 No. 1 Art. 7: up to 10 % of net capital; rulebook 41.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.facilities import Facilities
from exposure.limits.capital import SOLO, Scope
from exposure.limits.ceilings import NEVER
from exposure.limits.standing import Standing, Subjects
from exposure.limits.subjects import cut
from exposure.mitigation.owed import sum_of
from exposure.rulepack import RulePack
from graph.csr import Csr
from graph.money import NULL

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_ENDINGS: Final = ("loan", "贷款")


def is_loan(product: str, pack: RulePack) -> bool:
    """Whether a product is a loan: one of the pack's, or one whose name ends in the word."""
    word = product.strip().casefold()
    return word in pack.setting("limits", "loan_products", ()) or word.endswith(_ENDINGS)


def loans(standing: Standing, scopes: Sequence[Scope]) -> tuple[Subjects, Int64]:
    """Clients with loans in each scope that has net capital, and the drawn amount, int64 by row.

    A loan that several parties owe counts in full for each. Left out are banks, exempt clients, in a
    consolidated scope its own lenders, and in large books what is known and lies below the cut.
    """
    clients, n = standing.clients, standing.groups.snapshot.n
    party, lender, amount, blank = _drawn(standing.facilities)
    barred = clients.bank | clients.exempt
    by_lender = Csr.of(lender, len(standing.groups.snapshot.tables["lenders"]))
    parts, values = [], []
    for place, scope in enumerate(scopes):
        least = cut(n, scope, "net_capital")
        if least == NEVER:
            continue
        rows = by_lender[scope.lender] if scope.level == SOLO else np.flatnonzero(scope.lenders[lender])
        who = np.unique(party[rows])
        who = who[~barred[who] & ~np.isin(who, scope.inside)]
        value = sum_of(party[rows], amount[rows], who)
        unknown = np.isin(who, party[rows][blank[rows]])
        kept = (value >= least) | unknown
        who, value, unknown = who[kept], value[kept], unknown[kept]
        marks = np.zeros(len(who), bool), who.astype(np.int32), np.full(len(who), place, np.int32)
        parts.append(Subjects(*marks, value, value, unknown, unknown))
        values.append(value)
    if not parts:
        return Subjects.joined([]), np.zeros(0, np.int64)
    return Subjects.joined(parts), np.concatenate(values)


def _drawn(held: Facilities) -> tuple[Int32, Int32, Int64, Bool]:
    """Party, lender and drawn amount of each loan, once for each party that owes it; 0 and a mark if not known."""
    codes, words = held.snapshot.tables["facilities"].words("product")
    loan = np.array([is_loan(word, held.pack) for word in words] + [False])[codes]
    claims = held.claims
    row = claims.facility[: claims.main]
    chosen = loan[row] & (held.drawn[row] != 0)
    main = np.flatnonzero(chosen)
    co = np.flatnonzero(np.append(chosen, np.False_)[np.minimum(claims.co_claim, claims.main)])
    of = np.concatenate([row[main], row[claims.co_claim[co]]])
    party = np.concatenate([claims.party[main], claims.co_party[co]])
    blank = held.drawn[of] == NULL
    return party, held.lender[of], np.where(blank, 0, held.drawn[of]), blank
