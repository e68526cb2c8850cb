"""The door for web servers: `tenure_app.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure_app.settings")
application = get_wsgi_application()
