"""Files of orders: what the facts say is what the core sees in the file, to the row."""

import json
import os
import random

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from lives import as_ofs, shop

import tenure
from tenure_app.imports import parse

DAY = 86_400_000_000
SHOPS = int(os.environ.get("TENURE_EXAMPLES", "24"))
BATCH = 6


def rows(engine, name):
    return engine.connection.table(name).to_arrow_table().to_pylist()


def rebuilt(engine, *, whole):
    """The file as its facts tell it, with the customers' own ids."""
    table = engine.connection.sql(
        """
        SELECT i.value AS customer_id, f.kind AS type, make_timestamptz(f."at") AS "at", f.order_key AS order_id,
            f.amount_minor, f.category, f.region, f.reason
        FROM facts f
        JOIN (SELECT customer, min_by(value, rank) AS value FROM identities GROUP BY customer) i USING (customer)
        ORDER BY f.line
        """
    ).to_arrow_table()
    if whole:
        table = table.set_column(0, "customer_id", table.column(0).cast(pa.int64()))
    return table


def lines_of(events):
    """The events as rows of a file."""
    return pa.table({
        "customer_id": pa.array([one.customer for one in events], pa.int64()),
        "type": pa.array([one.kind for one in events], pa.string()),
        "at": pa.array([one.at for one in events], pa.timestamp("us", "UTC")),
        "order_id": pa.array([one.order_id for one in events], pa.string()),
        "amount_minor": pa.array([one.amount_minor for one in events], pa.int64()),
        "category": pa.array([one.category for one in events], pa.string()),
        "region": pa.array([one.region for one in events], pa.string()),
        "reason": pa.array([one.reason for one in events], pa.string()),
    })  # fmt: skip


@pytest.mark.parametrize("first", range(0, SHOPS, BATCH))
def test_stages_of_the_facts_are_those_of_the_file(engine, tmp_path, first):
    for seed in range(first, first + BATCH):
        events, policy, zone = shop(seed)
        path, rule = tmp_path / f"{seed}.parquet", tmp_path / "policy.toml"
        rule.write_text(policy, encoding="utf-8")
        pyarrow.parquet.write_table(lines_of(events), path)
        parsed = parse(engine, path, times_in="UTC", currency="EUR")
        facts = rebuilt(engine, whole=True)
        assert parsed.used == parsed.rows == len(events)
        assert len({row["key"] for row in rows(engine, "facts")}) == facts.num_rows
        for at in as_ofs(seed, shop(seed), [], 2):
            as_of = pa.scalar(at, pa.timestamp("us", "UTC")).as_py()
            asked = {"as_of": as_of, "policy": rule, "timezone": zone}
            before = [row for row in events if row.at < at]
            if before:
                expected = tenure.stages(lines_of(events), **asked)
                assert tenure.stages(facts, **asked).to_pylist() == expected.to_pylist(), seed


def same_lives(engine, path, *, whole, **asked):
    """How many intervals all lives of the file have, if those of its facts are the same."""
    parse(engine, path, times_in="UTC", currency=None)
    facts = tenure.history(rebuilt(engine, whole=whole), **asked)
    expected = pyarrow.parquet.read_table(path) if path.suffix == ".parquet" else pyarrow.csv.read_csv(path)
    assert facts.to_pylist() == tenure.history(expected, **asked).to_pylist()
    return facts.num_rows


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_simulated_shop_lives_the_same_lives(engine, tmp_path, suffix):
    made = tenure.simulate(tmp_path / f"boots{suffix}", customers=600)
    found = pyarrow.parquet.read_table(made.events) if suffix == ".parquet" else pyarrow.csv.read_csv(made.events)
    assert found.num_rows == made.rows
    parsed = parse(engine, made.events, times_in="UTC", currency=None)
    whole = all(row["value"].isdecimal() for row in rows(engine, "identities") if row["rank"] == 1)
    assert parsed.used == made.rows
    assert same_lives(engine, made.events, whole=whole, policy=made.policy) > 600


@pytest.mark.parametrize("name", ["online_retail_ii.parquet", "cdnow_full.parquet", "grocery.parquet"])
def test_real_files_live_the_same_lives(engine, real_data, name):
    whole = pa.types.is_integer(pyarrow.parquet.read_schema(real_data(name)).field("customer_id").type)
    assert same_lives(engine, real_data(name), whole=whole) > 1000


