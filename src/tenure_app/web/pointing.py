"""Where the library or service of a source is pointed at, as lines that are pasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy

__all__ = ["DIALECT_NAMES", "Pointer", "pointers"]

DIALECT_NAMES: Final = {
    "segment": gettext_lazy("Segment and RudderStack"),
    "customerio": gettext_lazy("Customer.io"),
    "stripe": gettext_lazy("Stripe’s webhooks"),
    "shopify": gettext_lazy("Shopify’s webhooks"),
    "standard": gettext_lazy("Standard Webhooks"),
    "tenure": gettext_lazy("Tenure’s own events"),
}
_SEGMENT: Final = {
    "Browser, Segment (@segment/analytics-next)": """import { AnalyticsBrowser } from "@segment/analytics-next"
const analytics = AnalyticsBrowser.load({ writeKey: "{key}", cdnURL: "{host}" })""",
    "Browser, RudderStack (@rudderstack/analytics-js)": """import { RudderAnalytics }
  from "@rudderstack/analytics-js/bundled"
new RudderAnalytics().load("{key}", "{host}", { configUrl: "{host}" })""",
    "Python, Segment (segment-analytics-python)": """from segment.analytics import Client
analytics = Client("{key}", host="{host}")""",
    "Python, RudderStack (rudder-sdk-python)": """from rudderstack.analytics.client import Client
analytics = Client("{key}", host="{host}")""",
    "Node, Segment (@segment/analytics-node)": """import { Analytics } from "@segment/analytics-node"
const analytics = new Analytics({ writeKey: "{key}", host: "{host}" })""",
    "curl": """curl -u {key}: {host}/v1/track -d \\
  '{"userId": "7", "event": "Product Viewed", "properties": {"name": "Boots"}}'""",
}
_CUSTOMERIO: Final = {
    "Python (customerio)": """from customerio import CustomerIO
customers = CustomerIO("tenure", "{key}")
customers.base_url = "{host}/api/v1\"""",
    "curl": """curl -u tenure:{key} -X PUT {host}/api/v1/customers/7 \\
  -d '{"email": "ann@example.com"}'""",
}
_SIGNED: Final = "{host}/hooks/{name}"
_OWN: Final = {
    "curl": """curl -H "Authorization: Bearer tk_…" {host}/api/v1/events -d \\
  '{"source": "{name}", "events": [{"key": "1", "kind": "page.viewed", "customer": "7"}]}'""",
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """What to paste, and into what."""

    into: str
    text: str


def pointers(dialect: str, name: str, host: str, key: str) -> list[Pointer]:
    """Where a source's sender is pointed at. host: of this server, as in https://tenure.example; key: in words where it
    is not to be shown."""
    told = {"segment": _SEGMENT, "customerio": _CUSTOMERIO, "tenure": _OWN}.get(dialect, {dialect: _SIGNED})
    return [Pointer(into, _filled(text, key=key, host=host, name=name)) for into, text in told.items()]


def _filled(text: str, **words: str) -> str:
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text
