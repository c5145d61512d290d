"""The report: every result of one snapshot under the chosen packs, computed once and in order.

``Analysis`` computes a part when it is first asked for, so that a command for one table runs no more than
that table needs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from importlib import metadata
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure import aggregate
from exposure import control as control_
from exposure import dependence as dependence_
from exposure import facilities as facilities_
from exposure import findings as findings_
from exposure import groups as groups_
from exposure.batches import Batch
from exposure.duplicates import duplicates
from exposure.guarantees import flaws
from exposure.guarantees import guarantors as guarantees_
from exposure.guarantees import rings as rings_
from exposure.limits import breaches, jointcredit, large
from exposure.limits import limits as limits_
from exposure.mitigation import bridge as bridge_
from exposure.mitigation import mitigation as mitigation_
from exposure.mitigation import net as net_
from exposure.ownership import beneficial as beneficial_
from exposure.ownership import closelinks
from exposure.ownership import integrated as ownership_
from exposure.results import COUNT, MONEY, constant, decimals, ids, not_computed, result
from exposure.rulepack import DEFAULT, RulePack, load
from graph.errors import OptionError
from graph.model import FORMAT
from graph.model import MONEY as MONEY_KIND
from graph.money import NULL
from graph.snapshot import Snapshot

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

OPTIONS: Final = ("central_government", "joint_ventures", "kin", "kin_votes", "derive_counterparties",
                  "derive_guarantees")  # fmt: skip
"""Names that ``--option`` knows."""
_TOGETHER: Final = 8
"""Lenders for whom shares are attributed in one pass over the stakes: 64 bytes a party."""


@dataclass(frozen=True)
class Request:
    """What a report is asked for: packs in order (the first leads), options by name, one lender or all.

    ``min_share`` (parts per 10^9) is the integrated share from which ``shares`` lists a pair.
    """

    packs: tuple[str, ...] = (DEFAULT,)
    options: Mapping[str, str] = field(default_factory=dict)
    lender: str | None = None
    min_share: int = 50_000_000

    def __post_init__(self) -> None:
        """Refuse options that nothing reads."""
        unknown = sorted(set(self.options) - set(OPTIONS))
        if unknown:
            raise OptionError(f"no option {unknown[0]!r}: choose from {', '.join(OPTIONS)}")


@dataclass(frozen=True)
class Analysis:
    """All results of one snapshot, each computed when first needed and kept.

    ``noticed`` are findings that were made while the book was read.
    """

    snapshot: Snapshot
    request: Request = field(default_factory=Request)
    noticed: Sequence[findings_.Finding] = ()
    started: float = field(default_factory=time.monotonic, repr=False)

    @cached_property
    def packs(self) -> list[RulePack]:
        """The rule packs, the leading one first."""
        return [load(name) for name in self.request.packs]

    @cached_property
    def control(self) -> control_.Control:
        """Control as it is, rebuttals or not."""
        votes = groups_.Settings.of(self.packs[0], self.request.options).kin_votes
        return control_.control(self.snapshot, kin_votes=votes == "together")

    @cached_property
    def ownership(self) -> ownership_.Ownership:
        """Integrated ownership."""
        return ownership_.ownership(self.snapshot, min_share=self.request.min_share)

    def _grouping(self, settings: groups_.Settings) -> control_.Control:
        """Control as grouping reads it: without the rebutted pairs, with joint ventures where they count."""
        joint = settings.joint_ventures == "both"
        kin_votes = settings.kin_votes == "together"
        if not joint and not self.control.facts.rebutted.any():
            return self.control if kin_votes is False else control_.control(self.snapshot, kin_votes=True)
        return control_.control(self.snapshot, rebuttals=True, joint=joint, kin_votes=kin_votes)

    @cached_property
    def groups(self) -> list[groups_.Groups]:
        """Groups of connected clients, one grouping per pack."""
        made = []
        for pack in self.packs:
            settings = groups_.Settings.of(pack, self.request.options)
            made.append(groups_.groups(self._grouping(settings), pack, settings))
        return made

    @cached_property
    def facilities(self) -> list[facilities_.Facilities]:
        """The facilities at value, one set per pack; of one lender only where that was asked for."""
        chosen = None if self.request.lender is None else self._lender(self.request.lender)
        made = [facilities_.valued(self.snapshot, pack) for pack in self.packs]
        if chosen is None:
            return made
        return [replace(held, counted=held.counted & (held.lender == chosen)) for held in made]

    def _lender(self, name: str) -> int:
        """Number of a lender; ``OptionError`` if the book has none of that id."""
        names = self.snapshot.tables["lenders"].text("lender_id").to_pylist()
        if name not in names:
            raise OptionError(f"no lender {name!r} in the book: choose from {', '.join(sorted(names)[:20])}")
        return int(names.index(name))

    @cached_property
    def mitigation(self) -> list[mitigation_.Mitigation]:
        """Mitigation, one per pack; a cap is split over all lenders' facilities, whoever is asked for."""
        if self.request.lender is None:
            return [mitigation_.mitigated(held) for held in self.facilities]
        whole = [mitigation_.mitigated(facilities_.valued(self.snapshot, pack)) for pack in self.packs]
        return [made.within(held) for made, held in zip(whole, self.facilities, strict=True)]

    @cached_property
    def guarantees(self) -> guarantees_.Guarantees:
        """What guarantors have given, under the leading pack."""
        if self.request.lender is None:
            return guarantees_.Guarantees(self.mitigation[0].substitution.promises)
        return guarantees_.Guarantees.of(self.facilities[0])

    @cached_property
    def rings(self) -> rings_.Rings:
        """Circles of guarantees."""
        return rings_.rings(self.guarantees.promises, self.guarantees.edges)

    @cached_property
    def _parties(self) -> tuple[aggregate.PartyTotals, Int64]:
        """Totals of parties under the leading pack, and the net of each row."""
        made = aggregate.party_totals(self.facilities[0], self.control.ptr, self.control.controlled)
        return net_.net_parties(self.mitigation[0], made)

    @property
    def parties(self) -> aggregate.PartyTotals:
        """Totals of parties under the leading pack."""
        return self._parties[0]

    @cached_property
    def net_groups(self) -> list[tuple[aggregate.GroupTotals, Int64]]:
        """Totals of groups, and the net of each row, one per pack."""
        made = []
        for valued, held, mitigation in zip(self.facilities, self.groups, self.mitigation, strict=True):
            totals = aggregate.group_totals(valued, held.ptr, held.members)
            made.append(net_.net_groups(mitigation, totals, held.members))
        return made

    @property
    def totals(self) -> list[aggregate.GroupTotals]:
        """Totals of groups, one per pack."""
        return [totals for totals, _ in self.net_groups]

    def party_exposures(self) -> pa.Table:
        """The ``party_exposures`` result."""
        rows = self.parties.also(np.union1d(self.owners, self.guarantees.guarantors))
        called = self.guarantees.called(rows.party, rows.lender)
        net = net_.net_of(*self._parties, rows)
        return rows.table(self.attributable, net=decimals(net, MONEY), guaranteed=decimals(called, MONEY))

    @cached_property
    def limits(self) -> list[limits_.Limits]:
        """Every limit with what stands against it, one set per pack; the bank's own limits with the leading one."""
        none = np.zeros(self.snapshot.n + 1, np.int64), np.zeros(0, np.int32)
        only = None if self.request.lender is None else self._lender(self.request.lender)
        made = []
        for i, (held, (totals, net)) in enumerate(zip(self.groups, self.net_groups, strict=True)):
            parties, own = self._parties
            if i:
                gross = aggregate.party_totals(self.facilities[i], *none)
                parties, own = net_.net_parties(self.mitigation[i], gross)
            made.append(
                limits_.limits(
                    held,
                    parties,
                    totals,
                    (own, net),
                    mitigation=self.mitigation[i],
                    only=only,
                    internal_too=not i,
                )
            )
        return made

    @cached_property
    def beneficial(self) -> beneficial_.Beneficial:
        """Beneficial owners, by the line of the first pack that has one."""
        asking = [pack for pack in self.packs if pack.has("beneficial_owner")]
        return beneficial_.beneficial(self.control, self.ownership, asking[0] if asking else None)

    @cached_property
    def close_links(self) -> closelinks.CloseLinks:
        """Close links, by the line of the first pack that has one."""
        asking = [pack for pack in self.packs if pack.has("close_link")]
        return closelinks.close_links(self.ownership, asking[0] if asking else None)

    def attributable(self, totals: aggregate.PartyTotals) -> Float64:
        """Own gross and what corrected shares attribute of others', by row of the totals: float64, base units.

        NaN where an owner is in a closed set, so that no share of it exists.
        """
        n = self.snapshot.n
        out = np.full(len(totals), np.nan)
        lenders = np.unique(totals.lender)
        for first in range(0, len(lenders), _TOGETHER):
            some = lenders[first : first + _TOGETHER]
            column = np.searchsorted(some, totals.lender)
            rows = np.flatnonzero(np.isin(totals.lender, some) & (totals.party >= 0))
            own = np.zeros((n, len(some)))
            own[totals.party[rows], column[rows]] = totals.gross[rows] / MONEY_KIND.scale
            held = ownership_.attributable(self.snapshot, self.ownership, own)
            out[rows] = held[totals.party[rows], column[rows]]
        unknown = totals.party < 0
        out[unknown] = totals.gross[unknown] / MONEY_KIND.scale
        return out

    @cached_property
    def owners(self) -> Int32:
        """Parties to which shares attribute exposure of others: party numbers."""
        own = np.zeros(self.snapshot.n)
        rows = np.flatnonzero((self.parties.lender == aggregate.ALL) & (self.parties.party >= 0))
        own[self.parties.party[rows]] = self.parties.gross[rows]
        held = ownership_.attributable(self.snapshot, self.ownership, own)
        return np.flatnonzero(np.nan_to_num(held) >= 1).astype(np.int32)

    def table(self, name: str) -> pa.Table:
        """A result table of the contract; null and named ``not_computed`` where nothing computes it yet."""
        made = _TABLES.get(name)
        return _untold(name) if made is None else made(self)

    def findings(self) -> list[findings_.Finding | Batch]:
        """Every finding, in no order."""
        found: list[findings_.Finding | Batch] = [*self.noticed, *control_.findings(self.control)]
        found += self.ownership.findings()
        for held, valued in zip(self.groups, self.facilities, strict=True):
            found += groups_.findings(held) + dependence_.findings(self.snapshot, held.graph.dependence)
            found += facilities_.findings(valued)
        found += self.mitigation[0].substitution.findings(self.facilities[0].counted)
        found += flaws.findings(self.guarantees, self.rings)
        found += duplicates.findings(
            self.guarantees, self.rings, self.groups, self.limits[0].tested, self.parties
        )
        for tested in self.limits:
            found += breaches.findings(tested) + jointcredit.findings(tested.standing)
        if any(pack.has("beneficial_owner") for pack in self.packs):
            found += self.beneficial.findings()
        if any(pack.has("close_link") for pack in self.packs):
            found += self.close_links.findings()
        return found

    def summary(self, tables: Mapping[str, pa.Table]) -> dict[str, Any]:
        """What ``report.json`` says: versions, counts, exact totals, what is not computed, the run time."""
        whole = aggregate.lender_totals(self.facilities[0])
        counts = Counter(tables["findings"]["severity"].to_pylist()) if "findings" in tables else Counter()
        snapshot = self.snapshot
        return {
            "format": FORMAT,
            "konzern": metadata.version("konzern"),
            "source": snapshot.source,
            "book_version": snapshot.version,
            "as_of": snapshot.as_of.isoformat(),
            "base": snapshot.base,
            "packs": list(self.request.packs),
            "options": dict(self.request.options),
            "lender": self.request.lender,
            "counts": {
                "parties": snapshot.n,
                "facilities": len(snapshot.tables["facilities"]),
                "groups": len(self.groups[0]),
                **{f"{name}_rows": table.num_rows for name, table in tables.items()},
            },
            "totals": {
                name: str(Decimal(int(getattr(whole, name)[-1])).scaleb(-MONEY_KIND.places))
                for name in ("limit", "drawn", "gross")
            },
            "severities": dict(sorted(counts.items())),
            "not_computed": _missing(tables),
            "seconds": round(time.monotonic() - self.started, 3),
        }


