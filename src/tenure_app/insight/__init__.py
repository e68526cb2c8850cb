"""What is computed from the mirror: everybody's life in a file, overlays of whoever was touched since, days' pictures."""

from tenure_app.insight.build import Built, build, restage
from tenure_app.insight.store import Sources

__all__ = ["Built", "Sources", "build", "restage"]
