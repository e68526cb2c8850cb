"""Times set right and amounts read exactly, as tables."""

import pytest
from said_again import DAY, EUROS, MINUTE, NOW, SECOND, one, refused, track

from tenure.read.times import EARLIEST, LATEST
from tenure_app.dialects import times
from tenure_app.dialects.said import FLAGS, Rules

TIMES = [
    # timestamp, sentAt, at - NOW, flag
    (None, "2026-01-01T10:00:00Z", None, None),
    ("2026-01-01T09:59:00Z", None, -MINUTE, None),
    ("2026-01-01T09:59:00.123456Z", None, -MINUTE + 123456, None),
    ("2026-01-01T10:59:00+01:00", None, -MINUTE, None),
    ("2026-01-01T09:59:00", None, -MINUTE, None),
    ("2026-01-01", None, -10 * 60 * MINUTE, None),
    (1767261540, None, -MINUTE, None),
    (1767261540.5, None, -MINUTE + SECOND // 2, None),
    ("1767261540", None, -MINUTE, None),
    (1767261540123, None, -MINUTE + 123000, None),
    # the clock of the sender is an hour fast, an hour slow
    ("2026-01-01T10:59:00Z", "2026-01-01T11:00:00Z", -MINUTE, None),
    ("2026-01-01T08:59:00Z", "2026-01-01T09:00:00Z", -MINUTE, None),
    # on its way for some seconds: nothing against its clock
    ("2026-01-01T09:58:00Z", "2026-01-01T09:59:57.5Z", -2 * MINUTE, None),
    ("2026-01-01T09:58:00Z", "2026-01-01T09:59:54Z", -2 * MINUTE + 6 * SECOND, None),
    ("2026-01-01T10:00:02Z", "2026-01-01T10:00:02Z", 0, None),
    # imported history keeps its distance
    ("2025-12-02T10:00:00Z", "2026-01-01T10:00:00Z", -30 * DAY, "late"),
    ("2025-12-31T10:00:00Z", None, -DAY, None),
    ("2025-12-31T09:59:59Z", None, -DAY - SECOND, "late"),
    ("2026-01-01T10:05:00Z", None, 5 * MINUTE, None),
    ("2026-01-01T10:05:01Z", None, 5 * MINUTE + SECOND, "future"),
    ("2026-01-01T10:06:00Z", "2026-01-01T10:00:00Z", 6 * MINUTE, "future"),
    # a clock that is a year off
    ("2025-01-01T09:59:00Z", "2025-01-01T10:00:00Z", -MINUTE, "skewed"),
    ("2027-01-01T09:59:00Z", "2027-01-01T10:00:00Z", -MINUTE, "skewed"),
    ("2024-12-01T10:00:00Z", "2025-01-01T10:00:00Z", -31 * DAY, "skewed"),
    # a time of sending that says nothing
    ("2026-01-01T09:59:00Z", "soon", -MINUTE, None),
    ("2026-01-01T09:59:00Z", {"a": 1}, -MINUTE, None),
    ("2026-01-01T09:59:00Z", "0001-01-01T00:00:00Z", -MINUTE, None),
]


@pytest.mark.parametrize(("timestamp", "sent_at", "at", "flag"), TIMES)
def test_when_it_happened(timestamp, sent_at, at, flag):
    body = {"batch": [track("X", timestamp=timestamp)], "sentAt": sent_at}
    said = one("segment", "batch", body)
    assert (None if said.at is None else said.at - NOW) == at
    assert said.flag == flag
    assert flag is None or flag in FLAGS
    # each event may say it itself, and then that holds
    single = one("segment", "track", track("X", timestamp=timestamp, sentAt=sent_at))
    assert (single.at, single.flag) == (said.at, said.flag)


def test_times_without_a_zone_are_the_sources():
    said = one("segment", "track", track("X", timestamp="2026-01-01T10:59:00"), Rules(zone="Europe/Berlin"))
    assert said.at == NOW - MINUTE


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        ("yesterday", "bad_time"), ("2026-13-01", "bad_time"), ([], "bad_time"), (True, "bad_time"),
        ("1899-12-31T23:59:59Z", "time_out_of_range"), ("2201-01-01T00:00:00Z", "time_out_of_range"),
        ("9999-12-31T23:59:59Z", "time_out_of_range"), (10**20, "time_out_of_range"), (1e300, "time_out_of_range"),
        ("0001-01-01T00:00:00+23:00", "time_out_of_range"),
    ],
)  # fmt: skip
def test_times_that_are_none(timestamp, code):
    assert refused("segment", "track", track("X", timestamp=timestamp)) == code


def test_a_clock_centuries_off_is_no_reason_to_be_lost_without_a_word():
    body = track("X", timestamp="1900-01-02T00:00:00Z", sentAt="2200-12-31T00:00:00Z")
    assert refused("segment", "track", body) == "time_out_of_range"


