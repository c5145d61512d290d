"""Plan: the batches that take the graph from how facts stand to how they shall stand.

Each batch is one transaction: a fact leaves one place and enters the other in the same one. Relationships go before
the nodes that they hang on, and come after them. The same plan serves a load, the rest of a load that was cut
off, and the way back from one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa

from graph.ids import one_chunk
from graph.keys import KeySet, fingerprints
from graph.model import Table
from graph.neo4j import shape
from graph.neo4j.placed import NONE, Placed
from graph.neo4j.segments import Int64, less
from graph.neo4j.session import Statement
from graph.neo4j.shape import DORMANT, EDGES, FACT, NODES, PAST, PER_VERSION, SINCE, Tie
from graph.neo4j.standing import Standing, same_ids, tied

AT_ONCE: Final = 10_000
"""Facts in one transaction."""
Since = Mapping[int, int]


@dataclass(frozen=True)
class Batch:
    """Statements of one transaction, and how many rows of which table it is about."""

    table: str
    rows: int
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Move:
    """What is to be done with one table: from how its facts are placed to how they shall stand."""

    table: Table
    placed: Placed
    wanted: Standing | None
    version: int
    since: Since = field(default_factory=dict)

    @property
    def shown(self) -> Int64:
        """Facts that shall be in force, sorted."""
        return self.wanted.in_force if self.wanted else NONE

    @property
    def dormant(self) -> Int64:
        """Facts that shall be dormant, sorted."""
        return self.wanted.dormant if self.wanted else NONE

    @cached_property
    def leaving(self) -> Int64:
        """Facts that are in force and shall not be, sorted."""
        return less(self.placed.shown, self.shown)

    @cached_property
    def entering(self) -> Int64:
        """Facts that shall be in force and are not, sorted."""
        return less(self.shown, self.placed.shown)

    def earlier(self) -> Int64:
        """Facts of earlier versions that shall be known or in force and are not in force."""
        new = np.concatenate([self.entering, less(self.dormant, self.placed.shown)])
        return new[new < self.version * PER_VERSION]

    def target(self, fact: int, dormant: frozenset[int], low: int) -> str:
        """Where a fact goes that is no longer in force; "" for one that was never published."""
        if fact in dormant:
            return DORMANT
        return "" if fact >= low else PAST


class Plan:
    """All moves of a load; ``undo`` takes the facts of the version that is not published out of the graph."""

    def __init__(self, moves: Mapping[str, Move], held: Mapping[str, Standing], *, undo: bool) -> None:
        self._moves = moves
        self._held = held
        version = next(iter(moves.values())).version if moves else 0
        self._version = version
        self._low = version * PER_VERSION if undo else 2**62
        self.entered: dict[str, set[int]] = {}

    def batches(self) -> Iterator[Batch]:
        """Every batch, in order."""
        for table in EDGES:
            yield from self._leave(table)
        replaced = {table.name: self._pairs(table) for table in NODES}
        for table in NODES:
            yield from self._replace(table, replaced[table.name])
        for table in NODES[::-1]:
            yield from self._leave(table, {old for old, _ in replaced[table.name]})
        for table in NODES:
            yield from self._enter_nodes(table, {new for _, new in replaced[table.name]})
        for table in (*NODES, *EDGES):
            yield from self._dormant(table)
        for table in EDGES:
            yield from self._enter_edges(table)

    def _leave(self, table: Table, but: set[int] = frozenset()) -> Iterator[Batch]:  # type: ignore[assignment]
        """Facts that leave, each to where it is kept."""
        move = self._moves.get(table.name)
        if move is None:
            return
        dormant = frozenset(move.dormant.tolist())
        ways: dict[str, list[int]] = {}
        for fact in move.leaving.tolist():
            if fact not in but:
                ways.setdefault(move.target(fact, dormant, self._low), []).append(fact)
        for target, facts in ways.items():
            for part in _chunks(facts):
                asked = {"facts": part, "version": self._version}
                yield Batch(table.name, len(part), (Statement(shape.leave(table, target), asked, len(part)),))

    def _pairs(self, table: Table) -> list[tuple[int, int]]:
        """Facts that leave and enter with one key: the node stays and takes the new row."""
        move = self._moves.get(table.name)
        if move is None or move.wanted is None or not len(move.placed.shown):
            return []
        entering, leaving = move.entering, move.leaving
        if not len(entering) or not len(leaving):
            return []
        keys = move.placed.keys.take(pa.array(np.searchsorted(move.placed.shown, leaving)))
        old = KeySet(fingerprints(keys, table.key))
        match = old.rows(fingerprints(move.wanted.take(entering), table.key))
        hit = np.flatnonzero(match >= 0)
        return list(zip(leaving[match[hit]].tolist(), entering[hit].tolist(), strict=True))

    def _replace(self, table: Table, pairs: Sequence[tuple[int, int]]) -> Iterator[Batch]:
        """Nodes that take another row."""
        if not pairs:
            return
        move = self._moves[table.name]
        dormant = frozenset(move.dormant.tolist())
        ways: dict[str, list[tuple[int, int]]] = {}
        for old, new in pairs:
            ways.setdefault(move.target(old, dormant, self._low), []).append((old, new))
        for target, some in ways.items():
            for part in _chunks(some):
                facts = [new for _, new in part]
                rows, columns = self._rows(move, facts)
                for row, (old, _) in zip(rows, part, strict=True):
                    row["old"] = old
                text = shape.replace_nodes(table, target, columns)
                asked = {"rows": rows, "version": self._version}
                yield Batch(
                    table.name, len(part), (Statement(text, asked, len(part)), *self._awake(move, facts))
                )

    def _enter_nodes(self, table: Table, but: set[int]) -> Iterator[Batch]:
        """New nodes with their ties."""
        move = self._moves.get(table.name)
        if move is None or move.wanted is None:
            return
        facts = np.asarray([f for f in move.entering.tolist() if f not in but], np.int64)
        self.entered[table.name] = set(facts.tolist())
        wanted = [
            t for t in shape.ties(table) if t.label != table.label
        ]  # one to its own kind may not be there yet
        for some, tied_by in _by_ties(move.wanted, facts, wanted, self._held):
            for part in _chunks(some.tolist()):
                rows, columns = self._rows(move, part)
                text = shape.create_nodes(table, columns, tied_by)
                yield Batch(
                    table.name,
                    len(part),
                    (Statement(text, {"rows": rows}, len(part)), *self._awake(move, part)),
                )

    def _enter_edges(self, table: Table) -> Iterator[Batch]:
        """New relationships, in the order of the nodes that they start from."""
        move = self._moves.get(table.name)
        if move is None or move.wanted is None:
            return
        for part in _chunks(move.entering.tolist()):
            rows, columns = self._rows(move, part)
            own = [c for c in columns if c not in table.ends]
            text = shape.create_edges(table, own)
            yield Batch(
                table.name, len(part), (Statement(text, {"rows": rows}, len(part)), *self._awake(move, part))
            )

    def _dormant(self, table: Table) -> Iterator[Batch]:
        """Facts that become dormant without having been in force, and dormant ones that are past."""
        move = self._moves.get(table.name)
        if move is None:
            return
        new = less(less(move.dormant, move.placed.dormant), move.placed.shown)
        for part in _chunks(new.tolist()):
            yield Batch(table.name, len(part), (self._loose(move, part, DORMANT, {}),))
        gone = less(less(move.placed.dormant, move.dormant), move.shown)
        for part in _chunks(gone[gone < self._low].tolist()):
            asked = {"facts": part, "table": table.name, "version": self._version}
            yield Batch(table.name, len(part), (Statement(shape.AGE, asked, len(part)),))
        for part in _chunks(gone[gone >= self._low].tolist()):
            asked = {"facts": part, "table": table.name}
            yield Batch(table.name, len(part), (Statement(shape.drop_loose(DORMANT), asked),))

    def _awake(self, move: Move, facts: Sequence[int]) -> Iterator[Statement]:
        """Remove from the dormant those that are in force now."""
        awake = np.intersect1d(move.placed.dormant, np.asarray(facts, np.int64))
        if len(awake):
            yield Statement(shape.drop_loose(DORMANT), {"facts": awake.tolist(), "table": move.table.name})

    def _loose(self, move: Move, facts: Sequence[int], target: str, more: Mapping[str, int]) -> Statement:
        rows, _ = self._rows(move, facts)
        for row in rows:
            row.update({"table": move.table.name, **more})
            row.pop("kind_label", None)
        return Statement(shape.create_loose(target), {"rows": rows}, len(rows))

    def _rows(self, move: Move, facts: Sequence[int]) -> tuple[list[dict[str, Any]], list[str]]:
        """Rows of facts as maps, and the columns that hold something."""
        if move.wanted is None:
            raise AssertionError(move.table.name)
        return as_rows(
            move.wanted.take(np.asarray(facts, np.int64)), move.table, facts, move.since, self._version
        )


def as_rows(
    data: pa.Table, table: Table, facts: Sequence[int], known: Since, version: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows as maps with their numbers and since when they are known, and the columns that hold something."""
    columns = [c for c in data.column_names if data.column(c).null_count < data.num_rows]
    rows: list[dict[str, Any]] = data.select(columns).to_pylist() if columns else [{} for _ in facts]
    for row, fact in zip(rows, facts, strict=True):
        row[FACT] = fact
        row[SINCE] = known.get(fact, version)
    if table.name == "parties" and "kind" in columns:
        for row in rows:
            row["kind_label"] = shape.kind_label(row["kind"])
    return rows, columns


