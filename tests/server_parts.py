"""Django made ready for tests, with a data folder of the run's own and no answer from the user's environment."""

import os
import tempfile

KEPT = (
    "TENURE_TEST_DATA", "TENURE_EXAMPLES", "TENURE_KILLS", "TENURE_SEED", "TENURE_STORM", "TENURE_CHROMIUM",
)  # fmt: skip
"""What is said to the tests themselves: where data and the browser are, how much to draw, how often to kill."""
HOME = tempfile.TemporaryDirectory(prefix="tenure-tests-")


def ready():
    """Set Django up, once."""
    import django
    from django.apps import apps

    if apps.ready:
        return
    for name in [name for name in os.environ if name.startswith("TENURE_") and name not in KEPT]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    os.environ["TENURE_DATA"] = HOME.name
    os.environ["DJANGO_SETTINGS_MODULE"] = "tenure_app.settings"
    django.setup()
