"""The oracle on lives small enough to work out by hand: orders, refunds, occasions, activity, instants."""

import pytest
from drawn import WINDOW, at, check, oracle


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(
            """2025-01-01T10:00 order id=A amount=10
               2025-01-03T10:00 order id=A amount=5""",
            """2025-01-02: new 1/1
               2025-01-04: new 1/1""",
            id="lines of one order id are one order at the earliest instant",
        ),
        pytest.param(
            """2025-01-01T10:00 order
               2025-01-03T10:00 order""",
            "2025-01-04: active 2/2",
            id="without an order id each row is an order",
        ),
        pytest.param(
            "2025-01-01 order amount=0",
            "2025-01-02: new 1/1",
            id="zero is an order",
        ),
        pytest.param(
            "2025-01-01 order amount=-5",
            "2025-01-02: prospect 0/0",
            id="a negative row is not an order",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-01 order id=A amount=-5""",
            "2025-01-02: new 1/1",
            id="a negative row at the instant of a line is a discount",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-01 order id=A amount=-25""",
            "2025-01-02: prospect 0/0",
            id="a discount larger than the rest makes the whole a refund",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-01 order id=A amount=-20""",
            "2025-01-02: prospect 0/0",
            id="what comes and goes back at one instant is no order",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=0
               2025-01-01 order id=A amount=0""",
            "2025-01-02: new 1/1",
            id="lines of zero are an order of zero",
        ),
        pytest.param(
            """2025-01-01 order id=A
               2025-01-01 order id=A amount=-5""",
            "2025-01-02: new 1/1",
            id="a discount on an unknown amount is not known to be a refund",
        ),
        pytest.param(
            """1: 2025-01-01 order id=A
               2: 2025-01-01 order id=A
               2: 2025-01-02 cancel id=A""",
            "2025-01-03: new 1/1",
            id="order ids belong to their customer",
        ),
    ],
)
def test_which_rows_are_orders(life, expected):
    check(life, expected)


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 refund id=A amount=20""",
            """2025-01-05: new 1/1
               2025-01-05+: prospect 0/0""",
            id="a full refund ends the order from its instant on",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 refund id=A amount=-20""",
            "2025-01-06: prospect 0/0",
            id="the sign of a refund does not matter",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 refund id=A amount=19""",
            "2025-01-06: new 1/1",
            id="a part does not end it",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 refund id=A amount=15
               2025-01-07 refund id=A amount=5""",
            """2025-01-07: new 1/1
               2025-01-07+: prospect 0/0""",
            id="the parts together do",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 refund id=A""",
            "2025-01-06: prospect 0/0",
            id="a refund without an amount is a full one",
        ),
        pytest.param(
            """2025-01-01 order id=A
               2025-01-05 refund id=A amount=1""",
            "2025-01-06: prospect 0/0",
            id="a refund of an order without an amount is a full one",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 cancel id=A""",
            """2025-01-05: new 1/1
               2025-01-05+: prospect 0/0""",
            id="a cancellation ends it at once",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 order id=A amount=-20""",
            """2025-01-05: new 1/1
               2025-01-05+: prospect 0/0""",
            id="a negative row later is a refund",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-05 order id=A amount=5
               2025-01-05 order id=A amount=-25""",
            "2025-01-06: prospect 0/0",
            id="an exchange below zero is a refund of the difference",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-02 refund id=B amount=20
               2025-01-03 refund amount=20
               2025-01-04 order amount=-20
               2025-01-05 cancel id=B""",
            "2025-01-06: new 1/1",
            id="what matches no order is ignored: another id, no id",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-01 refund id=A amount=20""",
            "2025-01-02: prospect 0/0",
            id="an order refunded at its own instant never counts",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-01 cancel id=A
               2025-01-03 order id=B amount=20""",
            """2025-01-02: prospect 0/0
               2025-01-04: new 1/1""",
            id="an order cancelled at its own instant never counts",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-01 refund id=A amount=5""",
            "2025-01-02: new 1/1",
            id="a part refunded at its own instant leaves an order",
        ),
        pytest.param(
            """2025-01-01 refund id=A amount=20
               2025-01-02 order id=A amount=20""",
            "2025-01-03: new 1/1",
            id="a refund before the order is ignored",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-03 refund id=A amount=20
               2025-01-05 order id=A amount=30""",
            """2025-01-03: new 1/1
               2025-01-06: prospect 0/0""",
            id="a later line does not revive an ended order",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-03 order id=A amount=30
               2025-01-05 refund id=A amount=20""",
            "2025-01-06: new 1/1",
            id="a refund is held against all lines until then",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-11 order id=B amount=20
               2025-01-21 order id=C amount=20
               2025-01-25 refund id=B amount=20""",
            """2025-01-22: loyal 3/3
               2025-01-26: active 2/2""",
            id="after a refund the life is as if the order had not been",
        ),
        pytest.param(
            """2025-01-01 order id=A amount=20
               2025-01-29 order id=B amount=20
               2025-02-20 refund id=B amount=20""",
            """2025-02-20: active 2/2
               2025-02-20+: lapsed/short 1/1""",
            id="a silence that an order broke counts again when it is refunded",
        ),
    ],
)
def test_refunds(life, expected):
    check(life, expected)


@pytest.mark.parametrize(
    ("zone", "life", "expected"),
    [
        pytest.param(
            "UTC",
            """2025-01-01T08:00 order
               2025-01-01T22:00 order
               2025-01-02T00:00 order""",
            """2025-01-01T23:00: new 2/1
               2025-01-02: new 2/1
               2025-01-02+: active 3/2""",
            id="orders of one day are one occasion, midnight is the next day's",
        ),
        pytest.param(
            "America/New_York",
            """2025-01-01T20:00 order
               2025-01-01T23:59 order""",
            "2025-01-02: new 2/1",
            id="days are local",
        ),
        pytest.param(
            "America/Sao_Paulo",
            """2018-11-03T23:59 order
               2018-11-04T01:00 order""",
            "2018-11-05: active 2/2",
            id="a day may start at one in the morning",
        ),
        pytest.param(
            "America/St_Johns",
            """2010-11-07T00:00:30 order
               2010-11-07T01:00 order""",
            "2010-11-08: new 2/1",
            id="a day that was begun is not left when clocks go back over midnight",
        ),
    ],
)
def test_occasions_are_local_days(zone, life, expected):
    check(life, expected, zone=zone)


ACTIVE = WINDOW + '[stages]\nactivity = ["order.placed", "product.used"]\n'


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(
            """2025-01-01 order
               2025-01-20 product.used""",
            """2025-02-01: new 1/1
               2025-02-19: new 1/1
               2025-02-19+: lapsed/short 1/1""",
            id="activity breaks the silence but is no purchase",
        ),
        pytest.param(
            """2025-01-01 order
               2025-01-20 page.viewed""",
            "2025-01-31+: lapsed/short 1/1",
            id="other kinds do not",
        ),
        pytest.param(
            """2025-01-01T09:00 product.used
               2025-01-05T10:00 order
               2025-01-05T09:00 product.used""",
            """2025-01-05: prospect 0/0
               2025-02-04: new 1/1
               2025-02-04+: lapsed/short 1/1""",
            id="activity before the first purchase counts for nothing",
        ),
        pytest.param(
            """2025-01-01T10:00 order
               2025-01-20T09:00 product.used
               2025-01-20T12:00 order""",
            """2025-01-20T12:00: new 1/1
               2025-01-20T12:00+: active 2/2
               2025-02-19+: lapsed/short 2/2""",
            id="a purchase on an active day counts from its own instant",
        ),
        pytest.param(
            """2025-01-01T10:00 order
               2025-02-05T10:00 product.used""",
            """2025-02-05T10:00: lapsed/short 1/1
               2025-02-05T10:00+: new 1/1""",
            id="activity brings back from lapsed",
        ),
    ],
)
def test_activity(life, expected):
    check(life, expected, ACTIVE)


def test_activity_adds_to_the_rhythm_and_not_to_the_purchases():
    asked = oracle("2025-01-01 order\n2025-01-11 product.used\n2025-01-31 product.used", ACTIVE)
    occasions = asked.life(1, at("2025-02-01")).occasions
    assert [(occasion.x, occasion.gaps) for occasion in occasions] == [(0, ()), (1, (10.0,)), (2, (10.0, 20.0))]
    assert asked.picture(1, at("2025-02-01")).cycle == 2


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2025-01-01T10:00", "nobody"), ("2025-01-01T10:00+", "new 1/1"),
        ("2025-01-31", "new 1/1"), ("2025-01-31+", "lapsed/short 1/1"),
        ("2025-03-02", "lapsed/short 1/1"), ("2025-03-02+", "lapsed/long 1/1"),
        ("2025-04-01", "lapsed/long 1/1"), ("2025-04-01+", "inactive/win_back 1/1 unknown"),
        ("2025-05-01T12:00", "inactive/win_back 1/1 unknown"), ("2025-05-01T12:00+", "active 2/2"),
    ],
)
def test_what_happens_at_an_instant_is_seen_after_it(when, expected):
    check("2025-01-01T10:00 order\n2025-05-01T12:00 order", f"{when}: {expected}")


def test_a_picture_has_its_dates_and_counts():
    picture = oracle("2025-01-01T10:00 order\n2025-01-01T11:00 order\n2025-01-11 order").picture(1, at("2025-02-12"))
    assert (picture.stage, picture.detail, picture.since) == ("lapsed", "short", at("2025-02-10"))
    assert (picture.orders, picture.occasions, picture.cycle) == (3, 2, 3)
    assert (picture.first_order_at, picture.last_order_at) == (at("2025-01-01T10:00"), at("2025-01-11"))
    assert (picture.overdue_at, picture.long_overdue_at, picture.inactive_at) == (
        at("2025-02-10"), at("2025-03-12"), at("2025-04-11"),
    )
    # k = 1 / .81, one gap of 10 days: exp((k ln 45 + ln 10) / (k + 1)) = 22.97 days
    assert picture.expected_next_at == at("2025-02-03")


def test_history_has_no_gaps_and_ends_open():
    asked = oracle("2025-01-01T10:00 page.viewed\n2025-01-01T12:00 order\n2025-05-01T12:00 order")
    assert asked.history(1, at("2025-04-02")) == [
        ("prospect", None, at("2025-01-01T10:00"), at("2025-01-01T12:00")),
        ("new", None, at("2025-01-01T12:00"), at("2025-01-31")),
        ("lapsed", "short", at("2025-01-31"), at("2025-03-02")),
        ("lapsed", "long", at("2025-03-02"), at("2025-04-01")),
        ("inactive", "win_back", at("2025-04-01"), None),
    ]


def test_due_days_that_fall_together_leave_the_last_stage_only():
    asked = oracle("2025-01-01 order", '[rhythm]\nkind = "window"\ndays = [30, 30, 30]')
    assert [row[:2] for row in asked.history(1, at("2025-03-01"))] == [("new", None), ("inactive", "win_back")]


def test_order_counts_of_the_policy():
    policy = WINDOW + "[stages]\nactive_from = 3\nloyal_from = 5\n"
    life = "\n".join(f"2025-01-0{day} order" for day in range(1, 6))
    check(
        life,
        """2025-01-02+: new 2/2
           2025-01-03+: active 3/3
           2025-01-04+: active 4/4
           2025-01-05+: loyal 5/5""",
        policy,
    )
