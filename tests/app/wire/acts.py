"""What every client library is made to say in its own words, and what the timeline must show of it."""

import datetime as dt

from tenure_app import clock

NOW = dt.datetime.fromtimestamp(clock.running() // 1_000_000, dt.UTC)
ORDER = {
    "order_id": "O-1", "total": 27.5, "revenue": 25.0, "shipping": 2.5, "currency": "EUR", "coupon": "SPRING",
    "products": [
        {"product_id": "P1", "sku": "S1", "name": "Støvler", "category": "boots", "price": 20, "quantity": 1},
        {"product_id": "P2", "name": "Lace", "category": "care", "price": 2.5, "quantity": 2},
    ],
}  # fmt: skip
ODD = {
    "text": "ü – \u202e ✓ 'quoted' \"twice\" <b>", "n": 17, "deep": {"list": [1, 2.5, None, {"a": True}]}, "empty": "",
}  # fmt: skip
TRAITS = {"name": "Åse Dahl", "plan": "gold", "createdAt": "2024-03-01T10:00:00Z"}
GROUP = {"name": "Acme AS", "employees": 12}


def instant(seconds):
    """A moment of today, some seconds after the first."""
    return NOW - dt.timedelta(seconds=600 - seconds)


def row(kind, name, **more):
    return {"kind": kind, "name": name, **more}


def expected(name, *, screen=True, alias=True):
    """Of the calls of one library, in order."""
    rows = [
        row("customer.identified", "identify", traits=TRAITS, user=name),
        row("order.placed", "Order Completed", order="O-1", minor=2750, currency="EUR", said=ORDER, user=name),
        row("event.other", "Something Odd", said=ODD, user=name),
        row("page.viewed", "Start", said={"name": "Start", "path": "/start"}, user=name),
    ]
    if screen:
        rows.append(row("screen.viewed", "Basket", said={"name": "Basket", "items": 2}, user=name))
    rows.append(row("account.joined", "group", account="acme", account_traits=GROUP, user=name))
    if alias:
        rows.append(row("customer.merged", "alias"))
    return rows


def shown(rows, wanted):
    """The rows of the timeline with only what is wanted of each, so that the two can be compared."""
    assert len(rows) == len(wanted), [(row["kind"], row["name"]) for row in rows]
    return [{key: row[key] for key in one} for row, one in zip(rows, wanted, strict=True)]


def as_json():
    """For scripts that say the same in another language."""
    times = [instant(seconds).isoformat() for seconds in range(0, 70, 10)]
    return {"times": times, "order": ORDER, "odd": ODD, "traits": TRAITS, "group": GROUP}
