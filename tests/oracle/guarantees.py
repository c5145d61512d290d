"""Guarantees read off the rows by sets, NetworkX and DuckDB: calls as flows, rings as cycles, chains as closures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import duckdb
import networkx as nx

from tests.oracle.aggregate import Row, cents, half_even, ratio

BY_SHARE = {"share", "several", "pari_passu", "counter"}
NEEDS = {"capped", "first_loss", "second_loss", "share", "several", "pari_passu"}
Ring = frozenset[str]


@dataclass
class Bounds:
    """Most of all debts together (None = no bound), part of each, and whether something is missing."""

    bound: int | None
    part: Fraction
    unknown: bool


@dataclass
class Book:
    """Rows by table, all in one currency, on one day."""

    tables: Mapping[str, Sequence[Row]]
    as_of: dt.date
    guarantees: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guarantees = {str(g["guarantee_id"]): g for g in self.tables.get("guarantees", ())}

    @cached_property
    def facilities(self) -> dict[str, Row]:
        """Those that count."""
        rows = {str(f["facility_id"]): f for f in self.tables["facilities"]}
        return {name: f for name, f in rows.items() if f.get("status") != "closed"}

    def drawn(self, facility: str) -> int:
        """Drawn amount, 0 where it is not known."""
        return cents(self.facilities[facility].get("drawn")) or 0

    def owers(self, facility: str) -> set[str]:
        """Obligor and co-obligors."""
        co = {str(c["party_id"]) for c in self.tables.get("co_obligors", ()) if c["facility_id"] == facility}
        return co | {str(self.facilities[facility]["obligor_id"])}

    def chain(self, g: str) -> list[str]:
        """The guarantee and, for a counter-guarantee, those behind which it stands; empty if they go round."""
        found = [g]
        while self.guarantees[found[-1]]["form"] == "counter":
            behind = self.guarantees[found[-1]].get("counter_of")
            if behind is None:
                break
            if behind in found:
                return []
            found.append(str(behind))
        return found

    def debtors(self, g: str) -> dict[str, str]:
        """Each facility that a guarantee covers, with the party for which it stands there."""
        if not self.chain(g):
            return {}
        root = self.chain(g)[-1]
        obligor = self.guarantees[root].get("obligor_id")
        owed = {f: str(obligor) for f in self.facilities if obligor in self.owers(f)}
        named = {
            str(c["facility_id"])
            for c in self.tables.get("guarantee_covers", ())
            if c["guarantee_id"] == root
        }
        return owed | {f: str(self.facilities[f]["obligor_id"]) for f in named if f in self.facilities}

    def bounds(self, g: str) -> Bounds:
        """What limits a guarantee, along its chain."""
        found = Bounds(None, Fraction(1), unknown=False)
        for name in self.chain(g):
            row = self.guarantees[name]
            cap, form = cents(row.get("cap")), row["form"]
            by_share = form in BY_SHARE and row.get("share") is not None
            part = ratio(row["share"]) if by_share else Fraction(1)
            if form != "full" and cap is not None:
                most = half_even(found.part * cap)
                found.bound = most if found.bound is None else min(found.bound, most)
            found.part = Fraction(half_even(found.part * part * 10**9), 10**9)
            found.unknown |= form in NEEDS and cap is None and not by_share
        return found

    def expired(self, g: str) -> bool:
        """Whether it, or what it stands behind, has run out."""
        dates = [self.guarantees[name].get("expiry_date") for name in self.chain(g) or [g]]
        return any(isinstance(d, dt.date) and d <= self.as_of for d in dates)

    def giver(self, g: str) -> str:
        """The guarantor."""
        return str(self.guarantees[g]["guarantor_id"])

    def pairs(self, g: str) -> dict[str, str]:
        """Facilities of others that a guarantee in force covers, and for whom."""
        if self.expired(g):
            return {}
        return {f: debtor for f, debtor in self.debtors(g).items() if self.giver(g) not in self.owers(f)}

    @cached_property
    def edges(self) -> dict[tuple[str, str], set[str]]:
        """Guarantees behind each pair of guarantor and obligor."""
        found: dict[tuple[str, str], set[str]] = {}
        for g in self.guarantees:
            if self.expired(g) or not self.chain(g):
                continue
            obligor = self.guarantees[self.chain(g)[-1]].get("obligor_id")
            for debtor in {*self.pairs(g).values(), *({str(obligor)} if obligor is not None else ())}:
                if debtor != self.giver(g):
                    found.setdefault((self.giver(g), debtor), set()).add(g)
        return found

    @cached_property
    def alive(self) -> set[str]:
        """Guarantees in force for others."""
        return {g for of in self.edges.values() for g in of} | {g for g in self.guarantees if self.pairs(g)}

    def call(self, wanted: Mapping[str, Iterable[str]], *, boundless: bool = False) -> int:
        """The most that can be demanded under these guarantees for these facilities of each, as a maximum flow.

        Those of unknown bounds promise nothing or, if ``boundless``, all that they could.
        """
        net = nx.DiGraph()
        net.add_nodes_from(["source", "sink"])
        for g, facilities in wanted.items():
            limits = self.bounds(g)
            if limits.unknown and not boundless:
                continue
            whole = {} if limits.bound is None else {"capacity": limits.bound}
            net.add_edge("source", ("g", g), **whole)
            for f in facilities:
                net.add_edge(("g", g), ("f", f), capacity=half_even(limits.part * self.drawn(f)))
                net.add_edge(("f", f), "sink", capacity=self.drawn(f))
        return int(nx.maximum_flow_value(net, "source", "sink"))

    def max_call(self, party: str, lender: str | None = None) -> int | None:
        """What a lender (or all) can demand of a party at most; None if bounds that are not known decide it."""
        own = [g for g in self.alive if self.giver(g) == party]
        lent = {f for f, row in self.facilities.items() if lender in (None, row["lender_id"])}
        wanted = {g: lent & set(self.pairs(g)) for g in own}
        least, most = self.call(wanted), self.call(wanted, boundless=True)
        return least if least == most else None

    def given(self, party: str) -> int | None:
        """Sum of caps, or of the debts covered where there is none."""
        total = 0
        for g in self.alive:
            if self.giver(g) == party:
                limits = self.bounds(g)
                if limits.unknown:
                    return None
                covered = sum(half_even(limits.part * self.drawn(f)) for f in self.pairs(g))
                total += covered if limits.bound is None else limits.bound
        return total

    @cached_property
    def graph(self) -> nx.DiGraph:
        """Who guarantees whom."""
        return nx.DiGraph(list(self.edges))

    def reach(self, party: str) -> int:
        """Drawn debts of all below, each once, own debts left out."""
        below = nx.descendants(self.graph, party) if party in self.graph else set()
        return sum(
            self.drawn(f) for f in self.facilities if self.owers(f) & below and party not in self.owers(f)
        )

    @cached_property
    def depth(self) -> dict[str, int]:
        """Longest chain below each party, circles passed through by the shortest way."""
        found: dict[str, int] = {}
        whole = nx.condensation(self.graph)
        for part in reversed(list(nx.topological_sort(whole))):
            members = whole.nodes[part]["members"]
            out = {
                v: max((found[w] + 1 for w in self.graph[v] if w not in members), default=0) for v in members
            }
            inside = self.graph.subgraph(members)
            for v in members:
                steps = nx.single_source_shortest_path_length(inside, v)
                found[v] = max(d + out[u] for u, d in steps.items())
        return found

    def weakest(self, way: Sequence[str]) -> int | None:
        """Smallest edge of a cycle, None where one is not known."""
        amounts = []
        for u, v in zip(way, [*way[1:], way[0]], strict=True):
            of = self.edges[u, v]
            if any(self.bounds(g).unknown and v in self.pairs(g).values() for g in of):
                return None
            amounts.append(self.call({g: [f for f, d in self.pairs(g).items() if d == v] for g in of}))
        return min(amounts)

    @cached_property
    def joint(self) -> set[Ring]:
        """Circles in which every member borrows and all others stand for it."""
        of: dict[Ring, set[str]] = {}
        for f, row in self.facilities.items():
            givers = {
                self.giver(g)
                for g in self.alive
                if f in self.pairs(g) and self.guarantees[g]["form"] != "counter"
            }
            if givers:
                of.setdefault(frozenset(givers | {str(row["obligor_id"])}), set()).add(str(row["obligor_id"]))
        parts = list(nx.strongly_connected_components(self.graph))
        return {
            s for s, borrowers in of.items() if len(s) > 2 and s == borrowers and any(s <= p for p in parts)
        }

    def rings(self, longest: int = 6) -> dict[Ring, int | None]:
        """Sets of parties of a cycle with the best of the weakest edges, joint circles apart."""
        found: dict[Ring, int | None] = {}
        for way in nx.simple_cycles(self.graph, length_bound=longest):
            members = frozenset(way)
            if not any(members <= circle for circle in self.joint):
                amounts = [a for a in (found.get(members), self.weakest(way)) if a is not None]
                found[members] = max(amounts, default=None)
        return found


def below(edges: Iterable[tuple[str, str]], debts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Debts of all below each guarantor but its own, by a recursive query."""
    base: Any = duckdb.connect()
    base.execute("CREATE TABLE e (a TEXT, b TEXT)")
    base.execute("CREATE TABLE d (party TEXT, amount HUGEINT)")
    base.executemany("INSERT INTO e VALUES (?, ?)", [["", ""], *(list(e) for e in edges)])
    base.executemany("INSERT INTO d VALUES (?, ?)", [*(list(d) for d in debts), ["", 0]])
    query = """
        WITH RECURSIVE chain(start, node) AS (
            SELECT a, b FROM e UNION SELECT chain.start, e.b FROM chain JOIN e ON e.a = chain.node)
        SELECT start, coalesce(sum(amount), 0) FROM chain LEFT JOIN d ON d.party = node AND node <> start
        GROUP BY start"""
    return {start: int(amount) for start, amount in base.execute(query).fetchall() if start}
