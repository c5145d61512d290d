"""Mapping: how another layout's files and columns become tables of the model, stated in TOML.

    name = "Core system"
    delimiter = "|"                    # "," unless said; encoding = "gb18030" likewise, "utf-8" unless said
    decimal = ","                      # the sign before decimals in text, "." unless said

    [[read]]                           # one entry for each table that a file gives rows to
    file = "loans*.csv"                # a glob; every file that it names is read
    table = "facilities"
    sheet = "Loans"                    # of an .xlsx file; its only sheet unless said
    where = { type = ["loan", "card"] }     # only rows with one of these texts
    unique = true                      # equal rows are one: a borrower that stands beside each of its loans
    optional = true                    # no error if no such file is there
    ignore = ["created"]               # columns that are not even kept as extra
    [read.columns]
    facility_id = "LOAN_NO"            # a column as it is; or with some of the following
    obligor_id = { from = "CUST", prefix = "C" }
    currency = { value = "CNY" }       # the same in every row
    limit = { from = "AMT", unit = 10000, round = "half_even" }
    drawn = { from = "BAL", exponent = true }     # 1.5e+06 is a number too
    ccf = { from = "CCF", percent = true }
    status = { from = "ST", strip = true, values = { "1" = "active", "9" = "closed" } }

``from`` may be several columns with a ``join`` text between them; ``first = 10`` takes so many characters;
``lookup`` goes through other files: a list of file, key (the column that holds the id), value, prefix.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import MISSING, dataclass, field, fields
from math import log10
from pathlib import Path
from typing import Any, Final, TypeVar

from graph import toml
from graph.errors import KonzernError
from graph.model import TABLES
from ingest.sources.delimited import Dialect
from ingest.sources.files import guess

FOLDER: Final = Path(__file__).parent / "mappings"
"""Where the mappings that come with Konzern stand."""

_MOST_PLACES: Final = 18

_T = TypeVar("_T")


class MappingError(KonzernError):
    """A mapping that cannot be read or contradicts the model; says which entry and what to do."""


@dataclass(frozen=True)
class Lookup:
    """An id found in another file: the row whose ``key`` is the cell gives its ``value`` after ``prefix``."""

    file: str
    key: str
    value: str
    prefix: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class Recipe:
    """How one column of the model is made; the operations apply in the order of their names below.

    ``shift`` is how many places the decimal point moves to the right (percent -2, thousands 3).
    """

    source: tuple[str, ...] = ()
    join: str = ""
    strip: bool = False
    first: int = 0
    lookup: tuple[Lookup, ...] = ()
    values: Dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    value: str | None = None
    shift: int = 0
    rounding: bool = False
    exponent: bool = False


@dataclass(frozen=True)
class Reading:
    """One entry: which files give rows to which table, and how its columns are made."""

    file: str
    table: str
    columns: Dict[str, Recipe]
    sheet: str = ""
    where: Dict[str, tuple[str, ...]] = field(default_factory=dict)
    unique: bool = False
    optional: bool = False
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Mapping:
    """A whole mapping: how its files are written, and the entries in their order."""

    name: str
    readings: tuple[Reading, ...]
    dialect: Dialect = field(default_factory=Dialect)

    @classmethod
    def load(cls, named: str | Path) -> Mapping:
        """Read a mapping by the name of one that comes with Konzern, or from a TOML file.

        Raises ``MappingError``.

        >>> Mapping.load("finbench").name
        'LDBC FinBench'
        """
        path = file_of(named)
        try:
            held = toml.read(path)
        except (OSError, ValueError) as error:
            raise MappingError(f"{path.name}: {error}; correct the file") from error
        return _mapping(path.name, held)


def file_of(named: str | Path) -> Path:
    """The file of a mapping: a TOML file, or one that comes with Konzern by its name. Raises ``MappingError``."""
    path = Path(named)
    known = sorted(p.stem for p in FOLDER.glob("*.toml"))
    if path.suffix != ".toml" and str(named) in known:
        path = FOLDER / f"{named}.toml"
    if path.suffix != ".toml" or not path.is_file():
        raise MappingError(f"no mapping {str(named)!r}: name a .toml file or one of {', '.join(known)}")
    return path


def _mapping(file: str, held: Dict[str, Any]) -> Mapping:
    """A mapping from its TOML values."""
    _known(file, held, {"name", "read", *(f.name for f in fields(Dialect))})
    dialect = Dialect(*(_of(file, f.name, held.get(f.name, ""), str) for f in fields(Dialect)))
    if dialect.wrong():
        raise MappingError(f"{file}, {dialect.wrong()}")
    entries = held.get("read", [])
    if not isinstance(entries, list) or not entries:
        raise MappingError(f"{file}: no [[read]] entry; add one for each table that a file gives rows to")
    readings = tuple(_reading(f"{file}, read {i + 1}", entry) for i, entry in enumerate(entries))
    return Mapping(_of(file, "name", held.get("name", file), str), readings, dialect)


def _reading(place: str, held: Dict[str, Any]) -> Reading:
    """One [[read]] entry."""
    names = {f.name for f in fields(Reading)}
    _known(place, held, names)
    for f in fields(Reading):
        if f.default is MISSING and f.default_factory is MISSING and f.name not in held:
            raise MappingError(f"{place}: {f.name} is missing; add it")
    table = held["table"]
    if table not in TABLES:
        raise MappingError(f"{place}: no table {table!r}; {_meant(str(table), TABLES)}")
    columns = {}
    for column, recipe in held["columns"].items():
        if column not in TABLES[table].names:
            raise MappingError(
                f"{place}: {table} has no column {column!r}; {_meant(column, TABLES[table].names)}"
            )
        columns[column] = _recipe(f"{place}, {column}", recipe, TABLES[table].column(column).kind.places)
    where = {c: (v,) if isinstance(v, str) else tuple(v) for c, v in held.get("where", {}).items()}
    return Reading(
        _of(place, "file", held["file"], str),
        table,
        columns,
        _of(place, "sheet", held.get("sheet", ""), str),
        where,
        _of(place, "unique", held.get("unique", False), bool),
        _of(place, "optional", held.get("optional", False), bool),
        frozenset(held.get("ignore", ())),
    )


def _recipe(place: str, held: object, places: int) -> Recipe:
    """How one column is made: the name of a column, or a table of operations."""
    if isinstance(held, str):
        return Recipe((held,))
    if not isinstance(held, dict):
        raise MappingError(f"{place}: must be the name of a column or a table such as {{ from = 'NAME' }}")
    _known(
        place,
        held,
        {f.name for f in fields(Recipe)} - {"source", "shift", "rounding"}
        | {"from", "percent", "unit", "round"},
    )
    source = held.get("from", ())
    source = (source,) if isinstance(source, str) else tuple(source)
    if bool(source) == ("value" in held):
        raise MappingError(f"{place}: say either from (a column) or value (the same in every row)")
    if held.get("round", "half_even") != "half_even":
        raise MappingError(
            f"{place}: round must be 'half_even', or left out: more decimals are then an error"
        )
    shift = _shift(place, held)
    if shift and not (places and 0 <= places + shift <= _MOST_PLACES):
        raise MappingError(
            f"{place}: percent and unit are for amounts and shares, the unit at most a milliard"
        )
    rest: dict[str, Any] = {k: _of(place, k, held[k], t) for k, t in _TYPES.items() if k in held}
    lookup = tuple(_lookup(place, entry) for entry in held.get("lookup", ()))
    return Recipe(source, shift=shift, rounding="round" in held, lookup=lookup, **rest)


_TYPES: Final[dict[str, type]] = {
    "join": str,
    "strip": bool,
    "first": int,
    "values": dict,
    "prefix": str,
    "value": str,
    "exponent": bool,
}


def _shift(place: str, held: Dict[str, Any]) -> int:
    """Places by which the decimal point moves: percent or unit."""
    if held.get("percent"):
        return -2
    unit = held.get("unit", 1)
    if not isinstance(unit, int) or unit < 1 or 10 ** round(log10(unit)) != unit:
        raise MappingError(f"{place}: unit must be 10, 100, 1000, ...; amounts are multiplied by it")
    return round(log10(unit))


def _lookup(place: str, held: Dict[str, str]) -> Lookup:
    """One file of a lookup."""
    _known(f"{place}, lookup", held, {f.name for f in fields(Lookup)})
    try:
        return Lookup(**held)
    except TypeError:
        raise MappingError(f"{place}, lookup: say file, key and value") from None


def _known(place: str, held: Dict[str, Any], names: set[str]) -> None:
    """Refuse entries that no mapping has."""
    for name in held:
        if name not in names:
            raise MappingError(f"{place}: no entry {name!r}; {_meant(name, sorted(names))}")


def _meant(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name."""
    close = guess(name, known)
    return f"did you mean {close!r}?" if close else f"one of {', '.join(sorted(known))}"


def _of(place: str, name: str, value: object, kind: type[_T]) -> _T:
    """A value of the type that an entry must have."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise MappingError(f"{place}: {name} must be of type {kind.__name__}")
    return value
