"""A file of each format, written from its maker's columns, gives the facts that its rows were made for."""

import json
import random

import pytest
from exports import EXPORTS, made

from tenure.engine.duckdb import DuckDB
from tenure_app.imports import LEFT_OUT, REJECTED, parse, recognise

WAYS = ("as exported", "shuffled", "lean")


@pytest.fixture
def engine():
    with DuckDB(threads=2) as opened:
        yield opened


def told(engine, path, export, **more):
    by_name = {"customer_by": "name"} if export.format == "woocommerce-orders" else {}
    return parse(engine, path, times_in="UTC", currency="USD", **{**by_name, **more})


def rows(engine, name):
    return engine.connection.table(name).to_arrow_table().to_pylist()


def strongest(engine):
    """Customer to the strongest of what they are found by."""
    found = {}
    for row in rows(engine, "identities"):
        if row["match"] is not None:
            best = found.get(row["customer"])
            found[row["customer"]] = min(best or (9, ""), (row["rank"], row["match"]))
    return {customer: match for customer, (_, match) in found.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EXPORTS)
def test_a_file_gives_the_facts_that_its_rows_were_made_for(engine, tmp_path, name, way):
    export, rng = made(name), random.Random(f"{name} {way}")
    ways = {"as exported": {}, "shuffled": {"rng": rng, "bom": True}, "lean": {"rng": rng, "keep": 0.3}}
    parsed = told(engine, export.write(tmp_path, **ways[way]), export)
    who = strongest(engine)
    found = {
        row["key"]: (
            row["kind"], who[row["customer"]], row["at"], row["order_key"], row["amount_minor"], row["currency"],
            row["channel"] if way != "lean" or export.format != "shopify-orders" else None,
        )
        for row in rows(engine, "facts")
    }  # fmt: skip
    expected = export.facts
    if way == "lean" and export.format == "shopify-orders":
        expected = {key: (*fact[:-1], None) for key, fact in expected.items()}
    assert found == expected
    assert parsed.format == export.format
    assert dict(parsed.rejected) == export.rejected
    assert dict(parsed.left_out) == export.left_out


@pytest.mark.parametrize("name", EXPORTS)
def test_every_format_keeps_the_contract(engine, tmp_path, name):
    export = made(name, seed=7)
    parsed = told(engine, export.write(tmp_path), export)
    facts, identities, rejects = (rows(engine, each) for each in ("facts", "identities", "rejects"))
    assert len({row["key"] for row in facts}) == len(facts) == sum(n for _, n in parsed.facts) > 0
    assert all(row["amount_minor"] is None or row["amount_minor"] >= 0 for row in facts)
    assert all(
        (row["currency"] is None) == (row["amount_minor"] is None) for row in facts if row["discount_minor"] is None
    )
    customers = {row["customer"] for row in identities}
    assert customers == set(range(1, parsed.people + 1)) >= {row["customer"] for row in facts}
    assert set(strongest(engine)) == customers
    keys = [(row["kind"], row["match"]) for row in identities if row["match"] is not None]
    assert len(set(keys)) == len(keys)
    assert parsed.rows == len(export.rows)
    assert parsed.used + sum(n for _, n in (*parsed.rejected, *parsed.left_out)) == parsed.rows
    assert len(rejects) == sum(n for _, n in parsed.rejected)
    assert {code for code, _ in parsed.rejected} <= REJECTED.keys()
    assert {code for code, _ in parsed.left_out} <= LEFT_OUT.keys()
    assert [row["reason"] for row in rejects] == [REJECTED[row["code"]] for row in rejects]
    ordered = [(row["at"] is None, row["at"] or 0, row["line"]) for row in facts]
    assert ordered == sorted(ordered)
    assert all(isinstance(json.loads(row["body"]), dict) for row in facts if row["body"] is not None)
    assert [parsed.first_at, parsed.last_at] == [
        choose((row["at"] for row in facts if row["at"] is not None), default=None) for choose in (min, max)
    ]
    assert {row["is_state"] for row in facts if row["kind"].startswith("consent.")} <= {True}
    assert not any(row["is_state"] for row in facts if not row["kind"].startswith("consent."))
    assert set(parsed.mapping.values()) <= set(export.columns)


@pytest.mark.parametrize("name", EXPORTS)
def test_no_name_address_or_note_stands_in_a_column_of_a_fact(engine, tmp_path, name):
    export = made(name)
    told(engine, export.write(tmp_path), export)
    codes = {row[each] for row in rows(engine, "facts") for each in ("category", "region", "channel", "reason")}
    assert codes <= {None, "DE", "US", "GB", "web", "email", "sms", "whatsapp"}


@pytest.mark.parametrize("name", EXPORTS)
def test_a_file_is_recognised_by_its_columns(name):
    export = made(name)
    assert recognise(export.columns).name == export.format
    assert recognise([column.upper() for column in reversed(export.columns)]).name == export.format


@pytest.mark.parametrize("name", EXPORTS)
def test_the_same_rows_in_another_order_are_the_same_facts(engine, tmp_path, name):
    export = made(name)
    if export.format == "shopify-orders":
        pytest.skip("an order's lines stand together")
    told(engine, export.write(tmp_path), export)
    first = [{**row, "line": 0} for row in rows(engine, "facts")]
    random.Random(3).shuffle(export.rows)
    told(engine, export.write(tmp_path), export)
    second = [{**row, "line": 0} for row in rows(engine, "facts")]
    assert sorted(first, key=lambda row: row["key"]) == sorted(second, key=lambda row: row["key"])
