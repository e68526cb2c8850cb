"""A small shop that lives over the wire, for pictures: its file, then events through the doors of a server of its own.

Everybody and every instant is written down here, and the clock stands still, so the pictures are always the same.
"""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOW = datetime(2026, 11, 1, 15, 0, tzinfo=UTC)
WORD = "boots-in-winter-9"
PEOPLE = (
    "Marte Nilsen", "Sindre Bakken", "Guro Strand", "Emil Ruud", "Thea Moen", "Henrik Eide", "Sara Berge",
    "Jakob Hagen", "Ida Solberg", "Magnus Knutsen", "Frida Aune", "Oskar Tveit",
)  # fmt: skip
CAMPAIGN = {"campaign": {"name": "Autumn boots", "source": "newsletter", "medium": "email"}}
SEARCH = {"page": {"referrer": "https://www.search.example/", "path": "/boots"}}
OWNER = "ase"
"""Whose page is shown."""


def iso(minutes: float) -> str:
    """So many minutes ago, as libraries write it."""
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def orders() -> str:
    """The file from before: a hundred and twenty customers, the first of them Åse."""
    lines = ["order,customer,email,name,at,amount,category"]
    for c in range(1, 121):
        for n in range(1 + c * 7 % 5):
            at = NOW - timedelta(days=30 + c * 37 % 400 - 26 * n if c * 37 % 400 > 26 * n else 20 + c % 9)
            name = "Åse Dahl" if c == 1 else ""
            what = ("boots", "shoes", "care")[(c + n) % 3]
            who = f"C{c},c{c}@post.example,{name}"
            lines.append(f"F{c}-{n},{who},{at:%Y-%m-%dT%H:%M:%SZ},{39 + c * 11 % 160}.00,{what}")
    return "\n".join(lines) + "\n"


def visits() -> Iterator[dict]:
    """What the web shop's library says: visitors who become known, a customer on two devices, mistakes."""
    around = {"locale": "nb-NO", "timezone": "Europe/Oslo"}
    for i, name in enumerate(PEOPLE):
        device, user, first = f"device-{i}", f"P{i}", 60 * (5 + 23 * i % 190)
        by = (CAMPAIGN, SEARCH, {})[i % 3]
        yield {"type": "page", "anonymousId": device, "name": "Start", "ago": first, "context": {**around, **by}}
        for n in range(i % 5 if i % 4 < 3 else 0):
            said = {"name": f"Boot {n}", "category": "boots"}
            yield {"event": "Product Viewed", "anonymousId": device, "ago": first - 3 - n, "properties": said}
        traits = {"name": name, "email": f"{name.split()[0].lower()}@mail.example"}
        yield {"type": "identify", "anonymousId": device, "userId": user, "ago": first - 10, "traits": traits,
               "context": around}  # fmt: skip
        if i % 4 == 1:
            yield {"event": "Product Added", "userId": user, "ago": first - 12, "properties": {"name": "Boot 1"}}
            yield {"event": "Checkout Started", "userId": user, "ago": first - 13}
    yield from _owner(around)
    for n in range(24):
        name = ("Product Viewed", "Products Searched", "Product List Viewed", "Cart Viewed")[n % 4]
        yield {"event": name, "anonymousId": f"visitor-{n * 5 % 9}", "ago": 24 - n}
    yield {"event": "Order Completed", "userId": "P2", "properties": {"order_id": "W7", "total": "free"}, "ago": 6}
    yield {"event": "Product Viewed", "ago": 5}
    yield {"event": "", "userId": "P3", "ago": 4}
    yield {"type": "identify", "userId": "null", "traits": {"name": "Nobody"}, "ago": 3}
    yield {"type": "dance", "userId": "P5", "ago": 2}


def _owner(around: dict) -> Iterator[dict]:
    traits = {
        "email": "c1@post.example", "name": "Åse Dahl", "language": "nb", "preferredChannel": "SMS",
        "contactHours": "weekdays after 16:00", "shoeSize": 39,
    }  # fmt: skip
    for n, device in enumerate(("phone-1", "laptop-1")):
        yield {"type": "page", "anonymousId": device, "name": "Winter boots", "ago": 190 - n, "context": CAMPAIGN}
        yield {"event": "Product Viewed", "anonymousId": device, "ago": 185 - n, "properties": {"name": "Trail boot"}}
        yield {"type": "identify", "anonymousId": device, "userId": OWNER, "ago": 180 - n, "traits": traits,
               "context": around}  # fmt: skip
    yield {"type": "group", "userId": OWNER, "groupId": "dahl", "traits": {"name": "The Dahls"}, "ago": 170}
    placed = {"order_id": "W1001", "total": 189.0, "currency": "EUR", "products": [{"category": "boots", "price": 189}]}
    yield {"event": "Order Completed", "userId": OWNER, "ago": 35, "properties": placed}
    yield {"type": "identify", "userId": "ase-2", "ago": 30, "traits": {"email": "c1@post.example", "name": "Åse D."}}


@contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    """The shop's server and its worker while the block runs, with everything sent; its address."""
    env = {
        **os.environ, "TENURE_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "tenure_app.settings",
        "TENURE_PINNED_CLOCK": NOW.isoformat(),
    }  # fmt: skip
    env.pop("DATABASE_URL", None)
    folder.mkdir(parents=True)
    (folder / "orders.csv").write_text(orders(), encoding="utf-8")
    (folder / "word").write_text(f"{WORD}\n", encoding="utf-8")

    def tenure(*words: str) -> str:
        words = (sys.executable, "-m", "tenure", *words)
        return subprocess.run(words, env=env, check=True, capture_output=True, text=True).stdout

    tenure("migrate")
    tenure("shop", "--name", "Shoes & boots", "--timezone", "Europe/Oslo", "--currency", "EUR")
    tenure("user", "demo", "--role", "owner", "--password-file", str(folder / "word"))
    tenure("import", str(folder / "orders.csv"))
    key = tenure("source", "web", "--speaks", "segment", "--key").split()[-1]
    tenure("source", "newsletter", "--speaks", "customerio", "--key")
    tenure("source", "till", "--speaks", "standard")
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "tenure", "serve", "--port", str(port), "--work"], env=env)
    try:
        _answers(address)
        _send(address, key)
        yield address
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/livez").close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise SystemExit("the server did not answer in a minute")


def _send(address: str, key: str) -> None:
    whole = []
    for n, one in enumerate(sorted(visits(), key=lambda one: -one["ago"])):
        said = {key: value for key, value in one.items() if key != "ago"}
        whole.append({"type": "track", "messageId": f"message-{n}", "timestamp": iso(one["ago"]), **said})
    for start in range(0, len(whole), 20):
        body = json.dumps({"batch": whole[start : start + 20], "sentAt": iso(0)}).encode()
        word = base64.b64encode(f"{key}:".encode()).decode()
        asked = urllib.request.Request(f"{address}/v1/batch", body, {"Authorization": f"Basic {word}"})
        urllib.request.urlopen(asked).close()

