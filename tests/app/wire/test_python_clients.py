"""The Python libraries of Segment, RudderStack and Customer.io, as they are published: what they send is what the
timeline shows, each message once."""

import itertools
from collections import Counter

import acts
import customerio
import pytest
import rudderstack.analytics.client
import segment.analytics.client
from served import messages, quarantined, timeline

from tenure_app.ledger.models import Identity, Membership


def speak(client, who, email):
    """Each call of the interface that Segment's library and RudderStack's share, at moments of its own."""
    client.identify(who, {**acts.TRAITS, "email": email}, timestamp=acts.instant(0))
    client.track(who, "Order Completed", acts.ORDER, timestamp=acts.instant(10))
    client.track(who, "Something Odd", acts.ODD, timestamp=acts.instant(20))
    client.page(who, "shop", "Start", {"path": "/start"}, timestamp=acts.instant(30))
    client.screen(who, "shop", "Basket", {"items": 2}, timestamp=acts.instant(40))
    client.group(who, "acme", acts.GROUP, timestamp=acts.instant(50))
    client.alias(f"{who}-before", who, timestamp=acts.instant(60))
    client.flush()
    client.shutdown()


def client_of(library, key, address, errors):
    if library == "rudder":
        return rudderstack.analytics.client.Client(key, host=address, on_error=lambda *said: errors.append(said))
    return segment.analytics.client.Client(
        key, host=address, gzip=library == "segment-packed", on_error=lambda *said: errors.append(said)
    )


@pytest.mark.parametrize("library", ["segment", "segment-packed", "rudder"])
def test_what_the_library_sent_is_what_the_timeline_shows(live, recorder, library):
    who, errors, email = library, [], f"{library}@example.com"
    speak(client_of(library, live.source(who), recorder.address, errors), who, email)
    assert errors == []
    live.drained()
    rows, wanted = timeline(who), acts.expected(who)
    assert acts.shown(rows, wanted) == wanted
    assert quarantined(who) == []
    sent = recorder.sent()
    assert sorted(key for key, _ in messages(who)) == sorted(sent)
    assert [one["id"] for one in rows] == sent
    for one, seconds in zip(rows, itertools.count(0, 10), strict=False):
        said = int(acts.instant(seconds).timestamp() * 1e6)
        assert abs(one["at"] - said) < 10_000_000, one
        assert one["flag"] is None
    person = Identity.objects.get(kind="email", match=email).person_id
    assert Membership.objects.filter(person_id=person, account__key="acme").count() == 1


ODD_ID = "user/1 ü"


def customer_io(key, address):
    one = customerio.CustomerIO("site", key)
    one.base_url = f"{address}/api/v1"
    return one


def test_customer_io_says_who_what_and_what_they_wish(live, recorder):
    client = customer_io(live.source("cio", "customerio"), recorder.address)
    client.identify(ODD_ID, email="io@example.com", name="Åse Dahl", plan="gold", created_at=acts.instant(0))
    client.track(ODD_ID, "Order Completed", acts.ORDER)
    client.track(ODD_ID, "Something Odd", {**acts.ODD, "when": acts.instant(5)})
    client.pageview(ODD_ID, "/start", referrer="/")
    client.backfill(ODD_ID, "Long Ago", int(acts.instant(0).timestamp()) - 86_400 * 40, n=1)
    client.track_anonymous("device-9", "Looked", {"item": "boots"})
    client.add_device(ODD_ID, "token-1", "ios")
    client.delete_device(ODD_ID, "token-1")
    client.suppress(ODD_ID)
    client.unsuppress(ODD_ID)
    client.identify("other-2", email="other@example.com", unsubscribed=True)
    client.merge_customers("id", ODD_ID, "id", "other-2")
    client.delete("gone-3")
    live.drained()
    assert {one.status for one in recorder.exchanges} == {200}
    rows = timeline("cio")
    assert quarantined("cio") == []
    assert Counter((row["kind"], row["name"]) for row in rows) == Counter([
        ("customer.identified", "identify"), ("order.placed", "Order Completed"), ("event.other", "Something Odd"),
        ("page.viewed", "/start"), ("event.other", "Long Ago"), ("event.other", "Looked"), ("device.added", "device"),
        ("device.removed", "no device"), ("contact.refused", "suppress"), ("contact.allowed", "unsuppress"),
        ("customer.identified", "identify"), ("consent.denied", "unsubscribed"), ("customer.merged", "merge"),
        ("customer.left", "delete"),
    ])  # fmt: skip
    by_name = {row["name"]: row for row in rows}
    order, odd, old = (by_name[name] for name in ("Order Completed", "Something Odd", "Long Ago"))
    assert (order["order"], order["minor"], order["currency"], order["said"]) == ("O-1", 2750, "EUR", acts.ORDER)
    assert odd["said"] == {**acts.ODD, "when": int(acts.instant(5).timestamp())}
    assert (old["at"], old["flag"]) == ((int(acts.instant(0).timestamp()) - 86_400 * 40) * 1_000_000, "late")
    ids = dict(Identity.objects.filter(kind="customer").values_list("value", "person__root"))
    person = Identity.objects.get(kind="customer", value=ODD_ID).person_id
    assert ids["other-2"] == person
    assert {row["user"] for row in rows if row["name"] in ("Order Completed", "/start", "suppress")} == {ODD_ID}


def test_customer_io_sends_the_same_again_and_it_is_there_once(live, recorder):
    client = customer_io(live.source("cio-again", "customerio"), recorder.address)
    for _ in range(3):
        client.track("again-1", "Looked", {"item": "boots"}, id="01HVVY4B2AM1FQTQ0V4H8V3XYZ")
    live.drained()
    assert [exchange.status for exchange in recorder.exchanges] == [200] * 3
    assert [row["name"] for row in timeline("cio-again")] == ["Looked"]


def test_a_bad_event_among_good_ones_is_kept_aside_and_nobody_is_told_of_an_error(live, recorder):
    errors = []
    client = client_of("segment", live.source("astray"), recorder.address, errors)
    client.track("astray-1", "Order Completed", {"order_id": "A1", "total": "a lot", "currency": "EUR"})
    client.track("undefined", "Something", {})
    client.track("astray-1", "Something", {})
    client.flush()
    client.shutdown()
    live.drained()
    assert errors == []
    assert sorted(code for code, _, _ in quarantined("astray")) == ["bad_amount", "generic_id"]
    assert [row["name"] for row in timeline("astray")] == ["Something"]


@pytest.mark.parametrize("library", ["segment", "rudder"])
def test_what_is_sent_again_after_a_mishap_is_there_once(live, recorder, library):
    """An answer that gets lost, a server that has too much to do."""
    who, errors = f"{library}-retry", []
    recorder.mishaps = ["lost", 429]
    speak(client_of(library, live.source(who), recorder.address, errors), who, f"{who}@example.com")
    live.drained()
    assert errors == []
    assert len(recorder.exchanges) >= 3
    assert max(Counter(recorder.sent()).values()) == 2
    wanted = acts.expected(who)
    assert acts.shown(timeline(who), wanted) == wanted
    assert quarantined(who) == []
