"""Nothing behind our own door can be reached: by no spelling of an address, by no name, by no redirect."""

import contextlib
import http.server
import socket
import threading
import time

import pytest

from tenure_app.live import outside
from tenure_app.live.outside import place_of, post, private
from tenure_app.refused import Refused

INSIDE = (
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::169.254.169.254",
    "64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    "2002:7f00:1::", "2001::1", "100::1",
)  # fmt: skip
WORLD = (
    "93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_ours_or_of_nobody_is_private(address):
    assert private(address)


@pytest.mark.parametrize("address", WORLD)
def test_an_address_of_the_world_is_not(address):
    assert not private(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "hook.example", "ftp://hook.example/", "file:///etc/passwd", "javascript:alert(1)", "https://", "http:///x",
        "https://user:word@hook.example/", "https://hook.example:22/", "https://hook.example:0x50/",
        "https://hook.example:99999/", "http://hook.example/#part", "http://hook .example/", "http://h\u00f6ok.example/",
        "http://hook.example/\r\nX: y", "http://hook.example\\@127.0.0.1/", "http://[::1", "http://127.0.0.1/",
        "http://[::ffff:127.0.0.1]/", "http://[::1]:8080/", "http://169.254.169.254/latest/meta-data",
        "https://hook.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_address_to_ask_is_refused_when_it_is_made(url):
    with pytest.raises(Refused) as refused:
        place_of(url, private_too=False)
    assert refused.value.code == "bad_url"
    assert "\n" not in str(refused.value)


def test_an_address_of_the_world_is_taken_as_it_stands():
    assert place_of("https://hook.example/a/b?c=d", private_too=False) == outside.Place(
        True, "hook.example", 443, "/a/b?c=d"
    )
    assert place_of("http://127.0.0.1:9999", private_too=True) == outside.Place(False, "127.0.0.1", 9999, "/")


class Inside(http.server.BaseHTTPRequestHandler):
    asked: list

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Host"], body))
        self.server.answer(self)

    def do_GET(self):
        self.server.asked.append(("GET", self.path))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Silent."""


def ok(handler, status=200, body=b"thanks", **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def inside():
    """A server on this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inside)
    server.daemon_threads = True
    server.asked, server.answer = [], ok
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def asked(inside, host, *, private_too=False):
    place = outside.Place(False, host, inside.server_port, "/x")
    return post(place, b"{}", {}, private_too=private_too)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "localhost.", "LOCALHOST",
        "::ffff:127.0.0.1", "::1", "127.0.0.1.",
    ],
)  # fmt: skip
def test_no_spelling_of_this_machine_is_asked(inside, host):
    answer = asked(inside, host)
    assert answer.status is None
    assert inside.asked == []


@pytest.mark.parametrize(
    "addresses",
    ["127.0.0.1", "93.184.216.34 10.0.0.1", "10.0.0.1 93.184.216.34", "fd00::1", "169.254.169.254", "93.184.216.34 ::"],
)
def test_a_name_is_not_asked_if_any_of_its_addresses_is_private(inside, monkeypatch, addresses):
    tried = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, inside.server_port)) for one in addresses.split()
    ])  # fmt: skip
    monkeypatch.setattr(socket, "create_connection", lambda *one, **_: tried.append(one))
    answer = asked(inside, "hook.example")
    assert (answer.status, answer.said) == (None, "its name leads into a private network")
    assert tried == []


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(inside, monkeypatch):
    """A name that leads elsewhere when it is asked for the second time is asked for once."""
    looked = []

    def once(*asked, **_):
        looked.append(asked)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34" if len(looked) == 1 else "127.0.0.1", 80))]

    reached = []
    monkeypatch.setattr(socket, "getaddrinfo", once)

    def connected(address, timeout):
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connected)
    assert asked(inside, "hook.example").status is None
    assert (len(looked), reached) == (1, [("93.184.216.34", inside.server_port)])


def test_the_name_is_said_to_the_server_and_proxies_are_not_asked(inside, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    answer = asked(inside, "localhost", private_too=True)
    assert (answer.status, answer.said) == (200, "thanks")
    assert inside.asked == [("/x", f"localhost:{inside.server_port}", b"{}")]


def test_a_redirect_is_a_failure_and_not_followed(inside):
    inside.answer = lambda handler: ok(handler, 302, Location=f"http://127.0.0.1:{inside.server_port}/secret")
    answer = asked(inside, "127.0.0.1", private_too=True)
    assert answer.status == 302
    assert [path for path, *_ in inside.asked] == ["/x"]


def test_of_an_answer_a_few_characters_are_kept(inside):
    inside.answer = lambda handler: ok(handler, 500, b"no\x00\r\nway " + b"x" * 5000)
    answer = asked(inside, "127.0.0.1", private_too=True)
    assert answer.status == 500
    assert answer.said.startswith("no way xxx")
    assert len(answer.said) == 200


def test_who_answers_a_letter_at_a_time_is_not_waited_for(inside, monkeypatch):
    monkeypatch.setattr(outside, "PATIENCE", 0.6)

    def slowly(handler):
        with contextlib.suppress(OSError):
            for letter in b"HTTP/1.0 200 OK\r\nA: " + b"x" * 200:
                handler.wfile.write(bytes([letter]))
                time.sleep(0.1)

    inside.answer = slowly
    began = time.monotonic()
    answer = asked(inside, "127.0.0.1", private_too=True)
    assert (answer.status, answer.said) == (None, "it did not answer in time")
    assert time.monotonic() - began < 3
