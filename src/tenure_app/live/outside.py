"""An address outside, asked without a way into the network we stand in: every address a name stands for is looked at,
and the one that was looked at is the one we speak to."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import time
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answer", "Place", "place_of", "post", "private"]

PATIENCE: Final = 15.0
"""Seconds for everything: to connect, to be heard, to be answered."""
_PORTS: Final = {80, 443, 8080, 8443}
_SAID: Final = 200
"""Characters of an answer that are kept."""
_LONGEST: Final = 2_000
_NOT_OURS_TO_ASK: Final = tuple(ipaddress.ip_network(one) for one in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
))  # fmt: skip
_GLOBAL: Final = ipaddress.ip_network("2000::/3")
_CARRIES: Final = tuple(ipaddress.ip_network(one) for one in ("::ffff:0:0/96", "64:ff9b::/96"))
"""Networks of IPv6 whose last four bytes are an address of IPv4."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address that may be asked: `path` with its query."""

    secure: bool
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: its status, None where nothing did, and the first words of it, or why not."""

    status: int | None
    said: str
    took_us: int


def place_of(url: str, *, private_too: bool) -> Place:
    """Where an address leads. Refused for what is no http or https, names somebody, or leads into a private network.

    A name is looked up only when it is asked; an address in numbers is looked at now.
    """

    def refused(why: str) -> Refused:
        return Refused("bad_url", f"the address was not taken: {why}")

    if len(url) > _LONGEST or re.search(r"[^\x21-\x7e]|\\", url):
        raise refused("it is too long, or has blanks or letters that an address cannot have")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refused("it cannot be read; write https://name/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refused("it must begin with https:// or http:// and a name")
    if parts.username is not None or parts.password is not None:
        raise refused("it must not hold a name and a password; the signature says who is asking")
    if parts.fragment:
        raise refused("what stands behind # is never sent")
    port = port or (443 if parts.scheme == "https" else 80)
    if port not in _PORTS and not private_too:
        raise refused(f"port {port} is not asked; ports are {', '.join(map(str, sorted(_PORTS)))}")
    with contextlib.suppress(ValueError):
        if private(str(ipaddress.ip_address(parts.hostname))) and not private_too:
            raise refused("it leads into a private network")
    path = parts.path or "/"
    return Place(parts.scheme == "https", parts.hostname, port, f"{path}?{parts.query}" if parts.query else path)


def private(address: str) -> bool:
    """Whether an IP address is not one of the world's: our own machine, a private network, somebody's in between, many
    at once, or none at all."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if any(found in network for network in _CARRIES):
            return private(str(ipaddress.IPv4Address(found.packed[-4:])))
        if found not in _GLOBAL:
            return True
    return any(found in network for network in _NOT_OURS_TO_ASK if network.version == found.version)


def post(place: Place, body: bytes, headers: Mapping[str, str], *, private_too: bool) -> Answer:
    """Hand the body over. Nobody's proxy is asked, no redirect is followed; whatever goes wrong is an answer without
    a status."""
    began = time.monotonic()
    try:
        status, said = _asked(place, body, headers, private_too=private_too)
    except Refused as refused:
        status, said = None, str(refused)
    except ssl.SSLCertVerificationError as error:
        status, said = None, f"its certificate is not right: {error.verify_message}"
    except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
        late = time.monotonic() - began >= PATIENCE - 0.1
        status, said = None, "it did not answer in time" if late else f"no answer: {type(error).__name__}"
    return Answer(status, _plain(said), int((time.monotonic() - began) * 1_000_000))


def _asked(place: Place, body: bytes, headers: Mapping[str, str], *, private_too: bool) -> tuple[int, str]:
    until = time.monotonic() + PATIENCE
    connected = _connected(place, until, private_too=private_too)
    # who answers a letter a second would keep us for ever
    speaking = [connected]
    timer = Timer(max(0.0, until - time.monotonic()), _cut, [speaking])
    timer.daemon = True
    timer.start()
    try:
        if place.secure:
            speaking[0] = ssl.create_default_context().wrap_socket(connected, server_hostname=place.host)
        return _spoken(speaking[0], place, body, headers)
    finally:
        timer.cancel()
        speaking[0].close()
        connected.close()


def _spoken(spoken: socket.socket, place: Place, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    asking = http.client.HTTPConnection(place.host, place.port)
    asking.sock = spoken
    usual = place.port == (443 if place.secure else 80)
    host = f"[{place.host}]" if ":" in place.host else place.host
    named = {"Host": host if usual else f"{host}:{place.port}", "Connection": "close"}
    asking.request("POST", place.path, body, {**named, **headers})
    answer = asking.getresponse()
    said = answer.read(4 * _SAID).decode("utf-8", "replace")
    if 300 <= answer.status < 400:
        said = "it answers elsewhere, and redirects are not followed"
    return answer.status, said


def _connected(place: Place, until: float, *, private_too: bool) -> socket.socket:
    """Connected to one of the addresses that the name stands for, all of which were looked at."""
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not private_too and any(private(address) for address in addresses):
        raise Refused("private_address", "its name leads into a private network")
    wrong: OSError | None = None
    for address in addresses:
        rest = until - time.monotonic()
        if rest <= 0:
            break
        try:
            return socket.create_connection((address, place.port), timeout=rest)
        except OSError as error:
            wrong = error
    raise wrong or TimeoutError()


def _cut(speaking: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):  # past TLS, which would wait for an answer to its farewell
        socket.socket.shutdown(speaking[0], socket.SHUT_RDWR)


def _plain(said: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", said).strip()[:_SAID]
