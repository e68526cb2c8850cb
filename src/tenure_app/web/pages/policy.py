"""Policy: the rule in force in words, its versions, and another one tried before it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from tenure.lifecycle.trace import STAGES
from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.insight.moving import changed
from tenure_app.insight.reading import col, lit
from tenure_app.ledger import actions
from tenure_app.ledger.models import PolicyVersion
from tenure_app.ledger.names import called
from tenure_app.refused import Refused
from tenure_app.roles import Permission
from tenure_app.web import rules, words
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in, shop_of
from tenure_app.web.opening import opened, suggested
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy
    from tenure_app.insight.moving import Changed
    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["edit_page", "policy_page", "preview_page", "save_page", "suggest_page", "version_page"]

SHOWN: Final = 8


@page(Permission.SEE)
def policy_page(request: HttpRequest) -> HttpResponse:
    """The rule in force in words, as text, and the versions before it."""
    at = moment(request)
    policy, version = rules.in_force()
    versions = [
        {
            "number": one.pk,
            "hash": one.hash,
            "by": one.by,
            "note": one.note,
            "on": words.day_at(one.saved_at, at.zone, at.year),
        }
        for one in PolicyVersion.objects.all()[:50]
    ]
    context = {
        "policy": policy.hash,
        "version": version,
        "said": rules.ruling(policy),
        "toml": rules.text_of(policy),
        "versions": versions,
        "saved_on": words.day_at(version.saved_at, at.zone, at.year) if version else "",
    }
    return show(request, "tenure/policy.html", context, here="policy")


@page(Permission.POLICY)
def edit_page(request: HttpRequest) -> HttpResponse:
    """The rule in force as a form; `?version=` another one to begin with."""
    policy, _ = rules.in_force()
    if asked := request.GET.get("version", ""):
        policy = rules.policy_of(_version(number_in(asked, most=2**31) or 0).toml)
    return _form(request, policy, rules.NumbersForm(rules.numbers_of(policy)))


def _form(
    request: HttpRequest, policy: Policy, form: rules.NumbersForm, refusal: str = "", text: str = ""
) -> HttpResponse:
    triples = [
        (name, title, [form[f"{name}_{place}"] for place in ("short", "long", "inactive")], kinds)
        for name, title, kinds in (
            ("floors", gettext("Shares of gaps before which nobody is overdue"), "rhythm"),
            ("caps", gettext("Shares of gaps after which everybody is"), "rhythm"),
            ("odds", gettext("Odds beside the shop’s average"), "rhythm, chance"),
            ("quantiles", gettext("Shares of gaps"), "quantile"),
            ("days", gettext("Days of silence"), "window"),
        )
    ]
    context = {
        "form": form,
        "triples": triples,
        "toml": text or rules.text_of(policy),
        "policy": policy.hash,
        "refusal": refusal,
    }
    return show(request, "tenure/policy_edit.html", context, here="policy", status=400 if refusal else 200)


def _version(number: int) -> PolicyVersion:
    found = PolicyVersion.objects.filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _asked(request: HttpRequest) -> tuple[Policy | None, rules.NumbersForm, str]:
    """The policy that the form asks for, or why there is none. The numbers win over the text only where they were
    changed in the form; the button says which of the two was meant."""
    text = request.POST.get("toml", "")
    form = rules.NumbersForm(request.POST)
    try:
        base = rules.policy_of(text)
    except Refused as refusal:
        return None, form, str(refusal)
    if request.POST.get("meant") == "text":
        return base, form, ""
    if not form.is_valid():
        wrong = "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
        return None, form, wrong
    try:
        return form.policy(base), form, ""
    except Refused as refusal:
        return None, form, str(refusal)


@page(Permission.POLICY, "GET", "HEAD", "POST")
def preview_page(request: HttpRequest) -> HttpResponse:
    """Who would stand elsewhere under another policy: counted over everybody, with the first people."""
    at = moment(request)
    if request.method != "POST":
        toml = request.session.get("policy_draft")
        if not toml:
            return HttpResponseRedirect(at.link("policy-edit"))
        return _preview(request, at, rules.policy_of(toml))
    policy, form, refusal = _asked(request)
    if policy is None:
        return _form(request, rules.in_force()[0], form, refusal, request.POST.get("toml", ""))
    # kept, so that the page can ask again while the picture is computed
    request.session["policy_draft"] = rules.text_of(policy)
    return HttpResponseRedirect(at.link("policy-preview"))


def _preview(request: HttpRequest, at: Moment, policy: Policy) -> HttpResponse:
    now, _ = rules.in_force()
    here, there = opened(at), opened(at, policy)
    found = changed(here, there)
    moved, people = _compared(found, there)
    names = called(row["c"] for row in people)
    context = {
        "policy": now.hash,
        "other": policy.hash,
        "toml": rules.text_of(policy),
        "said": rules.ruling(policy),
        "diff": rules.difference(rules.text_of(now), rules.text_of(policy)),
        "moves": moved,
        "changed": sum(row["n"] for row in moved),
        "everybody": found.customers,
        "people": [{**row, "called": names[row["c"]]} for row in people],
        "currency": shop_of(request).currency,
        "same": policy.hash == now.hash,
    }
    return show(request, "tenure/policy_preview.html", context, here="policy")


def _compared(found: Changed, there: Reading) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """How many would change from which stage and detail to which, the most first; and some of them."""
    moves = [{"from": STAGES[a], "to": STAGES[b], "n": n} for (a, b), n in found.moves.items()]
    numbers = found.c[:2_000].tolist()
    if not numbers:
        return moves, []
    stood = dict(zip(numbers, found.stood.tolist(), strict=False))
    rows = there.table("people").filter(col("c").isin(*(lit(one) for one in numbers)))
    best = rows.sort(col("spent_minor").desc().nulls_last(), col("c")).limit(SHOWN).to_arrow_table().to_pylist()
    return moves, [
        {**row, "from": STAGES[stood[row["c"]]][0], "from_detail": STAGES[stood[row["c"]]][1]} for row in best
    ]


@page(Permission.POLICY, "POST")
def save_page(request: HttpRequest) -> HttpResponse:
    """Put the previewed policy in force."""
    policy = rules.policy_of(request.POST.get("toml", ""))
    by = request.user.get_username()
    try:
        actions.save_policy(policy, note=request.POST.get("note", "").strip(), by=by, now=clock.now())
    except Refused as refusal:
        said = gettext("Nothing was saved: policy {hash} is in force already.").format(hash=policy.hash)
        raise Refused(refusal.code, said) from None
    request.session.pop("policy_draft", None)
    messages.success(request, gettext("Policy {hash} is in force.").format(hash=policy.hash))
    return HttpResponseRedirect(moment(request).link("policy"))


@page(Permission.SEE)
def version_page(request: HttpRequest, number: int) -> HttpResponse:
    """A version: its words, and what it changed."""
    at, version = moment(request), _version(number)
    policy = rules.policy_of(version.toml)
    earlier = PolicyVersion.objects.filter(pk__lt=version.pk).first()
    from tenure.lifecycle.policy import DEFAULT

    before = rules.policy_of(earlier.toml) if earlier else DEFAULT
    context = {
        "version": version,
        "policy": policy.hash,
        "said": rules.ruling(policy),
        "earlier": earlier,
        "saved_on": words.long_day(date_of(day_of(version.saved_at, at.zone))),
        "diff": rules.difference(rules.text_of(before), rules.text_of(policy)),
    }
    return show(request, "tenure/policy_version.html", context, here="policy")


@page(Permission.SEE)
def suggest_page(request: HttpRequest) -> HttpResponse:
    """Rules tried on the shop's own past, and what speaks for which."""
    found = suggested(moment(request))
    policy, _ = rules.in_force()
    sentences, _, numbers = found.text.partition("\n\n")
    context = {
        "sentences": sentences.splitlines(),
        "numbers": numbers,
        "changed": found.changed,
        "toml": found.toml,
        "policy": policy.hash,
    }
    return show(request, "tenure/policy_suggest.html", context, here="policy")
