"""A shop whose orders came through the ledger, with pictures made of them."""

from django.conf import settings

from tenure.lifecycle.policy import DEFAULT
from tenure_app.clock import PINNED_BY
from tenure_app.imports.runs import Asked, run
from tenure_app.insight.refresh import refresh
from tenure_app.ledger.models import Shop


def filled(folder, text, monkeypatch, *, day, zone):
    """The file of these orders, imported; the clock stands still on the morning of the day."""
    monkeypatch.setenv(PINNED_BY, f"{day}T08:00+01:00")
    Shop.objects.create(pk=1, name="Boots", zone=zone, currency="EUR")
    file = folder / "orders.csv"
    file.write_text(text, encoding="utf-8")
    run(Asked(file, currency="EUR"), by="vera", now=lambda: 1, progress=lambda *_: None)
    refresh(settings.TENURE_DATA / "mirror", DEFAULT, zone=zone, now=2, progress=lambda *_: None)
    return file
