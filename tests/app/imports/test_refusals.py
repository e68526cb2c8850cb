"""Files that cannot be imported, rows that cannot be used, and what the user is told of them."""

import random

import export_columns as columns
import pytest
from exports import made

from tenure.errors import InvalidInput, TenureError
from tenure_app.imports import parse, recognise
from tenure_app.refused import Refused


def rows(engine, name):
    return engine.connection.table(name).to_arrow_table().to_pylist()


def read(engine, tmp_path, text, file="export.csv", **more):
    path = tmp_path / file
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return parse(engine, path, **{"times_in": "UTC", "currency": "EUR", **more})


def refusal(engine, tmp_path, text, file="export.csv", **more):
    with pytest.raises(TenureError) as caught:
        read(engine, tmp_path, text, file, **more)
    message = str(caught.value)
    assert "\n" not in message
    return getattr(caught.value, "code", type(caught.value).__name__), message


# Which format


def test_columns_that_fit_nothing_are_told_what_would():
    with pytest.raises(Refused) as caught:
        recognise(["colour", "weight"])
    assert caught.value.code == "unknown_format"
    message = str(caught.value)
    assert message.startswith("nothing was imported: no format fits the columns 'colour', 'weight'; orders wants a")
    for name in (
        "shopify-orders: Name, Created at",
        "hubspot-contacts: Record ID",
        "mailchimp-audience: Email Address",
    ):
        assert name in message


def test_columns_that_fit_two_formats_leave_the_choice():
    both = (*columns.SHOPIFY_ORDERS, *columns.HUBSPOT)
    with pytest.raises(Refused, match="the columns fit shopify-orders and hubspot-contacts; choose one with --format"):
        recognise(both)


def test_the_other_export_of_the_same_maker_is_not_taken_for_it():
    with pytest.raises(Refused, match="another export than Square's export of transactions, which could be read"):
        recognise([name for name in columns.SQUARE_ITEMS if name not in ("Customer ID", "Date")])
    assert recognise(columns.SQUARE_ITEMS).name == "orders"


def test_any_file_with_a_customer_and_a_time_is_orders():
    assert recognise(["when", "customer_id", "ordered_at"]).name == "orders"


def test_two_columns_that_could_be_the_time_are_named():
    with pytest.raises(
        Refused, match="'order_date', 'purchase_date' could each be the at column; choose one with --at"
    ):
        recognise(["customer_id", "order_date", "purchase_date"])


def test_a_format_asked_for_by_a_wrong_name(engine, tmp_path):
    code, message = refusal(engine, tmp_path, "a,b\n1,2\n", format="shopfy")
    assert code == "unknown_format"
    assert message.startswith("nothing was imported: no format is called 'shopfy'; one of 'orders', 'shopify-orders'")


def test_a_format_asked_for_whose_columns_are_not_there(engine, tmp_path):
    code, message = refusal(engine, tmp_path, "Name,Total\n1,2\n", format="shopify-orders")
    assert code == "missing_columns"
    assert message == (
        "nothing was imported: shopify-orders needs the column Created at, and the file has 'Name', 'Total'; is it"
        " Shopify's export of orders?"
    )


def test_the_columns_that_decided_are_told(engine, tmp_path):
    export = made("hubspot contacts")
    parsed = parse(engine, export.write(tmp_path), times_in="UTC", currency=None)
    assert parsed.notes[0].startswith("recognised as hubspot-contacts by the columns 'Record ID', 'First Name'")


def test_a_file_that_is_not_there_and_one_without_rows(engine, tmp_path):
    with pytest.raises(InvalidInput, match="there is no such file; check the name and the folder"):
        parse(engine, tmp_path / "gone.csv", times_in="UTC", currency=None)
    _, message = refusal(engine, tmp_path, "Record ID,Email,First Name\n")
    assert message.endswith("there are no rows below the column names; export it again")


