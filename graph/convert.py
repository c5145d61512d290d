"""Convert: a snapshot or book for notebooks, as NetworkX graphs and pandas tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from graph.model import TABLES, Column, Table
from graph.snapshot import Snapshot

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

TIES: Final = tuple(t.name for t in TABLES.values() if t.ends[0] and not t.label)
"""Tables whose rows are ties between two ids."""


def to_networkx(snapshot: Snapshot, *tables: str) -> nx.MultiDiGraph:
    """Parties and, where a tie names them, facilities, guarantees and collateral, with the ties of these tables.

    By default all. Nodes are ids with ``kind`` or the table that they stand in as ``table``; edges have ``table``
    as key and the row's columns, decimals as numbers of the unit (0.6, not 600000000).
    """
    import networkx as nx

    made = nx.MultiDiGraph()
    for row in rows(snapshot, "parties"):
        made.add_node(row.pop("party_id"), table="parties", **row)
    for name in tables or TIES:
        table = TABLES[name]
        start, end = table.ends
        for row in rows(snapshot, name):
            a, b = row.pop(start), row.pop(end)
            if a is not None and b is not None:
                for node, column in ((a, start), (b, end)):
                    if node not in made:
                        made.add_node(node, table=table.column(column).ref)
                made.add_edge(a, b, key=name, **row)
    return made


def to_pandas(snapshot: Snapshot, name: str) -> pd.DataFrame:
    """A table's rows in force as a pandas frame, decimals as floats of the unit, ids as text."""
    frame: pd.DataFrame = table_in_units(snapshot, name).to_pandas()
    return frame


def rows(snapshot: Snapshot, name: str) -> Iterator[dict[str, Any]]:
    """A table's rows in force as dictionaries, empty cells left out except ids."""
    shape = TABLES[name]
    keep = {c.name for c in shape.columns if c.ref or c.key}
    for row in table_in_units(snapshot, name).to_pylist():
        yield {k: v for k, v in row.items() if v is not None or k in keep}


def table_in_units(snapshot: Snapshot, name: str) -> pa.Table:
    """A table's rows in force with decimals as floats of the unit."""
    if snapshot.book is None:
        raise ValueError("the snapshot has no book: compile it from one")
    shape: Table = TABLES[name]
    held = snapshot.book.table(name).take(pa.array(snapshot.tables[name].row))
    for place, column in enumerate(held.column_names):
        known: Column = shape.column(column)
        if known.kind.scale:
            exact = held.column(column).cast(pa.float64())
            held = held.set_column(place, column, pc.divide(exact, float(known.kind.scale)))
    return held
