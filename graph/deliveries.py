"""Deliveries: what the subsidiaries sent, and which of it holds on a day as known in a version.

A store keeps every accepted delivery and numbers them: that number is the book version, the clock of what was
known when. The other clock is the day from which a delivery speaks. A full delivery is all that a subsidiary
has; a delta adds and replaces rows by key and deletes those it names. So the facts of one subsidiary, known in
version v about day d, are the last full delivery up to d and the deltas after it, in the order of their days,
not of their arrival: a late file takes the place that it would have had in time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pyarrow as pa

from graph.book import Book
from graph.errors import KonzernError

FULL: Final = "full"
DELTA: Final = "delta"
KINDS: Final = (FULL, DELTA)


class DeliveryError(KonzernError):
    """A delivery that contradicts what was delivered before; nothing was published."""


@dataclass(frozen=True)
class Delivery:
    """One delivery: by whom, of what kind, for which day.

    ``digest`` identifies what was delivered: the same again is not a new version. ``restates`` says that it
    replaces another one of the same period. ``day`` is the day from which it speaks (the period, else that of
    the subsidiary's latest delivery), ``rows`` and ``deleted`` count by table, ``receipt`` is what the load
    job wrote about it. ``version`` and ``day`` are given when it is published.
    """

    by: str = ""
    kind: str = FULL
    period: dt.date | None = None
    restates: bool = False
    digest: str = ""
    version: int = 0
    day: dt.date | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    deleted: Mapping[str, int] = field(default_factory=dict)
    receipt: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DeliveryError(f"kind {self.kind!r} of a delivery: say full or delta")

    @property
    def place(self) -> tuple[dt.date, int]:
        """Its place among the deliveries of its subsidiary: by day, then by version."""
        return self.day or dt.date.min, self.version

    def to_json(self) -> dict[str, Any]:
        """The delivery as plain JSON values."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {
            name: values[name].isoformat() if values[name] else None for name in ("period", "day")
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Delivery:
        """The delivery that ``to_json`` wrote; names that this version does not know are left out."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("period", "day"):
            known[name] = dt.date.fromisoformat(known[name]) if known.get(name) else None
        return cls(**known)


@dataclass(frozen=True)
class Contents:
    """What a delivery brings: the book of its rows and, by table, the keys of the rows that it deletes.

    A deleted key without ``valid_from`` deletes every row of that key.
    """

    book: Book
    deleted: Mapping[str, pa.Table] = field(default_factory=dict)


def by_subsidiary(deliveries: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    """The deliveries of each subsidiary in the order of their days, subsidiaries by name.

    A restated delta takes the place of the deltas of its day that came before it.
    """
    found: dict[str, list[Delivery]] = {}
    for delivery in sorted(deliveries, key=lambda d: (d.by, *d.place)):
        held = found.setdefault(delivery.by, [])
        if delivery.restates and delivery.kind == DELTA:
            held[:] = [d for d in held if (d.kind, d.day) != (DELTA, delivery.day)]
        held.append(delivery)
    return found


def in_force(deliveries: Iterable[Delivery], as_of: dt.date | None = None) -> dict[str, list[Delivery]]:
    """What each subsidiary's facts are made of on a day: its last full delivery and the deltas after it.

    Without a day everything counts. A subsidiary's first delivery also speaks for the days before it.

    >>> day = lambda d: dt.date(2026, 1, d)
    >>> log = [Delivery("A", version=1, day=day(1)), Delivery("A", "delta", version=2, day=day(9)),
    ...        Delivery("A", version=3, day=day(5))]
    >>> [d.version for d in in_force(log)["A"]], [d.version for d in in_force(log, day(4))["A"]]
    ([3, 2], [1])
    """
    chains = {}
    for by, held in by_subsidiary(deliveries).items():
        day = dt.date.max if as_of is None else max(as_of, held[0].place[0])
        upto = [d for d in held if d.place[0] <= day]
        last_full = max((i for i, d in enumerate(upto) if d.kind == FULL), default=0)
        chains[by] = upto[last_full:]
    return chains


def accept(delivery: Delivery, earlier: Sequence[Delivery]) -> Delivery | None:
    """The delivery with its version and day; None if it was delivered before.

    A restatement counts as delivered before only while nothing came after it for its day.

    Raises ``DeliveryError`` for other content of a period that was delivered, unless it is a restatement, and
    for a full delivery that leaves out a table which the subsidiary's full deliveries had.
    """
    own = [d for d in earlier if d.by == delivery.by]
    same = [d for d in own if d.digest and d.digest == delivery.digest and d.kind == delivery.kind]
    latest = max(own, key=lambda d: d.place, default=None)
    day = delivery.period or (latest.day if latest else None)
    if same and (not delivery.restates or same[-1] is [d for d in own if d.day == day][-1]):
        return None
    rivals = [d for d in own if (d.period, d.kind) == (delivery.period, delivery.kind)]
    whose = f"{delivery.by or 'the subsidiary without a name'}"
    if delivery.period and rivals and not delivery.restates:
        raise DeliveryError(
            f"{whose} already delivered {delivery.kind} {delivery.period} with other content (version "
            f"{rivals[-1].version}): mark this one as a restatement, or correct its period"
        )
    made = replace(delivery, version=len(earlier) + 1, day=day)
    if delivery.kind == FULL:
        _lacks_no_table(made, own, whose)
    return made


def _lacks_no_table(delivery: Delivery, own: Sequence[Delivery], whose: str) -> None:
    """A table that was there and is not delivered any more looks like a lost file."""
    before = [d for d in own if d.place < delivery.place]
    lost = sorted(
        {t for d in in_force(before).get(delivery.by, ()) for t, n in d.rows.items() if n}
        - set(delivery.rows)
    )
    if lost:
        raise DeliveryError(
            f"the full delivery of {whose} lacks {', '.join(lost)}, which it had in version "
            f"{before[-1].version}: add the missing files (a header alone says that there are no rows), or "
            "load it as a delta"
        )


def check_deleted(delivery: Delivery, contents: Contents) -> None:
    """Only a delta names deleted rows; a full delivery deletes what it leaves out."""
    named = [name for name, keys in contents.deleted.items() if keys.num_rows]
    if delivery.kind == FULL and named:
        raise DeliveryError(
            f"a full delivery names deleted rows ({', '.join(sorted(named))}): it deletes whatever it does not "
            "hold; leave them out, or load it as a delta"
        )


def incomplete(deliveries: Iterable[Delivery]) -> list[str]:
    """Subsidiaries whose latest delivery is older than the others', as sentences for the page and the report.

    >>> incomplete([Delivery("A", day=dt.date(2026, 1, 31)), Delivery("B", day=dt.date(2026, 2, 28))])
    ['A as of 2026-01-31']
    """
    last = {by: held[-1].day for by, held in by_subsidiary(deliveries).items()}
    newest = max((d for d in last.values() if d), default=None)
    return [f"{by} as of {day}" for by, day in last.items() if day and newest and day < newest]
