"""What the models are given of a timeline: occasions by local days, amounts, what went back, currencies, clocks."""

from datetime import date
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from buyers import orders, written

from tenure.errors import BadTime
from tenure.lifecycle.oracle import Event
from tenure.lifecycle.oracle.clocks import declared_clock
from tenure.lifecycle.oracle.orders import orders_of
from tenure.lifecycle.oracle.policy import Season
from tenure.periods import day_of
from tenure.purchase.histories import NEVER
from tenure.verbs.shop import instant_of, opened
from tenure.worth.gather import gather_orders

NAMES = ("customer_id", "at", "type", "order_id", "amount", "currency", "category", "region")
BOOTS = '[seasons]\nlearn = false\n[[season]]\ncategory = "boots"\nmonths = [10, 11, 12, 1, 2]\n'


def table(rows):
    """Rows of as many of NAMES as they have, as text; what is None or not there is absent."""
    columns = [[row[place] if place < len(row) else None for row in rows] for place in range(len(NAMES))]
    kept = [(name, column) for name, column in zip(NAMES, columns, strict=True) if any(column)]
    return pa.table({name: pa.array(column, pa.string()) for name, column in kept})


def gathered(rows, until, zone="UTC", policy=None):
    source = rows if isinstance(rows, Path) else table(rows)
    with opened(source, timezone=zone, policy=policy) as shop:
        return gather_orders(shop.timeline, shop.policy, zone=zone, until=instant_of(until, zone))


def days(found):
    """(customer, local day, day from which it counts no more, amount), of each order."""
    h = found.histories
    named = [found.ids[int(place)].as_py() for place in np.searchsorted(found.people, h.customer)]
    ends = [None if end == NEVER else date.fromordinal(int(end) + 719_163).isoformat() for end in h.ends]
    on = [date.fromordinal(int(day) + 719_163).isoformat() for day in h.day]
    return list(zip(named, on, ends, [None if np.isnan(a) else float(a) for a in h.amount], strict=True))


@pytest.mark.parametrize(
    ("zone", "on"),
    [
        ("UTC", "2024-03-10"),
        ("America/New_York", "2024-03-09"),
        ("Asia/Kolkata", "2024-03-10"),
        ("Pacific/Kiritimati", "2024-03-10"),
    ],
)
def test_an_order_lies_on_the_local_day(zone, on):
    found = gathered([("a", "2024-03-10T04:59:59Z", None, None, "1.00")], "2024-04-01", zone)
    assert days(found) == [("a", on, None, 100.0)]


def test_orders_of_one_local_day_are_one_occasion_and_a_day_that_never_was_is_none():
    # New York sets its clocks forward on 10 March 2024; Apia had no 30 December 2011
    rows = [("a", "2024-03-10T05:00:00Z"), ("a", "2024-03-11T03:59:59Z"), ("a", "2024-03-11T04:00:00Z")]
    standing = gathered(rows, "2024-03-20", "America/New_York").histories.at(day_of_text("2024-03-20"))
    assert (standing.x.tolist(), standing.t_x.tolist(), standing.age.tolist()) == ([1.0], [1.0], [9.0])
    rows = [("a", "2011-12-30T09:59:59Z"), ("a", "2011-12-30T10:00:00Z")]
    found = gathered(rows, "2012-01-05", "Pacific/Apia")
    assert [on for _, on, _, _ in days(found)] == ["2011-12-29", "2011-12-31"]


def day_of_text(text):
    return date.fromisoformat(text).toordinal() - 719_163


