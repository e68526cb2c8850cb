"""Batches of 100 events over loopback, as fast as answers come or at a rate; one line of JSON says what came of it.

Words: port, key, seconds, batches (most), batches a second (0: as fast as answers come), connections, people, orders in
a thousand events, a word that makes message ids unique, and where to note orders (file, or - for nowhere).
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenure_app import clock

EVENTS = 100


def batch(number: int, word: str, people: int, orders: int, draw: random.Random) -> tuple[bytes, list[tuple[str, str]]]:
    """A batch as a library writes it, and its orders (customer, order id)."""
    events, placed = [], []
    now = datetime.fromtimestamp(clock.running() / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for n in range(EVENTS):
        user = f"{draw.randrange(people) + 1}"
        common: dict[str, Any] = {
            "messageId": f"{word}-{number}-{n}", "userId": user, "anonymousId": None, "timestamp": now, "type": "track",
            "integrations": {}, "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        }  # fmt: skip
        if draw.randrange(1000) < orders:
            order = f"{word}-{number}-{n}"
            placed.append((user, order))
            common |= {"event": "Order Completed", "properties": {
                "order_id": order, "total": draw.randrange(500, 20_000) / 100, "currency": "EUR",
                "products": [{"product_id": "1", "name": "Boots", "price": 10, "quantity": 1}],
            }}  # fmt: skip
        else:
            common |= {"event": "Product Viewed", "properties": {
                "product_id": str(n), "name": "Boots, brown, size 42", "price": 79.9, "currency": "EUR",
                "category": "boots", "url": "https://shop.example/boots/1",
            }}  # fmt: skip
        events.append(common)
    return json.dumps({"batch": events, "sentAt": now}).encode(), placed


def main() -> None:
    """Send and say what came of it."""
    port, key, seconds, most, rate, connections, people, orders, word, notes = sys.argv[1:]
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode(), "Content-Type": "application/json",
    }
    pace, until, lock = float(rate), float(seconds), threading.Lock()
    noted = None if notes == "-" else Path(notes).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    draw = random.Random(word)
    ready = [] if pace else [batch(n, word, int(people), int(orders), draw)[0] for n in range(int(most))]
    took: list[float] = []
    statuses: dict[int, int] = {}
    counter = iter(range(int(most)))

    def send() -> None:
        one, own = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60), random.Random(f"{word}{id(send)}")
        while time.perf_counter() - began < until:
            with lock:
                number = next(counter, None)
            if number is None:
                return
            placed: list[tuple[str, str]] = []
            if pace:
                body, placed = batch(number, word, int(people), int(orders), own)
                time.sleep(max(0.0, began + number / pace - time.perf_counter()))
            else:
                body = ready[number]
            before, sent = time.perf_counter(), clock.running()
            one.request("POST", "/v1/batch", body, headers)
            answer = one.getresponse()
            answer.read()
            with lock:
                took.append(time.perf_counter() - before)
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
                if noted is not None and answer.status == 200:
                    noted.writelines(f"{user} {order} {sent}\n" for user, order in placed)
                    noted.flush()

    began = time.perf_counter()
    threads = [threading.Thread(target=send) for _ in range(int(connections))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    wall = time.perf_counter() - began
    took.sort()
    n = statuses.get(200, 0)
    print(json.dumps({
        "batches": n, "events": n * EVENTS, "seconds": wall, "rate": n * EVENTS / wall, "statuses": statuses,
        "p50": took[len(took) // 2] if took else None, "p99": took[int(len(took) * 0.99)] if took else None,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
