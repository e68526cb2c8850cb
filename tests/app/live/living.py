"""What the tests of live stages share: where everybody stands by the file verbs, asked about the ledger's own rows."""

import pyarrow as pa
from django.conf import settings

import tenure
from tenure_app.insight.refresh import refresh
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.kinds import life_kinds
from tenure_app.ledger.models import REVERSED, Event, Person, Shop
from tenure_app.ledger.policies import in_force
from tenure_app.listen.models import Touched
from tenure_app.live.follow import follow
from tenure_app.live.models import Standing
from tenure_app.live.silence import wake

COLUMNS = (
    "stage", "detail", "since", "orders", "occasions", "first_order_at", "last_order_at", "expected_next_at",
    "overdue_at", "long_overdue_at", "inactive_at", "reason",
)  # fmt: skip


def silent(*_):
    """Progress that nobody watches."""


def up_to_date(now, **more):
    """Everybody computed anew, as `tenure refresh` does."""
    zone = Shop.objects.one().zone
    return refresh(settings.TENURE_DATA / "mirror", in_force(), zone=zone, now=now, progress=silent, **more)


def touch(*people, at):
    """As whoever writes events does; everybody where nobody is named."""
    for one in people or Person.objects.filter(root=None).values_list("pk", flat=True):
        Touched.objects.update_or_create(person_id=one, defaults={"since_at": at})


def held():
    """The ledger's rows as the last word on each has it: (whose, row)."""
    last, firsts = {}, {}
    roots = dict(Person.objects.values_list("pk", "root"))
    for one in Event.objects.filter(kind__in=life_kinds(in_force())).order_by("pk"):
        firsts.setdefault(one.first_id or one.pk, one)
        last[one.first_id or one.pk] = one
    nobody = set(Person.objects.filter(root=None, anonymous=True).values_list("pk", flat=True))
    for first, one in last.items():
        whose = roots[one.person_id] or one.person_id
        if one.kind not in REVERSED and whose not in nobody:
            yield whose, firsts[first].kind, one


def orders_table():
    """The ledger's rows as a file has them; yen have no decimals, so amounts stay as they are."""
    rows = list(held())
    return pa.table({
        "customer_id": pa.array([c for c, _, _ in rows], pa.int64()),
        "at": pa.array([one.occurred_at for *_, one in rows], pa.timestamp("us", "UTC")),
        "type": pa.array([kind for _, kind, _ in rows], pa.string()),
        "order_id": pa.array([one.order_key and f"{one.source_id}:{one.order_key}" for *_, one in rows], pa.string()),
        "amount": pa.array([one.amount_minor for *_, one in rows], pa.int64()),
        "currency": pa.array(["JPY" for _ in rows], pa.string()),
        "reason": pa.array([one.reason for *_, one in rows], pa.string()),
    })  # fmt: skip


def picture_of(now):
    """Where everybody stands at an instant, by `tenure stages`: {person: ...}."""
    zone = Shop.objects.one().zone
    told = tenure.stages(orders_table(), as_of=now + 1, policy=in_force(), timezone=zone)
    columns = {name: told[name] for name in ("customer_id", *COLUMNS)}
    plain = {
        name: (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
        for name, column in columns.items()
    }
    return dict(zip(plain["customer_id"], zip(*(plain[name] for name in COLUMNS), strict=True), strict=True))


def standings():
    """Where everybody stands by the rows of `Standing`, in the same words."""
    return {
        one.person_id: (
            *STAGES[one.code], one.since_at, one.orders, one.occasions, one.first_order_at, one.last_order_at,
            one.expected_at, one.overdue_at, one.long_overdue_at, one.inactive_at, one.reason or None,
        )
        for one in Standing.objects.all()
    }  # fmt: skip


def settle(now):
    """What the worker does until nothing is due: follow, notice silence, have everybody computed anew where that is
    asked for; how often that was."""
    rebuilt = 0
    while True:
        done = follow(now=now)
        if done.waiting:
            up_to_date(now)
            rebuilt += 1
            assert rebuilt < 3
        elif not done.people and not wake(now=now):
            return rebuilt
