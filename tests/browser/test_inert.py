"""Nothing from data becomes markup or a request: names, ids, products and parameters of the URL that try to."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph.store import open_store
from ingest.load import load
from tests.browser.conftest import Visit, serving

HOSTILE = (
    "<img src=x onerror=window.hit=1>",
    "<script>window.hit=1</script>",
    "![x](http://evil.invalid/x.png)",
    "[click](javascript:window.hit=1)",
    "</style><svg onload=window.hit=1>",
    'href "><iframe srcdoc="<script>parent.window.hit=1</script>">',
    "$\\href{javascript:window.hit=1}{x}$ :material/home:",
)


def table(folder: Path, name: str, columns: str, *rows: tuple[object, ...]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split())
        writer.writerows(rows)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a book in which every text attacks."""
    folder = tmp_path_factory.mktemp("hostile")
    parties = [f"{bad} {i}" for i, bad in enumerate(HOSTILE)]
    who = enumerate(zip(parties, HOSTILE, strict=True))
    rows = [(p, p, p, "person" if i == 6 else "company", 10, bad, bad, bad) for i, (p, bad) in who]
    table(folder, "parties", "party_id name name_en kind equity country industry rating", *rows)
    lender = HOSTILE[1]
    table(folder, "lenders", "lender_id name tier1 currency", (lender, HOSTILE[0], 100, "CNY"))
    chain = zip(parties[6:] + parties[:5], parties[:6], strict=True)
    table(folder, "ownership", "owner_id owned_id share", *((a, b, 0.6) for a, b in chain))
    loans = [f"{HOSTILE[0]} {i}" for i in range(6)]
    columns = "facility_id lender_id obligor_id product limit drawn currency purpose_ref purpose_amount"
    need = [(HOSTILE[2], 50), (HOSTILE[2], 50), *[("", "")] * 4]
    owed = [(f, lender, parties[i], HOSTILE[i], 40, 40, "CNY", *need[i]) for i, f in enumerate(loans)]
    table(folder, "facilities", columns, *owed)
    table(folder, "guarantees", "guarantee_id guarantor_id form", *(
        (f"{HOSTILE[4]} {i}", parties[(i + 1) % 3], "full") for i in range(3)
    ))  # fmt: skip
    table(
        folder,
        "guarantee_covers",
        "guarantee_id facility_id",
        *((f"{HOSTILE[4]} {i}", loans[i]) for i in range(3)),
    )
    table(
        folder,
        "same_as",
        "party_id other_id judgement author",
        (parties[0], parties[1], "unsure", HOSTILE[3]),
    )
    url = f"book:{tmp_path_factory.mktemp('hostile-store') / 'store'}"
    load(folder, open_store(url))
    with serving(url) as address:
        yield address


def test_hostile_texts_are_shown_as_texts_everywhere(
    visit: Callable[[str, int], Visit], hostile: str
) -> None:
    from urllib.parse import quote

    v = visit(hostile, 1440)
    one, two = quote(f"{HOSTILE[0]} 0"), quote(f"{HOSTILE[6]} 6")
    sinks = [
        "?lang=en", "groups?lang=en", f"groups?lang=en&q={quote(HOSTILE[0])}", f"groups?lang=en&party={one}&sel={one}",
        f"groups?lang=en&group={quote('G:')}{two}", f"groups?lang=en&group={quote(HOSTILE[1])}", "rings?lang=en",
        "duplicates?lang=en", "warnings?lang=en", f"warnings?lang=en&case={quote(HOSTILE[1])}", "contagion?lang=en",
        f"contagion?lang=en&fail={one}", f"contagion?lang=en&fail={quote(HOSTILE[1])}",
        f"whatif?lang=en&lender={quote(HOSTILE[1])}&obligor={one}&product={quote(HOSTILE[0])}&amount=1&currency=CNY",
        f"whatif?lang=en&lender={quote(HOSTILE[0])}&obligor={one}&product=x&amount={quote(HOSTILE[1])}&currency=CNY",
        f"data?lang={quote(HOSTILE[1])}&v={quote(HOSTILE[0])}&pair={one}", f"data?lang=en&pair={quote(HOSTILE[3])}",
    ]  # fmt: skip
    assert len(sinks) >= 12
    hits = []
    for sink in sinks:
        v.open(sink)
        v.page.mouse.move(700, 500)
        if v.page.evaluate("window.hit") is not None:
            hits.append(sink)
    assert hits == []
    v.open(sinks[1])
    v.page.locator(".kz-table tr.kz-link").first.click()
    v.page.wait_for_selector(".kz-picture[data-drawn]")
    v.page.mouse.move(600, 600)
    assert v.page.evaluate("window.hit") is None
    assert v.page.locator(".kz-table img, .kz-table iframe, .kz-name img, .kz-picture svg").count() == 0
    assert HOSTILE[0] in v.page.locator("body").inner_text()
    assert (v.outside, v.errors) == ([], [])
