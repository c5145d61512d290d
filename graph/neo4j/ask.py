"""Questions on an analyst's behalf: they only read, and stop at bounds of time, memory and rows.

A read-only session does not keep a question from reading files and addresses or from ending others' transactions,
so every plan is looked at before it runs: each of its operators must be one that only reads the graph. A plan does
not show what a subquery inside an expression does; the two things that it might do beyond reading are refused by
their words.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import neo4j
from neo4j.exceptions import DriverError, Neo4jError
from neo4j.time import Date, DateTime

from cypher import QuestionError, SavedQuery
from graph.errors import OptionError, StoreError
from graph.neo4j.gate import Gate, results, shown_day, writing
from graph.neo4j.results import reads_results
from graph.neo4j.session import Server, as_error
from graph.store import Results

ALLOWED: Final = frozenset(
    [
        "AllNodesScan", "AntiConditionalApply", "AntiSemiApply", "Apply", "Argument", "ArgumentTracker",
        "AssertSameNode", "AssertSameRelationship", "BFSPruningVarLengthExpand", "CacheProperties",
        "CartesianProduct", "ConditionalApply", "DirectedAllRelationshipsScan",
        "DirectedRelationshipIndexContainsScan", "DirectedRelationshipIndexEndsWithScan",
        "DirectedRelationshipIndexScan", "DirectedRelationshipIndexSeek",
        "DirectedRelationshipIndexSeekByRange", "DirectedRelationshipTypeScan",
        "DirectedRelationshipUniqueIndexSeek", "DirectedRelationshipUniqueIndexSeekByRange",
        "DirectedUnionRelationshipTypesScan", "Distinct", "Eager", "EagerAggregation", "EmptyResult",
        "EmptyRow", "ExhaustiveLimit", "Expand(All)", "Expand(Into)", "Filter",
        "IntersectionNodeByLabelsScan", "LeftOuterHashJoin", "LetAntiSemiApply",
        "LetSelectOrAntiSemiApply", "LetSelectOrSemiApply", "LetSemiApply", "Limit", "MultiNodeIndexSeek",
        "NodeByLabelScan", "NodeCountFromCountStore", "NodeHashJoin", "NodeIndexContainsScan",
        "NodeIndexEndsWithScan", "NodeIndexScan", "NodeIndexSeek", "NodeIndexSeekByRange",
        "NodeUniqueIndexSeek", "NodeUniqueIndexSeekByRange", "Optional", "OptionalExpand(All)",
        "OptionalExpand(Into)", "OrderedAggregation", "OrderedDistinct", "OrderedUnion", "PartialSort",
        "PartialTop", "PathPropagatingBFS", "ProduceResults", "Projection", "PruningVarLengthExpand",
        "RelationshipCountFromCountStore", "Repeat(Trail)", "Repeat(Walk)", "RightOuterHashJoin",
        "RollUpApply", "SelectOrAntiSemiApply", "SelectOrSemiApply", "SemiApply", "ShortestPath", "Skip",
        "Sort", "StatefulShortestPath(All)", "StatefulShortestPath(Into)",
        "StatefulShortestPath(All, Trail)", "StatefulShortestPath(All, Walk)",
        "StatefulShortestPath(Into, Trail)", "StatefulShortestPath(Into, Walk)", "SubqueryFilter",
        "SubtractionNodeByLabelsScan", "Top", "Trail", "UndirectedAllRelationshipsScan",
        "UndirectedRelationshipIndexScan", "UndirectedRelationshipIndexSeek",
        "UndirectedRelationshipIndexSeekByRange", "UndirectedRelationshipTypeScan",
        "UndirectedRelationshipUniqueIndexSeek", "UndirectedUnionRelationshipTypesScan", "Union",
        "UnionNodeByLabelsScan", "Unwind", "ValueHashJoin", "VarLengthExpand(All)",
        "VarLengthExpand(Into)", "VarLengthExpand(Pruning)", "VarLengthExpand(Pruning,BFS,All)",
        "VarLengthExpand(Pruning,BFS,Into)",
    ]
)  # fmt: skip
"""Operators of Neo4j's plans, by the names of 5.26 and of 2026, that read nothing but the graph and change nothing."""
_PREFIX: Final = re.compile(
    r"^(?:\s|//[^\n]*\n|/\*.*?\*/)*(EXPLAIN|PROFILE|CYPHER|USE)\b", re.IGNORECASE | re.DOTALL
)
_HIDDEN: Final = re.compile(r"\\u|\bLOAD\b.*\bCSV\b|\bCALL\b\s*[^\s({]", re.IGNORECASE | re.DOTALL)
"""Words of LOAD CSV and of a procedure's call, or an escape that could spell them."""
_OWN: Final = "Neo.ClientError.Statement."
"""How codes of errors begin that are in the text of a question or its parameters."""
_TRIES: Final = 3
LONGEST: Final = 3_600.0
"""Seconds that a question may ask for at most."""


class RefusedError(OptionError):
    """A question that is not run."""


class ChangingError(StoreError):
    """The data changed while a question was answered, again and again."""


