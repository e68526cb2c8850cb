"""Tells Django of the one app."""

from django.apps import AppConfig

__all__ = ["TenureConfig"]


class TenureConfig(AppConfig):
    """The app `tenure`; its capabilities are packages, its tables those of `tenure_app.models`."""

    name = "tenure_app"
    label = "tenure"
    verbose_name = "Tenure"
    default_auto_field = "django.db.models.BigAutoField"
