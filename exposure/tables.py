"""Tables: how each result is made of the parts of an analysis, and by which threads, in which order.

Two threads make tables one after another while a third, the one that asks, takes them over; a part is let go
when the last table that is made of it is there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure import aggregate
from exposure import control as control_
from exposure import dependence as dependence_
from exposure import facilities as facilities_
from exposure import findings as findings_
from exposure import groups as groups_
from exposure import missing as missing_
from exposure.batches import Batch
from exposure.contagion import ranking as ranking_
from exposure.duplicates import duplicates
from exposure.guarantees import flaws
from exposure.limits import breaches, jointcredit, large
from exposure.mitigation import bridge as bridge_
from exposure.once import let_go
from exposure.parts import Parts
from exposure.results import COUNT, MONEY, PIECE, RESULTS, constant, decimals, ids, result
from graph.money import NULL

Int64 = npt.NDArray[np.int64]
Found = list[findings_.Finding | Batch]
T = TypeVar("T")

_THREADS: Final = 2
_AHEAD: Final = 2 * _THREADS
"""Steps that run or wait for the one that takes them over, so that no thread idles while it writes."""
_FINDINGS: Final = "findings "
"""How steps that make some of the findings begin."""


def _groups(analysis: Parts) -> pa.Table:
    """The ``groups`` result of every pack, in the order of packs and ids."""
    made = []
    for held, (totals, net) in zip(analysis.groups, analysis.net_groups, strict=True):
        made.append(
            result(
                "groups",
                group_id=pa.array(held.names, pa.string()),
                source_ids=held.source_ids(),
                members=pa.array(held.size, COUNT),
                pack=constant(held.pack.name, len(held)),
                name=ids(analysis.snapshot.parties.text("name"), held.heads),
                name_en=ids(analysis.snapshot.parties.text("name_en"), held.heads),
                net=_net_column(totals, net),
                **totals.columns(),
            )
        )
    return pa.concat_tables(made)


def _net_column(totals: aggregate.GroupTotals, net: Int64) -> pa.Array:
    """Net by group towards all lenders, null for a group whose members are not listed."""
    unlisted = np.diff(totals.ptr) == 0
    return decimals(np.where(unlisted, NULL, net[totals.lender == aggregate.ALL]), MONEY)


def _group_exposures(analysis: Parts) -> pa.Table:
    """The ``group_exposures`` result of every pack."""
    pairs = zip(analysis.groups, analysis.net_groups, strict=True)
    return pa.concat_tables(
        [totals.table(held.names, held.pack.name, net=decimals(net, MONEY)) for held, (totals, net) in pairs]
    )


def _bridge(analysis: Parts) -> pa.Table:
    """The ``bridge`` result of every pack."""
    return pa.concat_tables(
        [
            bridge_.bridge(mitigation, held.ptr, held.members).table(held.names, held.pack.name)
            for mitigation, held in zip(analysis.mitigation, analysis.groups, strict=True)
        ]
    )


def _mitigation(analysis: Parts) -> pa.Table:
    """The ``mitigation`` result of every pack."""
    every = analysis.request.lender is None
    pairs = zip(analysis.mitigation, analysis.facilities, strict=True)
    return pa.concat_tables(
        [made.substitution.table(None if every else held.counted) for made, held in pairs]
    )


def _shares(analysis: Parts) -> Iterator[pa.Table]:
    """The ``shares`` result, piece by piece."""
    held, paths = analysis.ownership, analysis.paths
    if paths is not None:
        return iter([held.shares(paths.columns())])
    return (held.rows(low, low + PIECE).shares() for low in range(0, max(len(held.owner), 1), PIECE))


def _ranking(analysis: Parts) -> pa.Table:
    """The costliest failures of the ``ranking`` result."""
    pays = analysis.scenario.failing_guarantor_pays
    return ranking_.ranking(analysis.network, pays=pays).table(ranking_.LISTED)


def _guarantors(analysis: Parts) -> pa.Table:
    """The ``guarantors`` result; the totals of cover are made with it, while its parts are there."""
    _ = analysis.cover_totals
    return analysis.guarantees.table()


TABLES: Final[dict[str, Callable[[Parts], pa.Table | Iterator[pa.Table]]]] = {
    "control": lambda a: a.control.table(),
    "votes": lambda a: a.control.votes_table(),
    "shares": _shares,
    "power": lambda a: result("power") if a.power is None else a.power.table(),
    "groups": _groups,
    "group_members": lambda a: pa.concat_tables([g.members_table() for g in a.groups]),
    "party_exposures": lambda a: a.party_exposures(),
    "group_exposures": _group_exposures,
    "mitigation": _mitigation,
    "collateral": lambda a: a.collateral.table(),
    "bridge": _bridge,
    "limits": lambda a: pa.concat_tables([held.table() for held in a.limits]),
    "large_exposures": lambda a: pa.concat_tables([large.large_exposures(held) for held in a.limits]),
    "guarantors": _guarantors,
    "missing": lambda a: missing_.table(a.intervals(), a.snapshot.base),
    "rings": lambda a: a.rings.table(None if a.cuts is None else a.cuts.columns()),
    "ranking": _ranking,
    "beneficial_owners": lambda a: a.beneficial.table(),
    "close_links": lambda a: a.close_links.table(),
    "findings": lambda a: findings_.table([f for made in FINDINGS.values() for f in made(a)], a.snapshot),
}
"""How each result is made, at once or piece by piece; one that is missing here is not computed."""


def table(analysis: Parts, name: str) -> pa.Table:
    """A result table of the contract; null and named ``not_computed`` where nothing computes it yet."""
    return pa.concat_tables(_pieces(analysis, name))


def _pieces(analysis: Parts, name: str) -> Iterator[pa.Table]:
    """The same, one or more pieces, of which those that are still to be made cost no memory."""
    made = TABLES[name](analysis) if name in TABLES else result(name)
    return iter([made]) if isinstance(made, pa.Table) else made


def _of_groups(analysis: Parts) -> Found:
    """Findings on groups and on the dependences that they rest on."""
    found: Found = []
    for held in analysis.groups:
        found += groups_.findings(held)
        found += dependence_.findings(analysis.snapshot, held.graph.dependence, held.pack)
    return found


def _of_duplicates(analysis: Parts) -> Found:
    """Findings on credit, collateral and net assets that are counted more than once."""
    tested = analysis.limits[0].tested
    return duplicates.findings(analysis.guarantees, analysis.rings, analysis.groups, tested, analysis.parties)


def _of_limits(analysis: Parts) -> Found:
    """Findings on limits and on joint credit."""
    found: Found = []
    for tested in analysis.limits:
        found += breaches.findings(tested) + jointcredit.findings(tested.standing)
    return found


FINDINGS: Final[dict[str, Callable[[Parts], Sequence[findings_.Finding | Batch]]]] = {
    "book": lambda a: a.noticed,
    "control": lambda a: control_.findings(a.control),
    "ownership": lambda a: [*a.ownership.findings(), *([] if a.paths is None else a.paths.findings())],
    "beneficial": lambda a: a.beneficial.findings() if a.asks("beneficial_owner") else [],
    "close_links": lambda a: a.close_links.findings() if a.asks("close_link") else [],
    "groups": _of_groups,
    "facilities": lambda a: [f for held in a.facilities for f in facilities_.findings(held)],
    "mitigation": lambda a: a.mitigation[0].substitution.findings(a.facilities[0].counted),
    "guarantees": lambda a: flaws.findings(a.guarantees, a.rings),
    "duplicates": _of_duplicates,
    "limits": _of_limits,
    "warnings": lambda a: a.warnings,
}
"""What makes which findings."""


_ORDER: Final = (
    "shares", "groups", "control", "votes", "group_members", "group_exposures",
    "beneficial_owners", "findings beneficial", "close_links", "findings close_links", "findings ownership",
    "party_exposures", "mitigation", "bridge", "findings mitigation", "findings control",
    "limits", "large_exposures", "findings limits", "findings warnings", "missing",
    "guarantors", "rings", "collateral", "ranking", "findings duplicates",
    "findings guarantees", "findings groups", "findings facilities", "findings book",
)  # fmt: skip
"""Steps in the order in which they start: those that need ownership beside those that need mitigation, so that no
thread waits for a part that the other makes; what frees them soon after."""
_READ: Final[dict[str, frozenset[str]]] = {
    "beneficial": frozenset({"beneficial_owners", "findings beneficial"}),
    "close_links": frozenset({"close_links", "findings close_links"}),
    "ownership": frozenset(
        {"shares", "findings ownership", "beneficial_owners", "close_links", "party_exposures", "missing"}
    ),
    "_parties": frozenset(
        {"party_exposures", "limits", "missing", "findings duplicates", "findings warnings"}
    ),
    "net_groups": frozenset({"groups", "group_exposures", "limits", "missing", "findings warnings"}),
    "limits": frozenset({"limits", "large_exposures", "findings limits", "findings duplicates"}),
    "mitigation": frozenset(
        {"mitigation", "findings mitigation", "bridge", "party_exposures", "groups", "limits", "guarantors"}
    ),
    "rings": frozenset({"rings", "findings guarantees", "findings duplicates"}),
    "guarantees": frozenset(
        {"guarantors", "rings", "ranking", "party_exposures", "findings guarantees", "findings duplicates"}
    ),
    "collateral": frozenset({"collateral", "ranking", "rings"}),
    "network": frozenset({"ranking", "rings"}),
}
"""Parts of an analysis that are let go when these steps are done, for the memory that they take."""


def streamed(analysis: Parts) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """Every result of the contract once, in no order: its name, and its pieces, to be taken before the next result.

    They are made by two threads while the caller writes those that are finished. No part of the analysis is
    held longer than needed; findings become rows last of all, since they take more memory so.
    """
    order = {name: place for place, name in enumerate(_ORDER)}
    steps: dict[str, Callable[[], Any]] = {
        name: partial(_pieces, analysis, name) for name in RESULTS if name != "findings"
    }
    steps |= {_FINDINGS + name: partial(make, analysis) for name, make in FINDINGS.items()}
    done: set[str] = set()
    found: Found = []
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting = sorted(steps, key=lambda name: order.get(name, len(order)))
        for name, made in _overlapped(pool, ((name, steps[name]) for name in waiting)):
            if name.startswith(_FINDINGS):
                found += made
            else:
                yield name, made
            done.add(name)
            let_go(analysis, *(part for part, readers in _READ.items() if readers <= done))
        yield "findings", _in_turn(pool, findings_.pieces(found, analysis.snapshot))


def _overlapped(pool: Executor, steps: Iterator[tuple[str, Callable[[], T]]]) -> Iterator[tuple[str, T]]:
    """What the steps make, as they finish; the next ones run while the caller is busy with what came."""
    running = {pool.submit(step): name for name, step in islice(steps, _AHEAD)}
    while running:
        ready, _ = wait(running, return_when=FIRST_COMPLETED)
        made = [(running.pop(future), future.result()) for future in ready]
        running |= {pool.submit(step): name for name, step in islice(steps, len(made))}
        while made:
            yield made.pop()


def _in_turn(pool: Executor, steps: Iterable[Callable[[], T]]) -> Iterator[T]:
    """What the steps make, in their order; few of them run ahead of the caller."""
    running: deque[Future[T]] = deque()
    for step in steps:
        if len(running) == 3 * _THREADS:
            yield running.popleft().result()
        running.append(pool.submit(step))
    while running:
        yield running.popleft().result()
