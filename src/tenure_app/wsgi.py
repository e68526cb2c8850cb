"""The door for web servers: `tenure_app.wsgi:application`."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure_app.settings")
application = get_wsgi_application()
# What is loaded by now stays until the end: looking through it for garbage would hold up every tenth page by 100 ms.
get_resolver().url_patterns  # noqa: B018  # loads the pages
gc.collect()
gc.freeze()
