"""Events from libraries that shops use already, and webhooks of services: taken durably, then answered."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenure_app import clock
from tenure_app.api.doors import Turned, body_of, door, said
from tenure_app.dialects.reading import count
from tenure_app.ledger.models import Source
from tenure_app.listen.keys import SIGNED, secret_of
from tenure_app.listen.receiving import Sender, backlog, receive, sender
from tenure_app.refused import Refused

__all__ = ["customerio", "project_settings", "rudder_beacon", "rudder_config", "segment", "webhook"]

_TAKEN: Final = {"success": True}
_SHORT: Final = {
    "i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch",
}  # fmt: skip
_CALLS: Final = frozenset({*_SHORT.values(), "import"})
_MAX_CALL: Final = 300
_CUSTOMERS: Final = {
    "PUT": re.compile(r"(.+?)(?:/(devices))?", re.DOTALL),
    "POST": re.compile(r"(.+)/(events|suppress|unsuppress)", re.DOTALL),
    "DELETE": re.compile(r"(.+?)(?:/(devices)/(.+))?", re.DOTALL),
}
"""What may stand behind `customers/`: somebody's id, and what is done with them."""
_LATER: Final = 5
"""Seconds after which to come again when too much waits."""


class _Keyed(msgspec.Struct):
    """A body of which only the key is looked at."""

    writeKey: str | None = None


@door("POST")
def segment(request: HttpRequest, call: str) -> HttpResponse:
    """Segment's calls and RudderStack's; browsers ask by the first letter of the call."""
    call = _SHORT.get(call, call)
    if call not in _CALLS:
        raise Turned(404, "no_such_call", f"there is no call {call!r}")
    body = body_of(request)
    found = _sender(_shown(request) or _in_body(body), "segment")
    _take(found, _called(call, request), body)
    return said(_TAKEN)


@door("POST")
def rudder_beacon(request: HttpRequest) -> HttpResponse:
    """RudderStack's batches from a page that is being left: the key is in the address."""
    body = body_of(request)
    _take(_sender(request.GET.get("writeKey") or _shown(request), "segment"), "batch", body)
    return said(_TAKEN)


@door("GET")
def project_settings(request: HttpRequest, key: str) -> HttpResponse:
    """What Segment's browser library asks before it sends: where to, and that nothing else is to be loaded."""
    _sender(key, "segment")
    scheme = "https" if request.is_secure() else "http"
    where = f"{request.META.get('HTTP_HOST') or request.META['SERVER_NAME']}/v1"
    return said({
        "integrations": {"Segment.io": {
            "apiKey": key, "apiHost": where, "protocol": scheme, "unbundledIntegrations": [],
            "addBundledMetadata": True, "maybeBundledConfigIds": {},
            "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
        }},
        "plan": {
            "track": {"__default": {"enabled": True, "integrations": {}}},
            "identify": {"__default": {"enabled": True}}, "group": {"__default": {"enabled": True}},
        },
        "edgeFunction": {}, "analyticsNextEnabled": True, "middlewareSettings": {}, "enabledMiddleware": {},
        "metrics": {"sampleRate": 0}, "legacyVideoPluginsEnabled": False, "remotePlugins": [],
    })  # fmt: skip


@door("GET")
def rudder_config(request: HttpRequest) -> HttpResponse:
    """What RudderStack's browser library asks before it sends."""
    key = request.GET.get("writeKey") or _shown(request)
    found = _sender(key, "segment")
    quiet = {"enabled": False}
    return said({
        "source": {
            "id": str(found.source), "name": found.name, "writeKey": key, "enabled": True, "workspaceId": "tenure",
            "config": {"statsCollection": {"errors": quiet, "metrics": quiet}}, "connections": [], "destinations": [],
            "dataplanes": {}, "updatedAt": "2026-01-01T00:00:00.000Z",
        },
        "updatedAt": "2026-01-01T00:00:00.000Z",
    })  # fmt: skip


