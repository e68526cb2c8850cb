"""Signatures made by the services' own libraries are taken; tampered and old ones are not."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
import stripe
from said_again import MINUTE, NOW, SECOND
from standardwebhooks import Webhook

from tenure_app.dialects.signatures import TOLERANCE_US, check
from tenure_app.refused import Refused

BODY = b'{"id": "evt_1", "type": "x", "text": "\xc3\xbc <b>"}'
KEYS = {"stripe": "whsec_abc", "shopify": "shpss_abc", "standard": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
OTHERS = {"stripe": "whsec_other", "shopify": "shpss_other", "standard": "whsec_b3RoZXI="}


def signed(dialect, body=BODY, at=NOW, key=None):
    """Headers as the service would send them."""
    key = key or KEYS[dialect]
    if dialect == "stripe":
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), key, timestamp=at // SECOND)
        return {"Stripe-Signature": header}
    if dialect == "shopify":
        digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
        return {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(), "X-Shopify-Event-Id": "ev-1"}
    when = datetime.fromtimestamp(at // SECOND, UTC)
    signature = Webhook(key).sign("msg_1", when, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at // SECOND), "webhook-signature": signature}


def code_of(dialect, headers, body=BODY, key=None, now=NOW):
    with pytest.raises(Refused) as refusal:
        check(dialect, headers, body, KEYS[dialect] if key is None else key, now)
    return refusal.value.code


MESSAGES = {"stripe": "evt_1", "shopify": hashlib.sha256(BODY).hexdigest()[:32], "standard": "msg_1"}


@pytest.mark.parametrize("dialect", KEYS)
def test_what_was_signed_is_taken(dialect):
    for turned in (str, str.lower, str.upper):
        headers = {turned(name): value for name, value in signed(dialect).items()}
        assert check(dialect, headers, BODY, KEYS[dialect], NOW) == MESSAGES[dialect]


@pytest.mark.parametrize("dialect", KEYS)
def test_a_changed_body_another_secret_and_nothing_are_refused(dialect):
    headers = signed(dialect)
    assert code_of(dialect, headers, BODY + b" ") == "bad_signature"
    assert code_of(dialect, headers, BODY.replace(b"evt_1", b"evt_2")) == "bad_signature"
    assert code_of(dialect, signed(dialect, key=OTHERS[dialect])) == "bad_signature"
    assert code_of(dialect, {}) == "bad_signature"
    assert code_of(dialect, dict.fromkeys(headers, "")) == "bad_signature"
    assert code_of(dialect, dict.fromkeys(headers, "ü,=;")) == "bad_signature"
    empty = base64.b64encode(hmac.new(b"", BODY, hashlib.sha256).digest()).decode()
    assert code_of(dialect, {**headers, "X-Shopify-Hmac-Sha256": empty}, key="") == "bad_signature"


@pytest.mark.parametrize("dialect", ["stripe", "standard"])
@pytest.mark.parametrize(
    ("off", "taken"),
    [(-TOLERANCE_US, True), (TOLERANCE_US, True), (-6 * MINUTE, False), (6 * MINUTE, False)],
)
def test_old_signatures_are_refused(dialect, off, taken):
    headers = signed(dialect, at=NOW + off)
    if taken:
        assert check(dialect, headers, BODY, KEYS[dialect], NOW)
    else:
        assert code_of(dialect, headers) == "old_signature"


def test_the_time_is_signed_too():
    old = signed("stripe", at=NOW - 60 * MINUTE)["Stripe-Signature"]
    assert code_of("stripe", {"Stripe-Signature": old.replace("t=1767258000", "t=1767261600")}) == "bad_signature"
    headers = signed("standard", at=NOW - 60 * MINUTE) | {"webhook-timestamp": "1767261600"}
    assert code_of("standard", headers) == "bad_signature"
    assert code_of("standard", signed("standard") | {"webhook-id": "msg_2"}) == "bad_signature"


def test_several_signatures_while_secrets_change():
    good, other = signed("stripe")["Stripe-Signature"], signed("stripe", key="whsec_other")["Stripe-Signature"]
    v1 = other.split("v1=")[1]
    assert check("stripe", {"Stripe-Signature": f"{good},v1={v1}"}, BODY, KEYS["stripe"], NOW) == "evt_1"
    time, rest = good.split(",", 1)
    assert check("stripe", {"Stripe-Signature": f"{time},v1={v1},{rest}"}, BODY, KEYS["stripe"], NOW) == "evt_1"
    assert code_of("stripe", {"Stripe-Signature": good.replace("v1=", "v0=")}) == "bad_signature"
    one = signed("standard")
    both = one | {"webhook-signature": "v1a,abc v1,AAAA " + one["webhook-signature"]}
    assert check("standard", both, BODY, KEYS["standard"], NOW) == "msg_1"
    newer = one["webhook-signature"].replace("v1,", "v2,")
    assert code_of("standard", one | {"webhook-signature": newer}) == "bad_signature"


def test_other_names_of_the_headers():
    value = signed("shopify")["X-Shopify-Hmac-Sha256"]
    assert check("shopify", {"shopify-hmac-sha256": value}, BODY, KEYS["shopify"], NOW)
    svix = {name.replace("webhook", "svix"): value for name, value in signed("standard").items()}
    assert check("standard", svix, BODY, KEYS["standard"], NOW) == "msg_1"


def test_a_message_of_shopify_is_known_by_what_was_signed():
    headers = signed("shopify")
    turned = headers | {"X-Shopify-Event-Id": "ev-2", "X-Shopify-Webhook-Id": "w"}
    again = check("shopify", turned, BODY, KEYS["shopify"], NOW)
    assert again == check("shopify", headers, BODY, KEYS["shopify"], NOW)


def test_a_secret_that_is_none_signs_nothing():
    assert code_of("standard", signed("standard"), key="whsec_") == "bad_signature"
    assert code_of("standard", signed("standard"), key="whsec_ü") == "bad_signature"


@pytest.mark.parametrize("name", ["evt 1", "evt\n1", "", "ü", None, 7, "e" * 201])
def test_a_message_id_is_one_word(name):
    body = json.dumps({"id": name}).encode()
    found = check("stripe", signed("stripe", body), body, KEYS["stripe"], NOW)
    assert found == hashlib.sha256(body).hexdigest()[:32]
