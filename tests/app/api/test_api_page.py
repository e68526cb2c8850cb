"""The API's page in a real browser: it shows every operation, asks no other server and runs no script of its own."""

import os
import warnings

import chromium
import pytest
from django.contrib.auth.models import User

from tenure_app.api.ask import operations
from tenure_app.roles import Role, give_role

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@pytest.fixture
def vera(shop):
    user = User.objects.create_user("vera", password="boots-in-winter-9")
    give_role(user, Role.OWNER)
    return user


@pytest.fixture
def page(vera, server, monkeypatch):
    """A page signed in to the server, with what it complained of or asked of others in `said`."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    address, _ = server
    with sync_api.sync_playwright() as playwright:
        try:
            browser = chromium.started(playwright)
        except sync_api.Error as error:
            said = f"no Chromium to start, the API's page was not looked at: {str(error).splitlines()[0]}"
            if os.environ.get("CI"):
                pytest.fail(said)
            warnings.warn_explicit(said, UserWarning, __file__, 1)
            pytest.skip(said)
        page = browser.new_context(base_url=address, viewport={"width": 1280, "height": 1000}).new_page()
        page.said = []
        for _ in range(200):
            try:
                page.goto("/sign-in/?next=/api/docs")
                break
            except sync_api.Error:
                page.wait_for_timeout(100)
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        ours = (address, "data:")
        page.on("request", lambda asked: None if asked.url.startswith(ours) else page.said.append(asked.url))
        page.fill("[name=username]", "vera")
        page.fill("[name=password]", "boots-in-winter-9")
        page.press("[name=password]", "Enter")
        yield page
        browser.close()


def test_the_page_shows_every_operation_and_tries_one(page, tmp_path):
    page.wait_for_selector(".opblock")
    assert page.url.endswith("/api/docs")
    assert page.locator(".opblock").count() == len(operations()) - 1  # all but the document
    page.locator("#operations-pictures-get_stages .opblock-summary-control").click()
    page.locator("#operations-pictures-get_stages .try-out__btn").click()
    page.locator("#operations-pictures-get_stages .execute").click()
    answer = page.locator("#operations-pictures-get_stages .live-responses-table .highlight-code")
    answer.first.wait_for()
    page.screenshot(path=tmp_path / "docs.png")
    assert '"customers": 50' in answer.first.inner_text()
    page.locator("#operations-sources-make_source .opblock-summary-control").click()
    page.locator("#operations-sources-make_source .try-out__btn").click()
    page.locator("#operations-sources-make_source textarea").fill('{"name": "till", "dialect": "tenure"}')
    page.locator("#operations-sources-make_source .execute").click()
    made = page.locator("#operations-sources-make_source .live-responses-table .highlight-code")
    made.first.wait_for()
    assert '"name": "till"' in made.first.inner_text()
    assert page.said == []


def test_the_page_is_for_who_may_see(shop, vera):
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    assert client.get("/api/docs")["Location"] == "/sign-in/?next=/api/docs"
    client.force_login(vera)
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in client.get("/settings/")["Content-Security-Policy"]
    give_role(vera, None)
    assert client.get("/api/docs").status_code == 403
