"""Worth and Who next: their numbers are those of `tenure predict`, the page waits, and what is not known is said."""

import html
import os
import re
import subprocess
from datetime import date

import numpy as np
import pytest
from django.urls import reverse
from filled_shop import filled
from signed_in_user import signed_in

import tenure
from tenure_app import background
from tenure_app.web import beside, foreseeing

ZONE = "Europe/Oslo"
DAY = date(2025, 12, 1)
pytestmark = pytest.mark.usefixtures("forgetful")


def text_of(answer):
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def orders(*, amounts=True, customers=260, days=420, seed=5):
    """People who buy at rates of their own until each leaves, on days up to the last before DAY."""
    random = np.random.default_rng(seed)
    lines = ["customer_id,order_id,at" + (",amount" if amounts else "")]
    last = np.datetime64(DAY)
    for c in range(customers):
        day, rate, leaves, number = random.integers(0, days), random.gamma(1.5, 0.03), random.beta(0.6, 4.0), 0
        while day < days:
            at = last - days + int(day)
            money = f",{np.exp(random.normal(4.0, 0.5)):.2f}" if amounts else ""
            lines.append(f"{c + 1},{c}-{number},{at}T12:00{money}")
            day, number = day + 1 + random.exponential(1.0 / rate), number + 1
            if random.random() < leaves:
                break
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def nothing_begun(monkeypatch):
    """No process of another test is waited for."""
    monkeypatch.setattr(beside, "_begun", {})


@pytest.fixture
def begun(monkeypatch):
    """What would run in a process of its own runs here, and is told."""
    modules = []

    def begin(words, _, module):
        modules.append(module)
        foreseeing.main(words)
        return os.getpid()

    monkeypatch.setattr(background, "begin", begin)
    return modules


@pytest.fixture
def foreseen_shop(sqlite_ledger, tmp_path, monkeypatch, begun):
    """The file behind a shop whose forecast is laid down, and somebody signed in."""
    file = filled(tmp_path, orders(), monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    assert 'aria-busy="true"' in text_of(client.get(reverse("worth")))
    return file, client


def predicted(file, horizon=90):
    return tenure.predict(file, as_of=DAY, horizon=horizon, timezone=ZONE, times_in=ZONE).to_pylist()


def test_the_page_waits_for_another_process_and_then_says_what_predict_says(foreseen_shop, begun):
    file, client = foreseen_shop
    assert begun == ["tenure_app.web.foreseeing"]
    page = text_of(client.get(reverse("worth")))
    rows = predicted(file)
    buyers, placed = (sum(row[name] for row in rows) for name in ("p_buy", "expected_orders"))
    money = sum(row["expected_value_minor"] for row in rows)
    assert f"{len(rows)} people who ordered, and what they may order in the 90 days from 1 December 2025 on." in page
    assert f"Some <b>{buyers:,.0f}</b> of them are expected to order: <b>{placed:,.0f}</b> orders" in page
    assert f"may come to <b>€{money / 100:,.0f}</b>" in page
    assert f"n = {len(rows)}." in page
    assert "fewer than 1,000 customers" in page
    people = [int(n) for n in re.findall(r'href="/customers/\?[^"]*stage=[^"]*">([\d,]+)</a>', page)]
    assert sum(people) == len(rows)
    assert begun == ["tenure_app.web.foreseeing"]


def test_the_track_record_names_what_was_told_what_came_and_of_how_many(foreseen_shop):
    _, client = foreseen_shop
    page = text_of(client.get(reverse("worth")))
    assert re.search(r"Of people told \d+\W%, <b>\d+\W%</b> came back \(n = \d+\)\.", page)
    assert page.count("<th scope=\"row\">") > 10
    assert "The saying is 65" in page


def test_who_next_are_those_with_whom_most_may_be_lost_and_none_who_is_inactive(foreseen_shop):
    file, client = foreseen_shop
    page = text_of(client.get(reverse("next")))
    stages = tenure.stages(file, as_of=DAY, timezone=ZONE, times_in=ZONE).to_pylist()
    listed = {str(row["customer_id"]) for row in stages if row["stage"] not in ("inactive", "prospect")}
    names = re.findall(r"<bdi>[^<]*?(\d+)</bdi>", page)
    assert names
    assert set(names) <= listed
    at_risk = [float(each.replace(",", "")) for each in re.findall(r'€([\d.,]+)</td></tr>', page)]
    assert at_risk == sorted(at_risk, reverse=True)
    assert len(at_risk) == len(names)


def test_a_customers_page_says_what_is_ahead_of_them(foreseen_shop):
    file, client = foreseen_shop
    rows = {row["customer_id"]: row for row in predicted(file)}
    page = text_of(client.get(reverse("customer", args=[1])))
    number = int(re.search(r"Known as.*?<bdi>(\d+)</bdi>", page)[1])
    assert f"{round(100 * rows[number]['p_buy'])} %" in page
    assert f"{rows[number]['orders_low']}–{rows[number]['orders_high']}" in page


def test_before_anybody_asked_a_customers_page_points_to_worth_and_does_not_wait(
    sqlite_ledger, tmp_path, monkeypatch, begun
):
    filled(tmp_path, orders(customers=40), monkeypatch, day=DAY, zone=ZONE)
    page = text_of(signed_in().get(reverse("customer", args=[1])))
    assert "Not worked out for this day yet" in page
    assert begun == []


def test_without_amounts_orders_are_told_and_money_is_not_known(sqlite_ledger, tmp_path, monkeypatch, begun):
    filled(tmp_path, orders(amounts=False, customers=120), monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    client.get(reverse("worth"))
    page = text_of(client.get(reverse("worth")))
    assert "What it may come to is not known" in page
    assert "may bring" not in page
    assert "what they are worth is not known" in text_of(client.get(reverse("next")))


def test_a_past_too_short_to_try_it_on_is_said(sqlite_ledger, tmp_path, monkeypatch, begun):
    filled(tmp_path, orders(customers=60, days=100), monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    client.get(reverse("worth"), {"within": 365})
    page = text_of(client.get(reverse("worth"), {"within": 365}))
    assert "Not yet known: the records do not reach back far enough to have forecast 365 days" in page


def test_what_was_stopped_is_said_and_begun_anew(sqlite_ledger, tmp_path, monkeypatch):
    filled(tmp_path, orders(customers=30), monkeypatch, day=DAY, zone=ZONE)
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(background, "begin", lambda *_: ended.pid)
    client = signed_in()
    assert client.get(reverse("worth")).status_code == 200
    answer = client.get(reverse("worth"))
    assert answer.status_code == 400
    assert "Nothing was worked out: it was stopped" in answer.content.decode()


@pytest.mark.parametrize("name", ["worth", "next"])
def test_words_that_mean_nothing_are_refused_on_pages_of_worth(owner, name):
    answer = owner.get(reverse(name), {"within": "91"})
    assert answer.status_code == 400
    assert "bad_word" in answer.content.decode()
