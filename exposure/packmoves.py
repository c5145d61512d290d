"""Who moves between packs: parties that are grouped otherwise, and limits that come out otherwise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.groups import Groups
from exposure.limits.limits import Limits
from exposure.results import ids

Int64 = npt.NDArray[np.int64]


def regrouped(before: Groups, after: Groups) -> pa.Table:
    """Parties whose groups differ between two packs: party_id, before, after (lists of group ids).

    Both groupings are of one snapshot. A group is the same where its id, the smallest source, is. Ordered by
    party id; groups without listed members move nobody.
    """
    snapshot = before.snapshot
    names = pa.array([*before.names, *after.names], pa.string()).dictionary_encode()
    number = np.asarray(names.indices).astype(np.int64)
    wide = max(len(names.dictionary), 1)
    sides = [
        snapshot.party_rank[held.members].astype(np.int64) * wide + number[start + held.group_of_place]
        for held, start in ((before, 0), (after, len(before)))
    ]
    moved = np.unique(np.setxor1d(sides[0], sides[1]) // wide)
    party = np.argsort(snapshot.party_rank).astype(np.int32)
    return pa.table(
        {
            "party_id": ids(snapshot.party_ids, party[moved]),
            "before": _lists(sides[0], moved, wide, names.dictionary),
            "after": _lists(sides[1], moved, wide, names.dictionary),
        }
    )


def _lists(keys: Int64, moved: Int64, wide: int, names: pa.Array) -> pa.Array:
    """Group ids of each moved party, sorted, from keys of party rank x wide + group."""
    place = np.asarray(pc.rank(names, sort_keys="ascending", tiebreaker="dense")) if len(names) else keys[:0]
    kept = keys[np.isin(keys // wide, moved)]
    order = np.lexsort((place[kept % wide], kept // wide))
    kept = kept[order]
    ends = np.searchsorted(kept // wide, moved, side="right")
    ptr = np.append(0, ends).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ptr), names.take(pa.array(kept % wide)))


def retested(before: Limits, after: Limits) -> pa.Table:
    """Subjects that a limit breaks under one pack only, by scope, subject, lender and level.

    Columns: scope, subject_id, lender_id, level, limit, value and breach under each pack (null where it has no
    such limit). Where a pack tests a subject by several rules, the one that is broken or else the tightest
    stands for it; internal limits are the same under each and left out.
    """
    keys = ["scope", "subject_id", "lender_id", "level"]
    one, other = (_tightest(held) for held in (before, after))
    joined = one.join(other, keys, join_type="full outer", left_suffix="_before", right_suffix="_after")
    broken = [pc.fill_null(joined[f"breach_{side}"], fill_value=False) for side in ("before", "after")]
    return joined.filter(pc.xor(*broken)).sort_by([(key, "ascending") for key in keys])


def _tightest(held: Limits) -> pa.Table:
    """One row a subject, lender and level: the broken limit, else the one with the least headroom."""
    made = held.table()
    made = made.filter(pc.is_valid(made["level"]))
    keys = ["scope", "subject_id", "lender_id", "level"]
    made = made.sort_by([*((key, "ascending") for key in keys), ("headroom", "ascending")])
    text = pc.binary_join_element_wise(*(made[key] for key in keys), "\x1f")
    first = np.unique(np.asarray(text.combine_chunks().dictionary_encode().indices), return_index=True)[1]
    return made.take(pa.array(np.sort(first))).select([*keys, "rule", "limit", "value", "breach"])