@dataclass(frozen=True)
class Caps:
    """Bounds of one question: seconds, and rows of its answer. Memory is bounded by the server.

    ``OptionError`` for what is no bound: to the server, no seconds are time without end.
    """

    seconds: float = 30.0
    rows: int = 10_000

    def __post_init__(self) -> None:
        """Refuse what is no bound, also what is no number (NaN)."""
        if not 0 < self.seconds <= LONGEST:
            raise OptionError(f"--seconds {self.seconds:g}: write more than 0, and {LONGEST:g} at most")
        if self.rows < 1:
            raise OptionError(f"--rows {self.rows}: write 1 or more")


@dataclass(frozen=True)
class Answer:
    """Rows by column, whether there were more, of which version, and as of which day its facts count.

    ``about_results`` is True where the question is about results; ``results`` says what they are of (None where none
    were written back), ``stale`` whether that is another version or day than that of the facts, or not known.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    cut: bool
    version: int
    day: dt.date | None = None
    about_results: bool = False
    results: Results | None = None

    @property
    def stale(self) -> bool:
        """Whether the results are of other facts than those beside which they stand."""
        held = self.results
        return held is not None and (held.version, held.as_of) != (self.version, self.day)


def answer(
    server: Server, question: SavedQuery, given: Mapping[str, str], caps: Caps | None = None
) -> Answer:
    """The answer to a saved question; ``OptionError`` for a parameter that it cannot take."""
    try:
        values = question.values(given)
    except QuestionError as error:
        raise OptionError(str(error)) from error
    return ask(server, question.text, values, caps)


def ask(server: Server, text: str, values: Mapping[str, object], caps: Caps | None = None) -> Answer:
    """The answer to a question, of one version: it is asked again where a load went on meanwhile.

    Raises ``RefusedError`` for one that does more than read the graph or cannot be read, ``ChangingError`` where
    loads do not pause, ``StoreError`` where it takes longer or more memory than allowed.
    """
    bounds = caps or Caps()
    if _PREFIX.match(text):
        raise RefusedError(
            "a question begins with MATCH or another reading clause: no EXPLAIN, PROFILE, CYPHER or USE"
        )
    if _HIDDEN.search(text):
        raise RefusedError(
            "a question only reads the graph: no LOAD CSV, no CALL of a procedure, and no \\u escape (write the "
            "character itself)"
        )
    gate = Gate(server)
    try:
        _look(server, text, values)
        for attempt in range(_TRIES):
            before = gate.read()
            if before.get("loading") is None:
                columns, rows = _run(server, text, values, bounds)
                after = gate.read()
                if _mark(after) == _mark(before):
                    shown = tuple(rows[: bounds.rows])
                    cut, version = len(rows) > bounds.rows, before.get("version", 0)
                    about = reads_results(text)
                    of = results(before) if about else None
                    return Answer(columns, shown, cut, version, shown_day(before), about, of)
            elif writing(before) is None:
                break  # nobody finishes it while one waits
            time.sleep(0.2 * 4**attempt)
    except (Neo4jError, DriverError) as error:
        if str(getattr(error, "code", "")).startswith(_OWN):
            told = str(getattr(error, "message", error)).split(" (line ")[0]
            raise RefusedError(f"the question cannot be answered as it is written: {told}") from error
        raise as_error(error, server.access.url) from error
    raise ChangingError(_changing(gate.read()))


def _changing(held: Mapping[str, Any]) -> str:
    """Why there is no answer of one version."""
    number = held.get("loading")
    if number is not None and writing(held) is None:
        return (
            f"the load of version {number} was cut off, and the graph is between two versions: load the same again, "
            "or another delivery, which takes it back first"
        )
    return "data changing: a load is going on; ask again when it is done (konzern store status)"


def _mark(held: Mapping[str, Any]) -> tuple[object, ...]:
    """What is the same before and after an answer of one version."""
    return held.get("version"), held.get("loading"), held.get("run")


def _look(server: Server, text: str, values: Mapping[str, object]) -> None:
    """Refuse a question whose plan has an operator that is not known to only read."""
    with server.session() as session, session.begin_transaction(timeout=10) as work:
        summary = work.run("EXPLAIN " + text, dict(values)).consume()
    if summary.query_type != "r" or summary.plan is None:
        raise RefusedError("a question only reads: this one writes or changes something")
    strange = sorted(set(_operators(summary.plan)) - ALLOWED)
    if strange:
        raise RefusedError(f"a question only reads the graph: {', '.join(strange)} is not allowed in it")


def _operators(plan: Mapping[str, Any]) -> Iterator[str]:
    """The operators of a plan."""
    yield str(plan["operatorType"]).split("@", 1)[0]
    for child in plan.get("children", ()):
        yield from _operators(child)


def _run(
    server: Server, text: str, values: Mapping[str, object], caps: Caps
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Column names and rows, one more than allowed at most."""
    with server.bounded(caps.seconds) as work:
        result: neo4j.Result = work.run(text, dict(values))
        columns = tuple(result.keys())
        records = result.fetch(caps.rows + 1)
    return columns, [{c: _plain(r[c]) for c in columns} for r in records]


def _plain(value: object) -> object:
    """A value of the driver as one of Python."""
    if isinstance(value, Date | DateTime):
        return value.to_native()
    if isinstance(value, neo4j.graph.Node | neo4j.graph.Relationship):
        return dict(value)
    return value
