"""New links (新增关联): ties of control or dependence between parties that were not tied so before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exposure.batches import Batch, Sources, lists
from exposure.control import Control
from exposure.mitigation.steps import among, expanded
from exposure.results import constant, ids
from exposure.risk import RiskGraph
from exposure.warnings.sides import Sides
from graph.csr import Csr

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def new_links(sides: Sides, below: Int64) -> list[Batch]:
    """``new_link``: pairs of parties of both books with a tie now that they had not before, in either direction.

    Of control those pairs that nobody stands between. The amount is ``below`` (int64 by party): what the controlled
    or dependent party and all that it controls owe.
    """
    source, target, control = _fresh(sides)
    return [
        _batch(sides, source[of], target[of], below, sentence)
        for of, sentence in ((control, "new_link"), (~control, "new_link_dependence"))
    ]


def _batch(sides: Sides, source: Int64, target: Int64, below: Int64, sentence: str) -> Batch:
    """The ties of one kind."""
    rank, names = sides.now.party_rank, sides.now.party_ids
    turned = rank[source] > rank[target]
    pair = np.stack([np.where(turned, target, source), np.where(turned, source, target)], 1)
    figures = {
        "source": ids(names, source.astype(np.int32)),
        "target": ids(names, target.astype(np.int32)),
        "since": constant(sides.since, len(source)),
    }
    who = lists(2 * np.arange(len(source) + 1), ids(names, pair.ravel().astype(np.int32)))
    facts = Sources.of(sides.now, "ownership", *_holdings(sides, source, target))
    return Batch("new_link", who, below[target], facts, sides.groups.pack.name, figures, sentence)


def _fresh(sides: Sides) -> tuple[Int64, Int64, Bool]:
    """Source, target and whether it is control of each new tie, one for a pair of parties."""
    source, target = _ties(sides.groups.graph)
    a, b = _ties(sides.before.graph)
    wide, before = np.int64(sides.then.n), sides.party.astype(np.int64)
    known = (before[source] >= 0) & (before[target] >= 0)
    fresh = np.flatnonzero(known & ~np.isin(before[source] * wide + before[target], a * wide + b))
    control = sides.groups.graph.control
    fresh = fresh[~_through(control, fresh)]
    low, high = np.minimum(source, target)[fresh], np.maximum(source, target)[fresh]
    _, first = np.unique(low * np.int64(sides.now.n) + high, return_index=True)
    chosen = fresh[first]
    return source[chosen], target[chosen], chosen < len(control.controller)


def _through(control: Control, ties: Int64) -> Bool:
    """Ties of control that another party stands between, which is controlled and controls in turn: bool by tie.

    A controller that suffices by itself needs none; one that controls it back stands beside it.
    """
    n = np.int64(control.snapshot.n)
    pairs = control.controller.astype(np.int64) * n + control.controlled
    out = np.zeros(len(ties), bool)
    at = np.flatnonzero(ties < len(pairs))
    at = at[~control.direct[ties[at]]]
    source, target = control.controller[ties[at]].astype(np.int64), control.controlled[ties[at]]
    place, row = expanded(control.up.ptr, target)
    between = control.controller[control.up.rows[row]].astype(np.int64)
    below = among(pairs, source[place] * n + between) & ~among(pairs, between * n + source[place])
    out[at[place[below]]] = True
    return out


def _ties(graph: RiskGraph) -> tuple[Int64, Int64]:
    """Pairs of control and behind them those of dependence: int64 party numbers."""
    control, held = graph.control, graph.dependence
    source = np.concatenate([control.controller, held.on])
    return source.astype(np.int64), np.concatenate([control.controlled, held.dependent]).astype(np.int64)


def _holdings(sides: Sides, source: Int64, target: Int64) -> tuple[Int64, Int64]:
    """The stakes of each source in its target: CSR pointer and rows of the table ``ownership``."""
    rows, n = sides.now.tables["ownership"], np.int64(sides.now.n)
    keys, pair = np.unique(source * n + target), source * n + target
    stakes = np.flatnonzero(np.isin(rows["owner_id"] * n + rows["owned_id"], keys))
    place = np.searchsorted(keys, rows["owner_id"][stakes] * n + rows["owned_id"][stakes])
    by = Csr.of(place.astype(np.int32), len(keys))
    at, row = expanded(by.ptr, np.searchsorted(keys, pair))
    return np.searchsorted(at, np.arange(len(pair) + 1)), stakes[by.rows[row]]