def _by_ties(
    wanted: Standing, facts: Int64, tied_to: Sequence[Tie], held: Mapping[str, Standing]
) -> Iterator[tuple[Int64, list[Tie]]]:
    """Facts by which of their ties there are."""
    rows = wanted.take(facts)
    which = np.zeros(len(facts), np.int64)
    for place, tie in enumerate(tied_to):
        which |= tied(rows, tie, held).astype(np.int64) << place
    for bits in np.unique(which).tolist():
        yield facts[which == bits], [t for place, t in enumerate(tied_to) if bits >> place & 1]


def tie_rows(held: Mapping[str, Standing], table: Table, tie: Tie, but: Int64) -> pa.Table:
    """Every tie of a kind that shall be, but those of some facts: fact, key columns and target of each."""
    one = held.get(table.name)
    if one is None:
        return pa.table({"fact": pa.array([], pa.int64()), "target": pa.array([], pa.string())})
    facts = less(one.in_force, but)
    every = one.take(facts)
    mask = tied(every, tie, held)
    rows = every.filter(pa.array(mask))
    target = (
        one_chunk(rows.column(tie.column).cast(pa.string()), pa.string())
        if tie.column in rows.column_names
        else pa.array([], pa.string())
    )
    keys = {f"k{i}": rows.column(c) for i, c in enumerate(table.key) if c in rows.column_names}
    return pa.table({"fact": pa.array(facts[mask]), "target": target, **keys})


