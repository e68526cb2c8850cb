"""What first orders led to and whose money it is, counted in SQL, is what a plain loop over the events finds."""

import json
import statistics
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import duckdb
import pytest
from shopful import DAY, OPENED, ZONE, events_file, named, shop

from tenure.lifecycle.policy import DEFAULT
from tenure.measure.discounts import ANY, FULL, UNKNOWN, depth_of
from tenure.periods import date_of, day_number, day_of, start_of_day
from tenure_app.insight.build import build
from tenure_app.insight.buying import bought, own_horizon
from tenure_app.insight.days import Shelf, key_of
from tenure_app.insight.store import Sources

AS_OF = start_of_day(day_of(OPENED, ZONE) + 900, ZONE)
OWN = 30


def discounted(seed):
    """A shop of several sources, whose orders have discounts, channels and now and then more than one row, an amount
    or an id too few, and are called off."""
    rng, rows = Random(seed), []
    for fact in shop(seed, people=120):
        c, number = fact["c"], fact["number"]
        if fact["kind"] not in ("order.placed", "order.refunded"):
            rows.append(fact)
            continue
        source = 1 + c % 3
        named_order = fact | {"order_id": f"{source}:{fact['order_id']}"}
        if fact["kind"] == "order.placed":
            named_order["channel"] = rng.choice(("web", "shop", None))
            named_order["discount_minor"] = _discount(rng, source, fact)
            dice = rng.random()
            if dice < 0.06:
                more = {"at": fact["at"] + rng.choice((0, 40 * DAY)), "discount_minor": rng.choice((None, 3))}
                rows.append(named_order | more | {"number": 50_000 + number})
            elif dice < 0.1:
                named_order |= {"order_id": None}
            elif dice < 0.13:
                named_order |= {"amount_minor": None}
            elif dice < 0.18:
                rows.append(fact | {"number": 60_000 + number, "kind": "order.cancelled", "amount_minor": None,
                                    "order_id": named_order["order_id"], "at": fact["at"] + rng.randrange(30 * DAY)})
            elif dice < 0.22:
                named_order |= {"currency": "USD"}
        elif rng.random() < 0.1:
            named_order |= {"order_id": rng.choice((None, "9:lost"))}
        rows.append(named_order)
    return [row | {"recorded_at": row["at"]} for row in rows]


