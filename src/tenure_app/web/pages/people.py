"""Two numbers turn out to be one person, or two again; and what is so with somebody this moment."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from tenure_app import clock
from tenure_app.ledger import merging
from tenure_app.ledger.models import Merge, Person
from tenure_app.listen.convert import touch
from tenure_app.refused import Refused
from tenure_app.roles import Permission
from tenure_app.web.frame import show
from tenure_app.web.knowing import group_of
from tenure_app.web.moment import moment, number_in, shop_of
from tenure_app.web.present import present
from tenure_app.web.routes import page

__all__ = ["live_page", "merge_page", "unmerge_page"]


def _there(person: int) -> int:
    """Whom a number stands for; 404 for nobody's."""
    if not 0 < person < 2**62 or not Person.objects.filter(pk=person).exists():
        raise Http404
    return merging.root_of(person)


@page(Permission.SEE)
def live_page(request: HttpRequest, person: int) -> HttpResponse:
    """The part of a customer's page that follows them; nothing where nothing is new since the page was made."""
    at, root = moment(request), _there(person)
    found = present(at, group_of(root), shop_of(request))
    if request.GET.get("mark") == found["mark"]:
        return HttpResponse(status=204)
    return show(request, "tenure/live.html", {"live": found, "c": root}, here="customers")


@page(Permission.IMPORT, "POST")
def merge_page(request: HttpRequest, person: int) -> HttpResponse:
    """Take somebody and another number for one person."""
    at, root = moment(request), _there(person)
    other = number_in(request.POST.get("other", "").strip().lstrip("#"), most=2**62)
    if other is None or not Person.objects.filter(pk=other).exists():
        raise Refused("unknown_person", gettext("Nobody was merged: there is no customer of this number."))
    now = clock.now()
    with transaction.atomic():
        made = merging.merge(other, root, by=request.user.get_username(), now=now)
        if made is not None:
            touch(sorted({root, other, made.person_id, made.canonical_id}), now=now)
    if made is None:
        raise Refused("same_person", gettext("Nobody was merged: these two are one person already."))
    stands = merging.root_of(root)
    messages.success(request, gettext("{a} and {b} are one person now, customer {root}.").format(
        a=root, b=other, root=stands
    ))  # fmt: skip
    return HttpResponseRedirect(at.link("customer", stands))


@page(Permission.IMPORT, "POST")
def unmerge_page(request: HttpRequest, person: int) -> HttpResponse:
    """End a merge: who was merged by it stands for themselves again."""
    at, root = moment(request), _there(person)
    number = number_in(request.POST.get("merge", ""), most=2**62)
    found = Merge.objects.filter(pk=number).first() if number is not None else None
    if found is None or merging.root_of(found.person_id) != root:
        raise Refused("unknown_merge", gettext("Nobody was parted: this customer has no such merge."))
    now = clock.now()
    with transaction.atomic():
        parted = merging.unmerge(found.pk, by=request.user.get_username(), now=now)
        touch([parted.person, parted.root], now=now)
    messages.success(request, gettext("{n} stands for themselves again.").format(n=parted.person))
    return HttpResponseRedirect(at.link("customer", parted.root))
