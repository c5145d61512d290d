"""From claims to a principal: which values give which role, how long, and what a sign-in file must say."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app import launch, signin
from app.cli import main
from app.source import SAMPLE
from graph.errors import OptionError

NOW = dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)
GOOD = """
[auth]
redirect_uri = "https://konzern.bank.example/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "konzern"
client_secret = "secret"
server_metadata_url = "https://login.bank.example/.well-known/openid-configuration"
[roles]
claim = "realm_access.roles"
name = "preferred_username"
hours = 2
[roles.map]
risk = "manager"
second = "approver"
lease = "subsidiary:L-LEASE"
trust = "subsidiary:L-TRUST"
"""


def told(tmp_path: Path, text: str = GOOD) -> signin.SignIn:
    path = tmp_path / "sign-in.toml"
    path.write_text(text)
    return signin.read(path)


def claims(*roles: str, ago: float = 0.0, name: object = "a.b") -> dict[str, Any]:
    since = (NOW - dt.timedelta(hours=ago)).timestamp()
    return {"preferred_username": name, "iat": since, "realm_access": {"roles": list(roles)}}


def test_values_of_the_claim_give_the_roles_that_the_file_names(tmp_path: Path) -> None:
    held = told(tmp_path)
    both = held.principal(claims("risk", "second", "staff"), NOW)
    assert (both.name, both.roles, both.lender) == ("a.b", frozenset({"manager", "approver"}), "")
    assert not both.named
    own = held.principal(claims("lease", "staff"), NOW)
    assert (own.roles, own.lender) == (frozenset({"subsidiary"}), "L-LEASE")
    one = {**claims(), "realm_access": {"roles": "risk"}}
    assert held.principal(one, NOW).roles == {"manager"}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (claims("staff"), "role"),
        (claims(), "role"),
        ({"preferred_username": "a", "iat": NOW.timestamp()}, "role"),
        ({**claims(), "realm_access": {"roles": [{"risk": 1}, 7]}}, "role"),
        (claims("risk", "lease"), "mixed"),
        (claims("lease", "trust"), "mixed"),
        (claims("risk", name=""), "name"),
        (claims("risk", name=["a.b"]), "name"),
        (claims("risk", ago=2.0), "over"),
        ({**claims("risk"), "iat": "now"}, "over"),
    ],
)
def test_claims_that_give_no_principal(tmp_path: Path, given: dict[str, Any], why: str) -> None:
    with pytest.raises(signin.NoAccessError) as told_:
        told(tmp_path).principal(given, NOW)
    assert told_.value.why == why


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('client_secret = "secret"', "", "client_secret is missing"),
        ("0123456789abcdef0123456789abcdef", "short", "cookie_secret is short"),
        ("https://konzern", "http://konzern", "write https://HOST/oauth2callback"),
        ("/oauth2callback", "/", "write https://HOST/oauth2callback"),
        ("hours = 2", "hours = 100", "from 1 to 24"),
        ("hours = 2", 'who = "x"', "no key 'who'"),
        ('"manager"', '"king"', "no role 'king'"),
        ("[roles.map]", "[other]", "at least one line"),
        ("[auth]", "[login]", r"\[auth\] is missing"),
        ("[auth]", "[auth", "cannot be read"),
    ],
)
def test_a_sign_in_file_says_what_is_wrong_with_it(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    with pytest.raises(OptionError, match=says):
        told(tmp_path, GOOD.replace(before, after))


@pytest.mark.parametrize("address", ["0.0.0.0", "10.1.2.3", "konzern.bank.example"])  # noqa: S104
def test_other_machines_reach_the_app_only_where_people_sign_in(tmp_path: Path, address: str) -> None:
    with pytest.raises(OptionError, match="--sign-in"):
        launch.reachable(address, None)
    launch.reachable(address, told(tmp_path))
    launch.reachable("127.0.0.1", None)
    refused = CliRunner().invoke(main, ["app", str(SAMPLE), "--address", address])
    assert (refused.exit_code, "--sign-in" in refused.output) == (2, True)


def test_a_sample_principal_and_a_sign_in_exclude_each_other(tmp_path: Path) -> None:
    told(tmp_path)
    asked = ["app", str(SAMPLE), "--as", "manager", "--sign-in", str(tmp_path / "sign-in.toml")]
    refused = CliRunner().invoke(main, asked)
    assert (refused.exit_code, "exclude each other" in refused.output) == (2, True)


def test_only_the_named_host_and_this_machine_are_served(tmp_path: Path) -> None:
    held = launch.settings(8501, "0.0.0.0", told(tmp_path))  # noqa: S104
    assert held["server.allowedHosts"] == ["konzern.bank.example", "127.0.0.1", "localhost"]
    assert held["secrets.files"] == [str(tmp_path / "sign-in.toml")]
    assert launch.settings(8501)["secrets.files"] == []
