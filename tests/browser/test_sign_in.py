"""Signing in at an identity provider: each role sees its own, nobody else gets in, and the audit says who came."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from app.audit import Audit
from app.source import SAMPLE
from app.views.frame import words
from graph.store import open_store
from ingest.load import load
from tests.browser.conftest import Visit, serving
from tests.browser.provider import CLIENT, SECRET, providing

PEOPLE: dict[str, dict[str, Any]] = {
    "manager-1": {"groups": ["staff", "KONZERN-RISK"]},
    "lease-1": {"groups": ["KONZERN-LEASE"]},
    "visitor": {"groups": ["staff"]},
    "both": {"groups": ["KONZERN-RISK", "KONZERN-LEASE"]},
    "elsewhere": {"groups": "KONZERN-GONE"},
    "long-ago": {"groups": ["KONZERN-RISK"], "iat": 1_700_000_000},
    "forger": {"groups": ["KONZERN-RISK"]},
    "for-another": {"groups": ["KONZERN-RISK"], "aud": "payroll"},
}
SAY = words("en")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Audit]]:
    """The address of the app, of the provider, and the audit."""
    folder = tmp_path_factory.mktemp("sign-in")
    url = f"book:{folder / 'store'}"
    load(SAMPLE, open_store(url))
    with providing(PEOPLE, forgers=("forger",)) as provider:
        file = folder / "sign-in.toml"
        file.write_text(
            f"""
            [auth]
            redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
            cookie_secret = "{"s" * 40}"
            client_id = "{CLIENT}"
            client_secret = "{SECRET}"
            server_metadata_url = "{provider.address}/.well-known/openid-configuration"
            [roles.map]
            KONZERN-RISK = "manager"
            KONZERN-LEASE = "subsidiary:L-LEASE"
            KONZERN-GONE = "subsidiary:L-GONE"
            """
        )
        with serving(url, "--sign-in", str(file)) as address:
            yield address, provider.address, Audit(Path(folder / "store" / "audit.jsonl"))


def entered(v: Visit, person: str) -> None:
    """Sign in as a person."""
    v.page.get_by_role("button", name=SAY["sign_in"]).click()
    v.page.get_by_role("link", name=person, exact=True).click()
    v.page.wait_for_url(f"{v.address}/**")
    v.settled()


def pages(v: Visit) -> list[str]:
    """The pages in the navigation."""
    v.page.wait_for_selector(".st-key-overview-large")
    return [t.strip() for t in v.page.locator("[data-testid='stTopNavLink']").all_inner_texts()]


def test_two_roles_see_what_each_may_and_nothing_before(
    visit: Callable[[str, int], Visit], bank: tuple[str, str, Audit]
) -> None:
    address, _, audit = bank
    v = visit(address, 1440)
    v.open("groups?lang=en&party=C-LANHENG-03")
    expect(v.page.get_by_text(SAY["door_unknown"])).to_be_visible()
    assert v.page.locator(".kz-table").count() == 0
    assert "LANHENG" not in v.page.locator("body").inner_text()
    v.shot("door-en-1440")
    entered(v, "manager-1")
    seen = pages(v)
    expect(v.page.locator(".kz-head").first).to_contain_text(f"manager-1 · {SAY['role_manager']}")
    expect(v.page.locator(".st-key-fresh")).to_be_visible()
    v.page.get_by_role("button", name=SAY["sign_out"]).click()
    expect(v.page.get_by_text(SAY["door_unknown"])).to_be_visible()
    entered(v, "lease-1")
    own = pages(v)
    expect(v.page.locator(".kz-head").first).to_contain_text(f"lease-1 · {SAY['role_subsidiary']} Yunqiao")
    v.shot("signed-in-subsidiary-en-1440")
    assert set(own) < set(seen)
    assert SAY["page_contagion"] in set(seen) - set(own)
    v.open("contagion?lang=en")
    expect(v.page.get_by_text(SAY["not_yours"], exact=True)).to_be_visible()
    v.shot("not-yours-en-1440")
    v.page.get_by_role("button", name=SAY["open_page"].format(page=SAY["page_overview"])).click()
    expect(v.page.locator(".kz-title")).to_have_text(SAY["page_overview"])
    v.open("groups?lang=en&party=C-LIANBAO-01")
    expect(v.page.get_by_text(SAY["not_found"])).to_be_visible()
    told = [(e.principal, e.role, e.outcome) for e in audit.events() if e.action == "sign-in"]
    assert told[:2] == [("manager-1", "manager", "answered"), ("lease-1", "subsidiary", "answered")]
    assert {e.principal for e in audit.events()} == {"manager-1", "lease-1"}
    assert audit.broken() is None


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ("visitor", "role"),
        ("elsewhere", "lender"),
        ("forger", "unknown"),
        pytest.param("both", "mixed", marks=pytest.mark.soak),
        pytest.param("long-ago", "over", marks=pytest.mark.soak),
        pytest.param("for-another", "unknown", marks=pytest.mark.soak),
    ],
)
def test_whoever_has_no_role_or_no_true_token_stays_outside(
    visit: Callable[[str, int], Visit], bank: tuple[str, str, Audit], person: str, why: str
) -> None:
    address, _, audit = bank
    v = visit(address, 1024)
    v.open("?lang=en")
    entered(v, person)
    expect(v.page.get_by_text(SAY[f"door_{why}"], exact=True)).to_be_visible()
    assert v.page.locator(".kz-table, [data-testid='stTopNavLink']").count() == 0
    assert v.cut() == []
    last = audit.events()[-1] if audit.events() else None
    if why != "unknown":
        assert last is not None
        assert (last.principal, last.action, last.outcome) == (person, "sign-in", "refused")