def _discount(rng, source, fact):
    """Source 1 says every discount, 2 leaves those out that are none, and 3 knows of none."""
    found = rng.choice((0, 0, 0, fact["amount_minor"] // 9, fact["amount_minor"] // 4, fact["amount_minor"]))
    return {1: found, 2: found or None, 3: None}[source]


def opened(folder, facts, as_of=AS_OF):
    folder.mkdir(exist_ok=True)
    events = events_file(folder / "events-1.duckdb", facts)
    build(Sources(events), folder / "lives-1.duckdb", DEFAULT, zone=ZONE)
    named(folder, events.name, "lives-1.duckdb", key_of(DEFAULT, None))
    return Shelf(folder, policy=DEFAULT, zone=ZONE).day(as_of)


def asked(picture, at_once=1000):
    first_at = picture.shelf.first_at
    found, people = bought(
        picture.cursor(), as_of=picture.as_of, zone=ZONE, first_at=first_at, own=OWN, at_once=at_once
    )
    return found, people.to_arrow_table()


@pytest.fixture(scope="module", params=range(6))
def counted(request, tmp_path_factory):
    """A shop: its facts, its picture, and what was counted of it a few customers at a time."""
    facts = discounted(request.param)
    picture = opened(tmp_path_factory.mktemp("shop") / "mirror", facts)
    return facts, picture, *asked(picture, at_once=37)


# the same in plain Python


def orders_of(facts, as_of=AS_OF):
    """Orders that count as of an instant, by customer and in order: day, at, gross, net, discount, channel."""
    told = [fact for fact in facts if fact["at"] < as_of]
    placed = [one for one in told if one["kind"] == "order.placed"]
    said = {(_source(one), _month(one)) for one in placed if one.get("discount_minor") is not None}
    main = _most([one["currency"] for one in placed if one.get("amount_minor") is not None])
    orders = defaultdict(list)
    for one in placed:
        orders[one["c"], one["order_id"], None if one["order_id"] else one["number"]].append(one)
    out, loose = defaultdict(list), 0
    back = defaultdict(list)
    for one in sorted(told, key=lambda one: one["at"]):
        if one["kind"] in ("order.refunded", "order.cancelled"):
            back[one["c"], one["order_id"]].append(one)
    year = _year_before(as_of)
    for key, rows in orders.items():
        mine = back.pop(key[:2], []) if key[1] else []
        at = min(row["at"] for row in rows)
        loose += sum(_money(one, main) for one in mine if one["at"] < at and one["at"] >= year)
        mine = [one for one in mine if one["at"] >= at]
        if _ended(rows, mine):
            continue
        gross = _sum(row.get("amount_minor") for row in rows)
        minor = _sum(row.get("amount_minor") for row in rows if row["currency"] == main)
        back_money = sum(_money(one, main) for one in mine)
        discount = _sum(_discount_of(row, said) for row in rows)
        channel = min(rows, key=lambda row: row["at"]).get("channel")
        net = None if minor is None else minor - back_money
        out[key[0]].append((at, day_of(at, ZONE), gross, net, discount, channel))
    loose += sum(_money(one, main) for rest in back.values() for one in rest if one["at"] >= year)
    return {c: sorted(rows, key=lambda row: row[:2]) for c, rows in out.items()}, loose


def _discount_of(row, said):
    """An empty one is none in a month in which its source names others."""
    found = row.get("discount_minor")
    return 0 if found is None and (_source(row), _month(row)) in said else found


def _money(one, main):
    return (one.get("amount_minor") or 0) if one["kind"] == "order.refunded" and one["currency"] == main else 0


def _year_before(as_of):
    on = date_of(day_of(as_of, ZONE))
    return start_of_day(day_number(on.replace(year=on.year - 1)), ZONE)


def _source(one):
    return one["order_id"].partition(":")[0] if one["order_id"] and ":" in one["order_id"] else ""


def _month(one):
    return (date(1970, 1, 1) + timedelta(days=one["at"] // DAY)).replace(day=1)


def _most(words):
    return max(sorted(set(words)), key=words.count)


def _sum(values):
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _ended(rows, back):
    for instant in {one["at"] for one in back}:
        so_far = sum(one.get("amount_minor") or 0 for one in back if one["at"] <= instant)
        gross = _sum(row.get("amount_minor") for row in rows if row["at"] <= instant)
        whole = any(
            one["kind"] == "order.cancelled" or one.get("amount_minor") is None for one in back if one["at"] == instant
        )
        if whole or gross is None or so_far >= gross:
            return True
    return False


def begun(rows):
    """Day, class and channel of a customer's first order, and the days to the second."""
    first = [row for row in rows if row[0] == rows[0][0]]
    gross, discount = _sum(row[2] for row in first), [row[4] for row in first]
    depth = UNKNOWN if None in discount else depth_of(gross, sum(discount))
    channel = min((row[5] for row in first if row[5]), default=None)
    gap = next((row[1] - rows[0][1] for row in rows if row[1] > rows[0][1]), None)
    return rows[0][1], depth, channel, gap


@pytest.mark.parametrize("window", [OWN, 90, 180, 365])
def test_what_followed_is_what_a_loop_finds(counted, window):
    facts, _, found, _ = counted
    last = day_of(AS_OF, ZONE)
    groups = defaultdict(lambda: [0, 0, 0, 0, 0, 0])
    for rows in orders_of(facts)[0].values():
        day, depth, _, gap = begun(rows)
        if last - 1 - day < window:
            continue
        within = [row for row in rows if row[1] - day <= window]
        later = [row for row in within if row[1] > day]
        for key in {depth, ANY if depth > 0 else depth}:
            mine = groups[key]
            mine[0] += 1
            mine[1] += gap is not None and gap <= window
            mine[2] += len(later)
            mine[3] += sum(row[4] is not None for row in later)
            mine[4] += sum(bool(row[4]) for row in later)
            mine[5] += sum(row[3] or 0 for row in within)
    one = found.discounts[window]
    shown = {
        each.depth: [each.customers, each.again, each.later, each.known, each.discounted,
                     round((each.each or 0) * each.customers)]
        for each in (*one.groups, one.any) if each.customers
    }  # fmt: skip
    assert shown == dict(groups)
    assert {FULL, UNKNOWN, ANY} <= shown.keys()


@pytest.mark.parametrize("window", [90, 365])
def test_like_is_compared_with_like_as_a_loop_does_it(counted, window):
    facts, _, found, _ = counted
    last, strata = day_of(AS_OF, ZONE), defaultdict(lambda: [[], []])
    for rows in orders_of(facts)[0].values():
        day, depth, channel, gap = begun(rows)
        if last - 1 - day >= window and depth != UNKNOWN:
            back = gap is not None and gap <= window
            money = sum(row[3] or 0 for row in rows if row[1] - day <= window)
            strata[channel, date_of(day).replace(day=1)][depth > 0].append((back, money))
    both = [pair for pair in strata.values() if all(pair)]
    weights = [len(full) * len(some) / (len(full) + len(some)) for full, some in both]
    means = [
        [sum(w * sum(one[column] for one in pair[kind]) / len(pair[kind])
             for w, pair in zip(weights, both, strict=True)) / sum(weights) for column in (0, 1)]
        for kind in (0, 1)
    ]  # fmt: skip
    compared = found.discounts[window].any.compared
    assert compared.strata == len(both) > 3
    assert (compared.full, compared.customers) == tuple(sum(len(pair[kind]) for pair in both) for kind in (0, 1))
    assert compared.of == sum(len(side) for pair in strata.values() for side in pair)
    shown = (compared.full_share, compared.money.full, compared.share, compared.money.each)
    assert shown == pytest.approx((*means[0], *means[1]))
    assert compared.difference == pytest.approx(means[1][0] - means[0][0])
    variance = 0
    for kind in (0, 1):
        within = sum(statistics.variance([one[1] for one in pair[kind]]) * (len(pair[kind]) - 1)
                     for pair in both if len(pair[kind]) > 1)  # fmt: skip
        within /= sum(len(pair[kind]) - 1 for pair in both)
        parts = [(w / sum(weights)) ** 2 / len(pair[kind]) for w, pair in zip(weights, both, strict=True)]
        variance += within * sum(parts)
    half = 1.959964 * variance**0.5
    money = compared.money
    assert (money.low, money.high) == pytest.approx((money.difference - half, money.difference + half))
    curves = found.discounts[window].adjusted
    assert (curves.full_share[-1], curves.share[-1]) == pytest.approx((means[0][0], means[1][0]))
    assert curves.share[0] == 0


def test_people_and_who_only_buys_on_offer_are_what_a_loop_finds(counted):
    facts, picture, found, people = counted
    orders, _ = orders_of(facts)
    columns = ("c", "depth", "first_day", "gap", "orders")
    rows = {row[0]: row[1:] for row in zip(*(people[name].to_pylist() for name in columns), strict=True)}
    truth = {c: (depth, day, gap, len(mine)) for c, mine in orders.items() for day, depth, _, gap in [begun(mine)]}
    assert rows == truth
    counts = dict(picture.cursor().execute("SELECT c, orders FROM people WHERE orders > 0").fetchall())
    assert counts == {c: len(mine) for c, mine in orders.items()}
    known = [mine for mine in orders.values() if len(mine) > 1 and all(row[4] is not None for row in mine)]
    always = sum(all(row[4] for row in mine) for mine in known)
    assert (found.only_on_offer.customers, found.only_on_offer.always) == (len(known), always)


def test_revenue_from_existing_customers_is_what_a_loop_finds(counted):
    facts, _, found, _ = counted
    orders, loose = orders_of(facts)
    existing = found.existing
    assert existing.currency == "JPY"
    assert existing.loose_minor == loose
    assert len(existing.months) == 12
    for one in (existing.year, *existing.months, *existing.quarters, *existing.years):
        days = range((one.start_on - date(1970, 1, 1)).days, (one.end_on - date(1970, 1, 1)).days)
        mine = [(c, row, row[1] > rows[0][1]) for c, rows in orders.items() for row in rows if row[1] in days]
        again = [(c, row) for c, row, later in mine if later]
        assert (one.minor, one.orders, one.customers, one.priced) == (
            sum(row[3] or 0 for _, row, _ in mine), len(mine), len({c for c, _, _ in mine}),
            sum(row[3] is not None for _, row, _ in mine),
        )  # fmt: skip
        assert (one.existing_minor, one.existing_orders, one.existing_customers) == (
            sum(row[3] or 0 for _, row in again), len(again), len({c for c, _ in again})
        )  # fmt: skip
    elsewhere = sum(row[2] is not None and row[3] is None for rows in orders.values() for row in rows)
    assert existing.elsewhere == elsewhere


def test_revenue_is_what_one_plain_query_says(tmp_path):
    """A shop without refunds, so that the query stays plain."""
    facts = [fact for fact in shop(3, people=200) if fact["kind"] == "order.placed"]
    found, _ = asked(opened(tmp_path / "mirror", facts))
    with duckdb.connect(str(tmp_path / "mirror" / "events-1.duckdb")) as plain:
        rows = plain.execute(
            """
            WITH days AS (
                SELECT c, amount_minor, CAST(timezone(?, make_timestamptz("at")) AS DATE) AS day
                FROM facts WHERE "at" < ?
            ), firsts AS (SELECT c, MIN(day) AS first FROM days GROUP BY c)
            SELECT CAST(date_trunc('month', d.day) AS DATE), SUM(d.amount_minor),
                SUM(CASE WHEN d.day > f.first THEN d.amount_minor ELSE 0 END)
            FROM days d JOIN firsts f ON f.c = d.c GROUP BY 1
            """,
            [ZONE, AS_OF],
        ).fetchall()
    truth = {month: (int(whole), int(part)) for month, whole, part in rows}
    assert len(found.existing.months) == 12
    for one in found.existing.months:
        assert (one.minor, one.existing_minor) == truth.get(one.start_on, (0, 0))
        assert one.share == (truth[one.start_on][1] / truth[one.start_on][0] if one.start_on in truth else None)


def test_an_order_of_which_all_went_back_is_gone_and_a_part_is_subtracted_from_the_day_of_its_order(tmp_path):
    def fact(number, kind, day, order, amount=None, c=1):
        return {"number": number, "first": None, "c": c, "kind": f"order.{kind}", "at": OPENED + day * DAY,
                "order_id": f"1:{order}", "recorded_at": OPENED, "amount_minor": amount, "currency": "EUR",
                "discount_minor": 0}  # fmt: skip

    facts = [
        fact(1, "placed", 700, "a", 1000), fact(2, "placed", 750, "b", 500), fact(3, "refunded", 760, "b", 200),
        fact(4, "placed", 720, "c", 800, c=2), fact(5, "cancelled", 721, "c", c=2),
        fact(6, "placed", 790, "d", 300, c=2),
    ]  # fmt: skip
    found, _ = asked(opened(tmp_path / "mirror", facts, OPENED + 5 * 3_600_000_000 + 800 * DAY))
    year = found.existing.year
    # whose first order was cancelled begins with the next one: they are not existing by then
    assert (year.minor, year.existing_minor, year.orders, year.existing_orders) == (1600, 300, 3, 1)
    assert (year.customers, year.existing_customers, year.share) == (2, 1, 300 / 1600)
    assert found.discounts[OWN].any.customers == 0


def test_a_source_that_never_names_a_discount_has_unknown_ones_and_an_empty_one_beside_others_is_none(tmp_path):
    def fact(number, c, order, discount):
        return {"number": number, "first": None, "c": c, "kind": "order.placed", "at": OPENED + number * 1_000_000,
                "recorded_at": OPENED, "order_id": order, "amount_minor": 900, "currency": "EUR",
                "discount_minor": discount}  # fmt: skip

    facts = [fact(1, 1, "1:a", None), fact(2, 2, "1:b", None), fact(3, 3, "2:a", 100), fact(4, 4, "2:b", None)]
    found, people = asked(opened(tmp_path / "mirror", facts))
    depth = dict(zip(people["c"].to_pylist(), people["depth"].to_pylist(), strict=True))
    assert depth == {1: UNKNOWN, 2: UNKNOWN, 3: 1, 4: FULL}
    assert (found.orders, found.told) == (4, 1)


def test_a_channel_mix_that_turns_the_sign_round_is_seen_through_from_the_events_on(tmp_path):
    """In the app most come back and most have a discount; in each channel ten points fewer come back after one."""
    facts = []
    for channel, discount, people, back in (
        ("app", 200, 90, 54), ("app", 0, 10, 7), ("web", 200, 10, 2), ("web", 0, 90, 27)
    ):  # fmt: skip
        for place in range(people):
            c = len({fact["c"] for fact in facts}) + 1
            for day in (0, 20) if place < back else (0,):
                facts.append({
                    "number": len(facts) + 1, "first": None, "c": c, "kind": "order.placed", "currency": "EUR",
                    "at": OPENED + (5 + day) * DAY + c * 1_000_000, "recorded_at": OPENED, "order_id": f"1:{c}-{day}",
                    "amount_minor": 800, "discount_minor": discount, "channel": channel,
                })  # fmt: skip
    found, _ = asked(opened(tmp_path / "mirror", facts))
    one = found.discounts[90]
    assert found.channels
    assert one.any.share - one.groups[FULL].share == pytest.approx(0.56 - 0.34)
    compared = one.any.compared
    assert (compared.strata, compared.part) == (2, 1)
    assert compared.difference == pytest.approx(-0.10)
    assert one.adjusted.share[-1] < one.adjusted.full_share[-1]
    assert one.raw.share[-1] > one.raw.full_share[-1]


def test_the_shops_own_horizon_is_that_of_its_months_start(tmp_path):
    picture = opened(tmp_path / "mirror", shop(3, people=80))
    with picture.cursor() as cursor:
        ((text,),) = cursor.execute("SELECT text FROM lives.population").fetchall()
    told = json.loads(text)
    for days in (10, 200, 600, 900, 4000):
        as_of = OPENED + days * DAY
        on = date_of(day_of(as_of, ZONE))
        place = min((on.year - 1970) * 12 + on.month - 1 - told["first_month"], told["months"] - 1)
        known = told["snapshots"]["horizon"][place] if place >= 0 else 90
        assert own_horizon(replace(picture, as_of=as_of)) == known
    assert {30, 60, 90} & set(told["snapshots"]["horizon"])


def test_a_shop_without_orders_has_no_figures(tmp_path):
    facts = [{"number": 1, "first": None, "c": 1, "kind": "page.viewed", "at": OPENED, "recorded_at": OPENED}]
    found, people = asked(opened(tmp_path / "mirror", facts))
    assert len(people) == 0
    assert found.existing.year.share is None
    assert found.existing.currency is None
    assert {one.customers for one in found.discounts.values()} == {0}
    assert found.only_on_offer.share is None
    assert all(one.any.share is None and one.raw is None for one in found.discounts.values())
