"""Makes the pictures of the documents anew, in a real browser: pages of the console of `make demo`, and the report of
the simulated shoe-and-boot shop.

    make demo                                 in one terminal
    .venv/bin/python docs/images/shoot.py     in another; --port and --data as they were given to make demo
    make demo SHOP=simulated                  then this, and
    .venv/bin/python docs/images/shoot.py --shop simulated
    .venv/bin/python docs/images/shoot.py --shop wire        a shop of its own (wire.py) on a server of its own

Needs Playwright and a Chromium: its own, the system's, or the one named by --chromium. Both shops are always the same
and the demo's clock stands still, so the numbers are the same too.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import wire
from playwright.sync_api import Browser, Page, sync_playwright

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.policy import load
from tenure.periods import parse_instant
from tenure.read import read
from tenure.reporting import page
from tenure.reporting.gather import gather
from tenure.simulation import simulate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WIDTH = 1440
ZONE, DAY = "Europe/Berlin", "2025-11-01"
NAME = "Shoe and boot shop, simulated"
CONSOLE = {
    "journey": {"ring.png": ("/", 1000), "customer.png": ("/customers/153/", 1100)},
    "simulated": {
        "worth.png": ("/worth/", 1240), "next.png": ("/worth/next/", 720), "discounts.png": ("/discounts/", 960),
    },
    "wire": {
        "sources.png": ("/sources/", 640), "stream.png": ("/sources/{web}/", 900),
        "quarantine.png": ("/quarantine/", 900), "person.png": ("/customers/{person}/", 1480),
        "prospects.png": ("/prospects/", 860),
    },
}  # fmt: skip
"""Of each shop and file the page's path and the height of the window."""
REPORT = ("report.png", 1072)


def report(folder: Path) -> Path:
    """The report as a file."""
    shop = simulate(folder / "boots.parquet")
    with DuckDB() as engine:
        timeline = read(engine, shop.events)
        at = parse_instant(DAY, ZONE)
        data = gather(timeline, load(shop.policy), zone=ZONE, as_of=at, name=NAME, files=[shop.events.name])
    out = folder / "report.html"
    out.write_text(page(data), encoding="utf-8")
    return out


def signed_in(tab: Page, address: str, word: str) -> None:
    """The demo's owner, signed in."""
    tab.goto(f"{address}/sign-in/")
    tab.fill("input[name=username]", "demo")
    tab.fill("input[name=password]", word)
    tab.press("input[name=password]", "Enter")
    tab.wait_for_url(f"{address}/")


def foretold(tab: Page, address: str) -> None:
    """Worth is opened, so that a customer's page says what is ahead."""
    tab.goto(f"{address}/worth/")
    for _ in range(300):
        if tab.locator("h1").count() and not tab.locator("[aria-busy=true]").count():
            return
        tab.wait_for_timeout(1_000)
    raise SystemExit("the forecast was not worked out in five minutes")


def settled(tab: Page, address: str) -> dict[str, int]:
    """Waits until the worker has done with everything; the numbers of the web shop's source and of its owner's page."""
    waits = ("tenure_received_waiting", "tenure_people_touched")
    for _ in range(240):
        told = tab.request.get(f"{address}/metrics").text().splitlines()
        person = tab.request.get(f"{address}/api/v1/customers?q=c1@post.example").json()["items"]
        if person and person[0]["standing"] and all(f"{name} 0" in told for name in waits):
            break
        tab.wait_for_timeout(500)
    else:
        raise SystemExit("the worker was not done in two minutes")
    sources = tab.request.get(f"{address}/api/v1/sources").json()["items"]
    return {"web": next(one["id"] for one in sources if one["name"] == "web"), "person": person[0]["id"]}


def shoot(tab: Page, address: str, name: str, height: int) -> None:
    """One picture of the top of a page, as large as the window."""
    tab.set_viewport_size({"width": WIDTH, "height": height})
    tab.goto(address)
    tab.wait_for_load_state("networkidle")
    tab.screenshot(path=HERE / name)
    print(f"docs/images/{name}: {WIDTH} x {height}, {(HERE / name).stat().st_size // 1000} kB")


def pictures(browser: Browser, address: str, word: str, shop: str) -> None:
    """All pages of a shop."""
    tab = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
    signed_in(tab, address, word)
    numbers = settled(tab, address) if shop == "wire" else foretold(tab, address) or {}
    for name, (path, height) in CONSOLE[shop].items():
        shoot(tab, f"{address}{path.format(**numbers)}", name, height)


def main() -> None:
    """All pictures of a shop; the demo runs meanwhile, or the shop over the wire has a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--shop", choices=CONSOLE, default="journey")
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "demo")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        if asked.shop == "wire":
            with wire.served(Path(folder) / "data", asked.port) as address:
                pictures(browser, address, wire.WORD, "wire")
        else:
            word = (asked.data / asked.shop / "secrets" / "demo_password").read_text(encoding="utf-8").strip()
            pictures(browser, f"http://127.0.0.1:{asked.port}", word, asked.shop)
        if asked.shop == "journey":
            name, height = REPORT
            shoot(browser.new_page(color_scheme="light"), report(Path(folder)).as_uri(), name, height)
        browser.close()


if __name__ == "__main__":
    main()