def test_lines_of_one_order_id_are_one_order_at_its_first_instant():
    rows = [
        ("a", "2024-01-03T10:00:00Z", None, "1", "5.00", "EUR"),
        ("a", "2024-01-02T10:00:00Z", None, "1", "7.00", "EUR"),
        ("a", "2024-01-02T10:00:00Z", None, "1", "-2.00", "EUR"),
        ("b", "2024-01-02T10:00:00Z", None, "1", "4.00", "EUR"),
        ("b", "2024-01-05T10:00:00Z", None, None, None, "EUR"),
    ]
    assert days(gathered(rows, "2024-02-01")) == [
        ("a", "2024-01-02", None, 1000.0), ("b", "2024-01-02", None, 400.0), ("b", "2024-01-05", None, None),
    ]  # fmt: skip
    # as of the third, the later line is not known
    assert days(gathered(rows, "2024-01-03"))[0] == ("a", "2024-01-02", None, 500.0)


TAKEN_BACK = [
    ("a", "2024-01-02T10:00:00Z", "order.placed", "1", "10.00"),
    ("a", "2024-01-20T10:00:00Z", "order.refunded", "1", "10.00"),
    ("a", "2024-01-03T10:00:00Z", "order.placed", "2", "20.00"),
    ("a", "2024-01-15T10:00:00Z", "order.refunded", "2", "5.00"),
    ("a", "2024-01-04T10:00:00Z", "order.placed", "3", "30.00"),
    ("a", "2024-01-10T10:00:00Z", "order.cancelled", "3"),
    ("b", "2024-01-04T10:00:00Z", "order.placed", None, "3.00"),
    ("b", "2024-01-08T10:00:00Z", "order.placed", None, "-1.00"),
    ("b", "2024-01-09T10:00:00Z", "order.refunded", "none", "0.50"),
]


def test_orders_end_on_the_day_they_were_taken_back_and_not_before():
    assert days(gathered(TAKEN_BACK, "2024-02-01")) == [
        ("a", "2024-01-02", "2024-01-20", 1000.0), ("a", "2024-01-03", None, 2000.0),
        ("a", "2024-01-04", "2024-01-10", 3000.0), ("b", "2024-01-04", None, 300.0),
    ]  # fmt: skip
    # what goes back after T is not known at T
    assert [row[2] for row in days(gathered(TAKEN_BACK, "2024-01-10"))] == [None] * 4
    assert [row[2] for row in days(gathered(TAKEN_BACK, "2024-01-20"))] == [None, None, "2024-01-10", None]


BACK = {
    # a, b: in part of an order that stands; a whole refund ends its order and is no matter here
    "2024-01-08": [0.0, 0.0],
    "2024-01-09": [0.0, 100.0],
    "2024-01-10": [0.0, 150.0],
    "2024-01-16": [500.0, 150.0],
    "2024-01-21": [500.0, 150.0],
}


def test_what_went_back_of_orders_that_stand():
    found = gathered(TAKEN_BACK, "2024-02-01")
    assert {on: found.returned_before(day_of_text(on)).tolist() for on in BACK} == BACK
    assert gathered(TAKEN_BACK, "2024-01-16").returned_before(day_of_text("2024-01-16")).tolist() == [500.0, 150.0]


def test_an_order_taken_back_in_two_parts_gives_back_the_first_until_it_ends():
    rows = [
        ("a", "2024-01-02T10:00:00Z", "order.placed", "1", "10.00"),
        ("a", "2024-01-05T10:00:00Z", "order.refunded", "1", "4.00"),
        ("a", "2024-01-20T10:00:00Z", "order.refunded", "1", "6.00"),
    ]
    found = gathered(rows, "2024-02-01")
    back = [found.returned_before(day_of_text(on)).tolist() for on in ("2024-01-05", "2024-01-06", "2024-01-21")]
    assert back == [[0.0], [400.0], [0.0]]


