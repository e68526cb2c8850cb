"""Webhooks of Stripe and Shopify, and of any sender of Standard Webhooks: one order a payment, refunds, people."""

import pytest
from said_again import EUROS, NOW, SECOND, one, refused

from tenure_app.dialects.said import LINK, Rules

CHARGE = {
    "id": "ch_1", "object": "charge", "amount": 1999, "amount_captured": 1999, "amount_refunded": 0, "captured": True,
    "currency": "eur", "customer": "cus_1", "created": 1767261540, "receipt_email": None,
    "billing_details": {"email": "a@b.example", "address": {"country": "DE"}},
}  # fmt: skip


def stripe(kind, thing, **data):
    """An event of Stripe's."""
    return {"id": "evt_1", "object": "event", "type": kind, "created": 1767261600, "data": {"object": thing} | data}


def heard(kind, thing, rules=EUROS, **data):
    return one("stripe", "event evt_1", stripe(kind, thing, **data), rules)


def test_a_charge_is_the_order():
    said = heard("charge.succeeded", CHARGE)
    assert (said.kind, said.key, said.message, said.order_key) == ("order.placed", "order:ch_1", "evt_1", "ch_1")
    assert (said.amount_minor, said.currency, said.region, said.at) == (1999, "EUR", "DE", NOW - 60 * SECOND)
    assert (said.user, said.email) == ("cus_1", "a@b.example")
    assert heard("charge.captured", CHARGE).key == said.key


def test_an_order_is_told_once():
    for kind in ("payment_intent.succeeded", "invoice.paid", "checkout.session.completed"):
        assert heard(kind, CHARGE).kind == "event.other"
    held = heard("charge.succeeded", CHARGE | {"captured": False})
    assert (held.kind, held.key, held.amount_minor, held.user) == ("event.other", "m:evt_1", None, "cus_1")


def test_a_shop_may_count_invoices_instead():
    rules = Rules(kinds={"invoice.paid": "order.placed", "charge.succeeded": ""})
    said = heard("invoice.paid", {"id": "in_1", "amount_paid": 500, "currency": "usd", "customer": "cus_1"}, rules)
    assert (said.key, said.amount_minor, said.currency) == ("order:in_1", 500, "USD")
    assert heard("charge.succeeded", CHARGE, rules).kind == "event.other"


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(1980, "jpy", 1980), (12340, "kwd", 12340), (500, "isk", 5), (500, "ugx", 5), (5, "mga", 500), (0, "usd", 0)],
)
def test_smallest_units_are_those_of_stripe(amount, currency, minor):
    assert heard("charge.succeeded", CHARGE | {"amount_captured": amount, "currency": currency}).amount_minor == minor


BEFORE = [({"amount_refunded": 500}, 1000), ({"amount_refunded": 0}, 1500), ({}, 1500)]


@pytest.mark.parametrize(("before", "minor"), BEFORE)
def test_a_refund_is_what_went_back_now(before, minor):
    said = heard("charge.refunded", CHARGE | {"amount_refunded": 1500}, previous_attributes=before)
    assert (said.kind, said.key, said.order_key, said.amount_minor) == ("order.refunded", "m:evt_1", "ch_1", minor)
    assert said.at == NOW


def test_people_of_stripe():
    customer = {"id": "cus_1", "email": "a@b.example", "name": "Ada", "phone": None, "address": {"city": "Ulm"}}
    said = heard("customer.created", customer)
    assert (said.kind, said.asks, said.user, said.email) == ("customer.created", LINK, "cus_1", "a@b.example")
    assert said.traits == {"name": "Ada", "city": "Ulm"}
    assert heard("customer.updated", customer).kind == "customer.identified"
    assert heard("customer.deleted", customer).kind == "customer.left"
    assert heard("charge.succeeded", CHARGE | {"customer": {"id": "cus_2"}}).user == "cus_2"


@pytest.mark.parametrize(
    ("event", "kind"),
    [("created", "started"), ("updated", "changed"), ("paused", "changed"), ("resumed", "changed"),
     ("deleted", "ended")],
)
def test_subscriptions(event, kind):
    said = heard(f"customer.subscription.{event}", {"id": "sub_1", "customer": "cus_1", "status": "x"})
    assert (said.kind, said.user, said.properties["status"]) == (f"subscription.{kind}", "cus_1", "x")


def test_what_stripe_says_of_nobody():
    bare = CHARGE | {"customer": None, "billing_details": {}}
    assert refused("stripe", "event e", stripe("payout.paid", {"id": "po_1"})) == "nobody"
    assert refused("stripe", "event e", stripe("charge.succeeded", CHARGE | {"amount_captured": -1})) == "bad_amount"
    # whose order it was can still be found by its number
    assert heard("charge.succeeded", bare).order_key == "ch_1"
    assert refused("stripe", "event e", {"data": {}}) == "no_event_name"


ORDER = {
    "id": 820982911946154508, "email": "jon@b.example", "created_at": "2026-01-01T04:59:00-05:00", "test": False,
    "processed_at": None, "total_price": "409.94", "total_discounts": "20.00", "currency": "USD", "source_name": "web",
    "customer": {"id": 115310627314723954, "email": "john@b.example"}, "shipping_address": {"country_code": "US"},
    "line_items": [{"price": "199.00", "quantity": 1, "product_type": "Boots"}], "cancelled_at": None,
}  # fmt: skip


def shopify(topic, body, when="2026-01-01T10:00:00.123456789Z", rules=EUROS):
    return one("shopify", f"{topic} abc {when}", body, rules)


