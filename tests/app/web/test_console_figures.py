"""From a file through the ledger, the mirror and the computed lives to the page: the console's figures are those of
`tenure stages` and `tenure flows` on the same file."""

import csv
import html
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from signed_in_user import signed_in

import tenure
from tenure.lifecycle.policy import DEFAULT
from tenure.periods import parse_instant
from tenure.simulation import simulate
from tenure_app.clock import PINNED_BY
from tenure_app.imports.runs import Asked, run
from tenure_app.insight import opening
from tenure_app.insight.refresh import refresh
from tenure_app.ledger.models import Identity, Shop

ZONE, DAY = "Europe/Oslo", date(2025, 11, 1)
STAGES = ("prospect", "new", "active", "loyal", "lapsed", "inactive")


@pytest.fixture
def filled(sqlite_ledger, tmp_path, monkeypatch):
    from django.conf import settings

    monkeypatch.setenv(PINNED_BY, "2025-12-10T08:00Z")
    Shop.objects.create(pk=1, name="Boots", zone=ZONE, currency="EUR")
    file = simulate(tmp_path / "boots.parquet", customers=400).events
    run(Asked(file), by="vera", now=lambda: 1, progress=lambda *_: None)
    refresh(settings.TENURE_DATA / "mirror", DEFAULT, zone=ZONE, now=2, progress=lambda *_: None)
    yield file
    opening._shelves.clear()


def test_the_ring_shows_what_stages_says_and_the_matrix_what_flows_says(filled):
    client = signed_in()
    rows = tenure.stages(str(filled), as_of=DAY.isoformat(), timezone=ZONE).to_pylist()
    counts = {stage: sum(row["stage"] == stage for row in rows) for stage in STAGES}
    ring = client.get(reverse("ring"), {"as_of": DAY.isoformat()}).content.decode()
    for stage in STAGES:
        found = re.search(rf'st-{stage}.*?class="ct[^"]*">([\d,]+)<', ring, re.DOTALL)
        assert int(found[1].replace(",", "")) == counts[stage], stage
    moved = tenure.flows(str(filled), every="month", timezone=ZONE).to_pylist()
    flows = {
        (row["from_stage"], row["to_stage"]): row["customers"]
        for row in moved
        if row["period"] == date(2025, 10, 1) and row["from_stage"]
    }
    page = client.get(reverse("flows"), {"as_of": DAY.isoformat()}).content.decode()
    shown = re.findall(r'id="m-(\w+)-(\w+)">([\d,]+)<', page)
    assert {(a, b): int(n.replace(",", "")) for a, b, n in shown} == flows


def test_the_file_of_flows_says_what_flows_says_with_details(filled):
    answer = signed_in().get(reverse("flows-file"), {"as_of": DAY.isoformat()})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    names = ("from_stage", "from_detail", "to_stage", "to_detail")
    found = {tuple(row[name] for name in names): int(row["customers"]) for row in rows}
    told = tenure.flows(str(filled), every="month", timezone=ZONE, detail=True).to_pylist()
    october = [row for row in told if row["period"] == date(2025, 10, 1)]
    assert found == {tuple(row[name] or "" for name in names): row["customers"] for row in october}
    assert {(row["start"], row["end"]) for row in rows} == {("2025-10-01", "2025-11-01")}


def test_everybody_is_on_the_page_as_in_the_picture_of_the_core(filled):
    as_of = parse_instant(DAY.isoformat(), ZONE)
    reading = opening.opened(as_of, zone=ZONE)
    columns = ("stage", "detail", "since", "orders", "occasions", "first_order_at", "last_order_at", "overdue_at")
    mine = reading.table("people").select(*columns).fetchall()
    core = tenure.stages(str(filled), as_of=DAY.isoformat(), timezone=ZONE)
    theirs = [tuple(_plain(row[name]) for name in columns) for row in core.to_pylist()]
    assert sorted(mine, key=repr) == sorted(theirs, key=repr)


def test_a_customers_page_says_the_sentence_of_the_core(filled):
    client = signed_in()
    page = client.get(reverse("customers"), {"as_of": DAY.isoformat(), "stage": "lapsed"}).content.decode()
    person = re.search(r'class="who" href="/customers/(\d+)/', page)[1]
    key = Identity.objects.get(person_id=int(person), kind="customer").value
    rows = tenure.stages(str(filled), as_of=DAY.isoformat(), timezone=ZONE).to_pylist()
    sentence = next(row["because"] for row in rows if str(row["customer_id"]) == key)
    shown = client.get(reverse("customer", args=[person]), {"as_of": DAY.isoformat()}).content.decode()
    assert html.escape(sentence) in shown
    assert DEFAULT.hash in shown


def _plain(value):
    """An instant as microseconds."""
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=value.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
