"""Threshold cascade: a party fails when LGD x its claims on those who have failed reaches its equity, by rounds.

C. Furfine, "Interbank exposures: quantifying the risk of contagion", Journal of Money, Credit and Banking 35 (2003).
The network is ``liabilities``. (rulebook 87.)
"""

from __future__ import annotations

from exposure.contagion import cascade
from exposure.contagion.network import interbank
from exposure.contagion.outcome import Outcome
from exposure.contagion.scenario import Scenario
from graph.snapshot import Snapshot


def threshold(snapshot: Snapshot, scenario: Scenario) -> Outcome:
    """One run; a row a party of the book."""
    moved = scenario.moved(snapshot)
    return cascade.run(interbank(moved, scenario), scenario, "threshold")
