"""Staging: the entries of a scenario, said by a TOML file or by a link, checked as a whole and made a Scenario."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc

from exposure.contagion.scenario import Scenario
from graph import toml
from graph.errors import InputError, OptionError, Problem
from graph.snapshot import Snapshot

DEFAULT: Final = "default"
"""Stands in ``lgd`` for all products that are not named."""
_SHARES: Final = ("alpha", "beta")
_FLAG: Final = "failing_guarantor_pays"
_FOR_READERS: Final = ("name", "note")
Complaint = tuple[str, str, object, str, str]
"""Entry, name in it, value, what is wrong, what to write."""
_NO_PARTY: Final = ("no such party in the book", "write the id as the book has it")
LINK: Final = "link"
"""What an error calls a link, as it would the name of a file."""


@dataclass(frozen=True)
class Said:
    """The entries of a scenario as TOML holds them, where they were said, and the text if it has lines."""

    entries: Mapping[str, Any] = field(default_factory=dict)
    where: str = LINK
    text: str = ""

    def line(self, entry: str, name: str = "") -> int:
        """The line on which an entry stands, else that of its table; 0 where it is not found."""
        inside, found = "", 0
        for number, line in enumerate(self.text.splitlines(), 1):
            head = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
            if head is not None:
                inside = head[1].strip("\"'")
                found = number if inside == entry else found
                continue
            key = [part.strip("\"' ") for part in line.partition("=")[0].split(".", 1)]
            held = [inside, *key] if inside else key
            if held == [entry, name]:
                return number
            if held == [entry]:
                found = number
        return found


def read(path: Path) -> Said:
    """A scenario file, not checked yet. ``OptionError`` if it cannot be opened, ``InputError`` if it is no TOML."""
    try:
        return parsed(path.read_bytes(), path.name)
    except OSError as error:
        raise OptionError(f"--scenario {path}: cannot be read ({error}); name a TOML file") from error


def parsed(held: bytes, name: str) -> Said:
    """The bytes of a scenario file of that name, not checked yet. ``InputError`` if they are no TOML in UTF-8."""
    try:
        text = held.decode("utf-8-sig")
        return Said(toml.parsed(text), name, text)
    except ValueError as error:
        problem = Problem(name, 0, "", "", "parsed", f"this is no TOML ({error})", "mend it there")
        raise InputError([problem]) from error


def linked(given: Iterable[tuple[str, str]]) -> Said:
    """Entries as a link says them: ``lgd.bond`` with ``0.6``.

    >>> linked([("lgd.default", "0.45"), ("fx.USD", "-0.1"), ("failing_guarantor_pays", "true")]).entries
    {'lgd': {'default': 0.45}, 'fx': {'USD': -0.1}, 'failing_guarantor_pays': True}
    """
    entries: dict[str, Any] = {}
    for path, text in given:
        entry, _, name = path.partition(".")
        value = _value(text)
        if not name:
            entries[entry] = value
        elif isinstance(entries.setdefault(entry, {}), dict):
            entries[entry][name] = value
    return Said(entries)


def _value(text: str) -> object:
    """A flag or a number that a link says, else its text, which is then found to be neither."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def staged(scenario: Scenario, said: Said, snapshot: Snapshot) -> Scenario:
    """The scenario with these entries.

    ``fail`` lists party ids; the tables ``loss_share``, ``loss`` and ``weight`` are by party, ``lgd`` by product with
    ``default`` for all others, ``prices`` by kind of collateral, ``fx`` by currency; ``alpha``, ``beta`` and
    ``failing_guarantor_pays`` are values; ``name`` and ``note`` are for readers. Raises ``InputError`` with everything
    that is wrong: the line, the entry, the value, and what to write.
    """
    held = said.entries
    problems = []
    for check in (_unknown_entry, _failing_party, _number_by_name, _value_alone):
        for entry, name, value, message, remedy in check(held, snapshot):
            line, path = said.line(entry, name), f"{entry}.{name}" if name else entry
            rule = check.__name__.removeprefix("_")
            problems.append(Problem(said.where, line, path, str(value), rule, message, remedy))
    if problems:
        raise InputError(problems)
    tables: dict[str, Any] = {k: {n: float(v) for n, v in held[k].items()} for k in _BY_NAME if k in held}
    if "lgd" in tables:
        lgd = tables.pop("lgd")
        tables |= {"lgd": lgd.pop(DEFAULT, scenario.lgd), "lgd_by_product": lgd}
    values = {entry: held[entry] for entry in (*_SHARES, _FLAG) if entry in held}
    return replace(scenario, fail=(*scenario.fail, *held.get("fail", ())), **tables, **values)