def test_the_raw_lines_of_a_retailer(engine, real_data):
    parsed = parse(engine, real_data("online_retail_ii_lines.parquet"), times_in="Europe/London", currency="GBP")
    assert (parsed.rows, parsed.used, parsed.people) == (1_044_847, 809_560, 5_942)
    assert parsed.rejected == (("missing_customer", 235_287),)
    [(total, keys, bodies)] = engine.connection.sql(
        """
        SELECT sum(CASE WHEN kind = 'order.placed' THEN amount_minor ELSE -amount_minor END), count(DISTINCT key),
            sum(json_array_length(body->'lines') + coalesce(CAST(body->>'lines_left_out' AS BIGINT), 0))
        FROM facts
        """
    ).fetchall()
    assert (total, bodies) == (1_634_365_102, 809_560)
    assert keys == sum(n for _, n in parsed.facts)


# Keys


def facts_of(engine, tmp_path, text, name="orders.csv", **more):
    (tmp_path / name).write_text(text, encoding="utf-8")
    parsed = parse(engine, tmp_path / name, **{"times_in": "UTC", "currency": "EUR", **more})
    return parsed, {row["key"]: row for row in rows(engine, "facts")}


def test_lines_of_one_order_make_one_fact_and_what_is_left_of_nothing_a_refund(engine, tmp_path):
    parsed, facts = facts_of(
        engine, tmp_path,
        "customer_id,order_id,order_date,amount,sku,country\n"
        "7,A1,2024-01-01,10.00,boot,DE\n7,A1,2024-01-01,-1.50,,DE\n7,A1,2024-02-01,2.00,lace,DE\n"
        "7,A1,2024-03-01,-8.50,boot,DE\n7,A1,2024-03-02,-2.00,lace,DE\n9,A1,2024-04-01,5,sole,FR\n",
    )  # fmt: skip
    assert {key: (row["kind"], row["order_key"], row["amount_minor"], row["region"]) for key, row in facts.items()} == {
        "order:A1": ("order.placed", "A1", 850, "DE"),
        "order:A1:2": ("order.placed", "A1", 200, "DE"),
        "refund:A1:1": ("order.refunded", "A1", 850, "DE"),
        "refund:A1:2": ("order.refunded", "A1", 200, "DE"),
        "order:A1@9": ("order.placed", "A1", 500, "FR"),
    }
    assert json.loads(facts["order:A1"]["body"]) == {"lines": [{"sku": "boot"}]}
    assert any("of several customers" in note for note in parsed.notes)


def test_rows_without_order_ids_go_by_what_they_say_and_how_often(engine, tmp_path):
    text = "customer,order_date,amount\n1,2024-01-01,5\n1,2024-01-01,5\n2,2024-01-02,7\n"
    _, facts = facts_of(engine, tmp_path, text)
    _, swapped = facts_of(
        engine, tmp_path, "amount,customer,order_date\n7,2,2024-01-02\n5,1,2024-01-01\n5,1,2024-01-01\n"
    )
    assert facts.keys() == swapped.keys()
    assert len(facts) == 3
    assert sorted(key.rsplit(":", 1)[1] for key in facts) == ["1", "1", "2"]
    assert all(key.startswith("row:") and len(key.split(":")[1]) == 32 for key in facts)


def test_a_column_of_kinds_is_kept(engine, tmp_path):
    _, facts = facts_of(
        engine, tmp_path,
        "customer,order_id,at,type,amount,reason\n1,5,2024-01-01,order,9,\n1,5,2024-01-03,refund,4,\n"
        "1,5,2024-01-04,cancelled,,\n1,,2024-01-05,customer.left,,moved\n1,,2024-01-06,refund,3,\n",
    )  # fmt: skip
    short = {key if key.count(":") < 3 and "." not in key else key.split(":")[0]: row for key, row in facts.items()}
    assert {key: (row["kind"], row["amount_minor"], row["reason"]) for key, row in short.items()} == {
        "order:5": ("order.placed", 900, None),
        "refund:5:1": ("order.refunded", 400, None),
        "cancel:5": ("order.cancelled", None, None),
        "customer.left": ("customer.left", None, "moved"),
        "order.refunded": ("order.refunded", 300, None),
    }


