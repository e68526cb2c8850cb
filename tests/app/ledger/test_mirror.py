"""The mirror reads everything once, in order, and nothing of who somebody is."""

import threading

import pyarrow as pa
import pytest
from django.db import connection
from facts import a_run, lay_what_holds, now, order, somebody, source, take
from heard import hear, said

from tenure.engine.duckdb import DuckDB
from tenure_app.dialects.said import LINK
from tenure_app.ledger import merging, mirror
from tenure_app.ledger.models import Event, Person
from tenure_app.ledger.undo import undo


def read(after=mirror.Position(), known_at=2**62):  # noqa: B008
    """Position, and the rows of `news` and of what holds."""
    with DuckDB() as engine:
        if after.events:
            known = Event.objects.filter(pk__lte=after.last).values_list("person_id", "person__draw").distinct()
            engine.put("drawn_before", pairs("c", "draw", known))
            engine.put("canon_before", pairs("person", "c", []))
        position = mirror.read_news(engine, after)
        news = engine.connection.table("news").to_arrow_table()
        lay_what_holds(engine, known_at)
        held = engine.connection.execute("SELECT c, kind, amount_minor FROM events ORDER BY number").fetchall()
        drawn = engine.connection.table("drawn").to_arrow_table()
    return position, news, held, drawn


def pairs(one, other, rows):
    """A table of two columns of numbers."""
    return pa.table({name: pa.array([row[n] for row in rows], pa.int64()) for n, name in enumerate((one, other))})


@pytest.mark.usefixtures("ledger")
def test_everything_is_read_once_with_declared_types():
    take([order(1), order(2, customer=2, category="boots", body='{"secret": "a"}')],
         [*somebody(1, customer="C1", name="Ann"), *somebody(2, customer="C2", email="b@x.de")])  # fmt: skip
    position, news, held, drawn = read()
    assert news.column_names == [
        "number", "first", "c", "kind", "at", "recorded_at", "order_id", "amount_minor", "currency", "discount_minor",
        "category", "region", "channel", "reason", "filed",
    ]  # fmt: skip
    text, whole = pa.string(), pa.int64()
    assert news.schema.types == [
        whole, whole, whole, text, whole, whole, text, whole, text, whole, text, text, text, text, pa.bool_(),
    ]  # fmt: skip
    assert [(row["order_id"], row["category"]) for row in news.to_pylist()] == [
        (f"{source().pk}:1", None), (f"{source().pk}:2", "boots"),
    ]  # fmt: skip
    assert sorted(drawn.to_pylist(), key=lambda row: row["c"]) == [
        {"c": person.pk, "draw": person.draw} for person in Person.objects.order_by("pk")
    ]  # fmt: skip
    assert len(held) == 2
    again, news, _, _ = read(position)
    assert (len(news), again.events >= position.events) == (0, True)
    take([order(3)])
    _, news, _, _ = read(position)
    assert [row["order_id"] for row in news.to_pylist()] == [f"{source().pk}:3"]
    assert mirror.behind(position) == 1


@pytest.mark.usefixtures("ledger")
def test_an_empty_ledger_has_no_news():
    _, news, held, drawn = read()
    assert (len(news), held, len(drawn)) == (0, [], 0)


@pytest.mark.usefixtures("ledger")
def test_no_name_no_address_and_no_free_text_gets_into_it():
    ann = somebody(1, customer="C-77", email="ann@x.de", name="Ann Archer")
    take([order(1, body='{"note": "ring at Ann\'s"}')], ann)
    _, news, _, drawn = read()
    said = str(news.to_pylist()) + str(drawn.to_pylist())
    assert [word for word in ("Ann", "ann@x.de", "C-77", "ring") if word in said] == []


@pytest.mark.usefixtures("ledger")
def test_what_holds_depends_on_when_it_is_asked():
    run = a_run()
    instants = []
    for facts in ([order(1, amount=1000), order(2, amount=50)], [order(1, amount=900)]):
        take(facts, run=run)
        instants.append(now())
    undo(run, by="", now=now)
    one, other = ("order.placed", 1000), ("order.placed", 900)
    assert [row[1:] for row in read(known_at=instants[0])[2]] == [one, ("order.placed", 50)]
    assert [row[1:] for row in read(known_at=instants[1])[2]] == [("order.placed", 50), other]
    assert read()[2] == []  # the run brought both versions
    assert read(known_at=0)[2] == []


