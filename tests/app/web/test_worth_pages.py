"""Worth and Who next: their numbers are those of `tenure predict`, the page waits, and what is not known is said."""

import csv
import html
import io
import os
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from filled_shop import filled
from signed_in_user import signed_in

import tenure
from tenure_app import background
from tenure_app.clock import PINNED_BY
from tenure_app.insight import beside, foreseeing
from tenure_app.ledger.actions import describe_shop
from tenure_app.ledger.models import Identity
from tenure_app.web import words

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


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the ledger, the pictures and the forecast lie that were made once."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def foreseen_shop(sqlite_ledger, tmp_path, monkeypatch, begun, kept):
    """The file behind a shop whose forecast is laid down, and somebody signed in; made once, then copied."""
    data, ledger = kept / "data", Path(sqlite_ledger.removeprefix("sqlite:///"))
    if not data.exists():
        filled(kept, orders(), monkeypatch, day=DAY, zone=ZONE)
        assert 'aria-busy="true"' in text_of(signed_in().get(reverse("worth")))
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copy(ledger, kept / "ledger.sqlite3")
        shutil.copytree(settings.TENURE_DATA, data)
    connection.close()
    shutil.copy(kept / "ledger.sqlite3", ledger)
    shutil.copytree(data, settings.TENURE_DATA, dirs_exist_ok=True)
    monkeypatch.setenv(PINNED_BY, f"{DAY}T08:00+01:00")
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get())
    return kept / "orders.csv", client


def predicted(file, horizon=90):
    return tenure.predict(file, as_of=DAY, horizon=horizon, timezone=ZONE, times_in=ZONE).to_pylist()


def test_the_page_waits_for_another_process_and_then_says_what_predict_says(foreseen_shop, begun):
    file, client = foreseen_shop
    begun.clear()
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
    assert begun == []


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


def test_a_customers_page_says_what_is_ahead_of_them_and_how_such_words_fared(foreseen_shop):
    file, client = foreseen_shop
    rows = {row["customer_id"]: row for row in predicted(file)}
    page = text_of(client.get(reverse("customer", args=[1])))
    row = rows[int(Identity.objects.get(person_id=1, kind="customer").value)]
    assert f"{round(100 * row['p_buy'])} %" in page
    assert f"{row['orders_low']}–{row['orders_high']}" in page
    assert re.search(r"Of people told about \d+\W%, <b>\d+\W%</b> came back \(n = \d+\)\.", page)
    figure = re.search(r'<svg class="curves".*?</svg></figure>', page, re.DOTALL)[0]
    assert f"today, {round(100 * row['p_buy'])}" in figure
    for what in ("overdue", "long overdue", "inactive"):
        assert re.search(rf">{what} \d", figure)
    assert "Not known: nobody has said what margin the shop has." in page


def valued(file, margin):
    rows = tenure.value(file, as_of=DAY, margin=margin, discount_rate=0.1, timezone=ZONE, times_in=ZONE).to_pylist()
    return {row["customer_id"]: row for row in rows}


def text_said(said):
    return said.replace(words.NBSP, " ")


def whole(minor):
    return words.amount(words.rounded(minor, "EUR"), "EUR")


def test_what_people_may_cost_is_what_value_says_at_the_shops_margin(foreseen_shop):
    file, client = foreseen_shop
    describe_shop(margin=0.4)
    rows = valued(file, 0.4)
    gone = next(key for key, row in rows.items() if row["ceiling_winback_minor"] is not None)
    loyal = next(key for key, row in rows.items() if row["ceiling_winback_minor"] is None)
    for key in (gone, loyal):
        person = Identity.objects.get(kind="customer", value=str(key)).person_id
        page = text_of(client.get(reverse("customer", args=[person])))
        said = re.search(r"What they may cost.*?</ul>", page, re.DOTALL)[0]
        row = rows[key]
        assert f"<b>{whole(row['expected_margin_minor'])}</b>" in said
        assert f"{whole(row['margin_low_minor'])}–{whole(row['margin_high_minor'])}" in said
        assert f"<b>{whole(row['ceiling_keep_minor'])}</b>" in said
        assert ("To win them back" in said) == (key == gone)
        if key == gone:
            assert f"<b>{whole(row['ceiling_winback_minor'])}</b>" in said
        assert "at a margin of 40 % of revenue" in page
    page = text_of(client.get(reverse("worth")))
    assert f"At most <b>{whole(rows[gone]['ceiling_acquire_minor'])}</b>." in page
    assert re.search(r"n = \d+ who began in the last year", page)


