"""Random lives: small shops whose customers do everything the stage rule speaks of, from a seed.

`shop(seed)` is the same shop for the same seed, on any machine. What is drawn is bent towards the edges: midnights,
clock changes, equal instants, several orders a day, refunds of every kind.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tenure.lifecycle.oracle import Event

DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo", "Pacific/Apia",
    "America/St_Johns", "Europe/Berlin", "Asia/Beirut", "Pacific/Kiritimati",
)
CATEGORIES = ("boots", "sandals", "books", None)
REGIONS = ("north", "south", "islands", None)
REASONS = ("moved", "too dear", "bad quality", None)
STANCE = (
    "contact.refused", "contact.allowed", "customer.left", "complaint.opened", "complaint.resolved",
    "message.bounced", "customer.erased",
)
LOOKING = ("page.viewed", "product.used", "cart.updated", "message.received", "customer.created")


class Shop(NamedTuple):
    """Events in no order, the policy's TOML text and the shop's time zone."""

    events: list[Event]
    policy_text: str
    zone: str


UNLABELLED = 1_000_000
"""Added to a seed: the same shop, whose orders do not say what they were of and where."""


def shop(seed: int) -> Shop:
    """A shop of 1 to 60 customers over .3 to 4 years."""
    if seed >= UNLABELLED:
        events, policy, zone = shop(seed - UNLABELLED)
        return Shop([event._replace(category=None, region=None) for event in events], policy, zone)
    rng = Random(seed)
    zone = rng.choice(ZONES)
    learnable = rng.random() < 0.15  # long, large and seasonal enough that clocks are learnt
    years = rng.uniform(2.3, 4) if learnable else rng.choice((0.3, 0.6, 1, 1.5, 2.2, 3, 4))
    customers = rng.randint(45, 60) if learnable else rng.choice((1, 2, 3, 5, 8, 13, 20, 40))
    opening = datetime(rng.choice((2010, 2011, 2017, 2018, 2023)), rng.randint(1, 12), rng.randint(1, 28), tzinfo=UTC)
    opened_at, open_for = (opening - EPOCH) // timedelta(microseconds=1), int(years * 365.25 * DAY)
    place = _Place(rng, zone, opened_at, open_for, learnable, slow=seed % 10 == 9 and not learnable)
    numbers = rng.sample(range(1, 10 * customers + 1), customers)
    events = [event for number in numbers for event in _life(place, number)]
    rng.shuffle(events)
    policy = _policy(rng, learnable, far=place.slow)
    return Shop(_bare(rng, events) if seed % 10 == 5 else events, policy, zone)


def as_ofs(seed: int, shop: Shop, turns: Sequence[int], count: int) -> list[int]:
    """Instants worth asking about: of events, one microsecond later, of the `turns` of histories, and any."""
    rng = Random(seed)
    ats = [event.at for event in shop.events]
    first, last = min(ats), max(ats)
    asked = [
        lambda: rng.choice(ats),
        lambda: rng.choice(ats) + 1,
        lambda: rng.choice(turns or ats),
        lambda: rng.choice(turns or ats) + 1,
        lambda: rng.randint(first, last + 400 * DAY),
        lambda: rng.randint(first, last) // DAY * DAY,
    ]
    return [rng.choice(asked)() for _ in range(count)]


class _Place(NamedTuple):
    rng: Random
    zone: str
    opened_at: int
    open_for: int
    seasonal: bool
    slow: bool  # gaps of five months and more, or of whole windows of days; people look before they buy


class _Person(NamedTuple):
    number: int
    category: str | None
    region: str | None
    faithful: float  # how often an order is of their own category and region


def _life(place: _Place, number: int) -> list[Event]:
    rng = place.rng
    category = rng.choice(("boots", "boots", "books")) if place.seasonal else rng.choice(CATEGORIES)
    person = _Person(number, category, rng.choice(REGIONS), rng.choice((1.0, 1.0, 0.9, 0.6)))
    events: list[Event] = []
    if rng.random() < 0.9:
        for at in _order_instants(place, person):
            events += _order(place, person, at)
        events += _refunds(rng, events)
    if not events or rng.random() < 0.4:
        events += _looks(place, person)
    if place.slow:
        kinds = rng.sample(LOOKING, 2)
        events += [Event(number, order.at - 3_600_000_000, rng.choice(kinds)) for order in events if rng.random() < 0.5]
    if rng.random() < 0.25:
        events += _stances(place, person, events)
    return events


def _order_instants(place: _Place, person: _Person) -> list[int]:
    """When somebody buys: once, evenly or by chance, until the shop's end or until they drop out."""
    rng = place.rng
    at = place.opened_at + int(place.open_for * rng.random() ** (3 if place.seasonal else 1))
    power = rng.uniform(1.3, 2.2) if place.seasonal else rng.uniform(0.2, 2.5)
    gap = DAY * 10 ** (2.2 + power / 10 if place.slow else power)
    habit = rng.choice(("once", "evenly", "by chance", "by chance"))
    drop_out = rng.choice((0.02, 0.05) if place.seasonal else (0.02, 0.1, 0.3))
    ats = [_turned(place, at)]
    while habit != "once" and len(ats) < 40 and rng.random() > drop_out:
        at += int(gap * (rng.gammavariate(8, 1 / 8) if habit == "evenly" else rng.expovariate(1)))
        if place.slow and rng.random() < 0.2:
            at = _midnight_after(place, ats[-1], rng.choice((1, 7, 30, 90, 180, 365)))
        if place.seasonal and person.category in ("boots", "sandals"):
            at = _into_season(at, person)
        if at > place.opened_at + place.open_for:
            break
        ats.append(at if place.slow and rng.random() < 0.5 else _turned(place, at))
        while rng.random() < 0.08:  # another one soon, or at once
            ats.append(ats[-1] + rng.choice((0, 1, 3_600_000_000, 7 * 3_600_000_000)))
    return ats


