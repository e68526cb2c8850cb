"""The page of discounts: its sentences, the people behind its numbers, what it says where nothing is known."""

import csv
import html
import io
import os
import re
import subprocess
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from filled_shop import filled
from made_up_shop import ZONE
from signed_in_user import signed_in

from tenure.measure.discounts import FULL
from tenure.periods import day_number, start_of_day
from tenure_app import background
from tenure_app.insight import beside
from tenure_app.ledger.actions import describe_shop
from tenure_app.ledger.models import Identity
from tenure_app.web import buying, choosing, tallying
from tenure_app.web.moment import Moment

DAY = date(2025, 12, 1)
OPENS = date(2025, 1, 1)
pytestmark = pytest.mark.usefixtures("forgetful")


def at(day=DAY):
    as_of = start_of_day(day_number(day), ZONE)
    return Moment(day, as_of, date(2025, 12, 10), None, ZONE, (("as_of", day.isoformat()),))


def text_of(answer):
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


@pytest.fixture
def reading(console):
    return console.opened(at())


def counted(reading, **asked):
    choice = choosing.chosen(QueryDict("&".join(f"{key}={value}" for key, value in asked.items())))
    return choosing.people(reading, choice, at()).aggregate("count(*)").fetchall()[0][0]


def test_every_number_of_people_leads_to_as_many(owner, reading):
    found = buying.bought_by(reading)
    for window in (90, 365):
        one = found.discounts[window]
        assert one.any.customers > 50
        named = {"full": one.groups[0], "10": one.groups[1], "discount": one.any, "unknown": one.groups[-1]}
        for word, group in named.items():
            assert counted(reading, first=word, within=window) == group.customers
            assert counted(reading, first=word, within=window, again="yes") == group.again
            assert counted(reading, first=word, within=window, again="no") == group.customers - group.again
    assert counted(reading, offers="known") == found.only_on_offer.customers
    assert counted(reading, offers="only") == found.only_on_offer.always
    page = text_of(owner.get(reverse("discounts"), {"as_of": DAY.isoformat(), "within": 90}))
    link = re.search(r'href="(/customers/\?[^"]*first=full[^"]*)">([\d,]+)<', page)
    there = text_of(owner.get(link[1]))
    assert f"{link[2]} people (first order at full price, watched for 90 days after it)" in there


def test_the_figures_are_those_of_a_plain_loop_over_the_events(reading, console):
    """All orders of the made-up shop lie at their own instants, so that first and later are plain."""
    rows = console.connection.execute(
        """
        SELECT c, order_id, MIN("at") FILTER (WHERE kind = 'order.placed'),
            SUM(amount_minor) FILTER (WHERE kind = 'order.placed'), SUM(discount_minor),
            BOOL_OR(kind = 'order.cancelled'),
            -COALESCE(SUM(amount_minor) FILTER (WHERE kind = 'order.refunded'), 0)
        FROM kept_events WHERE order_id IS NOT NULL AND "at" < ? GROUP BY c, order_id
        """,
        [reading.as_of],
    ).fetchall()
    days, lives = _local_days(console, rows), {}
    for c, order, placed_at, paid, discount, cancelled, back in rows:
        if placed_at is not None and not cancelled and back < paid:
            lives.setdefault(c, []).append((days[c, order], placed_at, discount))
    last, groups = day_number(DAY), {True: [0, 0], False: [0, 0]}
    for orders in lives.values():
        orders.sort()
        first = orders[0][0]
        if last - 1 - first >= 90:
            mine = groups[orders[0][2] > 0]
            mine[0] += 1
            mine[1] += any(first < day <= first + 90 for day, _, _ in orders)
    one = buying.bought_by(reading).discounts[90]
    assert [one.any.customers, one.any.again] == groups[True]
    assert [one.groups[FULL].customers, one.groups[FULL].again] == groups[False]


def _local_days(console, rows):
    instants = [(c, order, placed_at) for c, order, placed_at, *_ in rows if placed_at is not None]
    return {
        (c, order): day for (c, order, _), (day,) in zip(instants, console.connection.execute(
            "SELECT CAST(timezone(?, make_timestamptz(x)) AS DATE) - DATE '1970-01-01' FROM (SELECT UNNEST(?) AS x)",
            [ZONE, [placed_at for _, _, placed_at in instants]],
        ).fetchall(), strict=True)
    }  # fmt: skip


