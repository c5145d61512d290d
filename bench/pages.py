"""The web app's promises: first load, a click, a picture of 1,000 parties, bytes of a rerun; on the sample and a book.

First load within 2.5 s, a click within 300 ms, the picture within 4 s; with fifty sessions at once 95 of 100 pages
within three times a lone one, whether they ask in one moment or within half a minute.
Run as ``python bench/pages.py BOOK``.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.source import SAMPLE
from graph.store import open_store
from ingest.load import load
from tests.browser.conftest import chromium, serving
from tests.browser.test_sessions import GROUPS, SESSIONS, asked

CLICKS = 7


class Meter:
    """A page that counts the bytes that the server sends."""

    def __init__(self, page: Page) -> None:
        self.page, self.bytes = page, 0
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, data: str | bytes) -> None:
        self.bytes += len(data)

    def timed(self, act: str, until: str) -> float:
        """Seconds from a script in the page to a condition in it, polled frame by frame."""
        script = f"""() => new Promise(done => {{ const t = performance.now(); {act};
            const look = () => ({until}) ? done(performance.now() - t) : requestAnimationFrame(look); look(); }})"""
        return float(self.page.evaluate(script)) / 1000


def opened(browser: Browser, address: str, path: str, wait: str) -> tuple[Meter, float]:
    """A new visitor's page and the seconds until something is there."""
    meter = Meter(browser.new_context(viewport={"width": 1440, "height": 900}).new_page())
    start = time.perf_counter()
    meter.page.goto(f"{address}/{path}")
    meter.page.wait_for_selector(wait, timeout=60_000)
    return meter, time.perf_counter() - start


def drawn(meter: Meter) -> str | None:
    """How many parties the picture shows."""
    return meter.page.locator(".kz-picture").get_attribute("data-drawn")


def measured(browser: Browser, address: str) -> None:
    """All figures of one book."""
    ready = ".st-key-overview-large tbody tr"
    loads = [opened(browser, address, "?lang=zh", ready)[1] for _ in range(4)]
    print(
        f"  first load         {loads[0]:6.2f} s, then {statistics.median(loads[1:]):.2f} s (promise 2.5 s)"
    )
    meter, _ = opened(browser, address, "groups?lang=zh", ".st-key-groups tr.kz-link")
    group = meter.page.locator(".st-key-groups tr.kz-link").first.get_attribute("data-row")
    meter, spent = opened(browser, address, f"groups?lang=zh&group={group}", ".kz-picture[data-drawn]")
    print(f"  largest group      {spent:6.2f} s, {drawn(meter)} parties drawn")
    meter.page.wait_for_timeout(1500)
    clicks, told, sizes = [], [], []
    for i in range(1, min(CLICKS, meter.page.locator(".st-key-members tr.kz-link").count())):
        before = meter.bytes
        row = f"document.querySelectorAll('.st-key-members tr.kz-link')[{i}]"
        clicks.append(meter.timed(f"{row}.click()", f"{row}?.classList.contains('kz-chosen')"))
        heads = "[...document.querySelectorAll('.kz-head')]"
        facts = f"{heads}.some(e => e.textContent.startsWith({row}.dataset.row + ' '))"
        told.append(clicks[-1] + meter.timed("", facts))
        meter.page.wait_for_timeout(900)
        sizes.append(meter.bytes - before)
    if clicks:
        sent = statistics.median(sizes) / 1024
        marked, shown = (statistics.median(held) * 1000 for held in (clicks, told))
        print(
            f"  click, median      {marked:6.0f} ms, what it shows {shown:.0f} ms (promise 300 ms), sends {sent:.0f} KB"
        )
    meter, spent = opened(browser, address, "rings?lang=zh&parts=60", ".kz-picture[data-drawn]")
    print(f"  guarantee network  {spent:6.2f} s, {drawn(meter)} parties drawn (promise 4 s for 1,000)")
    for page, ready in (("contagion?tab=ranking", ".st-key-ranking"), ("warnings?", ".st-key-warnings")):
        _, spent = opened(browser, address, f"{page}&lang=zh", f"{ready} tbody tr")
        print(f"  {page.partition('?')[0]:18} {spent:6.2f} s")


def crowd(address: str) -> None:
    """Fifty sessions that each ask for a group's page, beside one alone: in one moment, and within half a minute."""

    def page(number: int, pause: float) -> float:
        time.sleep(number * pause)
        start = time.perf_counter()
        asked(address, GROUPS[number % len(GROUPS)], threading.Barrier(1))
        return time.perf_counter() - start

    lone = statistics.median(page(0, 0.0) for _ in range(9))
    for said, pause in (("in one moment", 0.0), ("within 30 s", 30 / SESSIONS)):
        with ThreadPoolExecutor(SESSIONS) as pool:
            spent = sorted(pool.map(partial(page, pause=pause), range(SESSIONS)))
        late = spent[int(0.95 * SESSIONS)]
        print(
            f"  {SESSIONS} sessions {said:14} p95 {late:.2f} s, {late / lone:.1f} times a lone one (promise 3)"
        )


def main(book: Path) -> None:
    """Measure the sample, then the book."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, source in (("sample", SAMPLE), (str(book), book)):
            url = f"book:{folder}/{Path(name).name}"
            load(source, open_store(url))
            with serving(url) as address:
                print(f"{name}")
                measured(browser, address)
                if source == SAMPLE:
                    crowd(address)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