def _into_season(at: int, person: _Person) -> int:
    """Put off to the next November to February (boots) or May to August, in the south the other way round."""
    months = (11, 12, 1, 2) if (person.category == "boots") != (person.region == "south") else (5, 6, 7, 8)
    while (EPOCH + timedelta(microseconds=at)).month not in months:
        at += 9 * DAY
    return at


def _turned(place: _Place, at: int) -> int:
    """The instant itself, or one at an edge near it: a midnight, a microsecond before, a change of the clock."""
    rng = place.rng
    edge = rng.random()
    if edge < 0.7:
        return at
    local = (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(place.zone))
    if edge < 0.8:
        local = _clock_change(local)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=rng.choice((0, 1)))
    return _exact(midnight) + rng.choice((0, 0, -1, 1, 1_800_000_000, -1_800_000_000, DAY - 1))


def _midnight_after(place: _Place, at: int, days: int) -> int:
    """The midnight so many days after the day of an instant: when a window of days is over."""
    local = (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(place.zone))
    return _exact(local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days))


def _exact(local: datetime) -> int:
    return (local.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def _clock_change(local: datetime) -> datetime:
    """A day within half a year on which the clocks change, if there is one."""
    zone = local.tzinfo
    for days in range(180):
        day, after = (datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days + i) for i in (0, 1))
        if day.utcoffset() != after.utcoffset():
            return day
    return local


