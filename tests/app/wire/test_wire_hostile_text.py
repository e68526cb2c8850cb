"""Script, SQL, headers, templates, formulas and marks that turn writing around, through every field of every call.

On the console's pages they are text, in the API they are values, and in a file for spreadsheets no formula.
"""

import csv
import datetime as dt
import io
import json
import re

import acts
import chromium
import customerio
import node
import pytest
import segment.analytics.client
from django.contrib.auth.models import User
from served import messages, until

from tenure_app import clock
from tenure_app.api.scopes import Scope, make_key
from tenure_app.ledger.models import Event, Person, Source
from tenure_app.listen.models import Quarantined
from tenure_app.roles import Role, give_role

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
WORD = "boots-in-winter-9"
HOSTILE = [
    "<script>window.pwned=1;alert(1)</script>", "\"><img src=x onerror=\"window.pwned=1;alert(2)\">", "' OR 1=1--",
    "'); DROP TABLE tenure_event;--", "{{7*7}}{% debug %}", "${7*7}", "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-2+3",
    "x\r\nSet-Cookie: pwned=1\r\n\r\n<b>", "\u202egnp.exe", "javascript:window.pwned=1", "%s%n%0d%0aX: 1",
    "</title><svg onload=alert(3)>",
]  # fmt: skip


def say_it_all(live):
    """Each text in each field of the two dialects; bad ones among them for the quarantine."""
    one = segment.analytics.client.Client(live.source("hostile"), host=live.address, upload_interval=0.1)
    other = customerio.CustomerIO("site", live.source("hostile-cio", "customerio"))
    other.base_url = f"{live.address}/api/v1"
    for n, text in enumerate(HOSTILE):
        # an id of several lines is nobody's: it would be kept aside
        who, place = f"h{n} {' '.join(text.split())}", dict.fromkeys(("path", "title", "url", "referrer"), text)
        context = {"page": place, "locale": text, "timezone": text, "campaign": {"name": text}}
        traits = {
            "name": f"{text} {n}", "email": f"{n}@{text}", "phone": text, "company": {"name": text}, text: text,
            "address": {"country": text}, "username": text, "language": text,
        }  # fmt: skip
        order = {
            "order_id": f"{n}{text}", "total": 10 + n, "currency": "EUR", "coupon": text, "affiliation": text,
            text: text, "products": [{"name": text, "category": text, "sku": text, "price": 1, "quantity": 1}],
        }  # fmt: skip
        at = acts.instant(0) - dt.timedelta(days=3)
        one.identify(who, traits, context, at, anonymous_id=f"d{n}{text}", message_id=f"i{n}{text}")
        one.track(who, "Order Completed", order, context, at, message_id=f"o{n}{text}")
        one.track(who, text, {text: text}, context=context)
        one.page(who, text, text, {"path": text}, context=context)
        one.screen(who, text, text, {text: text}, context=context)
        one.group(who, f"g{n}{text}", {"name": text, "plan": text}, context=context)
        one.alias(f"before{n}{text}", who)
        one.track(who, "Order Completed", {"order_id": text, "total": text, "currency": text})
        other.identify(f"c{n} {text}", email=f"c{n}@{text}", name=text, plan=text)
        other.track(f"c{n} {text}", text, {text: text})
        other.add_device(f"c{n} {text}", text, text)
    one.flush()
    one.shutdown()


@pytest.fixture(scope="module")
def said(live):
    live.point()
    say_it_all(live)
    live.drained()
    give_role(User.objects.create_user("vera", password=WORD), Role.OWNER)
    return live


