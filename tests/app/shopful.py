"""A small random shop as the mirror has it and as a file has it: the same events, for the same questions to both."""

from random import Random

import duckdb
import pyarrow as pa

from tenure_app.ledger.manifest import Lives, Manifest, publish

DAY = 86_400_000_000
OPENED = 1_640_995_200_000_000
FACTS = pa.schema([
    ("number", pa.int64()), ("first", pa.int64()), ("c", pa.int64()), ("kind", pa.string()), ("at", pa.int64()),
    ("recorded_at", pa.int64()), ("order_id", pa.string()), ("amount_minor", pa.int64()), ("currency", pa.string()),
    ("discount_minor", pa.int64()), ("category", pa.string()), ("region", pa.string()), ("channel", pa.string()),
    ("reason", pa.string()),
])  # fmt: skip
ZONE = "America/New_York"
OTHERS = ("contact.refused", "contact.allowed", "customer.left", "complaint.opened", "page.viewed")


def shop(seed, people=40):
    """Facts as dictionaries, by instant: orders, money back, and what people say; recorded when they happened."""
    rng = Random(seed)
    rows = []
    for c in range(1, people + 1):
        at, gap = OPENED + rng.randrange(500) * DAY + rng.randrange(DAY), rng.uniform(2, 60) * DAY
        for _ in range(rng.choice((0, 1, 1, 3, 8, 15))):
            name = f"o{c}-{at}"
            amount = rng.randint(1, 900)
            rows.append({"c": c, "kind": "order.placed", "at": at, "order_id": name, "amount_minor": amount})
            if rng.random() < 0.12:
                back = amount // rng.choice((1, 1, 2))
                later = at + rng.randrange(1, 30 * DAY)
                rows.append({"c": c, "kind": "order.refunded", "at": later, "order_id": name, "amount_minor": back})
            at += rng.choice((3_600_000_000, *[int(gap * rng.expovariate(1)) + 1] * 4))
        if rng.random() < 0.3 or not rows or rows[-1]["c"] != c:
            rows.append({"c": c, "kind": rng.choice(OTHERS), "at": at, "reason": rng.choice((None, "moved"))})
    rows.sort(key=lambda row: row["at"])
    return [
        {"number": n, "first": None, "recorded_at": row["at"], "currency": "JPY", **row}
        for n, row in enumerate(rows, 1)
    ]


def events_file(path, facts):
    """The mirror's file of these facts."""
    with duckdb.connect(str(path)) as made:
        table = pa.Table.from_pylist(facts, FACTS)
        made.from_arrow(table).create("facts")
        made.execute("CREATE TABLE customers AS SELECT DISTINCT c, c AS draw FROM facts")
    return path


def orders_table(facts):
    """The facts as a table that the verbs read; yen have no decimals, so amounts stay as they are."""
    column = {name: [fact.get(name) for fact in facts] for name in FACTS.names}
    return pa.table({
        "customer_id": pa.array(column["c"], pa.int64()), "at": pa.array(column["at"], pa.timestamp("us", "UTC")),
        "type": column["kind"], "order_id": pa.array(column["order_id"], pa.string()),
        "amount": pa.array(column["amount_minor"], pa.int64()), "currency": column["currency"],
        "reason": pa.array(column["reason"], pa.string()),
    })  # fmt: skip


def named(folder, events, lives, key, delta=None, lives_delta=None, generation=1):
    """Publish files of a folder."""
    publish(folder, Manifest(generation, events, delta, {key: Lives(lives, lives_delta)}))