def test_amounts_of_another_currency_than_the_customers_are_not_counted_nor_what_goes_back_of_them():
    rows = [
        ("a", "2024-01-02T10:00:00Z", "order.placed", "1", "10.00", "EUR"),
        ("a", "2024-01-03T10:00:00Z", "order.placed", "2", "11.00", "EUR"),
        ("a", "2024-01-04T10:00:00Z", "order.placed", "3", "99.00", "USD"),
        ("a", "2024-01-05T10:00:00Z", "order.placed", "3", "-9.00", "USD"),
        ("a", "2024-01-06T10:00:00Z", "order.refunded", "3", "8.00", None),
        ("a", "2024-01-07T10:00:00Z", "order.refunded", "2", "1.00", None),
        ("b", "2024-01-02T10:00:00Z", "order.placed", "4", "500", "JPY"),
        ("b", "2024-01-03T10:00:00Z", "order.placed", "5", "5.00", None),
        ("c", "2024-01-02T10:00:00Z", "order.placed", "6", "1.00", "USD"),
        ("c", "2024-01-03T10:00:00Z", "order.placed", "7", "2.00", "EUR"),
        ("d", "2024-01-03T10:00:00Z", "order.placed", "8", "2.00", None),
    ]
    found = gathered(rows, "2024-02-01")
    assert found.currency.tolist() == ["EUR", "JPY", "EUR", None]
    assert found.strange == 2
    amounts = [amount for _, _, _, amount in days(found)]
    assert amounts[:3] == [1000.0, 1100.0, None]
    assert amounts[3] == 500.0
    assert amounts[5:] == [None, 200.0, 200.0]
    assert found.returned_before(day_of_text("2024-02-01")).tolist() == [100.0, 0.0, 0.0, 0.0]
    histories, main = found.of_main_currency()
    assert main == "EUR"
    assert [None if np.isnan(amount) else float(amount) for amount in histories.amount] == [
        1000.0, 1100.0, None, None, None, None, 200.0, None,
    ]  # fmt: skip


def test_one_currency_or_none_is_everybodys():
    rows = [("a", "2024-01-02T10:00:00Z", None, "1", "10.00", "EUR"), ("b", "2024-01-02T10:00:00Z", None, "2", "1.00")]
    found = gathered(rows, "2024-02-01")
    assert found.currency.tolist() == ["EUR", "EUR"]
    assert found.of_main_currency() == (found.histories, "EUR")
    bare = gathered([("a", "2024-01-02T10:00:00Z", None, "1", "10.00")], "2024-02-01")
    assert bare.of_main_currency() == (bare.histories, None)
    assert bare.amounts_known
    assert not gathered([("a", "2024-01-02T10:00:00Z")], "2024-02-01").amounts_known


def test_nobody_is_gathered_before_the_first_row():
    found = gathered([("a", "2024-01-02T10:00:00Z", None, "1", "10.00", "EUR")], "2024-01-02")
    assert (len(found.people), len(found.histories.day), len(found.ids)) == (0, 0, 0)
    with pytest.raises(BadTime):
        gathered([("a", "2024-01-02T10:00:00Z")], "2024-02-01", "Mars/Olympus")


def test_a_file_of_plain_orders_gives_what_one_with_ids_gives(tmp_path):
    made = orders(60)
    plain = gathered(written(tmp_path / "plain.csv", made, currency="EUR"), "2025-10-20")
    named = np.datetime64("1970-01-01") + made.day
    rows = [
        (f"c{c:05d}", f"{on}T00:00:00Z", None, str(n), f"{amount / 100:.2f}", "EUR")
        for n, (c, on, amount) in enumerate(zip(made.customer, named, made.amount, strict=True))
    ]
    assert sorted(days(gathered(rows, "2025-10-20")), key=repr) == sorted(days(plain), key=repr)


def random_events(seed):
    """Everything that may happen to orders, bent towards equal instants; amounts in minor units."""
    rng, events = Random(seed), []
    for customer in range(1, 9):
        at = 1_700_000_000_000_000 + rng.randrange(10) * 86_400_000_000
        for number in range(rng.randint(1, 8)):
            at += rng.choice((0, 3_600_000_000, 86_400_000_000, 9 * 86_400_000_000))
            order = rng.choice((f"{customer}-{number}", f"{customer}-{number}", None))
            category = rng.choice(("boots", "boots", "boots", "books", None))
            amount = rng.choice((500, 1_500, 0, None))
            events.append(Event(customer, at, "order.placed", order, amount, category))
            if rng.random() < 0.3:
                events.append(Event(customer, at, "order.placed", order, rng.choice((300, -200)), "books"))
            if rng.random() < 0.3 and order:
                kind = rng.choice(("order.refunded", "order.cancelled"))
                later = at + rng.choice((0, 1, 5 * 86_400_000_000, 30 * 86_400_000_000))
                events.append(Event(customer, later, kind, order, rng.choice((200, 500, 2_000))))
    rng.shuffle(events)
    return events