def test_a_wrong_option_is_told(engine, tmp_path):
    _, message = refusal(engine, tmp_path, "customer,date\n1,2024-01-01\n", customer_by="phone")
    assert message == "--customer-by phone: write name, or leave it out to go by ids and addresses"
    _, message = refusal(engine, tmp_path, "customer,date\n1,2024-01-01\n", currency="EURO")
    assert message.startswith("unknown currency 'EURO'")


# Weak keys


def test_orders_that_only_name_their_customer_are_refused_with_advice(engine, tmp_path):
    code, message = refusal(engine, tmp_path, made("woocommerce orders").text())
    assert code == "weak_key"
    assert "only names tell the customers apart" in message
    assert "/wp-json/wc/v3/orders" in message
    assert message.endswith("or go by names all the same with --customer-by name")


def test_orders_of_any_kind_that_only_name_their_customer_are_refused_too(engine, tmp_path):
    text = "customer,order_id,date\nAnn Lee,1,2024-01-01\nBob O'Hara,2,2024-01-02\n"
    code, message = refusal(engine, tmp_path, text)
    assert code == "weak_key"
    assert "the customer column 'customer'" in message
    parsed = read(engine, tmp_path, text, customer_by="name")
    assert (parsed.people, [row["kind"] for row in rows(engine, "identities")]) == (2, ["name", "name"])


def test_square_without_ids_is_refused_and_with_some_says_how_many_have_names_alone(engine, tmp_path):
    export = made("square transactions")
    assert any("nothing but a name" in note for note in read(engine, tmp_path, export.text()).notes)
    for row in export.rows:
        row["Customer ID"] = ""
    assert refusal(engine, tmp_path, export.text())[0] == "weak_key"
    assert read(engine, tmp_path, export.text(), customer_by="name").people > 0


# Rows


def test_one_bad_row_never_blocks_a_file(engine, tmp_path):
    text = (
        "id,Created (UTC),Amount,Currency,Status,Captured,Customer Email,Mode\n"
        "ch_1,2024-01-01 10:00:00,12.00,eur,Paid,true,a@x.de,Live\n"
        "ch_2,yesterday,12.00,eur,Paid,true,a@x.de,Live\n"
        "ch_3,2024-01-01 10:00:00,twelve,eur,Paid,true,a@x.de,Live\n"
        "ch_4,2024-01-01 10:00:00,12.00,wampum,Paid,true,a@x.de,Live\n"
        "ch_5,2024-01-01 10:00:00,12.00,eur,Paid,true,,Live\n"
        "ch_6,1024-01-01 10:00:00,12.00,eur,Paid,true,a@x.de,Live\n"
        ",2024-01-01 10:00:00,12.00,eur,Paid,true,a@x.de,Live\n"
        "ch_8,2024-01-01\n"
        "ch_9,2024-01-01 10:00:00,12.00,eur,Strange,true,a@x.de,Live\n"
        "ch_1,2024-01-01 10:00:00,12.00,eur,Paid,true,a@x.de,Live\n"
        "ch_10,2024-01-01 10:00:00,99999999999999999,eur,Paid,true,a@x.de,Live\n"
    )
    parsed = read(engine, tmp_path, text)
    assert [(row["line"], row["code"]) for row in rows(engine, "rejects")] == [
        (3, "bad_time"), (4, "bad_amount"), (5, "unknown_currency"), (6, "missing_customer"), (7, "time_out_of_range"),
        (8, "missing_order"), (9, "bad_line"), (12, "huge_amount"),
    ]  # fmt: skip
    assert dict(parsed.left_out) == {"unknown_status": 1, "repeated_row": 1}
    assert [row["key"] for row in rows(engine, "facts")] == ["order:ch_1"]
    assert (parsed.rows, parsed.used) == (11, 1)
    assert "payments of an unknown status were left out: Strange" in parsed.notes


