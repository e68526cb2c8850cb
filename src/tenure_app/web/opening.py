"""Opens the reading that a page asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenure_app.web.reading import NothingYet, Reading

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.suggest import Suggestion
    from tenure_app.web.moment import Moment

__all__ = ["opened", "suggested"]


def opened(at: Moment, policy: Policy | None = None) -> Reading:
    """The picture of the page's day, as known then, by the policy in force or by another one.

    NothingYet where nobody is known before the day; NotReady while it is computed.
    """
    raise NothingYet


def suggested(at: Moment) -> Suggestion:
    """Which rule would have suited the shop's past best, as of the page's day; NotReady while it is tried."""
    raise NothingYet
