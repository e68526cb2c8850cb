"""Which column plays which role."""

import pytest
from reading import csv, seen

from tenure.errors import BadColumns


@pytest.mark.parametrize(
    "header",
    [
        "customer_id,order_id,at,amount",
        "Customer ID,Order-ID,Occurred At,Amount",
        "CUSTOMER,INVOICENO,INVOICEDATE,TOTAL",
        "household_id,basket_id,transaction_timestamp,sales_value",
        "client-id,receipt,created_at,revenue",
        "E-Mail,Order Number,Date,Subtotal",
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path, header):
    header = header.replace("E-Mail", "Email")
    found = seen(csv(tmp_path / "a.csv", f"{header}\n7,A1,2024-01-31,12.50\n"))
    assert found.events == [(7, 1706659200000000, "order.placed", "A1", 1250, None, None, None, None, None)]
    assert found.timeline.has == {"order", "amount"}


def test_every_role_is_found(tmp_path):
    header = "customer_id,order_id,at,type,amount,currency,category,country,discount,reason"
    row = "7,A1,2024-01-31T00:00Z,refund,12.50,EUR,boots,DE,1.20,too late"
    found = seen(csv(tmp_path / "a.csv", f"{header}\n{row}\n"))
    assert found.events == [(7, 1706659200000000, "order.refunded", "A1", 1250, "EUR", 120, "boots", "DE", "too late")]
    roles = {"order", "type", "amount", "currency", "category", "region", "discount", "reason"}
    assert found.timeline.has == roles


def test_a_role_without_a_value_is_not_carried(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "customer,at,category,type\n1,2024-01-31,,\n"))
    assert found.timeline.has == frozenset()


def test_columns_named_by_the_user_go_before_all_others(tmp_path):
    text = "customer_id,who,at,when,country,amount,paid\n1,2,2024-01-31,2024-02-01,DE,5,6\n"
    found = seen(csv(tmp_path / "a.csv", text), customer="who", at="WHEN", amount="paid", category="country")
    assert found.events == [(2, 1706745600000000, "order.placed", None, 600, None, None, "DE", None, None)]


def test_the_customer_number_goes_before_the_mail_address(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "email,customer_id,at\na@b.c,12,2024-01-31\n"))
    assert found.column("c") == [12]


def test_quantity_times_price_stands_in_for_an_amount(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "customer,at,quantity,price\n1,2024-01-31,3,0.335\n"))
    assert found.column("amount_minor") == [100]
    assert found.timeline.has == {"amount"}


def test_an_amount_goes_before_quantity_times_price(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "customer,at,quantity,price,amount\n1,2024-01-31,3,2,5\n"))
    assert found.column("amount_minor") == [500]


def test_quantity_alone_is_no_amount(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "customer,at,quantity\n1,2024-01-31,3\n"))
    assert found.column("amount_minor") == [None]


@pytest.mark.parametrize(
    ("text", "named", "message"),
    [
        (
            "user_id,client_id,at\n1,1,2024-01-31\n",
            {},
            (
                "a.csv: 'user_id', 'client_id' could each be the customer column;"
                ' choose one with --customer-column NAME (columns={"customer": NAME} in Python)'
            ),
        ),
        (
            "Customer ID,customer_id,at\n1,1,2024-01-31\n",
            {},
            (
                "a.csv: 'Customer ID', 'customer_id' could each be the customer column;"
                ' choose one with --customer-column NAME (columns={"customer": NAME} in Python)'
            ),
        ),
        (
            "at,amount\n2024-01-31,1\n",
            {},
            (
                "a.csv: no column tells the customer; it has 'at', 'amount';"
                ' name it with --customer-column NAME (columns={"customer": NAME} in Python)'
            ),
        ),
        (
            "customer,amount\n1,1\n",
            {},
            (
                "a.csv: no column tells the time of the order; it has 'customer', 'amount';"
                ' name it with --at NAME (columns={"at": NAME} in Python)'
            ),
        ),
        (
            "customer,bought_on,at\n1,2,2024-01-31\n",
            {"at": "bought_no"},
            (
                "a.csv: there is no column 'bought_no' for --at NAME ("
                'columns={"at": NAME} in Python'
                "); nearest: 'bought_on'"
            ),
        ),
        (
            "customer,at\n1,2024-01-31\n",
            {"category": "zzzzz"},
            (
                "a.csv: there is no column 'zzzzz' for --category NAME ("
                'columns={"category": NAME} in Python'
                "); it has 'customer', 'at'"
            ),
        ),
        (
            "who,who,at\n1,1,2024-01-31\n",
            {"customer": "who"},
            "a.csv: 2 columns are called 'who'; rename or drop all but one",
        ),
        (
            "customer,at,amount,amount\n1,2024-01-31,1,2\n",
            {},
            "a.csv: 2 columns are called 'amount'; rename or drop all but one",
        ),
        (
            "customer,Customer,at\n1,1,2024-01-31\n",
            {"customer": "CUSTOMER"},
            "a.csv: 'customer', 'Customer' could each be meant; write the name letter by letter",
        ),
        (
            "customer_id,at\n1,2024-01-31\n",
            {"at": "customer_id"},
            (
                "a.csv: the column 'customer_id' is named for --at NAME ("
                'columns={"at": NAME} in Python'
                "), so none tells the customer;"
                " name another column for one of the two"
            ),
        ),
        (
            "customer_id,at,x\n1,2024-01-31,3\n",
            {"amount": "x", "quantity": "X"},
            (
                "a.csv: the column 'x' is named for both --amount NAME ("
                'columns={"amount": NAME} in Python'
                ") and "
                'columns={"quantity": NAME} in Python'
                ";"
                " name another for one of them"
            ),
        ),
    ],
)
def test_what_cannot_be_found_is_one_line_with_the_option(tmp_path, monkeypatch, text, named, message):
    csv(tmp_path / "a.csv", text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadColumns) as caught:
        seen("a.csv", **named)
    assert str(caught.value) == message


def test_columns_of_one_name_that_nobody_needs_do_not_matter(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "customer,at,note,note\n1,2024-01-31,x,y\n"))
    assert found.column("c") == [1]
