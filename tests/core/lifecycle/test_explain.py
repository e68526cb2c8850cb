"""An explanation against the picture and its sentence, and against what happens when its advice is followed."""

import json
import re
from datetime import date
from random import Random

import pytest
from drawn import WINDOW, event
from lives import shop
from openshop import Opened, orders

from tenure.engine.duckdb import DuckDB
from tenure.errors import UnknownCustomer
from tenure.lifecycle.explain import explain
from tenure.lifecycle.picture import COLUMNS, picture
from tenure.lifecycle.policy import DEFAULT, load
from tenure.periods import date_of, day_number, start_of_day
from tenure.read import read

DAY = 86_400_000_000


def at(when, zone="UTC"):
    return start_of_day(day_number(date.fromisoformat(when)), zone)


def explained(life, as_of, policy=WINDOW, customer=1, tmp_path=None):
    """The explanation of a life drawn as rows."""
    rules = DEFAULT
    if policy:
        path = tmp_path / "policy.toml"
        path.write_text(policy, encoding="utf-8")
        rules = load(path)
    with DuckDB(threads=1) as engine:
        events = [event(row.strip()) for row in life.strip().splitlines()]
        return explain(read(engine, orders(events)), rules, zone="UTC", customer=customer, as_of=at(as_of))


@pytest.mark.parametrize("seed", range(24))
def test_an_explanation_agrees_with_the_picture_and_its_sentence(seed, tmp_path):
    rng = Random(seed)
    with Opened(shop(seed), tmp_path) as opened:
        ats = [one.at for one in opened.shop.events]
        as_of = rng.choice((max(ats) + 1, rng.randint(min(ats) + 1, max(ats)), max(ats) + rng.randint(1, 500) * DAY))
        picture(opened.timeline, opened.policy, zone=opened.zone, as_of=as_of)
        rows = opened.rows("stages")
        assert rows
        for row in rng.sample(rows, min(len(rows), 2)):
            found = explain(
                opened.timeline, opened.policy, zone=opened.zone, customer=row["customer_id"], as_of=as_of
            )
            assert {name: getattr(found, name) for name in COLUMNS} == row
            assert (found.judgement is None) == (found.dues is None) == (row["orders"] == 0)
            if found.judgement is not None:
                agrees_with_itself(found, opened.zone)
            counted = [one for one in found.record if re.match(r"order \d", one.counts_as)]
            numbers = [int(re.match(r"order (\d+)", one.counts_as)[1]) for one in counted]
            assert numbers == list(range(1, row["orders"] + 1))
            assert sum(one.lines for one in found.record) == len(
                [one for one in opened.shop.events if one.customer == row["customer_id"] and one.at < as_of]
            )
            assert json.loads(found.json())["because"] == row["because"]
            assert str(found).startswith(f"Customer {row['customer_id']} as of ")
            assert found.ahead


def agrees_with_itself(found, zone):
    """Due days are the row's instants, and the sentence's numbers are the judgement's."""
    dues, numbers = found.dues, found.judgement
    if found.detail != "do_not_contact":
        days = (dues.expected, dues.short, dues.long, dues.inactive)
        instants = (found.expected_next_at, found.overdue_at, found.long_overdue_at, found.inactive_at)
        assert tuple(start_of_day(day, zone) for day in days) == instants
    said = found.because
    if (silent := re.search(r"(?:Silent|order) (\d+) days", said)) is not None:
        assert int(silent[1]) == numbers.silent_days
    chance = re.search(r"chance to order within (\d+) days \((\d+) %\) is below", said)
    if chance is not None:
        assert int(chance[1]) == numbers.horizon_days
        assert int(chance[2]) == int(numbers.chance * 100 + 0.5)
    if (average := re.search(r"average \((\d+) %, (1 \w+ \d+), n = ([\d,]+)\)", said)) is not None:
        assert int(average[1]) == int(numbers.average * 100 + 0.5)
        assert int(average[3].replace(",", "")) == numbers.customers