def test_an_order_of_shopify():
    said = shopify("orders/create", ORDER)
    assert (said.kind, said.key, said.message) == ("order.placed", "order:820982911946154508", "orders/create:abc")
    assert (said.amount_minor, said.discount_minor, said.currency) == (40994, 2000, "USD")
    assert (said.user, said.email, said.region, said.channel) == ("115310627314723954", "john@b.example", "US", "web")
    assert (said.category, said.at, said.updates) == ("Boots", NOW - 60 * SECOND, False)


@pytest.mark.parametrize("topic", ["orders/paid", "orders/updated", "orders/fulfilled", "orders/partially_fulfilled"])
def test_more_of_an_order_updates_it(topic):
    said = shopify(topic, ORDER)
    assert (said.kind, said.key, said.updates) == ("order.placed", "order:820982911946154508", True)
    assert said.message == f"{topic}:abc"


def test_orders_made_to_try_the_shop_are_none():
    assert shopify("orders/create", ORDER | {"test": True}).kind == "event.other"
    unsaid = {name: value for name, value in ORDER.items() if name != "test"}
    assert shopify("orders/create", unsaid).kind == "order.placed"


def test_cancelled_and_refunded_at_shopify():
    body = ORDER | {"cancelled_at": "2026-01-01T10:00:00Z", "cancel_reason": "customer"}
    said = shopify("orders/cancelled", body)
    assert (said.kind, said.order_key, said.reason, said.at) == ("order.cancelled", str(ORDER["id"]), "customer", NOW)
    moved = [{"kind": "refund", "status": "success", "amount": "10.50", "currency": "USD"},
             {"kind": "refund", "status": "failure", "amount": "99.00", "currency": "USD"},
             {"kind": "refund", "status": "success", "amount": "1.00", "currency": "USD"}]  # fmt: skip
    refund = {"id": 5, "order_id": 7, "created_at": "2026-01-01T10:00:00Z", "transactions": moved}
    said = shopify("refunds/create", refund)
    assert (said.kind, said.order_key, said.amount_minor, said.currency) == ("order.refunded", "7", 1150, "USD")
    assert (said.user, said.email, said.key) == (None, None, "m:refunds/create:abc")


@pytest.mark.parametrize("moved", [[], [{"kind": "refund", "status": "failure", "amount": "9.00"}]])
def test_goods_that_come_back_without_money_end_no_order(moved):
    said = shopify("refunds/create", {"id": 5, "order_id": 7, "transactions": moved}, rules=Rules())
    assert (said.kind, said.order_key, said.amount_minor) == ("order.updated", "7", None)


def test_people_of_shopify():
    body = {"id": 7, "email": "a@b.example", "phone": "+49301", "first_name": "Ada"}
    said = shopify("customers/create", body)
    assert (said.kind, said.asks, said.user, said.email, said.phone) == (
        "customer.created", LINK, "7", "a@b.example", "+49301",
    )  # fmt: skip
    assert said.traits["first_name"] == "Ada"
    assert shopify("customers/update", body).kind == "customer.identified"
    assert (shopify("customers/delete", {"id": 7}).kind, shopify("customers/delete", {"id": 7}).at) == (
        "customer.left", NOW + 123456,
    )  # fmt: skip
    assert shopify("customers/redact", {"customer": {"id": 7}, "shop_id": 1}).kind == "customer.erased"


@pytest.mark.parametrize(
    ("state", "kind"),
    [("subscribed", "consent.given"), ("unsubscribed", "consent.denied"), ("pending", "event.other"),
     (7, "event.other")],
)
def test_consent_at_shopify(state, kind):
    body = {"customer_id": 7, "email_address": "a@b.example", "email_marketing_consent": {"state": state}}
    said = shopify("customers_email_marketing_consent/update", body)
    assert (said.kind, said.channel, said.user, said.email) == (kind, "email", "7", "a@b.example")


def test_carts_of_visitors():
    said = shopify("carts/update", {"token": "t1", "updated_at": "2026-01-01T10:00:00Z", "line_items": []})
    assert (said.kind, said.anonymous, said.user) == ("cart.updated", "t1", None)
    assert shopify("checkouts/create", {"cart_token": "t1", "email": "a@b.example"}, "-").at is None


def test_standard_webhooks_by_our_words_and_by_the_sources_own():
    data = {"user_id": 5, "order_id": "o1", "total": 19.99, "currency": "EUR"}
    body = {"type": "order.placed", "timestamp": "2026-01-01T09:59:00Z", "data": data}
    said = one("standard", "event msg_1", body)
    assert (said.kind, said.key, said.message, said.amount_minor) == ("order.placed", "order:o1", "msg_1", 1999)
    assert (said.user, said.at, said.properties) == ("5", NOW - 60 * SECOND, data)
    rules = Rules(kinds={"ticket.opened": "complaint.opened"})
    ticket = {"type": "Ticket.opened", "data": {"email": "a@b.example", "reason": "slow"}}
    said = one("standard", "event msg_2", ticket, rules)
    assert (said.kind, said.email, said.reason, said.at) == ("complaint.opened", "a@b.example", "slow", None)
    assert one("standard", "event msg_2", ticket).kind == "event.other"
    assert refused("standard", "event m", {"type": "x", "data": {}}) == "nobody"
    assert refused("standard", "event m", {"type": "x", "data": []}) == "nobody"
    assert refused("standard", "event m", {"type": 7}) == "no_event_name"


def test_without_a_message_id_the_bytes_are_the_key():
    body = b'{"type":"x","data":{"user_id":1}}'
    first, second = one("standard", "event", body).key, one("standard", "event", body + b" ").key
    assert first != second
    assert first == one("standard", "event", body).key
    assert one("stripe", "event", stripe("x", CHARGE)).key == "m:evt_1"
