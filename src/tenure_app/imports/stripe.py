"""Stripe's export of payments, in the columns of today and of some years ago."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tenure_app.imports.form import Field, Format, Task

__all__ = ["PAYMENTS"]


def _remarks(task: Task) -> Iterator[str]:
    refunds, words = task.ask("stripe", "count_doubts")[0]
    if refunds:
        yield f"the export does not say when money went back: {refunds} refunds stand at the time of their payment"
    if words:
        yield f"payments of an unknown status were left out: {words}"


PAYMENTS: Final = Format(
    name="stripe-payments",
    family="stripe",
    says="Stripe's export of payments",
    fields=(
        Field("number", ("id",)),
        Field("created", ("Created date (UTC)", "Created (UTC)"), "utc"),
        Field("amount", ("Amount",), "money"),
        Field("refunded", ("Amount Refunded",), "money"),
        Field("currency", ("Currency",)),
        Field("status", ("Status",)),
        Field("captured", ("Captured",)),
        Field("mode", ("Mode",)),
        Field("id", ("Customer ID",)),
        Field("email", ("Customer Email",)),
        Field("name", ("Customer Name", "Card Name")),
        Field("country", ("Card Address Country",)),
        Field("description", ("Description",)),
        Field("payment_type", ("Payment Source Type",)),
        Field("invoice", ("Invoice ID",)),
        Field("intent", ("PaymentIntent ID",)),
    ),
    required=(("id",), ("Created date (UTC)", "Created (UTC)"), ("Amount",)),
    marks=(
        "Amount Refunded", "Converted Amount", "Captured", "Card ID", "Customer ID", "Customer Email",
        "Customer Description", "Fee", "Mode", "PaymentIntent ID", "Payment Source Type", "Seller Message",
        "Statement Descriptor", "Status", "Currency",
    ),
    enough=3,
    topic="stripe",
    judged=("judged",),
    drafts=("placed", "refunded"),
    remarks=_remarks,
    only_names="export the payments with 'Customer ID' or 'Customer Email'",
)  # fmt: skip