@pytest.mark.usefixtures("ledger")
def test_merged_people_are_one_customer_and_part_again():
    take([order(1), order(2, customer=2), order(3, customer=3)])
    first, second, third = Person.objects.order_by("pk").values_list("pk", flat=True)
    chain = merging.merge(third, second, by="ben", now=1)
    merging.merge(third, first, by="ben", now=2)
    assert {c for c, *_ in read()[2]} == {second}, "the larger group's number stays"
    assert [row["c"] for row in read()[3].to_pylist()] == [second]
    merging.unmerge(chain.pk, by="ben", now=3)
    assert [c for c, *_ in read()[2]] == [third, second, third], "the first was found to be the third"


@pytest.mark.usefixtures("ledger")
def test_a_visitor_whom_nobody_knows_is_nobodys_customer():
    visits = [said(anonymous="d1", kind="order.placed", order_key="1"), said(anonymous="d1"), said(user="u1")]
    one, _, other = hear(*visits).people
    assert {row["c"] for row in read()[1].to_pylist()} == {other, -one}
    assert {c for c, *_ in read()[2]} == {other}
    assert [row["c"] for row in read()[3].to_pylist()] == [other]
    hear(said(LINK, user="u1", anonymous="d1"))
    kinds = [(row["c"], row["kind"]) for row in read()[1].to_pylist()]
    assert sorted(kinds) == [(other, "customer.created"), (other, "order.placed")]


@pytest.mark.usefixtures("ledger")
def test_only_the_kinds_that_are_asked_for_are_read():
    hear(said(user="u1"), said(user="u1", kind="product.used"), said(user="u1", kind="stage.changed"))
    assert {row["kind"] for row in read()[1].to_pylist()} == {"customer.created"}
    with DuckDB() as engine:
        position = mirror.read_news(engine, kinds={"product.used", "customer.created"})
        kinds = engine.connection.execute("SELECT kind FROM news ORDER BY kind").fetchall()
    assert kinds == [("customer.created",), ("product.used",)]
    assert position.kinds == ["customer.created", "product.used"]
    hear(said(user="u1"))
    assert mirror.behind(position) == 0
    hear(said(user="u2"))
    assert mirror.behind(position) == 1


@pytest.mark.usefixtures("postgres_ledger")
def test_of_two_writers_the_one_who_began_first_may_commit_last():
    """Neither the other's rows before it nor its own after them are skipped, whatever the numbers."""
    import psycopg

    take([order(1)])
    said = connection.settings_dict
    address = f"host={said['HOST']} port={said['PORT']} user={said['USER']} dbname={said['NAME']}"
    insert = (
        "INSERT INTO tenure_event (source_id, source_key, kind, person_id, occurred_at, recorded_at, fact_hash)"
        f" SELECT {source().pk}, %s, 'order.placed', MIN(id), 1, 1, '' FROM tenure_person"
    )

    def keys(table):
        numbers = [row["number"] for row in table.to_pylist()]
        return {event.source_key for event in Event.objects.filter(id__in=numbers)}

    position, *_ = read()
    with psycopg.connect(address) as early, psycopg.connect(address) as late:
        early.execute(insert, ["early:1"])
        late.execute(insert, ["late:1"])
        early.execute(insert, ["early:2"])
        late.commit()
        position, news, _, _ = read(position)
        seen = keys(news)
        assert seen == set()  # late's row is there, but early's number before it is not
        late.execute(insert, ["late:2"])
        early.commit()
        position, news, _, _ = read(position)
        seen |= keys(news)
        assert seen == {"early:1", "early:2", "late:1"}
        late.commit()
    _, news, _, _ = read(position)
    assert keys(news) == {"late:2"}


@pytest.mark.usefixtures("postgres_ledger")
def test_nothing_is_skipped_while_many_write_and_one_reads():
    import random

    import psycopg

    take([order(1)])
    said, of = connection.settings_dict, source().pk
    address = f"host={said['HOST']} port={said['PORT']} user={said['USER']} dbname={said['NAME']}"

    def write(name):
        dice = random.Random(name)
        with psycopg.connect(address) as mine:
            for turn in range(30):
                for part in range(dice.randint(1, 4)):
                    mine.execute(
                        "INSERT INTO tenure_event (source_id, source_key, kind, person_id, occurred_at, recorded_at,"
                        " fact_hash) SELECT %s, %s, 'order.placed', MIN(id), 1, 1, '' FROM tenure_person",
                        [of, f"{name}:{turn}:{part}"],
                    )
                (mine.commit if dice.random() < 0.8 else mine.rollback)()

    position, seen = mirror.Position(), []
    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for writer in writers:
        writer.start()
    while True:
        alive = any(writer.is_alive() for writer in writers)
        position, news, _, _ = read(position)
        seen += [row["number"] for row in news.to_pylist()]
        if not alive:
            break
    assert len(seen) > 100
    assert sorted(seen) == sorted(Event.objects.values_list("id", flat=True))
