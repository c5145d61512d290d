"""Proposals: what somebody means to do, one change a line, in the words of the data model.

A proposed ``facility``, ``guarantee``, ``party`` or ``stake`` is a row of its table: it takes the place of the row
of its key, or is new. A ``stake`` replaces all holdings of the pair; a share of 0 ends them. A ``sale`` moves a
share, or all of it, from the owner to a buyer. A ``merge`` hands over to another party what a party owes, holds and
has promised; shares in it are exchanged for shares in the other (``graph.merger``), and control over it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graph.model import ID, SHARE, TABLES, Column

COVERS: Final = Column(
    "covers", ID, "Covers", "所保授信", "Facilities that a proposed guarantee covers, separated by spaces"
)
_BUYER: Final = Column("buyer_id", ID, "Buyer", "买方", required=True, ref="parties")
_INTO: Final = Column("into_id", ID, "Into", "并入方", required=True, ref="parties")
_EXCHANGE: Final = Column(
    "exchange",
    SHARE,
    "Exchange",
    "换股比例",
    "Part of the merged company that all shares of the merging one are worth",
)


def _of(table: str, *names: str) -> tuple[Column, ...]:
    """Columns of a table, all of them unless some are named."""
    return tuple(c for c in TABLES[table].columns if not names or c.name in names)


PROPOSALS: Final[dict[str, tuple[Column, ...]]] = {
    "party": _of("parties"),
    "facility": _of("facilities"),
    "guarantee": (*_of("guarantees"), COVERS),
    "stake": _of("ownership", "owner_id", "owned_id", "share", "voting"),
    "sale": (*_of("ownership", "owner_id", "owned_id", "share"), _BUYER),
    "merge": (*_of("parties", "party_id"), _INTO, _EXCHANGE),
}
"""The columns that each kind of change has."""
REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "party": ("party_id", "name", "kind"),
    "facility": ("facility_id", "lender_id", "obligor_id", "product", "limit", "currency"),
    "guarantee": ("guarantee_id", "guarantor_id", "form"),
    "stake": ("owner_id", "owned_id", "share"),
    "sale": ("owner_id", "owned_id", "buyer_id"),
    "merge": ("party_id", "into_id"),
}
"""What a line of each kind must say; a facility without a drawn amount is drawn in full."""


@dataclass(frozen=True)
class Proposal:
    """One change: its kind and what it says, ids and texts as text, amounts and shares as whole units.

    ``file`` and ``row`` tell where it was written.
    """

    kind: str
    values: Mapping[str, object]
    file: str = ""
    row: int = field(default=0)

    def text(self, name: str) -> str:
        """A text of the change, empty where it says nothing."""
        return str(self.values.get(name) or "")

    def units(self, name: str) -> int | None:
        """An amount or share of the change in whole units, None where it says nothing."""
        value = self.values.get(name)
        return value if isinstance(value, int) else None

    @property
    def covers(self) -> tuple[str, ...]:
        """Facilities that a guarantee covers."""
        said = self.values.get("covers")
        return said if isinstance(said, tuple) else tuple(self.text("covers").replace(";", " ").split())
