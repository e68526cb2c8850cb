"""Every table of the app, for Django to find."""

from tenure_app.api.models import ApiKey, KeptAnswer
from tenure_app.ledger.models import (
    Account,
    Event,
    EventBody,
    FailedSignIn,
    Identity,
    ImportRun,
    Membership,
    Merge,
    Person,
    PolicyVersion,
    RejectedRow,
    Shop,
    Source,
    Trait,
    TraitCode,
)
from tenure_app.listen.models import (
    Opportunity,
    OtherKey,
    Quarantined,
    Received,
    SourceKey,
    SpoolMark,
    Touched,
)
from tenure_app.live.models import Hook, HookAttempt, HookMessage, Standing

__all__ = [
    "Account", "ApiKey", "Event", "EventBody", "FailedSignIn", "Hook", "HookAttempt", "HookMessage", "Identity",
    "ImportRun", "KeptAnswer", "Membership", "Merge", "Opportunity", "OtherKey", "Person", "PolicyVersion",
    "Quarantined", "Received", "RejectedRow", "Shop", "Source", "SourceKey", "SpoolMark", "Standing", "Touched",
    "Trait", "TraitCode",
]  # fmt: skip
