"""All formats, by the names that `--format` takes."""

from __future__ import annotations

from typing import Final

from tenure_app.imports import hubspot, mailchimp, shopify, square, stripe, woocommerce
from tenure_app.imports.form import Format

__all__ = ["FORMATS", "ORDERS", "names"]

ORDERS: Final = Format(
    name="orders",
    family="orders",
    says="a file of orders with a customer and a time",
    fields=(),
    required=(),
    marks=(),
    enough=0,
)
"""Any file with a customer and a time column; its columns are found by role, as the core finds them."""

FORMATS: Final[tuple[Format, ...]] = (
    shopify.ORDERS,
    shopify.CUSTOMERS,
    woocommerce.ORDERS,
    woocommerce.CUSTOMERS,
    stripe.PAYMENTS,
    square.TRANSACTIONS,
    mailchimp.AUDIENCE,
    hubspot.CONTACTS,
)
"""The exports that are recognised by their own columns."""


def names() -> tuple[str, ...]:
    """What `--format` takes besides auto."""
    return (ORDERS.name, *(each.name for each in FORMATS))