def test_owner_and_analyst_see_it_and_an_outsider_does_not(client_of):
    for who, status in (("owner", 200), ("analyst", 200), ("outsider", 403), ("nobody", 302)):
        assert client_of(who).get(reverse("discounts")).status_code == status


@pytest.mark.parametrize("words", [{"within": "91"}, {"within": "soon"}, {"lines": "both"}, {"every": "week"}])
def test_words_that_mean_nothing_are_refused(owner, words):
    answer = owner.get(reverse("discounts"), words)
    assert answer.status_code == 400
    assert "bad_word" in answer.content.decode()


def test_who_ordered_again_is_asked_within_some_days(owner):
    answer = owner.get(reverse("customers"), {"again": "yes"})
    assert answer.status_code == 400
    assert "within=90" in answer.content.decode()


def test_the_file_of_people_holds_those_of_the_list(owner, reading):
    asked = {"as_of": DAY.isoformat(), "first": "discount", "within": "90", "again": "yes", "stage": "loyal"}
    answer = owner.get(reverse("customers-file"), asked)
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == counted(reading, **{name: said for name, said in asked.items() if name != "as_of"}) > 0
    assert {row["stage"] for row in rows} == {"loyal"}


def test_a_filter_keeps_what_no_field_shows(owner):
    page = text_of(owner.get(reverse("customers"), {"first": "full", "within": "90", "as_of": DAY.isoformat()}))
    assert '<input type="hidden" name="first" value="full">' in page
    assert '<input type="hidden" name="within" value="90">' in page


def test_the_page_says_no_cause_and_that_costs_are_not_measured(owner):
    page = text_of(owner.get(reverse("discounts"), {"as_of": DAY.isoformat(), "within": 90}))
    assert "Only an experiment" in page
    assert not re.search(r"\b(because of|caused?|leads? to|makes? people|drives?)\b", page)
    assert "is not measured: the records hold no costs yet" in page
    assert "The saying is 65" in page


# through the ledger


