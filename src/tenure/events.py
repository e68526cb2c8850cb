"""The kinds of events a timeline may hold, and what each one does to a life (GLOSSARY.md owns the words)."""

from typing import Final

__all__ = ["KINDS", "ORDER_CANCELLED", "ORDER_PLACED", "ORDER_REFUNDED", "SYNONYMS"]

ORDER_PLACED: Final = "order.placed"
ORDER_REFUNDED: Final = "order.refunded"
ORDER_CANCELLED: Final = "order.cancelled"

KINDS: Final[dict[str, str]] = {
    ORDER_PLACED: "bought something; the only kind that moves anybody to new, active or loyal",
    ORDER_REFUNDED: "money went back; a full refund of a known order ends that order",
    ORDER_CANCELLED: "an order was called off; a known order stops counting",
    "customer.created": "became known without buying",
    "page.viewed": "looked at a page",
    "product.viewed": "looked at a product",
    "product.used": "used what was bought",
    "cart.updated": "put something into a cart or took it out",
    "message.received": "wrote or called us",
    "message.bounced": "cannot be reached at the address we have, for good",
    "complaint.opened": "is dissatisfied and waits for an answer",
    "complaint.resolved": "the complaint was settled",
    "contact.refused": "asked not to be contacted",
    "contact.allowed": "may be contacted again",
    "consent.given": "agreed to messages on a channel",
    "consent.denied": "did not agree, or no longer agrees, to messages on a channel; other contact stays allowed",
    "customer.left": "left explicitly; the reason is in the row",
    "customer.erased": "asked to be forgotten",
}

SYNONYMS: Final[dict[str, str]] = {
    "order": ORDER_PLACED, "orders": ORDER_PLACED, "purchase": ORDER_PLACED, "sale": ORDER_PLACED,
    "placed": ORDER_PLACED, "paid": ORDER_PLACED, "completed": ORDER_PLACED,
    "order completed": ORDER_PLACED, "order placed": ORDER_PLACED,
    "refund": ORDER_REFUNDED, "refunded": ORDER_REFUNDED, "return": ORDER_REFUNDED, "order refunded": ORDER_REFUNDED,
    "cancel": ORDER_CANCELLED, "cancelled": ORDER_CANCELLED, "canceled": ORDER_CANCELLED,
    "order cancelled": ORDER_CANCELLED,
    "visit": "page.viewed", "view": "page.viewed", "page": "page.viewed", "signup": "customer.created",
    "complaint": "complaint.opened", "do not contact": "contact.refused", "unsubscribed": "contact.refused",
    "bounced": "message.bounced",
}
"""What exports call these kinds, lower case, mapped to ours."""
