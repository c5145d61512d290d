"""Findings: what the engine noticed, with stable ids, figures, source rows and words in both languages."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure import batches
from exposure.batches import Batch
from exposure.materiality import severities
from exposure.results import MONEY, decimals, result
from graph.findings import CODES
from graph.money import NULL
from graph.snapshot import Snapshot

_WORDS: Final = Path(__file__).parent / "words"


@cache
def words(language: str) -> dict[str, str]:
    """Sentences by finding code in ``en`` or ``zh``; places in braces are filled with figures."""
    return dict(tomllib.loads((_WORDS / f"findings.{language}.toml").read_text("utf-8")))


def finding_id(code: str, subjects: Sequence[str], rule: str) -> str:
    """Stable id of a finding: equal in every version of the book in which it stands.

    >>> finding_id("large", ["A"], "EU-CRR") == finding_id("large", ["A"], "EU-CRR")
    True
    """
    text = "\x1f".join((code, rule, *subjects))
    return "F:" + hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


@dataclass(frozen=True)
class Finding:
    """One finding: ``amount`` in base minor units, ``figures`` by name, ``rows`` as (table, book row).

    ``about`` is what the subjects are where a code may speak of parties and of groups; empty = as the code says.
    """

    code: str
    subjects: tuple[str, ...]
    amount: int | None = None
    rule: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)
    rows: tuple[tuple[str, int], ...] = ()
    about: str = ""


def finding(
    code: str,
    subjects: Iterable[str],
    amount: int | None = None,
    rule: str = "",
    rows: Iterable[tuple[str, int]] = (),
    figures: Mapping[str, object] | None = None,
    about: str = "",
    **more: object,
) -> Finding:
    """A finding of a known code, its subjects sorted; ``KeyError`` for a code that the model lacks.

    Figures come by keyword or as a mapping.
    """
    if code not in CODES:
        raise KeyError(code)
    return Finding(
        code, tuple(sorted(subjects)), amount, rule, {**(figures or {}), **more}, tuple(rows), about
    )


def _shown(value: object) -> str:
    """A figure as a sentence shows it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(v) for v in value)
    return str(value)


def _sentence(pattern: str, found: Finding, currency: str) -> str:
    """The sentence of a finding in one language."""
    amount = "" if found.amount is None else f"{found.amount / 100:,.2f} {currency}"
    places = {k: _shown(v) for k, v in found.figures.items()}
    return pattern.format_map({"subjects": ", ".join(found.subjects), "amount": amount, **places})


def table(findings: Iterable[Finding | Batch], snapshot: Snapshot) -> pa.Table:
    """The ``findings`` result, ordered by code, subjects and rule, one row for each id.

    Evidence is JSON: ``figures`` by name, and ``rows`` with file and line of the facts behind it.
    """
    given = list(findings)
    made = [_alone([f for f in given if isinstance(f, Finding)], snapshot)]
    made += [
        batches.table(batch, snapshot, words) for batch in given if isinstance(batch, Batch) and len(batch)
    ]
    return merged(made)


def merged(made: Sequence[pa.Table]) -> pa.Table:
    """Rows of several ``findings`` tables in the order of code, subjects and rule."""
    return pa.concat_tables(in_order(made))


def in_order(made: Sequence[pa.Table]) -> Iterator[pa.Table]:
    """The same in pieces, one for each code; at least one, if it is without rows."""
    pieces: dict[str, list[pa.Table]] = {}
    for table in made:
        runs = pc.run_end_encode(table["code"].combine_chunks())
        first = 0
        for code, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            pieces.setdefault(code, []).append(table.slice(first, end - first))
            first = end
    yield made[0].slice(0, 0)
    for code in sorted(pieces):
        yield _ordered(pieces.pop(code))


def _ordered(pieces: Sequence[pa.Table]) -> pa.Table:
    """Rows of one code by subjects and rule; not copied where they are in order."""
    rows = pa.concat_tables(pieces)
    joined = pc.binary_join(rows["subjects"].combine_chunks(), "\x1f")
    keys = pa.table({"subjects": joined, "rule": pc.fill_null(rows["rule"], "")})
    order = np.asarray(pc.sort_indices(keys, [("subjects", "ascending"), ("rule", "ascending")]))
    return rows if np.array_equal(order, np.arange(len(order))) else rows.take(order)


def _alone(findings: Iterable[Finding], snapshot: Snapshot) -> pa.Table:
    """The rows of findings that come one by one, in order, one for each id."""
    held = {finding_id(f.code, f.subjects, f.rule): f for f in findings}
    ordered = sorted(held.items(), key=lambda kv: (kv[1].code, kv[1].subjects, kv[1].rule))
    found = [f for _, f in ordered]
    amounts = np.array([NULL if f.amount is None else f.amount for f in found], np.int64)
    english, chinese = words("en"), words("zh")
    return result(
        "findings",
        finding_id=pa.array([i for i, _ in ordered], pa.string()),
        code=pa.array([f.code for f in found], pa.string()),
        severity=_severities(found, amounts, snapshot),
        subject_kind=pa.array([f.about or CODES[f.code].subject for f in found], pa.string()),
        subjects=pa.array([list(f.subjects) for f in found], pa.list_(pa.string())),
        amount=decimals(amounts, MONEY),
        currency=pa.array([None if f.amount is None else snapshot.base for f in found], pa.string()),
        rule=pa.array([f.rule or None for f in found], pa.string()),
        text_en=pa.array([_sentence(english[f.code], f, snapshot.base) for f in found], pa.string()),
        text_zh=pa.array([_sentence(chinese[f.code], f, snapshot.base) for f in found], pa.string()),
        evidence=pa.array([_evidence(f, snapshot) for f in found], pa.string()),
    )


def _severities(found: Sequence[Finding], amounts: npt.NDArray[np.int64], snapshot: Snapshot) -> pa.Array:
    """How grave each of some findings is, which stand in the order of their codes."""
    codes = [f.code for f in found]
    parts = [pa.array([], pa.string())]
    for code in dict.fromkeys(codes):
        first = codes.index(code)
        parts.append(severities(code, amounts[first : first + codes.count(code)], snapshot))
    return pa.concat_arrays(parts)


def _evidence(found: Finding, snapshot: Snapshot) -> str:
    """Figures and source rows as JSON."""
    rows = []
    for name, row in found.rows:
        file, line = snapshot.book.place(name, row) if snapshot.book else (name, row + 1)
        rows.append({"table": name, "file": file, "row": line})
    return json.dumps({"figures": dict(found.figures), "rows": rows}, ensure_ascii=False, default=str)
