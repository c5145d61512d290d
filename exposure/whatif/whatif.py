"""What-if (试算): groups, exposures and limits before and after a proposed change, and how much is admissible.

Both states are computed from an excerpt of the book, the change made in one of them, by the same engine that
reports on the whole; what the excerpt must hold for the figures to be the same is told in ``region``. So an
answer costs what the touched groups cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.mitigation.net import net_parties
from exposure.parts import Parts
from exposure.results import COUNT, FLAG, ID, IDS, MODEL, MONEY
from exposure.whatif import rings
from exposure.whatif.region import region
from exposure.whatif.ties import Ties
from graph.excerpt import excerpt, proposed
from graph.model import MONEY as MONEY_KIND
from graph.model import TABLES
from graph.money import NULL, Fx
from graph.proposal import Proposal
from graph.snapshot import Snapshot

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Row = dict[str, Any]

_SUBJECT: Final = {"scope": ID, "subject_id": ID, "lender_id": ID, "level": ID, "rule": ID}
ANSWERS: Final[dict[str, dict[str, pa.DataType]]] = {
    "limits": {
        **_SUBJECT, "limit": MONEY, "before": MONEY, "after": MONEY, "headroom": MONEY, "utilisation": MODEL,
        "breach_before": FLAG, "breach": FLAG, "currency": ID,
    },
    "groups": {
        "group_id": ID, "pack": ID, "members_before": COUNT, "members_after": COUNT, "joined": IDS, "left": IDS,
        "gross_before": MONEY, "gross_after": MONEY, "net_before": MONEY, "net_after": MONEY, "currency": ID,
    },
    "exposures": {
        "party_id": ID, "lender_id": ID, "gross_before": MONEY, "gross_after": MONEY, "net_before": MONEY,
        "net_after": MONEY, "currency": ID,
    },
    "rings": {"ring_id": ID, "kind": ID, "members": IDS, "length": COUNT, "amount": MONEY},
}  # fmt: skip
"""The tables of an answer and their columns; amounts in the base currency."""
_JOINT: Final = TABLES["limits"].column("scope").values.index("joint")
_HALVED: Final = 4
"""Every so many steps the space that is left is halved."""
_MOST: Final = 2**60
"""No admissible amount is looked for beyond this many minor units of the base: sums have to stay in range."""


@dataclass(frozen=True)
class Answer:
    """What a change would do.

    ``tables`` are those of ``ANSWERS``: rows of the touched subjects alone. ``binding`` is the limit that leaves
    least of what the change uses of it, None where it uses none; ``asked`` and ``largest`` are minor units of the
    currency of the last facility proposed: its limit, and the highest at which the change breaks no limit (None:
    no facility is proposed, or no limit binds it). ``fits`` tells whether it breaks none as proposed, ``untested``
    how many of the touched limits cannot be tested.
    """

    changes: tuple[Proposal, ...]
    tables: dict[str, pa.Table]
    binding: Row | None
    asked: int | None
    largest: int | None
    currency: str
    fits: bool
    untested: int

    def as_dict(self) -> dict[str, Any]:
        """For programs: amounts as decimal text."""
        return {
            "fits": self.fits,
            "asked": _money(self.asked),
            "largest": _money(self.largest),
            "currency": self.currency,
            "binding": self.binding,
            "untested": self.untested,
            **{name: table.to_pylist() for name, table in self.tables.items()},
        }


def _money(units: int | None) -> Decimal | None:
    """Minor units as a decimal."""
    return None if units is None else Decimal(units).scaleb(-MONEY_KIND.places)


@dataclass(frozen=True)
class WhatIf:
    """Questions to one analysis: the lookups are made at the first one and serve all that follow."""

    analysis: Parts
    ties: Ties

    @classmethod
    def of(cls, analysis: Parts) -> WhatIf:
        """Questions to an analysis; nothing is computed yet."""
        return cls(analysis, Ties(analysis.snapshot))

    def ask(self, changes: Sequence[Proposal], held: Sequence[Proposal] = ()) -> Answer:
        """What the changes would do, on top of what is ``held`` already (reservations).

        Raises ``OptionError`` for a change that names something that is not in the book.
        """
        together = [*held, *changes]
        part = region(self.analysis, self.ties, together)
        whole = excerpt(self.ties.snapshot, self.ties.about(part.members, part.above))
        booked = self._run(whole) if _told(whole) else None
        base = proposed(whole, held)
        before = self._run(base, booked)
        after = self._run(proposed(base, changes), booked)
        names = set(self.ties.snapshot.party_ids.take(pa.array(part.touched)).to_pylist())
        names |= {name for c in changes for name in (c.text("obligor_id"), c.text("party_id")) if name}
        limits = _limits(before, after, names)
        used = [row for row in limits if _uses(row)]
        tables = {
            "limits": limits,
            "groups": _groups(before, after, names),
            "exposures": _exposures(before, after, names),
            "rings": rings.closed(self.analysis, self.ties, together, held),
        }
        fits = not any(row["breach"] for row in used)
        binding = min((row for row in used if row["headroom"] is not None), key=_tightness, default=None)
        asked, largest, currency = self._largest(base, changes, (before, limits), names)
        return Answer(
            tuple(changes),
            {name: _table(name, rows) for name, rows in tables.items()},
            None if binding is None else {k: v for k, v in binding.items() if k in ANSWERS["limits"]},
            asked,
            largest,
            currency,
            fits,
            sum(row["breach"] is None for row in limits),
        )

    def _run(self, snapshot: Snapshot, booked: Parts | None = None) -> Parts:
        """The analysis of a state, as it was asked for of the whole; ``booked`` is that without proposals."""
        return type(self.analysis)(snapshot, self.analysis.request, booked=booked)

    def _largest(
        self, base: Snapshot, changes: Sequence[Proposal], known: tuple[Parts, list[Row]], names: set[str]
    ) -> tuple[int | None, int | None, str]:
        """Asked and admissible amount of the last facility that is proposed, and its currency."""
        last = next((i for i in reversed(range(len(changes))) if changes[i].kind == "facility"), None)
        if last is None:
            return None, None, ""
        facility = changes[last]
        before, limits = known
        asked, currency = facility.units("limit") or 0, facility.text("currency")
        drawn = asked if facility.units("drawn") is None else facility.units("drawn") or 0
        watched = {tuple(row[c] for c in _SUBJECT) for row in limits if _uses(row)}

        def left(amount: int) -> int:
            part = drawn * amount // asked if asked else amount
            sized = replace(facility, values={**facility.values, "limit": amount, "drawn": part})
            after = self._run(proposed(base, [*changes[:last], sized, *changes[last + 1 :]]), before.booked)
            rows = _limits(before, after, names)
            return _left([r for r in rows if _uses(r) or counts(r)])

        def counts(row: Row) -> bool:
            """What the change uses as asked; where that is nothing, whatever is not broken: more may use it."""
            return tuple(row[c] for c in _SUBJECT) in watched if watched else not row["breach"]

        return asked, highest(asked or MONEY_KIND.scale, left, _most(base.fx, currency)), currency


def _told(snapshot: Snapshot) -> bool:
    """Whether a party with a joint limit is one of which the book tells its debt at all banks."""
    rows = snapshot.tables["limits"]
    joint = rows["subject_id"][rows["scope"] == _JOINT]
    return bool((np.append(snapshot.parties["external_debt"], NULL)[joint] != NULL).any())


def _most(fx: Fx, currency: str) -> int:
    """What the range holds of a currency, in its minor units."""
    of = fx.currencies.index(currency) if currency in fx.currencies else -1
    if of < 0 or not fx.numerator[of]:
        return _MOST
    return min(_MOST, _MOST * fx.denominator[of] // fx.numerator[of])


def _left(rows: Sequence[Row]) -> int:
    """The least that any of these limits leaves, in minor units; below 0 where one is broken."""
    known = [int(row["headroom"] * MONEY_KIND.scale) for row in rows if row["headroom"] is not None]
    least = min(known, default=_MOST)
    return min(least, -1) if any(row["breach"] for row in rows) else least


def highest(asked: int, left: Callable[[int], int], most: int = _MOST) -> int | None:
    """The highest whole amount at which something is left, None where it is ``most``, 0 where none is good.

    ``left`` never grows with the amount and is straight in parts, so that lines through its last two values meet
    0 after a few of them; where they do not, the space between is halved.

    >>> highest(100, lambda amount: min(1000 - 2 * amount, 700 - amount))
    500
    """
    first, last = (0, left(0)), (asked, left(asked))
    if first[1] < 0:
        return 0
    low, high = (last, None) if last[1] >= 0 else (first, last)
    for step in range(1, 300):
        if high is not None and high[0] - low[0] == 1:
            break
        if low[0] >= most:
            return None
        a, b = (first, low) if high is None else (low, high)
        halfway = high is not None and not step % _HALVED
        guess = (a[0] + b[0]) // 2 if halfway else 1024 * b[0] if a[1] == b[1] else _zero(*a, *b)
        guess = min(max(guess, low[0] + 1), most if high is None else high[0] - 1)
        for amount in (guess, guess + 1):
            if low[0] < amount <= most if high is None else low[0] < amount < high[0]:
                rest = left(amount)
                low, high = ((amount, rest), high) if rest >= 0 else (low, (amount, rest))
    return low[0]


def _zero(a: int, at_a: int, b: int, at_b: int) -> int:
    """Where the line through two points of different height is 0, rounded down."""
    return (b * at_a - a * at_b) // (at_a - at_b)


def _uses(row: Row) -> bool:
    """Whether the change uses more of a limit, or lowers it."""
    if row["after"] is None:
        return False
    return bool(row["before"] is None or row["after"] > row["before"] or row["limit"] != row["_limit_before"])


def _tightness(row: Row) -> tuple[Decimal, str, str, str]:
    """Least headroom first, ties by scope, subject and rule."""
    return row["headroom"], row["scope"], row["subject_id"], row["rule"]


def _numbers(run: Parts, names: set[str]) -> Int32:
    """Numbers of the parties of these ids that are there: int32, sorted."""
    found = pc.index_in(run.snapshot.party_ids, value_set=pa.array(sorted(names), pa.string()))
    return np.flatnonzero(np.asarray(pc.is_valid(found))).astype(np.int32)


def _in_groups(run: Parts, own: Int32) -> list[list[int]]:
    """Numbers of the groups of each pack that one of the parties is in."""
    return [sorted({g for p in own.tolist() for g in held.groups_of(p)}) for held in run.groups]


def _tested(run: Parts, names: set[str]) -> dict[tuple[Any, ...], Row]:
    """Rows of limits on the parties and on their groups by their key."""
    found: dict[tuple[Any, ...], Row] = {}
    own = _numbers(run, names)
    for held, groups in zip(run.limits, _in_groups(run, own), strict=True):
        tested = held.tested
        mine = np.where(tested.group, np.isin(tested.subject, groups), np.isin(tested.subject, own))
        for row in replace(held, tested=tested.take(mine)).table().to_pylist():
            found[tuple(row[c] for c in _SUBJECT)] = row
    return found


def _limits(before: Parts, after: Parts, names: set[str]) -> list[Row]:
    """Every limit on the touched subjects, before and after."""
    old, new = _tested(before, names), _tested(after, names)
    rows = []
    for key in sorted(old.keys() | new.keys(), key=lambda k: tuple(x or "" for x in k)):
        was, now = old.get(key), new.get(key)
        shown = now or was or {}
        rows.append(
            {
                **dict(zip(_SUBJECT, key, strict=True)),
                "limit": shown["limit"],
                "before": was["value"] if was else None,
                "after": now["value"] if now else None,
                "headroom": now["headroom"] if now else None,
                "utilisation": now["utilisation"] if now else None,
                "breach_before": was["breach"] if was else False,
                "breach": now["breach"] if now else False,
                "currency": shown["currency"],
                "_limit_before": was["limit"] if was else shown["limit"],
            }
        )
    return rows


def _groups(before: Parts, after: Parts, names: set[str]) -> list[Row]:
    """The groups that a touched party is in, before and after."""
    old, new = (_group_rows(run, names) for run in (before, after))
    rows = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key, _NO_GROUP), new.get(key, _NO_GROUP)
        rows.append(
            {
                "group_id": key[1],
                "pack": key[0],
                "members_before": len(was["members"]),
                "members_after": len(now["members"]),
                "joined": sorted(now["members"] - was["members"]),
                "left": sorted(was["members"] - now["members"]),
                **{
                    f"{c}_{side}": row[c]
                    for c in ("gross", "net")
                    for side, row in (("before", was), ("after", now))
                },
                "currency": after.snapshot.base,
            }
        )
    return rows


_NO_GROUP: Final[Row] = {"members": frozenset(), "gross": None, "net": None}


def _group_rows(run: Parts, names: set[str]) -> dict[tuple[str, str], Row]:
    """Members, gross and net of the groups that a touched party is in, by pack and id."""
    found = {}
    party, inside = run.snapshot.party_ids, _in_groups(run, _numbers(run, names))
    for held, (totals, net), groups in zip(run.groups, run.net_groups, inside, strict=True):
        whole = np.flatnonzero(totals.lender == -1)
        for g in groups:
            members = held.members[held.ptr[g] : held.ptr[g + 1]]
            row = whole[g]
            found[held.pack.name, held.names[g]] = {
                "members": frozenset(party.take(pa.array(members)).to_pylist()),
                "gross": _money(int(totals.gross[row])),
                "net": _money(int(net[row])),
            }
    return found


def _exposures(before: Parts, after: Parts, names: set[str]) -> list[Row]:
    """What the touched parties owe each lender and all of them, before and after."""
    old, new = (_party_rows(run, names) for run in (before, after))
    rows = []
    for key in sorted(old.keys() | new.keys(), key=lambda k: (k[0], k[1] or "")):
        was, now = old.get(key, (None, None)), new.get(key, (None, None))
        rows.append(
            {
                "party_id": key[0],
                "lender_id": key[1],
                "gross_before": was[0],
                "gross_after": now[0],
                "net_before": was[1],
                "net_after": now[1],
                "currency": after.snapshot.base,
            }
        )
    return rows


def _party_rows(
    run: Parts, names: set[str]
) -> dict[tuple[str, str | None], tuple[Decimal | None, Decimal | None]]:
    """Gross and net of the touched parties by party and lender (None = all lenders)."""
    totals, net = net_parties(run.mitigation[0], run.parties)
    lenders = run.snapshot.tables["lenders"].text("lender_id")
    party = run.snapshot.party_ids
    own = np.isin(totals.party, _numbers(run, names))
    return {
        (
            party[int(totals.party[i])].as_py(),
            None if totals.lender[i] < 0 else lenders[int(totals.lender[i])].as_py(),
        ): (_money(int(totals.gross[i])), _money(int(net[i])))
        for i in np.flatnonzero(own).tolist()
    }


def _table(name: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as a table of an answer."""
    types = ANSWERS[name]
    return pa.table(
        {c: pa.array([row[c] for row in rows], kind) for c, kind in types.items()},
        schema=pa.schema(list(types.items())),
    )
