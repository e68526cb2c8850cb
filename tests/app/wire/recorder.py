"""Stands between a client library and the server, hands on every byte, and remembers what was asked and answered."""

import base64
import gzip
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

LEFT_OUT = frozenset({
    "host", "connection", "content-length", "accept-encoding", "origin", "referer", "accept-language", "user-agent",
    "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest",
    "pragma", "cache-control", "dnt", "accept", "priority",
})  # fmt: skip
"""Headers that say something of the machine and nothing of the event."""


RECORDED = Path(__file__).resolve().parent / "recorded"
LOST = "lost"
"""A mishap: the server takes the request, and its answer never arrives. A number: the request itself does not."""


class Exchange(NamedTuple):
    """A request and what was answered. events: what it says, with what it says of all of them."""

    method: str
    path: str
    headers: list
    body: bytes
    status: int

    @property
    def content(self):
        return json.loads(gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body)

    @property
    def events(self):
        if not self.body or self.method == "OPTIONS":
            return []
        found = self.content
        return found.get("batch", [found])

    def as_fixture(self, key):
        """Without what belongs to the machine and without the key, for which KEY stands."""
        kept = [(name.lower(), value) for name, value in self.headers if name.lower() not in LEFT_OUT]
        coded = base64.b64encode(f"{key}:".encode()).decode()
        site = base64.b64encode(f"site:{key}".encode()).decode()
        plain = gzip.decompress(self.body) if (packed := self.body[:2] == b"\x1f\x8b") else self.body
        return {
            "method": self.method, "path": self.path.replace(key, "KEY"), "packed": packed,
            "headers": [[n, v.replace(coded, "KEY:").replace(site, "SITE:KEY").replace(key, "KEY")] for n, v in kept],
            "body": base64.b64encode(plain.replace(key.encode(), b"KEY")).decode(),
        }  # fmt: skip


class Recorder:
    """A proxy on a port of its own. `exchanges` in the order in which they were asked; `mishaps`: what befalls the next
    ones."""

    def __init__(self, port):
        self.exchanges, self.mishaps, recorder = [], [], self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                recorder.pass_on(self, port)

            do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = pass_on

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A client that went away, or a server: what is left of it is seen at the other end."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def pass_on(self, asked, port):
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        headers = list(asked.headers.items())
        mishap = self.mishaps.pop(0) if self.mishaps and asked.command != "OPTIONS" else None
        if isinstance(mishap, int):
            self.exchanges.append(Exchange(asked.command, asked.path, headers, body, mishap))
            self.turn_away(asked, mishap)
            return
        one = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            one.putrequest(asked.command, asked.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in ("connection", "keep-alive"):
                    one.putheader(name, value)
            one.endheaders(body or None)
            answer = one.getresponse()
            content = answer.read()
        finally:
            one.close()
        self.exchanges.append(Exchange(asked.command, asked.path, headers, body, answer.status))
        if mishap == LOST:
            asked.close_connection = True
            return
        asked.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                asked.send_header(name, value)
        if answer.status != 204:
            asked.send_header("Content-Length", str(len(content)))
        asked.end_headers()
        asked.wfile.write(content)

    @staticmethod
    def turn_away(asked, status):
        said = b'{"code":"not_stored","message":"come again"}'
        asked.send_response_only(status)
        for name, value in (("Content-Type", "application/json"), ("Retry-After", "1"), ("Content-Length", len(said))):
            asked.send_header(name, str(value))
        asked.end_headers()
        asked.wfile.write(said)

    def sent(self):
        """Ids of the messages of all requests that were taken, in order; one that was sent twice is there twice."""
        return [
            one.get("messageId") for exchange in self.exchanges if exchange.status == 200 for one in exchange.events
        ]  # fmt: skip

    def in_order(self):
        """The ids in the order of the sender's clock: a browser has several requests on their way at once."""
        said = [one for exchange in self.exchanges if exchange.status == 200 for one in exchange.events]
        said.sort(key=lambda one: one.get("originalTimestamp") or one["timestamp"])
        return [one["messageId"] for one in said]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def write(recorder, name, key):
    """Keep what was asked as a fixture for tests/app/wire/test_wire_replays.py (WIRE_RECORD=1)."""
    asked = [one.as_fixture(key) for one in recorder.exchanges if one.status < 400]
    text = json.dumps(asked, indent=0, ensure_ascii=False)
    assert key not in text
    (RECORDED / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
