"""A browser found as the house says, and the app on a store, each once a process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.source import SAMPLE
from graph.store import open_store
from ingest.load import load
from tests.tree import ROOT

ARTIFACTS = ROOT / ".artifacts"
"""Screenshots of the walks, to be looked at."""
_PATIENCE = 60_000
"""Milliseconds in which a page that is not as it should be may still become so: a busy machine is no failure."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """``KONZERN_CHROMIUM``, else one on the path, else by apt-get as root, else what to install."""
    named = os.environ.get("KONZERN_CHROMIUM") or next((p for n in _NAMES if (p := shutil.which(n))), None)
    if named is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (
            ["update"],
            ["install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"],
        ):
            subprocess.run(["apt-get", "-qq", *command], check=False, capture_output=True)
        named = shutil.which("chromium")
    if named is None:
        pytest.fail("no browser: install chromium and fonts-noto-cjk, or name one in KONZERN_CHROMIUM")
    return named


@contextmanager
def serving(source: str, *arguments: str, program: tuple[str, ...] = ("-m", "app.cli")) -> Iterator[str]:
    """The address of the app on a source, until the block ends; ``program`` is what Python runs as the command."""
    command = [sys.executable, *program, "app", source, "--port", "8710", *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            address = next((w for line in lines for w in line.split() if w.startswith("http://")), None)
            if address is None:
                raise AssertionError(process.stderr.read() if process.stderr else "the app did not start")
            ready(address)
            yield address
        finally:
            process.kill()  # it would wait for open pages


def ready(address: str) -> None:
    """Wait until the app answers."""
    import http.client
    import time

    host = address.removeprefix("http://")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            continue
        finally:
            connection.close()
    raise AssertionError(f"{address} does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE)
        made = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on the sample group, all roles."""
    url = f"book:{tmp_path_factory.mktemp('browser') / 'store'}"
    load(SAMPLE, open_store(url))
    with serving(url) as address:
        yield address


class Visit:
    """A page of a browser with what it asked for and complained about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda r: self._asked(r.url))
        page.on("pageerror", lambda e: self.errors.append(str(e)))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.outside.append(url)

    def open(self, path: str) -> None:
        """Go to a path and wait until it is drawn."""
        self.page.goto(f"{self.address}/{path}")
        self.settled()

    def settled(self) -> None:
        """Wait until the script has run and tables are there."""
        self.page.wait_for_selector(".kz-title")
        self.page.wait_for_selector("[data-test-script-state='notRunning']", state="attached")

    def row(self, table: str, row: str) -> None:
        """Click a row of a table by its key and id."""
        self.page.locator(f".st-key-{table} tr[data-row='{row}']").first.click()

    def shot(self, name: str) -> None:
        """Keep a screenshot of the whole page."""
        ARTIFACTS.mkdir(exist_ok=True)
        size = self.page.viewport_size or {"width": 1440, "height": 900}
        high = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": min(max(int(high), 900), 3000)})
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")
        self.page.set_viewport_size(size)

    def cut(self) -> list[str]:
        """Tables, tiles and headings that are wider than their place."""
        found: list[str] = self.page.evaluate(
            """() => [...document.querySelectorAll('.kz-scroll, .kz-tile, .kz-name, .kz-head, .kz-picture')]
            .filter(e => e.scrollWidth > e.clientWidth + 2).map(e => e.className + ': ' + e.textContent.slice(0, 60))"""
        )
        return found


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str, int], Visit]]:
    """Opens a page of its own at a width."""
    made = []

    def opened(address: str, width: int) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True)
        context.set_default_timeout(_PATIENCE)
        made.append(context)
        return Visit(context.new_page(), address)

    yield opened
    for context in made:
        context.close()


__all__ = ["ARTIFACTS", "Path", "Visit", "serving"]