def test_orders_refunds_and_other_events_say_what_they_count_as(tmp_path):
    found = explained("""
        2024-01-01T10:00 order id=a amount=500
        2024-01-01T11:00 order id=b amount=700
        2024-01-03 order id=c amount=100
        2024-01-03 order id=c amount=50
        2024-01-05 refund id=c amount=60
        2024-01-09 refund id=c amount=90
        2024-01-10 refund id=zz amount=10
        2024-01-11 page.viewed
        2024-01-12 order amount=-40
        2024-01-20 order id=d amount=500
        """, "2024-02-01", tmp_path=tmp_path)  # fmt: skip
    told = ("kind", "order_id", "amount_minor", "lines", "counts_as", "gap_days")
    assert [tuple(getattr(one, name) for name in told) for one in found.record] == [
        ("order.placed", "a", 500, 1, "order 1, day 1 of the rhythm", None),
        ("order.placed", "b", 700, 1, "order 2, on a day that is already day 1 of the rhythm", None),
        ("order.placed", "c", 150, 2, "does not count: taken back on 2024-01-09", None),
        ("order.refunded", "c", 60, 1, "refund of part of order c, which still counts", None),
        ("order.refunded", "c", 90, 1, "refund of order c, which stops counting with it", None),
        ("order.refunded", "zz", 10, 1, "refund of an order not placed before: stages ignore it", None),
        ("page.viewed", None, None, 1, "looked at a page; stages ignore it", None),
        ("order.refunded", None, -40, 1, "refund of no known order: stages ignore it", None),
        ("order.placed", "d", 500, 1, "order 3, day 2 of the rhythm", 19.0),
    ]  # fmt: skip
    assert (found.stage, found.orders, found.occasions) == ("active", 3, 2)


def test_an_order_counts_as_of_days_before_it_was_taken_back(tmp_path):
    life = """
        2024-01-01 order id=a amount=500
        2024-01-09 refund id=a amount=500
        """
    assert explained(life, "2024-01-05", tmp_path=tmp_path).record[0].counts_as == "order 1, day 1 of the rhythm"
    gone = explained(life, "2024-01-15", tmp_path=tmp_path)
    assert (gone.stage, gone.judgement, gone.ahead) == ("prospect", None, ("An order makes them new.",))


THRICE = """
    2024-01-01 order
    2024-01-11 order
    2024-01-21 order
    """


@pytest.mark.parametrize(
    ("as_of", "ahead"),
    [
        ("2024-02-01", (
            "An order before 20 Feb 2024 keeps them loyal.",
            "On 20 Feb 2024 they become short-lapsed unless they order before.",
            "On 21 Mar 2024 they become long-lapsed unless they order before.",
            "On 20 Apr 2024 they become inactive unless they order before.",
        )),
        ("2024-01-12", (
            "An order before 10 Feb 2024 makes them loyal.",
            "On 10 Feb 2024 they become short-lapsed unless they order before.",
            "On 11 Mar 2024 they become long-lapsed unless they order before.",
            "On 10 Apr 2024 they become inactive unless they order before.",
        )),
        ("2024-02-21", (
            "An order brings them back as loyal.",
            "On 21 Mar 2024 they become long-lapsed unless they order before.",
            "On 20 Apr 2024 they become inactive unless they order before.",
        )),
        ("2024-05-01", ("An order brings them back as loyal.",)),
    ],
)  # fmt: skip
def test_what_lies_ahead_is_said_with_its_days(as_of, ahead, tmp_path):
    assert explained(THRICE, as_of, tmp_path=tmp_path).ahead == ahead


def test_the_day_itself_is_still_ahead_at_its_first_instant(tmp_path):
    """As of the due day's start nobody has lapsed yet: what begins at T is seen after T."""
    found = explained(THRICE, "2024-02-20", tmp_path=tmp_path)
    assert found.stage == "loyal"
    assert found.ahead[1] == "On 20 Feb 2024 they become short-lapsed unless they order before."


def test_who_returns_may_be_new_again(tmp_path):
    policy = '[stages]\nrestart_after = "inactive"\n' + WINDOW
    assert explained(THRICE, "2024-05-01", policy, tmp_path=tmp_path).ahead == ("An order brings them back as new.",)
    returned = explained(THRICE + "2024-05-02 order", "2024-05-03", policy, tmp_path=tmp_path)
    assert (returned.stage, returned.ahead[0]) == ("new", "An order before 1 Jun 2024 makes them active.")


