"""The console in a real browser: nothing is blocked or asked of other servers, axe finds nothing serious, nothing
overflows from 390 px to 4k, the keyboard reaches what the mouse does.

Needs Playwright and a Chromium (TENURE_CHROMIUM or the system's); skips without, and says so.
"""

import importlib
import os
import threading
import warnings

import chromium
import pytest
from sending import converted

from tenure_app import background
from tenure_app.insight import beside

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
PAGES = {
    "ring": "/",
    "week": "/?every=week&as_of=2025-06-11",
    "customers": "/customers/",
    "lapsed": "/customers/?stage=lapsed",
    "nobody": "/customers/?q=nobodyknows",
    "customer": "/customers/17/",
    "flows": "/flows/",
    "cohorts": "/cohorts/",
    "worth": "/worth/",
    "next": "/worth/next/",
    "discounts": "/discounts/?within=90",
    "few": "/discounts/?as_of=2023-06-01&within=365&every=year",
    "policy": "/policy/",
    "edit": "/policy/edit/",
    "imports": "/imports/",
    "settings": "/settings/",
    "sources": "/sources/",
    "source": "/sources/1/",
    "quarantine": "/quarantine/?source=1&code=nobody",
    "person": "/customers/61/",
    "visitor": "/customers/63/",
    "prospects": "/prospects/",
    "engagement": "/prospects/rules/",
    "keys": "/settings/keys/",
    "webhooks": "/webhooks/",
    "webhook": "/webhooks/1/",
    "missing": "/nowhere/",
    "empty": "/?as_of=2001-01-01",
}
CUT = """() => [...document.querySelectorAll('td, th, .words li, h1, h2, h3, .chip, .btn, .station *')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').map(e => e.textContent)"""
OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll('.station .nm, .station .ct, .station .ch, .station .sub')]
    .map(e => [e, e.getBoundingClientRect()]);
  const found = [];
  for (const [a, p] of boxes) for (const [b, q] of boxes) {
    if (a === b || p.width === 0 || q.width === 0) continue;
    const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (x > 1 && y > 6) found.push(a.textContent + ' / ' + b.textContent);
  }
  return found;
}"""


@pytest.fixture(scope="module", autouse=True)
def beside_playwright():
    """Playwright waits in an event loop of this thread; Django, which is asked from the same one, need not mind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        try:
            started = chromium.started(playwright)
        except sync_api.Error as error:
            said = f"no Chromium to start, the console was not looked at: {str(error).splitlines()[0]}"
            if os.environ.get("CI"):
                pytest.fail(said)
            warnings.warn_explicit(said, UserWarning, __file__, 1)
            pytest.skip(said)
        yield started
        started.close()


class Tab:
    """A signed-in page, and what the browser complained about or asked of anybody else."""

    def __init__(self, browser, address, session, language="en", **options):
        self.context = browser.new_context(base_url=address, **options)
        self.context.add_cookies(
            [
                {"name": "sessionid", "value": session, "url": address},
                {"name": "django_language", "value": language, "url": address},
            ]
        )
        self.page, self.said = self.context.new_page(), []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda asked: None if asked.url.startswith(address) else self.said.append(asked.url))

    def goto(self, path):
        self.page.goto(path)
        return self.page


@pytest.fixture
def tab(browser, address, client_of, wired):
    """Opens tabs as the owner."""
    session = client_of("owner").cookies["sessionid"].value
    tabs = []

    def give(**options):
        tabs.append(Tab(browser, address, session, **options))
        return tabs[-1]

    yield give
    for one in tabs:
        one.context.close()


