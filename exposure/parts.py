"""Parts: what the results are made of, each computed when it is first asked for, and kept.

A command for one table runs no more than that table needs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exposure import aggregate, risk
from exposure import control as control_
from exposure import facilities as facilities_
from exposure import findings as findings_
from exposure import groups as groups_
from exposure import missing as missing_
from exposure.batches import Batch
from exposure.contagion import cut as cut_
from exposure.contagion import network as network_
from exposure.contagion.scenario import Scenario, correlation
from exposure.guarantees import guarantors as guarantees_
from exposure.guarantees import rings as rings_
from exposure.guarantees.calls import best_cover
from exposure.limits import jointcredit
from exposure.limits import limits as limits_
from exposure.mitigation import collateral as collateral_
from exposure.mitigation import mitigation as mitigation_
from exposure.mitigation import net as net_
from exposure.mitigation.owed import Owed
from exposure.once import once
from exposure.ownership import beneficial as beneficial_
from exposure.ownership import closelinks
from exposure.ownership import integrated as ownership_
from exposure.ownership import paths as paths_
from exposure.ownership import power as power_
from exposure.results import MONEY, PIECE, decimals
from exposure.rulepack import DEFAULT, RulePack, load
from exposure.warnings import warnings as warnings_
from graph.errors import OptionError
from graph.money import NULL, total
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

OPTIONS: Final = ("central_government", "joint_ventures", "kin", "kin_votes", "derive_counterparties",
                  "derive_guarantees", "paths", "power", "recovery", "failing_guarantor_pays",
                  "correlation", "ring_appetite", "best_cover",
                  "missing")  # fmt: skip
"""Names that ``--option`` knows."""


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
        """Refuse options that nothing reads, and a correlation that the simulation alone would refuse."""
        unknown = sorted(set(self.options) - set(OPTIONS))
        if unknown:
            raise OptionError(f"no option {unknown[0]!r}: choose from {', '.join(OPTIONS)}")
        correlation(self.options)


@dataclass(frozen=True)
class Parts:
    """The parts of one snapshot's analysis under the chosen packs.

    ``noticed`` are findings that were made while the book was read; ``previous`` is an earlier state of the
    book, beside which early warnings tell what changed; ``booked`` is the book without the proposals that are in the
    snapshot, under the same parties' numbers: what it tells of debts at all banks grows by what they add.
    """

    snapshot: Snapshot
    request: Request = field(default_factory=Request)
    noticed: Sequence[findings_.Finding] = ()
    started: float = field(default_factory=time.monotonic, repr=False)
    previous: Snapshot | None = None
    booked: Parts | None = None

    @once
    def packs(self) -> list[RulePack]:
        """The rule packs, the leading one first."""
        return [load(name) for name in self.request.packs]

    @once
    def control(self) -> control_.Control:
        """Control as it is, rebuttals or not."""
        votes = risk.Settings.of(self.packs[0], self.request.options).kin_votes
        return control_.control(self.snapshot, kin_votes=votes == "together")

    @once
    def ownership(self) -> ownership_.Ownership:
        """Integrated ownership."""
        return ownership_.ownership(self.snapshot, min_share=self.request.min_share)

    def wanted(self, option: str, size: int | None = None, small: int = paths_.SMALL) -> bool:
        """Whether a part that takes long in large books is computed: always in a small book, in others with ``=all``.

        The options ``paths``, ``power``, ``missing`` and ``best_cover``; by default the size is that of the register.
        """
        asked = self.request.options.get(option, "small")
        if asked not in ("small", "all"):
            raise OptionError(f"{option}={asked}: choose all, or small (only in books under {small:,} rows)")
        return asked == "all" or (len(self.snapshot.tables["ownership"]) if size is None else size) < small

    @once
    def paths(self) -> paths_.Paths | None:
        """Simple paths and weakest links; None in a large book that was not asked for them."""
        return paths_.paths(self.ownership) if self.wanted("paths") else None

    def _grouping(self, settings: risk.Settings) -> control_.Control:
        """Control as grouping reads it: without the rebutted pairs, with joint ventures where they count."""
        joint = settings.joint_ventures == "both"
        leading = risk.Settings.of(self.packs[0], self.request.options)
        plain = not joint and not self.control.facts.rebutted.any()
        if plain and settings.kin_votes == leading.kin_votes:
            return self.control
        kin_votes = settings.kin_votes == "together"
        return control_.control(self.snapshot, rebuttals=True, joint=joint, kin_votes=kin_votes)

    @once
    def groups(self) -> list[groups_.Groups]:
        """Groups of connected clients, one grouping per pack."""
        made = []
        for pack in self.packs:
            settings = risk.Settings.of(pack, self.request.options)
            made.append(groups_.groups(self._grouping(settings), pack, settings))
        return made

    @once
    def facilities(self) -> list[facilities_.Facilities]:
        """The facilities at value, one set per pack; of one lender only where that was asked for."""
        chosen = None if self.request.lender is None else self._lender(self.request.lender)
        made = [facilities_.valued(self.snapshot, pack) for pack in self.packs]
        if chosen is None:
            return made
        return [replace(held, counted=held.counted & (held.lender == chosen)) for held in made]

    @once
    def warnings(self) -> list[findings_.Finding | Batch]:
        """Early warnings under the leading pack, joint credit's under the packs that know it."""
        before = None
        if self.previous is not None:
            before = Parts(self.previous, replace(self.request, lender=None)).groups[0]
        found = warnings_.findings(self.groups[0], before, self.parties, self.totals[0])
        for pack, held in zip(self.packs, self.facilities, strict=True):
            found += jointcredit.signs(held, pack)
        return found

    def _lender(self, name: str) -> int:
        """Number of a lender; ``OptionError`` if the book has none of that id."""
        names = self.snapshot.tables["lenders"].text("lender_id").to_pylist()
        if name not in names:
            raise OptionError(f"no lender {name!r} in the book: choose from {', '.join(sorted(names)[:20])}")
        return int(names.index(name))

    @once
    def mitigation(self) -> list[mitigation_.Mitigation]:
        """Mitigation, one per pack; a cap is split over all lenders' facilities, whoever is asked for."""
        if self.request.lender is None:
            return [mitigation_.mitigated(held) for held in self.facilities]
        whole = [mitigation_.mitigated(facilities_.valued(self.snapshot, pack)) for pack in self.packs]
        return [made.within(held) for made, held in zip(whole, self.facilities, strict=True)]

    @once
    def guarantees(self) -> guarantees_.Guarantees:
        """What guarantors have given, under the leading pack."""
        if self.request.lender is None:
            return guarantees_.Guarantees(self.mitigation[0].substitution.promises)
        return guarantees_.Guarantees.of(self.facilities[0])

    @once
    def collateral(self) -> collateral_.Collateral:
        """What pledged assets give to which facility, under the leading pack."""
        return collateral_.collateral(self.facilities[0])

    @property
    def scenario(self) -> Scenario:
        """How losses pass on, as the options say; nobody fails in it."""
        return Scenario.of(self.request.options)

    @once
    def network(self) -> network_.Network:
        """What each failure sets off, for the group cascade."""
        return network_.group(
            self.facilities[0], self.guarantees.promises, self.scenario, self.collateral.secured
        )

    @once
    def cover_totals(self) -> dict[str, int | None]:
        """Cover of the whole book in minor units: allocated, what net assets make effective, and the best there is.

        ``unknown`` is the part allocated to guarantors whose net assets are not known, of which nothing is in
        ``effective``. The best is a maximum flow over known net assets; None in a book of many guarantees that was
        not asked for it (``best_cover=all``).
        """
        held = self.guarantees
        best = None
        if self.wanted("best_cover", len(held.promises), guarantees_.MANY):
            best = best_cover(held.cover, held.net_assets)
        return {
            "allocated": total(held.allocated),
            "effective": total(held.effective),
            "unknown": total(held.allocated[held.effective == NULL]),
            "best": best,
        }

    def intervals(self) -> list[missing_.Interval]:
        """Figures that unknown facts leave open; shares among them in small books, or with ``missing=all``."""
        found = missing_.exposures(self.parties, self.groups[0], self.totals[0])
        return found + (missing_.shares(self.ownership) if self.wanted("missing") else [])

    @once
    def cuts(self) -> cut_.Cuts | None:
        """The cheapest cut of each ring; None unless an appetite is given (``ring_appetite``, base currency)."""
        asked = self.request.options.get("ring_appetite")
        if asked is None:
            return None
        appetite = cut_.appetite(asked)
        return cut_.cuts(self.network, self.rings, appetite, pays=self.scenario.failing_guarantor_pays)

    @once
    def rings(self) -> rings_.Rings:
        """Circles of guarantees."""
        return rings_.rings(self.guarantees.promises, self.guarantees.edges)

    @once
    def _parties(self) -> tuple[aggregate.PartyTotals, Int64]:
        """Totals of parties under the leading pack, and the net of each row."""
        made = aggregate.party_totals(self.facilities[0], self.control.ptr, self.control.controlled)
        return net_.net_parties(self.mitigation[0], made)

    @property
    def parties(self) -> aggregate.PartyTotals:
        """Totals of parties under the leading pack."""
        return self._parties[0]

    @property
    def owed(self) -> Owed:
        """What parties owe under the leading pack."""
        return Owed.by_party(*self._parties)

    @once
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

    def party_exposures(self) -> Iterator[pa.Table]:
        """The ``party_exposures`` result, piece by piece."""
        totals, net = self._parties
        involved = np.zeros(self.snapshot.n, bool)
        involved[self.owners] = involved[self.guarantees.guarantors] = True
        at, more = totals.lacking(np.flatnonzero(involved).astype(np.int32))
        party, lender = np.insert(totals.party, at, more), np.insert(totals.lender, at, aggregate.ALL)
        called = self.guarantees.called(party, lender)
        gross = np.insert(totals.gross, at, 0)
        shared = ownership_.attributed(self.ownership, party, lender, gross)

        def piece(low: int) -> pa.Table:
            high = min(low + PIECE, len(totals))
            first = int(np.searchsorted(at, low))
            last = len(at) if high == len(totals) else int(np.searchsorted(at, high))
            places, whole = at[first:last] - low, slice(low + first, high + last)
            rows = totals.rows(low, high).also(places, more[first:last])
            return rows.table(
                shared[whole],
                net=decimals(np.insert(net[low:high], places, 0), MONEY),
                guaranteed=decimals(called[whole], MONEY),
            )

        return map(piece, range(0, max(len(totals), 1), PIECE))

    @once
    def limits(self) -> list[limits_.Limits]:
        """Every limit with what stands against it, one set per pack; the bank's own limits with the leading one."""
        none = np.zeros(self.snapshot.n + 1, np.int64), np.zeros(0, np.int32)
        booked = None if self.booked is None else self.booked.owed
        only = None if self.request.lender is None else self._lender(self.request.lender)
        made = []
        for i, (held, (totals, net)) in enumerate(zip(self.groups, self.net_groups, strict=True)):
            parties, own = self._parties
            if i:
                gross = aggregate.party_totals(self.facilities[i], *none)
                parties, own = net_.net_parties(self.mitigation[i], gross)
            tested = limits_.limits(
                held, parties, totals, (own, net), mitigation=self.mitigation[i], only=only
            )
            made.append(tested if i else tested.and_internal(only, booked))
        return made

    @once
    def power(self) -> power_.Power | None:
        """Voting power; None in a large book that was not asked for it."""
        return power_.power(self.control) if self.wanted("power") else None

    @once
    def beneficial(self) -> beneficial_.Beneficial:
        """Beneficial owners, by the line of the first pack that has one."""
        asking = [pack for pack in self.packs if pack.has("beneficial_owner")]
        return beneficial_.beneficial(self.control, self.ownership, asking[0] if asking else None)

    @once
    def close_links(self) -> closelinks.CloseLinks:
        """Close links, by the line of the first pack that has one."""
        asking = [pack for pack in self.packs if pack.has("close_link")]
        return closelinks.close_links(self.ownership, asking[0] if asking else None)

    @once
    def owners(self) -> Int32:
        """Parties to which shares attribute exposure of others: party numbers."""
        own = np.zeros(self.snapshot.n)
        rows = np.flatnonzero((self.parties.lender == aggregate.ALL) & (self.parties.party >= 0))
        own[self.parties.party[rows]] = self.parties.gross[rows]
        held = ownership_.attributable(self.snapshot, self.ownership, own)
        return np.flatnonzero(np.nan_to_num(held) >= 1).astype(np.int32)

    def asks(self, rule: str) -> bool:
        """Whether one of the packs has a rule."""
        return any(pack.has(rule) for pack in self.packs)
