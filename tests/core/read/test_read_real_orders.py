"""Real order files, read as they come."""

import pyarrow as pa
from reading import seen


def test_online_retail_by_line(real_data):
    found = seen(real_data("online_retail_ii_lines.parquet"))
    assert (found.timeline.rows, found.timeline.accepted) == (1_044_847, 809_560)
    assert found.timeline.rejected == (("missing_customer", 235_287),)
    assert (len(found.customers), len(set(found.column("order_id")))) == (5_942, 44_876)
    assert found.timeline.has == {"order", "amount", "region"}
    assert sum(found.column("amount_minor")) == 1_634_365_102


def test_cdnow_ids_keep_their_zeros(real_data):
    found = seen(real_data("cdnow_full.parquet"))
    assert (found.timeline.accepted, len(found.customers), found.customers[1]) == (69_659, 23_570, "00001")
    assert found.timeline.notes[-2].startswith("255 rows repeat another row exactly")


def test_grocery_has_no_amounts(real_data):
    found = seen(real_data("grocery.parquet"))
    assert (found.timeline.accepted, len(found.customers), found.timeline.has) == (10_483, 1_525, frozenset())


def test_lines_like_those_of_online_retail():
    # the same rules on a file that everybody has: cancellations, negative quantities, lines without customer
    table = pa.table(
        {
            "invoice": ["489434", "489434", "C489449", "489464"],
            "quantity": [12.0, 48.0, -12.0, -96.0],
            "order_date": pa.array([1259653500000000000] * 4, pa.timestamp("ns")),
            "price": [6.95, 2.1, 6.95, 0.0],
            "customer_id": ["13085", "13085", "13085", None],
            "country": ["United Kingdom"] * 4,
        }
    )
    found = seen(table)
    assert found.timeline.rejected == (("missing_customer", 1),)
    assert sorted((e[3], e[4]) for e in found.events) == [("489434", 8340), ("489434", 10080), ("C489449", -8340)]
    assert found.customers == {1: "13085"}
