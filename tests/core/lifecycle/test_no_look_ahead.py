"""Nothing that happens later moves what was said: no customer, no whole population, no new sort of row."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet
import pytest
from asked import histories, policy_of
from lives import shop
from planted import CHANGES, DAY, instants, last_month, microseconds, until

import tenure
from tenure.simulation import simulate

FULL = "TENURE_EXAMPLES" in os.environ
SHOPS = ("boots declared", "boots undeclared", "rhythms", "cdnow_full")

pytestmark = pytest.mark.generated


class Shop(NamedTuple):
    """Rows, their column of instants, policy, the last month's first instant, and histories until then and after."""

    rows: pa.Table
    at: str
    policy: Path | None
    month: int
    before: pa.Table
    unplanted: pa.Table


def rows_of(name, folder, real_data):
    """Rows, column of instants and policy of a shop."""
    if name == "cdnow_full":
        rows = pyarrow.parquet.read_table(real_data("cdnow_full.parquet"))
        return (rows if FULL else rows.slice(0, 3_000)), "order_date", None
    kind, _, declared = name.partition(" ")
    people = 4_000 if FULL else {"boots": 200, "rhythms": 60}[kind]
    made = simulate(folder / "shop.parquet", shop=kind, customers=people)
    return pyarrow.parquet.read_table(made.events), "at", None if declared == "undeclared" else made.policy


@pytest.fixture(scope="module", params=SHOPS)
def orders(request, tmp_path_factory, real_data):
    """Each of the shops as it was before anything was planted."""
    rows, at, policy = rows_of(request.param, tmp_path_factory.mktemp("shop"), real_data)
    month = last_month(instants(rows[at]))
    before = tenure.history(rows, until=month, policy=policy)
    return Shop(rows, at, policy, month, before, tenure.history(rows, until=month + 400 * DAY, policy=policy))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_the_population_in_the_last_month_moves_no_earlier_interval(orders, change):
    rows, month = orders.rows, orders.month
    planted = change(rows, orders.at, month)
    assert len(orders.before) > len(rows["customer_id"].unique()) / 2
    assert tenure.history(planted, until=month, policy=orders.policy).equals(orders.before)
    after = tenure.history(planted, until=month + 400 * DAY, policy=orders.policy)
    assert until(after, month).equals(orders.before)
    # the change is one: it does move what comes after it, except unmatched money, which nothing may move
    unmatched = change.__name__ == "all_money_back" and "order_id" not in rows.column_names
    assert after.equals(orders.unplanted) == unmatched


@pytest.mark.parametrize("seed", range(60, 80 if FULL else 66))
def test_a_history_told_early_is_the_beginning_of_one_told_late(seed, tmp_path):
    events, text, zone = shop(seed)
    policy = policy_of(text, tmp_path)
    first, last = min(event.at for event in events), max(event.at for event in events)
    late = histories(events, policy, zone, last + 500 * DAY)
    turns = sorted({one[2] for intervals in late.values() for one in intervals})
    middle = turns[len(turns) // 2]
    for at in (middle, (first + last) // 2 + 1):
        early = histories(events, policy, zone, at)
        beginning = {
            customer: [(*one[:3], one[3] if one[3] and one[3] < at else None) for one in intervals if one[2] < at]
            for customer, intervals in late.items()
        }
        assert early == {customer: intervals for customer, intervals in beginning.items() if intervals}
        known = [event for event in events if event.at < at]
        assert histories(known, policy, zone, at) == early


POLICIES = {
    "default": "",
    "restart": '[stages]\nrestart_after = "inactive"\n',
    "activity": '[stages]\nactivity = ["order.placed", "product.used"]\n',
    "scopes": '[[scope]]\ncategory = "boots"\nkind = "window"\ndays = [10, 20, 30]\n',
    "seasons": '[[season]]\ncategory = "boots"\nmonths = [11, 12]\n[regions]\nsouth = "south"\n',
    "shop's season": "[[season]]\nmonths = [3, 4, 5]\n",
}
T = microseconds(datetime(2024, 5, 17, tzinfo=UTC).date())
LATER = [
    # (order, kind, amount, category, region, reason): of everything the earlier rows know nothing
    ("1", "order.placed", 5000, "boots", "south", None), ("1", "order.refunded", None, None, None, "broken"),
    ("2", "order.placed", 1, "sandals", "north", None), ("2", "order.cancelled", None, None, None, None),
    (None, "product.used", None, "boots", None, None), (None, "page.viewed", None, None, None, None),
    (None, "contact.refused", None, None, None, "asked"), (None, "contact.allowed", None, None, None, None),
    (None, "complaint.opened", None, None, None, "late"), (None, "message.bounced", None, None, None, None),
    (None, "customer.left", None, None, None, "moved"), (None, "customer.erased", None, None, None, None),
]  # fmt: skip


def plain_orders():
    """Orders of 40 customers until T: who, when, how much, and nothing else."""
    numbers = [(customer, turn) for customer in range(1, 41) for turn in range(customer % 7 + 1)]
    ats = [T - 1 - (customer * 5 % 300) * DAY - turn * (3 + customer % 11) * DAY for customer, turn in numbers]
    return pa.table({
        "customer_id": [customer for customer, _ in numbers],
        "at": pa.array(ats).cast(pa.timestamp("us", "UTC")), "amount": [20.5] * len(ats),
    })  # fmt: skip


def later_rows():
    """Everything that can happen, to old and new customers, from T itself on."""
    rows = [
        {"customer_id": customer, "at": T + place * (customer % 5) * DAY // 3, "order_id": order, "type": kind,
         "amount": None if amount is None else amount / 100, "category": category, "region": region, "reason": reason}
        for customer in range(1, 61)
        for place, (order, kind, amount, category, region, reason) in enumerate(LATER)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    return table.set_column(1, "at", table["at"].cast(pa.timestamp("us", "UTC")))


@pytest.mark.parametrize(("policy", "at"), [("default", T - 90 * DAY), *((policy, T) for policy in POLICIES)])
def test_events_of_later_change_nothing_not_even_by_being_of_a_new_kind(policy, at, tmp_path):
    rules = tmp_path / "policy.toml"
    rules.write_text(POLICIES[policy], encoding="utf-8")
    early, late = plain_orders(), later_rows()
    asked = {"policy": rules, "timezone": "UTC"}
    picture = tenure.stages(early, as_of=at, **asked)
    assert len(picture) > 20
    assert tenure.stages([late, early], as_of=at, **asked).equals(picture)
    history = tenure.history(early, until=at, **asked)
    assert tenure.history([late, early], until=at, **asked).equals(history)
    whole = tenure.history([late, early], **asked)
    assert until(whole, at).equals(history)
    assert len(whole) > len(history) + 60


def test_money_that_goes_back_at_the_instant_of_the_picture_is_not_known_yet():
    rows = pa.table({
        "customer_id": [1, 1], "order_id": ["a", "a"], "type": ["order.placed", "order.refunded"],
        "at": pa.array([T - DAY, T]).cast(pa.timestamp("us", "UTC")), "amount": [10, -10],
    })  # fmt: skip
    stages = [tenure.stages(rows, as_of=at)["stage"].to_pylist() for at in (T - DAY, T - DAY + 1, T, T + 1)]
    assert stages == [[], ["new"], ["new"], ["prospect"]]