def as_table(events):
    return pa.table({
        "customer_id": [e.customer for e in events], "at": pa.array([e.at for e in events], pa.timestamp("us", "UTC")),
        "type": [e.kind for e in events], "order_id": [e.order_id for e in events],
        "amount_minor": [e.amount_minor for e in events], "category": [e.category for e in events],
    })  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_what_counts_when_and_on_which_clock_is_what_the_oracle_says(seed, tmp_path):
    zone, policy = ("Asia/Beirut", "America/New_York", "Pacific/Kiritimati")[seed % 3], tmp_path / "p.toml"
    policy.write_text(BOOTS, encoding="utf-8")
    events = random_events(seed)
    ats = sorted(event.at for event in events)
    until = ats[len(ats) * 2 // 3]
    known = [event for event in events if event.at < until]
    with opened(as_table(events), timezone=zone, policy=policy) as shop:
        found = gather_orders(shop.timeline, shop.policy, zone=zone, until=until)
    expected, categories = [], {}
    for customer in sorted({event.customer for event in known}):
        told = orders_of([event for event in known if event.customer == customer])
        expected += [(customer, day_of(o.at, zone), NEVER if o.ended_at is None else day_of(o.ended_at, zone))
                     for o in told]  # fmt: skip
        categories[customer] = [o.category for o in told if o.ended_at is None]
    h = found.histories
    pairs = sorted(zip(h.customer.tolist(), h.day.tolist(), h.ends.tolist(), strict=True))
    assert pairs == sorted(expected)
    origin = day_of(until, zone) + 400
    standing = h.at(origin)
    boots = declared_clock(Season("boots", None, (10, 11, 12, 1, 2), (), "north", 14), shifted=False)
    for place, customer in enumerate(standing.customer.tolist()):
        mine = categories[customer]
        on_boots = mine.count("boots") * 5 >= len(mine) * 4
        assert (standing.group[place] > 0) == on_boots, customer
        first, last, now = (float(d) for d in (standing.first_on[place], standing.last_on[place], origin - 1))
        lam = boots.lam if on_boots else float
        assert standing.t_x[place] == pytest.approx(lam(last) - lam(first), abs=1e-9)
        assert standing.age[place] == pytest.approx(lam(now) - lam(first), abs=1e-9)
        assert standing.ahead(90.0)[place] == pytest.approx(lam(now + 90.0) - lam(now), abs=1e-9)


def test_what_comes_after_t_changes_nothing_before_it(tmp_path):
    policy = tmp_path / "p.toml"
    policy.write_text(BOOTS, encoding="utf-8")
    for seed in range(2):
        events = random_events(seed)
        until = sorted(event.at for event in events)[len(events) // 2]
        gave = []
        for some in (events, [event for event in events if event.at < until]):
            with opened(as_table(some), timezone="America/New_York", policy=policy) as shop:
                gave.append(gather_orders(shop.timeline, shop.policy, zone="America/New_York", until=until))
        whole, cut = gave
        for name in ("customer", "day", "ends", "amount"):
            one, two = getattr(whole.histories, name), getattr(cut.histories, name)
            assert np.array_equal(one, two, equal_nan=True), name
        origin = day_of(until, "America/New_York")
        assert whole.histories.at(origin).age.tolist() == cut.histories.at(origin).age.tolist()
        assert whole.returned_before(origin).tolist() == cut.returned_before(origin).tolist()
