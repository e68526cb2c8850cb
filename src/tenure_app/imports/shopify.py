"""Shopify's exports of orders and of customers, the latter in the columns of today and of 2023."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tenure_app.imports.form import Field, Format, Task

__all__ = ["CUSTOMERS", "ORDERS"]


def _remarks(task: Task) -> Iterator[str]:
    """What the export does not say, or not of every order."""
    if "status" not in task.mapping:
        yield "the file has no column 'Financial Status': every order was taken as paid"
    refunds, lines, words = task.ask("shopify", "count_doubts")[0]
    if refunds:
        yield (
            f"the export does not say when money went back: {refunds} refunds stand at the time of the cancellation,"
            " or of the order where there was none"
        )
    if lines:
        yield f"{lines} lines of orders could not be used; their orders were kept with the lines that could"
    if words:
        yield f"orders of an unknown financial status were left out: {words}"


ORDERS: Final = Format(
    name="shopify-orders",
    family="shopify",
    says="Shopify's export of orders",
    fields=(
        Field("order_name", ("Name",)),
        Field("email", ("Email",)),
        Field("phone", ("Phone",)),
        Field("status", ("Financial Status",)),
        Field("currency", ("Currency",)),
        Field("created", ("Created at",), "time"),
        Field("cancelled", ("Cancelled at",), "time"),
        Field("total", ("Total", "Subtotal"), "money"),
        Field("refunded", ("Refunded Amount",), "money"),
        Field("discount", ("Discount Amount",), "money"),
        Field("discount_codes", ("Discount Code",)),
        Field("item_quantity", ("Lineitem quantity",)),
        Field("item_name", ("Lineitem name",)),
        Field("item_price", ("Lineitem price",)),
        Field("item_sku", ("Lineitem sku",)),
        Field("item_discount", ("Lineitem discount",)),
        Field("billing_name", ("Billing Name",)),
        Field("billing_company", ("Billing Company",)),
        Field("billing_street", ("Billing Street", "Billing Address1")),
        Field("billing_city", ("Billing City",)),
        Field("billing_zip", ("Billing Zip",)),
        Field("billing_country", ("Billing Country",)),
        Field("billing_phone", ("Billing Phone",)),
        Field("shipping_name", ("Shipping Name",)),
        Field("shipping_street", ("Shipping Street", "Shipping Address1")),
        Field("shipping_city", ("Shipping City",)),
        Field("shipping_zip", ("Shipping Zip",)),
        Field("shipping_country", ("Shipping Country",)),
        Field("shipping_phone", ("Shipping Phone",)),
        Field("shipping_method", ("Shipping Method",)),
        Field("payment_method", ("Payment Method",)),
        Field("accepts_marketing", ("Accepts Marketing",)),
        Field("origin", ("Source",)),
        Field("notes", ("Notes",)),
        Field("note_attributes", ("Note Attributes",)),
        Field("tags", ("Tags",)),
        Field("vendor", ("Vendor",)),
    ),
    required=(("Name",), ("Created at",)),
    marks=(
        "Financial Status", "Fulfillment Status", "Paid at", "Accepts Marketing", "Subtotal", "Lineitem quantity",
        "Lineitem name", "Lineitem price", "Lineitem sku", "Cancelled at", "Refunded Amount", "Discount Code",
        "Billing Name", "Shipping Name", "Payment Method", "Outstanding Balance",
    ),
    enough=3,
    topic="shopify",
    judged=("order_lines", "order_judged"),
    drafts=("order_items", "placed", "cancelled", "refunded"),
    remarks=_remarks,
    only_names="export the orders with their 'Email' column",
)  # fmt: skip

CUSTOMERS: Final = Format(
    name="shopify-customers",
    family="shopify",
    says="Shopify's export of customers",
    fields=(
        Field("id", ("Customer ID",)),
        Field("email", ("Email",)),
        Field("phone", ("Phone",)),
        Field("address_phone", ("Default Address Phone",)),
        Field("first_name", ("First Name",)),
        Field("last_name", ("Last Name",)),
        Field("company", ("Default Address Company", "Company")),
        Field("address1", ("Default Address Address1", "Address1")),
        Field("address2", ("Default Address Address2", "Address2")),
        Field("city", ("Default Address City", "City")),
        Field("province", ("Default Address Province Code", "Province Code", "Province")),
        Field("country", ("Default Address Country Code", "Country Code", "Country")),
        Field("zip", ("Default Address Zip", "Zip")),
        Field("accepts_email", ("Accepts Email Marketing", "Accepts Marketing")),
        Field("accepts_sms", ("Accepts SMS Marketing",)),
        Field("accepts_whatsapp", ("Accepts WhatsApp Marketing",)),
        Field("note", ("Note",)),
        Field("tags", ("Tags",)),
    ),
    required=(("Email", "Customer ID", "Phone"),),
    marks=(
        "Accepts Email Marketing", "Accepts SMS Marketing", "Accepts WhatsApp Marketing", "Total Spent",
        "Total Orders", "Tax Exempt", "Default Address Address1", "Default Address Country Code",
        "Default Address Phone",
    ),
    enough=2,
    foreign=("Lineitem name", "Financial Status"),
    topic="shopify",
    judged=("customer_judged",),
    drafts=("customer_created", "customer_consents"),
    only_names="export the customers with their 'Customer ID' or 'Email' column",
)  # fmt: skip
