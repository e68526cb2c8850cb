"""The rule in force, its versions, and rules that somebody writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext, gettext_lazy

from tenure.errors import BadPolicy
from tenure.lifecycle.policy import ASKING, DEFAULT, RULE_KINDS, Policy, Rule, dumps
from tenure.lifecycle.policy_keys import Levels
from tenure_app.ledger.models import PolicyVersion
from tenure_app.ledger.policies import of_text
from tenure_app.refused import Refused
from tenure_app.web.words import NBSP, decimal, ordinal_from

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Line", "NumbersForm", "difference", "in_force", "numbers_of", "policy_of", "ruling", "text_of"]


def in_force() -> tuple[Policy, PolicyVersion | None]:
    """The policy in force and the version that brought it; the default where none was ever saved."""
    version = PolicyVersion.objects.first()
    return (DEFAULT, None) if version is None else (policy_of(version.toml), version)


def policy_of(toml: str) -> Policy:
    """The policy of a text. Refused: one line naming key, what was found and what is allowed."""
    try:
        return of_text(toml)
    except BadPolicy as wrong:
        raise Refused("bad_policy", str(wrong)) from None


def ruling(policy: Policy) -> list[str]:
    """The rule in words, sentence by sentence."""
    said = [
        gettext("New from the first order, active from the {active}, loyal from the {loyal}.").format(
            active=ordinal_from(policy.active_from), loyal=ordinal_from(policy.loyal_from)
        ),
        *_levels(policy.rule),
    ]
    if policy.restart_after == "inactive":
        said.append(gettext("Who comes back out of inactive starts anew, as new."))
    if policy.scopes:
        said.append(gettext("Customers of some categories or regions have rules of their own."))
    for season in policy.seasons:
        what = ", ".join(part for part in (season.category, season.region) if part) or gettext("the whole shop")
        months = ", ".join(str(month) for month in season.months)
        said.append(
            gettext("{what} has a season in months {months}; write {days} days before.").format(
                what=what, months=months, days=season.lead_days
            )
        )
    if policy.learn:
        said.append(gettext("Seasons that prove themselves over two years are learnt."))
    return said


def _levels(rule: Rule) -> Iterator[str]:
    one, two, three = (decimal(days) for days in rule.days)
    match rule.kind:
        case "window":
            yield gettext("Overdue: silent for {one} days; long overdue: {two}; inactive: {three}.").format(
                one=one, two=two, three=three
            )
        case "quantile":
            low, middle, high = (_share(level) for level in rule.quantiles)
            yield gettext(
                "Overdue: silent longer than {low} of the gaps of somebody with this rhythm; long overdue: {middle};"
                " inactive: {high}."
            ).format(low=low, middle=middle, high=high)
        case "chance":
            yield gettext("Overdue: {unlikely}.").format(unlikely=_unlikely(rule))
        case _:
            yield gettext(
                "Overdue: silent longer than {floor} of the gaps of somebody with this rhythm (after a first or second"
                " order: than usual) and {unlikely}; in any case after {cap} of the gaps."
            ).format(floor=_share(rule.floors[0]), unlikely=_unlikely(rule), cap=_share(rule.caps[0]))
    if rule.kind in ASKING:
        yield gettext("Long overdue and inactive: the same at {long} and {gone} of the average’s odds.").format(
            long=decimal(rule.odds[1]), gone=decimal(rule.odds[2])
        )
    if rule.kind in ASKING and rule.model != Rule().model:
        yield gettext("How likely an order is, the purchase model {model} says.").format(model=rule.model)


def _unlikely(rule: Rule) -> str:
    if rule.odds[0] == 1.0:
        return gettext("less likely to order again than the shop’s average customer")
    return gettext("at less than {odds} of the average customer’s odds to order again").format(
        odds=decimal(rule.odds[0])
    )


def _share(level: float) -> str:
    return f"{decimal(level * 100)}{NBSP}%"


_KINDS: Final = {
    "rhythm": gettext_lazy("rhythm: gaps and chance together"),
    "quantile": gettext_lazy("quantile: gaps alone"),
    "chance": gettext_lazy("chance alone"),
    "window": gettext_lazy("window: fixed days"),
}
_TRIPLES: Final = ("floors", "caps", "odds", "quantiles", "days")
_PLACES: Final = ("short", "long", "inactive")


class NumbersForm(forms.Form):
    """The main numbers of a policy; everything else stays as the text below has it."""

    active_from = forms.IntegerField(min_value=2, max_value=99)
    loyal_from = forms.IntegerField(min_value=3, max_value=100)
    kind = forms.ChoiceField(choices=[(key, _KINDS[key]) for key in RULE_KINDS])
    lead_days = forms.IntegerField(min_value=0, max_value=366)
    restart_after = forms.ChoiceField(
        choices=[("never", gettext_lazy("never")), ("inactive", gettext_lazy("inactive"))]
    )
    for _name in _TRIPLES:
        for _place in _PLACES:
            locals()[f"{_name}_{_place}"] = forms.FloatField(min_value=0)
    del _name, _place

    def policy(self, base: Policy) -> Policy:
        """The base with the form's numbers. Refused, in the policy's own words, where they do not fit together."""
        given = self.cleaned_data
        triples: dict[str, Levels] = {name: _triple(given, name) for name in _TRIPLES}
        try:
            rule = replace(base.rule, kind=given["kind"], **triples)  # type: ignore[arg-type]
            return replace(
                base,
                active_from=given["active_from"],
                loyal_from=given["loyal_from"],
                rule=rule,
                lead_days=given["lead_days"],
                restart_after=given["restart_after"],
            )
        except BadPolicy as wrong:
            raise Refused("bad_policy", str(wrong)) from None


def _triple(given: dict[str, Any], name: str) -> Levels:
    short, long, gone = (given[f"{name}_{place}"] for place in _PLACES)
    return short, long, gone


def numbers_of(policy: Policy) -> dict[str, Any]:
    """A policy's main numbers, as the form shows them."""
    rule = policy.rule
    values = {
        f"{name}_{place}": value for name in _TRIPLES for place, value in zip(_PLACES, getattr(rule, name), strict=True)
    }
    values = {name: int(value) if value == int(value) else value for name, value in values.items()}
    return {
        **values,
        "active_from": policy.active_from,
        "loyal_from": policy.loyal_from,
        "kind": rule.kind,
        "lead_days": policy.lead_days,
        "restart_after": policy.restart_after,
    }


@dataclass(frozen=True, slots=True)
class Line:
    """A line of two texts side by side: `sign` is "+", "-" or " "."""

    sign: str
    text: str


def difference(before: str, after: str) -> list[Line]:
    """What changed from one text to the other, line by line; headers of the policies left out."""
    from difflib import ndiff

    texts = [[line for line in one.splitlines() if not line.startswith("#")] for one in (before, after)]
    return [Line(line[0], line[2:]) for line in ndiff(*texts) if line[0] in "+- "]


def text_of(policy: Policy) -> str:
    """The policy as TOML."""
    return dumps(policy)
