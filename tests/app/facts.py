"""Facts as an importer leaves them in the engine, written as small dictionaries."""

import itertools

import pyarrow as pa

from tenure.engine.duckdb import DuckDB
from tenure_app.insight.store import run as run_sql
from tenure_app.ledger import intake, people
from tenure_app.ledger.models import ImportRun, Source

FACTS = pa.schema([
    ("line", pa.int64()), ("key", pa.string()), ("kind", pa.string()), ("customer", pa.int64()), ("at", pa.int64()),
    ("order_key", pa.string()), ("amount_minor", pa.int64()), ("currency", pa.string()),
    ("discount_minor", pa.int64()), ("category", pa.string()), ("region", pa.string()), ("channel", pa.string()),
    ("reason", pa.string()), ("is_state", pa.bool_()), ("body", pa.string()),
])  # fmt: skip
IDENTITIES = pa.schema([
    ("customer", pa.int64()), ("kind", pa.string()), ("value", pa.string()), ("match", pa.string()),
    ("rank", pa.int16()),
])  # fmt: skip
CLOCK = itertools.count(1_700_000_000_000_000, 1_000_000)


def now():
    """A clock that goes on by a second whenever it is read."""
    return next(CLOCK)


def order(number, customer=1, at=1_600_000_000_000_000, amount=1000, **more):
    return {
        "key": f"order:{number}", "kind": "order.placed", "customer": customer, "at": at, "order_key": str(number),
        "amount_minor": amount, "currency": "EUR", "is_state": False, **more,
    }  # fmt: skip


def somebody(customer, /, **said):
    """Identities of a customer of the file: email="a@b.de", name="A"; `customer` is their id in the shop."""
    ranks = {"customer": 1, "email": 2, "phone": 3}
    return [
        {"customer": customer, "kind": kind, "value": value, "match": value.lower() if kind in ranks else None,
         "rank": ranks.get(kind, 9)}
        for kind, value in said.items()
    ]  # fmt: skip


def source(name="shop"):
    return Source.objects.get_or_create(name=name)[0]


def take(facts, identities=None, run=None, of="shop"):
    """Put facts into the ledger; what became of them, by fate."""
    named = identities or [one for n in {fact["customer"] for fact in facts} for one in somebody(n, customer=f"C{n}")]
    facts = [{"line": line, **fact} for line, fact in enumerate(facts, 2)]
    with DuckDB() as engine:
        engine.put("facts", pa.Table.from_pylist(facts, schema=FACTS))
        engine.put("identities", pa.Table.from_pylist(named, schema=IDENTITIES))
        recognised = people.recognise(engine, source(of).pk, now=now)
        intake.make_ready(engine)
        fates = {}
        for taken in intake.append(engine, source=source(of).pk, run=run.pk if run else None, now=now):
            fates = dict(taken.fates)
    return {**fates, "people": (recognised.known, recognised.new)}


def a_run(**more):
    return ImportRun.objects.create(
        format="orders", file_name="f.csv", file_hash="0", source=source(), began_at=1,
        **{"state": ImportRun.DONE, **more},
    )  # fmt: skip


def lay_what_holds(engine, known_at=2**62):
    """Make the view `events` of what the mirror's news say, as the product itself does."""
    engine.connection.table("news").create("facts")
    engine.put("known", pa.table({"known_at": [known_at]}))
    run_sql(engine, "facts", "later", known_at=known_at)
    run_sql(engine, "facts", "events_of_versions")
