"""What explanations tell of the sample group, and its result tables beside them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

from app.source import SAMPLE, compiled
from exposure.explain import explain
from exposure.report import Analysis, Request
from exposure.statement import Line


@cache
def sample() -> Analysis:
    snapshot, noticed = compiled(str(SAMPLE))
    packs = ("CN-LE", "CN-GUAR", "EU-AMLR")
    return Analysis(snapshot, Request(packs=packs, options={"ring_appetite": "1000000"}), noticed)


def rows(name: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = sample().table(name).to_pylist()
    return made


@cache
def told(subject: str) -> tuple[Line, ...]:
    return explain(sample(), subject).lines


def each(lines: tuple[Line, ...], key: str) -> Iterator[Line]:
    for line in lines:
        if line.key == key:
            yield line
        yield from each(line.below, key)


def amount(line: Line) -> Decimal | None:
    return None if line.amount is None else Decimal(line.amount).scaleb(-2)
