"""The API as a whole: its operations, what they answer when something is wrong, its document and its page."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.parser import Parser

from tenure import __version__
from tenure_app.api import crossing, kept, limits
from tenure_app.api.auth import Guarded, asks, scope_of
from tenure_app.api.problems import MEDIA_TYPE, answer_to, problem
from tenure_app.api.routes_events import events_router
from tenure_app.api.routes_hooks import hooks_router
from tenure_app.api.routes_people import people_router
from tenure_app.api.routes_pictures import pictures_router
from tenure_app.api.routes_policies import policies_router
from tenure_app.api.routes_sources import sources_router
from tenure_app.api.scopes import Scope

if TYPE_CHECKING:
    from ninja.openapi.schema import OpenAPISchema
    from ninja.operation import Operation

__all__ = ["Asked", "api", "api_urls", "openapi_document", "operations"]

View = Callable[..., Any]
_DESCRIPTION: Final = (
    "Customers and where they stand in their life with the business, on any day. Instants are RFC 3339 in UTC, money is"
    " minor units with its currency, what is not known is null. A key is shown as `Authorization: Bearer tk_…`."
)
_ALWAYS: Final = {401: "no key, or nobody's", 403: "the key may not", 422: "what was asked cannot be", 429: "too often",
                  503: "not there yet, ask again"}  # fmt: skip
_PROBLEM: Final = {
    "type": "object", "title": "Problem", "description": "What is wrong, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string"}, "code": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object", "required": ["where", "why"], "properties": {
            "where": {"type": "string"}, "why": {"type": "string"}}}},
    },
}  # fmt: skip


class _Parser(Parser):
    """Reads bodies as strictly as they are stored."""

    def parse_body(self, request: HttpRequest) -> Any:
        """What the JSON says. HttpError for what is none, or nested without end."""
        try:
            return msgspec.json.decode(request.body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise HttpError(400, "the body is no JSON that can be read") from error


class Asked(NinjaAPI):
    """The API; its document says what every operation answers when something is wrong."""

    def get_openapi_schema(self, **more: Any) -> OpenAPISchema:
        """The document, with the problems."""
        said = super().get_openapi_schema(**more)
        said["components"]["schemas"]["Problem"] = _PROBLEM
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for where, methods in said["paths"].items():
            # an operation of several methods is one object
            for method, operation in list(methods.items()):
                methods[method] = operation = copy.deepcopy(operation)
                told = dict(_ALWAYS)
                if "{" in where:
                    told[404] = "nobody or nothing is there"
                if method in ("post", "put", "delete"):
                    told |= {400: "no JSON", 404: "nothing is there", 409: "not as things stand", 413: "too large"}
                    operation["parameters"] += [_WORD] if method == "post" else []
                else:
                    told |= {404: "nothing is there"}
                for status, why in told.items():
                    operation["responses"].setdefault(status, {"description": why, "content": content})
        return said


_WORD: Final = {
    "in": "header", "name": kept.HEADER, "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": kept.LONGEST, "pattern": kept.PATTERN},
    "description": "a word of your own; sent again with it, the request is not carried out twice",
}  # fmt: skip

api = Asked(
    title="Tenure", version=__version__, description=_DESCRIPTION, urls_namespace="api", docs_url=None,
    openapi_url=None, default_router=Guarded(), parser=_Parser(),
)  # fmt: skip
api.add_exception_handler(Exception, answer_to)
for _error in list(api._exception_handlers):  # noqa: SLF001 - its own answers are no problem details
    api.add_exception_handler(_error, answer_to)  # type: ignore[arg-type]
api.add_decorator(kept.once, mode="view")
for _router in (people_router, pictures_router, events_router, policies_router, sources_router, hooks_router):
    api.add_router("", _router)


@api.get("/openapi.json", include_in_schema=False)
@asks(Scope.SEE)
def openapi_document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The document of the API."""
    return JsonResponse(api.get_openapi_schema(path_prefix="/api/v1/"))


def operations() -> list[tuple[str, str, Operation]]:
    """Every operation: its address below the API's, its method, and itself."""
    return [
        (where, method, operation)
        for bound in api._get_bound_routers()  # noqa: SLF001 - it has no public name
        for where, view in bound.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    ]


def api_urls() -> list[URLPattern]:
    """The addresses below /api/v1/, each with the scopes that its methods ask for."""
    scopes: dict[str, dict[str, Scope]] = {}
    for where, method, operation in operations():
        scopes.setdefault(where, {})[method] = scope_of(operation.view_func)
    found = {}
    for one in api.urls[0]:
        where = "/" + str(one.pattern).replace("<", "{").replace(">", "}")
        if where in scopes and where not in found:
            view = _answering(one.callback)
            view.scopes = scopes[where]  # type: ignore[attr-defined]
            found[where] = path(f"api/v1/{one.pattern}", view, name=f"api-{one.name}")
    missing = re_path(r"^api/v1(?:/.*)?$", _answering(_missing), name="api-missing")
    return [*found.values(), missing]


def _missing(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return problem(404, "not_found", "there is nothing at this address; /api/v1/openapi.json says what there is")


def _answering(view: View) -> View:
    """The view behind what holds for all of them."""

    @csrf_exempt
    @wraps(view)
    def answered(request: HttpRequest, **given: Any) -> HttpResponse:
        if crossing.is_customerios(request):
            return crossing.taken_in(request)
        try:
            if "\0" in request.path_info or any("\0" in one for _, said in request.GET.lists() for one in said):
                return problem(422, "bad_text", "the address holds a NUL")
            answer = view(request, **given)
        except Exception as error:  # noqa: BLE001 - an address may be none that can be read, too
            return answer_to(request, error)
        if answer.status_code == 405:
            allowed = answer.headers.get("Allow", "")
            answer = problem(405, "method_not_allowed", f"{request.method} is not possible here; {allowed} is")
            answer["Allow"] = allowed
        limits.say_left(request, answer)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    return answered