@door("POST", "PUT", "DELETE")
def customerio(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Customer.io's Track API, version 1. `rest`: what stands behind `customers/`."""
    body = body_of(request)
    found = _sender(_shown(request), "customerio")
    where = _encoded(str(request.method), rest) if rest else request.path_info.removeprefix("/api/v1")
    _take(found, f"{request.method} {where}", body or b"{}")
    return said({})


def _encoded(method: str, rest: str) -> str:
    """The path as it was sent: the server has decoded it, and an id may hold slashes. Turned for what is no call."""
    found = _CUSTOMERS[method].fullmatch(rest)
    if found is None:
        raise Turned(404, "no_such_call", "there is no such call in version 1 of the Track API")
    parts = [quote(part, safe="") for part in found.groups() if part]
    return "/customers/" + "/".join(parts)


@door("POST")
def webhook(request: HttpRequest, name: str) -> HttpResponse:
    """A service's webhook, whose signature stands for a key."""
    from tenure_app.dialects.signatures import check

    body = body_of(request)
    # PostgreSQL takes no NUL, not in a question either
    source = None if "\0" in name else Source.objects.filter(name=name).first()
    if source is None or source.dialect not in SIGNED:
        raise Turned(404, "no_such_source", "there is no source of this name that takes webhooks")
    try:
        message = check(source.dialect, request.headers, body, secret_of(source), clock.now())
    except Refused as refusal:
        raise Turned(401, refusal.code, str(refusal)) from None
    found = Sender(source.pk, source.name, source.dialect)
    _take(found, _call_of_webhook(source.dialect, request, message), body)
    return said(_TAKEN)


def _call_of_webhook(dialect: str, request: HttpRequest, message: str) -> str:
    if dialect != "shopify":
        return f"event {message}"
    told = {
        name: request.headers.get(f"X-Shopify-{name}") or request.headers.get(f"Shopify-{name}") or "-"
        for name in ("Topic", "Triggered-At")
    }
    return f"{told['Topic']} {message} {told['Triggered-At']}"


def _take(found: Sender, call: str, body: bytes) -> None:
    """Write the request down. Turned where so much waits that the worker would not come round to it."""
    if backlog() >= settings.TENURE_BACKLOG:
        raise Turned(429, "too_much_waits", "too many requests wait to be read; send it again later", _LATER)
    if len(call) > _MAX_CALL:
        raise Turned(400, "too_long", "the address is too long")
    events = count(found.dialect, call, body)
    receive(source=found.source, call=call, body=body, events=events, now=clock.now())


def _sender(key: str | None, dialect: str) -> Sender:
    """Whose key was shown; Turned for nobody's, and for a source that speaks another dialect."""
    if not key:
        raise Turned(401, "no_key", "show the source's key: as user of Basic authorization, or as writeKey")
    found = sender(key)
    if found is None:
        raise Turned(401, "unknown_key", "no source has this key, or it was revoked")
    if found.dialect != dialect:
        raise Turned(401, "another_dialect", f"the key is of a source that speaks {found.dialect}")
    return found


def _shown(request: HttpRequest) -> str | None:
    """The key of the Authorization header: Basic with the key as user (Segment) or word (Customer.io), or Bearer."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip() or None
    if kind.lower() != "basic":
        return None
    try:
        user, _, word = base64.b64decode(value, validate=False).decode("utf-8", "replace").partition(":")
    except ValueError:  # no base64, or no letters of it
        return None
    return unquote(word) or unquote(user) or None


def _in_body(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=_Keyed).writeKey
    except (msgspec.DecodeError, RecursionError):
        return None


def _called(call: str, request: HttpRequest) -> str:
    """The call, with what RudderStack's browser library says in headers."""
    told: dict[str, Any] = {}
    if coded := request.headers.get("AnonymousId"):
        try:
            told["anonymousId"] = base64.b64decode(coded, validate=True).decode()
        except ValueError:
            told["anonymousId"] = coded
    if sent := request.headers.get("SentAt"):
        told["sentAt"] = sent
    return f"{call} {json.dumps(told)}" if told else call
