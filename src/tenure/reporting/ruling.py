"""The stage rule in one sentence, for the foot of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenure.lifecycle.policy import ASKING, Rule

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy

__all__ = ["ruling"]


def ruling(policy: Policy) -> str:
    """What overdue, long overdue and inactive mean under `policy`, with its numbers; plain text."""
    kinds = {"rhythm": _rhythm, "quantile": _quantile, "chance": _chance, "window": _window}
    said = kinds[policy.rule.kind](policy.rule) + _model(policy.rule)
    if not policy.scopes:
        return said
    return said + " Customers of some categories or regions have rules of their own."


def _rhythm(rule: Rule) -> str:
    return (
        f"Overdue: silent longer than {_share(rule.floors[0])} of the gaps of somebody with this rhythm (after a first "
        f"or second order: than usual) and {_unlikely(rule)}; in any case "
        f"after {_share(rule.caps[0])} of the gaps. Long overdue and inactive: the same at {rule.odds[1]:g} and "
        f"{rule.odds[2]:g} of the average’s odds."
    )


def _quantile(rule: Rule) -> str:
    one, two, three = (_share(level) for level in rule.quantiles)
    return (
        f"Overdue: silent longer than {one} of the gaps of somebody with this rhythm; long overdue: {two}; "
        f"inactive: {three}."
    )


def _chance(rule: Rule) -> str:
    return (
        f"Overdue: {_unlikely(rule)}; long overdue and inactive at "
        f"{rule.odds[1]:g} and {rule.odds[2]:g} of the average’s odds."
    )


def _window(rule: Rule) -> str:
    one, two, three = (f"{days:g}" for days in rule.days)
    return f"Overdue: silent for {one} days; long overdue: {two}; inactive: {three}."


def _unlikely(rule: Rule) -> str:
    if rule.odds[0] == 1.0:
        return "less likely to order again than the shop’s average customer"
    return f"at less than {rule.odds[0]:g} of the odds of the shop’s average customer to order again"


def _model(rule: Rule) -> str:
    if rule.kind not in ASKING or rule.model == Rule().model:
        return ""
    return f" How likely, says {rule.model}."


def _share(level: float) -> str:
    """ "90 %", "99.9 %"."""
    return f"{level * 100:.4g}\u00a0%"
