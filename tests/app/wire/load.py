"""Senders that keep a server busy and know exactly what they were promised: two libraries, and a plain one."""

import base64
import contextlib
import datetime as dt
import http.client
import json
import random
import threading
import time

import rudderstack.analytics.client
import segment.analytics.client

from tenure_app import clock

DAY = 86_400
PEOPLE = 60
MOST_QUEUED = 2_000


def ago(seconds):
    return dt.datetime.fromtimestamp(clock.running() / 1e6 - seconds, dt.UTC)


class Plain(threading.Thread):
    """Sends batches over plain HTTP, each again until it is answered 200.

    What it notes: the ids of what was answered 200, of the bad events among that, and what the orders are worth.
    """

    def __init__(self, port, key, name, seed):
        super().__init__(daemon=True)
        self.port, self.name, self.dice = port, name, random.Random(seed)
        word = base64.b64encode(f"{key}:".encode()).decode()
        self.headers = {"Authorization": f"Basic {word}", "Content-Type": "text/plain"}
        self.ended, self.connection = threading.Event(), None
        self.answered, self.bad, self.orders, self.others, self.batches = [], {}, {}, set(), 0

    def run(self):
        while not self.ended.is_set():
            self.batches += 1
            self.promised(self.batch())
            time.sleep(0.02)
        if self.connection:
            self.connection.close()

    def batch(self):
        events = []
        for place in range(self.dice.randint(1, 25)):
            number = f"{self.name}-{self.batches}-{place}"
            who = f"{self.name}-u{self.dice.randrange(PEOPLE)}"
            said = {"messageId": number, "timestamp": ago(self.dice.random() * 400 * DAY).isoformat(), "userId": who}
            turn = self.dice.random()
            if turn < 0.25:
                order = {"order_id": number, "total": self.dice.randrange(1, 90_000) / 100, "currency": "EUR"}
                said |= {"type": "track", "event": "Order Completed", "properties": order}
            elif turn < 0.30:
                said |= {"type": "identify", "anonymousId": f"{who}-d{self.dice.randrange(3)}", "traits": {
                    "email": f"{who}@example.com", "plan": self.dice.choice(["gold", "silver"]),
                }}  # fmt: skip
            elif turn < 0.34:
                said |= {"type": "track", "event": "Order Completed", "properties": {"order_id": number, "total": "?"}}
            elif turn < 0.5:
                said |= {"type": "page", "anonymousId": f"{who}-d{self.dice.randrange(3)}", "userId": None}
            else:
                said |= {"type": "track", "event": "Something", "properties": {"n": place}}
            events.append(said)
        return events

    def promised(self, events):
        body = json.dumps({"batch": events, "sentAt": ago(0).isoformat()}).encode()
        while (status := self.status_of(body)) != 200:
            self.others.add(status)
            time.sleep(0.05)
        for one in events:
            properties = one.get("properties", {})
            if properties.get("total") == "?":
                self.bad[one["messageId"]] = True
                continue
            self.answered.append(one["messageId"])
            if "total" in properties:
                self.orders[one["messageId"]] = round(properties["total"] * 100)

    def status_of(self, body):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            self.connection.request("POST", "/v1/batch", body, self.headers)
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            with contextlib.suppress(Exception):
                self.connection.close()
            self.connection = None
            return None


class Library(threading.Thread):
    """A published library that is told something a few hundred times a second. `given_up`: what it could not send."""

    def __init__(self, library, address, key, name):
        super().__init__(daemon=True)
        self.name, self.told, self.given_up, self.ended = name, 0, [], threading.Event()
        make = {"segment": segment.analytics.client.Client, "rudder": rudderstack.analytics.client.Client}[library]
        more = {"upload_interval": 0.1, "upload_size": 30, "on_error": self.gave_up}
        self.client = make(key, host=address, **more)
        self.ids = []

    def gave_up(self, error, items):
        self.given_up += [(str(error), item) for item in items]

    def run(self):
        while not self.ended.is_set():
            if self.client.queue.qsize() > MOST_QUEUED:  # it waits between its tries; full, its queue drops
                time.sleep(0.05)
                continue
            self.told += 1
            who = f"{self.name}-u{self.told % PEOPLE}"
            number = f"{self.name}-{self.told}"
            at = ago((self.told * 7919) % (300 * DAY))
            if self.told % 4:
                self.client.track(who, "Something", {"n": self.told}, timestamp=at, message_id=number)
            else:
                order = {"order_id": number, "total": self.told / 100, "currency": "EUR"}
                self.client.track(who, "Order Completed", order, timestamp=at, message_id=number)
            self.ids.append(number)
            time.sleep(0.004)
        self.client.flush()
        self.client.shutdown()

class Senders:
    """All of them at once; `stop` returns when each has come to its end."""

    def __init__(self, served, seed, *, plain=2, libraries=("segment", "rudder")):
        self.served = served
        self.keys = {name: served.source(name) for name in ("plain", *libraries)}
        self.plain = [Plain(served.port, self.keys["plain"], f"p{n}", f"{seed} {n}") for n in range(plain)]
        self.libraries = [Library(name, served.address, self.keys[name], name) for name in libraries]

    def __enter__(self):
        for one in (*self.plain, *self.libraries):
            one.start()
        return self

    def __exit__(self, *_):
        for one in (*self.plain, *self.libraries):
            one.ended.set()
        for one in (*self.plain, *self.libraries):
            one.join(90)
            assert not one.is_alive(), f"{one.name} did not come to its end"