def test_the_browser_blocks_nothing_and_asks_nobody_else(tab):
    here = tab(viewport={"width": 1440, "height": 900})
    for name, path in PAGES.items():
        page = here.goto(path)
        assert [text for text in here.said if "404" not in text] == [], name
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 241, 229)", name
    answer = here.page.request.get("/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab, scheme):
    here = tab(viewport={"width": 1440, "height": 900}, color_scheme=scheme, bypass_csp=True)
    found = {}
    for name, path in PAGES.items():
        results = axe_playwright.Axe().run(here.goto(path))
        serious = [one for one in results.response["violations"] if one["impact"] in ("serious", "critical")]
        if serious:
            found[name] = [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in serious]
    assert found == {}


@pytest.mark.parametrize(("width", "language"), [
    (390, "en"), (760, "en"), (1180, "en"), (3840, "en"), (390, "de"), (1000, "de"), (1440, "de"),
])  # fmt: skip
def test_no_screen_scrolls_sideways_and_no_text_is_cut(tab, width, language):
    here = tab(viewport={"width": width, "height": 900}, language=language)
    found = {}
    for name, path in PAGES.items():
        page = here.goto(path)
        wide, cut = page.evaluate("document.documentElement.scrollWidth"), page.evaluate(CUT)
        if wide != width or cut or page.evaluate(OVERLAPS):
            found[name] = (wide, cut, page.evaluate(OVERLAPS))
    assert found == {}


def test_the_river_is_moved_by_keys_and_keeps_the_focus(tab):
    page = tab(viewport={"width": 1440, "height": 900}).goto("/")
    page.focus("#scrub")
    for key, day in (("ArrowLeft", "9 December 2025"), ("PageDown", "9 November 2025")):
        page.keyboard.press(key)
        page.wait_for_selector(f"#mast b:text-is('{day}')")
    assert "as_of=2025-11-09" in page.url
    assert page.evaluate("document.activeElement.id") == "scrub"
    assert page.text_content("h1") == "The circle on 9 November"
    assert page.get_attribute("#scrub", "aria-valuetext") == "9 November 2025"


def test_a_filter_sends_itself_and_stands_in_the_address(tab):
    page = tab(viewport={"width": 1440, "height": 900}).goto("/customers/?as_of=2025-12-01")
    page.select_option("#f-stage", "loyal")
    page.wait_for_url("**/customers/?*stage=loyal*")
    assert "as_of=2025-12-01" in page.url
    page.wait_for_selector("main p[role=status]:has-text('(loyal)')")
    assert set(page.locator(".people .chip").all_text_contents()) == {"Loyal"}


def test_the_stream_follows_what_comes_while_somebody_looks(tab, wired):
    here = tab(viewport={"width": 1440, "height": 900})
    page = here.goto("/sources/1/")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    wired.batch(wired.order("W77", total=88))
    converted()
    sync_api.expect(page.locator("#stream").get_by_text("€88")).to_be_visible(timeout=10_000)
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    page.wait_for_timeout(300)
    asked.clear()
    page.wait_for_timeout(4_500)
    assert asked == []
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => false})")
    page.wait_for_timeout(3_000)
    assert asked != []
    assert here.said == []


def test_a_cell_shows_its_people_without_a_new_page(tab):
    page = tab(viewport={"width": 1440, "height": 900}).goto("/flows/?every=quarter")
    page.evaluate("window.stays = true")
    page.click("#m-new-active")
    page.wait_for_selector("#cell h2:has-text('New to active')")
    assert page.evaluate("window.stays") is True
    assert "cell=new-active" in page.url
    assert page.locator("#cell .who").count() > 0


def test_everything_works_without_scripts(tab):
    page = tab(viewport={"width": 1440, "height": 900}, java_script_enabled=False).goto("/customers/")
    page.select_option("#f-stage", "loyal")
    page.click("form.filters button")
    assert "stage=loyal" in page.url
    page.goto("/")
    page.click("form.strip button")
    assert "as_of=" in page.url


def test_the_skip_link_comes_first_and_the_day_opens_by_keys(tab):
    page = tab(viewport={"width": 1440, "height": 900}).goto("/policy/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus(".asof summary")
    page.keyboard.press("Enter")
    assert page.is_visible(".asof input[name=as_of]")
    page.keyboard.press("Escape")
    assert not page.is_visible(".asof input[name=as_of]")


def test_dark_is_dark_by_the_system_and_by_choice_and_paper_is_white(tab):
    here = tab(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    page = here.goto("/policy/")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(26, 23, 20)"
    page.click("button[value=light]")
    assert page.evaluate(ground) == "rgb(246, 241, 229)"
    page.emulate_media(media="print")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_a_page_that_waits_shows_what_came_of_it_refusals_too(tab, tmp_path, monkeypatch):
    """The file is read beside the page, which asks again and again: a refusal is an answer of 400."""

    def begin(words, log, module):
        threading.Timer(0.5, importlib.import_module(module).main, [words]).start()
        return os.getpid()

    monkeypatch.setattr(background, "begin", begin)
    monkeypatch.setattr(beside, "_begun", {})
    page = tab(viewport={"width": 1440, "height": 900}).goto("/imports/")
    (tmp_path / "colours.csv").write_text("colour,shape\nred,round\n", encoding="utf-8")
    page.set_input_files("input[type=file]", tmp_path / "colours.csv")
    page.get_by_role("button", name="See what it would bring").click()
    sync_api.expect(page.get_by_role("heading", name="Reading the file")).to_be_visible()
    sync_api.expect(page.get_by_text("unknown_format")).to_be_visible(timeout=20_000)
    sync_api.expect(page.get_by_role("button", name="Drop the file")).to_be_visible()
