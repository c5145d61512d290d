"""The four journeys of a risk manager, in both languages, on a wide and a narrow screen, with screenshots kept."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, expect

from app.views.frame import words
from tests.browser.conftest import Visit

ALWAYS = [("zh", 1440), ("en", 1024)]
WALKS = [*ALWAYS, *(pytest.param(*walk, marks=pytest.mark.soak) for walk in (("zh", 1024), ("en", 1440)))]
"""Two of the four always, all of them in the long runs."""


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_a_breach_is_found_and_explained(
    visit: Callable[[str, int], Visit], site: str, language: str, width: int
) -> None:
    say, v = words(language), visit(site, width)
    v.open(f"?lang={language}")
    expect(v.page.locator(".kz-tile").first).to_contain_text(say["gross"])
    v.shot(f"overview-{language}-{width}")
    assert v.cut() == []
    v.row("overview-limits", "G:P-HENGJIANG-OWNER")
    expect(v.page.locator(".kz-picture")).to_have_attribute("data-drawn", "4")
    v.settled()
    v.row("members", "C-HENGJIANG-02")
    expect(v.page.locator(".st-key-members tr.kz-chosen")).to_have_attribute("data-row", "C-HENGJIANG-02")
    expect(v.page.locator(".st-key-facilities")).to_contain_text("facilities.csv:")
    expect(v.page.locator(".st-key-limits")).to_contain_text("105.0 %")
    v.settled()
    v.shot(f"group-{language}-{width}")
    assert v.cut() == []
    assert "sel=C-HENGJIANG-02" in v.page.url
    assert (v.outside, v.errors) == ([], [])


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_a_duplicate_is_confirmed(
    visit: Callable[[str, int], Visit], site: str, language: str, width: int
) -> None:
    say, v = words(language), visit(site, width)
    v.open(f"duplicates?lang={language}&code=duplicate_credit")
    v.shot(f"duplicates-{language}-{width}")
    assert v.cut() == []
    v.page.locator(".st-key-duplicates tr.kz-link").first.click()
    expect(v.page.locator(".st-key-case-facilities")).to_contain_text("F-FACTOR-XUNYANG-1")
    v.page.get_by_role("button", name=say["step_confirm"], exact=True).click()
    expect(v.page.locator(".st-key-state")).to_contain_text(say["state_confirmed"])
    expect(v.page.locator(".st-key-history")).to_contain_text(say["step_confirm"])
    v.settled()
    v.shot(f"duplicate-{language}-{width}")
    assert v.cut() == []
    v.page.get_by_label(say["reason"]).fill("looked at again")
    v.page.get_by_label(say["reason"]).press("Control+Enter")
    v.page.get_by_role("button", name=say["step_reopen"], exact=True).click()
    expect(v.page.locator(".st-key-state")).to_contain_text(say["state_open"])
    assert (v.outside, v.errors) == ([], [])


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_a_contagion_is_played(
    visit: Callable[[str, int], Visit], site: str, language: str, width: int
) -> None:
    say, v = words(language), visit(site, width)
    v.open(f"contagion?lang={language}")
    v.page.get_by_label(say["who_fails"]).first.fill("C-DUANQIAO-01")
    v.page.get_by_label(say["who_fails"]).first.press("Enter")
    v.row("picked-fail", "C-DUANQIAO-01")
    expect(v.page.locator(".kz-picture")).to_have_attribute("data-drawn", "4")
    expect(v.page.locator(".st-key-losers-fail")).to_contain_text(say["failed_in"].format(round=2))
    v.page.get_by_role("slider").first.press("Home")
    expect(v.page.locator(".kz-picture")).to_have_attribute("data-drawn", "1")
    v.page.get_by_role("button", name=say["play"], exact=True).click()
    expect(v.page.locator(".kz-picture")).to_have_attribute("data-drawn", "4")
    v.settled()
    v.shot(f"contagion-{language}-{width}")
    assert v.cut() == []
    assert (v.outside, v.errors) == ([], [])


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_a_loan_is_asked_for_and_reserved(
    visit: Callable[[str, int], Visit], site: str, language: str, width: int
) -> None:
    say, v = words(language), visit(site, width)
    asked = f"whatif?lang={language}&lender=L-LEASE&product=lease&currency=CNY"
    v.open(f"{asked}&obligor=C-HENGJIANG-02&amount=50000000")
    expect(v.page.get_by_text(say["fits_no"])).to_be_visible()
    v.open(f"{asked}&obligor=C-LANHENG-03&amount=50000000")
    expect(v.page.get_by_text(say["fits_yes"])).to_be_visible()
    expect(v.page.locator(".st-key-reserved table")).to_be_attached()
    before = v.page.locator(".st-key-reserved tbody tr").count()
    v.page.get_by_role("button", name=say["reserve"]).click()
    expect(v.page.locator(".st-key-reserved tbody tr")).to_have_count(before + 1)
    v.settled()
    v.shot(f"whatif-{language}-{width}")
    assert v.cut() == []
    assert (v.outside, v.errors) == ([], [])


@pytest.mark.parametrize(("language", "width"), WALKS)
def test_the_other_pages_are_whole(
    visit: Callable[[str, int], Visit], site: str, language: str, width: int
) -> None:
    v = visit(site, width)
    for page in (
        "groups",
        "rings",
        "warnings",
        "data",
        "contagion?tab=ranking",
        "contagion?fail=C-DUANQIAO-01&other=C-LANHENG-01",
        "contagion?tab=monte&draws=1000",
        "contagion?tab=reverse&lender=L-LEASE&share=10",
    ):
        v.open(f"{page}{'&' if '?' in page else '?'}lang={language}")
        v.page.wait_for_selector(".kz-table tbody tr")
        v.shot(f"{page.partition('&')[0].replace('?tab=', '-').replace('?fail=', '-')}-{language}-{width}")
        assert v.cut() == []
    assert (v.outside, v.errors) == ([], [])


def test_a_click_in_the_picture_chooses_the_row_and_zoom_stays(
    visit: Callable[[str, int], Visit], site: str
) -> None:
    v = visit(site, 1440)
    v.open("groups?lang=en&group=G:P-LANHENG-FOUNDER")
    expect(v.page.locator(".kz-picture")).to_have_attribute("data-drawn", "7")
    network = "document.querySelector('.kz-picture').network"
    v.page.evaluate(f"{network}.moveTo({{scale: 0.8}})")
    place = v.page.evaluate(f"{network}.canvasToDOM({network}.getPosition('C-LANHENG-03'))")
    canvas = v.page.locator(".kz-canvas canvas")
    canvas.click(position=place)
    expect(v.page.locator(".st-key-members tr.kz-chosen")).to_have_attribute("data-row", "C-LANHENG-03")
    assert abs(v.page.evaluate(f"{network}.getScale()") - 0.8) < 0.01
    edge = v.page.evaluate(f"{network}.body.data.edges.getIds()[0]")
    assert edge.startswith("o|")
    canvas.dblclick(position=place, delay=200)  # a slow one is one too
    v.page.wait_for_url("**open=C-LANHENG-03**")
    v.page.reload()
    expect(v.page.locator(".st-key-members tr.kz-chosen")).to_have_attribute("data-row", "C-LANHENG-03")


def test_back_and_a_second_tab_show_what_the_link_says(visit: Callable[[str, int], Visit], site: str) -> None:
    v = visit(site, 1440)
    v.open("groups?lang=zh&group=G:P-LANHENG-FOUNDER")
    link = v.page.url
    v.page.get_by_role("button", name=words("zh")["all_groups"]).click()
    expect(v.page.locator(".st-key-groups")).to_be_visible()
    other = visit(site, 1440)
    other.page.goto(link)
    expect(other.page.locator(".kz-name").first).to_contain_text("岑望舒")


def test_the_first_page_is_found_by_its_name_too(visit: Callable[[str, int], Visit], site: str) -> None:
    v = visit(site, 1440)
    v.open("overview?lang=en")
    expect(v.page.locator(".kz-title")).to_have_text(words("en")["page_overview"])
    assert "/overview" in v.page.url
    current = v.page.locator("[data-testid=stTopNav] a[aria-current]")
    expect(current).to_have_text(words("en")["page_overview"])
    expect(v.page.get_by_role("dialog")).to_have_count(0)
    v.page.locator("[data-testid=stTopNav] a").nth(1).click()
    expect(v.page.locator(".kz-title")).to_have_text(words("en")["page_groups"])
    expect(current).to_have_text(words("en")["page_groups"])
    v.page.go_back()
    expect(current).to_have_text(words("en")["page_overview"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_streamlit_writes_in_english_only_is_shown_in_our_words(
    visit: Callable[[str, int], Visit], site: str, language: str
) -> None:
    v, say = visit(site, 1440), words(language)

    def shown(selector: str, key: str) -> None:
        held = v.page.locator(selector).first
        held.wait_for(state="attached")
        told = held.evaluate("e => [getComputedStyle(e).fontSize, getComputedStyle(e, '::after').content]")
        assert told == ["0px", json.dumps(say[key], ensure_ascii=False)], selector

    v.open(f"contagion?lang={language}")
    shown("[data-testid=stSkipToContent]", "instead_skip")
    v.page.get_by_label(say["who_fails"]).fill("heng")
    shown("[data-testid=InputInstructions] span", "instead_enter")
    v.page.locator("[data-testid=stExpander] summary").first.click()
    shown("[data-testid=stFileUploaderDropzone] button p", "instead_upload")
    shown("[data-testid=stFileUploaderDropzoneInstructions] span", "instead_upload_hint")
    v.page.locator("[data-testid=stForm] [data-testid=stNumberInput] input").first.fill("3")
    shown("[data-testid=stForm] [data-testid=InputInstructions] span", "instead_enter_form")
    file: FilePayload = {"name": "s.txt", "mimeType": "text/plain", "buffer": b"x"}
    v.page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)
    v.page.locator("[data-testid=stFileChip]").hover()
    shown("[data-testid=stTooltipErrorContent]", "instead_upload_refused")
    v.open(f"warnings?lang={language}")
    v.page.locator("[data-testid=stSelectbox] input").first.fill("no such kind")
    shown("[data-testid=stSelectboxVirtualDropdown] [role=option] span", "instead_none")
    v.page.keyboard.press("Escape")
    v.page.locator(".st-key-warnings tr.kz-link").first.click()
    v.page.get_by_label(say["reason"]).fill("x")
    shown("[data-testid=stTextArea] [data-testid=InputInstructions] span", "instead_enter_area")
    for part in ("year", "month", "day"):
        shown(f"[data-testid=stDateInput] [data-type={part}]", f"instead_{part}")
    v.page.evaluate(
        """() => document.body.insertAdjacentHTML("beforeend", '<section role="dialog">'
        + '<h2 slot="title">Connection error</h2><div><div>No answer.</div></div></section>')"""
    )
    shown("section[role=dialog] h2", "instead_lost")
    shown("section[role=dialog] h2 + div", "instead_lost_note")


def test_a_party_is_found_and_downloaded(visit: Callable[[str, int], Visit], site: str) -> None:
    v, say = visit(site, 1440), words("en")
    v.open("groups?lang=en")
    v.page.get_by_placeholder(say["search_hint"]).fill("lhjj")
    v.page.get_by_placeholder(say["search_hint"]).press("Enter")
    v.row("found", "C-LANHENG-03")
    v.page.wait_for_url("**party=C-LANHENG-03**")
    v.settled()
    expect(v.page.locator(".kz-name").first).to_contain_text("Lanheng Precision")
    v.page.get_by_role("button", name=say["download"]).click()
    with v.page.expect_download() as told:
        v.page.get_by_role("button", name="csv").first.click()
    assert told.value.suggested_filename == "party_exposures.csv"


def test_every_table_of_a_cascade_is_downloaded(visit: Callable[[str, int], Visit], site: str) -> None:
    v, say = visit(site, 1024), words("zh")
    v.open("contagion?lang=zh&fail=C-DUANQIAO-01")
    v.page.get_by_role("button", name=say["download"]).click()
    files = v.page.locator("[data-testid=stPopoverBody] [data-testid=stDownloadButton] button")
    expect(files).to_have_count(15)
    assert files.evaluate_all("es => es.filter(e => e.scrollWidth > e.clientWidth).length") == 0
    with v.page.expect_download() as told:
        files.first.click()
    assert told.value.suggested_filename == "parties.csv"
    assert b"C-DUANQIAO-01" in told.value.path().read_bytes()


def test_a_scenario_file_is_taken_and_its_link_shows_the_same(
    visit: Callable[[str, int], Visit], site: str
) -> None:
    v, say = visit(site, 1440), words("en")
    v.open("contagion?lang=en&fail=C-DUANQIAO-01")
    expect(v.page.get_by_text(f"{say['lgd']} 100 %")).to_be_visible()
    v.page.get_by_text(say["assumptions"]).click()
    text = b'fail = ["C-DUANQIAO-01"]\n[lgd]\ndefault = 0.45\n[fx]\nUSD = -0.1\n'
    file = FilePayload(name="mild.toml", mimeType="application/toml", buffer=text)
    v.page.locator("input[type=file]").first.set_input_files(file)
    expect(v.page.get_by_text(f"{say['lgd']} 45 % · USD −10 %")).to_be_visible()
    v.settled()
    v.shot("scenario-en-1440")
    assert v.cut() == []
    link = v.page.url
    assert "s.lgd.default=0.45" in link
    v.page.get_by_role("button", name=say["clear"], exact=True).click()
    expect(v.page.get_by_text(say["pick_hint"])).to_be_visible()
    v.page.go_back()
    expect(v.page.get_by_text(f"{say['lgd']} 45 % · USD −10 %")).to_be_visible()
    other = visit(site, 1024)
    other.open(link.removeprefix(f"{site}/"))
    expect(other.page.get_by_text(f"{say['lgd']} 45 % · USD −10 %")).to_be_visible()
    assert (v.outside, v.errors, other.errors) == ([], [], [])


def test_a_picture_is_shown_whole_at_any_width_until_somebody_looks_closer(
    visit: Callable[[str, int], Visit], site: str
) -> None:
    v = visit(site, 1440)
    v.open("groups?lang=en&group=G:P-HENGYU-A")
    picture = v.page.locator(".kz-picture[data-drawn]")

    def spare(wide: int) -> float:
        """How much of the canvas is left beside what is drawn in it, once it is as wide as the page lets it be."""
        v.page.set_viewport_size({"width": wide, "height": 900})
        v.page.wait_for_timeout(1000)
        told = picture.evaluate(
            """r => { const at = Object.values(r.network.getPositions()).map(p => r.network.canvasToDOM(p).x);
            const wide = r.network.canvas.frame.clientWidth;
            return Math.min(Math.min(...at), wide - Math.max(...at)); }"""
        )
        assert isinstance(told, (int, float))
        return told

    assert min(spare(1440), spare(1024), spare(700), spare(1440)) > 0
    v.page.get_by_role("button", name=words("en")["tool_closer"]).click(click_count=6)
    assert spare(1024) < 0
