"""Who may ask what: keys with scopes, people who are signed in, and operations that say what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured
from ninja import Router
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from tenure_app.api.limits import taken
from tenure_app.api.models import ApiKey
from tenure_app.api.problems import Problem
from tenure_app.api.scopes import PERMISSIONS, Scope, digest_of
from tenure_app.roles import may, role_of

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["Caller", "Guarded", "Key", "Session", "asks", "caller_of", "found_by_key", "scope_of"]

_SAFE: Final = ("GET", "HEAD")
V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: by a key, or signed in. name: for what is recorded of who did it; bucket: whose requests are counted
    together."""

    key: ApiKey | None
    name: str
    bucket: str


def asks(scope: Scope) -> Callable[[V], V]:
    """Marks an operation with what it asks of who comes."""

    def marked(view: V) -> V:
        view.scope = scope  # type: ignore[attr-defined]
        return view

    return marked


def scope_of(view: Callable[..., Any]) -> Scope:
    """What an operation asks of who comes; ImproperlyConfigured for one that does not say."""
    found = getattr(view, "scope", None)
    if not isinstance(found, Scope):
        raise ImproperlyConfigured(f"the operation {view.__name__!r} declares no scope: mark it with @asks(Scope...)")
    return found


class Guarded(Router):
    """A router that takes no operation without a declared scope."""

    def add_api_operation(self, path: str, methods: list[str], view_func: Callable[..., Any], **more: Any) -> None:
        """Add the operation behind its own guards, whatever else is said of `auth`."""
        scope = scope_of(view_func)
        more["auth"] = [Key(scope), Session(scope)]
        more["operation_id"] = more.get("operation_id") or view_func.__name__
        super().add_api_operation(path, methods, view_func, **more)


def caller_of(request: HttpRequest) -> Caller:
    """Who asks, once they were let in; Problem where nobody was."""
    found: Caller | None = getattr(request, "caller", None)
    if found is None:
        raise Problem(401, "no_key", "show a key: Authorization: Bearer tk_…")
    return found


def found_by_key(request: HttpRequest) -> Caller | None:
    """Whose key is shown, None where none is; Problem for one that nobody has (any more). Asked once a request."""
    if not hasattr(request, "by_key"):
        request.by_key = _by_key(request)  # type: ignore[attr-defined]
    return request.by_key  # type: ignore[attr-defined, no-any-return]


def _by_key(request: HttpRequest) -> Caller | None:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        return None
    if kind.lower() != "bearer":
        raise Problem(401, "no_key", "a key is shown as: Authorization: Bearer tk_…")
    key = ApiKey.objects.filter(digest=digest_of(secret.strip()), revoked_at=None).first()
    if key is None:
        raise Problem(401, "unknown_key", "nobody has this key, or it was revoked")
    return Caller(key, f"key {key.name}", f"key:{key.pk}")


class Key(HttpBearer):
    """A key in the header Authorization."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        """Whose key it is, None where none is shown; Problem for one that may not."""
        found = found_by_key(request)
        if found is None or found.key is None:
            return None
        taken(request, found.bucket)
        if self._scope.value not in found.key.scopes:
            raise Problem(403, "not_allowed", f"this key may not do that: it needs the scope {self._scope.value!r}")
        request.caller = found  # type: ignore[attr-defined]
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Any:  # noqa: ARG002 - as django-ninja has it
        """As calling it."""
        return self(request)


class Session(APIKeyCookie):
    """Somebody who is signed in to the console and has a role; what changes something carries a form's token."""

    param_name = "sessionid"

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        """Who is signed in, None for nobody; Problem for who may not."""
        if not request.user.is_authenticated:
            raise Problem(401, "no_key", "show a key: Authorization: Bearer tk_…")
        name = request.user.get_username()
        taken(request, f"user:{request.user.pk}")
        if not may(role_of(request.user), PERMISSIONS[self._scope]):
            raise Problem(403, "not_allowed", "your role does not allow that")
        if request.method not in _SAFE and check_csrf(request) is not None:
            raise Problem(403, "no_token", "the request does not carry the page's token (X-CSRFToken)")
        request.caller = Caller(None, name, f"user:{request.user.pk}")  # type: ignore[attr-defined]
        return request.caller  # type: ignore[attr-defined]

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # noqa: ARG002 - as django-ninja has it
        """As calling it."""
        return self(request)
