"""A long run is stopped by its button: the page says so and forgets what was asked."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

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