def _order(place: _Place, person: _Person, at: int) -> list[Event]:
    """The rows of one order: one or several lines, most at once, with or without an order id."""
    rng = place.rng
    order_id = f"{rng.choice('AB')}{rng.randint(1, 400)}" if rng.random() < 0.85 else None
    lines = rng.choice((1, 1, 1, 2, 3)) if order_id else 1
    rows = []
    for line in range(lines):
        amount = rng.choice((None, 0, 500, 1000, 1000, 2500, rng.randint(1, 100_000)))
        late = rng.choice((0, 0, 0, 1, 60_000_000, 2 * DAY)) if line else 0
        rows.append(Event(
            person.number, at + late, "order.placed", order_id, amount,
            person.category if rng.random() < person.faithful else rng.choice(CATEGORIES),
            person.region if rng.random() < person.faithful else rng.choice(REGIONS),
        ))
    if order_id and rng.random() < 0.1:  # a discount line, which may be larger than the rest
        rows.append(rows[0]._replace(amount_minor=-rng.choice((100, 500, 5000)), category=rng.choice(CATEGORIES)))
    return rows


def _refunds(rng: Random, orders: Iterable[Event]) -> list[Event]:
    """Money back for some of the orders: whole, in part, in parts, called off, too early, of an unknown order."""
    rows = []
    for order in orders:
        if rng.random() > 0.12:
            continue
        later = order._replace(
            at=order.at + rng.choice((1, 3_600_000_000, 3 * DAY, 40 * DAY, 200 * DAY)),
            kind="order.refunded", category=None, region=None,
        )
        amount = order.amount_minor or 0
        rows += rng.choice((
            [later],
            [later._replace(amount_minor=None)],
            [later._replace(amount_minor=-amount)],
            [later._replace(amount_minor=amount // 2)],
            [later._replace(amount_minor=amount // 2), later._replace(at=later.at + DAY, amount_minor=amount)],
            [later._replace(amount_minor=amount // 2), later._replace(amount_minor=amount - amount // 2)],
            [later._replace(at=order.at - 1)],
            [later._replace(at=order.at)],
            [later._replace(order_id="unknown")],
            [later._replace(order_id=None)],
            [later._replace(kind="order.cancelled", amount_minor=order.amount_minor and amount // 2)],
            [later._replace(kind="order.placed", amount_minor=-amount - 1)],
            [later._replace(kind="order.placed", amount_minor=-(amount // 3) - 1)],
        ))
    return rows


def _looks(place: _Place, person: _Person) -> list[Event]:
    rng = place.rng
    ats = [place.opened_at + rng.randrange(place.open_for) for _ in range(rng.randint(1, 8))]
    return [Event(person.number, _turned(place, at), rng.choice(LOOKING)) for at in ats]


def _stances(place: _Place, person: _Person, events: Sequence[Event]) -> list[Event]:
    """What somebody says about being in touch; often at the instant of something else."""
    rng = place.rng
    rows = []
    for _ in range(rng.randint(1, 6)):
        kind = rng.choice(STANCE[:-1]) if rng.random() < 0.95 else STANCE[-1]
        at = place.opened_at + rng.randrange(int(place.open_for * 1.2))
        if (events or rows) and rng.random() < 0.5:
            at = rng.choice([*events, *rows]).at + rng.choice((0, 0, 1, -1, DAY))
        rows.append(Event(person.number, at, kind, reason=rng.choice(REASONS)))
    return rows


def _bare(rng: Random, events: list[Event]) -> list[Event]:
    """What a file of orders alone would hold: one kind of row, nothing goes back, mostly no order ids or no groups."""
    orders = [event for event in events if event.kind == "order.placed" and (event.amount_minor or 0) >= 0]
    if rng.random() < 0.6:
        orders = [order._replace(order_id=None) for order in orders]
    if rng.random() < 0.6:
        orders = [order._replace(category=None, region=None) for order in orders]
    return orders or events


def _policy(rng: Random, learnable: bool, far: bool) -> str:
    """A policy: for a third of the shops the default; shops that can learn seasons declare them more rarely."""
    if rng.random() < 0.33:
        return ""
    tables = [_stages(rng)] if rng.random() < 0.5 else []
    rule = _rule(rng, far) if rng.random() < 0.7 else {}
    tables.append(_table("[rhythm]", rule))
    places = [(category, region) for category in CATEGORIES for region in REGIONS]
    for category, region in rng.sample(places, rng.choice((0, 0, 1, 3))):
        if category or region:
            levels = _rule(rng, far) if rng.random() < 0.7 else {"kind": rng.choice(KINDS)}
            tables.append(_table("[[scope]]", _named(category, region) | {**rule, **levels}))
    if rng.random() < 0.4:
        tables.append(_table("[seasons]", {"learn": rng.random() < 0.6, "lead_days": rng.randint(0, 60)}))
    for category, region in rng.sample(places, rng.choice((0, 0, 0, 1) if learnable else (0, 0, 1, 2, 4))):
        tables.append(_table("[[season]]", _named(category, region) | _season(rng)))
    if rng.random() < 0.7:
        known = rng.sample(REGIONS[:3], 2)
        tables.append(_table("[regions]", {name: rng.choice(("north", "south")) for name in known}))
    return "\n".join(tables)


KINDS = ("rhythm", "quantile", "chance", "window")


def _stages(rng: Random) -> str:
    active_from = rng.choice((2, 2, 3))
    return _table("[stages]", {
        "active_from": active_from,
        "loyal_from": active_from + rng.choice((1, 2)),
        "restart_after": rng.choice(("never", "inactive", "inactive")),
        "activity": ["order.placed", *rng.sample((*LOOKING, "order.refunded"), rng.choice((0, 1, 3)))],
    })


def _rule(rng: Random, far: bool) -> dict[str, object]:
    """All levels of a rule, within what a policy allows; `far` ones reach beyond a century."""
    floors = sorted(rng.choice((0.6, 0.8, 0.9, 0.95, 0.99)) for _ in range(3))
    caps = sorted(rng.choice((0.7, 0.9, 0.95, 0.99, 0.999)) for _ in range(3))
    rule = {
        "kind": rng.choice((*KINDS, "rhythm")),
        "odds": sorted((rng.choice((0.05, 0.15, 0.4, 0.7, 1.0)) for _ in range(3)), reverse=True),
        "first_floor": rng.choice((0.3, 0.5, 0.7)),
        "first_floors": sorted(rng.choice((0.5, 1.0, 1.5, 2.0, 3.0)) for _ in range(3)),
        "floors": floors,
        "caps": [max(pair) for pair in zip(caps, floors, strict=True)],
        "quantiles": sorted(rng.choice((0.3, 0.5, 0.8, 0.9, 0.95, 0.99)) for _ in range(3)),
        "days": sorted(rng.choice((1, 7, 30, 60.5, 90, 180, 365, 800)) for _ in range(3)),
    }
    return rule | ({"quantiles": [*rule["quantiles"][:2], 0.999999]} if far else {})


def _season(rng: Random) -> dict[str, object]:
    """Months, twelve weights or both; sometimes so wide that the group is not seasonal."""
    first, length = rng.randint(0, 11), rng.choice((1, 2, 4, 5, 6, 7))
    extra = {rng.randint(1, 12) for _ in range(rng.choice((0, 0, 1)))}
    months = sorted({(first + i) % 12 + 1 for i in range(length)} | extra)
    weights = [float(rng.choice((0, 0.05, 0.1, 0.2))) for _ in range(12)]
    for month in range(rng.choice((2, 4, 6))):
        weights[(first + month) % 12] = rng.choice((0.5, 1.0, 2.0))
    weights[first] = 1.0
    both = {"months": months, "weights": weights}
    said = rng.choice(({"months": months}, {"months": months}, {"weights": weights}, both))
    if rng.random() < 0.5:
        said = said | {"hemisphere": rng.choice(("north", "south"))}
    return said | ({"lead_days": rng.randint(0, 60)} if rng.random() < 0.5 else {})


def _named(category: str | None, region: str | None) -> dict[str, object]:
    return {key: name for key, name in (("category", category), ("region", region)) if name}


def _table(header: str, values: dict[str, object]) -> str:
    return "\n".join([header, *(f"{key} = {json.dumps(value)}" for key, value in values.items())])
