"""Which kinds of events over the wire lives are computed from: the mirror holds these, beside all that files brought,
and only they make anybody be judged anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenure.events import ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED
from tenure_app.ledger.models import CORRECTED, REVERSED

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy

__all__ = ["LIFE", "STAGE_CHANGED", "life_kinds"]

STAGE_CHANGED: Final = "stage.changed"
"""Appended by ourselves when somebody's stage moves: what came of their life, never a part of it."""
LIFE: Final = frozenset({
    ORDER_PLACED, ORDER_REFUNDED, ORDER_CANCELLED, *CORRECTED, *REVERSED, "customer.created", "customer.left",
    "customer.erased", "contact.refused", "contact.allowed", "consent.given", "consent.denied", "message.bounced",
    "complaint.opened", "complaint.resolved",
})  # fmt: skip
"""What may begin a life or move a stage under every policy. Whoever becomes known over the wire has a
`customer.created` of their own, so that nobody needs their visits to be there."""


def life_kinds(*policies: Policy) -> frozenset[str]:
    """LIFE, and what breaks a silence under some policies."""
    return LIFE.union(*(policy.activity for policy in policies))