def planted(column="discount"):
    """280 begin at full price and 45 % of them come back, 120 with a fifth off and 30 % of them."""
    lines = [f"customer_id,order_id,at,amount,{column}"]
    for c in range(400):
        cheap = c % 10 < 3
        place = (c // 10) * 3 + c % 10 if cheap else (c // 10) * 7 + c % 10 - 3
        day = OPENS + timedelta(days=c // 10 * 3)
        lines.append(f"{c + 1},{c}-1,{day}T12:00Z,{'80.00,20.00' if cheap else '100.00,0'}")
        if place < (36 if cheap else 126):
            lines.append(f"{c + 1},{c}-2,{day + timedelta(days=30)}T12:00Z,50.00,{'9.00' if cheap else '0'}")
    return "\n".join(lines) + "\n"


def test_a_planted_gap_is_said_with_its_interval_and_its_people(sqlite_ledger, tmp_path, monkeypatch):
    filled(tmp_path, planted(), monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    page = text_of(client.get(reverse("discounts"), {"within": 90}))
    assert "After a first order with a discount, <b>30 %</b> ordered again within 90 days;" in page
    assert "after one at full price, <b>45 %</b>." in page
    assert "Like with like, 15 points fewer came back after a discount." in page
    assert "of the same month" in page
    assert "<b>100 %</b></a> of people with two orders or more never bought" not in page
    people = text_of(client.get(reverse("customers"), {"offers": "only"}))
    assert "36 people (two orders or more, never without a discount)" in people
    people = text_of(client.get(reverse("customers"), {"first": "20", "within": "90", "again": "no"}))
    assert "84 people" in people


def test_margins_and_precedents_stand_beside_the_shares(sqlite_ledger, tmp_path, monkeypatch):
    """Of 30 who began with a third off, 20 ordered three times more at a discount and 10 three times at full price."""
    lines = ["customer_id,order_id,at,amount,discount"]
    for c in range(30):
        for n in range(4):
            off = n == 0 or c < 20
            day = OPENS + timedelta(days=c % 5 + 20 * n)
            lines.append(f"{c + 1},{c}-{n},{day}T12:00Z,{'60.00,30.00' if off else '90.00,0'}")
    lines += [f"{c + 31},{c}-f,{OPENS + timedelta(days=c % 5)}T12:00Z,90.00,0" for c in range(30)]
    filled(tmp_path, "\n".join(lines) + "\n", monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    page = text_of(client.get(reverse("discounts"), {"within": 90}))
    assert "Margin: not known; nobody has said what margin the shop has." in page
    assert "<b>20</b></a> people began with more than 20 % off, ordered at least twice more" in page
    assert ">30</a> who began so, have three orders or more" in page
    assert "20 people (first order with more than 20 % off" in text_of(
        client.get(reverse("customers"), {"offers": "precedent"})
    )
    assert "30 people" in text_of(client.get(reverse("customers"), {"offers": "deep"}))
    describe_shop(margin=0.4)
    page = text_of(client.get(reverse("discounts"), {"within": 90}))
    # of 60 paid for what cost 54 are left 6, of 90 at full price 36: 20 times 24 and 10 times 114 over 30 people
    assert re.search(r'in1">above 30.%.*?€270</td>.*?<td class="num">€54<', page)
    assert re.search(r"at full price.*?€90</td>.*?<td class=\"num\">€36<", page)
    assert "taken to cost 60 % of the price before a discount" in page
    people = dict(Identity.objects.filter(kind="customer").values_list("value", "person_id"))
    leaning = {key: text_of(client.get(reverse("customer", args=[people[key]]))) for key in ("1", "21", "31")}
    assert "all 3 orders since had a discount as well" in leaning["1"]
    assert "<b>100 %</b> of their orders had a discount: 4 of 4 orders." in leaning["1"]
    assert "Precedent" not in leaning["21"]
    assert "<b>25 %</b> of their orders had a discount: 1 of 4 orders." in leaning["21"]
    assert "0 of 1 order. <span class=\"un\">Too few for a share: it takes 3.</span>" in leaning["31"]


def test_without_a_word_on_discounts_nothing_is_said_of_them(sqlite_ledger, tmp_path, monkeypatch):
    filled(tmp_path, planted(column="colour"), monkeypatch, day=DAY, zone=ZONE)
    client = signed_in()
    page = text_of(client.get(reverse("discounts"), {"within": 90}))
    assert "Not known: nothing in the records says whether an order had a discount" in page
    assert "at full price" not in page
    assert "of the money of the twelve months since 1 December 2024" in page
    assert "400 people" in text_of(client.get(reverse("customers"), {"first": "unknown"}))
    assert "nothing says whether their orders had a discount" in text_of(client.get(reverse("customer", args=[1])))


def test_of_a_large_shop_another_process_counts_and_the_page_waits(sqlite_ledger, tmp_path, monkeypatch):
    filled(tmp_path, planted(), monkeypatch, day=DAY, zone=ZONE)
    begun = []

    def begin(words, log, module):
        begun.append(module)
        tallying.main(words)
        return os.getpid()

    monkeypatch.setattr(background, "begin", begin)
    monkeypatch.setattr(beside, "_begun", {})
    monkeypatch.setattr(buying, "AT_ONCE", 0)
    client = signed_in()
    first = text_of(client.get(reverse("discounts"), {"within": 90}))
    assert "Counting orders and what came after them" in first
    assert 'aria-busy="true"' in first
    assert "<b>30 %</b> ordered again within 90 days" in text_of(client.get(reverse("discounts"), {"within": 90}))
    assert begun == ["tenure_app.web.tallying"]


def test_counting_that_was_stopped_is_said_and_begun_anew(sqlite_ledger, tmp_path, monkeypatch):
    filled(tmp_path, planted(), monkeypatch, day=DAY, zone=ZONE)
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(background, "begin", lambda *_: ended.pid)
    monkeypatch.setattr(beside, "_begun", {})
    monkeypatch.setattr(buying, "AT_ONCE", 0)
    client = signed_in()
    assert client.get(reverse("discounts")).status_code == 200
    answer = client.get(reverse("discounts"))
    assert answer.status_code == 400
    assert "the counting was stopped" in answer.content.decode()


def test_people_whose_file_was_cleared_are_counted_again(reading):
    found = buying.bought_by(reading)
    for path in (settings.TENURE_DATA / "buying" / "found").iterdir():
        path.unlink()
    assert counted(reading, offers="known") == found.only_on_offer.customers


def test_the_latest_days_are_kept_and_older_ones_cleared(console, monkeypatch):
    monkeypatch.setattr(buying, "_KEPT", 2)
    for day in (1, 2, 3):
        buying.beginners(console.opened(at(date(2025, 11, day))))
    left = sorted(path.suffix for path in (settings.TENURE_DATA / "buying" / "found").iterdir())
    assert left == [".json", ".json", ".parquet", ".parquet"]