def _unknown_entry(held: Mapping[str, Any], _: Snapshot) -> Iterator[Complaint]:
    """Entries that no scenario has."""
    for entry in held:
        if entry not in _ENTRIES:
            yield entry, "", "", "there is no such entry", f"choose from {', '.join(_ENTRIES)}"


def _failing_party(held: Mapping[str, Any], snapshot: Snapshot) -> Iterator[Complaint]:
    """Whoever fails and is not in the book."""
    fail = held.get("fail", [])
    if not isinstance(fail, list) or any(not isinstance(party, str) for party in fail):
        yield "fail", "", fail, "these are no party ids", 'list them as ["A", "B"]'
        return
    for party in fail:
        if party not in snapshot.number_of:
            yield "fail", "", party, *_NO_PARTY


def _number_by_name(held: Mapping[str, Any], snapshot: Snapshot) -> Iterator[Complaint]:
    """Names that the book does not have, and numbers out of range, in tables."""
    for entry, numbers in _BY_NAME.items():
        table = held.get(entry, {})
        if not isinstance(table, dict):
            yield (
                entry,
                "",
                table,
                "these are no numbers by name",
                f"write [{entry}] with lines as NAME = 0.5",
            )
            continue
        known = numbers.known(snapshot)
        for name, value in table.items():
            if name not in known and (entry != "prices" or name.casefold() not in known):
                told = _NO_PARTY if numbers.known is _parties else _strange(known)
                yield entry, name, value, *told
            elif not _between(value, numbers.low, numbers.high) or (entry == "fx" and value == numbers.low):
                most = f"{numbers.high:g}" if math.isfinite(numbers.high) else "any size"
                yield entry, name, value, f"not a number from {numbers.low:g} to {most}", numbers.like


def _value_alone(held: Mapping[str, Any], _: Snapshot) -> Iterator[Complaint]:
    """Shares and flags out of range."""
    for entry in _SHARES:
        if not _between(held.get(entry, 0.0), 0.0, 1.0):
            yield entry, "", held[entry], "not a number from 0 to 1", "write it with a point, such as 0.25"
    if not isinstance(held.get(_FLAG, False), bool):
        yield _FLAG, "", held[_FLAG], "neither true nor false", "write true or false"


def _strange(known: Collection[str]) -> tuple[str, str]:
    """What is said of a name that is not one of these."""
    return "nothing in the book has this name", f"choose from {', '.join(known) or 'none'}"


def _between(value: object, low: float, high: float) -> bool:
    """Whether a value is a finite number in a range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and low <= value <= high


def products(snapshot: Snapshot) -> list[str]:
    """Products of the book's facilities, sorted."""
    return sorted(p for p in pc.unique(snapshot.tables["facilities"].text("product")).to_pylist() if p)


def kinds(snapshot: Snapshot) -> list[str]:
    """Kinds of collateral of the book in small letters, sorted."""
    words = snapshot.tables["collateral"].words("kind")[1]
    return sorted({w.strip().casefold() for w in words if w})


def currencies(snapshot: Snapshot) -> list[str]:
    """Currencies whose rate can move, sorted: those with a rate, without the base."""
    fx = snapshot.fx
    return sorted({c for c, n in zip(fx.currencies, fx.numerator, strict=True) if n} - {fx.base})


def _parties(snapshot: Snapshot) -> Collection[str]:
    """Ids of parties."""
    return snapshot.number_of


def _lent(snapshot: Snapshot) -> Collection[str]:
    """Products, and what stands for all others."""
    return [*products(snapshot), DEFAULT]


@dataclass(frozen=True)
class _Numbers:
    """A table of numbers by name: the least and the most, which names there are, and what a number is like."""

    low: float
    high: float
    known: Callable[[Snapshot], Collection[str]]
    like: str


_BY_NAME: Final = {
    "loss_share": _Numbers(0, 1, _parties, "write the part of its equity that it loses, such as 0.25"),
    "loss": _Numbers(0, math.inf, _parties, "write the amount in the base currency"),
    "weight": _Numbers(0, math.inf, _parties, "write its value, 0 or more"),
    "lgd": _Numbers(0, 1, _lent, "write the part of a claim that is lost, such as 0.45"),
    "prices": _Numbers(-1, math.inf, kinds, "write the change, such as -0.3 for down 30 %"),
    "fx": _Numbers(-1, math.inf, currencies, "write the change above -1, such as -0.1 for down 10 %"),
}
_ENTRIES: Final = ("fail", *_BY_NAME, *_SHARES, _FLAG, *_FOR_READERS)