def _stay(before: Mapping[str, Standing], after: Mapping[str, Standing], table: Table) -> Int64:
    """Facts of a table that are in force in both, sorted."""
    one, other = before.get(table.name), after.get(table.name)
    return less(one.in_force, less(one.in_force, other.in_force)) if one and other else NONE


def tie_batches(
    before: Mapping[str, Standing],
    after: Mapping[str, Standing],
    entered: Mapping[str, set[int]],
    same: Collection[str] | None,
) -> Iterator[Batch]:
    """Ties of nodes that stay: new ones, and those that are no more; ``same`` are tables that did not change.

    After a cut-off job (None) what is there is not known: wrong ones go by what their columns say.
    """
    found = same is None
    for table in NODES:
        for tie in shape.ties(table):
            same_targets = same is not None and same_ids(before, after, tie.label, same)
            if same is not None and table.name in same and same_targets:
                continue
            stay = _stay(before, after, table) if same_targets else NONE
            old = tie_rows({} if found else before, table, tie, stay)
            new = tie_rows(after, table, tie, stay)
            columns = ["target", *(f"k{i}" for i in range(len(table.key)))]
            left, right = fingerprints(old, columns), fingerprints(new, columns)
            gone = np.flatnonzero(KeySet(right).rows(left) < 0) if len(left) else np.zeros(0, np.int64)
            come = np.flatnonzero(KeySet(left).rows(right) < 0) if len(right) else np.zeros(0, np.int64)
            if found:
                yield Batch(table.name, 0, (Statement(shape.untie_wrong(table, tie)),))
            yield from _gone(table, tie, old, gone, after)
            inline = entered.get(table.name, set()) if tie.label != table.label else set()
            rows = new.select(["fact", "target"]).take(pa.array(come, pa.int64())).to_pylist()
            rows = [r for r in rows if r["fact"] not in inline]
            for part in _chunks(rows):
                yield Batch(
                    table.name, 0, (Statement(shape.tie_nodes(table, tie), {"rows": part}, len(part)),)
                )


def _gone(
    table: Table, tie: Tie, old: pa.Table, gone: np.ndarray, after: Mapping[str, Standing]
) -> Iterator[Batch]:
    """Ties that are no more, of nodes that are still there."""
    one = after.get(table.name)
    if not len(gone) or one is None:
        return
    keys = old.take(pa.array(gone, pa.int64()))
    fact = one.in_force
    shown = one.take(fact).select([c for c in table.key if c in one.rows.column_names])
    named = shown.rename_columns([f"k{table.key.index(c)}" for c in shown.column_names])
    columns = [f"k{i}" for i in range(len(table.key))]
    at = KeySet(fingerprints(named, columns)).rows(fingerprints(keys, columns))
    rows = [
        {"fact": int(fact[place]), "target": target}
        for place, target in zip(at.tolist(), keys.column("target").to_pylist(), strict=True)
        if place >= 0
    ]
    for part in _chunks(rows):
        yield Batch(table.name, 0, (Statement(shape.untie_nodes(table, tie), {"rows": part}),))


def _chunks(items: Sequence[Any]) -> Iterator[list[Any]]:
    """Parts of a size that one transaction takes."""
    for start in range(0, len(items), AT_ONCE):
        yield list(items[start : start + AT_ONCE])
