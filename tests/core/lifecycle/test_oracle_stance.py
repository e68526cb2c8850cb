"""The oracle on leaving, refusing, complaining and being forgotten, and on coming back."""

import pytest
from drawn import WINDOW, at, check, oracle

LONG_AGO = "2024-01-01 order\n"


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(
            """2025-01-01 order
               2025-01-05 customer.left reason=moved""",
            """2025-01-05: new 1/1
               2025-01-05+: inactive/win_back 1/1 moved""",
            id="leaving ends any stage at once",
        ),
        pytest.param("2025-01-05 customer.left", "2025-01-06: inactive/win_back 0/0 unknown", id="prospects may leave"),
        pytest.param(
            """2025-01-01 order
               2025-01-05 customer.left
               2025-01-09 contact.allowed
               2025-01-10 order""",
            """2025-01-10: inactive/win_back 1/1 unknown
               2025-01-10+: active 2/2""",
            id="an order ends leaving, being allowed does not",
        ),
        pytest.param(
            """2025-01-05 customer.left
               2025-01-05 order""",
            "2025-01-06: new 1/1",
            id="so does an order at the same instant",
        ),
        pytest.param(
            """2025-01-01 order
               2025-01-05 customer.left
               2025-01-10 order id=A amount=1
               2025-01-12 refund id=A amount=1""",
            """2025-01-12: active 2/2
               2025-01-12+: inactive/win_back 1/1 unknown""",
            id="but only an order that counts",
        ),
        pytest.param(
            """2025-01-01 order
               2025-01-05 contact.refused""",
            "2025-01-06: inactive/do_not_contact 1/1 asked",
            id="a refusal is do not contact",
        ),
        pytest.param(
            """2025-01-01 order
               2025-01-05 contact.refused
               2025-01-09 contact.allowed""",
            "2025-01-09+: new 1/1",
            id="being allowed ends a refusal",
        ),
        pytest.param(
            """2025-01-01 order
               2025-01-05 contact.refused
               2025-01-05 contact.allowed""",
            "2025-01-06: new 1/1",
            id="at the same instant too",
        ),
        pytest.param(
            """2025-01-01 order
               2025-01-05 contact.refused reason=busy
               2025-01-10 order""",
            """2025-01-11: active 2/2
               2025-06-01: inactive/do_not_contact 2/2 busy""",
            id="an order brings back, but the refusal stands when they fall silent",
        ),
        pytest.param(
            """2025-01-01 order
               2025-01-05 customer.erased
               2025-01-10 order
               2025-01-11 contact.allowed""",
            "2025-01-12: inactive/do_not_contact 2/2 erased",
            id="being erased is for ever",
        ),
    ],
)
def test_leaving(life, expected):
    check(life, expected)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param("", "win_back 1/1 unknown", id="silence alone"),
        pytest.param("2024-01-05 message.bounced", "do_not_contact 1/1 bounced", id="bounced"),
        pytest.param(
            """2024-01-05 message.bounced
               2024-01-06 contact.allowed""", "win_back 1/1 unknown", id="bounced, then allowed",
        ),
        pytest.param(
            """2024-01-05 message.bounced
               2024-01-05 contact.allowed""", "win_back 1/1 unknown", id="the ending event wins an equal instant",
        ),
        pytest.param("2024-01-05 complaint.opened", "do_not_contact 1/1 complaint", id="complaint"),
        pytest.param("2024-01-05 complaint.opened reason=late", "do_not_contact 1/1 late", id="complaint's reason"),
        pytest.param(
            """2024-01-05 complaint.opened
               2024-01-06 complaint.resolved""", "win_back 1/1 unknown", id="complaint resolved",
        ),
        pytest.param(
            """2024-01-05 complaint.opened reason=late
               2024-01-06 complaint.resolved
               2024-01-07 complaint.opened reason=broken""", "do_not_contact 1/1 broken", id="and opened again",
        ),
        pytest.param(
            """2024-01-05 complaint.opened reason=late
               2024-01-05 complaint.opened reason=broken""",
            "do_not_contact 1/1 broken", id="the alphabet decides between reasons of one instant",
        ),
        pytest.param(
            """2024-01-05 complaint.opened
               2024-01-05 complaint.opened reason=late""",
            "do_not_contact 1/1 late", id="a reason that was given goes before none",
        ),
        pytest.param("2024-01-05 customer.left reason=moved", "win_back 1/1 moved", id="left"),
        pytest.param(
            """2024-01-05 customer.left reason=moved
               2024-01-06 customer.left""", "win_back 1/1 unknown", id="the last leaving speaks",
        ),
        pytest.param(
            "2023-12-05 customer.left reason=moved", "win_back 1/1 unknown", id="not one before the last order",
        ),
        pytest.param(
            "2024-01-01 customer.left reason=moved", "win_back 1/1 unknown", id="nor at its instant",
        ),
        pytest.param(
            """2024-01-04 complaint.opened
               2024-01-05 message.bounced""", "do_not_contact 1/1 bounced", id="bounced goes before complaint",
        ),
        pytest.param(
            """2024-01-04 contact.refused
               2024-01-05 message.bounced""", "do_not_contact 1/1 asked", id="refusal goes before bounced",
        ),
        pytest.param(
            """2024-01-04 contact.refused
               2024-01-05 customer.erased""", "do_not_contact 1/1 erased", id="erased goes before all",
        ),
        pytest.param(
            """2024-01-04 complaint.opened
               2024-01-05 customer.left reason=moved""", "do_not_contact 1/1 complaint", id="leaving comes last",
        ),
    ],
)
def test_group_and_reason_of_the_inactive(rows, expected):
    check(LONG_AGO + rows, f"2025-01-01: inactive/{expected}")


