"""The browser libraries of Segment and RudderStack in a real browser, on a page of another site: what they send is what
the timeline shows, each message once. Nothing is loaded from anywhere but the page's server and ours."""

import http.server
import json
import threading
from collections import Counter

import acts
import chromium
import node
import pytest
from served import messages, quarantined, timeline, until

from tenure_app.ledger.models import Identity, Person

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@pytest.fixture(scope="module", autouse=True)
def beside_playwright():
    """Playwright waits in an event loop of this thread; Django, which is asked from the same one, need not mind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="module")
def shop_pages():
    """A shop's own server: a page for each library, with the library in it."""
    folder = node.installed()
    texts = {f"/{name}.js": node.bundled(folder, name) for name in ("page-segment", "page-rudder")}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            script = texts.get(self.path)
            page = f'<!doctype html><title>Shop</title><script src="{self.path}.js"></script><p>Boots'
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript; charset=utf-8" if script else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((script or page).encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        try:
            started = chromium.started(playwright)
        except sync_api.Error as error:
            node.lacking(f"no Chromium to start: {str(error).splitlines()[0]}")
        yield started
        started.close()


class Visit:
    """A tab on a shop's page; `said`: what the browser complained about, and what was asked of anybody else."""

    def __init__(self, browser, pages, name, recorder):
        self.context, self.said = browser.new_context(), []
        self.page = self.context.new_page()
        ours = (pages, recorder.address)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda one: None if one.url.startswith(ours) else self.said.append(one.url))
        self.page.goto(f"{pages}/{name}")

    def speak(self, function, **said):
        return self.page.evaluate(f"said => window.{function}(said)", said)


@pytest.fixture
def visit(browser, shop_pages, recorder):
    opened = []

    def give(name):
        opened.append(Visit(browser, shop_pages, name, recorder))
        return opened[-1]

    yield give
    for one in opened:
        one.context.close()


def everything_of(live, recorder, who, n):
    """Wait for so many messages to be answered, and to be on the timeline."""
    until(lambda: len(set(recorder.sent())) >= n, f"{n} messages are sent: {recorder.exchanges}", 20)
    live.drained()
    assert quarantined(who) == []
    assert Counter(key for key, _ in messages(who)) == Counter(set(recorder.sent()))
    return timeline(who)


def wanted_of(who, *, screen):
    """What a browser says: the page first, as a visitor; then as themselves."""
    first, *rest = [one for one in acts.expected(who, screen=screen) if one["kind"] != "customer.merged"]
    place = next(n for n, one in enumerate(rest) if one["kind"] == "page.viewed")
    page = rest.pop(place)
    del page["said"], page["user"]
    return [page, first, *rest, {"kind": "customer.merged", "name": "alias"}]


@pytest.mark.parametrize("library", ["segment", "rudder"])
def test_what_the_browser_sent_is_what_the_timeline_shows(live, recorder, visit, library):
    who = f"browser-{library}"
    here = visit(f"page-{library}")
    device = here.speak("speak", key=live.source(who), address=recorder.address, who=who, acts=acts.as_json())
    rows = everything_of(live, recorder, who, 7 if library == "segment" else 6)
    wanted = wanted_of(who, screen=library == "segment")
    assert acts.shown(rows, wanted) == wanted
    assert rows[0]["said"]["path"] == "/start"
    assert [one["id"] for one in rows] == recorder.in_order()
    assert here.said == []
    # the visit before they said who they are is theirs
    person = Identity.objects.get(kind="customer", value=who).person_id
    visitor = Identity.objects.get(kind="anonymous", value=device).person_id
    assert Person.objects.get(pk=visitor).root in (person, Person.objects.get(pk=person).root)
    asked = {exchange.method for exchange in recorder.exchanges}
    assert asked == {"GET", "OPTIONS", "POST"}
    assert {exchange.status for exchange in recorder.exchanges} <= {200, 204}


@pytest.mark.parametrize(("library", "function"), [("segment", "speakInBatches"), ("rudder", "speakByBeacon")])
def test_what_is_sent_while_a_page_is_left_arrives(live, recorder, visit, library, function):
    who = f"leaving-{library}"
    here = visit(f"page-{library}")
    here.speak(function, key=live.source(who), address=recorder.address, who=who)
    if library == "segment":
        until(lambda: len(recorder.sent()) == 4, "a whole batch is sent", 20)
    here.page.goto("about:blank")
    rows = everything_of(live, recorder, who, 6)
    assert [row["said"].get("n") for row in rows if row["name"] == "Looked"] == [0, 1, 2, 3, 4]
    assert {row["user"] for row in rows} == {who}
    posts = [exchange for exchange in recorder.exchanges if exchange.method == "POST"]
    if library == "rudder":
        assert all(exchange.path.startswith("/beacon/v1/batch?writeKey=") for exchange in posts)
        assert not any(name.lower() == "authorization" for exchange in posts for name, _ in exchange.headers)
    else:
        assert {exchange.path for exchange in posts} == {"/v1/b"}
    assert json.dumps([exchange.status for exchange in posts]) == json.dumps([200] * len(posts))
