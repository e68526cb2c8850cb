"""A file of each export format goes into the ledger of either database, once."""

import itertools

import pytest
from exports import EXPORTS, made

from tenure_app.imports.runs import Asked, look, run
from tenure_app.ledger.models import Event, EventBody, Identity, ImportRun, Person

CLOCK = itertools.count(1_800_000_000_000_000, 1_000_000)


def now():
    return next(CLOCK)


def silent(*_):
    """Progress that nobody watches."""


def asked(path, export):
    by_name = "name" if export.format == "woocommerce-orders" else None
    return Asked(path, times_in="UTC", currency="USD", customer_by=by_name)


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.usefixtures("ledger")
def test_each_format_is_imported_once(tmp_path, name):
    export = made(name)
    path = export.write(tmp_path)
    foreseen = look(asked(path, export), silent)
    done = run(asked(path, export), by="ann", now=now, progress=silent)
    assert (done.state, done.format, done.counts["added"]) == (ImportRun.DONE, export.format, foreseen.new)
    assert Event.objects.count() == len(export.facts)
    assert dict(done.counts["rejected"]) == export.rejected
    assert Person.objects.count() == done.counts["people"]
    before = list(Event.objects.order_by("id").values_list())
    again = run(asked(path, export), by="ann", now=now, progress=silent)
    assert (again.counts["added"], again.counts["duplicates"], again.counts["new_people"]) == (0, len(export.facts), 0)
    assert list(Event.objects.order_by("id").values_list()) == before
    seen = look(asked(path, export), silent)
    assert (seen.new, seen.same, seen.otherwise) == (0, len(export.facts), 0)


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.usefixtures("sqlite_ledger")
def test_no_event_holds_what_identifies_somebody(tmp_path, name):
    export = made(name)
    run(asked(export.write(tmp_path), export), by="ann", now=now, progress=silent)
    said = " ".join(str(value) for row in Event.objects.values_list() for value in row).casefold()
    names = set(Identity.objects.filter(kind__in=("email", "name", "phone")).values_list("value", flat=True))
    telling = {one for one in names if " " in one or "@" in one or one.startswith("+")}  # "Li" is in many a word
    assert telling or export.format == "square-transactions"  # whose customers have one name each
    assert [one for one in telling if one.casefold() in said] == []
    assert EventBody.objects.count() <= Event.objects.count()


@pytest.mark.usefixtures("sqlite_ledger")
def test_orders_and_customers_of_one_maker_meet_in_one_person(tmp_path):
    orders, customers = made("shopify orders"), made("shopify customers")
    run(asked(orders.write(tmp_path), orders), by="", now=now, progress=silent)
    buyers = set(Identity.objects.filter(kind="email").values_list("match", flat=True))
    before = Person.objects.count()
    done = run(asked(customers.write(tmp_path), customers), by="", now=now, progress=silent)
    emails = Identity.objects.filter(kind="email")
    assert emails.values("match").distinct().count() == emails.count()
    known = buyers & {row["Email"].strip().lower() for row in customers.rows}
    assert known
    assert Person.objects.count() == before + done.counts["people"] - len(known)