def test_complaints_and_bounces_change_nothing_for_those_who_buy():
    check("2025-01-01 order\n2025-01-02 complaint.opened\n2025-01-03 message.bounced", "2025-01-04: new 1/1")


def test_the_group_of_an_inactive_customer_changes_with_its_reasons():
    asked = oracle(LONG_AGO + "2024-06-01 complaint.opened\n2024-07-01 complaint.resolved")
    assert [row[:3] for row in asked.history(1, at("2024-08-01"))][3:] == [
        ("inactive", "win_back", at("2024-03-31")),
        ("inactive", "do_not_contact", at("2024-06-01")),
        ("inactive", "win_back", at("2024-07-01")),
    ]


def test_due_dates_are_kept_for_win_back_and_not_for_do_not_contact():
    asked = oracle("1: 2024-01-01 order\n2: 2024-01-01 order\n2: 2024-06-01 contact.refused")
    kept, gone = (asked.picture(customer, at("2025-01-01")) for customer in (1, 2))
    assert (kept.overdue_at, kept.inactive_at) == (at("2024-01-31"), at("2024-03-31"))
    dates = (gone.expected_next_at, gone.overdue_at, gone.long_overdue_at, gone.inactive_at)
    assert dates == (None, None, None, None)


@pytest.mark.parametrize(
    ("restart_after", "life", "expected"),
    [
        pytest.param(
            "inactive",
            """2025-01-01 order
               2025-01-02 order
               2025-06-01 order
               2025-06-05 order""",
            """2025-06-01+: new 3/3
               2025-06-05+: active 4/4""",
            id="back from inactive is new again",
        ),
        pytest.param(
            "never",
            """2025-01-01 order
               2025-01-02 order
               2025-06-01 order""",
            "2025-06-01+: loyal 3/3",
            id="unless the policy says never",
        ),
        pytest.param(
            "inactive",
            """2025-01-01 order
               2025-01-02 order
               2025-04-01 order""",
            "2025-04-01+: loyal 3/3",
            id="back from lapsed goes on",
        ),
        pytest.param(
            "inactive",
            """2025-01-01 order
               2025-04-01 order""",
            "2025-04-01+: active 2/2",
            id="at the very instant of the third due day nobody was seen inactive yet",
        ),
        pytest.param(
            "inactive",
            """2025-01-01 order
               2025-01-05 customer.left
               2025-01-07 order""",
            "2025-01-07+: new 2/2",
            id="leaving is inactive too",
        ),
        pytest.param(
            "inactive",
            """2025-01-01 order
               2025-01-07 customer.left
               2025-01-07 order""",
            "2025-01-07+: active 2/2",
            id="not when it comes with the order",
        ),
        pytest.param(
            "inactive",
            """2025-01-01T10:00 order
               2025-01-01T12:00 customer.left
               2025-01-01T15:00 order
               2025-01-02T10:00 order""",
            "2025-01-02T10:00+: active 3/2",
            id="a second order of the day is no purchase occasion and restarts nothing",
        ),
        pytest.param(
            "inactive",
            """2025-01-01 order id=A amount=1
               2025-03-01 order id=B amount=1
               2025-04-20 order id=C amount=1
               2025-04-25 refund id=B amount=1""",
            """2025-04-25: loyal 3/3
               2025-04-25+: new 2/2""",
            id="whether they were inactive is judged by the orders that count",
        ),
    ],
)
def test_restart(restart_after, life, expected):
    check(life, expected, WINDOW + f'[stages]\nrestart_after = "{restart_after}"\n')