def test_a_list_of_customers_has_their_chance_and_worth_in_order(foreseen_shop):
    file, client = foreseen_shop
    rows = {str(row["customer_id"]): row for row in predicted(file)}
    page = text_of(client.get(reverse("customers"), {"sort": "worth"}))
    shown = re.findall(
        r'<bdi>Customer (\d+)</bdi>.*?data-l="chance">([^<]*)<.*?data-l="may bring">([^<]*)<', page
    )  # fmt: skip
    ranked = sorted(rows.values(), key=lambda row: -row["expected_value_minor"])[: len(shown)]
    assert [key for key, _, _ in shown] == [str(row["customer_id"]) for row in ranked]
    assert [money for _, _, money in shown] == [whole(row["expected_value_minor"]) for row in ranked]
    assert [chance for _, chance, _ in shown] == [text_said(words.percent(row["p_buy"])) for row in ranked]
    assert "Chance, 90 days" in page


@pytest.mark.parametrize("asked", ["sort=chance", "sort=worth&turned=1", "sort=chance&stage=loyal"])
def test_paging_by_what_is_foreseen_meets_everybody_once(foreseen_shop, asked):
    _, client = foreseen_shop
    link, met = f"{reverse('customers')}?{asked}", []
    while link:
        page = text_of(client.get(link))
        met += re.findall(r'class="who" href="/customers/(\d+)/', page)
        link = (re.search(r'href="([^"]+)" rel="next"', page) or [None, ""])[1]
    total = int(re.search(r'role="status">(\d+) people', page)[1])
    assert len(met) == len(set(met)) == total > 14


def test_the_file_of_customers_has_what_is_foreseen_of_them(foreseen_shop):
    file, client = foreseen_shop
    answer = client.get(reverse("customers-file"))
    rows = {row["customer"]: row for row in csv.DictReader(
        io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))
    )}  # fmt: skip
    for told in predicted(file):
        row = rows[str(told["customer_id"])]
        assert float(row["chance"]) == pytest.approx(told["p_buy"], abs=6e-5)
        assert float(row["expected_worth"]) == pytest.approx(told["expected_value_minor"] / 100, abs=0.006)
        assert (row["expected_currency"], row["horizon_days"]) == ("EUR", "90")


def test_before_anybody_asked_a_customers_page_points_to_worth_and_does_not_wait(
    sqlite_ledger, tmp_path, monkeypatch, begun
):
    filled(tmp_path, orders(customers=40), monkeypatch, day=DAY, zone=ZONE)
    page = text_of(signed_in().get(reverse("customer", args=[1])))
    assert "Not worked out for this day yet" in page
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get())
    page = text_of(client.get(reverse("customers")))
    assert "not worked out for this day yet" in page
    assert set(re.findall(r'data-l="(?:chance|may bring)">([^<]*)<', page)) == {"—"}
    assert begun == []
    assert 'aria-busy="true"' in text_of(client.get(reverse("customers"), {"sort": "chance"}))
    assert begun == ["tenure_app.insight.foreseeing"]
    assert "sorted by their chance of an order" in text_of(client.get(reverse("customers"), {"sort": "chance"}))


def test_without_amounts_orders_are_told_and_money_is_not_known(sqlite_ledger, tmp_path, monkeypatch, begun):
    filled(tmp_path, orders(amounts=False, customers=120), monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    client.get(reverse("worth"))
    page = text_of(client.get(reverse("worth")))
    assert "What it may come to is not known" in page
    assert "may bring" not in page
    assert "what they are worth is not known" in text_of(client.get(reverse("next")))
    describe_shop(margin=0.4)
    assert "Not known: there are no amounts." in text_of(client.get(reverse("customer", args=[1])))
    assert "nobody is ranked by worth" in text_of(client.get(reverse("customers")))
    assert client.get(reverse("customers"), {"sort": "worth"}).status_code == 400


def test_a_past_too_short_to_try_it_on_is_said(sqlite_ledger, tmp_path, monkeypatch, begun):
    filled(tmp_path, orders(customers=60, days=100), monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    client.get(reverse("worth"), {"within": 365})
    page = text_of(client.get(reverse("worth"), {"within": 365}))
    assert "Not yet known: the records do not reach back far enough to have forecast 365 days" in page
    page = text_of(client.get(reverse("customer", args=[1])))
    assert "Track record unknown" in page
    assert "of people told so" not in text_of(client.get(reverse("next"), {"within": 365}))


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
