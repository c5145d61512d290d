"""Findings: what the engine noticed, with stable ids, figures, source rows and words in both languages."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exposure import batches
from exposure.batches import Batch
from exposure.materiality import severities
from exposure.results import MONEY, constant, decimals, result
from graph.findings import CODES
from graph.money import NULL, grouped
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
    amount = "" if found.amount is None else f"{grouped(found.amount)} {currency}"
    places = {k: _shown(v) for k, v in found.figures.items()}
    return pattern.format_map({"subjects": ", ".join(found.subjects), "amount": amount, **places})


def table(findings: Iterable[Finding | Batch], snapshot: Snapshot) -> pa.Table:
    """The ``findings`` result, ordered by code, subjects and rule, one row for each id.

    Evidence is JSON: ``figures`` by name, and ``rows`` with file and line of the facts behind it.
    """
    return pa.concat_tables(make() for make in pieces(findings, snapshot))


def pieces(findings: Iterable[Finding | Batch], snapshot: Snapshot) -> Sequence[Callable[[], pa.Table]]:
    """What makes the same, piece by piece, one for each code; at least one, if it is without rows."""
    by_code: dict[str, list[Finding | Batch]] = {}
    for found in findings:
        by_code.setdefault(found.code, []).append(found)
    made = [partial(_of_code, code, by_code[code], snapshot) for code in sorted(by_code)]
    return made or [partial(_of_code, "", [], snapshot)]


def _of_code(code: str, found: Sequence[Finding | Batch], snapshot: Snapshot) -> pa.Table:
    """The findings of one code in order."""
    made = [_alone(code, [f for f in found if isinstance(f, Finding)], snapshot)]
    made += [batches.table(batch, snapshot, words) for batch in found if isinstance(batch, Batch)]
    return _ordered([rows for rows in made if len(rows)] or made[:1])


def _ordered(pieces: Sequence[pa.Table]) -> pa.Table:
    """Rows of one code by subjects and rule; not copied where they are in order."""
    rows = pa.concat_tables(pieces)
    joined = pc.binary_join(rows["subjects"].combine_chunks(), "\x1f")
    if pc.all(pc.less(joined.slice(0, max(len(joined) - 1, 0)), joined.slice(1))).as_py():
        return rows
    keys = pa.table({"subjects": joined, "rule": pc.fill_null(rows["rule"], "")})
    return rows.take(pc.sort_indices(keys, [("subjects", "ascending"), ("rule", "ascending")]))


def _alone(code: str, findings: Iterable[Finding], snapshot: Snapshot) -> pa.Table:
    """The rows of findings of a code that come one by one, in order, one for each id."""
    held = {finding_id(f.code, f.subjects, f.rule): f for f in findings}
    ordered = sorted(held.items(), key=lambda kv: (kv[1].subjects, kv[1].rule))
    found = [f for _, f in ordered]
    amounts = np.array([NULL if f.amount is None else f.amount for f in found], np.int64)
    english, chinese = words("en"), words("zh")
    return result(
        "findings",
        finding_id=pa.array([i for i, _ in ordered], pa.string()),
        code=constant(code, len(found)),
        severity=severities(code, amounts, snapshot) if found else pa.array([], pa.string()),
        subject_kind=pa.array([f.about or CODES[f.code].subject for f in found], pa.string()),
        subjects=pa.array([list(f.subjects) for f in found], pa.list_(pa.string())),
        amount=decimals(amounts, MONEY),
        currency=pa.array([None if f.amount is None else snapshot.base for f in found], pa.string()),
        rule=pa.array([f.rule or None for f in found], pa.string()),
        text_en=pa.array([_sentence(english[f.code], f, snapshot.base) for f in found], pa.string()),
        text_zh=pa.array([_sentence(chinese[f.code], f, snapshot.base) for f in found], pa.string()),
        evidence=pa.array([_evidence(f, snapshot) for f in found], pa.string()),
    )


def _evidence(found: Finding, snapshot: Snapshot) -> str:
    """Figures and source rows as JSON."""
    rows = []
    for name, row in found.rows:
        file, line = snapshot.book.place(name, row) if snapshot.book else (name, row + 1)
        rows.append({"table": name, "file": file, "row": line})
    return json.dumps({"figures": dict(found.figures), "rows": rows}, ensure_ascii=False, default=str)
