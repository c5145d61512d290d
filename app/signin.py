"""Sign-in: who somebody is and may be, from the claims of the bank's identity provider (OpenID Connect).

One TOML file says it all: ``[auth]`` is what Streamlit's ``st.login`` needs to reach the provider, ``[roles]`` which
claim gives the roles and how many hours a sign-in holds, ``[roles.map]`` which value of the claim is which role.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from app.access import Principal, sample
from graph import toml
from graph.errors import KonzernError, OptionError

CALLBACK: Final = "/oauth2callback"
"""Where the provider sends people back to."""
_AUTH: Final = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_ROLES: Final = frozenset({"claim", "name", "hours", "map"})
_SECRET: Final = 32
"""Characters that a cookie's secret has at least."""


class NoAccessError(KonzernError):
    """Somebody who signed in and may see nothing.

    ``why``: ``name`` (no id among the claims), ``over`` (signed in too long ago), ``role`` (none that is known),
    ``mixed`` (a subsidiary's role beside another) or ``lender`` (of no lender in the book).
    """

    exit_code = 2

    def __init__(self, why: str, name: str = "") -> None:
        super().__init__(f"signed in without access: {why}")
        self.why, self.name = why, name


@dataclass(frozen=True)
class SignIn:
    """How claims become a principal: ``claim`` holds values that ``roles`` names, ``name`` the id kept in the audit.

    ``host`` is the name under which people reach the app, ``hours`` how long after signing in it is asked again.
    """

    file: Path
    host: str
    claim: str
    name: str
    hours: int
    roles: Mapping[str, str]

    def principal(self, claims: Mapping[str, Any], now: dt.datetime) -> Principal:
        """The principal of a signed-in person; ``NoAccessError`` where the claims give none.

        Unknown values of the claim give nothing; a subsidiary's role goes with no other.
        """
        name = _held(claims, self.name)
        if not isinstance(name, str) or not name:
            raise NoAccessError("name")
        since = claims.get("iat")
        if not isinstance(since, int | float) or now.timestamp() >= since + 3600 * self.hours:
            raise NoAccessError("over", name)
        given = _held(claims, self.claim)
        values = given if isinstance(given, list) else [given]
        made = [sample(self.roles[v]) for v in values if isinstance(v, str) and v in self.roles]
        if not made:
            raise NoAccessError("role", name)
        lenders = {p.lender for p in made}
        if len(lenders) > 1:
            raise NoAccessError("mixed", name)
        return Principal(name, frozenset().union(*(p.roles for p in made)), lenders.pop())


def _held(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, or by the way to it: ``realm_access.roles``.

    >>> _held({"realm_access": {"roles": ["risk"]}}, "realm_access.roles")
    ['risk']
    """
    if name in claims:
        return claims[name]
    held: object = claims
    for part in name.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held


def read(path: Path) -> SignIn:
    """The sign-in that a file describes; ``OptionError`` for what is missing, unknown or not safe in it."""
    try:
        held = toml.read(path)
    except (OSError, ValueError) as error:
        raise OptionError(f"--sign-in {path}: cannot be read: {error}") from error
    auth, told = (_section(held, name, path) for name in ("auth", "roles"))
    missing = [key for key in _AUTH if not isinstance(auth.get(key), str) or not auth[key]]
    if missing:
        raise OptionError(f"{path}, [auth]: {missing[0]} is missing")
    if len(auth["cookie_secret"]) < _SECRET:
        raise OptionError(f"{path}, [auth]: cookie_secret is short; take {_SECRET} random characters or more")
    strange = sorted(set(told) - _ROLES)
    if strange:
        raise OptionError(f"{path}, [roles]: no key {strange[0]!r}; choose from {', '.join(sorted(_ROLES))}")
    hours, roles = told.get("hours", 8), told.get("map")
    if not isinstance(hours, int) or not 1 <= hours <= 24:  # noqa: PLR2004 (a day)
        raise OptionError(f"{path}, [roles]: hours = {hours}; write a whole number from 1 to 24")
    if not isinstance(roles, dict) or not roles:
        raise OptionError(f'{path}, [roles.map]: write at least one line such as "KONZERN-RISK" = "manager"')
    for role in roles.values():
        sample(str(role))
    claim, name = str(told.get("claim", "groups")), str(told.get("name", "sub"))
    return SignIn(path, _host(auth["redirect_uri"], path), claim, name, hours, roles)


def _section(held: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    """A section of the file."""
    section = held.get(name)
    if not isinstance(section, dict):
        raise OptionError(f"{path}: the section [{name}] is missing")
    return section


def _host(redirect: str, path: Path) -> str:
    """The host of the address that people are sent back to: https, and plain http on this machine only."""
    parts = urlsplit(redirect)
    host = parts.hostname or ""
    if parts.path != CALLBACK or not (parts.scheme == "https" or (parts.scheme == "http" and loopback(host))):
        raise OptionError(f"{path}, [auth]: redirect_uri = {redirect}; write https://HOST{CALLBACK}")
    return host


def loopback(host: str) -> bool:
    """Whether a host is this machine and no other can reach it.

    >>> loopback("127.0.0.1"), loopback("localhost"), loopback("0.0.0.0"), loopback("bank.example")
    (True, True, False, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