def test_a_file_of_nothing_but_rejects_is_refused(engine, tmp_path):
    code, message = refusal(engine, tmp_path, "customer_id,order_id,date\n,1,2024-01-01\n,2,2024-01-02\n")
    assert code == "all_rejected"
    assert message.endswith("can be used (2 no customer id)")


def test_dates_that_can_be_read_two_ways_are_refused(engine, tmp_path):
    export = made("square transactions, older")
    for i, row in enumerate(export.rows):
        row["Date"] = f"0{i % 9 + 1}/1{i % 3}/2024"
    assert "can be read day first or month first" in refusal(engine, tmp_path, export.text())[1]


def test_a_shopify_line_that_cannot_be_read_leaves_the_order(engine, tmp_path):
    text = (
        "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n"
        "#1,a@x.de,paid,EUR,9.00,2024-01-01 10:00:00 +0100,1,Boot,4.00\n"
        "#1,,,,,,two,Lace,5.00\n"
        ",,,,,,2,Sole,5.00\n"
        "#2,b@x.de,paid,EUR,nine,2024-01-01 10:00:00 +0100,1,Boot,4.00\n"
        ",,,,,,1,Lace,5.00\n"
        "#3,b@x.de,strange,EUR,9.00,2024-01-01 10:00:00 +0100,1,Boot,4.00\n"
    )
    parsed = read(engine, tmp_path, text)
    assert [(row["line"], row["code"]) for row in rows(engine, "rejects")] == [
        (3, "bad_amount"), (5, "bad_amount"), (6, "bad_amount"),
    ]  # fmt: skip
    (fact,) = rows(engine, "facts")
    assert (fact["key"], fact["amount_minor"]) == ("order:1", 900)
    assert '"Lace"' not in fact["body"]
    assert '"Sole"' in fact["body"]
    assert any("1 lines of orders could not be used" in note for note in parsed.notes)
    assert any("unknown financial status were left out: strange" in note for note in parsed.notes)


# Who is who


def people_of(engine, tmp_path, text):
    read(engine, tmp_path, text)
    return {row["key"].split(":")[1]: row["customer"] for row in rows(engine, "facts")}


def test_a_row_without_an_id_is_of_whoever_has_its_address(engine, tmp_path):
    found = people_of(
        engine, tmp_path,
        "id,Created (UTC),Amount,Currency,Status,Captured,Customer ID,Customer Email\n"
        "ch_1,2024-01-01,1,eur,Paid,true,cus_b,Ann@x.de\nch_2,2024-01-02,1,eur,Paid,true,,ann@X.de\n"
        "ch_3,2024-01-03,1,eur,Paid,true,cus_a,bob@x.de\nch_4,2024-01-04,1,eur,Paid,true,,zoe@x.de\n",
    )  # fmt: skip
    assert found == {"ch_1": 2, "ch_2": 2, "ch_3": 1, "ch_4": 3}


def test_whole_numbers_are_numbered_as_numbers(engine, tmp_path):
    text = "Record ID,Email,First Name,Create Date\n" + "".join(f"{n},,x,2024-01-01\n" for n in (10, 9, 100))
    read(engine, tmp_path, text)
    assert [row["value"] for row in rows(engine, "identities") if row["kind"] == "customer"] == ["9", "10", "100"]


def test_an_address_of_two_customers_finds_the_first_and_says_so(engine, tmp_path):
    parsed = read(engine, tmp_path, "Record ID,Email,First Name,Create Date\n1,a@x.de,A,\n2,A@x.de,B,\n")
    assert [(row["customer"], row["match"]) for row in rows(engine, "identities") if row["kind"] == "email"] == [
        (1, "a@x.de"), (2, None),
    ]  # fmt: skip
    assert "1 times several customers share an e-mail address: only the first of them is found by it" in parsed.notes