def test_several_e_mail_spellings_are_one_customer(engine, tmp_path):
    parsed, facts = facts_of(engine, tmp_path, "email,order_id,date\nA@x.com,1,2024-01-01\n a@X.com,2,2024-01-02\n")
    assert (parsed.people, {row["customer"] for row in facts.values()}) == (1, {1})
    assert [(row["kind"], row["value"], row["match"]) for row in rows(engine, "identities")] == [
        ("email", "A@x.com", "a@x.com")
    ]


def test_what_stands_where_nothing_is_known_is_nobody(engine, tmp_path):
    words = ("", "null", "None", "GUEST", "n/a", "undefined", "17")
    text = "customer_id,order_id,date\n" + "".join(f"{word},{i},2024-01-01\n" for i, word in enumerate(words))
    parsed, facts = facts_of(engine, tmp_path, text)
    assert (parsed.rejected, list(facts)) == ((("missing_customer", 6),), ["order:6"])


def test_an_order_of_too_many_lines_says_how_many_are_left_out(engine, tmp_path):
    text = "customer,order_id,date,amount,note\n" + "".join(f"1,9,2024-01-01,1,{'x' * 90} {i}\n" for i in range(2000))
    _, facts = facts_of(engine, tmp_path, text)
    body = facts["order:9"]["body"]
    told = json.loads(body)
    assert facts["order:9"]["amount_minor"] == 200_000
    assert len(body) < 62_000
    assert len(told["lines"]) + told["lines_left_out"] == 2000
    assert told["lines"][0]["note"].endswith(" 0")


def test_a_bad_line_leaves_its_order_what_is_left(engine, tmp_path):
    parsed, facts = facts_of(
        engine, tmp_path, "customer,order_id,date,amount\n1,9,2024-01-01,4\n1,9,2024-01-01,much\n1,9,2024\n"
    )
    assert facts["order:9"]["amount_minor"] == 400
    assert parsed.rejected == (("bad_amount", 1), ("bad_line", 1))
    assert (parsed.rows, parsed.used) == (3, 1)
    assert any("1 orders were kept although lines of theirs were rejected" in note for note in parsed.notes)
    assert [(row["line"], row["code"], row["row"]) for row in rows(engine, "rejects")] == [
        (3, "bad_amount", "1,9,2024-01-01,much"), (4, "bad_line", "1,9,2024"),
    ]  # fmt: skip


def test_amounts_of_a_currency_without_cents(engine, tmp_path):
    _, facts = facts_of(engine, tmp_path, "customer,order_id,date,amount\n1,9,2024-01-01,1500\n", currency="JPY")
    assert (facts["order:9"]["amount_minor"], facts["order:9"]["currency"]) == (1500, "JPY")


def test_shuffled_rows_are_the_same_facts(engine, tmp_path):
    events = shop(3)[0]
    table = lines_of(events)
    found = []
    for turn in range(2):
        order = list(range(table.num_rows))
        random.Random(turn).shuffle(order)
        pyarrow.parquet.write_table(table.take(order), tmp_path / "a.parquet")
        parse(engine, tmp_path / "a.parquet", times_in="UTC", currency="EUR")
        found.append(
            sorted(
                (row["key"].split("@")[0], row["kind"], row["at"], row["amount_minor"] or 0)
                for row in rows(engine, "facts")
            )
        )
    assert found[0] == found[1]


def test_consent_moves_nobody(tmp_path):
    orders = "1,2024-01-01,order\n2,2024-01-05,customer.created\n"
    consents = "1,2024-02-01,consent.denied\n1,2024-02-02,consent.given\n2,2024-02-01,consent.denied\n"
    stages = []
    for text in (orders, orders + consents):
        path = tmp_path / "a.csv"
        path.write_text("customer,at,type\n" + text, encoding="utf-8")
        table = pyarrow.csv.read_csv(path)
        stages.append(tenure.stages(table, as_of="2024-02-05").to_pylist())
    assert stages[0] == stages[1]
    assert [row["stage"] for row in stages[0]] == ["new", "prospect"]