def _untold(name: str) -> pa.Table:
    """A result without rows that says of all its columns that nothing computes them."""
    return result(name)


def _missing(tables: Mapping[str, pa.Table]) -> list[str]:
    """Tables, and columns as ``table.column``, that are null because nothing computes them yet."""
    found: list[str] = []
    for name, table in tables.items():
        columns = not_computed(table)
        found += [name] if len(columns) == table.num_columns else [f"{name}.{c}" for c in columns]
    return found


def _groups_table(analysis: Analysis) -> pa.Table:
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


def _group_exposures(analysis: Analysis) -> pa.Table:
    """The ``group_exposures`` result of every pack."""
    pairs = zip(analysis.groups, analysis.net_groups, strict=True)
    return pa.concat_tables(
        [totals.table(held.names, held.pack.name, net=decimals(net, MONEY)) for held, (totals, net) in pairs]
    )


def _bridge(analysis: Analysis) -> pa.Table:
    """The ``bridge`` result of every pack."""
    return pa.concat_tables(
        [
            bridge_.bridge(mitigation, held.ptr, held.members).table(held.names, held.pack.name)
            for mitigation, held in zip(analysis.mitigation, analysis.groups, strict=True)
        ]
    )


def _mitigation(analysis: Analysis) -> pa.Table:
    """The ``mitigation`` result under the leading pack."""
    counted = None if analysis.request.lender is None else analysis.facilities[0].counted
    return analysis.mitigation[0].substitution.table(counted)


_TABLES: Final[dict[str, Callable[[Analysis], pa.Table]]] = {
    "control": lambda a: a.control.table(),
    "votes": lambda a: a.control.votes_table(),
    "shares": lambda a: a.ownership.shares(),
    "groups": _groups_table,
    "group_members": lambda a: pa.concat_tables([g.members_table() for g in a.groups]),
    "party_exposures": lambda a: a.party_exposures(),
    "group_exposures": _group_exposures,
    "mitigation": _mitigation,
    "bridge": _bridge,
    "limits": lambda a: pa.concat_tables([held.table() for held in a.limits]),
    "large_exposures": lambda a: pa.concat_tables([large.large_exposures(held) for held in a.limits]),
    "guarantors": lambda a: a.guarantees.table(),
    "rings": lambda a: a.rings.table(),
    "beneficial_owners": lambda a: a.beneficial.table(),
    "close_links": lambda a: a.close_links.table(),
    "findings": lambda a: findings_.table(a.findings(), a.snapshot),
}
"""How each result that this release computes is made."""
