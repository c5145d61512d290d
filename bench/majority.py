"""Majority groups (控股集团): every topmost majority holder with all below it, and their limits, four ways.

The same question on the same graph in Cypher, by GDS, in NetworkX and on the arrays of the snapshot. Each way gives, by
root, how many parties its group has and the sum of their facilities' limits in minor units, whatever the currency.
"""

from __future__ import annotations

import networkx as nx
import numpy as np

from graph.convert import to_networkx
from graph.neo4j.store import GraphStore
from graph.snapshot import Snapshot

Totals = dict[str, tuple[int, int]]

_CYPHER = """
MATCH (root:Party)
WHERE EXISTS { (root)-[s:OWNS]->(:Party) WHERE coalesce(s.voting, s.share) > 500000000 }
  AND NOT EXISTS { (:Party)-[s:OWNS]->(root) WHERE coalesce(s.voting, s.share) > 500000000 }
MATCH (root)((:Party)-[s:OWNS WHERE coalesce(s.voting, s.share) > 500000000]->(:Party)){0,}(member:Party)
WITH DISTINCT root, member
WITH root, member, COLLECT { MATCH (member)-[:OBLIGOR_OF]->(f:Facility) RETURN f.limit } AS limits
WITH root, count(member) AS members, sum(reduce(total = 0, limit IN limits | total + limit)) AS total
WITH collect([root.party_id, members, total]) AS rows RETURN rows
"""
_PROJECT = """
MATCH (a:Party)-[s:OWNS]->(b:Party) WHERE coalesce(s.voting, s.share) > 500000000
RETURN gds.graph.project('majority', a, b) AS made
"""
_COMPONENTS = """
CALL gds.wcc.stream('majority') YIELD nodeId, componentId
WITH componentId, gds.util.asNode(nodeId) AS member
WITH componentId, member, COLLECT { MATCH (member)-[:OBLIGOR_OF]->(f:Facility) RETURN f.limit } AS limits
WITH componentId, collect(member) AS members, sum(reduce(total = 0, limit IN limits | total + limit)) AS total
UNWIND members AS root
WITH root, members, total
WHERE NOT EXISTS { (:Party)-[s:OWNS]->(root) WHERE coalesce(s.voting, s.share) > 500000000 }
WITH collect([root.party_id, size(members), total]) AS rows RETURN rows
"""
HALF = 500_000_000


def in_cypher(store: GraphStore) -> Totals:
    """By one question to the server."""
    (row,) = store.server.read(_CYPHER)
    return {root: (members, total) for root, members, total in row["rows"]}


def projected(store: GraphStore) -> int:
    """Majority stakes as a graph in memory of the Graph Data Science library; how many nodes it has."""
    store.server.schema("CALL gds.graph.drop('majority', false)")
    (row,) = store.server.read(_PROJECT)
    return int(row["made"]["nodeCount"])


def in_gds(store: GraphStore) -> Totals:
    """By weakly connected components of that graph: a party has one majority holder, so each is one root's tree."""
    (row,) = store.server.read(_COMPONENTS)
    return {root: (members, total) for root, members, total in row["rows"]}


def as_networkx(snapshot: Snapshot) -> nx.DiGraph:
    """Majority stakes and the limits of each party, as a graph of NetworkX."""
    made = nx.DiGraph()
    for owner, owned, row in to_networkx(snapshot, "ownership").edges(data=True):
        if row.get("voting", row.get("share", 0)) > 0.5:
            made.add_edge(owner, owned)
    limits: dict[str, int] = {}
    held, names = snapshot.tables["facilities"], snapshot.party_ids.to_pylist()
    for party, limit in zip(held["obligor_id"].tolist(), held["limit"].tolist(), strict=True):
        limits[names[party]] = limits.get(names[party], 0) + limit
    nx.set_node_attributes(made, {n: limits.get(n, 0) for n in made}, "limit")
    return made


def in_networkx(made: nx.DiGraph) -> Totals:
    """By a search from every root."""
    found = {}
    for root in (n for n, degree in made.in_degree() if not degree):
        members = {root, *nx.descendants(made, root)}
        found[root] = (len(members), sum(made.nodes[m]["limit"] for m in members))
    return found


def on_arrays(snapshot: Snapshot) -> Totals:
    """On the arrays of the snapshot: each party's holder above, and above that one, until nothing changes."""
    stakes, claims, n = snapshot.tables["ownership"], snapshot.tables["facilities"], snapshot.n
    major = (stakes["voting"] > HALF) & (stakes["owner_id"] >= 0) & (stakes["owned_id"] >= 0)
    owner, owned = stakes["owner_id"][major], stakes["owned_id"][major]
    up, is_root, limits = np.arange(n), np.zeros(n, bool), np.zeros(n, np.int64)
    up[owned] = owner
    is_root[owner] = True
    is_root[owned] = False
    for _ in range(n.bit_length()):
        up = up[up]
    known = claims["obligor_id"] >= 0
    np.add.at(limits, up[claims["obligor_id"][known]], claims["limit"][known])
    members = np.bincount(up, minlength=n)
    roots = np.flatnonzero(is_root)
    ids = snapshot.party_ids.take(roots).to_pylist()
    figures = zip(members[roots].tolist(), limits[roots].tolist(), strict=True)
    return dict(zip(ids, figures, strict=True))