@pytest.mark.parametrize(
    ("what", "stage", "ahead"),
    [
        ("customer.erased", "inactive", ("Nothing brings them back: they asked to be forgotten.",)),
        ("customer.left reason=moved", "inactive", ("An order brings them back as loyal.",)),
        ("contact.refused", "inactive", (
            "An order brings them back as loyal.",
            "contact.allowed ends their refusal to be contacted; an order does not.",
        )),
    ],
)  # fmt: skip
def test_who_left_is_told_apart_from_who_is_silent(what, stage, ahead, tmp_path):
    found = explained(f"{THRICE}2024-01-25 {what}", "2024-02-01", tmp_path=tmp_path)
    assert (found.stage, found.ahead) == (stage, ahead)


@pytest.mark.parametrize("seed", range(8))
def test_following_the_advice_leads_where_it_says(seed, tmp_path):
    """Somebody who orders the next day stands where the first sentence says, and silence does what the others say."""
    rng = Random(seed)
    generated = shop(seed)
    with Opened(generated, tmp_path) as opened:
        ats = [one.at for one in generated.events]
        as_of = rng.randint(min(ats) + 1, max(ats) + 60 * DAY)
        generated = generated._replace(events=[one for one in generated.events if one.at < as_of])
        customer = rng.choice(generated.events).customer
        found = explain(opened.timeline, opened.policy, zone=opened.zone, customer=customer, as_of=as_of)
    first = re.search(r"(?:makes|keeps) them (\w+)|back as (\w+)|Nothing brings", found.ahead[0])
    assert first is not None
    after = next((word for word in first.groups() if word), "inactive")
    # an order of the next day: from a month that is not yet over, the same snapshot holds
    order = generated.events[0]._replace(
        customer=customer, at=as_of + DAY, kind="order.placed", order_id=None, amount_minor=100, reason=None
    )
    with Opened(generated._replace(events=[*generated.events, order]), tmp_path) as opened:
        picture(opened.timeline, opened.policy, zone=opened.zone, as_of=order.at + 1)
        (row,) = [row for row in opened.rows("stages") if row["customer_id"] == customer]
    overdue = found.dues is not None and start_of_day(found.dues.inactive, opened.zone) <= order.at
    if not (overdue and opened.policy.restart_after == "inactive"):
        assert row["stage"] == after
    for sentence in found.ahead:
        if (said := re.match(r"On (\d+ \w+ \d+) they become ([\w-]+)", sentence)) is None:
            continue
        on = next(
            day for day in (found.dues.short, found.dues.long, found.dues.inactive, found.dues.seasonal)
            if day is not None and label_of(day) == said[1]
        )  # fmt: skip
        with Opened(generated, tmp_path) as opened:
            picture(opened.timeline, opened.policy, zone=opened.zone, as_of=start_of_day(on, opened.zone) + 1)
            (row,) = [row for row in opened.rows("stages") if row["customer_id"] == customer]
        words = {"short-lapsed": "short", "long-lapsed": "long", "seasonally": "seasonal"}
        assert words.get(said[2], row["detail"]) == row["detail"]
        assert row["stage"] == ("inactive" if said[2] == "inactive" else "lapsed")


def label_of(day):
    on = date_of(day)
    return f"{on.day} {on:%b} {on.year}"


def test_nobody_of_that_id_is_met_with_the_nearest(tmp_path):
    with pytest.raises(UnknownCustomer, match=r"no customer 12 in the orders: the nearest are 1$"):
        explained(THRICE, "2024-05-01", customer=12, tmp_path=tmp_path)
    with pytest.raises(UnknownCustomer, match=r"no customer anna in the orders: the nearest are 1$"):
        explained(THRICE, "2024-05-01", customer="anna", tmp_path=tmp_path)
    with pytest.raises(UnknownCustomer, match=r"first seen at 2024-01-01T00:00:00Z, not before 2024-01-01T00:00:00Z"):
        explained(THRICE, "2024-01-01", tmp_path=tmp_path)


def test_the_text_fits_a_screen_and_holds_every_part(tmp_path):
    text = str(explained(THRICE, "2024-02-01", policy="", tmp_path=tmp_path))
    assert max(map(len, text.splitlines())) <= 100
    headings = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert headings == [
        "Customer 1 as of 1 Feb 2024: loyal",
        "The rule",
        "Due, if no order comes",
        "What would change it",
        "What happened (3 orders that count, on 3 days)",
    ]
