"""Utilisation (用信率): lines that are used much more than before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.batches import Batch, Sources, single
from exposure.results import constant, ids
from exposure.rulepack import house, line
from exposure.warnings.sides import Sides
from graph.money import NULL

Int64 = npt.NDArray[np.int64]


def utilisation_jump(sides: Sides) -> Batch:
    """``utilisation_jump``: counted facilities whose drawn part of the limit rose by the line and reached the other.

    The amount is what is drawn beyond what was drawn then: 0 where the limit was cut instead, NULL where the currency
    is another one. (Fact 94.)
    """
    snapshot = sides.now
    rows, old = snapshot.tables["facilities"], sides.then.tables["facilities"]
    was, limit_was = (np.append(old[c], NULL)[sides.facility] for c in ("drawn", "limit"))
    drawn, limit = rows["drawn"], rows["limit"]
    known = (was != NULL) & (limit_was > 0) & (drawn != NULL) & (limit > 0)
    near = np.flatnonzero(known & sides.facilities.counted)
    near = near[drawn[near] / limit[near] > was[near] / limit_was[near]]
    rise, full = line(house(), "utilisation", "rise"), line(house(), "utilisation", "now")
    each = zip(*(a[near].tolist() for a in (drawn, limit, was, limit_was)), strict=True)
    met = [full.met(d, m) and rise.met(d * before - w * m, m * before) for d, m, w, before in each]
    hit = near[np.array(met, bool)]
    more = snapshot.fx.convert(np.maximum(drawn[hit] - was[hit], 0), rows["currency"][hit])
    return Batch(
        "utilisation_jump",
        single(ids(rows.text("facility_id"), hit.astype(np.int32))),
        np.where(_same_currency(sides, hit), more, NULL).astype(np.int64),
        Sources.of(snapshot, "facilities", np.arange(len(hit) + 1), hit),
        house().name,
        {
            "before": _percent(was[hit], limit_was[hit]),
            "now": _percent(drawn[hit], limit[hit]),
            "since": constant(sides.since, len(hit)),
        },
    )


def _same_currency(sides: Sides, facility: Int64) -> npt.NDArray[np.bool_]:
    """Whether each of these facilities is in the currency that it was in before."""
    (a, of_now), (b, of_then) = (
        (s.fx.currencies, s.tables["facilities"]["currency"]) for s in (sides.now, sides.then)
    )
    place = {name: i for i, name in enumerate(a)}
    then = np.array([*(place.get(name, -1) for name in b), -1])[of_then[sides.facility[facility]]]
    return np.asarray((then >= 0) & (then == of_now[facility]))


def _percent(part: Int64, of: Int64) -> pa.Array:
    """Ratios as text."""
    ratio = pc.round(pc.multiply(pc.divide(pa.array(part, pa.float64()), pa.array(of, pa.float64())), 100), 1)
    return pc.binary_join_element_wise(ratio.cast(pa.string()), " %", "")
