"""A source with a key, and requests as its library sends them."""

import base64
import gzip
import json

from django.test import Client

from tenure_app import clock
from tenure_app.listen import receiving
from tenure_app.listen.convert import convert
from tenure_app.listen.keys import make_key, make_source

AT = 1_790_000_000_000_000
SENT = "2026-09-21T13:33:20.000Z"
"""AT, as the library writes it."""


class Sender:
    """One source and its key; `post` sends what a library of its dialect would."""

    def __init__(self, name="web", dialect="segment"):
        receiving.forget()
        self.source = make_source(name, dialect, now=AT)
        self.key, self.secret = make_key(self.source, by="test", now=AT)
        self.client = Client()
        self.sent = 0

    def post(self, where, body, *, packed=False, key=None, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        word = base64.b64encode(f"{key or self.secret}:".encode()).decode()
        return self.client.post(
            where, gzip.compress(raw) if packed else raw, content_type="application/json",
            headers={"authorization": f"Basic {word}", **headers},
        )  # fmt: skip

    def batch(self, *events, **more):
        return self.post("/v1/batch", {"batch": [self.whole(**one) for one in events], "sentAt": SENT, **more})

    def whole(self, **said):
        self.sent += 1
        return {"type": "track", "messageId": f"message-{self.sent}", "timestamp": SENT, **said}

    def order(self, number, total=20, user="u1", **more):
        said = {"order_id": str(number), "total": total, "currency": "EUR", **more.pop("properties", {})}
        return {"event": "Order Completed", "userId": user, "properties": said, **more}


def converted():
    """What the worker makes of what waits."""
    return convert(now=clock.now)
