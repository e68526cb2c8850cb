"""The report in a real browser: nothing is blocked, nothing overflows, nothing overlaps, on any screen and on paper.

Needs Playwright and a Chromium (its own, or the system's at /usr/bin/chromium, or TENURE_CHROMIUM); skips without.
"""

import time

import chromium
import made_up_report
import pytest

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.policy import load
from tenure.periods import parse_instant
from tenure.read import read
from tenure.reporting import page as report_page
from tenure.reporting.gather import gather
from tenure.simulation import simulate

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


def simulated(folder):
    """The report of a simulated shop, from its file through the engine: real sentences, seasons, a day in a month."""
    shop = simulate(folder / "boots.parquet", customers=2_000)
    with DuckDB() as engine:
        timeline, at = read(engine, shop.events), parse_instant("2025-12-10T14:05", "Europe/Oslo")
        return gather(timeline, load(shop.policy), zone="Europe/Oslo", as_of=at, name="Støvler og sko", files=["boots"])


PAGES = {
    "simulated": simulated,
    "shop": lambda _: made_up_report.report(made_up_report.lives(400)),
    "twelve": lambda _: made_up_report.report(made_up_report.lives(12)),
    "tiny": lambda _: made_up_report.tiny(),
    "empty": lambda _: made_up_report.empty(),
}
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
COVERED = """() => {
  const found = [], petals = [...document.querySelectorAll('.ring > svg path.area, .ring > svg path.pat')];
  for (const label of document.querySelectorAll('.station .ct, .station .ch')) {
    const range = document.createRange(); range.selectNodeContents(label);
    const box = range.getBoundingClientRect();
    for (const petal of petals) for (const x of [box.left, box.right]) for (const y of [box.top, box.bottom]) {
      const at = new DOMPoint(x, y).matrixTransform(petal.getScreenCTM().inverse());
      if (petal.isPointInFill(at)) found.push(label.textContent);
    }
  }
  return found;
}"""
CUT = """() => [...document.querySelectorAll('td, th, .names span, .who, .when, .moved p,'
    + '.words li, .foot dd, h1, h2, h3')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').map(e => e.textContent)"""


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        try:
            started = chromium.started(playwright)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium to start: {str(error).splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    for name, data in PAGES.items():
        (folder / f"{name}.html").write_text(report_page(data(folder)), encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in PAGES}


@pytest.fixture
def opened(browser, written):
    """Opens a page and collects what the browser complains about and whatever it asks the network for."""
    contexts = []

    def show(name: str, width: int, scheme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        tab = context.new_page()
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: said.append(request.url) if request.url != written[name] else None)
        tab.goto(written[name])
        return tab, said

    yield show
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_browser_blocks_nothing_and_asks_for_nothing(opened, name):
    tab, said = opened(name, 1440)
    assert said == []
    # the style sheet was let through: without it the page would be 16 px Times on white
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 241, 229)"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 760, 761, 960, 961, 1180, 1181, 1281, 1440, 3840])
def test_no_screen_scrolls_sideways_and_no_text_is_cut(opened, name, width):
    tab, _ = opened(name, width)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate(CUT) == []


@pytest.mark.parametrize("name", ["simulated", "shop", "twelve", "tiny"])
@pytest.mark.parametrize("width", [390, 820, 1000, 1440])
def test_the_rings_labels_lie_neither_on_each_other_nor_on_its_petals(opened, name, width):
    tab, _ = opened(name, width)
    assert tab.evaluate(OVERLAPS) == []
    assert tab.evaluate(COVERED) == []


def test_dark_is_dark_and_paper_is_white(opened):
    tab, said = opened("shop", 1440, "dark")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(26, 23, 20)"
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(36, 31, 25)"
    assert said == []


def test_a_flow_leads_to_its_number(opened):
    tab, _ = opened("shop", 1440)
    target = tab.locator(".ring svg a").first.get_attribute("href")
    tab.goto(tab.url + target)
    assert tab.evaluate("document.querySelector(':target').tagName") == "SPAN"


def test_tables_can_be_scrolled_by_keyboard_on_a_phone(opened):
    tab, _ = opened("shop", 390)
    table = tab.locator("#moves [role=region]")
    table.focus()
    tab.keyboard.press("ArrowRight")
    # Asked again and again from here: Playwright's own waiting evaluates text in the page, which
    # the page's policy refuses.
    deadline = time.monotonic() + 10
    while table.evaluate("region => region.scrollLeft") == 0:
        assert time.monotonic() < deadline, "the table did not move"
        tab.wait_for_timeout(20)


def test_the_river_begins_at_today_on_a_phone(opened):
    tab, _ = opened("shop", 390)
    box = tab.locator(".strip text.day").bounding_box()
    assert box["x"] > 0
    assert box["x"] + box["width"] < 390


def test_it_prints_on_a_few_pages(opened):
    tab, _ = opened("shop", 1440)
    pages = tab.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 3 <= pages <= 5
