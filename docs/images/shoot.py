"""Makes the pictures of the documents anew: the report of the simulated shoe-and-boot shop, in a real browser.

    python docs/images/shoot.py [CHROMIUM]

Needs Playwright and a Chromium: its own, the system's, or the one named. The shop is always the same, so are its
numbers.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.policy import load
from tenure.periods import parse_instant
from tenure.read import read
from tenure.reporting import page
from tenure.reporting.gather import gather
from tenure.simulation import simulate

HERE = Path(__file__).resolve().parent
ZONE, DAY = "Europe/Berlin", "2025-11-01"
NAME = "Shoe and boot shop, simulated"


def written(folder: Path) -> Path:
    """The report as a file."""
    shop = simulate(folder / "boots.parquet")
    with DuckDB() as engine:
        timeline = read(engine, shop.events)
        at = parse_instant(DAY, ZONE)
        data = gather(timeline, load(shop.policy), zone=ZONE, as_of=at, name=NAME, files=[shop.events.name])
    out = folder / "report.html"
    out.write_text(page(data), encoding="utf-8")
    return out


def shoot(browser: Browser, report: Path, out: Path, size: tuple[int, int], scheme: str) -> None:
    """One picture of the top of the report, as large as the window."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(report.as_uri())
    tab.screenshot(path=out)
    context.close()
    print(f"{out.relative_to(HERE.parent.parent)}: {width} x {height}, {scheme}, {out.stat().st_size // 1000} kB")


def main() -> None:
    """Both pictures."""
    chromium = sys.argv[1] if len(sys.argv) > 1 else shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = written(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shoot(browser, report, HERE / "report.png", (1440, 1072), "light")
        shoot(browser, report, HERE / "report-phone.png", (390, 912), "dark")
        browser.close()


if __name__ == "__main__":
    main()
