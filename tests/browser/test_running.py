"""A long run is stopped by its button: the page says so and forgets what was asked."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.source import SAMPLE
from app.views.frame import words
from tests.browser.conftest import Visit, serving
from tests.tree import ROOT


@pytest.mark.soak  # the sample is too small for a run that can be clicked
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_long_run_is_stopped(visit: Callable[[str, int], Visit], tmp_path: Path, language: str) -> None:
    made = [sys.executable, "bench/generate_book.py", str(tmp_path / "book"), "S"]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True)
    with serving(str(tmp_path / "book")) as address:
        seen = visit(address, 1440)
        seen.page.goto(f"{address}/contagion?tab=monte&draws=100000&lang={language}")
        seen.page.locator(".st-key-stop-monte button").click()
        expect(seen.page.get_by_text(words(language)["stopped"])).to_be_visible()
        seen.settled()
        assert "draws" not in seen.page.url
        assert seen.page.locator(".st-key-stop-monte").count() == 0
        assert seen.errors == []


SLOWED = """
import time
from exposure.contagion import cascade
quick = cascade.run
def slow(*given):
    time.sleep(3)
    return quick(*given)
cascade.run = slow
from app.cli import main
main()
"""
"""The command, with a cascade that takes as long as that of a large book."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_single_cascade_tells_its_step_and_is_stopped(
    visit: Callable[[str, int], Visit], tmp_path: Path, language: str
) -> None:
    say = words(language)
    (tmp_path / "slowed.py").write_text(SLOWED, "utf-8")
    with serving(str(SAMPLE), program=(str(tmp_path / "slowed.py"),)) as address:
        seen = visit(address, 1440)
        seen.page.goto(f"{address}/contagion?fail=C-DUANQIAO-01&s.lgd.default=0.4&lang={language}")
        expect(seen.page.get_by_text(say["run_cascade"])).to_be_visible()
        seen.page.locator(".st-key-stop-fail button").click()
        expect(seen.page.get_by_text(say["stopped"])).to_be_visible()
        seen.settled()
        seen.shot(f"stopped-{language}-1440")
        assert "C-DUANQIAO-01" not in seen.page.url
        assert seen.page.locator(".st-key-stop-fail").count() == 0
        seen.open(f"contagion?fail=C-DUANQIAO-01&lang={language}")
        seen.page.wait_for_selector(".st-key-cascade-fail")
        expect(seen.page.locator(".st-key-stop-fail")).to_have_count(0)
        assert seen.errors == []