def test_the_years_are_those_of_files():
    assert (times.EARLIEST, times.LATEST) == (EARLIEST, LATEST)


def order(text, event="Order Completed"):
    """A track call whose properties are this JSON."""
    return f'{{"userId":"u","messageId":"m","event":"{event}","properties":{{"order_id":"o",{text}}}}}'.encode()


AMOUNTS = [
    # properties, minor units, currency
    ('"total": 19.99', 1999, "EUR"),
    ('"total": "19.99"', 1999, "EUR"),
    ('"total": " 19.99 "', 1999, "EUR"),
    ('"total": 59.970000000000006', 5997, "EUR"),
    ('"total": 1.005', 100, "EUR"),
    ('"total": 1.015', 102, "EUR"),
    ('"total": 0', 0, "EUR"),
    ('"total": 1e2', 10000, "EUR"),
    ('"total": "1e2"', 10000, "EUR"),
    ('"total": 89999999999999.99', 8999999999999999, "EUR"),
    ('"total": 1980, "currency": "jpy"', 1980, "JPY"),
    ('"total": 19.9, "currency": "JPY"', 20, "JPY"),
    ('"total": 1.2345, "currency": "KWD"', 1234, "KWD"),
    ('"total": 1.5, "currency": " usd "', 150, "USD"),
    ('"total": 5, "currency": ""', 500, "EUR"),
    ('"total": 30, "revenue": 25, "shipping": 3, "tax": 2', 3000, "EUR"),
    ('"revenue": 25.00, "shipping": 3, "tax": 2.05, "discount": 2.5', 3005, "EUR"),
    ('"revenue": 25', 2500, "EUR"),
    ('"total": null, "value": 7', 700, "EUR"),
    ('"value": 7, "products": [{"price": 1}]', 700, "EUR"),
    ('"products": [{"price": 1.10, "quantity": 3}, {"price": "2"}, {"quantity": 9}, "x"]', 530, "EUR"),
    ('"products": []', None, None),
    ('"a": 1', None, None),
]


@pytest.mark.parametrize(("text", "minor", "currency"), AMOUNTS)
def test_amounts(text, minor, currency):
    said = one("segment", "track", order(text))
    assert (said.amount_minor, said.currency) == (minor, currency)
    refund = one("segment", "track", order(text, "Order Refunded"))
    nothing = minor == 0
    assert (refund.kind, refund.amount_minor) == (
        ("order.updated", None) if nothing else ("order.refunded", minor)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('"total": -1', "bad_amount"), ('"total": "-0.01"', "bad_amount"), ('"total": "free"', "bad_amount"),
        ('"total": "1,50"', "bad_amount"), ('"total": "NaN"', "bad_amount"), ('"total": "Infinity"', "bad_amount"),
        ('"total": "1_000"', "bad_amount"), ('"total": true', "bad_amount"), ('"total": {}', "bad_amount"),
        ('"total": 90000000000000.01', "bad_amount"), ('"total": 1e300', "bad_amount"),
        ('"total": "1e9999"', "bad_amount"), ('"total": "٣"', "bad_amount"),
        ('"total": 1, "discount": "x"', "bad_amount"),
        ('"revenue": 1, "tax": -1', "bad_amount"), ('"products": [{"price": -1}]', "bad_amount"),
        ('"products": [{"price": 1e20, "quantity": 1e20}]', "bad_amount"),
        ('"total": 1, "currency": "XYZ"', "bad_currency"), ('"total": 1, "currency": 978', "bad_currency"),
        ('"total": 1, "currency": ["EUR"]', "bad_currency"), ('"total": 1, "currency": "€"', "bad_currency"),
    ],
)  # fmt: skip
def test_amounts_that_are_none(text, code):
    assert refused("segment", "track", order(text)) == code


def test_an_amount_without_any_currency_is_not_known_and_stays_readable():
    said = one("segment", "track", order('"total": 5'), Rules())
    assert (said.amount_minor, said.currency, said.properties["total"]) == (None, None, 5)


def test_discount_and_category_of_an_order():
    lines = '"products":[{"category":"Boots","price":60},{"category":"Socks","price":10,"quantity":9},{"price":500}]'
    said = one("segment", "track", order(f'"discount":"4.50","total":200,"category":"All",{lines}'))
    assert (said.discount_minor, said.category) == (450, "Socks")
    two = '"products":[{"category":"B","price":60},{"category":"A","price":30},{"category":"A","price":30}]'
    assert one("segment", "track", order(two)).category == "A"
    assert one("segment", "track", order('"total":1,"category":"All"')).category == "All"
    assert one("segment", "track", order('"products":[{"category":"B","price":"?"}],"total":1')).category == "B"


def test_an_order_without_a_number_is_known_by_its_message():
    said = one("segment", "track", track("Order Completed", {"total": 5}), EUROS)
    assert (said.key, said.message, said.order_key, said.amount_minor) == ("m:m1", None, None, 500)
