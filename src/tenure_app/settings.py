"""Django's settings, from the environment; docs/reference/settings.md lists every name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from tenure_app.environment import data_folder, database, secret, words

HERE: Final = Path(__file__).resolve().parent

TENURE_DATA = data_folder()
DATABASES = {"default": database(os.environ.get("DATABASE_URL") or f"sqlite:///{TENURE_DATA / 'ledger.sqlite3'}")}

# of sessions and forms; a new one signs everybody out
SECRET_KEY = secret("TENURE_SECRET_KEY", TENURE_DATA)
# of the ledger's payload hashes; a new one would take every fact for a changed one: keep it with the backups
TENURE_HASH_KEY = secret("TENURE_HASH_KEY", TENURE_DATA)

# requests that may wait for the worker before senders are asked to come again later
TENURE_BACKLOG = int(os.environ.get("TENURE_BACKLOG") or 20_000)

# requests a second that a key may make of the API, in each web process; 0: as many as it likes
TENURE_API_RATE = float(os.environ.get("TENURE_API_RATE") or 50)

# whether outgoing webhooks may be sent into private networks
TENURE_HOOKS_PRIVATE = os.environ.get("TENURE_HOOKS_PRIVATE") == "1"

DEBUG = os.environ.get("TENURE_DEBUG") == "1"
ALLOWED_HOSTS = words("TENURE_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_FAILURE_VIEW = "tenure_app.web.states.stale"
CSRF_TRUSTED_ORIGINS = words("TENURE_ORIGINS", "")

INSTALLED_APPS = [
    "tenure_app",  # first: its `migrate` takes the place of Django's
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "ninja",
]
MIDDLEWARE = [
    "tenure_app.api.seen.Seen",
    "tenure_app.api.straight.Straight",  # first: events come by the thousand and need none of the others
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "tenure_app.urls"
WSGI_APPLICATION = "tenure_app.wsgi.application"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [HERE / "web" / "templates"],
    "APP_DIRS": True,
    "OPTIONS": {
        "context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ],
        "builtins": ["tenure_app.web.templatetags.tenure"],
    },
}]  # fmt: skip

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "ring"
LOGOUT_REDIRECT_URL = "sign-in"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# behind a server that speaks TLS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("TENURE_TLS") == "1"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# scripts and styles come from this server alone, none stand in a page; the admin relaxes this for itself
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE], "script-src": [SELF], "style-src": [SELF], "img-src": [SELF, "data:"],
        "font-src": [SELF], "connect-src": [SELF], "form-action": [SELF], "base-uri": [NONE], "frame-ancestors": [NONE],
    },
}  # fmt: skip

LANGUAGE_CODE = os.environ.get("TENURE_LANGUAGE") or "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [HERE / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"  # the shop's zone is a setting of the shop

STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "web" / "static"]
# served from the installed packages; nothing is collected, nothing fetched
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEST_RUNNER = "django.test.runner.DiscoverRunner"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE = 0  # files go to disk at once
LOGGING = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "tenure_app.logs.Text"},
        "json": {"()": "tenure_app.logs.Lines"},
    },
    "handlers": {"console": {
        "class": "logging.StreamHandler",
        "formatter": "json" if os.environ.get("TENURE_LOG_FORMAT") == "json" else "plain",
    }},
    "root": {"handlers": ["console"], "level": os.environ.get("TENURE_LOG") or "WARNING"},
    # it would say the whole address of whatever was refused, and people's ids stand in those; tenure.request says each
    # request without them
    "loggers": {"django.request": {"level": "ERROR"}},
}  # fmt: skip
