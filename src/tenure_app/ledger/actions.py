"""What is changed beside the events: what the shop says of itself, the policy in force."""

from __future__ import annotations

from typing import Any

from tenure.errors import InvalidInput
from tenure.lifecycle.policy import Policy, dumps
from tenure.money import exponent
from tenure.periods import zone_named
from tenure_app.ledger.identity import VISITS
from tenure_app.ledger.models import PolicyVersion, Shop
from tenure_app.ledger.told import LONGEST
from tenure_app.refused import Refused

__all__ = ["describe_engagement", "describe_shop", "save_policy"]


def describe_shop(**said: Any) -> Shop:
    """Change some of name, zone, currency, fiscal_year_month, margin (None: not known), discount_rate, visits (one of
    identity.VISITS) and mirrored_traits (names). BadTime for no zone; Refused for what is no currency, no month, no
    name, no share of a price, no rate, no way with visits or no trait's name."""
    if "zone" in said:
        zone_named(said["zone"])
    if said.get("currency"):
        try:
            exponent(said["currency"])
        except InvalidInput as wrong:
            raise Refused("bad_currency", f"nothing was saved: {wrong}") from None
    if said.get("fiscal_year_month", 1) not in range(1, 13):
        raise Refused("bad_month", f"nothing was saved: {said['fiscal_year_month']} is no month; write 1 to 12")
    margin, rate = said.get("margin"), said.get("discount_rate", 0.0)
    if margin is not None and not 0.0 < margin <= 1.0:
        raise Refused("bad_margin", f"nothing was saved: {margin:g} is no margin; it is a share above 0, up to 1")
    if not 0.0 <= rate <= 10.0:
        raise Refused("bad_rate", f"nothing was saved: {rate:g} is no discount rate; it is from 0 to 10 a year")
    if said.get("visits", VISITS[0]) not in VISITS:
        raise Refused("bad_visits", f"nothing was saved: visits join {', '.join(VISITS)}; not {said['visits']}")
    if any(not 0 < len(name) <= LONGEST for name in said.get("mirrored_traits", ())):
        raise Refused("bad_trait", f"nothing was saved: a trait's name has 1 to {LONGEST} characters")
    if not said.get("name", "x").strip():
        raise Refused("no_name", "nothing was saved: the shop needs a name")
    Shop.objects.update_or_create(pk=1, defaults=said)
    return Shop.objects.one()


def describe_engagement(toml: str) -> Shop:
    """How far on prospects are, by these rules from now on; empty: by the usual ones. BadPolicy for what is none."""
    from tenure.lifecycle.engagement import loads  # brings arrays along, which nothing else here needs

    loads(toml)
    Shop.objects.update_or_create(pk=1, defaults={"engagement": toml.strip() and toml})
    return Shop.objects.one()


def save_policy(policy: Policy, *, note: str, by: str, now: int) -> PolicyVersion:
    """A new version, in force from now on. Refused where it is the one in force."""
    last = PolicyVersion.objects.first()
    if last is not None and last.hash == policy.hash:
        raise Refused("same_policy", f"nothing was saved: policy {policy.hash} is in force already")
    return PolicyVersion.objects.create(
        hash=policy.hash, toml=dumps(policy), saved_at=now, by=by[:150], note=note[:300]
    )
