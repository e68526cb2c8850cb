"""The engine and the oracle read one rule and share no code: on generated shops all pictures and histories are equal.

A quick share runs every time; TENURE_EXAMPLES=10000 asks for that many lives (`make long`).
"""

import os

import pytest
from asked import histories, pictures, policy_of
from lives import UNLABELLED, as_ofs, shop

from tenure.lifecycle import slices
from tenure.lifecycle.oracle import Event, Oracle

DAY = 86_400_000_000
LIVES = int(os.environ.get("TENURE_EXAMPLES", "300"))
BATCH = 8
"""Shops in one test: one failing line names its seed."""
COLUMNS = (
    "stage", "detail", "reason", "since", "orders", "occasions", "cycle", "first_order_at", "last_order_at",
    "expected_next_at", "overdue_at", "long_overdue_at", "inactive_at", "contact_on",
)  # fmt: skip


def differences(seed: int, tmp_path, pictures_a_shop: int = 2) -> tuple[int, list]:
    """How many lives the shop of a seed has, and where engine and oracle differ on them."""
    events, text, zone = shop(seed)
    policy, oracle = policy_of(text, tmp_path), Oracle(events, text, zone)
    customers = sorted({event.customer for event in events})
    until = max(event.at for event in events) + DAY
    found = histories(events, policy, zone, until)
    wrong: list = [
        (customer, expected, found.get(customer))
        for customer in customers
        if found.get(customer) != (expected := oracle.history(customer, until))
    ]
    turns = [interval[3] for intervals in found.values() for interval in intervals if interval[3] is not None]
    for as_of in as_ofs(seed, shop(seed), turns, pictures_a_shop):
        wrong += picture_differences(events, policy, zone, as_of, oracle)
    return len(customers), wrong


def picture_differences(events: list[Event], policy, zone: str, as_of: int, oracle: Oracle) -> list:
    found, expected = pictures(events, policy, zone, as_of), oracle.pictures(as_of)
    wrong: list = [(as_of, customer) for customer in found.keys() ^ expected.keys()]
    for customer in found.keys() & expected.keys():
        row, picture = found[customer], expected[customer]
        assert row["because"], (as_of, customer)
        wrong += [
            (as_of, customer, column, getattr(picture, column), row[column])
            for column in COLUMNS
            if row[column] != getattr(picture, column)
        ]
    return wrong


@pytest.fixture(params=["whole", "sliced", "unlabelled"])
def way(request, monkeypatch):
    """As it is, with lives walked some forty orders at a time, and without labels, which lets walks be thinner."""
    if request.param == "sliced":
        monkeypatch.setattr(slices, "ORDERS_AT_ONCE", 40)
        monkeypatch.setattr(slices, "_READ_AT_ONCE", 3)
        monkeypatch.setattr(slices, "_AHEAD", 2)
    return request.param


@pytest.mark.generated
@pytest.mark.parametrize("batch", range(max(1, LIVES // 135)))
def test_engine_equals_oracle_on_generated_lives(batch, tmp_path, way):
    lives, wrong = 0, []
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        if seed % 3 != ("whole", "sliced", "unlabelled").index(way):
            continue
        n, differing = differences(seed + UNLABELLED * (way == "unlabelled"), tmp_path)
        lives += n
        wrong += [(seed, *one) for one in differing]
    assert lives > 0
    assert wrong == []