@pytest.fixture(scope="module", autouse=True)
def beside_playwright():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="module")
def page(said):
    """Signed in as the owner; what the browser did or complained of is in `page.said`."""
    with sync_api.sync_playwright() as playwright:
        try:
            browser = chromium.started(playwright)
        except sync_api.Error as error:
            node.lacking(f"no Chromium to start: {str(error).splitlines()[0]}")
        one = browser.new_context(base_url=said.address).new_page()
        one.said = []
        one.on("dialog", lambda dialog: (one.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
        one.on("console", lambda message: one.said.append(message.text))
        one.on("pageerror", lambda error: one.said.append(str(error)))
        one.on("request", lambda asked: None if asked.url.startswith(said.address) else one.said.append(asked.url))
        one.goto("/sign-in/")
        one.fill("input[name=username]", "vera")
        one.fill("input[name=password]", WORD)
        one.click("main button[type=submit], main form button")
        one.wait_for_url(re.compile(r"/$"))
        yield one
        browser.close()


def test_the_console_shows_it_as_text(said, page):
    said.point()  # while Playwright's loop runs, Django has other connections than before
    people = Person.objects.filter(root=None, anonymous=False).values_list("pk", flat=True)
    whose = {one for one in people if Event.objects.filter(person=one, source__name__startswith="hostile").exists()}
    assert len(whose) >= len(HOSTILE)
    ours = Source.objects.filter(name__startswith="hostile")
    sources = [f"/sources/{number}/" for number in ours.values_list("pk", flat=True)]
    wanted = ["/", "/customers/", "/customers/?q=%3Cscript%3E", "/prospects/", "/sources/", *sources, "/quarantine/"]
    seen = ""
    # the pages are the same on both databases: on one everybody's, on the other some
    some = sorted(whose)[:: 1 if said.url.startswith("sqlite") else 5]
    for path in [*wanted, *(f"/customers/{one}/" for one in some)]:
        answer = page.goto(path)
        assert answer.status == 200, path
        assert "pwned" not in {cookie["name"] for cookie in page.context.cookies()}
        assert page.evaluate("window.pwned") is None, path
        assert page.locator("img[onerror], svg[onload], a[href^='javascript:']").count() == 0, path
        seen += page.content() + page.inner_text("body")
        assert page.said == [], path
    for text in HOSTILE[:1] if len(some) < len(whose) else (HOSTILE[0], "{{7*7}}{% debug %}", "${7*7}", "' OR 1=1--"):
        assert text in seen, text


def test_the_api_gives_it_as_values(said):
    said.point()
    _, key = make_key("hostile", [Scope.SEE], by="test", now=clock.now())
    headers = {"Authorization": f"Bearer {key}"}
    for number in Event.objects.filter(source__name="hostile").values_list("person_id", flat=True).distinct():
        for path in (f"/api/v1/customers/{number}", f"/api/v1/customers/{number}/timeline"):
            status, told, body = said.ask("GET", path, headers=headers)
            assert status in (200, 404), path
            assert told["Content-Type"].startswith(("application/json", "application/problem+json"))
            assert told["X-Content-Type-Options"] == "nosniff"
            assert told["Set-Cookie"] is None
            json.loads(body)


def test_nothing_was_done_to_the_database_and_every_event_is_somewhere(said):
    said.point()
    kept = [number for number, _ in messages("hostile")]
    # an order whose id has several lines is kept aside, in both of the events that name it
    lines = sum(len(text.splitlines()) > 1 for text in HOSTILE)
    assert lines == 1
    assert len(set(kept)) == len(kept) == 7 * len(HOSTILE) - lines
    aside = Quarantined.objects.filter(source__name="hostile").values_list("code", flat=True)
    assert sorted(aside) == ["bad_currency"] * (len(HOSTILE) - lines) + ["bad_id"] * 2 * lines


def test_a_file_for_spreadsheets_holds_no_formula(said, page):
    page.goto("/customers/")
    until(lambda: page.reload().status == 200 and page.locator(".people tr").count() > 1, "people are listed", 30)
    answer = page.request.get("/customers.csv")
    assert answer.status == 200
    rows = list(csv.reader(io.StringIO(answer.text())))
    assert len(rows) > len(HOSTILE)
    assert [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@", "\t")] == []
    answer = page.request.get("/quarantine.jsonl")
    assert answer.status == 200
    assert "html" not in answer.headers["content-type"]
    assert len([json.loads(line) for line in answer.text().splitlines()]) >= len(HOSTILE)