def test_who_says_yes_and_no_in_one_file_said_no(engine, tmp_path):
    read(
        engine, tmp_path,
        "Email,Accepts Email Marketing,Total Spent,Total Orders\na@x.de,yes,1,1\nA@x.de,no,1,1\nA@X.DE,yes,1,1\n",
    )  # fmt: skip
    assert [(row["kind"], row["line"]) for row in rows(engine, "facts") if row["is_state"]] == [("consent.denied", 3)]


# Mailchimp's status


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("subscribed_email_audience_export_1a.csv", {"customer.created", "consent.given"}),
        ("Unsubscribed_members_export_1a.csv", {"customer.created", "consent.denied"}),
        ("cleaned_members_export_1a.csv", {"customer.created", "message.bounced"}),
        ("nonsubscribed_members_export_1a.csv", {"customer.created"}),
        ("list.csv", {"customer.created"}),
    ],
)
def test_the_name_of_the_file_tells_what_its_people_agreed_to(engine, tmp_path, name, kinds):
    parsed = read(engine, tmp_path, made("mailchimp subscribed").text(), name)
    assert {row["kind"] for row in rows(engine, "facts")} == kinds
    assert ("contact.refused" in kinds) is False
    assert any("no consent was imported" in note for note in parsed.notes) is (name == "list.csv")


def test_an_upload_goes_by_the_name_it_has_for_the_user(engine, tmp_path):
    name = "subscribed_members_export_1a.csv"
    read(engine, tmp_path, made("mailchimp subscribed").text(), "upload-17.csv", name=name)
    assert {row["kind"] for row in rows(engine, "facts")} == {"customer.created", "consent.given"}
    _, message = refusal(engine, tmp_path, made("woocommerce orders").text(), "upload-18.csv", name="my orders.csv")
    assert "my orders.csv" in message
    assert "upload" not in message


@pytest.mark.parametrize(("name", "kind"), [("unsubscribed", "consent.denied"), ("cleaned", "message.bounced")])
def test_a_renamed_file_tells_it_by_its_columns(engine, tmp_path, name, kind):
    read(engine, tmp_path, made(f"mailchimp {name}").text(), "list.csv")
    assert {row["kind"] for row in rows(engine, "facts")} == {"customer.created", kind}


# Bodies and identities


def test_what_is_personal_or_free_text_stands_in_bodies_and_identities(engine, tmp_path):
    export = made("shopify customers")
    parse(engine, export.write(tmp_path, random.Random(1)), times_in="UTC", currency=None)
    kinds = {row["kind"] for row in rows(engine, "identities")}
    assert kinds == {"customer", "email", "phone", "name", "address", "tag"} or kinds >= {"customer", "email"}
    export = made("mailchimp unsubscribed")
    parse(engine, export.write(tmp_path), times_in="UTC", currency=None)
    bodies = [row["body"] for row in rows(engine, "facts") if row["kind"] == "consent.denied"]
    assert all('"confirm_ip":"203.0.113.9"' in body and '"unsub_reason":"NO_LONGER"' in body for body in bodies)
    assert {row["value"] for row in rows(engine, "identities") if row["kind"] == "tag"} == {"VIP", "Blog"}
    assert {row["match"] for row in rows(engine, "identities") if row["kind"] == "tag"} == {None}


def test_other_encodings_and_spreadsheets_are_read_alike(engine, tmp_path):
    import openpyxl

    export = made("stripe payments")
    parse(engine, export.write(tmp_path), times_in="UTC", currency=None)
    expected = rows(engine, "facts")
    read(engine, tmp_path, export.text().encode("utf-16"))
    assert rows(engine, "facts") == expected
    book = openpyxl.Workbook()
    book.active.append(list(export.columns))
    for row in export.rows:
        book.active.append([row.get(name) or None for name in export.columns])
    book.save(tmp_path / "export.xlsx")
    parse(engine, tmp_path / "export.xlsx", times_in="UTC", currency=None)
    assert rows(engine, "facts") == expected
