"""Makes the pictures of the documents anew, in a real browser: pages of the console of `make demo`, and the report of
the simulated shoe-and-boot shop.

    make demo                                 in one terminal
    .venv/bin/python docs/images/shoot.py     in another; --port and --data as they were given to make demo
    make demo SHOP=simulated                  then this, and
    .venv/bin/python docs/images/shoot.py --shop simulated

Needs Playwright and a Chromium: its own, the system's, or the one named by --chromium. Both shops are always the same
and the demo's clock stands still, so the numbers are the same too.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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


def shoot(tab: Page, address: str, name: str, height: int) -> None:
    """One picture of the top of a page, as large as the window."""
    tab.set_viewport_size({"width": WIDTH, "height": height})
    tab.goto(address)
    tab.wait_for_load_state("networkidle")
    tab.screenshot(path=HERE / name)
    print(f"docs/images/{name}: {WIDTH} x {height}, {(HERE / name).stat().st_size // 1000} kB")


def main() -> None:
    """All pictures; the demo runs meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--shop", choices=CONSOLE, default="journey")
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "demo")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    asked = parser.parse_args()
    word = (asked.data / asked.shop / "secrets" / "demo_password").read_text(encoding="utf-8").strip()
    address = f"http://127.0.0.1:{asked.port}"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
        signed_in(tab, address, word)
        foretold(tab, address)
        for name, (path, height) in CONSOLE[asked.shop].items():
            shoot(tab, f"{address}{path}", name, height)
        if asked.shop == "journey":
            name, height = REPORT
            shoot(tab, report(Path(folder)).as_uri(), name, height)
        browser.close()


if __name__ == "__main__":
    main()
