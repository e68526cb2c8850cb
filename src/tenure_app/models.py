"""Every table of the app, for Django to find."""

from tenure_app.ledger.models import (
    Event,
    EventBody,
    FailedSignIn,
    Identity,
    ImportRun,
    Merge,
    Person,
    PolicyVersion,
    RejectedRow,
    Shop,
    Source,
)

__all__ = [
    "Event", "EventBody", "FailedSignIn", "Identity", "ImportRun", "Merge", "Person", "PolicyVersion", "RejectedRow",
    "Shop", "Source",
]  # fmt: skip
