"""What the verb about money says where a number would mislead."""

import pytest
from commands import tenure

ORDERS = "customer_id,order_date{}\n"


@pytest.fixture
def orders(tmp_path):
    both = [(c, turn) for c in range(1, 13) for turn in (0, 1)]
    rows = [(c, f"2024-{1 + (c * 5 + turn * 2) % 9:02d}-{1 + (c + turn) % 28:02d}") for c, turn in both]
    for name, amount in (("plain", ""), ("paid", ",10.00")):
        lines = [f"{c},{day}{amount}\n" for c, day in rows]
        text = ORDERS.format(",amount" if amount else "") + "".join(lines)
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def value(folder, name, *more):
    return tenure(folder, "value", f"{name}.csv", "--as-of", "2024-11-01", "--margin", "0.4", *more)


def test_a_file_without_amounts_is_said_to_be_one(orders):
    said = "tenure: note: no amount is known, so nothing is said of worth, margins and ceilings; "
    assert said in value(orders, "plain").stderr
    assert said not in value(orders, "paid").stderr


def test_a_rate_meant_in_per_cent_is_remarked_on_and_a_word_refused(orders):
    note = "tenure: note: a discount rate of 10 is 1000 % a year; 10 % is 0.1\n"
    assert note in value(orders, "paid", "--discount-rate", "10").stderr
    assert note not in value(orders, "paid", "--discount-rate", "0.1").stderr
    told = value(orders, "paid", "--discount-rate", "ten")
    assert told.returncode == 2
    assert "--discount-rate: a number, as in 0.1 for 10 %, not 'ten'" in told.stderr


def test_where_no_order_may_come_no_money_may_either(tmp_path):
    text = "customer_id,order_date,amount\n1,2024-01-05,10\n1,2024-02-03,10\n"
    (tmp_path / "one.csv").write_text(text, encoding="utf-8")
    text = value(tmp_path, "one").stdout
    assert "1 order in all (90 % between 0 and " in text or "0 orders in all (90 % between 0 and " in text
    assert "(90 % between 0.00" in text
