"""Risk edges (风险传导): along which trouble spreads within a group, under the choices of a pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from exposure.control import Control
from exposure.dependence import Dependence
from exposure.kernels import groups as _kernels
from exposure.kernels.components import components
from exposure.rulepack import RulePack
from graph.csr import Csr
from graph.errors import OptionError
from graph.model import PARTY_KINDS
from graph.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_CHOICES: Final = {
    "central_government": ("general", "none", "alternative"),
    "joint_ventures": ("none", "both"),
    "kin": ("true", "false"),
    "kin_votes": ("apart", "together"),
    "derive_counterparties": ("true", "false"),
    "derive_guarantees": ("true", "false"),
}


@dataclass(frozen=True)
class Settings:
    """The choices that a pack makes and an option may override.

    ``central_government``: ``general``, ``none``, ``alternative`` or ``alternative:ID,ID``;
    ``joint_ventures``: ``none`` or ``both``; ``kin_votes``: ``apart`` or ``together``.
    """

    central_government: str = "general"
    joint_ventures: str = "none"
    kin: bool = False
    kin_votes: str = "apart"
    derive_counterparties: bool = False
    derive_guarantees: bool = False

    @classmethod
    def of(cls, pack: RulePack, options: Mapping[str, str]) -> Settings:
        """The pack's settings with the options that name one of them; ``OptionError`` for a wrong value."""
        chosen: dict[str, str | bool] = {}
        for name, values in _CHOICES.items():
            value = options.get(name)
            if value is None:
                chosen[name] = pack.setting("groups", name, getattr(cls, name))
            elif value not in values and not _some_governments(name, value):
                raise OptionError(f"option {name}={value}: choose from {', '.join(values)}")
            else:
                chosen[name] = value == "true" if values[0] == "true" else value
        return cls(**chosen)  # type: ignore[arg-type]


def _some_governments(name: str, value: str) -> bool:
    """Whether an option names the governments that it is about: ``alternative:ID,ID`` or ``none:ID,ID``."""
    choice, _, named = value.partition(":")
    return name == "central_government" and choice in ("alternative", "none") and all(named.split(","))


@dataclass(frozen=True)
class RiskGraph:
    """The edges along which trouble spreads, and the states whose own edges are cut.

    Control edges stand in ``control`` (none leave the parties in ``cut``, bool (n,)); ``links`` are the
    others by source, ``link_to`` with ``link_via``. ``ptr`` / ``to`` hold both kinds together.
    """

    control: Control
    dependence: Dependence
    cut: Bool
    link_ptr: Int64
    link_to: Int32
    link_via: Int8
    ptr: Int64
    to: Int32

    @classmethod
    def of(cls, control: Control, held: Dependence, settings: Settings) -> RiskGraph:
        """Put the edges of a snapshot together under the given settings."""
        n = control.snapshot.n
        chosen = states(control.snapshot, settings)
        mode = settings.central_government.partition(":")[0]
        cut = chosen if mode != "general" else np.zeros(n, bool)
        bodies = control.snapshot.tables["members"]
        a, b = bodies["body_id"].astype(np.int32), bodies["party_id"].astype(np.int32)
        source = np.concatenate([held.on, a, b])
        target = np.concatenate([held.dependent, b, a])
        via = np.full(len(source), _kernels.PACT, np.int8)
        via[: len(held.on)] = _kernels.DEPENDENCE
        if mode == "alternative":
            source = np.where(cut[source], -1, source)
        by = Csr.of(source.astype(np.int32), n)
        to, ways = target[by.rows].astype(np.int32), via[by.rows]
        return cls(
            control,
            held,
            cut,
            by.ptr,
            to,
            ways,
            *_kernels.join(control.ptr, control.controlled, cut, by.ptr, to),
        )

    @cached_property
    def component(self) -> Int32:
        """Strongly connected component of each party; a higher number is never below a lower one."""
        return components(self.ptr, self.to)

    @cached_property
    def count(self) -> int:
        """How many components there are."""
        return int(self.component.max()) + 1 if len(self.component) else 0

    @cached_property
    def hops(self) -> Int32:
        """Steps that each control edge stands for."""
        return self.control.hops


def states(snapshot: Snapshot, settings: Settings) -> Bool:
    """The governments that a setting speaks of: those named after ``alternative:``, else all."""
    named = settings.central_government.partition(":")[2]
    if not named:
        return np.asarray(snapshot.parties["kind"] == PARTY_KINDS.index("government"))
    chosen = np.zeros(snapshot.n, bool)
    for party in named.split(","):
        if party not in snapshot.number_of:
            raise OptionError(f"option central_government: no party {party!r} in the book")
        chosen[snapshot.number_of[party]] = True
    return chosen
