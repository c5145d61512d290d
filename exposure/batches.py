"""Batches: many findings of one code as columns, so that hundreds of thousands cost no object each.

A batch makes the same rows of the ``findings`` result as one ``Finding`` after another would.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exposure.kernels import words as _kernels
from exposure.materiality import severities
from exposure.results import MONEY, constant, decimals, result
from graph.findings import CODES
from graph.ids import one_chunk, text_buffers
from graph.money import NULL
from graph.snapshot import Snapshot

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

MOST_NAMED: Final = 20
"""Entries that a list among the figures has at most."""
MOST_ROWS: Final = 1000
"""Facts that a finding names at most."""
_UNSAFE: Final = '["\\\\\\x00-\\x1f]'


@dataclass(frozen=True)
class Sources:
    """The facts that findings rest on: those of finding i are the places ``ptr[i]:ptr[i + 1]`` (int64).

    By place: ``table`` int8 indexes ``tables``, ``row`` int64 is a row of the book.
    """

    tables: tuple[str, ...]
    ptr: Int64
    table: Int8
    row: Int64

    @classmethod
    def of(cls, snapshot: Snapshot, name: str, ptr: Int64, rows: npt.ArrayLike) -> Sources:
        """Rows in force of one table, each once, in the order of the book, the first ``MOST_ROWS`` of a finding."""
        many = np.int64(len(snapshot.tables[name]) + 1)
        key = np.sort(np.repeat(np.arange(len(ptr) - 1), np.diff(ptr)) * many + np.asarray(rows, np.int64))
        key = key[np.append(True, np.diff(key) > 0)[: len(key)]]
        ends = np.searchsorted(key, np.arange(len(ptr)) * many)
        short, kept = shorten(ends, key % many, MOST_ROWS)
        row = snapshot.tables[name].row[kept].astype(np.int64)
        return cls((name,), short, np.zeros(len(row), np.int8), row)

    @classmethod
    def none(cls, many: int) -> Sources:
        """Findings that rest on no single row."""
        return cls((), np.zeros(many + 1, np.int64), np.zeros(0, np.int8), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Batch:
    """Findings of one code and rule.

    ``subjects`` is a list array of ids, sorted in each finding; ``amount`` int64 base minor units, NULL for
    none; ``figures`` text, numbers or lists of text by name, without nulls but for text that no
    sentence shows; ``sources`` the facts behind.
    ``sentence`` is the name of its words where they are not those of the code.
    """

    code: str
    subjects: pa.ListArray
    amount: Int64
    sources: Sources
    rule: str = ""
    figures: Mapping[str, pa.Array] = field(default_factory=dict)
    sentence: str = ""

    def __post_init__(self) -> None:
        """Refuse a code that the model lacks."""
        if self.code not in CODES:
            raise KeyError(self.code)

    def __len__(self) -> int:
        """How many findings there are."""
        return len(self.amount)

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], int | None, dict[str, object]]]:
        """Subjects, amount and figures of each finding, for tests and for questions about single ones."""
        columns = {name: values.to_pylist() for name, values in self.figures.items()}
        for i, subjects in enumerate(self.subjects.to_pylist()):
            amount = None if self.amount[i] == NULL else int(self.amount[i])
            yield tuple(subjects), amount, {name: values[i] for name, values in columns.items()}


def money(units: Int64) -> pa.Array:
    """Minor units as sentences show them, NULL as an empty text.

    >>> money(np.array([123456789, NULL])).to_pylist()
    ['1,234,567.89', '']
    """
    ends, text = _kernels.amounts(np.where(units == NULL, 0, units))
    shown = pa.StringArray.from_buffers(len(units), pa.py_buffer(ends), pa.py_buffer(text))
    return pc.if_else(pa.array(units == NULL), "", shown)


def lists(ptr: npt.ArrayLike, values: pa.Array) -> pa.ListArray:
    """Texts as lists of these lengths."""
    return pa.ListArray.from_arrays(pa.array(np.asarray(ptr, np.int32)), values)


def in_order(ptr: Int64, rank: Int32) -> Int64:
    """Places of the entries of each list (CSR) in the order of their ranks: int64."""
    none = np.zeros(0, np.uint8), np.zeros(0, np.int32)
    return np.asarray(_kernels.in_order(np.asarray(ptr, np.int64), rank, *none), np.int64)


def few(ptr: Int64, values: pa.Array, most: int = MOST_NAMED) -> pa.ListArray:
    """Texts as lists (CSR), each in order and with its first ``most`` entries.

    >>> few(np.array([0, 3, 4]), pa.array(["b", "c", "a", "x"]), 2).to_pylist()
    [['a', 'b'], ['x']]
    """
    text = text_buffers(one_chunk(values, pa.string()))[:2]
    order = _kernels.in_order(np.asarray(ptr, np.int64), np.zeros(0, np.int32), *text)
    short, kept = shorten(ptr, order, most)
    return lists(short, values.take(pa.array(kept)))


def shorten(ptr: Int64, rows: Int64, most: int) -> tuple[Int64, Int64]:
    """The first ``most`` entries of each list of a CSR.

    >>> [a.tolist() for a in shorten(np.array([0, 3, 4]), np.array([7, 8, 9, 5]), 2)]
    [[0, 2, 3], [7, 8, 5]]
    """
    size = np.minimum(np.diff(ptr), most)
    short = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return short, rows[np.arange(short[-1]) + np.repeat(ptr[:-1] - short[:-1], size)]


def shown(units: Int64, snapshot: Snapshot) -> pa.Array:
    """Amounts in the base currency as sentences show them, NULL as an empty text."""
    return pc.if_else(pa.array(units == NULL), "", _joined(len(units), money(units), f" {snapshot.base}"))


def single(values: pa.Array) -> pa.ListArray:
    """Each text as a list of one."""
    return lists(np.arange(len(values) + 1), values)


def pairs(names: pa.Array, rank: npt.NDArray[np.integer], one: Int64, other: Int64) -> pa.ListArray:
    """Two texts each, in the order of their ranks.

    >>> pairs(pa.array(["b", "a"]), np.array([1, 0]), np.array([0]), np.array([1])).to_pylist()
    [['a', 'b']]
    """
    swap = rank[one] > rank[other]
    both = np.column_stack((np.where(swap, other, one), np.where(swap, one, other)))
    return lists(np.arange(0, 2 * len(both) + 1, 2), names.take(pa.array(both.reshape(-1))))


def table(batch: Batch, snapshot: Snapshot, words: Callable[[str], Mapping[str, str]]) -> pa.Table:
    """The rows of the ``findings`` result, in the order of the batch; ``words`` gives sentences by language."""
    n, code, base = len(batch), CODES[batch.code], snapshot.base
    known = pa.array(batch.amount != NULL)
    amount = shown(batch.amount, snapshot)
    figures = {name: _text(values) for name, values in batch.figures.items()}
    places = {"subjects": pc.binary_join(batch.subjects, ", "), "amount": amount, **figures}
    return result(
        "findings",
        finding_id=_ids(batch),
        code=constant(batch.code, n),
        severity=severities(batch.code, batch.amount, snapshot),
        subject_kind=constant(code.subject, n),
        subjects=batch.subjects,
        amount=decimals(batch.amount, MONEY),
        currency=pc.if_else(known, base, None),
        rule=constant(batch.rule or None, n),
        text_en=_sentence(words("en")[batch.sentence or batch.code], places, n),
        text_zh=_sentence(words("zh")[batch.sentence or batch.code], places, n),
        evidence=_evidence(batch, snapshot),
    )


def _ids(batch: Batch) -> pa.Array:
    """Stable ids, as ``finding_id`` makes them."""
    start = f"{batch.code}\x1f{batch.rule}\x1f"
    texts = pc.binary_join(batch.subjects, "\x1f").to_pylist()
    prints = [hashlib.blake2b((start + text).encode(), digest_size=10).hexdigest() for text in texts]
    return _joined(len(batch), "F:", pa.array(prints, pa.string()))


def _joined(n: int, *parts: pa.Array | str) -> pa.Array:
    """Texts one behind the other, n times."""
    if not n:
        return pa.array([], pa.string())
    columns = [constant(p, n) if isinstance(p, str) else p for p in parts]
    return pc.binary_join_element_wise(*columns, "") if columns else constant("", n)


def _text(values: pa.Array) -> pa.Array:
    """A figure as a sentence shows it."""
    if pa.types.is_list(values.type):
        return pc.binary_join(values, ", ")
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def _sentence(pattern: str, places: Mapping[str, pa.Array], n: int) -> pa.Array:
    """A sentence with its places filled."""
    parts: list[pa.Array | str] = []
    for text, name, _, _ in Formatter().parse(pattern):
        parts += [text] if text else []
        parts += [places[name]] if name else []
    return _joined(n, *parts)


def _quoted(texts: pa.Array) -> pa.Array:
    """Texts as JSON strings, null where there is none."""
    if texts.null_count:
        return pc.fill_null(_quoted_all(texts), "null")
    return _quoted_all(texts)


def _quoted_all(texts: pa.Array) -> pa.Array:
    """Texts as JSON strings; what is null stays so."""
    if pc.any(pc.match_substring_regex(texts, _UNSAFE)).as_py():
        return pa.array(
            [t if t is None else json.dumps(t, ensure_ascii=False) for t in texts.to_pylist()], pa.string()
        )
    return _joined(len(texts), '"', texts, '"')


def _json(values: pa.Array) -> pa.Array:
    """A figure as JSON."""
    if pa.types.is_list(values.type):
        inner = lists(np.asarray(values.offsets) - values.offsets[0].as_py(), _quoted(values.flatten()))
        return _joined(len(values), "[", pc.binary_join(inner, ", "), "]")
    return _quoted(values) if pa.types.is_string(values.type) else values.cast(pa.string())


def _evidence(batch: Batch, snapshot: Snapshot) -> pa.Array:
    """Figures and source rows as JSON."""
    parts: list[pa.Array | str] = ['{"figures": {']
    for place, (name, values) in enumerate(batch.figures.items()):
        parts += [f'{", " if place else ""}"{name}": ', _json(values)]
    rows = pc.binary_join(lists(batch.sources.ptr, _facts(batch.sources, snapshot)), ", ")
    return _joined(len(batch), *parts, '}, "rows": [', rows, "]}")


def _facts(sources: Sources, snapshot: Snapshot) -> pa.Array:
    """File and line of each fact as a JSON object."""
    pieces, order = [pa.array([], pa.string())], [np.zeros(0, np.int64)]
    for number, name in enumerate(sources.tables):
        places = np.flatnonzero(sources.table == number)
        for file, chosen, line in _lines(snapshot, name, sources.row[places]):
            start = json.dumps({"table": name, "file": file}, ensure_ascii=False)[:-1]
            pieces.append(_joined(len(line), f'{start}, "row": ', pa.array(line).cast(pa.string()), "}"))
            order.append(places[chosen])
    place = np.empty(len(sources.row), np.int64)
    flat = np.concatenate(order)
    place[flat] = np.arange(len(flat))
    return pa.concat_arrays(pieces).take(pa.array(place))


def _lines(snapshot: Snapshot, name: str, rows: Int64) -> Sequence[tuple[str, Int64, Int64]]:
    """Rows of a table by the file that they came from: file, which of them, and their lines."""
    found = []
    low = 0
    for origin in snapshot.book.origins.get(name, ()) if snapshot.book else ():
        chosen = np.flatnonzero((rows >= low) & (rows < low + origin.rows))
        inside = rows[chosen] - low
        found.append(
            (
                origin.file,
                chosen,
                origin.first_line + inside if origin.lines is None else origin.lines[inside],
            )
        )
        low += origin.rows
    rest = np.flatnonzero(rows >= low)
    return [*found, (name, rest, rows[rest] - low + 1)]
