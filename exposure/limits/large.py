"""Large exposures (大额风险暴露): the list that goes to the supervisor, by lender and level.

On it stand subjects whose gross exposure reaches the pack's line, those that reach its amount at consolidated
level, and the largest clients of each lender, exempt ones too. Ranks go to groups and to parties in no group; a
member of a group that reaches the line is listed below it without a rank. (CRR Art. 392 and 394, LEX20, 2018
No. 1; rulebook 20, 26, 30, 31, 40.)
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure.limits.capital import BASES, CONSOLIDATED
from exposure.limits.ceilings import least, reporting
from exposure.limits.limits import Limits
from exposure.limits.standing import Subjects
from exposure.limits.tested import LEVELS, names_of
from exposure.results import COUNT, MODEL, MONEY, constant, decimals, ids, result
from graph.ids import text_rank

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

LISTED: Final = ("line", "amount", "largest")
"""Why a subject is on the list."""


def line(held: Limits) -> Int64:
    """Least gross amount that is large in each scope: int64 by scope, ``NEVER`` without capital or a line."""
    pack, fx = held.groups.pack, held.groups.snapshot.fx
    return np.array([least(pack, "large", "line", scope, fx) for scope in held.scopes], np.int64)


def at_the_line(held: Limits) -> Subjects:
    """Subjects whose gross exposure is large under the pack."""
    rows = held.subjects
    return rows.take(rows.gross >= line(held)[rows.scope])


def ranks(held: Limits) -> Int64:
    """Place of each subject among the clients of its scope by gross, ties by id; 0 for members of groups."""
    rows, groups = held.subjects, held.groups
    free = np.append(np.diff(groups.of_party.ptr) == 0, np.True_)
    unit = rows.marked(free, np.ones(len(groups), bool))
    names = names_of(groups, rows.group, rows.subject)
    order = np.lexsort((text_rank(names), -rows.gross, rows.scope, ~unit))
    scope = rows.scope[order]
    first = np.flatnonzero(np.append(True, scope[1:] != scope[:-1]))
    place = np.arange(len(rows)) - np.repeat(first, np.diff(np.append(first, len(rows)))) + 1
    out = np.zeros(len(rows), np.int64)
    out[order] = place
    return np.where(unit, out, 0)


def large_exposures(held: Limits) -> pa.Table:
    """The ``large_exposures`` result of one pack, by lender, level, and gross from the largest down."""
    rows, pack = held.subjects, held.groups.pack
    rank = ranks(held)
    fx = held.groups.snapshot.fx
    reported = np.array([reporting(pack, scope, fx) for scope in held.scopes], np.int64)
    why = np.select(
        [
            rows.gross >= line(held)[rows.scope],
            rows.gross >= reported[rows.scope],
            (rank > 0) & (rank <= int(pack.setting("large", "largest", 0))) & (rows.gross > 0),
        ],
        list(range(len(LISTED))),
        default=-1,
    )
    chosen = np.flatnonzero(why >= 0)
    rows, rank, why = rows.take(chosen), rank[chosen], why[chosen]
    base = (pack.rule("large", "line") or {}).get("of", BASES[0])
    capital = np.array([scope.capital[base] or 0 for scope in held.scopes], np.float64)[rows.scope]
    level = np.array([scope.level == CONSOLIDATED for scope in held.scopes], np.int32)[rows.scope]
    lender = np.array([scope.lender for scope in held.scopes], np.int32)[rows.scope]
    known = capital > 0
    divisor = np.where(known, capital, 1)
    names = names_of(held.groups, rows.group, rows.subject)
    lenders = ids(held.groups.snapshot.tables["lenders"].text("lender_id"), lender)
    made = result(
        "large_exposures",
        subject_id=names,
        lender_id=lenders,
        gross=decimals(rows.gross, MONEY),
        net=decimals(rows.net, MONEY),
        ratio_before=pa.array(rows.gross / divisor, MODEL, mask=~known),
        ratio_after=pa.array(rows.net / divisor, MODEL, mask=~known),
        rank=pa.array(rank, COUNT, mask=rank == 0),
        scope=pa.DictionaryArray.from_arrays(rows.group.astype(np.int8), ["party", "group"]),
        level=ids(pa.array(LEVELS), level),
        listed=ids(pa.array(LISTED), why.astype(np.int32)),
        currency=constant(held.groups.snapshot.base, len(rows)),
        pack=constant(pack.name, len(rows)),
    )
    subject = text_rank(made["subject_id"])
    return made.take(pa.array(np.lexsort((subject, -rows.gross, -level, text_rank(made["lender_id"])))))
