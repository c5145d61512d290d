"""Shocks: what is lost at first, read from SHOCK.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from exposure.contagion.scenario import Scenario
from graph.errors import InputError, OptionError, Problem
from graph.numbers import number
from graph.snapshot import Snapshot

_COLUMNS: Final = ("party_id", "loss_share", "loss", "weight")


def shocked(scenario: Scenario, path: Path, snapshot: Snapshot) -> Scenario:
    """The scenario with the rows of a SHOCK.csv: party_id, and loss_share (0..1) or loss, and at will weight.

    Raises ``InputError`` with everything that is wrong in the file.
    """
    rows = _rows(path)
    problems: list[Problem] = []
    found: dict[str, dict[str, float]] = {name: {} for name in _COLUMNS[1:]}
    seen: set[str] = set()
    for line, row in enumerate(rows, 2):
        party = row.get("party_id") or ""

        def wrong(
            column: str, message: str, remedy: str, line: int = line, row: Mapping[str, Any] = row
        ) -> None:
            problems.append(
                Problem(path.name, line, column, str(row.get(column) or ""), "shock", message, remedy)
            )

        if party not in snapshot.number_of:
            wrong("party_id", "no such party in the book", "write the id as the book has it")
        if party in seen:
            wrong("party_id", "the party stands here twice", "keep one row a party")
        seen.add(party)
        if row.get("loss_share") and row.get("loss"):
            wrong("loss", "both a share and an amount are given", "keep one of loss_share and loss")
        for column in _COLUMNS[1:]:
            text = row.get(column)
            if not text:
                continue
            value = number(text)
            if value is None or (column == "loss_share" and value > 1):
                high = "1" if column == "loss_share" else "any amount"
                wrong(column, f"not a number from 0 to {high}", "write it with a point, such as 0.25")
            else:
                found[column][party] = float(value)
    if problems:
        raise InputError(problems)
    return replace(
        scenario,
        loss_share={**scenario.loss_share, **found["loss_share"]},
        loss={**scenario.loss, **found["loss"]},
        weight={**scenario.weight, **found["weight"]},
    )


def _rows(path: Path) -> list[dict[str, str | None]]:
    """Rows of a CSV by column; ``OptionError`` if it cannot be read or has other columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or ())
            rows: list[dict[str, str | None]] = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"--shock {path}: cannot be read ({error}); name a CSV file in UTF-8") from error
    strange = [name for name in names if name not in _COLUMNS]
    if strange or "party_id" not in names or not {"loss_share", "loss"} & set(names):
        told = f"no column {strange[0]!r}" if strange else "party_id and loss_share or loss are missing"
        raise OptionError(f"--shock {path}: {told}; the columns are {', '.join(_COLUMNS)}")
    return rows
