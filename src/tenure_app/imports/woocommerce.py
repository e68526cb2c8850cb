"""The analytics exports of WooCommerce: customers with their e-mail address, orders with nothing but a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tenure_app.imports.form import Field, Format, Task

__all__ = ["CUSTOMERS", "ORDERS"]


def _remarks(task: Task) -> Iterator[str]:
    refunds, words = task.ask("woocommerce", "count_doubts")[0]
    if refunds:
        yield f"the export does not say when {refunds} orders were refunded or cancelled: they ended when they began"
    if words:
        yield f"orders of a status that is not WooCommerce's own were taken as placed: {words}"


ORDERS: Final = Format(
    name="woocommerce-orders",
    family="woocommerce",
    says="WooCommerce's analytics export of orders",
    fields=(
        Field("created", ("Date",), "time"),
        Field("number", ("Order #",)),
        Field("net", ("Net Sales", "N. Revenue", "N. Revenue (formatted)"), "money"),
        Field("status", ("Status",)),
        Field("name", ("Customer",)),
        Field("email", ("Customer Email", "Email", "Billing Email")),
        Field("products", ("Product(s)",)),
        Field("items", ("Items sold",)),
        Field("coupons", ("Coupon(s)",)),
        Field("attribution", ("Attribution",)),
    ),
    required=(("Order #",), ("Date",)),
    marks=(
        "N. Revenue (formatted)", "N. Revenue", "Status", "Customer", "Customer type", "Product(s)", "Items sold",
        "Coupon(s)", "Net Sales", "Attribution",
    ),
    enough=3,
    topic="woocommerce",
    judged=("order_judged",),
    drafts=("placed", "ended", "returned"),
    remarks=_remarks,
    only_names=(
        "this export has no e-mail address; export the customers with theirs (Analytics, Customers), take the orders"
        " from the REST API (/wp-json/wc/v3/orders)"
    ),
)  # fmt: skip

CUSTOMERS: Final = Format(
    name="woocommerce-customers",
    family="woocommerce",
    says="WooCommerce's analytics export of customers",
    fields=(
        Field("name", ("Name",)),
        Field("username", ("Username",)),
        Field("signed_up", ("Sign Up", "Date registered"), "time"),
        Field("email", ("Email",)),
        Field("country", ("Country / Region", "Country")),
        Field("city", ("City",)),
        Field("state", ("Region",)),
        Field("zip", ("Postal Code",)),
        Field("billing_phone", ("Billing Phone",)),
        Field("shipping_phone", ("Shipping Phone",)),
        Field("role", ("Role",)),
    ),
    required=(("Email",), ("Sign Up", "Last Active", "Username")),
    marks=(
        "Username", "Last Active", "Sign Up", "Orders", "Total Spend", "AOV", "Country / Region", "Postal Code",
        "Billing Phone", "Shipping Phone",
    ),
    enough=3,
    topic="woocommerce",
    judged=("customer_judged",),
    drafts=("customer_created",),
    only_names="the customers have no e-mail address; ask for it at the checkout",
)  # fmt: skip
