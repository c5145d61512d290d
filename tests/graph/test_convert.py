"""Snapshots for notebooks: the same parties, ties and figures."""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from graph.convert import to_networkx, to_pandas
from graph.model import TABLES
from graph.snapshot import Snapshot
from ingest.job import read

SAMPLE = Path(__file__).parents[2] / "app" / "sample"
SNAPSHOT = Snapshot.of(read(SAMPLE)[0])


def test_networkx_has_every_party_and_every_stake() -> None:
    graph = to_networkx(SNAPSHOT, "ownership")
    assert set(graph) == set(SNAPSHOT.party_ids.to_pylist())
    assert graph["YQ-GROUP"]["YQ-BANK"]["ownership"]["share"] == 1.0
    assert graph.number_of_edges() == len(SNAPSHOT.tables["ownership"])
    loops = [part for part in nx.strongly_connected_components(graph) if len(part) > 1]
    assert {"C-CHENGBO-01", "C-CHENGBO-02"} in loops


def test_networkx_has_ties_to_facilities_and_guarantees_too() -> None:
    graph = to_networkx(SNAPSHOT)
    assert graph.nodes["F-BANK-SUYU-1"]["table"] == "facilities"
    assert graph.has_edge("GU-SHUTING-01-1", "F-BANK-SUYU-1", key="guarantee_covers")


def test_pandas_has_amounts_in_units_and_ids_as_text() -> None:
    frame = to_pandas(SNAPSHOT, "facilities")
    row = frame.set_index("facility_id").loc["F-BANK-LANHENG-1"]
    assert (row["limit"], row["drawn"], row["obligor_id"]) == (400_000_000.0, 320_000_000.0, "C-LANHENG-01")
    assert len(frame) == len(SNAPSHOT.tables["facilities"])
    assert set(frame.columns) <= set(TABLES["facilities"].names)
