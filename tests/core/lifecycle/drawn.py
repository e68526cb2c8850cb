"""Lives drawn as small tables, and what the oracle says of them.

A row of a life is `[customer:] when what [key=value ...]`; what is expected is `when: stage[/detail] orders/occasions`.
Times are local; a `+` behind one means one microsecond later, which is when what happens at it can be seen.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tenure.lifecycle.oracle import Event, Oracle

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORDS = {"order": "order.placed", "refund": "order.refunded", "cancel": "order.cancelled"}
KEYS = {"id": "order_id", "amount": "amount_minor", "category": "category", "region": "region", "reason": "reason"}
WINDOW = '[rhythm]\nkind = "window"\ndays = [30, 60, 90]\n'


def at(when, zone="UTC"):
    """Microseconds UTC of a local time like 2025-01-31, 2025-01-31T10:00 or either with a +."""
    local = datetime.fromisoformat(when.rstrip("+")).replace(tzinfo=ZoneInfo(zone))
    return (local.astimezone(UTC) - EPOCH) // timedelta(microseconds=1) + when.count("+")


def event(row, zone="UTC"):
    """The event of one row; customer 1 unless it says another."""
    customer, _, rest = row.rpartition(": ")
    when, what, *pairs = rest.split()
    said = dict(pair.split("=") for pair in pairs)
    values = {KEYS[key]: int(value) if key == "amount" else value for key, value in said.items()}
    return Event(int(customer or 1), at(when, zone), WORDS.get(what, what), **values)


def oracle(life, policy=WINDOW, zone="UTC"):
    """An oracle that knows the rows of `life`."""
    return Oracle([event(row.strip(), zone) for row in life.strip().splitlines()], policy, zone)


def described(picture):
    """A picture in a few words: `lapsed/short 3/2`, `inactive/win_back 1/1 unknown`, `nobody`."""
    if picture is None:
        return "nobody"
    stage = picture.stage + (f"/{picture.detail}" if picture.detail else "")
    return f"{stage} {picture.orders}/{picture.occasions}" + (f" {picture.reason}" if picture.reason else "")


def check(life, expected, policy=WINDOW, zone="UTC"):
    """Ask for customer 1 on every day of `expected` and compare."""
    asked = oracle(life, policy, zone)
    rows = [line.strip().split(": ") for line in expected.strip().splitlines()]
    assert [(when, described(asked.picture(1, at(when, zone)))) for when, _ in rows] == [tuple(row) for row in rows]
