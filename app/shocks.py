"""Shocks: what fails or is lost at first, read from SHOCK.csv and from scenario files in TOML."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from exposure.contagion.scenario import Scenario
from graph import toml
from graph.errors import InputError, OptionError, Problem
from graph.numbers import number
from graph.snapshot import Snapshot

_COLUMNS: Final = ("party_id", "loss_share", "loss", "weight")
_TABLES: Final = ("loss_share", "loss", "weight", "lgd", "prices", "fx")
_VALUES: Final = ("alpha", "beta", "failing_guarantor_pays")


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


def staged(scenario: Scenario, path: Path) -> Scenario:
    """The scenario with what a TOML file says.

    ``fail`` lists party ids; the tables ``loss_share``, ``loss`` and ``weight`` are by party, ``lgd`` by product with
    ``default`` for all others, ``prices`` by kind of collateral, ``fx`` by currency; ``alpha``, ``beta`` and
    ``failing_guarantor_pays`` are values; ``name`` and ``note`` are for readers. Raises ``OptionError``.
    """
    try:
        held = toml.read(path)
    except (OSError, ValueError) as error:
        raise OptionError(f"--scenario {path}: cannot be read ({error}); name a TOML file") from error
    strange = sorted(set(held) - {"name", "note", "fail", *_TABLES, *_VALUES})
    if strange:
        known = ", ".join(("fail", *_TABLES, *_VALUES))
        raise OptionError(f"--scenario {path}: no entry {strange[0]!r}; choose from {known}")
    changes: dict[str, Any] = {}
    for name in _TABLES:
        table = held.get(name, {})
        if not isinstance(table, dict) or any(not _is_number(v) for v in table.values()):
            raise OptionError(f"--scenario {path}: [{name}] holds numbers by name, such as BANK = 0.5")
        changes[name] = {k: float(v) for k, v in table.items()}
    lgd = changes.pop("lgd")
    changes |= {"lgd": lgd.pop("default", scenario.lgd), "lgd_by_product": lgd}
    for name in ("alpha", "beta"):
        if name in held and not _is_number(held[name]):
            raise OptionError(f"--scenario {path}: {name} is a number from 0 to 1")
    if not isinstance(held.get("failing_guarantor_pays", False), bool):
        raise OptionError(f"--scenario {path}: failing_guarantor_pays is true or false")
    fail = held.get("fail", [])
    if not isinstance(fail, list) or any(not isinstance(party, str) for party in fail):
        raise OptionError(f'--scenario {path}: fail lists party ids, such as ["A", "B"]')
    changes |= {name: held[name] for name in _VALUES if name in held}
    return replace(scenario, fail=(*scenario.fail, *fail), **changes)


def _is_number(value: object) -> bool:
    """Whether a TOML value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
