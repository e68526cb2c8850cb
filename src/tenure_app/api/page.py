"""The page that shows the API's operations and tries them: Swagger UI as django-ninja's wheel brings it along."""

from __future__ import annotations

from typing import Final

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse

from tenure_app.roles import Permission, may, role_of

__all__ = ["docs_page"]

_SETTINGS: Final = {"layout": "BaseLayout", "deepLinking": True, "validatorUrl": None, "persistAuthorization": False}


@csp_replace({"style-src": [SELF, "'unsafe-inline'"]})
def docs_page(request: HttpRequest) -> HttpResponse:
    """The page, for who is signed in and may see; what is tried on it is tried as them."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('sign-in')}?next={request.path}")
    if not may(role_of(request.user), Permission.SEE):
        return HttpResponse("Your role does not allow that.", content_type="text/plain; charset=utf-8", status=403)
    said = {"settings": {**_SETTINGS, "url": reverse("api-openapi_document")}, "token": get_token(request)}
    return render(request, "tenure/api_docs.html", said)


docs_page.permission = Permission.SEE  # type: ignore[attr-defined]
