"""Settings: a flag wins over ``KONZERN_*``, which wins over ``konzern.toml`` in the working folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from graph import toml
from graph.errors import OptionError

FILE: Final = "konzern.toml"
PREFIX: Final = "KONZERN"
_PARAMETERS: Final = {"option": "options"}


def from_file(folder: Path, known: Collection[str]) -> dict[str, Any]:
    """The settings of the folder's ``konzern.toml`` by flag name (``base``, ``rules``, ...); {} without one.

    ``OptionError`` for a file that cannot be read and for a name that is not among the ``known`` flags.

    A list is joined with commas, a table ``[option]`` becomes ``KEY=VALUE`` entries.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        held = toml.read(path)
    except (OSError, ValueError) as error:
        raise OptionError(f"{FILE} cannot be read: {error}; mend it or remove it") from error
    flags = {name.replace("-", "_"): _flag(value) for name, value in held.items()}
    strange = sorted(set(flags) - set(known) - set(_PARAMETERS))
    if strange:
        raise OptionError(f"{FILE}: no setting {strange[0]!r}; choose from {', '.join(sorted(known))}")
    return {_PARAMETERS.get(name, name): value for name, value in flags.items()}


def _flag(value: Any) -> Any:  # noqa: ANN401 (any TOML value)
    """A TOML value as a flag takes it."""
    if isinstance(value, dict):
        return tuple(f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in value.items())
    return ",".join(str(v) for v in value) if isinstance(value, list) else value


def pairs(entries: tuple[str, ...]) -> dict[str, str]:
    """``KEY=VALUE`` entries as a dictionary; ``OptionError`` for one without ``=`` or named twice.

    >>> pairs(("kin=true",))
    {'kin': 'true'}
    """
    held: dict[str, str] = {}
    for entry in entries:
        key, sign, value = entry.partition("=")
        if not sign or not key or key in held:
            raise OptionError(f"--option {entry}: write KEY=VALUE, each key once")
        held[key] = value
    return held
